//! What the library knows.

use std::fs;
use std::path::Path;

use filmwire_catalogue::{Library, OpenOptions};

use crate::camera::{Camera, files};
use crate::program::{Ran, run};

fn filled(photos: &str) -> (Camera, tempfile::TempDir) {
    let camera = Camera::start(&["--photos", photos]);
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["sync", "--camera", &camera.address, "--to", "library"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    (camera, folder)
}

fn catalogue(folder: &Path, words: &[&str]) -> Ran {
    run(folder, &[&["catalogue", "--json", "--to", "library"], words].concat())
}

fn summary(ran: &Ran) -> serde_json::Value {
    ran.of_kind("catalogue", "summary").pop().unwrap_or_else(|| panic!("no summary: {ran:?}"))
}

#[test]
fn list_chooses_by_name_state_and_date() {
    let (_camera, folder) = filled("3");
    let count = |words: &[&str]| {
        let ran = catalogue(folder.path(), &[&["list"], words].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.of_kind("catalogue", "entry").len()
    };
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["dscf0001*"]), 1);
    assert_eq!(count(&["--state", "published"]), 3);
    assert_eq!(count(&["--state", "failed,skipped"]), 0);
    assert_eq!(count(&["--since", "2100-01-01"]), 0);
    assert_eq!(catalogue(folder.path(), &["list", "--state", "nonsense"]).code, 2);
    // The folder may also be named behind the verb, and people get one line an object.
    let text = run(folder.path(), &["catalogue", "list", "--to", "library"]);
    assert_eq!(text.out.lines().count(), 3, "{text:?}");
}

#[test]
fn check_finds_what_was_changed() {
    let (_camera, folder) = filled("2");
    assert_eq!(catalogue(folder.path(), &["check", "--deep"]).code, 0);
    let library = folder.path().join("library");
    let photo = library.join(&files(&library)[0]);
    let mut bytes = fs::read(&photo).unwrap();
    bytes[100] ^= 1;
    fs::write(&photo, &bytes).unwrap();
    assert_eq!(catalogue(folder.path(), &["check"]).code, 0);
    let deep = catalogue(folder.path(), &["check", "--deep"]);
    assert_eq!(deep.code, 8, "{deep:?}");
    assert_eq!(deep.of_kind("catalogue", "finding")[0]["finding"], "content-differs");
    fs::remove_file(&photo).unwrap();
    let gone = catalogue(folder.path(), &["check"]);
    assert_eq!((gone.code, &summary(&gone)["faults"]), (8, &1.into()));
}

#[test]
fn check_beside_a_run_leaves_out_what_that_has_half_way() {
    let (_camera, folder) = filled("1");
    let root = folder.path().join("library");
    fs::write(root.join(".filmwire/incoming/1.part"), "half").unwrap();
    let alone = catalogue(folder.path(), &["check"]);
    assert_eq!(alone.of_kind("catalogue", "finding")[0]["finding"], "leftover");
    assert_eq!(summary(&alone)["run_under_way"], false);
    let library = Library::open(&root, OpenOptions::default()).unwrap();
    let _lock = library.lock().unwrap();
    let beside = catalogue(folder.path(), &["check"]);
    assert_eq!(beside.code, 0, "{beside:?}");
    assert!(beside.of_kind("catalogue", "finding").is_empty(), "{beside:?}");
    assert_eq!(summary(&beside)["run_under_way"], true);
    let text = run(folder.path(), &["catalogue", "--to", "library", "check"]);
    assert!(text.err.contains("A run is under way") && text.err.contains("process"), "{text:?}");
}

#[test]
fn forget_has_a_gone_photo_fetched_again() {
    let (camera, folder) = filled("2");
    let library = folder.path().join("library");
    let photo = files(&library)[0].clone();
    fs::remove_file(library.join(&photo)).unwrap();
    assert_eq!(catalogue(folder.path(), &["forget"]).code, 2);
    assert_eq!(catalogue(folder.path(), &["forget", "NOPE.JPG"]).code, 1);
    let name = photo.rsplit('/').next().unwrap();
    let ran = catalogue(folder.path(), &["forget", name]);
    assert_eq!((ran.code, &summary(&ran)["forgotten"]), (0, &1.into()));
    run(folder.path(), &["sync", "--camera", &camera.address, "--to", "library"]);
    assert!(library.join(&photo).exists());
}

#[test]
fn mark_known_fetches_nothing_now_or_later() {
    let camera = Camera::start(&["--photos", "3"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["--camera", &camera.address, "mark-known"];
    let ran = catalogue(folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(summary(&ran)["known"], 3);
    let sync = ["sync", "--json", "--camera", &camera.address, "--to", "library"];
    let ran = run(folder.path(), &sync);
    assert_eq!(ran.of_kind("sync", "summary")[0]["new"], 0, "{ran:?}");
    assert!(files(&folder.path().join("library")).is_empty());
}

#[test]
fn adopt_learns_photos_that_are_there() {
    let camera = Camera::start(&["--photos", "2"]);
    let folder = tempfile::tempdir().unwrap();
    let get = ["--camera", &camera.address, "get", "1", "--to", "library/old"];
    assert_eq!(run(folder.path(), &get).code, 0);
    fs::write(folder.path().join("library/notes.txt"), "text").unwrap();
    let ran = catalogue(folder.path(), &["adopt"]);
    assert_eq!((ran.code, &summary(&ran)["learnt"]), (0, &1.into()), "{ran:?}");
    assert_eq!(ran.of_kind("catalogue", "adopted").len(), 1);
    // The same photo is not stored twice.
    let sync = ["sync", "--json", "--camera", &camera.address, "--to", "library"];
    let ran = run(folder.path(), &sync);
    assert_eq!(ran.of_kind("sync", "summary")[0]["duplicates"], 1, "{ran:?}");
    assert_eq!(catalogue(folder.path(), &["adopt", "/"]).code, 2);
    // From the library's folder, or from here.
    for dir in ["old", "library/old"] {
        let ran = catalogue(folder.path(), &["adopt", dir]);
        assert_eq!((ran.code, &summary(&ran)["known"]), (0, &1.into()), "{ran:?}");
    }
    let gone = catalogue(folder.path(), &["adopt", "gone"]);
    assert!(gone.code == 2 && gone.err.contains("there is no folder gone"), "{gone:?}");
    let nowhere = run(folder.path(), &["catalogue", "--to", "nowhere", "adopt"]);
    assert!(nowhere.code == 2 && nowhere.err.contains("there is no folder"), "{nowhere:?}");
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn back_up_copies_and_replaces_nothing() {
    let (_camera, folder) = filled("1");
    let ran = catalogue(folder.path(), &["back-up", "copy.sqlite"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(fs::read(folder.path().join("copy.sqlite")).unwrap().starts_with(b"SQLite format 3"));
    let again = catalogue(folder.path(), &["back-up", "copy.sqlite"]);
    assert_eq!((again.code, again.err.matches("File exists").count()), (6, 1), "{again:?}");
    assert!(again.err.contains("help: choose another name"), "{again:?}");
}

#[test]
fn a_folder_that_is_no_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("library")).unwrap();
    fs::write(folder.path().join("library/a"), "").unwrap();
    let ran = catalogue(folder.path(), &["list"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    let error = &ran.of_kind("catalogue", "error")[0];
    assert_eq!(error["code"], "usage");
    assert!(error["help"].as_str().unwrap().contains("adopt"), "{error}");
}
