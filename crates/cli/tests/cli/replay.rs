//! `sim --replay`: a client meets what was recorded, and gets the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use filmwire_codec::journal::JournalRow;
use rustix::process::Signal;

use crate::camera::{Camera, files, signal, wait};
use crate::decode::session;
use crate::program::{Ran, command, run};
use crate::schema;

pub(crate) const FILE: &str = "session.pcapng";

/// A folder with the recording of a camera that these words make, and what was done with it.
pub(crate) struct Recorded {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) ran: Vec<Ran>,
    pub(crate) rows: Vec<JournalRow>,
}

/// Runs verbs through a proxy that records, each in a folder of its number.
pub(crate) fn record(words: &[&str], verbs: &[&[&str]]) -> Recorded {
    let camera = Camera::start(words);
    let (folder, ran) = record_from(&camera, verbs);
    let rows = camera.left();
    Recorded { folder, ran, rows }
}

/// The same with a camera that need not see a goodbye.
pub(crate) fn record_from(camera: &Camera, verbs: &[&[&str]]) -> (tempfile::TempDir, Vec<Ran>) {
    let folder = tempfile::tempdir().unwrap();
    let all = ["proxy", "--json", "--to", &camera.address, "--bind", "127.0.0.1:0"];
    let words = [&all[..], &["--record", FILE]].concat();
    let mut proxy = command(folder.path(), &words).spawn().unwrap();
    let mut out = BufReader::new(proxy.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let told = schema::lines("proxy", &line).pop().unwrap();
    let ran = run_all(&folder.path().join("camera"), told["address"].as_str().unwrap(), verbs);
    signal(&proxy, Signal::INT);
    out.read_to_string(&mut line).unwrap();
    assert_eq!(wait(&mut proxy), 0);
    (folder, ran)
}

pub(crate) fn run_all(folder: &Path, address: &str, verbs: &[&[&str]]) -> Vec<Ran> {
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

/// Operation, parameters, value, length and response.
pub(crate) type Said = (u16, Vec<u32>, Vec<u8>, u64, Option<u16>);

/// What was said, but for ids and times.
pub(crate) fn said(rows: &[JournalRow]) -> Vec<Said> {
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

#[test]
fn another_order_gets_the_same_pictures() {
    let recorded = record(
        &["--photos", "4", "--model", "X-T4"],
        &[
            &["get", "1", "2", "--to", "x"],
            &["get", "4", "--to", "x"],
            &["thumb", "3", "--to", "x"],
        ],
    );
    let replay = recorded.replay(&[]);
    let verbs: &[&[&str]] = &[
        &["thumb", "3", "--to", "x"],
        &["get", "4", "2", "--to", "x"],
        &["get", "1", "--to", "x"],
    ];
    for ran in run_all(&recorded.folder.path().join("replay"), &replay.address, verbs) {
        assert_eq!(ran.code, 0, "{ran:?} {:?}", unknown(&replay.journal()));
    }
    let by_name = |of: &str| -> BTreeMap<String, Vec<u8>> {
        let of_name =
            |(path, bytes): (String, Vec<u8>)| (path.rsplit('/').next().unwrap().to_owned(), bytes);
        recorded.files(of).into_iter().map(of_name).collect()
    };
    assert_eq!(by_name("camera").len(), 4);
    assert!(by_name("camera") == by_name("replay"));
}

#[test]
fn remote_shooting_has_its_events_previews_and_live_view_again() {
    let verbs: &[&[&str]] = &[
        &["settings", "--json"],
        &[
            "shoot",
            "--count",
            "3",
            "--interval",
            "100ms",
            "--to",
            "frames",
            "--name-template",
            "p{number}",
        ],
        &["live", "--count", "5", "--out", "live"],
        &["settings", "set", "iso=400"],
    ];
    let words = ["--photos", "1", "--model", "X-T4", "--allow", "shoot,settings"];
    let recorded = record(&words, verbs);
    for ran in &recorded.ran {
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let replay = recorded.replay(&[]);
    let again = run_all(&recorded.folder.path().join("replay"), &replay.address, verbs);
    let rows = replay.left();
    for ran in &again {
        assert_eq!(ran.code, 0, "{ran:?} {:?}", unknown(&rows));
    }
    assert_eq!((&again[0].out, &again[3].out), (&recorded.ran[0].out, &recorded.ran[3].out));
    let kept = |of: &str, folder: &str| {
        let mut files = recorded.files(of);
        files.retain(|name, _| name.contains(folder) && !name.ends_with(".json"));
        files
    };
    let (previews, again) = (kept("camera", "frames"), kept("replay", "frames"));
    assert!(previews.len() == 3 && previews == again, "{:?} {:?}", previews.keys(), again.keys());
    // Their names have times; the recording goes round if the client wants more than it has.
    let (seen, again) = (kept("camera", "live"), kept("replay", "live"));
    let seen: Vec<&Vec<u8>> = seen.values().collect();
    assert!(again.len() == 5 && again.values().all(|frame| seen.contains(&frame)));
    let on =
        run_all(&recorded.folder.path().join("on"), &replay.address, &[&["live", "--count", "40"]]);
    assert_eq!(on[0].code, 0, "{on:?}");
}

#[test]
fn pictures_that_were_picked_come_again_and_end_where_they_ended() {
    let receive: &[&[&str]] = &[&["receive", "--json", "--to", "library"]];
    for words in [&["--photos", "5", "--picked", "3"][..], &["--photos", "3", "--receive"]] {
        let fast = ["--set", "choose_after_ms=300"];
        let camera = Camera::start(&[words, &["--model", "X-T10"], &fast].concat());
        let (folder, ran) = record_from(&camera, receive);
        let recorded = Recorded { folder, ran, rows: Vec::new() };
        let replay = recorded.replay(&[]);
        let again = run_all(&recorded.folder.path().join("replay"), &replay.address, receive);
        let rows = replay.journal();
        for ran in [&recorded.ran[0], &again[0]] {
            assert_eq!(ran.code, 0, "{words:?} {ran:?} {:?}", unknown(&rows));
            let summary = ran.of_kind("receive", "summary").remove(0);
            assert_eq!((&summary["new"], &summary["ended"]), (&3.into(), &"hung-up".into()));
        }
        let pictures = |of: &str| {
            let mut files = recorded.files(of);
            files.retain(|name, _| name.ends_with(".JPG"));
            files
        };
        assert_eq!(pictures("camera").len(), 3, "{words:?}");
        assert!(pictures("camera") == pictures("replay"), "{words:?}");
        assert!(unknown(&rows).is_empty(), "{words:?} {:?}", unknown(&rows));
        // It is there for the next one, who meets the same.
        let again = run_all(&recorded.folder.path().join("next"), &replay.address, receive);
        assert_eq!(again[0].code, 0, "{words:?} {again:?}");
        let page = ["decode", FILE];
        let told = run(recorded.folder.path(), &page).out;
        assert!(told.contains("-> no response, the camera hung up"), "{told}");
    }
}

#[test]
fn a_capture_of_another_port_that_begins_late_is_replayed_with_its_port() {
    let (capture, _) = session(&[&["info"]], &["--model", "X-T4"]);
    let folder = tempfile::tempdir().unwrap();
    // What is behind the ack, to and from port 4000.
    let (mut late, mut at, mut is_behind) = (capture[..24].to_vec(), 24, false);
    while at < capture.len() {
        let length = u32::from_le_bytes(capture[at + 8..at + 12].try_into().unwrap()) as usize;
        let mut packet = capture[at..at + 16 + length].to_vec();
        for port in [36, 38] {
            if packet[port..port + 2] == 55_740u16.to_be_bytes() {
                packet[port..port + 2].copy_from_slice(&4000u16.to_be_bytes());
            }
        }
        if is_behind {
            late.extend(&packet);
        }
        is_behind |= packet.windows(8).any(|at| at == [0x44, 0, 0, 0, 2, 0, 0, 0]);
        at += packet.len();
    }
    fs::write(folder.path().join("late.pcap"), late).unwrap();
    let words = ["sim", "--listen", "127.0.0.1:0", "--replay", "late.pcap"];
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 2, "{ran:?}");
    let file = folder.path().join("late.pcap");
    let camera = Camera::start(&["--replay", file.to_str().unwrap(), "--port", "4000"]);
    let ran = run(folder.path(), &["--camera", &camera.address, "info"]);
    assert_eq!(ran.code, 0, "{ran:?} {:?}", unknown(&camera.journal()));
}

#[test]
fn what_was_not_recorded_is_refused_and_told() {
    let words = ["--photos", "3", "--model", "X-T4"];
    let recorded = record(&words, &[&["get", "1", "--to", "x"], &["info"]]);
    let replay = recorded.replay(&[]);
    let ran = run_all(
        &recorded.folder.path().join("replay"),
        &replay.address,
        &[&["get", "2", "--to", "x"]],
    );
    assert_ne!(ran[0].code, 0, "{ran:?}");
    let rows = replay.left();
    let refused = unknown(&rows);
    assert!(
        !refused.is_empty() && refused.iter().all(|row| row.response == Some(0x2006)),
        "{rows:?}"
    );
    // One of its connections, or none.
    let file = recorded.folder.path().join(FILE);
    let file = file.to_str().unwrap();
    let words = ["sim", "--replay", file, "--listen", "127.0.0.1:0", "--connection", "99"];
    let ran = run(recorded.folder.path(), &words);
    let there = ran.err.split("those that have: ").nth(1).expect("it names them");
    let last = there.lines().next().unwrap().split(", ").last().unwrap();
    assert_eq!(ran.code, 2, "{ran:?}");
    let info = recorded.replay(&["--connection", last]);
    let ran = run_all(&recorded.folder.path().join("info"), &info.address, &[&["info"]]);
    assert_eq!((ran[0].code, &ran[0].out), (0, &recorded.ran[1].out));
    assert!(unknown(&info.left()).is_empty());
    // A capture that ends in the middle of the picture: what is whole is used.
    let bytes = fs::read(file).unwrap();
    let cut = recorded.folder.path().join("cut.pcapng");
    let pictures = recorded.files("camera");
    let picture = pictures.values().next().unwrap();
    let middle = &picture[picture.len() / 2..][..64];
    let end = bytes.windows(64).position(|window| window == middle).unwrap();
    fs::write(&cut, &bytes[..end]).unwrap();
    let camera = Camera::start(&["--replay", cut.to_str().unwrap()]);
    let verbs: &[&[&str]] = &[&["get", "1", "--to", "x"]];
    let ran = run_all(&recorded.folder.path().join("cut"), &camera.address, verbs);
    assert_ne!(ran[0].code, 0, "{ran:?}");
    let rows = camera.journal();
    let fetched = |row: &&JournalRow| row.operation == 0x101B && row.response == Some(0x2001);
    assert_eq!(rows.iter().filter(fetched).count(), 0, "{rows:?}");
    assert!(unknown(&rows).iter().any(|row| row.operation == 0x101B), "{rows:?}");
    for (name, bytes) in [("empty", Vec::new()), ("text", b"no capture at all".to_vec())] {
        let path = recorded.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let words = ["sim", "--replay", name, "--listen", "127.0.0.1:0"];
        assert_eq!(run(recorded.folder.path(), &words).code, 2, "{name}");
    }
    let both = ["sim", "--replay", file, "--model", "X-T4"];
    assert_eq!(run(recorded.folder.path(), &both).code, 2);
}
