//! How long frames took from their last byte to the end of their writing.
//!
//! How old a frame is when the camera sends it nobody can tell from here.

use std::time::Duration;

use serde_json::{Value, json};

/// Delays of any number of frames, in a few bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delay {
    frames: u32,
    sum: Duration,
    longest: Duration,
}

impl Delay {
    pub(super) fn add(&mut self, delay: Duration) {
        self.frames = self.frames.saturating_add(1);
        self.sum = self.sum.saturating_add(delay);
        self.longest = self.longest.max(delay);
    }

    /// In words; empty if no frame was written.
    pub(super) fn text(&self) -> String {
        match self.mean() {
            Some(mean) => {
                let (mean, longest) = (millis(mean), millis(self.longest));
                format!(", written after {mean:.1} ms, at most {longest:.1} ms")
            }
            None => String::new(),
        }
    }

    /// Mean and longest in milliseconds; null if no frame was written.
    pub(super) fn json(&self) -> [Value; 2] {
        let longest = self.mean().map(|_| self.longest);
        [self.mean(), longest].map(|time| json!(time.map(millis)))
    }

    fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.frames)
    }
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_longest() {
        let mut delay = Delay::default();
        assert_eq!((delay.text(), delay.json()), (String::new(), [Value::Null, Value::Null]));
        for micros in [1000, 2000, 6600] {
            delay.add(Duration::from_micros(micros));
        }
        assert_eq!(delay.json(), [json!(3.2), json!(6.6)]);
        assert_eq!(delay.text(), ", written after 3.2 ms, at most 6.6 ms");
    }
}
