//! What can go wrong with a camera, who is to blame, and whether another try helps.

use std::time::Duration;

use filmwire_codec::value::FocusPoint;
use filmwire_codec::{DecodeError, OperationCode, ResponseCode};
use filmwire_session::Fault;

use crate::remote::{FocusObstacle, NotReached, NotTaken};

/// What a camera operation failed with. Clones share the cause.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody answers at the address.
    #[error("no camera at {address}: {cause}")]
    Unreachable {
        /// Where we tried.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// The connection stands, but nothing answered our registration.
    #[error(
        "{address} accepted the connection but did not answer the registration within {waited:?}"
    )]
    NotACamera {
        /// Where we tried.
        address: String,
        /// How long we waited.
        waited: Duration,
    },
    /// The camera refused the registration until the time for pressing OK had passed.
    #[error(
        "the camera refused the connection {attempts} times (reason {reason:#06X}) within {waited:?}"
    )]
    Busy {
        /// The last reason.
        reason: u32,
        /// How often we asked.
        attempts: u32,
        /// How long we asked.
        waited: Duration,
    },
    /// Nobody pressed OK on the camera.
    #[error("nobody pressed OK on the camera within {waited:?}")]
    NotAccepted {
        /// How long we waited.
        waited: Duration,
    },
    /// Nobody picked pictures on the camera in receive mode.
    #[error("no picture was picked on the camera within {waited:?}")]
    NotPicked {
        /// How long we waited.
        waited: Duration,
    },
    /// The camera answered an operation with an error.
    #[error("the camera refused {operation}: {response}")]
    Refused {
        /// What we asked.
        operation: OperationCode,
        /// What it said.
        response: ResponseCode,
    },
    /// The camera does not offer what was wanted.
    #[error("the camera does not offer this: {0}")]
    NotOffered(String),
    /// The camera did not answer. This is its usual way to say that something is wrong.
    #[error("no answer to {operation} within {waited:?} ({wait})")]
    Silent {
        /// What we asked.
        operation: OperationCode,
        /// The name of the wait.
        wait: &'static str,
        /// How long we waited.
        waited: Duration,
    },
    /// The connection was closed or reset.
    #[error("the connection to the camera was lost: {0}")]
    Lost(String),
    /// The camera sent what the protocol does not allow.
    #[error("{0}")]
    Broken(#[from] Fault),
    /// An answer could not be read. The session goes on.
    #[error("the answer to {operation} cannot be read: {error}")]
    Unreadable {
        /// What we asked.
        operation: OperationCode,
        /// Which field at which byte.
        error: DecodeError,
    },
    /// The camera sent fewer bytes of an object than it announced.
    #[error("the camera sent {sent} of {announced} bytes of object {object}")]
    Short {
        /// The object's handle.
        object: u32,
        /// Bytes that came.
        sent: u64,
        /// Bytes it had announced.
        announced: u64,
    },
    /// The camera did not take on a value; what it has now is told. The session goes on.
    #[error(transparent)]
    NotReached(#[from] Box<NotReached>),
    /// No picture was taken, or it is not known to have been; which of them is told. Another may be
    /// taken, if the link stands.
    #[error(transparent)]
    NotTaken(#[from] Box<NotTaken>),
    /// Focus was not locked. It is not held then, and the session goes on.
    #[error("focus was not locked at {point}: {obstacle}")]
    NotFocused {
        /// Where it was wanted.
        point: FocusPoint,
        /// Why.
        obstacle: FocusObstacle,
    },
    /// The stream of live view could not be opened. The session goes on.
    #[error("live view did not open: {0}")]
    NoLiveView(String),
    /// No frame of live view came. The stream and the session go on.
    #[error("no frame of live view within {waited:?}")]
    NoFrame {
        /// How long we waited since the last frame.
        waited: Duration,
    },
    /// Our own guard: the operation is not among the reading ones.
    #[error("{0} changes the camera and was not allowed")]
    Forbidden(String),
    /// The camera was left before.
    #[error("the camera was left")]
    Left,
}

impl Error {
    /// True if the connection is of no more use, and a new one may help.
    pub fn is_link_trouble(&self) -> bool {
        match self {
            Self::NotTaken(what) => what.cause.as_ref().is_some_and(Self::is_link_trouble),
            Self::Silent { .. } | Self::NoFrame { .. } => true,
            Self::Lost(_) | Self::Broken(_) | Self::Left => true,
            _ => false,
        }
    }

    /// True if no camera was reached at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotACamera { .. })
    }

    /// What the person can do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "switch the camera's wireless function on, join its network, and give its address with --camera"
            }
            Self::NotACamera { .. } => "check the address; something else may listen there",
            Self::Busy { .. } => {
                "press OK (CHANGE) on the camera, or restart its wireless function; another client may be connected"
            }
            Self::NotAccepted { .. } => "run again and press OK when the camera shows our name",
            Self::NotPicked { .. } => {
                "run again, then choose pictures on the camera's own screen and send them"
            }
            Self::Refused { .. } => "leave the camera's menu and try again",
            Self::NotOffered(_) => "choose another function on the camera",
            Self::NoLiveView(_) => "restart the camera's wireless function and run again",
            Self::Silent { .. } | Self::NoFrame { .. } => {
                "look at the camera's screen, restart its wireless function and try again"
            }
            Self::Lost(_) => "go nearer to the camera, check that it is on, and run again to go on",
            Self::Short { .. } => "look at the picture on the camera; it may be damaged there",
            Self::Broken(_) | Self::Unreadable { .. } => {
                "run again; if it happens again, report it with the model and firmware"
            }
            Self::NotReached(what) => what.cure(),
            Self::NotTaken(what) => what.cure(),
            Self::NotFocused { obstacle, .. } => obstacle.cure(),
            Self::Forbidden(_) => {
                "filmwire changes only what it was asked to; this operation is not offered here"
            }
            Self::Left => "connect again",
        }
    }
}
