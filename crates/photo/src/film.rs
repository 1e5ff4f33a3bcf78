//! MOV and MP4: when, how long, how large.
//!
//! Read from the headers of the index alone, which are small, wherever in the file they are: the
//! index of a long film is several MiB, and nothing else in it is wanted. Source: ISO/IEC
//! 14496-12, 8.2.2 (`mvhd`) and 8.3.2 (`tkhd`).

use std::io::{self, Read, Seek, SeekFrom};

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Span};

use crate::boxes::{Box, find};
use crate::clock::digits;
use crate::facts::Facts;
use crate::source::{be_u16, be_u32, be_u64, read_at};
use crate::structure::{Structure, broken};

/// Boxes at the top of a file, or in its index, that are looked at.
const MOST_BOXES: u32 = 10_000;
/// Tracks that are looked at; cameras write up to three.
const MOST_TRACKS: u32 = 16;
/// The longer forms of `mvhd` and `tkhd` are 112 and 96 bytes.
const HEADER_BYTES: usize = 128;
/// Where times count from. Source: ISO/IEC 14496-12, 8.2.2.3.
const EPOCH: DateTime = date(1904, 1, 1).at(0, 0, 0, 0);

/// Reads what the index tells.
pub(crate) fn read(file: &mut (impl Read + Seek + ?Sized)) -> io::Result<Facts> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut facts = Facts::default();
    let Some(index) = find(file, b"moov", (0, length), MOST_BOXES)? else { return Ok(facts) };
    let inside = (index.body, index.end);
    if let Some(header) = find(file, b"mvhd", inside, MOST_BOXES)? {
        (facts.taken, facts.duration_ms) = movie_header(&content(file, header)?);
    }
    (facts.width, facts.height) = pixels(file, inside)?.unzip();
    Ok(facts)
}

/// Checks that the index tells something, and that there are pictures.
pub(crate) fn check(file: &mut (impl Read + Seek + ?Sized), length: u64) -> io::Result<Structure> {
    let index = find(file, b"moov", (0, length), MOST_BOXES)?;
    let header = match index {
        Some(index) => find(file, b"mvhd", (index.body, index.end), MOST_BOXES)?,
        None => None,
    };
    let mut at = 0;
    let mut has_pictures = false;
    while let Some(found) = find(file, b"mdat", (at, length), MOST_BOXES)?.filter(|_| !has_pictures)
    {
        (has_pictures, at) = (found.end > found.body, found.end);
    }
    match (header, has_pictures) {
        (None, _) => broken("the film's index is empty"),
        (_, false) => broken("the film has no pictures"),
        _ => Ok(Structure::Whole),
    }
}

fn content(file: &mut (impl Read + Seek + ?Sized), of: Box) -> io::Result<Vec<u8>> {
    read_at(
        file,
        of.body,
        usize::try_from(of.end - of.body).unwrap_or(usize::MAX).min(HEADER_BYTES),
    )
}

/// Creation time in a camera's digits, and duration in milliseconds.
fn movie_header(header: &[u8]) -> (Option<String>, Option<u64>) {
    let is_long = header.first() == Some(&1);
    let (created, scale, duration) = if is_long {
        (be_u64(header, 4), be_u32(header, 20), be_u64(header, 24))
    } else {
        let short = |at| be_u32(header, at).map(u64::from);
        (short(4), be_u32(header, 12), short(16))
    };
    // All ones mean that nobody knows.
    let unknown = if is_long { u64::MAX } else { u64::from(u32::MAX) };
    // Films in fragments say zero.
    let known = duration.filter(|duration| ![0, unknown].contains(duration)).zip(scale);
    let milliseconds = known.and_then(|(duration, scale)| {
        u64::try_from(u128::from(duration) * 1000).ok()?.checked_div(u64::from(scale))
    });
    (created.and_then(creation), milliseconds)
}

