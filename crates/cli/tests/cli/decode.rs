//! `decode` on captures of real sessions, which the test makes of what crosses a relay.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::dataset::LiveViewHeader;
use filmwire_codec::journal::{Direction, JournalRow};
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};
use rustix::process::Signal;
use serde_json::Value;

use crate::camera::{Camera, nobody, signal, wait};
use crate::program::{Ran, command, path, run};

/// Bytes of a segment on Wi-Fi: 1,500 less the headers of IP and TCP with timestamps.
const SEGMENT_BYTES: usize = 1448;
/// Where cameras listen (the fact sheet's section 1.2).
pub(crate) const COMMAND_PORT: u16 = 55740;

/// What one side sent on a connection; empty is the end.
struct Sent {
    connection: usize,
    from_client: bool,
    bytes: Vec<u8>,
}

/// Connections by their port, and what was sent, in order.
#[derive(Default)]
struct Heard {
    ports: Vec<u16>,
    sent: Vec<Sent>,
}

/// Stands between a client and a camera on three ports and writes down what crosses it.
struct Relay {
    address: String,
    heard: Arc<Mutex<Heard>>,
}

impl Relay {
    fn before(camera: &str) -> Self {
        let (address, heard) = (nobody(), Arc::<Mutex<Heard>>::default());
        let (own, behind) = (port(&address), port(camera));
        for step in 0..3 {
            let listener = TcpListener::bind(("127.0.0.1", own + step)).unwrap();
            let heard = Arc::clone(&heard);
            thread::spawn(move || {
                for client in listener.incoming() {
                    // A camera listens for events only in a remote function.
                    let Ok(camera) = TcpStream::connect(("127.0.0.1", behind + step)) else {
                        continue;
                    };
                    stand_between(client.unwrap(), camera, COMMAND_PORT + step, &heard);
                }
            });
        }
        Self { address, heard }
    }

    /// A pcap of raw IP packets, one connection's handshake before its first bytes.
    fn capture(&self) -> Vec<u8> {
        let heard = self.heard.lock().unwrap();
        // Little-endian, microseconds, version 2.4, packets of up to 64 KiB, raw IP.
        let words = [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 101];
        let mut file = words.map(u32::to_le_bytes).concat();
        let mut next = vec![[u32::MAX - 2000, 7]; heard.ports.len()];
        let mut millis = 0;
        let mut put = |sent: &Sent, flags: u8, bytes: &[u8], next: &mut [u32; 2]| {
            let port = heard.ports[sent.connection];
            let packet = packet(sent, port, flags, bytes, next);
            millis += 1;
            let lengths = [1_700_000_000 + millis / 1000, millis % 1000 * 1000];
            let length = packet.len() as u32;
            file.extend([lengths[0], lengths[1], length, length].map(u32::to_le_bytes).concat());
            file.extend(packet);
            // A client waits for so long behind the ack, here as on the wire.
            millis += if bytes.starts_with(&[68, 0, 0, 0, 2]) { 50 } else { 0 };
        };
        for sent in &heard.sent {
            let next = &mut next[sent.connection];
            if next[1] == 7 && next[0] == u32::MAX - 2000 {
                put(&Sent { from_client: true, bytes: vec![], ..*sent }, 0x02, &[], next);
                put(&Sent { from_client: false, bytes: vec![], ..*sent }, 0x12, &[], next);
            }
            for bytes in sent.bytes.chunks(SEGMENT_BYTES) {
                put(sent, 0x18, bytes, next);
            }
            if sent.bytes.is_empty() {
                put(sent, 0x11, &[], next);
            }
        }
        file
    }
}

fn port(address: &str) -> u16 {
    address.rsplit(':').next().unwrap().parse().unwrap()
}

fn stand_between(client: TcpStream, camera: TcpStream, port: u16, heard: &Arc<Mutex<Heard>>) {
    let connection = {
        let mut heard = heard.lock().unwrap();
        heard.ports.push(port);
        heard.ports.len() - 1
    };
    let ways = [(client.try_clone(), camera.try_clone(), true), (Ok(camera), Ok(client), false)];
    for (from, to, from_client) in ways {
        let (mut from, mut to, heard) = (from.unwrap(), to.unwrap(), Arc::clone(heard));
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let count = from.read(&mut buffer).unwrap_or(0);
                let bytes = buffer[..count].to_vec();
                // Written down before it can be answered.
                heard.lock().unwrap().sent.push(Sent { connection, from_client, bytes });
                if count == 0 || to.write_all(&buffer[..count]).is_err() {
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
            }
        });
    }
}

