//! How many pictures a film shows a second.

use std::fmt;
use std::str::FromStr;

/// Frames a second, as a fraction: the rates of television are none that decimals tell exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    numerator: u32,
    denominator: u32,
}

/// Fewest and most frames a second.
const BOUNDS: std::ops::RangeInclusive<f64> = 0.1..=1000.0;
/// Digits behind the point that are read.
const MOST_DIGITS: usize = 3;

/// What is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a number from 0.1 to 1000, such as 25, 29.97 or 24000/1001")]
pub struct NoRate;

impl Rate {
    /// A fraction that is known to be a rate.
    pub(super) const fn new(numerator: u32, denominator: u32) -> Self {
        Self { numerator, denominator }
    }

    /// Frames in `denominator` seconds.
    #[must_use]
    pub fn numerator(self) -> u32 {
        self.numerator
    }

    /// Seconds that `numerator` frames take.
    #[must_use]
    pub fn denominator(self) -> u32 {
        self.denominator
    }

    /// As a number.
    #[must_use]
    pub fn per_second(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl FromStr for Rate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        let rate = match text {
            // Nobody means the decimals.
            "23.976" | "23.98" => Self::new(24_000, 1001),
            "29.97" => Self::new(30_000, 1001),
            "59.94" => Self::new(60_000, 1001),
            _ => match text.split_once('/') {
                Some((one, other)) => Self::new(whole(one)?, whole(other)?),
                None => decimal(text)?,
            },
        };
        let is_rate = rate.denominator > 0 && BOUNDS.contains(&rate.per_second());
        is_rate.then_some(rate).ok_or(NoRate)
    }
}

fn whole(text: &str) -> Result<u32, NoRate> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(NoRate)
}

fn decimal(text: &str) -> Result<Rate, NoRate> {
    let (before, behind) = text.split_once('.').unwrap_or((text, ""));
    if behind.len() > MOST_DIGITS || (behind.is_empty() && text.contains('.')) {
        return Err(NoRate);
    }
    let denominator = (0..behind.len()).fold(1, |ten, _| ten * 10);
    Ok(Rate::new(whole(&format!("{before}{behind}"))?, denominator))
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            other => write!(f, "{}/{other}", self.numerator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_fractions() {
        for (text, numerator, denominator) in [
            ("25", 25, 1),
            ("0.5", 5, 10),
            ("12.125", 12_125, 1000),
            ("29.97", 30_000, 1001),
            ("23.976", 24_000, 1001),
            ("30000/1001", 30_000, 1001),
        ] {
            assert_eq!(text.parse(), Ok(Rate::new(numerator, denominator)), "{text}");
        }
        for text in
            ["", "0", "0.05", "1001", "-25", "+25", "1e2", "25.", "25/0", "/", "1.23456", "a"]
        {
            assert_eq!(text.parse::<Rate>(), Err(NoRate), "{text}");
        }
    }
}
