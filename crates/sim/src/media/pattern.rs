//! An endless pseudo-random byte sequence, cut from one prepared buffer without copying.
//!
//! It exists to measure others: serving a gigabyte from here costs no more than the slices. The
//! period is odd, so that a piece written to a wrong multiple of any power of two is noticed, and
//! no byte is 0xFF, so that the sequence can stand as the scan of a JPEG without forging markers.

use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};

use super::random::{Random, mix};

/// Length after which the sequence repeats.
const PERIOD: usize = 4 * 1024 * 1024 - 3;

/// Repeated beginning, so that any piece of up to 1 MiB, the largest the protocol's clients ask
/// for, is one slice.
const OVERLAP: usize = 1024 * 1024;

static PREPARED: LazyLock<Bytes> = LazyLock::new(|| {
    let mut bytes = Vec::with_capacity(PERIOD + OVERLAP + 8);
    Random::new(0, 0).fill(&mut bytes, PERIOD);
    for byte in &mut bytes {
        *byte = (*byte).min(0xFE);
    }
    bytes.extend_from_within(..OVERLAP);
    Bytes::from(bytes)
});

/// Returns `count` bytes at `offset` of the sequence of `seed`; shared, not copied, up to 1 MiB.
pub fn piece(seed: u64, offset: u64, count: usize) -> Bytes {
    let start = ((mix(seed) % PERIOD as u64 + offset % PERIOD as u64) % PERIOD as u64) as usize;
    if start + count <= PREPARED.len() {
        return PREPARED.slice(start..start + count);
    }
    let mut out = BytesMut::with_capacity(count);
    let mut at = start;
    while out.len() < count {
        let end = PERIOD.min(at + count - out.len());
        out.extend_from_slice(&PREPARED[at..end]);
        at = 0;
    }
    out.freeze()
}

/// A file made of a beginning, as much of the sequence as its size asks for, and an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed {
    prefix: Bytes,
    suffix: Bytes,
    seed: u64,
    size_bytes: u64,
}

impl Framed {
    /// Frames the sequence of `seed`; the size is never less than prefix and suffix together.
    pub fn new(prefix: Bytes, suffix: Bytes, seed: u64, size_bytes: u64) -> Self {
        let least = (prefix.len() + suffix.len()) as u64;
        Self { prefix, suffix, seed, size_bytes: size_bytes.max(least) }
    }

    /// Length of the whole file.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Memory held beyond the shared buffer.
    pub(crate) fn cost_bytes(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// Returns up to `max` bytes at `offset`; fewer only at the end. Not copied where the piece
    /// lies within one part.
    pub fn read_at(&self, offset: u64, max: usize) -> Bytes {
        let end = self.size_bytes.min(offset.saturating_add(max as u64));
        let body_at = self.prefix.len() as u64;
        let suffix_at = self.size_bytes - self.suffix.len() as u64;
        if offset >= body_at && end <= suffix_at && offset < end {
            return piece(self.seed, offset - body_at, (end - offset) as usize);
        }
        let mut out = BytesMut::with_capacity(end.saturating_sub(offset) as usize);
        let mut at = offset;
        while at < end {
            let part = if at < body_at {
                self.prefix.slice(at as usize..end.min(body_at) as usize)
            } else if at < suffix_at {
                piece(self.seed, at - body_at, (end.min(suffix_at) - at) as usize)
            } else {
                self.suffix.slice((at - suffix_at) as usize..(end - suffix_at) as usize)
            };
            at += part.len() as u64;
            out.extend_from_slice(&part);
        }
        out.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_agree_with_the_whole() {
        let whole = piece(7, 0, 3 * PERIOD);
        assert_eq!(whole.len(), 3 * PERIOD);
        for offset in [0, 1, PERIOD - 5, PERIOD, 2 * PERIOD - 1_000_000] {
            let part = piece(7, offset as u64, 1_000_000);
            assert!(part == whole[offset..offset + 1_000_000], "offset {offset}");
        }
        assert!(!whole.contains(&0xFF));
        assert_ne!(piece(7, 0, 64), piece(8, 0, 64));
        assert_ne!(piece(7, 0, 64), piece(7, 1 << 22, 64));
    }

    #[test]
    fn framed_parts_join_without_a_seam() {
        let framed = Framed::new(Bytes::from_static(b"head"), Bytes::from_static(b"end"), 3, 100);
        let whole = framed.read_at(0, 1000);
        assert_eq!(whole.len(), 100);
        assert_eq!((&whole[..4], &whole[97..]), (&b"head"[..], &b"end"[..]));
        assert_eq!(whole[4..97], piece(3, 0, 93));
        for offset in 0..=101 {
            for max in [1, 7, 96] {
                let end = (offset + max).min(100).max(offset.min(100));
                assert_eq!(framed.read_at(offset as u64, max), whole[offset.min(100)..end]);
            }
        }
    }

    #[test]
    fn a_mebibyte_is_not_copied() {
        let first = piece(1, 0, 1 << 20);
        assert_eq!(first.as_ptr(), piece(1, 0, 1 << 20).as_ptr());
    }
}
