//! Tables of codes, each with the evidence it stands on.
//!
//! A code from the wire is an open newtype: an unknown one decodes, prints as hex and passes on.
//! [`tables`] lists everything for programs that make documents or dissectors.

mod event;
mod format;
mod mode;
mod operation;
mod property;
mod response;

pub use event::EventCode;
pub use format::ObjectFormatCode;
pub use mode::{CameraState, FunctionMode, InitFailReason};
pub use operation::{DataDirection, OperationCode};
pub use property::DevicePropCode;
pub use response::ResponseCode;

use crate::value;

/// How sure we are of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Seen on a real camera, or two independent projects agree.
    A,
    /// Working code of one project.
    B,
    /// One remark, a guess, or our inference.
    C,
}

/// One row of a table of codes.
#[derive(Debug, Clone, Copy)]
pub struct CodeEntry {
    /// The code on the wire.
    pub code: u32,
    /// The standard's or the field's name, `UNKNOWN_..` where the meaning is a guess.
    pub name: &'static str,
    /// How sure we are that cameras use it so over Wi-Fi.
    pub grade: Grade,
    /// Where that was read or seen.
    pub source: &'static str,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

/// A table of codes of one kind.
#[derive(Debug, Clone, Copy)]
pub struct CodeTable {
    /// What the codes stand for, such as "operation".
    pub kind: &'static str,
    /// The rows, in order of their codes.
    pub entries: &'static [CodeEntry],
}

/// All tables, for documents, dissectors and tests.
pub fn tables() -> [CodeTable; 21] {
    [
        CodeTable { kind: "operation", entries: OperationCode::KNOWN },
        CodeTable { kind: "response", entries: ResponseCode::KNOWN },
        CodeTable { kind: "event", entries: EventCode::KNOWN },
        CodeTable { kind: "property", entries: DevicePropCode::KNOWN },
        CodeTable { kind: "object format", entries: ObjectFormatCode::KNOWN },
        CodeTable { kind: "camera state (DF00)", entries: CameraState::KNOWN },
        CodeTable { kind: "function mode (DF01)", entries: FunctionMode::KNOWN },
        CodeTable { kind: "init fail reason", entries: InitFailReason::KNOWN },
        CodeTable { kind: "battery of an X-T1 (5001)", entries: value::BatteryThirds::KNOWN },
        CodeTable { kind: "white balance (5005)", entries: value::WhiteBalance::KNOWN },
        CodeTable { kind: "focus mode (500A)", entries: value::FocusMode::KNOWN },
        CodeTable { kind: "flash (500C)", entries: value::Flash::KNOWN },
        CodeTable { kind: "exposure program (500E)", entries: value::ExposureProgram::KNOWN },
        CodeTable { kind: "self-timer (5012)", entries: value::SelfTimer::KNOWN },
        CodeTable { kind: "film simulation (D001)", entries: value::FilmSimulation::KNOWN },
        CodeTable { kind: "image quality (D018)", entries: value::ImageQuality::KNOWN },
        CodeTable { kind: "movie button (D019)", entries: value::MovieButton::KNOWN },
        CodeTable { kind: "command dial (D028)", entries: value::CommandDial::KNOWN },
        CodeTable { kind: "focus lock (D209)", entries: value::FocusLock::KNOWN },
        CodeTable { kind: "device error (D21B)", entries: value::DeviceError::KNOWN },
        CodeTable { kind: "image size (D241)", entries: value::ImageSize::KNOWN },
    ]
}

/// Makes an open newtype with named constants, its table, and a Debug that prints strangers as hex.
macro_rules! codes {
    (
        $(#[$doc:meta])*
        pub struct $name:ident($repr:ty) {
            $($constant:ident = $code:literal, $text:literal, $grade:ident, $source:literal, $meaning:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $repr);

        impl $name {
            $(
                #[doc = concat!("`", $text, "`: ", $meaning)]
                #[doc = ""]
                #[doc = concat!("Source: ", $source, ". Grade ", stringify!($grade), ".")]
                pub const $constant: Self = Self($code);
            )*

            /// Every code we know, in order, with its evidence.
            pub const KNOWN: &'static [$crate::code::CodeEntry] = &[$($crate::code::CodeEntry {
                code: $code,
                name: $text,
                grade: $crate::code::Grade::$grade,
                source: $source,
                meaning: $meaning,
            }),*];

            /// The row of the table, if the code is known.
            pub fn entry(self) -> Option<&'static $crate::code::CodeEntry> {
                Self::KNOWN.iter().find(|entry| entry.code == u32::from(self.0))
            }

            /// The field's name of the code, if it is known.
            pub fn name(self) -> Option<&'static str> {
                self.entry().map(|entry| entry.name)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, "{name} ({:#06X})", self.0),
                    None => write!(f, "{:#06X}", self.0),
                }
            }
        }
    };
}
pub(crate) use codes;
