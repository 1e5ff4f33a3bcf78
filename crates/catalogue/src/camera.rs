//! Camera bodies and the passes over them.

use rusqlite::{OptionalExtension, Row};

use crate::model::{Camera, CameraId, RunId};
use crate::{Catalogue, Error};

const COLUMNS: &str = "id, key, serial, model, first_seen_ms, last_seen_ms";

/// A pass over a camera, as the catalogue remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its row.
    pub id: RunId,
    /// The camera; none for passes without one.
    pub camera: Option<CameraId>,
    /// Start, epoch milliseconds.
    pub started: i64,
    /// End, epoch milliseconds; none if it goes on or was killed.
    pub ended: Option<i64>,
    /// One word for how it ended.
    pub outcome: Option<String>,
    /// Its totals as a JSON object.
    pub totals: Option<String>,
}

fn camera(row: &Row<'_>) -> rusqlite::Result<Camera> {
    Ok(Camera {
        id: row.get(0)?,
        key: row.get(1)?,
        serial: row.get(2)?,
        model: row.get(3)?,
        first_seen: row.get(4)?,
        last_seen: row.get(5)?,
    })
}

impl Catalogue {
    /// Returns the bodies known under a key, the one seen last first.
    ///
    /// # Errors
    /// Storage errors.
    pub fn cameras_with_key(&self, key: &str) -> Result<Vec<Camera>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM camera WHERE key = ?1 ORDER BY last_seen_ms DESC, id DESC"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([key], camera)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns all bodies, the one seen last first.
    ///
    /// # Errors
    /// Storage errors.
    pub fn cameras(&self) -> Result<Vec<Camera>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM camera ORDER BY last_seen_ms DESC, id DESC");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map([], camera)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns a body.
    ///
    /// # Errors
    /// [`Error::NotFound`], storage errors.
    pub fn camera(&self, id: CameraId) -> Result<Camera, Error> {
        let sql = format!("SELECT {COLUMNS} FROM camera WHERE id = ?1");
        let found = self.conn.prepare_cached(&sql)?.query_row([id], camera).optional()?;
        found.ok_or(Error::NotFound { what: "camera", id: id.0 })
    }

    /// Adds a body. One key may hold several bodies with different serials, one of them unknown.
    ///
    /// # Errors
    /// [`Error::Invalid`] if key and serial are known already; storage errors.
    pub fn add_camera(
        &self,
        key: &str,
        serial: Option<&str>,
        model: &str,
        now: i64,
    ) -> Result<Camera, Error> {
        let added = self
            .conn
            .prepare_cached(
                "INSERT INTO camera (key, serial, model, first_seen_ms, last_seen_ms)
                 VALUES (?1, ?2, ?3, ?4, ?4)",
            )?
            .insert((key, serial, model, now));
        let id = added.map_err(|e| not_unique(e, key, serial))?;
        self.camera(CameraId(id))
    }

    /// Writes down the serial a body's photos told.
    ///
    /// # Errors
    /// [`Error::Invalid`] if another body has this key and serial; [`Error::NotFound`]; storage
    /// errors.
    pub fn set_serial(&self, camera: CameraId, serial: &str) -> Result<(), Error> {
        let key = self.camera(camera)?.key;
        self.conn
            .prepare_cached("UPDATE camera SET serial = ?2 WHERE id = ?1")?
            .execute((camera, serial))
            .map_err(|e| not_unique(e, &key, Some(serial)))?;
        Ok(())
    }

    /// Writes down that a body was met, and its model unless that is empty. A clock that went
    /// back changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage errors.
    pub fn touch_camera(&self, camera: CameraId, model: &str, now: i64) -> Result<(), Error> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE camera SET last_seen_ms = max(last_seen_ms, ?3),
                    model = CASE WHEN ?2 = '' THEN model ELSE ?2 END WHERE id = ?1",
            )?
            .execute((camera, model, now))?;
        match changed {
            0 => Err(Error::NotFound { what: "camera", id: camera.0 }),
            _ => Ok(()),
        }
    }

    /// Begins a run.
    ///
    /// # Errors
    /// Storage errors.
    pub fn begin_run(&self, camera: Option<CameraId>, now: i64) -> Result<RunId, Error> {
        let sql = "INSERT INTO run (camera_id, started_ms) VALUES (?1, ?2)";
        Ok(RunId(self.conn.prepare_cached(sql)?.insert((camera, now))?))
    }

    /// Writes down whose run it is, for runs begun before the camera was known.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage errors.
    pub fn set_run_camera(&self, run: RunId, camera: CameraId) -> Result<(), Error> {
        let sql = "UPDATE run SET camera_id = ?2 WHERE id = ?1";
        match self.conn.prepare_cached(sql)?.execute((run, camera))? {
            0 => Err(Error::NotFound { what: "run", id: run.0 }),
            _ => Ok(()),
        }
    }

    /// Ends a run: `outcome` is one word, `totals` a JSON object.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such run or it has ended; storage errors.
    pub fn end_run(
        &self,
        run: RunId,
        outcome: &str,
        totals: Option<&str>,
        now: i64,
    ) -> Result<(), Error> {
        let sql = "UPDATE run SET ended_ms = ?4, outcome = ?2, totals = ?3
                   WHERE id = ?1 AND ended_ms IS NULL";
        match self.conn.prepare_cached(sql)?.execute((run, outcome, totals, now))? {
            0 => Err(Error::NotFound { what: "run that goes on", id: run.0 }),
            _ => Ok(()),
        }
    }

    /// Returns the last runs, the newest first.
    ///
    /// # Errors
    /// Storage errors.
    pub fn runs(&self, limit: u32) -> Result<Vec<RunRow>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, camera_id, started_ms, ended_ms, outcome, totals FROM run
             ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([limit], |row| {
            Ok(RunRow {
                id: row.get(0)?,
                camera: row.get(1)?,
                started: row.get(2)?,
                ended: row.get(3)?,
                outcome: row.get(4)?,
                totals: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Says a broken uniqueness in words.
fn not_unique(error: rusqlite::Error, key: &str, serial: Option<&str>) -> Error {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) {
        let serial = serial.unwrap_or("unknown");
        return Error::Invalid(format!(
            "the camera {key:?} with serial {serial:?} is in the catalogue already, or is no name"
        ));
    }
    error.into()
}
