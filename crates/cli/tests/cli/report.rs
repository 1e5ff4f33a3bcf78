//! `report` on captures of real sessions, as `decode` has them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use filmwire_trace::stand_in::{Air, Version};
use rustix::process::Signal;
use serde_json::Value;

use crate::air::{PASSPHRASE, SSID, in_the_air};
use crate::camera::{Camera, nobody, read_until, signal, wait};
use crate::decode::{session, told};
use crate::program::{command, run, run_with};

/// What this client calls itself.
const CLIENT: &str = "Annas-Laptop";

pub(crate) fn contents(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(fs::File::open(archive).unwrap());
    let mut all = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert!(all.insert(name, content).is_none());
    }
    all
}

fn is_in(content: &[u8], secret: &str) -> bool {
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [secret.as_bytes(), &wide].iter().any(|form| content.windows(form.len()).any(|at| at == *form))
}

#[test]
fn what_is_shared_decodes_to_the_same_without_names_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("filmwire.toml"), format!("client_name = {CLIENT:?}\n")).unwrap();
    let config = folder.path().join("filmwire.toml");
    let config = config.to_str().unwrap();
    let words = [&["--config", config, "ls"][..], &["--config", config, "get", "2"]];
    let (capture, _) = session(&words, &[]);
    assert!(is_in(&capture, CLIENT) && is_in(&capture, "Exif"));
    fs::write(folder.path().join("a.pcap"), &capture).unwrap();
    let words = ["report", "--json", "--no-doctor", "a.pcap"];
    let ran = run(folder.path(), &words);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let summary = ran.of_kind("report", "summary").remove(0);
    assert_eq!((&summary["captures"], &summary["doctor_asked"]), (&1.into(), &false.into()));
    let kinds: Vec<_> = ran.of_kind("report", "replaced");
    let has = |secret: &str| kinds.iter().any(|kind| kind["secret"] == secret);
    assert!(has("address") && has("client_name") && has("picture") && has("date"), "{kinds:?}");
    let all = contents(&folder.path().join("filmwire-report.tar"));
    let names: Vec<_> = all.keys().map(String::as_str).collect();
    let wanted = ["capture-1.pcapng", "doctor.json", "replaced.json", "report.txt"];
    assert_eq!(names, [&wanted[..], &["transcript.jsonl", "transcript.txt"]].concat());
    for (name, content) in &all {
        for secret in [CLIENT, "127.0.0.1", "\u{7f}\0\0\u{1}", "a.pcap"] {
            assert!(!is_in(content, secret), "{secret:?} in {name}");
        }
    }
    // The same transactions, with the same lengths, times and responses.
    fs::write(folder.path().join("b.pcapng"), &all["capture-1.pcapng"]).unwrap();
    let [before, after] = ["a.pcap", "b.pcapng"]
        .map(|file| run(folder.path(), &["decode", "--json", file]))
        .map(|ran| told(&ran));
    assert!(before.len() > 10 && before.len() == after.len());
    assert_eq!(before, after);
    // The transcript in the archive is what decode says of the capture in it.
    let text = String::from_utf8(all["transcript.txt"].clone()).unwrap();
    let shown = run(folder.path(), &["decode", "b.pcapng"]).out;
    let (comment, shown) = shown.split_once('\n').unwrap();
    assert!(comment.contains("Made by `filmwire report`"), "{comment}");
    assert!(text == shown, "{text}\n{shown}");
    let lines = String::from_utf8(all["transcript.jsonl"].clone()).unwrap();
    assert!(crate::schema::lines("decode", &lines).len() >= 10);
    let words = String::from_utf8(all["report.txt"].clone()).unwrap();
    assert!(words.contains("The doctor was not asked") && words.contains("names of clients"));
    // What is there is not replaced.
    let again = run(folder.path(), &["report", "--no-doctor", "a.pcap"]);
    assert!(again.code == 2 && again.err.contains("is there already"), "{again:?}");
    let piped = run(folder.path(), &["report", "--no-doctor", "a.pcap", "--out", "-"]);
    assert!(piped.code == 2 && !folder.path().join("-").exists(), "{piped:?}");
}

#[test]
fn ctrl_c_ends_what_is_heard_by_standard_input_and_not_the_archive() {
    let (capture, _) = session(&[&["ls"]], &[]);
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &["report", "--no-doctor", "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&capture).unwrap();
    // More than a pipe holds: when all is written it runs, and knows of signals.
    let count = (1 << 20) / capture.len();
    let mut more = || (0..count).try_for_each(|_| pipe.write_all(&capture[24..]));
    more().unwrap();
    signal(&child, Signal::INT);
    // What tcpdump had kept back when it was asked to end.
    (0..8).try_for_each(|_| more()).unwrap();
    drop(pipe);
    assert_eq!(wait(&mut child), 0);
    let all = contents(&folder.path().join("filmwire-report.tar"));
    let text = String::from_utf8_lossy(&all["transcript.txt"]);
    assert!(text.contains("OpenSession"), "{text}");
}

#[test]
fn ctrl_c_that_ends_standard_input_loses_neither_it_nor_the_files_beside_it() {
    let (capture, _) = session(&[&["ls"]], &[]);
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pcap", "b.pcap"] {
        fs::write(folder.path().join(name), &capture).unwrap();
    }
    for (files, out) in [(&["a.pcap", "-"][..], "1.tar"), (&["-", "a.pcap", "b.pcap"], "2.tar")] {
        let words = ["report", "--json", "--no-doctor", "--out", out, "missing.pcap"];
        let mut command = command(folder.path(), &[&words, files].concat());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // It runs, and knows of signals.
        let _reader = read_until(&mut child, "failed");
        signal(&child, Signal::INT);
        pipe.write_all(&capture).unwrap();
        drop(pipe);
        assert_eq!(wait(&mut child), 1, "{files:?}");
        let all = contents(&folder.path().join(out));
        let lines = String::from_utf8(all["transcript.jsonl"].clone()).unwrap();
        assert_eq!(lines.matches("\"OpenSession\"").count(), files.len(), "{files:?} {lines}");
    }
}

