-- The catalogue of one library, release 5 of the schema.
--
-- Words: a camera *shows* objects; the library *holds* files. An object is what a camera said it
-- has; a file is content under a path of the library. Times called _ms are milliseconds since
-- 1970-01-01 UTC, passed in by the program. Paths are relative to the library's folder, with "/".
-- Lists of words are written with OR, because SQLite builds a temporary table for each IN (..) of
-- more than two values, each time a row is checked. PRAGMA application_id is
-- 0x464D5749, PRAGMA user_version the release of this schema.

-- The library this catalogue belongs to: exactly one row.
CREATE TABLE library (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    -- 32 lower-case hex digits, random; the same text stands in .filmwire/library-id.
    id TEXT NOT NULL CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*')
) STRICT;

-- A camera body, as far as bodies can be told apart.
CREATE TABLE camera (
    id INTEGER PRIMARY KEY,
    -- Configured name, else SSID, else hardware address, else model@address.
    key TEXT NOT NULL CHECK (key <> ''),
    -- Body serial number from the photos' own data; null until the first photo told it.
    serial TEXT CHECK (serial <> ''),
    -- Model as the camera names itself; empty if it never did.
    model TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    CHECK (first_seen_ms <= last_seen_ms)
) STRICT;

-- Two bodies under one key differ in serial; at most one body of a key has no serial yet.
CREATE UNIQUE INDEX camera_identity ON camera (key, ifnull(serial, ''));

-- One pass over a camera.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    -- Null for passes without a camera, such as adopting files.
    camera_id INTEGER REFERENCES camera (id),
    started_ms INTEGER NOT NULL,
    -- Null while the run goes on, and for ever if it was killed.
    ended_ms INTEGER,
    -- One word for how it ended, such as done, failed or interrupted.
    outcome TEXT,
    -- The run's totals as a JSON object, for people and reports; no query reads it.
    totals TEXT,
    CHECK ((ended_ms IS NULL) = (outcome IS NULL))
) STRICT;

-- Content in the library.
CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL CHECK (path <> '' AND path NOT GLOB '/*'),
    -- The path in lower case: two paths that differ in case alone are one file on many disks.
    path_folded TEXT NOT NULL UNIQUE,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    -- intent: about to be renamed to its path, or just renamed; published: there, synced to disk;
    -- missing: was published, and is not there: a check did not find it, or it was pruned.
    state TEXT NOT NULL CHECK (state = 'intent' OR state = 'published' OR state = 'missing'),
    -- fetched: filmwire wrote it; adopted: it was there before.
    origin TEXT NOT NULL CHECK (origin IN ('fetched', 'adopted')),
    -- What was checked before publishing, in words of the program that fetched it.
    proof TEXT NOT NULL,
    -- Null exactly while the file is an intent.
    published_ms INTEGER,
    CHECK ((state = 'intent') = (published_ms IS NULL))
) STRICT;

CREATE INDEX file_sha256 ON file (sha256);

-- Release 3: what a file tells of itself, as its own data says it. One row at most for a file; no
-- row for files that came before release 3, until `adopt` looks at them again.
CREATE TABLE file_facts (
    file_id INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
    -- jpeg, raf, heif or film, by its first bytes; null for anything else.
    kind TEXT,
    -- Model of the body.
    model TEXT,
    -- Body serial number.
    serial TEXT,
    -- When it was taken by the camera's clock, such as 20160102T150136.
    taken TEXT,
    -- The same digits as seconds since 1970 with no zone applied.
    taken_s INTEGER,
    -- What the file says of its zone, in minutes east of UTC.
    utc_offset_min INTEGER,
    -- Seconds by which the camera's clock was ahead of the satellites.
    clock_drift_s INTEGER,
    -- Pixels as stored, and Exif's 1 to 8 for how to turn them.
    width INTEGER CHECK (width > 0),
    height INTEGER CHECK (height > 0),
    orientation INTEGER CHECK (orientation BETWEEN 1 AND 8),
    -- Milliseconds a film lasts.
    duration_ms INTEGER CHECK (duration_ms >= 0),
    -- Name of the film simulation, such as Velvia.
    film_simulation TEXT,
    -- As the camera shows it, such as DR200.
    dynamic_range TEXT,
    -- Stars; 0 if the camera says that nobody rated it.
    rating INTEGER CHECK (rating BETWEEN 0 AND 5),
    CHECK (taken IS NOT NULL OR taken_s IS NULL)
) STRICT;

-- Release 3: a raw file that came apart from its JPEG, such as by a card reader, and that JPEG.
CREATE TABLE pair (
    raw_id INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
    photo_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    CHECK (raw_id <> photo_id)
) STRICT;

