//! Whatever rclone reaches, by running that program for each call.
//!
//! Source: its manual; what it does where that is silent was tried with 1.60.1. It gives no file a
//! name that is taken (`--ignore-existing`), but looks and renames in two steps: of two publishers
//! that want one name in the same moment, one may replace the other's file.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bytes::BytesMut;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::fault::{Fault, FaultKind};
use crate::process::Running;
use crate::store::{Look, Moved, Pieces, Sink, Store};
use crate::target::Future;

/// Longest listing that is read.
const LISTING_BYTES: usize = 64 << 20;
/// Bytes read back at once.
const PIECE_BYTES: usize = 1 << 19;
/// How long a call may be silent. Where the other side cannot take a stream, or copies in order to
/// rename, rclone is busy long after the last byte; it ends dead connections by itself.
const PATIENCE: Duration = Duration::from_secs(3600);
/// What rclone ends with if there is no such folder, no such file.
const MISSING: [Option<i32>; 2] = [Some(3), Some(4)];

/// What every call says: we try again ourselves, and nobody is there to answer questions.
const ALWAYS: [&str; 6] = [
    "--ask-password=false",
    "--retries=1",
    "--contimeout=20s",
    "--timeout=2m",
    "--log-level=ERROR",
    "--log-format=",
];

/// Which remote, and how rclone is run.
#[derive(Debug, Clone)]
pub struct RcloneOptions {
    /// Such as `cloud:Photos`: a remote of rclone's configuration, and a folder in it.
    pub remote: String,
    /// The program; looked for in `PATH` if it has no `/` in it.
    pub program: PathBuf,
    /// Its configuration, if not where rclone looks for it.
    pub config: Option<PathBuf>,
}

/// A folder that rclone reaches, as a [`Store`]. It is made with its parents if it is missing.
pub struct Rclone {
    remote: String,
    program: PathBuf,
    config: Option<PathBuf>,
}

/// An entry of `lsjson`.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Size")]
    size: i64,
    #[serde(rename = "IsDir")]
    is_folder: bool,
    #[serde(rename = "ModTime")]
    modified: Option<String>,
    #[serde(rename = "ID")]
    id: Option<String>,
}

/// How a run ended.
struct Ended {
    code: Option<i32>,
    output: Vec<u8>,
    last_line: String,
}

impl Ended {
    fn is_good(&self) -> bool {
        self.code == Some(0)
    }

    fn is_missing(&self) -> bool {
        MISSING.contains(&self.code)
    }
}

impl Rclone {
    /// Sets up; nothing is run yet.
    ///
    /// # Errors
    /// If that is no remote of a configuration: options of one that is made up on the spot would
    /// stand in lists of processes, with its password.
    pub fn new(options: RcloneOptions) -> Result<Self, Fault> {
        let RcloneOptions { remote, program, config } = options;
        let name = remote.split_once(':').map_or("", |(name, _)| name);
        if name.is_empty() || name.starts_with('-') || name.contains([',', '/']) {
            return Err(Fault::permanent(
                "remote must be the name of one in rclone's configuration, a colon and a folder",
            ));
        }
        let remote = remote.trim_end_matches('/').to_owned();
        Ok(Self { remote, program, config })
    }

    fn at(&self, path: &str) -> String {
        let root = &self.remote;
        match (path, root.ends_with(':')) {
            ("", _) => root.clone(),
            (path, true) => format!("{root}{path}"),
            (path, false) => format!("{root}/{path}"),
        }
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(&self.program);
        command.args(ALWAYS).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(config) = &self.config {
            command.args([OsStr::new("--config"), config.as_os_str()]);
        }
        command.args(arguments);
        command
    }

    fn start(&self, command: Command) -> Result<Running, Fault> {
        Running::start(command).map_err(|cause| Fault::io("run", &self.program, &cause))
    }

    async fn end(&self, mut running: Running, output: Vec<u8>) -> Result<Ended, Fault> {
        let code = running.code().await;
        let code = code.map_err(|cause| Fault::io("run", &self.program, &cause))?;
        Ok(Ended { code, output, last_line: running.last_line().await })
    }

    /// Runs rclone to its end, for what it prints.
    async fn run(&self, arguments: &[&str]) -> Result<Ended, Fault> {
        let mut command = self.command(arguments.iter().copied());
        command.stdout(Stdio::piped());
        let mut running = self.start(command)?;
        let mut output = Vec::new();
        if let Some(stdout) = running.stdout() {
            let read = stdout.take(LISTING_BYTES as u64 + 1).read_to_end(&mut output).await;
            read.map_err(|cause| Fault::io("read from", &self.program, &cause))?;
        }
        if output.len() > LISTING_BYTES {
            return Err(Fault::permanent(format!("the listing of {} has no end", self.remote)));
        }
        self.end(running, output).await
    }

