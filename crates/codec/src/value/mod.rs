//! Values of settings: what stands on the wire, and what a photographer calls it.
//!
//! Each type wraps the bits as they came. `Display` gives one word without blanks, such as `1/125`,
//! `auto-6400` or `classic-chrome`; `FromStr` takes that word back, and a few more spellings. Bits
//! whose meaning is not known show as hex, and hex is taken back too, so that nothing a camera
//! says is lost on the way through text.
//!
//! The meanings are those over Wi-Fi; over USB several of these properties count differently (the
//! fact sheet's section 6.4). [`kind`] finds the type of a property, for programs that go through
//! lists of them.
//!
//! ```
//! use filmwire_codec::value::{Iso, ShutterSpeed};
//!
//! assert_eq!(Iso(0x8000_1900).to_string(), "auto-6400");
//! assert_eq!("1/60".parse(), Ok(ShutterSpeed(0x8000_EA60)));
//! ```

mod aperture;
mod battery;
mod decimal;
mod exposure_bias;
mod focus_point;
mod geolocation;
mod iso;
mod kind;
mod shutter_speed;
mod word;

pub use aperture::Aperture;
pub use battery::{Battery, BatteryLevel};
pub use exposure_bias::ExposureBias;
pub use focus_point::FocusPoint;
pub use geolocation::Geolocation;
pub use iso::Iso;
pub use kind::{KINDS, Kind, kind};
pub use shutter_speed::ShutterSpeed;
pub use word::{
    BatteryThirds, CommandDial, DeviceError, ExposureProgram, FilmSimulation, Flash, FocusLock,
    FocusMode, ImageQuality, ImageSize, MovieButton, SelfTimer, WhiteBalance,
};

/// What stands for a value the camera does not tell, as on its own screen.
const NOT_TOLD: &str = "----";

/// Text that is no value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}; expected {expected}")]
pub struct ParseValueError {
    /// What was written.
    pub text: String,
    /// What it should have been, such as "shutter speed".
    pub what: &'static str,
    /// How such a value is written.
    pub expected: String,
}

impl ParseValueError {
    fn new(text: &str, what: &'static str, expected: impl Into<String>) -> Self {
        Self { text: text.to_owned(), what, expected: expected.into() }
    }
}

/// The bits of hex with its `0x`; `None` if it is none, or wider than `bits`.
fn hex(text: &str, bits: u32) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    // A sign would pass for a number.
    let plain = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| plain)?;
    (bits >= 32 || value >> bits == 0).then_some(value)
}

/// Small letters, and one hyphen where people write blanks or underscores. A hyphen in front is a
/// sign and stays.
fn plain(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    let mut parts = lower.split([' ', '_', '-']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter(|part| !part.is_empty()).fold(first, |word, part| word + "-" + part)
}
