//! What is told of a documentation series.

use std::time::Instant;

use filmwire_shoot::label::Label;
use filmwire_shoot::profile::{Drift, drift_text};
use filmwire_shoot::series::Error;
use filmwire_shoot::stand::{Given, Post, Round};
use serde_json::{Value, json};

use super::super::report::{failure, line};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};

pub(super) struct Report {
    out: Output,
    start: Instant,
    cameras: Vec<String>,
    rounds: u64,
    taken: u64,
    failed: u64,
    files: u64,
    drifted: u64,
    held: u64,
    /// One that failed is on a card all the same.
    is_on_card: bool,
}

impl Report {
    pub(super) fn new(out: Output, posts: &[Post]) -> Self {
        let cameras = posts.iter().map(|post| post.name.clone()).collect();
        let start = Instant::now();
        let (rounds, taken, failed, files, drifted, held) = (0, 0, 0, 0, 0, 0);
        let is_on_card = false;
        Self { out, start, cameras, rounds, taken, failed, files, drifted, held, is_on_card }
    }

    /// Number of the label or of the picture that was told of last.
    pub(super) fn number(&self) -> u64 {
        self.rounds
    }

    /// Cameras were fired.
    pub(super) fn round(&mut self, round: &Round, label: Option<&Label>) -> Result<(), Trouble> {
        let mut told = Ok(());
        for (at, given) in round.given.iter().enumerate() {
            // All of them count, also where nobody reads.
            let this = self.given(at, given, label);
            told = told.and(this);
        }
        told?;
        if self.cameras.len() < 2 {
            return Ok(());
        }
        let spread_ms = round.spread.map(|spread| spread.as_secs_f64() * 1000.0);
        if let Some(ms) = spread_ms {
            self.out.say(&format!("{:>4}  released within {ms:.2} ms", self.rounds))?;
        }
        let taken = round.given.iter().filter(|given| given.frame.is_ok()).count();
        let cameras = self.cameras.len();
        self.out.json(
            "round",
            json!({
                "number": self.rounds,
                "label": words(label),
                "cameras": cameras,
                "taken": taken,
                "spread_ms": spread_ms,
            }),
        )
    }

    /// The next label or picture is told of from here on.
    pub(super) fn begin(&mut self, label: Option<&Label>) {
        self.rounds += 1;
        let Some(label) = label else { return };
        let text = &label.text;
        if label.is_cut {
            self.out.warn(&format!("label {}: the line is too long; taken as {text}", self.rounds));
        }
        if label.is_damaged {
            let text = format!("label {}: not all of it is text: {text}", self.rounds);
            self.out.warn(&text);
        }
    }

    fn given(&mut self, at: usize, given: &Given, label: Option<&Label>) -> Result<(), Trouble> {
        let drift = drift_text(&given.before, &given.after);
        let camera = self.camera(at);
        if !drift.is_empty() {
            self.drifted += 1;
            self.out.warn(&format!("picture {}{}: {drift}", self.rounds, self.of(&camera)));
        }
        let frame = match &given.frame {
            Ok(frame) => frame,
            Err(error) => return self.failed(at, error, label, drift),
        };
        self.taken += 1;
        self.files += frame.files.len() as u64;
        let time = frame.at.strftime("%H:%M:%S");
        let paths = frame.files.iter().map(|file| file.path.display().to_string());
        let paths = text::tame(&paths.collect::<Vec<_>>().join("  "));
        let kept = if paths.is_empty() { "on the card" } else { paths.as_str() };
        let told = label.map_or_else(String::new, |label| format!("{}  ", label.text));
        let mark = if drift.is_empty() { "" } else { "  DRIFT" };
        self.out.say(&format!("{:>4}  {time}  {told}{kept}{mark}", self.rounds))?;
        self.out.json("frame", completed(line(frame), label, camera, drift))
    }

    /// No camera was fired, since this one could not be made ready.
    pub(super) fn not_ready(
        &mut self,
        at: usize,
        error: &Error,
        label: Option<&Label>,
    ) -> Result<(), Trouble> {
        self.failed(at, error, label, String::new())
    }

