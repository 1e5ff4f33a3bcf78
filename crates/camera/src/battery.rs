//! How full the battery is, in the camera's steps.

use std::fmt;

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
