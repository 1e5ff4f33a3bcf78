//! The closing words of a run.

use std::path::Path;

use anyhow::Result;
use filmwire_ingest::{OUT_OF_REACH, SkipReason, Stopped, Summary};
use serde_json::{Value, json};

use super::report::Report;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;

/// Seconds a camera's clock may be off without a word.
const TOLERATED_S: u64 = 30;
/// Columns of running text.
const WIDTH: usize = 62;

impl Report {
    /// Says the totals of a run that came to its end, and how it ended.
    pub(crate) fn conclude(self, summary: &Summary, library: &Path) -> Result<Exit> {
        let exit = exit_of(summary);
        if self.closed {
            // Nobody reads; all there is to say is the code.
            return Ok(exit);
        }
        if summary.stopped == Some(Stopped::Battery) {
            let cure = "charge it and run again to go on, or go on at your own risk with \
                        --ignore-battery";
            self.out.error("the camera's battery is critical; it was left before the rest", cure);
        }
        if summary.interrupted {
            let cure =
                format!("run `filmwire {}` again to go on; what is whole was kept", self.verb);
            self.out.error("interrupted", &cure);
        }
        self.print(summary, library)?;
        self.out.json("summary", self.fields(exit, summary, library))?;
        Ok(exit)
    }

    /// Says what is known of a run that an error ended.
    pub(crate) fn conclude_failed(mut self, exit: Exit, library: &Path) -> Result<(), Trouble> {
        if self.closed {
            return Ok(());
        }
        let skipped = std::mem::take(&mut self.seen.skipped);
        let summary = Summary {
            seen: self.seen.new + skipped.values().sum::<u64>() + self.seen.failed,
            new: self.seen.new,
            skipped,
            failed: self.seen.failed,
            bytes: self.seen.bytes,
            received_bytes: self.seen.received_bytes,
            model: std::mem::take(&mut self.seen.model),
            out_of_reach: OUT_OF_REACH,
            ..Summary::default()
        };
        if summary.new > 0 {
            let files = text::count(summary.new, "file is", "files are");
            self.out.note(&format!("{files} safe in {}", library.display()));
        }
        self.out.json("summary", self.fields(exit, &summary, library))
    }

    fn print(&self, summary: &Summary, library: &Path) -> Result<(), Trouble> {
        let say = |name: &str, value: &str| self.row(name, value);
        self.print_new(summary)?;
        say("known", &summary.known.to_string())?;
        if summary.skipped_total() > 0 {
            let reasons: Vec<_> = summary
                .skipped
                .iter()
                .map(|(reason, count)| format!("{count} {}", reason.as_str()))
                .collect();
            say("skipped", &format!("{} ({})", summary.skipped_total(), reasons.join(", ")))?;
        }
        if summary.failed > 0 {
            say("failed", &format!("{}; tried again next time", summary.failed))?;
        }
        say("seen", &format!("{} in all", text::count(summary.seen, "object", "objects")))?;
        self.print_where(summary, library, "out of reach")?;
        self.print_clock(summary)
    }

    /// A clock that is clearly wrong; a phone's place may be as old as that.
    pub(crate) fn print_clock(&self, summary: &Summary) -> Result<(), Trouble> {
        let Some(text) = summary.clock_drift_s.and_then(clock_text) else { return Ok(()) };
        for (number, line) in text::wrap(&text, WIDTH).iter().enumerate() {
            self.row(if number == 0 { "clock" } else { "" }, line)?;
        }
        Ok(())
    }

    /// A line of the totals.
    pub(crate) fn row(&self, name: &str, value: &str) -> Result<(), Trouble> {
        self.out.say(&format!("  {name:<13} {value}"))
    }

    /// What is new, and how fast it came.
    pub(crate) fn print_new(&self, summary: &Summary) -> Result<(), Trouble> {
        let say = |name: &str, value: &str| self.row(name, value);
        let took = self.ready.unwrap_or(self.start).elapsed();
        let rate = summary.received_bytes as f64 / took.as_secs_f64().max(0.001);
        let files = text::count(summary.new, "file", "files");
        let bytes = text::bytes(summary.bytes);
        self.out.say("")?;
        match (self.dry_run, summary.new) {
            (_, 0) => say("new", "nothing")?,
            (true, _) => say("would fetch", &format!("{files}, {bytes}"))?,
            (false, _) => {
                let speed = format!("{} ({}/s)", text::span(took), text::bytes(rate as u64));
                say("new", &format!("{files}, {bytes} in {speed}"))?;
            }
        }
        if summary.duplicates > 0 {
            say("", &format!("{} of them here before, not stored twice", summary.duplicates))?;
        }
        if summary.damaged > 0 {
            say("", &format!("{} of them broken on the card itself", summary.damaged))?;
        }
        Ok(())
    }

