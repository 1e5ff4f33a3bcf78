//! The picture of a JPEG alone, without what cameras put around it.
//!
//! Exif holds a second JPEG (the thumbnail), and behind the picture's end others may follow (a
//! preview), so that whoever splits a stream at ends of pictures finds too many. Nor is a film to
//! hold serial numbers and places.
//!
//! Source: ITU-T T.81, annex B (markers and segments).

/// End of image.
const EOI: u8 = 0xD9;
/// Start of scan: pixels follow.
const SOS: u8 = 0xDA;

/// What stands next in a JPEG.
struct Segment<'a> {
    marker: u8,
    /// With its marker.
    whole: &'a [u8],
    body: &'a [u8],
}

/// The JPEG from its beginning to its end, without Exif and what else is metadata; pixels are as they
/// were. `None` if it is broken.
#[must_use]
pub fn bare(jpeg: &[u8]) -> Option<Vec<u8>> {
    let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8])?;
    let mut bare = Vec::with_capacity(jpeg.len());
    bare.extend([0xFF, 0xD8]);
    let mut has_pixels = false;
    loop {
        let (segment, behind) = next(rest)?;
        rest = behind;
        match segment.marker {
            EOI if has_pixels => {
                bare.extend([0xFF, EOI]);
                return Some(bare);
            }
            EOI => return None,
            SOS => {
                let (pixels, behind) = rest.split_at(scan_bytes(rest)?);
                rest = behind;
                has_pixels = true;
                bare.extend(segment.whole);
                bare.extend(pixels);
            }
            marker if is_metadata(marker, segment.body) => {}
            _ => bare.extend(segment.whole),
        }
    }
}

/// Width and height by the frame header, if it is in `head`: the first bytes of a JPEG.
#[must_use]
pub fn size(head: &[u8]) -> Option<(u32, u32)> {
    let mut rest = head.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let (segment, behind) = next(rest)?;
        rest = behind;
        match segment.marker {
            // C4, C8 and CC are tables and a reserved marker.
            0xC0..=0xCF if !matches!(segment.marker, 0xC4 | 0xC8 | 0xCC) => {
                let &[_, high, low, wide, narrow, ..] = segment.body else { return None };
                let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
                let (height, width) = (side(high, low), side(wide, narrow));
                return (width > 0 && height > 0).then_some((width, height));
            }
            SOS | EOI => return None,
            _ => {}
        }
    }
}

fn next(rest: &[u8]) -> Option<(Segment<'_>, &[u8])> {
    let fill = rest.iter().position(|byte| *byte != 0xFF)?;
    // One of them belongs to the marker.
    let rest = rest.get(fill.checked_sub(1)?..)?;
    let marker = *rest.get(1)?;
    let bytes = match marker {
        0x01 | 0xD0..=0xD9 => 0,
        _ => usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?])).max(2),
    };
    let (whole, behind) = rest.split_at_checked(2 + bytes)?;
    Some((Segment { marker, whole, body: whole.get(4..).unwrap_or_default() }, behind))
}

/// Up to the next marker that belongs to no scan: not to a 0xFF among pixels (00), nor where decoding
/// starts anew (D0 to D7).
fn scan_bytes(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += rest.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        match rest.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

/// APP1 to APP15 and comments, but for Adobe's word on colours (APP14); of APP0 only JFIF's head is
/// none.
fn is_metadata(marker: u8, body: &[u8]) -> bool {
    match marker {
        0xE0 => !body.starts_with(b"JFIF\0"),
        0xEE => !body.starts_with(b"Adobe"),
        0xE1..=0xEF | 0xFE => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: &[u8] = b"\xFF\xDA\x00\x04ab\x01\xFF\x00\x02\xFF\xD0\x03";
    const FRAME: &[u8] = b"\xFF\xC0\x00\x09\x08\x00\x10\x01\x20\x03\x00";
    const THUMBNAIL: &[u8] = b"\xFF\xE1\x00\x0C\xFF\xD8\xFF\xDA\x00\x02\x07\x08\xFF\xD9";

    fn jpeg(parts: &[&[u8]]) -> Vec<u8> {
        [&[&b"\xFF\xD8"[..]], parts].concat().concat()
    }

    #[test]
    fn nothing_but_the_picture_is_left() {
        let jfif = b"\xFF\xE0\x00\x07JFIF\0";
        let adobe = b"\xFF\xEE\x00\x07Adobe";
        let note = b"\xFF\xFE\x00\x05abc";
        let whole = jpeg(&[
            jfif,
            b"\xFF\xFF",
            THUMBNAIL,
            adobe,
            note,
            FRAME,
            PIXELS,
            b"\xFF\xDB\x00\x03q",
            PIXELS,
            b"\xFF\xD9",
            b"\xFF\xD8\xFF\xDA\x00\x02z\xFF\xD9",
        ]);
        let table = b"\xFF\xDB\x00\x03q";
        let expected = jpeg(&[jfif, adobe, FRAME, PIXELS, table, PIXELS, b"\xFF\xD9"]);
        assert_eq!(bare(&whole), Some(expected));
    }

    #[test]
    fn a_jpeg_that_is_cut_has_no_picture() {
        let whole = jpeg(&[THUMBNAIL, FRAME, PIXELS, b"\xFF\xD9"]);
        assert!(bare(&whole).is_some());
        for cut in 0..whole.len() {
            assert_eq!(bare(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(bare(b"\xFF\xD8\xFF\xD9"), None, "no pixels");
    }

    #[test]
    fn the_size_is_that_of_the_picture_not_of_its_thumbnail() {
        assert_eq!(size(&jpeg(&[THUMBNAIL, FRAME])), Some((0x120, 0x10)));
        assert_eq!(size(&jpeg(&[PIXELS])), None);
        assert_eq!(size(b"\xFF\xD8\xFF"), None);
    }
}
