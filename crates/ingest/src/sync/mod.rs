//! The main job.

#![allow(
    clippy::needless_pass_by_ref_mut,
    reason = "a shared borrow of a session across an await would make the run's future not Send"
)]

mod fetch;
mod listing;
mod pass;
mod session;
mod tally;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use filmwire_camera::Camera;
use filmwire_catalogue::{Camera as Body, CameraId, Catalogue, Library};
use tokio::sync::mpsc;

use crate::desk::Desk;
use crate::error::Error;
use crate::event::{Event, Summary};
use crate::files::{Disk, FileLayer};
use crate::librarian::{Librarian, Shelf};
use crate::options::SyncOptions;
use crate::stop::Stop;

use session::{End, Session};
use tally::Tally;

/// Longest pause before a lost connection is opened again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Opens the connection to one camera, again and again if it is lost.
pub trait Connect: Send + Sync {
    /// Connects and opens the gallery.
    fn connect(&self) -> impl Future<Output = Result<Camera, filmwire_camera::Error>> + Send;
}

impl<F, A> Connect for F
where
    F: Fn() -> A + Send + Sync,
    A: Future<Output = Result<Camera, filmwire_camera::Error>> + Send,
{
    fn connect(&self) -> impl Future<Output = Result<Camera, filmwire_camera::Error>> + Send {
        self()
    }
}

/// What a run does with what is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Fetch,
    MarkKnown,
}

/// Fetches all that is new into the library. The caller holds the library's lock.
///
/// The camera is left politely on every way out. Failures of single objects are events and counted
/// in the summary. Not cancel-safe: use `stop`; a dropped future leaves work to be mended.
///
/// Fails with [`Error`] if the camera or the disk cannot be used; what was published stays.
pub async fn sync<C: Connect>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Summary, Error> {
    sync_with(connect, library, options, stop, tell, Arc::new(Disk)).await
}

/// As [`sync`], on another file layer; for tests that record or break it.
pub async fn sync_with<C: Connect>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
    files: Arc<dyn FileLayer>,
) -> Result<Summary, Error> {
    run(connect, library, options, (stop, Job::Fetch), tell, files).await
}

/// Takes the card as it is for known, so that only what comes later is fetched.
///
/// As [`sync`], but fetches nothing; in the summary `known` counts what is known now.
pub async fn mark_known<C: Connect>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Summary, Error> {
    run(connect, library, options, (stop, Job::MarkKnown), tell, Arc::new(Disk)).await
}

/// Puts in order what a cut run left, without a camera; [`sync`] does it by itself.
pub async fn mend(
    library: &Library,
    options: &SyncOptions,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<(), Error> {
    let ledger = Ledger::open(library, options, Arc::new(Disk)).await?;
    let result = ledger.desk.ask(Librarian::mend).await.and_then(|result| result);
    ledger.end("mended", tell).await?;
    result
}

async fn run<C: Connect>(
    connect: &C,
    library: &Library,
    options: &SyncOptions,
    (stop, job): (&Stop, Job),
    tell: &mut (dyn FnMut(Event) + Send),
    files: Arc<dyn FileLayer>,
) -> Result<Summary, Error> {
    let mut ledger = Ledger::open(library, options, files).await?;
    let worked = ledger.work(connect, options, (stop, job), tell).await;
    let outcome = match &worked {
        Ok(()) if ledger.tally.interrupted => "interrupted",
        Ok(()) => "done",
        Err(_) => "failed",
    };
    let ended = ledger.end(outcome, tell).await;
    worked?;
    ended
}

/// A run as the catalogue sees it, from its first row to its manifest.
struct Ledger {
    desk: Desk,
    tally: Tally,
    dry_run: bool,
    started_ms: i64,
    /// The catalogue of a dry run is a copy, which goes with this folder.
    _copy: Option<tempfile::TempDir>,
}

impl Ledger {
    async fn open(
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

    /// Mends, connects, and looks at the card until nothing is left to do.
    async fn work<C: Connect>(
        &mut self,
        connect: &C,
        options: &SyncOptions,
        (stop, job): (&Stop, Job),
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), Error> {
        if !options.dry_run {
            self.desk.ask(Librarian::mend).await??;
        }
        let mut attempt = 0;
        loop {
            let before = self.tally.progress();
            let lost = match self.one_session(connect, options, (stop, job), tell).await {
                Err(Error::Camera(error)) if error.is_link_trouble() || attempt > 0 => error,
                result => return result,
            };
            // Whatever came through counts: only a camera that gives nothing is given up.
            attempt = if self.tally.progress() > before { 1 } else { attempt + 1 };
            if attempt > options.tries {
                return Err(Error::Camera(lost));
            }
            let pause = Duration::from_secs(1 << attempt.min(5)).min(LONGEST_PAUSE);
            tell(Event::LinkLost { cause: lost.to_string(), attempt, pause });
            tokio::select! {
                () = stop.asked() => {
                    self.tally.interrupted = true;
                    return Ok(());
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn one_session<C: Connect>(
        &mut self,
        connect: &C,
        options: &SyncOptions,
        (stop, job): (&Stop, Job),
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), Error> {
        let connected = tokio::select! {
            biased;
            () = stop.asked() => {
                self.tally.interrupted = true;
                return Ok(());
            }
            connected = connect.connect() => connected,
        };
        let camera = connected?;
        let (desk, tally) = (&mut self.desk, &mut self.tally);
        let session = Session::new(&camera, desk, tally, options, stop, tell, job);
        let end = session.play().await;
        let free = !matches!(end, Err(End::Lost(_)));
        self.tally.operations += camera.stats().total();
        camera.leave().await;
        if free {
            tell(Event::CameraFree);
        }
        match end {
            Ok(()) => Ok(()),
            Err(End::Stopped) => {
                self.tally.interrupted = true;
                Ok(())
            }
            Err(End::Lost(error)) => Err(Error::Camera(error)),
            Err(End::Fatal(error)) => Err(error),
            // Played again inside the session; too often is fatal there.
            Err(End::CardChanged | End::OtherBody) => Err(Error::Restless(0)),
        }
    }

    /// Waits for the disk, writes the manifest, and ends the run's row.
    async fn end(
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
