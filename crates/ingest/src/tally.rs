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

#[cfg(test)]
mod tests {
    use filmwire_catalogue::Rendition;

    use super::*;

    fn done(size: u64, duplicate: bool, damaged: bool) -> FileDone {
        FileDone {
            name: "DSCF0001.JPG".into(),
            path: "DSCF0001.JPG".into(),
            size,
            sha256: [0; 32],
            proof: "size".into(),
            duplicate,
            damaged,
            taken: None,
            clock_drift_s: None,
        }
    }

    fn failed(stand_in: u64) -> Outcome {
        Outcome::Failed { name: "A".into(), reason: "b".into(), stand_in }
    }

    fn published(stand_in: u64, done: FileDone) -> Outcome {
        Outcome::Published { done, stand_in }
    }

    /// Counts outcomes; returns what was told.
    fn take(tally: &mut Tally, outcomes: impl IntoIterator<Item = Outcome>) -> Vec<Event> {
        let mut told = Vec::new();
        for outcome in outcomes {
            tally.take(outcome, &mut |event| told.push(event)).unwrap();
        }
        told
    }

    fn adds_up(summary: &Summary) -> bool {
        summary.seen == summary.new + summary.known + summary.skipped_total() + summary.failed
    }

    #[test]
    fn every_object_is_counted_once_and_the_totals_add_up() {
        let mut tally = Tally::default();
        let told = take(
            &mut tally,
            [
                published(1, done(100, false, false)),
                published(2, done(50, true, false)),
                published(3, done(7, false, true)),
                failed(4),
                failed(4),
            ],
        );
        assert_eq!(told.len(), 5);
        tally.skip(SkipReason::NotAsked, 2);
        tally.skip(SkipReason::NotAsked, 1);
        tally.skip(SkipReason::TooLarge, 0);
        (1..=6).for_each(|stand_in| tally.know(stand_in));
        let summary = tally.summary();
        assert_eq!((summary.new, summary.duplicates, summary.damaged), (3, 1, 1));
        assert_eq!((summary.bytes, summary.failed, summary.known), (107, 1, 3));
        assert_eq!(summary.skipped, [(SkipReason::NotAsked, 3)].into());
        assert!(adds_up(&summary), "{summary:?}");
        // Once a pass went through, what is nothing else is known.
        tally.went_through(10);
        let summary = tally.summary();
        assert_eq!((summary.known, summary.seen), (3, 10));
        tally.went_through(2);
        assert!(adds_up(&tally.summary()), "{:?}", tally.summary());
    }

    #[test]
    fn what_failed_and_then_came_is_no_failure() {
        let mut tally = Tally::default();
        take(&mut tally, [failed(1), failed(2)]);
        assert!(tally.has_failed(1) && tally.has_failed(2) && !tally.has_failed(3));
        take(&mut tally, [published(1, done(9, false, false))]);
        assert!(!tally.has_failed(1));
        assert_eq!((tally.summary().new, tally.summary().failed), (1, 1));
    }

    #[test]
    fn a_second_look_counts_the_card_anew_and_keeps_what_came() {
        let mut tally = Tally::default();
        take(&mut tally, [published(1, done(9, false, false))]);
        tally.know(2);
        tally.skip(SkipReason::NoFile, 4);
        tally.went_through(6);
        assert!(tally.has_skipped(SkipReason::NoFile) && !tally.has_skipped(SkipReason::NotAsked));
        tally.look_again();
        let summary = tally.summary();
        assert_eq!((summary.seen, summary.new, summary.known), (1, 1, 0));
        assert!(!tally.has_skipped(SkipReason::NoFile));
        // What this run brought is not known besides.
        tally.know(1);
        tally.know(2);
        assert_eq!(tally.summary().known, 1);
    }

    #[test]
    fn a_dry_run_counts_what_would_come() {
        let mut tally = Tally::default();
        let start = crate::event::FileStart {
            name: "A".into(),
            path: None,
            size: 30,
            format: Default::default(),
            resumed: 0,
        };
        take(&mut tally, [Outcome::Planned(start.clone()), Outcome::Planned(start)]);
        assert_eq!((tally.summary().new, tally.summary().bytes), (2, 60));
    }

    #[test]
    fn an_object_is_to_blame_after_two_losses_without_anything_new() {
        let mut tally = Tally::default();
        assert!(!tally.lost_over(1, false));
        assert!(!tally.lost_over(2, false), "each object has its own");
        assert!(tally.lost_over(1, false));
        assert!(!tally.lost_over(1, true), "something came, so the link is to blame");
        assert!(!tally.lost_over(1, false));
        assert!(tally.lost_over(1, false));
        tally.lost_at(5);
        assert!(!tally.is_avoided(5));
        tally.lost_at(5);
        assert!(tally.is_avoided(5) && !tally.is_avoided(6));
        tally.lost_at(5);
        assert!(tally.is_avoided(5));
    }

    #[test]
    fn progress_grows_with_everything_that_came_through() {
        let mut tally = Tally::default();
        let mut last = tally.progress();
        let mut grew = |tally: &Tally| {
            let grew = tally.progress() == last + 1;
            last = tally.progress();
            grew
        };
        tally.listed();
        assert!(grew(&tally));
        tally.listed();
        assert!(grew(&tally));
        tally.piece(1000, false);
        assert!(grew(&tally));
        tally.piece(1000, false);
        assert!(grew(&tally));
        take(&mut tally, [failed(1)]);
        assert!(grew(&tally));
        take(&mut tally, [published(2, done(9, false, false))]);
        assert!(grew(&tally));
        // A piece that is read again to compare it is no progress, though it came.
        tally.piece(1000, true);
        assert!(!grew(&tally));
        assert_eq!(tally.summary().received_bytes, 3000);
    }

    #[test]
    fn the_clock_is_told_by_the_newest_file_that_tells_it() {
        let mut tally = Tally::default();
        let told = |taken: &str, drift_s| FileDone {
            taken: Some(taken.into()),
            clock_drift_s: drift_s,
            ..done(1, false, false)
        };
        assert_eq!(tally.summary().clock_drift_s, None);
        take(
            &mut tally,
            [
                published(1, told("20260501T120000", Some(40))),
                published(2, told("20260502T120000", Some(50))),
                published(3, told("20260503T120000", None)),
                published(4, told("20260430T120000", Some(60))),
            ],
        );
        assert_eq!(tally.summary().clock_drift_s, Some(50));
    }

    #[test]
    fn what_is_no_count_is_kept_for_the_run() {
        let mut tally = Tally::default();
        let key = PhotoKey {
            name: "A".into(),
            capture_date: None,
            size: 1,
            format: 0,
            rendition: Rendition::Original,
            twin: 0,
        };
        let told = take(&mut tally, [Outcome::Again(key), Outcome::OtherBody]);
        assert!(told.is_empty() && tally.other_body && tally.again.len() == 1);
        tally.skip(SkipReason::Battery, 3);
        assert_eq!(tally.summary().stopped, Some(Stopped::Battery));
        let fatal = Outcome::Fatal(Error::NoCard);
        assert!(tally.take(fatal, &mut |_| {}).is_err());
    }
}
