//! The main job.

use std::fs;

use filmwire_codec::journal::Verdict;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::media::exif::Gps;

use crate::camera::{Camera, files};
use crate::program::{Ran, run};

fn sync(camera: &Camera, folder: &std::path::Path, words: &[&str]) -> Ran {
    let base = ["sync", "--camera", &camera.address, "--to", "library", "--json"];
    run(folder, &[&base, words].concat())
}

fn summary(ran: &Ran) -> serde_json::Value {
    ran.of_kind("sync", "summary").pop().unwrap_or_else(|| panic!("no summary: {ran:?}"))
}

/// `seen = new + known + skipped + failed`.
fn adds_up(summary: &serde_json::Value) -> bool {
    let number = |name: &str| summary[name].as_u64().unwrap();
    let skipped: u64 =
        summary["skipped"].as_object().unwrap().values().filter_map(|count| count.as_u64()).sum();
    number("seen") == number("new") + number("known") + skipped + number("failed")
}

#[test]
fn all_that_is_new_comes_once() {
    let camera = Camera::start(&["--photos", "6", "--films", "1"]);
    let folder = tempfile::tempdir().unwrap();
    let first = sync(&camera, folder.path(), &[]);
    assert_eq!(first.code, 0, "{first:?}");
    let totals = summary(&first);
    assert_eq!((&totals["new"], &totals["seen"]), (&7.into(), &7.into()));
    assert!(adds_up(&totals), "{totals}");
    assert!(totals["out_of_reach"].as_str().unwrap().contains("RAF"));
    assert_eq!(files(&folder.path().join("library")).len(), 7);
    assert_eq!(first.of_kind("sync", "published").len(), 7);
    assert_eq!(first.of_kind("sync", "camera-free").len(), 1);
    let manifest = folder.path().join("library").join(totals["manifest"].as_str().unwrap());
    assert!(fs::read_to_string(manifest).unwrap().contains("DSCF0001.JPG"));

    let second = sync(&camera, folder.path(), &[]);
    assert_eq!(second.code, 0, "{second:?}");
    let totals = summary(&second);
    assert_eq!((&totals["new"], &totals["known"]), (&0.into(), &7.into()));
    assert!(totals["operations"].as_u64().unwrap() < 60);
    let rows = camera.left();
    assert!(rows.iter().all(|row| row.verdict == Verdict::Allowed));
}

