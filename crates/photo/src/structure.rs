//! Is a file whole? Structure checks by format; the camera sends no hash.
//!
//! JPEG: segments up to the scan, then an end marker (bytes after it are allowed); further pictures
//! that it names lie inside. RAF: what its directory names lies inside, a JPEG and the data among
//! it. Films: the boxes sum to the length, and an index and pictures are among them. HEIF: the boxes
//! sum to the length, the directory is among them, and what it names lies inside.

use std::io::{self, Read, Seek, SeekFrom};

use crate::boxes::{Found, Name, read_box};
use crate::kind::Kind;
use crate::source::read_at;
use crate::{film, heif, jpeg, raf};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Structure {
    /// The structure is whole.
    Whole,
    /// It is broken, and how.
    Broken(String),
    /// There is no check for what this is.
    Unknown,
}

/// More boxes than any film has; a bound for files made to hurt.
const MOST_BOXES: u32 = 100_000;
/// Bytes that tell the kind.
const KIND_BYTES: usize = 64;

/// Checks a file by what its first bytes say it is. With a hint, bytes that are none of the known
/// kinds are broken: a JPEG, say, whose beginning is missing.
///
/// A check reads headers, and of a JPEG what lies behind its end; never a whole film.
///
/// # Errors
/// Those of reading the file.
pub fn check_structure(
    file: &mut (impl Read + Seek + ?Sized),
    hint: Option<Kind>,
) -> io::Result<Structure> {
    let length = file.seek(SeekFrom::End(0))?;
    let head = read_at(file, 0, KIND_BYTES)?;
    match (Kind::of_head(&head), hint) {
        (Some(Kind::Jpeg), _) => jpeg::check(file, length),
        (Some(Kind::Raf), _) => raf::check(file, length),
        (Some(Kind::Heif), _) => match check_boxes(file, length, &[b"meta"])? {
            Structure::Whole => heif::check(file, length),
            found => Ok(found),
        },
        (Some(Kind::Film), _) => match check_boxes(file, length, &[b"moov", b"mdat"])? {
            Structure::Whole => film::check(file, length),
            found => Ok(found),
        },
        (None, Some(kind)) => broken(format!("it does not begin like a {kind}")),
        (None, None) => Ok(Structure::Unknown),
    }
}

pub(crate) fn broken(text: impl Into<String>) -> io::Result<Structure> {
    Ok(Structure::Broken(text.into()))
}

/// Boxes must follow each other up to the end, and the `wanted` ones must be among them.
fn check_boxes(
    file: &mut (impl Read + Seek + ?Sized),
    length: u64,
    wanted: &[&Name],
) -> io::Result<Structure> {
    let mut missing: Vec<&Name> = wanted.to_vec();
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        if at == length {
            return match missing.first() {
                None => Ok(Structure::Whole),
                Some(name) => {
                    broken(format!("there is no box {:?}", String::from_utf8_lossy(*name)))
                }
            };
        }
        match read_box(file, at, length)? {
            Found::Box(found) => {
                missing.retain(|name| **name != found.name);
                at = found.end;
            }
            Found::Broken(why) => return broken(format!("the box at byte {at} {why}")),
        }
    }
    broken("the film has too many boxes")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn check(bytes: &[u8]) -> Structure {
        check_structure(&mut Cursor::new(bytes), None).unwrap()
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
        bytes.extend(vec![0; jpeg::WINDOW_BYTES - 1]);
        assert_eq!(check(&bytes), Structure::Whole);
    }

    fn film() -> Vec<u8> {
        let mut film = b"\0\0\0\x10ftypqt  \0\0\0\0".to_vec();
        film.extend(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x12\x07\x07");
        film.extend(b"\0\0\0\x10moov\0\0\0\x08mvhd");
        film
    }

    #[test]
    fn boxes_sum_to_the_length() {
        let mut film = film();
        assert_eq!(check(&film), Structure::Whole);
        for cut in 8..film.len() {
            assert!(is_broken(&film[..cut]), "cut at {cut}");
        }
        film.extend([0, 0, 0, 0]);
        assert!(is_broken(&film));
        let endless = b"\0\0\0\x10ftypqt  \0\0\0\0\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
        assert!(is_broken(endless));
        // No box is smaller than its header; it would be read for ever.
        assert!(is_broken(b"\0\0\0\x10ftypqt  \0\0\0\0\0\0\0\x07moov"));
    }

    #[test]
    fn a_film_needs_its_index_and_its_pictures() {
        let film = film();
        let without_index = &film[..film.len() - 16];
        assert_eq!(check(without_index), Structure::Broken("there is no box \"moov\"".to_owned()));
        let without_pictures = [&film[..16], b"\0\0\0\x08moov"].concat();
        assert_eq!(
            check(&without_pictures),
            Structure::Broken("there is no box \"mdat\"".to_owned())
        );
        // Both are there, and empty.
        assert!(is_broken(&[&film[..film.len() - 16], b"\0\0\0\x08moov"].concat()));
        let empty = b"\0\0\0\x10ftypqt  \0\0\0\0\0\0\0\x10moov\0\0\0\x08mvhd\0\0\0\0mdat";
        assert!(is_broken(empty));
        // Some programs reserve an empty one before.
        assert_eq!(
            check(&[&film[..16], b"\0\0\0\x08mdat", &film[16..]].concat()),
            Structure::Whole
        );
    }

    #[test]
    fn a_heif_needs_its_directory() {
        let mut heif = b"\0\0\0\x14ftypheic\0\0\0\0mif1".to_vec();
        assert!(is_broken(&heif));
        // One item of eight bytes at byte 70.
        heif.extend(b"\0\0\0\x2Ameta\0\0\0\0\0\0\0\x1Eiloc\0\0\0\0\x44\0\0\x01");
        heif.extend(b"\0\x01\0\0\0\x01\0\0\0\x46\0\0\0\x08");
        assert!(is_broken(&heif));
        heif.extend(b"\0\0\0\x10mdat12345678");
        assert_eq!(check(&heif), Structure::Whole);
        assert!(is_broken(&heif[..heif.len() - 1]));
    }

    #[test]
    fn offsets_of_a_raf_lie_inside() {
        let mut raf = b"FUJIFILMCCD-RAW ".to_vec();
        raf.resize(84, 0);
        for word in [108u32, 4, 112, 4, 116, 4] {
            raf.extend(word.to_be_bytes());
        }
        raf.extend([0xFF, 0xD8]);
        raf.extend([0; 10]);
        assert_eq!(check(&raf), Structure::Whole);
        assert!(is_broken(&raf[..raf.len() - 1]));
        assert!(is_broken(&raf[..90]));
    }

    #[test]
    fn what_is_expected_must_begin_like_it() {
        for kind in [Kind::Jpeg, Kind::Raf, Kind::Heif, Kind::Film] {
            for bytes in [&[0; 4000][..], b"", b"hello world, no photo"] {
                let found = check_structure(&mut Cursor::new(bytes), Some(kind)).unwrap();
                assert!(matches!(found, Structure::Broken(_)), "{kind}");
            }
        }
    }

    #[test]
    fn what_is_neither_is_unknown() {
        assert_eq!(check(b""), Structure::Unknown);
        assert_eq!(check(b"hello world, no photo"), Structure::Unknown);
    }
}
