//! What is known of each body, in words, for people who wonder whether theirs works.
//!
//! Nothing here changes how filmwire behaves: that is [`crate::quirk`]'s, by what a camera reports.
//! Source of all lines: the fact sheet's sections 4 and 11 and its appendix A.

use crate::quirk::{Quirks, Way};

/// How good the evidence about a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// A log of a real session is public, and filmwire is tested against it.
    Log,
    /// Other projects' working code or captures, or reports to them, describe this body.
    Code,
    /// Other projects name it; nothing of its behaviour is public.
    Name,
    /// Nobody named it.
    Nothing,
}

impl Evidence {
    /// The words in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log of a real session",
            Self::Code => "other projects' code or reports",
            Self::Name => "known by name only",
            Self::Nothing => "unknown",
        }
    }
}

/// What is known of one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// Model as the camera names itself.
    pub model: &'static str,
    /// How good the evidence is.
    pub evidence: Evidence,
    /// What was seen on a real one.
    pub proven: &'static str,
    /// What should work, and why.
    pub expected: &'static str,
    /// What nobody knows.
    pub unknown: &'static str,
}

const GALLERY_AS_XT4: &str = "the gallery as on an X-T4";
const AS_ITS_CLASS: &str = "what it reports of itself decides; its class is simulated";
const ALL: &str = "everything; no log and no code tells of it";

const fn log(model: &'static str, proven: &'static str, unknown: &'static str) -> Body {
    let expected = "listing, fetching, thumbnails, receiving";
    Body { model, evidence: Evidence::Log, proven, expected, unknown }
}

const fn code(
    model: &'static str,
    proven: &'static str,
    expected: &'static str,
    unknown: &'static str,
) -> Body {
    Body { model, evidence: Evidence::Code, proven, expected, unknown }
}

const fn name(model: &'static str) -> Body {
    Body {
        model,
        evidence: Evidence::Name,
        proven: "nothing",
        expected: AS_ITS_CLASS,
        unknown: ALL,
    }
}

/// Every body that some public project names, best evidence first.
pub const BODIES: &[Body] = &[
    log(
        "X-T5",
        "the whole opening up to the gallery and the first ObjectInfo; thumbnails hang without it",
        "its network starts only after a request over Bluetooth, which filmwire cannot make yet; whole files",
    ),
    log(
        "X-T4",
        "the whole opening, ObjectInfo, a thumbnail, the first 16 KiB of a photo",
        "whole files; films",
    ),
    log("X-T2", "the first half of the opening", "the way from there to the gallery is the X-T4's"),
    log(
        "X-T20",
        "the first half of the opening; falls silent after writes in a wrong order",
        "the way from there to the gallery is the X-T4's",
    ),
    code(
        "X-T10",
        "receiving, browsing, location and remote shooting were captured from the vendor's app",
        "listing, fetching, receiving",
        "the order of its gallery's opening",
    ),
    code(
        "X-T1",
        "opening of the remote function, its settings, battery (firmware 5.51)",
        GALLERY_AS_XT4,
        "whether its gallery opens like that",
    ),
    code(
        "X-T100",
        "remote shooting in another project",
        GALLERY_AS_XT4,
        "versions it reports; whether its gallery opens like that",
    ),
    code("X-A2", "versions, a resized file", "listing and fetching without remote mode", "logs"),
    code("X30", "versions", GALLERY_AS_XT4, "logs"),
    code("XF10", "versions", GALLERY_AS_XT4, "a person reports no answer to OpenSession"),
    code("X-H1", "versions; thumbnails without ObjectInfo (firmware 2.14)", GALLERY_AS_XT4, "logs"),
    code("X-S10", "versions; the welcome", GALLERY_AS_XT4, "logs"),
    code(
        "X100VI",
        "the newer way in one project; the first registration often fails",
        "the newer way, or the classic one that libfuji claims for it",
        "what it reports before the way is chosen; its network starts only after a request over Bluetooth",
    ),
    code(
        "X-A5",
        "versions; a person reports that it switches off after an old client's connection",
        "listing and fetching",
        "why it switches off",
    ),
    name("X-T30"),
    name("X-H2"),
    name("X-H2S"),
    name("X-E5"),
    name("X-M5"),
    name("X-T50"),
    name("X-S20"),
    name("X-T30 II"),
    name("X-E4"),
    name("X-T3"),
    name("X-E3"),
    name("X-E2S"),
    name("X-E2"),
    name("X-Pro3"),
    name("X-Pro2"),
    name("X100V"),
    name("X100F"),
    name("X100T"),
    name("X70"),
    name("X-T1 IR"),
    name("XQ1"),
    name("XQ2"),
    name("X-A1"),
    name("X-M1"),
    name("GFX100 II"),
    name("GFX100S"),
    name("GFX100"),
    name("GFX50S II"),
    name("GFX50S"),
    name("GFX50R"),
];

/// What is known of a model, by the name it gives itself; capitals and blanks do not count.
pub fn body(model: &str) -> Option<&'static Body> {
    let plain = |text: &str| {
        let letters = text.chars().filter(|c| c.is_ascii_alphanumeric());
        letters.map(|c| c.to_ascii_uppercase()).collect::<String>()
    };
    BODIES.iter().find(|body| plain(body.model) == plain(model))
}

/// Which simulated body's behaviour a camera's own words come closest to, in words.
pub fn class(quirks: &Quirks) -> &'static str {
    match quirks.way {
        Way::View => "bodies without remote mode, as the X-A2",
        Way::Remote => "bodies with remote mode, as the X-T2, X-T4 and X-T5",
        Way::Newer => "bodies that take the newer app's way only, as we take the X100VI to be",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_found_by_the_names_they_give_themselves() {
        for (text, model) in [("X-T4", "X-T4"), ("X-F10", "XF10"), ("GFX 50S", "GFX50S")] {
            assert_eq!(body(text).map(|body| body.model), Some(model), "{text}");
        }
        assert_eq!(body("X-T4000"), None);
        assert_eq!(body(""), None);
    }

    #[test]
    fn the_table_names_each_body_once_and_the_best_evidence_first() {
        assert!(BODIES.is_sorted_by_key(|body| body.evidence));
        for one in BODIES {
            assert_eq!(body(one.model), Some(one), "{} is shadowed", one.model);
        }
    }
}
