//! The computer around a station of the play: its clock, its disk, chance.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use filmwire_deliver::files::{Disk, Files, Look, Part};
use filmwire_deliver::{Clock, Future};
use tokio::time::{Instant, sleep};

/// As with the system's clock.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// ENOSPC.
const NO_SPACE: i32 = 28;

/// Numbers that follow from a seed (SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// Between two numbers of seconds.
    pub(super) fn seconds(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from * 1000 + self.below((to - from) * 1000 + 1))
    }
}

/// A clock on a wall: it goes with the simulated time, and steps.
pub(super) struct Wall {
    started: Instant,
    start_ms: i64,
    stepped_ms: AtomicI64,
    look_again: Duration,
}

impl Wall {
    pub(super) fn new(start_ms: i64) -> Self {
        let (started, stepped_ms) = (Instant::now(), AtomicI64::new(0));
        Self { started, start_ms, stepped_ms, look_again: LOOK_AGAIN }
    }

    /// One whose sleepers look at it more often.
    pub(super) fn looking_every(self, look_again: Duration) -> Self {
        Self { look_again, ..self }
    }

    pub(super) fn step(&self, by_ms: i64) {
        self.stepped_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Clock for Wall {
    fn now_ms(&self) -> i64 {
        let gone = i64::try_from(self.started.elapsed().as_millis()).unwrap();
        self.start_ms + gone + self.stepped_ms.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, at_ms: i64) -> Future<'_, ()> {
        Box::pin(async move {
            while let Ok(left @ 1..) = u64::try_from(at_ms - self.now_ms()) {
                sleep(Duration::from_millis(left).min(self.look_again)).await;
            }
        })
    }
}

/// A disk that can be full.
pub(super) struct Room(pub(super) Arc<AtomicBool>);

struct Filling(Box<dyn Part>, Arc<AtomicBool>);

impl Part for Filling {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.1.load(Ordering::Relaxed) {
            return Err(io::Error::from_raw_os_error(NO_SPACE));
        }
        self.0.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

impl Files for Room {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn Part>> {
        Ok(Box::new(Filling(Disk.create_new(path)?, Arc::clone(&self.0))))
    }

    fn open_back(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        Disk.open_back(path)
    }

    fn move_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.move_new(from, to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.replace(from, to)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        Disk.make_folder(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        Disk.sync_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        Disk.sync_folder(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn look(&self, path: &Path) -> io::Result<Look> {
        Disk.look(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        Disk.list(folder)
    }
}
