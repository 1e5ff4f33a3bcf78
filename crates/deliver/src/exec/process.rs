//! Running a program with a limit, and leaving nothing of it behind when the limit is reached.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

use crate::stop::Stop;

/// How much of the end of standard error is kept.
const KEPT_BYTES: usize = 4096;
/// How long standard error is read on after the program has ended: what it started may keep it.
const DRAIN: Duration = Duration::from_millis(200);

/// A program about to run.
pub(super) struct Run<'a> {
    pub(super) argv: &'a [String],
    pub(super) limit: Duration,
    pub(super) stop: &'a Stop,
}

/// How it ended.
pub(super) enum Ended {
    /// By itself, or by a signal, which has no code.
    Code { code: Option<i32>, last_line: String },
    /// It was killed at its limit.
    TooLong,
    /// It was killed because it was asked to stop.
    Stopped,
}

impl Run<'_> {
    /// Runs the program with this input. Cancel-safe: it is killed if the future is dropped.
    pub(super) async fn with(&self, input: Vec<u8>) -> io::Result<Ended> {
        let mut running = Running(self.start()?);
        let (stdin, stderr) = (running.0.stdin.take(), running.0.stderr.take());
        // Beside it: a program that reads nothing, or says much, must not stand still for it.
        let feeder = tokio::spawn(feed(stdin, input));
        let mut reader = tokio::spawn(tail(stderr));
        let ended = tokio::select! {
            status = running.0.wait() => Ok(status?.code()),
            () = tokio::time::sleep(self.limit) => Err(Ended::TooLong),
            () = self.stop.asked() => Err(Ended::Stopped),
        };
        feeder.abort();
        let code = match ended {
            Ok(code) => code,
            Err(ended) => {
                running.kill().await;
                reader.abort();
                return Ok(ended);
            }
        };
        let said = tokio::time::timeout(DRAIN, &mut reader).await;
        reader.abort();
        let last_line = said.ok().and_then(Result::ok).unwrap_or_default();
        Ok(Ended::Code { code, last_line })
    }

    fn start(&self) -> io::Result<Child> {
        let Some((program, arguments)) = self.argv.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is given"));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

/// A program with its process group, which goes when this is dropped before the program ended.
struct Running(Child);

impl Running {
    async fn kill(&mut self) {
        self.kill_group();
        // It cannot refuse; reaping it may have to wait for a disk.
        let _ = tokio::time::timeout(DRAIN, self.0.wait()).await;
    }

    /// Only before the program was waited for: afterwards its number may be another's.
    fn kill_group(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self
            .0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            // Fails only if nobody of it is left.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.start_kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.id().is_some() {
            self.kill_group();
        }
    }
}

async fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        // A program need not read what it does not want to know.
        let _ = stdin.write_all(&input).await;
        let _ = stdin.shutdown().await;
    }
}

/// Reads all, and returns the last line that is not empty.
async fn tail(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(piece.get(..length).unwrap_or_default());
        let surplus = kept.len().saturating_sub(KEPT_BYTES);
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    // It ends up on terminals and in logs.
    last.chars().filter(|c| !c.is_control()).collect()
}
