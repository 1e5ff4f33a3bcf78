//! The wire of Fujifilm's PTP dialect as types.
//!
//! Fujifilm X cameras speak PTP (ISO 15740) on TCP 55740 in a dialect of their own: registration
//! packets ([`init`]) like PTP/IP's, then containers ([`container`]) like those of PTP over USB.
//! This crate turns bytes into types and back and holds the tables of codes with the evidence each
//! stands on ([`code`]), and gives the values of settings their words ([`value`]). It must not know sockets, clocks, async or policy.
//!
//! Every integer on the wire is little-endian. Decoding never panics, allocates no more than its
//! input justifies, and says which field at which byte was wrong.
//!
//! ```
//! use filmwire_codec::container::encode_command;
//! use filmwire_codec::{OperationCode, TransactionId};
//!
//! let bytes = encode_command(OperationCode::OPEN_SESSION, TransactionId(1), &[1]);
//! assert_eq!(bytes, [16, 0, 0, 0, 1, 0, 2, 0x10, 1, 0, 0, 0, 1, 0, 0, 0]);
//! ```

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

pub mod code;
pub mod container;
pub mod dataset;
pub mod init;
pub mod journal;
pub mod operation;
pub mod value;

mod date;
mod error;
mod id;
mod reader;
mod string;

pub use code::{
    CameraState, DataDirection, DevicePropCode, EventCode, FunctionMode, InitFailReason,
    ObjectFormatCode, OperationCode, ResponseCode,
};
pub use container::Response;
pub use date::DateTime;
pub use error::{DecodeError, Problem};
pub use id::{ObjectHandle, SessionId, StorageId, TransactionId};
pub use reader::Reader;
pub use string::PtpString;
