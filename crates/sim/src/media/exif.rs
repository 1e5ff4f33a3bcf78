//! The Exif segment of a generated photo, laid out as the cameras do it: little-endian TIFF at
//! file offset 12, IFD0, the Exif IFD with a maker note, IFD1 with a small thumbnail.
//!
//! Source: Reported: vcam, its X-A2 sample (order of the directories, byte order, `Software`
//! text); Exif 2.32 for tags and types. Tags whose value we do not know are left out.

use std::sync::Arc;

use super::stamp::Stamp;

/// What the photos of one body have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Body {
    /// Model as on the body and in Exif, for example `X-T2`.
    pub model: String,
    /// Version shown in `Software`, for example `4.10`.
    pub firmware: String,
    /// Serial number on the bottom of the body.
    pub serial: String,
    /// Lens name, for example `XF35mmF1.4 R`.
    pub lens: String,
}

impl Body {
    /// A body with a common firmware and lens.
    pub fn new(model: &str, serial: &str) -> Arc<Self> {
        Arc::new(Self {
            model: model.to_owned(),
            firmware: "1.30".to_owned(),
            serial: serial.to_owned(),
            lens: "XF35mmF1.4 R".to_owned(),
        })
    }

    /// The `Software` text, for example `Digital Camera X-T2 Ver4.10`.
    pub fn software(&self) -> String {
        format!("Digital Camera {} Ver{}", self.model, self.firmware)
    }
}

/// A body that knows the time of the satellites and its zone, and how wrong its clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gps {
    /// Zone the camera is set to, in minutes east of UTC.
    pub utc_offset_minutes: i16,
    /// Seconds by which its clock is ahead of the satellites; negative if it is behind.
    pub clock_ahead_s: i32,
}

impl Gps {
    /// What the satellites said when the clock showed `capture`.
    fn time(self, capture: Stamp) -> Stamp {
        let ahead = i64::from(self.utc_offset_minutes) * 60 + i64::from(self.clock_ahead_s);
        capture.plus_seconds(-ahead)
    }

    /// `+09:00`. Source: Exif 2.31, OffsetTimeOriginal.
    fn zone(self) -> String {
        let sign = if self.utc_offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.utc_offset_minutes.unsigned_abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// What differs from photo to photo.
pub(crate) struct Shot<'a> {
    pub(crate) body: &'a Body,
    pub(crate) capture: Stamp,
    pub(crate) orientation: u16,
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// Exposure time in seconds, above and below the line: 1 and 250 for 1/250 s.
    pub(crate) shutter: (u32, u32),
    /// F-number, above and below the line.
    pub(crate) aperture: (u32, u32),
    pub(crate) iso: u16,
    pub(crate) gps: Option<Gps>,
}

/// Builds the whole APP1 segment, marker included. Texts are cut to 64 bytes each, so that the
/// segment stays below 64 KiB whatever a body calls itself.
pub(crate) fn segment(shot: &Shot<'_>, thumbnail: &[u8]) -> Vec<u8> {
    let mut ifd0 = ifd0(shot);
    let exif_at = 8 + ifd0.len_bytes();
    let exif = exif_ifd(shot);
    let ifd1_at = exif_at + exif.len_bytes();
    let mut ifd1 = Directory::default();
    ifd1.short(0x0103, 6);
    ifd1.long(0x0201, 0);
    ifd1.long(0x0202, thumbnail.len() as u32);
    let gps_at = ifd1_at + ifd1.len_bytes();
    let gps = shot.gps.map(|gps| gps_ifd(gps.time(shot.capture)));
    let thumb_at = gps_at + gps.as_ref().map_or(0, Directory::len_bytes);
    ifd1.set_long(0x0201, thumb_at as u32);
    ifd0.set_long(0x8769, exif_at as u32);
    ifd0.set_long(0x8825, gps_at as u32);

    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    ifd0.write(&mut tiff, 8, ifd1_at as u32);
    exif.write(&mut tiff, exif_at, 0);
    ifd1.write(&mut tiff, ifd1_at, 0);
    if let Some(gps) = gps {
        gps.write(&mut tiff, gps_at, 0);
    }
    tiff.extend_from_slice(thumbnail);
    let length = u16::try_from(tiff.len() + 8).expect("texts are cut, thumbnails are small");
    let mut segment = vec![0xFF, 0xE1];
    segment.extend_from_slice(&length.to_be_bytes());
    segment.extend_from_slice(b"Exif\0\0");
    segment.append(&mut tiff);
    segment
}

fn ifd0(shot: &Shot<'_>) -> Directory {
    let mut ifd = Directory::default();
    ifd.ascii(0x010F, "FUJIFILM");
    ifd.ascii(0x0110, &shot.body.model);
    ifd.short(0x0112, shot.orientation);
    ifd.rational(0x011A, 72, 1);
    ifd.rational(0x011B, 72, 1);
    ifd.short(0x0128, 2);
    ifd.ascii(0x0131, &shot.body.software());
    ifd.ascii(0x0132, &shot.capture.exif());
    ifd.short(0x0213, 2);
    ifd.long(0x8769, 0);
    if shot.gps.is_some() {
        ifd.long(0x8825, 0);
    }
    ifd
}

/// Version, time and date of the satellites. Where the camera was is nobody's business.
fn gps_ifd(time: Stamp) -> Directory {
    let mut ifd = Directory::default();
    ifd.push(0x0000, 1, 4, vec![2, 3, 0, 0]);
    let clock = [time.hour, time.minute, time.second];
    let parts = clock.map(|part| [u32::from(part).to_le_bytes(), 1u32.to_le_bytes()].concat());
    ifd.push(0x0007, 5, 3, parts.concat());
    ifd.ascii(0x001D, time.exif().split(' ').next().unwrap_or_default());
    ifd
}

fn exif_ifd(shot: &Shot<'_>) -> Directory {
    let mut ifd = Directory::default();
    ifd.rational(0x829A, shot.shutter.0, shot.shutter.1);
    ifd.rational(0x829D, shot.aperture.0, shot.aperture.1);
    ifd.short(0x8827, shot.iso);
    ifd.undefined(0x9000, b"0230");
    ifd.ascii(0x9003, &shot.capture.exif());
    ifd.ascii(0x9004, &shot.capture.exif());
    if let Some(gps) = shot.gps {
        ifd.ascii(0x9011, &gps.zone());
    }
    ifd.undefined(0x927C, &maker_note(shot.body));
    ifd.short(0xA001, 1);
    ifd.long(0xA002, u32::from(shot.width));
    ifd.long(0xA003, u32::from(shot.height));
    ifd.ascii(0xA431, &shot.body.serial);
    ifd.ascii(0xA434, &shot.body.lens);
    ifd
}

/// `FUJIFILM`, the offset of a directory, the directory; offsets count from the note's beginning.
fn maker_note(body: &Body) -> Vec<u8> {
    let mut ifd = Directory::default();
    ifd.undefined(0x0000, b"0130");
    ifd.ascii(0x0010, &format!("FF {}", body.serial));
    ifd.ascii(0x1000, "FINE   ");
    let mut note = b"FUJIFILM\x0C\0\0\0".to_vec();
    ifd.write(&mut note, 12, 0);
    note
}

/// One image file directory: tags in ascending order, long values behind the table.
#[derive(Default)]
struct Directory {
    entries: Vec<Entry>,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    value: Vec<u8>,
}

impl Directory {
    fn push(&mut self, tag: u16, kind: u16, count: u32, value: Vec<u8>) {
        debug_assert!(self.entries.last().is_none_or(|last| last.tag < tag), "tags ascend");
        self.entries.push(Entry { tag, kind, count, value });
    }

