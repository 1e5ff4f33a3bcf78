//! Film simulations by their names.

use std::fmt;

use crate::maker_note::MakerNote;

/// Which film simulation the camera developed the photo with. Its `Display` is the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilmSimulation {
    /// One we know, by the name the camera shows.
    Known(&'static str),
    /// A value of `FilmMode` we do not know.
    Unknown(u16),
}

/// Values of `FilmMode` (0x1401). Source: Reported: exiftool and exiv2, which agree up to 0x0A00;
/// 0x0B00 by exiftool alone. The Studio Portraits are of bodies before the X series.
const FILM_MODES: &[(u16, &str)] = &[
    (0x0000, "Provia"),
    (0x0100, "Studio Portrait"),
    (0x0110, "Studio Portrait Enhanced"),
    (0x0120, "Astia"),
    (0x0130, "Studio Portrait Sharp"),
    (0x0200, "Velvia"),
    (0x0300, "Studio Portrait Ex"),
    (0x0400, "Velvia"),
    (0x0500, "Pro Neg. Std"),
    (0x0501, "Pro Neg. Hi"),
    (0x0600, "Classic Chrome"),
    (0x0700, "Eterna"),
    (0x0800, "Classic Neg."),
    (0x0900, "Eterna Bleach Bypass"),
    (0x0A00, "Nostalgic Neg."),
    (0x0B00, "Reala Ace"),
];

/// Values of `Saturation` (0x1003) that are film simulations without colour. Source: as above.
const WITHOUT_COLOUR: &[(u16, &str)] = &[
    (0x0300, "Monochrome"),
    (0x0301, "Monochrome+R"),
    (0x0302, "Monochrome+Ye"),
    (0x0303, "Monochrome+G"),
    (0x0310, "Sepia"),
    (0x0500, "Acros"),
    (0x0501, "Acros+R"),
    (0x0502, "Acros+Ye"),
    (0x0503, "Acros+G"),
];

impl FilmSimulation {
    /// Reads it off the two tags. Bodies tell films without colour by the saturation alone, and
    /// then give no film mode, or one that means nothing.
    #[must_use]
    pub fn of(film_mode: Option<u16>, saturation: Option<u16>) -> Option<Self> {
        let named = |table: &[(u16, &'static str)], wanted: u16| {
            table.iter().find(|(code, _)| *code == wanted).map(|(_, name)| Self::Known(name))
        };
        let without_colour = saturation.and_then(|code| named(WITHOUT_COLOUR, code));
        without_colour.or_else(|| {
            let code = film_mode?;
            Some(named(FILM_MODES, code).unwrap_or(Self::Unknown(code)))
        })
    }

    /// Reads it off a maker note.
    #[must_use]
    pub fn of_note(note: &MakerNote<'_>) -> Option<Self> {
        let code = |tag| note.number(tag).and_then(|number| u16::try_from(number).ok());
        Self::of(code(MakerNote::FILM_MODE), code(MakerNote::SATURATION))
    }
}

impl fmt::Display for FilmSimulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name) => f.pad(name),
            Self::Unknown(code) => f.pad(&format!("{code:#06X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn name(film_mode: Option<u16>, saturation: Option<u16>) -> Option<String> {
        FilmSimulation::of(film_mode, saturation).map(|film| film.to_string())
    }

    #[test]
    fn films_have_names() {
        assert_eq!(name(Some(0x200), Some(0)).unwrap(), "Velvia");
        assert_eq!(name(Some(0x600), None).unwrap(), "Classic Chrome");
        assert_eq!(name(None, Some(0x502)).unwrap(), "Acros+Ye");
        assert_eq!(name(Some(0), Some(0x300)).unwrap(), "Monochrome", "the saturation decides");
        assert_eq!(name(Some(0xC34), None).unwrap(), "0x0C34");
        assert_eq!(name(None, Some(0x80)), None, "more colour is no film");
        assert_eq!(name(None, None), None);
    }

    #[test]
    fn no_code_stands_twice() {
        for table in [FILM_MODES, WITHOUT_COLOUR] {
            let codes: BTreeSet<u16> = table.iter().map(|(code, _)| *code).collect();
            assert_eq!(codes.len(), table.len());
        }
    }
}
