//! Is a file whole? Structure checks by format; the camera sends no hash.
//!
//! JPEG: segments up to the scan, then an end marker (bytes after it are allowed). RAF: the
//! offsets of its directory lie inside. MOV, MP4, HEIF: the top-level boxes sum to the length.

use std::io::{self, Read, Seek, SeekFrom};

use filmwire_codec::ObjectFormatCode;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Structure {
    /// The structure is whole.
    Whole,
    /// It is broken, and how.
    Broken(String),
    /// There is no check for what this is.
    Unknown,
}

/// Bytes looked at at once when searching for a JPEG's end.
const WINDOW_BYTES: usize = 64 * 1024;
/// More boxes than any film has; a bound for files made to hurt.
const MOST_BOXES: u32 = 100_000;

/// Checks a file by what its first bytes say it is, which must be what the camera said.
///
/// Fails only if the file cannot be read.
pub(crate) fn check_structure(
    file: &mut (impl Read + Seek + ?Sized),
    format: ObjectFormatCode,
) -> io::Result<Structure> {
    let length = file.seek(SeekFrom::End(0))?;
    let head = read_at(file, 0, 16)?;
    if head.starts_with(&[0xFF, 0xD8]) {
        check_jpeg(file, length)
    } else if head.starts_with(b"FUJIFILMCCD-RAW ") {
        check_raf(file, length)
    } else if head.get(4..8).is_some_and(is_box_type) {
        check_boxes(file, length)
    } else {
        match format {
            ObjectFormatCode::EXIF_JPEG => broken("it does not begin like a JPEG"),
            ObjectFormatCode::RAF => broken("it does not begin like a RAF"),
            ObjectFormatCode::MOV => broken("it does not begin like a film"),
            _ => Ok(Structure::Unknown),
        }
    }
}

fn is_box_type(name: &[u8]) -> bool {
    [&b"ftyp"[..], b"moov", b"mdat", b"wide", b"free", b"skip"].contains(&name)
}

fn read_at(file: &mut (impl Read + Seek + ?Sized), at: u64, most: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(most);
    file.take_from(most as u64, &mut bytes)?;
    Ok(bytes)
}

/// `Read::take` for unsized readers.
trait TakeFrom {
    fn take_from(&mut self, most: u64, into: &mut Vec<u8>) -> io::Result<()>;
}

impl<R: Read + ?Sized> TakeFrom for R {
    fn take_from(&mut self, most: u64, into: &mut Vec<u8>) -> io::Result<()> {
        let mut reader = self;
        Read::take(&mut reader, most).read_to_end(into).map(drop)
    }
}

fn broken(text: impl Into<String>) -> io::Result<Structure> {
    Ok(Structure::Broken(text.into()))
}

