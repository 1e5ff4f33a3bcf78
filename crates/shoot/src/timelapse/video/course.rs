//! What a timelapse's journal knows of its pictures.
//!
//! A journal counts frames and names no files, so that the two are only brought together where there
//! are as many of one as of the other, and the camera's clock agrees with the journal's.

use std::path::Path;
use std::{fs, io};

use filmwire_codec::value::{Aperture, Iso, ShutterSpeed};
use serde::Deserialize;

use super::deflicker::Frame;
use super::pictures::Picture;
use crate::timelapse::journal::{Record, Taken};
use crate::timelapse::ramp::Dial;

/// The format that is read.
const VERSION: u32 = 1;
/// How far two times between the first frame and another may differ: cameras tell whole seconds, and
/// expose after they were told to. Chosen.
const MOST_OFF_S: f64 = 5.0;
/// So many times the usual time between frames is a pause.
const PAUSE: f64 = 5.0;
/// Less is none, whatever is usual: cameras tell whole seconds.
const LEAST_PAUSE_S: f64 = 10.0;

/// The frames of a journal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Course {
    frames: Vec<Known>,
}

/// A frame of a journal.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Known {
    /// Seconds from any instant that stays.
    at: f64,
    luminance: Option<f64>,
    /// Stops that the ramp has made frames brighter until here.
    exposure: f64,
}

#[derive(Deserialize)]
struct Line {
    v: u32,
    #[serde(flatten)]
    record: Record,
}

/// Why a journal says nothing of the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoFit {
    /// There are more or fewer.
    #[error("the journal has {frames} frames and the folder {pictures} JPEGs")]
    Count {
        /// Frames taken, by the journal.
        frames: usize,
        /// JPEGs.
        pictures: usize,
    },
    /// They were taken at other times.
    #[error("picture {0} was taken at another time than frame {0} of the journal")]
    Times(usize),
}

impl Course {
    /// Reads a journal; a line that is torn, or that a later version wrote, is passed over. Blocks.
    ///
    /// # Errors
    /// Those of reading; `InvalidData` for what is no journal.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read(path)?;
        let mut lines = text.split(|byte| *byte == b'\n');
        let first = lines.next().and_then(|line| serde_json::from_slice::<Line>(line).ok());
        match first {
            Some(Line { v: VERSION, record: Record::Timelapse { .. } }) => {}
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "it is no timelapse's journal",
                ));
            }
        }
        let mut course = Self::default();
        let mut exposure = 0.0;
        for line in lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
            match line.record {
                Record::Taken(Taken { fired, luminance, .. }) => {
                    let at = fired.as_nanosecond() as f64 / 1e9;
                    course.frames.push(Known { at, luminance, exposure });
                }
                Record::Exposure { setting, from, to, .. } => {
                    exposure += stops(&setting, &to)
                        .zip(stops(&setting, &from))
                        .map_or(0.0, |(to, from)| to - from);
                }
                _ => {}
            }
        }
        Ok(course)
    }

    /// Checks that its frames are these pictures.
    ///
    /// # Errors
    /// Why they are not.
    pub fn fits(&self, pictures: &[Picture]) -> Result<(), NoFit> {
        let (frames, count) = (self.frames.len(), pictures.len());
        if frames != count {
            return Err(NoFit::Count { frames, pictures: count });
        }
        let (Some(start), Some(first)) = (self.frames.first(), pictures.first()) else {
            return Ok(());
        };
        for (index, (frame, picture)) in self.frames.iter().zip(pictures).enumerate() {
            if let Some((taken, first)) = picture.taken.zip(first.taken)
                && ((taken - first) - (frame.at - start.at)).abs() > MOST_OFF_S
            {
                return Err(NoFit::Times(index + 1));
            }
        }
        Ok(())
    }

    /// True if the luminance of each preview is known.
    #[must_use]
    pub fn has_luminance(&self) -> bool {
        self.frames.iter().all(|frame| frame.luminance.is_some())
    }

    /// What is known of each frame.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        let times: Vec<_> = self.frames.iter().map(|frame| Some(frame.at)).collect();
        let known = self.frames.iter().zip(cuts(&times));
        known
            .map(|(frame, is_cut)| Frame {
                luminance: frame.luminance.unwrap_or_default(),
                exposure: frame.exposure,
                is_cut,
            })
            .collect()
    }
}

/// What pictures tell of themselves: only where time was left out.
#[must_use]
pub fn frames_of(pictures: &[Picture]) -> Vec<Frame> {
    let times: Vec<_> = pictures.iter().map(|picture| picture.taken).collect();
    cuts(&times).into_iter().map(|is_cut| Frame { is_cut, ..Frame::default() }).collect()
}

