//! Counting what a run did, so that its totals add up.

use std::collections::{BTreeMap, HashMap, HashSet};

use filmwire_catalogue::PhotoKey;

use crate::error::Error;
use crate::event::{Event, FileDone, OUT_OF_REACH, SkipReason, Stopped, Summary};
use crate::librarian::Outcome;

/// How often one object may cost the connection before the others get their turn.
const MOST_LOSSES: u32 = 2;

/// Counts of a run, over all its sessions.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) model: String,
    pub(crate) operations: u64,
    pub(crate) interrupted: bool,
    /// Keys of files to be fetched once more.
    pub(crate) again: Vec<PhotoKey>,
    /// The librarian met another body.
    pub(crate) other_body: bool,
    skipped: BTreeMap<SkipReason, u64>,
    new: u64,
    duplicates: u64,
    damaged: u64,
    /// Stand-ins of objects that failed in this run and did not come through since.
    failed: HashSet<u64>,
    /// When the newest file that tells it was taken, and what it tells of the camera's clock.
    clock_drift: Option<(String, i64)>,
    bytes: u64,
    received_bytes: u64,
    /// Objects known to be in the library, as far as the run got.
    known: u64,
    /// Stand-ins of objects that this run fetched: they are new, also after a reconnect.
    fetched: HashSet<u64>,
    /// Objects of the card, once a pass went through.
    whole: Option<u64>,
    pieces: u64,
    listed: u64,
    /// How often the connection was lost over an object without anything new, by its stand-in.
    losses: HashMap<u64, u32>,
    /// The same by position, for objects of which the camera told nothing.
    losses_at: HashMap<u64, u32>,
}

impl Tally {
    /// Begins to count the card again; what was fetched stays counted.
    pub(crate) fn look_again(&mut self) {
        self.whole = None;
        self.known = 0;
        self.skipped.clear();
    }

    /// Counts an object that is in the library, unless this run brought it there.
    pub(crate) fn know(&mut self, stand_in: u64) {
        self.known += u64::from(!self.fetched.contains(&stand_in));
    }

    /// A pass over so many objects went through: what is nothing else is known.
    pub(crate) fn went_through(&mut self, objects: u64) {
        self.whole = Some(objects);
    }

    pub(crate) fn skip(&mut self, reason: SkipReason, objects: u64) {
        if objects > 0 {
            *self.skipped.entry(reason).or_default() += objects;
        }
    }

    /// True if objects were passed over for this reason.
    pub(crate) fn has_skipped(&self, reason: SkipReason) -> bool {
        self.skipped.contains_key(&reason)
    }

    /// True if the object failed in this run.
    pub(crate) fn has_failed(&self, stand_in: u64) -> bool {
        self.failed.contains(&stand_in)
    }

    pub(crate) fn piece(&mut self, bytes: u64, again: bool) {
        self.received_bytes += bytes;
        self.pieces += u64::from(!again);
    }

    pub(crate) fn listed(&mut self) {
        self.listed += 1;
    }

    /// The connection was lost while an object was read; true if that happened too often with
    /// nothing new, so that the object is to blame and not the link.
    pub(crate) fn lost_over(&mut self, stand_in: u64, something_new: bool) -> bool {
        let losses = self.losses.entry(stand_in).or_default();
        *losses = if something_new { 0 } else { *losses + 1 };
        *losses >= MOST_LOSSES
    }

    /// The connection was lost while the object at a position was asked for.
    pub(crate) fn lost_at(&mut self, index: u64) {
        *self.losses_at.entry(index).or_default() += 1;
    }

    /// True if asking for the object at a position ends the connection each time.
    pub(crate) fn is_avoided(&self, index: u64) -> bool {
        self.losses_at.get(&index).is_some_and(|&losses| losses >= MOST_LOSSES)
    }

    /// Grows with everything that came through.
    pub(crate) fn progress(&self) -> u64 {
        self.new + self.pieces + self.listed + self.failed.len() as u64
    }

    /// Counts an outcome and tells the person; fails if it ends the run.
    pub(crate) fn take(
        &mut self,
        outcome: Outcome,
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), Error> {
        match outcome {
            Outcome::Tell(event) => tell(event),
            Outcome::Published { done, stand_in } => {
                self.failed.remove(&stand_in);
                self.fetched.insert(stand_in);
                self.new += 1;
                self.duplicates += u64::from(done.duplicate);
                self.damaged += u64::from(done.damaged);
                self.note_clock(&done);
                self.bytes += if done.duplicate { 0 } else { done.size };
                tell(Event::Published(done));
            }
            Outcome::Planned(start) => {
                self.new += 1;
                self.bytes += start.size;
                tell(Event::Started(start));
            }
            Outcome::Failed { name, reason, stand_in } => {
                self.failed.insert(stand_in);
                tell(Event::Failed { name, reason });
            }
            Outcome::Again(key) => self.again.push(key),
            Outcome::OtherBody => self.other_body = true,
            Outcome::Fatal(error) => return Err(error),
        }
        Ok(())
    }

    /// Bodies list their newest photo first or last, so that the files' own digits decide.
    fn note_clock(&mut self, done: &FileDone) {
        let (Some(taken), Some(drift_s)) = (&done.taken, done.clock_drift_s) else { return };
        if self.clock_drift.as_ref().is_none_or(|(newest, _)| newest <= taken) {
            self.clock_drift = Some((taken.clone(), drift_s));
        }
    }

    /// `seen = new + known + skipped + failed`, also if the card changed or the run was cut.
    pub(crate) fn summary(&self) -> Summary {
        let skipped: u64 = self.skipped.values().sum();
        let failed = self.failed.len() as u64;
        let rest = |whole: u64| whole.saturating_sub(self.new + skipped + failed);
        let known = self.whole.map_or(self.known, rest);
        Summary {
            seen: self.new + known + skipped + failed,
            new: self.new,
            known,
            skipped: self.skipped.clone(),
            failed,
            duplicates: self.duplicates,
            damaged: self.damaged,
            bytes: self.bytes,
            received_bytes: self.received_bytes,
            interrupted: self.interrupted,
            stopped: self.has_skipped(SkipReason::Battery).then_some(Stopped::Battery),
            model: self.model.clone(),
            clock_drift_s: self.clock_drift.as_ref().map(|(_, drift_s)| *drift_s),
            operations: self.operations,
            manifest: None,
            out_of_reach: OUT_OF_REACH,
        }
    }
}
