//! Texts: which ones may stand, and what stands for the others.

use filmwire_codec::PtpString;

/// Endings of files on a card.
const ENDINGS: [&str; 6] = [".JPG", ".RAF", ".MOV", ".MP4", ".HIF", ".TIF"];
/// When photos were taken, as far as a report tells.
const DATE: &str = "20000101T000000";

/// A text of so many units of UTF-16 that says nothing.
pub(crate) fn blank(text: &str) -> PtpString {
    let units = text.encode_utf16().count();
    PtpString::from("X".repeat(units).as_str())
}

/// The text if it is a plain model such as `X-T30 II` or `GFX100RF`: at most three digits in a row,
/// so that no serial number is one.
pub(crate) fn is_model(text: &str) -> bool {
    let rest = ["GFX", "X-", "X"].iter().find_map(|start| text.strip_prefix(start));
    let Some(rest) = rest else { return false };
    let rest = rest.strip_suffix(" II").unwrap_or(rest);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let letters = |text: &str| text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (series, rest) = rest.split_at(letters(rest));
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, mark) = rest.split_at(digits);
    series.len() <= 3
        && (1..=3).contains(&number.len())
        && mark.len() <= 2
        && letters(mark) == mark.len()
}

/// True for a version of firmware such as `2.14`.
pub(crate) fn is_version(text: &str) -> bool {
    text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A name as cameras give it, `DSCF0591.JPG`; the number stays, an owner's own letters do not.
pub(crate) fn object_name(text: &str) -> String {
    let ending = ENDINGS.iter().find(|ending| text.ends_with(**ending));
    let stem = ending.and_then(|ending| text.strip_suffix(*ending));
    let (Some(ending), Some(stem)) = (ending, stem) else {
        return "X".repeat(text.encode_utf16().count());
    };
    let number = ["DSCF", "_DSF"].iter().find_map(|start| stem.strip_prefix(start));
    let is_number = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if number.is_some_and(is_number) {
        return text.to_owned();
    }
    format!("{}{ending}", "X".repeat(stem.encode_utf16().count()))
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
        let models =
            ["X-T2", "X-T30 II", "X-Pro3", "X100VI", "X-H2S", "GFX100RF", "GFX 50S", "XF10"];
        for model in models {
            assert!(is_model(model), "{model}");
        }
        for name in ["X-T2-1234", "X-8231", "FUJIFILM-X-T2-CA2A", "Xavier", "X", "", "X-T2 of Jo"] {
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
        assert!(is_version("2.14") && !is_version("53T12345"));
    }
}
