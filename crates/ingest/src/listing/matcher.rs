//! Which one insertion or deletion explains what a card shows now?
//!
//! A card of `known` objects was listed before; now it has `now`. The matcher asks for the object
//! at a few positions and is told whether it is the one that was there, or the one that would be
//! there if the difference in count were one contiguous insertion or deletion before it. It says
//! `Unexplained` whenever that story does not hold. `docs/design/listing.md` says which changes no
//! bounded number of probes can see.

/// Most objects a match may ask for. With the four other operations of a run (D227 on and off,
/// one D212, CloseSession) this keeps the promise of twenty.
const MOST_PROBES: u32 = 16;
/// One less where nothing will be fetched: the body's serial is then read from a photo.
const MOST_PROBES_REMOVED: u32 = 15;
/// Objects looked at in a card of the same count, both ends included.
const UNCHANGED_PROBES: u32 = 10;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Look at the object at this position (handle minus one).
    Probe(u64),
    /// It is decided.
    Done(Verdict),
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing, as far as probes can see.
    Unchanged,
    /// `count` new objects begin at position `at`.
    Inserted { at: u64, count: u64 },
    /// `count` objects that began at position `at` are gone.
    Removed { at: u64, count: u64 },
    /// Something else.
    Unexplained,
}

/// How a probed object relates to what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relation {
    /// It is the one that was at this position.
    pub(crate) same: bool,
    /// It is the one that was at this position, moved by the difference in count.
    pub(crate) shifted: bool,
}

/// The state of one match.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    known: u64,
    now: u64,
    seed: u64,
    probes: u32,
    phase: Phase,
    /// Positions still to be looked at once a story is told.
    verify: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    First,
    /// The change begins after `low` and not after `high`.
    Bisect {
        low: u64,
        high: u64,
    },
    Verify(Verdict),
    Done(Verdict),
}

impl Matcher {
    /// A match of a card that had `known` objects and has `now`; `seed` chooses the positions
    /// that are looked at without need.
    pub(crate) fn new(known: u64, now: u64, seed: u64) -> Self {
        let mut this =
            Self { known, now, seed, probes: 0, phase: Phase::First, verify: Vec::new() };
        if now == known {
            this.begin_verify(Verdict::Unchanged, 0, now, UNCHANGED_PROBES);
        } else if now == 0 {
            this.phase = Phase::Done(Verdict::Removed { at: 0, count: known });
        } else if known == 0 {
            this.phase = Phase::Done(Verdict::Inserted { at: 0, count: now });
        }
        this
    }

    /// Difference in count: positive if there are more objects now.
    pub(crate) fn shift(&self) -> i64 {
        self.now as i64 - self.known as i64
    }

    /// How many more objects may be asked for within the promise of twenty operations.
    pub(crate) fn room(&self) -> u32 {
        MOST_PROBES.saturating_sub(self.probes)
    }

    /// What to do next.
    pub(crate) fn ask(&self) -> Ask {
        match self.phase {
            Phase::First => Ask::Probe(0),
            Phase::Bisect { low, high } => Ask::Probe(low + (high - low) / 2),
            Phase::Verify(verdict) => {
                self.verify.last().map_or(Ask::Done(verdict), |&at| Ask::Probe(at))
            }
            Phase::Done(verdict) => Ask::Done(verdict),
        }
    }

    /// Takes the answer to the last [`Ask::Probe`].
    pub(crate) fn answer(&mut self, relation: Relation) {
        let Ask::Probe(at) = self.ask() else { return };
        self.probes += 1;
        // Two equal keys on one card: no story can be told by keys alone.
        if relation.same && relation.shifted && self.now != self.known {
            self.phase = Phase::Done(Verdict::Unexplained);
            return;
        }
        match self.phase {
            Phase::First => self.first(relation),
            Phase::Bisect { low, high } => self.bisect(at, relation, low, high),
            Phase::Verify(verdict) => self.verified(verdict, relation),
            Phase::Done(_) => {}
        }
    }

