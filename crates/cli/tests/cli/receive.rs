//! `receive` against bodies whose person has picked pictures, or picks them when asked.

use crate::camera::{Camera, files};
use crate::program::{Ran, run};

fn receive(camera: &Camera, folder: &std::path::Path, words: &[&str]) -> Ran {
    let first = ["receive", "--json", "--to", "library", "--camera", &camera.address];
    run(folder, &[&first, words].concat())
}

#[test]
fn picked_pictures_come_until_the_camera_hangs_up() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&["--photos", "5", "--picked", "3"]);
    let ran = receive(&camera, folder.path(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("receive", "receiving")[0]["mode"], "picked");
    assert_eq!(ran.of_kind("receive", "published").len(), 3);
    let summary = &ran.of_kind("receive", "summary")[0];
    assert_eq!((&summary["new"], &summary["ended"]), (&3.into(), &"hung-up".into()));
    assert_eq!(files(&folder.path().join("library")).len(), 3);
    let check = run(folder.path(), &["catalogue", "check", "--deep", "--to", "library"]);
    assert_eq!(check.code, 0, "{check:?}");
}

#[test]
fn the_words_leave_open_whether_the_last_one_came() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&["--photos", "4", "--picked", "2"]);
    let words = ["receive", "--to", "library", "--camera", &camera.address];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("ended the transfer after 2 pictures"), "{ran:?}");
    assert!(ran.err.contains("does not tell whether"), "{ran:?}");
}

#[test]
fn resized_copies_are_named_so_and_sync_still_fetches_the_originals() {
    let folder = tempfile::tempdir().unwrap();
    // The card of the demonstration has pictures large enough.
    let camera = Camera::start(&["--picked", "1", "--set", "picked_resized=true"]);
    assert_eq!(receive(&camera, folder.path(), &[]).code, 0);
    let came = files(&folder.path().join("library"));
    assert!(came.len() == 1 && came.iter().all(|name| name.ends_with("_resized.JPG")), "{came:?}");
    let whole = Camera::start(&[]);
    let words = ["sync", "--newest", "1", "--json", "--to", "library", "--camera", &whole.address];
    let summary = run(folder.path(), &words).of_kind("sync", "summary").remove(0);
    assert_eq!((&summary["new"], &summary["known"]), (&1.into(), &0.into()), "{summary}");
}

#[test]
fn a_body_that_asks_its_person_waits_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&[
        "--model",
        "X-T10",
        "--photos",
        "3",
        "--receive",
        "--set",
        "choose_after_ms=50",
    ]);
    let ran = receive(&camera, folder.path(), &["--count", "2"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("receive", "receiving")[0]["mode"], "asked");
    assert_eq!(ran.of_kind("receive", "notice")[0]["notice"], "pick-pictures");
    let summary = &ran.of_kind("receive", "summary")[0];
    assert_eq!((&summary["new"], &summary["ended"]), (&2.into(), &"enough".into()));
}

#[test]
fn nobody_who_picks_is_no_camera_to_wait_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Camera::start(&["--model", "X-T10", "--photos", "3"]);
    let ran = receive(&camera, folder.path(), &["--wait", "1"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(ran.of_kind("receive", "error")[0]["code"], "refused");
}

#[test]
fn a_transfer_cut_inside_a_picture_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["--photos", "3", "--picked", "all", "--fault", "cut-at=18000"];
    let camera = Camera::start(&words);
    let ran = receive(&camera, folder.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let summary = &ran.of_kind("receive", "summary")[0];
    assert_eq!((&summary["ended"], &summary["failed"]), (&"cut".into(), &1.into()), "{summary}");
}
