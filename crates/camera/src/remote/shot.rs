//! What a release came to: a picture with its preview, or why there is none.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use filmwire_codec::value::{DeviceError, ExposureProgram};
use filmwire_codec::{ResponseCode, TransactionId};

use crate::error::Error;

/// A picture that was taken. It is on the card in full; nothing tells its handle (the fact sheet's
/// section 8.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// The preview: a JPEG, about 640 x 480.
    pub preview: Bytes,
    /// The transaction of the release, which its events name.
    pub transaction: TransactionId,
    /// When the release was sent.
    pub sent: Instant,
    /// When the camera first told of the picture; `None` if no event came.
    pub told: Option<Instant>,
    /// When the preview was there.
    pub fetched: Instant,
    /// True if the camera told that the capture is complete.
    pub is_complete: bool,
}

/// Whether there is a picture on the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// There is none.
    None,
    /// Nobody knows; look at the card.
    Maybe,
    /// There is one; what failed came after it.
    Taken,
}

/// A release without a shot.
#[derive(Debug, Clone)]
pub struct NotTaken {
    /// What happened.
    pub mishap: Mishap,
    /// Whether there is a picture all the same.
    pub picture: Picture,
    /// When the release was sent; `None` if it was not, or was not answered.
    pub sent: Option<Instant>,
    /// What the connection failed with, if it did.
    pub cause: Option<Error>,
}

/// What happened instead of a picture, as far as the camera tells. How it tells failures over Wi-Fi
/// is not documented (the fact sheet's section 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mishap {
    /// It reported an error (D21B) in a mode in which it focuses by itself, and took nothing. What
    /// the numbers mean is unknown; that it found no focus is the likeliest.
    NoFocus(DeviceError),
    /// It reported an error (D21B) although it had nothing to focus, and took nothing.
    DeviceError(DeviceError),
    /// No picture fits any more (D229).
    CardFull,
    /// The link was lost, and the battery was critical when it was last told.
    BatteryOut,
    /// It said that it is busy: a menu is open, a movie is being recorded, or it is still writing.
    Busy,
    /// It refused in its present mode.
    Refused(ResponseCode, Option<ExposureProgram>),
    /// It said OK, and then nothing came for so long: no event, no error, no preview.
    NothingCame(Duration),
    /// It did not answer the release.
    Silent,
    /// The link was lost after the release was sent.
    LinkLost,
    /// The picture was taken, and its preview did not come.
    NoPreview,
}

impl Mishap {
    /// The word in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoFocus(_) => "no-focus",
            Self::DeviceError(_) => "device-error",
            Self::CardFull => "card-full",
            Self::BatteryOut => "battery-out",
            Self::Busy => "busy",
            Self::Refused(..) => "refused",
            Self::NothingCame(_) => "nothing-came",
            Self::Silent => "silent",
            Self::LinkLost => "link-lost",
            Self::NoPreview => "no-preview",
        }
    }
}

impl Picture {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Maybe => "maybe",
            Self::Taken => "taken",
        }
    }
}

impl NotTaken {
    pub(super) fn new(mishap: Mishap, picture: Picture, sent: Option<Instant>) -> Self {
        Self { mishap, picture, sent, cause: None }
    }

    pub(super) fn by(self, cause: Error) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// What the person can do about it.
    pub fn cure(&self) -> &'static str {
        match self.mishap {
            Mishap::NoFocus(_) => {
                "give it something to focus on, choose another point with --focus, or set the body to manual focus"
            }
            Mishap::DeviceError(_) => "look at the camera's screen",
            Mishap::CardFull => "put another card in, or make room on it",
            Mishap::BatteryOut => "charge the battery or put another one in",
            Mishap::Busy => "leave the camera's menu and try again",
            Mishap::Refused(..) => "set the body to another mode and try again",
            Mishap::NothingCame(_) => {
                "look whether the camera can focus, and whether a menu is open or a movie runs; to shoot whatever it sees, set the body to manual focus"
            }
            Mishap::Silent | Mishap::NoPreview => {
                "look at the camera's screen, restart its wireless function and try again"
            }
            Mishap::LinkLost => {
                "go nearer to the camera, check that it is on, and look whether the picture is on its card"
            }
        }
    }

    fn reason(&self) -> String {
        match self.mishap {
            Mishap::NoFocus(error) => format!(
                "it reported the error {error} (D21B; what the numbers mean is unknown); most likely it found no focus"
            ),
            Mishap::DeviceError(error) => {
                format!("it reported the error {error} (D21B; what the numbers mean is unknown)")
            }
            Mishap::CardFull => "its card is full".to_owned(),
            Mishap::BatteryOut => {
                "the connection was lost, and its battery was critical".to_owned()
            }
            Mishap::Busy => "it is busy: a menu is open, a movie runs, or it is writing".to_owned(),
            Mishap::Refused(response, Some(program)) => {
                format!("it refused: {response} (exposure program {program})")
            }
            Mishap::Refused(response, None) => format!("it refused: {response}"),
            Mishap::NothingCame(waited) => {
                format!(
                    "it said OK, and nothing came of it within {waited:.1?}; it does not say why"
                )
            }
            Mishap::Silent => "it did not answer".to_owned(),
            Mishap::LinkLost => "the connection was lost".to_owned(),
            Mishap::NoPreview => "its preview did not come".to_owned(),
        }
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.picture {
            Picture::Taken => "the camera took the picture, which is on its card; ",
            _ => "the camera took no picture that we know of: ",
        })?;
        f.write_str(&self.reason())?;
        if let Some(cause) = &self.cause {
            write!(f, " ({cause})")?;
        }
        match self.picture {
            Picture::Maybe => f.write_str("; it may be on the card all the same"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for NotTaken {}
