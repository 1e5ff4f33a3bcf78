//! What a run tells while it goes on.

use jiff::Timestamp;

use super::errand::Fetched;
use super::gap::Missed;
use super::journal::Taken;
use super::ramp::Changed;
use super::schedule::Due;
use crate::profile::{Applied, Drift};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A run begins, or goes on.
    Begun {
        /// Slot 0.
        start: Timestamp,
        /// The next frame; `None` if there is none.
        next: Option<Due>,
        /// It goes on with a journal.
        resumed: bool,
    },
    /// The camera is there, for the first time or again.
    LinkUp {
        /// When.
        at: Timestamp,
        /// What the camera calls itself.
        model: String,
    },
    /// The link to the camera was lost, or is not there yet.
    LinkLost {
        /// When.
        at: Timestamp,
        /// Why.
        cause: String,
    },
    /// A frame was taken.
    Taken(Taken),
    /// Frames were not taken.
    Missed(Missed),
    /// The profile was set, before the first frame of a run.
    Applied {
        /// What the camera calls itself.
        model: String,
        /// What came of each setting.
        applied: Vec<Applied>,
    },
    /// Settings moved from the profile, or are back.
    Drift {
        /// When that was seen.
        at: Timestamp,
        /// The last frame before; 0 if there was none.
        after: u64,
        /// What differs; empty if all is as it was.
        drifts: Vec<Drift>,
        /// The run ends for it.
        is_end: bool,
    },
    /// The exposure followed the light after a frame.
    Exposure(u64, Changed),
    /// The exposure does not follow the light any more, and why.
    NoRamp(String),
    /// Something about the command for gaps.
    Hook(String),
    /// The run is over and the camera left, and the command for gaps still runs: it has a minute in all.
    HookAwaited,
    /// Originals were fetched, or could not be.
    Fetched(Fetched),
    /// How many pictures the camera says that its card still holds (D229), when that changes.
    Remaining(u32),
}
