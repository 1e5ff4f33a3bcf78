//! What a run tells while it goes on, and what it says at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use filmwire_camera::{Battery, ReceiveMode};
use filmwire_catalogue::Sha256;
use filmwire_codec::ObjectFormatCode;

/// Something that happened in a run, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// What a run that was cut had left was put in order.
    Mended {
        /// Files that were renamed to their place.
        published: u64,
        /// Files that had been renamed already and were only written down.
        finished: u64,
        /// Files to be fetched again.
        taken_back: u64,
    },
    /// The camera's gallery is open.
    Connected {
        /// Model as the camera says.
        model: String,
        /// Objects the mode lists.
        objects: u32,
    },
    /// The camera sends pictures; which and how many it does not tell before.
    Receiving {
        /// Model as the camera says.
        model: String,
        /// How it came that it sends.
        mode: ReceiveMode,
    },
    /// How full the camera's battery is: at the beginning, and when that changed.
    Battery(Battery),
    /// How the card was looked at.
    Looked(Look),
    /// Objects listed so far, while a full listing goes on.
    Listing {
        /// How many so far.
        listed: u64,
        /// Of how many.
        objects: u64,
    },
    /// A file is about to be fetched (in a dry run: would be).
    Started(FileStart),
    /// Bytes of the current file, resumed ones included.
    Progress {
        /// So far.
        bytes: u64,
        /// In all.
        size: u64,
    },
    /// A file is in the library, checked and written down.
    Published(FileDone),
    /// An object was not fetched although it was wanted. It is tried again next time.
    Failed {
        /// Its name on the camera.
        name: String,
        /// Why.
        reason: String,
    },
    /// An object was passed over.
    Skipped {
        /// Its handle in this session; 0 if it was not asked for.
        handle: u32,
        /// Its name on the camera; may be empty if the camera did not tell.
        name: String,
        /// Why.
        reason: SkipReason,
    },
    /// The card changed while it was read; it is looked at again.
    CardChanged,
    /// Photos tell that another body of the same name is connected.
    OtherBody {
        /// Which attempt at telling them apart this is, from 1.
        bodies: u32,
    },
    /// The connection was lost; it is opened again.
    LinkLost {
        /// Why, in words.
        cause: String,
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// How long we wait before it.
        pause: Duration,
    },
    /// The camera needs nobody any more: it may be switched off.
    CameraFree,
    /// Something a person should know that stops nothing.
    Warning(String),
}

/// How the card was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Probes showed that nothing changed.
    Unchanged,
    /// Probes found one stretch of new objects.
    Added(u64),
    /// Probes found one stretch of objects gone.
    Removed(u64),
    /// All objects are listed.
    Full(FullReason),
    /// A listing that was cut is gone on with.
    Resumed,
    /// Only the newest ones were asked for.
    Newest(u32),
}

/// Why all objects are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullReason {
    /// The card was never listed to its end.
    First,
    /// It was asked for.
    Asked,
    /// The last full listing is too long ago.
    Age,
    /// The probes cannot be explained by one insertion or deletion.
    Unexplained,
}

/// A file that is about to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStart {
    /// Its name on the camera.
    pub name: String,
    /// Where it will be, relative to the library. Known before only in a dry run.
    pub path: Option<String>,
    /// Its size in bytes.
    pub size: u64,
    /// What kind of object it is.
    pub format: ObjectFormatCode,
    /// Bytes that are here from a run that was cut.
    pub resumed: u64,
}

/// A file that is in the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDone {
    /// Its name on the camera.
    pub name: String,
    /// Where it is, relative to the library, with `/`.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content.
    pub sha256: Sha256,
    /// What was checked, in words such as `size+structure`.
    pub proof: String,
    /// The library had this content before; nothing was written.
    pub duplicate: bool,
    /// Its structure is broken on the card itself.
    pub damaged: bool,
    /// When it was taken by the camera's clock, as the file says.
    pub taken: Option<String>,
    /// Seconds by which that clock was ahead of the satellites, if the file tells.
    pub clock_drift_s: Option<i64>,
}

/// Why an object was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SkipReason {
    /// It is no photo or film, such as a folder.
    NoFile,
    /// The options of this run leave it out.
    NotAsked,
    /// The camera would not tell what it is.
    Unreadable,
    /// It failed too often; `catalogue forget` makes the next run try again.
    GivenUp,
    /// It was not asked for, because the camera told nothing of many before it.
    NotListed,
    /// It is so large that its size does not fit into the protocol's 32 bits.
    TooLarge,
    /// The battery is critical, and the camera was left before it.
    Battery,
}

impl SkipReason {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoFile => "no-file",
            Self::NotAsked => "not-asked",
            Self::Unreadable => "unreadable",
            Self::GivenUp => "given-up",
            Self::NotListed => "not-listed",
            Self::TooLarge => "past-4-gib",
            Self::Battery => "battery",
        }
    }
}

/// Why a run ended before it was through, though nobody asked and nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// The camera's battery is critical.
    Battery,
}

impl Stopped {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Battery => "battery",
        }
    }
}

/// What every run says in the end. `seen = new + known + skipped + failed`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Objects the mode lists, of which this run knows what became of them.
    pub seen: u64,
    /// Fetched (in a dry run: to be fetched), duplicates included.
    pub new: u64,
    /// In the library before, or marked as known.
    pub known: u64,
    /// Passed over, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Wanted, not fetched.
    pub failed: u64,
    /// Of the new ones, how many the library had under another name or camera.
    pub duplicates: u64,
    /// Of the new ones, how many are broken on the card itself.
    pub damaged: u64,
    /// Bytes written into the library (in a dry run: to be written).
    pub bytes: u64,
    /// Bytes of files that came from the camera, also of files the library had already.
    pub received_bytes: u64,
    /// True if the run was asked to stop before it was through.
    pub interrupted: bool,
    /// Why it ended early by itself; the objects it did not come to are counted as skipped.
    pub stopped: Option<Stopped>,
    /// Model of the camera.
    pub model: String,
    /// Seconds by which the camera's clock was ahead of the satellites' time, by the file taken last
    /// of those that came in this run and tell it; see [`filmwire_photo::Facts::clock_drift_s`].
    pub clock_drift_s: Option<i64>,
    /// Operations sent to the camera, all sessions of the run together.
    pub operations: u64,
    /// Path of the SHA-256 manifest, relative to the library; `None` if nothing was published.
    pub manifest: Option<String>,
    /// What the camera's mode cannot hand over; said on every run.
    pub out_of_reach: &'static str,
}

impl Summary {
    /// All passed over.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }
}

/// What phone modes cannot hand over. Source: the fact sheet's sections 9.1 and 9.3, grade A for
/// RAF on the classic ways (third parties tell that the newer way lists RAF), C for the rest.
pub const OUT_OF_REACH: &str = "RAF files (except on the newest bodies, perhaps), files of a \
    second card slot and bytes past 4 GiB stay on the card";
