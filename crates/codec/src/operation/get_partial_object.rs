//! GetPartialObject.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::error::{DecodeError, Problem};
use crate::id::ObjectHandle;

/// Reads part of an object; the data phase goes from Responder to Initiator.
///
/// Source: ISO 15740, GetPartialObject. Seen: log:XT4. The offset is 32-bit: bytes past 4 GiB are
/// out of reach. A piece shorter than asked for means end of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetPartialObject {
    /// The object to read from.
    pub object: ObjectHandle,
    /// First byte wanted, counted from the start of the object.
    pub offset: u32,
    /// Most bytes wanted; the Responder may send fewer.
    pub max_bytes: u32,
}

impl GetPartialObject {
    /// Largest piece any client asks for: 1 MiB. Larger has not been tried over Wi-Fi.
    pub const PIECE_BYTES: u32 = 0x10_0000;
}

impl Operation for GetPartialObject {
    const CODE: OperationCode = OperationCode::GET_PARTIAL_OBJECT;
    type Output = Vec<u8>;

    fn params(&self) -> Vec<u32> {
        vec![self.object.0, self.offset, self.max_bytes]
    }

    fn decode(&self, data: Vec<u8>, response: &Response) -> Result<Vec<u8>, DecodeError> {
        let actual = data.len() as u64;
        let wrong = |announced| {
            let problem = Problem::Length { announced, actual };
            Err(DecodeError { field: "partial object", offset: 0, problem })
        };
        if actual > u64::from(self.max_bytes) {
            return wrong(u64::from(self.max_bytes));
        }
        // The first response parameter, if sent, repeats the length of the data.
        match response.params.first() {
            Some(&sent) if u64::from(sent) != actual => wrong(u64::from(sent)),
            _ => Ok(data),
        }
    }
}
