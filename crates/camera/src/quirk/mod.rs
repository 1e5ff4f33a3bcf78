//! What differs from body to body, as data with evidence.
//!
//! A quirk is chosen by what the camera reports: its state and version properties first, the
//! model's name last. Nothing here is derived from the simulator's personas, or the other way
//! round.

mod rules;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use filmwire_codec::code::Grade;
use filmwire_codec::{CameraState, DevicePropCode};

pub use rules::RULES;

/// How a client must behave towards one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirks {
    /// Which way leads to the gallery.
    pub way: Way,
    /// In which order the gallery of a remote session is opened.
    pub gallery: GalleryOrder,
    /// How the camera is made to tell true sizes, and how often.
    pub real_size: RealSize,
    /// How many 0xD212 reads make the camera forget an unfinished read.
    pub drain_reads: u32,
    /// Handles count from the oldest object; the classic modes count from the newest (libfuji).
    pub oldest_first: bool,
    /// Which end handles count from is doubtful: it is looked up by the dates of both ends.
    pub order_by_dates: bool,
    /// Whether the event and live view ports are opened on the way to the gallery.
    pub side_sockets: bool,
}

/// The way to the gallery. Source: the fact sheet's sections 4.7 and 4.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// DF01=2: bodies without remote mode.
    View,
    /// DF01=5, remote function started and stopped, DF01=11: remote-capable bodies.
    Remote,
    /// DF01=20: the way of the vendor's newer app.
    Newer,
}

impl Way {
    /// The word in reports and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Remote => "remote",
            Self::Newer => "newer",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::View, Self::Remote, Self::Newer]
            .into_iter()
            .find(|way| way.as_str() == text)
            .ok_or_else(|| {
                format!("{text:?} is no way to the gallery; choose from view, remote, newer")
            })
    }
}

/// The order of the last steps to the gallery, as real clients and bodies went through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GalleryOrder {
    /// DF00=6, D212, get DF25, DF01=11, DF25, D212. Seen: log:XT4.
    VersionReadFirst,
    /// DF00=6, D212 twice, DF01=11, D212, get DF25, DF25, D212. Seen: log:XT5.
    ModeFirst,
}

/// How the camera is made to tell true sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RealSize {
    /// D227=1 once, before the first file; off again before thumbnails.
    PerSession,
    /// D227=1 before and 0 after each file.
    PerFile,
    /// D226=2 (original) once, before the first file: the newer way (libfuji, section 4.8).
    ByOriginal,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            way: Way::View,
            gallery: GalleryOrder::ModeFirst,
            real_size: RealSize::PerSession,
            drain_reads: 4,
            oldest_first: false,
            order_by_dates: false,
            side_sockets: true,
        }
    }
}

/// Version properties as the camera reported them; a missing one is absent.
pub type Versions = BTreeMap<DevicePropCode, u32>;

/// What the camera told of itself before the way is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// DF00 once access was granted.
    pub state: CameraState,
    /// The versions it reported.
    pub versions: &'a Versions,
    /// The model's name in the init ack.
    pub model: &'a str,
    /// The way its person wants, against what the rules would choose.
    pub way: Option<Way>,
}

impl Told<'_> {
    pub(crate) fn has(&self, property: DevicePropCode) -> bool {
        self.versions.contains_key(&property)
    }

    pub(crate) fn remote_version(&self) -> Option<u32> {
        self.versions.get(&DevicePropCode::REMOTE_VERSION).copied()
    }
}

/// One line of the table: whom it concerns, what it changes, and why we believe it.
#[derive(Debug)]
pub struct Rule {
    /// Short name for reports.
    pub name: &'static str,
    /// Whom it concerns.
    pub applies: fn(&Told<'_>) -> bool,
    /// What it changes.
    pub change: fn(&mut Quirks),
    /// How sure we are.
    pub grade: Grade,
    /// Where that was seen or read.
    pub evidence: &'static str,
}

impl Quirks {
    /// Chooses by what the camera reports; returns the names of the rules that applied too.
    pub fn choose(told: &Told<'_>) -> (Self, Vec<&'static str>) {
        let mut quirks = Self::default();
        let mut names = Vec::new();
        for rule in RULES.iter().filter(|rule| (rule.applies)(told)) {
            (rule.change)(&mut quirks);
            names.push(rule.name);
        }
        (quirks, names)
    }
}
