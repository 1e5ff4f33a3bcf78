//! What can go wrong in a series.

use std::io;
use std::path::PathBuf;

use filmwire_camera::{Error as CameraError, Mishap};

/// What a frame failed with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The camera, or the way to it.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// A file cannot be written. The picture is on the card.
    #[error("cannot {action} {}: {cause}", path.display())]
    Storage {
        /// What was tried, such as "write".
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The picture was taken and is on the card, but its original was not fetched.
    #[error("the picture was taken and is on the card, but was not fetched: {0}")]
    NotFetched(#[source] Box<Self>),
    /// What came of an original is not whole. It was not kept.
    #[error("{name} came broken: {how}")]
    Broken {
        /// Its name on the card.
        name: String,
        /// What is wrong with it.
        how: String,
    },
    /// The gallery does not show what was taken.
    #[error("{0}")]
    NotFound(String),
}

impl Error {
    pub(super) fn storage(
        action: &'static str,
        path: impl Into<PathBuf>,
        cause: io::Error,
    ) -> Self {
        Self::Storage { action, path: path.into(), cause }
    }

    /// True if the next frame would fail too: the link is gone, the card full, the disk as well, or
    /// nothing of it is allowed.
    pub fn ends_series(&self) -> bool {
        match self {
            Self::Camera(CameraError::NotTaken(what)) if what.mishap == Mishap::CardFull => true,
            Self::Camera(CameraError::Forbidden(_)) => true,
            Self::Camera(error) => error.is_link_trouble(),
            Self::Storage { .. } => true,
            Self::NotFetched(cause) => cause.ends_series(),
            Self::NotFound(_) | Self::Broken { .. } => false,
        }
    }
}
