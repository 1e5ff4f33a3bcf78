//! Which JPEG a raw file from a card reader belongs to.

use filmwire_catalogue::{Adopted, FileFacts, FileId, Partner, is_beside, path_beside};

use crate::fixture::{Fixture, NOW, sha};

/// The raw file of an object of [`crate::fixture::key`] with this second.
fn raw(name: &str, taken: &str, serial: Option<&str>, fixture: &Fixture) -> Vec<FileId> {
    let partner = Partner { name, taken, serial, within_s: 2 };
    let found = fixture.catalogue.jpegs_of(partner).unwrap();
    found.into_iter().map(|file| file.id).collect()
}

fn adopt(fixture: &Fixture, path: &str, taken: &str, serial: Option<&str>) -> FileId {
    let Adopted::New(id) =
        fixture.catalogue.adopt_file(path, &sha(path.as_bytes()), 3, NOW).unwrap()
    else {
        panic!("{path} was known")
    };
    let facts = FileFacts {
        kind: Some("jpeg".into()),
        taken: Some(taken.into()),
        serial: serial.map(Into::into),
        ..FileFacts::default()
    };
    fixture.catalogue.set_facts(id, &facts).unwrap();
    id
}

#[test]
fn a_fetched_jpeg_is_found_by_stem_time_and_body() {
    let fixture = Fixture::new();
    let object = fixture.see("DSCF0001.JPG", 10);
    let (_, jpeg) = fixture.publish(object, b"abc");
    let found = |name, taken, serial| raw(name, taken, serial, &fixture);
    assert_eq!(found("dscf0001.RAF", "20160102T150010", None), [jpeg]);
    assert_eq!(found("DSCF0001.RAF", "20160102T150012", None), [jpeg]);
    assert_eq!(found("DSCF0001.RAF", "20160102T150008", None), [jpeg]);
    assert_eq!(found("DSCF0001.RAF", "20160102T150013", None), []);
    assert_eq!(found("DSCF0001.RAF", "20160102T150007", None), []);
    assert_eq!(found("DSCF0002.RAF", "20160102T150010", None), []);
    assert_eq!(found("DSCF0001.RAF", "no date", None), []);
    // Only where both tell a serial number it counts.
    assert_eq!(found("DSCF0001.RAF", "20160102T150010", Some("1")), [jpeg]);
    fixture.catalogue.set_exif_serial(object, "2").unwrap();
    assert_eq!(found("DSCF0001.RAF", "20160102T150010", Some("1")), []);
    assert_eq!(found("DSCF0001.RAF", "20160102T150010", Some("2")), [jpeg]);
    assert_eq!(found("DSCF0001.RAF", "20160102T150010", None), [jpeg]);
}

#[test]
fn an_adopted_jpeg_is_found_by_what_it_tells_and_by_its_name() {
    let fixture = Fixture::new();
    let at = "20160102T150010";
    let plain = adopt(&fixture, "a/DSCF0001.jpg", at, Some("1"));
    let numbered = adopt(&fixture, "b/DSCF0001-2.JPG", at, Some("2"));
    let long = adopt(&fixture, "b/DSCF0002.JPEG", at, None);
    adopt(&fixture, "b/other DSCF0001.JPG", at, None);
    adopt(&fixture, "b/DSCF0001-x.JPG", at, None);
    let found = |name, serial| raw(name, at, serial, &fixture);
    assert_eq!(found("DSCF0001.RAF", None), [plain, numbered], "nothing tells which");
    assert_eq!(found("DSCF0001.RAF", Some("1")), [plain]);
    assert_eq!(found("DSCF0001.RAF", Some("2")), [numbered]);
    assert_eq!(found("DSCF0002.RAF", Some("2")), [long]);
    assert_eq!(raw("DSCF0001.RAF", "20160102T150013", Some("1"), &fixture), []);
}

#[test]
fn a_jpeg_that_is_fetched_and_adopted_is_one() {
    let fixture = Fixture::new();
    let file = adopt(&fixture, "d/DSCF0001.JPG", "20160102T150010", None);
    let object = fixture.see("DSCF0001.JPG", 10);
    fixture.catalogue.link_existing(object, file, NOW).unwrap();
    assert_eq!(raw("DSCF0001.RAF", "20160102T150010", None, &fixture), [file]);
}

#[test]
fn joining_is_remembered_and_goes_with_its_files() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let jpeg = adopt(&fixture, "d/A.JPG", "20160102T150010", None);
    let other = adopt(&fixture, "d/B.JPG", "20160102T150010", None);
    let raw = adopt(&fixture, "d/A.RAF", "20160102T150010", None);
    assert!(catalogue.join(raw, jpeg).unwrap() && !catalogue.join(raw, jpeg).unwrap());
    assert_eq!(catalogue.photo_of(raw).unwrap(), Some(jpeg));
    assert_eq!(catalogue.raws_of(jpeg).unwrap(), [raw]);
    assert!(catalogue.join(raw, other).unwrap());
    assert_eq!(catalogue.raws_of(jpeg).unwrap(), []);
}

#[test]
fn a_path_is_taken_by_a_file_or_by_whom_it_was_given_out_to() {
    let fixture = Fixture::new();
    let taken = |path| fixture.catalogue.is_taken(path).unwrap();
    assert!(!taken("d/A.JPG"));
    let object = fixture.see("A.JPG", 1);
    fixture.assign(object);
    assert!(taken("d/A.JPG") && taken("D/a.jpg"), "given out");
    adopt(&fixture, "d/B.JPG", "20160102T150010", None);
    assert!(taken("D/b.JPG") && !taken("d/B.RAF"));
}

#[test]
fn files_are_listed_by_when_they_were_adopted() {
    let fixture = Fixture::new();
    let adopt = |path: &str, now| fixture.catalogue.adopt_file(path, &sha(b"x"), 1, now).unwrap();
    for (path, now) in [("a", 5), ("b", 6), ("c", 7)] {
        adopt(path, now);
    }
    fixture.publish(fixture.see("A.JPG", 1), b"abc");
    let files = fixture.catalogue.files_adopted(6).unwrap();
    let paths: Vec<_> = files.into_iter().map(|file| file.path).collect();
    assert_eq!(paths, ["b", "c"], "a fetched file is none of them");
}

#[test]
fn a_raw_file_takes_its_place_beside_the_jpeg() {
    assert_eq!(path_beside("2016/DSCF0001-2.JPG", "DSCF0001.RAF"), "2016/DSCF0001-2.RAF");
    assert_eq!(path_beside("x.jpg", "dscf0001.raf"), "x.raf");
    assert!(is_beside("2016/a.JPG", "2016/B.RAF") && is_beside("a", "b"));
    assert!(!is_beside("2016/a.JPG", "a.RAF"));
}
