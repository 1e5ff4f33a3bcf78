//! Locking focus at a point. Source: the fact sheet's section 8.3.

use std::fmt;
use std::time::Duration;

use filmwire_codec::operation::{LockS1Lock, UnlockS1Lock};
use filmwire_codec::value::{self, FocusMode, FocusPoint};
use filmwire_codec::{DevicePropCode as Prop, ResponseCode};
use tokio::time::Instant;

use super::{Choices, Remote, choices};
use crate::driver::Job;
use crate::error::Error;

/// Between two reads of 0xD212 while focus is awaited. As libfuji polls (section 1.4).
const POLL_PAUSE: Duration = Duration::from_millis(100);

/// Focus that is locked at a point. It is released when this value is dropped, and on leaving. A lock
/// whose place another took has nothing to release.
pub struct FocusLock {
    remote: Remote,
    point: FocusPoint,
    is_confirmed: bool,
    /// Tells it from those that take its place.
    number: u64,
}

/// Why focus was not locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FocusObstacle {
    /// It can be locked from here in AF-S alone.
    Mode(FocusMode),
    /// The camera has so many columns and rows of points (the range of D17C in its list, read byte
    /// by byte, grade C).
    OffGrid(u8, u8),
    /// The camera refused.
    Refused(ResponseCode),
    /// The camera did not report it (D209) within this time.
    NotFound(Duration),
}

impl FocusObstacle {
    /// What the person can do about it.
    pub fn cure(self) -> &'static str {
        match self {
            Self::Mode(_) => "set the body's focus mode to S (AF-S), or shoot without --focus",
            Self::OffGrid(..) => "choose a point within; `filmwire settings` shows the range",
            Self::Refused(_) => "leave the camera's menu and try again",
            Self::NotFound(_) => {
                "choose a point with more contrast or more light, or set the body to manual focus and shoot without --focus"
            }
        }
    }
}

impl fmt::Display for FocusObstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode(mode) => write!(f, "the focus mode is {mode} (500A)"),
            Self::OffGrid(columns, rows) => {
                write!(f, "the camera's points go from 1,1 to {columns},{rows}")
            }
            Self::Refused(response) => write!(f, "the camera refused: {response}"),
            Self::NotFound(waited) => {
                write!(f, "the camera did not report focus within {waited:?} (D209)")
            }
        }
    }
}

impl Remote {
    /// Moves the focus point and locks focus there, as a half press does. A lock that is held is
    /// released before.
    ///
    /// Returns once the camera reports the lock. Fails with [`Error::NotFocused`], after which nothing
    /// is locked; with [`Error::Forbidden`] unless [`crate::Allow::shoot`] lets it pass; with link
    /// trouble. Cancel-safe: what was locked is released.
    pub async fn lock_focus(&self, point: FocusPoint) -> Result<FocusLock, Error> {
        let not_focused = |obstacle| Error::NotFocused { point, obstacle };
        let list = self.camera.refresh().await?;
        let mode = list.value(Prop::FOCUS_MODE).map(|bits| FocusMode(bits as u16));
        if let Some(mode) = mode.filter(|&mode| mode != FocusMode::AF_S) {
            return Err(not_focused(FocusObstacle::Mode(mode)));
        }
        if let Some((columns, rows)) = self.focus_grid()
            && (point.column() > columns || point.row() > rows)
        {
            return Err(not_focused(FocusObstacle::OffGrid(columns, rows)));
        }
        let is_locked = Some(u32::from(value::FocusLock::LOCKED.0));
        if list.value(Prop::FOCUS_LOCK) == is_locked {
            self.camera.run(&UnlockS1Lock, 0).await?;
        }
        let number = self.camera.shared.begin_lock();
        let mut lock = FocusLock { remote: self.clone(), point, is_confirmed: true, number };
        match self.camera.run(&LockS1Lock(point), 0).await {
            Err(Error::Refused { response, .. }) => {
                lock.release().await?;
                return Err(not_focused(FocusObstacle::Refused(response)));
            }
            sent => sent?,
        }
        let (start, wait) = (Instant::now(), self.camera.waits.focus);
        loop {
            let told = self.camera.refresh().await?.value(Prop::FOCUS_LOCK);
            lock.is_confirmed = told.is_some();
            if told == is_locked || told.is_none() {
                return Ok(lock);
            }
            if start.elapsed() >= wait {
                lock.release().await?;
                return Err(not_focused(FocusObstacle::NotFound(wait)));
            }
            tokio::time::sleep(POLL_PAUSE).await;
        }
    }

    /// Columns and rows of focus points, if the camera tells a range.
    fn focus_grid(&self) -> Option<(u8, u8)> {
        match self.descriptor(Prop::FOCUS_POINT).map(choices)? {
            Choices::Range(_, max) => Some((FocusPoint(max).column(), FocusPoint(max).row())),
            _ => None,
        }
    }
}

impl FocusLock {
    /// Where it is locked.
    pub fn point(&self) -> FocusPoint {
        self.point
    }

    /// False if the camera does not tell whether focus is locked.
    pub fn is_confirmed(&self) -> bool {
        self.is_confirmed
    }

    /// Releases the focus. Fails with link trouble, or if the camera refused. Cancel-safe: it is
    /// released all the same.
    pub async fn release(self) -> Result<(), Error> {
        match self.remote.camera.shared.is_newest_lock(self.number) {
            true => self.remote.camera.run(&UnlockS1Lock, 0).await,
            false => Ok(()),
        }
    }
}

impl Drop for FocusLock {
    /// Whoever holds the connection releases it, if nobody did; on leaving it does so anyway.
    fn drop(&mut self) {
        self.remote.camera.hand_over(Job::ReleaseFocus(Some(self.number)));
    }
}
