//! What differs from body to body, as data with evidence.
//!
//! A quirk is chosen by what the camera reports: version properties first, the model's name last.
//! Nothing here is derived from the simulator's personas, or the other way round.

use std::collections::BTreeMap;

use filmwire_codec::DevicePropCode;
use filmwire_codec::code::Grade;

/// How a client must behave towards one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirks {
    /// The remote function must be started and stopped once before the gallery works.
    pub remote_before_gallery: bool,
    /// In which order the gallery is opened after that.
    pub gallery: GalleryOrder,
    /// Whether D227 is written once a session or around each file.
    pub real_size: RealSize,
    /// How many 0xD212 reads make the camera forget an unfinished read.
    pub drain_reads: u32,
    /// Handles count from the oldest object; the classic modes count from the newest (libfuji).
    pub oldest_first: bool,
    /// Whether the event and live view ports are opened on the way to the gallery.
    pub side_sockets: bool,
}

/// The order of the last steps to the gallery, as real clients and bodies went through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GalleryOrder {
    /// DF00=6, D212, get DF25, DF01=11, DF25, D212. Seen: log:XT4.
    VersionReadFirst,
    /// DF00=6, D212 twice, DF01=11, D212, get DF25, DF25, D212. Seen: log:XT5.
    ModeFirst,
}

/// When D227 is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealSize {
    /// Once, before the first file; off again before thumbnails.
    PerSession,
    /// On before and off after each file.
    PerFile,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            remote_before_gallery: false,
            gallery: GalleryOrder::ModeFirst,
            real_size: RealSize::PerSession,
            drain_reads: 4,
            oldest_first: false,
            side_sockets: true,
        }
    }
}

/// Version properties as the camera reported them; a missing one is absent.
pub type Versions = BTreeMap<DevicePropCode, u32>;

/// One line of the table: whom it concerns, what it changes, and why we believe it.
#[derive(Debug)]
pub struct Rule {
    /// Short name for reports.
    pub name: &'static str,
    /// Whom it concerns.
    pub applies: fn(&Versions, &str) -> bool,
    /// What it changes.
    pub change: fn(&mut Quirks),
    /// How sure we are.
    pub grade: Grade,
    /// Where that was seen or read.
    pub evidence: &'static str,
}

/// The table. Later rules win.
pub const RULES: &[Rule] = &[
    Rule {
        name: "remote before gallery",
        applies: |versions, _| versions.contains_key(&DevicePropCode::REMOTE_VERSION),
        change: |quirks| quirks.remote_before_gallery = true,
        grade: Grade::A,
        evidence: "log:XT4 and log:XT5 went this way; an X-T2 that did not reported no storage and blanked its screen (log:XT2); libfuji does it on all bodies with DF24",
    },
    Rule {
        name: "gallery version before mode",
        applies: |versions, _| remote_version(versions) == Some(0x2000A),
        change: |quirks| quirks.gallery = GalleryOrder::VersionReadFirst,
        grade: Grade::A,
        evidence: "log:XT4 (DF24 0x2000A)",
    },
    Rule {
        name: "older bodies as the oldest with a full log",
        applies: |versions, _| remote_version(versions).is_some_and(|version| version < 0x2000A),
        change: |quirks| quirks.gallery = GalleryOrder::VersionReadFirst,
        grade: Grade::C,
        evidence: "remote bodies before the X-T4 have no log that reaches the gallery; inferred from log:XT4",
    },
    Rule {
        name: "gallery mode before version",
        applies: |versions, _| remote_version(versions).is_some_and(|version| version >= 0x2000B),
        change: |quirks| quirks.gallery = GalleryOrder::ModeFirst,
        grade: Grade::A,
        evidence: "log:XT5 (DF24 0x2000B)",
    },
];

fn remote_version(versions: &Versions) -> Option<u32> {
    versions.get(&DevicePropCode::REMOTE_VERSION).copied()
}

impl Quirks {
    /// Chooses by what the camera reports; returns the names of the rules that applied too.
    pub fn choose(versions: &Versions, model: &str) -> (Self, Vec<&'static str>) {
        let mut quirks = Self::default();
        let mut names = Vec::new();
        for rule in RULES.iter().filter(|rule| (rule.applies)(versions, model)) {
            (rule.change)(&mut quirks);
            names.push(rule.name);
        }
        (quirks, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(remote: Option<u32>) -> Quirks {
        let versions = remote.map(|version| (DevicePropCode::REMOTE_VERSION, version));
        Quirks::choose(&versions.into_iter().collect(), "X").0
    }

    #[test]
    fn bodies_are_told_apart_by_their_versions() {
        assert!(!choose(None).remote_before_gallery);
        assert!(choose(Some(0x20004)).remote_before_gallery);
        assert_eq!(choose(Some(0x20004)).gallery, GalleryOrder::VersionReadFirst);
        assert_eq!(choose(Some(0x2000A)).gallery, GalleryOrder::VersionReadFirst);
        assert_eq!(choose(Some(0x2000B)).gallery, GalleryOrder::ModeFirst);
    }

    #[test]
    fn every_rule_has_its_evidence_and_an_own_name() {
        let mut names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
        assert!(RULES.iter().all(|rule| !rule.evidence.is_empty()));
    }
}