/// Stops of a value in words, to the third: cameras write 1/60 and mean 1/64.
fn stops(setting: &str, text: &str) -> Option<f64> {
    let (dial, bits) = match setting {
        "shutter" => (Dial::Shutter, text.parse::<ShutterSpeed>().ok()?.0),
        "aperture" => (Dial::Aperture, text.parse::<Aperture>().ok()?.0.into()),
        "iso" => (Dial::Iso, text.parse::<Iso>().ok()?.0),
        _ => return None,
    };
    dial.stops(bits).map(|stops| (stops * 3.0).round() / 3.0)
}

/// In front of which frames time was left out.
fn cuts(times: &[Option<f64>]) -> Vec<bool> {
    let before = std::iter::once(None).chain(times.iter().copied());
    let steps: Vec<_> =
        before.zip(times).map(|(before, at)| Some(((*at)? - before?).abs())).collect();
    let mut sorted: Vec<f64> = steps.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let pause = (usual * PAUSE).max(LEAST_PAUSE_S);
    steps.into_iter().map(|step| step.is_some_and(|step| step > pause)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Shape;
    use super::*;

    const HEAD: &str = r#"{"v":1,"kind":"timelapse","start":"2026-12-01T06:00:00Z","terms":{}}"#;

    fn taken(number: u64, second: u64, luminance: &str) -> String {
        let at = format!("2026-12-01T06:{:02}:{:02}Z", second / 60, second % 60);
        format!(
            r#"{{"v":1,"kind":"taken","number":{number},"slot":{number},"due":"{at}","fired":"{at}"{luminance}}}"#
        )
    }

    fn changed(setting: &str, from: &str, to: &str) -> String {
        format!(
            r#"{{"v":1,"kind":"exposure","after":1,"setting":"{setting}","from":"{from}","to":"{to}"}}"#
        )
    }

    fn read(lines: &[String]) -> io::Result<Course> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        fs::write(&path, lines.join("\n")).unwrap();
        Course::read(&path)
    }

    fn picture(taken: Option<f64>) -> Picture {
        let shape = Shape { width: 32, height: 32, orientation: 1 };
        Picture { path: "a".into(), name: "a".into(), bytes: 1, shape, taken }
    }

    #[test]
    fn luminance_and_steps_of_exposure_are_taken_from_the_journal() {
        let lit = r#","luminance":-0.5"#;
        let course = read(&[
            HEAD.to_owned(),
            taken(1, 0, lit),
            changed("shutter", "1/125", "1/80"),
            changed("shutter", "1/80", "1/60"),
            changed("iso", "200", "400"),
            taken(2, 10, lit),
            changed("aperture", "f/4", "f/5.6"),
            r#"{"v":1,"kind":"of-tomorrow"}"#.to_owned(),
            taken(3, 20, lit),
            taken(4, 99, lit),
            "{\"v\":1,\"kind\":\"tak".to_owned(),
        ])
        .unwrap();
        let frames = course.frames();
        let exposures: Vec<_> =
            frames.iter().map(|frame| (frame.exposure * 3.0 * 1e9).round() / 1e9).collect();
        assert_eq!(exposures, [0.0, 6.0, 3.0, 3.0], "in thirds");
        assert!(frames.iter().all(|frame| frame.luminance == -0.5) && course.has_luminance());
        let cuts: Vec<_> = frames.iter().map(|frame| frame.is_cut).collect();
        assert_eq!(cuts, [false, false, false, true]);
        let other = read(&[HEAD.to_owned(), taken(1, 0, lit), taken(2, 1, "")]).unwrap();
        assert!(!other.has_luminance());
    }

    #[test]
    fn a_journal_of_other_pictures_is_not_believed() {
        let course = read(&[HEAD.to_owned(), taken(1, 0, ""), taken(2, 60, "")]).unwrap();
        let fits = |times: &[Option<f64>]| {
            course.fits(&times.iter().map(|taken| picture(*taken)).collect::<Vec<_>>())
        };
        assert_eq!(fits(&[Some(7000.0), Some(7061.0)]), Ok(()));
        assert_eq!(fits(&[None, None]), Ok(()));
        assert_eq!(fits(&[Some(7000.0), Some(7090.0)]), Err(NoFit::Times(2)));
        assert_eq!(fits(&[Some(1.0)]), Err(NoFit::Count { frames: 2, pictures: 1 }));
        for text in ["", "{}", "my notes"] {
            let error = read(&[text.to_owned()]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{text}");
        }
    }

    #[test]
    fn pauses_are_found_in_the_pictures_own_times() {
        let times = [0.0, 30.0, 60.0, 3600.0, 3630.0].map(Some).map(picture);
        let cuts: Vec<_> = frames_of(&times).iter().map(|frame| frame.is_cut).collect();
        assert_eq!(cuts, [false, false, false, true, false]);
        assert!(frames_of(&[picture(None), picture(None)]).iter().all(|frame| !frame.is_cut));
    }
}
