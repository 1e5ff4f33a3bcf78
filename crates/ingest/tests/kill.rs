//! Real kills: this program runs itself again as a child, which dies at a set point or is killed at
//! a random moment; the next run must put everything in order.
//!
//! A point is a moment just before a change of the disk, or a reading of the clock. The clock is
//! read for the time stamp of every commit, so that a commit lies between its reading and the next
//! point. Between two points there is then one change at most, of the disk or of the catalogue:
//! dying at each of them is dying before and after each change. Kills from outside also fall into
//! changes; what a cut commit leaves is SQLite's to put in order.
//!
//! `FILMWIRE_KILLS` sets the number of random kills, `FILMWIRE_SEED` their seed.

mod support;

#[path = "support/durable.rs"]
mod durable;
#[path = "support/layer.rs"]
mod layer;

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use durable::{Watchdog, mends, quick_shelf, resumed_bytes, run_under, tiny_simulator};
use filmwire_catalogue::{Create, Library, OpenOptions};
use layer::{Hook, Op, Verb};
use support::{Shelf, seed_from_env};

/// The child's library; the test named `child` does nothing without it.
const FOLDER: &str = "FILMWIRE_TEST_CHILD_FOLDER";
/// Where libraries are made; the test named `maker` does nothing without it.
const MAKER_FOLDER: &str = "FILMWIRE_TEST_MAKER_FOLDER";
/// The point the child dies at; never without it.
const POINT: &str = "FILMWIRE_TEST_CHILD_POINT";
/// Set if the child's file system cannot rename without replacing.
const CLAIMS: &str = "FILMWIRE_TEST_CHILD_CLAIMS";

/// Dies at a point.
struct Fuse {
    /// Points left to the one it dies at; 0 is never.
    left: AtomicU64,
    claims: bool,
}

impl Fuse {
    fn point(&self) {
        // From 0 it wraps to a number no run counts down from.
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}

impl Hook for Fuse {
    fn before(&self, op: &Op) -> io::Result<()> {
        self.point();
        match op.verb {
            Verb::RenameNew if self.claims => Err(io::ErrorKind::Unsupported.into()),
            _ => Ok(()),
        }
    }
}

/// Makes libraries in the parent's folder until it is killed. Not a test of its own.
#[test]
fn maker() {
    let Some(folder) = std::env::var_os(MAKER_FOLDER) else { return };
    let _watchdog = Watchdog::seconds(60);
    for number in 0.. {
        let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
        let place = Path::new(&folder).join(format!("{number}"));
        Library::open(&place, options).expect("it is made");
    }
}

/// One run into the parent's folder. Not a test of its own.
#[tokio::test(start_paused = true)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let _watchdog = Watchdog::seconds(60);
    let point = std::env::var(POINT).map_or(0, |text| text.parse().expect("it is a number"));
    let fuse = Fuse { left: AtomicU64::new(point), claims: std::env::var_os(CLAIMS).is_some() };
    let fuse = Arc::new(fuse);
    let create = Create::IfMissingOrEmpty;
    let options = OpenOptions { create, ..OpenOptions::default() };
    let library = Library::open(Path::new(&folder), options).expect("it opens");
    let mut options = Shelf::new().options();
    let (now, ticking) = (Arc::clone(&options.now), Arc::clone(&fuse));
    options.now = Arc::new(move || {
        ticking.point();
        now()
    });
    let (result, events) = run_under(&library, &tiny_simulator(), &options, fuse).await;
    result.unwrap_or_else(|error| panic!("{error}: {events:#?}"));
}

/// How a child ends.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// At a point; 0 is never.
    Point(u64),
    /// At a point, on a file system that cannot rename without replacing.
    ClaimsPoint(u64),
    /// By SIGKILL from outside after a time.
    After(Duration),
}

