//! The closing words of a run.

use anyhow::Result;
use filmwire_catalogue::Library;
use filmwire_ingest::{OUT_OF_REACH, Summary};
use serde_json::json;

use super::report::Report;
use crate::exit::{Exit, Trouble};
use crate::output::text;

/// Columns of running text.
const WIDTH: usize = 62;

impl Report {
    /// Says the totals of a run that came to its end, and how it ended.
    pub(crate) fn conclude(self, summary: &Summary, library: &Library) -> Result<Exit> {
        let exit = match (summary.interrupted, summary.failed) {
            (true, _) => Exit::Interrupted,
            (false, 0) => Exit::Done,
            (false, _) => Exit::SomeFailed,
        };
        if self.closed {
            // Nobody reads; all there is to say is the code.
            return Ok(exit);
        }
        if summary.interrupted {
            let cure =
                format!("run `filmwire {}` again to go on; what is whole was kept", self.verb);
            self.out.error("interrupted", &cure);
        }
        self.print(summary, library)?;
        self.json(exit, summary, library)?;
        Ok(exit)
    }

    /// Says what is known of a run that an error ended.
    pub(crate) fn conclude_failed(mut self, exit: Exit, library: &Library) -> Result<(), Trouble> {
        if self.closed {
            return Ok(());
        }
        let summary = Summary {
            seen: self.seen.new + self.seen.skipped + self.seen.failed,
            new: self.seen.new,
            failed: self.seen.failed,
            bytes: self.seen.bytes,
            model: std::mem::take(&mut self.seen.model),
            out_of_reach: OUT_OF_REACH,
            ..Summary::default()
        };
        if summary.new > 0 {
            let files = text::count(summary.new, "file is", "files are");
            self.out.note(&format!("{files} safe in {}", library.root().display()));
        }
        self.json(exit, &summary, library)
    }

    fn print(&self, summary: &Summary, library: &Library) -> Result<(), Trouble> {
        let say = |name: &str, value: &str| self.out.say(&format!("  {name:<13} {value}"));
        let took = self.ready.unwrap_or(self.start).elapsed();
        let rate = summary.bytes as f64 / took.as_secs_f64().max(0.001);
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
        for (number, line) in text::wrap(summary.out_of_reach, WIDTH).iter().enumerate() {
            say(if number == 0 { "out of reach" } else { "" }, line)?;
        }
        say("photos in", &library.root().display().to_string())?;
        if let Some(manifest) = &summary.manifest {
            say("checksums in", manifest)?;
        }
        Ok(())
    }

    fn json(&self, exit: Exit, summary: &Summary, library: &Library) -> Result<(), Trouble> {
        let skipped: serde_json::Map<_, _> = summary
            .skipped
            .iter()
            .map(|(reason, count)| (reason.as_str().to_owned(), json!(count)))
            .collect();
        let took = self.ready.unwrap_or(self.start).elapsed();
        self.out.json(
            "summary",
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
                "interrupted": exit == Exit::Interrupted,
                "model": summary.model,
                "operations": summary.operations,
                "manifest": summary.manifest,
                "out_of_reach": summary.out_of_reach,
                "library": library.root().display().to_string(),
                "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
            }),
        )
    }
}
