//! Waiting for a camera: each time it appears it is served once, and then left alone.
//!
//! 1. While it is away a connection is tried every few seconds.
//! 2. When it answers, one pass of [`sync()`](crate::sync()) runs over that connection, with the
//!    library's lock held no longer than the pass.
//! 3. Then nothing connects until the camera was seen gone, or until somebody asks for it. A
//!    client keeps a camera's controls locked and drains its battery, and many bodies cannot
//!    reopen their network by themselves; so no session waits for photos.
//! 4. A pass that found no room for a file ends, and the next begins when there is room.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use filmwire_camera::{Camera, Error as CameraError, Presence, Sight};
use filmwire_catalogue::{Error as CatalogueError, Library, LockGuard};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::event::{Event, Summary};
use crate::files::{Disk, FileLayer};
use crate::options::SyncOptions;
use crate::stop::Stop;
use crate::sync::{Connect, sync_with};

/// Between two looks at whether another process still holds the library.
const LOCK_PAUSE: Duration = Duration::from_secs(1);
/// How long a pass that found no room is not begun again, though the system says there is: some
/// file systems count as free what nobody gets.
const ROOM_PAUSE: Duration = Duration::from_secs(60);

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
    /// They fail for a reason that a camera which is away does not give, such as a name that does
    /// not exist. Told once, and when it changes; they are tried all the same.
    Odd {
        /// Why, in words.
        cause: String,
    },
    /// Another process holds the library, so that nothing connects until it is free.
    Locked {
        /// Who, in words.
        by: String,
    },
    /// The camera answered; a pass begins.
    Seen,
    /// Something happened in the pass.
    Pass(Event),
    /// The pass went through, or was interrupted.
    Served(Box<Summary>),
    /// The camera ended the pass, or there is no room; the watch goes on.
    Failed(Error),
    /// The pass is over. Nothing connects until the camera was seen gone, or on request, or, if it
    /// ended for lack of room, when there is room. Not told if the pass ended because the camera is
    /// gone.
    Resting,
    /// Whether the camera is still there cannot be seen from here; told once. It is connected to
    /// on request only.
    Blind,
    /// The camera that was served is gone.
    Gone,
}

/// Serves the camera each time it appears, until `stop` is asked.
///
/// Trouble of the camera (lost, refused, not accepted, without a card) and lack of room end a pass
/// and are told; the watch goes on. While another process holds the library nothing connects: no camera waits for it.
/// The camera is left politely on every way out. Not cancel-safe: use `stop`.
///
/// Fails with [`Error`] if the library cannot be used: its catalogue or its disk fails.
pub async fn watch<C: Connect, P: Presence + Sync>(
    connect: &C,
    presence: &P,
    library: &Library,
    options: &SyncOptions,
    watching: &Watching,
    stop: &Stop,
    tell: &mut (dyn FnMut(WatchEvent) + Send),
) -> Result<(), Error> {
    let files: Arc<dyn FileLayer> = Arc::new(Disk);
    watch_with((connect, presence), library, options, watching, stop, tell, files).await
}

