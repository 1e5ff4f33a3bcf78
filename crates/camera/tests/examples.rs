//! The examples, run against a simulated camera on this computer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, SimOptions, SimServer};

const LIMIT: Duration = Duration::from_secs(60);

/// Cargo builds examples beside the tests, but only where no test is named.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap();
    let path = built.join("examples").join(name);
    assert!(path.exists(), "build it first: cargo build -p filmwire-camera --examples");
    path
}

/// What an example prints, run with these words against this body in `folder`.
async fn run(model: &str, picked: bool, words: &[&str], folder: &Path) -> String {
    let mut persona = Persona::builtin(model).unwrap();
    if picked {
        persona.set("camera_state", "1").unwrap();
    }
    let card = Card::generated(&GenerateSpec { photos: 3, ..GenerateSpec::default() });
    let server = SimServer::bind(SimOptions::new(persona, card)).await.unwrap();
    if picked {
        server.simulator().pick_all();
    }
    let address = server.addresses().command.to_string();
    let mut command = Command::new(example(words[0]));
    command.args(&words[1..]).arg(address).current_dir(folder);
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = tokio::time::timeout(LIMIT, ran).await.expect("it ends in time").unwrap();
    server.shutdown().await;
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn listing() {
    for words in [&["list"][..], &["blocking", "list"]] {
        let folder = tempfile::tempdir().unwrap();
        let out = run("X-T4", false, words, folder.path()).await;
        for name in ["DSCF0001.JPG", "DSCF0002.JPG", "DSCF0003.JPG"] {
            assert!(out.contains(name), "{words:?}: {out}");
        }
    }
}

#[tokio::test]
async fn fetching_the_newest_whichever_end_of_the_list_it_is_at() {
    for model in ["X-T4", "X100VI"] {
        for words in [&["newest"][..], &["blocking", "newest"]] {
            let folder = tempfile::tempdir().unwrap();
            run(model, false, words, folder.path()).await;
            assert_eq!(names(folder.path()), ["newest-DSCF0003.JPG"], "{model} {words:?}");
            let bytes = std::fs::read(folder.path().join("newest-DSCF0003.JPG")).unwrap();
            assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]));
        }
    }
}

#[tokio::test]
async fn thumbnails() {
    for words in [&["thumbs"][..], &["blocking", "thumbs"]] {
        let folder = tempfile::tempdir().unwrap();
        run("X-T4", false, words, folder.path()).await;
        let thumbs = names(folder.path());
        assert_eq!(thumbs, ["thumb-1.jpg", "thumb-2.jpg", "thumb-3.jpg"], "{words:?}");
    }
}

#[tokio::test]
async fn receiving() {
    for words in [&["receive"][..], &["blocking", "receive"]] {
        let folder = tempfile::tempdir().unwrap();
        run("X-T10", true, words, folder.path()).await;
        let came = names(folder.path());
        assert_eq!(came.len(), 3, "{words:?}: {came:?}");
        assert_eq!(came[0], "received-DSCF0001.JPG");
    }
}
