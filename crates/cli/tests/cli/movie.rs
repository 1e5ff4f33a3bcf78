//! Movies: how long, and that they end whatever happens.

use std::io::Read as _;
use std::time::{Duration, Instant};

use filmwire_codec::journal::JournalRow;
use rustix::process::Signal;

use crate::camera::{Camera, read_until, signal, wait};
use crate::program::{LIMIT, command, run};

fn camera(words: &[&str]) -> Camera {
    let all = ["--photos", "1", "--model", "X-T4", "--allow", "shoot"];
    Camera::start(&[&all, words].concat())
}

fn count(rows: &[JournalRow], operation: u16) -> usize {
    rows.iter().filter(|row| row.operation == operation).count()
}

/// Every movie that was started was ended, and the camera left.
fn was_ended(camera: &Camera) {
    let rows = camera.left();
    let (starts, stops) = (count(&rows, 0x9020), count(&rows, 0x9021));
    assert!(starts > 0 && stops >= starts, "{starts} {stops}");
    assert!(rows.iter().all(|row| !row.note.contains("left behind")), "{rows:?}");
}

#[test]
fn a_movie_takes_its_time_and_tells_what_is_left() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "movie", "--for", "1500ms"];
    let ran = run(folder.path(), &words);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.contains("recording") && ran.out.contains("room for"), "{ran:?}");
    was_ended(&camera);
    let ran = run(folder.path(), &[&words[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("movie", "filming").len(), 1);
    let summary = ran.of_kind("movie", "summary").remove(0);
    let seconds = summary["seconds"].as_f64().unwrap();
    assert!((1.5..10.0).contains(&seconds), "{summary}");
    // The one before took some of the room.
    let left = summary["left_s"].as_u64().unwrap();
    assert!((4500..4594).contains(&left), "{summary}");
    assert_eq!((&summary["ended"], &summary["stopped"]), (&"time".into(), &true.into()));
    was_ended(&camera);
}

#[test]
fn ctrl_c_ends_the_movie() {
    for with in [Signal::INT, Signal::TERM] {
        let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
        let words = ["--camera", &camera.address, "movie", "--json"];
        let mut child = command(folder.path(), &words).spawn().unwrap();
        let mut reader = read_until(&mut child, "filming");
        signal(&child, with);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(wait(&mut child), 130);
        let summary = crate::schema::lines("movie", &rest).pop().unwrap();
        assert_eq!((&summary["ended"], &summary["interrupted"]), (&"asked".into(), &true.into()));
        was_ended(&camera);
    }
}

/// `timeout` sends its signal to the program and to its group, so that it comes twice.
#[test]
fn a_signal_that_comes_twice_at_once_ends_the_movie_too() {
    let (camera, folder) = (camera(&["--rtt", "100ms"]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "movie", "--json"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "filming");
    // Of two kinds, since the system makes one of two that are the same.
    signal(&child, Signal::INT);
    signal(&child, Signal::TERM);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 130);
    let summary = crate::schema::lines("movie", &rest).pop().expect("a summary");
    assert_eq!((&summary["ended"], &summary["stopped"]), (&"asked".into(), &true.into()));
    was_ended(&camera);
}

#[test]
fn a_start_that_is_interrupted_leaves_no_movie_running() {
    let camera = camera(&["--fault", "stall=InitiateMovieCapture:2s"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "movie", "--json"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let end = Instant::now() + LIMIT;
    while count(&camera.journal(), 0x9020) == 0 {
        assert!(Instant::now() < end, "no movie is started");
        std::thread::yield_now();
    }
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    was_ended(&camera);
}

/// As while its card is busy: what was ended is not told as one that may run on.
#[test]
fn a_camera_that_refuses_to_end_it_once_is_asked_again() {
    let camera = camera(&["--fault", "refuse=TerminateMovieCapture#1:0x2019"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "movie", "--for", "100ms", "--json"];
    let ran = run(folder.path(), &words);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let rows = camera.left();
    assert_eq!((count(&rows, 0x9020), count(&rows, 0x9021)), (1, 2));
    // It ran on meanwhile.
    let seconds = ran.of_kind("movie", "summary")[0]["seconds"].as_f64().unwrap();
    assert!(seconds >= 0.6, "{seconds}");
}

#[test]
fn a_full_card_ends_it() {
    let camera = camera(&["--set", "shooting.movie_seconds_remaining=2"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["--camera", &camera.address, "movie", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no more room"), "{ran:?}");
    let summary = ran.of_kind("movie", "summary").remove(0);
    assert_eq!((&summary["ended"], &summary["left_s"]), (&"full".into(), &0.into()));
    was_ended(&camera);
    // There is none for another.
    let ran = run(folder.path(), &["--camera", &camera.address, "movie", "--json"]);
    assert_eq!((ran.code, ran.of_kind("movie", "error").len()), (4, 1), "{ran:?}");
}

#[test]
fn a_link_that_is_lost_is_told_with_what_to_do_at_the_body() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "movie", "--json"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "filming");
    let asked = Instant::now();
    drop(camera);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 3);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    let summary = crate::schema::lines("movie", &rest).pop().unwrap();
    assert_eq!((&summary["ended"], &summary["stopped"]), (&"trouble".into(), &false.into()));
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.contains("end the movie on its body"), "{errors}");
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "movie"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0]).unwrap();
    drop(out);
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    was_ended(&camera);
}

/// As a terminal that was stopped with Ctrl-S.
#[cfg(target_os = "linux")]
#[test]
fn a_movie_does_not_run_on_for_whoever_does_not_read() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "movie", "--for", "300ms"];
    let (reader, writer) = crate::program::full_pipe();
    let mut command = command(folder.path(), &words);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    was_ended(&camera);
    let told = std::io::read_to_string(reader).unwrap();
    assert!(told.contains("recording") && told.contains("recorded"), "{told}");
    assert_eq!(wait(&mut child), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_a_movie_whose_words_nobody_reads() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "movie"];
    let (_reader, writer) = crate::program::full_pipe();
    let mut child = command(folder.path(), &words).stdout(writer).spawn().unwrap();
    let end = Instant::now() + LIMIT;
    while count(&camera.journal(), 0x9020) == 0 {
        assert!(Instant::now() < end, "no movie is started");
        std::thread::yield_now();
    }
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    was_ended(&camera);
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for length in ["0s", "30", "soon"] {
        assert_eq!(run(folder.path(), &["movie", "--for", length]).code, 2, "{length}");
    }
    let camera = Camera::start(&["--photos", "1", "--model", "X-A2"]);
    let ran = run(folder.path(), &["--camera", &camera.address, "movie", "--json"]);
    assert_eq!((ran.code, ran.of_kind("movie", "error").len()), (4, 1), "{ran:?}");
    camera.left();
}

#[test]
fn a_movie_that_is_cut_short_since_nobody_reads_is_not_done() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "movie", "--for", "30s"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(wait(&mut child), 1);
    was_ended(&camera);
    // Nothing is wrong with the camera.
    assert_eq!(std::io::read_to_string(child.stderr.take().unwrap()).unwrap(), "");
}