/// Zero stands for no time.
fn creation(seconds: u64) -> Option<String> {
    let since = SignedDuration::from_secs(i64::try_from(seconds).ok().filter(|s| *s > 0)?);
    let span = Span::try_from(since).ok()?;
    EPOCH.checked_add(span).ok().map(digits)
}

/// Width and height of the first track that has any.
fn pixels(
    file: &mut (impl Read + Seek + ?Sized),
    (mut at, end): (u64, u64),
) -> io::Result<Option<(u32, u32)>> {
    for _ in 0..MOST_TRACKS {
        let Some(track) = find(file, b"trak", (at, end), MOST_BOXES)? else { break };
        at = track.end;
        let inside = (track.body, track.end);
        let Some(header) = find(file, b"tkhd", inside, MOST_BOXES)? else { continue };
        let header = content(file, header)?;
        let at = if header.first() == Some(&1) { 88 } else { 76 };
        // Fixed-point numbers: the whole pixels stand in the first two bytes.
        if let (Some(width @ 1..), Some(height @ 1..)) =
            (be_u16(&header, at), be_u16(&header, at + 4))
        {
            return Ok(Some((u32::from(width), u32::from(height))));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
    }

    fn film(header: &[u8]) -> Vec<u8> {
        let mut sound = vec![0; 84];
        sound[76..].fill(0);
        let mut picture = vec![0; 84];
        picture[76..78].copy_from_slice(&1920u16.to_be_bytes());
        picture[80..82].copy_from_slice(&1080u16.to_be_bytes());
        let track = |header: &[u8]| boxed(b"trak", &boxed(b"tkhd", header));
        let index = [boxed(b"mvhd", header), track(&sound), track(&picture)].concat();
        let pictures = boxed(b"mdat", &[7; 100]);
        [boxed(b"ftyp", b"qt  \0\0\0\0"), pictures, boxed(b"moov", &index)].concat()
    }

    fn short(created: u32, scale: u32, duration: u32) -> Vec<u8> {
        let mut header = vec![0; 100];
        header[4..8].copy_from_slice(&created.to_be_bytes());
        header[12..16].copy_from_slice(&scale.to_be_bytes());
        header[16..20].copy_from_slice(&duration.to_be_bytes());
        header
    }

    fn facts(film: &[u8]) -> Facts {
        read(&mut Cursor::new(film)).unwrap()
    }

    #[test]
    fn the_index_tells_time_length_and_size() {
        // 3534591845 s after 1904 is 2016-01-02 15:04:05, by `date -u -d ... +%s`.
        let facts = facts(&film(&short(3_534_591_845, 600, 1500)));
        assert_eq!(facts.taken.as_deref(), Some("20160102T150405"));
        assert_eq!(facts.duration_ms, Some(2500));
        assert_eq!((facts.width, facts.height), (Some(1920), Some(1080)));
    }

    #[test]
    fn long_headers_are_read_as_such() {
        let mut header = vec![0; 112];
        header[0] = 1;
        header[4..12].copy_from_slice(&3_534_591_845u64.to_be_bytes());
        header[20..24].copy_from_slice(&1000u32.to_be_bytes());
        header[24..32].copy_from_slice(&5_000_000_000u64.to_be_bytes());
        let facts = facts(&film(&header));
        assert_eq!(facts.taken.as_deref(), Some("20160102T150405"));
        assert_eq!(facts.duration_ms, Some(5_000_000_000));
    }

    #[test]
    fn nothing_is_made_up() {
        let unset = facts(&film(&short(0, 0, 1500)));
        assert_eq!((unset.taken, unset.duration_ms), (None, None));
        assert_eq!(facts(&film(&short(1, 600, u32::MAX))).duration_ms, None);
        assert_eq!(facts(&film(&short(1, 600, 0))).duration_ms, None);
        let whole = film(&short(3_534_591_845, 600, 1500));
        for cut in 0..whole.len() {
            let facts = facts(&whole[..cut]);
            assert!(facts.taken.is_none() || cut > 140, "cut at {cut}");
        }
    }
}
