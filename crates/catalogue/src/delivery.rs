//! What became of each file at each target: the queue, its states, and what is due.
//!
//! The states and the order of writes are in `docs/design/delivery.md`. Who moves bytes is
//! `filmwire-deliver`; here is written down what it says.

use rusqlite::{OptionalExtension, Row, named_params};

use crate::model::{DeliveryState, FileId, FileRow, TargetId};
use crate::{Catalogue, Error};

/// Chooses files for a target; every part that is given must hold. The default chooses all
/// originals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// One of these kinds (`jpeg`, `raf`, `heif`, `film`); empty means any.
    pub kinds: Vec<String>,
    /// Of one of these cameras: the key it is known by, or the model its files tell; empty means
    /// any.
    pub cameras: Vec<String>,
    /// At least so many stars; a file that tells no rating has none.
    pub min_rating: Option<u8>,
    /// Taken at or after this by the camera's clock, in its digits (`20160102` or longer). A file
    /// that tells no date is not chosen then.
    pub since: Option<String>,
    /// Also copies the camera made smaller.
    pub resized: bool,
}

/// A file at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The target.
    pub target: TargetId,
    /// The file, as the library has it.
    pub file: FileRow,
    /// What has become of it.
    pub state: DeliveryState,
    /// Where it is at the target, relative to its root, as far as known.
    pub path: Option<String>,
    /// What was compared; exactly while it is proven.
    pub proof: Option<String>,
    /// Why it failed, or is sent again.
    pub reason: Option<String>,
    /// Times sending was begun since it was queued or retried by hand.
    pub tries: u32,
    /// When a failed one is tried again, epoch milliseconds; none: not by itself.
    pub next: Option<i64>,
    /// Last change, epoch milliseconds.
    pub changed: i64,
}

/// How many files of a target are in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCount {
    /// Name of the target.
    pub target: String,
    /// The state.
    pub state: DeliveryState,
    /// Files in it.
    pub files: u64,
    /// Their sizes in bytes, added up.
    pub bytes: u64,
}

/// Which deliveries are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The time, epoch milliseconds.
    pub now: i64,
    /// A time to try again further ahead than this many milliseconds was written by a clock that
    /// went back since: such a delivery is due.
    pub horizon_ms: i64,
    /// At most so many rows.
    pub limit: u32,
}

impl Delivery {
    pub(crate) fn columns() -> String {
        format!(
            "{}, d.target_id, d.state, d.path, d.proof, d.reason, d.tries, d.next_ms, d.changed_ms",
            FileRow::columns_of_f()
        )
    }

    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            file: FileRow::from_row(row)?,
            target: row.get(8)?,
            state: row.get(9)?,
            path: row.get(10)?,
            proof: row.get(11)?,
            reason: row.get(12)?,
            tries: row.get(13)?,
            next: row.get(14)?,
            changed: row.get(15)?,
        })
    }
}

/// The files a [`Choice`] chooses, for `file` under the alias `f`.
const CHOSEN: &str = "f.state = 'published'
     AND (:kinds = '' OR instr(:kinds, char(10) || x.kind || char(10)) > 0)
     AND (:rating IS NULL OR x.rating >= :rating)
     AND (:since IS NULL OR x.taken >= :since OR (x.taken IS NULL AND EXISTS
          (SELECT 1 FROM object o WHERE o.file_id = f.id AND o.capture_date >= :since)))
     AND (:cameras = '' OR instr(:cameras, char(10) || x.model || char(10)) > 0 OR EXISTS
          (SELECT 1 FROM object o JOIN camera c ON c.id = o.camera_id WHERE o.file_id = f.id
           AND instr(:cameras, char(10) || c.key || char(10)) > 0))
     AND (:resized OR EXISTS
          (SELECT 1 FROM object o WHERE o.file_id = f.id AND o.rendition = 'original')
          OR NOT EXISTS (SELECT 1 FROM object o WHERE o.file_id = f.id))";

impl Catalogue {
    /// Queues the published files a choice chooses that have no row at the target yet; returns how
    /// many. What is queued stays so, also if the choice changes. Reads every file's row.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such target; storage errors.
    pub fn enqueue(&self, target: TargetId, choice: &Choice, now: i64) -> Result<u64, Error> {
        let sql = format!(
            "INSERT INTO delivery (target_id, file_id, state, changed_ms)
             SELECT :target, f.id, 'waiting', :now FROM file f
             LEFT JOIN file_facts x ON x.file_id = f.id
             WHERE NOT EXISTS
                 (SELECT 1 FROM delivery d WHERE d.target_id = :target AND d.file_id = f.id)
             AND {CHOSEN}"
        );
        self.transaction(|c| {
            c.target(target)?;
            let queued = c.conn.prepare_cached(&sql)?.execute(named_params! {
                ":target": target, ":now": now, ":kinds": lines(&choice.kinds),
                ":cameras": lines(&choice.cameras), ":rating": choice.min_rating,
                ":since": choice.since, ":resized": choice.resized,
            })?;
            Ok(queued as u64)
        })
    }

