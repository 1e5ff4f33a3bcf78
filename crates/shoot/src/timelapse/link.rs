//! The link to the camera: there, lost, or being rebuilt.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use filmwire_camera::{Armed, Error, Remote};
use jiff::{SignedDuration, Timestamp};

/// Pause before the second try to rebuild a link, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Opens the remote function of one camera, again and again.
pub trait ConnectRemote {
    /// Connects; fails as [`filmwire_camera::Camera::connect_remote`] does.
    fn connect(&self) -> impl Future<Output = Result<Remote, Error>>;
}

pub(super) type Opening<'a> = Pin<Box<dyn Future<Output = Result<Remote, Error>> + 'a>>;

/// The link to the camera.
pub(super) enum Link<'a> {
    /// It stands.
    Up { remote: Remote, next_check: Timestamp, armed: Option<Armed> },
    /// It does not, and is to be tried again.
    Down { cause: String, retry: Timestamp, pause: Duration },
    /// It is being tried.
    Opening { cause: String, pause: Duration, opening: Opening<'a> },
}

impl<'a> Link<'a> {
    pub(super) fn up(remote: Remote, now: Timestamp) -> Self {
        Self::Up { remote, next_check: now, armed: None }
    }

    /// To be tried at once.
    pub(super) fn down(cause: String, now: Timestamp) -> Self {
        Self::Down { cause, retry: now, pause: FIRST_PAUSE }
    }

    /// To be tried again after a pause that grows.
    pub(super) fn still_down(cause: String, now: Timestamp, pause: Duration) -> Self {
        let retry = now.checked_add(pause).unwrap_or(now);
        Self::Down { cause, retry, pause: (pause * 2).min(LONGEST_PAUSE) }
    }

    /// Why there is none; `None` if there is.
    pub(super) fn cause(&self) -> Option<&str> {
        match self {
            Self::Up { .. } => None,
            Self::Down { cause, .. } | Self::Opening { cause, .. } => Some(cause),
        }
    }

    /// What the try came to; never without one. Cancel-safe.
    pub(super) async fn opened(&mut self) -> Result<Remote, Error> {
        match self {
            Self::Opening { opening, .. } => opening.await,
            _ => std::future::pending().await,
        }
    }

    /// A clock that was set back puts off neither looks at the camera nor tries to rebuild the link;
    /// a camera that is ready for a frame is looked at again until that comes near.
    pub(super) fn mind_clock(&mut self, now: Timestamp, check: SignedDuration, lead: Timestamp) {
        match self {
            Self::Up { next_check, armed, .. } => {
                *next_check = (*next_check).min(now.checked_add(check).unwrap_or(now));
                armed.take_if(|_| now < lead);
            }
            Self::Down { retry, pause, .. } => {
                *retry = (*retry).min(now.checked_add(*pause).unwrap_or(now));
            }
            Self::Opening { .. } => {}
        }
    }

    /// Begins a try.
    pub(super) fn open(&mut self, opening: Opening<'a>) {
        if let Self::Down { cause, pause, .. } = self {
            *self = Self::Opening { cause: std::mem::take(cause), pause: *pause, opening };
        }
    }
}
