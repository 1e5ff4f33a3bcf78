//! The catalogue, asked from async code.

use std::sync::{Arc, Mutex, PoisonError};

use filmwire_catalogue::{Catalogue, Error as CatalogueError, ErrorKind, Library};

use crate::error::Error;

/// How often a busy catalogue is asked; each time SQLite waits some seconds by itself.
const BUSY_TRIES: u32 = 6;

/// One connection for all targets: a question takes a millisecond, a connection 2 MiB.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Mutex<Catalogue>>);

impl Ledger {
    pub(crate) fn open(library: &Library) -> Result<Self, Error> {
        Ok(Self(Arc::new(Mutex::new(library.catalogue()?))))
    }

    /// Asks on a thread that may block. Not cancel-safe: what was asked happens all the same.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl Fn(&Catalogue) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, Error> {
        let catalogue = Arc::clone(&self.0);
        let asked = tokio::task::spawn_blocking(move || {
            // A panic in a question leaves the catalogue whole: its transaction was rolled back.
            let catalogue = catalogue.lock().unwrap_or_else(PoisonError::into_inner);
            let mut answer = question(&catalogue);
            for _ in 1..BUSY_TRIES {
                match &answer {
                    Err(error) if error.kind() == ErrorKind::Locked => {
                        answer = question(&catalogue);
                    }
                    _ => break,
                }
            }
            answer
        });
        Ok(asked.await??)
    }
}
