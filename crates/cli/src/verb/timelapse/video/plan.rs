//! What becomes of which pictures.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use filmwire_program::exit::Trouble;
use filmwire_shoot::timelapse::video::course::{Course, frames_of};
use filmwire_shoot::timelapse::video::deflicker::{self, Frame};
use filmwire_shoot::timelapse::video::ffmpeg::Codec;
use filmwire_shoot::timelapse::video::geometry::Geometry;
use filmwire_shoot::timelapse::video::pictures::{self, Found, LeftOut, Picture};
use filmwire_shoot::timelapse::video::rate::Rate;
use filmwire_shoot::timelapse::video::tone::{Levels, Pixels};

use super::report::Report;
use super::{CodecWord, VideoArgs};

/// The journal that is looked for in the folder.
const JOURNAL: &str = "timelapse.jsonl";

/// How to get the program that is missing.
const GET_FFMPEG: &str = "install ffmpeg: `apt install ffmpeg` on Debian, Ubuntu and Raspberry Pi OS, \
    `brew install ffmpeg` on macOS, `winget install ffmpeg` on Windows";

/// How the film is made, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// `None`: pictures as they are, in AVI.
    pub(super) codec: Option<Codec>,
    /// ffmpeg's name of the container.
    pub(super) container: &'static str,
    pub(super) out: PathBuf,
}

/// Where brightness is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brightness {
    Journal,
    Pictures,
}

/// A picture and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    pub(super) picture: Picture,
    pub(super) frame: Frame,
    /// Stops that it is to be made brighter.
    pub(super) gain: f64,
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) way: Way,
    pub(super) rate: Rate,
    pub(super) geometry: Geometry,
    pub(super) shots: Vec<Shot>,
    /// Where jitter is to be taken out.
    pub(super) brightness: Option<Brightness>,
}

impl Way {
    /// Chooses by the flags, before anything is read.
    pub(super) fn choose(args: &VideoArgs) -> Result<Self, Trouble> {
        let codec = args.codec.unwrap_or(CodecWord::H264).encoded();
        let default = if codec.is_some() { "timelapse.mp4" } else { "timelapse.avi" };
        let out = args.out.clone().unwrap_or_else(|| default.into());
        let extension = out.extension().and_then(|extension| extension.to_str());
        let extension = extension.unwrap_or_default().to_ascii_lowercase();
        let container = match (codec, extension.as_str()) {
            (Some(_), "mp4" | "m4v") => "mp4",
            (Some(_), "mov") => "mov",
            (Some(_), "mkv") => "matroska",
            (None, "avi") => "avi",
            (Some(_), _) => {
                let text = format!("{} is the name of no film of H.264 or H.265", out.display());
                let cure = "name it .mp4, .mov or .mkv, or .avi and add --codec mjpeg";
                return Err(Trouble::usage(text, cure));
            }
            (None, _) => {
                let text = format!("{} is no name of an AVI film", out.display());
                return Err(Trouble::usage(text, "with --codec mjpeg name it .avi"));
            }
        };
        if codec.is_none() && !args.changes().is_empty() {
            let flags = args.changes().join(" and ");
            let text =
                format!("--codec mjpeg takes pictures as they are, and {flags} would change them");
            return Err(Trouble::usage(text, "leave one of them out"));
        }
        refuse_existing(&out)?;
        Ok(Self { codec, container, out })
    }

    /// The codec's word.
    pub(super) fn codec(&self) -> &'static str {
        self.codec.map_or("mjpeg", Codec::as_str)
    }
}

fn refuse_existing(out: &Path) -> Result<(), Trouble> {
    if out.symlink_metadata().is_err() {
        return Ok(());
    }
    let text = format!("{} exists, and nothing is ever replaced", out.display());
    Err(Trouble::usage(text, "name another file with --out"))
}

impl Plan {
    /// Looks at the pictures, and at the journal.
    pub(super) async fn read(args: &VideoArgs, way: Way, report: &mut Report) -> Result<Self> {
        let (folder, order) = (args.folder.clone(), args.order());
        let mut found = blocking(move || pictures::find(&folder, order))
            .await?
            .map_err(|(path, cause)| Trouble::storage("read", path, cause))?;
        let course = course(args, &found, report).await?;
        if let Some(picture) = found.first_backwards() {
            report.doubt(&format!(
                "by the camera's clock {} was taken before the picture in front of it; if its counter \
                 began anew, --order time is right",
                picture.name
            ));
        }
        let frames = course.as_ref().map_or_else(|| frames_of(&found.pictures), Course::frames);
        let all = found.pictures.clone();
        found.keep_one_shape();
        report.left_out(&found.left_out);
        let kept: HashSet<_> = found.pictures.iter().map(|picture| &picture.path).collect();
        let (mut shots, mut is_cut) = (Vec::new(), false);
        for (picture, mut frame) in all.into_iter().zip(frames) {
            // What was left out in front of a picture that goes is in front of the next one.
            frame.is_cut |= is_cut;
            is_cut = frame.is_cut && !kept.contains(&picture.path);
            if kept.contains(&picture.path) {
                shots.push(Shot { picture, frame, gain: 0.0 });
            }
        }
        let Some(first) = shots.first() else {
            let text = format!("there is no JPEG that can be used in {}", args.folder.display());
            let cure = "name a folder of pictures that `filmwire sync` or `get` fetched";
            return Err(Trouble::usage(text, cure).into());
        };
        let shape = first.picture.shape;
        let geometry = Geometry::of(shape, args.crop(), args.height).ok_or_else(|| {
            let text = format!("{} x {} pixels are too few", shape.width, shape.height);
            Trouble::usage(text, "a film has at least 16 in each direction")
        })?;
        if way.codec.is_none() && !shape.is_upright() {
            report.doubt("the pictures are to be turned, which no player of AVI does");
        }
        let brightness = args.deflicker.then(|| match course {
            Some(course) if course.has_luminance() => Brightness::Journal,
            _ => Brightness::Pictures,
        });
        Ok(Self { way, rate: args.fps, geometry, shots, brightness })
    }

