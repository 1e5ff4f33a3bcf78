//! The program `filmwire-station`: waits for Fujifilm X cameras, fetches what is new, and brings it
//! to where it is wanted.
//!
//! `run` holds what works all day: cameras, targets, and what is told of both. The other verbs are
//! in `verb`, a file each; the configuration is in `config`.

mod args;
mod config;
mod context;
mod run;
mod verb;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::interrupt::Interrupt;
use filmwire_program::output::{Output, Voice};
use filmwire_program::places::Places;
use filmwire_program::{failure, logging};

use args::{Cli, Verb};
use context::Context;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(failure::refuse(&error, &words).code()),
    };
    let global = &cli.global;
    let out =
        Output::new(Voice { json: global.json, quiet: global.quiet, no_color: global.no_color });
    logging::start(global.verbose, out.paints());
    let result = match &cli.verb {
        Verb::Completions(args) => verb::pages::completions(args),
        Verb::Man(args) => verb::pages::man(args),
        verb => work(verb, &cli, &out),
    };
    let exit = result.unwrap_or_else(|error| failure::report(&error, &out));
    ExitCode::from(exit.code())
}

/// Runs a verb on a runtime, and watches for signals.
fn work(verb: &Verb, cli: &Cli, out: &Output) -> anyhow::Result<Exit> {
    let no_system = |cause| Trouble::storage("start with", "the system's signals", cause);
    let context = Context {
        out: out.clone(),
        config: cli.global.config.clone(),
        interrupt: Interrupt::watch().map_err(no_system)?,
        places: Places::from_environment(),
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_system)?;
    let result = runtime.block_on(verb::run(verb, &context));
    // A disk that hangs must not keep the program: what was cut is mended by the next run.
    runtime.shutdown_background();
    result
}
