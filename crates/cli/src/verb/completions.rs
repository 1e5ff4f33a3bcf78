//! `completions`: for shells.

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use filmwire_program::exit::Exit;
use filmwire_program::pages;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example: filmwire completions bash > \
    ~/.local/share/bash-completion/completions/filmwire")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Runs the verb.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit> {
    pages::print_completions(Cli::command(), args.shell)?;
    Ok(Exit::Done)
}
