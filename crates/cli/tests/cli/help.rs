//! Help, completions, manual pages.

use crate::program::run;

#[test]
fn every_verb_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    for (verb, words) in [
        ("sync", &["--demo", "--dry-run", "--newest", "--since", "--only", "--watch", "RAF"][..]),
        ("ls", &["Handles", "--json", "select(.kind == \"object\")"]),
        ("info", &["versions", "how sure"]),
        ("receive", &["--count", "--wait", "_resized.JPG"]),
        ("get", &["--output", "--reduced", "-2"]),
        ("thumb", &["-thumb.jpg"]),
        ("settings", &["set", "iso=400", "only on the body", "select(.setting == \"iso\")"]),
        (
            "profile",
            &["save", "apply", "check", "show", "list", "./studio.toml", "on the body only"],
        ),
        ("live", &["--out", "--pipe", "--count", "| ffplay -f mjpeg", "| mpv", "640 x 480"]),
        ("shoot", &["--count", "--interval", "--focus", "--name-template", "AF-S", "Ctrl-C"]),
        ("focus", &["--hold", "AF-S", "Enter", "select(.kind == \"locked\")"]),
        ("movie", &["--for", "Ctrl-C", "end", "select(.kind == \"filming\")"]),
        ("geotag", &["--at", "--gpx", "--gpsd", "127.0.0.1:2947", "Bluetooth", "Files cannot be"]),
        (
            "timelapse",
            &["--interval", "--daily", "--sun", "--on-gap", "--fetch", "plan", "Exit code 1"],
        ),
        ("catalogue", &["list", "check", "adopt", "mark-known", "forget", "back-up"]),
        ("discover", &["--radio", "--all"]),
        ("join", &["--share", "--passphrase-file", "FILMWIRE_CAMERA", "filmwire join -- filmwire"]),
        ("doctor", &["step by step", "--radio", "filmwire join -- filmwire doctor"]),
        (
            "proxy",
            &["--to", "--record", "--bind", "all three ports", "before anything looks at it"],
        ),
        ("report", &["--no-doctor", "--out", "--wpa-file", "replaced", "Look into the archive"]),
        ("dissector", &["Wireshark", "-X lua_script", "fujiptp"]),
        ("sim", &["--model", "--fault", "--light", "--journal", "--list"]),
        (
            "decode",
            &[
                "pcapng",
                "--port",
                "--filter",
                "--stats",
                "--wpa-file",
                "--wpa-ask",
                "tcpdump -i wlan0",
            ],
        ),
        ("raw", &["--may-change-the-camera"]),
        ("config", &["check"]),
        ("completions", &["bash", "zsh", "fish"]),
        ("man", &["--out"]),
    ] {
        let ran = run(folder.path(), &[verb, "--help"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{verb}");
        for word in words.iter().chain(&["--camera", "Usage:"]) {
            assert!(ran.out.contains(word), "{verb}: {word}\n{}", ran.out);
        }
        assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{verb}");
    }
    let ran = run(folder.path(), &["settings", "set", "--help"]);
    for word in ["NAME=VALUE", "auto-6400", "1/125", "classic-chrome", "exit code 1"] {
        assert!(ran.out.contains(word), "{word}\n{}", ran.out);
    }
    assert!(ran.out.lines().all(|line| line.chars().count() < 100), "{}", ran.out);
}

#[test]
fn the_program_names_its_verbs_exit_codes_and_demonstration() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["--help"]);
    for word in ["sync", "Exit codes", "130", "sync --demo"] {
        assert!(ran.out.contains(word), "{word}");
    }
    let version = run(folder.path(), &["--version"]);
    assert_eq!(version.out.trim(), concat!("filmwire ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_and_manual_pages_are_made() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(folder.path(), &["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("mark-known"), "{shell}");
    }
    assert!(run(folder.path(), &["man"]).out.contains(".TH filmwire 1"));
    assert_eq!(run(folder.path(), &["man", "--out", "pages"]).code, 0);
    let pages = crate::camera::files(&folder.path().join("pages"));
    for page in
        ["filmwire.1", "filmwire-sync.1", "filmwire-catalogue-check.1", "filmwire-settings-set.1"]
    {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
}
