//! Programs that are run, of which nothing is left behind when they are given up.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// How much of the end of standard error is kept.
const KEPT_BYTES: usize = 4096;
/// How long standard error is read on after the program has ended: what it started may keep it.
const DRAIN: Duration = Duration::from_millis(200);

/// A program with its process group, which goes when this is dropped before the program ended.
pub(crate) struct Running {
    child: Child,
    reader: JoinHandle<String>,
}

impl Running {
    /// Starts a program in a process group of its own. Its standard error is read beside it: a
    /// program that says much must not stand still for it.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        command.stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let reader = tokio::spawn(tail(child.stderr.take()));
        Ok(Self { child, reader })
    }

    /// What goes to its standard input; once, and only if that is a pipe.
    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// What comes from its standard output; once, and only if that is a pipe.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for its exit code; a signal has none. Cancel-safe.
    pub(crate) async fn code(&mut self) -> io::Result<Option<i32>> {
        Ok(self.child.wait().await?.code())
    }

    /// The last line of its standard error that is not empty, once it has ended.
    pub(crate) async fn last_line(&mut self) -> String {
        let said = tokio::time::timeout(DRAIN, &mut self.reader).await;
        said.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Ends it and all it started.
    pub(crate) async fn kill(&mut self) {
        self.kill_group();
        // It cannot refuse; reaping it may have to wait for a disk.
        let _ = tokio::time::timeout(DRAIN, self.child.wait()).await;
    }

    /// Only before the program was waited for: afterwards its number may be another's.
    fn kill_group(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            // Fails only if nobody of it is left.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.start_kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            self.kill_group();
        }
        self.reader.abort();
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
