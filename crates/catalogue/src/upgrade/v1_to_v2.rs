//! Release 2: indexes for pairs and for what is left to do, so that a run on an unchanged card
//! and the naming of a pair do not read every object.

use rusqlite::Connection;

/// Adds the indexes.
pub(super) fn run(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(
        "CREATE INDEX object_stem ON object (camera_id, stem);
         CREATE INDEX object_unfinished ON object (camera_id)
             WHERE (state = 'seen' OR state = 'fetching' OR state = 'publishing' OR state = 'failed');",
    )
}
