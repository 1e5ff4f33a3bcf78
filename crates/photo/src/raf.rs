//! RAF: Fujifilm's raw container.
//!
//! A header with a directory at byte 84: offset and length, big-endian, of an embedded JPEG (with
//! the photo's Exif), of a list of records about the sensor, and of the sensor's data. Bodies with
//! two kinds of pixels have records and data of the second kind besides. Source: Reported:
//! libopenraw, its notes on RAF; exiftool's table of RAF tags. Seen: exiftool's trimmed file of a
//! FinePix S5 Pro, whose second data ends the file.

use std::io::{self, Read, Seek};

use crate::source::{be_u16, be_u32, read_at};
use crate::structure::{Structure, broken};

/// Where the directory is.
const DIRECTORY_AT: u64 = 84;
/// Its bytes as far as we read it: three pairs of numbers.
const DIRECTORY_BYTES: usize = 24;
/// The first bytes of a JPEG.
const JPEG_START: [u8; 2] = [0xFF, 0xD8];
/// Where the second data is named: offset and length.
const SECOND_AT: u64 = 128;
/// Records are a few hundred bytes to some KiB.
const MOST_RECORD_BYTES: u64 = 64 * 1024;
/// Height and width of the sensor without its rim, then with it.
const SIZES: [u16; 2] = [0x0111, 0x0100];

/// Part of the file: offset and length.
type Part = (u64, u64);

/// The embedded JPEG, the records, and the data.
pub(crate) fn directory(file: &mut (impl Read + Seek + ?Sized)) -> io::Result<Option<[Part; 3]>> {
    let bytes = read_at(file, DIRECTORY_AT, DIRECTORY_BYTES)?;
    let part =
        |at: usize| Some((u64::from(be_u32(&bytes, at)?), u64::from(be_u32(&bytes, at + 4)?)));
    Ok((|| Some([part(0)?, part(8)?, part(16)?]))())
}

/// Checks that what the directory names lies inside.
pub(crate) fn check(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
    let Some(parts) = directory(file)? else {
        return broken("the RAF ends inside its directory");
    };
    for (name, (offset, bytes)) in ["JPEG", "CFA header", "CFA"].iter().zip(parts) {
        let end = offset + bytes;
        if end > length {
            return broken(format!("the RAF's {name} ends at byte {end}, the file at {length}"));
        }
    }
    let [jpeg, _, cfa] = parts;
    if jpeg.1 == 0 || cfa.1 == 0 || jpeg.0.min(cfa.0) < DIRECTORY_AT + DIRECTORY_BYTES as u64 {
        return broken("the RAF's directory names no JPEG and CFA behind itself");
    }
    if read_at(file, jpeg.0, 2)? != JPEG_START {
        return broken(format!("no JPEG begins at byte {} of the RAF", jpeg.0));
    }
    match second_end(file, parts)? {
        Some(end) if end > length => {
            broken(format!("the RAF's second CFA ends at byte {end}, the file at {length}"))
        }
        _ => Ok(Structure::Whole),
    }
}

/// Where the second data ends. Only what goes on where the first data ends is taken for it: nobody
/// tells what other bodies have in these bytes.
fn second_end(
    file: &mut (impl Read + Seek + ?Sized),
    [preview, _, first]: [Part; 3],
) -> io::Result<Option<u64>> {
    let bytes = read_at(file, SECOND_AT, 8)?;
    let Some((offset, length)) = be_u32(&bytes, 0).zip(be_u32(&bytes, 4)) else { return Ok(None) };
    let offset = u64::from(offset);
    let is_second = preview.0 >= SECOND_AT + 8 && first.1 > 0 && offset == first.0 + first.1;
    Ok(is_second.then(|| offset + u64::from(length)))
}

/// Width and height of the sensor's image by its records.
pub(crate) fn pixels(
    file: &mut (impl Read + Seek + ?Sized),
    (offset, bytes): Part,
) -> io::Result<Option<(u32, u32)>> {
    let records = read_at(file, offset, bytes.min(MOST_RECORD_BYTES) as usize)?;
    Ok(SIZES.iter().find_map(|tag| {
        let value = record(&records, *tag)?;
        let (height, width) = (be_u16(value, 0)?, be_u16(value, 2)?);
        // Of a damaged file: no sensor has none.
        (width > 0 && height > 0).then_some((u32::from(width), u32::from(height)))
    }))
}