/// An IPv4 packet between 192.168.0.2 and 192.168.0.1; moves the sequence numbers on.
fn packet(sent: &Sent, port: u16, flags: u8, bytes: &[u8], next: &mut [u32; 2]) -> Vec<u8> {
    let (own, other) = if sent.from_client { (0, 1) } else { (1, 0) };
    let client_port = 40_000 + sent.connection as u16;
    let (from, to) = if sent.from_client { (client_port, port) } else { (port, client_port) };
    let (from_host, to_host) = if sent.from_client { (2, 1) } else { (1, 2) };
    let length = (40 + bytes.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 168, 0, from_host, 192, 168, 0, to_host]);
    packet.extend(from.to_be_bytes());
    packet.extend(to.to_be_bytes());
    packet.extend(next[own].to_be_bytes());
    packet.extend(next[other].to_be_bytes());
    packet.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
    packet.extend(bytes);
    // SYN and FIN count for a byte each.
    next[own] = next[own].wrapping_add(bytes.len() as u32 + u32::from(flags & 3 != 0));
    packet
}

/// A session of several connections: the capture, and the camera's own journal.
pub(crate) fn session(words: &[&[&str]], camera: &[&str]) -> (Vec<u8>, Vec<JournalRow>) {
    session_in(tempfile::tempdir().unwrap().path(), words, camera)
}

