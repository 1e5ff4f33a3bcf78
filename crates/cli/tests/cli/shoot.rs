//! Pictures, one or a series: what is told and kept of them, and how a run ends.

use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use filmwire_codec::journal::{JournalRow, Verdict};
use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::camera::{Camera, files, read_until, signal, wait};
use crate::program::{LIMIT, Ran, command, run};

fn camera(words: &[&str]) -> Camera {
    let all = ["--photos", "1", "--allow", "shoot"];
    let model: &[&str] = if words.contains(&"--model") { &[] } else { &["--model", "X-T4"] };
    Camera::start(&[&all, model, words].concat())
}

fn on(camera: &Camera, folder: &Path, words: &[&str]) -> Ran {
    run(folder, &[&["--camera", &camera.address, "shoot"], words].concat())
}

fn count(rows: &[JournalRow], operation: u16) -> usize {
    rows.iter().filter(|row| row.operation == operation).count()
}

/// Nothing was asked that a camera would not allow, each picture's preview was fetched, and nothing
/// was left behind.
fn was_left(camera: &Camera) -> Vec<JournalRow> {
    let rows = camera.left();
    assert!(rows.iter().all(|row| row.verdict != Verdict::Violation), "{rows:?}");
    assert!(rows.iter().all(|row| !row.note.contains("left behind")), "{rows:?}");
    assert_eq!(count(&rows, 0x9026), count(&rows, 0x9027));
    rows
}

fn total(summary: &Value, field: &str) -> u64 {
    summary[field].as_u64().unwrap_or_else(|| panic!("{field}: {summary}"))
}

#[test]
fn one_picture_stays_on_the_card() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("   1  ") && ran.out.ends_with("on the card\n"), "{ran:?}");
    let rows = was_left(&camera);
    assert_eq!((count(&rows, 0x100E), count(&rows, 0x9022)), (1, 1));
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[test]
fn a_series_keeps_previews_under_names_by_the_template() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--count", "3", "--to", "frames", "--name-template", "{date:%Y}/p{number:03}"];
    let ran = on(&camera, folder.path(), &[&words[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let frames = ran.of_kind("shoot", "frame");
    assert_eq!(frames.len(), 3);
    for (number, frame) in (1..).zip(&frames) {
        assert_eq!(frame["number"], number);
        assert_eq!(frame["settings"]["shutter"], "1/60", "{frame}");
        let path = frame["files"][0]["path"].as_str().unwrap();
        assert!(path.ends_with(&format!("/p{number:03}.jpg")), "{path}");
        let bytes = std::fs::read(folder.path().join(path)).unwrap();
        assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]));
        assert_eq!(frame["files"][0]["size"], bytes.len());
        let sum: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(frame["files"][0]["sha256"], sum);
    }
    let summary = ran.lines("shoot").pop().unwrap();
    assert_eq!((total(&summary, "taken"), total(&summary, "files")), (3, 3), "{summary}");
    // A second run replaces nothing.
    assert_eq!(on(&camera, folder.path(), &words).code, 0);
    let year = std::fs::read_dir(folder.path().join("frames")).unwrap().next().unwrap();
    assert_eq!(files(&year.unwrap().path()).len(), 6);
    was_left(&camera);
}

#[test]
fn frames_come_in_their_rhythm() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let start = Instant::now();
    let ran = on(&camera, folder.path(), &["--count", "4", "--interval", "400ms"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(start.elapsed().as_millis() >= 1200, "{:?}", start.elapsed());
    assert!(ran.out.ends_with("4 pictures taken\n"), "{ran:?}");
    let rows = was_left(&camera);
    assert_eq!(count(&rows, 0x100E), 4);
}

#[test]
fn focus_is_locked_once_and_released() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["--focus", "3,4", "--count", "2", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for frame in ran.of_kind("shoot", "frame") {
        let settings = &frame["settings"];
        assert_eq!(
            (&settings["focus-point"], &settings["focus-lock"]),
            (&"3,4".into(), &"locked".into())
        );
    }
    let rows = was_left(&camera);
    assert_eq!(count(&rows, 0x9026), 1);
    let ran = on(&camera, folder.path(), &["--focus", "14,5"]);
    assert!(ran.code == 4 && ran.err.contains("from 1,1 to 13,9"), "{ran:?}");
    was_left(&camera);
}

#[test]
fn a_focus_that_could_not_be_released_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for fault in ["vanish=UnlockS1Lock#1:60s", "refuse=UnlockS1Lock:0x2019"] {
        let camera = camera(&["--fault", fault]);
        let ran = on(&camera, folder.path(), &["--focus", "3,4"]);
        assert_eq!(ran.code, 0, "{fault}: the picture was taken: {ran:?}");
        assert!(ran.err.contains("the focus was not released"), "{fault}: {ran:?}");
    }
}

