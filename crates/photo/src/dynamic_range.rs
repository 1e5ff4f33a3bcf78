//! Dynamic range as the camera shows it.

use std::fmt;

use crate::maker_note::MakerNote;

/// How highlights and shadows were kept. Its `Display` is what the camera shows, such as `DR200`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DynamicRange {
    /// In percent: 100, 200, 400.
    Percent(u16),
    /// D-range priority, with a strength the camera chose.
    PriorityAuto,
    /// D-range priority, weak.
    PriorityWeak,
    /// D-range priority, strong.
    PriorityStrong,
    /// Standard; bodies that tell no percents.
    Standard,
    /// Wide; bodies that tell no percents.
    Wide,
}

impl DynamicRange {
    /// Reads it off a maker note.
    ///
    /// Source: Reported: exiftool and exiv2 for tags and values. That priority 1 is a fixed
    /// strength told by 0x1444 is read off exiv2's samples of an X-T3, which are named after what
    /// they were taken with.
    #[must_use]
    pub fn of_note(note: &MakerNote<'_>) -> Option<Self> {
        let percent = |tag| {
            let found = note.number(tag).and_then(|number| u16::try_from(number).ok());
            found.filter(|percent| *percent > 0).map(Self::Percent)
        };
        let priority = note.number(MakerNote::DR_PRIORITY).and_then(|priority| {
            let fixed = note.number(MakerNote::DR_PRIORITY_FIXED);
            match (priority, fixed.or_else(|| note.number(MakerNote::DR_PRIORITY_STRENGTH))) {
                (0, _) => Some(Self::PriorityAuto),
                (1, Some(1)) => Some(Self::PriorityWeak),
                (1, Some(2)) => Some(Self::PriorityStrong),
                _ => None,
            }
        });
        let setting = || match note.number(MakerNote::DYNAMIC_RANGE_SETTING)? {
            0x0100 => Some(Self::Percent(100)),
            0x0200 => Some(Self::Percent(230)),
            0x0201 => Some(Self::Percent(400)),
            _ => None,
        };
        let coarse = || match note.number(MakerNote::DYNAMIC_RANGE)? {
            1 => Some(Self::Standard),
            3 => Some(Self::Wide),
            _ => None,
        };
        priority
            .or_else(|| percent(MakerNote::DEVELOPMENT_DYNAMIC_RANGE))
            .or_else(|| percent(MakerNote::AUTO_DYNAMIC_RANGE))
            .or_else(setting)
            .or_else(coarse)
    }
}

impl fmt::Display for DynamicRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => f.pad(&format!("DR{percent}")),
            Self::PriorityAuto => f.pad("DR-P auto"),
            Self::PriorityWeak => f.pad("DR-P weak"),
            Self::PriorityStrong => f.pad("DR-P strong"),
            Self::Standard => f.pad("standard"),
            Self::Wide => f.pad("wide"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maker_note::tests::note;

    fn shown(numbers: &[(u16, u32)]) -> Option<String> {
        let numbers: Vec<_> = numbers.iter().map(|(tag, number)| (*tag, 3, *number)).collect();
        let note = note(&numbers, "x");
        DynamicRange::of_note(&MakerNote::parse(&note).unwrap()).map(|range| range.to_string())
    }

    #[test]
    fn the_most_telling_tag_counts() {
        assert_eq!(shown(&[(0x1400, 1), (0x1402, 1), (0x1403, 200)]).unwrap(), "DR200");
        assert_eq!(shown(&[(0x1400, 1), (0x1402, 0), (0x140B, 400)]).unwrap(), "DR400");
        assert_eq!(shown(&[(0x1400, 3), (0x1402, 0x200)]).unwrap(), "DR230");
        assert_eq!(shown(&[(0x1400, 3), (0x1402, 0)]).unwrap(), "wide");
        assert_eq!(shown(&[(0x1400, 1), (0x1443, 1), (0x1444, 2)]).unwrap(), "DR-P strong");
        assert_eq!(shown(&[(0x1443, 1), (0x1444, 2), (0x1445, 1)]).unwrap(), "DR-P weak");
        assert_eq!(shown(&[(0x1400, 1), (0x1443, 0), (0x1445, 1)]).unwrap(), "DR-P auto");
        assert_eq!(shown(&[(0x1400, 7)]), None);
        assert_eq!(shown(&[]), None);
    }
}
