//! The arrows between the workspace's packages, as `docs/design/README.md` draws them.
//!
//! A crate boundary is a rule the compiler keeps, as long as nobody adds an arrow unnoticed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Which of our packages each package may use: package, what its code uses, what its tests may use
/// besides. Arrows point at what is depended on.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("filmwire-codec", &[], &[]),
    ("filmwire-session", &["filmwire-codec"], &[]),
    ("filmwire-camera", &["filmwire-codec", "filmwire-session"], &["filmwire-sim"]),
    ("filmwire-catalogue", &[], &[]),
    // Files alone: neither how they came nor where they are kept.
    ("filmwire-photo", &[], &[]),
    (
        "filmwire-ingest",
        &["filmwire-camera", "filmwire-catalogue", "filmwire-codec", "filmwire-photo"],
        &["filmwire-sim"],
    ),
    // Fetching what was taken is ingest's, once it is wanted.
    // What comes of an original is looked at before it is called one.
    ("filmwire-shoot", &["filmwire-camera", "filmwire-codec", "filmwire-photo"], &["filmwire-sim"]),
    // Pictures and pages alone: neither whose they are nor where they go.
    ("filmwire-gallery", &[], &[]),
    // Files of a library and where they go; neither cameras nor their protocol.
    // Smaller copies are made of the JPEG that a raw file has inside, which only photo finds.
    ("filmwire-deliver", &["filmwire-catalogue", "filmwire-gallery", "filmwire-photo"], &[]),
    // Networks alone: what is spoken over them is not its affair.
    ("filmwire-link", &[], &[]),
    // The second opinion on the protocol: it shares bytes with the client, never beliefs.
    ("filmwire-sim", &["filmwire-codec"], &[]),
    // The wire as it was captured; it shares bytes with the client, never beliefs.
    // Its tests use its own stand-in for a network in the air.
    ("filmwire-trace", &["filmwire-codec"], &["filmwire-trace"]),
    // It reads captures and writes them; what a byte is, the codec tells.
    ("filmwire-redact", &["filmwire-codec", "filmwire-trace"], &[]),
    // It judges what the link sees; what is seen is not told twice, by two crates.
    ("filmwire-doctor", &["filmwire-camera", "filmwire-codec", "filmwire-link"], &["filmwire-sim"]),
    // How our programs speak; delivery stays out, for the tool does without.
    (
        "filmwire-program",
        &[
            "filmwire-camera",
            "filmwire-catalogue",
            "filmwire-codec",
            "filmwire-ingest",
            "filmwire-sim",
        ],
        &[],
    ),
    (
        "filmwire",
        &[
            "filmwire-camera",
            "filmwire-catalogue",
            "filmwire-codec",
            "filmwire-doctor",
            "filmwire-ingest",
            "filmwire-link",
            "filmwire-program",
            "filmwire-redact",
            "filmwire-shoot",
            "filmwire-sim",
            "filmwire-trace",
        ],
        &[],
    ),
    (
        "filmwire-station",
        &[
            "filmwire-camera",
            "filmwire-catalogue",
            "filmwire-deliver",
            "filmwire-ingest",
            "filmwire-link",
            "filmwire-program",
            "filmwire-sim",
        ],
        &[],
    ),
    (
        "filmwire-bench",
        &[
            "filmwire-camera",
            "filmwire-catalogue",
            "filmwire-codec",
            "filmwire-ingest",
            "filmwire-session",
            "filmwire-shoot",
            "filmwire-sim",
            // Opening Wi-Fi is measured beside its cipher piece by piece, in one process.
            "filmwire-trace",
        ],
        &[],
    ),
];

/// What a package must not pull in directly: no sockets or clocks where protocol logic lives, no
/// protocol in the catalogue, no terminal in libraries.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("filmwire-codec", &["tokio", "bytes", "socket2", "rusqlite", "clap", "indicatif"]),
    ("filmwire-session", &["tokio", "socket2", "rusqlite", "clap", "indicatif"]),
    ("filmwire-camera", &["rusqlite", "clap", "indicatif", "anyhow"]),
    ("filmwire-catalogue", &["tokio", "socket2", "clap", "indicatif", "anyhow"]),
    ("filmwire-photo", &["tokio", "socket2", "rusqlite", "clap", "indicatif", "anyhow"]),
    ("filmwire-gallery", &["tokio", "socket2", "rusqlite", "clap", "indicatif", "anyhow"]),
    ("filmwire-ingest", &["socket2", "clap", "indicatif", "anyhow"]),
    ("filmwire-shoot", &["rusqlite", "socket2", "clap", "indicatif", "anyhow"]),
    ("filmwire-deliver", &["rusqlite", "socket2", "clap", "indicatif", "anyhow"]),
    ("filmwire-link", &["rusqlite", "socket2", "clap", "indicatif", "anyhow"]),
    ("filmwire-sim", &["rusqlite", "clap", "indicatif", "anyhow"]),
    ("filmwire-trace", &["tokio", "rusqlite", "socket2", "clap", "indicatif", "anyhow"]),
    ("filmwire-redact", &["tokio", "rusqlite", "socket2", "clap", "indicatif", "anyhow"]),
    ("filmwire-doctor", &["rusqlite", "clap", "indicatif", "anyhow"]),
];

/// Direct dependencies of a package, apart for its code (build scripts too) and its tests.
#[derive(Default)]
struct Uses {
    code: BTreeSet<String>,
    tests: BTreeSet<String>,
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        // Inside a member, that member would count as the default one.
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn packages() -> BTreeMap<String, Uses> {
    let metadata = metadata();
    let list = metadata["packages"].as_array().expect("a list of packages");
    let uses = |package: &Value| {
        let mut uses = Uses::default();
        for dependency in package["dependencies"].as_array().expect("a list of dependencies") {
            let kind = if dependency["kind"] == "dev" { &mut uses.tests } else { &mut uses.code };
            kind.insert(text(&dependency["name"]));
        }
        uses
    };
    list.iter().map(|package| (text(&package["name"]), uses(package))).collect()
}

fn ours(names: &BTreeSet<String>) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str).filter(|name| name.starts_with("filmwire"))
}

#[test]
fn every_package_has_its_arrows_written_down() {
    let found: BTreeSet<String> = packages().into_keys().collect();
    let written: BTreeSet<String> =
        ARROWS.iter().map(|(package, ..)| (*package).to_owned()).collect();
    assert_eq!(found, written, "add the package to ARROWS and to docs/design/README.md");
}

#[test]
fn no_arrow_points_elsewhere() {
    let packages = packages();
    for (package, code, tests) in ARROWS {
        let Some(uses) = packages.get(*package) else { continue };
        for used in ours(&uses.code) {
            assert!(code.contains(&used), "{package} must not depend on {used}");
        }
        for used in ours(&uses.tests) {
            assert!(
                code.contains(&used) || tests.contains(&used),
                "the tests of {package} must not depend on {used}"
            );
        }
    }
}

#[test]
fn rooms_keep_out_what_does_not_belong_there() {
    let packages = packages();
    for (package, forbidden) in FORBIDDEN {
        let Some(uses) = packages.get(*package) else { continue };
        for used in *forbidden {
            assert!(!uses.code.contains(*used), "{package} must not use {used}");
        }
    }
}

#[test]
fn the_tool_alone_is_the_default_member() {
    let metadata = metadata();
    let members = metadata["workspace_default_members"].as_array().expect("a list of members");
    assert_eq!(members.len(), 1, "cargo run must know its program");
    assert!(text(&members[0]).contains("crates/cli"), "{}", members[0]);
}
