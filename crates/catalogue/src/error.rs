//! What can go wrong with a library, told so that a person knows cause and cure.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::model::{DeliveryState, State};

/// An error of the library or its catalogue; the text names the cause and, where there is one, the
/// cure. Nothing on disk was changed by the call that failed, unless its documentation says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process works on the library.
    #[error("the library is in use by {holder}; wait until that ends, or stop it")]
    Locked {
        /// Host and process id, as the holder wrote them.
        holder: String,
    },
    /// The folder is no library, and may not be made one.
    #[error("{} is not a filmwire library: {why}", path.display())]
    NotALibrary {
        /// The folder asked for.
        path: PathBuf,
        /// What is there instead, and the cure.
        why: String,
    },
    /// The folder holds another library than the one expected, or none, as an unmounted share does.
    #[error(
        "{} does not hold library {expected} but {found}; is the right disk or share mounted there?",
        path.display()
    )]
    WrongLibrary {
        /// The folder asked for.
        path: PathBuf,
        /// The id the configuration, or the library's own mark, asks for.
        expected: String,
        /// What was found, in words.
        found: String,
    },
    /// The folder is on a network file system, and there is no local folder for the catalogue.
    #[error(
        "{} is on a network file system ({system}), where a catalogue is not safe; name a local state \
         folder ($XDG_STATE_HOME) for it",
        path.display()
    )]
    NetworkFolder {
        /// The folder asked for.
        path: PathBuf,
        /// Name of the file system.
        system: &'static str,
    },
    /// The catalogue was written by a newer release.
    #[error(
        "the catalogue {} has schema release {found}, this program knows up to {known}; use a newer \
         filmwire",
        path.display()
    )]
    Newer {
        /// The catalogue.
        path: PathBuf,
        /// Release found.
        found: i64,
        /// Newest release this program knows.
        known: i64,
    },
    /// The catalogue cannot be read as one. The photos themselves are not touched by this.
    #[error(
        "the catalogue {} is damaged: {what}; move it away, put a back-up in its place (`filmwire \
         catalogue back-up` makes them), or make a new one with `filmwire catalogue adopt`",
        path.display()
    )]
    Damaged {
        /// The catalogue.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The disk is full.
    #[error("the disk is full ({what}); make room and run again")]
    Full {
        /// What was being written.
        what: String,
    },
    /// The disk or folder may only be read.
    #[error(
        "writing is not allowed ({what}); check the folder's permissions and how it is mounted"
    )]
    ReadOnly {
        /// What was being written.
        what: String,
    },
    /// Reading or writing failed for another reason.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Another connection held the catalogue too long.
    #[error("the catalogue is busy: another program is writing to it; try again")]
    Busy,
    /// The path belongs to another file of the library.
    #[error("the path {path} is taken by another file of the library")]
    PathTaken {
        /// The path, relative to the library.
        path: String,
    },
    /// An object cannot go from this state to that one by this call.
    #[error("object {object} cannot go from {from} to {to} this way")]
    Transition {
        /// The object's row id.
        object: i64,
        /// State it is in.
        from: State,
        /// State asked for.
        to: State,
    },
    /// A delivery cannot go from this state to that one by this call.
    #[error("the delivery of file {file} cannot go from {from} to {to} this way")]
    Delivery {
        /// The file's row id.
        file: i64,
        /// State it is in.
        from: DeliveryState,
        /// State asked for.
        to: DeliveryState,
    },
    /// A row asked for by its id does not exist.
    #[error("there is no {what} {id} in the catalogue")]
    NotFound {
        /// Kind of row.
        what: &'static str,
        /// Its id.
        id: i64,
    },
    /// A value breaks a rule of the catalogue.
    #[error("{0}")]
    Invalid(String),
    /// SQLite refused for a reason that is none of the above: a defect of this program.
    #[error("the catalogue refused a statement: {0}")]
    Sqlite(rusqlite::Error),
}

/// What an [`Error`] means for the one who called: documented exit codes are made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another process holds the library; trying later helps. Exit code 5.
    Locked,
    /// Local storage failed: full, read-only, damaged, unmounted. Exit code 6.
    Storage,
    /// The folder or options named cannot be used. Exit code 2.
    Usage,
    /// The caller broke a rule of the catalogue: a defect.
    Defect,
}

impl Error {
    /// Returns what the error means for the caller.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked { .. } | Self::Busy => ErrorKind::Locked,
            Self::WrongLibrary { .. }
            | Self::Newer { .. }
            | Self::Damaged { .. }
            | Self::Full { .. }
            | Self::ReadOnly { .. }
            | Self::Io { .. } => ErrorKind::Storage,
            Self::NotALibrary { .. } | Self::NetworkFolder { .. } => ErrorKind::Usage,
            Self::PathTaken { .. }
            | Self::Transition { .. }
            | Self::Delivery { .. }
            | Self::NotFound { .. }
            | Self::Invalid(_)
            | Self::Sqlite(_) => ErrorKind::Defect,
        }
    }

    /// Names what was tried, and sorts full and read-only disks out of the system's reasons.
    pub(crate) fn io(what: &str, path: &Path, source: io::Error) -> Self {
        let what = format!("{what} {}", path.display());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { what },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { what }
            }
            _ => Self::Io { what, source },
        }
    }

    /// Sorts SQLite's reasons; `path` is the catalogue they are about.
    pub(crate) fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else { return Self::Sqlite(error) };
        let what = path.display().to_string();
        match code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Self::Damaged { path: path.to_owned(), what: error.to_string() }
            }
            ErrorCode::DiskFull => Self::Full { what },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly { what },
            ErrorCode::CannotOpen | ErrorCode::SystemIoFailure => {
                Self::Io { what, source: io::Error::other(error.to_string()) }
            }
            _ => Self::Sqlite(error),
        }
    }
}

/// Errors of SQLite that carry no path yet; [`crate::Catalogue`] adds it at its border.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::sqlite(Path::new("catalogue.sqlite"), error)
    }
}
