//! Series for documentation: profile, guard, labels, log, several cameras.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use filmwire_codec::journal::{JournalRow, Verdict};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Allow, Link, Persona, SimOptions, SimServer, Simulator};
use rustix::process::Signal;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::camera::{Camera, files, signal, wait};
use crate::program::{LIMIT, Ran, command, run};

const RELEASE: u16 = 0x100E;

fn camera(words: &[&str]) -> Camera {
    let all = ["--photos", "1", "--allow", "shoot", "--allow", "settings", "--model", "X-T4"];
    Camera::start(&[&all, words].concat())
}

fn on(camera: &Camera, folder: &Path, words: &[&str]) -> Ran {
    run(folder, &[&["--camera", &camera.address], words].concat())
}

/// Runs with this on standard input.
fn typed(folder: &Path, words: &[&str], input: &[u8]) -> Ran {
    let mut child = command(folder, words).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

fn releases(rows: &[JournalRow]) -> Vec<&JournalRow> {
    rows.iter().filter(|row| row.operation == RELEASE).collect()
}

/// Nothing a camera would not allow was asked, and no focus was left locked.
fn was_left(camera: &Camera) -> Vec<JournalRow> {
    let rows = camera.left();
    assert!(rows.iter().all(|row| row.verdict != Verdict::Violation), "{rows:?}");
    let count = |operation| rows.iter().filter(|row| row.operation == operation).count();
    assert_eq!(count(0x9026), count(0x9027));
    rows
}

/// Rows of a log without quotes and commas inside fields.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let fields = |line: &str| line.split(',').map(str::to_owned).collect();
    text.split_terminator("\r\n").map(fields).collect()
}

fn sum(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_original_that_cannot_be_had_is_on_the_card() {
    let (camera, folder) =
        (camera(&["--fault", "refuse=GetPartialObject:0x2002"]), tempfile::tempdir().unwrap());
    let words =
        ["--camera", &camera.address, "shoot", "--labels", "-", "--fetch", "full", "--json"];
    let ran = typed(folder.path(), &words, b"page\n");
    // A picture was taken, so that it is not the code for none.
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.of_kind("shoot", "failed")[0]["picture"], "taken");
    was_left(&camera);
}

#[test]
fn a_focus_that_could_not_be_released_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for fault in ["vanish=UnlockS1Lock#1:60s", "refuse=UnlockS1Lock:0x2019"] {
        let camera = camera(&["--fault", fault]);
        let words = ["--camera", &camera.address, "shoot", "--labels", "-", "--focus", "3,4"];
        let ran = typed(folder.path(), &words, b"page\n");
        assert_eq!(ran.code, 0, "{fault}: the picture was taken: {ran:?}");
        assert!(ran.err.contains("the focus was not released"), "{fault}: {ran:?}");
    }
}

#[test]
fn a_picture_is_taken_for_each_label_and_logged() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = [
        "--camera",
        &camera.address,
        "shoot",
        "--labels",
        "-",
        "--to",
        "pages",
        "--log",
        "pages.csv",
        "--focus",
        "7,5",
    ];
    let input = b"Inv 1\r\n\r\nInv 1\r\n=1+1\r\na/b\xff\r\n";
    let ran = typed(folder.path(), &words, input);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.ends_with("4 pictures taken\n"), "{ran:?}");
    assert!(ran.err.contains("label 4: not all of it is text: a/b\u{FFFD}"), "{ran:?}");
    let names = ["=1+1.jpg", "Inv 1-2.jpg", "Inv 1.jpg", "a_b_.jpg"];
    assert_eq!(files(&folder.path().join("pages")), names);
    let log = rows(&folder.path().join("pages.csv"));
    let column = |name: &str| log[0].iter().position(|column| column == name).unwrap();
    let labels: Vec<_> = log.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(labels, ["label", "Inv 1", "Inv 1", "'=1+1", "a/b\u{FFFD}"]);
    for (row, number) in log[1..].iter().zip(1..) {
        let path = folder.path().join(&row[column("file")]);
        assert_eq!(row[column("sha256")], sum(&path));
        assert_eq!(row[column("number")], number.to_string());
        assert_eq!((&*row[column("shutter")], &*row[column("drift")]), ("1/60", ""));
        assert!(row[column("time")].starts_with("20"), "{row:?}");
    }
    let journal = was_left(&camera);
    assert_eq!(releases(&journal).len(), 4);
    let shots = journal.iter().map(|row| row.operation);
    let shots: Vec<_> = shots.filter(|op| [RELEASE, 0x9026, 0x9027].contains(op)).collect();
    assert_eq!(shots, [0x9026, RELEASE, RELEASE, RELEASE, RELEASE, 0x9027]);
    // Another run goes on in the log, and replaces nothing.
    assert_eq!(typed(folder.path(), &words, b"Inv 1").code, 0);
    let log = rows(&folder.path().join("pages.csv"));
    assert_eq!((log.len(), log[5][column("file")].as_str()), (6, "pages/Inv 1-3.jpg"));
}

