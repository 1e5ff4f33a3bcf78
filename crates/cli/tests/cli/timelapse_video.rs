//! Films of a timelapse's pictures. What the real ffmpeg makes of them is tried by `.ci/video`; here
//! a script takes its place.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::camera::{files, read_until, signal, wait};
use crate::program::{Ran, command, run_with};

/// A JPEG of 32 x 18 pixels that nobody looks at.
fn jpeg(number: u8) -> Vec<u8> {
    let frame = [0xFF, 0xC0, 0, 9, 8, 0, 18, 0, 32, 3, 0];
    let pixels = [0xFF, 0xDA, 0, 2, number, 0xFF, 0xD9];
    [&[0xFF, 0xD8][..], &frame, &pixels].concat()
}

/// A folder with `pictures` in it, and `programs` with an ffmpeg of this text if there is one.
fn folder(count: u8, ffmpeg: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["pictures", "programs"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for number in 1..=count {
        fs::write(folder.path().join(format!("pictures/DSCF{number}.JPG")), jpeg(number)).unwrap();
    }
    if let Some(text) = ffmpeg {
        let programs = folder.path().join("programs");
        // Put there by a program of its own: what is open for writing cannot be run, and what we open
        // is open too in whatever another test is starting just now.
        let (draft, program) = (programs.join("draft"), programs.join("ffmpeg"));
        fs::write(&draft, format!("#!/bin/sh\nfor file; do :; done\n{text}\n")).unwrap();
        let mut install = std::process::Command::new("install");
        assert!(install.args(["-m", "755"]).args([&draft, &program]).status().unwrap().success());
    }
    folder
}

fn path(folder: &Path) -> String {
    folder.join("programs").to_str().unwrap().to_owned()
}

fn video(folder: &Path, words: &[&str]) -> Ran {
    let words = [&["timelapse", "video", "pictures", "--json"], words].concat();
    run_with(folder, &words, &[("PATH", &path(folder))])
}

fn one(ran: &Ran, kind: &str) -> Value {
    let mut found = ran.of_kind("timelapse-video", kind);
    assert_eq!(found.len(), 1, "{kind}: {ran:?}");
    found.remove(0)
}

/// Films, finished or not.
fn films(folder: &Path) -> Vec<String> {
    let mut films = files(folder);
    films.retain(|name| !name.contains("pictures/") && !name.contains("programs/"));
    films
}

/// Takes frames for a film, and says how many it made.
const FFMPEG: &str = "/bin/cat >\"$file\"; echo frame=12";

#[test]
fn pictures_go_to_ffmpeg_in_order_with_nothing_around_them() {
    let folder = folder(12, Some(FFMPEG));
    let ran = video(folder.path(), &["--out", "night.mkv", "--fps", "29.97", "--codec", "h265"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let summary = one(&ran, "summary");
    assert_eq!((&summary["path"], &summary["frames"]), (&"night.mkv".into(), &12.into()));
    assert_eq!((&summary["codec"], &summary["as_asked"]), (&"h265".into(), &true.into()));
    let film: Vec<u8> = (1..=12).flat_map(jpeg).collect();
    assert_eq!(fs::read(folder.path().join("night.mkv")).unwrap(), film);
    assert_eq!(films(folder.path()), ["night.mkv"]);
}

#[test]
fn without_ffmpeg_there_is_a_film_all_the_same() {
    let folder = folder(3, None);
    let ran = video(folder.path(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = one(&ran, "without-ffmpeg");
    assert!(told["help"].as_str().unwrap().contains("apt install ffmpeg"), "{told}");
    let film = fs::read(folder.path().join("timelapse.avi")).unwrap();
    assert_eq!((&film[..4], &film[8..12]), (&b"RIFF"[..], &b"AVI "[..]));
    for number in 1..=3 {
        let picture = jpeg(number);
        assert!(film.windows(picture.len()).any(|piece| piece == picture), "{number}");
    }
    // What was asked for and cannot be is told, also by the exit code.
    let ran = video(folder.path(), &["--crop", "16:9", "--deflicker", "--out", "night.mp4"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let lacking = &one(&ran, "without-ffmpeg")["lacking"];
    assert_eq!(*lacking, serde_json::json!(["--crop", "--deflicker", "--out"]));
    assert_eq!(films(folder.path()), ["night.avi", "timelapse.avi"]);
}

#[test]
fn what_is_no_frame_is_told_and_left_out() {
    let folder = folder(3, None);
    let pictures = folder.path().join("pictures");
    fs::write(pictures.join("DSCF2.RAF"), b"FUJIFILM").unwrap();
    let ran = video(folder.path(), &["--codec", "mjpeg"]);
    assert_eq!((ran.code, one(&ran, "left-out")["lost"].clone()), (0, false.into()), "{ran:?}");
    // Whole at its head, cut short behind it.
    fs::write(pictures.join("DSCF2.JPG"), &jpeg(2)[..17]).unwrap();
    let ran = video(folder.path(), &["--codec", "mjpeg", "--out", "b.avi"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let left_out = ran.of_kind("timelapse-video", "left-out");
    assert!(left_out[1]["reason"].as_str().unwrap().contains("cut short"), "{left_out:?}");
    let summary = one(&ran, "summary");
    assert_eq!((&summary["frames"], &summary["left_out"]), (&2.into(), &2.into()));
    assert!(ran.err.contains("DSCF2.JPG left out"), "{ran:?}");
}

/// The shell bounds what the program may write to a file, as a full disk does.
#[test]
fn where_there_is_no_room_for_a_film_nothing_is_left_of_it() {
    let folder = folder(3, None);
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" timelapse video pictures --codec mjpeg";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script]).arg(crate::program::path());
    shell.current_dir(folder.path()).env("HOME", folder.path()).env_remove("FILMWIRE_CONFIG");
    let output = shell.output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write .timelapse.avi."));
    assert_eq!(films(folder.path()), [""; 0]);
}

/// As ffmpeg 5.1 does on a full disk: it ends with 0.
#[test]
fn a_film_whose_end_found_no_room_is_none() {
    let said = "Error writing trailer of x: No space left on device";
    let folder = folder(3, Some(&format!("{FFMPEG}; echo '{said}' >&2")));
    let ran = video(folder.path(), &[]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert_eq!(one(&ran, "error")["help"], "make room and run again");
    assert_eq!(films(folder.path()), [""; 0]);
}

#[test]
fn a_journal_of_other_pictures_is_not_used_and_that_is_told() {
    let folder = folder(3, None);
    let journal = folder.path().join("pictures/timelapse.jsonl");
    let head = r#"{"v":1,"kind":"timelapse","start":"2026-12-01T06:00:00Z","terms":{}}"#;
    fs::write(&journal, format!("{head}\n")).unwrap();
    let ran = video(folder.path(), &["--codec", "mjpeg"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let doubt = one(&ran, "doubt");
    assert!(doubt["text"].as_str().unwrap().contains("0 frames and the folder 3 JPEGs"), "{doubt}");
    let ran = video(folder.path(), &["--codec", "mjpeg", "--out", "b.avi", "--journal", "none"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    let words = ["--codec", "mjpeg", "--out", "b.avi", "--journal", "pictures/DSCF1.JPG"];
    assert_eq!(video(folder.path(), &words).code, 2);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let folder = folder(2, None);
    fs::write(folder.path().join("mine.avi"), b"mine").unwrap();
    for words in [
        &["--out", "mine.avi", "--codec", "mjpeg"][..],
        &["--out", "mine.mp4"],
        &["--out", "film.avi"],
        &["--out", "film.mp4", "--codec", "mjpeg"],
        &["--out", "film"],
        &["--codec", "mjpeg", "--crop", "16:9"],
        &["--fps", "0"],
        &["--height", "8"],
    ] {
        let ran = video(folder.path(), words);
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
    }
    assert_eq!(fs::read(folder.path().join("mine.avi")).unwrap(), b"mine");
    let words = ["--out", "none/film.avi", "--codec", "mjpeg"];
    assert_eq!(video(folder.path(), &words).code, 6);
    assert_eq!(films(folder.path()), ["mine.avi"]);
    let none = run_with(folder.path(), &["timelapse", "video", "programs"], &[]);
    assert_eq!(none.code, 2, "{none:?}");
    let none = run_with(folder.path(), &["timelapse", "video", "nowhere"], &[]);
    assert_eq!(none.code, 6, "{none:?}");
}

#[test]
fn an_ffmpeg_that_fails_is_told_with_its_last_words() {
    let failing = "echo half >\"$file\"; echo \"Unknown encoder 'libx264'\" >&2; exit 8";
    let folder = folder(3, Some(failing));
    let ran = video(folder.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let error = one(&ran, "error");
    assert!(error["error"].as_str().unwrap().contains("Unknown encoder 'libx264'"), "{error}");
    assert!(error["help"].as_str().unwrap().contains("libx264 and libx265"), "{error}");
    assert_eq!(films(folder.path()), [""; 0]);
    let folder = self::folder(3, Some("exit 8"));
    let error = one(&video(folder.path(), &[]), "error");
    assert!(error["error"].as_str().unwrap().contains("exit status: 8"), "{error}");
    assert!(error["help"].as_str().unwrap().contains("mend what it names"), "{error}");
}

#[test]
fn frames_that_ffmpeg_did_not_take_are_missed() {
    let folder = folder(13, Some(FFMPEG));
    let ran = video(folder.path(), &[]);
    assert_eq!((ran.code, one(&ran, "summary")["as_asked"].clone()), (1, false.into()), "{ran:?}");
    let doubt = one(&ran, "doubt");
    assert!(doubt["text"].as_str().unwrap().contains("12 frames of 13 pictures"), "{doubt}");
}

#[test]
fn ctrl_c_ends_ffmpeg_and_leaves_no_half_film() {
    let stuck = "echo half >\"$file\"; echo $$ >programs/process; exec /bin/sleep 1000";
    let folder = folder(3, Some(stuck));
    let words = ["timelapse", "video", "pictures", "--json"];
    let mut command = command(folder.path(), &words);
    let mut child = command.env("PATH", path(folder.path())).spawn().unwrap();
    let _reader = read_until(&mut child, "begun");
    let end = Instant::now() + Duration::from_secs(20);
    let until = |what: &dyn Fn() -> bool| {
        while !what() {
            assert!(Instant::now() < end);
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let process = || fs::read_to_string(folder.path().join("programs/process"));
    until(&|| process().is_ok_and(|process| process.ends_with('\n')));
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    assert_eq!(films(folder.path()), [""; 0]);
    // What is ended has no words any more, also while nobody has buried it.
    let words = Path::new("/proc").join(process().unwrap().trim()).join("cmdline");
    until(&|| fs::read(&words).is_ok_and(|words| words.is_empty()) || !words.exists());
}

#[test]
fn the_code_tells_what_was_left_out_also_where_nobody_reads() {
    for (broken, code) in [(false, 0), (true, 1)] {
        let folder = folder(3, Some(FFMPEG));
        if broken {
            fs::write(folder.path().join("pictures/DSCF9.JPG"), b"no JPEG").unwrap();
        }
        let words = ["timelapse", "video", "pictures", "--codec", "mjpeg", "--out", "night.avi"];
        let mut child = command(folder.path(), &words).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(wait(&mut child), code);
        assert_eq!(films(folder.path()), ["night.avi"]);
    }
}
