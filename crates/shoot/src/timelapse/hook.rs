//! The command that is run at once when a gap begins.

use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::gap::Why;

/// A command that takes longer is ended.
const LIMIT: Duration = Duration::from_secs(60);
/// Whoever waits longer for a command at the end of a run is told so. Chosen.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a command is told of a gap, in its environment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GapNews {
    /// `FILMWIRE_GAP_FRAME`: the first frame that is missing, or that will be.
    pub(super) frame: u64,
    /// `FILMWIRE_GAP_AT`: when it began.
    pub(super) at: Timestamp,
    /// `FILMWIRE_GAP_WHY`: a word for programs.
    pub(super) why: Why,
    /// `FILMWIRE_GAP_CAUSE`: the same in words.
    pub(super) cause: String,
}

/// A shell command, and perhaps its run.
#[derive(Debug, Default)]
pub(super) struct Hook {
    command: Option<String>,
    running: Option<JoinHandle<Result<(), String>>>,
}

impl Hook {
    pub(super) fn new(command: Option<String>) -> Self {
        Self { command, running: None }
    }

    /// Starts the command, and goes on at once. Fails with words if the last one still runs; what
    /// the last one failed with is told as well.
    pub(super) async fn start(&mut self, news: &GapNews) -> Result<(), String> {
        let Some(command) = self.command.clone() else { return Ok(()) };
        if self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return Err("the command of --on-gap still runs, so it was not run again".into());
        }
        let last = self.ended().await;
        let mut child = Command::new("sh");
        child.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let word = serde_json::to_value(news.why).unwrap_or_default();
        child
            .env("FILMWIRE_GAP_FRAME", news.frame.to_string())
            .env("FILMWIRE_GAP_AT", news.at.to_string())
            .env("FILMWIRE_GAP_WHY", word.as_str().unwrap_or_default())
            // No system passes a zero on.
            .env("FILMWIRE_GAP_CAUSE", news.cause.replace('\0', " "));
        self.running = Some(tokio::spawn(wait_for(child)));
        last
    }

    /// Waits for the command, which ends in bounded time.
    pub(super) async fn ended(&mut self) -> Result<(), String> {
        match self.running.take() {
            Some(running) => running.await.unwrap_or_else(|error| Err(error.to_string())),
            None => Ok(()),
        }
    }

    /// The same at the end of a run, where somebody may look on: says so if it takes its time.
    pub(super) async fn ended_at_last(&mut self, say: impl FnOnce()) -> Result<(), String> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let ended = match timeout(PATIENCE, &mut running).await {
            Ok(ended) => ended,
            Err(_) => {
                say();
                running.await
            }
        };
        ended.unwrap_or_else(|error| Err(error.to_string()))
    }
}

async fn wait_for(mut command: Command) -> Result<(), String> {
    // What the shell starts has to end with it.
    #[cfg(unix)]
    command.process_group(0);
    let not_run = |error| format!("the command of --on-gap could not be run: {error}");
    let mut child = command.spawn().map_err(not_run)?;
    let mut group = Group(child.id());
    let waited = timeout(LIMIT, child.wait()).await;
    if matches!(waited, Ok(Ok(_))) {
        // What it left behind on purpose, such as a player of sounds, is not ours to end.
        group.0 = None;
    }
    match waited {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("the command of --on-gap failed: {status}")),
        Ok(Err(error)) => Err(not_run(error)),
        Err(_) => Err(format!("the command of --on-gap took longer than {LIMIT:?}; it was ended")),
    }
}

/// The process group that a command leads; ended when dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0
            && let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw)
        {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _};

    use tokio::sync::oneshot;

    use super::*;

    fn news() -> GapNews {
        let at = "2026-12-01T18:00:00Z".parse().unwrap();
        GapNews { frame: 7, at, why: Why::NotRunning, cause: "it's \"off\"\n\0$HOME".into() }
    }

    #[tokio::test]
    async fn the_command_is_told_of_the_gap_in_its_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let names = ["FRAME", "AT", "WHY", "CAUSE"].map(|name| format!("\"$FILMWIRE_GAP_{name}\""));
        let command = format!("printf '%s|' {} > '{}'", names.join(" "), file.display());
        let mut hook = Hook::new(Some(command));
        assert_eq!(hook.start(&news()).await, Ok(()));
        assert_eq!(hook.ended().await, Ok(()));
        let told = std::fs::read_to_string(file).unwrap();
        assert_eq!(told, "7|2026-12-01T18:00:00Z|not-running|it's \"off\"\n $HOME|");
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told_later_and_does_not_keep_the_run() {
        let mut hook = Hook::new(Some("read -r line; exit 3".into()));
        assert_eq!(hook.start(&news()).await, Ok(()));
        while !hook.running.as_ref().unwrap().is_finished() {
            tokio::task::yield_now().await;
        }
        let said = hook.start(&news()).await.unwrap_err();
        assert!(said.contains("exit status: 3"), "{said}");
        assert!(hook.ended().await.is_err());
        assert_eq!(Hook::default().start(&news()).await, Ok(()), "there may be none");
    }

    #[tokio::test]
    async fn a_command_that_still_runs_is_not_run_twice() {
        let mut hook = Hook::new(Some("exec sleep 1000".into()));
        assert_eq!(hook.start(&news()).await, Ok(()));
        let said = hook.start(&news()).await.unwrap_err();
        assert!(said.contains("still runs"), "{said}");
    }

    /// Whoever of the command still runs holds the pipe open.
    #[cfg(unix)]
    #[tokio::test]
    async fn what_the_command_started_is_ended_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let shell = format!("exec 3>'{}'; sleep 60 & echo up >&3; wait", pipe.display());
        let mut hook = Hook::new(Some(shell));
        assert_eq!(hook.start(&news()).await, Ok(()));
        let ((up, is_up), (end, is_ended)) = (oneshot::channel(), oneshot::channel());
        std::thread::spawn(move || {
            let mut reader = BufReader::new(std::fs::File::open(pipe).unwrap());
            reader.read_line(&mut String::new()).unwrap();
            up.send(()).unwrap();
            let _ = end.send(reader.read_to_end(&mut Vec::new()).unwrap());
        });
        is_up.await.unwrap();
        hook.running.take().unwrap().abort();
        let ended = timeout(Duration::from_secs(20), is_ended).await;
        ended.expect("the sleep goes on").unwrap();
    }

    /// Time that nobody waits for in earnest is passed over, which here ends the command at once.
    #[tokio::test(start_paused = true)]
    async fn a_command_that_takes_too_long_is_ended() {
        let mut hook = Hook::new(Some("exec sleep 1000".into()));
        assert_eq!(hook.start(&news()).await, Ok(()));
        let mut told = 0;
        let said = hook.ended_at_last(|| told += 1).await.unwrap_err();
        assert!(said.contains("longer than 60s"), "{said}");
        assert_eq!(hook.ended_at_last(|| told += 1).await, Ok(()));
        assert_eq!(told, 1, "of nothing, nothing is told");
    }
}
