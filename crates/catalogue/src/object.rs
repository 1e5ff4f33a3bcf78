//! Objects: what cameras showed, and what became of it.

use rusqlite::{OptionalExtension, named_params, params};

use crate::model::{
    CameraId, JournalRow, ObjectId, ObjectRow, PhotoKey, RunId, Seen, Sha256, State, stored_size,
};
use crate::{Catalogue, Error};

/// Chooses objects; every part that is given must hold. The default chooses all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectFilter {
    /// Only this camera's.
    pub camera: Option<CameraId>,
    /// Only objects in the snapshot of the chosen camera's card.
    pub on_card: bool,
    /// Only these objects; empty means any.
    pub ids: Vec<ObjectId>,
    /// Only objects in one of these states; empty means any.
    pub states: Vec<State>,
    /// Only names that match, case apart; `*`, `?` and `[..]` stand for others.
    pub name: Option<String>,
    /// Only objects captured at or after this, in the camera's digits (`20160102` or longer).
    pub since: Option<String>,
    /// Only objects last changed by this run.
    pub run: Option<RunId>,
    /// Only rows after this one: the last of the page before.
    pub after: Option<ObjectId>,
    /// At most so many rows.
    pub limit: Option<u32>,
}

impl ObjectFilter {
    /// The conditions; numbers and fixed words stand in the text, strings are bound.
    fn conditions(&self) -> String {
        let list = |items: Vec<String>| items.join(", ");
        let mut all = vec!["(:name IS NULL OR upper(o.name) GLOB upper(:name))".to_owned()];
        all.push("(:since IS NULL OR o.capture_date >= :since)".to_owned());
        if let Some(camera) = self.camera {
            // The plus keeps SQLite on the rows' own order: by an index of the camera, every page
            // would sort all of its objects.
            all.push(format!("+o.camera_id = {}", camera.0));
            if self.on_card {
                let camera = camera.0;
                all.push(format!(
                    "o.id IN (SELECT object_id FROM snapshot_place WHERE camera_id = {camera})"
                ));
            }
        }
        if !self.ids.is_empty() {
            let ids = self.ids.iter().map(|id| id.0.to_string()).collect();
            all.push(format!("o.id IN ({})", list(ids)));
        }
        if !self.states.is_empty() {
            let states = self.states.iter().map(|state| format!("'{state}'")).collect();
            all.push(format!("o.state IN ({})", list(states)));
        }
        if let Some(run) = self.run {
            all.push(format!("o.run_id = {}", run.0));
        }
        if let Some(after) = self.after {
            all.push(format!("o.id > {}", after.0));
        }
        all.join(" AND ")
    }
}

impl Catalogue {
    /// Returns the object with this key, adding it as seen if it is new. The offset is written
    /// down if none was known. An object that is known keeps its state.
    ///
    /// # Errors
    /// [`Error::Invalid`] for sizes past 2^63; storage errors.
    pub fn see(
        &self,
        camera: CameraId,
        key: &PhotoKey,
        seen: &Seen,
        now: i64,
    ) -> Result<ObjectRow, Error> {
        if let Some(mut row) = self.find(camera, key)? {
            if let (None, Some(offset)) = (&row.utc_offset, &seen.utc_offset) {
                self.conn
                    .prepare_cached(
                        "UPDATE object SET utc_offset_min = ?2, utc_offset_source = ?3
                         WHERE id = ?1",
                    )?
                    .execute((row.id, offset.minutes, &offset.source))?;
                row.utc_offset = Some(offset.clone());
            }
            return Ok(row);
        }
        let id = self.insert_object(camera, key, seen, now)?;
        Ok(ObjectRow {
            id,
            camera,
            key: key.clone(),
            utc_offset: seen.utc_offset.clone(),
            exif_serial: None,
            state: State::Seen,
            reason: None,
            tries: 0,
            path: None,
            file: None,
            sha256: None,
            run: seen.run,
            first_seen: now,
        })
    }

