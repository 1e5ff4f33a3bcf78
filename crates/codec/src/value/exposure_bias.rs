//! Exposure bias, property 5010.

use std::fmt;
use std::str::FromStr;

use super::{ParseValueError, decimal};

/// Exposure bias in milli-EV: `+0.3` is 333, `-0.7` is -667, `0` is 0.
///
/// Cameras say thirds rounded to thousandths, and are shown as their own screen does; whatever
/// else they might say shows with all its places. Source: the fact sheet's section 6.4. Seen:
/// -333 (X-T1), -667 (log:XT5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExposureBias(pub i16);

impl ExposureBias {
    /// Stops lighter than what the camera takes for right.
    pub fn stops(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl fmt::Display for ExposureBias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = u32::from(self.0.unsigned_abs());
        f.write_str(match self.0 {
            0 => "",
            1.. => "+",
            _ => "-",
        })?;
        let (whole, rest) = (size / 1000, size % 1000);
        match rest {
            333 => write!(f, "{whole}.3"),
            667 => write!(f, "{whole}.7"),
            // These would be read as thirds.
            300 | 700 => write!(f, "{whole}.{rest}"),
            _ => f.write_str(&decimal::thousandths(size)),
        }
    }
}

impl FromStr for ExposureBias {
    type Err = ParseValueError;

    /// Reads `+0.3`, `-1.7`, `+1/3`, `-1 2/3`, `0`; `EV` may follow. One place is a third.
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let lower = text.trim().to_ascii_lowercase();
        let bare = lower.strip_suffix("ev").unwrap_or(&lower).trim_end();
        let (negative, size) = match bare.strip_prefix('-') {
            Some(size) => (true, size),
            None => (false, bare.strip_prefix('+').unwrap_or(bare)),
        };
        let bits = thousandths(size).and_then(|size| {
            let size = i32::try_from(size).ok()?;
            i16::try_from(if negative { -size } else { size }).ok()
        });
        let expected = "thirds of a stop such as +0.3, -0.7 or +1";
        bits.map(Self).ok_or_else(|| ParseValueError::new(text, "exposure bias", expected))
    }
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, third) = match text.rsplit_once([' ', '+']) {
        Some((whole, third)) => (decimal::parse(whole, 0)?, third),
        None => (0, text),
    };
    let rest = match third {
        "1/3" => 333,
        "2/3" => 667,
        _ if third.len() != text.len() => return None,
        _ => match text.rsplit_once('.') {
            Some((whole, "3")) => decimal::parse(&format!("{whole}.333"), 3)?,
            Some((whole, "7")) => decimal::parse(&format!("{whole}.667"), 3)?,
            _ => decimal::parse(text, 3)?,
        },
    };
    whole.checked_mul(1000)?.checked_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_of_the_sheet() {
        // Origin: the fact sheet's section 6.4.
        let thirds = [
            (0xFEB3, "-0.3"),
            (0xFD65, "-0.7"),
            (0xF448, "-3"),
            (333, "+0.3"),
            (1667, "+1.7"),
            (3000, "+3"),
            (0, "0"),
        ];
        for (bits, text) in thirds {
            assert_eq!(ExposureBias(bits as i16).to_string(), text);
            assert_eq!(text.parse(), Ok(ExposureBias(bits as i16)));
        }
    }

    #[test]
    fn spellings_of_photographers_are_read() {
        let bits = |text: &str| text.parse::<ExposureBias>().map(|bias| bias.0).ok();
        assert_eq!(bits("+1/3"), Some(333));
        assert_eq!(bits("-1 2/3 EV"), Some(-1667));
        assert_eq!(bits("0.7"), Some(667));
        assert_eq!(bits("+0.333"), Some(333));
        assert_eq!(bits("1.5"), Some(1500));
        for bad in ["", "+", "--1", "1/4", "x", "33", "1 0.3", "4294967.3", "1/3 1/3"] {
            assert_eq!(bits(bad), None, "{bad}");
        }
    }
}
