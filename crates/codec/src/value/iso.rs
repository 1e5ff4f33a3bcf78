//! Sensitivity, properties D02A and D02B.

use std::fmt;
use std::str::FromStr;

use super::{ParseValueError, hex, plain};

/// The number is the upper limit of an automatic choice.
const AUTO: u32 = 1 << 31;
/// The number lies outside the sensor's own range.
const EXTENDED: u32 = 1 << 30;
/// Bits that hold the number; those between them and [`EXTENDED`] are not known to be used.
const NUMBER: u32 = 0x00FF_FFFF;
/// Extended values below are called L, from here on H. Chosen between what bodies list: 80 to 125
/// and 12800 to 51200 (the fact sheet's section 6.2).
const HIGH: u32 = 1000;

/// ISO as D02A and D02B say it: `400`, `auto-6400` (automatic, up to 6400), `auto`, `L100`,
/// `H51200`.
///
/// Bits 0-23 number, bit 30 extended, bit 31 automatic up to the number; 0xFFFFFFFF automatic.
/// Source: the fact sheet's section 6.4. Seen: log:XT4, log:XT5, X-T1 (0x902B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iso(pub u32);

impl Iso {
    /// Automatic without a limit that is told.
    pub const AUTO: Self = Self(u32::MAX);

    /// The number, and its flags; `None` where bits are set that nobody knows.
    fn parts(self) -> Option<(u32, u32)> {
        let (number, flags) = (self.0 & NUMBER, self.0 & !NUMBER);
        (number != 0 && [0, AUTO, EXTENDED].contains(&flags)).then_some((number, flags))
    }
}

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Some((number, AUTO)) => write!(f, "auto-{number}"),
            Some((number, EXTENDED)) if number < HIGH => write!(f, "L{number}"),
            Some((number, EXTENDED)) => write!(f, "H{number}"),
            Some((number, _)) => write!(f, "{number}"),
            None if *self == Self::AUTO => f.write_str("auto"),
            None => write!(f, "{:#010X}", self.0),
        }
    }
}

impl FromStr for Iso {
    type Err = ParseValueError;

    /// Reads `400`, `auto`, `auto-6400`, `L100`, `H51200`.
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let word = plain(text);
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|number| plain && (1..=NUMBER).contains(number))
        };
        let read = || {
            if word == "auto" {
                return Some(Self::AUTO);
            }
            if let Some(limit) = word.strip_prefix("auto") {
                return number(limit.strip_prefix('-').unwrap_or(limit)).map(|n| Self(n | AUTO));
            }
            if let Some(low) = word.strip_prefix('l') {
                return number(low).filter(|&n| n < HIGH).map(|n| Self(n | EXTENDED));
            }
            if let Some(high) = word.strip_prefix('h') {
                return number(high).filter(|&n| n >= HIGH).map(|n| Self(n | EXTENDED));
            }
            hex(&word, 32).or_else(|| number(&word)).map(Self)
        };
        let expected = "a number such as 400, auto, auto-6400, L100 or H51200";
        read().ok_or_else(|| ParseValueError::new(text, "ISO", expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_the_sheet_explains() {
        // Origin: the fact sheet's section 6.4.
        let explained = [
            (0x8000_1900, "auto-6400"),
            (0x4000_0064, "L100"),
            (0x4000_C800, "H51200"),
            (0x0000_00C8, "200"),
            (0xFFFF_FFFF, "auto"),
        ];
        for (bits, text) in explained {
            assert_eq!(Iso(bits).to_string(), text);
            assert_eq!(text.parse(), Ok(Iso(bits)));
        }
    }

    #[test]
    fn bits_nobody_knows_show_as_hex() {
        for bits in [0, 0x8000_0000, 0xC000_0064, 0x0100_0064] {
            assert_eq!(Iso(bits).to_string(), format!("{bits:#010X}"));
        }
        assert_eq!("Auto 6400".parse(), Ok(Iso(0x8000_1900)));
        for bad in ["", "H100", "L6400", "auto-0", "-400", "-auto", "4e2", "16777216", "auto-x"] {
            assert!(bad.parse::<Iso>().is_err(), "{bad}");
        }
    }
}