-- What a camera showed, fetched or not. Rows are never deleted.
CREATE TABLE object (
    id INTEGER PRIMARY KEY,
    camera_id INTEGER NOT NULL REFERENCES camera (id),
    -- File name as the camera said it; never used as a path without being made safe.
    name TEXT NOT NULL,
    -- Name without extension, in lower case: what the parts of a RAW+JPEG pair have in common.
    stem TEXT NOT NULL,
    -- Capture date as the camera said it, such as 20160102T150136; no zone. Null if it said none.
    capture_date TEXT CHECK (capture_date <> ''),
    -- The same digits as seconds since 1970 with no zone applied; null if they make no date.
    capture_s INTEGER,
    -- True size, never a placeholder.
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    -- PTP object format code.
    format INTEGER NOT NULL CHECK (format BETWEEN 0 AND 65535),
    -- A resized copy never stands for the original.
    rendition TEXT NOT NULL CHECK (rendition IN ('original', 'resized')),
    -- 0, or 1, 2 .. for further objects on one card that are equal in all of the above.
    twin INTEGER NOT NULL CHECK (twin >= 0),
    -- Minutes east of UTC we took the camera's clock for, and why; null while nobody asked.
    utc_offset_min INTEGER CHECK (utc_offset_min BETWEEN -1080 AND 1080),
    utc_offset_source TEXT,
    -- Body serial number found inside the file: evidence, not identity.
    exif_serial TEXT,
    -- seen: listed, nothing done; fetching: bytes are coming in; publishing: has an intent file;
    -- published: its content is in the library; known: taken for known without fetching;
    -- skipped: not wanted (reason); failed: could not be fetched (reason, tries);
    -- damaged: published, but its content is broken on the card (reason).
    state TEXT NOT NULL CHECK (
        state = 'seen' OR state = 'fetching' OR state = 'publishing' OR state = 'published'
        OR state = 'known' OR state = 'skipped' OR state = 'failed' OR state = 'damaged'),
    reason TEXT,
    -- Failed attempts since the object was first seen or last forgotten.
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    -- The path given out for it, also before there is a file, so that no other object gets it.
    path TEXT CHECK (path <> '' AND path NOT GLOB '/*'),
    path_folded TEXT,
    -- Its content in the library; several objects may share one file.
    file_id INTEGER REFERENCES file (id),
    -- Content when last fetched; kept when the object is forgotten, so its file is found again.
    sha256 BLOB CHECK (length(sha256) = 32),
    -- The run that changed it last.
    run_id INTEGER REFERENCES run (id),
    first_seen_ms INTEGER NOT NULL,
    CHECK ((utc_offset_min IS NULL) = (utc_offset_source IS NULL)),
    CHECK ((path IS NULL) = (path_folded IS NULL)),
    -- Content and state go together.
    CHECK ((file_id IS NOT NULL)
        = (state = 'publishing' OR state = 'published' OR state = 'damaged')),
    CHECK (file_id IS NULL OR sha256 IS NOT NULL),
    CHECK (reason IS NOT NULL
        OR NOT (state = 'skipped' OR state = 'failed' OR state = 'damaged'))
) STRICT;

-- The photo key. Handles are no part of it: they shift when photos come and go.
CREATE UNIQUE INDEX object_key ON object
    (camera_id, name, ifnull(capture_date, ''), size_bytes, format, rendition, twin);
-- A path is given out once.
CREATE UNIQUE INDEX object_path ON object (path_folded) WHERE path_folded IS NOT NULL;
CREATE INDEX object_file ON object (file_id) WHERE file_id IS NOT NULL;
-- Release 2: finds the other parts of a pair, and whether anything is left to do.
CREATE INDEX object_stem ON object (camera_id, stem);
CREATE INDEX object_unfinished ON object (camera_id)
    WHERE (state = 'seen' OR state = 'fetching' OR state = 'publishing' OR state = 'failed');

-- Every change of an object's state, written in the transaction that makes it. First sight is no
-- change: an object without rows here is still as it was first seen.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    object_id INTEGER NOT NULL REFERENCES object (id),
    run_id INTEGER REFERENCES run (id),
    at_ms INTEGER NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    -- Why, in words.
    detail TEXT
) STRICT;

CREATE INDEX journal_object ON journal (object_id, id);

CREATE TRIGGER journal_is_append_only_update BEFORE UPDATE ON journal
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_append_only_delete BEFORE DELETE ON journal
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;

