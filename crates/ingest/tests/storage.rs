//! Disks that fail: each failure is an error that says what was tried, or a documented way around;
//! nothing is lost, and the next run on a good disk completes the library without doubling.
//!
//! Failures are made by a file layer, because tests may run as root, whom no permission stops.

mod support;

#[path = "support/durable.rs"]
mod durable;
#[path = "support/layer.rs"]
mod layer;

use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use durable::{MODEL, Watchdog, mends, quick_shelf, resumed_bytes, run_under, tiny_simulator};
use filmwire_catalogue::{Create, Error as CatalogueError, ErrorKind as Kind};
use filmwire_catalogue::{Library, OpenOptions};
use filmwire_ingest::{Error, Event, Summary};
use filmwire_sim::Simulator;
use layer::{Hook, Op, Verb};
use support::{Shelf, plain_card, simulator};

/// A disk with faults; all are off by default.
#[derive(Default)]
struct Faults {
    /// The change with this number, from 1, fails like this, and all after it do.
    from: Option<(u64, ErrorKind)>,
    /// Only the change with this number fails.
    once: Option<(u64, ErrorKind)>,
    /// Every change of this kind fails.
    verb: Option<(Verb, ErrorKind)>,
    /// Bytes that fit on the disk.
    room: Option<u64>,
    /// Bytes said to be free.
    free: Option<u64>,
    /// Before the change with this number the library is moved away.
    move_away: Option<(u64, PathBuf, PathBuf)>,
    /// No renaming without replacing.
    claims: bool,
    count: AtomicU64,
    written: AtomicU64,
    struck: AtomicBool,
}

impl Faults {
    fn fail(&self, kind: ErrorKind) -> io::Result<()> {
        self.struck.store(true, Ordering::Relaxed);
        Err(kind.into())
    }
}

impl Hook for Faults {
    fn before(&self, op: &Op) -> io::Result<()> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some((at, from, to)) = &self.move_away
            && *at == count
        {
            self.struck.store(true, Ordering::Relaxed);
            std::fs::rename(from, to)?;
        }
        match (self.from, self.once, self.verb) {
            (Some((at, kind)), ..) if count >= at => return self.fail(kind),
            (_, Some((at, kind)), _) if count == at => return self.fail(kind),
            (.., Some((verb, kind))) if op.verb == verb => return self.fail(kind),
            _ => {}
        }
        if self.claims && op.verb == Verb::RenameNew {
            return Err(ErrorKind::Unsupported.into());
        }
        let written = self.written.fetch_add(op.bytes, Ordering::Relaxed) + op.bytes;
        match self.room {
            Some(room) if op.verb == Verb::Append && written > room => {
                self.fail(ErrorKind::StorageFull)
            }
            _ => Ok(()),
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        self.free
    }
}

/// A run on a disk with faults. True besides if one of them struck.
async fn run(
    shelf: &Shelf,
    sim: &Simulator,
    faults: Faults,
) -> (Result<Summary, Error>, Vec<Event>, bool) {
    let faults = Arc::new(faults);
    let hook: Arc<dyn Hook> = faults.clone();
    let (result, events) = run_under(&shelf.library(), sim, &shelf.options(), hook).await;
    (result, events, faults.struck.load(Ordering::Relaxed))
}

/// The system's reason of a storage error whose text names the path.
fn reason(result: Result<Summary, Error>) -> ErrorKind {
    match result {
        Err(Error::Storage { action, path, cause }) => {
            let kind = cause.kind();
            let text = Error::Storage { action, path: path.clone(), cause }.to_string();
            assert!(text.contains(&path.display().to_string()), "{text}");
            kind
        }
        other => panic!("no storage error: {other:?}"),
    }
}

