//! Timelapse: frames, gaps, going on, plans.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use filmwire_codec::OperationCode;
use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::Value;

use crate::camera::{Camera, nobody, read_until, signal, wait};
use crate::program::{Ran, command, run};
use crate::schema;

fn camera(words: &[&str]) -> Camera {
    let words = [&["--photos", "1", "--model", "X-T4", "--allow", "shoot"], words].concat();
    Camera::start(&words)
}

fn on(camera: &Camera, folder: &Path, words: &[&str]) -> Ran {
    run(folder, &[&["--camera", &camera.address, "timelapse"], words].concat())
}

fn releases(camera: &Camera) -> usize {
    let code = OperationCode::INITIATE_CAPTURE.0;
    camera.left().iter().filter(|row| row.operation == code).count()
}

fn summary(ran: &Ran) -> Value {
    ran.of_kind("timelapse", "summary").remove(0)
}

#[test]
fn every_frame_is_taken_told_and_in_the_journal() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--interval", "500ms", "--count", "4"];
    let ran = on(&camera, folder.path(), &[&words[..], &["--json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let frames = ran.of_kind("timelapse", "frame");
    let numbers: Vec<_> = frames.iter().map(|frame| frame["number"].as_u64().unwrap()).collect();
    assert_eq!((numbers, releases(&camera)), (vec![1, 2, 3, 4], 4));
    assert_eq!(summary(&ran)["taken"], 4);
    let journal = std::fs::read_to_string(folder.path().join("timelapse.jsonl")).unwrap();
    let kinds: Vec<Value> =
        journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kinds.len(), 6, "{journal}");
    assert_eq!((&kinds[0]["kind"], &kinds[5]["kind"]), (&"timelapse".into(), &"ended".into()));
    // The same command has nothing more to do, and needs no camera for it.
    let nobody = nobody();
    let again = run(folder.path(), &[&["--camera", &nobody, "timelapse"], &words[..]].concat());
    assert_eq!((again.code, again.out.trim()), (0, "4 frames, all taken"), "{again:?}");
    // Another command is not taken for it.
    let other = on(&camera, folder.path(), &["--interval", "2s", "--count", "4"]);
    assert_eq!(other.code, 2, "{other:?}");
    assert!(other.err.contains("--interval is 500ms there, and 2s here"), "{other:?}");
}

#[test]
fn what_the_camera_refuses_is_listed_and_calls_for_help() {
    let camera = camera(&["--fault", "focus-fail=2"]);
    let folder = tempfile::tempdir().unwrap();
    let hook = "echo \"$FILMWIRE_GAP_FRAME $FILMWIRE_GAP_WHY $FILMWIRE_GAP_CAUSE\" >> called";
    let ran = on(&camera, folder.path(), &["--interval", "3s", "--count", "3", "--on-gap", hook]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("3 frames: 1 taken, 2 missing in 1 gap"), "{ran:?}");
    assert!(
        ran.out.contains("  frames 1 to 2, ") && ran.err.contains("frame 2 not taken"),
        "{ran:?}"
    );
    let called = std::fs::read_to_string(folder.path().join("called")).unwrap();
    assert!(called.starts_with("1 refused ") && called.lines().count() == 1, "{called}");
}

#[test]
fn ctrl_c_ends_it_and_the_same_command_goes_on() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["timelapse", "--interval", "1s", "--count", "4", "--json"];
    let words = [&["--camera", &camera.address], &words[..]].concat();
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "frame");
    let held = run(folder.path(), &words);
    assert_eq!(held.code, 5, "{held:?}");
    signal(&child, Signal::INT);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 130);
    let first = schema::lines("timelapse", &rest).pop().unwrap();
    assert_eq!((&first["kind"], &first["interrupted"]), (&"summary".into(), &true.into()));
    let before = first["frames"].as_u64().unwrap();
    camera.left();
    let ran = run(folder.path(), &words);
    let begun = ran.of_kind("timelapse", "begun").remove(0);
    assert_eq!(begun["resumed"], true, "{ran:?}");
    let summary = summary(&ran);
    assert_eq!(summary["frames"], 4, "{ran:?}");
    // Those that were due meanwhile are missing, and nothing is counted twice.
    let taken = summary["taken"].as_u64().unwrap();
    assert!(taken >= before && releases(&camera) as u64 == taken, "{ran:?}");
    assert_eq!(ran.code, i32::from(taken < 4));
}

/// Begins, and is stopped after its first frame.
fn begin(camera: &Camera, folder: &Path, words: &[&str]) {
    let words = [&["--camera", &camera.address, "timelapse", "--json"], words].concat();
    let mut child = command(folder, &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "frame");
    signal(&child, Signal::INT);
    reader.read_to_string(&mut String::new()).unwrap();
    assert_eq!(wait(&mut child), 130);
    camera.left();
}

