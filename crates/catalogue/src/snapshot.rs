//! Card snapshots: what is at which place of a camera's card.

use rusqlite::{OptionalExtension, params};

use crate::model::{CameraId, Direction, ObjectId, ObjectRow};
use crate::{Catalogue, Error};

/// What is known of a snapshot as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotHead {
    /// Number of objects on the card.
    pub count: u64,
    /// Beginning of the last full listing, epoch milliseconds.
    pub begun_at: i64,
    /// End of the last full listing, epoch milliseconds; none while it goes on or if it was cut.
    pub listed_at: Option<i64>,
    /// When it was last complete, after a listing or after being mended, epoch milliseconds.
    pub verified_at: Option<i64>,
    /// Whether every place has its object.
    pub complete: bool,
    /// Which object has handle 1.
    pub direction: Direction,
}

/// Which unfinished objects to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// Failed objects count as unfinished below so many tries.
    pub max_tries: u32,
    /// Only places before this one: the last of the page before. None begins at the newest.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Catalogue {
    /// Returns what is known of a camera's card as a whole.
    ///
    /// # Errors
    /// Storage errors.
    pub fn snapshot(&self, camera: CameraId) -> Result<Option<SnapshotHead>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT count, listed_ms, verified_ms, complete, direction, begun_ms FROM snapshot
             WHERE camera_id = ?1",
        )?;
        let head = statement.query_row([camera], |row| {
            Ok(SnapshotHead {
                count: row.get::<_, i64>(0)?.unsigned_abs(),
                begun_at: row.get(5)?,
                listed_at: row.get(1)?,
                verified_at: row.get(2)?,
                complete: row.get(3)?,
                direction: row.get(4)?,
            })
        });
        Ok(head.optional()?)
    }

    /// Returns the object at a place; place 0 is the oldest.
    ///
    /// # Errors
    /// Storage errors.
    pub fn snapshot_object(
        &self,
        camera: CameraId,
        place: u64,
    ) -> Result<Option<ObjectRow>, Error> {
        let sql = format!(
            "SELECT {} FROM snapshot_place p JOIN object o ON o.id = p.object_id
             WHERE p.camera_id = ?1 AND p.place = ?2",
            ObjectRow::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row((camera, stored(place)?), ObjectRow::from_row).optional()?)
    }

    /// Returns the places that have their object, in order.
    ///
    /// # Errors
    /// Storage errors.
    pub fn filled_places(&self, camera: CameraId) -> Result<Vec<u64>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT place FROM snapshot_place WHERE camera_id = ?1 ORDER BY place",
        )?;
        let places =
            statement.query_map([camera], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?;
        Ok(places.collect::<Result<_, _>>()?)
    }

    /// Begins a full listing of `count` objects: what was known of the card is forgotten, what is
    /// known of the objects stays.
    ///
    /// # Errors
    /// Storage errors.
    pub fn begin_listing(
        &self,
        camera: CameraId,
        count: u64,
        direction: Direction,
        now: i64,
    ) -> Result<(), Error> {
        self.transaction(|c| {
            c.clear_snapshot(camera)?;
            c.conn
                .prepare_cached(
                    "INSERT INTO snapshot (camera_id, count, complete, direction, begun_ms)
                     VALUES (?1, ?2, 0, ?3, ?4)",
                )?
                .execute((camera, stored(count)?, direction, now))?;
            Ok(())
        })
    }

    /// Forgets what is known of a camera's card, so that it is listed in full next time.
    ///
    /// # Errors
    /// Storage errors.
    pub fn clear_snapshot(&self, camera: CameraId) -> Result<(), Error> {
        self.transaction(|c| {
            for table in ["snapshot_place", "snapshot"] {
                let sql = format!("DELETE FROM {table} WHERE camera_id = ?1");
                c.conn.prepare_cached(&sql)?.execute([camera])?;
            }
            Ok(())
        })
    }

    /// Puts an object at a place, over what was there. Put many in one
    /// [`Catalogue::transaction`].
    ///
    /// # Errors
    /// [`Error::Invalid`] without a listing or past its count; storage errors.
    pub fn put_place(&self, camera: CameraId, place: u64, object: ObjectId) -> Result<(), Error> {
        let put = self
            .conn
            .prepare_cached(
                "INSERT OR REPLACE INTO snapshot_place (camera_id, place, object_id)
                 SELECT camera_id, ?2, ?3 FROM snapshot WHERE camera_id = ?1 AND ?2 < count",
            )?
            .execute((camera, stored(place)?, object))?;
        if put == 0 {
            return Err(Error::Invalid(format!("the listing has no place {place}")));
        }
        Ok(())
    }

    /// Writes down that every place has its object. The time of the last full listing is set if
    /// there was none since [`Catalogue::begin_listing`]; mending a snapshot does not move it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if places are empty, so that a wrong claim is never stored; storage
    /// errors.
    pub fn complete_listing(&self, camera: CameraId, now: i64) -> Result<(), Error> {
        self.transaction(|c| {
            let places: i64 = c
                .conn
                .prepare_cached("SELECT count(*) FROM snapshot_place WHERE camera_id = ?1")?
                .query_row([camera], |row| row.get(0))?;
            let done = c
                .conn
                .prepare_cached(
                    "UPDATE snapshot SET complete = 1, verified_ms = ?2,
                        listed_ms = ifnull(listed_ms, ?2) WHERE camera_id = ?1 AND count = ?3",
                )?
                .execute((camera, now, places))?;
            match done {
                0 => Err(Error::Invalid(format!("the listing has only {places} places filled"))),
                _ => Ok(()),
            }
        })
    }

    /// Makes room for `k` objects at place `at`: what was there and after moves up. The snapshot
    /// is incomplete until the places are filled and [`Catalogue::complete_listing`] says so.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `at` is past the end; storage errors.
    pub fn insert_places(&self, camera: CameraId, at: u64, k: u64) -> Result<(), Error> {
        self.transaction(|c| {
            let (at, k) = (stored(at)?, stored(k)?);
            c.change_count(camera, at, k, "count = count + ?3, complete = 0", "?2 <= count")?;
            c.shift(camera, at, k)
        })
    }

    /// Takes `k` places from `at` away: what comes after moves down.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are not so many; storage errors.
    pub fn remove_places(&self, camera: CameraId, at: u64, k: u64) -> Result<(), Error> {
        self.transaction(|c| {
            let (at, k) = (stored(at)?, stored(k)?);
            c.change_count(camera, at, k, "count = count - ?3", "?2 + ?3 <= count")?;
            c.conn
                .prepare_cached(
                    "DELETE FROM snapshot_place
                     WHERE camera_id = ?1 AND place >= ?2 AND place < ?2 + ?3",
                )?
                .execute((camera, at, k))?;
            c.shift(camera, at + k, -k)
        })
    }

    fn change_count(
        &self,
        camera: CameraId,
        at: i64,
        k: i64,
        change: &str,
        condition: &str,
    ) -> Result<(), Error> {
        let sql = format!("UPDATE snapshot SET {change} WHERE camera_id = ?1 AND {condition}");
        match self.conn.prepare_cached(&sql)?.execute((camera, at, k))? {
            0 => Err(Error::Invalid(format!("the snapshot has no {k} places at {at}"))),
            _ => Ok(()),
        }
    }

    /// Adds `by` to all places from `from` on. Changing keys in place would meet places not yet
    /// moved; taking all out and appending them again is also the fastest way.
    fn shift(&self, camera: CameraId, from: i64, by: i64) -> Result<(), Error> {
        if by == 0 {
            return Ok(());
        }
        self.conn
            .prepare_cached(
                "INSERT INTO temp.shifted SELECT place + ?3, object_id FROM snapshot_place
                 WHERE camera_id = ?1 AND place >= ?2 ORDER BY place",
            )?
            .execute((camera, from, by))?;
        self.conn
            .prepare_cached("DELETE FROM snapshot_place WHERE camera_id = ?1 AND place >= ?2")?
            .execute((camera, from))?;
        self.conn
            .prepare_cached(
                "INSERT INTO snapshot_place SELECT ?1, place, object_id FROM temp.shifted
                 ORDER BY rowid",
            )?
            .execute([camera])?;
        self.conn.prepare_cached("DELETE FROM temp.shifted")?.execute([])?;
        Ok(())
    }

    /// Returns objects of the snapshot with something left to do, newest first, one page of them:
    /// pass the last place as `before` for the next page, until a page is not full.
    ///
    /// # Errors
    /// Storage errors.
    pub fn unfinished(
        &self,
        camera: CameraId,
        wanted: Unfinished,
    ) -> Result<Vec<(u64, ObjectRow)>, Error> {
        // Usually nothing is left; the index of unfinished objects tells without a walk
        // (it is used because its condition stands here in the same words).
        let any: bool = self
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM object WHERE camera_id = ?1
                 AND (state = 'seen' OR state = 'fetching' OR state = 'publishing'
                    OR state = 'failed'))",
            )?
            .query_row([camera], |row| row.get(0))?;
        if !any {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {}, p.place FROM snapshot_place p CROSS JOIN object o ON o.id = p.object_id
             WHERE p.camera_id = ?1 AND p.place < ?2
             AND (o.state IN ('seen', 'fetching', 'publishing')
                OR o.state = 'failed' AND o.tries < ?3)
             ORDER BY p.place DESC LIMIT ?4",
            ObjectRow::COLUMNS
        );
        let before = wanted.before.map_or(Ok(i64::MAX), stored)?;
        let mut statement = self.conn.prepare_cached(&sql)?;
        let values = params![camera, before, wanted.max_tries, wanted.limit];
        let rows = statement.query_map(values, |row| {
            Ok((row.get::<_, i64>("place")?.unsigned_abs(), ObjectRow::from_row(row)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Turns a place or count into what SQLite can store.
fn stored(number: u64) -> Result<i64, Error> {
    // Half the range, so that sums of two stay inside.
    i64::try_from(number)
        .ok()
        .filter(|&number| number < i64::MAX / 4)
        .ok_or_else(|| Error::Invalid(format!("{number} is no place on a card")))
}