#[test]
fn originals_are_named_by_labels_and_logged_with_their_names_on_the_card() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("labels.txt"), "A\nB\nA\n").unwrap();
    let words =
        ["shoot", "--labels", "labels.txt", "--fetch", "full", "--to", "out", "--log", "log.csv"];
    let ran = on(&camera, folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    let log = rows(&folder.path().join("log.csv"));
    let column = |name: &str| log[0].iter().position(|column| column == name).unwrap();
    let (file, on_card, sha256) = (column("file"), column("on_card"), column("sha256"));
    let kept = files(&folder.path().join("out"));
    assert_eq!(kept.len(), log.len() - 1);
    assert!(kept.iter().any(|name| name.starts_with("A-2.")), "{kept:?}");
    let mut names: Vec<_> = log[1..].iter().map(|row| row[on_card].as_str()).collect();
    assert!(names.iter().all(|name| name.starts_with("DSCF")), "{names:?}");
    names.dedup();
    assert_eq!(names.len(), log.len() - 1);
    for row in &log[1..] {
        assert_eq!(row[sha256], sum(&folder.path().join(&row[file])));
    }
    assert_eq!(releases(&was_left(&camera)).len(), 3);
}

#[test]
fn ctrl_c_while_a_label_is_awaited_leaves_the_camera_in_order() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "shoot", "--labels", "-", "--focus", "7,5", "--json"];
    let mut child = command(folder.path(), &words).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"A\n").unwrap();
    let reader = crate::camera::read_until(&mut child, "frame");
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    let rest = std::io::read_to_string(reader).unwrap();
    let summary = crate::schema::lines("shoot", &rest).pop().unwrap();
    let expected = (&Value::from(1), &Value::from(true));
    assert_eq!((&summary["taken"], &summary["interrupted"]), expected);
    assert_eq!(releases(&was_left(&camera)).len(), 1);
    drop(input);
}

/// Nobody should learn of it with the next page on the stand.
#[test]
fn a_camera_that_goes_while_a_label_is_awaited_ends_the_series() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "shoot", "--labels", "-", "--json"];
    let mut child = command(folder.path(), &words).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"A\n").unwrap();
    let reader = crate::camera::read_until(&mut child, "frame");
    drop(camera);
    assert_eq!(wait(&mut child), 3);
    let rest = crate::schema::lines("shoot", &std::io::read_to_string(reader).unwrap());
    let kinds: Vec<_> = rest.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["error", "summary"]);
    drop(input);
}

/// What was scanned once is not scanned again: who reads the log must find it there.
#[test]
fn a_label_that_comes_when_the_camera_is_gone_is_told_and_logged() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "shoot", "--labels", "-", "--log", "log.csv"];
    let mut child = command(folder.path(), &[&words[..], &["--json"]].concat())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"A\n").unwrap();
    let reader = crate::camera::read_until(&mut child, "frame");
    drop(camera);
    input.write_all(b"B\n").unwrap();
    assert_eq!(wait(&mut child), 3);
    let rest = crate::schema::lines("shoot", &std::io::read_to_string(reader).unwrap());
    let kinds: Vec<_> = rest.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["failed", "error", "summary"]);
    assert_eq!((&rest[0]["label"], &rest[2]["failed"]), (&"B".into(), &1.into()));
    let log = std::fs::read_to_string(folder.path().join("log.csv")).unwrap();
    assert!(log.lines().last().unwrap().starts_with("B,2,"), "{log}");
    drop(input);
}

/// As where the output goes through a program that ends: the page is on the card.
#[test]
fn what_was_taken_is_logged_although_nobody_listens() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "shoot", "--labels", "-", "--log", "log.csv"];
    let mut child = command(folder.path(), &words).stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"A\nB\n").unwrap();
    assert_eq!(wait(&mut child), 1, "B was left");
    let taken = rows(&folder.path().join("log.csv"));
    assert_eq!((taken.len(), taken[1][0].as_str(), taken[1][3].as_str()), (2, "A", "A.jpg"));
    assert_eq!(releases(&was_left(&camera)).len(), 1);
}

