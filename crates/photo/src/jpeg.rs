//! JPEG: segments, the end, where Exif begins, and the size in pixels.
//!
//! Source: ITU-T T.81, annex B (markers and segments); Exif 2.32, 4.5.4 (APP1).

use std::io::{self, Read, Seek};

use crate::source::{be_u16, read_at};
use crate::structure::{Structure, broken};

/// Bytes looked at at once when searching for a JPEG's end.
pub(crate) const WINDOW_BYTES: usize = 64 * 1024;

/// Start of scan: pixels follow.
const SOS: u8 = 0xDA;
/// End of image.
const EOI: u8 = 0xD9;
/// Holds Exif.
const APP1: u8 = 0xE1;

/// Checks the segments and that there is an end.
pub(crate) fn check(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
    let mut at = 2;
    loop {
        let segment = read_at(file, at, 4)?;
        let &[0xFF, marker, high, low] = segment.as_slice() else {
            return broken(format!("no JPEG segment at byte {at}"));
        };
        match marker {
            // Fill bytes before a marker.
            0xFF => at += 1,
            0x01 | 0xD0..=0xD8 => at += 2,
            EOI => return broken("the JPEG ends before its scan"),
            _ => {
                let bytes = u64::from(u16::from_be_bytes([high, low]));
                if bytes < 2 || at + 2 + bytes > length {
                    return broken(format!("JPEG segment {marker:02X} at byte {at} is too long"));
                }
                at += 2 + bytes;
                // What stands in the scan's own header is no end.
                if marker == SOS {
                    break;
                }
            }
        }
    }
    if find_backwards(file, at, length, [0xFF, EOI])? {
        return Ok(Structure::Whole);
    }
    broken("the JPEG has no end marker")
}

/// Searches the two bytes between `from` and `to`, from the end, since that is where they are.
fn find_backwards(
    file: &mut (impl Read + Seek + ?Sized),
    from: u64,
    to: u64,
    wanted: [u8; 2],
) -> io::Result<bool> {
    let mut end = to;
    while end > from {
        let start = end.saturating_sub(WINDOW_BYTES as u64).max(from);
        // One byte more, so that a pair across the border is seen.
        let most = (end - start) as usize + 1;
        let window = read_at(file, start, most)?;
        if window.windows(2).any(|pair| pair == wanted) {
            return Ok(true);
        }
        end = start;
    }
    Ok(false)
}

/// The segments in the beginning of a JPEG up to its scan: marker, where the content begins, and
/// the content as far as it is here.
pub(crate) fn segments(head: &[u8]) -> impl Iterator<Item = (u8, usize, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        while head.get(at) == Some(&0xFF) && head.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let (&0xFF, &marker) = (head.get(at)?, head.get(at + 1)?) else { return None };
        let length = usize::from(be_u16(head, at + 2)?);
        if marker == SOS || length < 2 {
            return None;
        }
        let body = at + 4;
        at = body + length - 2;
        Some((marker, body, head.get(body..at.min(head.len()))?))
    })
}

/// Where the TIFF part of the Exif segment begins.
pub(crate) fn exif_at(head: &[u8]) -> Option<usize> {
    segments(head)
        .find(|(marker, _, body)| *marker == APP1 && body.starts_with(b"Exif\0\0"))
        .map(|(_, at, _)| at + 6)
}

/// Width and height by the frame header, if it is in `head`.
pub(crate) fn pixels(head: &[u8]) -> Option<(u32, u32)> {
    let is_frame = |marker: u8| {
        // C4, C8 and CC are tables and a reserved marker.
        matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
    };
    let (_, _, frame) = segments(head).find(|(marker, ..)| is_frame(*marker))?;
    let (height, width) = (be_u16(frame, 1)?, be_u16(frame, 3)?);
    (width > 0 && height > 0).then_some((u32::from(width), u32::from(height)))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn an_end_inside_the_scans_header_is_none() {
        let check = |file: &[u8]| check(&mut Cursor::new(file), file.len() as u64).unwrap();
        // Found by fuzzing: the length of the header would pass for an end.
        assert!(matches!(check(b"\xFF\xD8\xFF\xDA\xFF\xD9"), Structure::Broken(_)));
        assert!(matches!(check(b"\xFF\xD8\xFF\xDA\x00\x04\xFF\xD9"), Structure::Broken(_)));
        assert_eq!(check(b"\xFF\xD8\xFF\xDA\x00\x04ab\xFF\xD9"), Structure::Whole);
    }

    #[test]
    fn exif_and_pixels_are_found_behind_other_segments() {
        let mut head = b"\xFF\xD8\xFF\xE0\x00\x04ab\xFF\xFF\xE1\x00\x0AExif\0\0II".to_vec();
        assert_eq!(exif_at(&head), Some(19));
        assert_eq!(&head[19..], b"II");
        head.extend(b"\xFF\xC4\x00\x04\x12\x34\xFF\xC0\x00\x09\x08\x00\x10\x01\x20\x03\x00");
        assert_eq!(pixels(&head), Some((0x120, 0x10)));
        assert_eq!(pixels(b"\xFF\xD8\xFF\xDA\x00\x02"), None);
        assert_eq!(exif_at(b"\xFF\xD8\xFF\xE1\x00\x01Exif\0\0"), None, "a length below itself");
    }
}