/// The same; what the client writes is in the folder.
fn session_in(folder: &Path, words: &[&[&str]], camera: &[&str]) -> (Vec<u8>, Vec<JournalRow>) {
    let camera = Camera::start_at(&nobody(), &[&["--photos", "3"], camera].concat());
    let relay = Relay::before(&camera.address);
    for words in words {
        let ran = run(folder, &[&["--camera", &relay.address], *words].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let rows = camera.left();
    (relay.capture(), rows)
}

fn decode(capture: &[u8], words: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.pcap"), capture).unwrap();
    run(folder.path(), &[&["decode", "a.pcap"], words].concat())
}

/// What a journal's row and a line of the transcript both tell: the way of the data phase, id,
/// operation, parameters, what a client sent, length of the data phase, response.
pub(crate) type Told = (String, u64, u64, Value, String, u64, Option<u64>);

pub(crate) fn of_row(row: &JournalRow) -> Told {
    let direction = serde_json::to_value(row.direction).unwrap();
    let value: String = row.value.iter().map(|byte| format!("{byte:02x}")).collect();
    (
        direction.as_str().unwrap().to_owned(),
        row.transaction.into(),
        row.operation.into(),
        row.params.clone().into(),
        if row.direction == Direction::Out { value } else { String::new() },
        row.length,
        row.response.map(u64::from),
    )
}

pub(crate) fn of_line(line: &Value) -> Told {
    let code = |name: &str| {
        let text = line[name].as_str()?;
        u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
    };
    let direction = line["direction"].as_str().unwrap().to_owned();
    let value = line["value"].as_str().unwrap();
    (
        direction.clone(),
        line["id"].as_u64().unwrap(),
        code("operation").unwrap(),
        line["params"].clone(),
        if direction == "out" { value.to_owned() } else { String::new() },
        line["data_bytes"].as_u64().unwrap(),
        code("response"),
    )
}

/// All transactions of a transcript.
pub(crate) fn told(ran: &Ran) -> Vec<Told> {
    ran.of_kind("decode", "transaction").iter().map(of_line).collect()
}

#[test]
fn the_transcript_agrees_with_the_cameras_own_journal_row_by_row() {
    let words: [&[&str]; 3] = [&["ls"], &["get", "1", "2"], &["info"]];
    for model in ["X-T20", "X-T10", "X100VI"] {
        let (capture, rows) = session(&words, &["--model", model]);
        let ran = decode(&capture, &["--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let lines = ran.lines("decode");
        assert!(lines.iter().all(|line| line["kind"] != "gap"), "{model}: {lines:?}");
        let summary = lines.last().unwrap();
        assert!(summary["said_bytes"].as_u64().unwrap() > 1000);
        assert_eq!(summary["said_bytes"], summary["packet_bytes"], "{model}");
        let mut told: BTreeMap<u64, Vec<Told>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line["kind"] == "transaction") {
            assert_eq!(line["missing_bytes"], 0);
            told.entry(line["connection"].as_u64().unwrap()).or_default().push(of_line(line));
        }
        let mut wanted: BTreeMap<u32, Vec<Told>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.operation != 0) {
            wanted.entry(row.connection).or_default().push(of_row(row));
        }
        assert!(wanted.len() >= 3, "{model}");
        // Ours counts connections for events too, so only their order is the same.
        let told: Vec<_> = told.into_values().collect();
        assert_eq!(told, wanted.into_values().collect::<Vec<_>>(), "{model}");
        for (step, note) in [("request", "init"), ("goodbye", "goodbye")] {
            let seen = lines.iter().filter(|line| line["kind"] == "init" && line["step"] == step);
            assert_eq!(seen.count(), rows.iter().filter(|row| row.note == note).count(), "{step}");
        }
    }
}

#[test]
fn people_read_one_line_a_transaction() {
    let (capture, rows) = session(&[&["get", "2"]], &[]);
    let ran = decode(&capture, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let transactions = rows.iter().filter(|row| row.operation != 0).count();
    assert_eq!(ran.out.lines().filter(|line| line.contains(" #")).count(), transactions);
    for words in [
        "asks for a connection",
        "init: \"X-T20\" welcomes",
        "OpenSession(session 1) -> OK",
        "GetObjectInfo(object 2)",
        "\"DSCF0002.JPG\", EXIF/JPEG (0x3801)",
        "CameraState (0xDF00)",
        "goodbye",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    let bytes = decode(&capture, &["--hex"]).out;
    // The picture's first bytes, and how many there are besides.
    assert!(bytes.contains("0000  ff d8 ff "), "{bytes}");
    assert!(bytes.lines().any(|line| line.contains("bytes more")), "{bytes}");
    assert!(ran.out.lines().all(|line| bytes.contains(line)));
    let counts = decode(&capture, &["--stats"]);
    assert!(counts.out.contains("GetPartialObject") && !counts.out.contains(" #"), "{counts:?}");
    assert!(counts.out.contains("of them in packets that are known"), "{counts:?}");
}

#[test]
fn only_what_is_asked_for_is_shown() {
    let (capture, _) = session(&[&["get", "2"]], &[]);
    let ran = decode(&capture, &["--json", "--filter", "getobjectinfo", "--filter", "0xDF00"]);
    let shown = ran.of_kind("decode", "transaction");
    assert!(!shown.is_empty());
    for line in &shown {
        let is_wanted = line["operation"] == "0x1008" || line["params"][0] == 0xDF00;
        assert!(is_wanted, "{line}");
    }
    assert!(ran.of_kind("decode", "init").is_empty());
    // Packets are a millisecond apart, but for the wait behind the ack.
    let all = decode(&capture, &["--json"]);
    let start = all.lines("decode")[0]["at_us"].as_u64().unwrap();
    let ran = decode(&capture, &["--json", "--filter", "0.060..0.080", "--filter", "..0.001"]);
    let times: Vec<_> = ran.lines("decode").iter().filter_map(|it| it["at_us"].as_u64()).collect();
    let is_in = |time: &u64| matches!(time - start, 60_000..=80_000 | 0..=1000);
    assert!(times.len() > 5 && times.iter().all(is_in), "{times:?}");
    // Times of lines are those of the whole.
    let lines = decode(&capture, &["--filter", "0.060..0.080"]).out;
    assert!(lines.starts_with("    0.06"), "{lines}");
    let whole = decode(&capture, &[]).out;
    assert!(lines.lines().all(|line| whole.contains(line)), "{lines}\n{whole}");
    assert_eq!(decode(&capture, &["--filter", "nonsense"]).code, 2);
}

#[test]
fn a_pipe_is_read_and_other_ports_are_recognised_or_named() {
    let (mut capture, rows) = session(&[&["ls"]], &[]);
    let transactions = rows.iter().filter(|row| row.operation != 0).count();
    // Another port than the usual one, at both ends of each packet.
    let usual = COMMAND_PORT.to_be_bytes();
    let mut at = 24;
    while at < capture.len() {
        let length = u32::from_le_bytes(capture[at + 8..at + 12].try_into().unwrap()) as usize;
        for port in [at + 36, at + 38] {
            if capture[port..port + 2] == usual {
                capture[port..port + 2].copy_from_slice(&5000u16.to_be_bytes());
            }
        }
        at += 16 + length;
    }
    for words in [&["decode", "-", "--json"][..], &["decode", "-", "--json", "--port", "5000"]] {
        let output = assert_cmd::Command::new(path())
            .args(words)
            .env_clear()
            .write_stdin(capture.clone())
            .timeout(crate::program::LIMIT)
            .output()
            .unwrap();
        assert!(output.status.success());
        let lines = crate::schema::lines("decode", &String::from_utf8(output.stdout).unwrap());
        let count = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
        assert_eq!((count("transaction"), count("gap")), (transactions, 0));
    }
}

#[test]
fn stopped_it_tells_what_it_counted_so_far() {
    let (capture, _) = session(&[&["ls"]], &[]);
    let folder = tempfile::tempdir().unwrap();
    for (words, wanted) in [("--json", "\"outcome\":\"interrupted\""), ("--stats", "OpenSession")] {
        let mut command = command(folder.path(), &["decode", "-", words]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let (mut pipe, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let reader = thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        // More than a pipe holds: when all is written it runs, and knows of signals.
        pipe.write_all(&capture).unwrap();
        (0..(1 << 20) / capture.len()).for_each(|_| pipe.write_all(&capture[24..]).unwrap());
        signal(&child, Signal::INT);
        // The pipe stays open, and packets come until nobody reads them.
        while pipe.write_all(&capture[24..]).is_ok() {}
        let text = reader.join().unwrap().unwrap();
        assert_eq!(wait(&mut child), 130);
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn what_is_no_capture_of_packets_with_ip_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let wifi = [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 119, 1, 0, 4, 4, 0];
    fs::write(folder.path().join("prism.pcap"), wifi.map(u32::to_le_bytes).concat()).unwrap();
    fs::write(folder.path().join("text.pcap"), "no capture at all").unwrap();
    fs::write(folder.path().join("empty.pcap"), "").unwrap();
    let files = ["prism.pcap", "text.pcap", "empty.pcap", "none.pcap"];
    let ran = run(folder.path(), &[&["decode", "--json"], &files[..]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let failed = ran.of_kind("decode", "failed");
    assert_eq!(failed.iter().map(|line| line["name"].as_str().unwrap()).collect::<Vec<_>>(), files);
    let kind = "802.11 with Prism header (link type 119)";
    assert!(ran.of_kind("decode", "note")[0]["text"].as_str().unwrap().contains(kind), "{ran:?}");
    assert!(failed[0]["reason"].as_str().unwrap().contains(kind), "{ran:?}");
    assert!(ran.err.contains("neither pcap nor pcapng"), "{ran:?}");
    assert_eq!(ran.of_kind("decode", "summary")[0]["outcome"], "some-failed");
    assert_eq!(run(folder.path(), &["decode"]).code, 2);
    // Who only counts is told what was not, and why.
    let ran = run(folder.path(), &["decode", "--stats", "prism.pcap"]);
    assert!(ran.out.contains("0 packets of others; 1 packet cannot be decoded"), "{ran:?}");
    assert_eq!(ran.err.matches(kind).count(), 2, "{ran:?}");
    assert!(ran.err.contains("help: capture where packets are Ethernet"), "{ran:?}");
    // Who read nothing knows nothing of the tables.
    let ran = run(folder.path(), &["decode", "--unknown", "none.pcap"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
}

/// Names in a folder with what is in them.
pub(crate) fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = crate::camera::files(folder);
    names.into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn what_was_fetched_is_extracted_as_the_client_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let words: [&[&str]; 3] = [
        &["get", "1", "2", "--to", "files"],
        &["thumb", "3", "--to", "thumbs"],
        &["live", "--count", "4", "--out", "frames"],
    ];
    let (capture, _) = session_in(folder.path(), &words, &["--model", "X-T20"]);
    fs::write(place("a.pcap"), &capture).unwrap();
    let ran = run(folder.path(), &["decode", "--json", "a.pcap", "--extract", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let out = contents(&place("out"));
    let told = ran.of_kind("decode", "extracted");
    assert_eq!(told.len(), out.len());
    for line in &told {
        let path = line["path"].as_str().unwrap().strip_prefix("out/").unwrap();
        assert_eq!(out[path].len() as u64, line["bytes"].as_u64().unwrap());
        assert_eq!(line["is_whole"], true, "{line}");
    }
    for fetched in ["files", "thumbs"] {
        let fetched = contents(&place(fetched));
        assert!(!fetched.is_empty());
        for (name, bytes) in fetched {
            assert!(out.get(&name) == Some(&bytes), "{name}: {:?}", out.keys());
        }
    }
    // Frames that the client was too slow for are in the capture all the same.
    let frames = (1..).map_while(|number| out.get(&format!("live-{number:06}.jpg")));
    let frames: Vec<_> = frames.cloned().collect();
    let shown = contents(&place("frames"));
    assert!(shown.len() == 4 && shown.values().all(|frame| frames.contains(frame)));
    assert_eq!(out["live.mjpeg"], frames.concat());
    // Nothing is replaced, and nothing else is left.
    let again = run(folder.path(), &["decode", "a.pcap", "--extract", "out"]);
    assert!(again.code == 0 && again.err.contains("files are in out"), "{again:?}");
    let twice = contents(&place("out"));
    assert_eq!(twice.len(), out.len() * 2);
    assert!(out.iter().all(|(name, bytes)| twice[name] == *bytes));
    assert_eq!(fs::read_dir(place("out")).unwrap().count(), twice.len());
}

#[test]
fn what_has_holes_says_so_in_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (mut capture, _) = session_in(folder.path(), &[&["get", "1", "--to", "files"]], &[]);
    let (name, whole) = contents(&folder.path().join("files")).pop_first().unwrap();
    // A full segment in the middle of what the camera says is lost.
    let (mut at, mut full) = (24, Vec::new());
    while at < capture.len() {
        let length = u32::from_le_bytes(capture[at + 8..at + 12].try_into().unwrap()) as usize;
        let from = capture[at + 36..at + 38] == COMMAND_PORT.to_be_bytes();
        if from && length == 40 + SEGMENT_BYTES {
            full.push(at..at + 16 + length);
        }
        at += 16 + length;
    }
    capture.drain(full[full.len() / 2].clone());
    fs::write(folder.path().join("a.pcap"), &capture).unwrap();
    let ran = run(folder.path(), &["decode", "--json", "a.pcap", "--extract", "out"]);
    let mut told = ran.of_kind("decode", "extracted");
    // A picture of live view may have slipped in between.
    told.retain(|line| line["what"] == "object");
    assert!(told.len() == 1 && told[0]["is_whole"] == false, "{told:?}");
    let out = fs::read(folder.path().join("out").join(name.replace(".JPG", ".incomplete.JPG")));
    let (out, hole) = (out.unwrap(), SEGMENT_BYTES);
    let start = (0..whole.len()).find(|&at| out[at] != whole[at]).unwrap();
    assert_eq!(out.len(), whole.len());
    assert!(out[start..].len() > hole && out[start + hole..] == whole[start + hole..]);
    assert!(out[start..start + hole - 16].iter().all(|&byte| byte == 0));
}

#[test]
fn what_no_table_explains_is_counted_with_its_first_place() {
    let (mut capture, _) = session(&[&["get", "1", "2"]], &[]);
    let none = decode(&capture, &["--unknown"]);
    // Commands of another operation, and one property of another code.
    let mut operations = 0;
    for at in 0..capture.len() - 16 {
        let command = &mut capture[at..at + 16];
        if command[2..8] == [0, 0, 1, 0, 0x08, 0x10] {
            command[6..8].copy_from_slice(&[0x77, 0x97]);
            operations += 1;
        }
        if command[2..8] == [0, 0, 1, 0, 0x16, 0x10] && command[12..14] == [0x00, 0xDF] {
            command[12..14].copy_from_slice(&[0xAD, 0xDE]);
        }
    }
    assert!(operations > 0);
    let ran = decode(&capture, &["--unknown", "--json"]);
    let told = ran.of_kind("decode", "unknown");
    let find = |what: &str, code: &str| {
        let mut fit = told.iter().filter(|line| line["what"] == what && line["code"] == code);
        fit.next().unwrap_or_else(|| panic!("{what} {code}: {told:?}")).clone()
    };
    let operation = find("operation", "0x9777");
    assert_eq!((&operation["count"], &operation["name"]), (&operations.into(), &Value::Null));
    assert!(operation["bytes"].as_u64().unwrap() > 100 && operation["id"].as_u64().unwrap() > 1);
    assert!(operation["value"].as_str().unwrap().len() == 128, "{operation}");
    assert_eq!(find("property", "0xDEAD")["connection"], 1);
    // The start list has flags of which nobody knows the meaning.
    let flag = find("field", "0xD52F");
    assert_eq!(
        (&flag["name"], &flag["value"]),
        (&"CurrentState: value".into(), &"01000000".into())
    );
    assert_eq!((&flag["count"], &flag["bytes"]), (&2.into(), &8.into()), "{flag}");
    assert!(ran.of_kind("decode", "transaction").is_empty());
    let people = decode(&capture, &["--unknown"]).out;
    assert!(people.contains("operation 0x9777  "), "{people}");
    assert!(people.contains("first in connection 1 #"), "{people}");
    assert!(!none.out.contains("0x9777") && !none.out.contains("0xDEAD"), "{none:?}");
}

/// A capture of what was said on a connection of this port: by the client or not, and what.
pub(crate) fn said(port: u16, said: Vec<(bool, Vec<u8>)>) -> Vec<u8> {
    let sent = said.into_iter();
    let sent = sent.map(|(from_client, bytes)| Sent { connection: 0, from_client, bytes });
    let heard = Heard { ports: vec![port], sent: sent.collect() };
    Relay { address: String::new(), heard: Arc::new(Mutex::new(heard)) }.capture()
}

#[test]
fn pieces_of_an_object_are_put_where_they_belong() {
    let mut talk = Vec::new();
    // The second half comes first, in another transaction; the camera refuses a third.
    for (id, offset, bytes) in [(2, 4, &b"EFGH"[..]), (3, 0, b"ABCD"), (4, 8, b"")] {
        let (code, id) = (OperationCode::GET_PARTIAL_OBJECT, TransactionId(id));
        talk.push((true, encode_command(code, id, &[7, offset, 4])));
        let head = encode_data_header(code, id, bytes.len()).to_vec();
        let response =
            if bytes.is_empty() { ResponseCode::GENERAL_ERROR } else { ResponseCode::OK };
        talk.push((false, [&head, bytes, &encode_response(response, id, &[])].concat()));
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.pcap"), said(COMMAND_PORT, talk)).unwrap();
    let ran = run(folder.path(), &["decode", "--json", "a.pcap", "--extract", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let out = contents(&folder.path().join("out"));
    assert_eq!(out, BTreeMap::from([("object-7".to_owned(), b"ABCDEFGH".to_vec())]));
}

#[test]
fn frames_with_holes_are_left_out() {
    let jpeg = |number: u8| [&[0xFF, 0xD8][..], &[number; 4000], &[0xFF, 0xD9]].concat();
    let frame = |number: u8| {
        let jpeg = jpeg(number);
        let (length, counter) = (18 + jpeg.len() as u32, number.into());
        let header =
            LiveViewHeader { length, reserved: 0, counter, extra_bytes: 0, unknown: 0xFFFF };
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        (false, [bytes, jpeg].concat())
    };
    let mut capture = said(COMMAND_PORT + 2, (1..=3).map(frame).collect());
    // The second segment of the second frame is lost. Before the first one's noise stand the heads
    // of the file, IP and TCP, live view and JPEG.
    let full = 16 + 40 + SEGMENT_BYTES;
    let at = capture.windows(64).position(|bytes| *bytes == [2; 64]).unwrap();
    let second = at - (16 + 40 + 18 + 2) + full;
    capture.drain(second..second + full);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.pcap"), capture).unwrap();
    run(folder.path(), &["decode", "--json", "a.pcap", "--extract", "out"]);
    let out = contents(&folder.path().join("out"));
    let whole = BTreeMap::from([
        ("live-000001.jpg".to_owned(), jpeg(1)),
        ("live-000002.jpg".to_owned(), jpeg(3)),
        ("live.mjpeg".to_owned(), [jpeg(1), jpeg(3)].concat()),
    ]);
    assert!(out == whole, "{:?}", out.keys());
}
