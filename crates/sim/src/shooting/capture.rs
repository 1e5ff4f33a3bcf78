//! A capture from the release to its preview (fact sheet 8.2).

use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_codec::{DevicePropCode as Prop, EventCode, SessionId, TransactionId};
use tokio::time::Instant;

use crate::camera::Camera;
use crate::card::{CardObject, Content};
use crate::media::exposure::Exposure;
use crate::media::stamp::Stamp;

/// Focus mode 500A in which nothing is focused.
const MANUAL_FOCUS: u32 = 1;

/// Where a capture is.
#[derive(Debug, Default)]
pub(crate) enum Capture {
    #[default]
    Idle,
    /// Released; the self-timer, focusing and exposure take their time.
    Exposing(Shot),
    /// Taken; nothing more is taken until the preview was fetched (fact sheet 8.2).
    Preview { transaction: u32, picture: Box<CardObject> },
}

/// A picture that is being taken.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    connection: u32,
    transaction: u32,
    /// It is on the card then, and its events are told.
    at: Instant,
    stamp: Stamp,
    exposure: Exposure,
    telling: Telling,
}

/// How the events of a capture are told; faults change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Telling {
    #[default]
    InOrder,
    PreviewFirst,
    Never,
    /// As over USB: complete without a preview, and no event tells of it.
    OverUsb,
}

/// What a release did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Released {
    /// What was asked for: a picture will be on the card, or the button is half pressed or let go.
    Done,
    /// The button is half pressed, and focus was not found.
    Unfocused,
    /// Nothing: the picture before is being taken, or its preview waits.
    Ignored,
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Focus,
    CardFull,
}

/// The event of a capture; the second parameter is what differs.
pub(crate) fn event(code: EventCode, transaction: u32, second: u32) -> EventDataset {
    let params = vec![transaction, second, 0];
    EventDataset { code, session: SessionId(1), transaction: TransactionId(transaction), params }
}

/// Time of 5012: 1, 2, 5 or 10 seconds (fact sheet 6.3).
fn self_timer(code: u32) -> Duration {
    Duration::from_secs(match code {
        1 => 1,
        2 => 2,
        3 => 5,
        4 => 10,
        _ => 0,
    })
}

impl Camera {
    /// Releases the shutter. While a picture is being taken, or its preview waits, nothing happens.
    ///
    /// Fails with what a body meets in the field; the next release starts afresh.
    pub(crate) fn release(
        &mut self,
        now: Instant,
        connection: u32,
        transaction: u32,
        telling: Telling,
    ) -> Result<Released, Failure> {
        if !self.shooting.is_idle() {
            return Ok(Released::Ignored);
        }
        self.shooting.error = 0;
        let focuses =
            self.present_of(Prop::FOCUS_MODE) != Some(MANUAL_FOCUS) && !self.shooting.holds_focus();
        if focuses && self.faults.focus_fails() {
            return self.failed(Failure::Focus);
        }
        if self.pictures_left() == 0 {
            return self.failed(Failure::CardFull);
        }
        let switches = &self.persona.shooting;
        let mut opens = now;
        if switches.self_timer {
            opens += self_timer(self.present_of(Prop::SELF_TIMER).unwrap_or(0));
        }
        if focuses {
            opens += Duration::from_millis(switches.focus_ms);
        }
        let develops = Duration::from_millis(switches.preview_ms);
        let light = self.light(opens);
        let exposure = self.meter(light);
        let at = opens + Duration::from_micros(u64::from(exposure.time_us)) + develops;
        let stamp = self.clock(opens);
        let shot = Shot { connection, transaction, at, stamp, exposure, telling };
        self.shooting.capture = Capture::Exposing(shot);
        Ok(Released::Done)
    }

    fn failed(&mut self, failure: Failure) -> Result<Released, Failure> {
        let switches = &self.persona.shooting;
        self.shooting.error = u32::from(match failure {
            Failure::Focus => switches.focus_error,
            Failure::CardFull => switches.card_error,
        });
        Err(failure)
    }

    /// A setting as it is, where the body has it.
    fn present_of(&self, code: Prop) -> Option<u32> {
        self.listed(code).map(|listed| self.setting(code.0, listed))
    }

    /// Whether a raw file comes beside the JPEG: D018 of 1, 4 and 5. RAW alone is shot as RAW+Fine
    /// (hkr, ptp-ip).
    pub(super) fn keeps_raw(&self) -> bool {
        matches!(self.present_of(Prop::IMAGE_QUALITY), Some(1 | 4 | 5))
    }

    /// When something happens by itself: the picture that is being taken is there, or what is
    /// replayed tells an event.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.picture_due().or_else(|| self.replay.as_ref()?.next_due())
    }

    /// When the picture that is being taken is there.
    pub(crate) fn picture_due(&self) -> Option<Instant> {
        match &self.shooting.capture {
            Capture::Exposing(shot) => Some(shot.at),
            Capture::Idle | Capture::Preview { .. } => None,
        }
    }

    /// Puts the picture that is being taken on the card, if it is due.
    pub(super) fn develop(&mut self, now: Instant) {
        if self.picture_due().is_some_and(|at| now >= at) {
            self.develop_at_once();
        }
    }

    fn develop_at_once(&mut self) {
        let Capture::Exposing(shot) = std::mem::take(&mut self.shooting.capture) else { return };
        let raw = self.keeps_raw();
        self.shooting.room = Some(self.pictures_left().saturating_sub(1));
        self.faults.take_room();
        let taken = self.card.expose(shot.stamp, shot.exposure, raw);
        self.anchor_clock();
        self.shooting.taken += 1;
        // A client that left, and whoever came after it, owes nothing.
        if self.shooting.owner != Some(shot.connection) || shot.telling == Telling::OverUsb {
            return;
        }
        let Some(picture) = taken.last().and_then(|at| self.card.object(at)) else { return };
        let picture = Box::new(preview_of(picture));
        let transaction = shot.transaction;
        let mut events = vec![
            event(EventCode::FUJI_OBJECT_ADDED, transaction, 0),
            event(EventCode::PREVIEW_AVAILABLE, transaction, picture.size_bytes as u32),
        ];
        match shot.telling {
            Telling::InOrder => {}
            Telling::PreviewFirst => events.reverse(),
            Telling::Never | Telling::OverUsb => events.clear(),
        }
        self.shooting.untold.append(&mut events);
        self.shooting.capture = Capture::Preview { transaction, picture };
    }

    /// Hands out the preview and ends the capture; `None` if there is none. A client that asks while
    /// the picture is being taken waits until it is there. Guess: nobody was seen to ask so early.
    pub(crate) fn take_preview(&mut self, now: Instant) -> Option<(u32, CardObject, Duration)> {
        let due = self.picture_due();
        let wait = due.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        if due.is_some() {
            self.develop_at_once();
        }
        match std::mem::take(&mut self.shooting.capture) {
            Capture::Preview { transaction, picture } => Some((transaction, *picture, wait)),
            Capture::Idle | Capture::Exposing(_) => None,
        }
    }
}

/// The preview as an object of its own: rendered when it is read, of a size known before.
fn preview_of(picture: CardObject) -> CardObject {
    match &picture.content {
        Content::Photo(spec) => CardObject::photo(&picture.folder, &picture.name, spec.preview()),
        _ => picture,
    }
}
