//! Files that no camera sent: raw files find their JPEG, in the library and from a card reader.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use filmwire_ingest::{AdoptEvent, Adoption, Stop, SyncOptions, adopt, adopt_from};
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, CardObject, Content, GenerateSpec};
use filmwire_sim::media::exif::Body;
use support::{Shelf, sha256, simulator};

/// A library that has the JPEG of a RAW+JPEG pair, and a card reader with the card.
struct Desk {
    shelf: Shelf,
    reader: tempfile::TempDir,
    sim: Simulator,
}

impl Desk {
    /// The JPEGs of so many pairs were fetched.
    async fn new(pairs: u32) -> Self {
        let recipe = GenerateSpec { photos: pairs, raw_pairs: pairs, ..GenerateSpec::default() };
        let sim = simulator("X-T20", Card::generated(&recipe));
        let (shelf, reader) = (Shelf::new(), tempfile::tempdir().unwrap());
        shelf.sync(&sim).await;
        assert_eq!(shelf.photos().len(), pairs as usize, "RAF files stay on the card");
        Self { shelf, reader, sim }
    }

    fn object(&self, name: &str) -> CardObject {
        self.sim.with_card(|card| card.object(card.find(name).unwrap()).unwrap())
    }

    /// Puts a file of the card into the reader.
    fn insert(&self, name: &str) -> PathBuf {
        self.insert_as(name, &self.object(name))
    }

    fn insert_as(&self, name: &str, object: &CardObject) -> PathBuf {
        let folder = self.reader.path().join("DCIM/100_FUJI");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, bytes(object)).unwrap();
        path
    }

    /// The raw file of `name` as it would be had it been taken otherwise.
    fn raw_with(&self, name: &str, seconds: i64, body: Option<&str>) -> CardObject {
        let object = self.object(name);
        let Content::Raw(mut spec) = object.content else { panic!("{name} is no raw file") };
        spec.preview.capture = spec.preview.capture.plus_seconds(seconds);
        if let Some(serial) = body {
            spec.preview.body = Body::new("X-T2", serial);
        }
        CardObject::raw("100_FUJI", name, spec)
    }

    fn bring(&self) -> (Adoption, Vec<AdoptEvent>) {
        self.bring_with(&self.shelf.options())
    }

    fn bring_with(&self, options: &SyncOptions) -> (Adoption, Vec<AdoptEvent>) {
        let before = tree(self.reader.path());
        let library = self.shelf.library();
        let _lock = library.lock().unwrap();
        let mut told = Vec::new();
        let mut tell = |event| told.push(event);
        let sum = adopt_from(&library, self.reader.path(), options, &Stop::never(), &mut tell);
        assert_eq!(tree(self.reader.path()), before, "the source is never changed");
        (sum.unwrap(), told)
    }

    fn learn(&self) -> (Adoption, Vec<AdoptEvent>) {
        let library = self.shelf.library();
        let mut told = Vec::new();
        let mut tell = |event| told.push(event);
        let root = self.shelf.root();
        let sum = adopt(&library, root, &self.shelf.options(), &Stop::never(), &mut tell).unwrap();
        (sum, told)
    }

    fn paths(&self) -> Vec<String> {
        self.shelf.photos().into_keys().collect()
    }

    /// Path of the JPEG that the file at a path is joined with.
    fn photo_of(&self, path: &str) -> Option<String> {
        let catalogue = self.shelf.library().catalogue().unwrap();
        let raw = catalogue.file_at(path).unwrap().unwrap_or_else(|| panic!("{path} is unknown"));
        let photo = catalogue.photo_of(raw.id).unwrap()?;
        Some(catalogue.file(photo).unwrap().path)
    }
}

fn bytes(object: &CardObject) -> Vec<u8> {
    object.read_at(0, usize::MAX).unwrap().to_vec()
}

/// Path, content and time of change of all below a folder.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(tree(&path)),
            false => {
                let changed = path.metadata().unwrap().modified().unwrap();
                found.push((path.clone(), fs::read(&path).unwrap(), changed));
            }
        }
    }
    found.sort();
    found
}

