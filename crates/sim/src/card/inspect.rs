//! What a file says of itself: the few facts a camera would have in its ObjectInfo.
//!
//! Reads the beginning of a JPEG: Exif date, orientation and thumbnail, and the frame header for
//! the measures. Damaged files lie on cards too: whatever cannot be read is simply unknown.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;

use super::object::{ThumbInfo, format};
use crate::media::stamp::Stamp;

/// Enough for Exif (64 KiB at most) and, in most files, the segments up to the frame header;
/// where those are longer, the measures in Exif have to do.
const BEGINNING_BYTES: u64 = 128 * 1024;

/// What could be found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) capture: Option<Stamp>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) orientation: u16,
    pub(super) thumb: Option<Thumb>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { capture: None, width: 0, height: 0, orientation: 1, thumb: None }
    }
}

/// A thumbnail with its measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thumb {
    pub(super) info: ThumbInfo,
    pub(super) bytes: Bytes,
}

/// Reads the beginning of a file; of a raw file, that of its embedded JPEG.
///
/// Fails with the error of the file system.
pub(super) fn file(path: &Path, kind: u16) -> io::Result<Facts> {
    let mut file = File::open(path)?;
    let start = match kind {
        format::JPEG => 0,
        format::RAF => match preview_offset(&mut file)? {
            Some(offset) => offset,
            None => return Ok(Facts::default()),
        },
        _ => return Ok(Facts::default()),
    };
    file.seek(SeekFrom::Start(start))?;
    let mut beginning = Vec::new();
    file.take(BEGINNING_BYTES).read_to_end(&mut beginning)?;
    Ok(jpeg(&Bytes::from(beginning)))
}

/// Where the embedded JPEG of a raw file stands: a big-endian number at 84.
fn preview_offset(file: &mut File) -> io::Result<Option<u64>> {
    let mut head = Vec::new();
    file.take(88).read_to_end(&mut head)?;
    if head.len() < 88 || !head.starts_with(b"FUJIFILMCCD-RAW ") {
        return Ok(None);
    }
    Ok(Some(u64::from(u32::from_be_bytes([head[84], head[85], head[86], head[87]]))))
}

/// Reads facts from the beginning of a JPEG; anything else has none.
pub(super) fn jpeg(bytes: &Bytes) -> Facts {
    let mut facts = Facts::default();
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return facts;
    }
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let content_at = at + 4;
        let end = (at + 2 + length).min(bytes.len());
        match marker {
            0xE1 if bytes[content_at..].starts_with(b"Exif\0\0") && content_at + 6 <= end => {
                exif(&bytes.slice(content_at + 6..end), &mut facts);
            }
            // Frame headers; 0xC4, 0xC8 and 0xCC in their midst are tables and reserved.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                if let Some(sides) = bytes.get(content_at + 1..content_at + 5) {
                    facts.height = u32::from(u16::from_be_bytes([sides[0], sides[1]]));
                    facts.width = u32::from(u16::from_be_bytes([sides[2], sides[3]]));
                }
                break;
            }
            0xDA => break,
            _ => {}
        }
        at += 2 + length;
    }
    facts
}

fn exif(bytes: &Bytes, facts: &mut Facts) {
    let little = bytes.starts_with(b"II*\0");
    if !little && !bytes.starts_with(b"MM\0*") {
        return;
    }
    let tiff = Tiff { bytes, little };
    let Some(ifd0) = tiff.long(4) else { return };
    if let Some(value) = tiff.entry(ifd0, 0x0112).and_then(|at| tiff.short(at + 8)) {
        facts.orientation = if (1..=8).contains(&value) { value } else { 1 };
    }
    let exif = tiff.entry(ifd0, 0x8769).and_then(|at| tiff.long(at + 8));
    let original = exif.and_then(|exif| tiff.text(exif, 0x9003));
    facts.capture = original.or_else(|| tiff.text(ifd0, 0x0132)).and_then(Stamp::parse_exif);
    let side = |tag| exif.and_then(|exif| tiff.number(exif, tag)).unwrap_or(0);
    (facts.width, facts.height) = (side(0xA002), side(0xA003));
    facts.thumb = tiff.next(ifd0).and_then(|ifd1| tiff.thumb(ifd1));
}

/// Bounds-checked reading of a TIFF structure; offsets count from its beginning.
struct Tiff<'a> {
    bytes: &'a Bytes,
    little: bool,
}

impl<'a> Tiff<'a> {
    fn short(&self, at: usize) -> Option<u16> {
        let two = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let four = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) } as usize)
    }

    /// A value of either integer type; cameras write the measures in both.
    fn number(&self, ifd: usize, tag: u16) -> Option<u32> {
        let at = self.entry(ifd, tag)?;
        match self.short(at + 2)? {
            3 => self.short(at + 8).map(u32::from),
            4 => self.long(at + 8)?.try_into().ok(),
            _ => None,
        }
    }

    /// Where the entry of `tag` stands in the directory at `ifd`.
    fn entry(&self, ifd: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.short(ifd)?);
        (0..count).map(|i| ifd + 2 + 12 * i).find(|&at| self.short(at) == Some(tag))
    }

    fn next(&self, ifd: usize) -> Option<usize> {
        let count = usize::from(self.short(ifd)?);
        self.long(ifd + 2 + 12 * count).filter(|&at| at != 0)
    }

    fn text(&self, ifd: usize, tag: u16) -> Option<&'a str> {
        let at = self.entry(ifd, tag)?;
        let (count, offset) = (self.long(at + 4)?, self.long(at + 8)?);
        let text = self.bytes.get(offset..offset.checked_add(count)?)?;
        std::str::from_utf8(text).ok()
    }

    fn thumb(&self, ifd1: usize) -> Option<Thumb> {
        let offset = self.long(self.entry(ifd1, 0x0201)? + 8)?;
        let length = self.long(self.entry(ifd1, 0x0202)? + 8)?;
        let end = offset.checked_add(length).filter(|&end| end <= self.bytes.len())?;
        let bytes = self.bytes.slice(offset..end);
        let inner = jpeg(&bytes);
        let side = |side: u32| u16::try_from(side).unwrap_or(0);
        let (width, height) = (side(inner.width), side(inner.height));
        Some(Thumb { info: ThumbInfo { width, height, size_bytes: length as u32 }, bytes })
    }
}
