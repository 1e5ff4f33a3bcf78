//! JPEG: segments, the end, where Exif begins, and the size in pixels.
//!
//! Source: ITU-T T.81, annex B (markers and segments); Exif 2.32, 4.5.4 (APP1).

use std::io::{self, Read, Seek};

use crate::multi_picture;
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
/// Tells of further pictures, among others.
const APP2: u8 = 0xE2;
/// More than any file has; a bound for files made to hurt.
const MOST_SEGMENTS: u32 = 10_000;
/// The name that the segment begins with.
const EXIF: &[u8] = b"Exif\0\0";

/// Checks the segments, that there is an end, and that further pictures lie inside.
pub(crate) fn check(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
    let mut at = 2;
    for _ in 0..MOST_SEGMENTS {
        let segment = read_at(file, at, 4)?;
        let &[0xFF, marker, high, low] = segment.as_slice() else {
            return broken(format!("no JPEG segment at byte {at}"));
        };
        match marker {
            0xFF => match fill_bytes(file, at)? {
                Some(bytes) => at += bytes,
                None => return broken(format!("nothing but fill bytes from byte {at} on")),
            },
            0x01 | 0xD0..=0xD8 => at += 2,
            EOI => return broken("the JPEG ends before its scan"),
            _ => {
                let bytes = u64::from(u16::from_be_bytes([high, low]));
                if bytes < 2 || at + 2 + bytes > length {
                    return broken(format!("JPEG segment {marker:02X} at byte {at} is too long"));
                }
                if marker == APP2
                    && let Some(end) = pictures_end(file, at + 4, bytes - 2)?
                    && end > length
                {
                    let text =
                        format!("a further picture ends at byte {end}, the file at {length}");
                    return broken(text);
                }
                at += 2 + bytes;
                // What stands in the scan's own header is no end.
                if marker == SOS {
                    return match find_backwards(file, at, length, [0xFF, EOI])? {
                        true => Ok(Structure::Whole),
                        false => broken("the JPEG has no end marker"),
                    };
                }
            }
        }
    }
    broken("the JPEG has too many segments")
}

/// How many fill bytes stand before the marker's last 0xFF at `at`; none if there is nothing else
/// as far as is looked. Erased memory is full of them.
fn fill_bytes(file: &mut (impl Read + Seek + ?Sized), at: u64) -> io::Result<Option<u64>> {
    let window = read_at(file, at, WINDOW_BYTES)?;
    let count = window.iter().position(|byte| *byte != 0xFF);
    Ok(count.map(|count| count as u64 - 1))
}

/// Where the last of further pictures ends, if the segment names any.
fn pictures_end(
    file: &mut (impl Read + Seek + ?Sized),
    at: u64,
    bytes: u64,
) -> io::Result<Option<u64>> {
    Ok(multi_picture::end(&read_at(file, at, bytes as usize)?, at))
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

/// The TIFF part of the Exif segment, and where it begins.
pub(crate) fn exif(head: &[u8]) -> Option<(usize, &[u8])> {
    let (_, at, body) =
        segments(head).find(|(marker, _, body)| *marker == APP1 && body.starts_with(EXIF))?;
    Some((at + EXIF.len(), body.strip_prefix(EXIF)?))
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
    fn a_further_picture_must_lie_inside() {
        let file = |offset: u32| {
            let mpf = multi_picture::tests::two(offset, 20);
            let mut file = b"\xFF\xD8\xFF\xE2".to_vec();
            file.extend((mpf.len() as u16 + 2).to_be_bytes());
            file.extend(&mpf);
            file.extend(b"\xFF\xDA\x00\x04ab\xFF\xD9");
            file.extend([7; 30]);
            check(&mut Cursor::new(&file), file.len() as u64).unwrap()
        };
        // The TIFF part begins at byte 10, the file has 106 bytes.
        assert_eq!(file(76), Structure::Whole);
        assert!(matches!(file(77), Structure::Broken(_)));
    }

    #[test]
    fn fill_bytes_are_passed_over_unless_there_is_nothing_else() {
        let check = |file: &[u8]| check(&mut Cursor::new(file), file.len() as u64).unwrap();
        let end = b"\xFF\xDA\x00\x04ab\xFF\xD9";
        for fill in [0, 1, 2, 5000] {
            let file = [&[0xFF, 0xD8][..], &vec![0xFF; fill], end].concat();
            assert_eq!(check(&file), Structure::Whole, "{fill}");
        }
        let erased = [&[0xFF, 0xD8][..], &vec![0xFF; 100_000], end].concat();
        assert!(matches!(check(&erased), Structure::Broken(_)));
        let endless = [&[0xFF, 0xD8][..], &[0xFF, 0x01].repeat(20_000), end].concat();
        assert!(matches!(check(&endless), Structure::Broken(_)));
    }

    #[test]
    fn exif_and_pixels_are_found_behind_other_segments() {
        let mut head = b"\xFF\xD8\xFF\xE0\x00\x04ab\xFF\xFF\xE1\x00\x0AExif\0\0II".to_vec();
        assert_eq!(exif(&head), Some((19, &b"II"[..])));
        head.extend(b"\xFF\xC4\x00\x04\x12\x34\xFF\xC0\x00\x09\x08\x00\x10\x01\x20\x03\x00");
        assert_eq!(pixels(&head), Some((0x120, 0x10)));
        assert_eq!(pixels(b"\xFF\xD8\xFF\xDA\x00\x02"), None);
        assert_eq!(exif(b"\xFF\xD8\xFF\xE1\x00\x01Exif\0\0"), None, "a length below itself");
    }
}
