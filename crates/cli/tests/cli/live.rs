//! Live view: figures, files, a pipe, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use filmwire_codec::journal::Verdict;
use rustix::process::Signal;
use serde_json::Value;

use crate::camera::{Camera, files, read_until, signal, wait};
use crate::live_relay::Relay;
use crate::program::{LIMIT, Ran, command, run};

fn camera(words: &[&str]) -> Camera {
    Camera::start(&[&["--photos", "1", "--model", "X-T4"], words].concat())
}

fn on(camera: &Camera, folder: &Path, words: &[&str]) -> Ran {
    run(folder, &[&["--camera", &camera.address, "live"], words].concat())
}

/// Live view, the function and the session were ended, in that order, and nothing else was asked.
fn was_ended(camera: &Camera) {
    let rows = camera.left();
    let last: Vec<_> = rows.iter().rev().take(3).rev().map(|row| row.operation).collect();
    assert_eq!(last[..2], [0x1018, 0x1003], "{last:X?}");
    assert!(rows.iter().all(|row| row.verdict != Verdict::Violation), "{rows:?}");
}

fn is_whole(jpeg: &[u8]) -> bool {
    jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9])
}

/// The frames of MJPEG. Inside of the simulator's frames no FF D8 stands.
fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let next = bytes[2..].windows(2).position(|pair| pair == [0xFF, 0xD8]);
        let (frame, rest) = bytes.split_at(next.map_or(bytes.len(), |at| at + 2));
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn total(summary: &Value, field: &str) -> u64 {
    summary[field].as_u64().unwrap_or_else(|| panic!("{field}: {summary}"))
}

#[test]
fn figures_come_once_a_second_and_the_totals_at_the_end() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["--count", "40"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines.len() >= 2, "{ran:?}");
    assert!(lines[0].contains("frames/s") && lines[0].contains("bytes  640 x 480"), "{ran:?}");
    assert!(lines.last().unwrap().contains("longest gap"), "{ran:?}");
    was_ended(&camera);
    let ran = on(&camera, folder.path(), &["--count", "40", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let second = &ran.of_kind("live", "second").pop().unwrap();
    assert_eq!((total(second, "width"), total(second, "height")), (640, 480));
    assert!(total(second, "bytes") > 1000, "{second}");
    let summary = ran.of_kind("live", "summary").remove(0);
    assert!(total(&summary, "taken") == 40 && total(&summary, "frames") >= 40, "{summary}");
    assert_eq!(summary["interrupted"], false);
    assert!(summary["delay_mean_ms"].is_null(), "nothing was written: {summary}");
    camera.left();
    let ran = on(&camera, folder.path(), &["--count", "1"]);
    assert!(ran.code == 0 && !ran.out.contains("frames/s"), "one frame has no rate: {ran:?}");
}

#[test]
fn frames_on_disk_are_the_cameras_and_replace_nothing() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let out = folder.path().join("frames");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("live-000003.jpg"), b"mine").unwrap();
    let ran = on(&camera, folder.path(), &["--out", "frames", "--count", "5", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let expected: Vec<_> = (3..=8).map(|number| format!("live-{number:06}.jpg")).collect();
    assert_eq!(files(&out), expected);
    assert_eq!(std::fs::read(out.join("live-000003.jpg")).unwrap(), b"mine");
    let told = ran.of_kind("live", "file");
    assert_eq!(told.len(), 5);
    let summary = ran.of_kind("live", "summary").remove(0);
    let [mean, longest] =
        ["delay_mean_ms", "delay_longest_ms"].map(|f| summary[f].as_f64().unwrap());
    assert!(mean > 0.0 && mean <= longest, "{summary}");
    for line in &told {
        let path = folder.path().join(line["path"].as_str().unwrap());
        let jpeg = std::fs::read(path).unwrap();
        assert!(is_whole(&jpeg) && jpeg.len() as u64 == total(line, "size"), "{line}");
    }
    was_ended(&camera);
    // A second run goes on behind the first.
    assert_eq!(on(&camera, folder.path(), &["--out", "frames", "--count", "1"]).code, 0);
    assert!(files(&out).contains(&"live-000009.jpg".to_owned()), "{:?}", files(&out));
}

#[test]
fn files_and_a_pipe_have_as_many_each() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "live", "--out", "frames", "--pipe", "--count", "5"];
    let output = command(folder.path(), &words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let passed = frames(&output.stdout);
    assert!(passed.len() == 5 && passed.iter().all(|jpeg| is_whole(jpeg)));
    assert_eq!(files(&folder.path().join("frames")).len(), 5);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("; 5 passed on; 5 files, written after"), "{told}");
    was_ended(&camera);
}

#[test]
fn a_reader_that_stands_still_keeps_no_file_waiting() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "live", "--out", "frames", "--pipe"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let (out, end) = (folder.path().join("frames"), Instant::now() + LIMIT);
    // What the pipe holds is long full by then.
    while !out.exists() || files(&out).len() < 150 {
        assert!(Instant::now() < end, "files wait for the reader");
        std::thread::yield_now();
    }
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    let passed = told.lines().find_map(|line| line.split_once(" passed on")).unwrap().0;
    let passed: u64 = passed.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(passed < 100, "{told}");
    was_ended(&camera);
}

