//! The journal's thread.

use tokio::task::JoinHandle;

use super::journal::{Journal, JournalError, Record};

/// Writes lines in order, on a thread: a disk may take its time, and the next frame must not wait
/// for it.
pub(super) struct Log {
    journal: Option<Journal>,
    writing: Option<JoinHandle<(Journal, Result<(), JournalError>)>>,
}

impl Log {
    pub(super) fn new(journal: Journal) -> Self {
        Self { journal: Some(journal), writing: None }
    }

    /// Begins to write a line once the one before is on the disk; fails if that one is not.
    pub(super) async fn write(&mut self, record: Record) -> Result<(), JournalError> {
        self.flush().await?;
        if let Some(mut journal) = self.journal.take() {
            self.writing = Some(tokio::task::spawn_blocking(move || {
                let written = journal.write(&record);
                (journal, written)
            }));
        }
        Ok(())
    }

    /// Waits until all is on the disk.
    pub(super) async fn flush(&mut self) -> Result<(), JournalError> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        match writing.await {
            Ok((journal, written)) => {
                self.journal = Some(journal);
                written
            }
            // The runtime ends, or the thread panicked: there is nobody to tell.
            Err(_) => Ok(()),
        }
    }
}
