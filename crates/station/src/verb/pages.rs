//! `completions` and `man`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use filmwire_program::exit::Exit;
use filmwire_program::pages;

use crate::args::Cli;

/// Print completions for a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// Print the manual page, or write all of them to a folder
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write one page a verb into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs `completions`.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit> {
    pages::print_completions(Cli::command(), args.shell)?;
    Ok(Exit::Done)
}

/// Runs `man`.
pub(crate) fn man(args: &ManArgs) -> Result<Exit> {
    pages::manual(Cli::command(), args.out.as_deref())?;
    Ok(Exit::Done)
}