/// What the camera sent, taken on its way.
#[test]
fn every_frame_is_written_as_it_was_sent() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let relay = Relay::to(&camera.address);
    let words = ["--camera", &relay.address, "live", "--out", "frames", "--count", "5", "--json"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    let sent = relay.frames();
    let told = ran.of_kind("live", "file");
    for line in &told {
        let written = std::fs::read(folder.path().join(line["path"].as_str().unwrap())).unwrap();
        let number = total(line, "number") as usize;
        assert!(written == sent[number - 1], "frame {number} is another");
    }
    assert_eq!(told.len(), 5);
    let words = ["--camera", &relay.address, "live", "--pipe", "--count", "5"];
    let output = command(folder.path(), &words).output().unwrap();
    let all = relay.frames();
    let mut rest = &all[sent.len()..];
    // Some may have been skipped between them.
    for frame in frames(&output.stdout) {
        let at = rest.iter().position(|sent| sent == frame).expect("it was sent, in this order");
        rest = &rest[at + 1..];
    }
    was_ended(&camera);
}

#[test]
fn the_frame_that_is_being_written_is_written_to_its_end() {
    let (camera, folder) =
        (camera(&["--set", "shooting.live_fps=60"]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "live", "--pipe"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    // Nobody reads: after a second or two the pipe is full, and half of a frame is in it.
    let mut line = String::new();
    for _ in 0..3 {
        line.clear();
        errors.read_line(&mut line).unwrap();
    }
    signal(&child, Signal::INT);
    let mut piped = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut piped).unwrap();
    assert_eq!(wait(&mut child), 130);
    let mut summary = String::new();
    errors.read_to_string(&mut summary).unwrap();
    let frames = frames(&piped);
    assert!(frames.len() > 1 && frames.iter().all(|frame| is_whole(frame)), "{}", frames.len());
    // What came is what was taken and what was skipped.
    let number = |end: &str| -> usize {
        let before = summary.rsplit_once(end).unwrap().0;
        before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    assert_eq!(frames.len(), number(" frames in ") - number(" skipped here"), "{summary}");
    was_ended(&camera);
}

#[test]
fn a_pipe_carries_whole_frames_and_nothing_else() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "live", "--pipe", "--count", "20"];
    let output = command(folder.path(), &words).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let frames = frames(&output.stdout);
    assert_eq!(frames.len(), 20);
    assert!(frames.iter().all(|frame| is_whole(frame)));
    assert!(errors.contains("frames/s") && errors.contains("longest gap"), "{errors}");
    assert!(errors.contains(", written after "), "{errors}");
    was_ended(&camera);
}

/// Bytes of memory the process has.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_reader_that_stands_still_costs_neither_memory_nor_delay() {
    let camera = camera(&["--set", "shooting.live_fps=200"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "live", "--pipe"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let errors = BufReader::new(child.stderr.take().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || errors.lines().try_for_each(|line| tell.send(line.unwrap())));
    let mut line = String::new();
    let mut memory = Vec::new();
    // Standard output is not read: the pipe holds 64 KiB, the rest must go nowhere. Figures go on.
    while memory.len() < 5 {
        line = told.recv_timeout(LIMIT).expect("figures go on");
        if line.contains("frames/s") {
            memory.push(resident(child.id()));
        }
    }
    let rate: f64 = line.split_whitespace().next().unwrap().parse().unwrap();
    assert!(rate > 1.0, "the camera waits: {line}");
    let (first, last) = (memory[1], memory[4]);
    assert!(last < first + (2 << 20), "{memory:?}");
    signal(&child, Signal::INT);
    let asked = Instant::now();
    assert_eq!(wait(&mut child), 130);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    was_ended(&camera);
    let summary = told.iter().last().unwrap();
    assert!(summary.contains("skipped here"), "{summary}");
    // All that waits for the reader is what the system's pipe holds, so that nothing is old.
    let mut held = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut held).unwrap();
    assert!((1..=64 << 10).contains(&held.len()), "{}", held.len());
}

#[test]
fn ctrl_c_ends_live_view_on_the_camera() {
    for with in [Signal::INT, Signal::TERM] {
        let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
        let words = ["--camera", &camera.address, "live", "--out", "frames", "--json"];
        let mut child = command(folder.path(), &words).spawn().unwrap();
        let mut reader = read_until(&mut child, "file");
        signal(&child, with);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(wait(&mut child), 130);
        let lines = crate::schema::lines("live", &rest);
        let summary = lines.last().unwrap();
        assert_eq!((&summary["kind"], &summary["interrupted"]), (&"summary".into(), &true.into()));
        let kept = files(&folder.path().join("frames"));
        assert_eq!(kept.len() as u64, total(summary, "taken"), "{kept:?}");
        assert!(kept.iter().all(|name| name.ends_with(".jpg")), "{kept:?}");
        was_ended(&camera);
    }
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    for words in [&["live", "--pipe"][..], &["live"], &["live", "--json"]] {
        let words = [words, &["--camera", &camera.address]].concat();
        let mut child = command(folder.path(), &words).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        drop(out);
        assert_eq!(wait(&mut child), 0);
        was_ended(&camera);
    }
}

