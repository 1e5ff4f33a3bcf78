//! The order of writes, syncs and renames, and what the catalogue says at each of them. The steps
//! are those of `docs/design/publish.md`.

mod support;

#[path = "support/durable.rs"]
mod durable;
#[path = "support/layer.rs"]
mod layer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use durable::{MODEL, Watchdog, run_under, whole};
use filmwire_catalogue::{Catalogue, FileState, ObjectFilter, State};
use filmwire_sim::Simulator;
use filmwire_sim::card::CardObject;
use layer::{Hook, Op, Verb};
use support::{Shelf, plain_card, sha256, simulator};

/// Writes down every change of the disk with the states the catalogue has at that moment, read
/// through a connection of its own.
struct Recorder {
    root: PathBuf,
    catalogue: PathBuf,
    lines: Mutex<Vec<String>>,
    /// A file that someone else puts at the new name just before the first rename.
    intruder: Mutex<Option<&'static [u8]>>,
}

impl Recorder {
    fn new(shelf: &Shelf) -> Arc<Self> {
        Arc::new(Self {
            root: shelf.root().to_owned(),
            catalogue: shelf.library().catalogue_path(),
            lines: Mutex::default(),
            intruder: Mutex::default(),
        })
    }

    fn short(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).expect("nothing outside the library is touched");
        let text = inside.to_string_lossy().replace(".filmwire/", "");
        if text.is_empty() { "library".into() } else { text }
    }

    fn line(&self, op: &Op) -> String {
        let name = match &op.from {
            Some(from) => format!("{} -> {}", self.short(from), self.short(&op.path)),
            None => self.short(&op.path),
        };
        format!("{:?} {name} | {}", op.verb, self.states())
    }

    /// States of all objects, newest first, and of their files.
    fn states(&self) -> String {
        let catalogue = Catalogue::open(&self.catalogue).expect("no transaction is open");
        let rows = catalogue.objects(&ObjectFilter::default()).expect("they can be read");
        let state = |row: &filmwire_catalogue::ObjectRow| {
            let file = row.file.map(|id| catalogue.file(id).expect("it has its row").state);
            file.map_or_else(|| row.state.to_string(), |file| format!("{}/{file}", row.state))
        };
        rows.iter().map(state).collect::<Vec<_>>().join(" ")
    }

    /// At a rename the intent is committed: it names this path and the very content of the part.
    fn check_intent(&self, op: &Op) {
        let catalogue = Catalogue::open(&self.catalogue).expect("no transaction is open");
        let intents = catalogue.publishing().expect("they can be read");
        let [intent] = &intents[..] else { panic!("one file at a time, not {intents:?}") };
        assert_eq!(op.path, self.root.join(&intent.path));
        let from = op.from.as_deref().expect("a rename has an old name");
        let bytes = std::fs::read(from).expect("the part is there");
        let hex: String = intent.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sha256(&bytes), hex);
        assert_eq!(bytes.len() as u64, intent.size);
        let file = catalogue.file(intent.file).expect("it has its row");
        assert_eq!((file.state, file.published_at), (FileState::Intent, None));
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Hook for Recorder {
    fn before(&self, op: &Op) -> std::io::Result<()> {
        if op.verb == Verb::RenameNew {
            self.check_intent(op);
            if let Some(bytes) = self.intruder.lock().unwrap().take() {
                std::fs::write(&op.path, bytes)?;
            }
        }
        let line = self.line(op);
        self.lines.lock().unwrap().push(line);
        Ok(())
    }
}

async fn record(shelf: &Shelf, sim: &Simulator, recorder: &Arc<Recorder>) -> Vec<String> {
    let hook: Arc<dyn Hook> = recorder.clone();
    let (result, events) = run_under(&shelf.library(), sim, &shelf.options(), hook).await;
    result.unwrap_or_else(|error| panic!("{error}: {events:#?}"));
    recorder.lines()
}

/// What ends every run that published something; `states` are those of its objects.
fn manifest(lines: &[String]) -> &[String] {
    let at = lines.iter().position(|line| line.contains(" manifests/"));
    &lines[at.expect("a run that published something writes a manifest")..]
}

fn photos(lines: &[String]) -> &[String] {
    &lines[..lines.len() - manifest(lines).len()]
}

#[tokio::test(start_paused = true)]
async fn a_photo_is_published_step_by_step() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(1)));
    let recorder = Recorder::new(&shelf);
    let lines = record(&shelf, &sim, &recorder).await;
    let to = "2026/2026-05-14/DSCF0001.JPG";
    let expected = [
        // Step 1: the bytes come.
        "Open incoming/1.part | fetching".to_owned(),
        "Cut incoming/1.part | fetching".to_owned(),
        "Append incoming/1.part | fetching".to_owned(),
        // Step 2, the checks, changes nothing. Step 3: they are on disk.
        "Sync incoming/1.part | fetching".to_owned(),
        // Step 4, the intent, is committed before anything happens in the library.
        // Step 5: it gets its name.
        "MakeFolder 2026/2026-05-14 | publishing/intent".to_owned(),
        format!("RenameNew incoming/1.part -> {to} | publishing/intent"),
        // Step 6: the name is on disk, and so are the folders above it.
        "SyncFolder 2026/2026-05-14 | publishing/intent".to_owned(),
        "SyncFolder 2026 | publishing/intent".to_owned(),
        "SyncFolder library | publishing/intent".to_owned(),
    ];
    assert_eq!(photos(&lines), expected);
    // Step 7 is committed: all that comes after sees a published photo.
    let name = shelf.library().manifests();
    let [name] = &std::fs::read_dir(name).unwrap().collect::<Vec<_>>()[..] else { panic!() };
    let name = name.as_ref().unwrap().file_name().into_string().unwrap();
    let (part, done) = (format!("manifests/{name}.part"), "published/published");
    let expected = [
        format!("Open {part} | {done}"),
        format!("Cut {part} | {done}"),
        format!("Append {part} | {done}"),
        format!("Append {part} | {done}"),
        format!("Sync {part} | {done}"),
        format!("RenameOver {part} -> manifests/{name} | {done}"),
        format!("SyncFolder manifests | {done}"),
    ];
    assert_eq!(manifest(&lines), expected);
    whole(&shelf, &sim, "recorded");
}

