//! What a body does while it is shot with from afar, as far as it outlives one operation.

mod battery;
mod capture;
mod movie;
mod room;
pub(crate) mod usb;

use std::time::Duration;

pub(crate) use capture::{Capture, Failure, Released, Telling, event};
use filmwire_codec::DevicePropCode as Prop;
use filmwire_codec::dataset::EventDataset;
use movie::Movie;
use tokio::time::Instant;

use crate::camera::Camera;
use crate::media::live::Frame;
use crate::media::stamp::Stamp;

/// Focus mode 500A in which 0x9026 locks (fact sheet 8.3).
const SINGLE_AF: u32 = 0x8001;

/// Most frames of live view in a second.
const MOST_FRAMES: u32 = 1000;

/// Focus, menus and the rest of the card.
#[derive(Debug, Default)]
pub(crate) struct Shooting {
    /// D209.
    pub(crate) locked: bool,
    /// Focus is found and locked then.
    locked_at: Option<Instant>,
    /// The last try to lock found no focus.
    focus_failed: bool,
    /// D21B.
    pub(crate) error: u32,
    /// The person is in a menu until then; without a moment, until told otherwise.
    menu: Option<Option<Instant>>,
    /// Pictures that still fit, once it is another number than the persona's.
    pub(crate) room: Option<u32>,
    /// What the card held when it was last looked at, where the persona's card has an end in bytes.
    used_bytes: u64,
    pub(crate) capture: Capture,
    pub(crate) movie: Option<Movie>,
    /// Seconds of the movie that is being recorded.
    filmed_s: u32,
    /// Seconds of movie that fit, once it is another number than the persona's.
    film_room: Option<u32>,
    /// Pictures taken from afar since the camera was made.
    taken: u32,
    /// Events that happened and were not yet sent.
    untold: Vec<EventDataset>,
    /// The connection whose remote function was started.
    pub(crate) owner: Option<u32>,
}

impl Shooting {
    pub(crate) fn open_menu(&mut self, until: Option<Instant>) {
        self.menu = Some(until);
    }

    pub(crate) fn close_menu(&mut self) {
        self.menu = None;
    }

    pub(crate) fn in_menu(&self) -> bool {
        self.menu.is_some()
    }

    /// Whether no picture is being taken and no preview waits.
    fn is_idle(&self) -> bool {
        matches!(self.capture, Capture::Idle)
    }

    /// Whether 0x9026 was answered and 0x9027 not yet.
    pub(crate) fn holds_focus(&self) -> bool {
        self.locked || self.locked_at.is_some()
    }

    /// Whether a lock is being looked for.
    fn is_focusing(&self) -> bool {
        self.locked_at.is_some()
    }

    pub(crate) fn unlock(&mut self) {
        self.unlock_keeping_error();
        self.focus_failed = false;
        self.error = 0;
    }

    fn unlock_keeping_error(&mut self) {
        self.locked = false;
        self.locked_at = None;
    }
}

impl Camera {
    /// Brings what time changes up to date.
    pub(crate) fn settle(&mut self, now: Instant) {
        self.develop(now);
        self.roll(now);
        self.end_full_movie(now);
        self.drain(now);
        self.weigh_card();
        let shooting = &mut self.shooting;
        if shooting.menu.flatten().is_some_and(|until| now >= until) {
            shooting.menu = None;
        }
        if shooting.locked_at.is_some_and(|at| now >= at) {
            shooting.locked_at = None;
            shooting.locked = true;
        }
    }

    /// Events that happened since they were last asked for.
    pub(crate) fn take_untold(&mut self) -> Vec<EventDataset> {
        let mut events = std::mem::take(&mut self.shooting.untold);
        if let Some(player) = &mut self.replay {
            events.extend(player.take_due(Instant::now()));
        }
        events
    }

    /// The client is gone: what it held is released. Tells what that was. A picture that is being
    /// taken will be on the card all the same. Guess: what bodies do is unknown.
    pub(crate) fn end_shooting(&mut self, now: Instant) -> Vec<&'static str> {
        if self.shooting.owner.take().is_none() {
            return Vec::new();
        }
        let mut left = Vec::new();
        if self.shooting.holds_focus() {
            left.push("focus locked");
        }
        if matches!(self.shooting.capture, Capture::Preview { .. }) {
            left.push("preview not fetched");
            self.shooting.capture = Capture::Idle;
        }
        if self.shooting.movie.is_some() {
            left.push("movie running");
            self.stop_movie(now);
        }
        self.shooting.unlock();
        self.shooting.untold.clear();
        left
    }

    /// The light on the scene at a moment.
    pub(crate) fn light(&mut self, at: Instant) -> f32 {
        let clock = self.clock(at);
        self.persona.shooting.light.ev(at.saturating_duration_since(self.made), clock)
    }

    /// What the camera's clock shows: it runs from what the card was last told.
    pub(crate) fn clock(&mut self, at: Instant) -> Stamp {
        let (told, since) = self.clock;
        if told.0 != self.card.clock() {
            self.clock = ((self.card.clock(), self.card.clock()), at);
            return self.card.clock();
        }
        told.1.plus_seconds(at.saturating_duration_since(since).as_secs() as i64)
    }

    /// The card's clock was set by a picture, not by a person.
    fn anchor_clock(&mut self) {
        self.clock.0.0 = self.card.clock();
    }

    /// Frames of live view in a second.
    pub(crate) fn live_rate(&self) -> u32 {
        self.persona.shooting.live_fps.clamp(1, MOST_FRAMES)
    }

    /// What live view shows at a moment: the scene in its light, exposed as a picture would be.
    pub(crate) fn live_frame(&mut self, now: Instant, counter: u32) -> Frame {
        let (light, clock) = (self.light(now), self.clock(now));
        let over_mev = self.meter(light).over_mev;
        let recipe = self.card.recipe();
        Frame::new(recipe.look, recipe.seed, counter, clock, over_mev)
    }

    fn single_af(&self) -> bool {
        let listed = self.listed(Prop::FOCUS_MODE).unwrap_or(SINGLE_AF);
        self.setting(Prop::FOCUS_MODE.0, listed) == SINGLE_AF
    }

    /// Moves the focus point and locks there. Nothing happens in other focus modes, or while a lock
    /// is held (fact sheet 8.3). That focus was not found is told by D209 staying 0.
    pub(crate) fn focus(&mut self, now: Instant, point: u32) {
        if !self.single_af() || self.shooting.holds_focus() {
            return;
        }
        self.settings.insert(Prop::FOCUS_POINT.0, point);
        self.focus_anywhere(now);
    }

    /// Locks where the focus point is; in other focus modes than single AF nothing happens.
    fn focus_anywhere(&mut self, now: Instant) {
        if !self.single_af() || self.shooting.holds_focus() {
            return;
        }
        self.shooting.focus_failed = self.faults.focus_fails();
        if self.shooting.focus_failed {
            return;
        }
        let took = Duration::from_millis(self.persona.shooting.focus_ms);
        self.shooting.locked_at = Some(now + took);
        self.settle(now);
    }
}