    /// What could not come, and where to find what came.
    pub(crate) fn print_where(
        &self,
        summary: &Summary,
        library: &Path,
        not_here: &str,
    ) -> Result<(), Trouble> {
        let say = |name: &str, value: &str| self.row(name, value);
        for (number, line) in text::wrap(summary.out_of_reach, WIDTH).iter().enumerate() {
            say(if number == 0 { not_here } else { "" }, line)?;
        }
        say("photos in", &library.display().to_string())?;
        if let Some(manifest) = &summary.manifest {
            say("checksums in", manifest)?;
        }
        Ok(())
    }

    /// The fields of a summary's JSON line.
    pub(crate) fn fields(&self, exit: Exit, summary: &Summary, library: &Path) -> Value {
        let skipped: serde_json::Map<_, _> = summary
            .skipped
            .iter()
            .map(|(reason, count)| (reason.as_str().to_owned(), json!(count)))
            .collect();
        let took = self.ready.unwrap_or(self.start).elapsed();
        json!({
            "outcome": exit.word(),
            "dry_run": self.dry_run,
            "seen": summary.seen,
            "new": summary.new,
            "known": summary.known,
            "skipped": skipped,
            "failed": summary.failed,
            "duplicates": summary.duplicates,
            "damaged": summary.damaged,
            "bytes": summary.bytes,
            "received_bytes": summary.received_bytes,
            "interrupted": exit == Exit::Interrupted,
            "stopped": summary.stopped.map(Stopped::as_str),
            "model": summary.model,
            "clock_drift_s": summary.clock_drift_s,
            "operations": summary.operations,
            "manifest": summary.manifest,
            "out_of_reach": summary.out_of_reach,
            "library": library.display().to_string(),
            "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        })
    }
}

/// Says how wrong the camera's clock is, if it is by [`TOLERATED_S`] or more.
fn clock_text(drift_s: i64) -> Option<String> {
    let way = if drift_s < 0 { "behind" } else { "ahead of" };
    let seconds = drift_s.unsigned_abs();
    (seconds >= TOLERATED_S).then(|| {
        format!(
            "the camera's clock is {seconds} s {way} GPS time; photos keep what it said, so set it in \
             the camera's menu"
        )
    })
}

/// The code a run's totals mean. What the camera would not tell of may be a photo that is new,
/// and one that was given up is not here either.
pub(crate) fn exit_of(summary: &Summary) -> Exit {
    let missing =
        [SkipReason::Unreadable, SkipReason::NotListed, SkipReason::GivenUp, SkipReason::Battery];
    let missing = missing.iter().any(|reason| summary.skipped.get(reason).is_some_and(|&n| n > 0));
    match (summary.interrupted, summary.failed > 0 || missing) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::SomeFailed,
        (false, false) => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_spoken_of_from_half_a_minute_on() {
        for quiet in [0, 29, -29] {
            assert_eq!(clock_text(quiet), None, "{quiet}");
        }
        let said = |drift_s| clock_text(drift_s).unwrap_or_default();
        assert!(said(30).starts_with("the camera's clock is 30 s ahead of GPS time; "));
        assert!(said(-192).starts_with("the camera's clock is 192 s behind GPS time; "));
    }

    #[test]
    fn only_what_was_passed_over_on_purpose_is_done() {
        let exit = |reason, count| {
            exit_of(&Summary { skipped: [(reason, count)].into(), ..Summary::default() })
        };
        assert_eq!(exit(SkipReason::NotAsked, 3), Exit::Done);
        assert_eq!(exit(SkipReason::NotListed, 0), Exit::Done);
        assert_eq!(exit(SkipReason::Unreadable, 1), Exit::SomeFailed);
        assert_eq!(exit(SkipReason::NotListed, 9), Exit::SomeFailed);
        assert_eq!(exit(SkipReason::GivenUp, 1), Exit::SomeFailed);
        assert_eq!(exit(SkipReason::Battery, 1), Exit::SomeFailed);
        assert_eq!(exit(SkipReason::TooLarge, 1), Exit::Done);
        assert_eq!(exit_of(&Summary { failed: 1, ..Summary::default() }), Exit::SomeFailed);
    }
}