/// The value of a record: count of records, then tag, length and value of each.
fn record(records: &[u8], wanted: u16) -> Option<&[u8]> {
    let count = be_u32(records, 0)?;
    let mut at = 4;
    // Each takes four bytes at least, so that a wrong count ends with the bytes.
    for _ in 0..count {
        let (tag, length) = (be_u16(records, at)?, usize::from(be_u16(records, at + 2)?));
        if tag == wanted {
            return records.get(at + 4..at + 4 + length);
        }
        at += 4 + length;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn the_second_data_must_be_there_too() {
        let mut raf = b"FUJIFILMCCD-RAW ".to_vec();
        raf.resize(84, 0);
        for word in [140u32, 4, 144, 4, 148, 6, 0, 0, 0, 0, 0, 154, 6, 0] {
            raf.extend(word.to_be_bytes());
        }
        raf.extend([0xFF, 0xD8]);
        raf.extend([0; 18]);
        let check = |raf: &[u8]| check(&mut Cursor::new(raf), raf.len() as u64).unwrap();
        assert_eq!(raf.len(), 160);
        assert_eq!(check(&raf), Structure::Whole);
        assert!(matches!(check(&raf[..159]), Structure::Broken(_)));
        // Elsewhere it is no second data, but something nobody knows.
        raf[131] += 1;
        assert_eq!(check(&raf[..159]), Structure::Whole);
    }

    #[test]
    fn a_directory_that_names_nothing_is_none() {
        let raf = |words: [u32; 6], start: [u8; 2]| {
            let mut raf = b"FUJIFILMCCD-RAW ".to_vec();
            raf.resize(84, 0);
            raf.extend(words.into_iter().flat_map(u32::to_be_bytes));
            raf.extend(start);
            raf.resize(130, 7);
            check(&mut Cursor::new(&raf), raf.len() as u64).unwrap()
        };
        let start = [0xFF, 0xD8];
        assert_eq!(raf([108, 8, 116, 4, 120, 10], start), Structure::Whole);
        assert_eq!(raf([108, 8, 0, 0, 120, 10], start), Structure::Whole);
        for words in [
            [0; 6],
            [108, 0, 116, 4, 120, 10],
            [108, 8, 116, 4, 120, 0],
            [108, 8, 116, 4, 0, 10],
            [0, 8, 116, 4, 120, 10],
        ] {
            assert!(matches!(raf(words, start), Structure::Broken(_)), "{words:?}");
        }
        let words = [108, 8, 116, 4, 120, 10];
        assert!(matches!(raf(words, [0xFF, 0xFF]), Structure::Broken(_)));
    }

    #[test]
    fn records_are_found_by_tag() {
        let records = [&[0, 0, 0, 2][..], &[1, 0, 0, 4, 0, 10, 0, 20], &[1, 0x11, 0, 2, 7, 7]];
        let records = records.concat();
        assert_eq!(record(&records, 0x0100), Some(&[0, 10, 0, 20][..]));
        assert_eq!(record(&records, 0x0111), Some(&[7, 7][..]));
        assert_eq!(record(&records, 0x0121), None);
        assert_eq!(record(&[0xFF; 300], 0x0100), None);
        assert_eq!(record(&records[..9], 0x0100), None);
    }

    /// A damaged file; found by fuzzing.
    #[test]
    fn a_sensor_without_pixels_is_none() {
        let size = |sizes: [[u16; 2]; 2]| {
            let mut records = 2u32.to_be_bytes().to_vec();
            for (tag, [height, width]) in SIZES.into_iter().zip(sizes) {
                records.extend([tag, 4, height, width].map(u16::to_be_bytes).concat());
            }
            pixels(&mut Cursor::new(&records), (0, records.len() as u64)).unwrap()
        };
        assert_eq!(size([[2, 3], [4, 5]]), Some((3, 2)));
        assert_eq!(size([[0, 3], [4, 5]]), Some((5, 4)));
        assert_eq!(size([[2, 0], [0, 5]]), None);
    }
}
