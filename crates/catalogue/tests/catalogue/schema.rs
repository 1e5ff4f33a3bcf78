//! The schema's own rules: each statement breaks one.

use crate::fixture::Fixture;

#[test]
fn constraints_refuse_what_cannot_be() {
    let fixture = Fixture::new();
    let (object, _) = (fixture.see("DSCF0001.JPG", 1), fixture.see("DSCF0002.JPG", 2));
    fixture.publish(object, b"abc");
    let camera = fixture.camera;
    let target = fixture.catalogue.add_target("nas", 0).unwrap().id;
    fixture.catalogue.enqueue(target, &filmwire_catalogue::Choice::default(), 0).unwrap();
    fixture
        .catalogue
        .begin_listing(camera, 2, filmwire_catalogue::Direction::NewestFirst, 0)
        .unwrap();
    let other = fixture.see("DSCF0003.JPG", 3);
    fixture.publish(other, b"def");
    let file = fixture.catalogue.object(other).unwrap().file.unwrap();
    let sql = "INSERT INTO pruning (file_id, path, sha256, size_bytes, begun_ms)
               SELECT id, path, sha256, size_bytes, 0 FROM file WHERE id = ?1";
    let path = fixture.library.catalogue_path();
    rusqlite::Connection::open(path).unwrap().execute(sql, [file.0]).unwrap();
    let conn = rusqlite::Connection::open(fixture.library.catalogue_path()).unwrap();
    conn.pragma_update(None, "foreign_keys", true).unwrap();
    for (rule, sql) in BROKEN {
        let error = conn.execute_batch(sql).expect_err(rule);
        let code = error.sqlite_error_code();
        let expected = Some(rusqlite::ErrorCode::ConstraintViolation);
        assert_eq!(code, expected, "{rule}: {error}");
        assert!(error.to_string().contains(rule), "{rule}: {error}");
    }
}