/// Frames, drift and failures decide it, not whether somebody reads.
#[test]
fn the_code_is_the_same_where_nobody_listens() {
    let refuses = camera(&["--fault", "refuse=InitiateCapture#1:0x2019"]);
    let (left, right) = (camera(&[]), camera(&[]));
    let (address, folder) = (|one: &Camera| one.address.clone(), tempfile::tempdir().unwrap());
    let both = ["--camera", &address(&left), "--camera", &address(&right)];
    for (cameras, more, code) in [
        (&["--camera", &address(&refuses)][..], &["--guard", "stop"][..], 4),
        (&["--camera", &address(&left)], &["--guard", "stop"], 0),
        (&["--camera", &address(&left)], &["--guard", "stop", "--count", "3"], 1),
        // Their names are told before the first picture.
        (&both, &[], 1),
    ] {
        let words = [&["shoot"], cameras, more].concat();
        let mut child = command(folder.path(), &words).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(wait(&mut child), code, "{words:?}");
    }
    [refuses, left].iter().for_each(|camera| drop(was_left(camera)));
}

/// Its time is what finds it on the card.
#[test]
fn a_picture_that_cannot_be_kept_is_logged_with_its_time_and_settings() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words =
        ["--camera", &camera.address, "shoot", "--labels", "-", "--log", "log.csv", "--to", "out"];
    let mut child = command(folder.path(), &[&words[..], &["--json"]].concat())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"A\n").unwrap();
    let _reader = crate::camera::read_until(&mut child, "frame");
    std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    input.write_all(b"B\n").unwrap();
    assert_eq!(wait(&mut child), 6);
    let log = std::fs::read_to_string(folder.path().join("log.csv")).unwrap();
    let (first, last) = (log.lines().nth(1).unwrap(), log.lines().last().unwrap());
    assert!(last.starts_with("B,2,") && last.contains("cannot create"), "{log}");
    let known = |row: &str| row.split(',').skip(5).take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(known(first), known(last));
    assert!(last.split(',').nth(17).unwrap().starts_with("20"), "{log}");
    assert_eq!(releases(&was_left(&camera)).len(), 2);
    drop(input);
}

#[test]
fn a_profile_is_applied_first_and_nothing_is_taken_without_it() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let shoot = |profile: &str, more: &[&str]| {
        let text = format!("format = 1\n[settings]\n{profile}");
        std::fs::write(folder.path().join("p.toml"), text).unwrap();
        let words = [&["shoot", "--profile", "./p.toml", "--json"], more].concat();
        on(&camera, folder.path(), &words)
    };
    let ran = shoot("iso = \"400\"\nshutter = \"1/125\"\n", &["--guard", "stop"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("shoot", "set").len(), 2);
    let frame = &ran.of_kind("shoot", "frame")[0];
    assert_eq!((&frame["settings"]["iso"], &frame["drift"]), (&"400".into(), &"".into()));
    let bad = "iso = \"400\"\nprogram = \"aperture-priority\"\n";
    for words in [&[][..], &["--guard", "stop"]] {
        let ran = shoot(bad, words);
        assert_eq!(ran.code, 8, "{ran:?}");
        assert_eq!(ran.of_kind("shoot", "frame").len(), 0);
        assert!(ran.err.contains("no picture was taken"), "{ran:?}");
    }
    let ran = shoot(bad, &["--guard", "mark"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    let drift = "program is manual, not aperture-priority";
    assert_eq!(ran.of_kind("shoot", "frame")[0]["drift"], drift);
    assert_eq!(ran.lines("shoot").pop().unwrap()["drifted"], 1);
    assert_eq!(releases(&was_left(&camera)).len(), 2);
}

/// Takes a picture of A, turns ISO on the body, and goes on to B; gives the exit code, what was
/// printed after A, and how many pictures the camera took.
fn turned_between(guard: &str, folder: &Path) -> (i32, Vec<Value>, usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let mut options = SimOptions::new(Persona::builtin("X-T4").unwrap(), card);
    options.allow = Allow { shoot: true, ..Allow::default() };
    let server = runtime.block_on(SimServer::bind(options)).unwrap();
    let address = server.addresses().command.to_string();
    let words =
        ["--camera", &address, "shoot", "--labels", "-", "--guard", guard, "--log", "log.csv"];
    let mut child =
        command(folder, &[&words[..], &["--json"]].concat()).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"A\n").unwrap();
    let reader = crate::camera::read_until(&mut child, "frame");
    server.simulator().turn(0xD02A, 800);
    input.write_all(b"B\n").unwrap();
    drop(input);
    let rest = std::io::read_to_string(reader).unwrap();
    let taken = releases(&server.simulator().journal()).len();
    (wait(&mut child), crate::schema::lines("shoot", &rest), taken)
}

#[test]
fn a_guard_stops_before_the_next_picture_or_marks_it() {
    let folder = tempfile::tempdir().unwrap();
    let drift = "iso is 800, not auto-6400";
    let (code, lines, taken) = turned_between("stop", folder.path());
    assert_eq!((code, taken), (8, 1), "{lines:?}");
    let held = lines.iter().find(|line| line["kind"] == "held").unwrap();
    assert_eq!((&held["label"], &held["drift"]), (&"B".into(), &drift.into()));
    assert_eq!(lines.last().unwrap()["held"], 1);
    let log = std::fs::read_to_string(folder.path().join("log.csv")).unwrap();
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("B,2,") && last.contains("\"iso is 800, not auto-6400\""), "{log}");
    let (code, lines, taken) = turned_between("mark", folder.path());
    assert_eq!((code, taken), (8, 2), "{lines:?}");
    let frame = lines.iter().find(|line| line["kind"] == "frame").unwrap();
    assert_eq!((&frame["label"], &frame["drift"]), (&"B".into(), &drift.into()));
}

