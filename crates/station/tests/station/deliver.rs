//! `deliver`.

use crate::program::{Simulated, run};

#[test]
fn what_failed_for_good_is_shown_and_sent_again_only_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(2, 1);
    let config = |command: &str| {
        let text = format!(
            "library = \"photos\"\n[cameras.a]\naddress = \"{}\"\n[targets.x]\nkind = \"exec\"\n\
             command = [\"/bin/sh\", \"-c\", \"{command}\"]\n",
            camera.address()
        );
        std::fs::write(folder.path().join("s.toml"), text).unwrap();
    };
    let words = |words: &[&str]| {
        let all: Vec<&str> = words.iter().copied().chain(["--config", "s.toml"]).collect();
        run(folder.path(), &all)
    };
    config("echo no such album >&2; exit 1");
    assert_eq!(words(&["run", "--once"]).code, 7);
    let ran = words(&["deliver", "status", "--json"]);
    assert_eq!(ran.code, 7);
    let target = &ran.of_kind("station-deliver", "target")[0];
    assert_eq!(target["states"]["failed"]["files"], 2);
    assert!(target["failed"][0]["text"].as_str().unwrap().contains("no such album"));
    let shown = words(&["deliver", "status"]).out;
    assert!(shown.starts_with("x: 2 failed (") && shown.contains("no such album"), "{shown}");
    config("exit 0");
    assert_eq!(words(&["run", "--once"]).code, 7, "not by itself");
    let ran = words(&["deliver", "retry", "x", "--json"]);
    assert_eq!(ran.of_kind("station-deliver", "retry")[0]["files"], 2);
    assert_eq!(words(&["run", "--once"]).code, 0);
    let ran = words(&["deliver", "status"]);
    assert!(ran.code == 0 && ran.out.starts_with("x: 2 proven ("), "{ran:?}");
}

#[test]
fn targets_are_tested_and_unknown_ones_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = "library = \"photos\"\n[targets.nas]\nkind = \"folder\"\npath = \"nas\"\n\
                  [targets.x]\nkind = \"exec\"\ncommand = [\"no-such-program-anywhere\"]\n";
    std::fs::write(folder.path().join("s.toml"), config).unwrap();
    let words = |words: &[&str]| {
        let all: Vec<&str> = words.iter().copied().chain(["--config", "s.toml"]).collect();
        run(folder.path(), &all)
    };
    assert_eq!(words(&["deliver", "status"]).code, 2, "no library yet");
    assert_eq!(words(&["run", "--once"]).code, 0, "nothing is queued");
    let ran = words(&["deliver", "test", "--json"]);
    assert_eq!(ran.code, 7);
    let tests = ran.of_kind("station-deliver", "test");
    assert_eq!((tests.len(), &tests[0]["usable"]), (2, &false.into()));
    assert!(tests[1]["text"].as_str().unwrap().contains("no-such-program-anywhere"));
    let ran = words(&["deliver", "test", "nsa"]);
    assert!(ran.code == 2 && ran.err.contains("choose from nas, x"), "{ran:?}");
}

#[test]
fn what_changed_in_the_library_or_at_a_target_is_found_and_brought_again() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(3, 1);
    let text = format!(
        "library = \"photos\"\n[cameras.a]\naddress = \"{}\"\n\
         [targets.nas]\nkind = \"folder\"\npath = \"nas\"\nmake = true\n",
        camera.address()
    );
    std::fs::write(folder.path().join("s.toml"), text).unwrap();
    let words = |words: &[&str]| {
        let all: Vec<&str> =
            words.iter().copied().chain(["--json", "--config", "s.toml"]).collect();
        run(folder.path(), &all)
    };
    let verify = |more: &[&str]| {
        let ran = words(&[&["verify"], more].concat());
        let summary = ran.of_kind("station-verify", "summary").remove(0);
        (ran.code, summary["right"].as_u64().unwrap(), summary["wrong"].as_u64().unwrap())
    };
    assert_eq!(words(&["run", "--once"]).code, 0);
    assert_eq!(verify(&[]), (0, 3, 0));
    let photo = |place: &str, number: u32| {
        folder.path().join(place).join(format!("2026/2026-05-14/DSCF000{number}.JPG"))
    };
    std::fs::remove_file(photo("nas", 1)).unwrap();
    assert_eq!(verify(&[]), (8, 2, 1));
    assert_eq!(words(&["deliver", "status"]).code, 0, "it only looked");
    assert_eq!(verify(&["--again", "nas"]), (8, 2, 1));
    assert_eq!(words(&["deliver", "status"]).code, 7);
    assert_eq!(words(&["run", "--once"]).code, 0);
    assert_eq!(verify(&[]), (0, 3, 0));
    std::fs::write(photo("photos", 2), "not a photo any more").unwrap();
    assert_eq!(verify(&["--targets-only"]), (0, 3, 0));
    let ran = words(&["verify"]);
    let findings = ran.of_kind("station-verify", "finding");
    assert_eq!((ran.code, findings.len()), (8, 1));
    assert_eq!(findings[0]["target"], serde_json::Value::Null);
    std::fs::remove_dir_all(folder.path().join("nas")).unwrap();
    assert_eq!(words(&["verify", "--targets-only"]).code, 7);
}

#[test]
fn a_target_has_names_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(2, 1);
    let text = format!(
        "library = \"photos\"\n[cameras.a]\naddress = \"{}\"\n\
         [targets.nas]\nkind = \"folder\"\npath = \"nas\"\nmake = true\n\
         name_template = \"{{model}}/{{date:%m}}_{{name}}\"\n",
        camera.address()
    );
    std::fs::write(folder.path().join("s.toml"), text).unwrap();
    let words = |words: &[&str]| {
        let all: Vec<&str> =
            words.iter().copied().chain(["--json", "--config", "s.toml"]).collect();
        run(folder.path(), &all)
    };
    let ran = words(&["run", "--once"]);
    let mut placed: Vec<_> = ran.of_kind("station-run", "delivered");
    placed.sort_by_key(|line| line["path"].to_string());
    assert_eq!(placed[0]["path"], "2026/2026-05-14/DSCF0001.JPG", "{ran:?}");
    assert_eq!(placed[0]["placed"], "X-T2/05_DSCF0001.JPG");
    assert!(folder.path().join("nas/X-T2/05_DSCF0002.JPG").exists());
    assert_eq!(words(&["verify"]).code, 0);
}
