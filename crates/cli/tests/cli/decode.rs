//! `decode` on captures of real sessions, which the test makes of what crosses a relay.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use filmwire_codec::journal::{Direction, JournalRow};
use serde_json::Value;

use crate::camera::{Camera, nobody};
use crate::program::{Ran, path, run};

/// Bytes of a segment on Wi-Fi: 1,500 less the headers of IP and TCP with timestamps.
const SEGMENT_BYTES: usize = 1448;
/// Where cameras listen (the fact sheet's section 1.2).
const COMMAND_PORT: u16 = 55740;

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
        let mut packets = 0;
        let mut put = |sent: &Sent, flags: u8, bytes: &[u8], next: &mut [u32; 2]| {
            let port = heard.ports[sent.connection];
            let packet = packet(sent, port, flags, bytes, next);
            packets += 1;
            let lengths = [1_700_000_000 + packets / 1000, packets % 1000 * 1000];
            let length = packet.len() as u32;
            file.extend([lengths[0], lengths[1], length, length].map(u32::to_le_bytes).concat());
            file.extend(packet);
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
fn session(words: &[&[&str]], camera: &[&str]) -> (Vec<u8>, Vec<JournalRow>) {
    let camera = Camera::start_at(&nobody(), &[&["--photos", "3"], camera].concat());
    let (relay, folder) = (Relay::before(&camera.address), tempfile::tempdir().unwrap());
    for words in words {
        let ran = run(folder.path(), &[&["--camera", &relay.address], *words].concat());
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

#[test]
fn the_transcript_agrees_with_the_cameras_own_journal_row_by_row() {
    let words: [&[&str]; 3] = [&["ls"], &["get", "1", "2"], &["info"]];
    for model in ["X-T20", "X-T10", "X100VI"] {
        let (capture, rows) = session(&words, &["--model", model]);
        let ran = decode(&capture, &["--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let lines = ran.lines("decode");
        assert!(lines.iter().all(|line| line["kind"] != "gap"), "{model}: {lines:?}");
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
    let counts = decode(&capture, &["--stats"]);
    assert!(counts.out.contains("GetPartialObject") && !counts.out.contains(" #"), "{counts:?}");
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
fn what_is_no_capture_of_packets_with_ip_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let wifi = [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 127, 1, 0, 4, 4, 0];
    fs::write(folder.path().join("wifi.pcap"), wifi.map(u32::to_le_bytes).concat()).unwrap();
    fs::write(folder.path().join("text.pcap"), "no capture at all").unwrap();
    fs::write(folder.path().join("empty.pcap"), "").unwrap();
    let files = ["wifi.pcap", "text.pcap", "empty.pcap", "none.pcap"];
    let ran = run(folder.path(), &[&["decode", "--json"], &files[..]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let failed = ran.of_kind("decode", "failed");
    assert_eq!(failed.iter().map(|line| line["name"].as_str().unwrap()).collect::<Vec<_>>(), files);
    assert!(ran.out.contains("802.11 with radiotap (link type 127)"), "{ran:?}");
    assert!(ran.err.contains("neither pcap nor pcapng"), "{ran:?}");
    assert_eq!(ran.of_kind("decode", "summary")[0]["outcome"], "some-failed");
    assert_eq!(run(folder.path(), &["decode"]).code, 2);
}
