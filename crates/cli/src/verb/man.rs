//! `man`: manual pages.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, CommandFactory as _};

use crate::args::Cli;
use filmwire_program::exit::Exit;
use filmwire_program::pages;

/// Print the manual page, or write all of them to a folder
#[derive(Debug, Args)]
#[command(after_help = "Example: filmwire man --out ~/.local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write one page a verb into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the verb.
pub(crate) fn run(args: &ManArgs) -> Result<Exit> {
    pages::manual(Cli::command(), args.out.as_deref())?;
    Ok(Exit::Done)
}
