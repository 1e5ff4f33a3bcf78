//! `run --demo`.

use std::path::Path;

use crate::program::{photos, run};

#[test]
fn the_demo_plays_the_whole_cycle() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["run", "--demo", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let count = |kind: &str| ran.of_kind("station-run", kind).len();
    assert_eq!(count("fetched"), 8);
    assert_eq!(count("delivered"), 8);
    assert_eq!((count("gone"), count("served")), (2, 2));
    let states: Vec<_> = ran.of_kind("station-run", "state");
    assert_eq!(states[0]["state"], "fetching");
    assert!(states.iter().any(|line| line["state"] == "safe-to-switch-off"), "{states:?}");
    assert_eq!(states.last().unwrap()["state"], "waiting");
    let below = |name: &str| photos(&folder.path().join("filmwire-station-demo").join(name));
    assert_eq!(below("photos").len(), 8);
    assert_eq!(below("photos"), below("nas"));
    assert!(!folder.path().join(".local").exists(), "a demo leaves nothing elsewhere");
}

#[test]
fn a_demo_that_was_played_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let meta = Path::new("filmwire-station-demo/photos/.filmwire");
    std::fs::create_dir_all(folder.path().join(meta)).unwrap();
    let ran = run(folder.path(), &["run", "--demo"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is there already"), "{}", ran.err);
}
