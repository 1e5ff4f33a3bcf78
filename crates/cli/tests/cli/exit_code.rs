//! Every exit code, reached.

use filmwire_catalogue::{Create, Library, OpenOptions};

use crate::camera::{Camera, files, nobody};
use crate::program::{Ran, run, run_with};

fn check(ran: &Ran, verb: &str, code: i32, word: &str) {
    assert_eq!(ran.code, code, "{ran:?}");
    let error = &ran.of_kind(verb, "error")[0];
    assert_eq!((&error["exit"], &error["code"]), (&code.into(), &word.into()));
    assert!(error["help"].as_str().is_some_and(|help| !help.is_empty()), "{ran:?}");
    assert!(ran.err.contains("error: "), "{ran:?}");
}

#[test]
fn one_when_some_items_failed() {
    let camera = Camera::start(&["--photos", "2"]);
    let folder = tempfile::tempdir().unwrap();
    let ran =
        run(folder.path(), &["--camera", &camera.address, "--json", "get", "1", "NOPE", "99"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.of_kind("get", "failed").len(), 2);
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn two_for_the_command_line_and_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    check(&run(folder.path(), &["ls", "--json", "--nonsense"]), "ls", 2, "usage");
    check(&run(folder.path(), &["ls", "--json", "--camera", "a b"]), "ls", 2, "usage");
    check(&run(folder.path(), &["ls", "--json", "--camera", "1:2:3:4"]), "ls", 2, "usage");
    check(&run(folder.path(), &["ls", "--json", "--config", "none.toml"]), "ls", 2, "usage");
    for words in [&["sync", "--since", "soon"][..], &["sync", "--only", "exe"], &["nonsense"], &[]]
    {
        assert_eq!(run(folder.path(), words).code, 2, "{words:?}");
    }
}

#[test]
fn three_when_no_camera_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = nobody();
    for verb in ["ls", "info", "doctor"] {
        let ran = run(folder.path(), &["--camera", &nobody, verb]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.err.contains("error: no camera at") && ran.err.contains("help: "), "{ran:?}");
    }
    let ran = run(folder.path(), &["--camera", &nobody, "sync", "--to", "library", "--json"]);
    check(&ran, "sync", 3, "no-camera");
    // A summary ends every run.
    assert_eq!(ran.lines("sync").pop().unwrap()["outcome"], "no-camera");
}

#[test]
fn four_when_the_camera_refuses() {
    let camera = Camera::start(&["--photos", "1", "--fault", "refuse=OpenSession:0x2019"]);
    let folder = tempfile::tempdir().unwrap();
    let ls = run(folder.path(), &["--camera", &camera.address, "ls", "--json"]);
    check(&ls, "ls", 4, "refused");
    let words = ["--camera", &camera.address, "sync", "--to", "library", "--json"];
    check(&run(folder.path(), &words), "sync", 4, "refused");
    camera.left();
}

#[test]
fn five_when_the_library_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
    let library = Library::open(&folder.path().join("library"), options).unwrap();
    let _lock = library.lock().unwrap();
    let nobody = nobody();
    let words = ["sync", "--json", "--to", "library", "--camera", &nobody];
    let ran = run(folder.path(), &words);
    check(&ran, "sync", 5, "locked");
    assert!(ran.err.contains("process"), "{ran:?}");
}

#[test]
fn six_when_local_storage_fails() {
    let folder = tempfile::tempdir().unwrap();
    let id = [("FILMWIRE_LIBRARY_ID", "0123456789abcdef0123456789abcdef")];
    // The share with this library is not mounted.
    let ran = run_with(folder.path(), &["sync", "--json", "--to", "share"], &id);
    check(&ran, "sync", 6, "storage");
    assert!(!folder.path().join("share").exists());
}

#[test]
fn eight_when_a_check_finds_a_mismatch() {
    let camera = Camera::start(&["--photos", "1"]);
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["sync", "--camera", &camera.address, "--to", "library"]);
    let library = folder.path().join("library");
    std::fs::remove_file(library.join(&files(&library)[0])).unwrap();
    assert_eq!(run(folder.path(), &["catalogue", "--to", "library", "check"]).code, 8);
}
