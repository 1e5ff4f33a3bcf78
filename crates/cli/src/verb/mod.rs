//! The verbs, one file each.

pub(crate) mod catalogue;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod decode;
pub(crate) mod discover;
pub(crate) mod dissector;
pub(crate) mod doctor;
pub(crate) mod focus;
pub(crate) mod geotag;
pub(crate) mod get;
pub(crate) mod info;
pub(crate) mod join;
pub(crate) mod live;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod movie;
pub(crate) mod profile;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod receive;
pub(crate) mod report;
pub(crate) mod settings;
pub(crate) mod shoot;
pub(crate) mod sim;
pub(crate) mod sync;
pub(crate) mod thumb;
pub(crate) mod timelapse;

use std::future::Future;

use anyhow::Result;

use crate::args::Verb;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};

/// Runs a verb until it is done or interrupted.
pub(crate) async fn run(verb: Verb, context: &Context<'_>) -> Result<Exit> {
    match verb {
        // These know what to do when they are asked to stop.
        Verb::Sync(args) => sync::run(&args, context).await,
        Verb::Receive(args) => receive::run(&args, context).await,
        Verb::Catalogue(args) => catalogue::run(args, context).await,
        Verb::Join(args) => join::run(&args, context).await,
        Verb::Sim(args) => sim::run(&args, context).await,
        Verb::Live(args) => live::run(&args, context).await,
        Verb::Proxy(args) => proxy::run(&args, context).await,
        Verb::Shoot(args) => shoot::run(&args, context).await,
        Verb::Movie(args) => movie::run(&args, context).await,
        Verb::Focus(args) => focus::run(&args, context).await,
        Verb::Geotag(args) => geotag::run(&args, context).await,
        Verb::Report(args) => report::run(&args, context).await,
        Verb::Timelapse(args) => timelapse::run(&args, context).await,
        Verb::Ls(args) => until_asked(ls::run(&args, context), context).await,
        Verb::Info(args) => until_asked(info::run(&args, context), context).await,
        Verb::Get(args) => until_asked(get::run(&args, context), context).await,
        Verb::Thumb(args) => until_asked(thumb::run(&args, context), context).await,
        Verb::Settings(args) => until_asked(settings::run(&args, context), context).await,
        Verb::Profile(args) => until_asked(profile::run(&args, context), context).await,
        Verb::Discover(args) => until_asked(discover::run(&args, context), context).await,
        Verb::Doctor(args) => until_asked(doctor::run(&args, context), context).await,
        Verb::Raw(args) => until_asked(raw::run(&args, context), context).await,
        Verb::Decode(args) => decode::run(&args, context),
        Verb::Dissector(args) => dissector::run(&args),
        Verb::Config(args) => config::run(&args, context),
        Verb::Completions(args) => completions::run(&args),
        Verb::Man(args) => man::run(&args),
    }
}

/// Drops the work when the program is asked to stop: what is dropped leaves its camera politely.
async fn until_asked(
    work: impl Future<Output = Result<Exit>>,
    context: &Context<'_>,
) -> Result<Exit> {
    tokio::select! {
        biased;
        result = work => result,
        () = context.interrupt.stop.asked() => {
            let cure = "run the same again to begin anew".to_owned();
            Err(Trouble::Interrupted { cure }.into())
        }
    }
}
