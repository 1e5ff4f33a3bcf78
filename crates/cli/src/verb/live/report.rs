//! What is told of the stream: once a second, and at the end.

use std::path::Path;
use std::time::{Duration, Instant};

use filmwire_camera::{Frame, Tally};
use serde_json::json;

use super::delay::Delay;

use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};

pub(super) struct Report {
    out: Output,
    /// Standard output belongs to the frames.
    pipe: bool,
    start: Instant,
    /// When the stream ended; leaving the camera takes its own time.
    end: Option<Instant>,
    /// How long no frame came at the end.
    silence: Duration,
    /// When the last second was told of, and what had come by then.
    told: (Instant, Tally),
    tally: Tally,
    /// Frames that were taken.
    taken: u64,
    /// Bytes and pixels of the last one.
    bytes: usize,
    pixels: Option<(u16, u16)>,
    /// Of the present second, and of all.
    delay: (Delay, Delay),
    /// Files beside a pipe.
    files: Option<Files>,
}

/// Files that are written beside a pipe.
#[derive(Debug, Default)]
struct Files {
    written: u64,
    /// In the present second.
    now: u64,
    skipped: u64,
    delay: (Delay, Delay),
}

impl Report {
    pub(super) fn new(out: Output, pipe: bool) -> Self {
        let start = Instant::now();
        Self {
            out,
            pipe,
            start,
            end: None,
            silence: Duration::ZERO,
            told: (start, Tally::default()),
            tally: Tally::default(),
            taken: 0,
            bytes: 0,
            pixels: None,
            delay: Default::default(),
            files: None,
        }
    }

    /// Frames that were counted, written or passed on.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// What the stream has come to.
    pub(super) fn take_tally(&mut self, tally: Tally) {
        self.tally = tally;
    }

    /// The stream has ended, with a silence if that is why.
    pub(super) fn end(&mut self, silence: Option<Duration>) {
        self.end = Some(Instant::now());
        self.silence = silence.unwrap_or_default();
    }

    /// A frame was taken.
    pub(super) fn frame(&mut self, frame: &Frame) {
        self.taken += 1;
        (self.bytes, self.pixels) = (frame.jpeg.len(), frame.pixels());
    }

    /// A frame was written so long after its last byte, and is a file now if there is a path.
    pub(super) fn written(
        &mut self,
        frame: &Frame,
        path: Option<&Path>,
        delay: Duration,
    ) -> Result<(), Trouble> {
        self.frame(frame);
        self.delay.0.add(delay);
        self.delay.1.add(delay);
        let Some(path) = path else { return Ok(()) };
        self.out.json(
            "file",
            json!({
                "path": path.display().to_string(),
                "size": frame.jpeg.len(),
                "number": frame.number,
                "counter": frame.counter,
            }),
        )
    }

    /// A file was written beside a pipe; so many frames were skipped for want of time.
    pub(super) fn file(&mut self, delay: Duration, skipped: u64) {
        let files = self.files.get_or_insert_default();
        files.written += 1;
        files.now += 1;
        files.skipped = skipped;
        files.delay.0.add(delay);
        files.delay.1.add(delay);
    }

    /// Tells of the second that has passed.
    pub(super) fn second(&mut self) -> Result<(), Trouble> {
        let (now, tally) = (Instant::now(), self.tally);
        let (before, last) = self.told;
        self.told = (now, tally);
        let frames = tally.frames - last.frames;
        let rate = rate(frames, now - before);
        let missed = tally.missed - last.missed;
        let delay = std::mem::take(&mut self.delay.0);
        let (size, left_out) = (self.size(), left_out(missed));
        let files = self.files.as_mut().map(Files::second).unwrap_or_default();
        let line = format!("{rate:5.1} frames/s  {size}{}{left_out}{files}", delay.text());
        let [delay_mean_ms, delay_longest_ms] = delay.json();
        if self.pipe {
            self.out.note(&line);
        } else {
            self.out.say(&line)?;
        }
        self.out.json(
            "second",
            json!({
                "frames": frames,
                "rate": rate,
                "bytes": self.bytes,
                "width": self.pixels.map(|(width, _)| width),
                "height": self.pixels.map(|(_, height)| height),
                "missed": missed,
                "damaged": tally.damaged - last.damaged,
                "delay_mean_ms": delay_mean_ms,
                "delay_longest_ms": delay_longest_ms,
            }),
        )
    }

