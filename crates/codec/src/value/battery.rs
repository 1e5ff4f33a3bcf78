//! How full the battery is, in the camera's steps.

use std::fmt;
use std::str::FromStr;

use super::{ParseValueError, hex, plain};

/// What D242 and D246 say, as it stands on the wire: `4 of 5 bars`, `critical of 3 bars`.
///
/// [`BatteryLevel::charge`] gives what most people want. That D246 counts as D242 does is inferred
/// from three logs in which both are equal (grade C).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatteryLevel(pub u16);

impl BatteryLevel {
    /// The charge; `None` for values nobody knows.
    pub fn charge(self) -> Option<Battery> {
        Battery::from_d242(u32::from(self.0))
    }
}

impl fmt::Display for BatteryLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.charge() {
            Some(Battery { bars: 0, of }) => write!(f, "critical of {of} bars"),
            Some(Battery { bars, of }) => write!(f, "{bars} of {of} bars"),
            None => write!(f, "{:#06X}", self.0),
        }
    }
}

impl FromStr for BatteryLevel {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let word = plain(text);
        let known = (0..=11).map(Self).filter(|level| level.charge().is_some());
        let read = || match hex(text.trim(), 16) {
            Some(bits) => Some(Self(bits as u16)),
            None => known.clone().find(|level| plain(&level.to_string()) == word),
        };
        let expected = "bars such as 4 of 5 bars";
        read().ok_or_else(|| ParseValueError::new(text, "battery level", expected))
    }
}

/// A battery's charge as the camera's own symbol shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Battery {
    /// Bars that are left; 0 is critical: the camera may switch itself off any moment.
    pub bars: u8,
    /// Bars of a full battery.
    pub of: u8,
}

impl Battery {
    /// Reads D242. Source: the fact sheet's section 6.3: 1 critical, 2 one bar, 3 two bars, 4 full;
    /// of newer packs 6 critical, 7 to 10 one to four bars, 11 full. `None` for other values.
    pub fn from_d242(value: u32) -> Option<Self> {
        match value {
            1..=4 => Some(Self { bars: value as u8 - 1, of: 3 }),
            6..=11 => Some(Self { bars: value as u8 - 6, of: 5 }),
            _ => None,
        }
    }

    /// Reads 5001 of an X-T1: 1 one third, 2 two thirds, 3 full (ptp-ip). That 0, the lower end of
    /// its range, is critical is our inference (grade C). `None` for other values.
    pub fn from_5001(value: u32) -> Option<Self> {
        (value <= 3).then_some(Self { bars: value as u8, of: 3 })
    }

    /// True if the camera may switch itself off any moment.
    pub fn is_critical(self) -> bool {
        self.bars == 0
    }
}

impl fmt::Display for Battery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.bars, self.of) {
            (0, _) => f.write_str("critical"),
            (bars, of) if bars == of => f.write_str("full"),
            (bars, of) => write!(f, "{bars} of {of} bars"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_tell_the_kind_of_pack_too() {
        // Origin: log:XT4 (11) and log:XT5 (9).
        for (bits, text) in [(11, "5 of 5 bars"), (9, "3 of 5 bars"), (1, "critical of 3 bars")] {
            assert_eq!(BatteryLevel(bits).to_string(), text);
            assert_eq!(text.parse(), Ok(BatteryLevel(bits)));
        }
        assert_eq!(BatteryLevel(5).to_string(), "0x0005");
        assert!("6 of 5 bars".parse::<BatteryLevel>().is_err());
    }

    #[test]
    fn the_steps_of_both_kinds_of_packs() {
        let words = |value| Battery::from_d242(value).map(|battery| battery.to_string());
        let expected = [
            (0, None),
            (1, Some("critical")),
            (2, Some("1 of 3 bars")),
            (4, Some("full")),
            (5, None),
            (6, Some("critical")),
            (10, Some("4 of 5 bars")),
            (11, Some("full")),
            (12, None),
        ];
        for (value, text) in expected {
            assert_eq!(words(value).as_deref(), text, "{value}");
        }
        assert!(Battery::from_d242(6).is_some_and(Battery::is_critical));
        assert!(Battery::from_d242(7).is_some_and(|battery| !battery.is_critical()));
        assert!(Battery::from_5001(0).is_some_and(Battery::is_critical));
        assert_eq!(Battery::from_5001(3).map(|full| full.to_string()).as_deref(), Some("full"));
        assert_eq!(Battery::from_5001(4), None);
    }
}