#[test]
fn people_read_totals_and_where_the_photos_are() {
    let camera = Camera::start(&["--photos", "3"]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["sync", "--camera", &camera.address, "--to", "library"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in ["3 files", "out of reach", "photos in", "library", "DSCF0003.JPG"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(ran.err.contains("may be switched off") && ran.err.contains("Made a new library"));
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    // No terminal, no bars, no colours.
    assert!(!ran.err.contains('\x1b') && !ran.out.contains('\x1b'));
    let again = run(folder.path(), &words);
    assert!(again.out.contains("nothing"), "{}", again.out);
    let quiet = run(folder.path(), &[&words[..], &["--quiet", "--full"]].concat());
    assert_eq!((quiet.code, quiet.out.as_str(), quiet.err.as_str()), (0, "", ""));
}

#[test]
fn a_dry_run_names_everything_and_writes_nothing() {
    let camera = Camera::start(&["--photos", "3"]);
    let folder = tempfile::tempdir().unwrap();
    let dry = sync(&camera, folder.path(), &["--dry-run"]);
    assert_eq!(dry.code, 0, "{dry:?}");
    let mut planned: Vec<_> = dry
        .of_kind("sync", "started")
        .iter()
        .map(|line| line["path"].as_str().unwrap().to_owned())
        .collect();
    planned.sort();
    assert_eq!(planned.len(), 3);
    // Not even a library; and what it would be is said.
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    let library = &dry.of_kind("sync", "library")[0];
    assert!(library["path"].as_str().unwrap().ends_with("library") && library["id"].is_null());
    assert!(summary(&dry)["library"].as_str().unwrap().ends_with("library"));
    fs::create_dir(folder.path().join("library")).unwrap();
    let words = ["sync", "--camera", &camera.address, "--to", "library", "--dry-run"];
    let text = run(folder.path(), &words);
    assert!(text.err.contains("would make a new library in"), "{text:?}");
    assert!(fs::read_dir(folder.path().join("library")).unwrap().next().is_none());
    assert_eq!(sync(&camera, folder.path(), &[]).code, 0);
    assert_eq!(files(&folder.path().join("library")), planned);
}

#[test]
fn choices_of_what_to_fetch_are_kept() {
    let camera = Camera::start(&["--photos", "4", "--films", "1"]);
    let count = |words: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let ran = sync(&camera, folder.path(), words);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(adds_up(&summary(&ran)), "{ran:?}");
        files(&folder.path().join("library"))
    };
    assert_eq!(count(&["--only", "mov"]).len(), 1);
    assert_eq!(count(&["--newest", "2"]).len(), 2);
    assert_eq!(count(&["--since", "2100-01-01"]).len(), 0);
    let named = count(&["--only", "jpg", "--name-template", "{model}/{stem}.{ext}"]);
    assert_eq!(named.len(), 4);
    assert!(named.iter().all(|name| name.starts_with("X-T20/DSCF")), "{named:?}");
}

#[test]
fn an_object_the_camera_would_not_tell_of_is_told_and_counts_as_failed() {
    let camera = Camera::start(&["--photos", "3", "--fault", "refuse=GetObjectInfo#2:0x2002"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = sync(&camera, folder.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let skipped = ran.of_kind("sync", "skipped");
    assert_eq!(skipped.len(), 1, "{ran:?}");
    assert_eq!((&skipped[0]["handle"], &skipped[0]["reason"]), (&2.into(), &"unreadable".into()));
    let totals = summary(&ran);
    assert!(adds_up(&totals), "{totals}");
    assert_eq!((&totals["outcome"], &totals["new"]), (&"some-failed".into(), &2.into()));
    assert_eq!(totals["received_bytes"], totals["bytes"]);
    let camera = Camera::start(&["--photos", "3", "--fault", "refuse=GetObjectInfo#2:0x2002"]);
    let words = ["sync", "--camera", &camera.address, "--to", "other"];
    let text = run(folder.path(), &words);
    assert_eq!(text.code, 1, "{text:?}");
    assert!(text.err.contains("warning: object 2: the camera would not tell"), "{text:?}");
}

#[test]
fn a_count_that_is_not_believed_is_no_success() {
    let camera = Camera::start(&["--photos", "2", "--fault", "claim-count=100000"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = sync(&camera, folder.path(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let totals = summary(&ran);
    assert!(adds_up(&totals) && totals["skipped"]["not-listed"].as_u64() > Some(0), "{totals}");
}

#[test]
fn a_lost_connection_is_opened_again() {
    let camera = Camera::start(&["--photos", "4", "--fault", "cut-at=12000"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = sync(&camera, folder.path(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("sync", "link-lost").len(), 1);
    assert_eq!(files(&folder.path().join("library")).len(), 4);
    let totals = summary(&ran);
    assert!(adds_up(&totals), "{totals}");
    assert_eq!((&totals["new"], &totals["seen"]), (&4.into(), &4.into()), "{totals}");
}

#[test]
fn the_person_is_told_what_to_press() {
    let camera =
        Camera::start(&["--photos", "1", "--set", "ok=state_wait", "--set", "ok_after_ms=300"]);
    let folder = tempfile::tempdir().unwrap();
    let ran = sync(&camera, folder.path(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("Press OK"), "{ran:?}");
    let notices = ran.of_kind("sync", "notice");
    let words: Vec<_> = notices.iter().map(|line| line["notice"].as_str().unwrap()).collect();
    assert_eq!(words, ["press-ok", "accepted"]);
}

#[test]
fn a_configured_camera_has_its_own_key() {
    let camera = Camera::start(&["--photos", "2"]);
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "camera = \"studio\"\nto = \"photos\"\n[cameras.studio]\naddress = \"{}\"\n",
        camera.address
    );
    fs::write(folder.path().join("f.toml"), config).unwrap();
    let ran = run(folder.path(), &["--config", "f.toml", "sync", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let list = run(folder.path(), &["--config", "f.toml", "catalogue", "list", "--json"]);
    let entries = list.of_kind("catalogue", "entry");
    assert!(entries.len() == 2 && entries.iter().all(|entry| entry["camera"] == "studio"));
}

#[test]
fn a_demonstration_brings_its_own_camera() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["sync", "--demo", "--camera", "10.0.0.1"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    // Two of its photos are enough here; the environment must not lead it elsewhere.
    let words = ["sync", "--demo", "--newest", "2", "--json"];
    let ran = crate::program::run_with(
        folder.path(),
        &words,
        &[("FILMWIRE_CAMERA", "10.0.0.1"), ("FILMWIRE_TO", "/nowhere")],
    );
    assert_eq!(ran.code, 0, "{ran:?}");
    let demo = &ran.of_kind("sync", "demo")[0];
    assert!(demo["files"].as_u64().unwrap() >= 26 && demo["bytes"].as_u64().unwrap() > 100_000_000);
    assert_eq!(files(&folder.path().join("filmwire-demo")).len(), 2);
    let again = run(folder.path(), &words);
    assert_eq!(summary(&again)["new"], 0, "{again:?}");
}

#[test]
fn a_clock_that_is_wrong_is_told_at_the_end() {
    for (clock_ahead_s, words) in [
        (192, Some("the camera's clock is 192 s ahead of GPS time;")),
        (-30, Some("the camera's clock is 30 s behind GPS time;")),
        (29, None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let card = folder.path().join("card/DCIM/100_FUJI");
        fs::create_dir_all(&card).unwrap();
        let gps = Some(Gps { utc_offset_minutes: -210, clock_ahead_s });
        let recipe = GenerateSpec { photos: 2, gps, ..GenerateSpec::default() };
        for object in Card::generated(&recipe).objects() {
            fs::write(card.join(&object.name), object.read_at(0, usize::MAX).unwrap()).unwrap();
        }
        let camera = Camera::start(&["--card", folder.path().join("card").to_str().unwrap()]);
        let json = sync(&camera, folder.path(), &[]);
        assert_eq!(summary(&json)["clock_drift_s"], clock_ahead_s, "{json:?}");
        let words_of = ["sync", "--camera", &camera.address, "--to", "other"];
        let text = run(folder.path(), &words_of);
        assert_eq!(text.code, 0, "{text:?}");
        match words {
            Some(words) => assert!(text.out.contains(words), "{text:?}"),
            None => assert!(!text.out.contains("GPS"), "{text:?}"),
        }
    }
    let camera = Camera::start(&["--photos", "1"]);
    let folder = tempfile::tempdir().unwrap();
    assert!(summary(&sync(&camera, folder.path(), &[]))["clock_drift_s"].is_null());
}
