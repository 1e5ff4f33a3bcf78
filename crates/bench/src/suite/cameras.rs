//! Many cameras in one process, synced at the same time by as many programs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest, Sha256};

use super::Bench;
use crate::child;
use crate::crowd::{self, PHOTO_BYTES, PHOTOS};
use crate::process;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// All of it must be over by then.
const LIMIT: Duration = Duration::from_secs(120);
/// Between two looks at the programs.
const LOOK: Duration = Duration::from_millis(20);
/// What a camera may cost in memory, in MiB.
const CAMERA_MIB: f64 = 0.5;
/// What serving a card may cost in processor time, in seconds.
const CAMERA_SECONDS: f64 = 0.020;
/// What fetching it may cost in processor time, in seconds.
const PROGRAM_SECONDS: f64 = 0.150;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let cameras = bench.args.cameras as u32;
    let scratch = bench.scratch()?;
    let crowd = Crowd::start(cameras)?;
    let idle = process::memory(crowd.child.id())?;
    let served_before = process::processor_time(crowd.child.id())?;
    let clients = sync_all(bench, &crowd.addresses, scratch.path())?;
    let after = process::memory(crowd.child.id())?;
    let served = process::processor_time(crowd.child.id())?.saturating_sub(served_before);
    for camera in 0..cameras {
        check_library(camera, &library(scratch.path(), camera))?;
    }
    let bytes = f64::from(cameras) * f64::from(PHOTOS) * PHOTO_BYTES as f64;
    table.group(format!(
        "{cameras} cameras in one process, {cameras} programs, {PHOTOS} photos of {} kB each",
        PHOTO_BYTES / 1000
    ));
    let each = f64::from(cameras);
    let one = |value: f64| Sample::from_iter([value]);
    let (camera_mib, camera_seconds) = (after.peak_mib / each, served.as_secs_f64() / each);
    table.push(
        Row::new("memory of the simulator, a camera", Unit::Mib, &one(camera_mib))
            .note(format!("{:.1} MiB at most, {:.1} idle", after.peak_mib, idle.now_mib))
            .at_most(camera_mib, CAMERA_MIB, Unit::Mib),
    );
    table.push(
        Row::new("processor time of the simulator, a camera", Unit::Millis, &one(camera_seconds))
            .at_most(camera_seconds, CAMERA_SECONDS, Unit::Millis),
    );
    table.push(Row::new("peak memory of a program", Unit::Mib, &clients.peak_mib));
    let client_seconds = clients.processor_time.as_secs_f64() / each;
    table.push(
        Row::new("processor time of a program", Unit::Millis, &one(client_seconds)).at_most(
            client_seconds,
            PROGRAM_SECONDS,
            Unit::Millis,
        ),
    );
    table.push(Row::new("time until a program was done", Unit::Seconds, &clients.time));
    let note = format!("all {cameras} libraries whole, {:.0} MB in all", bytes / 1e6);
    table.push(
        Row::new("time until all were done", Unit::Seconds, &one(clients.time.max())).note(note),
    );
    Ok(())
}

/// The process with the cameras; it ends when this is dropped.
struct Crowd {
    child: Child,
    addresses: Vec<String>,
}

impl Crowd {
    fn start(cameras: u32) -> anyhow::Result<Self> {
        let mut command = child::own(&["crowd", &cameras.to_string()])?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn().context("cannot start the cameras")?;
        let mut crowd = Self { child, addresses: Vec::new() };
        let stdout = crowd.child.stdout.take().context("the cameras have no output")?;
        crowd.addresses = addresses(stdout, cameras)?;
        Ok(crowd)
    }
}

