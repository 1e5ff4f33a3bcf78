//! `prune`: shown first, done when told, and never a loss.

use std::path::Path;

use filmwire_catalogue::{Library, OpenOptions, Prunable};

use crate::program::{Ran, Simulated, photos, run};

const PRUNE: &str = "[prune]\ntargets = [\"nas\"]\nmin_age_days = 0\n";

fn words(folder: &Path, words: &[&str]) -> Ran {
    let all: Vec<&str> = words.iter().copied().chain(["--json", "--config", "s.toml"]).collect();
    run(folder, &all)
}

/// Three photos in the library and at the target.
fn stocked(camera: &Simulated, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "library = \"photos\"\n[cameras.a]\naddress = \"{}\"\n\
         [targets.nas]\nkind = \"folder\"\npath = \"nas\"\nmake = true\n{more}",
        camera.address()
    );
    std::fs::write(folder.path().join("s.toml"), text).unwrap();
    let ran = words(folder.path(), &["run", "--once"]);
    assert_eq!((ran.code, photos(&folder.path().join("nas")).len()), (0, 3), "{ran:?}");
    folder
}

#[test]
fn photos_go_when_told_and_do_not_come_back() {
    let camera = Simulated::new(3, 1);
    let folder = stocked(&camera, PRUNE);
    let (folder, own) = (folder.path(), folder.path().join("photos"));
    let ran = words(folder, &["prune"]);
    assert_eq!((ran.code, ran.of_kind("station-prune", "may-go").len()), (0, 3));
    assert_eq!(ran.of_kind("station-prune", "summary")[0]["dry"], true);
    assert_eq!(photos(&own).len(), 3, "it was only shown");
    let ran = words(folder, &["prune", "--yes"]);
    assert_eq!((ran.code, ran.of_kind("station-prune", "freed").len()), (0, 3));
    assert!(photos(&own).is_empty());
    assert_eq!(photos(&folder.join("nas")).len(), 3);
    // The camera still shows them; what is new comes.
    camera.server.simulator().with_card(|card| card.shoot(1));
    let ran = words(folder, &["run", "--once"]);
    assert_eq!((ran.code, ran.of_kind("station-run", "fetched").len()), (0, 1));
    let ran = words(folder, &["verify"]);
    assert_eq!((ran.code, &ran.of_kind("station-verify", "summary")[0]["right"]), (0, &4.into()));
    let log = words(folder, &["prune", "--log"]).of_kind("station-prune", "log");
    assert_eq!(log.len(), 3);
    let place = format!("nas: {}", log[0]["path"].as_str().unwrap());
    assert_eq!(log[0]["kept_at"], serde_json::json!([place]));
}

#[test]
fn a_photo_that_the_target_lost_stays() {
    let camera = Simulated::new(3, 1);
    let folder = stocked(&camera, PRUNE);
    let (folder, own) = (folder.path(), folder.path().join("photos"));
    std::fs::remove_file(folder.join("nas/2026/2026-05-14/DSCF0001.JPG")).unwrap();
    let ran = words(folder, &["prune", "--yes"]);
    assert_eq!(ran.code, 8, "{ran:?}");
    let kept = ran.of_kind("station-prune", "kept");
    assert_eq!(kept.len(), 1);
    assert!(kept[0]["path"].as_str().unwrap().ends_with("DSCF0001.JPG"));
    assert_eq!(photos(&own).len(), 1);
    std::fs::rename(folder.join("nas"), folder.join("away")).unwrap();
    let ran = words(folder, &["prune", "--yes"]);
    assert_eq!(
        (ran.code, &ran.of_kind("station-prune", "unusable")[0]["target"]),
        (7, &"nas".into())
    );
    assert_eq!(photos(&own).len(), 1);
}

#[test]
fn nothing_goes_unless_it_is_configured_and_old_enough() {
    let camera = Simulated::new(3, 1);
    let folder = stocked(&camera, "");
    assert_eq!(words(folder.path(), &["prune", "--yes"]).code, 2);
    let folder = stocked(&camera, "[prune]\ntargets = [\"nas\"]\n");
    let ran = words(folder.path(), &["prune", "--yes"]);
    assert_eq!((ran.code, ran.of_kind("station-prune", "freed").len()), (0, 0));
    assert_eq!(photos(&folder.path().join("photos")).len(), 3);
}

/// A process that died while it asked targets leaves a photo set aside.
#[test]
fn a_station_puts_back_what_was_cut() {
    let camera = Simulated::new(3, 1);
    let folder = stocked(&camera, "");
    let (own, meta) = (folder.path().join("photos"), folder.path().join("photos/.filmwire"));
    let library = Library::open(&own, OpenOptions::default()).unwrap();
    let catalogue = library.catalogue().unwrap();
    let targets = [catalogue.target_named("nas").unwrap().unwrap().id];
    let (proof, before) = ("SHA-256 read back", i64::MAX);
    let rule = Prunable { targets: &targets, copies: 1, proof, wanted_by: &targets, before };
    let file = catalogue.files(None, 1).unwrap().remove(0);
    let row = catalogue.begin_prune(file.id, rule, 0).unwrap().unwrap();
    let hash: String = file.sha256[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir(meta.join("pruning")).unwrap();
    let aside = meta.join(format!("pruning/{row}-{hash}"));
    std::fs::rename(library.absolute(&file.path), aside).unwrap();
    assert_eq!(photos(&own).len(), 2);
    assert_eq!(words(folder.path(), &["run", "--once"]).code, 0);
    assert_eq!(photos(&own).len(), 3);
    assert!(catalogue.open_prunings().unwrap().is_empty());
}
