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
    #[error("{name} needs {needed} bytes beside the {keep} that stay free, and {free} are free in {}",
        folder.display())]
    Full {
        /// The file on the camera.
        name: String,
        /// Its bytes.
        needed: u64,
        /// Bytes that are to stay free.
        keep: u64,
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
    /// True if room is what is lacking.
    pub fn is_full(&self) -> bool {
        self.room(0).is_some()
    }

    /// How many bytes have to be free before it makes sense to go on, if room is what is lacking;
    /// `keep` are to stay free. Nobody can see when a quota has room again: [`u64::MAX`].
    pub(crate) fn room(&self, keep: u64) -> Option<u64> {
        match self {
            Self::Full { needed, .. } => Some(needed.saturating_add(keep)),
            Self::Storage { cause, .. } => match cause.kind() {
                io::ErrorKind::StorageFull => Some(keep),
                io::ErrorKind::QuotaExceeded => Some(u64::MAX),
                _ => None,
            },
            Self::Catalogue(filmwire_catalogue::Error::Full { .. }) => Some(keep),
            _ => None,
        }
    }

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
                "make room, or choose another folder for the photos; the next run goes on".into()
            }
            Self::NoCard => {
                "put the card back, switch the camera off and on, and run again to go on".into()
            }
            Self::Restless(_) => "run again when no photos are being taken".into(),
        }
    }
}
