//! Every simulated body with every verb that speaks to a camera.

use std::path::Path;

use filmwire_codec::journal::Verdict;

use crate::camera::{Camera, files};
use crate::program::{Ran, run};

/// Fewest bodies there are; the list itself is the program's.
const LEAST: usize = 13;

/// The bodies `sim --list` names, but for the one that is none.
fn bodies() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let list = run(folder.path(), &["sim", "--list"]).out;
    let names = list.lines().skip(1).take_while(|line| !line.is_empty());
    let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
    let bodies: Vec<_> = names.filter(|name| name != "permissive").collect();
    assert!(bodies.len() >= LEAST, "{bodies:?}");
    bodies
}

fn on(camera: &Camera, folder: &Path, words: &[&str]) -> Ran {
    let ran = run(folder, &[&["--camera", &camera.address], words].concat());
    assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
    ran
}

#[test]
fn every_body_answers_every_verb() {
    for model in bodies() {
        let camera = Camera::start(&["--model", &model, "--photos", "4", "--films", "1"]);
        let folder = tempfile::tempdir().unwrap();
        let on = |words: &[&str]| on(&camera, folder.path(), words);
        on(&["doctor"]);
        let info = on(&["info", "--json"]).of_kind("info", "camera").remove(0);
        assert_eq!((&info["model"], &info["objects"]), (&model.as_str().into(), &5.into()));
        let names = on(&["ls", "--json"]).of_kind("ls", "object");
        assert_eq!(names.len(), 5, "{model}");
        // The film has the highest number; it is the newest, which is not handle 1 on every body.
        assert!(names.iter().any(|object| object["name"] == "DSCF0005.MOV"), "{model}: {names:?}");
        on(&["thumb", "DSCF0001.JPG", "--to", "thumbs"]);
        on(&["get", "DSCF0001.JPG", "--to", "got"]);
        on(&["raw", "0x1015", "0xD212"]);
        on(&["sync", "--dry-run", "--to", "library"]);
        let summary = on(&["sync", "--to", "library", "--json"]).of_kind("sync", "summary");
        assert_eq!(summary[0]["new"], 5, "{model}: {summary:?}");
        let again = on(&["sync", "--to", "library", "--json"]).of_kind("sync", "summary");
        assert_eq!((&again[0]["new"], &again[0]["known"]), (&0.into(), &5.into()), "{model}");
        on(&["catalogue", "check", "--deep", "--to", "library"]);
        on(&["catalogue", "mark-known", "--to", "other"]);
        assert_eq!(files(&folder.path().join("library")).len(), 5, "{model}");
        assert_eq!(files(&folder.path().join("other")).len(), 0, "{model}");
        let rows = camera.left();
        let wrong: Vec<_> = rows.iter().filter(|row| row.verdict != Verdict::Allowed).collect();
        assert!(wrong.is_empty(), "{model}: {wrong:?}");
    }
}

#[test]
fn every_body_sends_what_was_picked() {
    for model in bodies() {
        let words = ["--model", &model, "--photos", "3", "--picked", "2"];
        let camera = Camera::start(&words);
        let folder = tempfile::tempdir().unwrap();
        let ran = on(&camera, folder.path(), &["receive", "--to", "library", "--json"]);
        let summary = ran.of_kind("receive", "summary").remove(0);
        assert_eq!(summary["new"], 2, "{model}: {summary}");
    }
}

/// A body that nobody named is served by what it reports.
#[test]
fn a_body_nobody_knows_is_served_and_told_so() {
    let camera = Camera::start(&["--model", "X-T4", "--set", "model=X-T99", "--photos", "2"]);
    let folder = tempfile::tempdir().unwrap();
    let info = on(&camera, folder.path(), &["info", "--json"]).of_kind("info", "camera").remove(0);
    assert!(info["known"]["evidence"].as_str().unwrap().contains("nobody"), "{info}");
    let words = ["sync", "--to", "library", "--json"];
    let summary = on(&camera, folder.path(), &words).of_kind("sync", "summary").remove(0);
    assert_eq!(summary["new"], 2);
}