#[test]
fn a_run_that_is_stopped_before_its_first_frame_boasts_of_none() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let from = (Timestamp::now() + SignedDuration::from_hours(24)).to_string();
    let words = ["timelapse", "--interval", "1s", "--from", &from];
    let words = [&["--camera", &camera.address], &words[..]].concat();
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut rest = String::new();
    while !rest.contains("begins with frame 1") {
        assert!(reader.read_line(&mut rest).unwrap() > 0, "{rest}");
    }
    signal(&child, Signal::INT);
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 130);
    assert!(rest.contains("No frame was due") && !rest.contains("all taken"), "{rest}");
}

#[test]
fn going_on_without_the_camera_calls_for_help_at_once() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    begin(&camera, folder.path(), &["--interval", "1h"]);
    let (nobody, hook) = (nobody(), "echo \"$FILMWIRE_GAP_FRAME $FILMWIRE_GAP_WHY\" > called");
    let words = ["timelapse", "--interval", "1h", "--json", "--on-gap", hook];
    let words = [&["--camera", &nobody], &words[..]].concat();
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "link");
    signal(&child, Signal::INT);
    reader.read_to_string(&mut String::new()).unwrap();
    assert_eq!(wait(&mut child), 130);
    let called = std::fs::read_to_string(folder.path().join("called")).unwrap();
    assert_eq!(called, "2 link\n");
}

#[test]
fn after_its_end_the_same_command_tells_what_it_came_to() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let end = Timestamp::now() + SignedDuration::from_secs(3);
    let until = end.to_string();
    let words = ["--interval", "100h", "--until", &until];
    let ran = on(&camera, folder.path(), &words);
    assert_eq!((ran.code, releases(&camera)), (0, 1), "{ran:?}");
    // It is time that has to pass, whatever the machine does.
    while Timestamp::now() <= end {
        std::thread::yield_now();
    }
    let nobody = nobody();
    let again = run(folder.path(), &[&["--camera", &nobody, "timelapse"], &words[..]].concat());
    assert_eq!((again.code, again.out.trim()), (0, "1 frame, all taken"), "{again:?}");
}

#[test]
fn a_camera_that_is_not_there_is_told_at_once_and_leaves_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = nobody();
    let words = ["--camera", &nobody, "timelapse", "--interval", "1s", "--json"];
    let ran = run(folder.path(), &words);
    assert_eq!((ran.code, ran.of_kind("timelapse", "error").len()), (3, 1), "{ran:?}");
    assert_eq!(crate::camera::files(folder.path()), Vec::<String>::new());
}

