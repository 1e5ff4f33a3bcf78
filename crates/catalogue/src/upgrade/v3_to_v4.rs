//! Release 4: where files are delivered to, and what became of each file there.

use rusqlite::Connection;

/// Adds the tables, empty: files are queued when a target is delivered to.
pub(super) fn run(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "CREATE TABLE target (
             id INTEGER PRIMARY KEY,
             name TEXT NOT NULL UNIQUE CHECK (name <> ''),
             place TEXT CHECK (place <> ''),
             tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
             next_ms INTEGER,
             reason TEXT,
             added_ms INTEGER NOT NULL,
             CHECK ((next_ms IS NULL) = (reason IS NULL))
         ) STRICT;
         CREATE TABLE delivery (
             target_id INTEGER NOT NULL REFERENCES target (id),
             file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
             state TEXT NOT NULL
                 CHECK (state IN ('waiting', 'sending', 'stored', 'proven', 'failed')),
             path TEXT CHECK (path <> '' AND path NOT GLOB '/*'),
             proof TEXT CHECK (proof <> ''),
             reason TEXT,
             tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
             next_ms INTEGER,
             changed_ms INTEGER NOT NULL,
             PRIMARY KEY (target_id, file_id),
             CHECK ((proof IS NOT NULL) = (state = 'proven')),
             CHECK (path IS NOT NULL OR NOT (state = 'stored' OR state = 'proven')),
             CHECK (reason IS NOT NULL OR state <> 'failed'),
             CHECK (next_ms IS NULL OR state = 'failed')
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX delivery_file ON delivery (file_id);
         CREATE INDEX delivery_open ON delivery (target_id) WHERE state <> 'proven';",
    )
}
