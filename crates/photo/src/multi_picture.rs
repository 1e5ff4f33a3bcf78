//! Further pictures behind a JPEG's end, such as a larger preview, and where they end.
//!
//! Source: CIPA DC-007 (Multi-Picture Format), 5.1 and 5.2.3: an APP2 segment named `MPF`, in it a
//! TIFF part, in its first directory entries of 16 bytes: attributes, size, offset from the TIFF
//! part's beginning (0 for the first picture), dependent pictures.

use crate::tiff::Words;

/// Name of the segment.
const MPF: &[u8] = b"MPF\0";
/// The entry with the list of pictures.
const ENTRIES: u16 = 0xB002;
const ENTRY_BYTES: usize = 16;

/// Where the last picture ends that an APP2 segment names, whose content begins at `at` of the file.
pub(crate) fn end(content: &[u8], at: u64) -> Option<u64> {
    let tiff = content.strip_prefix(MPF)?;
    let start = at + MPF.len() as u64;
    let words = Words::of(tiff)?;
    let directory = words.u32(4)?;
    let count = usize::from(words.u16(directory)?);
    let entry = (0..count)
        .map(|index| directory + 2 + index * 12)
        .find(|entry| words.u16(*entry) == Some(ENTRIES))?;
    let (bytes, list) = (words.u32(entry + 4)?, words.u32(entry + 8)?);
    let picture = |index: usize| -> Option<u64> {
        let entry = list + index * ENTRY_BYTES;
        let (size, offset) = (words.u32(entry + 4)? as u64, words.u32(entry + 8)? as u64);
        (offset > 0).then(|| start + offset + size)
    };
    (0..bytes / ENTRY_BYTES)
        .map_while(|index| {
            // Beyond what is here of the list nothing is known.
            (list + (index + 1) * ENTRY_BYTES <= tiff.len()).then(|| picture(index))
        })
        .flatten()
        .max()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A segment's content with two pictures, the second at `offset` from the TIFF part.
    pub(crate) fn two(offset: u32, size: u32) -> Vec<u8> {
        let mut mpf = b"MPF\0MM\0*\0\0\0\x08\0\x01\xB0\x02\0\x07".to_vec();
        mpf.extend(32u32.to_be_bytes());
        mpf.extend(26u32.to_be_bytes());
        mpf.extend([0; 4]);
        for (size, offset) in [(100, 0), (size, offset)] {
            mpf.extend([0; 4]);
            mpf.extend(u32::to_be_bytes(size));
            mpf.extend(u32::to_be_bytes(offset));
            mpf.extend([0; 4]);
        }
        mpf
    }

    #[test]
    fn the_end_of_the_second_picture_is_found() {
        let segment = two(900, 50);
        assert_eq!(end(&segment, 1000), Some(1000 + 4 + 900 + 50));
        for cut in 0..segment.len() {
            assert_eq!(end(&segment[..cut], 1000), None, "cut at {cut}");
        }
        assert_eq!(end(&two(0, 50), 1000), None, "the first picture is the file itself");
        assert_eq!(end(b"ICC_PROFILE\0", 1000), None);
    }
}