    /// The last frame's size, in words.
    fn size(&self) -> String {
        let pixels = match self.pixels {
            Some((width, height)) => format!("{width} x {height}"),
            None => "unknown size".to_owned(),
        };
        if self.taken == 0 {
            "no frame yet".to_owned()
        } else {
            format!("{} bytes  {pixels}", self.bytes)
        }
    }

    /// Tells what came in all.
    pub(super) fn conclude(&self, interrupted: bool) -> Result<(), Trouble> {
        let Self { tally, taken, .. } = self;
        let took = self.end.unwrap_or_else(Instant::now) - self.start;
        let skipped = tally.frames.saturating_sub(*taken);
        let rate = mean_rate(tally);
        let longest = tally.longest.max(self.silence).as_secs_f64();
        let line = format!(
            "{} in {:.1} s{}, longest gap {longest:.2} s{}{}{}{}{}",
            text::count(tally.frames, "frame", "frames"),
            took.as_secs_f64(),
            rate.map(|rate| format!(", {rate:.1} frames/s")).unwrap_or_default(),
            self.delay.1.text(),
            left_out(tally.missed),
            if skipped > 0 { format!(", {skipped} skipped here") } else { String::new() },
            if tally.damaged > 0 { format!(", {} damaged", tally.damaged) } else { String::new() },
            self.files.as_ref().map(|files| files.all(*taken)).unwrap_or_default(),
        );
        if self.pipe {
            self.out.note(&line);
        } else {
            self.out.say(&line)?;
        }
        let [delay_mean_ms, delay_longest_ms] = self.delay.1.json();
        self.out.json(
            "summary",
            json!({
                "frames": tally.frames,
                "taken": taken,
                "skipped": skipped,
                "missed": tally.missed,
                "gaps": tally.gaps,
                "damaged": tally.damaged,
                "bytes": tally.bytes,
                "seconds": took.as_secs_f64(),
                "rate": rate,
                "longest_gap_s": longest,
                "delay_mean_ms": delay_mean_ms,
                "delay_longest_ms": delay_longest_ms,
                "interrupted": interrupted,
            }),
        )
    }
}

impl Files {
    fn second(&mut self) -> String {
        let (now, delay) = (std::mem::take(&mut self.now), std::mem::take(&mut self.delay.0));
        format!("; {}{}", text::count(now, "file", "files"), delay.text())
    }

    /// Both counts.
    fn all(&self, passed: u64) -> String {
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        let files = text::count(self.written, "file", "files");
        format!("; {passed} passed on; {files}{}{skipped}", self.delay.1.text())
    }
}

fn left_out(missed: u64) -> String {
    match missed {
        0 => String::new(),
        _ => format!(", {missed} left out by the camera"),
    }
}

/// Frames a second.
fn rate(frames: u64, time: Duration) -> f64 {
    frames as f64 / time.as_secs_f64().max(0.001)
}

/// Frames a second over all of the stream; `None` where there are no two. The first one comes at once,
/// so that frames by time would be too many: twice as many for two of them.
fn mean_rate(tally: &Tally) -> Option<f64> {
    let intervals = tally.frames.checked_sub(1).filter(|intervals| *intervals > 0)?;
    Some(rate(intervals, tally.span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_a_few_frames_is_the_rate_of_many() {
        let of = |frames, seconds| {
            let span = Duration::from_secs(seconds);
            mean_rate(&Tally { frames, span, ..Tally::default() })
        };
        assert_eq!([of(0, 0), of(1, 0)], [None, None]);
        assert_eq!([of(3, 1), of(5, 2), of(201, 100)], [Some(2.0); 3]);
    }
}
