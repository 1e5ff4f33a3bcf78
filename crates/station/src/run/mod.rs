//! `run`: what works all day.
//!
//! Each camera is a task that waits for it and serves it; one more delivers to all targets. They
//! share the library and a wish to stop, and what they tell comes through one channel to [`Say`],
//! which puts it into words and keeps the station's state.

mod air;
mod camera;
mod crew;
#[cfg(test)]
mod cycles;
mod demo;
mod ground;
mod lamp;
mod notify;
mod once;
mod pin;
mod say;
mod state;
mod stranger;
mod told;

use anyhow::Result;
use clap::Args;
use filmwire_catalogue::Create;
use filmwire_program::exit::{Exit, Trouble};

use crate::config::Config;
use crate::context::Context;
pub(crate) use crew::of_delivery;
use crew::{Crew, Means, Pace};
pub(crate) use ground::open_library;
pub(crate) use lamp::LampConfig;
use notify::Service;
use say::Say;

/// Wait for cameras, fetch what is new, deliver it
///
/// Runs until it is stopped (SIGTERM, Ctrl-C), and ends within ten seconds whatever it is doing; what
/// was cut is gone on with by the next run. SIGUSR1 makes it look at cameras it left alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  filmwire-station run --demo
  filmwire-station run --config /etc/filmwire/station.toml
  filmwire-station run --once --json      # from cron: exit 7 if something is not proven yet")]
pub(crate) struct RunArgs {
    /// Look for each camera once, fetch, deliver what is due, and end
    #[arg(long)]
    once: bool,
    /// Play it with a simulated camera that shoots and comes and goes; writes into
    /// ./filmwire-station-demo and takes some ten seconds
    #[arg(long, conflicts_with = "once")]
    demo: bool,
}

/// Runs the verb.
pub(crate) async fn run(args: &RunArgs, context: &Context) -> Result<Exit> {
    if args.demo {
        if context.config.is_some() {
            let cure = "leave one of the two out";
            return Err(Trouble::usage("--demo brings its own configuration", cure).into());
        }
        return demo::run(context).await;
    }
    let config = context.load()?;
    if args.once {
        return once::run(&config, context).await;
    }
    serve(&config, context).await
}

/// Runs until it is asked to stop, or until the library cannot be used.
async fn serve(config: &Config, context: &Context) -> Result<Exit> {
    let library = open_library(config, Create::IfMissingOrEmpty, context)?;
    ground::put_in_order(&library, &context.out).await?;
    let mut say = Say::new(config, &library, context.out.clone());
    say.begin()?;
    let means = Means::of(config, library.id(), Pace::from(config))?;
    let crew = Crew::start(config, library, context, means)?;
    let service = Service::start();
    let failure = crew.work(&mut say, &service, &mut |_| {}).await;
    say.end(failure.unwrap_or(Exit::Done))?;
    // To be stopped is the only end a station has.
    Ok(failure.unwrap_or(Exit::Done))
}
