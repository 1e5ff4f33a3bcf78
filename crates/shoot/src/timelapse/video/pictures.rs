//! The pictures of a folder, in the order of the film.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use filmwire_photo::{Facts, HEAD_BYTES};
use jiff::civil::DateTime;

use super::geometry::Shape;
use super::jpeg;

/// Folders in folders that are looked into; a library has two or three.
const MOST_DEPTH: usize = 16;

/// A picture that may become a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Where it is.
    pub path: PathBuf,
    /// Its path in the folder, for people.
    pub name: String,
    /// In bytes.
    pub bytes: u64,
    /// How it lies in its file.
    pub shape: Shape,
    /// When it was taken, in seconds by the camera's own clock.
    pub taken: Option<f64>,
}

/// What is no frame, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its path in the folder.
    pub name: String,
    /// Why, in words.
    pub reason: String,
    /// It was meant to be a frame: not a raw file or a film.
    pub is_lost: bool,
}

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// Frames, in order.
    pub pictures: Vec<Picture>,
    /// Pictures that are none.
    pub left_out: Vec<LeftOut>,
}

/// By what pictures are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Path, with numbers as numbers.
    #[default]
    Name,
    /// The camera's clock, then path; a picture that tells no time goes with the one in front of it.
    Time,
}

impl Found {
    /// Keeps the pictures of the commonest shape: a film has one size. The earlier one counts where
    /// two are as common.
    pub fn keep_one_shape(&mut self) {
        let mut counts = BTreeMap::<Shape, usize>::new();
        for picture in &self.pictures {
            *counts.entry(picture.shape).or_default() += 1;
        }
        let most = counts.values().max().copied().unwrap_or_default();
        let kept = self.pictures.iter().map(|picture| picture.shape);
        let Some(kept) = kept.into_iter().find(|shape| counts[shape] == most) else { return };
        let (frames, others) =
            std::mem::take(&mut self.pictures).into_iter().partition(|one| one.shape == kept);
        self.pictures = frames;
        self.left_out.extend(others.into_iter().map(|picture| {
            let reason = match picture.shape.upright() == kept.upright() {
                true => "it lies another way than the others".to_owned(),
                false => {
                    let (width, height) = picture.shape.upright();
                    let (wide, high) = kept.upright();
                    format!("it has {width} x {height} pixels, the film {wide} x {high}")
                }
            };
            LeftOut { name: picture.name, reason, is_lost: true }
        }));
    }

    /// The first picture that was taken before the one in front of it.
    #[must_use]
    pub fn first_backwards(&self) -> Option<&Picture> {
        let pairs = self.pictures.windows(2);
        pairs.filter_map(|pair| (pair[1].taken? < pair[0].taken?).then_some(&pair[1])).next()
    }
}

/// Lists a folder and what is in it, and looks at the head of each JPEG; hidden files and folders are
/// none. Blocks.
///
/// # Errors
/// The folder that cannot be listed, and why.
pub fn find(folder: &Path, order: Order) -> Result<Found, (PathBuf, io::Error)> {
    let mut names = Vec::new();
    list(folder, "", 0, &mut names)?;
    names.sort_by(|one, other| natural(one, other));
    let mut found = Found::default();
    for name in names {
        let path = folder.join(&name);
        let out =
            |reason: &str, is_lost| LeftOut { name: name.clone(), reason: reason.into(), is_lost };
        match kind(&name) {
            Kind::Jpeg => match look(&path) {
                Ok((bytes, shape, taken)) => {
                    found.pictures.push(Picture { path, name, bytes, shape, taken });
                }
                Err(reason) => found.left_out.push(out(&reason, true)),
            },
            Kind::Raw => found.left_out.push(out("a raw file has to be developed first", false)),
            Kind::OtherPicture => found.left_out.push(out("only JPEG becomes a film", true)),
            Kind::Else => {}
        }
    }
    if order == Order::Time {
        by_time(&mut found.pictures);
    }
    Ok(found)
}

