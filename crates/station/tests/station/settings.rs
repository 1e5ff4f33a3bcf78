//! `config check`, help and pages.

use crate::program::run;

/// The indented lines of the help's example.
fn example(help: &str) -> String {
    let text = help.split_once("every line may be left out:\n").unwrap().1;
    text.lines()
        .map_while(|line| line.strip_prefix("  ").or_else(|| line.is_empty().then_some("")))
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn the_example_of_the_help_and_of_the_guide_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["config", "check", "--help"]).out;
    let example = example(&help);
    assert!(example.contains("[targets.web]"), "{example}");
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/station.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let in_guide = guide.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    for (name, text) in [("help.toml", example.as_str()), ("guide.toml", in_guide)] {
        std::fs::write(folder.path().join(name), text).unwrap();
        let ran = run(folder.path(), &["config", "check", "--json", "--config", name]);
        assert_eq!(ran.code, 0, "{text}\n{}", ran.err);
        let line = &ran.of_kind("station-config", "config")[0];
        let cameras = line["cameras"].as_array().unwrap();
        let studio = cameras.iter().find(|camera| camera["name"] == "studio").unwrap();
        assert_eq!(studio["address"], "192.168.0.1:55740%wlan1");
        let targets = text.matches("[targets.").count();
        assert!(targets >= 2);
        assert_eq!(line["targets"].as_array().unwrap().len(), targets);
        // Nothing but the secrets that the help's example has in files of their own.
        let names = [
            "holiday.passphrase",
            "cloud.password",
            "nas.password",
            "ftp.password",
            "site.secret",
            "s3.key",
        ];
        let files = names.map(|name| format!("/etc/filmwire/{name}"));
        let named: Vec<_> = files.iter().filter(|file| text.contains(file.as_str())).collect();
        let lacks = line["lacks"].as_array().unwrap();
        assert_eq!(lacks.len(), named.len(), "{lacks:?}");
        for (lack, file) in lacks.iter().zip(named) {
            assert!(lack.as_str().unwrap().contains(file), "{lacks:?}");
        }
    }
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.toml"), "[targets.a]\nkind = \"folder\"\n").unwrap();
    let ran = run(folder.path(), &["run", "--once", "--config", "s.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("s.toml:1:1: missing field `path`"), "{}", ran.err);
    assert!(ran.err.contains("filmwire-station config check --help"), "{}", ran.err);
}

#[test]
fn pages_are_made() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["completions", "bash"]).out.contains("filmwire-station"));
    assert_eq!(run(folder.path(), &["man", "--out", "m"]).code, 0);
    assert!(folder.path().join("m/filmwire-station-run.1").exists());
    assert_eq!(run(folder.path(), &["runn", "--json"]).code, 2);
}
