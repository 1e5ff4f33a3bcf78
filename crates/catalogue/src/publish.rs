//! The catalogue's part in publishing: intents, files, and what mends a cut.
//!
//! The procedure is in `docs/design/catalogue.md`: intent committed, file renamed, folder synced,
//! published row committed. A cut leaves an intent, and looking at its path tells which side of
//! the rename it fell on.

use rusqlite::OptionalExtension;

use crate::model::{
    FileId, FileRow, FileState, ObjectId, ObjectRow, Origin, RunId, Sha256, State, stored_size,
};
use crate::name::folded;
use crate::{Catalogue, Error};

/// A file about to be renamed to its path, or renamed when the process died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The object it belongs to.
    pub object: ObjectId,
    /// Its row.
    pub file: FileId,
    /// The final path, relative to the library.
    pub path: String,
    /// What the file must contain.
    pub sha256: Sha256,
    /// What it must measure in bytes.
    pub size: u64,
}

/// A checked file, about to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Final path, relative to the library, as given out by [`Catalogue::assign_path`].
    pub path: &'a str,
    /// SHA-256 of the content.
    pub sha256: &'a Sha256,
    /// Size in bytes.
    pub size: u64,
    /// What was checked, in words.
    pub proof: &'a str,
}

/// What adopting a file found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// The file is in the catalogue now.
    New(FileId),
    /// It was there already, with the same content.
    Known(FileId),
    /// The catalogue has this path with other content: the file was changed. Nothing was written.
    Changed(FileId),
}

impl Catalogue {
    /// Announces that a file is about to be renamed to its path, and commits that.
    ///
    /// # Errors
    /// [`Error::PathTaken`] if another file or object has the path; [`Error::Transition`] if the
    /// object has a file; [`Error::NotFound`]; storage errors.
    pub fn begin_publish(
        &self,
        object: ObjectId,
        file: Publish<'_>,
        run: Option<RunId>,
        now: i64,
    ) -> Result<FileId, Error> {
        self.transaction(|c| {
            let row = c.object(object)?;
            if row.file.is_some() {
                let to = State::Publishing;
                return Err(Error::Transition { object: object.0, from: row.state, to });
            }
            let id = c.intend(file)?;
            let values = (object, id, file.sha256, file.path, folded(file.path), run);
            c.conn
                .prepare_cached(
                    "UPDATE object SET state = 'publishing', reason = NULL, file_id = ?2,
                        sha256 = ?3, path = ?4, path_folded = ?5, run_id = ifnull(?6, run_id)
                     WHERE id = ?1",
                )?
                .execute(values)
                .map_err(|e| path_taken(e, file.path))?;
            c.journal_change(&row, State::Publishing, Some(file.path), run, now)?;
            Ok(id)
        })
    }

    /// Writes the intent's file row, or takes the one of the same file that went missing.
    fn intend(&self, file: Publish<'_>) -> Result<FileId, Error> {
        match self.file_at(file.path)? {
            Some(old) if old.state == FileState::Missing && old.sha256 == *file.sha256 => {
                self.conn
                    .prepare_cached(
                        "UPDATE file SET state = 'intent', published_ms = NULL, path = ?2,
                            origin = 'fetched', proof = ?3 WHERE id = ?1",
                    )?
                    .execute((old.id, file.path, file.proof))?;
                Ok(old.id)
            }
            Some(_) => Err(Error::PathTaken { path: file.path.to_owned() }),
            None => self.insert_file(file, Origin::Fetched, None),
        }
    }

