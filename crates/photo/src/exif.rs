//! Exif by `nom-exif`, in the words of [`Facts`].

use nom_exif::{EntryValue, Exif, ExifTag, IfdIndex, MediaParser, MediaSource};
use tracing::subscriber::{NoSubscriber, with_default};

use crate::clock::{drift_s, offset_minutes, ptp_date};
use crate::dynamic_range::DynamicRange;
use crate::facts::{Facts, Span};
use crate::film_simulation::FilmSimulation;
use crate::maker_note::{MakerNote, clean};
use crate::tiff;

/// Stars as editors write them. Source: Windows' and Adobe's use of Exif; exiftool's table.
const RATING: u16 = 0x4746;
/// Most stars there are.
const MOST_STARS: i64 = 5;

/// Reads the facts of the TIFF part of Exif.
pub(crate) fn read(tiff: Vec<u8>) -> Facts {
    parse(tiff).map(|exif| facts(&exif)).unwrap_or_default()
}

/// The same, and where the small preview is, for a part that begins at `at` of its file.
pub(crate) fn read_at(tiff: Vec<u8>, at: u64) -> Facts {
    let exif = parse(tiff);
    exif.map(|exif| Facts { preview: thumbnail(&exif, at), ..facts(&exif) }).unwrap_or_default()
}

fn parse(tiff: Vec<u8>) -> Option<Exif> {
    if !tiff::is_bounded(&tiff) {
        return None;
    }
    // What a stranger's file lacks is no event of ours, and the library logs it as an error.
    with_default(NoSubscriber::new(), || {
        let iter = MediaParser::new().parse_exif(MediaSource::from_memory(tiff).ok()?).ok()?;
        Some(iter.into())
    })
}

fn facts(exif: &Exif) -> Facts {
    let text = |tag| exif.get(tag).and_then(EntryValue::as_str).and_then(clean);
    let number = |tag| exif.get(tag).and_then(EntryValue::try_as_integer);
    let pixels = |tag| number(tag).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let mut facts = Facts {
        make: text(ExifTag::Make),
        model: text(ExifTag::Model),
        serial: text(ExifTag::CameraSerialNumber),
        taken: taken(exif),
        subseconds: text(ExifTag::SubSecTimeOriginal).filter(|text| is_number(text)),
        utc_offset: text(ExifTag::OffsetTimeOriginal).and_then(|text| offset_minutes(&text)),
        width: pixels(ExifTag::ExifImageWidth),
        height: pixels(ExifTag::ExifImageHeight),
        orientation: number(ExifTag::Orientation)
            .and_then(|code| u8::try_from(code).ok())
            .filter(|code| (1..=8).contains(code)),
        gps_time: gps_time(exif),
        ..Facts::default()
    };
    let note = exif.get(ExifTag::MakerNote).and_then(EntryValue::as_undefined);
    let note = note.and_then(MakerNote::parse);
    if let Some(note) = &note {
        facts.internal_serial = note.text(MakerNote::INTERNAL_SERIAL);
        facts.film_simulation = FilmSimulation::of_note(note);
        facts.dynamic_range = DynamicRange::of_note(note);
    }
    facts.rating = rating(exif, note);
    if let (Some(taken), Some(gps)) = (&facts.taken, &facts.gps_time) {
        facts.clock_drift_s = drift_s(taken, facts.utc_offset, gps);
    }
    facts
}

fn is_number(text: &str) -> bool {
    text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits of DateTimeOriginal, whatever zone the file names besides.
fn taken(exif: &Exif) -> Option<String> {
    let value = exif.get(ExifTag::DateTimeOriginal)?;
    let date = value.as_datetime()?.into_naive();
    ptp_date(&date.format("%Y:%m:%d %H:%M:%S").to_string())
}

/// What an editor wrote counts before what the camera wrote; zero means that nobody rated it.
fn rating(exif: &Exif, note: Option<MakerNote<'_>>) -> Option<u8> {
    let written = exif.get_by_code(IfdIndex::MAIN, RATING).and_then(EntryValue::try_as_integer);
    let noted = note.and_then(|note| note.number(MakerNote::RATING)).map(i64::from);
    let stars = |stars: &i64| (0..=MOST_STARS).contains(stars);
    written.filter(stars).or_else(|| noted.filter(stars)).map(|stars| stars as u8)
}

/// Date and time of the satellites in a camera's digits.
fn gps_time(exif: &Exif) -> Option<String> {
    let date = exif.get(ExifTag::GPSDateStamp).and_then(EntryValue::as_str)?;
    let parts = exif.get(ExifTag::GPSTimeStamp)?.as_urational_slice()?;
    let whole = |index: usize| -> Option<u64> {
        let value = parts.get(index)?.to_f64().filter(|value| (0.0..=60.0).contains(value))?;
        Some(value as u64)
    };
    let (hour, minute, second) = (whole(0)?, whole(1)?, whole(2)?);
    ptp_date(&format!("{date} {hour:02}:{minute:02}:{second:02}"))
}

fn thumbnail(exif: &Exif, tiff_at: u64) -> Option<Span> {
    let number = |tag| {
        let number = exif.get_in(IfdIndex::THUMBNAIL, tag)?.try_as_integer()?;
        u64::try_from(number).ok().filter(|number| *number > 0)
    };
    let offset = tiff_at.checked_add(number(ExifTag::ThumbnailOffset)?)?;
    Some(Span { offset, length: number(ExifTag::ThumbnailLength)? })
}