/// A question to a name server, as raw IP.
const QUESTION: [u8; 32] = [
    0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, // IP
    0x9C, 0x40, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4, // UDP
];

#[test]
fn standard_input_is_read_once() {
    let (capture, _) = session(&[&["ls"]], &[]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["report", "--no-doctor", "--json", "-", "-"];
    let mut child = command(folder.path(), &words).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&capture).unwrap();
    // More than is read at once.
    let head = [0u32, 0, 32, 32].map(u32::to_le_bytes).concat();
    let others = [&head[..], &QUESTION].concat().repeat(50_000);
    pipe.write_all(&others).unwrap();
    drop(pipe);
    let ran = child.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    let lines = crate::schema::lines("report", &String::from_utf8(ran.stdout).unwrap());
    let summary = lines.last().unwrap();
    assert_eq!(summary["left_out"]["other_packets"], 50_000, "{lines:?}");
    assert_eq!(summary["failed"], 1, "{lines:?}");
}

#[test]
fn of_the_doctor_steps_and_outcomes_are_told_and_no_sentence() {
    let camera = Camera::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    for (address, healthy, out) in
        [(camera.address.clone(), true, "a.tar"), (nobody(), false, "b.tar")]
    {
        fs::create_dir_all(folder.path().join("root/sys/class/net")).unwrap();
        let words = ["report", "--json", "--root", "root", "--camera", &address, "--out", out];
        let ran = run(folder.path(), &words);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(ran.of_kind("report", "summary")[0]["healthy"], healthy);
        let all = contents(&folder.path().join(out));
        let doctor: Value = serde_json::from_slice(&all["doctor.json"]).unwrap();
        let steps = doctor["steps"].as_array().unwrap();
        let of = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
        assert_eq!(of("tcp")["outcome"], if healthy { "passed" } else { "failed" });
        assert!(steps.iter().all(|step| step.as_object().unwrap().len() == 3), "{steps:?}");
        let words = String::from_utf8(all["report.txt"].clone()).unwrap();
        assert!(words.contains("No capture is in this archive") && !words.contains("127."));
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("phone.log"), b"btsnoop\0\0\0\0\x01\0\0\x03\xEA").unwrap();
    let usb = [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 220, 0, 0, 4, 4, 7];
    fs::write(folder.path().join("usb.pcap"), usb.map(u32::to_le_bytes).concat()).unwrap();
    let head = [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 101, 0, 0, 32, 32];
    let others = [&head.map(u32::to_le_bytes).concat()[..], &QUESTION].concat();
    fs::write(folder.path().join("others.pcap"), others).unwrap();
    let files = ["phone.log", "usb.pcap", "others.pcap"];
    let words = [&["report", "--json", "--no-doctor", "--out", "c.tar"], &files[..]].concat();
    let ran = run(folder.path(), &words);
    assert_eq!(ran.code, 1, "{ran:?}");
    let failed = ran.of_kind("report", "failed");
    assert_eq!(failed.len(), 3);
    assert!(failed[2]["reason"].as_str().unwrap().contains("no camera"), "{failed:?}");
    assert!(failed[1]["reason"].as_str().unwrap().contains("of a kind that cannot be read"));
    assert!(ran.err.contains("btsnoop"), "{}", ran.err);
    let all = contents(&folder.path().join("c.tar"));
    let words = String::from_utf8_lossy(&all["report.txt"]);
    assert!(words.contains("Not here, or not to the end: 3 captures."), "{words}");
}

#[test]
fn of_protected_frames_what_the_key_opens_is_there_and_nothing_of_the_air() {
    let folder = tempfile::tempdir().unwrap();
    let mut air = Air::new(SSID, PASSPHRASE, Version::Sha1);
    let wanted = in_the_air(folder.path(), &mut air);
    let words = ["report", "--no-doctor", "--json", "air.pcap", "--out"];
    let keys = [("FILMWIRE_WPA_SSID", SSID), ("FILMWIRE_WPA_PASSPHRASE", PASSPHRASE)];
    let ran = run_with(folder.path(), &[&words[..], &["open.tar"]].concat(), &keys);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let all = contents(&folder.path().join("open.tar"));
    let station =
        |content: &[u8]| content.windows(6).any(|at| at == [0x02, 0x57, 0xFE, 0x20, 0, 2]);
    for (name, content) in &all {
        for secret in [SSID, "-1234", PASSPHRASE, &air.key_hex(), "192.168.0."] {
            assert!(!is_in(content, secret), "{secret} in {name}");
        }
        assert!(!station(content), "{name}");
    }
    fs::write(folder.path().join("b.pcapng"), &all["capture-1.pcapng"]).unwrap();
    assert_eq!(told(&run(folder.path(), &["decode", "--json", "b.pcapng"])), wanted);
    // Without the key nothing of it is in the archive.
    let ran = run(folder.path(), &[&words[..], &["closed.tar"]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("stay closed") && ran.err.contains("--wpa-file"), "{ran:?}");
    let all = contents(&folder.path().join("closed.tar"));
    assert!(all["transcript.txt"].is_empty() && !is_in(&all["report.txt"], SSID));
}
