//! `proxy` between our own client and a simulated camera.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant, SystemTime};

use filmwire_codec::container::encode_command;
use filmwire_codec::init::InitRequest;
use filmwire_codec::journal::JournalRow;
use filmwire_codec::{OperationCode, TransactionId};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::Signal;
use serde_json::Value;

use crate::camera::{Camera, files, nobody, signal, wait};
use crate::decode::{Told, of_line, of_row};
use crate::program::{LIMIT, Ran, command, run};
use crate::schema;

/// A proxy that listens; gone when dropped.
pub(crate) struct Proxy {
    child: Child,
    out: Option<BufReader<ChildStdout>>,
    address: String,
    folder: tempfile::TempDir,
}

pub(crate) const FILE: &str = "session.pcapng";

impl Proxy {
    pub(crate) fn before(camera: &str, words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let all = ["proxy", "--json", "--to", camera, "--bind", "127.0.0.1:0"];
        let mut child = command(folder.path(), &[&all, words].concat()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let told = schema::lines("proxy", &line).pop().expect("it says where it listens");
        let address = told["address"].as_str().unwrap().to_owned();
        Self { child, out: Some(out), address, folder }
    }

    /// Runs a verb through it.
    pub(crate) fn run(&self, folder: &Path, words: &[&str]) -> Ran {
        run(folder, &[&["--camera", &self.address], words].concat())
    }

    /// Connects to one of its ports.
    fn connect(&self, step: u16) -> TcpStream {
        let mut at: SocketAddr = self.address.parse().unwrap();
        at.set_port(at.port() + step);
        let stream = TcpStream::connect(at).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Ends it as Ctrl-C does; returns its lines.
    pub(crate) fn end(&mut self) -> Vec<Value> {
        signal(&self.child, Signal::INT);
        let mut text = String::new();
        self.out.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(wait(&mut self.child), 0);
        schema::lines("proxy", &text)
    }

    /// What it said on standard error; it has ended.
    fn errors(&mut self) -> String {
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// Its recording, decoded.
    pub(crate) fn recorded(&self) -> Vec<Value> {
        let ran = run(self.folder.path(), &["decode", "--json", FILE]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.lines("decode")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

/// Transactions by connection, in the order of the connections' first ones.
fn transactions(lines: &[Value]) -> Vec<Vec<Told>> {
    let mut told: BTreeMap<u64, Vec<Told>> = BTreeMap::new();
    for line in of_kind(lines, "transaction") {
        told.entry(line["connection"].as_u64().unwrap()).or_default().push(of_line(line));
    }
    told.into_values().collect()
}

fn of_journal(rows: &[JournalRow]) -> Vec<Vec<Told>> {
    let mut told: BTreeMap<u32, Vec<Told>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.operation != 0) {
        told.entry(row.connection).or_default().push(of_row(row));
    }
    told.into_values().collect()
}

/// Microseconds since 1970.
fn micros() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as u64
}

#[test]
fn a_session_through_it_is_shown_and_recorded_as_the_cameras_own_journal_has_it() {
    for model in ["X-T4", "X-T20", "X100VI"] {
        let start = micros();
        let camera = Camera::start(&["--photos", "3", "--model", model]);
        let mut proxy = Proxy::before(&camera.address, &["--record", FILE]);
        let folder = tempfile::tempdir().unwrap();
        for words in [&["ls"][..], &["get", "1", "2", "--to", "through"], &["live", "--count", "5"]]
        {
            let ran = proxy.run(folder.path(), words);
            // The newer way has no live view that we know of.
            assert!(ran.code == 0 || (model, words[0]) == ("X100VI", "live"), "{ran:?}");
        }
        let rows = camera.left();
        let direct = ["get", "1", "2", "--to", "direct", "--camera", &camera.address];
        assert_eq!(run(folder.path(), &direct).code, 0);
        let shown = proxy.end();
        let [through, direct] = ["through", "direct"].map(|name| folder.path().join(name));
        assert_eq!(files(&through).len(), 2);
        for name in files(&through) {
            assert_eq!(fs::read(through.join(&name)).ok(), fs::read(direct.join(&name)).ok());
        }
        assert_eq!(transactions(&shown), of_journal(&rows), "{model}");
        assert_eq!(of_kind(&shown, "gap").len(), 0, "{shown:?}");
        let times = shown.iter().filter_map(|line| line["at_us"].as_u64());
        assert!(times.clone().count() > 20 && times.min() >= Some(start), "{start}: {shown:?}");
        let summary = of_kind(&shown, "summary")[0];
        assert_eq!(
            (&summary["unrecorded_bytes"], &summary["unshown_bytes"]),
            (&0.into(), &0.into())
        );
        if model == "X-T4" {
            assert!(!of_kind(&shown, "frame").is_empty());
        }
        // The recording says what is made up, and then the same as was shown, with the same times.
        let recorded = proxy.recorded();
        let said = recorded[0]["text"].as_str().unwrap();
        assert!(said.contains("filmwire-recording 1") && said.contains("Made up"), "{said}");
        let records = |lines: &[Value]| {
            let end = lines.iter().position(|line| line["kind"] == "summary").unwrap();
            lines[..end].to_vec()
        };
        assert_eq!(records(&recorded)[1..], records(&shown), "{model}");
    }
}

#[test]
fn a_transcript_nobody_reads_holds_up_neither_clients_nor_the_recording() {
    // The lines of one listing are more than a pipe holds.
    let camera = Camera::start(&["--photos", "300"]);
    let mut proxy = Proxy::before(&camera.address, &["--record", FILE]);
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let ran = proxy.run(folder.path(), &["ls"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let rows = camera.left();
    signal(&proxy.child, Signal::INT);
    assert_eq!(wait(&mut proxy.child), 0);
    assert_eq!(transactions(&proxy.recorded()), of_journal(&rows));
    let mut shown = String::new();
    proxy.out.take().unwrap().read_to_string(&mut shown).unwrap();
    assert!(!shown.contains("\"summary\""), "it was read after all");
}

#[test]
fn a_recording_goes_on_when_the_reader_of_the_transcript_is_gone() {
    let camera = Camera::start(&["--photos", "3"]);
    let mut proxy = Proxy::before(&camera.address, &["--record", FILE]);
    drop(proxy.out.take());
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let ran = proxy.run(folder.path(), &["ls"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let rows = camera.left();
    signal(&proxy.child, Signal::INT);
    assert_eq!(wait(&mut proxy.child), 0);
    assert_eq!(transactions(&proxy.recorded()), of_journal(&rows));
}

/// It was broken off, as a camera that does not listen would have done.
fn is_refused(mut stream: TcpStream) -> bool {
    matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn what_the_camera_refuses_is_closed_here_and_the_next_client_may_come() {
    let nobody = nobody();
    let mut proxy = Proxy::before(&nobody, &[]);
    for step in [0, 1, 2, 0] {
        assert!(is_refused(proxy.connect(step)), "{step}");
    }
    let lines = proxy.end();
    let summary = of_kind(&lines, "summary")[0];
    assert_eq!((&summary["connections"], &summary["refused"]), (&4.into(), &4.into()));
    // An app says nothing of why; and it tries again and again.
    let told = proxy.errors();
    assert_eq!(told.matches(&format!("warning: no camera at {nobody}: ")).count(), 1, "{told}");
    // Events before a function was started, on a camera that is there.
    let camera = Camera::start(&["--photos", "1"]);
    let mut proxy = Proxy::before(&camera.address, &["--record", FILE]);
    assert!(is_refused(proxy.connect(1)));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(proxy.run(folder.path(), &["ls"]).code, 0);
    assert_eq!(of_kind(&proxy.end(), "summary")[0]["refused"], 1);
    assert_eq!(proxy.errors(), "");
}

#[test]
fn a_client_that_is_killed_and_a_camera_that_cuts_end_both_sides() {
    let camera = Camera::start(&["--photos", "1", "--films", "1", "--fault", "cut-at=20000"]);
    let mut proxy = Proxy::before(&camera.address, &["--record", FILE]);
    let folder = tempfile::tempdir().unwrap();
    // It registers, asks, and is gone without a word.
    let mut client = proxy.connect(0);
    client.write_all(&InitRequest::new("somebody").encode()).unwrap();
    client.read_exact(&mut [0; 8]).unwrap();
    client.write_all(&encode_command(OperationCode::OPEN_SESSION, TransactionId(1), &[1])).unwrap();
    drop(client);
    let end = Instant::now() + LIMIT;
    while !camera.journal().iter().any(|row| row.note == "closed by peer") {
        assert!(Instant::now() < end, "the camera was not told: {:?}", camera.journal());
        std::thread::sleep(Duration::from_millis(5));
    }
    // The camera breaks off; the client is told, and the next one is served.
    let ran = proxy.run(folder.path(), &["get", "DSCF0002.MOV"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert_eq!(proxy.run(folder.path(), &["info"]).code, 0);
    let shown = proxy.end();
    let unanswered = of_kind(&shown, "transaction");
    let unanswered = unanswered.iter().filter(|line| line["response"].is_null()).count();
    assert!(unanswered >= 1, "{shown:?}");
    assert_eq!(of_kind(&proxy.recorded(), "gap").len(), of_kind(&shown, "gap").len());
}

/// Its goodbye, of all it says: a camera that misses it may stay locked for a while.
#[test]
fn what_a_client_said_before_it_left_arrives_although_the_proxy_ends() {
    let camera = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = camera.local_addr().unwrap().to_string();
    let last_words = vec![7; 32 << 10];
    // Which of the two it sees first is chance.
    for _ in 0..4 {
        let mut proxy = Proxy::before(&address, &[]);
        let mut client = proxy.connect(0);
        let mut heard = camera.accept().unwrap().0;
        heard.set_read_timeout(Some(LIMIT)).unwrap();
        client.write_all(&[7]).unwrap();
        heard.read_exact(&mut [0]).unwrap();
        // It finds both when it goes on: what lies there, and that it is asked to stop. No more than
        // sockets hold, so that nobody else has to be quick.
        signal(&proxy.child, Signal::STOP);
        client.write_all(&last_words).unwrap();
        drop(client);
        signal(&proxy.child, Signal::INT);
        signal(&proxy.child, Signal::CONT);
        let mut rest = Vec::new();
        heard.read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), last_words.len());
        drop(heard);
        assert_eq!(wait(&mut proxy.child), 0);
    }
}

#[test]
fn taken_ports_and_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let ran = run(folder.path(), &["proxy", "--bind", &taken, "--record", FILE]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("--bind") && files(folder.path()).is_empty(), "{ran:?}");
    fs::write(folder.path().join(FILE), "mine").unwrap();
    let ran = run(folder.path(), &["proxy", "--bind", "127.0.0.1:0", "--record", FILE]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.err.contains("nothing is ever replaced"), "{ran:?}");
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), b"mine");
    let both = ["proxy", "--to", "127.0.0.1", "--camera", "127.0.0.1"];
    assert_eq!(run(folder.path(), &both).code, 2);
    assert_eq!(run(folder.path(), &["proxy", "--bind", "nowhere:x"]).code, 2);
}

#[test]
fn a_recording_that_fails_is_told_and_bytes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    // A full disk at the start, before anybody came.
    let ran = run(folder.path(), &["proxy", "--bind", "127.0.0.1:0", "--record", "/dev/full"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    // And one that ends later: a pipe whose reader takes the head and goes.
    let pipe = folder.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::File::open(pipe).unwrap().read_exact(&mut [0; 100]).unwrap()
    });
    let camera = Camera::start(&["--photos", "2"]);
    let mut proxy = Proxy::before(&camera.address, &["--record", pipe.to_str().unwrap()]);
    reader.join().unwrap();
    for _ in 0..2 {
        let ran = proxy.run(folder.path(), &["ls"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let rows = camera.left();
    signal(&proxy.child, Signal::INT);
    let (mut shown, mut errors) = (String::new(), String::new());
    proxy.out.take().unwrap().read_to_string(&mut shown).unwrap();
    proxy.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(wait(&mut proxy.child), 6, "{errors}");
    assert!(errors.contains("cannot write"), "{errors}");
    let shown = schema::lines("proxy", &shown);
    assert_eq!(transactions(&shown), of_journal(&rows));
    let summary = of_kind(&shown, "summary")[0];
    assert_eq!(
        (&summary["outcome"], &summary["recorded_packets"]),
        (&"storage".into(), &Value::Null)
    );
}

#[test]
fn a_proxy_whose_recording_failed_and_whose_transcript_nobody_reads_ends() {
    for is_recording_first in [true, false] {
        let camera = Camera::start(&["--photos", "2"]);
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
        let words = ["--record", pipe.to_str().unwrap()];
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || {
                let mut pipe = fs::File::open(pipe).unwrap();
                pipe.read_exact(&mut [0; 100]).unwrap();
                pipe
            }
        });
        let mut proxy = Proxy::before(&camera.address, &words);
        let pipe = reader.join().unwrap();
        if is_recording_first {
            drop(pipe);
            assert_eq!(proxy.run(folder.path(), &["ls"]).code, 0);
            let mut errors = BufReader::new(proxy.child.stderr.take().unwrap());
            let mut line = String::new();
            errors.read_line(&mut line).unwrap();
            assert!(line.contains("cannot write"), "{line}");
            drop(proxy.out.take());
        } else {
            drop(proxy.out.take());
            assert_eq!(proxy.run(folder.path(), &["ls"]).code, 0);
            drop(pipe);
        }
        // It learns of it when it has something to say; the client may be cut off.
        proxy.run(folder.path(), &["ls"]);
        assert_eq!(wait(&mut proxy.child), 6, "{is_recording_first}");
    }
}

#[test]
fn a_recording_that_nobody_reads_on_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::File::open(pipe).unwrap()
    });
    // More than a pipe holds.
    let camera = Camera::start(&["--photos", "20"]);
    let mut proxy = Proxy::before(&camera.address, &["--record", pipe.to_str().unwrap()]);
    let stands_still = reader.join().unwrap();
    let ran = proxy.run(folder.path(), &["sync", "--to", "photos"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let asked = Instant::now();
    signal(&proxy.child, Signal::INT);
    let mut errors = String::new();
    proxy.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(wait(&mut proxy.child), 6, "{errors}");
    assert!(errors.contains("whoever reads it stands still"), "{errors}");
    assert!(asked.elapsed() < LIMIT / 2, "{:?}", asked.elapsed());
    drop(stands_still);
}

#[test]
fn standard_output_is_for_the_transcript() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["proxy", "--bind", "127.0.0.1:0", "--record", "-"]);
    assert!(ran.code == 2 && ran.err.contains("named pipe"), "{ran:?}");
    assert!(files(folder.path()).is_empty(), "{ran:?}");
}

/// Half of the round trips are shorter than this.
fn round_trip(mut stream: TcpStream) -> Duration {
    let mut times: Vec<_> = (0..1000)
        .map(|_| {
            let start = Instant::now();
            stream.write_all(&[7; 100]).unwrap();
            stream.read_exact(&mut [0; 100]).unwrap();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn it_adds_less_than_a_millisecond() {
    let listener = TcpListener::bind(nobody()).unwrap();
    let echo = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || {
                let mut buffer = [0; 100];
                while stream.read_exact(&mut buffer).is_ok() && stream.write_all(&buffer).is_ok() {}
            });
        }
    });
    let mut proxy = Proxy::before(&echo.to_string(), &["--record", FILE]);
    let direct = TcpStream::connect(echo).unwrap();
    direct.set_nodelay(true).unwrap();
    let (direct, through) = (round_trip(direct), round_trip(proxy.connect(0)));
    let summary = of_kind(&proxy.end(), "summary")[0].clone();
    println!("a round trip takes {direct:?}, through the proxy {through:?}: {summary}");
    assert!(through < direct + Duration::from_millis(1), "{direct:?} {through:?}");
    assert!(summary["held_mean_us"].as_f64().unwrap() < 1000.0, "{summary}");
}

#[test]
fn it_does_not_take_itself_for_the_camera() {
    let folder = tempfile::tempdir().unwrap();
    let at = nobody();
    let (host, port) = at.rsplit_once(':').unwrap();
    // The same door, one port on, and by way of every address.
    let next = format!("{host}:{}", port.parse::<u16>().unwrap() + 1);
    for (to, bind) in [(&at, &at), (&at, &next), (&at, &format!("0.0.0.0:{port}"))] {
        let ran = run(folder.path(), &["proxy", "--to", to, "--bind", bind]);
        assert!(ran.code == 2 && ran.err.contains("this proxy itself"), "{ran:?}");
    }
}
