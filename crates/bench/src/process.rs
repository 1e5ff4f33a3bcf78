//! What Linux tells of a running process.

use std::time::Duration;

use anyhow::{Context as _, ensure};

/// Clock ticks in a second, as the kernel tells them to programs on every Linux we know.
const TICKS_PER_SECOND: u64 = 100;
/// The step in which processor time is counted.
pub(crate) const TICK: Duration = Duration::from_millis(1000 / TICKS_PER_SECOND);
/// Fields of /proc/PID/stat behind the name, which may hold spaces: proc(5) counts them from 3.
const FIRST_FIELD: usize = 3;

/// Memory of a process as /proc tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Memory {
    /// Resident now, in MiB.
    pub(crate) now_mib: f64,
    /// Most that was ever resident, in MiB.
    pub(crate) peak_mib: f64,
}

/// Memory of the process `pid`.
///
/// Fails if there is none, and on systems other than Linux.
pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    memory_of(&status).with_context(|| format!("{path} tells no memory"))
}

fn memory_of(status: &str) -> Option<Memory> {
    Some(Memory { now_mib: mib(status, "VmRSS:")?, peak_mib: mib(status, "VmHWM:")? })
}

fn mib(status: &str, what: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Processor time the process `pid` has used so far, in ticks of 10 ms.
///
/// Fails if there is none, and on systems other than Linux.
pub(crate) fn processor_time(pid: u32) -> anyhow::Result<Duration> {
    let [user, system, ..] = times(pid)?;
    Ok(ticks(user + system))
}

/// Processor time of all children this process has waited for so far.
///
/// Fails on systems other than Linux.
pub(crate) fn children_processor_time() -> anyhow::Result<Duration> {
    let [.., user, system] = times(std::process::id())?;
    Ok(ticks(user + system))
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

fn times(pid: u32) -> anyhow::Result<[u64; 4]> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    times_of(&stat).with_context(|| format!("cannot understand {path}"))
}

/// utime, stime, cutime and cstime: fields 14 to 17.
fn times_of(stat: &str) -> anyhow::Result<[u64; 4]> {
    let (_, behind_name) = stat.rsplit_once(')').context("no name in parentheses")?;
    let fields: Vec<_> = behind_name.split_whitespace().skip(14 - FIRST_FIELD).take(4).collect();
    ensure!(fields.len() == 4, "only {} fields", fields.len());
    let mut times = [0; 4];
    for (time, field) in times.iter_mut().zip(fields) {
        *time = field.parse().with_context(|| format!("{field:?} is no number"))?;
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_mib() {
        let status = "Name:\tx\nVmHWM:\t    2560 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(memory_of(status), Some(Memory { now_mib: 1.0, peak_mib: 2.5 }));
        assert_eq!(memory_of("Name:\tx\nVmRSS:\t 1 kB\n"), None);
    }

    #[test]
    fn times_stand_behind_the_name() {
        let stat = "7 (a) 9 (b) S 1 7 7 0 -1 0 10 11 12 13 140 150 160 170 20 0 1\n";
        assert_eq!(times_of(stat).unwrap(), [140, 150, 160, 170]);
        assert!(times_of("7 (a) S 1").is_err());
        assert!(times_of("7 a").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory_and_time() {
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.now_mib > 0.1 && memory.peak_mib >= memory.now_mib);
        processor_time(std::process::id()).unwrap();
        let before = children_processor_time().unwrap();
        let mut busy = std::process::Command::new("sh");
        busy.args(["-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"]);
        assert!(busy.status().unwrap().success());
        assert!(children_processor_time().unwrap() > before);
    }
}
