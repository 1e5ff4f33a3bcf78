//! The library a station works on.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use filmwire_catalogue::{Create, Error as CatalogueError, Library, OpenOptions};
use filmwire_deliver::{Around, Pruned, mend_pruning};
use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};
use serde_json::json;

use super::of_delivery;
use super::pin::Pin;
use crate::config::Config;
use crate::context::Context;

/// Opens the library, which must be the one of former runs. Only `run` makes one, on its first run.
pub(crate) fn open_library(config: &Config, create: Create, context: &Context) -> Result<Library> {
    let root = root(config)?;
    let state = state_folder(context);
    let pin = state.as_deref().map(|state| Pin::of(state, &root));
    let pinned = pin.as_ref().map(Pin::read).transpose()?.flatten();
    let options = OpenOptions {
        create,
        expect_id: config.library_id.clone().or(pinned),
        state_home: context.places.state_home(),
        network: None,
    };
    let is_remembered = config.library_id.is_none() && options.expect_id.is_some();
    let library = match (Library::open(&root, options), &pin) {
        (Err(CatalogueError::WrongLibrary { expected, .. }), Some(pin)) if is_remembered => {
            return Err(is_gone(&root, &expected, pin));
        }
        (opened, _) => opened?,
    };
    if let Some(pin) = pin {
        pin.write(library.id())?;
    }
    announce(&library, create, context)?;
    Ok(library)
}

/// A library for a play, which nobody remembers.
pub(crate) fn open_for_demo(config: &Config, context: &Context) -> Result<Library> {
    let create = Create::IfMissingOrEmpty;
    let options = OpenOptions { create, ..OpenOptions::default() };
    let library = Library::open(&root(config)?, options)?;
    announce(&library, create, context)?;
    Ok(library)
}

fn is_gone(root: &Path, expected: &str, pin: &Pin) -> anyhow::Error {
    let cause = io::Error::other(format!(
        "it held library {expected} before and does not now; mount the disk it is on, or remove {} \
         to begin anew",
        pin.path().display()
    ));
    Trouble::storage("use", root, cause).into()
}

fn announce(library: &Library, create: Create, context: &Context) -> Result<(), Trouble> {
    let root = library.root();
    if library.created() {
        context.out.note(&format!("Made a new library in {}", root.display()));
    }
    if create == Create::Never {
        return Ok(());
    }
    let path = root.display().to_string();
    let line = json!({ "path": path, "id": library.id(), "created": library.created() });
    context.out.json("library", line)
}

fn root(config: &Config) -> Result<PathBuf, Trouble> {
    let library = config.library.as_ref().ok_or_else(|| {
        let text = "there is no folder for a library: neither a home nor a state folder is known";
        Trouble::usage(text, "write `library = \"/path\"` into the configuration")
    })?;
    std::path::absolute(library).map_err(|cause| Trouble::storage("use", library, cause))
}

/// Where the station keeps what is not the library's.
fn state_folder(context: &Context) -> Option<PathBuf> {
    let given = context.places.path("STATE_DIRECTORY");
    let given = given.and_then(|folders| Some(PathBuf::from(folders.to_str()?.split(':').next()?)));
    given.or_else(|| Some(context.places.state_home()?.join("filmwire")))
}

/// How long another process that prunes may keep us from beginning.
const PATIENCE: Duration = Duration::from_secs(5);

/// Puts in order what a process left that died while it pruned: such photos are neither in their
/// place nor delivered.
pub(crate) async fn put_in_order(library: &Library, out: &Output) -> Result<()> {
    let around = Around::default();
    let mut tell = |told: Pruned| {
        if let Pruned::Kept { path, reason } = told {
            out.warn(&format!("{}: {}", text::tame(&path), text::tame(&reason)));
        }
    };
    let work = mend_pruning(library, &around, &mut tell);
    tokio::pin!(work);
    let mended = tokio::select! {
        ended = &mut work => ended,
        () = tokio::time::sleep(PATIENCE) => {
            around.stop.ask();
            work.await
        }
    };
    mended.map_err(of_delivery)
}
