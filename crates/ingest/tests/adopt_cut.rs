//! Bringing files in is cut at every step: the next run leaves nothing lost, doubled or half.
//!
//! As in `kill.rs`, a child of this program dies just before a change of the disk or a reading of
//! the clock, which stands before each commit.

mod support;

#[path = "support/layer.rs"]
mod layer;

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use filmwire_catalogue::{Create, Library, OpenOptions};
use filmwire_ingest::{Adoption, Stop, SyncOptions, adopt_from_with};
use filmwire_sim::card::{Card, GenerateSpec};
use layer::{Hook, Op, Verb, Watched};
use support::{Shelf, plain_card, sha256, simulator};

/// The child's library and card; the test named `child` does nothing without them.
const LIBRARY: &str = "FILMWIRE_TEST_ADOPT_LIBRARY";
const READER: &str = "FILMWIRE_TEST_ADOPT_READER";
/// The point the child dies at.
const POINT: &str = "FILMWIRE_TEST_ADOPT_POINT";
/// Set if the child's file system cannot rename without replacing.
const CLAIMS: &str = "FILMWIRE_TEST_ADOPT_CLAIMS";

/// Dies at a point; 0 is never.
struct Fuse {
    left: AtomicU64,
    claims: bool,
}

impl Fuse {
    fn point(&self) {
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

fn bring(library: &Path, reader: &Path, options: &SyncOptions, hook: Arc<dyn Hook>) -> Adoption {
    let open = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
    let library = Library::open(library, open).expect("it opens");
    let _lock = library.lock().expect("nobody else works here");
    let files = Watched::by(hook);
    adopt_from_with(&library, reader, options, &Stop::never(), &mut |_| {}, files).unwrap()
}

/// One run into the parent's folder. Not a test of its own.
#[test]
fn child() {
    let Some(library) = std::env::var_os(LIBRARY) else { return };
    let reader = std::env::var_os(READER).expect("the parent set it");
    let point = std::env::var(POINT).expect("the parent set it").parse().expect("it is a number");
    let claims = std::env::var_os(CLAIMS).is_some();
    let fuse = Arc::new(Fuse { left: AtomicU64::new(point), claims });
    let mut options = Shelf::new().options();
    let (now, ticking) = (Arc::clone(&options.now), Arc::clone(&fuse));
    options.now = Arc::new(move || {
        ticking.point();
        now()
    });
    bring(library.as_ref(), reader.as_ref(), &options, fuse);
}

/// Runs a child to its death; true if it lived through its run.
fn lives(shelf: &Shelf, reader: &Path, point: u64, claims: bool) -> bool {
    let mut command = Command::new(std::env::current_exe().expect("this test is a program"));
    command.args(["--exact", "child", "--nocapture"]).env(LIBRARY, shelf.root());
    command.env(READER, reader).env(POINT, point.to_string());
    if claims {
        command.env(CLAIMS, "1");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let ended = command.output().expect("this program can be run again");
    let text = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() || ended.status.code().is_none(), "{point}: {text}");
    ended.status.success()
}

/// Two pairs in a card reader.
fn reader() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("it can be made");
    let recipe = GenerateSpec { photos: 2, raw_pairs: 2, ..GenerateSpec::default() };
    for object in Card::generated(&recipe).objects() {
        let bytes = object.read_at(0, usize::MAX).expect("it is generated");
        fs::write(folder.path().join(&object.name), bytes).expect("it can be written");
    }
    folder
}

/// Each file of the reader is in the library once and under its own name, the raw ones are joined,
/// nothing is half, and each is in a manifest.
fn whole(shelf: &Shelf, reader: &Path, about: &str) {
    let mut expected = Vec::new();
    for entry in fs::read_dir(reader).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        expected.push((format!("2026/2026-05-14/{name}"), sha256(&fs::read(&path).unwrap())));
    }
    expected.sort();
    assert_eq!(shelf.photos().into_iter().collect::<Vec<_>>(), expected, "{about}");
    assert_eq!(shelf.faults(), [] as [String; 0], "{about}");
    let library = shelf.library();
    let catalogue = library.catalogue().unwrap();
    let mut sums = String::new();
    for entry in fs::read_dir(library.manifests()).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.extension().is_some_and(|ending| ending == "sha256"), "{about}: {path:?}");
        sums += &fs::read_to_string(path).unwrap();
    }
    for (path, hash) in &expected {
        let file = catalogue.file_at(path).unwrap().unwrap();
        assert!(catalogue.facts(file.id).unwrap().is_some(), "{about}: {path}");
        assert_eq!(sums.matches(&format!("{hash}  {path}\n")).count(), 1, "{about}: {sums}");
        let joined = catalogue.photo_of(file.id).unwrap();
        let joined = joined.map(|photo| catalogue.file(photo).unwrap().path);
        let jpeg = path.strip_suffix(".RAF").map(|stem| format!("{stem}.JPG"));
        assert_eq!(joined, jpeg, "{about}: {path}");
    }
    assert_eq!(fs::read_dir(library.incoming()).unwrap().count(), 0, "{about}");
    let runs = catalogue.runs(64).unwrap();
    assert!(runs.iter().all(|run| run.ended.is_some()), "{about}");
}

