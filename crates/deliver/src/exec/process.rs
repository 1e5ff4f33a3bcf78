//! Running the program with a limit.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};

use crate::process::Running;
use crate::stop::Stop;

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
        let mut running = Running::start(self.command()?)?;
        // Beside it: a program that reads nothing must not stand still for it.
        let feeder = tokio::spawn(feed(running.stdin(), input));
        let ended = tokio::select! {
            code = running.code() => Ok(code?),
            () = tokio::time::sleep(self.limit) => Err(Ended::TooLong),
            () = self.stop.asked() => Err(Ended::Stopped),
        };
        feeder.abort();
        match ended {
            Ok(code) => Ok(Ended::Code { code, last_line: running.last_line().await }),
            Err(ended) => {
                running.kill().await;
                Ok(ended)
            }
        }
    }

    fn command(&self) -> io::Result<Command> {
        let Some((program, arguments)) = self.argv.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is given"));
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(command)
    }
}

async fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) {
    if let Some(mut stdin) = stdin {
        // A program need not read what it does not want to know.
        let _ = stdin.write_all(&input).await;
        let _ = stdin.shutdown().await;
    }
}
