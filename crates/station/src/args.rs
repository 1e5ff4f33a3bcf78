//! The command line: what can be asked, in the words of its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::run::RunArgs;
use crate::verb;

const AFTER: &str = "\
Exit codes:
  0    done
  1    some photos failed; the others are done
  2    the command line or the configuration is wrong
  4    a camera refused (no OK pressed, busy, function not offered) or made no sense
  5    another process holds the library
  6    local storage failed
  7    something is not proven to be at a target
  8    a check found a mismatch
  130  interrupted

Try it without a camera: filmwire-station run --demo";

/// Waits for Fujifilm X cameras, fetches what is new, and brings it to where it is wanted.
///
/// The station connects to a camera when it appears, fetches what the library does not have, says
/// when the camera may be switched off, and leaves it alone until it was seen gone. What is in the
/// library goes to targets, each on its own, and counts as delivered only when the target was asked.
#[derive(Debug, Parser)]
#[command(name = "filmwire-station", version, after_help = AFTER, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Read this configuration file and no other [env: FILMWIRE_STATION_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one JSON object a line on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Tell on standard error what goes on; -vv tells every operation
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// No colours; so does the environment variable NO_COLOR
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Run(RunArgs),
    Deliver(verb::deliver::DeliverArgs),
    Verify(verb::verify::VerifyArgs),
    Prune(verb::prune::PruneArgs),
    Config(verb::config::ConfigArgs),
    Completions(verb::pages::CompletionsArgs),
    Man(verb::pages::ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_explained() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no about", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {argument}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        Cli::command().debug_assert();
        check(&Cli::command());
    }
}
