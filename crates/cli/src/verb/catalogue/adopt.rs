//! `catalogue adopt`: photos that no camera sent.

use std::path::{Path, PathBuf};

use anyhow::Result;
use filmwire_catalogue::Library;
use filmwire_ingest::{AdoptEvent, Adoption, Event, adopt, adopt_from};
use serde_json::json;

use crate::config::Config;
use crate::context::Context;
use crate::verb::sync::report::{line, mended};
use crate::verb::sync::{base_options, library_root};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};

/// The folder that is meant: from the library's folder first, then from here.
///
/// Fails with [`Trouble::Usage`] if there is none, before a library is made.
pub(super) fn folder_inside(config: &Config, dir: Option<&Path>) -> Result<PathBuf, Trouble> {
    let root = library_root(config)?;
    if !root.is_dir() {
        // Where an id is expected, the opening says that the share is missing.
        if config.library_id.value.is_some() {
            return Ok(root);
        }
        let text = format!("there is no folder {}", root.display());
        return Err(Trouble::usage(text, "name the folder with the photos with --to"));
    }
    let Some(dir) = dir else { return Ok(root) };
    let inside = root.join(dir);
    let folder = if inside.is_dir() { inside } else { dir.to_owned() };
    if !folder.is_dir() {
        let text =
            format!("there is no folder {}, neither in {} nor here", dir.display(), root.display());
        return Err(Trouble::usage(text, "name a folder inside the library"));
    }
    let folder = real(&folder)?;
    if !folder.starts_with(real(&root)?) {
        let text = format!("{} is not inside the library", folder.display());
        let cure = "copy its photos in with --from, or name the library with --to";
        return Err(Trouble::usage(text, cure));
    }
    Ok(folder)
}

/// The folder that photos are copied from.
///
/// Fails with [`Trouble::Usage`] if there is none, or if it is in the library or around it, before a
/// library is made.
pub(super) fn folder_outside(config: &Config, from: &Path) -> Result<PathBuf, Trouble> {
    if !from.is_dir() {
        let text = format!("there is no folder {}", from.display());
        return Err(Trouble::usage(text, "name the folder of the card, or of the photos"));
    }
    let (from, root) = (real(from)?, library_root(config)?);
    // The library may be yet to be made.
    let root = root.canonicalize().unwrap_or(root);
    if from.starts_with(&root) || root.starts_with(&from) {
        let text = format!("{} and the library lie in one another", from.display());
        let cure = "what is in the library already is adopted without --from";
        return Err(Trouble::usage(text, cure));
    }
    Ok(from)
}

fn real(path: &Path) -> Result<PathBuf, Trouble> {
    path.canonicalize().map_err(|cause| Trouble::storage("use", path.to_owned(), cause))
}

/// Adopts in a thread of its own, so that it can be asked to stop.
pub(super) async fn run(
    library: Library,
    folder: PathBuf,
    outside: bool,
    config: &Config,
    context: &Context<'_>,
) -> Result<Exit> {
    let (out, stop) = (context.out.clone(), context.interrupt.stop.clone());
    let interrupt = context.interrupt.clone();
    let options = base_options(config);
    let adopting = tokio::task::spawn_blocking(move || {
        let _lock = library.lock()?;
        let mut tell = |event: AdoptEvent| {
            if tell(&event, &out).is_err() {
                interrupt.stop();
            }
        };
        match outside {
            true => adopt_from(&library, &folder, &options, &stop, &mut tell),
            false => adopt(&library, &folder, &options, &stop, &mut tell),
        }
    });
    conclude(&adopting.await??, context)
}

fn tell(event: &AdoptEvent, out: &Output) -> Result<(), Trouble> {
    match event {
        AdoptEvent::Adopted { path, from, joined, fitting } => {
            let note = match (joined, fitting) {
                (Some(jpeg), _) => format!("  joined with {}", text::tame(jpeg)),
                (None, 2..) => format!("  joined with none: {fitting} JPEGs fit"),
                _ => String::new(),
            };
            out.say(&format!("  {}{note}", text::tame(path)))?;
            let from = from.as_ref().map(|from| from.display().to_string());
            let fields = json!({
                "path": path, "from": from, "joined": joined, "fitting": fitting,
            });
            out.json("adopted", fields)
        }
        AdoptEvent::Joined { path, joined } => {
            out.say(&format!("  {}  joined with {}", text::tame(path), text::tame(joined)))?;
            out.json("joined", json!({ "path": path, "joined": joined }))
        }
        AdoptEvent::Changed { path } => {
            let reason = "its content is not what the catalogue knows";
            out.warn(&format!("{}: {reason}", text::tame(path)));
            out.json("changed", json!({ "path": path }))
        }
        AdoptEvent::Left { from, reason } => {
            let from = from.display().to_string();
            out.warn(&format!("{} stays there: {}", text::tame(&from), text::tame(reason)));
            out.json("left", json!({ "from": from, "reason": reason }))
        }
        AdoptEvent::Run(event) => match line(event) {
            _ if !out.is_json() => {
                if let Event::Mended { published, finished, taken_back } = event {
                    out.note(&mended(published + finished, *taken_back));
                }
                Ok(())
            }
            Some((kind, fields)) => out.json(kind, fields),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn conclude(done: &Adoption, context: &Context<'_>) -> Result<Exit> {
    let out = &context.out;
    let mut words = vec![
        text::count(done.learnt, "file learnt", "files learnt"),
        format!("{} known before", done.known),
        format!("{} are no photos", done.others),
        format!("{} joined with their JPEG", done.joined),
    ];
    let rest = [
        (done.ambiguous, "joined with none, since several JPEGs fit"),
        (done.changed, "changed"),
        (done.left, "left where they are"),
    ];
    let rest = rest.iter().filter(|(count, _)| *count > 0);
    words.extend(rest.map(|(count, words)| format!("{count} {words}")));
    out.note(&format!("{}; {} read", words.join(", "), text::bytes(done.bytes)));
    if let Some(manifest) = &done.manifest {
        out.note(&format!("Checksums in {}", text::tame(manifest)));
    }
    // Asked to stop behind the last file, too, it is no run to build on.
    let interrupted = context.interrupt.stop.is_asked();
    out.json(
        "summary",
        json!({
            "learnt": done.learnt,
            "known": done.known,
            "joined": done.joined,
            "ambiguous": done.ambiguous,
            "changed": done.changed,
            "left": done.left,
            "others": done.others,
            "bytes": done.bytes,
            "manifest": done.manifest,
            "interrupted": interrupted,
        }),
    )?;
    if interrupted {
        let cure = "run the same again to go on; what was learnt is kept".to_owned();
        return Err(Trouble::Interrupted { cure }.into());
    }
    Ok(if done.left > 0 { Exit::SomeFailed } else { Exit::Done })
}
