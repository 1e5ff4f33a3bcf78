//! One file a verb; `run` has a folder of its own.

pub(crate) mod config;
pub(crate) mod deliver;
pub(crate) mod pages;
pub(crate) mod prune;
pub(crate) mod verify;

use anyhow::Result;
use filmwire_program::exit::Exit;

use crate::args::Verb;
use crate::context::Context;
use crate::run;

/// Runs a verb.
pub(crate) async fn run(verb: &Verb, context: &Context) -> Result<Exit> {
    match verb {
        Verb::Run(args) => run::run(args, context).await,
        Verb::Deliver(args) => deliver::run(args, context).await,
        Verb::Verify(args) => verify::run(args, context).await,
        Verb::Prune(args) => prune::run(args, context).await,
        Verb::Config(args) => config::run(args, context),
        Verb::Completions(args) => pages::completions(args),
        Verb::Man(args) => pages::man(args),
    }
}
