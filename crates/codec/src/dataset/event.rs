//! The event dataset on TCP 55741.

use crate::code::EventCode;
use crate::container::{ContainerHeader, ContainerType, HEADER_BYTES};
use crate::error::{DecodeError, Problem};
use crate::id::{SessionId, TransactionId};
use crate::reader::Reader;

/// What the Responder tells unasked: a container header whose last word is the session id,
/// then u32 transaction id and up to three parameters; 28 bytes when all are there.
///
/// Source: ISO 15740, event dataset; ptp-ip on X-T1. The USB event layout does not fit the bytes
/// (the fact sheet's section 12.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDataset {
    /// What happened.
    pub code: EventCode,
    /// 1 everywhere seen.
    pub session: SessionId,
    /// The capture it belongs to.
    pub transaction: TransactionId,
    /// Parameter 1 repeats the transaction, parameter 2 may be a size.
    pub params: Vec<u32>,
}

impl EventDataset {
    /// Decodes one complete packet.
    ///
    /// Fails with [`DecodeError`] on another container type, a wrong length or a short packet.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let header = ContainerHeader::decode(packet)?;
        if header.kind != ContainerType::EVENT {
            let problem = Problem::Value { found: u64::from(header.kind.0), expected: "4 (event)" };
            return Err(DecodeError { field: "container type", offset: 4, problem });
        }
        if header.length as usize != packet.len() {
            let problem = Problem::Length {
                announced: u64::from(header.length),
                actual: packet.len() as u64,
            };
            return Err(DecodeError { field: "container length", offset: 0, problem });
        }
        let mut r = Reader::new(packet);
        r.bytes("header", HEADER_BYTES)?;
        let transaction = TransactionId(r.u32("transaction id")?);
        let mut params = Vec::with_capacity(3);
        while r.left() > 0 && params.len() < 3 {
            params.push(r.u32("parameter")?);
        }
        r.finish("event")?;
        let code = EventCode(header.code);
        Ok(Self { code, session: SessionId(header.transaction.0), transaction, params })
    }

    /// Encodes the packet.
    pub fn encode(&self) -> Vec<u8> {
        let length = (HEADER_BYTES + 4 + self.params.len() * 4) as u32;
        let header = ContainerHeader {
            length,
            kind: ContainerType::EVENT,
            code: self.code.0,
            transaction: TransactionId(self.session.0),
        };
        let mut out = header.encode().to_vec();
        out.extend(self.transaction.0.to_le_bytes());
        out.extend(self.params.iter().flat_map(|param| param.to_le_bytes()));
        out
    }
}
