//! The log of a documentation series.

use std::path::{Path, PathBuf};

use filmwire_program::exit::Trouble;
use filmwire_shoot::frame_log::{FrameLog, LogError, Row};
use filmwire_shoot::label::Label;
use filmwire_shoot::profile::{Drift, Profile, drift_text};
use filmwire_shoot::series::{Error, Frame};
use filmwire_shoot::stand::{Given, Post, Round};
use jiff::Zoned;

/// The file that rows are added to.
pub(super) struct Log {
    path: PathBuf,
    log: FrameLog,
}

impl Log {
    /// Opens it, behind what is there.
    ///
    /// Fails with [`Trouble::Usage`] if it is something else, and with [`Trouble::Storage`].
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        let log = FrameLog::open(path).map_err(|error| match error {
            LogError::Io(cause) => Trouble::storage("write", path, cause),
            error => {
                let text = format!("{} cannot be added to: {error}", path.display());
                Trouble::usage(text, "choose another name with --log")
            }
        })?;
        Ok(Self { path: path.to_owned(), log })
    }

    /// Adds what the cameras gave: a row for each file, one for each picture without.
    pub(super) fn round(
        &mut self,
        round: &Round,
        number: u64,
        label: Option<&Label>,
        posts: &[Post],
    ) -> Result<(), Trouble> {
        for (given, post) in round.given.iter().zip(posts) {
            self.given(number, given, label, post)?;
        }
        Ok(())
    }

    fn given(
        &mut self,
        number: u64,
        given: &Given,
        label: Option<&Label>,
        post: &Post,
    ) -> Result<(), Trouble> {
        let drift = drift_text(&given.before, &given.after);
        let (label, camera) = (words(label), post.name.as_str());
        let row = Row { label, number, camera, drift: &drift, ..Row::default() };
        let taken = match (&given.frame, &given.unkept) {
            (Ok(frame), _) => Some((&frame.settings, &frame.at)),
            (_, Some(unkept)) => Some((&unkept.settings, &unkept.at)),
            _ => None,
        };
        let model = &post.series.remote().info().model;
        let settings = taken.map(|(settings, _)| Profile::of(model, settings));
        let at = |at: &Zoned| at.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string();
        let time = taken.map(|(_, taken)| at(taken)).unwrap_or_default();
        let row = Row { settings: settings.as_ref(), time: &time, ..row };
        match &given.frame {
            Ok(frame) => self.frame(&row, frame),
            Err(error) => self.add(&Row { error: &error.to_string(), ..row }),
        }
    }

    /// Adds a row for the camera that kept the others from being fired.
    pub(super) fn failed(
        &mut self,
        error: &Error,
        number: u64,
        label: Option<&Label>,
        post: &Post,
    ) -> Result<(), Trouble> {
        let (label, camera, error) = (words(label), post.name.as_str(), error.to_string());
        self.add(&Row { label, number, camera, error: &error, ..Row::default() })
    }

    fn frame(&mut self, row: &Row<'_>, frame: &Frame) -> Result<(), Trouble> {
        if frame.files.is_empty() {
            return self.add(row);
        }
        for file in &frame.files {
            let path = file.path.display().to_string();
            let on_card = file.camera_name.as_deref().unwrap_or_default();
            self.add(&Row { file: &path, on_card, sha256: &file.sha256, ..row.clone() })?;
        }
        Ok(())
    }

    /// Adds a row for each camera that was not fired since something drifted.
    pub(super) fn held(
        &mut self,
        drifts: &[Vec<Drift>],
        number: u64,
        label: Option<&Label>,
        posts: &[Post],
    ) -> Result<(), Trouble> {
        for (drifts, post) in drifts.iter().zip(posts) {
            let (drift, label) = (drift_text(drifts, &[]), words(label));
            let error = "no picture was taken, since something had moved";
            let camera = post.name.as_str();
            self.add(&Row { label, number, camera, drift: &drift, error, ..Row::default() })?;
        }
        Ok(())
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), Trouble> {
        self.log.add(row).map_err(|cause| Trouble::storage("write", &self.path, cause))
    }
}

fn words(label: Option<&Label>) -> &str {
    label.map_or("", |label| label.text.as_str())
}