    fn ascii(&mut self, tag: u16, text: &str) {
        let mut value: Vec<u8> = text.bytes().take(64).collect();
        value.push(0);
        self.push(tag, 2, value.len() as u32, value);
    }

    fn short(&mut self, tag: u16, number: u16) {
        self.push(tag, 3, 1, number.to_le_bytes().to_vec());
    }

    fn long(&mut self, tag: u16, number: u32) {
        self.push(tag, 4, 1, number.to_le_bytes().to_vec());
    }

    fn rational(&mut self, tag: u16, above: u32, below: u32) {
        self.push(tag, 5, 1, [above.to_le_bytes(), below.to_le_bytes()].concat());
    }

    fn undefined(&mut self, tag: u16, value: &[u8]) {
        self.push(tag, 7, value.len() as u32, value.to_vec());
    }

    /// Fills in an offset that was not known when the entry was made.
    fn set_long(&mut self, tag: u16, number: u32) {
        for entry in self.entries.iter_mut().filter(|entry| entry.tag == tag) {
            entry.value = number.to_le_bytes().to_vec();
        }
    }

    fn len_bytes(&self) -> usize {
        let values = self.entries.iter().map(|entry| outside(&entry.value)).sum::<usize>();
        2 + 12 * self.entries.len() + 4 + values
    }

    /// Appends the directory, which stands at `at` of whatever its offsets count from.
    fn write(&self, out: &mut Vec<u8>, at: usize, next: u32) {
        let mut values = Vec::new();
        let values_at = at + 2 + 12 * self.entries.len() + 4;
        out.extend_from_slice(&(self.entries.len() as u16).to_le_bytes());
        for entry in &self.entries {
            out.extend_from_slice(&entry.tag.to_le_bytes());
            out.extend_from_slice(&entry.kind.to_le_bytes());
            out.extend_from_slice(&entry.count.to_le_bytes());
            if outside(&entry.value) == 0 {
                let mut inline = entry.value.clone();
                inline.resize(4, 0);
                out.extend_from_slice(&inline);
            } else {
                out.extend_from_slice(&((values_at + values.len()) as u32).to_le_bytes());
                values.extend_from_slice(&entry.value);
                values.resize(values.len().next_multiple_of(2), 0);
            }
        }
        out.extend_from_slice(&next.to_le_bytes());
        out.append(&mut values);
    }
}

/// How many bytes a value takes behind the table: none if it fits into its entry.
fn outside(value: &[u8]) -> usize {
    if value.len() <= 4 { 0 } else { value.len().next_multiple_of(2) }
}