    fn first(&mut self, relation: Relation) {
        if relation.same {
            let high = self.known.min(self.now);
            self.narrow(0, high);
        } else if self.now < self.known && !relation.shifted {
            self.phase = Phase::Done(Verdict::Unexplained);
        } else if self.now > self.known && relation.shifted {
            // Cannot be: position 0 has nothing before it to have moved.
            self.phase = Phase::Done(Verdict::Unexplained);
        } else {
            self.tell(0);
        }
    }

    fn bisect(&mut self, at: u64, relation: Relation, low: u64, high: u64) {
        let count = self.shift().unsigned_abs();
        if relation.same {
            return self.narrow(at, high);
        }
        if self.now < self.known {
            return if relation.shifted {
                self.narrow(low, at)
            } else {
                self.phase = Phase::Done(Verdict::Unexplained);
            };
        }
        // More objects: what is here moved, or it is one of the new ones.
        let (low, high) = if relation.shifted {
            (low, high.min(at.saturating_sub(count)))
        } else {
            (low.max(at.saturating_sub(count)), high.min(at))
        };
        if low >= high {
            self.phase = Phase::Done(Verdict::Unexplained);
        } else {
            self.narrow(low, high);
        }
    }

    fn narrow(&mut self, low: u64, high: u64) {
        if high - low > 1 {
            self.phase = Phase::Bisect { low, high };
        } else {
            self.tell(high);
        }
    }

    /// The change begins at `at`: say so, and look where the story could be wrong.
    fn tell(&mut self, at: u64) {
        let count = self.shift().unsigned_abs();
        let (verdict, behind, most) = if self.now > self.known {
            (Verdict::Inserted { at, count }, at + count, MOST_PROBES)
        } else {
            (Verdict::Removed { at, count }, at, MOST_PROBES_REMOVED)
        };
        self.begin_verify(verdict, behind, self.now, most.saturating_sub(self.probes));
    }

