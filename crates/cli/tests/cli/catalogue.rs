//! What the library knows.

use std::fs;
use std::path::Path;

use filmwire_catalogue::{Library, OpenOptions};
use filmwire_sim::card::{Card, GenerateSpec};

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

/// A RAW+JPEG card in a folder, and a library that has fetched the JPEGs of it.
fn pairs(folder: &Path) -> Camera {
    let card = folder.join("card/DCIM/100_FUJI");
    fs::create_dir_all(&card).unwrap();
    let recipe = GenerateSpec { photos: 2, raw_pairs: 2, ..GenerateSpec::default() };
    for object in Card::generated(&recipe).objects() {
        fs::write(card.join(&object.name), object.read_at(0, usize::MAX).unwrap()).unwrap();
    }
    let camera = Camera::start(&["--card", folder.join("card").to_str().unwrap()]);
    let ran = run(folder, &["sync", "--camera", &camera.address, "--to", "library"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(files(&folder.join("library")).len(), 2);
    camera
}

#[test]
fn adopt_from_a_card_reader_joins_raw_files_with_their_jpegs() {
    let folder = tempfile::tempdir().unwrap();
    let _camera = pairs(folder.path());
    let from = ["adopt", "--from", "card"];
    let ran = catalogue(folder.path(), &from);
    assert_eq!(ran.code, 0, "{ran:?}");
    let totals = summary(&ran);
    let counts = |name: &str| totals[name].as_u64().unwrap();
    assert_eq!(["learnt", "known", "joined", "left"].map(counts), [2, 2, 2, 0]);
    for line in ran.of_kind("catalogue", "adopted") {
        let (path, joined) = (line["path"].as_str().unwrap(), line["joined"].as_str().unwrap());
        assert_eq!(path.strip_suffix(".RAF"), joined.strip_suffix(".JPG"));
        assert!(line["from"].as_str().unwrap().contains("card/DCIM/100_FUJI"), "{line}");
        assert!(folder.path().join("library").join(path).is_file());
    }
    assert!(folder.path().join("library").join(totals["manifest"].as_str().unwrap()).is_file());
    assert_eq!(files(&folder.path().join("card")).len(), 4, "the card is only read");
    assert_eq!(catalogue(folder.path(), &["check", "--deep"]).code, 0);

    let again = catalogue(folder.path(), &from);
    let totals = summary(&again);
    assert_eq!((again.code, &totals["learnt"], &totals["joined"]), (0, &0.into(), &0.into()));
    assert!(totals["manifest"].is_null() && again.of_kind("catalogue", "adopted").is_empty());
    assert_eq!(files(&folder.path().join("library")).len(), 4);
}

#[test]
fn adopt_says_in_words_what_was_joined_and_what_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let _camera = pairs(folder.path());
    let card = folder.path().join("card/DCIM/100_FUJI");
    fs::copy(card.join("DSCF0001.RAF"), folder.path().join("library/DSCF0001.RAF")).unwrap();
    let here = run(folder.path(), &["catalogue", "--to", "library", "adopt"]);
    assert_eq!(here.code, 0, "{here:?}");
    assert!(here.out.contains("  DSCF0001.RAF  joined with 2026/2026-05-14/DSCF0001.JPG"));
    let whole = fs::read(card.join("DSCF0002.RAF")).unwrap();
    fs::write(card.join("DSCF0002.RAF"), &whole[..whole.len() / 2]).unwrap();
    let from = ["catalogue", "--to", "library", "adopt", "--from", "card"];
    let left = run(folder.path(), &from);
    assert_eq!(left.code, 1, "{left:?}");
    assert!(left.err.contains("DSCF0002.RAF stays there: its structure is broken"), "{left:?}");
    let json = catalogue(folder.path(), &["adopt", "--from", "card"]);
    assert_eq!((json.code, json.of_kind("catalogue", "left").len()), (1, 1), "{json:?}");
}

#[test]
fn adopt_says_which_raw_files_fit_several_jpegs() {
    let folder = tempfile::tempdir().unwrap();
    let _camera = pairs(folder.path());
    let library = folder.path().join("library");
    let card = folder.path().join("card/DCIM/100_FUJI");
    fs::copy(card.join("DSCF0001.JPG"), library.join("DSCF0001.JPG")).unwrap();
    let ran = catalogue(folder.path(), &["adopt"]);
    assert_eq!((ran.code, &summary(&ran)["learnt"]), (0, &1.into()), "{ran:?}");
    let ran = catalogue(folder.path(), &["adopt", "--from", "card"]);
    let lines = ran.of_kind("catalogue", "adopted");
    assert_eq!((ran.code, lines.len(), &summary(&ran)["ambiguous"]), (0, 2, &1.into()), "{ran:?}");
    assert_eq!((&lines[0]["joined"], &lines[0]["fitting"]), (&().into(), &2.into()), "{ran:?}");
    assert!(lines[1]["joined"].is_string(), "{ran:?}");
}

#[test]
fn adopt_from_refuses_what_makes_no_sense() {
    let folder = tempfile::tempdir().unwrap();
    let _camera = pairs(folder.path());
    for (from, text) in [
        ("library/2026", "lie in one another"),
        (".", "lie in one another"),
        ("gone", "there is no folder gone"),
    ] {
        let ran = catalogue(folder.path(), &["adopt", "--from", from]);
        assert!(ran.code == 2 && ran.err.contains(text), "{ran:?}");
    }
    assert_eq!(catalogue(folder.path(), &["adopt", "2026", "--from", "card"]).code, 2);
    // A new library may be made of a card.
    let new = run(folder.path(), &["catalogue", "--to", "new", "adopt", "--from", "card"]);
    assert_eq!((new.code, files(&folder.path().join("new")).len()), (0, 4), "{new:?}");
    let other = run(folder.path(), &["catalogue", "--to", "card", "adopt", "--from", "new"]);
    assert_eq!(other.code, 2, "a folder of other files is no library yet: {other:?}");
}
