//! The main job.

#![allow(
    clippy::needless_pass_by_ref_mut,
    reason = "a shared borrow of a session across an await would make the run's future not Send"
)]

mod fetch;
mod listing;
mod pass;
mod session;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use filmwire_camera::Camera;
use filmwire_catalogue::Library;

use crate::error::Error;
use crate::event::{Event, Summary};
use crate::files::{Disk, FileLayer};
use crate::ledger::Ledger;
use crate::librarian::Librarian;
use crate::options::SyncOptions;
use crate::stop::Stop;

use session::{End, Session};

/// Longest pause before a lost connection is opened again. A camera that went may come back in the
/// middle of one, and its network ends when nobody joins for half a minute; to find and join
/// it takes some of that.
const LONGEST_PAUSE: Duration = Duration::from_secs(12);

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

/// As [`sync`], through a gallery that is open and was lent: the camera is not left, and a
/// connection that is lost is not opened again. What is cut goes on in the next run.
pub async fn sync_lent(
    camera: &Camera,
    library: &Library,
    options: &SyncOptions,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Summary, Error> {
    let mut ledger = Ledger::open(library, options, Arc::new(Disk)).await?;
    let worked = ledger.work_lent(camera, options, stop, tell).await;
    conclude(ledger, worked, tell).await
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
    conclude(ledger, worked, tell).await
}

async fn conclude(
    ledger: Ledger,
    worked: Result<(), Error>,
    tell: &mut (dyn FnMut(Event) + Send),
) -> Result<Summary, Error> {
    let outcome = match &worked {
        Ok(()) if ledger.tally.interrupted => "interrupted",
        Ok(()) => "done",
        Err(_) => "failed",
    };
    let ended = ledger.end(outcome, tell).await;
    worked?;
    ended
}

impl Ledger {
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
        self.ended(end)
    }

    async fn work_lent(
        &mut self,
        camera: &Camera,
        options: &SyncOptions,
        stop: &Stop,
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), Error> {
        self.desk.ask(Librarian::mend).await??;
        let before = camera.stats().total();
        let (desk, tally) = (&mut self.desk, &mut self.tally);
        let session = Session::new(camera, desk, tally, options, stop, tell, Job::Fetch);
        let end = session.play_and_rest().await;
        self.tally.operations += camera.stats().total() - before;
        self.ended(end)
    }

    /// What the end of a session means for its run.
    fn ended(&mut self, end: Result<(), End>) -> Result<(), Error> {
        match end {
            Ok(()) => Ok(()),
            Err(End::Stopped) => {
                self.tally.interrupted = true;
                Ok(())
            }
            Err(End::Lost(error)) => Err(Error::Camera(error)),
            Err(End::Fatal(error)) => Err(error),
            // Played again inside the session; too often is fatal there.
            Err(End::CardChanged | End::OtherBody | End::Battery) => Err(Error::Restless(0)),
        }
    }
}