/// Puts pictures in the order of their times, where they are in that of names: what has the same time
/// stays so, and what has none stays behind what it was behind. Only with a time for each is there an
/// order at all.
fn by_time(pictures: &mut Vec<Picture>) {
    let mut last = f64::NEG_INFINITY;
    let timed = std::mem::take(pictures).into_iter().map(|picture| {
        last = picture.taken.unwrap_or(last);
        (last, picture)
    });
    let mut timed: Vec<_> = timed.collect();
    timed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    pictures.extend(timed.into_iter().map(|(_, picture)| picture));
}

enum Kind {
    Jpeg,
    Raw,
    OtherPicture,
    Else,
}

fn kind(name: &str) -> Kind {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("jpg" | "jpeg") => Kind::Jpeg,
        Some("raf" | "dng") => Kind::Raw,
        Some("hif" | "heif" | "heic" | "tif" | "tiff" | "png") => Kind::OtherPicture,
        _ => Kind::Else,
    }
}

fn list(
    root: &Path,
    inside: &str,
    depth: usize,
    names: &mut Vec<String>,
) -> Result<(), (PathBuf, io::Error)> {
    let folder = root.join(inside);
    let failed = |cause| (folder.clone(), cause);
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let file_name = entry.file_name();
        // Cameras name files in ASCII; what is no text is none of theirs.
        let Some(plain) = file_name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let name = if inside.is_empty() { plain.to_owned() } else { format!("{inside}/{plain}") };
        // Links to files count, links to folders might go in a circle.
        if entry.file_type().map_err(failed)?.is_dir() {
            if depth < MOST_DEPTH {
                list(root, &name, depth + 1, names)?;
            }
        } else if fs::metadata(entry.path()).is_ok_and(|file| file.is_file()) {
            names.push(name);
        }
    }
    Ok(())
}

/// Size in bytes, shape and time of a JPEG, or what is wrong with it.
fn look(path: &Path) -> Result<(u64, Shape, Option<f64>), String> {
    let failed = |cause: io::Error| format!("it cannot be read: {cause}");
    let mut file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
    let mut size = jpeg::size(&head);
    if size.is_none() && head.starts_with(&[0xFF, 0xD8]) {
        // Its metadata is larger than a camera's: an editor's.
        file.read_to_end(&mut head).map_err(failed)?;
        size = jpeg::size(&head);
    }
    let (width, height) = size.ok_or("it is no JPEG, or a broken one")?;
    let facts = Facts::of_head(&head);
    let orientation = facts.orientation.unwrap_or(1);
    let taken = facts.taken.and_then(|taken| seconds(&taken, facts.subseconds.as_deref()));
    Ok((bytes, Shape { width, height, orientation }, taken))
}

/// Seconds of a date such as `20160102T150136`, from any one that stays.
fn seconds(taken: &str, digits: Option<&str>) -> Option<f64> {
    let whole = DateTime::strptime("%Y%m%dT%H%M%S", taken).ok()?;
    let since = whole.duration_since(DateTime::constant(2000, 1, 1, 0, 0, 0, 0)).as_secs_f64();
    let part = digits.and_then(|digits| format!("0.{digits}").parse::<f64>().ok());
    Some(since + part.unwrap_or_default())
}

/// Numbers in names count as numbers: 9 is before 10. Capitals and small letters are the same, unless
/// nothing else differs.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) else {
            let rest = left.len().cmp(&right.len());
            return rest.then_with(|| one.cmp(other));
        };
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (number, behind) = digits(left);
            let (than, rest) = digits(right);
            // Without leading zeros the longer one is the larger one.
            let order = number.len().cmp(&than.len()).then_with(|| number.cmp(than));
            if order != Ordering::Equal {
                return order;
            }
            (left, right) = (behind, rest);
            continue;
        }
        let order = a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase());
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
    }
}

