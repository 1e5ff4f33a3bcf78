//! What a file tells of itself.

use std::io::{self, Cursor, Read, Seek};

use crate::dynamic_range::DynamicRange;
use crate::film_simulation::FilmSimulation;
use crate::kind::Kind;
use crate::source::{HEAD_BYTES, read_at};
use crate::{exif, film, heif, jpeg, raf};

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, in bytes from the beginning of the file.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
}

/// What a photo or film tells of itself. What it does not tell is `None`; nothing is guessed.
///
/// Serial numbers and places are personal data: facts hold the former, never the latter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Facts {
    /// What the file is by its first bytes.
    pub kind: Option<Kind>,
    /// Maker of the body, such as `FUJIFILM`.
    pub make: Option<String>,
    /// Model of the body, such as `X-T3`.
    pub model: Option<String>,
    /// Serial number on the body (Exif BodySerialNumber); personal data.
    pub serial: Option<String>,
    /// Internal serial number in the maker note: another number, which older bodies have too;
    /// personal data.
    pub internal_serial: Option<String>,
    /// When it was taken by the camera's clock, as said, in the form of a PTP date:
    /// `20160102T150136`. Of films the creation time of the index, which cameras write in
    /// their own time, although the format asks for UTC.
    pub taken: Option<String>,
    /// Digits after the second's point, as said: `34` is 0.34 s.
    pub subseconds: Option<String>,
    /// OffsetTimeOriginal in minutes east of UTC.
    pub utc_offset: Option<i16>,
    /// Width in pixels as stored, before any turning. Of a RAF that of the sensor's image.
    pub width: Option<u32>,
    /// Height in pixels as stored, before any turning.
    pub height: Option<u32>,
    /// Exif Orientation, 1 to 8: 1 upright, 6 to be turned right, 8 left.
    pub orientation: Option<u8>,
    /// Film simulation.
    pub film_simulation: Option<FilmSimulation>,
    /// Dynamic range.
    pub dynamic_range: Option<DynamicRange>,
    /// Stars, 0 to 5; 0 if the camera says that nobody rated it. An editor's stars (Exif tag
    /// 0x4746) count before the camera's (maker note).
    pub rating: Option<u8>,
    /// Date and time of the satellites, UTC, in the form of [`Facts::taken`].
    pub gps_time: Option<String>,
    /// Seconds by which the camera's clock is ahead of the satellites' time; negative if it is
    /// behind.
    ///
    /// With [`Facts::utc_offset`] it is the whole difference. Without it the nearest quarter of an
    /// hour is taken for the zone and the rest for drift, so that it lies between -450 and 449, and
    /// a clock that is off by an hour looks right. Bodies that get their place from a phone keep
    /// the time of the phone's last fix, which may be minutes older than the photo: one file is
    /// a hint, several that agree are evidence.
    pub clock_drift_s: Option<i64>,
    /// Milliseconds a film lasts.
    pub duration_ms: Option<u64>,
    /// A smaller JPEG inside: the preview of a RAF, the thumbnail of a JPEG. As the file says, not
    /// looked at.
    pub preview: Option<Span>,
}

impl Facts {
    /// Reads the facts of a file; one of an unknown kind has none.
    ///
    /// Reads a few pieces only and keeps no more than [`crate::MEMORY_BYTES`], however large the
    /// file is. What is broken is left out.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn read(file: &mut (impl Read + Seek + ?Sized)) -> io::Result<Self> {
        let head = read_at(file, 0, HEAD_BYTES)?;
        let kind = Kind::of_head(&head);
        let facts = match kind {
            Some(Kind::Jpeg) => of_jpeg(&head, 0),
            Some(Kind::Raf) => of_raf(file)?,
            Some(Kind::Heif) => heif::read(file)?,
            Some(Kind::Film) => film::read(file)?,
            None => Self::default(),
        };
        Ok(Self { kind, ..facts })
    }

    /// Reads the facts from the beginning of a file: what a caller has who asked a camera for the
    /// first bytes. [`HEAD_BYTES`] of them hold the Exif of a JPEG; of other kinds it may lie
    /// further in, and is then not found.
    #[must_use]
    pub fn of_head(head: &[u8]) -> Self {
        // Reading memory does not fail.
        Self::read(&mut Cursor::new(head)).unwrap_or_default()
    }
}

/// The facts of a JPEG that begins with `head` and lies at `at` of its file.
fn of_jpeg(head: &[u8], at: u64) -> Facts {
    let pixels = jpeg::pixels(head);
    let exif = jpeg::exif(head);
    let mut facts = exif
        .map(|(tiff_at, tiff)| exif::read_at(tiff.to_vec(), at + tiff_at as u64))
        .unwrap_or_default();
    if facts.width.is_none() || facts.height.is_none() {
        (facts.width, facts.height) = pixels.unzip();
    }
    facts
}

/// The Exif of a RAF is that of the JPEG in it; its size is the sensor's.
fn of_raf(file: &mut (impl Read + Seek + ?Sized)) -> io::Result<Facts> {
    let Some([preview, records, _]) = raf::directory(file)? else { return Ok(Facts::default()) };
    let (offset, length) = preview;
    let most = usize::try_from(length).unwrap_or(usize::MAX).min(HEAD_BYTES);
    let head = read_at(file, offset, most)?;
    let is_jpeg = Kind::of_head(&head) == Some(Kind::Jpeg);
    let mut facts = if is_jpeg { of_jpeg(&head, offset) } else { Facts::default() };
    facts.preview = is_jpeg.then_some(Span { offset, length });
    (facts.width, facts.height) = raf::pixels(file, records)?.unzip();
    Ok(facts)
}
