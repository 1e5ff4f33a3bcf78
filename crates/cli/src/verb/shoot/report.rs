//! What is told of frames, and at the end.

use std::time::Instant;

use filmwire_camera::{Error as CameraError, Picture};
use filmwire_shoot::series::{Error, Frame};
use serde_json::{Map, Value, json};

use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::{Output, text};

pub(super) struct Report {
    out: Output,
    start: Instant,
    asked: u64,
    taken: u64,
    failed: u64,
    files: u64,
    /// One that failed is on the card all the same.
    is_on_card: bool,
}

impl Report {
    pub(super) fn new(out: Output, asked: u64) -> Self {
        Self { out, start: Instant::now(), asked, taken: 0, failed: 0, files: 0, is_on_card: false }
    }

    /// A frame was taken.
    pub(super) fn frame(&mut self, frame: &Frame) -> Result<(), Trouble> {
        self.taken += 1;
        self.files += frame.files.len() as u64;
        let kept = match &frame.files[..] {
            [] => "on the card".to_owned(),
            files => {
                let paths: Vec<_> =
                    files.iter().map(|file| file.path.display().to_string()).collect();
                text::tame(&paths.join("  "))
            }
        };
        let time = frame.at.strftime("%H:%M:%S");
        self.out.say(&format!("{:>4}  {time}  {kept}", frame.number))?;
        self.out.json("frame", line(frame))
    }

    /// A frame was not taken, as far as we know.
    pub(super) fn failed(&mut self, number: u64, error: &Error) -> Result<(), Trouble> {
        self.failed += 1;
        let (code, picture, cure) = words(error);
        self.is_on_card |= picture == Picture::Taken;
        self.out.error(&format!("picture {number}: {error}"), cure);
        self.tell_failed(number, code, picture, error, cure)
    }

    /// The same, and no other will be tried. People read it as the error that ends the run.
    pub(super) fn last(&mut self, number: u64, error: &Error) -> Result<(), Trouble> {
        let (code, picture, cure) = words(error);
        if !was_tried(error) {
            return Ok(());
        }
        self.failed += 1;
        self.tell_failed(number, code, picture, error, cure)
    }

    fn tell_failed(
        &self,
        number: u64,
        code: &str,
        picture: Picture,
        error: &Error,
        cure: &str,
    ) -> Result<(), Trouble> {
        self.out.json("failed", failed_line(number, code, picture, error, cure))
    }

    /// True if fewer pictures were taken than were asked for.
    pub(super) fn is_short(&self) -> bool {
        self.taken < self.asked
    }

    /// The exit code of a run that came to its end.
    pub(super) fn exit(&self) -> Exit {
        match (self.taken, self.failed) {
            (_, 0) => Exit::Done,
            (0, _) if !self.is_on_card => Exit::Refused,
            _ => Exit::SomeFailed,
        }
    }

    /// Tells what came of it in all. Those that were asked for were taken, failed, or are left.
    pub(super) fn conclude(&self, interrupted: bool) -> Result<(), Trouble> {
        let Self { asked, taken, failed, files, .. } = self;
        let left = asked - taken - failed;
        if *asked > 1 {
            let mut line = format!("{} taken", text::count(*taken, "picture", "pictures"));
            for (count, word) in [(*failed, "failed"), (left, "not tried")] {
                if count > 0 {
                    line.push_str(&format!(", {count} {word}"));
                }
            }
            self.out.say(&line)?;
        }
        self.out.json(
            "summary",
            json!({
                "asked": asked,
                "taken": taken,
                "failed": failed,
                "left": left,
                "files": files,
                "seconds": self.start.elapsed().as_secs_f64(),
                "interrupted": interrupted,
            }),
        )
    }
}

/// True if the failure is one of a frame, not of what stands between two.
fn was_tried(error: &Error) -> bool {
    let is_camera = |error: &CameraError| matches!(error, CameraError::NotTaken(_));
    match error {
        Error::Camera(error) => is_camera(error),
        _ => true,
    }
}

fn failed_line(number: u64, code: &str, picture: Picture, error: &Error, cure: &str) -> Value {
    json!({
        "number": number,
        "code": code,
        "picture": picture.as_str(),
        "error": error.to_string(),
        "help": cure,
    })
}

/// A frame that was not taken as JSON, and what helps.
pub(super) fn failure(number: u64, error: &Error) -> (Value, &'static str) {
    let (code, picture, cure) = words(error);
    (failed_line(number, code, picture, error, cure), cure)
}

/// The word for a failure, whether there is a picture, and what helps.
fn words(error: &Error) -> (&'static str, Picture, &'static str) {
    match error {
        Error::Camera(CameraError::NotTaken(what)) => {
            (what.mishap.code(), what.picture, what.cure())
        }
        Error::Storage { .. } => ("storage", Picture::Taken, ""),
        Error::NotFetched(_) => {
            let cure = "fetch it later with `filmwire sync` or `filmwire get`";
            ("not-fetched", Picture::Taken, cure)
        }
        Error::Camera(error) => ("camera", Picture::None, error.cure()),
        _ => ("other", Picture::Maybe, ""),
    }
}

/// A frame as JSON.
pub(super) fn line(frame: &Frame) -> Value {
    let known = frame.settings.iter().filter_map(|reading| {
        let (setting, bits) = (reading.setting?, reading.bits?);
        Some((setting.key.to_owned(), reading.text(bits).into()))
    });
    let files = frame.files.iter().map(|file| {
        json!({
            "path": file.path.display().to_string(),
            "size": file.bytes,
            "sha256": file.sha256,
            "name": file.camera_name,
        })
    });
    let shot = &frame.shot;
    let after = |instant: Instant| (instant - frame.sent).as_secs_f64();
    json!({
        "number": frame.number,
        "label": frame.label,
        "taken_at": frame.at.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string(),
        "told_s": shot.told.map(after),
        "fetched_s": after(shot.fetched),
        "complete": shot.is_complete,
        "preview_bytes": shot.preview.len(),
        "settings": known.collect::<Map<_, _>>(),
        "files": files.collect::<Vec<_>>(),
    })
}
