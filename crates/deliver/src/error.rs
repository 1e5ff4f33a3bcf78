//! What ends a delivery as a whole.

/// Why delivering cannot go on. What went wrong with a file or target is no error of the whole; it
/// stands in the catalogue and is told as an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The catalogue, without which nobody knows what was delivered.
    #[error(transparent)]
    Catalogue(#[from] filmwire_catalogue::Error),
    /// Two jobs have one name.
    #[error("two targets are called {0}; each needs a name of its own")]
    NameTaken(String),
    /// A task of ours ended before its work: a defect of this program.
    #[error("delivering broke off: {0}")]
    Broken(String),
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Broken(error.to_string())
    }
}
