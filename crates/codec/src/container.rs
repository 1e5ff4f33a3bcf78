//! Containers: everything on TCP 55740 after the ack, and the packets of 55741.
//!
//! The header is that of PTP over USB: u32 length (itself included), u16 type, u16 code,
//! u32 transaction id. Source: the fact sheet's section 3.1, grade A.

use crate::code::{OperationCode, ResponseCode};
use crate::error::{DecodeError, Problem};
use crate::id::TransactionId;
use crate::reader::Reader;

/// Length of a container header in bytes.
pub const HEADER_BYTES: usize = 12;
/// Most parameters a command or response carries.
pub const MAX_PARAMS: usize = 5;

/// What a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContainerType(pub u16);

impl ContainerType {
    /// Initiator to Responder: an operation and its parameters.
    pub const COMMAND: Self = Self(1);
    /// Either way: the payload of a data phase, in one container.
    pub const DATA: Self = Self(2);
    /// Responder to Initiator: how the operation ended.
    pub const RESPONSE: Self = Self(3);
    /// Responder to Initiator, on 55741 only.
    pub const EVENT: Self = Self(4);
}

/// The first 12 bytes of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerHeader {
    /// Length of the whole container in bytes, header included.
    pub length: u32,
    /// What it holds.
    pub kind: ContainerType,
    /// Operation code (command, data), response code or event code.
    pub code: u16,
    /// Echoes the Initiator's choice.
    pub transaction: TransactionId,
}

impl ContainerHeader {
    /// Decodes a header.
    ///
    /// Fails with [`DecodeError`] if fewer than 12 bytes are there or the length is below 12.
    pub fn decode(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(input);
        let length = reader.u32("container length")?;
        if (length as usize) < HEADER_BYTES {
            let problem = Problem::Value { found: u64::from(length), expected: "12 or more" };
            return Err(DecodeError { field: "container length", offset: 0, problem });
        }
        Ok(Self {
            length,
            kind: ContainerType(reader.u16("container type")?),
            code: reader.u16("code")?,
            transaction: TransactionId(reader.u32("transaction id")?),
        })
    }

    /// Encodes the 12 bytes.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let length = self.length.to_le_bytes();
        let word = (u32::from(self.kind.0) | u32::from(self.code) << 16).to_le_bytes();
        let transaction = self.transaction.0.to_le_bytes();
        let bytes = length.into_iter().chain(word).chain(transaction);
        out.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        out
    }

    /// Bytes behind the header.
    pub fn payload_bytes(&self) -> usize {
        (self.length as usize).saturating_sub(HEADER_BYTES)
    }
}

/// Encodes a command container.
pub fn encode_command(code: OperationCode, transaction: TransactionId, params: &[u32]) -> Vec<u8> {
    encode_params(ContainerType::COMMAND, code.0, transaction, params)
}

/// Encodes a response container.
pub fn encode_response(code: ResponseCode, transaction: TransactionId, params: &[u32]) -> Vec<u8> {
    encode_params(ContainerType::RESPONSE, code.0, transaction, params)
}

/// Encodes the header of a data container whose payload has `payload_bytes`.
///
/// A payload that does not fit the u32 length announces 0xFFFFFFFF, as over USB.
pub fn encode_data_header(
    code: OperationCode,
    transaction: TransactionId,
    payload_bytes: usize,
) -> [u8; HEADER_BYTES] {
    let length = u32::try_from(payload_bytes + HEADER_BYTES).unwrap_or(u32::MAX);
    ContainerHeader { length, kind: ContainerType::DATA, code: code.0, transaction }.encode()
}

fn encode_params(
    kind: ContainerType,
    code: u16,
    transaction: TransactionId,
    params: &[u32],
) -> Vec<u8> {
    let length = (HEADER_BYTES + params.len() * 4) as u32;
    let mut out = Vec::with_capacity(length as usize);
    out.extend(ContainerHeader { length, kind, code, transaction }.encode());
    out.extend(params.iter().flat_map(|param| param.to_le_bytes()));
    out
}

/// Decodes the parameters behind a command's or response's header: u32 each, at most five.
///
/// Surplus bytes are ignored, as cameras do (the fact sheet's section 3.2).
pub fn decode_params(payload: &[u8]) -> Vec<u32> {
    payload.as_chunks().0.iter().take(MAX_PARAMS).copied().map(u32::from_le_bytes).collect()
}

/// The Responder's answer to an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// How it ended.
    pub code: ResponseCode,
    /// The transaction it belongs to.
    pub transaction: TransactionId,
    /// Usually none; GetPartialObject tells the bytes sent.
    pub params: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_below_the_header_is_refused() {
        let mut bytes = encode_command(OperationCode::OPEN_SESSION, TransactionId(1), &[]);
        bytes[0] = 11;
        let error = ContainerHeader::decode(&bytes).unwrap_err();
        assert_eq!((error.field, error.offset), ("container length", 0));
    }

    #[test]
    fn padded_commands_keep_five_parameters() {
        // ptp-ip always sends five parameters (the fact sheet's section 3.2).
        let wire = [1u32, 2, 3, 4, 5, 6].map(u32::to_le_bytes).concat();
        assert_eq!(decode_params(&wire), [1, 2, 3, 4, 5]);
    }
}