    fn fault(&self, what: &str, path: &str, ended: &Ended) -> Fault {
        let why = match (ended.code, ended.last_line.as_str()) {
            (None, _) => "rclone was killed".to_owned(),
            (Some(code), "") => format!("rclone ended with exit code {code}"),
            (Some(_), said) => format!("rclone says {said:?}"),
        };
        let is_full = ended.last_line.to_lowercase().contains("no space left");
        let kind = if is_full { FaultKind::Full } else { FaultKind::Transient };
        Fault { kind, reason: format!("cannot {what} {}: {why}", self.at(path)) }
    }

    fn entries<T: for<'a> Deserialize<'a>>(&self, ended: &Ended) -> Result<T, Fault> {
        serde_json::from_slice(&ended.output).map_err(|cause| {
            Fault::permanent(format!("rclone's listing of {} is none: {cause}", self.remote))
        })
    }

    async fn look_at(&self, path: &str) -> Result<Look, Fault> {
        let ended = self.run(&["lsjson", "--stat", "--no-mimetype", &self.at(path)]).await?;
        if ended.is_missing() {
            return Ok(Look::Nothing);
        }
        if !ended.is_good() {
            return Err(self.fault("look at", path, &ended));
        }
        let Some(entry) = self.entries::<Option<Entry>>(&ended)? else { return Ok(Look::Nothing) };
        if entry.is_folder {
            let is_there = self.lists(path).await?;
            return Ok(if is_there { Look::Other } else { Look::Nothing });
        }
        let size = u64::try_from(entry.size).map_err(|_| {
            Fault::permanent(format!("{}: it has no size that rclone knows", self.at(path)))
        })?;
        let time = entry.modified.unwrap_or_default();
        let tag = Some(format!("{time}-{}-{size}", entry.id.unwrap_or_default()));
        Ok(Look::File { size, tag })
    }

    async fn names(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let ended =
            self.run(&["lsjson", "--no-mimetype", "--no-modtime", &self.at(folder)]).await?;
        if ended.is_missing() {
            return Ok(Vec::new());
        }
        if !ended.is_good() {
            return Err(self.fault("list", folder, &ended));
        }
        let found: Vec<Entry> = self.entries(&ended)?;
        Ok(found.into_iter().map(|entry| entry.name).collect())
    }

    /// Whether something is in the listing of the folder it would be in. Where folders are but
    /// parts of names, as in S3, anything that is not there is taken for one.
    async fn lists(&self, path: &str) -> Result<bool, Fault> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok(path.is_empty() || self.names(folder).await?.iter().any(|found| found == name))
    }

    async fn make(&self, folder: &str) -> Result<(), Fault> {
        let ended = self.run(&["mkdir", &self.at(folder)]).await?;
        if ended.is_good() { Ok(()) } else { Err(self.fault("make", folder, &ended)) }
    }

    async fn write_new(&self, path: &str, size: u64, mut pieces: Pieces) -> Result<(), Fault> {
        let mut command = self.command(["rcat", "--size", &size.to_string(), &self.at(path)]);
        command.stdin(Stdio::piped());
        let mut running = self.start(command)?;
        let mut stdin = running.stdin();
        while let (Some(piece), Some(to)) = (pieces.next().await, stdin.as_mut()) {
            // Dropped, rclone is killed before its input ends, so it takes no part for the whole.
            let piece = piece.map_err(|cause| Fault::io("read for", path.as_ref(), &cause))?;
            if to.write_all(&piece).await.is_err() {
                // It has ended, and says why.
                break;
            }
        }
        drop(stdin);
        let ended = self.end(running, Vec::new()).await?;
        if ended.is_good() { Ok(()) } else { Err(self.fault("write", path, &ended)) }
    }

    async fn read_back(&self, path: &str, mut sink: Sink) -> Result<bool, Fault> {
        let mut command = self.command(["cat", &self.at(path)]);
        command.stdout(Stdio::piped());
        let mut running = self.start(command)?;
        if let Some(mut stdout) = running.stdout() {
            loop {
                let mut piece = BytesMut::with_capacity(PIECE_BYTES);
                let read = stdout.read_buf(&mut piece).await;
                read.map_err(|cause| Fault::io("read from", &self.program, &cause))?;
                if piece.is_empty() {
                    break;
                }
                if !sink.take(piece.freeze()).await {
                    return Ok(true);
                }
            }
        }
        let ended = self.end(running, Vec::new()).await?;
        match ended.is_good() {
            true => Ok(true),
            false if ended.is_missing() => Ok(false),
            false => Err(self.fault("read", path, &ended)),
        }
    }

    /// Where the name is taken, rclone leaves the file where it is and calls that a success; a
    /// folder under that name makes it fail.
    async fn give_name(&self, from: &str, to: &str) -> Result<Moved, Fault> {
        let moved =
            self.run(&["moveto", "--ignore-existing", &self.at(from), &self.at(to)]).await?;
        let is_taken = match moved.is_good() {
            true => self.look_at(from).await? != Look::Nothing,
            false => self.look_at(to).await? != Look::Nothing,
        };
        match (moved.is_good(), is_taken) {
            (true, false) => Ok(Moved::Done),
            (_, true) => Ok(Moved::Taken),
            (false, false) => Err(self.fault("rename to", to, &moved)),
        }
    }

    async fn replace_by(&self, from: &str, to: &str) -> Result<(), Fault> {
        // What has the same size and time would be taken for equal, and left as it is.
        let moved = self.run(&["moveto", "--ignore-times", &self.at(from), &self.at(to)]).await?;
        match moved.is_good() {
            true => Ok(()),
            false => Err(self.fault("rename to", to, &moved)),
        }
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        let ended = self.run(&["deletefile", &self.at(path)]).await?;
        // That there is nothing has no code of its own.
        if ended.is_good() || self.look_at(path).await? == Look::Nothing {
            return Ok(());
        }
        Err(self.fault("remove", path, &ended))
    }
}

