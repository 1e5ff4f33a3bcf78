//! What a photo says of the body that took it.

use std::io::{Cursor, Read, Seek, SeekFrom};

/// Exif lies in the first segment of a JPEG, which has at most 64 KiB.
pub(crate) const HEAD_BYTES: usize = 68 * 1024;

/// What the Exif of a photo tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PhotoFacts {
    /// Serial number of the body: personal data, kept in the catalogue only.
    pub(crate) serial: Option<String>,
    /// DateTimeOriginal in the form of a PTP date, `20160102T150136`.
    pub(crate) taken: Option<String>,
    /// OffsetTimeOriginal in minutes east of UTC.
    pub(crate) utc_offset: Option<i16>,
}

/// Reads the facts of a file; a file without Exif has none.
pub(crate) fn read_facts(file: &mut (impl Read + Seek + ?Sized)) -> PhotoFacts {
    let mut head = vec![0; HEAD_BYTES];
    let mut filled = 0;
    if file.seek(SeekFrom::Start(0)).is_err() {
        return PhotoFacts::default();
    }
    while let Ok(count) = file.read(&mut head[filled..]) {
        filled += count;
        if count == 0 || filled == head.len() {
            break;
        }
    }
    head.truncate(filled);
    facts_of_head(&head)
}

/// Reads the facts from the beginning of a JPEG.
pub(crate) fn facts_of_head(head: &[u8]) -> PhotoFacts {
    let Some(tiff) = exif_of_jpeg(head) else { return PhotoFacts::default() };
    let Ok(exif) = exif::Reader::new().read_raw(tiff.to_vec()) else {
        return PhotoFacts::default();
    };
    let text = |tag| -> Option<String> {
        let field = exif.get_field(tag, exif::In::PRIMARY)?;
        let exif::Value::Ascii(parts) = &field.value else { return None };
        let text = String::from_utf8_lossy(parts.first()?).trim_matches(['\0', ' ']).to_owned();
        (!text.is_empty()).then_some(text)
    };
    PhotoFacts {
        serial: text(exif::Tag::BodySerialNumber),
        taken: text(exif::Tag::DateTimeOriginal).and_then(|text| ptp_date(&text)),
        utc_offset: text(exif::Tag::OffsetTimeOriginal).and_then(|text| offset_minutes(&text)),
    }
}

/// The TIFF part of the first APP1 with Exif, as far as it is here.
fn exif_of_jpeg(head: &[u8]) -> Option<&[u8]> {
    let mut reader = Cursor::new(head);
    let mut marker = [0; 4];
    reader.set_position(2);
    while reader.read_exact(&mut marker).is_ok() {
        let [0xFF, kind, high, low] = marker else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let at = reader.position() as usize;
        let body = head.get(at..at + length.checked_sub(2)?)?;
        if kind == 0xE1 && body.starts_with(b"Exif\0\0") {
            return body.get(6..);
        }
        if kind == 0xDA {
            return None;
        }
        reader.set_position((at + length - 2) as u64);
    }
    None
}

/// `2016:01:02 15:01:36` becomes `20160102T150136`.
fn ptp_date(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let date = format!("{}T{}", digits.get(..8)?, digits.get(8..14)?);
    filmwire_codec::DateTime::parse(&date).map(|_| date)
}

/// `+09:00` becomes 540.
fn offset_minutes(text: &str) -> Option<i16> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    // Digits only: a second sign would pass the parser.
    let two = |text: &str| -> Option<i16> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_offsets_of_exif() {
        assert_eq!(ptp_date("2016:01:02 15:01:36"), Some("20160102T150136".into()));
        assert_eq!(ptp_date("    :  :     :  :  "), None);
        assert_eq!(ptp_date("2016:13:02 15:01:36"), None);
        assert_eq!(offset_minutes("+09:00"), Some(540));
        assert_eq!(offset_minutes("-03:30"), Some(-210));
        assert_eq!(offset_minutes("   :  "), None);
        for text in ["+99:00", "+-999:00", "+-18:-99", "+9:00", "+09:60", "09:00"] {
            assert_eq!(offset_minutes(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_photo_has_no_facts() {
        for bytes in [
            &b""[..],
            b"\xFF\xD8",
            b"\xFF\xD8\xFF\xE1\x00\x01",
            b"\xFF\xD8\xFF\xE1\xFF\xFFExif\0\0",
            b"\xFF\xD8\xFF\xE1\x00\x0AExif\0\0II",
        ] {
            assert_eq!(facts_of_head(bytes), PhotoFacts::default());
        }
    }
}
