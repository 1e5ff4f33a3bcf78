//! Opening, making, locking and backing up libraries.

use std::fs;
use std::path::Path;

use filmwire_catalogue::{Catalogue, Create, Error, ErrorKind, Library, OpenOptions, check};

use crate::fixture::{Fixture, NOW, creating};

fn open_error(root: &Path, options: OpenOptions) -> Error {
    Library::open(root, options).unwrap_err()
}

fn options(create: Create) -> OpenOptions {
    OpenOptions { create, ..OpenOptions::default() }
}

fn expecting(id: &str) -> OpenOptions {
    OpenOptions { expect_id: Some(id.to_owned()), ..creating() }
}

#[test]
fn a_library_is_made_once_in_a_missing_or_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    for root in [folder.path().join("a/b"), folder.path().join("empty")] {
        if root.ends_with("empty") {
            fs::create_dir_all(root.join("lost+found")).unwrap();
        }
        let first = Library::open(&root, creating()).unwrap();
        assert!(first.created());
        assert_eq!(first.id().len(), 32);
        assert!(first.incoming().is_dir() && first.manifests().is_dir());
        let again = Library::open(&root, OpenOptions::default()).unwrap();
        assert!(!again.created());
        assert_eq!(again.id(), first.id());
        assert_eq!(again.catalogue().unwrap().library_id().unwrap(), first.id());
    }
}

#[test]
fn two_libraries_have_two_ids() {
    let (a, b) = (Fixture::new(), Fixture::new());
    assert_ne!(a.library.id(), b.library.id());
}

#[test]
fn nothing_is_made_without_leave() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = open_error(&missing, OpenOptions::default());
    assert!(matches!(error, Error::NotALibrary { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(!missing.exists());

    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(open_error(&file, options(Create::Here)), Error::NotALibrary { .. }));
}

#[test]
fn a_folder_with_files_needs_adopt() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("photo.jpg"), "x").unwrap();
    let error = open_error(folder.path(), creating());
    assert!(error.to_string().contains("catalogue adopt"), "{error}");
    assert!(!folder.path().join(".filmwire").exists());
    assert!(Library::open(folder.path(), options(Create::Here)).unwrap().created());
}