#[test]
fn a_plan_tells_frames_film_card_and_battery_and_takes_nothing() {
    let camera = camera(&["--set", "shooting.pictures_remaining=50"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["plan", "--interval", "10s", "--count", "100", "--fps", "25"];
    let ran = on(&camera, folder.path(), &words);
    assert_eq!(ran.code, 1, "the card is too small: {ran:?}");
    for text in ["100 frames", "4 s at 25", "holds 50 more pictures, 50 too few", "Battery:"] {
        assert!(ran.out.contains(text), "{text}: {ran:?}");
    }
    assert_eq!(releases(&camera), 0);
    // What has no end has a first day, and that does not fit either.
    let ran = on(&camera, folder.path(), &["plan", "--interval", "10s"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("too few for the first day"), "{ran:?}");
    let ran = on(&camera, folder.path(), &["plan", "--interval", "1h"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let enough = ["plan", "--interval", "10s", "--count", "50", "--json"];
    let ran = on(&camera, folder.path(), &enough);
    assert_eq!(ran.code, 0, "{ran:?}");
    let plan = ran.of_kind("timelapse", "plan").remove(0);
    assert_eq!((&plan["frames"], &plan["pictures"]), (&50.into(), &50.into()));
    assert!(plan["battery"].is_string(), "{plan}");
}

#[test]
fn a_plan_needs_no_camera_and_knows_hours_and_the_sun() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |words: &[&str]| {
        let ran = run(folder.path(), &[&["timelapse", "plan", "--no-camera"], words].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    let from = "2026-06-10T00:00Z";
    let daily = ["--interval", "1m", "--from", from, "--daily", "06:00..20:00"];
    assert!(plan(&daily).contains("840 frames in the first day, without end"));
    let polar = ["--interval", "1m", "--from", from, "--count", "10"];
    let sun = ["--sun", "sunrise..sunset", "--at", "69.65,18.96"];
    assert!(plan(&[&polar[..], &sun].concat()).contains("it does not set there these days"));
    let nobody = nobody();
    let words = ["--camera", &nobody, "timelapse", "plan", "--interval", "1m", "--count", "3"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.out.contains("3 frames"), "what can be told is told: {ran:?}");
}

#[test]
fn what_cannot_be_is_refused_before_the_camera_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &[][..],
        &["--interval", "10"],
        &["--interval", "10s", "--daily", "06:00"],
        &["--interval", "10s", "--sun", "sunrise..sunset"],
        &["--interval", "10s", "--sun", "sunrise..moonset", "--at", "0,0"],
        &["--interval", "10s", "--from", "2030-01-02T00:00", "--until", "2030-01-01T00:00"],
        &["--interval", "10s", "--until", "2020-01-01T00:00"],
        &["--interval", "10s", "--until", "20:00"],
        &["--interval", "10s", "plan", "--interval", "10s"],
        &["--interval", "10s", "--ramp-shutter", "1/4000..15s"],
        &["--interval", "10s", "--ramp-iso", "200..auto"],
        &["--interval", "10s", "--ramp-aperture", "2.8"],
        &["--interval", "10s", "--ramp-target", "-1"],
    ] {
        let ran = run(folder.path(), &[&["timelapse"], words].concat());
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
    }
    std::fs::write(folder.path().join("mine"), "my own words\n").unwrap();
    let words = ["timelapse", "--interval", "10s", "--journal", "mine"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 2, "{ran:?}");
    let kept = std::fs::read_to_string(folder.path().join("mine")).unwrap();
    assert_eq!(kept, "my own words\n");
    let words = ["timelapse", "--interval", "10s", "--journal", "no/such/folder"];
    assert_eq!(run(folder.path(), &words).code, 6);
}

#[test]
fn the_exposure_follows_the_light_within_its_limits() {
    let words = ["--allow", "settings", "--set", "shooting.light=2"];
    let (camera, folder) = (camera(&words), tempfile::tempdir().unwrap());
    let shoot = ["--interval", "1s", "--count", "6", "--ramp-shutter", "1/4000..1/2", "--json"];
    let ran = on(&camera, folder.path(), &shoot);
    assert_eq!(ran.code, 2, "ISO is automatic on this body: {ran:?}");
    let help = &ran.of_kind("timelapse", "error")[0]["help"];
    assert!(help.as_str().unwrap().contains("an ISO of your own"), "{ran:?}");
    camera.left();
    let set = run(folder.path(), &["--camera", &camera.address, "settings", "set", "iso=800"]);
    assert_eq!(set.code, 0, "{set:?}");
    camera.left();
    let ran = on(&camera, folder.path(), &shoot);
    assert!([0, 1].contains(&ran.code), "{ran:?}");
    let changes = ran.of_kind("timelapse", "exposure");
    assert!(changes.len() >= 3, "{ran:?}");
    assert_eq!((&changes[0]["setting"], &changes[0]["from"]), (&"shutter".into(), &"1/60".into()));
    let seen: Vec<_> = ran.of_kind("timelapse", "frame");
    let seen: Vec<_> = seen.iter().map(|frame| frame["luminance"].as_f64().unwrap()).collect();
    assert!(seen[0] < -1.0 && seen.last().unwrap() > &(seen[0] + 0.6), "{seen:?}");
}

#[test]
fn the_code_tells_of_gaps_also_where_nobody_reads() {
    let (camera, folder) = (camera(&["--fault", "focus-fail=1"]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "timelapse", "--interval", "2s", "--count", "2"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(wait(&mut child), 1);
    assert_eq!(camera.left().iter().filter(|row| row.operation == 0x100E).count(), 2);
}

/// As a pager that is not scrolled, or a terminal that was stopped with Ctrl-S.
#[cfg(target_os = "linux")]
#[test]
fn no_frame_waits_for_whoever_reads() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "timelapse", "--interval", "500ms", "--count", "3"];
    let (mut reader, writer) = crate::program::full_pipe();
    let mut command = command(folder.path(), &[&words[..], &["--json"]].concat());
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    assert_eq!(releases(&camera), 3);
    // What was told meanwhile is there for whoever reads at last.
    let mut told = String::new();
    reader.read_to_string(&mut told).unwrap();
    let told = schema::lines("timelapse", told.trim_start());
    let of = |kind| told.iter().filter(|line| line["kind"] == kind).count();
    assert_eq!((of("frame"), of("summary")), (3, 1), "{told:?}");
    assert_eq!(wait(&mut child), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn who_stops_a_run_that_nobody_reads_is_not_kept_waiting() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "timelapse", "--interval", "500ms"];
    let (_reader, writer) = crate::program::full_pipe();
    let mut child = command(folder.path(), &words).stdout(writer).spawn().unwrap();
    let end = std::time::Instant::now() + crate::program::LIMIT;
    while camera.journal().iter().filter(|row| row.operation == 0x100E).count() < 2 {
        assert!(std::time::Instant::now() < end, "{:?}", camera.journal());
        std::thread::yield_now();
    }
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    camera.left();
}
