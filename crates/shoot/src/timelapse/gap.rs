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

/// All gaps of a timelapse.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gaps(Vec<Gap>);

impl Gaps {
    /// The gaps in order.
    pub fn list(&self) -> &[Gap] {
        &self.0
    }

    /// Frames in all of them.
    pub fn frames(&self) -> u64 {
        self.0.iter().map(Gap::frames).sum()
    }

    /// Takes frames that were not taken; true if a gap begins with them.
    pub fn push(&mut self, missed: Missed) -> bool {
        let Missed { first, last, why, cause, .. } = missed;
        match self.0.last_mut() {
            Some(gap) if gap.last.number + 1 == first.number => {
                gap.last = last;
                false
            }
            _ => {
                self.0.push(Gap { first, last, why, cause });
                true
            }
        }
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
