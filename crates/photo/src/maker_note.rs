//! Fujifilm's maker note: one directory in the Exif tag 0x927C.
//!
//! `FUJIFILM`, the offset of the directory, the directory; numbers are little-endian and offsets
//! count from the beginning of the note, whatever the rest of the Exif does. Source: Reported:
//! exiftool's and exiv2's tables, which agree; tested on the trimmed files of real cameras that
//! both ship (FinePix 2400 Zoom, FinePix S5 Pro, X-T3).

/// What every note begins with.
const MAGIC: &[u8] = b"FUJIFILM";
/// Bytes of an entry: tag, type, count, value or offset.
const ENTRY_BYTES: usize = 12;
/// Longest text that is believed.
const MOST_TEXT_BYTES: usize = 128;

/// The kinds of values we read. Source: TIFF 6.0, section 2.
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A maker note whose directory was found.
#[derive(Debug, Clone, Copy)]
pub struct MakerNote<'a> {
    note: &'a [u8],
    entries: &'a [u8],
}

impl<'a> MakerNote<'a> {
    /// Internal serial number.
    pub const INTERNAL_SERIAL: u16 = 0x0010;
    /// Saturation; film simulations without colour are told here.
    pub const SATURATION: u16 = 0x1003;
    /// Dynamic range: 1 standard, 3 wide.
    pub const DYNAMIC_RANGE: u16 = 0x1400;
    /// Film simulation.
    pub const FILM_MODE: u16 = 0x1401;
    /// How the dynamic range was chosen.
    pub const DYNAMIC_RANGE_SETTING: u16 = 0x1402;
    /// Dynamic range in percent, if it was chosen by hand.
    pub const DEVELOPMENT_DYNAMIC_RANGE: u16 = 0x1403;
    /// Dynamic range in percent, if the camera chose it.
    pub const AUTO_DYNAMIC_RANGE: u16 = 0x140B;
    /// Stars, 0 to 5.
    pub const RATING: u16 = 0x1431;
    /// D-range priority: 0 automatic, 1 of a fixed strength.
    pub const DR_PRIORITY: u16 = 0x1443;
    /// Strength of D-range priority: 1 weak, 2 strong.
    pub const DR_PRIORITY_STRENGTH: u16 = 0x1444;
    /// The same, by other bodies if it is fixed.
    pub const DR_PRIORITY_FIXED: u16 = 0x1445;

    /// Finds the directory; `None` if this is no note of Fujifilm's. Entries of a directory that
    /// goes past the end are read as far as they are there.
    #[must_use]
    pub fn parse(note: &'a [u8]) -> Option<Self> {
        let at = note.strip_prefix(MAGIC)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))?;
        let directory = note.get(usize::try_from(at).ok()?..)?;
        let count = usize::from(u16_at(directory, 0)?);
        let end = (2 + count * ENTRY_BYTES).min(directory.len());
        Some(Self { note, entries: directory.get(2..end)? })
    }

    /// A number: the first one, if the entry has several.
    #[must_use]
    pub fn number(&self, tag: u16) -> Option<u32> {
        let (kind, bytes) = self.value(tag)?;
        match kind {
            SHORT => u16_at(bytes, 0).map(u32::from),
            LONG => u32_at(bytes, 0),
            _ => None,
        }
    }

    /// A text without what it is padded with; `None` if nothing is left, or more than anyone
    /// would write.
    #[must_use]
    pub fn text(&self, tag: u16) -> Option<String> {
        let (kind, bytes) = self.value(tag)?;
        (kind == ASCII).then(|| clean(&String::from_utf8_lossy(bytes)))?
    }

    /// Type and bytes of an entry's value.
    fn value(&self, wanted: u16) -> Option<(u16, &'a [u8])> {
        let (entries, _) = self.entries.as_chunks::<ENTRY_BYTES>();
        let entry = entries.iter().find(|entry| u16_at(*entry, 0) == Some(wanted))?;
        let kind = u16_at(entry, 2)?;
        let size = match kind {
            ASCII => 1,
            SHORT => 2,
            LONG => 4,
            _ => return None,
        };
        let length = usize::try_from(u32_at(entry, 4)?).ok()?.checked_mul(size)?;
        if length <= 4 {
            return Some((kind, entry.get(8..8 + length)?));
        }
        let at = usize::try_from(u32_at(entry, 8)?).ok()?;
        Some((kind, self.note.get(at..at.checked_add(length)?)?))
    }
}

