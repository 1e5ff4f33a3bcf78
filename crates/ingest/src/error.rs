//! What ends a run.

use std::io;
use std::path::PathBuf;

/// What a run failed with as a whole. Failures of single objects are events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The camera was not reached, refused, or was lost for good.
    #[error(transparent)]
    Camera(#[from] filmwire_camera::Error),
    /// The catalogue cannot be used.
    #[error(transparent)]
    Catalogue(#[from] filmwire_catalogue::Error),
    /// Files cannot be written or read.
    #[error("{action} {}: {cause}", path.display())]
    Storage {
        /// What was tried, such as "write".
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Too little room for the next file.
    #[error("{name} needs {needed} bytes, {free} are free in {}", folder.display())]
    Full {
        /// The file on the camera.
        name: String,
        /// Its bytes.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// Where.
        folder: PathBuf,
    },
    /// The camera says that its card is not there.
    #[error("the camera says that its card is not available")]
    NoCard,
    /// The card changed so often that it could not be read.
    #[error("the card changed while it was read, {0} times in a row")]
    Restless(u32),
}

impl Error {
    /// What the person can do about it.
    pub fn cure(&self) -> String {
        match self {
            Self::Camera(error) => error.cure().into(),
            // The catalogue names cause and cure in its own text.
            Self::Catalogue(_) => String::new(),
            Self::Storage { cause, .. } => match cause.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "make room, and run again to go on".into()
                }
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                    "make the folder writable for this user, or choose another with --to".into()
                }
                _ => "check that the folder is there and mounted".into(),
            },
            Self::Full { .. } => {
                "make room, or choose another folder with --to, and run again to go on".into()
            }
            Self::NoCard => {
                "put the card back, switch the camera off and on, and run again to go on".into()
            }
            Self::Restless(_) => "run again when no photos are being taken".into(),
        }
    }
}