/// What SQLite's message must contain, and the statement.
const BROKEN: &[(&str, &str)] = &[
    ("only_row = 1", "INSERT INTO library VALUES (2, '0123456789abcdef0123456789abcdef')"),
    ("length(id) = 32", "UPDATE library SET id = 'x'"),
    ("camera_identity", "INSERT INTO camera VALUES (9, 'ssid', NULL, '', 0, 0)"),
    ("key <> ''", "INSERT INTO camera VALUES (9, '', NULL, '', 0, 0)"),
    ("serial <> ''", "INSERT INTO camera VALUES (9, 'k', '', '', 0, 0)"),
    ("first_seen_ms <= last_seen_ms", "INSERT INTO camera VALUES (9, 'k', NULL, '', 2, 1)"),
    ("FOREIGN KEY", "INSERT INTO run (camera_id, started_ms) VALUES (77, 0)"),
    ("ended_ms IS NULL", "INSERT INTO run (started_ms, ended_ms) VALUES (0, 1)"),
    (
        "path_folded",
        "INSERT INTO file SELECT 9, 'D/x', path_folded, sha256, 1, 'missing', 'adopted', '', 0 FROM file",
    ),
    ("length(sha256)", "UPDATE file SET sha256 = x'00'"),
    ("size_bytes", "UPDATE file SET size_bytes = -1"),
    ("path <> ''", "UPDATE file SET path = '/etc/passwd'"),
    ("path <> ''", "UPDATE file SET path = ''"),
    ("state = 'intent'", "UPDATE file SET state = 'gone'"),
    ("origin IN", "UPDATE file SET origin = 'bought'"),
    ("published_ms", "UPDATE file SET published_ms = NULL"),
    ("published_ms", "UPDATE file SET state = 'intent'"),
    (
        "object_key",
        "INSERT INTO object (camera_id, name, stem, capture_date, size_bytes, format, rendition, twin, state, first_seen_ms) SELECT camera_id, name, stem, capture_date, size_bytes, format, rendition, twin, 'seen', 0 FROM object WHERE id = 2",
    ),
    (
        "object.path_folded",
        "UPDATE object SET path = 'D/dscf0001.jpg', path_folded = 'd/dscf0001.jpg' WHERE id = 2",
    ),
    ("capture_date", "UPDATE object SET capture_date = ''"),
    ("size_bytes", "UPDATE object SET size_bytes = -1"),
    ("format", "UPDATE object SET format = 65536"),
    ("rendition", "UPDATE object SET rendition = 'copy'"),
    ("twin", "UPDATE object SET twin = -1"),
    ("utc_offset_min", "UPDATE object SET utc_offset_min = 60"),
    ("utc_offset_min", "UPDATE object SET utc_offset_min = 1081, utc_offset_source = 'x'"),
    ("state = 'seen'", "UPDATE object SET state = 'lost'"),
    ("tries", "UPDATE object SET tries = -1"),
    ("path_folded", "UPDATE object SET path_folded = NULL WHERE id = 1"),
    ("file_id IS NOT NULL", "UPDATE object SET state = 'published' WHERE id = 2"),
    ("file_id IS NOT NULL", "UPDATE object SET file_id = NULL WHERE id = 1"),
    ("file_id IS NULL OR sha256", "UPDATE object SET sha256 = NULL WHERE id = 1"),
    ("reason IS NOT NULL", "UPDATE object SET state = 'failed' WHERE id = 2"),
    ("FOREIGN KEY", "DELETE FROM file"),
    ("append-only", "UPDATE journal SET detail = 'x'"),
    ("append-only", "DELETE FROM journal"),
    ("complete = 0 OR", "UPDATE snapshot SET complete = 1"),
    ("direction", "UPDATE snapshot SET direction = 'sideways'"),
    ("count", "UPDATE snapshot SET count = -1"),
    ("place", "INSERT INTO snapshot_place VALUES (1, -1, 1)"),
    ("FOREIGN KEY", "INSERT INTO snapshot_place VALUES (77, 0, 1)"),
    ("FOREIGN KEY", "INSERT INTO snapshot_place VALUES (1, 0, 77)"),
    ("target.name", "INSERT INTO target (name, added_ms) VALUES ('nas', 0)"),
    ("name <> ''", "UPDATE target SET name = ''"),
    ("place <> ''", "UPDATE target SET place = ''"),
    ("tries", "UPDATE target SET tries = -1"),
    ("next_ms IS NULL) = (reason IS NULL", "UPDATE target SET next_ms = 1"),
    ("FOREIGN KEY", "DELETE FROM target"),
    ("FOREIGN KEY", "UPDATE delivery SET file_id = 77"),
    (
        "pruning.file_id",
        "INSERT INTO pruning SELECT id + 7, file_id, path, sha256, 1, 'x: y', 0, 0 FROM pruning",
    ),
    ("length(sha256)", "UPDATE pruning SET sha256 = x'00'"),
    ("size_bytes", "UPDATE pruning SET size_bytes = -1"),
    ("path <> ''", "UPDATE pruning SET path = ''"),
    ("kept_at <> ''", "UPDATE pruning SET kept_at = '', ended_ms = 0"),
    ("kept_at IS NULL) = (ended_ms IS NULL", "UPDATE pruning SET ended_ms = 0"),
    ("FOREIGN KEY", "UPDATE pruning SET file_id = 77"),
    ("never deleted", "DELETE FROM pruning"),
    ("delivery.target_id", "INSERT INTO delivery SELECT * FROM delivery"),
    ("state IN", "UPDATE delivery SET state = 'lost'"),
    ("path NOT GLOB", "UPDATE delivery SET path = '/etc/passwd'"),
    ("proof <> ''", "UPDATE delivery SET proof = ''"),
    ("tries", "UPDATE delivery SET tries = -1"),
    ("state = 'proven'", "UPDATE delivery SET state = 'proven', path = 'a'"),
    ("state = 'proven'", "UPDATE delivery SET proof = 'size'"),
    ("path IS NOT NULL OR", "UPDATE delivery SET state = 'stored'"),
    ("reason IS NOT NULL OR", "UPDATE delivery SET state = 'failed'"),
    ("next_ms IS NULL OR", "UPDATE delivery SET next_ms = 1"),
    ("cannot store TEXT", "INSERT INTO run (started_ms) VALUES ('now')"),
];
