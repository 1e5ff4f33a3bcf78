//! `completions`: for shells.

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Exit;
use crate::output::stdout_trouble;

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
    // Made in memory first: the generator panics where a write fails.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "filmwire", &mut text);
    std::io::Write::write_all(&mut std::io::stdout(), &text).map_err(stdout_trouble)?;
    Ok(Exit::Done)
}
