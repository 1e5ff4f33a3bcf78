//! What a capture tells of a body, without who used it.

use std::collections::{BTreeMap, BTreeSet};

use filmwire_codec::dataset::DevicePropDesc;
use filmwire_sim::persona::{OkPolicy, VersionTooLow};

/// Different values of one thing that are kept.
const MOST_VALUES: usize = 8;

/// Which D212 list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    /// The first of a session, or after DF00 was written.
    Start,
    /// As that, of a camera on which pictures were picked.
    Picked,
    /// Once the gallery is open.
    Gallery,
    /// While a remote function runs.
    Remote,
    /// Once the person has chosen.
    Receive,
    /// After DF01 = 20.
    Newer,
}

/// Codes and values of a D212 list.
pub(super) type Entries = Vec<(u16, u32)>;

/// Different values in the order they were seen.
#[derive(Debug)]
pub(super) struct Several<T>(Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Several<T> {
    pub(super) fn see(&mut self, value: T) {
        if self.0.len() < MOST_VALUES && !self.0.contains(&value) {
            self.0.push(value);
        }
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.0.first()
    }

    /// What contradicts the first.
    pub(super) fn others(&self) -> &[T] {
        self.0.get(1..).unwrap_or_default()
    }

    pub(super) fn all(&self) -> &[T] {
        &self.0
    }
}

/// A number that was read or written: its width in bytes, and the number.
pub(super) type Number = (usize, u32);

/// What an object is said to be.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// Its size before the client asked for true ones.
    pub(super) told_bytes: Option<u32>,
    /// Its size where the client asked for true ones.
    pub(super) true_bytes: Option<u32>,
    /// Its date, to be compared alone.
    pub(super) taken: Option<filmwire_codec::DateTime>,
}

/// Everything that was seen. Only numbers, and of texts the model and the firmware: no serial
/// numbers, no names of clients or files.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// How the camera calls itself.
    pub(super) model: Option<String>,
    /// Cameras that are left out.
    pub(super) others: BTreeSet<String>,
    pub(super) sessions: u64,
    pub(super) firmware: Several<String>,
    pub(super) is_registered_again: bool,
    /// Init fails before the first ack, and how many acks had some before them.
    pub(super) init_fails: (u32, u32),
    pub(super) ok: Option<(OkPolicy, u64)>,
    /// Shortest time from the ack to an OpenSession that was answered.
    pub(super) open_after_ms: Option<u64>,
    pub(super) second_open: Several<u16>,
    pub(super) device_info: Several<bool>,
    pub(super) states: Several<u16>,
    pub(super) lists: BTreeMap<List, Several<Entries>>,
    /// Properties that were read.
    pub(super) reads: BTreeMap<u16, Several<Number>>,
    /// Properties that gave nothing, and the response.
    pub(super) empty_reads: BTreeMap<u16, u16>,
    /// Properties that gave what is no number, and its length.
    pub(super) long_reads: BTreeMap<u16, u64>,
    /// Reads of DF00, DF01 and D222 where the value was known: true if they told it.
    pub(super) state_reads: Several<bool>,
    /// Written, and OK.
    pub(super) written: BTreeMap<u16, Number>,
    /// Written, and refused.
    pub(super) refused: BTreeMap<u16, u16>,
    /// More than two bytes for DF00, DF01, D226, D227: the response.
    pub(super) surplus_values: Several<u16>,
    /// A version was written outside its mode, and a write after it answered.
    pub(super) is_early_version_taken: bool,
    /// What a version below the body's own met.
    pub(super) low_version: Several<VersionTooLow>,
    /// Fewest D212 reads after which another object was answered, with a read unfinished.
    pub(super) cure_reads: Option<u32>,
    /// From 0x902B, then single ones.
    pub(super) capabilities: Vec<DevicePropDesc>,
    /// Descriptors that cannot be read.
    pub(super) strange_descriptors: u64,
    /// Mode and version after which objects were answered.
    pub(super) galleries: Several<(u16, u16)>,
    /// Those galleries opened without a remote function before.
    pub(super) is_opened_without_remote: bool,
    pub(super) is_without_gallery: bool,
    /// Responses to 0x101C.
    pub(super) remote_starts: Several<u16>,
    pub(super) chosen_after_ms: Option<u64>,
    pub(super) is_battery_told: bool,
    pub(super) objects: BTreeMap<u32, Object>,
    pub(super) newer_objects: BTreeMap<u32, Object>,
    /// Formats of objects: of phone modes, and of the newer path.
    pub(super) formats: BTreeSet<u16>,
    pub(super) newer_formats: BTreeSet<u16>,
    pub(super) is_thumb_before_info: bool,
    /// Greatest piece, and whether more was asked for and there.
    pub(super) piece: (u64, bool),
    /// What the operations of the newer path answer: true if there is data.
    pub(super) newer_answers: Several<(u16, bool)>,
    /// Times of operations and of written properties, in milliseconds.
    pub(super) times: BTreeMap<u16, Vec<u64>>,
    /// By operation and response; none: never answered.
    pub(super) operations: BTreeMap<(u16, Option<u16>), u64>,
    /// Transactions that are not used, because the capture does not have everything.
    pub(super) incomplete: u64,
}