    /// Returns what is due at a target: first what only lacks its proof, then what waits, then
    /// what failed and is to be tried again. Files that are missing from the library are never
    /// due, nor is what is being sent.
    ///
    /// # Errors
    /// Storage errors.
    pub fn due_deliveries(&self, target: TargetId, due: Due) -> Result<Vec<Delivery>, Error> {
        let sql = format!(
            "SELECT {} FROM delivery d JOIN file f ON f.id = d.file_id
             WHERE d.target_id = :target AND d.state <> 'proven' AND f.state = 'published'
             AND (d.state IN ('stored', 'waiting') OR (d.state = 'failed'
                  AND (d.next_ms <= :now OR d.next_ms > :now + :horizon)))
             ORDER BY d.state <> 'stored', ifnull(d.next_ms, 0), d.file_id LIMIT :limit",
            Delivery::columns()
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(
            named_params! {
                ":target": target, ":now": due.now, ":horizon": due.horizon_ms, ":limit": due.limit,
            },
            Delivery::from_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns when the next failed delivery of a target is to be tried again, epoch milliseconds.
    ///
    /// # Errors
    /// Storage errors.
    pub fn next_delivery(&self, target: TargetId) -> Result<Option<i64>, Error> {
        let sql = "SELECT min(d.next_ms) FROM delivery d JOIN file f ON f.id = d.file_id
                   WHERE d.target_id = ?1 AND d.state <> 'proven' AND d.state = 'failed'
                   AND f.state = 'published'";
        Ok(self.conn.prepare_cached(sql)?.query_row([target], |row| row.get(0))?)
    }

    /// Writes down that sending begins, before the first byte goes, and counts the try.
    ///
    /// # Errors
    /// [`Error::Delivery`] if it is being sent, stored or proven; [`Error::NotFound`]; storage
    /// errors.
    pub fn begin_sending(&self, target: TargetId, file: FileId, now: i64) -> Result<(), Error> {
        use DeliveryState::{Failed, Sending, Waiting};
        let set = "state = 'sending', tries = tries + 1, next_ms = NULL, changed_ms = :now";
        self.move_delivery((target, file), &[Waiting, Failed], Sending, set, (None, None, now))
    }

    /// Writes down that the target took a file, and where it is.
    ///
    /// # Errors
    /// [`Error::Delivery`] if it is not being sent; [`Error::NotFound`]; storage errors.
    pub fn mark_stored(
        &self,
        target: TargetId,
        file: FileId,
        path: &str,
        now: i64,
    ) -> Result<(), Error> {
        use DeliveryState::{Sending, Stored};
        let set = "state = 'stored', path = :text, reason = NULL, changed_ms = :now";
        self.move_delivery((target, file), &[Sending], Stored, set, (Some(path), None, now))
    }

    /// Writes down that a stored file is proven to be there, and how.
    ///
    /// # Errors
    /// [`Error::Delivery`] if it is not stored; [`Error::NotFound`]; storage errors.
    pub fn mark_proven(
        &self,
        target: TargetId,
        file: FileId,
        proof: &str,
        now: i64,
    ) -> Result<(), Error> {
        use DeliveryState::{Proven, Stored};
        let set = "state = 'proven', proof = :text, reason = NULL, changed_ms = :now";
        self.move_delivery((target, file), &[Stored], Proven, set, (Some(proof), None, now))
    }

    /// Writes down that a file is not there and why; `next` is when to try again, none if only a
    /// person can help.
    ///
    /// # Errors
    /// [`Error::Delivery`] unless it is being sent or stored; [`Error::NotFound`]; storage errors.
    pub fn mark_failed(
        &self,
        target: TargetId,
        file: FileId,
        reason: &str,
        next: Option<i64>,
        now: i64,
    ) -> Result<(), Error> {
        use DeliveryState::{Failed, Sending, Stored};
        let set = "state = 'failed', reason = :text, next_ms = :next, changed_ms = :now";
        self.move_delivery(
            (target, file),
            &[Sending, Stored],
            Failed,
            set,
            (Some(reason), next, now),
        )
    }

    /// Queues a file anew that was proven to be there, because a later look did not find it so.
    ///
    /// # Errors
    /// [`Error::Delivery`] if it is not proven; [`Error::NotFound`]; storage errors.
    pub fn doubt_delivery(
        &self,
        target: TargetId,
        file: FileId,
        reason: &str,
        now: i64,
    ) -> Result<(), Error> {
        use DeliveryState::{Proven, Waiting};
        let set = "state = 'waiting', proof = NULL, reason = :text, tries = 0, changed_ms = :now";
        self.move_delivery((target, file), &[Proven], Waiting, set, (Some(reason), None, now))
    }

    /// Puts a file that was being sent back into the queue, because sending was stopped or the
    /// target as a whole cannot be used. The try stays counted.
    ///
    /// # Errors
    /// [`Error::Delivery`] if it is not being sent; [`Error::NotFound`]; storage errors.
    pub fn postpone(&self, target: TargetId, file: FileId, now: i64) -> Result<(), Error> {
        use DeliveryState::{Sending, Waiting};
        let set = "state = 'waiting', changed_ms = :now";
        self.move_delivery((target, file), &[Sending], Waiting, set, (None, None, now))
    }

    /// Puts back into the queue what a dead process was sending to a target, and returns how many
    /// these are. Whether they arrived is not assumed: who sends them again looks first.
    ///
    /// Only while nobody else delivers from this library to the target.
    ///
    /// # Errors
    /// Storage errors.
    pub fn recover_deliveries(&self, target: TargetId, now: i64) -> Result<u64, Error> {
        let recovered = self
            .conn
            .prepare_cached(
                "UPDATE delivery SET state = 'waiting', reason = 'sending was cut', changed_ms = ?2
                 WHERE target_id = ?1 AND state <> 'proven' AND state = 'sending'",
            )?
            .execute((target, now))?;
        Ok(recovered as u64)
    }

    /// Queues the failed files of a target anew, whatever they failed from and whenever they were
    /// to be tried again, and ends its pause; returns how many.
    ///
    /// # Errors
    /// Storage errors.
    pub fn retry_deliveries(&self, target: TargetId, now: i64) -> Result<u64, Error> {
        self.transaction(|c| {
            c.resume_target(target)?;
            let queued = c
                .conn
                .prepare_cached(
                    "UPDATE delivery SET state = 'waiting', tries = 0, next_ms = NULL,
                        changed_ms = ?2
                     WHERE target_id = ?1 AND state <> 'proven' AND state = 'failed'",
                )?
                .execute((target, now))?;
            Ok(queued as u64)
        })
    }

    /// Returns what became of a file at a target; `None` if it was never queued.
    ///
    /// # Errors
    /// Storage errors.
    pub fn delivery(&self, target: TargetId, file: FileId) -> Result<Option<Delivery>, Error> {
        let sql = format!(
            "SELECT {} FROM delivery d JOIN file f ON f.id = d.file_id
             WHERE d.target_id = ?1 AND d.file_id = ?2",
            Delivery::columns()
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row((target, file), Delivery::from_row).optional()?)
    }

    /// Returns up to `limit` deliveries of a target in a state, after the file `after`, in the
    /// order of the files.
    ///
    /// # Errors
    /// Storage errors.
    pub fn deliveries(
        &self,
        target: TargetId,
        state: DeliveryState,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let sql = format!(
            "SELECT {} FROM delivery d JOIN file f ON f.id = d.file_id
             WHERE d.target_id = ?1 AND d.state = ?2 AND d.file_id > ?3
             ORDER BY d.file_id LIMIT ?4",
            Delivery::columns()
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let after = after.map_or(0, |id| id.0);
        let rows = statement.query_map((target, state, after, limit), Delivery::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns how many files are in which state, by target; states without files are left out.
    ///
    /// # Errors
    /// Storage errors.
    pub fn delivery_counts(&self) -> Result<Vec<DeliveryCount>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT t.name, d.state, count(*), sum(f.size_bytes) FROM delivery d
             JOIN target t ON t.id = d.target_id JOIN file f ON f.id = d.file_id
             GROUP BY t.name, d.state ORDER BY t.name, d.state",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(DeliveryCount {
                target: row.get(0)?,
                state: row.get(1)?,
                files: row.get::<_, i64>(2)?.unsigned_abs(),
                bytes: row.get::<_, i64>(3)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Changes a row that is in one of the states `from`. The values are the text, the time to try
    /// again, and now.
    fn move_delivery(
        &self,
        (target, file): (TargetId, FileId),
        from: &[DeliveryState],
        to: DeliveryState,
        set: &str,
        (text, next, now): (Option<&str>, Option<i64>, i64),
    ) -> Result<(), Error> {
        self.transaction(|c| {
            let Some(row) = c.delivery(target, file)? else {
                return Err(Error::NotFound { what: "delivery of file", id: file.0 });
            };
            if !from.contains(&row.state) {
                return Err(Error::Delivery { file: file.0, from: row.state, to });
            }
            // The last part names values a change may not use; SQLite wants each to be there.
            let sql = format!(
                "UPDATE delivery SET {set} WHERE target_id = :target AND file_id = :file
                 AND (:text IS NULL OR 1) AND (:next IS NULL OR 1)"
            );
            c.conn.prepare_cached(&sql)?.execute(named_params! {
                ":target": target, ":file": file, ":text": text, ":next": next, ":now": now,
            })?;
            Ok(())
        })
    }
}

/// Words between line ends, so that one is found in them whole.
fn lines(words: &[String]) -> String {
    words.iter().map(|word| format!("\n{word}\n")).collect()
}
