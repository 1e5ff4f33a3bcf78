//! Exit codes, and the one place that says which error means which.

use std::io;
use std::path::PathBuf;

use filmwire_camera::Error as CameraError;
use filmwire_catalogue::{Error as CatalogueError, ErrorKind};
use filmwire_ingest::Error as IngestError;
use filmwire_sim::BindError;

/// How the program ends. The numbers are an interface: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, also when there was nothing to do.
    Done = 0,
    /// Some items failed, others are done.
    SomeFailed = 1,
    /// Command line or configuration.
    Usage = 2,
    /// No camera was reached, or it was lost.
    NoCamera = 3,
    /// The camera refused.
    Refused = 4,
    /// Another process holds the library.
    Locked = 5,
    /// Local storage failed.
    Storage = 6,
    /// A check found a mismatch.
    Mismatch = 8,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The number for the system.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The word in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::SomeFailed => "some-failed",
            Self::Usage => "usage",
            Self::NoCamera => "no-camera",
            Self::Refused => "refused",
            Self::Locked => "locked",
            Self::Storage => "storage",
            Self::Mismatch => "mismatch",
            Self::Interrupted => "interrupted",
        }
    }

    /// The code an error means.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if let Some(trouble) = cause.downcast_ref::<Trouble>() {
                return trouble.exit();
            }
            if let Some(error) = cause.downcast_ref::<IngestError>() {
                return of_ingest(error);
            }
            if let Some(error) = cause.downcast_ref::<CameraError>() {
                return of_camera(error);
            }
            if let Some(error) = cause.downcast_ref::<CatalogueError>() {
                return of_catalogue(error);
            }
            if cause.is::<BindError>() {
                return Self::Usage;
            }
        }
        Self::Storage
    }
}

fn of_camera(error: &CameraError) -> Exit {
    match error {
        CameraError::Forbidden(_) => Exit::Usage,
        error if error.is_unreachable() || error.is_link_trouble() => Exit::NoCamera,
        _ => Exit::Refused,
    }
}

fn of_catalogue(error: &CatalogueError) -> Exit {
    match error.kind() {
        ErrorKind::Locked => Exit::Locked,
        ErrorKind::Usage => Exit::Usage,
        _ => Exit::Storage,
    }
}

fn of_ingest(error: &IngestError) -> Exit {
    match error {
        IngestError::Camera(error) => of_camera(error),
        IngestError::Catalogue(error) => of_catalogue(error),
        IngestError::Restless(_) => Exit::SomeFailed,
        _ => Exit::Storage,
    }
}

/// What the person can do about an error; empty if its text says that already.
pub(crate) fn cure(error: &anyhow::Error) -> String {
    for cause in error.chain() {
        if let Some(trouble) = cause.downcast_ref::<Trouble>() {
            return trouble.cure();
        }
        if let Some(error) = cause.downcast_ref::<IngestError>() {
            return error.cure();
        }
        if let Some(error) = cause.downcast_ref::<CameraError>() {
            return error.cure().to_owned();
        }
    }
    String::new()
}

/// Errors of the program itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// Command line or configuration.
    #[error("{text}")]
    Usage {
        /// What is wrong.
        text: String,
        /// What to write instead.
        cure: String,
    },
    /// Nothing of what was asked for could be done.
    #[error("{text}")]
    Failed {
        /// What failed.
        text: String,
        /// What to do.
        cure: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}: {cause}", path.display())]
    Storage {
        /// What was tried, such as "write".
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The person asked to stop.
    #[error("interrupted")]
    Interrupted {
        /// How to go on.
        cure: String,
    },
    /// Whoever read our standard output is gone.
    #[error("standard output is closed")]
    PipeClosed,
}

impl Trouble {
    /// A wrong command line or configuration, and its cure.
    pub(crate) fn usage(text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Usage { text: text.into(), cure: cure.into() }
    }

    /// A failure of all that was asked, and its cure.
    pub(crate) fn failed(text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Failed { text: text.into(), cure: cure.into() }
    }

    /// A file or folder that cannot be used.
    pub(crate) fn storage(
        action: &'static str,
        path: impl Into<PathBuf>,
        cause: io::Error,
    ) -> Self {
        Self::Storage { action, path: path.into(), cause }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Failed { .. } => Exit::SomeFailed,
            Self::Storage { .. } => Exit::Storage,
            Self::Interrupted { .. } => Exit::Interrupted,
            Self::PipeClosed => Exit::Done,
        }
    }

    fn cure(&self) -> String {
        match self {
            Self::Usage { cure, .. } | Self::Failed { cure, .. } | Self::Interrupted { cure } => {
                cure.clone()
            }
            Self::Storage { .. } => {
                "check that the folder is there, writable, and has room".to_owned()
            }
            Self::PipeClosed => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use filmwire_camera::Error;
    use filmwire_codec::{OperationCode, ResponseCode};

    use super::*;

    fn of(error: impl Into<anyhow::Error>) -> u8 {
        Exit::of(&error.into()).code()
    }

    #[test]
    fn errors_of_the_camera_are_told_apart() {
        let operation = OperationCode::OPEN_SESSION;
        let waited = Duration::ZERO;
        let unreachable = Error::Unreachable { address: String::new(), cause: String::new() };
        assert_eq!(of(unreachable), 3);
        assert_eq!(of(Error::NotACamera { address: String::new(), waited }), 3);
        assert_eq!(of(Error::Lost(String::new())), 3);
        assert_eq!(of(Error::Silent { operation, wait: "", waited }), 3);
        assert_eq!(of(Error::Busy { reason: 0x2019, attempts: 1, waited }), 4);
        assert_eq!(of(Error::NotAccepted { waited }), 4);
        assert_eq!(of(Error::NotOffered(String::new())), 4);
        assert_eq!(of(Error::Refused { operation, response: ResponseCode(0x2005) }), 4);
        assert_eq!(of(Error::Forbidden(String::new())), 2);
    }

    #[test]
    fn the_kind_is_found_below_other_words_and_inside_a_run() {
        let lost = || Error::Lost("cut".into());
        assert_eq!(of(anyhow::Error::new(lost()).context("while listing")), 3);
        assert_eq!(of(IngestError::Camera(lost())), 3);
        let locked = || CatalogueError::Locked { holder: "desk, process 1".into() };
        assert_eq!(of(locked()), 5);
        assert_eq!(of(IngestError::Catalogue(locked())), 5);
        let full = IngestError::Full {
            name: "A".into(),
            needed: 2,
            free: 1,
            folder: PathBuf::from("/photos"),
        };
        assert_eq!(of(full), 6);
        assert_eq!(of(BindError::TooHigh(65535)), 2);
        assert_eq!(of(Trouble::Interrupted { cure: String::new() }), 130);
    }
}
