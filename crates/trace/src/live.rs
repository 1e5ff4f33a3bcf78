//! What is told of live view: rate, sizes, and how its counter runs.

use std::time::Duration;

/// What was counted of live view, all streams together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveTally {
    /// The shortest packet, in bytes.
    pub smallest: Option<u64>,
    /// The longest packet, in bytes.
    pub largest: Option<u64>,
    /// Steps from a picture to the next one of the same stream, as far as they have times.
    pub steps: u64,
    /// All their durations together.
    pub total: Duration,
    /// The longest of them.
    pub longest: Duration,
    /// Steps in which the counter did not grow by one, other than over a gap of the capture. Only its
    /// low byte is looked at, since only that is sure (the fact sheet's section 8.6).
    pub jumps: u64,
}

impl LiveTally {
    /// Pictures a second; `None` if there are no times.
    pub fn rate(&self) -> Option<f64> {
        (!self.total.is_zero()).then(|| self.steps as f64 / self.total.as_secs_f64())
    }
}

/// A stream of live view.
#[derive(Debug, Default)]
pub(crate) struct LiveView {
    frames: u64,
    bytes: u64,
    first_ns: Option<u64>,
    pub(crate) last_ns: Option<u64>,
    /// The counter before, unless something was lost since.
    counter: Option<u32>,
}

impl LiveView {
    pub(crate) fn add(
        &mut self,
        at_ns: Option<u64>,
        counter: u32,
        bytes: u64,
        tally: &mut LiveTally,
    ) {
        tally.smallest = Some(tally.smallest.map_or(bytes, |least| least.min(bytes)));
        tally.largest = tally.largest.max(Some(bytes));
        if let Some(step) = at_ns.zip(self.last_ns).and_then(|(now, last)| now.checked_sub(last)) {
            let step = Duration::from_nanos(step);
            tally.steps += 1;
            tally.total = tally.total.saturating_add(step);
            tally.longest = tally.longest.max(step);
        }
        let grew = |before: u32| before.wrapping_add(1) as u8 == counter as u8;
        tally.jumps += u64::from(self.counter.is_some_and(|before| !grew(before)));
        self.counter = Some(counter);
        self.frames += 1;
        self.bytes += bytes;
        self.first_ns = self.first_ns.or(at_ns);
        self.last_ns = at_ns.or(self.last_ns);
    }

    /// The capture does not have what comes next.
    pub(crate) fn skip(&mut self) {
        self.counter = None;
    }

    pub(crate) fn text(&self) -> Option<String> {
        let Self { frames, bytes, .. } = self;
        let noun = if *frames == 1 { "frame" } else { "frames" };
        let mut text = format!("live view: {frames} {noun}, {bytes} bytes");
        let span = self.first_ns.zip(self.last_ns);
        if let Some(span) = span.and_then(|(first, last)| last.checked_sub(first))
            && span > 0
        {
            let rate = (frames - 1) as f64 * 1e9 / span as f64;
            text.push_str(&format!(", {rate:.1} a second"));
        }
        (*frames > 0).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_jumps_are_counted_but_not_over_gaps() {
        let (mut live, mut tally) = (LiveView::default(), LiveTally::default());
        let mut add = |live: &mut LiveView, millis: u64, counter, bytes| {
            live.add(Some(millis * 1_000_000), counter, bytes, &mut tally);
        };
        add(&mut live, 1000, 254, 900);
        add(&mut live, 1040, 255, 800);
        // Whether the counter has one byte or four, this is one more.
        add(&mut live, 1080, 0, 1000);
        add(&mut live, 1200, 5, 950);
        live.skip();
        add(&mut live, 1240, 9, 950);
        assert_eq!((tally.smallest, tally.largest), (Some(800), Some(1000)));
        assert_eq!((tally.steps, tally.jumps), (4, 1));
        assert_eq!(tally.longest, Duration::from_millis(120));
        assert!((tally.rate().unwrap() - 4.0 / 0.24).abs() < 1e-9);
        assert_eq!(LiveTally::default().rate(), None);
    }
}
