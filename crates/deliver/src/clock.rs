//! Time and randomness, passed in by the caller.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::target::Future;

/// How long [`SystemClock`] sleeps before it looks at the time again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The time of day and waiting for one.
pub trait Clock: Send + Sync {
    /// Now, epoch milliseconds.
    fn now_ms(&self) -> i64;

    /// Ends when `at_ms` has come. Cancel-safe.
    fn sleep_until(&self, at_ms: i64) -> Future<'_, ()>;
}

/// The system's clock. It may step; waits follow it within half a minute.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, at_ms: i64) -> Future<'_, ()> {
        Box::pin(async move {
            while let Ok(left @ 1..) = u64::try_from(at_ms.saturating_sub(self.now_ms())) {
                // Never to the end at once: a clock that is set by the network jumps meanwhile.
                tokio::time::sleep(Duration::from_millis(left).min(LOOK_AGAIN)).await;
            }
        })
    }
}

/// Numbers from 0 to below 1.
pub type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Randomness that is good enough to spread waits: the seeds of the standard library's hash maps.
#[must_use]
pub fn system_random() -> Random {
    Arc::new(|| {
        // 53 bits, which a double holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let whole = (random_bits() >> 11) as f64;
        whole / (1_u64 << 53) as f64
    })
}

/// 64 bits nobody else in this process has.
pub(crate) fn random_bits() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_in_range_and_differ() {
        let random = system_random();
        let all: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(all.iter().all(|chance| (0.0..1.0).contains(chance)), "{all:?}");
        assert!(all.iter().any(|chance| *chance < 0.5) && all.iter().any(|chance| *chance > 0.5));
    }

    #[tokio::test]
    async fn a_time_that_has_passed_is_not_waited_for() {
        let clock = SystemClock;
        clock.sleep_until(i64::MIN).await;
        clock.sleep_until(clock.now_ms()).await;
        clock.sleep_until(clock.now_ms() + 20).await;
    }
}
