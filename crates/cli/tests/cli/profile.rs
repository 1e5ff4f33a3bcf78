//! Profiles: kept, set again, compared.

use std::path::Path;

use filmwire_codec::journal::Verdict;
use serde_json::Value;

use crate::camera::{Camera, wait};
use crate::program::{Ran, command, run};

fn camera(model: &str) -> Camera {
    Camera::start(&["--photos", "1", "--allow", "settings", "--model", model])
}

fn on(camera: &Camera, folder: &Path, words: &[&str]) -> Ran {
    run(folder, &[&["--camera", &camera.address], words].concat())
}

fn of<'a>(lines: &'a [Value], setting: &str) -> &'a Value {
    lines.iter().find(|line| line["setting"] == setting).unwrap_or_else(|| panic!("{setting}"))
}

#[test]
fn a_profile_is_kept_and_what_moved_is_told_and_set_back() {
    let (camera, folder) = (camera("X-T4"), tempfile::tempdir().unwrap());
    let on = |words: &[&str]| on(&camera, folder.path(), words);
    let set =
        ["settings", "set", "iso=400", "wb=daylight", "aperture=5.6", "shutter=1/125", "--quiet"];
    assert_eq!(on(&set).code, 0);
    let saved = on(&["profile", "save", "studio"]);
    assert_eq!(saved.code, 0, "{saved:?}");
    for words in ["iso         400\n", "aperture    f/5.6\n", "program     manual\n"] {
        assert!(saved.out.contains(words), "{words}\n{saved:?}");
    }
    assert!(saved.err.contains("11 settings of X-T4 kept in"), "{saved:?}");
    assert!(!saved.err.contains("warning"), "{saved:?}");
    let same = on(&["profile", "check", "studio"]);
    assert_eq!((same.code, same.err.as_str()), (0, ""), "{same:?}");
    assert!(same.out.contains("ok     shutter     1/125\n"), "{same:?}");

    assert_eq!(on(&["settings", "set", "iso=800", "shutter=1/60"]).code, 0);
    let moved = on(&["profile", "check", "studio"]);
    assert_eq!(moved.code, 8, "{moved:?}");
    assert!(moved.out.contains("DRIFT  iso         800, not 400\n"), "{moved:?}");
    assert!(moved.err.contains("2 settings differ"), "{moved:?}");
    let lines = on(&["profile", "check", "studio", "--json"]);
    let compared = lines.of_kind("profile", "compared");
    assert_eq!((&of(&compared, "iso")["same"], compared.len()), (&false.into(), 11));
    let summary = &lines.lines("profile").pop().unwrap();
    assert_eq!((&summary["same"], &summary["drifted"]), (&9.into(), &2.into()));

    let applied = on(&["profile", "apply", "studio"]);
    assert_eq!((applied.code, applied.err.as_str()), (0, ""), "{applied:?}");
    for words in ["iso         800 -> 400\n", "1/60 -> 1/125 (3 steps)\n", "f/5.6 already\n"] {
        assert!(applied.out.contains(words), "{words}\n{applied:?}");
    }
    assert_eq!(on(&["profile", "check", "studio", "--quiet"]).code, 0);
    assert!(camera.left().iter().all(|row| row.verdict != Verdict::Violation));
}

