//! Copies of the catalogue.

use std::fs::{self, OpenOptions};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::{Catalogue, Error};

impl Catalogue {
    /// Copies the catalogue to a new file, which is a catalogue itself. Other connections may go
    /// on reading meanwhile.
    ///
    /// # Errors
    /// [`Error::Io`] if `to` exists (it is never overwritten); storage errors, after which what
    /// was begun of the copy is gone.
    pub fn back_up(&self, to: &Path) -> Result<(), Error> {
        // Taking the name first makes sure that nobody's file is written to.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(to)
            .map_err(|e| Error::io("cannot make the back-up", to, e))?;
        let copied = self.copy_to(to).map_err(|e| Error::sqlite(to, e));
        if copied.is_err() {
            // The name was free before, so the file is ours.
            let _ = fs::remove_file(to);
        }
        match copied? {
            StepResult::Done => Ok(()),
            _ => {
                let _ = fs::remove_file(to);
                Err(Error::Busy)
            }
        }
    }

    fn copy_to(&self, to: &Path) -> rusqlite::Result<StepResult> {
        let mut copy = Connection::open(to)?;
        copy.pragma_update(None, "synchronous", "full")?;
        Backup::new(&self.conn, &mut copy)?.step(-1)
    }
}
