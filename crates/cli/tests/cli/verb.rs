//! The verbs that look at a card and fetch some of it.

use std::fs;

use filmwire_codec::journal::Verdict;
use sha2::{Digest as _, Sha256};

use crate::camera::{Camera, files};
use crate::program::{Ran, path, run, run_with};

fn photos(words: &[&str]) -> Camera {
    Camera::start(&[&["--photos", "4", "--films", "1"], words].concat())
}

fn on(camera: &Camera, folder: &std::path::Path, words: &[&str]) -> Ran {
    run(folder, &[&["--camera", &camera.address], words].concat())
}

#[test]
fn ls_tells_handles_dates_true_sizes_and_names() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["ls", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let objects = ran.of_kind("ls", "object");
    assert_eq!(objects.len(), 5);
    assert_eq!((&objects[4]["handle"], &objects[4]["name"]), (&5.into(), &"DSCF0001.JPG".into()));
    let text = on(&camera, folder.path(), &["ls"]);
    assert_eq!(text.out.lines().count(), 5);
    for object in &objects {
        let size = object["size"].to_string();
        let name = object["name"].as_str().unwrap();
        let line = text.out.lines().find(|line| line.ends_with(name)).unwrap();
        assert!(line.contains(&size), "{line}");
        // The placeholder of this body is 0x19000.
        assert_ne!(size, 0x19000.to_string());
    }
    let rows = camera.left();
    assert!(rows.iter().all(|row| row.verdict == Verdict::Allowed), "{rows:?}");
    assert!(rows.iter().filter(|row| row.note == "goodbye").count() >= 2);
}

