//! Copies in the library that are freed on purpose, because targets have them.
//!
//! A pruned file is missing, and a row of `pruning` says why, so that a check does not look for it.
//! It is begun before the file is touched, and ended before its bytes go; what a process that died
//! in between left is put back by the next one, which finds it in [`Catalogue::open_prunings`].

use rusqlite::{OptionalExtension, Row, named_params};

use crate::model::{FileId, FileRow, Sha256, TargetId};
use crate::{Catalogue, Error};

/// Which files may be pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prunable<'a> {
    /// Targets whose proof counts.
    pub targets: &'a [TargetId],
    /// How many of them must have proven a file.
    pub copies: u32,
    /// The words of a proof that counts.
    pub proof: &'a str,
    /// All targets that are delivered to: a file that one of them was not proven to have is still
    /// needed.
    pub wanted_by: &'a [TargetId],
    /// Published at this time or before, epoch milliseconds.
    pub before: i64,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruning {
    /// Its row.
    pub id: i64,
    /// The file, as long as it is away because of this.
    pub file: Option<FileId>,
    /// Where it was in the library.
    pub path: String,
    /// Its content.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// Where it was read back right before: lines of a target's name, a colon, and the path there.
    /// None until it was let go for good.
    pub kept_at: Option<String>,
    /// When it was begun, epoch milliseconds.
    pub begun: i64,
    /// When it was let go for good; none before, and for ever if it was not.
    pub ended: Option<i64>,
}

impl Pruning {
    const COLUMNS: &str = "id, file_id, path, sha256, size_bytes, kept_at, begun_ms, ended_ms";

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            file: row.get(1)?,
            path: row.get(2)?,
            sha256: row.get(3)?,
            size: row.get::<_, i64>(4)?.unsigned_abs(),
            kept_at: row.get(5)?,
            begun: row.get(6)?,
            ended: row.get(7)?,
        })
    }
}

impl Catalogue {
    /// Returns up to `limit` published files after the row `after` that a rule lets go, in the
    /// order of their rows. None if no copy is asked for.
    ///
    /// # Errors
    /// Storage errors.
    pub fn prunable(
        &self,
        rule: Prunable<'_>,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<Vec<FileRow>, Error> {
        let sql = format!(
            "SELECT {} FROM file f WHERE f.id > :after AND f.state = 'published'
             AND f.published_ms <= :before AND :copies > 0
             AND (SELECT count(*) FROM delivery d WHERE d.file_id = f.id AND d.proof = :proof
                  AND instr(:targets, ' ' || d.target_id || ' ') > 0) >= :copies
             AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.file_id = f.id
                  AND d.state <> 'proven' AND instr(:wanted, ' ' || d.target_id || ' ') > 0)
             ORDER BY f.id LIMIT :limit",
            FileRow::columns_of_f()
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(
            named_params! {
                ":after": after.map_or(0, |id| id.0), ":before": rule.before,
                ":copies": rule.copies, ":proof": rule.proof, ":targets": words(rule.targets),
                ":wanted": words(rule.wanted_by), ":limit": limit,
            },
            FileRow::from_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down that a file's bytes are about to go, if a rule still lets it; returns the log's
    /// row, or none if the rule does not. From here on the file is missing.
    ///
    /// Only while nobody else works on the library.
    ///
    /// # Errors
    /// Storage errors.
    pub fn begin_prune(
        &self,
        file: FileId,
        rule: Prunable<'_>,
        now: i64,
    ) -> Result<Option<i64>, Error> {
        self.transaction(|c| {
            let found = c.prunable(rule, Some(FileId(file.0 - 1)), 1)?;
            let Some(row) = found.into_iter().find(|row| row.id == file) else { return Ok(None) };
            c.mark_missing(file, now)?;
            let size = crate::model::stored_size(row.size)?;
            let id = c
                .conn
                .prepare_cached(
                    "INSERT INTO pruning (file_id, path, sha256, size_bytes, begun_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .insert((file, row.path, row.sha256, size, now))?;
            Ok(Some(id))
        })
    }

    /// Writes down that a file's bytes go for good, and where it was read back right before: from
    /// here on they are not needed.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is not open, and its file not away because of it; storage errors.
    pub fn end_prune(&self, pruning: i64, kept_at: &str, now: i64) -> Result<(), Error> {
        let ended = self
            .conn
            .prepare_cached(
                "UPDATE pruning SET ended_ms = ?2, kept_at = ?3
                 WHERE id = ?1 AND file_id IS NOT NULL AND ended_ms IS NULL",
            )?
            .execute((pruning, now, kept_at))?;
        match ended {
            0 => Err(Error::NotFound { what: "open pruning", id: pruning }),
            _ => Ok(()),
        }
    }

    /// Returns what was begun and not ended, because a process died: such a file is to be put back,
    /// and published again with [`Catalogue::mark_found`].
    ///
    /// # Errors
    /// Storage errors.
    pub fn open_prunings(&self) -> Result<Vec<Pruning>, Error> {
        let sql = format!(
            "SELECT {} FROM pruning WHERE file_id IS NOT NULL AND ended_ms IS NULL ORDER BY id",
            Pruning::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([], Pruning::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns up to `limit` rows of the log after the row `after`, oldest first.
    ///
    /// # Errors
    /// Storage errors.
    pub fn prunings(&self, after: i64, limit: u32) -> Result<Vec<Pruning>, Error> {
        let sql =
            format!("SELECT {} FROM pruning WHERE id > ?1 ORDER BY id LIMIT ?2", Pruning::COLUMNS);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map((after, limit), Pruning::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns a row of the log.
    ///
    /// # Errors
    /// Storage errors.
    pub fn pruning(&self, id: i64) -> Result<Option<Pruning>, Error> {
        let sql = format!("SELECT {} FROM pruning WHERE id = ?1", Pruning::COLUMNS);
        Ok(self.conn.prepare_cached(&sql)?.query_row([id], Pruning::from_row).optional()?)
    }

    /// Whether a missing file is away on purpose.
    ///
    /// # Errors
    /// Storage errors.
    pub fn is_pruned(&self, file: FileId) -> Result<bool, Error> {
        let sql = "SELECT EXISTS
            (SELECT 1 FROM pruning WHERE file_id = ?1 AND ended_ms IS NOT NULL)";
        Ok(self.conn.prepare_cached(sql)?.query_row([file], |row| row.get(0))?)
    }

    /// Whether a file is about to be pruned, or was when a process died.
    ///
    /// # Errors
    /// Storage errors.
    pub fn is_pruning(&self, file: FileId) -> Result<bool, Error> {
        let sql = "SELECT EXISTS
            (SELECT 1 FROM pruning WHERE file_id = ?1 AND ended_ms IS NULL)";
        Ok(self.conn.prepare_cached(sql)?.query_row([file], |row| row.get(0))?)
    }
}

/// Numbers between spaces, so that one is found in them whole.
fn words(targets: &[TargetId]) -> String {
    targets.iter().map(|target| format!(" {} ", target.0)).collect()
}
