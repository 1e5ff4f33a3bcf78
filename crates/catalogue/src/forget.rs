//! Taking back what was decided about objects: forgetting, and taking for known.

use crate::model::{CameraId, FileState, ObjectRow, RunId, State};
use crate::object::ObjectFilter;
use crate::{Catalogue, Error};

/// Objects worked on between two queries.
const PAGE: u32 = 500;

impl Catalogue {
    /// Forgets objects, so that the next run fetches them again; returns how many.
    ///
    /// `exists` tells if something is on disk at a path of the library. If an object's file is
    /// there, its row stays, and the run may find the content again by
    /// [`ObjectRow::sha256`] instead of fetching. If it is not, its row goes, so that no later
    /// object of the same content is taken for published. Objects with an intent, or whose file is
    /// being pruned, are left alone: mend them first. The journal stays and gets a row for each.
    ///
    /// # Errors
    /// Storage errors; nothing is forgotten then.
    pub fn forget(
        &self,
        filter: &ObjectFilter,
        exists: &dyn Fn(&str) -> bool,
        now: i64,
    ) -> Result<u64, Error> {
        self.for_each(filter, |c, row| c.forget_one(row, exists, now))
    }

    fn forget_one(
        &self,
        row: &ObjectRow,
        exists: &dyn Fn(&str) -> bool,
        now: i64,
    ) -> Result<bool, Error> {
        if matches!(row.state, State::Publishing | State::Seen) {
            return Ok(false);
        }
        // Its bytes are set aside, and come back first.
        if let Some(file) = row.file
            && self.is_pruning(file)?
        {
            return Ok(false);
        }
        self.conn
            .prepare_cached(
                "UPDATE object SET state = 'seen', reason = NULL, tries = 0, file_id = NULL
                 WHERE id = ?1",
            )?
            .execute([row.id])?;
        self.journal_change(row, State::Seen, Some("forgotten"), None, now)?;
        if let Some(file) = row.file {
            let file = self.file(file)?;
            if file.state == FileState::Missing || !exists(&file.path) {
                self.drop_file(file.id, now)?;
            }
        }
        Ok(true)
    }

    /// Takes the unfinished objects of a camera that a filter chooses for known, so that no run
    /// fetches them; returns how many.
    ///
    /// # Errors
    /// Storage errors; nothing is marked then.
    pub fn mark_known(
        &self,
        camera: CameraId,
        filter: &ObjectFilter,
        run: Option<RunId>,
        now: i64,
    ) -> Result<u64, Error> {
        let filter = ObjectFilter { camera: Some(camera), ..filter.clone() };
        self.for_each(&filter, |c, row| {
            if !matches!(row.state, State::Seen | State::Fetching | State::Failed) {
                return Ok(false);
            }
            c.change_state(row, State::Known, Some("marked as known"), run, now)?;
            Ok(true)
        })
    }

    /// Works through the chosen objects page by page in one transaction and counts the changed.
    fn for_each(
        &self,
        filter: &ObjectFilter,
        mut work: impl FnMut(&Self, &ObjectRow) -> Result<bool, Error>,
    ) -> Result<u64, Error> {
        self.transaction(|c| {
            let mut filter = filter.clone();
            let mut left = filter.limit.unwrap_or(u32::MAX);
            let mut changed = 0;
            while left > 0 {
                filter.limit = Some(left.min(PAGE));
                let page = c.objects(&filter)?;
                let Some(last) = page.last() else { break };
                filter.after = Some(last.id);
                left -= u32::try_from(page.len()).unwrap_or(left).min(left);
                for row in &page {
                    changed += u64::from(work(c, row)?);
                }
            }
            Ok(changed)
        })
    }
}
