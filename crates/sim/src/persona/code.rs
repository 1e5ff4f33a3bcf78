//! How codes and list values are written in persona files.

use filmwire_codec::DevicePropCode;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A property or operation code, written as hexadecimal text: `"DF21"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl Code {
    /// Parses `DF21` or `0xDF21`; `None` if it is no 16-bit hexadecimal number.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        u16::from_str_radix(digits, 16).ok().map(Self)
    }
}

/// Modes DF01 that a version property belongs to (fact sheet 4.2); `None` for one of which no mode
/// is known.
pub fn modes_of_version(code: Code) -> Option<&'static [u16]> {
    match DevicePropCode(code.0) {
        DevicePropCode::RECEIVE_VERSION => Some(&[1, 8]),
        DevicePropCode::VIEW_VERSION => Some(&[2, 8, 9]),
        DevicePropCode::AUTO_SAVE_VERSION => Some(&[3, 5]),
        DevicePropCode::REMOTE_VERSION => Some(&[5]),
        DevicePropCode::REMOTE_VIEW_VERSION => Some(&[11]),
        DevicePropCode::EXTENDED_VIEW_VERSION => Some(&[20]),
        DevicePropCode::EXTENDED_REMOTE_VERSION => Some(&[22]),
        DevicePropCode::GPS_VERSION => Some(&[10, 17]),
        _ => None,
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no code such as DF21")))
    }
}

/// A value in a state list: a number, or a word for something the camera knows at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ListValue {
    /// As it stands.
    Number(u32),
    /// Filled in when the list is read.
    Live(LiveValue),
}

/// What a state list tells of the camera at the moment it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveValue {
    /// Number of objects that the mode lists.
    Count,
    /// The camera state DF00.
    State,
}

/// One entry of a state list: `["D222", "count"]`.
pub type ListEntry = (Code, ListValue);
