//! `man`: manual pages.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, CommandFactory as _};

use crate::args::Cli;
use crate::exit::{Exit, Trouble};
use crate::output::stdout_trouble;

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
    // Its build gives the verbs their full names, as in `filmwire-sync`.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    match &args.out {
        None => {
            let page = render(&command)?;
            std::io::stdout().write_all(&page).map_err(stdout_trouble)?;
        }
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .map_err(|cause| Trouble::storage("make", folder, cause))?;
            write_all(&command, folder)?;
        }
    }
    Ok(Exit::Done)
}

fn write_all(command: &clap::Command, folder: &std::path::Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, render(command)?)
        .map_err(|cause| Trouble::storage("write", path, cause))?;
    command.get_subcommands().try_for_each(|verb| write_all(verb, folder))
}

fn render(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
