//! `deliver`: what became of the files at each target, and what a person can do about it.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{Args, Subcommand};
use filmwire_catalogue::{Catalogue, Create, DeliveryState};
use filmwire_program::clock;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;
use serde_json::json;

use crate::config::Config;
use crate::context::Context;
use crate::run::open_library;

/// Failed files shown for each target.
const SHOWN: u32 = 10;

/// Show what was delivered, try again, test targets
#[derive(Debug, Args)]
pub(crate) struct DeliverArgs {
    #[command(subcommand)]
    verb: DeliverVerb,
}

#[derive(Debug, Subcommand)]
enum DeliverVerb {
    /// Show how many files each target has for certain, and what failed
    ///
    /// Exit code 7 if something that was queued is not proven to be at its target.
    Status(Names),
    /// Queue failed files anew, also those that are not tried again by themselves
    ///
    /// A running station takes them up within five minutes, or at once on SIGUSR1.
    Retry(Names),
    /// Test whether targets can be used; may make one that is configured to be made
    Test(Names),
}

/// Which targets.
#[derive(Debug, Args)]
struct Names {
    /// Names of targets; all that are configured if none is given
    #[arg(value_name = "TARGET")]
    names: Vec<String>,
}

/// Runs the verb.
pub(crate) async fn run(args: &DeliverArgs, context: &Context) -> Result<Exit> {
    let config = context.load()?;
    let (DeliverVerb::Status(names) | DeliverVerb::Retry(names) | DeliverVerb::Test(names)) =
        &args.verb;
    let names = config.names(&names.names)?;
    let library = open_library(&config, Create::Never, context)?;
    let catalogue = library.catalogue()?;
    match args.verb {
        DeliverVerb::Status(_) => status(&names, &config, &catalogue, context),
        DeliverVerb::Retry(_) => retry(&names, &catalogue, context),
        DeliverVerb::Test(_) => {
            let mut worst = Exit::Done;
            for job in
                config.jobs(library.id())?.into_iter().filter(|job| names.contains(&&job.name))
            {
                let row = catalogue.target_named(&job.name)?;
                let place = row.and_then(|row| row.place);
                let fault = job.target.test(place.as_deref()).await.err().map(|fault| fault.reason);
                say_test(&job.name, fault.as_deref(), context)?;
                worst = if fault.is_some() { Exit::Target } else { worst };
            }
            Ok(worst)
        }
    }
}

fn say_test(name: &str, fault: Option<&str>, context: &Context) -> Result<(), Trouble> {
    let out = &context.out;
    match (out.is_json(), fault) {
        (true, _) => {
            out.json("test", json!({ "target": name, "usable": fault.is_none(), "text": fault }))
        }
        (false, None) => out.data(&format!("{name}: can be used")),
        (false, Some(fault)) => out.data(&format!("{name}: cannot be used: {}", text::tame(fault))),
    }
}

fn status(
    names: &[&String],
    config: &Config,
    catalogue: &Catalogue,
    context: &Context,
) -> Result<Exit> {
    let mut counts: BTreeMap<String, BTreeMap<&str, (u64, u64)>> = BTreeMap::new();
    for count in catalogue.delivery_counts()? {
        let of_target = counts.entry(count.target).or_default();
        of_target.insert(count.state.as_str(), (count.files, count.bytes));
    }
    let mut exit = Exit::Done;
    if names.is_empty() {
        context.out.note("no target is configured");
    }
    for name in names {
        let of_target = counts.remove(*name).unwrap_or_default();
        let row = catalogue.target_named(name)?;
        let copies = config.targets.get(*name).filter(|target| target.gets_copies());
        let paused = row.as_ref().and_then(|row| row.reason.clone());
        let failed = match &row {
            Some(row) => catalogue.deliveries(row.id, DeliveryState::Failed, None, SHOWN)?,
            None => Vec::new(),
        };
        if of_target.keys().any(|state| *state != DeliveryState::Proven.as_str()) {
            exit = Exit::Target;
        }
        if context.out.is_json() {
            let states: BTreeMap<_, _> = of_target
                .iter()
                .map(|(state, (files, bytes))| (*state, json!({ "files": files, "bytes": bytes })))
                .collect();
            let failed: Vec<_> = failed
                .iter()
                .map(|d| json!({ "path": d.file.path, "text": d.reason, "next_ms": d.next }))
                .collect();
            let line = json!({
                "target": name, "reduced": copies.is_some(), "paused": paused, "states": states,
                "failed": failed,
            });
            context.out.json("target", line)?;
            continue;
        }
        let words: Vec<_> = of_target
            .iter()
            .map(|(state, (files, bytes))| format!("{files} {state} ({})", text::bytes(*bytes)))
            .collect();
        let words =
            if words.is_empty() { "nothing queued yet".to_owned() } else { words.join(", ") };
        context.out.data(&format!("{name}: {words}"))?;
        if let Some(target) = copies {
            let kinds = target.choice.kinds.join(" and ");
            context.out.data(&format!(
                "  gets smaller copies, of {kinds} files alone; the sizes are those of the photos"
            ))?;
        }
        if let Some(reason) = paused {
            context.out.data(&format!("  cannot be used: {}", text::tame(&reason)))?;
        }
        for delivery in failed {
            let (path, reason) = (delivery.file.path, delivery.reason.unwrap_or_default());
            context.out.data(&format!("  {}: {}", text::tame(&path), text::tame(&reason)))?;
        }
    }
    Ok(exit)
}

fn retry(names: &[&String], catalogue: &Catalogue, context: &Context) -> Result<Exit> {
    for name in names {
        let now = (clock::now())();
        let row = catalogue.target_named(name)?;
        let files = row.map_or(Ok(0), |row| catalogue.retry_deliveries(row.id, now))?;
        if context.out.is_json() {
            context.out.json("retry", json!({ "target": name, "files": files }))?;
        } else {
            let files = text::count(files, "file", "files");
            context.out.data(&format!("{name}: {files} queued anew"))?;
        }
    }
    Ok(Exit::Done)
}