    fn insert_file(
        &self,
        file: Publish<'_>,
        origin: Origin,
        published: Option<i64>,
    ) -> Result<FileId, Error> {
        let state = if published.is_some() { FileState::Published } else { FileState::Intent };
        let size = stored_size(file.size)?;
        let (path, key) = (file.path, folded(file.path));
        let id = self
            .conn
            .prepare_cached(
                "INSERT INTO file (path, path_folded, sha256, size_bytes, state, origin, proof,
                    published_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .insert((path, key, file.sha256, size, state, origin, file.proof, published))?;
        Ok(FileId(id))
    }

    /// Writes down that the file is at its path and synced to disk.
    ///
    /// # Errors
    /// [`Error::Transition`] if the object is not publishing; [`Error::NotFound`]; storage errors.
    pub fn finish_publish(&self, object: ObjectId, now: i64) -> Result<(), Error> {
        self.transaction(|c| {
            let (row, file) = c.publishing_object(object, State::Published)?;
            c.conn
                .prepare_cached(
                    "UPDATE file SET state = 'published', published_ms = ?2 WHERE id = ?1",
                )?
                .execute((file, now))?;
            c.conn
                .prepare_cached("UPDATE object SET state = 'published' WHERE id = ?1")?
                .execute([object])?;
            c.journal_change(&row, State::Published, None, None, now)
        })
    }

    /// Takes an intent back: the object is seen again and keeps its path for the next try.
    ///
    /// # Errors
    /// [`Error::Transition`] if the object is not publishing; [`Error::NotFound`]; storage errors.
    pub fn abandon_publish(&self, object: ObjectId, now: i64) -> Result<(), Error> {
        self.transaction(|c| {
            let (row, file) = c.publishing_object(object, State::Seen)?;
            c.conn
                .prepare_cached("UPDATE object SET state = 'seen', file_id = NULL WHERE id = ?1")?
                .execute([object])?;
            c.drop_file(file, now)?;
            c.journal_change(&row, State::Seen, Some("publishing was abandoned"), None, now)
        })
    }

    fn publishing_object(&self, object: ObjectId, to: State) -> Result<(ObjectRow, FileId), Error> {
        let row = self.object(object)?;
        match (row.state, row.file) {
            (State::Publishing, Some(file)) => Ok((row, file)),
            (from, _) => Err(Error::Transition { object: object.0, from, to }),
        }
    }

    /// Deletes the row of a file that is not there, or marks it missing if objects refer to it.
    pub(crate) fn drop_file(&self, file: FileId, now: i64) -> Result<(), Error> {
        let used: bool = self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM object WHERE file_id = ?1)")?
            .query_row([file], |row| row.get(0))?;
        if used {
            return self.mark_missing(file, now);
        }
        self.conn.prepare_cached("DELETE FROM file WHERE id = ?1")?.execute([file])?;
        Ok(())
    }

    /// Returns the intents nobody finished, oldest first: what a cut run left to be mended.
    ///
    /// # Errors
    /// Storage errors.
    pub fn publishing(&self) -> Result<Vec<Intent>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT o.id, f.id, f.path, f.sha256, f.size_bytes FROM object o
             JOIN file f ON f.id = o.file_id WHERE o.state = 'publishing' ORDER BY o.id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Intent {
                object: row.get(0)?,
                file: row.get(1)?,
                path: row.get(2)?,
                sha256: row.get(3)?,
                size: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Publishes an object whose content is in the library already; no second copy is made, and
    /// the path given out for it is free again. The caller has looked that the file is there.
    ///
    /// # Errors
    /// [`Error::Transition`] if the object has a file; [`Error::Invalid`] if the file is not
    /// published; [`Error::NotFound`]; storage errors.
    pub fn link_existing(&self, object: ObjectId, file: FileId, now: i64) -> Result<(), Error> {
        self.transaction(|c| {
            let row = c.object(object)?;
            if row.file.is_some() {
                let to = State::Published;
                return Err(Error::Transition { object: object.0, from: row.state, to });
            }
            let file = c.file(file)?;
            if file.state != FileState::Published {
                return Err(Error::Invalid(format!("{} is not published", file.path)));
            }
            // An object that was forgotten and finds its own file again keeps its path.
            c.conn
                .prepare_cached(
                    "UPDATE object SET state = 'published', reason = NULL, file_id = ?2,
                        sha256 = ?3, path = CASE path_folded WHEN ?4 THEN path END,
                        path_folded = CASE path_folded WHEN ?4 THEN path_folded END
                     WHERE id = ?1",
                )?
                .execute((object, file.id, file.sha256, folded(&file.path)))?;
            let detail = format!("the library has its content as {}", file.path);
            c.journal_change(&row, State::Published, Some(&detail), None, now)
        })
    }

    /// Marks a published object whose content is broken on the card itself.
    ///
    /// # Errors
    /// [`Error::Transition`] if the object is not published; [`Error::NotFound`]; storage errors.
    pub fn mark_damaged(
        &self,
        object: ObjectId,
        reason: &str,
        run: Option<RunId>,
        now: i64,
    ) -> Result<(), Error> {
        self.transaction(|c| {
            let row = c.object(object)?;
            if row.state != State::Published {
                let to = State::Damaged;
                return Err(Error::Transition { object: object.0, from: row.state, to });
            }
            c.conn
                .prepare_cached(
                    "UPDATE object SET state = 'damaged', reason = ?2,
                        run_id = ifnull(?3, run_id) WHERE id = ?1",
                )?
                .execute((object, reason, run))?;
            c.journal_change(&row, State::Damaged, Some(reason), run, now)
        })
    }

    /// Returns a file.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage errors.
    pub fn file(&self, id: FileId) -> Result<FileRow, Error> {
        let sql = format!("SELECT {} FROM file WHERE id = ?1", FileRow::COLUMNS);
        let found =
            self.conn.prepare_cached(&sql)?.query_row([id], FileRow::from_row).optional()?;
        found.ok_or(Error::NotFound { what: "file", id: id.0 })
    }

    /// Returns the file at a path, case apart.
    ///
    /// # Errors
    /// Storage errors.
    pub fn file_at(&self, path: &str) -> Result<Option<FileRow>, Error> {
        let sql = format!("SELECT {} FROM file WHERE path_folded = ?1", FileRow::COLUMNS);
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row([folded(path)], FileRow::from_row).optional()?)
    }

