//! Running the program.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

/// Longest time any run may take; the machine may be busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The built program.
pub(crate) fn path() -> &'static Path {
    assert_cmd::cargo::cargo_bin!("filmwire")
}

/// Runs the program in `folder` with nothing of this computer's environment.
pub(crate) fn run(folder: &Path, words: &[&str]) -> Ran {
    run_with(folder, words, &[])
}

/// As [`run`], with these variables.
pub(crate) fn run_with(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = Command::new(path())
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .envs(variables.iter().copied())
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

/// The program in `folder`, not started yet, with both outputs piped.
pub(crate) fn command(folder: &Path, words: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(path());
    command
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Takes nothing until it is read.
#[cfg(target_os = "linux")]
pub(crate) fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let room = rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
    std::io::Write::write_all(&mut writer, &vec![b'\n'; room]).unwrap();
    (reader, writer)
}

impl Ran {
    /// Its lines, each valid by the schema of the verb.
    pub(crate) fn lines(&self, verb: &str) -> Vec<Value> {
        crate::schema::lines(verb, &self.out)
    }

    /// Its lines of one kind.
    pub(crate) fn of_kind(&self, verb: &str, kind: &str) -> Vec<Value> {
        let mut lines = self.lines(verb);
        lines.retain(|line| line["kind"] == kind);
        lines
    }
}