/// Cuts off zeros and spaces; texts that end with a zero end there.
pub(crate) fn clean(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\0').split('\0').next().unwrap_or_default().trim();
    (!text.is_empty() && text.len() <= MOST_TEXT_BYTES).then(|| text.to_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A note with these numbers and one text. The words of a number are those of its type.
    pub(crate) fn note(numbers: &[(u16, u16, u32)], text: &str) -> Vec<u8> {
        let count = numbers.len() as u16 + 1;
        let text_at = 12 + 2 + usize::from(count) * ENTRY_BYTES;
        let mut note = b"FUJIFILM\x0C\0\0\0".to_vec();
        note.extend(count.to_le_bytes());
        note.extend(MakerNote::INTERNAL_SERIAL.to_le_bytes());
        note.extend(ASCII.to_le_bytes());
        note.extend((text.len() as u32).to_le_bytes());
        note.extend((text_at as u32).to_le_bytes());
        for (tag, kind, number) in numbers {
            note.extend(tag.to_le_bytes());
            note.extend(kind.to_le_bytes());
            note.extend(1u32.to_le_bytes());
            note.extend(number.to_le_bytes());
        }
        note.extend(text.bytes());
        note
    }

    #[test]
    fn numbers_and_texts_are_read_from_the_notes_own_beginning() {
        let note = note(&[(0x1401, SHORT, 0x600), (0x1431, LONG, 4)], "FF02B4550110  593534\0\0");
        let note = MakerNote::parse(&note).unwrap();
        assert_eq!(note.number(MakerNote::FILM_MODE), Some(0x600));
        assert_eq!(note.number(MakerNote::RATING), Some(4));
        assert_eq!(note.text(MakerNote::INTERNAL_SERIAL).unwrap(), "FF02B4550110  593534");
        assert_eq!(note.number(MakerNote::SATURATION), None);
        assert_eq!(note.number(MakerNote::INTERNAL_SERIAL), None, "a text is no number");
        assert_eq!(note.text(MakerNote::RATING), None, "a number is no text");
    }

    #[test]
    fn what_leads_outside_is_nothing() {
        let whole = note(&[(0x1401, SHORT, 0x600)], "FF02B4550110");
        for cut in 0..whole.len() {
            if let Some(note) = MakerNote::parse(&whole[..cut]) {
                assert_eq!(note.text(MakerNote::INTERNAL_SERIAL), None, "cut at {cut}");
            }
        }
        let mut far = whole.clone();
        far[8..12].fill(0xFF);
        assert!(MakerNote::parse(&far).is_none());
        let mut long = whole.clone();
        long[18..22].fill(0xFF);
        assert_eq!(MakerNote::parse(&long).unwrap().text(MakerNote::INTERNAL_SERIAL), None);
        let mut many = whole;
        many[12..14].fill(0xFF);
        assert_eq!(MakerNote::parse(&many).unwrap().number(MakerNote::FILM_MODE), Some(0x600));
        assert!(MakerNote::parse(b"Nikon\0\x02\x10\0\0").is_none());
    }

    #[test]
    fn texts_are_cleaned() {
        assert_eq!(clean("X-T3\0\0"), Some("X-T3".to_owned()));
        assert_eq!(clean("  8CQ00434  "), Some("8CQ00434".to_owned()));
        assert_eq!(clean("A\0rest of another"), Some("A".to_owned()));
        assert_eq!(clean("\0\0"), None);
        assert_eq!(clean(&"9".repeat(200)), None);
    }
}