/// The digits that a text begins with, without leading zeros, and what is behind them.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, behind) = text.split_at(end);
    (number.trim_start_matches('0'), behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u16) -> Vec<u8> {
        let [high, low] = width.to_be_bytes();
        let frame = [0xFF, 0xC0, 0, 9, 8, 0, 16, high, low, 3, 0];
        [&[0xFF, 0xD8][..], &frame].concat()
    }

    fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn names(found: &Found) -> Vec<&str> {
        found.pictures.iter().map(|picture| picture.name.as_str()).collect()
    }

    #[test]
    fn numbers_count_as_numbers_through_folders() {
        let folder = folder(&[
            ("2026-01-02/DSCF0001.JPG", jpeg(32)),
            ("2026-01-01/dscf10.jpg", jpeg(32)),
            ("2026-01-01/DSCF9.JPG", jpeg(32)),
            ("2026-01-01/DSCF009.JPG", jpeg(32)),
            (".filmwire/DSCF1.JPG", jpeg(32)),
            ("2026-01-01/.DSCF1.JPG.7.part", jpeg(32)),
            ("timelapse.jsonl", Vec::new()),
        ]);
        let found = find(folder.path(), Order::Name).unwrap();
        let expected = [
            "2026-01-01/DSCF009.JPG",
            "2026-01-01/DSCF9.JPG",
            "2026-01-01/dscf10.jpg",
            "2026-01-02/DSCF0001.JPG",
        ];
        assert_eq!(names(&found), expected);
        assert_eq!(found.left_out, []);
    }

    #[test]
    fn what_is_no_frame_is_told_with_its_reason() {
        let folder = folder(&[
            ("1.JPG", jpeg(64)),
            ("2.JPG", jpeg(32)),
            ("3.JPG", jpeg(32)),
            ("4.JPG", b"text".to_vec()),
            ("4.RAF", Vec::new()),
            ("5.HIF", Vec::new()),
            ("6.MOV", Vec::new()),
        ]);
        let mut found = find(folder.path(), Order::Name).unwrap();
        found.keep_one_shape();
        assert_eq!(names(&found), ["2.JPG", "3.JPG"]);
        let told: Vec<_> =
            found.left_out.iter().map(|out| (out.name.as_str(), out.is_lost)).collect();
        assert_eq!(told, [("4.JPG", true), ("4.RAF", false), ("5.HIF", true), ("1.JPG", true)]);
        assert!(found.left_out[3].reason.contains("64 x 16 pixels, the film 32 x 16"));
        let missing = find(&folder.path().join("none"), Order::Name).unwrap_err();
        assert_eq!(missing.1.kind(), io::ErrorKind::NotFound);
    }

    fn picture(name: &str, taken: Option<f64>) -> Picture {
        let shape = Shape { width: 32, height: 32, orientation: 1 };
        Picture { path: name.into(), name: name.into(), bytes: 1, shape, taken }
    }

    #[test]
    fn what_tells_no_time_goes_with_the_one_in_front_of_it() {
        let times = [None, Some(9.0), None, Some(7.0), Some(9.0), None];
        let mut pictures: Vec<_> =
            times.iter().zip('a'..).map(|(time, name)| picture(&name.to_string(), *time)).collect();
        by_time(&mut pictures);
        let order: String = pictures.iter().map(|picture| picture.name.as_str()).collect();
        assert_eq!(order, "adbcef");
        // Whatever lacks a time, what has one is in order.
        let mut pictures: Vec<_> = (0..500u32)
            .map(|number| {
                let time = f64::from(number.wrapping_mul(2_654_435_761) >> 8);
                picture("", (number % 3 != 0).then_some(time))
            })
            .collect();
        by_time(&mut pictures);
        assert!(pictures.iter().filter_map(|picture| picture.taken).is_sorted());
    }

    #[test]
    fn a_counter_that_began_anew_is_noticed() {
        let pictures = vec![
            picture("1", Some(9.0)),
            picture("2", None),
            picture("8", Some(7.0)),
            picture("9", Some(8.0)),
        ];
        let found = Found { pictures: pictures.clone(), left_out: Vec::new() };
        assert_eq!(found.first_backwards(), None, "not over one that tells no time");
        let pictures = [&pictures[..1], &pictures[2..]].concat();
        let found = Found { pictures, left_out: Vec::new() };
        assert_eq!(found.first_backwards().unwrap().name, "8");
    }

    #[test]
    fn times_have_parts_of_seconds() {
        let at = |taken, digits| seconds(taken, digits).unwrap();
        assert_eq!(at("20160102T150137", Some("25")) - at("20160102T150136", None), 1.25);
        assert_eq!(seconds("20161301T000000", None), None);
    }
}