#[test]
fn what_the_body_alone_can_set_is_told_as_such() {
    let (camera, folder) = (camera("X-T5"), tempfile::tempdir().unwrap());
    let on = |words: &[&str]| on(&camera, folder.path(), words);
    let text = "format = 1\nmodel = \"X-T4\"\n[settings]\niso = \"400\"\nprogram = \"manual\"\n\
                shutter = \"1/125\"\nfilm = \"0x0333\"\n[unknown]\n0xD399 = \"0x7\"\n";
    std::fs::write(folder.path().join("mine.toml"), text).unwrap();
    let checked = on(&["profile", "check", "./mine.toml"]);
    assert_eq!(checked.code, 8, "{checked:?}");
    for words in [
        "DRIFT  program     aperture-priority, not manual (only on the body)\n",
        "DRIFT  shutter     ----, not 1/125\n",
        "DRIFT  film        provia, not 0x0333\n",
        "?      0xD399 is not told now, and was 0x7; nobody knows what it is\n",
    ] {
        assert!(checked.out.contains(words), "{words}\n{checked:?}");
    }
    assert!(checked.err.contains("another model: X-T4, and this is X-T5"), "{checked:?}");
    let applied = on(&["profile", "apply", "./mine.toml", "--json"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    let failed = applied.of_kind("profile", "failed");
    assert_eq!(failed.len(), 3, "{failed:?}");
    assert_eq!(of(&failed, "program")["reason"], "it can be set on the body only");
    let shutter = of(&failed, "shutter");
    assert!(shutter["help"].as_str().unwrap().starts_with("set the body to M"), "{shutter}");
    assert_eq!(of(&applied.of_kind("profile", "set"), "iso")["actual"], "400");
    std::fs::write(folder.path().join("mine.toml"), text.replace("iso = \"400\"\n", "")).unwrap();
    assert_eq!(on(&["profile", "apply", "./mine.toml"]).code, 4);
}

#[test]
fn what_the_camera_chooses_itself_is_told_when_it_is_kept() {
    let (camera, folder) = (camera("X-T5"), tempfile::tempdir().unwrap());
    let saved = on(&camera, folder.path(), &["profile", "save", "./loose.toml", "--json"]);
    assert_eq!(saved.code, 0, "{saved:?}");
    let words = "each picture: iso auto-3200, wb auto, shutter ----, program aperture-priority";
    assert!(saved.err.contains(words), "{saved:?}");
    assert_eq!(of(&saved.of_kind("profile", "kept"), "shutter")["value"], "----");
    assert_eq!(saved.lines("profile").pop().unwrap()["saved"], "./loose.toml");
    camera.left();
}

#[test]
fn profiles_are_listed_shown_and_never_lost() {
    let (camera, folder) = (camera("X-T4"), tempfile::tempdir().unwrap());
    let on = |words: &[&str]| on(&camera, folder.path(), words);
    let none = on(&["profile", "list"]);
    assert!(none.code == 0 && none.err.contains("no profiles in"), "{none:?}");
    assert_eq!(on(&["profile", "save", "studio"]).code, 0);
    let kept = folder.path().join(".config/filmwire/profiles");
    let text = std::fs::read_to_string(kept.join("studio.toml")).unwrap();
    let again = on(&["profile", "save", "studio", "--json"]);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.err.contains("--replace"), "{again:?}");
    assert_eq!(on(&["profile", "save", "studio", "--replace"]).code, 0);
    assert_eq!(std::fs::read_to_string(kept.join("studio.toml")).unwrap(), text);
    std::fs::write(kept.join("broken.toml"), "format = 1\n[settings]\niso = \"x\"\n").unwrap();
    let list = on(&["profile", "list"]);
    assert_eq!(list.code, 0, "{list:?}");
    assert!(list.out.contains("studio                11 settings, X-T4\n"), "{list:?}");
    assert!(list.out.contains("broken.toml:3: "), "{list:?}");
    let lines = on(&["profile", "list", "--json"]).of_kind("profile", "profile");
    assert_eq!((lines.len(), &lines[1]["model"]), (2, &"X-T4".into()));
    let shown = on(&["profile", "show", "studio"]);
    assert!(shown.out.starts_with("Model: X-T4\niso         auto-6400\n"), "{shown:?}");
    assert_eq!(on(&["profile", "show", "studio", "--json"]).lines("profile").len(), 12);
    camera.left();
}

#[test]
fn names_and_files_that_are_none_are_a_mistake_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    for (words, told) in [
        (&["save", "a b"][..], "is no name for a profile"),
        (&["save", "studio.toml"], "./studio.toml"),
        (&["apply", "studio"], "there is no profile"),
        (&["check", "./nowhere.toml"], "there is no profile ./nowhere.toml"),
        (&["show", "studio"], "filmwire profile list"),
    ] {
        let ran = run(folder.path(), &[&["profile"], words].concat());
        assert!(ran.code == 2 && ran.err.contains(told), "{words:?}: {ran:?}");
    }
    let ran = run(folder.path(), &["profile", "apply", "studio", "--json"]);
    assert_eq!(ran.of_kind("profile", "error")[0]["code"], "usage");
}

/// As where `head` is behind a pipe: a script asks for the code.
#[test]
fn the_code_tells_of_a_profile_also_where_nobody_reads() {
    let (camera, folder) = (camera("X-T4"), tempfile::tempdir().unwrap());
    let text = "format = 1\n[settings]\niso = \"400\"\nprogram = \"program\"\n";
    std::fs::write(folder.path().join("mine.toml"), text).unwrap();
    for (verb, code) in [("check", 8), ("apply", 1)] {
        let words = ["--camera", &camera.address, "profile", verb, "./mine.toml"];
        let mut child = command(folder.path(), &words).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(wait(&mut child), code, "{verb}");
        camera.left();
        // What failed is told where somebody may read still.
        let errors = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert_eq!(errors.contains("was not reached"), verb == "apply", "{verb}: {errors}");
    }
}
