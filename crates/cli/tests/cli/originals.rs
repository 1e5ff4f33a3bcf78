//! Originals that a timelapse fetches while no frame is due.

use std::io::Read as _;

use filmwire_catalogue::{Create, Library, OpenOptions};
use rustix::process::Signal;

use crate::camera::{Camera, files, read_until, signal, wait};
use crate::program::{command, run};
use crate::schema;

const CAMERA: [&str; 6] = ["--photos", "1", "--model", "X-T4", "--allow", "shoot"];

#[test]
fn at_the_end_the_library_has_them_and_sync_knows_them() {
    let (camera, folder) = (Camera::start(&CAMERA), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "timelapse", "--interval", "500ms", "--count", "2"];
    let ran = run(folder.path(), &[&words[..], &["--to", "site", "--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("timelapse", "published").len(), 3, "{ran:?}");
    let summary = ran.of_kind("timelapse", "summary").remove(0);
    assert_eq!((&summary["taken"], &summary["fetched"]["new"]), (&2.into(), &3.into()));
    assert_eq!(summary["fetched"]["whole"], true);
    assert_eq!(files(&folder.path().join("site")).len(), 3);
    let journal = std::fs::read_to_string(folder.path().join("timelapse.jsonl")).unwrap();
    assert!(journal.lines().last().unwrap().contains("fetched"), "{journal}");
    camera.left();
    let sync = ["--camera", &camera.address, "sync", "--to", "site", "--json"];
    let ran = run(folder.path(), &sync);
    let summary = ran.of_kind("sync", "summary").remove(0);
    assert_eq!((&summary["new"], &summary["known"]), (&0.into(), &3.into()), "{ran:?}");
}

#[test]
fn in_a_pause_they_come_while_the_run_goes_on() {
    let (camera, folder) = (Camera::start(&CAMERA), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "timelapse", "--interval", "1h", "--json"];
    let words = [&words[..], &["--fetch", "pauses", "--to", "site"]].concat();
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "fetched");
    assert_eq!(files(&folder.path().join("site")).len(), 2);
    // The library is free between two visits.
    let check = run(folder.path(), &["catalogue", "check", "--to", "site"]);
    assert_eq!(check.code, 0, "{check:?}");
    signal(&child, Signal::INT);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 130);
    let summary = schema::lines("timelapse", &rest).pop().unwrap();
    assert_eq!(summary["fetched"]["new"], 2, "{rest}");
}

#[test]
fn what_cannot_be_fetched_costs_no_frame_and_has_a_code_of_its_own() {
    let fault = ["--fault", "refuse=TerminateOpenCapture#1:0x2019"];
    let camera = Camera::start(&[&CAMERA[..], &fault].concat());
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "timelapse", "--interval", "500ms", "--count", "2"];
    let words = [&words[..], &["--to", "site"]].concat();
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.out.contains("2 frames, all taken"), "{ran:?}");
    assert!(ran.err.contains("filmwire sync --to"), "{ran:?}");
    // Such as a service manager that starts it again.
    let ran = run(folder.path(), &words);
    assert_eq!((ran.code, files(&folder.path().join("site")).len()), (0, 3), "{ran:?}");
    let ran = run(folder.path(), &[&words[..words.len() - 1], &["other"]].concat());
    assert!(ran.code == 0 && ran.err.contains("fetched before"), "{ran:?}");
    camera.left();
}

/// As by a `sync` that a timer started, when the computer comes back after a power cut.
#[test]
fn a_library_that_others_hold_costs_no_frame() {
    let (camera, folder) = (Camera::start(&CAMERA), tempfile::tempdir().unwrap());
    let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
    let library = Library::open(&folder.path().join("site"), options).unwrap();
    let lock = library.lock().unwrap();
    let words = ["--camera", &camera.address, "timelapse", "--interval", "500ms", "--count", "2"];
    let words = [&words[..], &["--to", "site"]].concat();
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.out.contains("2 frames, all taken"), "{ran:?}");
    drop(lock);
    let ran = run(folder.path(), &words);
    assert_eq!((ran.code, files(&folder.path().join("site")).len()), (0, 3), "{ran:?}");
    camera.left();
}

#[test]
fn a_library_that_cannot_be_used_is_told_before_the_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (nobody, start) = (crate::camera::nobody(), ["timelapse", "--interval", "1s"]);
    for (words, code) in [
        (["--fetch", "none", "--to", "site"], 2),
        (["--fetch", "none", "--only", "jpg"], 2),
        (["--fetch", "end", "--to", "file"], 2),
    ] {
        let words = [&["--camera", &nobody], &start[..], &words].concat();
        let ran = run(folder.path(), &words);
        assert_eq!(ran.code, code, "{words:?}: {ran:?}");
    }
    assert!(!folder.path().join("site").exists());
}