#[test]
fn what_moves_during_a_picture_ends_the_series_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let mut options = SimOptions::new(Persona::builtin("X-T4").unwrap(), card);
    options.allow = Allow { shoot: true, ..Allow::default() };
    options.link = Link { round_trip: Duration::from_millis(100), ..Link::default() };
    let server = runtime.block_on(SimServer::bind(options)).unwrap();
    let address = server.addresses().command.to_string();
    std::fs::write(folder.path().join("labels.txt"), "A\nB\n").unwrap();
    let words =
        ["--camera", &address, "shoot", "--labels", "labels.txt", "--guard", "stop", "--to", "out"];
    let child = command(folder.path(), &words).spawn().unwrap();
    let end = Instant::now() + LIMIT;
    while releases(&server.simulator().journal()).is_empty() {
        assert!(Instant::now() < end, "no release");
        std::thread::sleep(Duration::from_millis(2));
    }
    server.simulator().turn(0xD02A, 800);
    let output = child.wait_with_output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(8), "{out}{err}");
    assert!(out.contains("A  out/A.jpg  DRIFT\n1 picture taken, 1 marked\n"), "{out}");
    assert!(err.contains("picture 1: iso is 800, not auto-6400 (after the frame)"), "{err}");
    assert!(err.contains("the series ends with picture 1"), "{err}");
    assert_eq!(files(&folder.path().join("out")), ["A.jpg"]);
}

#[test]
fn what_is_no_series_is_a_mistake_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.csv"), "mine\n").unwrap();
    for (words, told) in [
        (&["shoot", "--guard", "halt"][..], "there are stop, mark"),
        (&["shoot", "--labels", "-", "--count", "3"], "cannot be used with"),
        (&["shoot", "--labels", "nowhere.txt"], "cannot read the labels in nowhere.txt"),
        (&["shoot", "--labels", "."], "cannot read the labels in .: is a directory"),
        (&["shoot", "--log", "notes.csv"], "other columns"),
        (&["shoot", "--profile", "nowhere"], "there is no profile"),
        (&["shoot", "--camera", "127.0.0.9", "--camera", "127.0.0.9"], "twice"),
        (&["--camera", "127.0.0.8", "shoot", "--camera", "127.0.0.9"], "before the verb"),
        (&["ls", "--camera", "127.0.0.8", "--camera", "127.0.0.9"], "only `filmwire shoot`"),
    ] {
        let ran = run(folder.path(), words);
        assert!(ran.code == 2 && ran.err.contains(told), "{words:?}: {ran:?}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.csv")).unwrap(), "mine\n");
}

