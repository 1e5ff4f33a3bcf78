//! Completions for shells, and manual pages, made from a command line's description.

use std::io::{self, Write as _};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use crate::exit::Trouble;
use crate::output::stdout_trouble;

/// Prints the completions of a program for a shell.
///
/// # Errors
/// [`Trouble::PipeClosed`] and the like if nobody reads.
pub fn print_completions(mut command: Command, shell: Shell) -> Result<(), Trouble> {
    // Made in memory first: the generator panics where a write fails.
    let (mut text, name) = (Vec::new(), command.get_name().to_owned());
    clap_complete::generate(shell, &mut command, name, &mut text);
    io::stdout().write_all(&text).map_err(stdout_trouble)
}

/// Prints a program's manual page, or writes it and one for each verb into a folder.
///
/// # Errors
/// [`Trouble::Storage`] for the folder, [`Trouble::PipeClosed`] and the like if nobody reads.
pub fn manual(command: Command, folder: Option<&Path>) -> Result<(), Trouble> {
    // Its build gives the verbs their full names, as in `filmwire-sync`.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let Some(folder) = folder else {
        return io::stdout().write_all(&render(&command)?).map_err(stdout_trouble);
    };
    std::fs::create_dir_all(folder).map_err(|cause| Trouble::storage("make", folder, cause))?;
    write_all(&command, folder)
}

fn write_all(command: &Command, folder: &Path) -> Result<(), Trouble> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, render(command)?)
        .map_err(|cause| Trouble::storage("write", path, cause))?;
    command.get_subcommands().try_for_each(|verb| write_all(verb, folder))
}

fn render(command: &Command) -> Result<Vec<u8>, Trouble> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(|cause| Trouble::storage("make", "a manual page", cause))?;
    Ok(page)
}