/// Runs a child to its death; true if it lived through its run.
fn run_child(folder: &Path, death: Death) -> bool {
    let program = std::env::current_exe().expect("this test is a program");
    let mut command = Command::new(program);
    command.args(["--exact", "child", "--nocapture"]).env(FOLDER, folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    match death {
        Death::Point(point) => command.env(POINT, point.to_string()),
        Death::ClaimsPoint(point) => command.env(POINT, point.to_string()).env(CLAIMS, "1"),
        Death::After(_) => &mut command,
    };
    let mut child = command.spawn().expect("this program can be run again");
    if let Death::After(time) = death {
        // The one wait for real time here: what is tested is a moment nobody chose.
        std::thread::sleep(time);
        child.kill().expect("it is our child");
    }
    let ended = child.wait_with_output().expect("it is our child");
    let text = String::from_utf8_lossy(&ended.stderr);
    // A panic exits with a code; only a signal has none.
    assert!(ended.status.success() || ended.status.code().is_none(), "{death:?}: {text}");
    ended.status.success()
}

/// The library after `deaths`, mended. True if the last child lived.
async fn killed_and_mended(deaths: &[Death]) -> bool {
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    let mut lived = false;
    for death in deaths {
        lived = run_child(shelf.root(), *death);
    }
    mends(&shelf, &sim, &format!("{deaths:?}")).await;
    lived
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_point_is_mended() {
    let _watchdog = Watchdog::seconds(300);
    let mut point = 1;
    while !killed_and_mended(&[Death::Point(point)]).await {
        point += 1;
    }
    // Three files with at least six changes of the disk and three commits.
    assert!(point > 3 * 9, "a run has {point} points");
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_point_is_mended_where_names_are_claimed() {
    let _watchdog = Watchdog::seconds(300);
    let mut point = 1;
    while !killed_and_mended(&[Death::ClaimsPoint(point)]).await {
        point += 1;
    }
    assert!(point > 3 * 11, "a run has {point} points");
}

/// The first point at which a run has two whole pieces of the film on disk.
async fn two_pieces_in() -> u64 {
    for point in 1.. {
        let shelf = quick_shelf();
        assert!(!run_child(shelf.root(), Death::Point(point)), "no run leaves two pieces");
        let parts = std::fs::read_dir(shelf.library().incoming()).expect("it is there");
        let mut lengths = parts.map(|part| part.and_then(|part| part.metadata()).unwrap().len());
        if lengths.any(|length| length == 2 << 20) {
            return point;
        }
    }
    unreachable!("the loop has no end of its own")
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_while_it_goes_on_with_a_file_is_mended() {
    let _watchdog = Watchdog::seconds(300);
    let first = Death::Point(two_pieces_in().await);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    run_child(shelf.root(), first);
    let events = mends(&shelf, &sim, "killed once").await;
    assert_eq!(resumed_bytes(&events), 1 << 20, "one of two whole pieces is compared");
    let mut point = 1;
    while !killed_and_mended(&[first, Death::Point(point)]).await {
        point += 1;
    }
    assert!(point > 3 * 9, "a run has {point} points");
}

#[tokio::test(start_paused = true)]
async fn a_mending_that_is_killed_is_mended() {
    let _watchdog = Watchdog::seconds(300);
    // Between the intent and the rename, and between the rename and what is written down.
    let (mut before, mut after) = (None, None);
    for point in 1.. {
        let shelf = quick_shelf();
        if run_child(shelf.root(), Death::Point(point)) {
            break;
        }
        let library = shelf.library();
        let intents = library.catalogue().and_then(|catalogue| catalogue.publishing()).unwrap();
        let Some(intent) = intents.first() else { continue };
        let renamed = library.exists(&intent.path);
        let found = if renamed { &mut after } else { &mut before };
        found.get_or_insert(Death::Point(point));
    }
    for first in [before.expect("a step lies there"), after.expect("a step lies there")] {
        for point in 1..=20 {
            killed_and_mended(&[first, Death::Point(point)]).await;
        }
    }
}

fn kills() -> u64 {
    std::env::var("FILMWIRE_KILLS").map_or(20, |text| text.parse().expect("it is a number"))
}

#[tokio::test(start_paused = true)]
async fn runs_killed_at_random_moments_are_mended() {
    let seed = seed_from_env();
    let kills = kills();
    let _watchdog = Watchdog::seconds(60 + kills);
    let mut random = Random(seed);
    let begun = Instant::now();
    let shelf = quick_shelf();
    assert!(run_child(shelf.root(), Death::Point(0)));
    let whole_run = begun.elapsed();
    let mut left = kills;
    while left > 0 {
        let in_a_row = random.below(4.min(left)) + 1;
        let mut deaths = Vec::new();
        for _ in 0..in_a_row {
            deaths.push(match random.below(3) {
                0 => Death::Point(1 + random.below(80)),
                1 => Death::ClaimsPoint(1 + random.below(80)),
                _ => Death::After(whole_run.mul_f64(random.below(1000) as f64 / 1000.0)),
            });
        }
        eprintln!("FILMWIRE_SEED={seed:#x}, {left} kills left: {deaths:?}");
        killed_and_mended(&deaths).await;
        left -= in_a_row;
    }
}

/// A child that makes one library after the other is killed within one of them.
#[test]
fn makings_killed_at_random_moments_are_finished() {
    let _watchdog = Watchdog::seconds(60 + kills());
    let mut random = Random(seed_from_env());
    for kill in 0..kills() {
        let shelf = quick_shelf();
        let folder = shelf.folder.path();
        let program = std::env::current_exe().expect("this test is a program");
        let mut command = Command::new(program);
        command.args(["--exact", "maker"]).env(MAKER_FOLDER, folder);
        let mut child = command.stdout(Stdio::null()).spawn().expect("this program can be run");
        // A moment nobody chose, as above; begun once the first library is there.
        while !folder.join("0/.filmwire/library-id").exists() {
            assert!(child.try_wait().expect("it is our child").is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_micros(100));
        }
        std::thread::sleep(Duration::from_micros(random.below(20_000)));
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
        for place in std::fs::read_dir(folder).expect("it is there") {
            let place = place.expect("it is there").path();
            let create = Create::IfMissingOrEmpty;
            let options = OpenOptions { create, ..OpenOptions::default() };
            let opened = Library::open(&place, options);
            opened.unwrap_or_else(|error| panic!("kill {kill}, {}: {error}", place.display()));
        }
    }
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}
