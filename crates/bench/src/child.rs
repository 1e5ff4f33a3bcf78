//! Processes that are measured from outside.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::process;

/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(2);

/// How a process went.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// From before it was started until it had ended.
    pub(crate) time: Duration,
    /// Most memory it had resident at once, in MiB; NaN where the system does not tell.
    pub(crate) peak_mib: f64,
    /// What it said.
    pub(crate) stdout: String,
}

impl Run {
    /// The seconds one of our own contenders told.
    pub(crate) fn told_seconds(&self) -> anyhow::Result<f64> {
        let told = self.stdout.trim();
        told.parse().with_context(|| format!("a contender said {told:?}"))
    }
}

/// Runs a program to its end, kills it after `limit`, and fails unless it exits with 0.
///
/// Its output goes through files in `scratch`, so that it never waits for a reader.
pub(crate) fn run(mut command: Command, scratch: &Path, limit: Duration) -> anyhow::Result<Run> {
    let (out, error) = (scratch.join("stdout"), scratch.join("stderr"));
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&error)?);
    let name = format!("{command:?}");
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    let mut peak = f64::NAN;
    let status = loop {
        peak = peak.max(resident_peak_mib(&child));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("{name} took longer than {limit:?}");
        }
        std::thread::sleep(LOOK);
    };
    let time = start.elapsed();
    let said = std::fs::read_to_string(&error).unwrap_or_default();
    ensure!(status.success(), "{name} failed with {status}: {}", said.trim());
    Ok(Run { time, peak_mib: peak, stdout: std::fs::read_to_string(&out)? })
}

/// Runs a short program without looking at it meanwhile.
pub(crate) fn time(command: &mut Command) -> anyhow::Result<Duration> {
    let name = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot run {name}"))?;
    let time = start.elapsed();
    ensure!(status.success(), "{name} failed with {status}");
    Ok(time)
}

/// A command of this program itself.
pub(crate) fn own(words: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(own_path()?);
    command.args(words);
    Ok(command)
}

/// Where this program is.
pub(crate) fn own_path() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("cannot find this program")
}

/// The peak never falls, so that looking now and then misses only what happens at the very end.
fn resident_peak_mib(child: &Child) -> f64 {
    process::memory(child.id()).map_or(f64::NAN, |memory| memory.peak_mib)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_watched_and_bounded() {
        let scratch = tempfile::tempdir().unwrap();
        let shell = |text: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", text]);
            command
        };
        let minute = Duration::from_secs(60);
        let run1 = run(shell("echo 0.5"), scratch.path(), minute).unwrap();
        assert_eq!(run1.told_seconds().unwrap(), 0.5);
        let error = run(shell("echo why >&2; exit 3"), scratch.path(), minute).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
        let error = run(shell("sleep 60"), scratch.path(), Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains("longer"), "{error}");
    }
}
