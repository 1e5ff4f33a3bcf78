//! A release whose picture is awaited: what was heard and seen of it, and how long to wait on.
//!
//! Events tell of a picture (the fact sheet's section 8.2). How a camera tells that it took none is
//! not documented, and events may be lost with their port; so 0xD212 is read meanwhile, and what it
//! tells shortens the wait.

use std::time::Duration;

use filmwire_codec::dataset::CurrentState;
use filmwire_codec::value::{
    DeviceError, ExposureProgram, FocusLock, FocusMode, SelfTimer, ShutterSpeed,
};
use filmwire_codec::{DevicePropCode as Prop, EventCode, ResponseCode, TransactionId};
use tokio::time::Instant;

use super::event::Told;
use super::shot::Mishap;
use crate::state::StateView;

/// How long after an error the events of a picture may still come. Chosen.
const ERROR_GRACE: Duration = Duration::from_secs(1);
/// How long the events of a picture may take that the card's count tells of already, or between two
/// of them. Chosen.
const EVENTS_GRACE: Duration = Duration::from_secs(2);
/// How long to doubt a failure that was told before the release already. Chosen.
const OLD_NEWS: Duration = Duration::from_secs(3);

/// A release whose picture is awaited.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    /// Releases sent before; it was sent itself once there are more.
    pub(super) releases: u64,
    /// Its transaction, once it was answered.
    pub(super) transaction: Option<TransactionId>,
    /// When it was sent, once it was answered.
    pub(super) sent: Option<std::time::Instant>,
    /// When an event first told of the picture.
    pub(super) told: Option<std::time::Instant>,
    since: Instant,
    /// What the self-timer and the exposure take.
    takes: Duration,
    most: Duration,
    /// D21B and D229 before the release.
    before: (u32, Option<u32>),
    error: u32,
    left: Option<u32>,
    doubt: Option<Instant>,
}

impl Pending {
    pub(super) fn new(state: &StateView, releases: u64, most: Duration) -> Self {
        let error = state.value(Prop::DEVICE_ERROR).unwrap_or(0);
        let left = state.value(Prop::PICTURES_REMAINING);
        Self {
            releases,
            transaction: None,
            sent: None,
            told: None,
            since: Instant::now(),
            takes: takes(state),
            most,
            before: (error, left),
            error: 0,
            left,
            doubt: None,
        }
    }

    /// Takes note of an event; true if the preview can be fetched now.
    pub(super) fn hear(&mut self, told: &Told, now: Instant) -> bool {
        let event = &told.event;
        if self.transaction.is_some_and(|transaction| transaction != event.transaction) {
            tracing::debug!(code = %event.code, "an event of another capture");
            return false;
        }
        match event.code {
            EventCode::PREVIEW_AVAILABLE => {
                self.told.get_or_insert(told.at);
                true
            }
            EventCode::FUJI_OBJECT_ADDED => {
                self.told.get_or_insert(told.at);
                self.doubt(now + EVENTS_GRACE);
                false
            }
            _ => false,
        }
    }

    /// Takes note of the state list; `hears` is true while events can come.
    pub(super) fn see(&mut self, list: &CurrentState, now: Instant, hears: bool) {
        self.error = list.value(Prop::DEVICE_ERROR).unwrap_or(0);
        self.left = list.value(Prop::PICTURES_REMAINING).or(self.left);
        let (error_before, left_before) = self.before;
        let old_news = self.since + self.takes + OLD_NEWS;
        if self.error != 0 && self.error != error_before {
            self.doubt(now + ERROR_GRACE);
        } else if self.error != 0 || left_before == Some(0) {
            self.doubt(old_news);
        }
        if self.count_fell() {
            self.doubt(if hears { now + EVENTS_GRACE } else { now });
        }
    }

    fn doubt(&mut self, at: Instant) {
        self.doubt = Some(self.doubt.map_or(at, |doubt| doubt.min(at)));
    }

    /// Until when to wait.
    pub(super) fn until(&self) -> Instant {
        let at_last = self.since + self.takes + self.most;
        self.doubt.map_or(at_last, |doubt| doubt.min(at_last))
    }

    fn count_fell(&self) -> bool {
        self.before.1.zip(self.left).is_some_and(|(before, left)| left < before)
    }

    /// True if a picture was taken for sure.
    pub(super) fn has_picture(&self) -> bool {
        self.told.is_some() || self.count_fell()
    }

    /// True if the camera told that there is none.
    pub(super) fn has_failed(&self) -> bool {
        self.error != 0 && !self.has_picture()
    }