/// One a line. A process that ends early closes its output, so that this never hangs.
fn addresses(stdout: ChildStdout, cameras: u32) -> anyhow::Result<Vec<String>> {
    let lines: Result<Vec<_>, _> = BufReader::new(stdout).lines().take(cameras as usize).collect();
    let lines = lines?;
    ensure!(lines.len() == cameras as usize, "only {} of {cameras} cameras started", lines.len());
    Ok(lines)
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // Its standard input ends; one that does not end by that is ended.
        drop(self.child.stdin.take());
        let until = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                // It may have ended meanwhile.
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// What the programs needed.
struct Clients {
    /// Seconds from the start of the first program to the end of each.
    time: Sample,
    peak_mib: Sample,
    /// Of all together.
    processor_time: Duration,
}

/// The programs still at work; those left over are killed.
#[derive(Default)]
struct Running(BTreeMap<u32, (Child, f64)>);

impl Drop for Running {
    fn drop(&mut self) {
        for (child, _) in self.0.values_mut() {
            // It may have ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a sync of each camera at once and waits for all.
fn sync_all(bench: &Bench<'_>, addresses: &[String], folder: &Path) -> anyhow::Result<Clients> {
    let before = process::children_processor_time()?;
    let (mut running, start) = (Running::default(), Instant::now());
    for (camera, address) in (0..).zip(addresses) {
        let mut command = bench.program.with_library(&["sync"], address, &library(folder, camera));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(said(folder, camera))?);
        let child = command.spawn().context("cannot run filmwire")?;
        running.0.insert(camera, (child, f64::NAN));
    }
    let (mut time, mut peak_mib) = (Sample::default(), Sample::default());
    while !running.0.is_empty() {
        for peak in take_ended(&mut running, folder)? {
            time.time(start.elapsed());
            // Nothing is known of one that ended before the last was started.
            if !peak.is_nan() {
                peak_mib.add(peak);
            }
        }
        ensure!(start.elapsed() < LIMIT, "{} programs not done in {LIMIT:?}", running.0.len());
        std::thread::sleep(LOOK);
    }
    ensure!(!peak_mib.is_empty(), "nothing is known of the memory of any program");
    let processor_time = process::children_processor_time()?.saturating_sub(before);
    Ok(Clients { time, peak_mib, processor_time })
}

/// Looks at the memory of all, and takes those out that ended: the peak of each in MiB, or no number.
fn take_ended(running: &mut Running, folder: &Path) -> anyhow::Result<Vec<f64>> {
    let (mut ended, mut peaks) = (Vec::new(), Vec::new());
    for (&camera, (child, peak)) in &mut running.0 {
        // One that just ended tells nothing more.
        if let Ok(memory) = process::memory(child.id()) {
            *peak = peak.max(memory.peak_mib);
        }
        let Some(status) = child.try_wait()? else { continue };
        if !status.success() {
            let said = std::fs::read_to_string(said(folder, camera)).unwrap_or_default();
            bail!("the sync of camera {camera} failed with {status}: {}", said.trim());
        }
        ended.push(camera);
        peaks.push(*peak);
    }
    running.0.retain(|camera, _| !ended.contains(camera));
    Ok(peaks)
}

fn library(folder: &Path, camera: u32) -> PathBuf {
    folder.join(format!("library-{camera}"))
}

fn said(folder: &Path, camera: u32) -> PathBuf {
    folder.join(format!("stderr-{camera}"))
}

/// The library must hold the bytes of each photo of its camera, and no other photo.
fn check_library(camera: u32, library: &Path) -> anyhow::Result<()> {
    let mut wanted = BTreeMap::new();
    for object in crowd::card(camera).objects() {
        let bytes = object.read_at(0, object.size_bytes as usize)?;
        wanted.insert(object.name, Sha256::digest(&bytes).to_vec());
    }
    let mut found = BTreeMap::new();
    for path in super::published(library)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.insert(name, Sha256::digest(std::fs::read(&path)?).to_vec());
    }
    ensure!(found == wanted, "the library of camera {camera} holds something else than its card");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_compared_with_its_card() {
        let library = tempfile::tempdir().unwrap();
        for object in crowd::card(3).objects() {
            let bytes = object.read_at(0, object.size_bytes as usize).unwrap();
            std::fs::write(library.path().join(object.name), bytes).unwrap();
        }
        check_library(3, library.path()).unwrap();
        check_library(4, library.path()).unwrap_err();
        std::fs::write(library.path().join("more.jpg"), "").unwrap();
        check_library(3, library.path()).unwrap_err();
    }
}