#[test]
fn files_that_are_to_be_so_many_are_not_done_where_nobody_reads() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    for words in [&["--json"][..], &["--pipe"]] {
        let all = ["--camera", &camera.address, "live", "--out", "frames", "--count", "1000"];
        let mut child = command(folder.path(), &[&all, words].concat()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(wait(&mut child), 1, "{words:?}");
        was_ended(&camera);
    }
}

/// Nor does the stream, whose camera would take it for a client that is gone.
#[cfg(target_os = "linux")]
#[test]
fn no_file_waits_for_whoever_reads_the_figures() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "live", "--out", "frames", "--count", "30", "--json"];
    let (reader, writer) = crate::program::full_pipe();
    let mut child = command(folder.path(), &words).stdout(writer).spawn().unwrap();
    // Two seconds of frames, so that figures were told meanwhile.
    was_ended(&camera);
    assert_eq!(files(&folder.path().join("frames")).len(), 30);
    let told = std::io::read_to_string(reader).unwrap();
    let told = crate::schema::lines("live", told.trim_start());
    let of_kind = |kind: &str| told.iter().filter(|line| line["kind"] == kind).count();
    assert!(of_kind("file") == 30 && of_kind("second") >= 1, "{told:?}");
    // More came than were taken where the disk was slow.
    assert_eq!(told.last().unwrap()["taken"], 30, "{told:?}");
    assert_eq!(wait(&mut child), 0);
}

#[test]
fn a_short_stall_is_counted_and_a_long_one_is_an_error() {
    let camera = camera(&["--fault", "live-stall=10:2s"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = on(&camera, folder.path(), &["--count", "15", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let summary = ran.of_kind("live", "summary").remove(0);
    assert!(total(&summary, "gaps") >= 1 && total(&summary, "missed") >= 25, "{summary}");
    assert!(summary["longest_gap_s"].as_f64().unwrap() >= 2.0, "{summary}");
    was_ended(&camera);

    let camera = self::camera(&["--fault", "live-stall=10:60s"]);
    let ran = on(&camera, folder.path(), &["--count", "15", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let error = &ran.of_kind("live", "error")[0];
    assert!(error["error"].as_str().unwrap().contains("no frame of live view"), "{error}");
    let summary = ran.lines("live").pop().unwrap();
    assert_eq!((total(&summary, "frames"), total(&summary, "gaps")), (9, 0), "{summary}");
    assert!(summary["longest_gap_s"].as_f64().unwrap() >= 10.0, "{summary}");
    was_ended(&camera);
}

#[test]
fn a_link_that_is_lost_is_told_and_the_frames_stay() {
    let (camera, folder) = (camera(&[]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "live", "--out", "frames", "--json"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut reader = read_until(&mut child, "file");
    let asked = Instant::now();
    drop(camera);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(wait(&mut child), 3);
    assert!(asked.elapsed() < LIMIT / 2, "{:?}", asked.elapsed());
    let lines = crate::schema::lines("live", &rest);
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert!(kinds.ends_with(&["error", "summary"]), "{kinds:?}");
    let out = folder.path().join("frames");
    for name in files(&out) {
        assert!(is_whole(&std::fs::read(out.join(&name)).unwrap()), "{name}");
    }
}

/// A player that is paused for the night must not hide that the camera is gone.
#[test]
fn a_link_that_is_lost_is_told_while_a_reader_stands_still() {
    let camera = camera(&["--set", "shooting.live_fps=200"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "live", "--pipe"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    // Nobody reads, and after a second the pipe is full.
    let mut line = String::new();
    for _ in 0..2 {
        line.clear();
        errors.read_line(&mut line).unwrap();
    }
    drop(camera);
    assert_eq!(wait(&mut child), 3);
    line.clear();
    errors.read_to_string(&mut line).unwrap();
    assert!(line.contains("error: "), "{line}");
}

#[test]
fn what_cannot_be_is_refused_before_the_camera_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["--pipe", "--json"][..], &["--count", "0"]] {
        let ran = run(folder.path(), &[&["live"], words].concat());
        assert_eq!(ran.code, 2, "{words:?}: {ran:?}");
    }
    std::fs::write(folder.path().join("file"), b"").unwrap();
    assert_eq!(run(folder.path(), &["live", "--out", "file"]).code, 6);
}

#[test]
fn a_body_without_remote_mode_is_told_so() {
    let camera = Camera::start(&["--photos", "1", "--model", "X-A2"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = on(&camera, folder.path(), &["--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(ran.of_kind("live", "error").len(), 1);
    camera.left();
}
