//! The command line: what can be asked, in the words of its help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use filmwire_camera::quirk::Way;
use filmwire_program::output::Voice;

use crate::verb;

const AFTER: &str = "\
Exit codes:
  0    done, also when there was nothing new
  1    some items failed; the others are done
  2    the command line or the configuration is wrong
  3    no camera was reached, or it was lost
  4    the camera refused (no OK pressed, busy, function not offered) or made no sense
  5    another process holds the library
  6    local storage failed
  8    a check found a mismatch
  130  interrupted

Try it without a camera: filmwire sync --demo";

/// Fetches photos from Fujifilm X and GFX cameras over Wi-Fi.
///
/// Switch on the camera's wireless communication, join its network, and run `filmwire sync`. The
/// camera is only read: filmwire deletes nothing, and takes pictures, records movies and changes
/// settings only where it is asked to: `shoot`, `timelapse`, `movie`, `focus`, `settings set`,
/// `profile apply`.
#[derive(Debug, Parser)]
#[command(name = "filmwire", version, after_help = AFTER, max_term_width = 100)]
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
    /// The camera: an address, or a name from the configuration; `shoot` takes several
    /// [env: FILMWIRE_CAMERA] [default: 192.168.0.1]
    #[arg(long, global = true, value_name = "HOST[:PORT][%INTERFACE]|NAME")]
    pub(crate) camera: Vec<String>,
    /// How to reach the gallery, for a body whose own words mislead: view, remote, newer
    /// [env: FILMWIRE_WAY]
    #[arg(long, global = true, value_name = "WAY", hide_short_help = true)]
    pub(crate) way: Option<Way>,
    /// Read this configuration file and no other [env: FILMWIRE_CONFIG]
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

impl Global {
    /// How the flags want us to speak.
    pub(crate) fn voice(&self) -> Voice {
        Voice { json: self.json, quiet: self.quiet, no_color: self.no_color }
    }
}

impl Cli {
    /// True if cameras were named before the verb and behind it, of which the command line's parser
    /// keeps the latter alone. Only `shoot` takes several.
    pub(crate) fn lost_cameras(&self, words: &[OsString]) -> bool {
        let names_one = |word: &&OsString| {
            word.to_str().is_some_and(|word| word == "--camera" || word.starts_with("--camera="))
        };
        let named = words.iter().filter(names_one).count();
        matches!(self.verb, Verb::Shoot(_)) && named > self.global.camera.len()
    }
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Sync(verb::sync::SyncArgs),
    Receive(verb::receive::ReceiveArgs),
    Ls(verb::ls::LsArgs),
    Info(verb::info::InfoArgs),
    Get(verb::get::GetArgs),
    Thumb(verb::thumb::ThumbArgs),
    Settings(verb::settings::SettingsArgs),
    Profile(verb::profile::ProfileArgs),
    Live(verb::live::LiveArgs),
    Shoot(verb::shoot::ShootArgs),
    Movie(verb::movie::MovieArgs),
    Focus(verb::focus::FocusArgs),
    Geotag(verb::geotag::GeotagArgs),
    Timelapse(Box<verb::timelapse::TimelapseArgs>),
    Catalogue(verb::catalogue::CatalogueArgs),
    Discover(verb::discover::DiscoverArgs),
    Join(verb::join::JoinArgs),
    Doctor(verb::doctor::DoctorArgs),
    Decode(verb::decode::DecodeArgs),
    Proxy(verb::proxy::ProxyArgs),
    Report(verb::report::ReportArgs),
    Dissector(verb::dissector::DissectorArgs),
    Sim(verb::sim::SimArgs),
    Raw(verb::raw::RawArgs),
    Config(verb::config::ConfigArgs),
    Completions(verb::completions::CompletionsArgs),
    Man(verb::man::ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_of_every_verb_is_explained() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no about", command.get_name());
            for argument in command.get_arguments() {
                let id = argument.get_id();
                assert!(argument.get_help().is_some(), "{} {id}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
