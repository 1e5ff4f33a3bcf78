//! `sim --replay`: a client meets what was recorded, and gets the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use filmwire_codec::journal::JournalRow;
use rustix::process::Signal;

use crate::camera::{Camera, files, signal, wait};
use crate::program::{Ran, command, run};
use crate::schema;

const FILE: &str = "session.pcapng";

/// A folder with the recording of a camera that these words make, and what was done with it.
struct Recorded {
    folder: tempfile::TempDir,
    ran: Vec<Ran>,
    rows: Vec<JournalRow>,
}

/// Runs verbs through a proxy that records, each in a folder of its number.
fn record(words: &[&str], verbs: &[&[&str]]) -> Recorded {
    let (camera, folder) = (Camera::start(words), tempfile::tempdir().unwrap());
    let all = ["proxy", "--json", "--to", &camera.address, "--bind", "127.0.0.1:0"];
    let words = [&all[..], &["--record", FILE]].concat();
    let mut proxy = command(folder.path(), &words).spawn().unwrap();
    let mut out = BufReader::new(proxy.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let told = schema::lines("proxy", &line).pop().unwrap();
    let ran = run_all(&folder.path().join("camera"), told["address"].as_str().unwrap(), verbs);
    let rows = camera.left();
    signal(&proxy, Signal::INT);
    out.read_to_string(&mut line).unwrap();
    assert_eq!(wait(&mut proxy), 0);
    Recorded { folder, ran, rows }
}

fn run_all(folder: &Path, address: &str, verbs: &[&[&str]]) -> Vec<Ran> {
    let run_one = |(number, verb): (usize, &&[&str])| {
        let at = folder.join(number.to_string());
        fs::create_dir_all(&at).unwrap();
        run(&at, &[&["--camera", address], *verb].concat())
    };
    verbs.iter().enumerate().map(run_one).collect()
}

impl Recorded {
    fn replay(&self, words: &[&str]) -> Camera {
        let file = self.folder.path().join(FILE);
        Camera::start(&[&["--replay", file.to_str().unwrap()], words].concat())
    }

    /// Files with their bytes, of what the camera or its replay gave.
    fn files(&self, of: &str) -> BTreeMap<String, Vec<u8>> {
        let folder = self.folder.path().join(of);
        let with_bytes = |name: String| {
            let bytes = fs::read(folder.join(&name)).unwrap();
            (name, bytes)
        };
        files(&folder).into_iter().map(with_bytes).collect()
    }
}

/// What was said, but for ids and times.
fn said(rows: &[JournalRow]) -> Vec<(u16, Vec<u32>, Vec<u8>, u64, Option<u16>)> {
    let rows = rows.iter().filter(|row| row.operation != 0);
    rows.map(|row| {
        // Parameters of those are ids.
        let params = match row.operation {
            0x1002 | 0x1018 | 0x9021 => Vec::new(),
            _ => row.params.clone(),
        };
        (row.operation, params, row.value.clone(), row.length, row.response)
    })
    .collect()
}

fn unknown(rows: &[JournalRow]) -> Vec<&JournalRow> {
    rows.iter().filter(|row| row.note.contains("not in the recording")).collect()
}

#[test]
fn the_same_verbs_get_the_same_again() {
    let verbs: &[&[&str]] = &[
        &["info"],
        &["ls"],
        &["get", "1", "2", "--to", "pictures"],
        &["thumb", "1", "--to", "thumbs"],
        &["sync", "--to", "library"],
    ];
    for model in ["X-T4", "X-T20", "X100VI"] {
        let words = ["--photos", "3", "--films", "1", "--model", model];
        let recorded = record(&words, verbs);
        let replay = recorded.replay(&[]);
        let again = run_all(&recorded.folder.path().join("replay"), &replay.address, verbs);
        let rows = replay.left();
        for (number, (ran, again)) in recorded.ran.iter().zip(&again).enumerate() {
            let verb = &verbs[number];
            assert_eq!(ran.code, 0, "{model} {verb:?}: {ran:?}");
            assert_eq!(again.code, 0, "{model} {verb:?}: {again:?} {:?}", unknown(&rows));
        }
        assert_eq!(again[0].out, recorded.ran[0].out, "{model}");
        assert_eq!(again[1].out, recorded.ran[1].out, "{model}");
        assert_eq!(said(&rows), said(&recorded.rows), "{model}");
        let pictures = |of: &str| {
            let mut files = recorded.files(of);
            files.retain(|name, _| !name.ends_with(".json"));
            files
        };
        assert!(pictures("camera").len() >= 7, "{:?}", pictures("camera").keys());
        assert!(pictures("camera") == pictures("replay"), "{model}");
    }
}