/// Over real sockets, by the clocks of both journals, which begin together.
#[test]
fn releases_reach_several_cameras_together() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let simulator = || {
        let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
        let simulator = Simulator::new(Persona::builtin("X-T4").unwrap(), card);
        simulator.set_allow(Allow { shoot: true, ..Allow::default() });
        // Who waited for the answer of the first would be this much later with the second.
        simulator.set_link(Link { round_trip: Duration::from_millis(100), ..Link::default() });
        simulator
    };
    let simulators = [simulator(), simulator()];
    let listen = |simulator: &Simulator| {
        let address = "127.0.0.1:0".parse().unwrap();
        runtime.block_on(SimServer::listen(simulator.clone(), address)).unwrap()
    };
    let servers = simulators.each_ref().map(listen);
    let [one, other] = servers.each_ref().map(|server| server.addresses().command.to_string());
    let folder = tempfile::tempdir().unwrap();
    let words = ["shoot", "--camera", &one, "--camera", &other, "--count", "5", "--json"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    let at = simulators.each_ref().map(|simulator| {
        releases(&simulator.journal()).iter().map(|row| row.at_ms).collect::<Vec<_>>()
    });
    let apart = at[0].iter().zip(&at[1]).map(|(one, other)| one.abs_diff(*other));
    let mut apart: Vec<_> = apart.collect();
    apart.sort_unstable();
    // The median, for a busy machine may come in between now and then.
    assert!(apart.len() == 5 && apart[2] <= 50, "{apart:?}");
    println!("releases in the journals: {apart:?} ms apart");
}

#[test]
fn several_cameras_are_fired_together_and_named_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (
        camera(&[]),
        Camera::start(&[
            "--photos", "1", "--allow", "shoot", "--allow", "settings", "--model", "X-H1",
        ]),
    );
    let config = format!(
        "[cameras.left]\naddress = \"{}\"\n[cameras.right]\naddress = \"{}\"\n",
        one.address, other.address
    );
    std::fs::write(folder.path().join("c.toml"), config).unwrap();
    std::fs::write(folder.path().join("p.toml"), "format = 1\n[settings]\nwb = \"shade\"\n")
        .unwrap();
    std::fs::write(folder.path().join("labels.txt"), "A\nB\n").unwrap();
    let words = [
        "--config",
        "c.toml",
        "shoot",
        "--camera",
        "left",
        "--camera",
        "right",
        "--profile",
        "./p.toml",
        "--guard",
        "stop",
        "--labels",
        "labels.txt",
        "--to",
        "out",
        "--log",
        "log.csv",
        "--json",
    ];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    let names = ["left/A.jpg", "left/B.jpg", "right/A.jpg", "right/B.jpg"];
    assert_eq!(files(&folder.path().join("out")), names);
    let cameras = ran.of_kind("shoot", "camera");
    assert_eq!((cameras.len(), &cameras[1]["model"]), (2, &"X-H1".into()));
    let rounds = ran.of_kind("shoot", "round");
    assert_eq!(rounds.len(), 2);
    for round in &rounds {
        assert_eq!((&round["taken"], &round["cameras"]), (&2.into(), &2.into()));
        // They are written behind each other; a busy machine may come in between.
        assert!(round["spread_ms"].as_f64().unwrap() < 1000.0, "{round}");
    }
    let log = rows(&folder.path().join("log.csv"));
    let of: Vec<_> = log[1..].iter().map(|row| (row[0].as_str(), row[2].as_str())).collect();
    assert_eq!(of, [("A", "left"), ("A", "right"), ("B", "left"), ("B", "right")]);
    for camera in [&one, &other] {
        assert_eq!(releases(&was_left(camera)).len(), 2);
    }
}

/// No body tells drift where nothing was turned, before or after a picture.
#[test]
fn every_body_with_a_remote_mode_keeps_a_profile() {
    for model in ["X30", "X-T1", "X-T10", "X-T2", "X-T100", "X-H1", "X-S10", "X-T5", "X100VI"] {
        let words = ["--photos", "1", "--allow", "shoot", "--allow", "settings", "--model", model];
        let (camera, folder) = (Camera::start(&words), tempfile::tempdir().unwrap());
        let on = |words: &[&str]| on(&camera, folder.path(), words);
        assert_eq!(on(&["profile", "save", "own"]).code, 0, "{model}");
        std::fs::write(folder.path().join("labels.txt"), "A\nB\n").unwrap();
        let ran = on(&[
            "shoot",
            "--profile",
            "own",
            "--guard",
            "stop",
            "--labels",
            "labels.txt",
            "--json",
        ]);
        assert_eq!(ran.code, 0, "{model}: {ran:?}");
        assert_eq!(ran.of_kind("shoot", "frame").len(), 2, "{model}");
        was_left(&camera);
    }
}
