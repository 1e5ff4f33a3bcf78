//! The clock a timelapse goes by.

use std::future::Future;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

/// Longest sleep of the timing thread: the computer's clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_millis(250);

/// What time it is, and how to wait for one.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// The time at an instant.
    fn at(&self, instant: Instant) -> Timestamp;

    /// Ends at that time, or at once if it is past. Cancel-safe.
    fn until(&self, at: Timestamp) -> impl Future<Output = ()>;
}

/// The computer's clock, waited for by a thread of its own: the async timer counts in milliseconds,
/// and knows nothing of a clock that is set.
#[derive(Debug)]
pub struct SystemClock {
    wishes: mpsc::Sender<Wish>,
}

struct Wish {
    at: Timestamp,
    /// Dropped when nobody waits any more.
    reached: oneshot::Sender<()>,
}

impl SystemClock {
    /// Starts the thread, which ends with this value. Fails if the system gives none.
    pub fn start() -> io::Result<Self> {
        let (wishes, wished) = mpsc::channel();
        std::thread::Builder::new().name("timing".into()).spawn(move || keep_time(&wished))?;
        Ok(Self { wishes })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn at(&self, instant: Instant) -> Timestamp {
        let ago = SignedDuration::try_from(instant.elapsed()).unwrap_or(SignedDuration::ZERO);
        Timestamp::now().checked_sub(ago).unwrap_or(Timestamp::MIN)
    }

    async fn until(&self, at: Timestamp) {
        let (reached, waiting) = oneshot::channel();
        if self.wishes.send(Wish { at, reached }).is_ok() {
            // The thread lives as long as this value.
            let _ = waiting.await;
        }
    }
}

/// Serves the newest wish; ends when nobody can wish any more.
fn keep_time(wished: &mpsc::Receiver<Wish>) {
    let mut wish: Option<Wish> = None;
    loop {
        let Some(waiting) = wish.take_if(|wish| !wish.reached.is_closed()) else {
            match wished.recv() {
                Ok(next) => wish = Some(next),
                Err(_) => return,
            }
            continue;
        };
        let left = Duration::try_from(waiting.at.duration_since(Timestamp::now()));
        let left = left.unwrap_or_default();
        if left.is_zero() {
            let _ = waiting.reached.send(());
            continue;
        }
        match wished.recv_timeout(left.min(LONGEST_SLEEP)) {
            Ok(next) => wish = Some(next),
            Err(RecvTimeoutError::Timeout) => wish = Some(waiting),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_thread_waits_until_the_time_and_not_longer() {
        let clock = SystemClock::start().unwrap();
        // A wish that was given up does not stand in the way.
        let later = clock.now() + SignedDuration::from_secs(3600);
        let short = tokio::time::timeout(Duration::from_millis(5), clock.until(later));
        assert!(short.await.is_err());
        let at = clock.now() + SignedDuration::from_millis(300);
        clock.until(at).await;
        let late = clock.now().duration_since(at);
        assert!(!late.is_negative() && late < SignedDuration::from_secs(5), "{late:?}");
        clock.until(at).await;
        let (instant, now) = (Instant::now(), clock.now());
        assert!(clock.at(instant).duration_since(now).abs() < SignedDuration::from_secs(1));
    }
}