-- What the card of a camera looked like when it was last listed.
CREATE TABLE snapshot (
    camera_id INTEGER PRIMARY KEY REFERENCES camera (id),
    -- Number of objects on the card.
    count INTEGER NOT NULL CHECK (count >= 0),
    -- When its listing began.
    begun_ms INTEGER NOT NULL,
    -- End of the last full listing; null while one goes on. Changes mended without one do not move it.
    listed_ms INTEGER,
    -- When the snapshot was last completed, by a listing or by mending.
    verified_ms INTEGER,
    -- 1 if every place from 0 to count - 1 has its object.
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    -- Which end of the card the camera's handle 1 is.
    direction TEXT NOT NULL CHECK (direction IN ('newest-first', 'oldest-first')),
    CHECK (complete = 0 OR listed_ms IS NOT NULL)
) STRICT;

-- Place 0 is the oldest object, whatever the camera's order, so that new photos append.
CREATE TABLE snapshot_place (
    camera_id INTEGER NOT NULL REFERENCES snapshot (camera_id),
    place INTEGER NOT NULL CHECK (place >= 0),
    object_id INTEGER NOT NULL REFERENCES object (id),
    PRIMARY KEY (camera_id, place)
) STRICT, WITHOUT ROWID;

-- Release 4: a place files are delivered to. What kind of place it is stands in the configuration.
CREATE TABLE target (
    id INTEGER PRIMARY KEY,
    -- The name in the configuration; a renamed target is a new one.
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    -- What the place says it is, such as the id in a folder's marker; null until it was usable
    -- once, and for targets that cannot say. Another place under this name is an error.
    place TEXT CHECK (place <> ''),
    -- Pauses since something last went well.
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    -- Not before this time is anything tried again; null if the target is not paused.
    next_ms INTEGER,
    -- Why it is paused.
    reason TEXT,
    added_ms INTEGER NOT NULL,
    CHECK ((next_ms IS NULL) = (reason IS NULL))
) STRICT;

-- Release 4: what became of a file at a target. No row: not chosen by the target's rules so far.
CREATE TABLE delivery (
    target_id INTEGER NOT NULL REFERENCES target (id),
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    -- waiting: to be sent; sending: bytes are on their way, and nobody knows what is there if the
    -- process died meanwhile; stored: the target took it and was not asked for proof yet;
    -- proven: it is there (proof says how that is known); failed: it is not (reason, tries).
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'sending', 'stored', 'proven', 'failed')),
    -- Where it is at the target, relative to its root; kept as a hint when it is sent again.
    path TEXT CHECK (path <> '' AND path NOT GLOB '/*'),
    -- What was compared, in words: its size, its SHA-256 read back.
    proof TEXT CHECK (proof <> ''),
    -- Why it failed, or is sent again.
    reason TEXT,
    -- Times sending was begun since it was queued or retried by hand.
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    -- When a failed one is tried again; null: not before it is retried by hand.
    next_ms INTEGER,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, file_id),
    CHECK ((proof IS NOT NULL) = (state = 'proven')),
    CHECK (path IS NOT NULL OR NOT (state = 'stored' OR state = 'proven')),
    CHECK (reason IS NOT NULL OR state <> 'failed'),
    CHECK (next_ms IS NULL OR state = 'failed')
) STRICT, WITHOUT ROWID;

-- For the day a file's row is deleted.
CREATE INDEX delivery_file ON delivery (file_id);
-- What is left to do, however much is done.
CREATE INDEX delivery_open ON delivery (target_id) WHERE state <> 'proven';

-- Release 5: copies in the library that were freed on purpose, because targets have them: the log,
-- and what tells such a file, whose state is missing, from one that got lost.
CREATE TABLE pruning (
    id INTEGER PRIMARY KEY,
    -- The file, as long as it is away because of this; null once it is back, or its row gone.
    file_id INTEGER UNIQUE REFERENCES file (id) ON DELETE SET NULL,
    path TEXT NOT NULL CHECK (path <> ''),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    -- Where it was read back right before: lines of a target's name, a colon, and the path there.
    -- Null until it was.
    kept_at TEXT CHECK (kept_at <> ''),
    -- Written before it is touched.
    begun_ms INTEGER NOT NULL,
    -- Written before its bytes go for good; null for ever if they came back.
    ended_ms INTEGER,
    CHECK ((kept_at IS NULL) = (ended_ms IS NULL))
) STRICT;

CREATE TRIGGER pruning_is_never_deleted BEFORE DELETE ON pruning
BEGIN SELECT raise(ABORT, 'the log of prunings is never deleted'); END;
CREATE TRIGGER pruning_is_over AFTER UPDATE OF state ON file WHEN new.state <> 'missing'
BEGIN UPDATE pruning SET file_id = NULL WHERE file_id = new.id; END;
