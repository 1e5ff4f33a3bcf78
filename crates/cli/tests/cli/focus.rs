//! Focus: where, whether it was found, and that it is released whatever happens.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use rustix::process::Signal;

use crate::camera::{Camera, read_until, signal, wait};
use crate::live_relay::Relay;
use crate::program::{command, run};
use crate::schema;

fn camera(words: &[&str]) -> Camera {
    let all = ["--photos", "1", "--model", "X-T4", "--allow", "shoot"];
    Camera::start(&[&all, words].concat())
}

/// What was locked was released, and the camera left.
fn was_released(camera: &Camera) {
    let rows = camera.left();
    let count = |operation| rows.iter().filter(|row| row.operation == operation).count();
    let (locks, releases) = (count(0x9026), count(0x9027));
    assert!(locks > 0 && releases >= locks, "{locks} {releases}");
}

#[test]
fn it_is_held_for_a_time_and_released() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "focus", "6,3", "--hold", "1200ms"];
    let ran = run(folder.path(), &[&words[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let locked = ran.of_kind("focus", "locked").remove(0);
    assert_eq!((&locked["point"], &locked["confirmed"]), (&"6,3".into(), &true.into()));
    let summary = ran.of_kind("focus", "summary").remove(0);
    assert_eq!((&summary["ended"], &summary["released"]), (&"time".into(), &true.into()));
    assert!(summary["seconds"].as_f64().unwrap() >= 1.2, "{summary}");
    was_released(&camera);
}

#[test]
fn enter_releases_it_and_so_does_ctrl_c() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "focus", "6,3", "--json"];
    for (with, ended, code) in [(None, "input", 0), (Some(Signal::INT), "asked", 130)] {
        let mut child = command(folder.path(), &words).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut reader = read_until(&mut child, "locked");
        match with {
            None => input.write_all(b"\n").unwrap(),
            Some(with) => signal(&child, with),
        }
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(wait(&mut child), code, "{rest}");
        let summary = schema::lines("focus", &rest).pop().unwrap();
        assert_eq!((&summary["ended"], &summary["released"]), (&ended.into(), &true.into()));
        was_released(&camera);
    }
}

#[test]
fn what_cannot_be_locked_is_told_and_nothing_is_left_locked() {
    let (camera, folder) = (camera(&["--fault", "focus-fail=1"]), tempfile::tempdir().unwrap());
    let on = |point: &str| {
        run(folder.path(), &["--camera", &camera.address, "focus", point, "--hold", "1s", "--json"])
    };
    let ran = on("6,3");
    assert_eq!((ran.code, ran.of_kind("focus", "error").len()), (4, 1), "{ran:?}");
    was_released(&camera);
    let ran = on("200,200");
    assert_eq!(ran.code, 4, "{ran:?}");
    camera.left();
    assert_eq!(on("here").code, 2);
}

#[test]
fn focus_that_the_camera_lost_is_told() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let relay = Relay::to(&camera.address);
    let words = ["--camera", &relay.address, "focus", "6,3", "--hold", "60s", "--json"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "locked");
    relay.lose_focus();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 1, "{rest}");
    let summary = schema::lines("focus", &rest).pop().unwrap();
    assert_eq!((&summary["ended"], &summary["released"]), (&"lost".into(), &true.into()));
    let errors = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(errors.contains("focus is not locked any more"), "{errors}");
    was_released(&camera);
}

#[test]
fn focus_that_was_not_held_since_nobody_reads_is_not_done() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "focus", "6,3", "--hold", "10s"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(wait(&mut child), 1);
    was_released(&camera);
}

/// As a terminal that was stopped with Ctrl-S.
#[cfg(target_os = "linux")]
#[test]
fn focus_is_not_held_for_whoever_does_not_read() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "focus", "6,3", "--hold", "300ms"];
    let (reader, writer) = crate::program::full_pipe();
    let mut command = command(folder.path(), &words);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    was_released(&camera);
    let told = std::io::read_to_string(reader).unwrap();
    assert!(told.contains("focus is locked") && told.contains("was released"), "{told}");
    assert_eq!(wait(&mut child), 0);
}