impl Store for Rclone {
    fn place(&self) -> &str {
        &self.remote
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        Box::pin(self.look_at(path))
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        Box::pin(self.names(folder))
    }

    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.make(folder))
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        size: u64,
        pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.write_new(path, size, pieces))
    }

    fn read<'a>(&'a self, path: &'a str, sink: Sink) -> Future<'a, Result<bool, Fault>> {
        Box::pin(self.read_back(path, sink))
    }

    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>> {
        Box::pin(self.give_name(from, to))
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.replace_by(from, to))
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        Box::pin(self.delete(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rclone(remote: &str, program: &str) -> Result<Rclone, Fault> {
        Rclone::new(RcloneOptions { remote: remote.into(), program: program.into(), config: None })
    }

    #[test]
    fn a_remote_is_one_of_the_configuration() {
        for bad in ["Photos", "/mnt/nas", ":sftp,pass=hunter2:", "a,pass=hunter2:", "-v:", "a/b:c"]
        {
            let fault = rclone(bad, "rclone").err().unwrap();
            assert!(!fault.reason.contains("hunter2"), "{fault}");
        }
        for (remote, path, at) in [
            ("cloud:", "a/b", "cloud:a/b"),
            ("cloud:", "", "cloud:"),
            ("cloud:/", "a", "cloud:a"),
            ("cloud:Photos/", "a/b", "cloud:Photos/a/b"),
            ("cloud:Photos", "", "cloud:Photos"),
            ("disk:/srv", "a", "disk:/srv/a"),
        ] {
            assert_eq!(rclone(remote, "rclone").unwrap().at(path), at);
        }
    }

    /// A program that ends as rclone may.
    #[cfg(unix)]
    fn ending(script: &str) -> (tempfile::TempDir, Rclone) {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("rclone");
        // By way of another process: a file that is still written to by a fork cannot be run.
        let write = format!("cat > '{0}' && chmod 755 '{0}'", program.display());
        let mut shell = std::process::Command::new("sh")
            .args(["-c", &write])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let text = format!("#!/bin/sh\n{script}\n");
        std::io::Write::write_all(&mut shell.stdin.take().unwrap(), text.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
        assert!(program.metadata().unwrap().permissions().mode() & 0o111 != 0);
        let rclone = rclone("a:", program.to_str().unwrap()).unwrap();
        (folder, rclone)
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn endings_are_sorted() {
        for (script, kind, reason) in [
            ("echo 'Failed: No space left on device' >&2; exit 1", FaultKind::Full, "No space"),
            ("echo 'Failed: quota' >&2; exit 7", FaultKind::Transient, "\"Failed: quota\""),
            ("kill -9 $$", FaultKind::Transient, "was killed"),
            ("exit 9", FaultKind::Transient, "exit code 9"),
            ("echo '[1]'", FaultKind::Permanent, "listing"),
        ] {
            let (_folder, rclone) = ending(script);
            let fault = rclone.look_at("b").await.unwrap_err();
            assert_eq!(fault.kind, kind, "{fault}");
            assert!(fault.reason.contains(reason), "{fault}");
        }
        for script in ["exit 3", "exit 4", "echo null"] {
            let (_folder, rclone) = ending(script);
            assert_eq!(rclone.look_at("b").await.unwrap(), Look::Nothing, "{script}");
        }
    }

    /// A store without folders tells of one under any name that is free.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_folder_that_no_listing_has_is_none() {
        let script = r#"case "$*" in
            *--stat*) echo '{"Name":"","Size":-1,"IsDir":true}';;
            *) echo '[{"Name":"b","Size":-1,"IsDir":true}]';;
        esac"#;
        let (_folder, rclone) = ending(script);
        assert_eq!(rclone.look_at("a/b").await.unwrap(), Look::Other);
        assert_eq!(rclone.look_at("a/c").await.unwrap(), Look::Nothing);
        assert_eq!(rclone.look_at("").await.unwrap(), Look::Other);
    }

    /// rclone calls it a success to leave a file where it is because the name is taken.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_stayed_has_no_new_name() {
        let script = r#"case "$*" in
            *moveto*) exit 0;;
            *) echo '{"Name":"b","Size":1,"IsDir":false}';;
        esac"#;
        let (_folder, rclone) = ending(script);
        assert_eq!(rclone.give_name("b", "c").await.unwrap(), Moved::Taken);
    }
}
