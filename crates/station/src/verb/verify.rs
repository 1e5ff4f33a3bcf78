//! `verify`: is what was fetched and delivered still there?

use anyhow::Result;
use clap::Args;
use filmwire_catalogue::{Create, Library, check};
use filmwire_deliver::{Around, Found, Job, Proof, Verified, verify};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use serde_json::json;

use crate::context::Context;
use crate::run::{of_delivery, open_library};

/// Read all photos again, in the library and at the targets, and compare
///
/// In the library every file is read and its SHA-256 compared with what was written down when it came;
/// each target is asked for each file as it was after delivering (a folder is read back, or its sizes are
/// compared; a program cannot be asked). Nothing is changed without --again. It may run beside the
/// station. Exit code 8 if something is missing or differs, 7 if a target cannot be used.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Names of targets; all that are configured if none is given
    #[arg(value_name = "TARGET")]
    names: Vec<String>,
    /// Leave the library's own files out
    #[arg(long)]
    targets_only: bool,
    /// Queue anew what a target does not have any more as it was
    ///
    /// What differs there is left alone; the photo comes beside it under another name.
    #[arg(long)]
    again: bool,
}

/// Counted over all.
#[derive(Default)]
struct Count {
    right: u64,
    wrong: u64,
    words: u64,
    unknown: u64,
    unusable: u64,
}

/// Runs the verb.
pub(crate) async fn run(args: &VerifyArgs, context: &Context) -> Result<Exit> {
    let around = Around::default();
    let count = tokio::select! {
        biased;
        () = context.interrupt.stop.asked() => {
            // What is read in other threads ends after its piece.
            around.stop.ask();
            return Err(Trouble::Interrupted { cure: "run it again".to_owned() }.into());
        }
        count = look(args, context, &around) => count?,
    };
    let exit = match &count {
        Count { wrong: 1.., .. } => Exit::Mismatch,
        Count { unusable: 1.., .. } | Count { unknown: 1.., .. } => Exit::Target,
        _ => Exit::Done,
    };
    let Count { right, wrong, words, unknown, unusable } = count;
    context
        .out
        .say(&format!("{right} right, {wrong} wrong, {words} by word only, {unknown} not told"))?;
    let line = json!({
        "outcome": exit.word(), "right": right, "wrong": wrong, "words": words,
        "unknown": unknown, "unusable": unusable,
    });
    context.out.json("summary", line)?;
    Ok(exit)
}

async fn look(args: &VerifyArgs, context: &Context, around: &Around) -> Result<Count> {
    let config = context.load()?;
    let names = config.names(&args.names)?;
    let mut library = open_library(&config, Create::Never, context)?;
    let mut count = Count::default();
    if !args.targets_only {
        library = own(library, &context.out, &mut count).await?;
    }
    // Beside a station: what it has on its way under its own name is not ours to tidy.
    for job in config.jobs(&format!("{} verify", library.id()))? {
        if names.contains(&&job.name) {
            target(&library, &job, args.again, (around, &context.out), &mut count).await?;
        }
    }
    Ok(count)
}

/// The library's own files; it takes the library along, for reading them all blocks.
async fn own(library: Library, out: &Output, count: &mut Count) -> Result<Library> {
    let (library, findings) = tokio::task::spawn_blocking(move || {
        let findings = check(&library, true);
        (library, findings)
    })
    .await?;
    for finding in findings?.into_iter().filter(|finding| finding.kind.is_fault()) {
        count.wrong += 1;
        let path = finding.path.clone().unwrap_or_default();
        out.say(&format!("! library: {}  {}", text::tame(&path), text::tame(&finding.text)))?;
        out.say(&format!("  {}", finding.kind.cure()))?;
        let line = json!({
            "target": null, "path": finding.path, "found": "wrong", "text": finding.text,
        });
        out.json("finding", line)?;
    }
    Ok(library)
}

async fn target(
    library: &Library,
    job: &Job,
    again: bool,
    (around, out): (&Around, &Output),
    count: &mut Count,
) -> Result<()> {
    // A reader that is gone is told at the end, when all is written down.
    let mut said = Ok(());
    let mut tell = |verified: Verified| said = say(&verified, out, count);
    let usable = verify(library, job, again, around, &mut tell).await.map_err(of_delivery)?;
    said?;
    if let Err(fault) = usable {
        count.unusable += 1;
        let reason = text::tame(&fault.reason);
        out.say(&format!("! {}: cannot be used: {reason}", job.name))?;
        let line =
            json!({ "target": job.name, "path": null, "found": "unusable", "text": fault.reason });
        out.json("finding", line)?;
    }
    Ok(())
}

fn say(verified: &Verified, out: &Output, count: &mut Count) -> Result<(), Trouble> {
    let Verified { target, path, placed, found } = verified;
    let (word, why) = match found {
        // A program's word is all there is, and it is not asked twice.
        Found::There(Proof::Word) => {
            count.words += 1;
            return Ok(());
        }
        Found::There(_) => {
            count.right += 1;
            return Ok(());
        }
        Found::Wrong(why) => {
            count.wrong += 1;
            ("wrong", why)
        }
        Found::Unknown(why) => {
            count.unknown += 1;
            ("unknown", why)
        }
    };
    out.say(&format!("! {target}: {}  {}", text::tame(placed), text::tame(why)))?;
    out.json("finding", json!({ "target": target, "path": path, "found": word, "text": why }))
}
