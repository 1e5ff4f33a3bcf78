//! Going no faster than is allowed.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// How long a wait goes on before it looks for a stop.
const SLICE: Duration = Duration::from_millis(100);

/// How fast bytes may go to a target. Clones are the same pace, so that it holds from file to file;
/// the default is as fast as it goes.
#[derive(Debug, Clone, Default)]
pub struct Pace(Option<Arc<Limit>>);

#[derive(Debug)]
struct Limit {
    /// Bytes in a second.
    most: NonZeroU64,
    /// When all that went has had its time.
    free: Mutex<Instant>,
}

impl Pace {
    /// So many bytes in a second; none: as fast as it goes.
    #[must_use]
    pub fn new(limit: Option<NonZeroU64>) -> Self {
        Self(limit.map(|most| Arc::new(Limit { most, free: Mutex::new(Instant::now()) })))
    }

    /// How many bytes may go in a second; none if there is no limit.
    #[must_use]
    pub fn limit(&self) -> Option<NonZeroU64> {
        self.0.as_ref().map(|limit| limit.most)
    }

    /// How much to send at once: no more than one second's, so that something moves all the time.
    pub(crate) fn piece(&self, most: usize) -> usize {
        let second = self.0.as_ref().map(|limit| usize::try_from(limit.most.get()).unwrap_or(most));
        second.map_or(most, |second| second.min(most))
    }

    /// Waits until so many more bytes may go, on a thread that may block. Ends early on a stop.
    pub(crate) fn wait(&self, bytes: u64, stop: &Stop) {
        let Some(limit) = &self.0 else { return };
        let due = {
            let mut free = limit.free.lock().unwrap_or_else(PoisonError::into_inner);
            // Time in which nothing went is lost.
            let due = (*free).max(Instant::now());
            *free = due + time_of(bytes, limit.most);
            due
        };
        while !stop.is_asked() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(SLICE));
        }
    }
}

/// How long so many bytes take; a day at most, so that no sum of times overflows.
fn time_of(bytes: u64, most: NonZeroU64) -> Duration {
    const DAY: f64 = 86_400.0;
    Duration::from_secs_f64((bytes as f64 / most.get() as f64).min(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Option<NonZeroU64> = NonZeroU64::new(1000);

    #[test]
    fn bytes_take_their_time() {
        let most = LIMIT.unwrap();
        assert_eq!(time_of(0, most), Duration::ZERO);
        assert_eq!(time_of(2500, most), Duration::from_millis(2500));
        assert_eq!(time_of(u64::MAX, most), Duration::from_secs(86_400));
    }

    #[test]
    fn a_piece_is_a_second_at_most() {
        assert_eq!(Pace::new(LIMIT).piece(512), 512);
        assert_eq!(Pace::new(LIMIT).piece(4096), 1000);
        assert_eq!(Pace::default().piece(4096), 4096);
    }

    #[test]
    fn clones_share_what_may_go_and_idle_time_is_lost() {
        let (pace, stop) = (Pace::new(LIMIT), Stop::default());
        std::thread::sleep(Duration::from_millis(50));
        let began = Instant::now();
        for _ in 0..3 {
            pace.clone().wait(100, &stop);
        }
        assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    }

    #[test]
    fn a_stop_ends_the_wait() {
        let (pace, stop) = (Pace::new(LIMIT), Stop::default());
        let began = Instant::now();
        pace.wait(1_000_000, &stop);
        stop.ask();
        pace.wait(1, &stop);
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