/// Runs with faults made from 1, 2 .. until none strikes; a good run follows each. Returns how
/// many struck.
async fn sweep(faults: impl Fn(u64) -> Faults, expected: ErrorKind) -> u64 {
    for at in 1.. {
        let (shelf, sim) = (quick_shelf(), tiny_simulator());
        let (result, events, struck) = run(&shelf, &sim, faults(at)).await;
        if !struck {
            result.unwrap_or_else(|error| panic!("nothing failed, but {error}: {events:#?}"));
            return at - 1;
        }
        assert_eq!(reason(result), expected, "change {at}");
        assert!(events.contains(&Event::CameraFree), "change {at}: the camera was left");
        mends(&shelf, &sim, &format!("change {at} failed with {expected}")).await;
    }
    unreachable!("the loop has no end of its own")
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_said_whatever_is_written() {
    let _watchdog = Watchdog::seconds(120);
    let full = |at| Faults { from: Some((at, ErrorKind::StorageFull)), ..Faults::default() };
    let struck = sweep(full, ErrorKind::StorageFull).await;
    assert!(struck > 3 * 7, "{struck} changes of the disk");
}

#[tokio::test(start_paused = true)]
async fn one_failed_change_loses_nothing() {
    let _watchdog = Watchdog::seconds(120);
    let once = |at| Faults { once: Some((at, ErrorKind::Other)), ..Faults::default() };
    let struck = sweep(once, ErrorKind::Other).await;
    assert!(struck > 3 * 7, "{struck} changes of the disk");
}

#[tokio::test(start_paused = true)]
async fn one_failed_change_loses_nothing_where_names_are_claimed() {
    let _watchdog = Watchdog::seconds(120);
    let once =
        |at| Faults { once: Some((at, ErrorKind::Other)), claims: true, ..Faults::default() };
    let struck = sweep(once, ErrorKind::Other).await;
    assert!(struck > 3 * 9, "{struck} changes of the disk");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fills_up_in_a_file_is_gone_on_with() {
    let _watchdog = Watchdog::seconds(60);
    for room in [0, 5_000, 1 << 20, (1 << 20) + 1, 2 << 20, (2 << 20) + 10_000] {
        let (shelf, sim) = (quick_shelf(), tiny_simulator());
        let faults = Faults { room: Some(room), ..Faults::default() };
        let (result, ..) = run(&shelf, &sim, faults).await;
        assert_eq!(reason(result), ErrorKind::StorageFull, "{room} bytes");
        let events = mends(&shelf, &sim, &format!("{room} bytes fit")).await;
        // Of two whole pieces the second is compared and not fetched for its own sake.
        let resumed = if room == 2 << 20 { 1 << 20 } else { 0 };
        assert_eq!(resumed_bytes(&events), resumed, "{room} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_whose_sync_failed_is_not_trusted() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    let faults = Faults { verb: Some((Verb::Sync, ErrorKind::Other)), ..Faults::default() };
    let (result, ..) = run(&shelf, &sim, faults).await;
    assert_eq!(reason(result), ErrorKind::Other);
    let left = std::fs::read_dir(shelf.library().incoming()).unwrap().count();
    assert_eq!(left, 0, "after a failed fsync nobody knows what is on disk");
    let events = mends(&shelf, &sim, "no sync").await;
    assert_eq!(resumed_bytes(&events), 0);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_folder_is_said_and_nothing_changes() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    let read_only =
        || Faults { from: Some((1, ErrorKind::ReadOnlyFilesystem)), ..Faults::default() };
    let (result, ..) = run(&shelf, &sim, read_only()).await;
    assert_eq!(reason(result), ErrorKind::ReadOnlyFilesystem);
    assert!(shelf.photos().is_empty());
    mends(&shelf, &sim, "read-only").await;
    let before = shelf.photos();
    sim.with_card(|card| card.shoot(1));
    let (result, ..) = run(&shelf, &sim, read_only()).await;
    assert_eq!(reason(result), ErrorKind::ReadOnlyFilesystem);
    assert_eq!(shelf.photos(), before);
    mends(&shelf, &sim, "read-only with something new").await;
}

#[tokio::test(start_paused = true)]
async fn a_library_that_vanishes_is_not_made_anew() {
    let _watchdog = Watchdog::seconds(120);
    for at in 1.. {
        let (shelf, sim) = (quick_shelf(), tiny_simulator());
        let away = shelf.root().with_extension("away");
        let from = shelf.root().to_owned();
        let move_away = Some((at, from.clone(), away.clone()));
        let faults = Faults { move_away, ..Faults::default() };
        let (result, _, struck) = run(&shelf, &sim, faults).await;
        if !struck {
            assert!(result.is_ok() && at > 3 * 7, "{at}: {result:?}");
            return;
        }
        assert!(!from.exists(), "change {at}: it was made anew");
        let told = match &result {
            Err(Error::Storage { .. }) => true,
            Err(Error::Catalogue(error)) => error.kind() == Kind::Storage,
            _ => false,
        };
        assert!(told, "change {at}: {result:?}");
        let never = OpenOptions { expect_id: Some("0".repeat(32)), ..OpenOptions::default() };
        let error = Library::open(&from, never).unwrap_err();
        assert_eq!(error.kind(), Kind::Storage, "{error}");
        std::fs::rename(&away, &from).unwrap();
        mends(&shelf, &sim, &format!("gone at change {at}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn too_little_room_is_said_before_the_file_is_begun() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    let faults = Faults { free: Some(16 << 20), ..Faults::default() };
    let (result, ..) = run(&shelf, &sim, faults).await;
    let Err(Error::Full { name, needed, free, .. }) = &result else { panic!("{result:?}") };
    assert_eq!((name.as_str(), *free), ("DSCF0008.MOV", 16 << 20));
    assert!(*needed > 2 << 20);
    assert!(shelf.photos().is_empty());
    mends(&shelf, &sim, "too little room").await;
}

#[tokio::test(start_paused = true)]
async fn names_are_claimed_where_renaming_would_replace() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    let (result, ..) = run(&shelf, &sim, Faults { claims: true, ..Faults::default() }).await;
    assert_eq!(result.unwrap().new, 4);
    mends(&shelf, &sim, "claims").await;
}

/// Someone else's file under the very name, when it was given out already.
struct Intruder {
    claims: bool,
    taken: AtomicBool,
}

impl Hook for Intruder {
    fn before(&self, op: &Op) -> io::Result<()> {
        let naming = if self.claims { Verb::Claim } else { Verb::RenameNew };
        if op.verb == naming && !self.taken.swap(true, Ordering::Relaxed) {
            std::fs::write(&op.path, "someone else's")?;
        }
        match op.verb {
            Verb::RenameNew if self.claims => Err(ErrorKind::Unsupported.into()),
            _ => Ok(()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_taken_meanwhile_is_never_replaced() {
    let _watchdog = Watchdog::seconds(60);
    for claims in [false, true] {
        let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(1)));
        let hook = Arc::new(Intruder { claims, taken: AtomicBool::new(false) });
        let (result, events) = run_under(&shelf.library(), &sim, &shelf.options(), hook).await;
        assert_eq!(result.unwrap().new, 1, "{events:#?}");
        let photos = shelf.photos();
        let names: Vec<_> = photos.keys().map(String::as_str).collect();
        assert_eq!(names, ["2026/2026-05-14/DSCF0001-2.JPG", "2026/2026-05-14/DSCF0001.JPG"]);
        assert_eq!(photos[names[1]], support::sha256(b"someone else's"));
        assert_eq!(photos[names[0]], support::on_card(&sim)[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_taken_before_mending_gets_the_next_one_without_the_camera() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(1)));
    let faults = Faults { verb: Some((Verb::RenameNew, ErrorKind::Other)), ..Faults::default() };
    let (result, ..) = run(&shelf, &sim, faults).await;
    assert_eq!(reason(result), ErrorKind::Other);
    let path = shelf.root().join("2026/2026-05-14/DSCF0001.JPG");
    std::fs::write(&path, "someone else's").unwrap();
    let photo = support::on_card(&sim).remove(0);
    let options = shelf.options();
    let library = shelf.library();
    let mut told = Vec::new();
    filmwire_ingest::mend(&library, &options, &mut |event| told.push(event)).await.unwrap();
    assert_eq!(told, [Event::Mended { published: 1, finished: 0, taken_back: 0 }]);
    assert_eq!(std::fs::read(&path).unwrap(), b"someone else's");
    assert_eq!(shelf.photos()["2026/2026-05-14/DSCF0001-2.JPG"], photo);
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.known), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_intent_whose_content_is_nowhere_is_fetched_again() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(1)));
    let faults = Faults {
        claims: true,
        verb: Some((Verb::RenameOver, ErrorKind::Other)),
        ..Faults::default()
    };
    let (result, ..) = run(&shelf, &sim, faults).await;
    assert_eq!(reason(result), ErrorKind::Other);
    // As after a crash of the system: the claim is there, and the part's bytes are not.
    let claim = shelf.root().join("2026/2026-05-14/DSCF0001.JPG");
    std::fs::write(&claim, "").unwrap();
    let part = shelf.library().incoming().join("1.part");
    std::fs::write(&part, vec![0; std::fs::metadata(&part).unwrap().len() as usize]).unwrap();
    let events = mends(&shelf, &sim, "lost content").await;
    assert!(events.contains(&Event::Mended { published: 0, finished: 0, taken_back: 1 }));
    assert_eq!(shelf.photos().keys().collect::<Vec<_>>(), ["2026/2026-05-14/DSCF0001.JPG"]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_someone_changed_does_not_stand_for_a_photo() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(1)));
    shelf.sync(&sim).await;
    let path = shelf.root().join("2026/2026-05-14/DSCF0001.JPG");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    let original = bytes.clone();
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    // The same content under another name: it is not in the library any more.
    sim.with_card(|card| {
        let copy = filmwire_sim::card::CardObject::memory("100_FUJI", "DSCF0007.JPG", original);
        card.push(copy);
    });
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.duplicates), (1, 0));
    let photos = shelf.photos();
    assert_eq!(photos["2026/2026-05-14/DSCF0007.JPG"], support::on_card(&sim)[0]);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_catalogue_is_refused_and_a_back_up_of_it_doubles_nothing() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    let path = shelf.library().catalogue_path();
    let back_up = std::fs::read(&path).unwrap();
    shelf.sync(&sim).await;
    let (photos, good) = (shelf.photos(), std::fs::read(&path).unwrap());
    let mut torn = good.clone();
    let middle = torn.len() / 2;
    torn[4096..middle].fill(0xA5);
    for bad in [b"no catalogue at all".repeat(500), torn, good[..middle].to_vec()] {
        std::fs::write(&path, &bad).unwrap();
        let error = open(shelf.root()).unwrap_err();
        assert!(matches!(error, CatalogueError::Damaged { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Storage);
        assert!(error.to_string().contains("back-up"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bad, "it is left as it was");
        assert_eq!(shelf.photos(), photos);
    }
    // The back-up knows none of the photos; they lie under their own names.
    std::fs::write(&path, back_up).unwrap();
    mends(&shelf, &sim, "a back-up was put in place").await;
    assert_eq!(shelf.photos(), photos);
}

#[tokio::test(start_paused = true)]
async fn a_catalogue_of_a_newer_release_is_refused_and_left_alone() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    shelf.sync(&sim).await;
    let path = shelf.library().catalogue_path();
    let good = std::fs::read(&path).unwrap();
    let mut newer = good.clone();
    // SQLite's header keeps user_version at byte 60, big-endian.
    newer[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    std::fs::write(&path, &newer).unwrap();
    let error = open(shelf.root()).unwrap_err();
    assert!(matches!(error, CatalogueError::Newer { found: 9_999, .. }), "{error}");
    assert_eq!(error.kind(), Kind::Storage);
    assert_eq!(std::fs::read(&path).unwrap(), newer);
    std::fs::write(&path, good).unwrap();
    mends(&shelf, &sim, "the newer catalogue is gone").await;
}

fn open(root: &Path) -> Result<Library, CatalogueError> {
    Library::open(root, OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() })
}

/// Names the library whose lock [`lock_holder`] takes; it does nothing without it.
const HELD: &str = "FILMWIRE_TEST_HELD_LIBRARY";

/// Holds a lock until its standard input ends. Not a test of its own.
#[test]
fn lock_holder() {
    let Some(folder) = std::env::var_os(HELD) else { return };
    let library = open(Path::new(&folder)).expect("it opens");
    let _lock = library.lock().expect("nobody else has it");
    println!("\nheld");
    let _ = io::stdin().read_line(&mut String::new());
}

#[tokio::test(start_paused = true)]
async fn a_lock_held_by_another_process_is_said_with_its_number() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (quick_shelf(), tiny_simulator());
    let library = shelf.library();
    let program = std::env::current_exe().expect("this test is a program");
    let mut command = Command::new(program);
    command.args(["--exact", "lock_holder", "--nocapture"]).env(HELD, shelf.root());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs again");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut lines = lines.map(|line| line.expect("it is text"));
    assert!(lines.any(|line| line == "held"));
    let error = library.lock().unwrap_err();
    let CatalogueError::Locked { holder } = &error else { panic!("{error}") };
    assert!(holder.contains(&format!("process {}", child.id())), "{holder}");
    assert_eq!(error.kind(), Kind::Locked);
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    mends(&shelf, &sim, "the holder was killed").await;
}
