//! Reading files without holding them.

use std::io::{self, Read, Seek, SeekFrom};

/// How much of a JPEG's beginning [`crate::Facts::of_head`] wants: Exif lies in one of the first
/// segments, and a segment has at most 64 KiB.
pub const HEAD_BYTES: usize = 68 * 1024;

/// Most bytes of a file that are in memory at once.
pub const MEMORY_BYTES: u64 = 4 << 20;

/// Reads up to `most` bytes at `at`; fewer only at the end of the file.
pub(crate) fn read_at(
    file: &mut (impl Read + Seek + ?Sized),
    at: u64,
    most: usize,
) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(most);
    // `Read::take` wants a sized reader; a reference is one.
    let mut reader = file;
    Read::take(&mut reader, most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The big-endian number of two bytes at `at`.
pub(crate) fn be_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// The big-endian number of four bytes at `at`.
pub(crate) fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// The big-endian number of eight bytes at `at`.
pub(crate) fn be_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn reading_past_the_end_gives_what_is_there() {
        assert_eq!(read_at(&mut Cursor::new(b"abc"), 1, 10).unwrap(), b"bc");
        assert_eq!(read_at(&mut Cursor::new(b"abc"), 9, 10).unwrap(), b"");
    }
}
