//! Targets: places files are delivered to, and whether they are usable.

use rusqlite::{OptionalExtension, Row};

use crate::model::TargetId;
use crate::{Catalogue, Error};

/// A place files are delivered to, as the catalogue remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    /// Its row.
    pub id: TargetId,
    /// Its name in the configuration.
    pub name: String,
    /// What the place said it is when it was usable first.
    pub place: Option<String>,
    /// Pauses since something last went well.
    pub tries: u32,
    /// Nothing is tried before this time, epoch milliseconds; none if the target is not paused.
    pub next: Option<i64>,
    /// Why it is paused.
    pub reason: Option<String>,
}

impl TargetRow {
    const COLUMNS: &str = "id, name, place, tries, next_ms, reason";

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            place: row.get(2)?,
            tries: row.get(3)?,
            next: row.get(4)?,
            reason: row.get(5)?,
        })
    }
}

impl Catalogue {
    /// Returns the target of a name; adds it if there is none.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty name; storage errors.
    pub fn add_target(&self, name: &str, now: i64) -> Result<TargetRow, Error> {
        if name.is_empty() {
            return Err(Error::Invalid("a target needs a name".to_owned()));
        }
        self.transaction(|c| {
            if let Some(known) = c.target_named(name)? {
                return Ok(known);
            }
            let id = c
                .conn
                .prepare_cached("INSERT INTO target (name, added_ms) VALUES (?1, ?2)")?
                .insert((name, now))?;
            c.target(TargetId(id))
        })
    }

    /// Returns the target of a name.
    ///
    /// # Errors
    /// Storage errors.
    pub fn target_named(&self, name: &str) -> Result<Option<TargetRow>, Error> {
        let sql = format!("SELECT {} FROM target WHERE name = ?1", TargetRow::COLUMNS);
        Ok(self.conn.prepare_cached(&sql)?.query_row([name], TargetRow::from_row).optional()?)
    }

    /// Returns a target.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage errors.
    pub fn target(&self, id: TargetId) -> Result<TargetRow, Error> {
        let sql = format!("SELECT {} FROM target WHERE id = ?1", TargetRow::COLUMNS);
        let found = self.conn.prepare_cached(&sql)?.query_row([id], TargetRow::from_row);
        found.optional()?.ok_or(Error::NotFound { what: "target", id: id.0 })
    }

    /// Returns all targets that were ever delivered to, in the order of their names.
    ///
    /// # Errors
    /// Storage errors.
    pub fn targets(&self) -> Result<Vec<TargetRow>, Error> {
        let sql = format!("SELECT {} FROM target ORDER BY name", TargetRow::COLUMNS);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([], TargetRow::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down what a target's place says it is. What was written first stays, until
    /// [`Catalogue::forget_place`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if it said something else before; storage errors.
    pub fn set_place(&self, target: TargetId, place: &str) -> Result<(), Error> {
        self.transaction(|c| {
            let row = c.target(target)?;
            match row.place {
                Some(known) if known == place => Ok(()),
                Some(known) => {
                    let name = row.name;
                    Err(Error::Invalid(format!("target {name} is {known}, not {place}")))
                }
                None => {
                    c.conn
                        .prepare_cached("UPDATE target SET place = ?2 WHERE id = ?1")?
                        .execute((target, place))?;
                    Ok(())
                }
            }
        })
    }

    /// Forgets what a target's place said it is, for a disk that was replaced on purpose.
    ///
    /// # Errors
    /// Storage errors.
    pub fn forget_place(&self, target: TargetId) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE target SET place = NULL WHERE id = ?1")?
            .execute([target])?;
        Ok(())
    }

    /// Pauses a target until a time, epoch milliseconds, and counts the pause.
    ///
    /// # Errors
    /// Storage errors.
    pub fn pause_target(&self, target: TargetId, reason: &str, next: i64) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "UPDATE target SET tries = tries + 1, next_ms = ?2, reason = ?3 WHERE id = ?1",
            )?
            .execute((target, next, reason))?;
        Ok(())
    }

    /// Ends a target's pause and starts its count anew: something went well.
    ///
    /// # Errors
    /// Storage errors.
    pub fn resume_target(&self, target: TargetId) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "UPDATE target SET tries = 0, next_ms = NULL, reason = NULL
                 WHERE id = ?1 AND (tries > 0 OR next_ms IS NOT NULL)",
            )?
            .execute([target])?;
        Ok(())
    }
}