    /// Returns the files with this content, published ones first. They may be gone from the disk
    /// since: look before relying on one, and use [`Catalogue::mark_missing`] if so.
    ///
    /// # Errors
    /// Storage errors.
    pub fn files_with_sha(&self, sha256: &Sha256) -> Result<Vec<FileRow>, Error> {
        let sql = format!(
            "SELECT {} FROM file WHERE sha256 = ?1 ORDER BY state <> 'published', id",
            FileRow::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([sha256], FileRow::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns up to `limit` files after the row `after`, in the order of their rows.
    ///
    /// # Errors
    /// Storage errors.
    pub fn files(&self, after: Option<FileId>, limit: u32) -> Result<Vec<FileRow>, Error> {
        let sql =
            format!("SELECT {} FROM file WHERE id > ?1 ORDER BY id LIMIT ?2", FileRow::COLUMNS);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map((after.map_or(0, |id| id.0), limit), FileRow::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Learns a file that is in the library already. A file that was missing is published again.
    ///
    /// # Errors
    /// [`Error::Invalid`] for sizes past 2^63; storage errors.
    pub fn adopt_file(
        &self,
        path: &str,
        sha256: &Sha256,
        size: u64,
        now: i64,
    ) -> Result<Adopted, Error> {
        self.take_in(Publish { path, sha256, size, proof: "hashed where it was" }, now)
    }

    /// As [`Catalogue::adopt_file`], for a file that was brought into the library and synced to
    /// disk, with words of its own on what was checked.
    ///
    /// # Errors
    /// Those of [`Catalogue::adopt_file`].
    pub fn take_in(&self, file: Publish<'_>, now: i64) -> Result<Adopted, Error> {
        self.transaction(|c| {
            let Some(old) = c.file_at(file.path)? else {
                return Ok(Adopted::New(c.insert_file(file, Origin::Adopted, Some(now))?));
            };
            if old.sha256 != *file.sha256 {
                return Ok(Adopted::Changed(old.id));
            }
            if old.state == FileState::Missing {
                c.mark_found(old.id, now)?;
            }
            Ok(Adopted::Known(old.id))
        })
    }

    /// Returns the files that were adopted at or after `since`, in the order of their rows: what a
    /// run without a camera took in.
    ///
    /// # Errors
    /// Storage errors.
    pub fn files_adopted(&self, since: i64) -> Result<Vec<FileRow>, Error> {
        let sql = format!(
            "SELECT {} FROM file WHERE origin = 'adopted' AND published_ms >= ?1 ORDER BY id",
            FileRow::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([since], FileRow::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down that a file is not where it should be.
    ///
    /// # Errors
    /// Storage errors.
    pub fn mark_missing(&self, file: FileId, now: i64) -> Result<(), Error> {
        self.set_file_state(file, FileState::Missing, now)
    }

    /// Writes down that a missing file is back, with its content.
    ///
    /// # Errors
    /// Storage errors.
    pub fn mark_found(&self, file: FileId, now: i64) -> Result<(), Error> {
        self.set_file_state(file, FileState::Published, now)
    }

    fn set_file_state(&self, file: FileId, state: FileState, now: i64) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "UPDATE file SET state = ?2, published_ms = ifnull(published_ms, ?3)
                 WHERE id = ?1",
            )?
            .execute((file, state, now))?;
        Ok(())
    }
}

/// Says in words that the path was given out to another object.
pub(crate) fn path_taken(error: rusqlite::Error, path: &str) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => {
            Error::PathTaken { path: path.to_owned() }
        }
        _ => error.into(),
    }
}
