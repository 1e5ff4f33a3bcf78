//! `prune`: make room in the library for what is kept elsewhere.

use anyhow::Result;
use clap::Args;
use filmwire_catalogue::{Catalogue, Create, Library, Pruning};
use filmwire_deliver::{Around, Job, PruneRule, Pruned, mend_pruning, prune};
use filmwire_program::clock;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use serde_json::json;

use crate::context::Context;
use crate::run::{of_delivery, open_library};

/// Rows of the log read at once.
const PAGE: u32 = 500;

/// Free photos in the library that enough targets have; shows which, unless told to do it
///
/// Which these are stands in the configuration, as [prune]; without it nothing may go. A photo goes
/// only if no target still waits for it, if it is old enough and unchanged, and if each of the named
/// targets, or as many as are asked for, reads it back once more right before. It may run beside the
/// station. Exit code 7 if a target cannot be used, 8 if a photo is not there as it should be.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Free them, instead of showing which these are
    #[arg(long)]
    yes: bool,
    /// Show what was freed so far, and where it is kept
    #[arg(long, conflicts_with = "yes")]
    log: bool,
}

/// Counted over all.
#[derive(Default)]
struct Count {
    files: u64,
    bytes: u64,
    kept: u64,
    doubtful: u64,
    unusable: u64,
}

/// Runs the verb.
pub(crate) async fn run(args: &PruneArgs, context: &Context) -> Result<Exit> {
    let config = context.load()?;
    if args.log {
        let library = open_library(&config, Create::Never, context)?;
        return show_log(&library.catalogue()?, &context.out);
    }
    let library = open_library(&config, Create::Never, context)?;
    let mut count = Count::default();
    let Some(rule) = &config.prune else {
        // What was cut is put in order all the same.
        put_in_order(&library, &mut count, context).await?;
        let cure = "write [prune] with targets; see `filmwire-station config check --help`";
        return Err(Trouble::usage("the configuration lets no photo go", cure).into());
    };
    // Beside a station: what it has on its way under its own name is not ours to tidy.
    let jobs = config.jobs(&format!("{} prune", library.id()))?;
    let age = i64::try_from(rule.min_age.as_millis()).unwrap_or(i64::MAX);
    let before = (clock::now())().saturating_sub(age);
    let rule = PruneRule { targets: rule.targets.clone(), copies: rule.copies, before };
    free(&library, &jobs, &rule, !args.yes, &mut count, context).await?;
    end(&count, args.yes, &context.out)
}

async fn free(
    library: &Library,
    jobs: &[Job],
    rule: &PruneRule,
    dry: bool,
    count: &mut Count,
    context: &Context,
) -> Result<()> {
    let around = Around::default();
    let mut said = Ok(());
    let stop = &context.interrupt.stop;
    let mut tell = |told: Pruned| {
        if let Err(error) = say(told, count, &context.out) {
            // Nobody reads any more; what is begun is ended.
            around.stop.ask();
            said = Err(error);
        }
    };
    {
        let work = prune(library, jobs, rule, dry, &around, &mut tell);
        tokio::pin!(work);
        tokio::select! {
            ended = &mut work => ended,
            () = stop.asked() => {
                around.stop.ask();
                work.await
            }
        }
        .map_err(of_delivery)?;
    }
    said?;
    match stop.is_asked() {
        true => Err(Trouble::Interrupted { cure: "run it again".to_owned() }.into()),
        false => Ok(()),
    }
}

async fn put_in_order(library: &Library, count: &mut Count, context: &Context) -> Result<()> {
    let around = Around::default();
    let mut said = Ok(());
    let mut tell = |told: Pruned| {
        if let Err(error) = say(told, count, &context.out) {
            around.stop.ask();
            said = Err(error);
        }
    };
    {
        let work = mend_pruning(library, &around, &mut tell);
        tokio::pin!(work);
        tokio::select! {
            ended = &mut work => ended,
            () = context.interrupt.stop.asked() => {
                around.stop.ask();
                work.await
            }
        }
        .map_err(of_delivery)?;
    }
    Ok(said?)
}

fn end(count: &Count, done: bool, out: &Output) -> Result<Exit> {
    let Count { files, bytes, kept, doubtful, unusable } = count;
    let exit = match (kept + doubtful, unusable) {
        (1.., _) => Exit::Mismatch,
        (_, 1..) => Exit::Target,
        _ => Exit::Done,
    };
    let photos = text::count(*files, "photo", "photos");
    let size = text::bytes(*bytes);
    out.say(&match done {
        true => format!("{photos}, {size} freed; {kept} kept"),
        false if *files > 0 => format!("{photos}, {size} may go; --yes frees them"),
        false => "nothing may go".to_owned(),
    })?;
    let line = json!({
        "outcome": exit.word(), "dry": !done, "files": files, "bytes": bytes, "kept": kept,
        "doubtful": doubtful, "unusable": unusable,
    });
    out.json("summary", line)?;
    Ok(exit)
}

fn say(told: Pruned, count: &mut Count, out: &Output) -> Result<(), Trouble> {
    match told {
        Pruned::MayGo { path, size } => {
            (count.files, count.bytes) = (count.files + 1, count.bytes + size);
            out.say(&format!("may go: {}, {}", text::tame(&path), text::bytes(size)))?;
            out.json("may-go", json!({ "path": path, "size": size }))
        }
        Pruned::Freed { path, size } => {
            (count.files, count.bytes) = (count.files + 1, count.bytes + size);
            out.say(&format!("freed: {}, {}", text::tame(&path), text::bytes(size)))?;
            out.json("freed", json!({ "path": path, "size": size }))
        }
        Pruned::Doubtful { path, reason } => {
            count.doubtful += 1;
            let (path_text, why) = (text::tame(&path), text::tame(&reason));
            out.say(&format!("! {path_text} is not where it should be besides: {why}"))?;
            out.json("doubtful", json!({ "path": path, "text": reason }))
        }
        Pruned::Kept { path, reason } => {
            count.kept += 1;
            out.say(&format!("! kept: {}: {}", text::tame(&path), text::tame(&reason)))?;
            out.json("kept", json!({ "path": path, "text": reason }))
        }
        Pruned::Unusable { target, reason } => {
            count.unusable += 1;
            out.say(&format!("! {target}: cannot be used: {}", text::tame(&reason)))?;
            out.json("unusable", json!({ "target": target, "text": reason }))
        }
        Pruned::Waiting { by } => {
            out.note(&format!("waiting until the library is free: {}", text::tame(&by)));
            out.json("waiting", json!({ "text": by }))
        }
        _ => Ok(()),
    }
}

/// Shows what was let go for good, oldest first.
fn show_log(catalogue: &Catalogue, out: &Output) -> Result<Exit> {
    let mut after = 0;
    loop {
        let page = catalogue.prunings(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(Exit::Done) };
        after = last.id;
        for row in page {
            let Some(ended) = row.ended else { continue };
            let Pruning { file, path, sha256, size, kept_at, .. } = row;
            let places: Vec<&str> = kept_at.as_deref().unwrap_or_default().lines().collect();
            let back = if file.is_none() { "; it is back" } else { "" };
            let day = clock::day(ended);
            let at = text::tame(&places.join(", "));
            out.say(&format!("{day}  {}, {} at {at}{back}", text::tame(&path), text::bytes(size)))?;
            let line = json!({
                "path": path, "size": size, "sha256": text::hex(&sha256), "kept_at": places,
                "ended_ms": ended, "back": file.is_none(),
            });
            out.json("log", line)?;
        }
    }
}
