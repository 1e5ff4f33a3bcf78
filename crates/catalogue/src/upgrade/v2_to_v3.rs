//! Release 3: what files tell of themselves, and raw files that came apart from their JPEG.

use rusqlite::Connection;

/// Adds the tables, empty: files that are there are looked at when they are adopted again.
pub(super) fn run(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "CREATE TABLE file_facts (
             file_id INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
             kind TEXT,
             model TEXT,
             serial TEXT,
             taken TEXT,
             taken_s INTEGER,
             utc_offset_min INTEGER,
             clock_drift_s INTEGER,
             width INTEGER CHECK (width > 0),
             height INTEGER CHECK (height > 0),
             orientation INTEGER CHECK (orientation BETWEEN 1 AND 8),
             duration_ms INTEGER CHECK (duration_ms >= 0),
             film_simulation TEXT,
             dynamic_range TEXT,
             rating INTEGER CHECK (rating BETWEEN 0 AND 5),
             CHECK (taken IS NOT NULL OR taken_s IS NULL)
         ) STRICT;
         CREATE TABLE pair (
             raw_id INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
             photo_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
             CHECK (raw_id <> photo_id)
         ) STRICT;",
    )
}
