//! The program `filmwire`: fetches photos from Fujifilm X cameras over Wi-Fi.
//!
//! One file a verb in `verb`. What is said and where, exit codes and signals are those of
//! `filmwire-program`.

mod args;
mod config;
mod context;
mod link;
mod object;
mod target;
mod verb;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use filmwire_camera::Departures;

use args::{Cli, Global, Verb};
use context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::interrupt::Interrupt;
use filmwire_program::output::Output;
use filmwire_program::places::Places;
use filmwire_program::{failure, logging};

/// Longest wait for cameras to be left; leaving itself takes at most half of that.
const DEPARTURE: Duration = Duration::from_secs(6);

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(failure::refuse(&error, &words).code()),
    };
    let out = Output::new(cli.global.voice());
    logging::start(cli.global.verbose, out.paints());
    let result = match cli.verb {
        _ if cli.lost_cameras(&words) => {
            let text = "--camera stands before the verb and behind it";
            Err(Trouble::usage(text, "write all of them behind it").into())
        }
        Verb::Completions(args) => verb::completions::run(&args),
        Verb::Man(args) => verb::man::run(&args),
        verb => work(verb, &cli.global, &out),
    };
    out.hide_bars();
    let exit = result.unwrap_or_else(|error| failure::report(&error, &out));
    ExitCode::from(exit.code())
}

/// Runs a verb on a runtime, watches for signals, and leaves every camera before it returns.
fn work(verb: Verb, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let no_system =
        |cause: io::Error| Trouble::storage("start with", "the system's signals", cause);
    let interrupt = Interrupt::watch().map_err(no_system)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_system)?;
    let result = runtime.block_on(async {
        let departures = Departures::default();
        let places = Places::from_environment();
        let context =
            Context { out: out.clone(), global, interrupt, departures: &departures, places };
        let result = verb::run(verb, &context).await;
        drop(context);
        let _ = tokio::time::timeout(DEPARTURE, departures.wait()).await;
        result
    });
    // A check that was interrupted reads on in its thread; it changes nothing.
    runtime.shutdown_background();
    result
}
