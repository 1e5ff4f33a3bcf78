//! A run as the catalogue sees it, from its first row to its manifest.

use std::sync::Arc;

use filmwire_catalogue::{Camera as Body, CameraId, Catalogue, Library};
use tokio::sync::mpsc;

use crate::desk::Desk;
use crate::error::Error;
use crate::event::{Event, Summary};
use crate::files::FileLayer;
use crate::librarian::{Librarian, Shelf};
use crate::options::SyncOptions;
use crate::tally::Tally;

/// A run as the catalogue sees it.
pub(crate) struct Ledger {
    pub(crate) desk: Desk,
    pub(crate) tally: Tally,
    dry_run: bool,
    started_ms: i64,
    /// The catalogue of a dry run is a copy, which goes with this folder.
    _copy: Option<tempfile::TempDir>,
}

impl Ledger {
    /// Writes down that a run begins, and puts its librarian to work.
    pub(crate) async fn open(
        library: &Library,
        options: &SyncOptions,
        files: Arc<dyn FileLayer>,
    ) -> Result<Self, Error> {
        let started_ms = (options.now)();
        let (catalogue, copy) = open_catalogue(library, options.dry_run, started_ms)?;
        let run = catalogue.begin_run(None, started_ms)?;
        let body = Body {
            id: CameraId(0),
            key: String::new(),
            serial: None,
            model: String::new(),
            first_seen: started_ms,
            last_seen: started_ms,
        };
        let (outcomes, taken) = mpsc::unbounded_channel();
        let shelf = (files, Shelf::of(library));
        let librarian = Librarian::new(catalogue, body, run, shelf, options.clone(), outcomes);
        let desk = Desk::open(librarian, taken);
        let (tally, dry_run) = (Tally::default(), options.dry_run);
        Ok(Self { desk, tally, dry_run, started_ms, _copy: copy })
    }

    /// Waits for the disk, writes the manifest, and ends the run's row.
    pub(crate) async fn end(
        mut self,
        outcome: &'static str,
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Summary, Error> {
        let (dry_run, started_ms) = (self.dry_run, self.started_ms);
        let manifest = self.desk.ask(move |librarian| {
            let run = librarian.run;
            if dry_run { Ok(None) } else { librarian.write_manifest(run, started_ms) }
        });
        let manifest = manifest.await?;
        let mut fatal = None;
        while let Some(outcome) = self.desk.outcome() {
            if let Err(error) = self.tally.take(outcome, tell) {
                fatal.get_or_insert(error);
            }
        }
        let mut summary = self.tally.summary();
        summary.manifest = match manifest {
            Ok(manifest) => manifest,
            Err(error) => {
                fatal.get_or_insert(error);
                None
            }
        };
        let totals = format!(
            r#"{{"seen":{},"new":{},"known":{},"skipped":{},"failed":{},"bytes":{}}}"#,
            summary.seen,
            summary.new,
            summary.known,
            summary.skipped_total(),
            summary.failed,
            summary.bytes
        );
        if let Some(error) = fatal {
            // The run stays open, so that the next one writes its manifest.
            self.desk.close().await;
            return Err(error);
        }
        let ended = self.desk.ask(move |librarian| {
            let now = librarian.now();
            librarian.catalogue.end_run(librarian.run, outcome, Some(&totals), now)
        });
        ended.await??;
        self.desk.close().await;
        Ok(summary)
    }
}

/// A dry run works on a copy, so that it can call the same functions and leave nothing behind.
fn open_catalogue(
    library: &Library,
    dry_run: bool,
    now_ms: i64,
) -> Result<(Catalogue, Option<tempfile::TempDir>), Error> {
    let catalogue = library.catalogue()?;
    if !dry_run {
        return Ok((catalogue, None));
    }
    let at = std::env::temp_dir();
    let cannot = |cause| Error::Storage { action: "write", path: at.clone(), cause };
    let folder = tempfile::tempdir().map_err(cannot)?;
    let path = folder.path().join("plan.sqlite");
    catalogue.back_up(&path)?;
    let copy = Catalogue::open(&path)?;
    // What a killed run left half published is mended by the next run; here it is only planned.
    for intent in copy.publishing()? {
        copy.abandon_publish(intent.object, now_ms)?;
    }
    Ok((copy, Some(folder)))
}
