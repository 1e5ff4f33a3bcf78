//! Each kind of finding, made to appear.

use std::fs;

use filmwire_catalogue::{Direction, Finding, FindingKind, check};
use rusqlite::Connection;

use crate::fixture::{Fixture, NOW};

/// A library with one published photo, one linked to it, and a complete snapshot.
fn healthy() -> Fixture {
    let fixture = Fixture::new();
    let (a, b) = (fixture.see("A.JPG", 1), fixture.see("B.JPG", 2));
    let (_, file) = fixture.publish(a, b"abc");
    fixture.catalogue.link_existing(b, file, NOW).unwrap();
    fixture.catalogue.begin_listing(fixture.camera, 2, Direction::NewestFirst, NOW).unwrap();
    fixture.catalogue.put_place(fixture.camera, 0, a).unwrap();
    fixture.catalogue.put_place(fixture.camera, 1, b).unwrap();
    fixture.catalogue.complete_listing(fixture.camera, NOW).unwrap();
    assert_eq!(check(&fixture.library, true).unwrap(), []);
    fixture
}

/// Goes behind the catalogue's back.
fn meddle(fixture: &Fixture, sql: &str) {
    let conn = Connection::open(fixture.library.catalogue_path()).unwrap();
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    conn.execute_batch(sql).unwrap();
}

fn kinds(fixture: &Fixture, deep: bool) -> Vec<FindingKind> {
    check(&fixture.library, deep).unwrap().iter().map(|finding| finding.kind).collect()
}