fn check_jpeg(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
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
            0xD9 => return broken("the JPEG ends before its scan"),
            0xDA => break,
            _ => {
                let bytes = u64::from(u16::from_be_bytes([high, low]));
                if bytes < 2 || at + 2 + bytes > length {
                    return broken(format!("JPEG segment {marker:02X} at byte {at} is too long"));
                }
                at += 2 + bytes;
            }
        }
    }
    if find_backwards(file, at, length, [0xFF, 0xD9])? {
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

fn check_raf(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
    let directory = read_at(file, 84, 24)?;
    let words: Vec<u64> =
        directory.as_chunks().0.iter().map(|bytes| u64::from(u32::from_be_bytes(*bytes))).collect();
    if words.len() < 6 {
        return broken("the RAF ends inside its directory");
    }
    for (part, pair) in ["JPEG", "CFA header", "CFA"].iter().zip(words.chunks(2)) {
        if let &[offset, bytes] = pair
            && offset + bytes > length
        {
            return broken(format!(
                "the RAF's {part} ends at byte {}, the file at {length}",
                offset + bytes
            ));
        }
    }
    Ok(Structure::Whole)
}

fn check_boxes(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        if at == length {
            return Ok(Structure::Whole);
        }
        let header = read_at(file, at, 16)?;
        let Some(size) = header.first_chunk().map(|bytes| u64::from(u32::from_be_bytes(*bytes)))
        else {
            return broken(format!("the last box at byte {at} is cut short"));
        };
        let size = match size {
            // To the end of the file.
            0 => length - at,
            1 => match header.get(8..16).and_then(|bytes| bytes.first_chunk()) {
                Some(bytes) => u64::from_be_bytes(*bytes),
                None => return broken(format!("the box at byte {at} is cut short")),
            },
            size => size,
        };
        if size < 8 || at.checked_add(size).is_none_or(|end| end > length) {
            return broken(format!("the box at byte {at} does not end inside the file"));
        }
        at += size;
    }
    broken("the film has too many boxes")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn check(bytes: &[u8]) -> Structure {
        check_structure(&mut Cursor::new(bytes), ObjectFormatCode::UNDEFINED).unwrap()
    }

    fn is_broken(bytes: &[u8]) -> bool {
        matches!(check(bytes), Structure::Broken(_))
    }

    const JPEG: [u8; 18] =
        [0xFF, 0xD8, 0xFF, 0xE1, 0, 4, 1, 2, 0xFF, 0xDA, 0, 2, 0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD9];

    #[test]
    fn a_jpeg_needs_its_segments_and_its_end() {
        assert_eq!(check(&JPEG), Structure::Whole);
        let mut trailing = JPEG.to_vec();
        trailing.extend([0; 200_000]);
        assert_eq!(check(&trailing), Structure::Whole);
        for cut in 4..JPEG.len() {
            assert!(is_broken(&JPEG[..cut]), "cut at {cut}");
        }
        let mut long = JPEG;
        long[4] = 0x7F;
        assert!(is_broken(&long));
        assert!(is_broken(&[0xFF, 0xD8, 0xFF, 0xD9]));
    }

    #[test]
    fn an_end_marker_across_two_windows_is_found() {
        let mut bytes = JPEG[..13].to_vec();
        bytes.extend([0xFF, 0xD9]);
        bytes.extend(vec![0; WINDOW_BYTES - 1]);
        assert_eq!(check(&bytes), Structure::Whole);
    }

    #[test]
    fn boxes_sum_to_the_length() {
        let mut film = Vec::new();
        film.extend([0, 0, 0, 12, b'f', b't', b'y', b'p', 1, 2, 3, 4]);
        film.extend([0, 0, 0, 1, b'm', b'd', b'a', b't', 0, 0, 0, 0, 0, 0, 0, 18, 7, 7]);
        film.extend([0, 0, 0, 8, b'm', b'o', b'o', b'v']);
        assert_eq!(check(&film), Structure::Whole);
        assert!(is_broken(&film[..film.len() - 1]));
        film.extend([0, 0, 0, 0]);
        assert!(is_broken(&film));
        let endless = [
            0, 0, 0, 12, b'f', b't', b'y', b'p', 1, 2, 3, 4, 0, 0, 0, 1, b'm', b'd', b'a', b't',
            255, 255, 255, 255, 255, 255, 255, 255,
        ];
        assert!(is_broken(&endless));
    }

    #[test]
    fn offsets_of_a_raf_lie_inside() {
        let mut raf = b"FUJIFILMCCD-RAW ".to_vec();
        raf.resize(84, 0);
        for word in [108u32, 4, 112, 4, 116, 4] {
            raf.extend(word.to_be_bytes());
        }
        raf.extend([0; 12]);
        assert_eq!(check(&raf), Structure::Whole);
        assert!(is_broken(&raf[..raf.len() - 1]));
        assert!(is_broken(&raf[..90]));
    }

    #[test]
    fn what_the_camera_called_a_photo_must_be_one() {
        for format in [ObjectFormatCode::EXIF_JPEG, ObjectFormatCode::RAF, ObjectFormatCode::MOV] {
            for bytes in [&[0; 4000][..], b"", b"hello world, no photo"] {
                let found = check_structure(&mut Cursor::new(bytes), format).unwrap();
                assert!(matches!(found, Structure::Broken(_)), "{format}");
            }
        }
    }

    #[test]
    fn what_is_neither_is_unknown() {
        assert_eq!(check(b""), Structure::Unknown);
        assert_eq!(check(b"hello world, no photo"), Structure::Unknown);
    }
}
