//! Aperture, property 5007.

use std::fmt;
use std::str::FromStr;

use super::{NOT_TOLD, ParseValueError, decimal, hex};

/// F-number times 100: `f/5.6` is 560, `auto` 0, `----` 0xFFFF (not available).
///
/// Source: the fact sheet's section 6.3. Seen: 200 (log:XT4), 360 (log:XT5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aperture(pub u16);

impl Aperture {
    /// The camera chooses.
    pub const AUTO: Self = Self(0);
    /// The camera does not tell one.
    pub const NOT_AVAILABLE: Self = Self(u16::MAX);

    /// Stops closed from f/1; `None` where there is no number.
    pub fn stops(self) -> Option<f64> {
        let has_number = ![Self::AUTO, Self::NOT_AVAILABLE].contains(&self);
        has_number.then(|| 2.0 * (f64::from(self.0) / 100.0).log2())
    }
}

impl fmt::Display for Aperture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AUTO => f.write_str("auto"),
            Self::NOT_AVAILABLE => f.write_str(NOT_TOLD),
            Self(hundredths) => {
                write!(f, "f/{}", decimal::thousandths(u32::from(hundredths) * 10))
            }
        }
    }
}

impl FromStr for Aperture {
    type Err = ParseValueError;

    /// Reads `5.6`, `f5.6` or `f/5.6`, and `auto`.
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let trimmed = text.trim();
        let read = || match trimmed {
            NOT_TOLD => Some(Self::NOT_AVAILABLE),
            _ if trimmed.eq_ignore_ascii_case("auto") => Some(Self::AUTO),
            _ if hex(trimmed, 16).is_some() => hex(trimmed, 16).map(|bits| Self(bits as u16)),
            _ => {
                let bare = trimmed.strip_prefix(['f', 'F']).unwrap_or(trimmed);
                let number = decimal::parse(bare.strip_prefix('/').unwrap_or(bare), 2)?;
                let number = u16::try_from(number).ok()?;
                (number != 0 && number != u16::MAX).then_some(Self(number))
            }
        };
        read().ok_or_else(|| ParseValueError::new(text, "aperture", "an f-number such as 5.6"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_numbers_of_the_logs_and_of_the_descriptor() {
        // Origin: log:XT4, log:XT5, and the list of the fact sheet's section 6.2.
        let shown = [(200, "f/2"), (360, "f/3.6"), (530, "f/5.3"), (1600, "f/16"), (65535, "----")];
        for (bits, text) in shown {
            assert_eq!(Aperture(bits).to_string(), text);
        }
        assert_eq!(Aperture(0).to_string(), "auto");
    }

    #[test]
    fn spellings_of_photographers_are_read() {
        for text in ["5.6", "f5.6", "F/5.6", " f/5.60"] {
            assert_eq!(text.parse(), Ok(Aperture(560)), "{text}");
        }
        for bad in ["", "f", "0", "655.35", "700", "5.678", "f//2", "/", "0x10000"] {
            assert!(bad.parse::<Aperture>().is_err(), "{bad}");
        }
    }

    #[test]
    fn two_stops_are_twice_the_number() {
        let stops = |bits| Aperture(bits).stops();
        assert_eq!(stops(100), Some(0.0));
        assert_eq!(stops(800).zip(stops(400)).map(|(a, b)| a - b), Some(2.0));
        assert_eq!((stops(0), stops(u16::MAX)), (None, None));
    }
}