/// Path, joined and fitting of what was adopted.
fn adopted(events: &[AdoptEvent]) -> Vec<(&str, Option<&str>, usize)> {
    let told = |event| match event {
        &AdoptEvent::Adopted { ref path, ref joined, fitting, .. } => {
            Some((path.as_str(), joined.as_deref(), fitting))
        }
        _ => None,
    };
    events.iter().filter_map(told).collect()
}

const DAY: &str = "2026/2026-05-14";

fn at(name: &str) -> String {
    format!("{DAY}/{name}")
}

#[tokio::test(start_paused = true)]
async fn a_raw_file_in_the_library_stays_where_it_is_and_is_joined() {
    let desk = Desk::new(2).await;
    let folder = desk.shelf.root().join("raw");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("DSCF0001.RAF"), bytes(&desk.object("DSCF0001.RAF"))).unwrap();
    let (sum, told) = desk.learn();
    assert_eq!((sum.learnt, sum.known, sum.joined), (1, 2, 1));
    let jpeg = at("DSCF0001.JPG");
    assert_eq!(adopted(&told), [("raw/DSCF0001.RAF", Some(jpeg.as_str()), 1)]);
    assert_eq!(desk.photo_of("raw/DSCF0001.RAF"), Some(jpeg));
    assert!(sum.manifest.is_some());

    let (again, told) = desk.learn();
    assert_eq!((again.learnt, again.known, again.joined), (0, 3, 0));
    assert_eq!((told, again.manifest), (Vec::new(), None));
    assert_eq!(desk.shelf.faults(), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_raw_file_that_was_there_first_is_joined_when_its_jpeg_came() {
    let desk = Desk::new(1).await;
    let shelf = Shelf::new();
    fs::create_dir(shelf.root().join(".filmwire")).unwrap();
    let late = Desk { shelf, ..desk };
    let path = "DSCF0001.RAF";
    fs::write(late.shelf.root().join(path), bytes(&late.object(path))).unwrap();
    assert_eq!(adopted(&late.learn().1), [(path, None, 0)]);
    late.shelf.sync(&late.sim).await;
    let (sum, told) = late.learn();
    assert_eq!((sum.learnt, sum.joined), (0, 1));
    let joined = at("DSCF0001.JPG");
    assert_eq!(told, [AdoptEvent::Joined { path: path.into(), joined }]);
}

#[tokio::test(start_paused = true)]
async fn a_raw_file_is_brought_beside_its_jpeg() {
    let desk = Desk::new(3).await;
    desk.insert("DSCF0002.RAF");
    fs::write(desk.reader.path().join("notes.txt"), "no photo").unwrap();
    fs::write(desk.reader.path().join("._DSCF0002.RAF"), "not ours").unwrap();
    let (sum, told) = desk.bring();
    assert_eq!((sum.learnt, sum.joined, sum.others, sum.left), (1, 1, 2, 0));
    let (raw, jpeg) = (at("DSCF0002.RAF"), at("DSCF0002.JPG"));
    assert_eq!(adopted(&told), [(raw.as_str(), Some(jpeg.as_str()), 1)]);
    assert_eq!(desk.photo_of(&raw), Some(jpeg));
    let hash = sha256(&bytes(&desk.object("DSCF0002.RAF")));
    assert_eq!(desk.shelf.photos()[&raw], hash);
    let manifest = fs::read_to_string(desk.shelf.root().join(sum.manifest.unwrap())).unwrap();
    assert_eq!(manifest, format!("# adopted\n{hash}  {raw}\n"));

    let (again, told) = desk.bring();
    assert_eq!((again.learnt, again.known, again.joined, again.left), (0, 1, 0, 0));
    assert_eq!((told, again.manifest), (Vec::new(), None));
    assert_eq!(desk.paths().len(), 4);
    assert_eq!(desk.shelf.faults(), [] as [String; 0]);
    // A later pass over the card has nothing to do with it.
    let (summary, _) = desk.shelf.sync(&desk.sim).await;
    assert_eq!((summary.new, summary.manifest), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_raw_file_gets_the_number_of_its_jpeg() {
    let recipe = GenerateSpec { photos: 1, raw_pairs: 1, ..GenerateSpec::default() };
    let sim = simulator("X-T20", Card::generated(&recipe));
    sim.with_card(|card| {
        card.set_number(recipe.first);
        card.shoot_pair();
    });
    let (shelf, reader) = (Shelf::new(), tempfile::tempdir().unwrap());
    shelf.sync(&sim).await;
    let second = sim.with_card(|card| card.object(2).unwrap());
    let desk = Desk { shelf, reader, sim };
    assert_eq!(second.name, "DSCF0001.RAF");
    desk.insert_as("DSCF0001.RAF", &second);
    let (_, told) = desk.bring();
    let found = adopted(&told);
    let (raw, jpeg, _) = found[0];
    let jpeg = jpeg.expect("it is joined");
    assert_eq!(jpeg.replace(".JPG", ""), raw.replace(".RAF", ""));
    let taken = second.capture.unwrap().exif();
    let image = fs::read(desk.shelf.root().join(jpeg)).unwrap();
    let has = |text: &str| image.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has(&taken), "{jpeg} was taken at {taken}");
}

#[tokio::test(start_paused = true)]
async fn three_seconds_or_another_body_make_another_picture() {
    for (seconds, body, joins) in [
        (2, None, true),
        (-2, None, true),
        (3, None, false),
        (-3, None, false),
        (0, Some("99999999"), false),
    ] {
        let desk = Desk::new(1).await;
        desk.insert_as("DSCF0001.RAF", &desk.raw_with("DSCF0001.RAF", seconds, body));
        let (sum, told) = desk.bring();
        assert_eq!((sum.learnt, sum.joined), (1, u64::from(joins)), "{seconds} s, {body:?}");
        // Beside a JPEG it does not belong to it gets no name that says so.
        let path = at(if joins { "DSCF0001.RAF" } else { "DSCF0001-2.RAF" });
        assert_eq!(adopted(&told)[0].0, path, "{seconds} s, {body:?}");
        assert_eq!(desk.photo_of(&path).is_some(), joins, "{seconds} s, {body:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_jpegs_that_fit_are_joined_with_none() {
    let desk = Desk::new(1).await;
    let copy = desk.shelf.root().join("copy");
    fs::create_dir(&copy).unwrap();
    fs::write(copy.join("DSCF0001.JPG"), bytes(&desk.object("DSCF0001.JPG"))).unwrap();
    desk.learn();
    desk.insert("DSCF0001.RAF");
    let (sum, told) = desk.bring();
    assert_eq!((sum.learnt, sum.joined, sum.ambiguous), (1, 0, 1));
    let path = at("DSCF0001-2.RAF");
    assert_eq!(adopted(&told), [(path.as_str(), None, 2)]);
    assert_eq!(desk.photo_of(&path), None);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_was_never_fetched_comes_by_the_template() {
    let desk = Desk::new(2).await;
    let desk = Desk { shelf: Shelf::new(), ..desk };
    desk.insert("DSCF0001.RAF");
    desk.insert("DSCF0002.JPG");
    // It sorts behind its raw file, which is joined all the same.
    desk.insert_as("DSCF0001.jpg", &desk.object("DSCF0001.JPG"));
    let options = SyncOptions {
        template: "{model}/{date:%Y}/x-{name}".parse().unwrap(),
        ..desk.shelf.options()
    };
    let (sum, _) = desk.bring_with(&options);
    assert_eq!((sum.learnt, sum.joined), (3, 1));
    let paths =
        ["X-T2/2026/x-DSCF0001.RAF", "X-T2/2026/x-DSCF0001.jpg", "X-T2/2026/x-DSCF0002.JPG"];
    assert_eq!(desk.paths(), paths.map(str::to_owned));
    assert_eq!(desk.photo_of(paths[0]).as_deref(), Some(paths[1]));
    // What the camera shows later is here already.
    let (summary, _) = desk.shelf.sync(&desk.sim).await;
    assert_eq!((summary.new, summary.duplicates), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_brought_is_left_and_told() {
    let desk = Desk::new(1).await;
    let path = desk.insert("DSCF0001.RAF");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let (sum, told) = desk.bring();
    assert_eq!((sum.learnt, sum.left), (0, 1));
    let [AdoptEvent::Left { from, reason }] = told.as_slice() else { panic!("{told:?}") };
    assert!(from.ends_with("DSCF0001.RAF") && reason.contains("structure is broken"), "{reason}");
    assert_eq!(desk.paths(), [at("DSCF0001.JPG")]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_replaced_and_sidecars_keep_their_names() {
    let desk = Desk::new(2).await;
    let taken = desk.shelf.root().join(at("DSCF0001.RAF"));
    fs::write(&taken, "someone's").unwrap();
    desk.insert("DSCF0001.RAF");
    // A picture that is gone has left its edits behind.
    let raw = desk.raw_with("DSCF0002.RAF", 600, None);
    fs::write(desk.shelf.root().join(at("DSCF0009.xmp")), "edits").unwrap();
    desk.insert_as("DSCF0009.RAF", &raw);
    let (sum, told) = desk.bring();
    assert_eq!((sum.learnt, sum.joined), (2, 1));
    assert_eq!(fs::read_to_string(&taken).unwrap(), "someone's");
    let (first, second, jpeg) = (at("DSCF0001-2.RAF"), at("DSCF0009-2.RAF"), at("DSCF0001.JPG"));
    assert_eq!(
        adopted(&told),
        [(first.as_str(), Some(jpeg.as_str()), 1), (second.as_str(), None, 0)]
    );
}

#[tokio::test(start_paused = true)]
async fn content_under_its_own_name_is_learnt_and_not_copied() {
    let desk = Desk::new(1).await;
    let there = desk.shelf.root().join(at("DSCF0001.RAF"));
    fs::write(&there, bytes(&desk.object("DSCF0001.RAF"))).unwrap();
    desk.insert("DSCF0001.RAF");
    let (sum, _) = desk.bring();
    assert_eq!((sum.learnt, sum.joined), (1, 1));
    assert_eq!(desk.paths(), [at("DSCF0001.JPG"), at("DSCF0001.RAF")]);
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_file_that_is_away_stays_its_own() {
    let desk = Desk::new(2).await;
    fs::remove_file(desk.shelf.root().join(at("DSCF0001.JPG"))).unwrap();
    // Another picture of that name and day.
    let other = fs::read(desk.insert("DSCF0002.JPG")).unwrap();
    let mut other = other[..other.len() - 2].to_vec();
    other.extend([0xFF, 0xD9, 0]);
    fs::write(desk.insert("DSCF0001.JPG"), other).unwrap();
    let (sum, told) = desk.bring();
    assert_eq!((sum.learnt, sum.known), (1, 1));
    assert_eq!(adopted(&told)[0].0, at("DSCF0001-2.JPG"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_went_missing_comes_back_to_its_place() {
    let desk = Desk::new(1).await;
    desk.insert("DSCF0001.JPG");
    let jpeg = desk.shelf.root().join(at("DSCF0001.JPG"));
    fs::remove_file(&jpeg).unwrap();
    let (sum, told) = desk.bring();
    assert_eq!(sum.learnt, 1, "{told:?}");
    assert!(jpeg.is_file());
    assert_eq!(desk.shelf.faults(), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_touches_the_library_is_refused() {
    let desk = Desk::new(1).await;
    let library = desk.shelf.library();
    for folder in [desk.shelf.root().join("2026"), desk.shelf.root().parent().unwrap().to_owned()] {
        let options = desk.shelf.options();
        let refused = adopt_from(&library, &folder, &options, &Stop::never(), &mut |_| {});
        assert!(refused.unwrap_err().to_string().contains("not outside the library"));
    }
}

/// Names that people make and cameras do not; `sha256sum` must read the manifest all the same.
#[tokio::test(start_paused = true)]
async fn names_with_backslashes_and_line_breaks_are_learnt_and_listed() {
    let shelf = Shelf::new();
    let library = shelf.library();
    for (number, name) in ["x\\y.JPG", "new\nline.JPG", "plain.JPG"].into_iter().enumerate() {
        fs::write(shelf.root().join(name), format!("no photo {number}")).unwrap();
    }
    let _lock = library.lock().unwrap();
    let mut tell = |_: AdoptEvent| {};
    let sum = adopt(&library, shelf.root(), &shelf.options(), &Stop::never(), &mut tell).unwrap();
    assert_eq!((sum.learnt, sum.others), (3, 0), "{sum:?}");
    let checked = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", sum.manifest.as_deref().unwrap()])
        .current_dir(shelf.root())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
}