#[test]
fn an_unmounted_share_is_no_new_library() {
    let fixture = Fixture::new();
    let id = fixture.library.id().to_owned();
    assert!(Library::open(&fixture.root(), expecting(&id)).is_ok());

    let other = "0".repeat(32);
    let error = open_error(&fixture.root(), expecting(&other));
    assert!(matches!(&error, Error::WrongLibrary { found, .. } if found.contains(&id)), "{error}");

    let mount_point = fixture.folder.path().join("mount");
    fs::create_dir(&mount_point).unwrap();
    let error = open_error(&mount_point, expecting(&id));
    assert!(matches!(error, Error::WrongLibrary { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(fs::read_dir(&mount_point).unwrap().count(), 0);
}

#[test]
fn an_interrupted_making_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    // Cut before the catalogue: SQLite may leave an empty file.
    let early = folder.path().join("early");
    fs::create_dir_all(early.join(".filmwire")).unwrap();
    fs::write(early.join(".filmwire/catalogue.sqlite"), "").unwrap();
    assert!(Library::open(&early, creating()).unwrap().created());

    // Cut while the catalogue was written: a part of it, with the journal that takes it back.
    let half = folder.path().join("half");
    fs::create_dir_all(half.join(".filmwire")).unwrap();
    for name in ["catalogue.sqlite.new", "catalogue.sqlite.new-journal"] {
        fs::write(half.join(".filmwire").join(name), vec![7; 5000]).unwrap();
    }
    let library = Library::open(&half, creating()).unwrap();
    assert!(library.created());
    let mut names: Vec<_> = fs::read_dir(library.meta_folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["catalogue.sqlite", "incoming", "library-id", "lock", "manifests"]);

    // Cut between the catalogue and the id: the id in the catalogue counts.
    let late = folder.path().join("late");
    let id = Library::open(&late, creating()).unwrap().id().to_owned();
    fs::remove_file(late.join(".filmwire/library-id")).unwrap();
    assert_eq!(Library::open(&late, creating()).unwrap().id(), id);
    assert!(!Library::open(&late, OpenOptions::default()).unwrap().created());
}

#[test]
fn a_lost_catalogue_is_damage_and_adopt_makes_a_new_one() {
    let fixture = Fixture::new();
    let (root, id) = (fixture.root(), fixture.library.id().to_owned());
    fs::remove_file(fixture.library.catalogue_path()).unwrap();
    let error = open_error(&root, creating());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    // Also where the configuration names the id.
    let here = OpenOptions { create: Create::Here, ..expecting(&id) };
    let library = Library::open(&root, here.clone()).unwrap();
    assert!(library.created());
    assert_eq!(library.id(), id);
    let elsewhere = fixture.folder.path().join("elsewhere");
    assert!(matches!(open_error(&elsewhere, here), Error::WrongLibrary { .. }));
    assert!(!elsewhere.exists());
}

/// Of a program that was killed the log stays; a new catalogue beside it must not be filled from it.
#[test]
fn the_log_of_a_lost_catalogue_is_not_played_into_the_new_one() {
    let fixture = Fixture::new();
    let (root, path) = (fixture.root(), fixture.library.catalogue_path());
    let log = path.with_file_name("catalogue.sqlite-wal");
    // The fixture's connection keeps the log from being folded into the file.
    fixture.catalogue.add_camera("of the lost one", None, "X-T2", NOW).unwrap();
    let kept = fs::read(&log).unwrap();
    assert!(!kept.is_empty());
    drop(fixture.catalogue);
    fs::remove_file(&path).unwrap();
    fs::write(&log, kept).unwrap();
    let here = OpenOptions { create: Create::Here, ..OpenOptions::default() };
    let library = Library::open(&root, here).unwrap();
    assert!(library.created());
    let catalogue = library.catalogue().unwrap();
    assert_eq!(catalogue.cameras().unwrap(), []);
    assert_eq!(check(&library, true).unwrap(), []);
}

#[test]
fn a_damaged_catalogue_is_said_with_its_cure() {
    let fixture = Fixture::new();
    let path = fixture.library.catalogue_path();
    fixture
        .catalogue
        .transaction(|_| {
            for second in 0..500 {
                fixture.see(&format!("DSCF{second:04}.JPG"), second);
            }
            Ok(())
        })
        .unwrap();
    let good = fs::read(&path).unwrap();
    drop(fixture.catalogue);

    let no_database = b"these bytes are no database at all".repeat(200);
    let other_database = {
        let other = fixture.folder.path().join("other.sqlite");
        rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        fs::read(other).unwrap()
    };
    let mut broken_page = good.clone();
    let middle = broken_page.len() / 2;
    broken_page[middle..].fill(0x5A);
    let cut = good[..good.len() / 2].to_vec();
    for (what, bytes) in
        [("text", no_database), ("other", other_database), ("page", broken_page), ("cut", cut)]
    {
        fs::write(&path, bytes).unwrap();
        let error = open_error(fixture.library.root(), OpenOptions::default());
        assert!(matches!(error, Error::Damaged { .. }), "{what}: {error}");
        assert_eq!(error.kind(), ErrorKind::Storage);
        let text = error.to_string();
        assert!(text.contains("back-up") && text.contains("catalogue.sqlite"), "{text}");
    }
    fs::write(&path, good).unwrap();
    assert!(Library::open(fixture.library.root(), OpenOptions::default()).is_ok());
}

#[test]
fn a_catalogue_of_another_library_is_refused() {
    let (a, b) = (Fixture::new(), Fixture::new());
    fs::copy(a.library.catalogue_path(), b.library.catalogue_path()).unwrap();
    let error = open_error(b.library.root(), OpenOptions::default());
    assert!(matches!(error, Error::WrongLibrary { .. }), "{error}");
}

#[test]
fn an_id_file_without_an_id_is_refused() {
    let fixture = Fixture::new();
    fs::write(fixture.root().join(".filmwire/library-id"), "../../etc\n").unwrap();
    let error = open_error(&fixture.root(), creating());
    assert!(matches!(error, Error::NotALibrary { .. }), "{error}");
}

#[test]
fn on_a_network_share_the_catalogue_is_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (root, state) = (folder.path().join("share"), folder.path().join("state"));
    let network = OpenOptions { network: Some(true), ..creating() };
    let error = open_error(&root, network.clone());
    assert!(matches!(error, Error::NetworkFolder { .. }), "{error}");

    let network = OpenOptions { state_home: Some(state.clone()), ..network };
    let library = Library::open(&root, network.clone()).unwrap();
    let expected = state.join("filmwire").join(library.id()).join("catalogue.sqlite");
    assert_eq!(library.catalogue_path(), expected);
    assert!(expected.is_file() && library.incoming().starts_with(&root));
    assert!(!root.join(".filmwire/catalogue.sqlite").exists());
    let again = Library::open(&root, network.clone()).unwrap();
    assert_eq!((again.id(), again.created()), (library.id(), false));

    // Another computer sees the share and has no catalogue of it.
    let elsewhere = OpenOptions { state_home: Some(folder.path().join("other")), ..network };
    let error = open_error(&root, elsewhere);
    assert!(error.to_string().contains("this computer has none"), "{error}");

    let guard = library.lock().unwrap();
    assert!(matches!(again.lock().unwrap_err(), Error::Locked { .. }));
    drop(guard);
    assert!(again.lock().is_ok());
}

#[test]
fn one_delivers_while_another_fetches() {
    let fixture = Fixture::new();
    let other = Library::open(&fixture.root(), OpenOptions::default()).unwrap();
    let _fetching = fixture.library.lock().unwrap();
    let delivering = other.lock_deliveries().unwrap();
    let error = fixture.library.lock_deliveries().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    drop(delivering);
    drop(fixture.library.lock_deliveries().unwrap());
}

#[test]
fn the_lock_is_held_by_one_and_says_by_whom() {
    let fixture = Fixture::new();
    let other = Library::open(&fixture.root(), OpenOptions::default()).unwrap();
    let guard = fixture.library.lock().unwrap();
    let error = other.lock().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    let Error::Locked { holder } = error else { panic!() };
    assert!(holder.contains(&std::process::id().to_string()), "{holder}");
    drop(guard);
    let lock_file = fixture.root().join(".filmwire/lock");
    assert!(lock_file.is_file(), "the file stays");
    drop(other.lock().unwrap());

    // Text left by a process that died means nothing.
    fs::write(lock_file, "somewhere, process 1").unwrap();
    assert!(other.lock().is_ok());
}

#[test]
fn a_back_up_is_a_catalogue_and_replaces_nothing() {
    let fixture = Fixture::new();
    let (object, to) = (fixture.see("DSCF0001.JPG", 1), fixture.folder.path().join("copy.sqlite"));
    fixture.catalogue.back_up(&to).unwrap();
    let before = fs::read(&to).unwrap();
    assert!(matches!(fixture.catalogue.back_up(&to).unwrap_err(), Error::Io { .. }));
    assert_eq!(fs::read(&to).unwrap(), before);

    fs::copy(&to, fixture.library.catalogue_path()).unwrap();
    let restored: Catalogue = fixture.library.catalogue().unwrap();
    assert_eq!(restored.object(object).unwrap().key.name, "DSCF0001.JPG");
}

#[test]
fn a_back_up_into_a_missing_folder_leaves_nothing() {
    let fixture = Fixture::new();
    let to = fixture.folder.path().join("missing/copy.sqlite");
    assert!(matches!(fixture.catalogue.back_up(&to).unwrap_err(), Error::Io { .. }));
    assert!(!to.exists());
}

#[test]
fn a_transaction_dropped_half_way_leaves_the_rows_as_they_were() {
    let fixture = Fixture::new();
    let object = fixture.see("DSCF0001.JPG", 1);
    let path = fixture.assign(object);
    // As after a kill: what was written so far is there, the transaction not ended.
    let copy = fixture.folder.path().join("killed");
    fs::create_dir_all(copy.join(".filmwire")).unwrap();
    let result = fixture.catalogue.transaction(|c| {
        fixture.begin(object, &path, b"abc");
        for second in 10..2000 {
            fixture.see(&format!("DSCF{second:04}.JPG"), second);
        }
        for name in ["catalogue.sqlite", "catalogue.sqlite-wal", "library-id"] {
            let from = c.path().with_file_name(name);
            fs::copy(from, copy.join(".filmwire").join(name)).unwrap();
        }
        Err::<(), _>(Error::Invalid("cut".to_owned()))
    });
    assert!(result.is_err());
    assert!(fixture.catalogue.publishing().unwrap().is_empty(), "rolled back in place");

    let mended = Library::open(&copy, OpenOptions::default()).unwrap();
    let catalogue = mended.catalogue().unwrap();
    assert!(catalogue.publishing().unwrap().is_empty());
    assert_eq!(catalogue.object(object).unwrap().path, Some(path));
    let filter = filmwire_catalogue::ObjectFilter::default();
    assert_eq!(catalogue.objects(&filter).unwrap().len(), 1);
    assert!(check(&mended, false).unwrap().is_empty());
}

#[test]
fn nested_transactions_take_back_their_own_part() {
    let fixture = Fixture::new();
    fixture
        .catalogue
        .transaction(|c| {
            c.begin_run(None, NOW)?;
            let inner = c.transaction(|c| {
                c.begin_run(None, NOW)?;
                Err::<(), _>(Error::Busy)
            });
            assert!(inner.is_err());
            Ok(())
        })
        .unwrap();
    assert_eq!(fixture.catalogue.runs(10).unwrap().len(), 1);
}

#[test]
fn a_second_writer_is_told_that_the_catalogue_is_busy() {
    let fixture = Fixture::new();
    let other = rusqlite::Connection::open(fixture.library.catalogue_path()).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    let planning = fixture.catalogue.planning().unwrap();
    let error = other.execute("INSERT INTO run (started_ms) VALUES (1)", []).unwrap_err();
    let error = Error::from(error);
    assert!(matches!(error, Error::Busy), "{error}");
    assert_eq!(error.kind(), ErrorKind::Locked);
    drop(planning);
    other.execute("INSERT INTO run (started_ms) VALUES (1)", []).unwrap();
}

#[test]
fn a_full_disk_is_said() {
    let fixture = Fixture::new();
    let other = rusqlite::Connection::open(fixture.library.catalogue_path()).unwrap();
    let pages: i64 = other.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    other.pragma_update(None, "max_page_count", pages).unwrap();
    let error = other
        .execute("INSERT INTO camera VALUES (9, ?1, NULL, '', 0, 0)", ["x".repeat(100_000)])
        .unwrap_err();
    let error = Error::from(error);
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Storage);
}

#[test]
fn a_read_only_catalogue_is_said() {
    let fixture = Fixture::new();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let path = fixture.library.catalogue_path();
    let other = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    let error = other.execute("INSERT INTO run (started_ms) VALUES (1)", []).unwrap_err();
    assert!(matches!(Error::from(error), Error::ReadOnly { .. }));
}

/// Who holds it is for people; without room for that it is held all the same.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_does_not_keep_the_library_from_being_held() {
    let fixture = Fixture::new();
    let lock = fixture.library.meta_folder().join("lock");
    let _ = fs::remove_file(&lock);
    std::os::unix::fs::symlink("/dev/full", &lock).unwrap();
    let error = fs::write(&lock, "x").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull, "nothing can be written there");
    let held = fixture.library.lock().unwrap();
    assert!(matches!(fixture.library.lock(), Err(Error::Locked { .. })));
    drop(held);
    drop(fixture.library.lock().unwrap());
}