    fn failed(
        &mut self,
        at: usize,
        error: &Error,
        label: Option<&Label>,
        drift: String,
    ) -> Result<(), Trouble> {
        self.failed += 1;
        let (number, camera) = (self.rounds, self.camera(at));
        let (line, cure) = failure(number, error);
        self.is_on_card |= line["picture"] == "taken";
        // What ends the series is told as its end.
        if !error.ends_series() {
            self.out.error(&format!("picture {number}{}: {error}", self.of(&camera)), cure);
        }
        self.out.json("failed", completed(line, label, camera, drift))
    }

    fn camera(&self, at: usize) -> String {
        self.cameras.get(at).cloned().unwrap_or_default()
    }

    /// No camera was fired, since something drifted.
    pub(super) fn held(
        &mut self,
        drifts: &[Vec<Drift>],
        label: Option<&Label>,
    ) -> Result<(), Trouble> {
        self.held += 1;
        for (camera, drifts) in self.cameras.iter().zip(drifts) {
            if drifts.is_empty() {
                continue;
            }
            let drift = drift_text(drifts, &[]);
            let text = format!("picture {}{} was not taken: {drift}", self.rounds, self.of(camera));
            let cure = "set it back, with `filmwire profile apply` or on the body, and go on";
            self.out.error(&text, cure);
            let label = words(label);
            let line = json!({
                "number": self.rounds,
                "label": label,
                "camera": camera,
                "drift": drift,
            });
            self.out.json("held", line)?;
        }
        Ok(())
    }

    /// The series ends, since something moved during a picture.
    pub(super) fn stopped(&self) {
        let text = format!("the series ends with picture {}: something moved", self.rounds);
        let cure = "look at that picture; set it back, with `filmwire profile apply` or on the body, and go on";
        self.out.error(&text, cure);
    }

    /// Names the camera where there are several.
    fn of(&self, camera: &str) -> String {
        if self.cameras.len() > 1 { format!(" of {}", text::tame(camera)) } else { String::new() }
    }

    /// The exit code of a run that came to its end: drift counts most.
    pub(super) fn exit(&self) -> Exit {
        match (self.taken, self.failed, self.drifted + self.held) {
            (_, _, 1..) => Exit::Mismatch,
            (_, 0, 0) => Exit::Done,
            (0, _, 0) if !self.is_on_card => Exit::Refused,
            _ => Exit::SomeFailed,
        }
    }

    /// The exit code of a series that was cut short: nothing is done then.
    pub(super) fn cut_exit(&self) -> Exit {
        match self.exit() {
            Exit::Done => Exit::SomeFailed,
            exit => exit,
        }
    }

    /// Tells what came of it in all.
    pub(super) fn conclude(&self, interrupted: bool) -> Result<(), Trouble> {
        let mut line = format!("{} taken", text::count(self.taken, "picture", "pictures"));
        for (count, word) in
            [(self.failed, "failed"), (self.drifted, "marked"), (self.held, "not taken")]
        {
            if count > 0 {
                line.push_str(&format!(", {count} {word}"));
            }
        }
        self.out.say(&line)?;
        self.out.json(
            "summary",
            json!({
                "rounds": self.rounds,
                "cameras": self.cameras.len(),
                "taken": self.taken,
                "failed": self.failed,
                "drifted": self.drifted,
                "held": self.held,
                "files": self.files,
                "seconds": self.start.elapsed().as_secs_f64(),
                "interrupted": interrupted,
            }),
        )
    }
}

/// A line with what only a series for documentation knows.
fn completed(mut line: Value, label: Option<&Label>, camera: String, drift: String) -> Value {
    if let Value::Object(fields) = &mut line {
        fields.insert("label".into(), words(label).into());
        fields.insert("camera".into(), camera.into());
        fields.insert("drift".into(), drift.into());
    }
    line
}

fn words(label: Option<&Label>) -> Option<&str> {
    label.map(|label| label.text.as_str())
}
