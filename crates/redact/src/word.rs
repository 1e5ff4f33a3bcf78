//! Texts: which ones may stand, and what stands for the others.

use std::iter;

use filmwire_codec::{PtpString, Reader};

/// Endings of files on a card.
const ENDINGS: [&str; 6] = [".JPG", ".RAF", ".MOV", ".MP4", ".HIF", ".TIF"];
/// What stands behind the number of a model, and behind a space at its end.
const MARKS: [&str; 9] = ["", "S", "T", "F", "V", "VI", "VII", "R", "RF"];
const BEHIND_MODELS: [&str; 4] = [" II", " III", " IV", " IR"];
/// When photos were taken, as far as a report tells.
const DATE: &str = "20000101T000000";

/// What stands for a text, in as many units of UTF-16: what a camera may have behind the end of a
/// text, such as stale memory, is zeros.
pub(crate) fn in_place_of(text: &PtpString, stand_in: &str) -> Option<PtpString> {
    let mut bytes = Vec::new();
    text.encode(&mut bytes);
    let count = *bytes.first()?;
    let units = stand_in.encode_utf16().chain(iter::repeat(0)).take(usize::from(count));
    bytes = iter::once(count).chain(units.flat_map(u16::to_le_bytes)).collect();
    PtpString::decode(&mut Reader::new(&bytes), "stand-in").ok()
}

/// A text of so many units of UTF-16 that says nothing.
pub(crate) fn blank(text: &str) -> String {
    "X".repeat(text.encode_utf16().count())
}

/// True for a plain model such as `X-T30 II` or `GFX100RF`. Initials and digits that owners or serial
/// numbers bring are none: the letters are those of models that are known, with any one in front.
pub(crate) fn is_model(text: &str) -> bool {
    let rest = ["GFX", "X-", "X"].iter().find_map(|start| text.strip_prefix(start));
    let Some(rest) = rest else { return false };
    let rest = BEHIND_MODELS.iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let (series, rest) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(0));
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, mark) = rest.split_at(digits);
    let is_series = match series.as_bytes() {
        [] | b"Pro" => true,
        [letter] => letter.is_ascii_uppercase(),
        _ => false,
    };
    is_series && (1..=3).contains(&number.len()) && MARKS.contains(&mark)
}

/// True for a version of firmware such as `2.14`; five digits would be a serial number's.
pub(crate) fn is_version(text: &str) -> bool {
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| {
        (1..=2).contains(&major.len())
            && minor.len() == 2
            && [major, minor].into_iter().all(are_digits)
    })
}

/// A name as cameras give it, `DSCF0591.JPG`; the number stays, an owner's own letters do not.
pub(crate) fn object_name(text: &str) -> String {
    let ending = ENDINGS.iter().find(|ending| text.ends_with(**ending));
    let stem = ending.and_then(|ending| text.strip_suffix(*ending));
    let (Some(ending), Some(stem)) = (ending, stem) else {
        return blank(text);
    };
    let number = ["DSCF", "_DSF"].iter().find_map(|start| stem.strip_prefix(start));
    let is_number = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if number.is_some_and(is_number) {
        return text.to_owned();
    }
    format!("{}{ending}", blank(stem))
}

/// A date of equal length.
pub(crate) fn date(text: &str) -> String {
    let units = text.encode_utf16().count();
    match units == DATE.len() {
        true => DATE.to_owned(),
        false => "0".repeat(units),
    }
}

/// True for the one keyword cameras were seen to send.
pub(crate) fn is_keyword(text: &str) -> bool {
    text.strip_prefix("Orientation:")
        .is_some_and(|value| value.len() == 1 && value.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_may_stand_and_serial_numbers_may_not() {
        let models = ["X-T2", "X-T30 III", "X-Pro3", "X100VI", "X-H2S", "GFX100RF", "GFX 50S"];
        let others = ["XF10", "XQ2", "X-E2S", "X100F", "X-T1 IR", "GFX100S II", "X-A10", "X70"];
        for model in models.iter().chain(&others) {
            assert!(is_model(model), "{model}");
        }
        let names = ["X-T2-1234", "X-8231", "FUJIFILM-X-T2-CA2A", "Xavier", "X", "", "X-T2 of Jo"];
        let initials = ["XJo12", "XTim99", "X-T2CA", "X-Ann7", "GFXam1", "X-T30 I", "X100vi"];
        for name in names.iter().chain(&initials) {
            assert!(!is_model(name), "{name}");
        }
    }

    #[test]
    fn names_of_cameras_stay_and_those_of_owners_go() {
        assert_eq!(object_name("DSCF0591.JPG"), "DSCF0591.JPG");
        assert_eq!(object_name("_DSF0591.RAF"), "_DSF0591.RAF");
        assert_eq!(object_name("ANNA0591.JPG"), "XXXXXXXX.JPG");
        assert_eq!(object_name("DSCF0591.ANNA"), "XXXXXXXXXXXXX");
        assert_eq!(object_name("DSCFäöüß.JPG"), "XXXXXXXX.JPG");
        assert_eq!(date("20240607T112233"), DATE);
        assert_eq!(date("2024"), "0000");
        assert!(is_keyword("Orientation:8") && !is_keyword("Orientation:80"));
        assert!(is_version("2.14") && is_version("10.01"));
        for serial in ["53T12345", "53012", "530.12", "2.1.4", "1.", ""] {
            assert!(!is_version(serial), "{serial}");
        }
    }
}