#[test]
fn info_tells_model_versions_rules_and_state() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["info", "--json"]);
    let info = &ran.of_kind("info", "camera")[0];
    assert_eq!((&info["model"], &info["objects"]), (&"X-T20".into(), &5.into()));
    assert_eq!(info["quirks"]["gallery"], "version-read-first");
    assert_eq!(info["quirks"]["real_size"], "per-session");
    assert!(!info["rules"].as_array().unwrap().is_empty());
    let text = on(&camera, folder.path(), &["info"]).out;
    for words in ["X-T20", "remote shooting", "0x20004", "grade A", "ObjectCount", "RAF files"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn get_fetches_by_handle_and_name_and_replaces_nothing() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    let get = |words: &[&str]| on(&camera, folder.path(), &[&["get", "--json"], words].concat());
    let ran = get(&["1", "dscf0001.jpg", "--to", "here"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = ran.of_kind("get", "file");
    assert_eq!(told.len(), 2);
    for file in &told {
        let path = folder.path().join(file["path"].as_str().unwrap());
        assert_eq!(fs::metadata(path).unwrap().len(), file["size"].as_u64().unwrap());
    }
    let before = fs::read(folder.path().join("here/DSCF0001.JPG")).unwrap();
    get(&["DSCF0001.JPG", "--to", "here"]);
    let now = files(&folder.path().join("here"));
    assert_eq!(now, ["DSCF0001-2.JPG", "DSCF0001.JPG", "DSCF0005.MOV"]);
    assert_eq!(fs::read(folder.path().join("here/DSCF0001-2.JPG")).unwrap(), before);
}

#[test]
fn get_writes_one_object_to_a_file_or_standard_output() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    assert_eq!(on(&camera, folder.path(), &["get", "2", "-o", "a.jpg"]).code, 0);
    let file = fs::read(folder.path().join("a.jpg")).unwrap();
    let output = assert_cmd::Command::new(path())
        .args(["--camera", &camera.address, "get", "2", "--output", "-"])
        .env_clear()
        .timeout(crate::program::LIMIT)
        .output()
        .unwrap();
    assert_eq!(Sha256::digest(&output.stdout), Sha256::digest(&file));
    assert!(file.starts_with(&[0xFF, 0xD8]) && file.ends_with(&[0xFF, 0xD9]));
    assert_eq!(on(&camera, folder.path(), &["get", "2", "-o", "/dev/null"]).code, 0);
    // The file is there, and two objects do not fit into one.
    assert_eq!(on(&camera, folder.path(), &["get", "2", "-o", "a.jpg"]).code, 2);
    assert_eq!(on(&camera, folder.path(), &["get", "1", "2", "-o", "b.jpg"]).code, 2);
    assert_eq!(on(&camera, folder.path(), &["get", "1", "-o", "-", "--json"]).code, 2);
    assert_eq!(files(folder.path()), ["a.jpg"]);
}

#[test]
fn get_keeps_no_file_that_is_shorter_than_announced() {
    let (camera, folder) = (photos(&["--fault", "size-big=100"]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["get", "2", "3", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.of_kind("get", "failed").len(), 2);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn get_tells_a_refusal_from_a_handle_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let none = on(&photos(&[]), folder.path(), &["get", "99", "--json"]);
    assert!(none.code == 1 && none.err.contains("no object has the handle 99"), "{none:?}");
    assert_eq!(none.of_kind("get", "failed")[0]["handle"], 99);
    let camera = photos(&["--fault", "refuse=GetObjectInfo#1:0x2019"]);
    let busy = on(&camera, folder.path(), &["get", "2", "--json"]);
    assert!(busy.code == 1 && busy.err.contains("DeviceBusy"), "{busy:?}");
    assert!(!busy.err.contains("no object has"), "{busy:?}");
}

#[test]
fn get_reduced_has_the_camera_make_photos_smaller() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["get", "2", "--reduced"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let rows = camera.journal();
    let writes: Vec<_> = rows.iter().filter(|row| row.params == [0xD226]).collect();
    assert_eq!(writes.iter().map(|row| row.value[0]).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn thumb_fetches_small_pictures() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["thumb", "2", "DSCF0001.JPG", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("thumb", "file").len(), 2);
    assert_eq!(files(folder.path()), ["DSCF0001-thumb.jpg", "DSCF0004-thumb.jpg"]);
    assert!(fs::read(folder.path().join("DSCF0001-thumb.jpg")).unwrap().starts_with(&[0xFF, 0xD8]));
}

#[test]
fn raw_shows_data_and_response_and_is_guarded() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    let text = on(&camera, folder.path(), &["raw", "0x1007", "0xFFFFFFFF"]);
    assert_eq!((text.code, text.out.lines().last().is_some()), (0, true), "{text:?}");
    assert!(text.out.contains("OK (0x2001)"));
    let ran = on(&camera, folder.path(), &["raw", "0x1015", "0xDF00", "--json"]);
    let response = &ran.of_kind("raw", "response")[0];
    assert_eq!((&response["response"], &response["data"]), (&"0x2001".into(), &"0b00".into()));
    let connections = camera.journal().iter().map(|row| row.connection).max();
    let delete = on(&camera, folder.path(), &["raw", "0x100B", "1"]);
    assert_eq!(delete.code, 2);
    assert!(delete.err.contains("--may-change-the-camera"));
    let format = on(&camera, folder.path(), &["raw", "0x100F", "--may-change-the-camera"]);
    assert_eq!(format.code, 2);
    let data = on(&camera, folder.path(), &["raw", "0x1015", "0xD212", "--data", "00"]);
    assert!(data.code == 2 && data.err.contains("leave --data out"), "{data:?}");
    // None reached the camera.
    assert_eq!(camera.journal().iter().map(|row| row.connection).max(), connections);
    let refused = on(&camera, folder.path(), &["raw", "0x100B", "1", "--may-change-the-camera"]);
    assert_eq!(refused.code, 4, "{refused:?}");
}

#[test]
fn hostile_names_stay_in_the_folder_and_off_the_terminal() {
    for name in ["traversal", "absolute", "control"] {
        let camera = photos(&["--fault", &format!("name={name}")]);
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        assert_eq!(on(&camera, &inner, &["get", "2"]).code, 0);
        assert_eq!(files(folder.path()).len(), 1, "{name}");
        assert_eq!(files(&inner).len(), 1, "{name}");
        let list = on(&camera, &inner, &["ls"]).out;
        assert!(!list.contains('\x1b') && list.lines().count() == 5, "{list:?}");
        on(&camera, &inner, &["ls", "--json"]).lines("ls");
    }
}

#[test]
fn a_count_that_cannot_be_true_ends() {
    let camera = photos(&["--fault", "claim-count=0xFFFFFFFF"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = on(&camera, folder.path(), &["ls", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("claims"), "{ran:?}");
    ran.lines("ls");
}

#[test]
fn the_doctor_passes_every_step_of_a_healthy_camera() {
    let (camera, folder) = (photos(&[]), tempfile::tempdir().unwrap());
    let ran = on(&camera, folder.path(), &["doctor", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let steps = ran.of_kind("doctor", "step");
    let outcomes: Vec<_> = steps.iter().map(|step| step["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, [&["passed"][..], &["skipped"; 8], &["passed"; 7]].concat());
    assert_eq!(steps[1]["cause"], "the camera's address is one of this computer's own");
    camera.left();
}

#[test]
fn the_doctor_names_the_step_cause_and_cure() {
    let camera = photos(&["--fault", "refuse=SetDevicePropValue#1:0x2019"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = on(&camera, folder.path(), &["doctor", "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    let end = &ran.of_kind("doctor", "diagnosis")[0];
    assert_eq!(end["broken_at"], "mode");
    let text = on(&photos(&["--fault", "silence=GetObjectInfo"]), folder.path(), &["doctor"]);
    assert_eq!(text.code, 3, "{text:?}");
    assert!(text.out.contains("first-object  FAILED") && text.err.contains("help:"), "{text:?}");
}

#[test]
fn the_configuration_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.toml");
    fs::write(&file, "camera = \"a\"\n[cameras.a]\naddress = \"10.0.0.1\"\n").unwrap();
    let words = ["config", "check", "--json", "--to", "x"];
    let config = [("FILMWIRE_CONFIG", file.to_str().unwrap()), ("FILMWIRE_CLIENT_NAME", "me")];
    let ran = run_with(folder.path(), &words, &config);
    let settings = ran.of_kind("config", "config")[0]["settings"].clone();
    let sources: Vec<_> = settings
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), row["source"].as_str().unwrap()))
        .collect();
    for pair in [
        ("camera", "file"),
        ("to", "flag"),
        ("client_name", "environment"),
        ("name_template", "default"),
    ] {
        assert!(sources.contains(&pair), "{sources:?}");
    }
    fs::write(&file, "camera = \"a\"\ncamara = 1\n").unwrap();
    let ran = run_with(folder.path(), &["config", "check"], &config);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("f.toml:2:1: unknown field"), "{}", ran.err);
    fs::write(&file, "camera = \"b\"\n[cameras.a]\naddress = \"10.0.0.1\"\n").unwrap();
    let ran = run_with(folder.path(), &["config", "check"], &config);
    assert!(ran.code == 2 && ran.err.contains("no camera \"b\" in "), "{ran:?}");
}

#[test]
fn the_simulator_lists_bodies_faults_and_switches() {
    let folder = tempfile::tempdir().unwrap();
    let text = run(folder.path(), &["sim", "--list"]).out;
    for words in ["X-A2", "X-T5", "cut-at=N", "pause_before_open_session_ms"] {
        assert!(text.contains(words), "{words}");
    }
    assert_eq!(run(folder.path(), &["sim", "--list", "--json"]).lines("sim").len(), 1);
    for words in [
        &["sim", "--model", "Z-9"][..],
        &["sim", "--set", "nonsense=1"],
        &["sim", "--set", "ok"],
        &["sim", "--fault", "nonsense=1"],
        &["sim", "--allow", "everything"],
        &["sim", "--card", "/nowhere/at/all"],
        &["sim", "--listen", "127.0.0.1:x"],
    ] {
        assert_eq!(run(folder.path(), words).code, 2, "{words:?}");
    }
}

#[test]
fn the_light_of_the_simulator_stands_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dawn.txt"), "# dawn\n0s -3\n2h10m 12\n").unwrap();
    fs::write(folder.path().join("wrong.txt"), "0s -3\n0s 12\n").unwrap();
    let told = run(folder.path(), &["sim", "--light", "dawn.txt", "--list"]).out;
    assert!(told.contains("0ms:-3,7800000ms:12"), "{told}");
    for (file, words) in [("wrong.txt", "line 2, \"0s 12\""), ("none.txt", "none.txt: ")] {
        let ran = run(folder.path(), &["sim", "--light", file]);
        assert!(ran.code == 2 && ran.err.contains(words), "{ran:?}");
    }
}

#[test]
fn the_simulator_serves_a_folder_and_ends_cleanly() {
    let card = tempfile::tempdir().unwrap();
    fs::create_dir_all(card.path().join("DCIM/100_FUJI")).unwrap();
    fs::write(card.path().join("DCIM/100_FUJI/DSCF0001.JPG"), [0xFF, 0xD8, 0xFF, 0xD9]).unwrap();
    // A camera without a remote function has no events and no live view.
    let card = card.path().to_str().unwrap();
    let camera = Camera::start(&["--model", "X-A2", "--card", card]);
    let folder = tempfile::tempdir().unwrap();
    let taken = run(folder.path(), &["sim", "--listen", &camera.address]);
    assert_eq!(taken.code, 2, "{taken:?}");
    assert!(taken.err.contains("taken"));
    assert_eq!(on(&camera, folder.path(), &["get", "1"]).code, 0);
    assert_eq!(files(folder.path()), ["DSCF0001.JPG"]);
    let rows = camera.left().iter().filter(|row| row.operation != 0).count();
    let (code, served) = camera.interrupt();
    assert_eq!((code, &served["outcome"]), (0, &"done".into()));
    assert_eq!((&served["connections"], &served["operations"]), (&1.into(), &rows.into()));
    assert_eq!((&served["events"], &served["frames"]), (&0.into(), &0.into()));
}