#[test]
fn what_cannot_be_taken_is_told_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let camera = camera(&["--fault", "focus-fail=1"]);
    let ran = on(&camera, folder.path(), &["--count", "2", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let failed = ran.of_kind("shoot", "failed").remove(0);
    assert_eq!((&failed["number"], &failed["code"]), (&1.into(), &"no-focus".into()));
    assert_eq!(failed["picture"], "none", "{failed}");
    assert!(ran.err.contains("most likely it found no focus"), "{ran:?}");
    assert_eq!(ran.of_kind("shoot", "frame")[0]["number"], 2);
    was_left(&camera);

    let camera = self::camera(&["--fault", "focus-fail=1"]);
    let ran = on(&camera, folder.path(), &[]);
    assert_eq!(ran.code, 4, "{ran:?}");
    was_left(&camera);
}

#[test]
fn a_full_card_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let camera = camera(&["--set", "shooting.pictures_remaining=2"]);
    let ran = on(&camera, folder.path(), &["--count", "5", "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("its card is full"), "{ran:?}");
    let summary = ran.lines("shoot").pop().unwrap();
    let totals = ["taken", "failed", "left"].map(|field| total(&summary, field));
    assert_eq!(totals, [2, 1, 2], "{summary}");
    was_left(&camera);
}

#[test]
fn a_link_that_is_lost_says_what_is_known_of_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let camera = camera(&["--fault", "vanish=GetCapturePreview#2:60s"]);
    let ran = on(&camera, folder.path(), &["--count", "3", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("the camera took the picture, which is on its card"), "{ran:?}");
    let summary = ran.lines("shoot").pop().unwrap();
    assert_eq!((total(&summary, "taken"), total(&summary, "left")), (1, 1), "{summary}");
}

#[test]
fn originals_are_fetched_whatever_the_camera_does_with_its_ports() {
    let folder = tempfile::tempdir().unwrap();
    for (model, sockets) in
        [("X-T4", "once"), ("X-T5", "lost"), ("X-T1", "many"), ("X100VI", "renewed")]
    {
        let switch = format!("shooting.side_sockets={sockets}");
        let camera = camera(&["--model", model, "--set", &switch]);
        let words = ["--count", "2", "--fetch", "full", "--focus", "3,3", "--to", model, "--json"];
        let ran = on(&camera, folder.path(), &words);
        assert_eq!(ran.code, 0, "{model}: {ran:?}");
        // The newer way lists raw files too.
        let each = if model == "X100VI" { 2 } else { 1 };
        for frame in ran.of_kind("shoot", "frame") {
            let kept = frame["files"].as_array().unwrap();
            assert_eq!(kept.len(), each, "{model}: {frame}");
            for file in kept {
                let bytes = std::fs::read(folder.path().join(file["path"].as_str().unwrap()));
                let bytes = bytes.unwrap();
                assert_eq!(file["size"], bytes.len(), "{model}");
                let name = file["name"].as_str().unwrap();
                // What a preview has not.
                let is_original = name.ends_with(".JPG") && bytes[6..].starts_with(b"Exif")
                    || name.ends_with(".RAF") && bytes.starts_with(b"FUJIFILM");
                assert!(is_original, "{model}: {frame}");
            }
        }
        assert_eq!(files(&folder.path().join(model)).len(), 2 * each, "{model}");
        was_left(&camera);
    }
}

#[test]
fn an_original_that_cannot_be_had_is_on_the_card() {
    let folder = tempfile::tempdir().unwrap();
    let camera = camera(&["--fault", "refuse=GetPartialObject:0x2002"]);
    let ran = on(&camera, folder.path(), &["--count", "2", "--fetch", "full", "--json"]);
    // Pictures were taken, so that it is not the code for none.
    assert_eq!(ran.code, 1, "{ran:?}");
    let failed = ran.of_kind("shoot", "failed");
    assert_eq!(failed.len(), 2);
    assert_eq!(
        (&failed[0]["code"], &failed[0]["picture"]),
        (&"not-fetched".into(), &"taken".into())
    );
    assert!(ran.err.contains("but was not fetched: the camera refused"), "{ran:?}");
    assert_eq!(files(folder.path()), Vec::<String>::new());
    was_left(&camera);
}

/// A run that fails before its first picture leaves the session that it made anew, too.
#[test]
fn every_session_is_left_where_the_run_cannot_begin() {
    let folder = tempfile::tempdir().unwrap();
    let camera = camera(&["--rtt", "50ms", "--fault", "refuse=GetObjectInfo:0x2002"]);
    let ran = on(&camera, folder.path(), &["--fetch", "full", "--to", "frames"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let rows = was_left(&camera);
    let goodbyes = rows.iter().filter(|row| row.note == "goodbye").count();
    assert_eq!(goodbyes, 2);
}

#[test]
fn ctrl_c_ends_after_the_present_picture() {
    let folder = tempfile::tempdir().unwrap();
    for with in [Signal::INT, Signal::TERM] {
        let camera = camera(&["--set", "shooting.preview_ms=500"]);
        let words = ["--focus", "7,5", "--count", "100", "--to", "frames", "--json"];
        let all = [&["--camera", &camera.address, "shoot"], &words[..]].concat();
        let mut child = command(folder.path(), &all).spawn().unwrap();
        let mut reader = read_until(&mut child, "frame");
        signal(&child, with);
        let asked = Instant::now();
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(wait(&mut child), 130);
        assert!(asked.elapsed() < LIMIT / 2, "{:?}", asked.elapsed());
        let lines = crate::schema::lines("shoot", &rest);
        let summary = lines.last().unwrap();
        assert_eq!((&summary["kind"], &summary["interrupted"]), (&"summary".into(), &true.into()));
        assert_eq!(total(summary, "taken"), total(summary, "files"), "{summary}");
        let rows = was_left(&camera);
        let previews = count(&rows, 0x9022);
        assert_eq!((previews as u64, previews), (total(summary, "taken"), count(&rows, 0x100E)));
    }
}

#[test]
fn every_body_with_a_remote_mode_takes_pictures() {
    let folder = tempfile::tempdir().unwrap();
    for model in ["X30", "X-T1", "X-T10", "X-T2", "X-T100", "X-H1", "X-S10", "X-T5", "X100VI"] {
        let camera = camera(&["--model", model]);
        let ran = on(&camera, folder.path(), &["--count", "2", "--json"]);
        assert_eq!(ran.code, 0, "{model}: {ran:?}");
        assert_eq!(ran.of_kind("shoot", "frame").len(), 2, "{model}");
        was_left(&camera);
    }
    let camera = Camera::start(&["--photos", "1", "--model", "X-A2"]);
    assert_eq!(on(&camera, folder.path(), &[]).code, 4);
    camera.left();
}

#[test]
fn what_cannot_be_is_refused_before_the_camera_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["--count", "0"][..],
        &["--interval", "soon"],
        &["--focus", "0,1"],
        &["--fetch", "all"],
        &["--fetch", "none", "--to", "x"],
        &["--name-template", "../{number}"],
        &["--name-template", "{name}"],
    ] {
        let ran = run(folder.path(), &[&["shoot"], words].concat());
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
    }
    std::fs::write(folder.path().join("file"), b"").unwrap();
    assert_eq!(run(folder.path(), &["shoot", "--to", "file"]).code, 6);
}

#[test]
fn a_series_that_ends_since_nobody_reads_is_not_done() {
    let camera = Camera::start(&["--photos", "1", "--model", "X-T4", "--allow", "shoot"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "shoot", "--count", "5"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(wait(&mut child), 1);
    camera.left();
}

/// As a pager that is not scrolled, or a terminal that was stopped with Ctrl-S.
#[cfg(target_os = "linux")]
#[test]
fn no_picture_waits_for_whoever_reads() {
    for more in [&[][..], &["--log", "log.csv"]] {
        let camera = Camera::start(&["--photos", "1", "--model", "X-T4", "--allow", "shoot"]);
        let folder = tempfile::tempdir().unwrap();
        let words = [&["--camera", &camera.address, "shoot", "--count", "3", "--json"], more];
        let (mut reader, writer) = crate::program::full_pipe();
        let mut command = command(folder.path(), &words.concat());
        let mut child = command.stdout(writer).spawn().unwrap();
        drop(command);
        let taken = camera.left().iter().filter(|row| row.operation == 0x100E).count();
        assert_eq!(taken, 3, "{more:?}");
        let mut told = String::new();
        reader.read_to_string(&mut told).unwrap();
        let told = crate::schema::lines("shoot", told.trim_start());
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(wait(&mut child), 0, "{more:?}");
    }
}
