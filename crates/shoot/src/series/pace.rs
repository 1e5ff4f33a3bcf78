//! When frames of a series are due.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, sleep_until};

/// Longest interval that makes sense: a year of days.
const MOST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads an interval such as `2s`, `500ms` or `1m30s`; a bare number is seconds.
///
/// Fails with words, also where it is longer than a year.
pub fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let read = || {
        let read: SignedDuration = text.parse().ok()?;
        Duration::try_from(read).ok()
    };
    let interval = seconds.or_else(read).filter(|&interval| interval <= MOST);
    interval.ok_or_else(|| "write a time such as 2s, 500ms or 1m30s".to_owned())
}

/// Frames at equal distances, counted from the first: one that is late does not move the others.
///
/// A frame that is late is taken at once; those whose time has passed by then are not made up for, so
/// that frames never come in a heap.
#[derive(Debug)]
pub struct Pace {
    interval: Duration,
    /// The next one; `None` before the first.
    due: Option<Instant>,
}

impl Pace {
    /// One frame every so often; zero is as fast as the camera goes.
    pub fn every(interval: Duration) -> Self {
        Self { interval, due: None }
    }

    /// Waits until the next frame is due. Cancel-safe: the same frame is due afterwards.
    pub async fn wait(&mut self) {
        let Some(due) = self.due else {
            self.due = Some(Instant::now() + self.interval);
            return;
        };
        sleep_until(due).await;
        self.due = Some(self.after(due, Instant::now()));
    }

    /// The one after `due` that lies in the future, or follows at once where that has passed.
    fn after(&self, due: Instant, now: Instant) -> Instant {
        if self.interval.is_zero() {
            return now;
        }
        let late = (now - due).as_nanos() / self.interval.as_nanos();
        let late = u32::try_from(late).unwrap_or(u32::MAX);
        due + self.interval * late + self.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn starts(interval: Duration, takes: &[u64]) -> Vec<u128> {
        let (start, mut pace) = (Instant::now(), Pace::every(interval));
        let mut starts = Vec::new();
        for &ms in takes {
            pace.wait().await;
            starts.push(start.elapsed().as_millis());
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        starts
    }

    #[test]
    fn intervals_are_read_in_the_usual_words() {
        for (text, ms) in [("2s", 2000), ("500ms", 500), ("1m30s", 90_000), ("1h", 3_600_000)] {
            assert_eq!(interval(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(interval("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["", "x", "-1s", "-2", "2 frames", "inf", "1e19", "9000h"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_frame_does_not_move_the_others() {
        let two = Duration::from_secs(2);
        let starts_at = starts(two, &[10, 10, 2500, 10, 5000, 10, 10]).await;
        assert_eq!(starts_at, [0, 2000, 4000, 6500, 8000, 13_000, 14_000]);
        assert_eq!(starts(Duration::ZERO, &[10, 20, 30]).await, [0, 10, 30]);
    }
}
