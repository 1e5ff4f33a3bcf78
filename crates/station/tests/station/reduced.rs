//! Smaller copies in a folder, from the camera on.

use crate::program::{Simulated, photos, run};

#[test]
fn photos_of_a_camera_become_smaller_copies() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(3, 1);
    let text = format!(
        "library = \"photos\"\n[cameras.a]\naddress = \"{}\"\n\
         [targets.album]\nkind = \"folder\"\npath = \"album\"\nmake = true\nphotos = \"reduced\"\n\
         size = 640\nname_template = \"{{model}}/{{name}}\"\n\
         [targets.nas]\nkind = \"folder\"\npath = \"nas\"\nmake = true\n\
         [prune]\ntargets = [\"nas\"]\nmin_age_days = 0\n",
        camera.address()
    );
    std::fs::write(folder.path().join("s.toml"), text).unwrap();
    let words = |words: &[&str]| {
        let all: Vec<&str> =
            words.iter().copied().chain(["--json", "--config", "s.toml"]).collect();
        run(folder.path(), &all)
    };
    let checked = words(&["config", "check"]);
    let line = &checked.of_kind("station-config", "config")[0];
    let said = line["targets"][0]["text"].as_str().unwrap();
    assert!(said.contains("smaller copies of 640 pixels, proven by reading back"), "{said}");
    let ran = words(&["run", "--once"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let delivered = ran.of_kind("station-run", "delivered");
    let proof = |target: &str| {
        let line = delivered.iter().find(|line| line["target"] == target).unwrap();
        line["proof"].as_str().unwrap().to_owned()
    };
    assert_eq!((delivered.len(), proof("album").as_str()), (6, "smaller copy read back"));
    assert_eq!(proof("nas"), "SHA-256 read back");
    let album = folder.path().join("album");
    let copy = album.join("X-T2/DSCF0001.JPG");
    let bytes = std::fs::read(&copy).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(holds(b"filmwire copy\nof ") && !holds(b"Exif"), "it tells no place, no serial number");
    assert_eq!((photos(&album).len(), photos(&folder.path().join("nas")).len()), (3, 3));

    let status = words(&["deliver", "status"]).of_kind("station-deliver", "target");
    let reduced: Vec<_> = status.iter().map(|line| line["reduced"].as_bool().unwrap()).collect();
    assert_eq!(reduced, [true, false]);
    let shown = run(folder.path(), &["deliver", "status", "--config", "s.toml"]).out;
    assert!(shown.contains("gets smaller copies, of jpeg files alone"), "{shown}");

    // The photos go; the copies are right still, and are missed when they are gone.
    let ran = words(&["prune", "--yes"]);
    assert_eq!((ran.code, ran.of_kind("station-prune", "freed").len()), (0, 3));
    let log = words(&["prune", "--log"]).of_kind("station-prune", "log");
    assert!(log.iter().all(|line| line["kept_at"].to_string().contains("nas: ")), "{log:?}");
    assert!(!log.iter().any(|line| line["kept_at"].to_string().contains("album")), "{log:?}");
    assert_eq!(words(&["verify"]).code, 0);
    let mut rotten = bytes;
    let middle = rotten.len() / 2;
    rotten[middle] ^= 1;
    std::fs::write(&copy, rotten).unwrap();
    let ran = words(&["verify"]);
    let findings = ran.of_kind("station-verify", "finding");
    assert_eq!((ran.code, findings.len(), &findings[0]["target"]), (8, 1, &"album".into()));
}
