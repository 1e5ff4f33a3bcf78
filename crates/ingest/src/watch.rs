//! Waiting for a camera: each time it appears it is served once, and then left alone.
//!
//! 1. While it is away a connection is tried every few seconds.
//! 2. When it answers, one pass of [`sync()`](crate::sync()) runs over that connection, with the
//!    library's lock held no longer than the pass.
//! 3. Then nothing connects until the camera was seen gone, or until somebody asks for it. A
//!    client keeps a camera's controls locked and drains its battery, and many bodies cannot
//!    reopen their network by themselves; so no session waits for photos.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use filmwire_camera::{Camera, Error as CameraError, Presence, Sight};
use filmwire_catalogue::{Error as CatalogueError, Library, LockGuard};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::event::{Event, Summary};
use crate::options::SyncOptions;
use crate::stop::Stop;
use crate::sync::{Connect, sync};

/// How long another process may hold the library while the camera waits for us. Looking through a
/// catalogue takes a second; another run takes longer, and does this one's work.
const LOCK_WAIT: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(250);

/// How a watch goes.
#[derive(Debug, Clone)]
pub struct Watching {
    /// Between two attempts to connect while the camera is away.
    pub every: Duration,
    /// Between two looks at whether a camera that was served is still there.
    pub look_every: Duration,
    /// Looks in a row that must find the camera gone: while it saves power Wi-Fi loses packets.
    pub gone_looks: u32,
    /// Asks for a pass at once.
    pub requests: Requests,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(3),
            look_every: Duration::from_secs(1),
            gone_looks: 4,
            requests: Requests::default(),
        }
    }
}

/// Asks a watch to connect at once, though the camera was not seen gone. Clones ask the same one.
///
/// What is asked while nobody listens is kept, once.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Notify>);

impl Requests {
    /// Asks for a pass.
    pub fn ask(&self) {
        self.0.notify_one();
    }

    /// Ends once a pass was asked for. Cancel-safe.
    async fn asked(&self) {
        self.0.notified().await;
    }
}

/// Something that happened in a watch, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchEvent {
    /// The camera is away; connections are tried.
    Waiting,
    /// The camera answered; a pass begins.
    Seen,
    /// Something happened in the pass.
    Pass(Event),
    /// The pass went through, or was interrupted.
    Served(Box<Summary>),
    /// The camera ended the pass; the watch goes on.
    Failed(Error),
    /// The pass is over. Nothing connects until the camera was seen gone, or on request.
    Resting,
    /// Whether the camera is still there cannot be seen from here; told once. It is connected to
    /// on request only.
    Blind,
    /// The camera that was served is gone.
    Gone,
}

/// Serves the camera each time it appears, until `stop` is asked.
///
/// Trouble of the camera (lost, refused, not accepted) ends a pass and is told; the watch goes on.
/// The camera is left politely on every way out. Not cancel-safe: use `stop`.
///
/// Fails with [`Error`] if the library cannot be used: its lock is held elsewhere for longer than
/// ten seconds while a camera waits, its catalogue or its disk fails, or there is no room.
pub async fn watch<C: Connect, P: Presence + Sync>(
    connect: &C,
    presence: &P,
    library: &Library,
    options: &SyncOptions,
    watching: &Watching,
    stop: &Stop,
    tell: &mut (dyn FnMut(WatchEvent) + Send),
) -> Result<(), Error> {
    let mut watch = Watch { watching, stop, tell, blind: false };
    (watch.tell)(WatchEvent::Waiting);
    let mut waiting = true;
    loop {
        let Some(met) = watch.appearance(connect, waiting).await else { return Ok(()) };
        (watch.tell)(WatchEvent::Seen);
        watch.pass(met, connect, library, options).await?;
        if stop.is_asked() {
            return Ok(());
        }
        (watch.tell)(WatchEvent::Resting);
        waiting = match watch.departure(presence).await {
            Departure::Gone => {
                (watch.tell)(WatchEvent::Gone);
                (watch.tell)(WatchEvent::Waiting);
                true
            }
            Departure::Asked => false,
            Departure::Stopped => return Ok(()),
        };
    }
}

type Met = Result<Camera, CameraError>;

/// Why we need not wait for the camera to go any longer.
enum Departure {
    Gone,
    Asked,
    Stopped,
}

struct Watch<'a> {
    watching: &'a Watching,
    stop: &'a Stop,
    tell: &'a mut (dyn FnMut(WatchEvent) + Send),
    /// It was told that nobody can see from here whether the camera is there.
    blind: bool,
}

impl Watch<'_> {
    /// Tries to connect until something answers; none if a stop was asked for.
    async fn appearance<C: Connect>(&mut self, connect: &C, mut waiting: bool) -> Option<Met> {
        loop {
            let met = tokio::select! {
                biased;
                () = self.stop.asked() => return None,
                met = connect.connect() => met,
            };
            if !matches!(met, Err(CameraError::Unreachable { .. })) {
                return Some(met);
            }
            if !waiting {
                waiting = true;
                (self.tell)(WatchEvent::Waiting);
            }
            tokio::select! {
                biased;
                () = self.stop.asked() => return None,
                () = self.watching.requests.asked() => {}
                () = sleep(self.watching.every) => {}
            }
        }
    }

    /// One pass over a connection that stands, or that failed in a way a run knows to deal with.
    async fn pass<C: Connect>(
        &mut self,
        met: Met,
        connect: &C,
        library: &Library,
        options: &SyncOptions,
    ) -> Result<(), Error> {
        let first = Mutex::new(Some(met));
        let Some(_lock) = self.lock(library).await? else { return Ok(()) };
        let reconnect = || {
            let met = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            async {
                match met {
                    Some(met) => met,
                    None => connect.connect().await,
                }
            }
        };
        let mut tell = |event| (self.tell)(WatchEvent::Pass(event));
        match sync(&reconnect, library, options, self.stop, &mut tell).await {
            Ok(summary) => (self.tell)(WatchEvent::Served(Box::new(summary))),
            Err(error @ (Error::Camera(_) | Error::Restless(_))) => {
                (self.tell)(WatchEvent::Failed(error));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes the library's lock; none if a stop was asked for.
    async fn lock(&self, library: &Library) -> Result<Option<LockGuard>, Error> {
        let start = Instant::now();
        loop {
            match library.lock() {
                Ok(lock) => return Ok(Some(lock)),
                Err(CatalogueError::Locked { .. }) if start.elapsed() < LOCK_WAIT => {}
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                biased;
                () = self.stop.asked() => return Ok(None),
                () = sleep(LOCK_PAUSE) => {}
            }
        }
    }

    /// Waits until the camera was seen gone, without ever connecting to it.
    async fn departure<P: Presence + Sync>(&mut self, presence: &P) -> Departure {
        let mut gone = 0;
        loop {
            let looking = async {
                sleep(self.watching.look_every).await;
                presence.look().await
            };
            let sight = tokio::select! {
                biased;
                () = self.stop.asked() => return Departure::Stopped,
                () = self.watching.requests.asked() => return Departure::Asked,
                sight = looking => sight,
            };
            gone = if sight == Sight::Gone { gone + 1 } else { 0 };
            if gone >= self.watching.gone_looks {
                return Departure::Gone;
            }
            if sight == Sight::Unknown && !self.blind {
                self.blind = true;
                (self.tell)(WatchEvent::Blind);
            }
        }
    }
}
