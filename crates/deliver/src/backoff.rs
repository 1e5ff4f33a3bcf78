//! How long to wait before trying again.

use std::time::Duration;

/// Waits that double from the first to the longest, with jitter, so that several files or stations
/// that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure, before jitter.
    pub first: Duration,
    /// The longest wait; a time to try again further ahead was written by a clock that went back
    /// since.
    pub longest: Duration,
}

impl Default for Backoff {
    /// From five seconds to an hour: a share that is back after a weekend is noticed soon, and an
    /// absent one costs next to nothing.
    fn default() -> Self {
        Self { first: Duration::from_secs(5), longest: Duration::from_secs(3600) }
    }
}

impl Backoff {
    /// Returns the wait after the failure numbered `failures`, from 1, in milliseconds: between
    /// half of the doubled wait and all of it, as `chance` (0 to 1) says.
    #[must_use]
    pub fn wait_ms(&self, failures: u32, chance: f64) -> i64 {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(factor).min(self.longest);
        let wait = whole.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0)).min(self.longest);
        i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
    }

    /// The longest wait in milliseconds.
    pub(crate) fn longest_ms(&self) -> i64 {
        i64::try_from(self.longest.as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let all: Vec<i64> = (1..=5).map(|failures| backoff.wait_ms(failures, 1.0)).collect();
        assert_eq!(all, [5_000, 10_000, 20_000, 40_000, 80_000]);
        for failures in [11, 32, 33, 1000, u32::MAX] {
            assert_eq!(backoff.wait_ms(failures, 1.0), 3_600_000, "{failures}");
        }
        assert_eq!(backoff.wait_ms(0, 1.0), 5_000);
    }

    #[test]
    fn jitter_takes_at_most_half() {
        let backoff = Backoff::default();
        assert_eq!(backoff.wait_ms(1, 0.0), 2_500);
        assert_eq!(backoff.wait_ms(1, 0.5), 3_750);
        assert_eq!(backoff.wait_ms(1, 7.0), 5_000, "chance out of its range");
        assert_eq!(backoff.wait_ms(1, -7.0), 2_500);
    }
}
