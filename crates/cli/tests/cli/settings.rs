//! What is set on a camera, and changing it.

use std::path::Path;
use std::time::{Duration, Instant};

use filmwire_codec::journal::{JournalRow, Verdict};
use rustix::process::Signal;
use serde_json::Value;

use crate::camera::{Camera, signal, wait};
use crate::program::{LIMIT, Ran, command, run};

fn camera(words: &[&str]) -> Camera {
    let all = [&["--photos", "1", "--allow", "settings", "--allow", "shoot"], words].concat();
    Camera::start(&all)
}

fn on(camera: &Camera, folder: &Path, words: &[&str]) -> Ran {
    run(folder, &[&["--camera", &camera.address, "settings"], words].concat())
}

/// Rows of the journal that a camera would not have allowed, once it was left.
fn violations(camera: &Camera) -> Vec<JournalRow> {
    let mut rows = camera.left();
    rows.retain(|row| row.verdict == Verdict::Violation);
    rows
}

fn find<'a>(lines: &'a [Value], setting: &str) -> &'a Value {
    lines.iter().find(|line| line["setting"] == setting).unwrap_or_else(|| panic!("{setting}"))
}

#[test]
fn settings_are_listed_in_a_photographers_words() {
    let (camera, folder) = (camera(&["--model", "X-T4"]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    for words in [
        "Model: X-T4",
        "iso                 auto-6400",
        "may become L80 L100 L125 160 200",
        "film                provia",
        "classic-chrome",
        "shutter             1/60",
        "bias                not told now",
        "may become -3 -2.7 -2.3",
        "focus-point         7,5",
        "1,1 to 13,9 (column,row)",
        "Only on the body",
        "quality             raw+normal",
        "pictures-left       907",
        "0xD245              not told now",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    // Those f-numbers are no lens's.
    assert!(!ran.out.contains("f/5.3"), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.chars().count() < 100), "{}", ran.out);
    let lines = on(&camera, folder.path(), &["--json"]).of_kind("settings", "setting");
    let iso = find(&lines, "iso");
    assert_eq!((&iso["value"], &iso["change"]), (&"auto-6400".into(), &"written".into()));
    assert_eq!(iso["choices"].as_array().unwrap().len(), 31);
    assert_eq!(find(&lines, "aperture")["choices"], Value::Null);
    // To look is to change nothing.
    let rows = camera.left();
    assert!(rows.iter().all(|row| row.verdict == Verdict::Allowed));
}

#[test]
fn what_is_set_is_what_the_camera_then_reports() {
    let (camera, folder) = (camera(&["--model", "X-T4"]), tempfile::tempdir().unwrap());
    let words = ["set", "iso=400", "wb=daylight", "film=Classic Chrome", "timer=2s", "--json"];
    let ran = on(&camera, folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    let set = ran.of_kind("settings", "set");
    let iso = find(&set, "iso");
    assert_eq!((&iso["before"], &iso["actual"]), (&"auto-6400".into(), &"400".into()));
    assert_eq!((set.len(), &iso["means"]), (4, &"written".into()));
    assert_eq!(ran.lines("settings").pop().unwrap()["set"], 4);
    let text = on(&camera, folder.path(), &["set", "wb=shade", "iso=400"]);
    assert_eq!(text.out, "wb        daylight -> shade\niso       400 already\n");
    let lines = on(&camera, folder.path(), &["--json"]).of_kind("settings", "setting");
    assert_eq!(find(&lines, "film")["value"], "classic-chrome");
    assert_eq!(violations(&camera), []);
}

#[test]
fn exposure_is_stepped_until_the_camera_reports_it() {
    let (camera, folder) = (camera(&["--model", "X-T4"]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["set", "aperture=5.6", "shutter=1/128"]);
    let told =
        "aperture  f/2 -> f/5.6 (9 steps)\nshutter   1/60 -> 1/125 (3 steps); asked for 1/128\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, told), "{ran:?}");
    let end = on(&camera, folder.path(), &["set", "aperture=22", "--json"]);
    assert_eq!(end.code, 4, "{end:?}");
    let failed = end.of_kind("settings", "failed").remove(0);
    assert_eq!((&failed["actual"], &failed["steps"]), (&"f/16".into(), &10.into()));
    assert!(failed["reason"].as_str().unwrap().contains("D028: aperture-at-end"), "{failed}");
    assert_eq!(violations(&camera), []);
}

#[test]
fn what_is_not_reached_is_told_and_the_others_go_on() {
    let (camera, folder) = (camera(&["--model", "X-T5"]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["set", "shutter=1/125", "iso=400", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let failed = ran.of_kind("settings", "failed").remove(0);
    assert_eq!((&failed["actual"], &failed["steps"]), (&"----".into(), &0.into()));
    assert!(failed["reason"].as_str().unwrap().contains("aperture-priority (500E)"), "{failed}");
    assert!(ran.err.contains("help: set the body to M"), "{ran:?}");
    assert_eq!(ran.of_kind("settings", "set").len(), 1);
    let none = on(&camera, folder.path(), &["set", "shutter=1/125", "film=acros", "iso=100"]);
    assert_eq!(none.code, 1, "{none:?}");
    let none = on(&camera, folder.path(), &["set", "shutter=1/125", "iso=100"]);
    assert_eq!(none.code, 4, "{none:?}");
    assert!(none.err.contains("the camera lists only"), "{none:?}");
    camera.left();
}

#[test]
fn what_nobody_can_set_is_a_mistake_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    for (word, told) in [
        ("sharpness=2", "there are iso, wb"),
        ("quality=raw", "on the body only"),
        ("shutter=125", "a fraction such as 1/125"),
        ("iso", "NAME=VALUE"),
        ("wb=0x10004", "no white balance to ask for"),
    ] {
        let ran = run(folder.path(), &["settings", "set", word]);
        assert!(ran.code == 2 && ran.err.contains(told), "{word}: {ran:?}");
    }
    let ran = run(folder.path(), &["settings", "set", "wb=auto", "wb=shade", "--json"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(ran.of_kind("settings", "error")[0]["code"], "usage");
}

#[test]
fn a_body_without_remote_mode_is_told_so() {
    let (camera, folder) = (camera(&["--model", "X-A2"]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let error = &ran.of_kind("settings", "error")[0];
    assert!(error["error"].as_str().unwrap().contains("no version of remote shooting"), "{error}");
    camera.left();
}

#[test]
fn a_camera_that_gives_no_list_is_told_so() {
    let words = ["--model", "X-T4", "--fault", "refuse=GetCapabilities:0x2005"];
    let folder = tempfile::tempdir().unwrap();
    for (verb, told) in
        [(&[][..], "film                provia"), (&["set", "film=velvia"], "velvia")]
    {
        let camera = camera(&words);
        let ran = on(&camera, folder.path(), verb);
        assert!(ran.code == 0 && ran.out.contains(told), "{ran:?}");
        assert!(ran.err.contains("warning: the camera gave no list"), "{ran:?}");
        camera.left();
    }
}

/// The newer way too, which no log shows.
#[test]
fn every_body_with_a_remote_mode_lists_and_sets() {
    for model in ["X30", "X-T1", "X-T10", "X-T2", "X-T100", "X-H1", "X-S10", "X-T5", "X100VI"] {
        let (camera, folder) = (camera(&["--model", model]), tempfile::tempdir().unwrap());
        let lines = on(&camera, folder.path(), &["--json"]).of_kind("settings", "setting");
        assert!(lines.len() >= 17, "{model}: {}", lines.len());
        let ran = on(&camera, folder.path(), &["set", "iso=800", "wb=shade"]);
        assert_eq!(ran.code, 0, "{model}: {ran:?}");
        assert_eq!(violations(&camera), [], "{model}");
    }
}

/// Steps that are under way are not finished; the function is ended and the camera left.
#[test]
fn ctrl_c_while_stepping_leaves_the_camera_in_order() {
    let camera = camera(&["--model", "X-T4", "--rtt", "40ms"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "settings", "set", "shutter=1/4000", "--json"];
    let mut child = command(folder.path(), &words).spawn().unwrap();
    let steps = || camera.journal().iter().filter(|row| row.operation == 0x902C).count();
    let end = Instant::now() + LIMIT;
    while steps() < 2 {
        assert!(Instant::now() < end, "no steps");
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 130);
    let rows = camera.left();
    let last: Vec<_> = rows.iter().rev().take(3).rev().map(|row| row.operation).collect();
    assert_eq!(last[..2], [0x1018, 0x1003], "{last:X?}");
    assert!((2..20).contains(&steps()), "{}", steps());
}

/// As where `head` or `true` is behind a pipe: the others are set all the same.
#[test]
fn all_is_set_and_the_code_tells_what_was_not_where_nobody_reads() {
    for (last, code) in [("aperture=4", 0), ("iso=401", 1)] {
        let (camera, folder) = (camera(&["--model", "X-T4"]), tempfile::tempdir().unwrap());
        let words = ["--camera", &camera.address, "settings", "set", "wb=shade", "film=velvia"];
        let words = [&words[..], &["timer=2s", last]].concat();
        let mut child = command(folder.path(), &words).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(wait(&mut child), code, "{last}");
        let rows = camera.left();
        let written = [0x5005, 0xD001, 0x5012].map(|property| {
            rows.iter().filter(|row| row.operation == 0x1016 && row.params == [property]).count()
        });
        assert_eq!(written, [1, 1, 1], "{last}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn all_is_set_also_where_there_is_no_room_for_what_is_told() {
    let (camera, folder) = (camera(&["--model", "X-T4"]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "settings", "set", "wb=shade", "film=velvia"];
    let words = [&words[..], &["timer=2s", "iso=400"]].concat();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = command(folder.path(), &words).stdout(full).spawn().unwrap();
    assert_eq!(wait(&mut child), 6);
    let rows = camera.left();
    for property in [0x5005, 0xD001, 0x5012, 0xD02A] {
        let written = |row: &&JournalRow| row.operation == 0x1016 && row.params == [property];
        assert_eq!(rows.iter().filter(written).count(), 1, "{property:#X}");
    }
}

/// As a terminal that was stopped with Ctrl-S: the body's controls would be dead until it goes on.
#[cfg(target_os = "linux")]
#[test]
fn the_camera_is_set_and_left_whoever_reads_of_it() {
    let (camera, folder) = (camera(&["--model", "X-T4"]), tempfile::tempdir().unwrap());
    let words = ["--camera", &camera.address, "settings", "set", "wb=shade", "film=velvia"];
    let (reader, writer) = crate::program::full_pipe();
    let mut command = command(folder.path(), &words);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    let writes = camera.left().iter().filter(|row| row.operation == 0x1016).count();
    assert!(writes >= 2, "{writes}");
    let told = std::io::read_to_string(reader).unwrap();
    assert!(told.contains("provia -> velvia"), "{told}");
    assert_eq!(wait(&mut child), 0);
}