#[tokio::test(start_paused = true)]
async fn the_next_photo_syncs_its_own_folder_alone() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(2)));
    let lines = record(&shelf, &sim, &Recorder::new(&shelf)).await;
    let synced: Vec<_> = lines.iter().filter(|line| line.starts_with("SyncFolder 2")).collect();
    let expected = [
        "SyncFolder 2026/2026-05-14 | publishing/intent",
        "SyncFolder 2026 | publishing/intent",
        "SyncFolder 2026/2026-05-14 | published/published publishing/intent",
    ];
    assert_eq!(synced, expected);
}

#[tokio::test(start_paused = true)]
async fn folders_that_a_killed_run_made_are_synced_too() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(1)));
    let recorder = Recorder::new(&shelf);
    std::fs::create_dir_all(shelf.root().join("2026/2026-05-14")).unwrap();
    let lines = record(&shelf, &sim, &recorder).await;
    assert!(lines.iter().any(|line| line.starts_with("SyncFolder 2026 |")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("SyncFolder library |")), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_second_copy_is_removed_only_after_it_is_written_down() {
    let _watchdog = Watchdog::seconds(60);
    let mut card = plain_card(1);
    let bytes = card.object(0).unwrap().read_at(0, 1 << 20).unwrap();
    card.push(CardObject::memory("100_FUJI", "DSCF0007.JPG", bytes));
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, card));
    let lines = record(&shelf, &sim, &Recorder::new(&shelf)).await;
    let (published, rest) = photos(&lines).split_at(9);
    assert!(published[8].starts_with("SyncFolder library"), "{published:#?}");
    let (first, both) = ("published/published", "published/published published/published");
    let expected = [
        format!("Open incoming/2.part | {first} fetching"),
        format!("Cut incoming/2.part | {first} fetching"),
        format!("Append incoming/2.part | {first} fetching"),
        format!("Sync incoming/2.part | {first} fetching"),
        format!("Remove incoming/2.part | {both}"),
    ];
    assert_eq!(rest, expected);
    whole(&shelf, &sim, "a copy");
}

#[tokio::test(start_paused = true)]
async fn a_name_taken_meanwhile_is_left_and_the_next_one_intended() {
    let _watchdog = Watchdog::seconds(60);
    let (shelf, sim) = (Shelf::new(), simulator(MODEL, plain_card(1)));
    let recorder = Recorder::new(&shelf);
    *recorder.intruder.lock().unwrap() = Some(b"someone else's");
    let lines = record(&shelf, &sim, &recorder).await;
    let to = "2026/2026-05-14/DSCF0001";
    let expected = [
        "MakeFolder 2026/2026-05-14 | publishing/intent".to_owned(),
        format!("RenameNew incoming/1.part -> {to}.JPG | publishing/intent"),
        "MakeFolder 2026/2026-05-14 | publishing/intent".to_owned(),
        format!("RenameNew incoming/1.part -> {to}-2.JPG | publishing/intent"),
    ];
    assert_eq!(photos(&lines)[4..8], expected);
    let left = std::fs::read(shelf.root().join(format!("{to}.JPG"))).unwrap();
    assert_eq!(left, b"someone else's");
    let library = shelf.library();
    let catalogue = library.catalogue().unwrap();
    let [row] = &catalogue.objects(&ObjectFilter::default()).unwrap()[..] else { panic!() };
    let states: Vec<_> = catalogue.journal(row.id).unwrap().into_iter().map(|row| row.to).collect();
    let taken_back = [State::Fetching, State::Publishing, State::Seen];
    assert_eq!(states, [&taken_back[..], &[State::Publishing, State::Published]].concat());
}

#[test]
fn the_document_and_the_code_count_the_same_steps() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("../../docs/design/publish.md")).unwrap();
    let steps = document.split("## Steps").nth(1).expect("it has its steps");
    let steps = steps.split("\n## ").next().unwrap_or_default();
    let numbers: Vec<_> = steps.lines().filter_map(|line| line.split_once(". **")).collect();
    let numbers: Vec<&str> = numbers.into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7"]);
    let code = ["incoming.rs", "publish.rs"]
        .map(|name| std::fs::read_to_string(root.join("src/librarian").join(name)).unwrap())
        .concat();
    for number in 1..=7 {
        let named =
            [format!("Step {number}:"), format!("Steps {number} and"), format!("and {number}:")];
        assert!(named.iter().any(|words| code.contains(words)), "step {number} is not named");
    }
}