fn the_one(fixture: &Fixture, deep: bool) -> Finding {
    let mut findings = check(&fixture.library, deep).unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

#[test]
fn files_that_are_gone_or_changed() {
    let fixture = healthy();
    fixture.write("d/A.JPG", b"abcd");
    let finding = the_one(&fixture, false);
    assert_eq!(finding.kind, FindingKind::SizeDiffers);
    assert_eq!(finding.path.as_deref(), Some("d/A.JPG"));
    assert!(finding.text.contains("4 bytes, not 3"), "{}", finding.text);

    fixture.write("d/A.JPG", b"abd");
    assert_eq!(kinds(&fixture, false), []);
    assert_eq!(kinds(&fixture, true), [FindingKind::ContentDiffers]);

    fs::remove_file(fixture.library.absolute("d/A.JPG")).unwrap();
    assert_eq!(kinds(&fixture, false), [FindingKind::FileMissing]);
    fs::create_dir(fixture.library.absolute("d/A.JPG")).unwrap();
    assert_eq!(kinds(&fixture, false), [FindingKind::FileMissing]);
    fs::remove_dir_all(fixture.library.absolute("d")).unwrap();
    fs::write(fixture.library.absolute("d"), "a file where the folder was").unwrap();
    assert_eq!(kinds(&fixture, false), [FindingKind::FileMissing, FindingKind::UnknownFile]);
}

#[test]
fn files_that_came_back() {
    let fixture = healthy();
    let file = fixture.catalogue.files(None, 1).unwrap()[0].id;
    fixture.catalogue.mark_missing(file, NOW).unwrap();
    assert_eq!(kinds(&fixture, true), [FindingKind::FileBack]);
    fixture.write("d/A.JPG", b"abd");
    assert_eq!(kinds(&fixture, true), [FindingKind::ContentDiffers], "not with its content");
}

#[test]
fn strangers_and_leftovers_are_no_faults() {
    let fixture = healthy();
    fixture.write("d/deep/A.txt", b"x");
    // A sidecar is no stranger.
    fixture.write("d/deep/A.xmp", b"x");
    fixture.write("note.txt", b"x");
    fs::write(fixture.library.incoming().join("7.part"), "12345").unwrap();
    let mut findings = check(&fixture.library, false).unwrap();
    findings.sort_by(|a, b| a.path.cmp(&b.path));
    let seen: Vec<_> = findings.iter().map(|f| (f.kind, f.path.as_deref().unwrap())).collect();
    assert_eq!(
        seen,
        [
            (FindingKind::Leftover, ".filmwire/incoming/7.part"),
            (FindingKind::UnknownFile, "d/deep/A.txt"),
            (FindingKind::UnknownFile, "note.txt"),
        ]
    );
    assert!(findings.iter().all(|finding| !finding.kind.is_fault()));
    assert!(findings[0].text.starts_with("5 bytes"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let fixture = healthy();
    std::os::unix::fs::symlink("..", fixture.library.absolute("d/up")).unwrap();
    let finding = the_one(&fixture, false);
    assert_eq!((finding.kind, finding.path.as_deref()), (FindingKind::UnknownFile, Some("d/up")));
}

#[test]
fn an_intent_is_said_and_is_no_fault() {
    let fixture = healthy();
    let id = fixture.see("C.JPG", 3);
    let path = fixture.assign(id);
    fixture.begin(id, &path, b"xyz");
    let finding = the_one(&fixture, true);
    assert_eq!((finding.kind, finding.object), (FindingKind::OpenIntent, Some(id)));
    assert_eq!(finding.path, Some(path));
}

#[test]
fn states_that_contradict_each_other() {
    let fixture = healthy();
    meddle(&fixture, "UPDATE file SET state = 'intent', published_ms = NULL");
    assert_eq!(kinds(&fixture, false), [FindingKind::StateDiffers; 2]);

    let fixture = healthy();
    meddle(
        &fixture,
        "INSERT INTO file VALUES (9, 'x', 'x', zeroblob(32), 1, 'intent', 'fetched', '', NULL)",
    );
    let finding = the_one(&fixture, false);
    assert_eq!((finding.kind, finding.path.as_deref()), (FindingKind::StateDiffers, Some("x")));
}

#[test]
fn a_journal_that_does_not_lead_to_the_state() {
    let fixture = healthy();
    meddle(&fixture, "UPDATE object SET state = 'damaged', reason = 'x' WHERE id = 1");
    assert_eq!(the_one(&fixture, false).kind, FindingKind::JournalDiffers);

    let fixture = healthy();
    meddle(
        &fixture,
        "DROP TRIGGER journal_is_append_only_delete;
         DELETE FROM journal WHERE object_id = 1 AND to_state = 'publishing'",
    );
    let finding = the_one(&fixture, false);
    assert_eq!(finding.kind, FindingKind::JournalDiffers);
    assert!(finding.text.contains("missing"), "{}", finding.text);
}

#[test]
fn a_snapshot_that_is_not_whole() {
    for sql in [
        "DELETE FROM snapshot_place WHERE place = 0",
        "UPDATE snapshot SET count = 1",
        "UPDATE snapshot_place SET place = 7 WHERE place = 1",
    ] {
        let fixture = healthy();
        meddle(&fixture, sql);
        assert_eq!(the_one(&fixture, false).kind, FindingKind::SnapshotDiffers, "{sql}");
    }
}

#[test]
fn damage_sqlite_itself_finds() {
    let fixture = healthy();
    meddle(&fixture, "INSERT INTO journal VALUES (99, 77, NULL, 0, 'seen', 'known', NULL)");
    let finding = the_one(&fixture, false);
    assert_eq!(finding.kind, FindingKind::Integrity);
    assert!(finding.text.contains("journal"), "{}", finding.text);

    let fixture = healthy();
    meddle(&fixture, "UPDATE object SET twin = -1 WHERE id = 1");
    let finding = the_one(&fixture, false);
    assert_eq!(finding.kind, FindingKind::Integrity);
    assert!(finding.text.contains("object"), "{}", finding.text);
}

#[test]
fn a_folder_that_cannot_be_listed_is_a_finding() {
    let fixture = healthy();
    fs::remove_dir(fixture.library.incoming()).unwrap();
    assert_eq!(the_one(&fixture, false).kind, FindingKind::Unreadable);
}

#[test]
fn faults_come_first_and_checking_changes_nothing() {
    let fixture = healthy();
    fixture.write("aa.txt", b"x");
    fs::remove_file(fixture.library.absolute("d/A.JPG")).unwrap();
    let before = fs::read(fixture.library.catalogue_path()).unwrap();
    assert_eq!(kinds(&fixture, true), [FindingKind::FileMissing, FindingKind::UnknownFile]);
    assert_eq!(kinds(&fixture, true), [FindingKind::FileMissing, FindingKind::UnknownFile]);
    assert_eq!(fs::read(fixture.library.catalogue_path()).unwrap(), before);
}

#[test]
fn every_kind_has_a_word_and_a_cure() {
    let kinds = [
        FindingKind::FileMissing,
        FindingKind::FileBack,
        FindingKind::SizeDiffers,
        FindingKind::ContentDiffers,
        FindingKind::Unreadable,
        FindingKind::UnknownFile,
        FindingKind::Leftover,
        FindingKind::OpenIntent,
        FindingKind::StateDiffers,
        FindingKind::JournalDiffers,
        FindingKind::SnapshotDiffers,
        FindingKind::Integrity,
    ];
    let words: std::collections::HashSet<_> = kinds.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(words.len(), kinds.len());
    assert!(kinds.iter().all(|kind| !kind.cure().is_empty()));
}
