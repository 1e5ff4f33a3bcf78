//! Scales in thirds of a stop, in the codes of the wire.

/// A scale from its first to its last code; a step up goes towards the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    codes: &'static [u32],
    /// What a code measures; it rises along the scale.
    measure: fn(u32) -> f64,
}

/// F-numbers times 100. Source: the usual thirds; the sheet's section 6.4 has no list.
pub(crate) const APERTURES: Scale = Scale {
    codes: &[
        100, 110, 120, 140, 160, 180, 200, 220, 250, 280, 320, 360, 400, 450, 500, 560, 640, 710,
        800, 900, 1000, 1100, 1300, 1400, 1600, 1800, 2000, 2200, 2500, 2900, 3200,
    ],
    measure: |code| f64::from(code),
};

/// Shutter speeds as D240 tells them, from slow to fast. Source: the usual thirds in the encoding of
/// the fact sheet's section 6.4; that a speed below a second is told as a fraction is a guess.
pub(crate) const SHUTTERS: Scale =
    Scale { codes: &SHUTTER_CODES, measure: |code| 1.0 / shutter_seconds(code) };

/// Exposure bias in thousandths of a stop, 16 bits, as listed in 0x902B by X-T1 and X-T4.
pub(crate) const BIASES: Scale = Scale {
    codes: &[
        0xF448, 0xF595, 0xF6E3, 0xF830, 0xF97D, 0xFACB, 0xFC18, 0xFD65, 0xFEB3, 0, 0x14D, 0x29B,
        0x3E8, 0x535, 0x683, 0x7D0, 0x91D, 0xA6B, 0xBB8,
    ],
    measure: |code| f64::from(code as u16 as i16),
};

/// Bit 31 of D240: the rest is 1000 divided by the time.
const FRACTION: u32 = 0x8000_0000;

const SHUTTER_CODES: [u32; 55] = {
    const SLOW: [u32; 16] = [
        30_000, 25_000, 20_000, 15_000, 13_000, 10_000, 8_000, 6_500, 5_000, 4_000, 3_000, 2_500,
        2_000, 1_600, 1_300, 1_000,
    ];
    // Tenths of the denominator.
    const FAST: [u32; 39] = [
        13, 16, 20, 25, 30, 40, 50, 60, 80, 100, 130, 150, 200, 250, 300, 400, 500, 600, 800,
        1_000, 1_250, 1_600, 2_000, 2_500, 3_200, 4_000, 5_000, 6_400, 8_000, 10_000, 12_500,
        16_000, 20_000, 25_000, 32_000, 40_000, 50_000, 64_000, 80_000,
    ];
    let mut codes = [0; 55];
    let mut at = 0;
    while at < SLOW.len() {
        codes[at] = SLOW[at];
        at += 1;
    }
    while at < codes.len() {
        codes[at] = FRACTION | (FAST[at - SLOW.len()] * 100);
        at += 1;
    }
    codes
};

/// Exposure time of a D240 in seconds; a millisecond at least.
pub(crate) fn shutter_seconds(code: u32) -> f64 {
    let number = f64::from((code & 0x0FFF_FFFF).max(1));
    if code & FRACTION == 0 { number / 1000.0 } else { 1000.0 / number }
}

impl Scale {
    /// The part of the scale between two codes, both included.
    pub(crate) fn within(self, first: u32, last: u32) -> Self {
        // A hair's breadth, so that a code is within itself.
        let (low, high) = ((self.measure)(first) * 0.999, (self.measure)(last) * 1.001);
        let start = self.codes.iter().position(|&code| (self.measure)(code) >= low).unwrap_or(0);
        let count = self.codes.iter().filter(|&&code| (self.measure)(code) <= high).count();
        // A range without a single code leaves the whole scale rather than nothing.
        let codes = self.codes.get(start..count).filter(|codes| !codes.is_empty());
        Self { codes: codes.unwrap_or(self.codes), ..self }
    }

    pub(crate) fn has(self, code: u32) -> bool {
        self.codes.contains(&code)
    }

    /// The neighbour of a code, which may lie between two; itself at the end.
    pub(crate) fn next(self, code: u32, up: bool) -> u32 {
        let at = (self.measure)(code);
        let found = if up {
            self.codes.iter().find(|&&next| (self.measure)(next) > at)
        } else {
            self.codes.iter().rfind(|&&next| (self.measure)(next) < at)
        };
        found.copied().unwrap_or(code)
    }

    pub(crate) fn is_at_end(self, code: u32) -> bool {
        self.next(code, true) == code || self.next(code, false) == code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_rise_by_about_a_third_of_a_stop() {
        for (scale, stops_each) in [(APERTURES, 2.0), (SHUTTERS, 1.0)] {
            for pair in scale.codes.windows(2) {
                let ratio = (scale.measure)(pair[1]) / (scale.measure)(pair[0]);
                let stops = ratio.log2() * stops_each;
                assert!((0.15..0.55).contains(&stops), "{pair:?}: {stops}");
            }
        }
        assert!(
            BIASES
                .codes
                .windows(2)
                .all(|pair| (BIASES.measure)(pair[0]) < (BIASES.measure)(pair[1]))
        );
    }

    #[test]
    fn logged_speeds_stand_on_the_scale() {
        // log:XT4 has 1/60 s; a second and half a minute are milliseconds.
        for code in [0x8000_EA60, 1_000, 30_000] {
            assert!(SHUTTERS.has(code), "{code:#X}");
        }
        assert!((shutter_seconds(0x8000_EA60) - 1.0 / 60.0).abs() < 1e-9);
        assert_eq!(shutter_seconds(30_000), 30.0);
    }

    #[test]
    fn steps_end_at_the_ends() {
        let lens = APERTURES.within(200, 1600);
        assert_eq!((lens.next(200, false), lens.next(200, true)), (200, 220));
        assert_eq!((lens.next(1600, true), lens.next(1600, false)), (1600, 1400));
        assert!(lens.is_at_end(200) && lens.is_at_end(1600) && !lens.is_at_end(210));
        assert_eq!(lens.next(210, true), 220, "from between two");
        assert_eq!(SHUTTERS.next(1_000, true), 0x8000_0514, "faster is up: 1/1.3 s");
        assert_eq!(BIASES.next(0, false), 0xFEB3);
        let backwards = SHUTTERS.within(0x8000_EA60, 1_000);
        assert!(backwards.has(30_000), "a range without a code is no range");
    }
}
