//! Whether a TIFF part is fit to be read by a library that copies each of its values.
//!
//! Many entries may name the same bytes, so that a part of 64 KiB asks for gigabytes. The parts of
//! an honest one do not overlap: all values together are no longer than the part. Source: TIFF 6.0,
//! section 2.

/// What an entry costs in memory, whatever its value.
const ENTRY_COST: usize = 48;
/// Allowed for every part, so that small ones may share values.
const SPARE: usize = 64 * 1024;
/// Directories that an entry points to: Exif, GPS, Interoperability, further ones.
const POINTERS: [u16; 4] = [0x8769, 0x8825, 0xA005, 0x014A];
/// A value of so many bytes stands in its entry.
const INLINE_BYTES: usize = 4;

/// True if reading all values takes memory in proportion to the part.
pub(crate) fn is_bounded(tiff: &[u8]) -> bool {
    // What is none nobody reads as TIFF.
    let Some(words) = Words::of(tiff) else { return true };
    let mut budget = (tiff.len() * 2).saturating_add(SPARE);
    let mut directories: Vec<usize> = words.u32(4).into_iter().collect();
    while let Some(at) = directories.pop() {
        match directory(&words, at, &mut directories) {
            // Directories that point at each other are paid for each time, so that this ends.
            Some(cost) if cost.max(1) <= budget => budget -= cost.max(1),
            Some(_) => return false,
            None => {}
        }
    }
    true
}

/// What a directory and its values cost; its pointers are added to `directories`. None if there is
/// no directory.
fn directory(words: &Words<'_>, at: usize, directories: &mut Vec<usize>) -> Option<usize> {
    let count = usize::from(words.u16(at)?);
    let mut cost = 0usize;
    for entry in (0..count).map(|index| at + 2 + index * 12) {
        let (Some(tag), Some(kind)) = (words.u16(entry), words.u16(entry + 2)) else { break };
        let (Some(values), Some(pointer)) = (words.u32(entry + 4), words.u32(entry + 8)) else {
            break;
        };
        let bytes = values.saturating_mul(width(kind));
        cost = cost.saturating_add(ENTRY_COST);
        // What does not lie inside is not copied.
        if bytes > INLINE_BYTES && pointer.saturating_add(bytes) <= words.tiff.len() {
            cost = cost.saturating_add(bytes);
        }
        if POINTERS.contains(&tag) {
            directories.push(pointer);
        }
    }
    let next = words.u32(at + 2 + count * 12).filter(|next| *next > 0);
    directories.extend(next);
    Some(cost)
}

/// Bytes of a value; the most for types that are not known.
fn width(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        _ => 8,
    }
}

/// Numbers in the byte order that a TIFF part begins with.
pub(crate) struct Words<'a> {
    tiff: &'a [u8],
    big_endian: bool,
}

impl<'a> Words<'a> {
    /// None if the part names no byte order.
    pub(crate) fn of(tiff: &'a [u8]) -> Option<Self> {
        let big_endian = match tiff.first_chunk()? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        Some(Self { tiff, big_endian })
    }

    pub(crate) fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.tiff.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(crate) fn u32(&self, at: usize) -> Option<usize> {
        let bytes = *self.tiff.get(at..)?.first_chunk()?;
        let word =
            if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        usize::try_from(word).ok()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A part with one directory, whose entries all name the same bytes behind it.
    pub(crate) fn shared(entries: u16, bytes: u32) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0".to_vec();
        tiff.extend(entries.to_le_bytes());
        let value = 8 + 2 + u32::from(entries) * 12 + 4;
        for number in 0..entries {
            tiff.extend((0xC000 + number % 0x1000).to_le_bytes());
            tiff.extend(7u16.to_le_bytes());
            tiff.extend(bytes.to_le_bytes());
            tiff.extend(value.to_le_bytes());
        }
        tiff.extend([0; 4]);
        tiff.resize(tiff.len() + bytes as usize, 7);
        tiff
    }

    #[test]
    fn values_that_are_named_again_and_again_are_too_much() {
        assert!(is_bounded(&shared(1, 60_000)));
        assert!(is_bounded(&shared(2, 60_000)), "some programs share a value");
        assert!(!is_bounded(&shared(20, 60_000)));
        assert!(!is_bounded(&shared(3000, 25_000)));
        assert!(!is_bounded(&shared(5000, 0)), "entries cost something too");
    }

    #[test]
    fn directories_in_a_circle_end() {
        // The next directory is the first one.
        let mut tiff = shared(1, 0);
        let end = tiff.len();
        tiff[end - 4..].copy_from_slice(&8u32.to_le_bytes());
        assert!(!is_bounded(&tiff));
        // An empty one that names itself.
        assert!(!is_bounded(b"II*\0\x08\0\0\0\0\0\x08\0\0\0"));
    }

    #[test]
    fn both_byte_orders_are_read_and_other_bytes_are_none_of_ours() {
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x10\0\x02\0\0\0\x04X-Q\0\0\0\0\0";
        assert!(is_bounded(big));
        assert!(is_bounded(b"") && is_bounded(b"II") && is_bounded(b"hello"));
    }
}
