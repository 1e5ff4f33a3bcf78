//! What is looked at in a file before it is called ours: is it whole, and what does it tell.

use std::io::{self, Read, Seek};

use filmwire_catalogue::FileFacts;
use filmwire_codec::ObjectFormatCode;
use filmwire_photo::{Facts, Kind, Structure, check_structure};

/// Checks a file, which must begin like what the camera called it, and reads its facts. Reads a
/// few pieces only.
pub(crate) fn look_at(
    file: &mut (impl Read + Seek + ?Sized),
    said: Option<Kind>,
) -> io::Result<(Structure, Facts)> {
    let structure = check_structure(file, said)?;
    Ok((structure, Facts::read(file)?))
}

/// What the camera called a file; `None` if the code says nothing of it.
pub(crate) fn kind_said(format: ObjectFormatCode) -> Option<Kind> {
    match format {
        ObjectFormatCode::EXIF_JPEG => Some(Kind::Jpeg),
        ObjectFormatCode::RAF => Some(Kind::Raf),
        ObjectFormatCode::MOV => Some(Kind::Film),
        _ => None,
    }
}

/// A file's facts in the catalogue's words.
pub(crate) fn noted(facts: &Facts) -> FileFacts {
    FileFacts {
        kind: facts.kind.map(|kind| word(kind).to_owned()),
        model: facts.model.clone(),
        serial: facts.serial.clone(),
        taken: facts.taken.clone(),
        utc_offset: facts.utc_offset,
        clock_drift_s: facts.clock_drift_s,
        width: facts.width,
        height: facts.height,
        orientation: facts.orientation,
        duration_ms: facts.duration_ms,
        film_simulation: facts.film_simulation.map(|film| film.to_string()),
        dynamic_range: facts.dynamic_range.map(|range| range.to_string()),
        rating: facts.rating,
    }
}

/// The word of the catalogue's schema.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Jpeg => "jpeg",
        Kind::Raf => "raf",
        Kind::Heif => "heif",
        Kind::Film => "film",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_the_camera_called_a_photo_must_be_one() {
        for format in [ObjectFormatCode::EXIF_JPEG, ObjectFormatCode::RAF, ObjectFormatCode::MOV] {
            for bytes in [&[0; 4000][..], b"", b"hello world, no photo"] {
                let found = look_at(&mut Cursor::new(bytes), kind_said(format)).unwrap();
                assert!(matches!(found.0, Structure::Broken(_)), "{format}");
            }
        }
        let text = look_at(&mut Cursor::new(b"hello"), kind_said(ObjectFormatCode::UNDEFINED));
        assert_eq!(text.unwrap().0, Structure::Unknown);
    }

    #[test]
    fn facts_keep_their_place() {
        let head = b"\xFF\xD8\xFF\xC0\x00\x09\x08\x00\x10\x01\x20\x03\x00\xFF\xDA\x00\x02\xFF\xD9";
        let (structure, facts) = look_at(&mut Cursor::new(head), Some(Kind::Jpeg)).unwrap();
        assert_eq!(structure, Structure::Whole);
        let kind = Some("jpeg".to_owned());
        let told = FileFacts { kind, width: Some(0x120), height: Some(0x10), ..noted(&facts) };
        assert_eq!(noted(&facts), told);
    }
}
