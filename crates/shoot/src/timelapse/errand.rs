//! Originals, which are fetched while no frame is due; how is not this crate's affair.

use std::time::Duration;

use filmwire_camera::{Camera, Error as CameraError};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

/// A pause that is shorter is none: to the gallery and back takes its time, too. Chosen.
pub(super) const SHORTEST: SignedDuration = SignedDuration::from_secs(60);
/// How long before the next frame work is asked to end, and the way back begins. Chosen: a body that
/// does not go back needs a fresh session.
pub(super) const MARGIN: SignedDuration = SignedDuration::from_secs(20);
/// How long work may take to end once it was asked to. Chosen.
pub(super) const GRACE: SignedDuration = SignedDuration::from_secs(5);
/// From the end of a capture to its picture in the gallery. Chosen.
pub(super) const APPEAR: SignedDuration = SignedDuration::from_secs(2);
/// From a failure to the next try in the same pause. Chosen.
pub(super) const RETRY: SignedDuration = SignedDuration::from_mins(10);

/// Fetches originals.
pub trait Errand {
    /// Begins to fetch what is new, on a task of its own: no frame waits for a disk. Once the sender
    /// is used or dropped the work has to end, and to leave the camera in peace.
    fn begin(&self, gallery: Camera, stop: oneshot::Receiver<()>) -> oneshot::Receiver<Fetched>;

    /// The camera did not open its gallery; nothing is begun.
    fn not_let_in(&self, error: &CameraError);
}

/// Who fetches originals, and when.
pub struct Originals<'a> {
    /// Who.
    pub errand: &'a dyn Errand,
    /// In pauses that are long enough, too, and not at the end alone.
    pub in_pauses: bool,
}

/// What came of fetching.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Files that are in the library now.
    pub new: u64,
    /// Those that were wanted and did not come.
    pub failed: u64,
    /// Nothing is left to be fetched.
    pub is_whole: bool,
    /// Why it ended early, where it was not asked to.
    pub error: Option<String>,
}

impl Fetched {
    pub(super) fn failure(error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }

    /// What this visit and those before came to.
    pub(super) fn after(self, before: Option<Self>) -> Self {
        let new = self.new + before.map_or(0, |before| before.new);
        Self { new, ..self }
    }
}

/// What a run knows of its errands.
#[derive(Default)]
pub(super) struct Errands {
    /// All that came, and how the last one ended.
    pub(super) sum: Option<Fetched>,
    /// Frames were taken since the card was fetched whole.
    pub(super) is_wanted: bool,
    /// Not before this.
    pub(super) after: Timestamp,
    /// One that did not end in time: it has the library until it does.
    pub(super) late: Option<oneshot::Receiver<Fetched>>,
}

impl Errands {
    /// After a frame.
    pub(super) fn want(&mut self, now: Timestamp) {
        self.is_wanted = true;
        self.after = later(now, APPEAR);
    }
}

/// Some time after an instant.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The same, as a clock that waits wants it.
pub(super) fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// How long a camera has to go to its gallery at the end, where no frame is due.
pub(super) const WAY: Duration = Duration::from_secs(60);
