//! Going no faster than is allowed.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// How long a wait goes on before it looks for a stop.
const SLICE: Duration = Duration::from_millis(100);

/// The pace of one file.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Bytes per second; none: as fast as it goes.
    limit: Option<NonZeroU64>,
    began: Instant,
    bytes: u64,
}

impl Pace {
    pub(crate) fn new(limit: Option<NonZeroU64>) -> Self {
        Self { limit, began: Instant::now(), bytes: 0 }
    }

    /// How much to send at once: no more than one second's, so that something moves all the time.
    pub(crate) fn piece(&self, most: usize) -> usize {
        let second = self.limit.map(|limit| usize::try_from(limit.get()).unwrap_or(most));
        second.map_or(most, |second| second.min(most))
    }

    /// Waits until so many more bytes may go, on a thread that may block. Ends early on a stop.
    pub(crate) fn wait(&mut self, bytes: u64, stop: &Stop) {
        let Some(limit) = self.limit else { return };
        // Those before them must have had their time.
        let due = self.began + due(self.bytes, limit);
        self.bytes += bytes;
        while !stop.is_asked() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(SLICE));
        }
    }
}

/// How long so many bytes take.
fn due(bytes: u64, limit: NonZeroU64) -> Duration {
    let (whole, rest) = (bytes / limit, bytes % limit);
    Duration::from_secs(whole) + Duration::from_secs_f64(rest as f64 / limit.get() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: NonZeroU64 = NonZeroU64::new(1000).unwrap();

    #[test]
    fn bytes_take_their_time() {
        assert_eq!(due(0, LIMIT), Duration::ZERO);
        assert_eq!(due(2500, LIMIT), Duration::from_millis(2500));
        assert_eq!(due(u64::MAX, LIMIT).as_secs(), u64::MAX / 1000);
    }

    #[test]
    fn a_piece_is_a_second_at_most() {
        assert_eq!(Pace::new(Some(LIMIT)).piece(512), 512);
        assert_eq!(Pace::new(Some(LIMIT)).piece(4096), 1000);
        assert_eq!(Pace::new(None).piece(4096), 4096);
    }

    #[test]
    fn a_stop_ends_the_wait() {
        let stop = Stop::default();
        let mut pace = Pace::new(Some(LIMIT));
        pace.wait(1_000_000, &stop);
        stop.ask();
        pace.wait(1, &stop);
        assert!(pace.began.elapsed() < Duration::from_secs(10));
    }
}
