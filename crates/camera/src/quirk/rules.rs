//! The table of quirks.

use filmwire_codec::code::Grade;
use filmwire_codec::{CameraState, DevicePropCode};

use super::{GalleryOrder, Quirks, RealSize, Rule, Told, Way};

/// The table. Later rules win.
pub const RULES: &[Rule] = &[
    Rule {
        name: "remote before gallery",
        applies: |told| way(told) == Way::Remote,
        change: |quirks| quirks.way = Way::Remote,
        grade: Grade::A,
        evidence: "DF24 is there: log:XT4 and log:XT5 went this way; an X-T2 that did not reported no storage and blanked its screen (log:XT2); libfuji does it on all bodies with DF24",
    },
    Rule {
        name: "gallery version before mode",
        applies: |told| way(told) == Way::Remote && told.remote_version() == Some(0x2000A),
        change: |quirks| quirks.gallery = GalleryOrder::VersionReadFirst,
        grade: Grade::A,
        evidence: "log:XT4 (DF24 0x2000A)",
    },
    Rule {
        name: "older bodies as the oldest with a full log",
        applies: |told| {
            way(told) == Way::Remote
                && told.remote_version().is_some_and(|version| version < 0x2000A)
        },
        change: |quirks| quirks.gallery = GalleryOrder::VersionReadFirst,
        grade: Grade::C,
        evidence: "remote bodies before the X-T4 have no log that reaches the gallery; inferred from log:XT4",
    },
    Rule {
        name: "gallery mode before version",
        applies: |told| {
            way(told) == Way::Remote
                && told.remote_version().is_some_and(|version| version >= 0x2000B)
        },
        change: |quirks| quirks.gallery = GalleryOrder::ModeFirst,
        grade: Grade::A,
        evidence: "log:XT5 (DF24 0x2000B)",
    },
    Rule {
        name: "newer way",
        applies: |told| way(told) == Way::Newer,
        change: |quirks| {
            *quirks = Quirks {
                way: Way::Newer,
                real_size: RealSize::ByOriginal,
                oldest_first: true,
                order_by_dates: true,
                ..quirks.clone()
            };
        },
        grade: Grade::C,
        evidence: "DF28 is there and neither DF24 nor DF22, or DF00 is 20, or it was asked for. The steps are libfuji's working code (B); that a body is to be recognised like this is our inference: nothing on the wire names the way",
    },
];

/// What the camera's words mean for the way. Written down with its doubt in the decision 0007.
fn way(told: &Told<'_>) -> Way {
    if let Some(way) = told.way {
        return way;
    }
    if told.state == CameraState::NEW_APP {
        return Way::Newer;
    }
    // An empty version means that the function does not exist (the fact sheet's section 4.2).
    if told.has(DevicePropCode::REMOTE_VERSION) {
        return Way::Remote;
    }
    let classic = told.has(DevicePropCode::VIEW_VERSION);
    if told.has(DevicePropCode::EXTENDED_VIEW_VERSION) && !classic { Way::Newer } else { Way::View }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quirk::Versions;

    fn choose(versions: &[(DevicePropCode, u32)], state: u16, way: Option<Way>) -> Quirks {
        let versions: Versions = versions.iter().copied().collect();
        let told = Told { state: CameraState(state), versions: &versions, model: "X", way };
        Quirks::choose(&told).0
    }

    fn remote(version: u32) -> Quirks {
        let view = (DevicePropCode::VIEW_VERSION, 4);
        let extended = (DevicePropCode::EXTENDED_VIEW_VERSION, 1);
        choose(&[(DevicePropCode::REMOTE_VERSION, version), view, extended], 6, None)
    }

    #[test]
    fn bodies_are_told_apart_by_their_versions() {
        assert_eq!(choose(&[(DevicePropCode::VIEW_VERSION, 2)], 2, None).way, Way::View);
        assert_eq!(choose(&[], 2, None).way, Way::View);
        for version in [0x20001, 0x20004, 0x2000A, 0x2000B, 0x2000F] {
            assert_eq!(remote(version).way, Way::Remote, "{version:#X}");
        }
        assert_eq!(remote(0x20004).gallery, GalleryOrder::VersionReadFirst);
        assert_eq!(remote(0x2000A).gallery, GalleryOrder::VersionReadFirst);
        assert_eq!(remote(0x2000B).gallery, GalleryOrder::ModeFirst);
    }

    #[test]
    fn the_newer_way_is_taken_only_where_nothing_else_is_offered_or_it_is_told() {
        let extended = (DevicePropCode::EXTENDED_VIEW_VERSION, 3);
        let newer = choose(&[extended], 6, None);
        assert_eq!(newer.way, Way::Newer);
        assert!(newer.oldest_first && newer.order_by_dates);
        assert_eq!(newer.real_size, RealSize::ByOriginal);
        assert_eq!(choose(&[extended, (DevicePropCode::VIEW_VERSION, 5)], 2, None).way, Way::View);
        let all = [extended, (DevicePropCode::REMOTE_VERSION, 0x2000B)];
        assert_eq!(choose(&all, 6, None).way, Way::Remote);
        assert_eq!(choose(&all, 20, None).way, Way::Newer, "the camera is there already");
        assert_eq!(choose(&all, 6, Some(Way::Newer)).way, Way::Newer, "it was asked for");
        assert_eq!(choose(&[extended], 6, Some(Way::View)), Quirks::default());
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