fn killed_at_every_point(claims: bool) -> u64 {
    let reader = reader();
    for point in 1.. {
        let shelf = Shelf::new();
        let lived = lives(&shelf, reader.path(), point, claims);
        let never = Arc::new(Fuse { left: AtomicU64::new(0), claims });
        shelf.clock.fetch_add(1_000_000, Ordering::Relaxed);
        bring(shelf.root(), reader.path(), &shelf.options(), never.clone());
        whole(&shelf, reader.path(), &format!("killed at {point}"));
        let again = bring(shelf.root(), reader.path(), &shelf.options(), never);
        assert_eq!((again.learnt, again.known, again.joined, again.left), (0, 4, 0, 0));
        if lived {
            return point;
        }
    }
    unreachable!("the loop has no end of its own")
}

#[test]
fn a_run_killed_at_any_point_is_repeated_without_doubles() {
    let points = killed_at_every_point(false);
    // Four files with at least seven changes of the disk and a commit.
    assert!(points > 4 * 8, "a run has {points} points");
}

#[test]
fn a_run_killed_at_any_point_is_repeated_where_names_are_claimed() {
    let points = killed_at_every_point(true);
    assert!(points > 4 * 10, "a run has {points} points");
}

/// What was announced comes in without the card that it came from.
#[tokio::test(start_paused = true)]
async fn what_a_cut_run_announced_is_finished_by_any_run() {
    let reader = reader();
    let mut finished = 0;
    for point in 1.. {
        let shelf = Shelf::new();
        let lived = lives(&shelf, reader.path(), point, false);
        let note = shelf.root().join(".filmwire/incoming/adopt.intent");
        let text = fs::read_to_string(note).unwrap_or_default();
        if let Some(line) = text.strip_suffix("\nend\n") {
            let path = line.splitn(4, ' ').last().unwrap();
            shelf.clock.fetch_add(1_000_000, Ordering::Relaxed);
            // The manifest of this run has nothing of the other's.
            shelf.sync(&simulator("X-A2", plain_card(0))).await;
            let catalogue = shelf.library().catalogue().unwrap();
            let file = catalogue.file_at(path).unwrap().unwrap_or_else(|| panic!("{point}"));
            assert_eq!(shelf.faults(), [] as [String; 0], "{point}");
            let joined = catalogue.photo_of(file.id).unwrap();
            assert_eq!(joined.is_some(), path.ends_with(".RAF"), "{point}");
            let manifests = fs::read_dir(shelf.library().manifests()).unwrap();
            let sums: String =
                manifests.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
            assert!(sums.contains(path), "{point}: {sums}");
            finished += 1;
        }
        if lived {
            break;
        }
    }
    assert!(finished > 4 * 5, "{finished} of all points are behind an announcement");
}

