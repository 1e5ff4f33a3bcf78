//! Captures that were cut into files, as `tcpdump -C` does it, and files that are captures of their own.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::slice;

use filmwire_trace::stand_in::{Air, Version};
use rustix::process::Signal;

use crate::air::{PASSPHRASE, SSID, in_the_air};
use crate::camera::{read_until, signal, wait};
use crate::decode::{contents, session, told};
use crate::program::{Ran, command, run};
use crate::report;

/// Where a pcap's packets begin, and its end.
fn places(capture: &[u8]) -> Vec<usize> {
    let mut places = vec![24];
    while let Some(head) = capture.get(places[places.len() - 1] + 8..).filter(|it| !it.is_empty()) {
        let length = u32::from_le_bytes(head[..4].try_into().unwrap());
        places.push(places[places.len() - 1] + 16 + length as usize);
    }
    places
}

/// Cuts a pcap into files of so many packets, and writes them as tcpdump names them.
fn rotate(folder: &Path, capture: &[u8], packets: usize) -> Vec<String> {
    let places = places(capture);
    let mut names = Vec::new();
    for (number, from) in (0..places.len() - 1).step_by(packets).enumerate() {
        let to = places[(from + packets).min(places.len() - 1)];
        let name = format!("ring.pcap{number:03}");
        let file = [&capture[..24], &capture[places[from]..to]].concat();
        fs::write(folder.join(&name), file).unwrap();
        names.push(name);
    }
    names
}

fn decode(folder: &Path, files: &[String], words: &[&str]) -> Ran {
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    run(folder, &[&["decode"], &files[..], words].concat())
}

