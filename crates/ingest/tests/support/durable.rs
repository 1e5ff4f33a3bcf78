//! What the durability tests share: a tiny card, a run under a hook, and what must hold after.

#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use filmwire_catalogue::{FactFilter, Library};
use filmwire_ingest::{Error, Event, Stop, Summary, SyncOptions, sync_with};
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, CardObject};

use crate::layer::{Hook, Watched};
use crate::support::{Shelf, SimConnect, on_card, plain_card, simulator};

/// The camera of these tests: without remote mode, so that the simulator has nothing to prepare.
pub(crate) const MODEL: &str = "X-A2";
/// A little more than two pieces, so that a cut run leaves whole pieces to go on with.
const FILM_BYTES: u64 = (2 << 20) + 4_321;

/// A photo, another with its content under another name, and a film of three pieces. The film is
/// the newest and comes first.
pub(crate) fn tiny_card() -> Card {
    let mut card = plain_card(2);
    let first = card.object(0).expect("two were taken");
    let bytes = first.read_at(0, 1 << 20).expect("it is generated");
    card.push(CardObject::memory("100_FUJI", "DSCF0007.JPG", bytes));
    card.push(CardObject::memory("100_FUJI", "DSCF0008.MOV", film()));
    card
}

/// Boxes that sum to the length, and no two pieces alike; made in no time.
fn film() -> Vec<u8> {
    let mut film = b"\0\0\0\x10ftypqt  \0\0\0\0\0\0\0\x08moov".to_vec();
    let rest = u32::try_from(FILM_BYTES).expect("it is small") - film.len() as u32;
    film.extend(rest.to_be_bytes());
    film.extend(b"mdat");
    for piece in 1..=3 {
        let missing = FILM_BYTES.min(piece << 20) as usize - film.len();
        film.extend(vec![piece as u8; missing]);
    }
    film
}

pub(crate) fn tiny_simulator() -> Simulator {
    simulator(MODEL, tiny_card())
}

/// A library on a file system in memory, where there is one: a kill leaves the same there, and
/// waiting for a disk a thousand times would take long.
pub(crate) fn quick_shelf() -> Shelf {
    let memory = Path::new("/dev/shm");
    let mut shelf = Shelf::new();
    if memory.is_dir() {
        shelf.folder = tempfile::tempdir_in(memory).expect("it can be written");
    }
    shelf
}

/// A run on the disk under a hook, with the events it told.
pub(crate) async fn run_under(
    library: &Library,
    sim: &Simulator,
    options: &SyncOptions,
    hook: Arc<dyn Hook>,
) -> (Result<Summary, Error>, Vec<Event>) {
    let _lock = library.lock().expect("nobody else works here");
    let mut events = Vec::new();
    let mut tell = |event: Event| events.push(event);
    let (connect, stop) = (SimConnect::new(sim), Stop::never());
    let result = sync_with(&connect, library, options, &stop, &mut tell, Watched::by(hook)).await;
    (result, events)
}

/// A run on a good disk goes through; then everything is there once and nothing else, and one more
/// run finds nothing to do. Returns the first run's events. `about` says what came before.
pub(crate) async fn mends(shelf: &Shelf, sim: &Simulator, about: &str) -> Vec<Event> {
    let (result, events) = shelf.try_sync(&SimConnect::new(sim), &shelf.options()).await;
    let summary = result.unwrap_or_else(|error| panic!("{about}: {error}: {events:#?}"));
    assert_eq!(summary.failed, 0, "{about}: {events:#?}");
    whole(shelf, sim, about);
    let (again, _) = shelf.sync(sim).await;
    assert_eq!((again.new, again.failed), (0, 0), "{about}: a second run has nothing to do");
    events
}

/// Each content of the card is in the library exactly once, nothing half is left, and a deep check
/// finds no difference at all.
pub(crate) fn whole(shelf: &Shelf, sim: &Simulator, about: &str) {
    let expected: BTreeSet<String> = on_card(sim).into_iter().collect();
    let photos = shelf.photos();
    let mut found: Vec<_> = photos.values().cloned().collect();
    found.sort();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{about}: {photos:#?}");
    assert_eq!(shelf.faults(), [] as [String; 0], "{about}");
    let library = shelf.library();
    for folder in [library.incoming(), library.manifests()] {
        for entry in std::fs::read_dir(&folder).expect("opening the library made it") {
            let path = entry.expect("it can be read").path();
            let half = path.extension().is_some_and(|extension| extension == "part");
            assert!(!half, "{about}: {} was left", path.display());
        }
    }
    let catalogue = library.catalogue().expect("it opens");
    for (file, facts) in catalogue.files_by_facts(&FactFilter::default()).expect("it opens") {
        let kind = facts.and_then(|facts| facts.kind);
        let wanted = if file.path.ends_with(".MOV") { "film" } else { "jpeg" };
        assert_eq!(kind.as_deref(), Some(wanted), "{about}: what {} tells", file.path);
    }
    let runs = catalogue.runs(64);
    let open = runs.expect("it opens").into_iter().filter(|run| run.ended.is_none()).count();
    assert_eq!(open, 0, "{about}: runs that never ended");
}

/// Bytes that were in the library already when files were begun.
pub(crate) fn resumed_bytes(events: &[Event]) -> u64 {
    let resumed = |event: &Event| if let Event::Started(start) = event { start.resumed } else { 0 };
    events.iter().map(resumed).sum()
}

/// Ends the test program if a test takes too long in real time; simulated time may stand still.
pub(crate) struct Watchdog(
    #[expect(dead_code, reason = "dropping it calls the dog off")] Sender<()>,
);

impl Watchdog {
    pub(crate) fn seconds(limit: u64) -> Self {
        let (sender, dropped) = channel();
        let name = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            let ended = dropped.recv_timeout(Duration::from_secs(limit));
            if ended == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                eprintln!("{name} took more than {limit} s");
                std::process::abort();
            }
        });
        Self(sender)
    }
}
