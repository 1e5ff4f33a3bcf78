//! Shutter speed, property D240.

use std::fmt;
use std::str::FromStr;

use super::{NOT_TOLD, ParseValueError, decimal, hex};

/// Marks a fraction of a second.
const FRACTION: u32 = 1 << 31;
/// Bits that hold the number; those between them and [`FRACTION`] are not known to be used.
const NUMBER: u32 = 0x0FFF_FFFF;

/// Shutter speed as D240 says it: `1/125`, `0.5s`, `30s`, `----`.
///
/// Bit 31 set: one over (bits 0-27, in thousandths) seconds; clear: bits 0-27 in milliseconds.
/// 0xFFFFFFFF is not available, in A and P and perhaps in bulb, which is not told apart. Source:
/// the fact sheet's section 6.4; seen: 0x8000EA60 = 1/60 (log:XT4), 0xFFFFFFFF (log:XT5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShutterSpeed(pub u32);

impl ShutterSpeed {
    /// The camera does not tell one.
    pub const NOT_AVAILABLE: Self = Self(u32::MAX);

    /// How long the shutter is open, in seconds; `None` where the bits do not say it.
    pub fn seconds(self) -> Option<f64> {
        let number = self.number()?;
        let thousandths = f64::from(number) / 1000.0;
        Some(if self.0 & FRACTION != 0 { 1.0 / thousandths } else { thousandths })
    }

    /// Stops faster than one second; `None` where the bits do not say it.
    pub fn stops(self) -> Option<f64> {
        self.seconds().map(|seconds| -seconds.log2())
    }

    /// Thousandths of a denominator, or milliseconds.
    fn number(self) -> Option<u32> {
        let number = self.0 & NUMBER;
        (self.0 & !(FRACTION | NUMBER) == 0 && number != 0).then_some(number)
    }
}

impl fmt::Display for ShutterSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) if self.0 & FRACTION != 0 => {
                write!(f, "1/{}", decimal::thousandths(number))
            }
            Some(number) => write!(f, "{}s", decimal::thousandths(number)),
            None if *self == Self::NOT_AVAILABLE => f.write_str(NOT_TOLD),
            None => write!(f, "{:#010X}", self.0),
        }
    }
}

impl FromStr for ShutterSpeed {
    type Err = ParseValueError;

    /// Reads `1/125`, `30s` or `30"`. A bare number could mean either and is refused.
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let trimmed = text.trim();
        let number = |text: &str, flag| {
            let number = decimal::parse(text, 3).filter(|number| (1..=NUMBER).contains(number))?;
            Some(Self(number | flag))
        };
        let read = || {
            if trimmed == NOT_TOLD {
                return Some(Self::NOT_AVAILABLE);
            }
            if let Some(denominator) = trimmed.strip_prefix("1/") {
                return number(denominator, FRACTION);
            }
            match trimmed.strip_suffix(['s', 'S', '"']) {
                Some(seconds) => number(seconds.trim_end(), 0),
                None => hex(trimmed, 32).map(Self),
            }
        };
        let expected = "a fraction such as 1/125, or seconds such as 0.5s or 30s";
        read().ok_or_else(|| ParseValueError::new(text, "shutter speed", expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_an_x_t4_and_what_an_x_t5_does_not_tell() {
        // Origin: log:XT4 and log:XT5, the fact sheet's appendices A.3 and A.4.
        assert_eq!(ShutterSpeed(0x8000_EA60).to_string(), "1/60");
        assert_eq!(ShutterSpeed(0xFFFF_FFFF).to_string(), "----");
        assert_eq!(ShutterSpeed::NOT_AVAILABLE.stops(), None);
    }

    #[test]
    fn seconds_fractions_and_tenths_are_read() {
        let bits = |text: &str| text.parse::<ShutterSpeed>().map(|speed| speed.0).ok();
        assert_eq!(bits("30s"), Some(30_000));
        assert_eq!(bits("30\""), Some(30_000));
        assert_eq!(bits("1/1.3"), Some(0x8000_0514));
        assert_eq!(bits(" 0.5 s"), Some(500));
        assert_eq!(bits("1/32000"), Some(0x8000_0000 | 32_000_000));
        for bad in ["60", "0s", "1/0", "1/", "s", "2/60", "-1s", "1/300000", "0x1ffffffff"] {
            assert_eq!(bits(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_stop_is_twice_the_speed_however_it_is_written() {
        let stops = |text: &str| text.parse::<ShutterSpeed>().ok().and_then(ShutterSpeed::stops);
        assert_eq!(stops("1s"), Some(0.0));
        assert_eq!(stops("0.5s"), stops("1/2"));
        assert_eq!(stops("4s"), Some(-2.0));
    }
}