    /// What kept the camera from taking a picture, as far as it tells.
    pub(super) fn mishap(&self, state: &StateView, now: Instant) -> Mishap {
        let error = DeviceError(self.error as u16);
        match self.error {
            _ if self.left == Some(0) => Mishap::CardFull,
            0 => Mishap::NothingCame(now.saturating_duration_since(self.since)),
            _ if focuses(state) => Mishap::NoFocus(error),
            _ => Mishap::DeviceError(error),
        }
    }
}

/// What a refused release means.
pub(super) fn refusal(response: ResponseCode, state: &StateView) -> Mishap {
    let is_full = state.value(Prop::PICTURES_REMAINING) == Some(0);
    match response {
        ResponseCode::STORE_FULL => Mishap::CardFull,
        _ if is_full => Mishap::CardFull,
        ResponseCode::DEVICE_BUSY => Mishap::Busy,
        _ => {
            let program = state.value(Prop::EXPOSURE_PROGRAM);
            Mishap::Refused(response, program.map(|bits| ExposureProgram(bits as u16)))
        }
    }
}

/// True if the camera focuses on a release.
fn focuses(state: &StateView) -> bool {
    let is = |property, value: u16| state.value(property) == Some(u32::from(value));
    !is(Prop::FOCUS_MODE, FocusMode::MANUAL.0) && !is(Prop::FOCUS_LOCK, FocusLock::LOCKED.0)
}

/// What the self-timer and the exposure take. A body may take a dark frame as long as a long exposure.
fn takes(state: &StateView) -> Duration {
    let timer = state.value(Prop::SELF_TIMER).map(|bits| SelfTimer(bits as u16));
    let timer = Duration::from_secs(match timer {
        Some(SelfTimer::SECONDS_1) => 1,
        Some(SelfTimer::SECONDS_2) => 2,
        Some(SelfTimer::SECONDS_5) => 5,
        Some(SelfTimer::SECONDS_10) => 10,
        _ => 0,
    });
    let speed = state.value(Prop::SHUTTER_SPEED).map(ShutterSpeed);
    let seconds = speed.and_then(ShutterSpeed::seconds).unwrap_or(0.0);
    timer + 2 * Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use filmwire_codec::SessionId;
    use filmwire_codec::dataset::EventDataset;

    use super::*;

    const MOST: Duration = Duration::from_secs(30);

    fn list(error: u32, left: u32) -> CurrentState {
        [(Prop::DEVICE_ERROR, error), (Prop::PICTURES_REMAINING, left)].into_iter().collect()
    }

    fn pending(error: u32, left: u32) -> Pending {
        Pending::new(&StateView::of(&list(error, left)), 0, MOST)
    }

    fn event(code: EventCode, transaction: u32) -> Told {
        let transaction = TransactionId(transaction);
        let params = vec![transaction.0, 0, 0];
        let event = EventDataset { code, session: SessionId(1), transaction, params };
        Told { event, at: std::time::Instant::now() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_seen_shortens_the_wait() {
        let now = Instant::now();
        let waits = |before: (u32, u32), seen: (u32, u32), hears| {
            let mut pending = pending(before.0, before.1);
            pending.see(&list(seen.0, seen.1), now, hears);
            ((pending.until() - now).as_secs(), pending.has_picture(), pending.has_failed())
        };
        assert_eq!(waits((0, 9), (0, 9), true), (30, false, false));
        assert_eq!(waits((0, 9), (1, 9), true), (1, false, true));
        // It may be the error of the picture before.
        assert_eq!(waits((1, 9), (1, 9), true), (3, false, true));
        assert_eq!(waits((0, 0), (0, 0), true), (3, false, false));
        // Where the count falls there is a picture, and its events are on their way if they can be.
        assert_eq!(waits((0, 9), (0, 8), true), (2, true, false));
        assert_eq!(waits((0, 9), (0, 8), false), (0, true, false));
        assert!(waits((0, 9), (1, 8), true).1);
    }

    #[tokio::test(start_paused = true)]
    async fn events_of_other_captures_are_none_of_this_one() {
        let now = Instant::now();
        let mut pending = pending(0, 9);
        pending.transaction = Some(TransactionId(8));
        assert!(!pending.hear(&event(EventCode::PREVIEW_AVAILABLE, 7), now));
        assert!(!pending.has_picture());
        assert!(!pending.hear(&event(EventCode::FUJI_OBJECT_ADDED, 8), now));
        // Another event is on its way, or was lost.
        assert_eq!((pending.has_picture(), pending.until() - now), (true, EVENTS_GRACE));
        assert!(pending.hear(&event(EventCode::PREVIEW_AVAILABLE, 8), now));
    }
}