    /// The film's width and height.
    pub(super) fn size(&self) -> (u32, u32) {
        let first = self.shots.first().map(|shot| shot.picture.shape);
        match (self.way.codec, first) {
            (None, Some(shape)) => (shape.width, shape.height),
            _ => self.geometry.size,
        }
    }

    /// The pictures as they are, for want of the program that would change them.
    pub(super) fn do_without_ffmpeg(
        &mut self,
        args: &VideoArgs,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let out = self.way.out.with_extension("avi");
        refuse_existing(&out)?;
        let mut lacking = args.changes();
        lacking.extend(args.codec.map(|_| "--codec"));
        // A film of another name than was asked for is not what was asked for.
        lacking.extend(args.out.as_ref().map(|_| "--out"));
        report.without_ffmpeg(&out, &lacking, GET_FFMPEG);
        self.way = Way { codec: None, container: "avi", out };
        self.brightness = None;
        if self.shots.first().is_some_and(|shot| !shot.picture.shape.is_upright()) {
            report.doubt("the pictures are to be turned, which no player of AVI does");
        }
        Ok(())
    }

    /// Learns how bright the pictures are, where that is wanted and not known, and what is to be done
    /// about it; leaves out what cannot be decoded.
    pub(super) async fn measure(&mut self, report: &mut Report) -> Result<()> {
        if self.brightness == Some(Brightness::Pictures) {
            report.measuring(self.shots.len());
            for mut shot in std::mem::take(&mut self.shots) {
                let path = shot.picture.path.clone();
                report.picture(&shot.picture);
                match blocking(move || luminance(&path)).await? {
                    Ok(luminance) => {
                        shot.frame.luminance = luminance;
                        report.measured(&shot.picture);
                        self.shots.push(shot);
                    }
                    Err(reason) => report.lost(&shot.picture, reason),
                }
            }
        }
        if self.brightness.is_some() {
            let frames: Vec<_> = self.shots.iter().map(|shot| shot.frame).collect();
            for (shot, gain) in self.shots.iter_mut().zip(deflicker::gains(&frames)) {
                shot.gain = gain;
            }
        }
        Ok(())
    }
}

fn luminance(path: &Path) -> Result<f64, String> {
    let jpeg = std::fs::read(path).map_err(|cause| format!("it cannot be read: {cause}"))?;
    Ok(Levels::of(&Pixels::decode(&jpeg)?).luminance())
}

/// The journal, if it is there and tells of these pictures.
async fn course(
    args: &VideoArgs,
    found: &Found,
    report: &mut Report,
) -> Result<Option<Course>, Trouble> {
    let path = args.journal.clone().unwrap_or_else(|| args.folder.join(JOURNAL));
    let reading = path.clone();
    let course = match blocking(move || Course::read(&reading)).await? {
        Ok(course) => course,
        Err(_) if args.journal.is_none() && !path.exists() => return Ok(None),
        Err(cause) if args.journal.is_none() => {
            report.doubt(&format!("{} is not used: {cause}", path.display()));
            return Ok(None);
        }
        Err(cause) if cause.kind() == io::ErrorKind::InvalidData => {
            let text = format!("cannot use {}: {cause}", path.display());
            return Err(Trouble::usage(text, "name the journal of `filmwire timelapse`"));
        }
        Err(cause) => return Err(Trouble::storage("read", path, cause)),
    };
    // Which frame of the journal a broken one was, nobody knows.
    let broken = found.left_out.iter().find(|out| is_jpeg(&out.name));
    if let Some(LeftOut { name, .. }) = broken {
        report.doubt(&format!("{} is not used: {name} is broken", path.display()));
        return Ok(None);
    }
    match course.fits(&found.pictures) {
        Ok(()) => Ok(Some(course)),
        Err(no_fit) => {
            report.doubt(&format!("{} is not used: {no_fit}", path.display()));
            Ok(None)
        }
    }
}

fn is_jpeg(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".jpg") || name.ends_with(".jpeg")
}

/// Runs what waits for a disk, or for much arithmetic, on a thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Trouble> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Trouble::failed(error.to_string(), "report this defect"))
}