    /// Looks at both ends of `from..to`, then at some places between, as far as `most` allows.
    fn begin_verify(&mut self, verdict: Verdict, from: u64, to: u64, most: u32) {
        self.phase = Phase::Verify(verdict);
        self.verify.clear();
        if from < to {
            self.verify.push(from);
            self.verify.push(to - 1);
            let mut state = self.seed;
            for _ in 2..UNCHANGED_PROBES {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x9E37_79B9);
                self.verify.push(from + (state >> 16) % (to - from));
            }
        }
        let mut seen = Vec::new();
        self.verify.retain(|at| {
            let new = !seen.contains(at);
            seen.push(*at);
            new
        });
        self.verify.truncate(most.min(UNCHANGED_PROBES) as usize);
        self.verify.reverse();
    }

    fn verified(&mut self, verdict: Verdict, relation: Relation) {
        let holds = match verdict {
            Verdict::Unchanged => relation.same,
            _ => relation.shifted,
        };
        if holds {
            self.verify.pop();
        } else {
            self.phase = Phase::Done(Verdict::Unexplained);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn room_is_what_the_promise_leaves() {
        let mut matcher = Matcher::new(5, 6, 1);
        assert_eq!(matcher.room(), MOST_PROBES);
        matcher.answer(Relation { same: true, shifted: false });
        assert_eq!(matcher.room(), MOST_PROBES - 1);
        while let Ask::Probe(_) = matcher.ask() {
            matcher.answer(Relation { same: false, shifted: true });
        }
        assert!(matcher.room() < MOST_PROBES - 1);
    }

    /// Plays a match; returns its verdict and the number of probes.
    fn play(was: &[u32], is: &[u32], seed: u64) -> (Verdict, u32) {
        let mut matcher = Matcher::new(was.len() as u64, is.len() as u64, seed);
        let mut probes = 0;
        loop {
            match matcher.ask() {
                Ask::Done(verdict) => return (verdict, probes),
                Ask::Probe(at) => {
                    probes += 1;
                    let object = is[at as usize];
                    let moved = at as i64 - matcher.shift();
                    let at_was = |at: i64| usize::try_from(at).ok().and_then(|at| was.get(at));
                    let same = at_was(at as i64) == Some(&object);
                    let shifted = at_was(moved) == Some(&object);
                    matcher.answer(Relation { same, shifted });
                }
            }
        }
    }

    fn apply(was: &[u32], verdict: Verdict, is: &[u32]) -> Option<Vec<u32>> {
        let mut out = was.to_vec();
        match verdict {
            Verdict::Unchanged => {}
            Verdict::Inserted { at, count } => {
                let range = at as usize..(at + count) as usize;
                out.splice(at as usize..at as usize, is[range].iter().copied());
            }
            Verdict::Removed { at, count } => {
                out.drain(at as usize..(at + count) as usize);
            }
            Verdict::Unexplained => return None,
        }
        Some(out)
    }

    #[test]
    fn every_contiguous_change_of_ten_thousand_is_found_within_the_probes() {
        let was: Vec<u32> = (0..10_000).collect();
        let mut most = 0;
        for at in (0..=10_000).step_by(97).chain([1, 2, 9_999, 10_000]) {
            for count in [1, 2, 3, 500] {
                let mut more = was.clone();
                more.splice(at..at, (0..count).map(|n| 100_000 + n));
                let (verdict, probes) = play(&was, &more, 7);
                let expected = Verdict::Inserted { at: at as u64, count: u64::from(count) };
                assert_eq!(verdict, expected);
                let end = (at + count as usize).min(was.len());
                let mut fewer = was.clone();
                fewer.drain(at..end);
                let (verdict, fewer_probes) = play(&was, &fewer, 7);
                assert_eq!(apply(&was, verdict, &fewer), Some(fewer));
                most = most.max(probes).max(fewer_probes + 1);
            }
        }
        assert!(most <= MOST_PROBES, "{most} probes");
        assert!(play(&was, &was, 3).1 <= UNCHANGED_PROBES);
    }

    #[test]
    fn what_is_no_single_stretch_is_unexplained() {
        let was: Vec<u32> = (0..100).collect();
        // Two new at the front, one gone in the middle: one more in all.
        let mut is = was.clone();
        is.remove(50);
        is.splice(0..0, [200, 201]);
        assert_eq!(play(&was, &is, 1).0, Verdict::Unexplained);
        // One new and one gone: the count is equal.
        let mut is = was.clone();
        is.remove(50);
        is.insert(0, 200);
        assert_eq!(play(&was, &is, 1).0, Verdict::Unexplained);
        // Formatted and filled again.
        let is: Vec<u32> = (300..380).collect();
        assert_eq!(play(&was, &is, 1).0, Verdict::Unexplained);
        let is: Vec<u32> = (300..480).collect();
        assert_eq!(play(&was, &is, 1).0, Verdict::Unexplained);
    }

    proptest! {
        /// One contiguous change is always found; new objects at the newest end are never missed.
        #[test]
        fn one_change_is_found(n in 0usize..300, at in 0usize..300, count in 0usize..40, add: bool, seed: u64) {
            let was: Vec<u32> = (0..n as u32).collect();
            let at = at.min(n);
            let mut is = was.clone();
            if add {
                is.splice(at..at, (0..count as u32).map(|i| 1000 + i));
            } else {
                is.drain(at..(at + count).min(n));
            }
            let (verdict, _) = play(&was, &is, seed);
            prop_assert_eq!(apply(&was, verdict, &is), Some(is));
        }

        /// After any mix of changes with something new at the front, either the story is right
        /// about the front, or there is none.
        #[test]
        fn something_new_at_the_front_is_never_missed(
            n in 1usize..120, new in 1usize..6, gone in prop::collection::vec(0usize..120, 0..8), seed: u64,
        ) {
            let was: Vec<u32> = (0..n as u32).collect();
            let mut is: Vec<u32> = was.iter().copied().filter(|&o| !gone.contains(&(o as usize))).collect();
            is.splice(0..0, (0..new as u32).map(|i| 1000 + i));
            match play(&was, &is, seed).0 {
                Verdict::Inserted { at, count } => {
                    prop_assert_eq!(at, 0);
                    prop_assert!(count as usize >= new || is[count as usize..].iter().all(|&o| o < 1000));
                }
                verdict => prop_assert_eq!(verdict, Verdict::Unexplained),
            }
        }
    }
}
