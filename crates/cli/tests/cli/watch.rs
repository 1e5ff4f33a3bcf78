//! `sync --watch` as somebody leaves it running: camera off the air, on it, and asked to look.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout};

use filmwire_catalogue::{Create, Library, OpenOptions};
use rustix::process::Signal;
use serde_json::Value;

use crate::camera::{Camera, files, nobody, signal, wait};
use crate::program::{command, run};

/// A watch that runs, and its lines.
struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// All lines so far, for the schema.
    told: String,
}

impl Watch {
    fn start(folder: &std::path::Path, camera: &str, words: &[&str]) -> Self {
        let first = ["sync", "--watch", "--json", "--to", "library", "--camera", camera];
        let mut child = command(folder, &[&first, words].concat()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, told: String::new() }
    }

    /// Reads until a line of the kind.
    fn until(&mut self, kind: &str) -> Value {
        loop {
            let start = self.told.len();
            assert!(self.lines.read_line(&mut self.told).unwrap() > 0, "no {kind}: {}", self.told);
            let line: Value = serde_json::from_str(&self.told[start..]).unwrap();
            if line["kind"] == kind {
                return line;
            }
        }
    }

    /// Ends it; returns its exit code, its last line, and all lines.
    fn end(mut self, with: Signal) -> (i32, Value, String) {
        signal(&self.child, with);
        while self.lines.read_line(&mut self.told).unwrap() > 0 {}
        let code = wait(&mut self.child);
        let last = crate::schema::lines("sync", &self.told).pop().unwrap();
        (code, last, std::mem::take(&mut self.told))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_time_on_air_is_served_once() {
    let (folder, address) = (tempfile::tempdir().unwrap(), nobody());
    let mut watch = Watch::start(folder.path(), &address, &["--every", "1"]);
    assert_eq!(watch.until("waiting")["camera"], address);
    let camera = Camera::start_at(&address, &["--photos", "2"]);
    assert_eq!(watch.until("summary")["new"], 2);
    watch.until("resting");
    let rows = camera.left().len();
    assert_eq!(camera.journal().len(), rows);
    drop(camera);
    watch.until("gone");
    watch.until("waiting");
    // With three more; the seed makes the first two the same.
    let _camera = Camera::start_at(&address, &["--photos", "5"]);
    let summary = watch.until("summary");
    assert_eq!((&summary["new"], &summary["known"]), (&3.into(), &2.into()), "{summary}");
    watch.until("resting");
    let (code, last, _) = watch.end(Signal::INT);
    assert_eq!(code, 130);
    assert_eq!((&last["kind"], &last["passes"]), (&"watched".into(), &2.into()));
    assert_eq!((&last["new"], &last["troubled"]), (&5.into(), &0.into()));
    assert_eq!(files(&folder.path().join("library")).len(), 5);
}

#[test]
fn a_camera_that_stays_is_connected_to_again_on_request_only() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&["--photos", "2"]);
    let mut watch = Watch::start(folder.path(), &camera.address, &[]);
    watch.until("resting");
    let before = camera.left().len();
    signal(&watch.child, Signal::USR1);
    let summary = watch.until("summary");
    assert_eq!((&summary["new"], &summary["known"]), (&0.into(), &2.into()));
    watch.until("resting");
    assert!(camera.journal().len() > before);
    let (code, last, told) = watch.end(Signal::TERM);
    assert_eq!((code, &last["passes"]), (130, &2.into()));
    assert_eq!(told.matches(r#""kind":"seen""#).count(), 2);
}

#[test]
fn a_watch_that_is_stopped_while_it_waits_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut watch = Watch::start(folder.path(), &nobody(), &["--every", "3600"]);
    watch.until("waiting");
    let (code, last, _) = watch.end(Signal::INT);
    assert_eq!((code, &last["kind"], &last["passes"]), (130, &"watched".into(), &0.into()));
}

#[test]
fn a_refusal_is_told_and_the_watch_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&["--photos", "1", "--fault", "refuse=OpenSession:0x2019"]);
    let mut watch = Watch::start(folder.path(), &camera.address, &[]);
    assert_eq!(watch.until("summary")["outcome"], "refused");
    watch.until("resting");
    let (code, last, _) = watch.end(Signal::INT);
    assert_eq!((code, &last["troubled"]), (130, &1.into()));
}

#[test]
fn words_that_do_not_go_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["--watch", "--dry-run"][..],
        &["--watch", "--demo"],
        &["--every", "3"],
        &["--watch", "--every", "0"],
    ] {
        assert_eq!(run(folder.path(), &[&["sync"], words].concat()).code, 2, "{words:?}");
    }
}

#[test]
fn a_library_in_use_is_waited_for_and_an_odd_address_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&["--photos", "1"]);
    let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
    let library = Library::open(&folder.path().join("library"), options).unwrap();
    let lock = library.lock().unwrap();
    let mut watch = Watch::start(folder.path(), &camera.address, &[]);
    assert!(watch.until("locked")["text"].as_str().unwrap().contains("in use"));
    assert!(camera.journal().is_empty());
    drop(lock);
    assert_eq!(watch.until("summary")["new"], 1);
    assert_eq!(watch.end(Signal::INT).0, 130);
    let mut lost = Watch::start(folder.path(), "127.0.0.1%nosuchlan0", &["--every", "1"]);
    assert!(!lost.until("odd")["text"].as_str().unwrap().is_empty());
    assert_eq!(lost.end(Signal::INT).0, 130);
}

#[test]
fn a_watch_that_nobody_reads_stops_and_does_not_say_done() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&["--photos", "9", "--rtt", "20ms"]);
    for lines in 1..8 {
        let to = format!("library{lines}");
        let words = ["sync", "--watch", "--json", "--to", &to, "--camera", &camera.address];
        let mut child = command(folder.path(), &words).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        for _ in 0..lines {
            out.read_line(&mut line).unwrap();
        }
        drop(out);
        assert_eq!(wait(&mut child), 130, "after {lines} lines");
    }
}