/// As [`watch`], on another file layer; for tests that fill it.
pub async fn watch_with<C: Connect, P: Presence + Sync>(
    (connect, presence): (&C, &P),
    library: &Library,
    options: &SyncOptions,
    watching: &Watching,
    stop: &Stop,
    tell: &mut (dyn FnMut(WatchEvent) + Send),
    files: Arc<dyn FileLayer>,
) -> Result<(), Error> {
    let mut watch = Watch { watching, stop, tell, files, blind: false, odd: None };
    (watch.tell)(WatchEvent::Waiting);
    let mut waiting = true;
    loop {
        let Some((met, lock)) = watch.appearance(connect, library, waiting).await? else {
            return Ok(());
        };
        (watch.tell)(WatchEvent::Seen);
        let after = watch.pass(met, lock, connect, library, options).await?;
        if stop.is_asked() {
            return Ok(());
        }
        let wanted = match after {
            After::Left => None,
            After::Rest => Some(None),
            After::NoRoom { bytes } => Some(Some((library.incoming(), bytes))),
        };
        let departure = match wanted {
            None => Departure::Gone,
            Some(room) => {
                (watch.tell)(WatchEvent::Resting);
                watch.departure(presence, room).await
            }
        };
        waiting = match departure {
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

/// How a pass ended.
enum After {
    /// The camera needs nobody.
    Rest,
    /// All the tries to reach it again saw it gone: one that is back by the next look would keep
    /// what it still has.
    Left,
    /// For lack of room: so many bytes have to be free.
    NoRoom { bytes: u64 },
}

/// Why we need not wait for the camera to go any longer.
enum Departure {
    Gone,
    /// Somebody asked for a pass, or there is room for one.
    Asked,
    Stopped,
}

struct Watch<'a> {
    watching: &'a Watching,
    stop: &'a Stop,
    tell: &'a mut (dyn FnMut(WatchEvent) + Send),
    files: Arc<dyn FileLayer>,
    /// It was told that nobody can see from here whether the camera is there.
    blind: bool,
    /// The odd reason that was told last.
    odd: Option<String>,
}

impl Watch<'_> {
    /// Tries to connect until something answers, and takes the library's lock; none if a stop was
    /// asked for.
    async fn appearance<C: Connect>(
        &mut self,
        connect: &C,
        library: &Library,
        mut waiting: bool,
    ) -> Result<Option<(Met, LockGuard)>, Error> {
        loop {
            // Not held while there is no camera: other programs want to work on the library.
            if self.lock(library).await?.is_none() {
                return Ok(None);
            }
            let met = tokio::select! {
                biased;
                () = self.stop.asked() => return Ok(None),
                met = connect.connect() => met,
            };
            if let Err(CameraError::Unreachable { cause, .. }) = &met {
                self.tell_odd(cause);
                if !waiting {
                    waiting = true;
                    (self.tell)(WatchEvent::Waiting);
                }
                tokio::select! {
                    biased;
                    () = self.stop.asked() => return Ok(None),
                    () = self.watching.requests.asked() => {}
                    () = sleep(self.watching.every) => {}
                }
                continue;
            }
            self.odd = None;
            match library.lock() {
                Ok(lock) => return Ok(Some((met, lock))),
                // Somebody took it meanwhile: the camera does not wait for them.
                Err(CatalogueError::Locked { .. }) => leave(met).await,
                Err(error) => {
                    leave(met).await;
                    return Err(error.into());
                }
            }
        }
    }

    /// Tells a reason that has nothing to do with a camera that is away.
    fn tell_odd(&mut self, cause: &str) {
        const ORDINARY: [&str; 7] = [
            "refused",
            "no connection within",
            "timed out",
            "nreachable",
            "No route",
            // Of networks: that of the camera, and a radio that serves another camera.
            "is not in sight",
            "in use by \"filmwire ",
        ];
        let is_ordinary = ORDINARY.iter().any(|word| cause.contains(word));
        let odd = (!is_ordinary).then(|| cause.to_owned());
        if odd.is_some() && odd != self.odd {
            (self.tell)(WatchEvent::Odd { cause: cause.to_owned() });
        }
        self.odd = odd;
    }

    /// One pass over a connection that stands, or that failed in a way a run knows to deal with.
    async fn pass<C: Connect>(
        &mut self,
        met: Met,
        _lock: LockGuard,
        connect: &C,
        library: &Library,
        options: &SyncOptions,
    ) -> Result<After, Error> {
        let first = Mutex::new(Some(met));
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
        let files = Arc::clone(&self.files);
        let error = match sync_with(&reconnect, library, options, self.stop, &mut tell, files).await
        {
            Ok(summary) => {
                (self.tell)(WatchEvent::Served(Box::new(summary)));
                return Ok(After::Rest);
            }
            Err(error) => error,
        };
        let after = match &error {
            Error::Camera(CameraError::Unreachable { .. }) => After::Left,
            Error::Camera(_) | Error::Restless(_) | Error::NoCard => After::Rest,
            other => match other.room(options.keep_free) {
                Some(bytes) => After::NoRoom { bytes },
                None => return Err(error),
            },
        };
        (self.tell)(WatchEvent::Failed(error));
        Ok(after)
    }

    /// Waits until the library's lock is free, and takes it; none if a stop was asked for.
    async fn lock(&mut self, library: &Library) -> Result<Option<LockGuard>, Error> {
        let mut told = false;
        loop {
            match library.lock() {
                Ok(lock) => return Ok(Some(lock)),
                Err(error @ CatalogueError::Locked { .. }) if !told => {
                    told = true;
                    (self.tell)(WatchEvent::Locked { by: error.to_string() });
                }
                Err(CatalogueError::Locked { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                biased;
                () = self.stop.asked() => return Ok(None),
                () = sleep(LOCK_PAUSE) => {}
            }
        }
    }

    /// Waits until the camera was seen gone, or so many bytes are free in a folder, without ever
    /// connecting to it.
    async fn departure<P: Presence + Sync>(
        &mut self,
        presence: &P,
        room: Option<(PathBuf, u64)>,
    ) -> Departure {
        let mut gone = 0;
        let earliest = Instant::now() + ROOM_PAUSE;
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
            // A folder that cannot be looked at has no room.
            if let Some((folder, bytes)) = &room
                && Instant::now() >= earliest
                && self.files.free_bytes(folder).is_ok_and(|free| free >= *bytes)
            {
                return Departure::Asked;
            }
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

/// Leaves a camera that was met in vain.
async fn leave(met: Met) {
    if let Ok(camera) = met {
        camera.leave().await;
    }
}