/// A disk that fails leaves what a cut leaves.
struct Broken(AtomicU64);

impl Hook for Broken {
    fn before(&self, _: &Op) -> io::Result<()> {
        match self.0.fetch_sub(1, Ordering::SeqCst) {
            1 => Err(io::Error::other("broken")),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_disk_that_fails_at_any_change_is_no_loss() {
    let reader = reader();
    for change in 1.. {
        let shelf = Shelf::new();
        let (library, options) = (shelf.library(), shelf.options());
        let files = Watched::by(Arc::new(Broken(AtomicU64::new(change))));
        let mut tell = |_| {};
        let (folder, stop) = (reader.path(), Stop::never());
        let failed = adopt_from_with(&library, folder, &options, &stop, &mut tell, files).is_err();
        shelf.clock.fetch_add(1_000_000, Ordering::Relaxed);
        let good = Arc::new(Broken(AtomicU64::new(0)));
        bring(shelf.root(), reader.path(), &shelf.options(), good);
        whole(&shelf, reader.path(), &format!("change {change}"));
        if !failed {
            assert!(change > 4 * 10, "{change} changes");
            return;
        }
    }
}

/// Writes down the changes, and whether the catalogue knew a file at each.
#[derive(Default)]
struct Recorder {
    ops: Mutex<Vec<(Verb, String, usize)>>,
    library: Mutex<Option<std::path::PathBuf>>,
}

impl Hook for Recorder {
    fn before(&self, op: &Op) -> io::Result<()> {
        let root = self.library.lock().unwrap().clone().expect("it is set");
        let catalogue = Library::open(&root, OpenOptions::default()).unwrap().catalogue().unwrap();
        let known = catalogue.files(None, 10).unwrap().len();
        let path = op.path.strip_prefix(&root).unwrap_or(&op.path).display().to_string();
        self.ops.lock().unwrap().push((op.verb, path, known));
        Ok(())
    }
}

#[test]
fn a_file_is_synced_before_its_rename_and_written_down_after_it() {
    let (shelf, reader) = (Shelf::new(), reader());
    for name in ["DSCF0001.RAF", "DSCF0002.RAF", "DSCF0002.JPG"] {
        fs::remove_file(reader.path().join(name)).unwrap();
    }
    drop(shelf.library());
    let recorder = Arc::new(Recorder::default());
    *recorder.library.lock().unwrap() = Some(shelf.root().canonicalize().unwrap());
    bring(shelf.root(), reader.path(), &shelf.options(), recorder.clone());
    let ops = recorder.ops.lock().unwrap();
    let ops: Vec<_> =
        ops.iter().map(|(verb, path, known)| (*verb, path.as_str(), *known)).collect();
    let note = ".filmwire/incoming/adopt.intent";
    let (part, photo) = (".filmwire/incoming/adopt.part", "2026/2026-05-14/DSCF0001.JPG");
    assert_eq!(
        ops[..15],
        [
            (Verb::Open, part, 0),
            (Verb::Cut, part, 0),
            (Verb::Append, part, 0),
            (Verb::Sync, part, 0),
            (Verb::Open, note, 0),
            (Verb::Cut, note, 0),
            (Verb::Append, note, 0),
            (Verb::Sync, note, 0),
            (Verb::SyncFolder, ".filmwire/incoming", 0),
            (Verb::MakeFolder, "2026/2026-05-14", 0),
            (Verb::RenameNew, photo, 0),
            (Verb::SyncFolder, "2026/2026-05-14", 0),
            (Verb::SyncFolder, "2026", 0),
            (Verb::SyncFolder, "", 0),
            (Verb::Remove, note, 1),
        ]
    );
    assert!(ops[15..].iter().all(|(_, path, known)| path.contains("manifests") && *known == 1));
}
