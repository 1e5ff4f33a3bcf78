//! What is told of a film that is made.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};
use filmwire_shoot::timelapse::video::ffmpeg::Made;
use filmwire_shoot::timelapse::video::pictures::{LeftOut, Picture};
use filmwire_shoot::timelapse::video::rate::Rate;
use serde_json::json;

use super::plan::{Brightness, Plan};

/// How often programs are told how far it is.
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct Report {
    out: Output,
    /// Frames so far, and of how many.
    frames: u64,
    wanted: u64,
    told_at: Instant,
    left_out: u64,
    /// Something is not as it was asked for.
    is_less: bool,
    /// Whoever read standard output is gone; the film is made all the same.
    told: Result<(), Trouble>,
}

/// A film that is made.
pub(super) struct Done {
    pub(super) path: PathBuf,
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) size: (u32, u32),
    pub(super) rate: Rate,
    pub(super) codec: &'static str,
    pub(super) brightness: Option<Brightness>,
}

impl Report {
    pub(super) fn new(out: &Output) -> Self {
        Self {
            out: out.clone(),
            frames: 0,
            wanted: 0,
            told_at: Instant::now(),
            left_out: 0,
            is_less: false,
            told: Ok(()),
        }
    }

    fn keep(&mut self, told: Result<(), Trouble>) {
        if self.told.is_ok() {
            self.told = told;
        }
    }

    fn json(&mut self, kind: &str, body: serde_json::Value) {
        let told = self.out.json(kind, body);
        self.keep(told);
    }

    /// Something that may make another film than was meant.
    pub(super) fn doubt(&mut self, words: &str) {
        let words = text::tame(words);
        self.out.warn(&words);
        self.json("doubt", json!({ "text": words }));
    }

    /// Pictures that are no frames.
    pub(super) fn left_out(&mut self, all: &[LeftOut]) {
        let (lost, raw): (Vec<_>, Vec<_>) = all.iter().partition(|out| out.is_lost);
        for LeftOut { name, reason, .. } in &lost {
            self.warn_of(name, reason);
        }
        if let Some(first) = raw.first() {
            let files = text::count(raw.len() as u64, "file", "files");
            let name = text::tame(&first.name);
            self.out.note(&format!("{files} left out, such as {name}: {}", first.reason));
        }
        for LeftOut { name, reason, is_lost } in all {
            self.left_out += 1;
            self.is_less |= is_lost;
            let body = json!({ "name": text::tame(name), "reason": reason, "lost": is_lost });
            self.json("left-out", body);
        }
    }

    /// A picture that turned out to be no frame.
    pub(super) fn lost(&mut self, picture: &Picture, reason: String) {
        self.out.with_bars(|bars| bars.end(0));
        self.left_out(&[LeftOut { name: picture.name.clone(), reason, is_lost: true }]);
    }

    fn warn_of(&self, name: &str, reason: &str) {
        self.out.warn(&format!("{} left out: {}", text::tame(name), text::tame(reason)));
    }

    /// There is no ffmpeg; what was asked for and cannot be done, if anything.
    pub(super) fn without_ffmpeg(&mut self, film: &Path, lacking: &[&str], cure: &str) {
        let film = film.display().to_string();
        let mut words =
            format!("there is no program ffmpeg: the pictures are put into {film} as they are");
        if !lacking.is_empty() {
            words.push_str(&format!(", without {}", lacking.join(", ")));
            self.is_less = true;
        }
        self.out.warn(&text::tame(&words));
        self.out.note(&format!("help: {cure}"));
        let body =
            json!({ "path": film, "lacking": lacking, "text": text::tame(&words), "help": cure });
        self.json("without-ffmpeg", body);
    }

    /// What will be made.
    pub(super) fn begun(&mut self, plan: &Plan) {
        self.wanted = plan.shots.len() as u64;
        let ((width, height), codec) = (plan.size(), plan.way.codec());
        let pictures = text::count(self.wanted, "picture", "pictures");
        let rate = plan.rate.per_second();
        let seconds = self.wanted as f64 / rate;
        let told = self.out.say(&format!(
            "{pictures} for {} at {} frames a second: {codec}, {width} x {height}",
            length(seconds),
            (rate * 1000.0).round() / 1000.0
        ));
        self.keep(told);
        self.json(
            "begun",
            json!({
                "pictures": self.wanted,
                "width": width,
                "height": height,
                "fps": rate,
                "codec": codec,
                "deflicker": plan.brightness.map(Brightness::as_str),
            }),
        );
    }

