//! Release 5: which copies in the library were freed on purpose.

use rusqlite::Connection;

/// Adds the log, empty.
pub(super) fn run(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "CREATE TABLE pruning (
             id INTEGER PRIMARY KEY,
             file_id INTEGER UNIQUE REFERENCES file (id) ON DELETE SET NULL,
             path TEXT NOT NULL CHECK (path <> ''),
             sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
             size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
             kept_at TEXT CHECK (kept_at <> ''),
             begun_ms INTEGER NOT NULL,
             ended_ms INTEGER,
             CHECK ((kept_at IS NULL) = (ended_ms IS NULL))
         ) STRICT;
         CREATE TRIGGER pruning_is_never_deleted BEFORE DELETE ON pruning
         BEGIN SELECT raise(ABORT, 'the log of prunings is never deleted'); END;
         CREATE TRIGGER pruning_is_over AFTER UPDATE OF state ON file WHEN new.state <> 'missing'
         BEGIN UPDATE pruning SET file_id = NULL WHERE file_id = new.id; END;",
    )
}
