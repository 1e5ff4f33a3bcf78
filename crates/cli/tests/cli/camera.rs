//! A simulated camera in a process of its own: `filmwire sim`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use filmwire_codec::journal::JournalRow;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::program::{LIMIT, command};
use crate::schema;

/// An address of this computer where nobody listens, with three ports that stay free for a camera
/// to come to: systems give none below 32768 to those who ask for any.
pub(crate) fn nobody() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 3000) as u16 * 4;
    let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let step = NEXT.fetch_add(4, Ordering::Relaxed);
        let first = 20_000 + (start + step) % 12_000;
        if (first..first + 3).all(is_free) {
            return format!("127.0.0.1:{first}");
        }
    }
}

/// A camera that listens; gone when dropped.
pub(crate) struct Camera {
    child: Child,
    told: BufReader<ChildStdout>,
    pub(crate) address: String,
    journal: PathBuf,
    _folder: tempfile::TempDir,
}

impl Camera {
    /// Starts a camera with small photos and whatever the words say.
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", words)
    }

    /// As [`Camera::start`], at an address.
    pub(crate) fn start_at(address: &str, words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        let mut all = vec!["sim", "--json", "--listen", address, "--journal"];
        all.push(journal.to_str().unwrap());
        all.extend(words);
        let mut child =
            command(folder.path(), &all).stderr(Stdio::inherit()).spawn().expect("it was built");
        let mut line = String::new();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let listening = schema::lines("sim", &line).pop().expect("it says where it listens");
        let address = listening["address"].as_str().unwrap().to_owned();
        Self { child, told, address, journal, _folder: folder }
    }

    /// All rows of its journal so far.
    pub(crate) fn journal(&self) -> Vec<JournalRow> {
        let text = std::fs::read_to_string(&self.journal).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// All rows of its journal once every connection has ended with a goodbye: a program may be
    /// gone before the camera has read its last words.
    pub(crate) fn left(&self) -> Vec<JournalRow> {
        let end = Instant::now() + LIMIT;
        loop {
            let rows = self.journal();
            let last: BTreeMap<u32, &str> =
                rows.iter().map(|row| (row.connection, row.note.as_str())).collect();
            if !last.is_empty() && last.values().all(|note| *note == "goodbye") {
                return rows;
            }
            assert!(Instant::now() < end, "no goodbye: {rows:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to end as Ctrl-C does; returns its exit code and what it says of what it served.
    pub(crate) fn interrupt(mut self) -> (i32, Value) {
        signal(&self.child, Signal::INT);
        let mut text = String::new();
        self.told.read_to_string(&mut text).unwrap();
        let summary = schema::lines("sim", &text).pop().expect("it says what it served");
        (wait(&mut self.child), summary)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a child that was not waited for yet.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let id = Pid::from_child(child);
    kill_process(id, signal).unwrap();
}

/// Waits for a child within the time limit and returns its exit code.
pub(crate) fn wait(child: &mut Child) -> i32 {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        assert!(Instant::now() < end, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Reads lines of a child until one is of the kind.
pub(crate) fn read_until(child: &mut Child, kind: &str) -> BufReader<ChildStdout> {
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 0 {
        let value: Value = serde_json::from_str(&line).unwrap();
        if value["kind"] == kind {
            return reader;
        }
        line.clear();
    }
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    panic!("no line of kind {kind}: {errors}");
}

/// Files below a folder that are not filmwire's own, relative and sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name == ".filmwire") {
                continue;
            }
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
    }
    found.sort();
    found
}
