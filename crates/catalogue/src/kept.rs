//! What a target has, as far as is known.

use rusqlite::named_params;

use crate::delivery::Delivery;
use crate::facts::FileFacts;
use crate::model::{FileId, TargetId};
use crate::{Catalogue, Error};

/// A file a target took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What became of it; it is stored or proven.
    pub delivery: Delivery,
    /// What it tells of itself; nothing if nobody looked.
    pub facts: FileFacts,
    /// It is missing from the library on purpose, because targets have it.
    pub is_pruned: bool,
}

/// Columns of a delivery; those of the facts are behind them.
const DELIVERY_COLUMNS: usize = 16;

impl Catalogue {
    /// Returns up to `limit` files that a target took, after the file `after`, in the order of the
    /// files. Those that are in the library no more are among them: their rows tell.
    ///
    /// # Errors
    /// Storage errors.
    pub fn kept_at(
        &self,
        target: TargetId,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<Vec<Kept>, Error> {
        let sql = format!(
            "SELECT {}, {}, EXISTS (SELECT 1 FROM pruning p WHERE p.file_id = f.id) AS pruned
             FROM delivery d JOIN file f ON f.id = d.file_id
             LEFT JOIN file_facts x ON x.file_id = f.id
             WHERE d.target_id = :target AND d.state IN ('stored', 'proven') AND d.file_id > :after
             ORDER BY d.file_id LIMIT :limit",
            Delivery::columns(),
            FileFacts::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let after = after.map_or(0, |id| id.0);
        let rows = statement.query_map(
            named_params! { ":target": target, ":after": after, ":limit": limit },
            |row| {
                let facts = FileFacts::from_row(row, DELIVERY_COLUMNS)?;
                let is_pruned = row.get("pruned")?;
                Ok(Kept { delivery: Delivery::from_row(row)?, facts, is_pruned })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
