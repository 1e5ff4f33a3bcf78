//! A small seeded generator. It is part of the promise that equal arguments give equal bytes, so
//! it must never change; that is why it is ours and not a library's.

/// SplitMix64 (Steele, Lea and Flood, 2014): one addition and a mix for each number.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Starts a stream that belongs to `seed` and `stream` together.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(mix(seed ^ mix(stream.wrapping_add(0x5851_F42D_4C95_7F2D))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number in `low..=high`; `low` if the range is empty.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        match high.saturating_sub(low).checked_add(1) {
            Some(width) => low + self.next() % width,
            None => self.next(),
        }
    }

    /// A number in 0.0..1.0.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Appends `count` bytes.
    pub(crate) fn fill(&mut self, out: &mut Vec<u8>, count: usize) {
        let end = out.len() + count;
        out.reserve(count + 8);
        while out.len() < end {
            out.extend_from_slice(&self.next().to_le_bytes());
        }
        out.truncate(end);
    }
}

/// Spreads the bits of `value`, so that neighbours differ in about half of them.
pub(crate) fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