    pub(super) fn measuring(&self, pictures: usize) {
        self.out.note("Measuring how bright the pictures are");
        self.bars(pictures);
    }

    pub(super) fn encoding(&mut self, pictures: usize) {
        self.wanted = pictures as u64;
        self.bars(pictures);
    }

    fn bars(&self, pictures: usize) {
        self.out.hide_bars();
        self.out.show_bars();
        self.out.with_bars(|bars| bars.expect(pictures as u64));
    }

    /// A picture is worked on.
    pub(super) fn picture(&self, picture: &Picture) {
        self.out.with_bars(|bars| bars.begin(&picture.name, picture.bytes, 0));
    }

    /// Its brightness is known.
    pub(super) fn measured(&self, picture: &Picture) {
        self.out.with_bars(|bars| bars.end(picture.bytes));
    }

    /// It became a frame.
    pub(super) fn frame(&mut self, picture: &Picture) {
        self.frames += 1;
        self.out.with_bars(|bars| bars.end(picture.bytes));
        if self.told_at.elapsed() >= EVERY {
            self.told_at = Instant::now();
            self.json("progress", json!({ "frames": self.frames, "pictures": self.wanted }));
        }
    }

    /// What ffmpeg said of frames it was given.
    pub(super) fn ffmpeg(&mut self, given: u64, made: &Made) {
        if !made.words.is_empty() {
            self.doubt(&format!("ffmpeg says: {}", made.words));
        }
        if made.frames != given {
            self.is_less = true;
            let (frames, given) = (made.frames, text::count(given, "picture", "pictures"));
            self.doubt(&format!("ffmpeg made {frames} frames of {given}"));
        }
    }

    /// Tells what it came to.
    pub(super) fn conclude(mut self, done: &Done) -> Result<Exit> {
        let exit = if self.is_less { Exit::SomeFailed } else { Exit::Done };
        // A pipe that was closed long ago is told once.
        let told = std::mem::replace(&mut self.told, Ok(()));
        match told.and_then(|()| self.total(done)) {
            // Whoever is gone needs no totals; whoever started it wants the code.
            Err(Trouble::PipeClosed) => Ok(exit),
            told => Ok(told.map(|()| exit)?),
        }
    }

    fn total(&self, done: &Done) -> Result<(), Trouble> {
        let (width, height) = done.size;
        let seconds = done.frames as f64 / done.rate.per_second();
        let path = text::tame(&done.path.display().to_string());
        let frames = text::count(done.frames, "frame", "frames");
        let bytes = text::bytes(done.bytes);
        self.out.say(&format!("{path}: {frames}, {}, {bytes}", length(seconds)))?;
        self.out.json(
            "summary",
            json!({
                "path": path,
                "frames": done.frames,
                "left_out": self.left_out,
                "seconds": seconds,
                "bytes": done.bytes,
                "width": width,
                "height": height,
                "fps": done.rate.per_second(),
                "codec": done.codec,
                "deflicker": done.brightness.map(Brightness::as_str),
                "as_asked": !self.is_less,
            }),
        )
    }
}

/// How long a film is. Short ones are counted in tenths: no film is 0 s long.
fn length(seconds: f64) -> String {
    match seconds {
        ..0.1 => format!("{seconds:.3} s"),
        ..59.95 => format!("{seconds:.1} s"),
        _ => text::span(Duration::from_secs_f64(seconds)),
    }
}

impl Brightness {
    fn as_str(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Pictures => "pictures",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn short_films_have_a_length_too() {
        let shown = [0.001, 0.04, 0.4, 59.9, 59.96, 185.0].map(length);
        assert_eq!(shown, ["0.001 s", "0.040 s", "0.4 s", "59.9 s", "1 min 00 s", "3 min 05 s"]);
    }
}