#[test]
fn files_that_go_on_are_one_capture() {
    let (capture, _) = session(&[&["ls"], &["get", "1"]], &["--model", "X-T20"]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.pcap"), &capture).unwrap();
    let whole = run(folder, &["decode", "--json", "a.pcap"]);
    assert_eq!(whole.code, 0, "{whole:?}");
    for packets in [1, 7, 50] {
        let names = rotate(folder, &capture, packets);
        let ran = decode(folder, &names, &["--json"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert_eq!(ran.out, whole.out, "{packets} packets in a file");
    }
    let names = rotate(folder, &capture, 50);
    run(folder, &["decode", "--stats", "--extract", "whole", "a.pcap"]);
    decode(folder, &names, &["--stats", "--extract", "cut"]);
    let wanted = contents(&folder.join("whole"));
    assert!(!wanted.is_empty() && wanted == contents(&folder.join("cut")));
}

/// What `decode` says of the captures in a report of these files, in one call.
fn reported(folder: &Path, files: &[String], words: &[&str]) -> Ran {
    let (ran, shown) = reported_of(folder, files, words);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    shown
}

/// What the report says, too.
fn reported_of(folder: &Path, files: &[String], words: &[&str]) -> (Ran, Ran) {
    let out = folder.join("report.tar");
    let all = [&["report", "--no-doctor", "--out", "report.tar"], words].concat();
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let said = run(folder, &[&all[..], &files].concat());
    let all = report::contents(&out);
    fs::remove_file(out).unwrap();
    let shown = folder.join("shown");
    fs::create_dir(&shown).unwrap();
    let names: Vec<_> = all.keys().filter(|name| name.starts_with("capture-")).cloned().collect();
    for number in 1..=names.len() {
        fs::write(shown.join(number.to_string()), &all[&format!("capture-{number}.pcapng")])
            .unwrap();
    }
    let names: Vec<_> = (1..=names.len()).map(|number| number.to_string()).collect();
    let ran = decode(&shown, &names, &["--json"]);
    let transcript = String::from_utf8(all["transcript.jsonl"].clone()).unwrap();
    // What decode tells besides is the remark in each file, and the sum.
    let is_told = |line: &&str| !line.contains("Made by `filmwire report`");
    let told: Vec<_> = ran.out.lines().filter(is_told).collect();
    assert_eq!(transcript.lines().collect::<Vec<_>>(), told[..told.len() - 1]);
    fs::remove_dir_all(shown).unwrap();
    (said, ran)
}

#[test]
fn a_report_of_files_that_go_on_is_one_of_all_of_it() {
    let (capture, _) = session(&[&["ls"], &["get", "1"]], &["--model", "X-T20"]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.pcap"), &capture).unwrap();
    let whole = reported(folder, &["a.pcap".to_owned()], &[]);
    assert!(whole.of_kind("decode", "transaction").len() > 30);
    for packets in [7, 50] {
        let cut = reported(folder, &rotate(folder, &capture, packets), &[]);
        let of = |ran: &Ran| told(ran);
        assert_eq!(of(&cut), of(&whole), "{packets} packets in a file");
    }
    // Nor does a capture end where nobody spoke for a while, or at a file that is gone.
    fs::write(folder.join("empty.pcap"), &capture[..24]).unwrap();
    let mut files = rotate(folder, &capture, 50);
    for name in ["missing.pcap", "empty.pcap", "empty.pcap"] {
        files.insert(1, name.to_owned());
    }
    let (said, cut) = reported_of(folder, &files, &[]);
    assert_eq!((said.code, said.err.matches("error:").count()), (1, 3), "{said:?}");
    assert_eq!(told(&cut), told(&whole));
    // Two captures stay two.
    let twice = reported(folder, &["a.pcap".to_owned(), "a.pcap".to_owned()], &[]);
    assert_eq!(told(&twice), [told(&whole), told(&whole)].concat());
}

#[test]
fn a_report_opens_files_whose_handshake_is_in_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wanted = in_the_air(folder, &mut Air::new(SSID, PASSPHRASE, Version::Sha1));
    fs::write(folder.join("networks.txt"), format!("{SSID}\t{PASSPHRASE}\n")).unwrap();
    let capture = fs::read(folder.join("air.pcap")).unwrap();
    let ran = reported(folder, &rotate(folder, &capture, 40), &["--wpa-file", "networks.txt"]);
    assert_eq!(told(&ran), wanted);
}

#[test]
fn the_handshake_may_be_in_an_earlier_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wanted = in_the_air(folder, &mut Air::new(SSID, PASSPHRASE, Version::Sha1));
    fs::write(folder.join("networks.txt"), format!("{SSID}\t{PASSPHRASE}\n")).unwrap();
    let capture = fs::read(folder.join("air.pcap")).unwrap();
    let names = rotate(folder, &capture, 40);
    let ran = decode(folder, &names, &["--json", "--wpa-file", "networks.txt"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(told(&ran), wanted);
    // Without a key all of it stays closed, and so does each file.
    let ran = decode(folder, &names, &["--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.of_kind("decode", "failed").len() >= names.len() - 1, "{ran:?}");
}

#[test]
fn a_file_that_begins_earlier_is_another_capture() {
    let (capture, _) = session(&[&["ls"]], &[]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.pcap"), &capture).unwrap();
    let transactions = |files: &[String]| {
        let mut lines = decode(folder, files, &["--json"]).of_kind("decode", "transaction");
        // Each capture has connections of its own.
        for line in &mut lines {
            line["connection"].take();
        }
        lines
    };
    let whole = "a.pcap".to_owned();
    let once = transactions(slice::from_ref(&whole));
    assert!(once.len() > 20);
    assert_eq!(transactions(&[whole.clone(), whole]), [&once[..], &once].concat());
    // Of a ring in the wrong order, no file is taken for what follows another.
    let mut names = rotate(folder, &capture, 30);
    names.reverse();
    let alone: Vec<_> = names.iter().map(|name| transactions(slice::from_ref(name))).collect();
    assert_eq!(transactions(&names), alone.concat());
}

#[test]
fn a_silent_pipe_is_left_at_once_and_what_was_made_is_whole() {
    let (capture, _) = session(&[&["ls"]], &[]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["decode", "-", "--json", "--html", "a.html"];
    let mut child = command(folder.path(), &words).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&capture).unwrap();
    let _reader = read_until(&mut child, "transaction");
    signal(&child, Signal::TERM);
    // The pipe stays open, and nothing comes.
    assert_eq!(wait(&mut child), 130);
    drop(pipe);
    let names: Vec<_> = contents(folder.path()).into_keys().collect();
    assert_eq!(names, ["a.html"]);
}

#[test]
fn a_pipe_with_a_name_is_waited_for_and_left_at_once() {
    let (capture, _) = session(&[&["ls"]], &[]);
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let words = ["decode", "pipe", "--json"];
    let child = command(folder.path(), &words).spawn().unwrap();
    // Nobody writes before: opening waits for the reader.
    fs::write(&pipe, &capture).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success() && text.contains("\"outcome\":\"done\""), "{text}");
    // Nobody ever writes.
    let report = ["report", "--no-doctor", "missing.pcap", "pipe", "--json"];
    for words in [&["decode", "missing.pcap", "pipe", "--json"][..], &report] {
        let mut child = command(folder.path(), words).spawn().unwrap();
        let _reader = read_until(&mut child, "failed");
        signal(&child, Signal::TERM);
        assert_eq!(wait(&mut child), 130, "{words:?}");
    }
    // Nor is there half an archive.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
