//! The film: begun, given its frames, finished, and only then under its name.

use std::fs::{self, File};
use std::io::{BufWriter, Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Result;
use filmwire_program::exit::Trouble;
use filmwire_shoot::timelapse::video::avi::Avi;
use filmwire_shoot::timelapse::video::ffmpeg::{Encoder, Failed, Input, Order};
use filmwire_shoot::timelapse::video::jpeg;
use filmwire_shoot::timelapse::video::rate::Rate;
use filmwire_shoot::timelapse::video::tone::Pixels;

use super::plan::{Brightness, Plan, Shot, blocking};
use super::report::{Done, Report};
use crate::target::place;

/// A film that is being made. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub(super) struct Film {
    // Dropped first: what still writes must not make the file anew.
    maker: Maker,
    file: Temporary,
}

#[derive(Debug)]
enum Maker {
    Ffmpeg(Encoder),
    Avi(Avi<BufWriter<File>>),
}

/// Why no film can be made.
#[derive(Debug)]
pub(super) enum NoFilm {
    Ffmpeg(Failed),
    File(PathBuf, IoError),
}

impl NoFilm {
    pub(super) fn trouble(self) -> Trouble {
        let failed = match self {
            Self::File(path, cause) => return Trouble::storage("write", path, cause),
            Self::Ffmpeg(failed) => failed,
        };
        let text = failed.to_string();
        if text.contains("No space left on device") {
            return Trouble::storage("write", "the film", ErrorKind::StorageFull.into());
        }
        let cure = match text.contains("Unknown encoder") {
            true => "install an ffmpeg with libx264 and libx265, or add --codec mjpeg",
            false => {
                "mend what it names and run again; with --codec mjpeg a film is made without it"
            }
        };
        Trouble::failed(text, cure)
    }
}

/// A file without its name yet.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Half a film must not look like one. Once it has its name nothing is here.
        let _ = fs::remove_file(&self.0);
    }
}

impl Film {
    /// Begins it; what writes it makes the file.
    pub(super) fn begin(plan: &Plan) -> Result<Self, NoFilm> {
        let (folder, name) = split(&plan.way.out);
        let path = folder.join(format!(".{name}.{}.part", std::process::id()));
        let failed = |cause| NoFilm::File(path.clone(), cause);
        match plan.way.codec {
            Some(codec) => {
                // A folder that is not there is told in our words.
                fs::metadata(folder.join(".")).map_err(failed)?;
                let order = Order {
                    program: "ffmpeg".into(),
                    input: input(plan),
                    rate: plan.rate,
                    geometry: &plan.geometry,
                    codec,
                    container: plan.way.container,
                    file: &path,
                };
                let encoder = Encoder::start(&order).map_err(NoFilm::Ffmpeg)?;
                Ok(Self { maker: Maker::Ffmpeg(encoder), file: Temporary(path) })
            }
            None => {
                let writer = BufWriter::new(File::create_new(&path).map_err(failed)?);
                // From here on the file is ours to take away, also where its head finds no room.
                let file = Temporary(path);
                let avi = Avi::begin(writer, plan.size(), plan.rate);
                let avi = avi.map_err(|cause| file.failed(cause))?;
                Ok(Self { maker: Maker::Avi(avi), file })
            }
        }
    }

    /// Gives it all frames. Not cancel-safe: the film is gone then.
    pub(super) async fn make(mut self, plan: &Plan, report: &mut Report) -> Result<Whole> {
        report.encoding(plan.shots.len());
        let input = input(plan);
        let mut frames = 0;
        for shot in &plan.shots {
            report.picture(&shot.picture);
            let reading = shot.clone();
            match blocking(move || prepare(&reading, input)).await? {
                Ok(frame) => {
                    self.frame(&frame).await.map_err(NoFilm::trouble)?;
                    frames += 1;
                    report.frame(&shot.picture);
                }
                Err(reason) => report.lost(&shot.picture, reason),
            }
        }
        if frames == 0 {
            let cure = "look at them with another program, or fetch them anew";
            return Err(Trouble::failed("no picture could be used", cure).into());
        }
        let (frames, file) = self.finish(frames, report).await?;
        let (size, rate, codec) = (plan.size(), plan.rate, plan.way.codec());
        let out = plan.way.out.clone();
        Ok(Whole { file, out, frames, size, rate, codec, brightness: plan.brightness })
    }

    async fn frame(&mut self, bytes: &[u8]) -> Result<(), NoFilm> {
        match &mut self.maker {
            Maker::Ffmpeg(encoder) => encoder.frame(bytes).await.map_err(NoFilm::Ffmpeg),
            // Nothing else goes on in this program meanwhile.
            Maker::Avi(avi) => avi.frame(bytes).map_err(|cause| self.file.failed(cause)),
        }
    }

    /// How many frames the film has, and where it is.
    async fn finish(self, mut frames: u64, report: &mut Report) -> Result<(u64, Temporary)> {
        let Self { maker, file } = self;
        match maker {
            Maker::Ffmpeg(encoder) => {
                let made = encoder.finish().await;
                let made = made.map_err(|failed| NoFilm::Ffmpeg(failed).trouble())?;
                report.ffmpeg(frames, &made);
                frames = made.frames;
            }
            Maker::Avi(avi) => {
                let finished = avi.finish().and_then(|file| Ok(file.into_inner()?));
                finished.map_err(|cause| file.failed(cause).trouble())?;
            }
        }
        Ok((frames, file))
    }
}

/// A film that is whole, and has no name yet.
#[derive(Debug)]
pub(super) struct Whole {
    file: Temporary,
    out: PathBuf,
    frames: u64,
    size: (u32, u32),
    rate: Rate,
    codec: &'static str,
    brightness: Option<Brightness>,
}

impl Whole {
    /// Waits until the disk has it, and puts it under its name. Blocks.
    pub(super) fn place(self) -> Result<Done, Trouble> {
        let Self { file, out, frames, size, rate, codec, brightness } = self;
        let synced = File::open(&file.0).and_then(|film| {
            film.sync_all()?;
            film.metadata()
        });
        let bytes = synced.map_err(|cause| file.failed(cause).trouble())?.len();
        let (folder, name) = split(&out);
        let path = place(&file.0, &folder, &name)?;
        Ok(Done { path, frames, bytes, size, rate, codec, brightness })
    }
}

impl Temporary {
    fn failed(&self, cause: IoError) -> NoFilm {
        NoFilm::File(self.0.clone(), cause)
    }
}

/// Pictures go through our hands only where their brightness is to be changed.
fn input(plan: &Plan) -> Input {
    let first = plan.shots.first().filter(|_| plan.brightness.is_some());
    first
        .map_or(Input::Jpeg, |shot| Input::Rgb(shot.picture.shape.width, shot.picture.shape.height))
}

/// A frame's bytes, or why there is none. Blocks.
fn prepare(shot: &Shot, input: Input) -> Result<Vec<u8>, String> {
    let jpeg =
        fs::read(&shot.picture.path).map_err(|cause| format!("it cannot be read: {cause}"))?;
    let bare = jpeg::bare(&jpeg).ok_or("it is cut short, or broken")?;
    let Input::Rgb(width, height) = input else { return Ok(bare) };
    let mut pixels = Pixels::decode(&bare)?;
    if (pixels.width, pixels.height) != (width, height) {
        return Err("it changed while the film was made".to_owned());
    }
    pixels.brighten(shot.gain);
    Ok(pixels.rgb)
}

/// A file's folder, which is empty for the present one, and its name.
fn split(path: &Path) -> (PathBuf, String) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (path.parent().unwrap_or_else(|| Path::new("")).to_owned(), name)
}
