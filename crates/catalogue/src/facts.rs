//! What files tell of themselves: body, time, size, film simulation, rating.
//!
//! The catalogue keeps what it is given and asks nothing; who reads files is `filmwire-photo`.

use rusqlite::{OptionalExtension, Row, named_params, params};

use crate::model::{FileId, FileRow};
use crate::object::capture_seconds;
use crate::{Catalogue, Error};

/// What a file tells of itself. What it does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// `jpeg`, `raf`, `heif` or `film`, by its first bytes.
    pub kind: Option<String>,
    /// Model of the body.
    pub model: Option<String>,
    /// Body serial number; personal data.
    pub serial: Option<String>,
    /// When it was taken by the camera's clock, such as `20160102T150136`.
    pub taken: Option<String>,
    /// What the file says of its zone, in minutes east of UTC.
    pub utc_offset: Option<i16>,
    /// Seconds by which the camera's clock was ahead of the satellites.
    pub clock_drift_s: Option<i64>,
    /// Width in pixels as stored.
    pub width: Option<u32>,
    /// Height in pixels as stored.
    pub height: Option<u32>,
    /// How to turn it: Exif's 1 to 8.
    pub orientation: Option<u8>,
    /// Milliseconds a film lasts.
    pub duration_ms: Option<u64>,
    /// Name of the film simulation.
    pub film_simulation: Option<String>,
    /// Dynamic range as the camera shows it, such as `DR200`.
    pub dynamic_range: Option<String>,
    /// Stars, 0 to 5; 0 if the camera says that nobody rated it.
    pub rating: Option<u8>,
}

/// Chooses files by what they tell; every part that is given must hold. The default chooses all
/// files that are there, those that tell nothing included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactFilter {
    /// One of these kinds; empty means any.
    pub kinds: Vec<String>,
    /// At least so many stars.
    pub min_rating: Option<u8>,
    /// Of a body of this model.
    pub model: Option<String>,
    /// Only rows after this one: the last of the page before.
    pub after: Option<FileId>,
    /// At most so many rows.
    pub limit: Option<u32>,
}

impl FileFacts {
    /// The columns [`Self::from_row`] reads, in its order, for `file_facts` under the alias `x`.
    pub(crate) const COLUMNS: &str = "x.kind, x.model, x.serial, x.taken, x.utc_offset_min, x.clock_drift_s, \
        x.width, x.height, x.orientation, x.duration_ms, x.film_simulation, x.dynamic_range, \
        x.rating";

    /// Reads the columns from the one numbered `first`.
    pub(crate) fn from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            kind: row.get(first)?,
            model: row.get(first + 1)?,
            serial: row.get(first + 2)?,
            taken: row.get(first + 3)?,
            utc_offset: row.get(first + 4)?,
            clock_drift_s: row.get(first + 5)?,
            width: row.get(first + 6)?,
            height: row.get(first + 7)?,
            orientation: row.get(first + 8)?,
            duration_ms: row.get::<_, Option<i64>>(first + 9)?.map(i64::unsigned_abs),
            film_simulation: row.get(first + 10)?,
            dynamic_range: row.get(first + 11)?,
            rating: row.get(first + 12)?,
        })
    }
}

impl Catalogue {
    /// Writes down what a file tells, in place of what was written before.
    ///
    /// # Errors
    /// Storage errors; also if a value is out of its range.
    pub fn set_facts(&self, file: FileId, facts: &FileFacts) -> Result<(), Error> {
        let duration = facts.duration_ms.and_then(|duration| i64::try_from(duration).ok());
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO file_facts (file_id, kind, model, serial, taken, taken_s,
                    utc_offset_min, clock_drift_s, width, height, orientation, duration_ms,
                    film_simulation, dynamic_range, rating)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                file,
                facts.kind,
                facts.model,
                facts.serial,
                facts.taken,
                facts.taken.as_deref().and_then(capture_seconds),
                facts.utc_offset,
                facts.clock_drift_s,
                facts.width,
                facts.height,
                facts.orientation,
                duration,
                facts.film_simulation,
                facts.dynamic_range,
                facts.rating,
            ])?;
        Ok(())
    }

    /// Returns what a file tells; `None` if nobody looked since it is in the catalogue.
    ///
    /// # Errors
    /// Storage errors.
    pub fn facts(&self, file: FileId) -> Result<Option<FileFacts>, Error> {
        let sql = format!("SELECT {} FROM file_facts x WHERE x.file_id = ?1", FileFacts::COLUMNS);
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row([file], |row| FileFacts::from_row(row, 0)).optional()?)
    }

    /// Returns the published files a filter chooses, with what they tell, in the order of their
    /// rows. Reads every row up to the limit; there is no index for it.
    ///
    /// # Errors
    /// Storage errors.
    pub fn files_by_facts(
        &self,
        filter: &FactFilter,
    ) -> Result<Vec<(FileRow, Option<FileFacts>)>, Error> {
        let columns = FileRow::COLUMNS.replace(", ", ", f.");
        let sql = format!(
            "SELECT f.{columns}, x.file_id IS NOT NULL, {} FROM file f
             LEFT JOIN file_facts x ON x.file_id = f.id
             WHERE f.state = 'published' AND f.id > :after
             AND (:kinds = '' OR instr(:kinds, ' ' || x.kind || ' ') > 0)
             AND (:rating IS NULL OR x.rating >= :rating) AND (:model IS NULL OR x.model = :model)
             ORDER BY f.id LIMIT :limit",
            FileFacts::COLUMNS
        );
        let kinds: String = filter.kinds.iter().map(|kind| format!(" {kind} ")).collect();
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(
            named_params! {
                ":after": filter.after.map_or(0, |id| id.0), ":kinds": kinds,
                ":rating": filter.min_rating, ":model": filter.model,
                ":limit": filter.limit.map_or(-1, i64::from),
            },
            |row| {
                let facts = match row.get(8)? {
                    true => Some(FileFacts::from_row(row, 9)?),
                    false => None,
                };
                Ok((FileRow::from_row(row)?, facts))
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