    fn insert_object(
        &self,
        camera: CameraId,
        key: &PhotoKey,
        seen: &Seen,
        now: i64,
    ) -> Result<ObjectId, Error> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO object (camera_id, name, stem, capture_date, capture_s, size_bytes, format,
                rendition, twin, utc_offset_min, utc_offset_source, state, run_id, first_seen_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'seen', ?12, ?13)",
        )?;
        let offset = seen.utc_offset.as_ref();
        let id = statement.insert(params![
            camera,
            key.name,
            split_name(&key.name).0.to_lowercase(),
            key.capture_date,
            key.capture_date.as_deref().and_then(capture_seconds),
            stored_size(key.size)?,
            key.format,
            key.rendition,
            key.twin,
            offset.map(|offset| offset.minutes),
            offset.map(|offset| &offset.source),
            seen.run,
            now,
        ])?;
        Ok(ObjectId(id))
    }

    /// Returns an object.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage errors.
    pub fn object(&self, id: ObjectId) -> Result<ObjectRow, Error> {
        let sql = format!("SELECT {} FROM object o WHERE o.id = ?1", ObjectRow::COLUMNS);
        let found =
            self.conn.prepare_cached(&sql)?.query_row([id], ObjectRow::from_row).optional()?;
        found.ok_or(Error::NotFound { what: "object", id: id.0 })
    }

    /// Returns the object with this key, if the camera ever showed it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for sizes past 2^63; storage errors.
    pub fn find(&self, camera: CameraId, key: &PhotoKey) -> Result<Option<ObjectRow>, Error> {
        let sql = format!(
            "SELECT {} FROM object o WHERE camera_id = ?1 AND name = ?2
             AND ifnull(capture_date, '') = ifnull(?3, '') AND size_bytes = ?4 AND format = ?5
             AND rendition = ?6 AND twin = ?7",
            ObjectRow::COLUMNS
        );
        let size = stored_size(key.size)?;
        let values =
            params![camera, key.name, key.capture_date, size, key.format, key.rendition, key.twin];
        Ok(self.conn.prepare_cached(&sql)?.query_row(values, ObjectRow::from_row).optional()?)
    }

    /// Returns the objects a filter chooses, in the order they were first seen. For large
    /// catalogues, set [`ObjectFilter::limit`] and page with [`ObjectFilter::after`].
    ///
    /// # Errors
    /// Storage errors.
    pub fn objects(&self, filter: &ObjectFilter) -> Result<Vec<ObjectRow>, Error> {
        let sql = format!(
            "SELECT {} FROM object o WHERE {} ORDER BY o.id LIMIT :limit",
            ObjectRow::COLUMNS,
            filter.conditions()
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(
            named_params! {
                ":name": filter.name, ":since": filter.since,
                ":limit": filter.limit.map_or(-1, i64::from),
            },
            ObjectRow::from_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Counts the objects a filter chooses, by state; states without objects are left out.
    ///
    /// # Errors
    /// Storage errors.
    pub fn count_by_state(&self, filter: &ObjectFilter) -> Result<Vec<(State, u64)>, Error> {
        let sql = format!(
            "SELECT o.state, count(*) FROM object o WHERE {} GROUP BY o.state",
            filter.conditions()
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement
            .query_map(named_params! { ":name": filter.name, ":since": filter.since }, |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
            })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down the body serial found inside an object's file.
    ///
    /// # Errors
    /// [`Error::NotFound`]; storage errors.
    pub fn set_exif_serial(&self, object: ObjectId, serial: &str) -> Result<(), Error> {
        let sql = "UPDATE object SET exif_serial = ?2 WHERE id = ?1";
        match self.conn.prepare_cached(sql)?.execute((object, serial))? {
            0 => Err(Error::NotFound { what: "object", id: object.0 }),
            _ => Ok(()),
        }
    }

    /// Gives an object to another body, when its file told that a key stands for two. Snapshots
    /// of either body have to be listed anew by the caller.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the other body has an object with this key; [`Error::NotFound`];
    /// storage errors.
    pub fn move_object(&self, object: ObjectId, camera: CameraId) -> Result<(), Error> {
        self.transaction(|c| {
            let row = c.object(object)?;
            if c.find(camera, &row.key)?.is_some_and(|other| other.id != object) {
                let name = &row.key.name;
                return Err(Error::Invalid(format!("the other camera has {name:?} already")));
            }
            c.conn
                .prepare_cached("DELETE FROM snapshot_place WHERE camera_id = ?1")?
                .execute([row.camera])?;
            c.conn
                .prepare_cached("DELETE FROM snapshot WHERE camera_id = ?1")?
                .execute([row.camera])?;
            c.conn
                .prepare_cached("UPDATE object SET camera_id = ?2 WHERE id = ?1")?
                .execute((object, camera))?;
            Ok(())
        })
    }

    /// Moves an object to one of the states that need no file: seen, fetching, known, skipped or
    /// failed. Failing counts a try. Skipped and failed need a reason.
    ///
    /// # Errors
    /// [`Error::Transition`] from or to publishing, published and damaged, which have functions of
    /// their own; [`Error::Invalid`] if the reason is missing; [`Error::NotFound`]; storage errors.
    pub fn set_state(
        &self,
        object: ObjectId,
        state: State,
        reason: Option<&str>,
        run: Option<RunId>,
        now: i64,
    ) -> Result<(), Error> {
        self.transaction(|c| {
            let row = c.object(object)?;
            c.change_state(&row, state, reason, run, now)
        })
    }

    /// Does the work of [`Catalogue::set_state`] inside a transaction of the caller's: thousands
    /// of nested ones would each keep copies of the pages they touch.
    pub(crate) fn change_state(
        &self,
        row: &ObjectRow,
        state: State,
        reason: Option<&str>,
        run: Option<RunId>,
        now: i64,
    ) -> Result<(), Error> {
        let fileless = |s| !matches!(s, State::Publishing | State::Published | State::Damaged);
        if !fileless(row.state) || !fileless(state) {
            return Err(Error::Transition { object: row.id.0, from: row.state, to: state });
        }
        if matches!(state, State::Skipped | State::Failed) && reason.is_none() {
            return Err(Error::Invalid(format!("an object {state} needs a reason")));
        }
        if row.state == state && state != State::Failed && row.reason.as_deref() == reason {
            return Ok(());
        }
        self.conn
            .prepare_cached(
                "UPDATE object SET state = ?2, reason = ?3, tries = tries + ?4,
                    run_id = ifnull(?5, run_id) WHERE id = ?1",
            )?
            .execute((row.id, state, reason, i64::from(state == State::Failed), run))?;
        self.journal_change(row, state, reason, run, now)
    }

    /// Appends to the journal; called in the transaction that changes the state.
    pub(crate) fn journal_change(
        &self,
        before: &ObjectRow,
        to: State,
        detail: Option<&str>,
        run: Option<RunId>,
        now: i64,
    ) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "INSERT INTO journal (object_id, run_id, at_ms, from_state, to_state, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((before.id, run.or(before.run), now, before.state, to, detail))?;
        Ok(())
    }

    /// Returns the changes of an object's state, oldest first.
    ///
    /// # Errors
    /// Storage errors.
    pub fn journal(&self, object: ObjectId) -> Result<Vec<JournalRow>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT object_id, run_id, at_ms, from_state, to_state, detail FROM journal
             WHERE object_id = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map([object], |row| {
            Ok(JournalRow {
                object: row.get(0)?,
                run: row.get(1)?,
                at: row.get(2)?,
                from: row.get(3)?,
                to: row.get(4)?,
                detail: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the objects of a camera whose content, when last fetched, was this.
    ///
    /// # Errors
    /// Storage errors.
    pub fn objects_with_sha(
        &self,
        camera: CameraId,
        sha256: &Sha256,
    ) -> Result<Vec<ObjectRow>, Error> {
        // By way of the file, because objects have no index of their own for it.
        let sql = format!(
            "SELECT {} FROM file f JOIN object o ON o.file_id = f.id
             WHERE f.sha256 = ?2 AND o.camera_id = ?1 ORDER BY o.id",
            ObjectRow::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map((camera, sha256), ObjectRow::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Splits a file name at its last dot: the stem, and the extension without the dot. A name that
/// begins with its only dot is all stem.
pub(crate) fn split_name(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, Some(extension)),
        _ => (name, None),
    }
}

/// Returns the digits of a PTP date as seconds since 1970 with no zone applied; what follows the
/// seconds is ignored. Source: ISO 15740, DateTime strings: `YYYYMMDDThhmmss[.s][zone]`.
pub(crate) fn capture_seconds(date: &str) -> Option<i64> {
    let bytes = date.as_bytes().get(..15)?;
    let number = |from: usize, to: usize| -> Option<i64> {
        bytes.get(from..to)?.iter().try_fold(0, |value, byte| {
            byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let plausible = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24;
    if bytes.get(8) != Some(&b'T') || !plausible || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, with years that begin in March.
    let shifted_year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let days = 365 * shifted_year + leap_days + day_of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_dates_become_seconds() {
        // By `date -u -d ... +%s`.
        assert_eq!(capture_seconds("20160102T150136"), Some(1_451_746_896));
        assert_eq!(capture_seconds("19700101T000000"), Some(0));
        assert_eq!(capture_seconds("20240229T235959.0"), Some(1_709_251_199));
        assert_eq!(capture_seconds("20000301T000000+0100"), Some(951_868_800));
        for text in ["", "20160102", "20161302T150136", "2016010ZT150136", "20160102 150136", "ä"]
        {
            assert_eq!(capture_seconds(text), None, "{text:?}");
        }
        for text in ["20160102T240000", "20160102T006000", "20160102T000061", "äääääääääääääää"]
        {
            assert_eq!(capture_seconds(text), None, "{text:?}");
        }
    }

    #[test]
    fn names_split_at_the_last_dot() {
        assert_eq!(split_name("DSCF0001.JPG"), ("DSCF0001", Some("JPG")));
        assert_eq!(split_name("a.b.c"), ("a.b", Some("c")));
        assert_eq!(split_name(".hidden"), (".hidden", None));
        assert_eq!(split_name("plain"), ("plain", None));
    }
}
