//! Ctrl-C, its kin, and readers that go away.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::camera::{Camera, files, read_until, signal, wait};
use crate::program::{command, run};

/// So slow that a run does not end before it is interrupted.
const SLOW: [&str; 6] = ["--photos", "12", "--rate", "400k", "--rtt", "5ms"];

/// The camera was left as is proper: the session closed, then the goodbye.
fn was_left(camera: &Camera) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        let rows = camera.journal();
        if let [.., close, goodbye] = &rows[..]
            && goodbye.note == "goodbye"
        {
            return close.operation == 0x1003 && close.response == Some(0x2001);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

fn errors(child: &mut Child) -> String {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn interrupted_sync_goes_on(with: Signal) {
    let camera = Camera::start(&SLOW);
    let folder = tempfile::tempdir().unwrap();
    let words = ["sync", "--json", "--to", "library", "--camera", &camera.address];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "published");
    signal(&child, with);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 130);
    let errors = errors(&mut child);
    assert!(errors.contains("again to go on"), "{errors}");
    let lines = crate::schema::lines("sync", &rest);
    let summary = lines.last().unwrap();
    assert_eq!((&summary["kind"], &summary["interrupted"]), (&"summary".into(), &true.into()));
    assert!(was_left(&camera));
    let kept = files(&folder.path().join("library")).len();
    assert!((1..12).contains(&kept), "{kept}");
    let again = run(folder.path(), &words);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(files(&folder.path().join("library")).len(), 12);
    assert_eq!(run(folder.path(), &["catalogue", "check", "--to", "library", "--deep"]).code, 0);
}

#[test]
fn ctrl_c_leaves_the_camera_and_keeps_what_is_whole() {
    interrupted_sync_goes_on(Signal::INT);
}

#[test]
fn sigterm_is_as_polite() {
    interrupted_sync_goes_on(Signal::TERM);
}

/// The program begun by another one, which becomes it.
fn through(folder: &Path, other: &[&str], words: &[&str]) -> Command {
    let program = command(folder, words);
    let mut through = Command::new(other[0]);
    through.args(&other[1..]).arg(program.get_program()).args(program.get_args());
    through.current_dir(folder).env_clear().env("HOME", folder);
    through.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    through
}

/// The shell and the system both tell of a terminal that is closed.
#[test]
fn a_terminal_that_is_closed_asks_once() {
    let camera = Camera::start(&SLOW);
    let folder = tempfile::tempdir().unwrap();
    let words = ["sync", "--json", "--to", "library", "--camera", &camera.address];
    let heeding = ["/usr/bin/env", "--default-signal=HUP"];
    let mut child = through(folder.path(), &heeding, &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "published");
    signal(&child, Signal::HUP);
    signal(&child, Signal::HUP);
    reader.read_to_string(&mut String::new()).unwrap();
    assert_eq!(wait(&mut child), 130);
    assert!(was_left(&camera));
}

#[test]
fn under_nohup_a_terminal_may_be_closed() {
    let camera = Camera::start(&["--photos", "3", "--rtt", "5ms"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["sync", "--json", "--to", "library", "--camera", &camera.address];
    let deaf = ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];
    let mut child = through(folder.path(), &deaf, &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "started");
    signal(&child, Signal::HUP);
    reader.read_to_string(&mut String::new()).unwrap();
    assert_eq!(wait(&mut child), 0);
}

#[test]
fn verbs_that_look_leave_politely_too() {
    let camera = Camera::start(&["--photos", "500", "--rtt", "10ms"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["ls", "--json", "--camera", &camera.address];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let _reader = read_until(&mut child, "object");
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    assert!(was_left(&camera));
}

#[test]
fn a_file_that_was_begun_is_gone() {
    let camera = Camera::start(&["--photos", "1", "--films", "1", "--rate", "100k"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["get", "1", "--camera", &camera.address];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while files(folder.path()).is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    // The piece never comes, so that leaving politely takes its time.
    let camera = Camera::start(&["--photos", "3", "--fault", "silence=GetPartialObject"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["sync", "--json", "--to", "library", "--camera", &camera.address];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let _reader = read_until(&mut child, "started");
    let asked = Instant::now();
    // As a person who will not wait; the first moments count as one.
    while child.try_wait().unwrap().is_none() {
        signal(&child, Signal::INT);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(wait(&mut child), 130);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let camera = Camera::start(&["--photos", "500", "--rtt", "2ms"]);
    let folder = tempfile::tempdir().unwrap();
    for words in [&["ls", "--json"][..], &["ls"]] {
        let words = [words, &["--camera", &camera.address]].concat();
        let mut child = command(folder.path(), &words).spawn().unwrap();
        let mut first = [0];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut first).unwrap();
        drop(out);
        assert_eq!(wait(&mut child), 0);
        assert_eq!(errors(&mut child), "");
        assert!(was_left(&camera));
    }
}

#[test]
fn a_sync_that_nobody_reads_stops_and_does_not_say_done() {
    let camera = Camera::start(&SLOW);
    let folder = tempfile::tempdir().unwrap();
    let words = ["sync", "--json", "--to", "library", "--camera", &camera.address];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    drop(read_until(&mut child, "published"));
    assert_eq!(wait(&mut child), 130);
    assert!(was_left(&camera));
    assert!(!errors(&mut child).contains("panicked"));
}
