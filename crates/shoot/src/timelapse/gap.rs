//! Frames that were not taken, and the gaps they make.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::schedule::Due;

/// Why a frame was not taken, as a word for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Why {
    /// There was no link to the camera, or it was lost at that moment.
    Link,
    /// The camera did not take it: no focus, a full card, an open menu.
    Refused,
    /// The frame before was not done.
    Busy,
    /// This computer was late: asleep, overloaded, or its clock was set.
    Late,
    /// Filmwire did not run.
    NotRunning,
    /// Filmwire ended without a word around that time.
    Unknown,
    /// The journal could not be written any more, which ends a run.
    Journal,
}

/// Frames that were not taken, one or many in a row, with one cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// The first of them.
    #[serde(flatten, with = "plain")]
    pub first: Due,
    /// The last of them.
    #[serde(flatten, with = "last")]
    pub last: Due,
    /// Why, for programs.
    pub why: Why,
    /// Why, in words.
    pub cause: String,
    /// The first of them may be on the card all the same.
    pub may_exist: bool,
}

/// Frames in a row that were not taken, whatever the causes.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// The first of them.
    pub first: Due,
    /// The last of them.
    pub last: Due,
    /// Why the first one was not taken.
    pub why: Why,
    /// The same in words.
    pub cause: String,
}

impl Gap {
    /// How many frames.
    pub fn frames(&self) -> u64 {
        self.last.number - self.first.number + 1
    }
}

/// Most gaps that are kept to be listed: a camera that takes every other frame would fill the memory
/// in a run without end. The journal has them all.
const MOST_LISTED: usize = 10_000;

/// All gaps of a timelapse: the first ones, and how many there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gaps {
    list: Vec<Gap>,
    unlisted: u64,
    frames: u64,
    /// Number of the last frame that is in one.
    last: u64,
}

impl Gaps {
    /// The first gaps in order.
    pub fn list(&self) -> &[Gap] {
        &self.list
    }

    /// Gaps after those of the list.
    pub fn unlisted(&self) -> u64 {
        self.unlisted
    }

    /// All gaps.
    pub fn count(&self) -> u64 {
        self.list.len() as u64 + self.unlisted
    }

    /// Frames in all of them.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Takes frames that were not taken; true if a gap begins with them.
    pub fn push(&mut self, missed: Missed) -> bool {
        let Missed { first, last, why, cause, .. } = missed;
        let begins = self.count() == 0 || self.last + 1 != first.number;
        self.frames += last.number - first.number + 1;
        self.last = last.number;
        if begins && self.list.len() < MOST_LISTED {
            self.list.push(Gap { first, last, why, cause });
        } else if begins {
            self.unlisted += 1;
        } else if let Some(gap) = self.list.last_mut().filter(|_| self.unlisted == 0) {
            gap.last = last;
        }
        begins
    }
}

/// A frame's fields under their own names.
mod plain {
    use super::{Deserialize, Due, Serialize, Timestamp};
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Fields {
        number: u64,
        slot: u64,
        due: Timestamp,
    }

    pub(super) fn serialize<S: Serializer>(due: &Due, serializer: S) -> Result<S::Ok, S::Error> {
        Fields { number: due.number, slot: due.slot, due: due.at }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Due, D::Error> {
        let Fields { number, slot, due } = Fields::deserialize(deserializer)?;
        Ok(Due { number, slot, at: due })
    }
}

/// The same of the last frame.
mod last {
    use super::{Deserialize, Due, Serialize, Timestamp};
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Fields {
        last_number: u64,
        last_slot: u64,
        last_due: Timestamp,
    }

    pub(super) fn serialize<S: Serializer>(due: &Due, serializer: S) -> Result<S::Ok, S::Error> {
        let (last_number, last_slot) = (due.number, due.slot);
        Fields { last_number, last_slot, last_due: due.at }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Due, D::Error> {
        let Fields { last_number, last_slot, last_due } = Fields::deserialize(deserializer)?;
        Ok(Due { number: last_number, slot: last_slot, at: last_due })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(first: u64, last: u64) -> Missed {
        let due = |number| Due { number, slot: number, at: Timestamp::UNIX_EPOCH };
        let (why, cause) = (Why::Busy, "busy".to_owned());
        Missed { first: due(first), last: due(last), why, cause, may_exist: false }
    }

    #[test]
    fn frames_in_a_row_are_one_gap() {
        let mut gaps = Gaps::default();
        let begins = [(1, 1), (2, 4), (6, 6)].map(|(first, last)| gaps.push(missed(first, last)));
        assert_eq!((begins, gaps.frames(), gaps.count()), ([true, false, true], 5, 2));
        assert_eq!((gaps.list()[0].frames(), gaps.list()[1].first.number), (4, 6));
    }

    /// A month at ten frames a second, of which the camera takes every other one.
    #[test]
    fn gaps_without_end_are_counted_and_not_kept() {
        let mut gaps = Gaps::default();
        let most = MOST_LISTED as u64;
        for gap in 0..3 * most {
            assert!(gaps.push(missed(gap * 4 + 1, gap * 4 + 2)));
            assert!(!gaps.push(missed(gap * 4 + 3, gap * 4 + 3)));
        }
        assert_eq!((gaps.count(), gaps.frames()), (3 * most, 9 * most));
        assert_eq!((gaps.list().len() as u64, gaps.unlisted()), (most, 2 * most));
        assert!(gaps.list().iter().all(|gap| gap.frames() == 3));
    }
}
