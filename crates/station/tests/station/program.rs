//! Running the program.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, SimOptions, SimServer};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longest time any run or wait may take; the machine may be busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Its lines of one kind, after all were checked by the schema of the verb.
    pub(crate) fn of_kind(&self, verb: &str, kind: &str) -> Vec<Value> {
        let mut lines = crate::schema::lines(verb, &self.out);
        lines.retain(|line| line["kind"] == kind);
        lines
    }
}

/// Runs the program in `folder` with nothing of this computer's environment.
pub(crate) fn run(folder: &Path, words: &[&str]) -> Ran {
    let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("filmwire-station"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", "/usr/bin:/bin")
        .timeout(LIMIT)
        .output()
        .expect("the program was built");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let ran = Ran {
        code: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    ran
}

/// A program that goes on, and what it tells. It is killed when this is dropped.
pub(crate) struct Going {
    child: Child,
    lines: Receiver<String>,
    told: Vec<String>,
}

impl Going {
    /// Starts `run --json` with this configuration and these variables.
    pub(crate) fn start(folder: &Path, config: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_with(folder, config, variables, &["run", "--json"])
    }

    /// As [`Going::start`], with `--once`.
    pub(crate) fn once(folder: &Path, config: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_with(folder, config, variables, &["run", "--json", "--once"])
    }

    fn start_with(folder: &Path, config: &str, variables: &[(&str, &str)], words: &[&str]) -> Self {
        std::fs::write(folder.join("station.toml"), config).unwrap();
        let mut child =
            std::process::Command::new(assert_cmd::cargo::cargo_bin!("filmwire-station"))
                .args(words)
                .args(["--config", "station.toml"])
                .current_dir(folder)
                .env_clear()
                .env("HOME", folder)
                .env("PATH", "/usr/bin:/bin")
                .envs(variables.iter().copied())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::inherit())
                .spawn()
                .expect("the program was built");
        let stdout = child.stdout.take().unwrap();
        Self { child, lines: reader(stdout), told: Vec::new() }
    }

    /// Waits until it tells a line of this kind.
    pub(crate) fn wait(&mut self, kind: &str) -> Value {
        let start = Instant::now();
        while let Some(left) = LIMIT.checked_sub(start.elapsed()) {
            let Ok(line) = self.lines.recv_timeout(left) else { break };
            self.told.push(line.clone());
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["kind"] == kind {
                return value;
            }
        }
        panic!("no line {kind:?} came; told was:\n{}", self.told.join("\n"));
    }

    /// Waits until it has told so many lines of this kind in all.
    pub(crate) fn wait_all(&mut self, kind: &str, count: usize) {
        let told = |told: &[String]| {
            let kind = format!("\"kind\":\"{kind}\"");
            told.iter().filter(|line| line.contains(&kind)).count()
        };
        while told(&self.told) < count {
            self.wait(kind);
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended after it was killed.
    pub(crate) fn end_killed(mut self) {
        self.child.wait().unwrap();
    }

    /// Waits until it has ended; returns its code and all it told.
    pub(crate) fn end(mut self) -> Ran {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < LIMIT, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            self.told.push(line);
        }
        let out = self.told.join("\n");
        crate::schema::lines("station-run", &out);
        Ran { code: status.code().unwrap_or(-1), out, err: String::new() }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reader(stdout: ChildStdout) -> Receiver<String> {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let Ok(line) = line else { return };
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A simulated camera with so many photos, on a runtime of its own.
pub(crate) struct Simulated {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) server: SimServer,
}

impl Simulated {
    pub(crate) fn new(photos: u32, seed: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let spec = GenerateSpec { photos, seed, ..GenerateSpec::default() };
        let options = SimOptions::new(Persona::builtin("X-T20").unwrap(), Card::generated(&spec));
        let server = runtime.block_on(SimServer::bind(options)).unwrap();
        Self { runtime, server }
    }

    pub(crate) fn address(&self) -> String {
        self.server.addresses().command.to_string()
    }
}

/// Content of all photos below a folder, in order.
pub(crate) fn photos(folder: &Path) -> Vec<Vec<u8>> {
    let (mut folders, mut all) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match (path.is_dir(), name.starts_with('.')) {
                (true, false) => folders.push(path),
                (false, false) => all.push(std::fs::read(path).unwrap()),
                _ => assert!(!name.ends_with(".part"), "half a file was left: {name}"),
            }
        }
    }
    all.sort();
    all
}
