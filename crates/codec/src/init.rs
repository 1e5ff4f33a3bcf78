//! Registration packets on TCP 55740: the only ones with a PTP/IP header (u32 length, u32 type).

use crate::code::InitFailReason;
use crate::error::{DecodeError, Problem};
use crate::reader::Reader;
use crate::string::{decode_padded_utf16, encode_padded_utf16};

/// The word in every init request. Source: the fact sheet's section 2.1, grade A.
pub const PROTOCOL_CONSTANT: u32 = 0x8F53_E4F2;
/// Length of an init request in bytes. An X-T4 closes the socket for any other.
pub const INIT_REQUEST_BYTES: usize = 82;
/// Length of an init ack in bytes. Seen: log:XT5, X-T2 capture.
pub const INIT_ACK_BYTES: usize = 68;
/// Length of an init fail in bytes.
pub const INIT_FAIL_BYTES: usize = 12;
/// The eight bytes a client sends last; the same bytes from a camera mean error or busy.
pub const GOODBYE: [u8; 8] = [8, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
/// GUID words 1 to 3 of the vendor's own apps, then word 4 zero. Source: hkr, libfuji.
pub const CLIENT_GUID: [u8; 16] =
    [0xAD, 0xA5, 0x48, 0x5D, 0x87, 0xB2, 0x7F, 0x0B, 0xD3, 0xD5, 0xDE, 0xD0, 0, 0, 0, 0];
/// GUID every camera answers with; a constant, not a body's. Seen: X-T2 capture, X-T100 capture.
pub const CAMERA_GUID: [u8; 16] = [
    0x08, 0x70, 0xB0, 0x61, 0x0A, 0x8B, 0x45, 0x93, 0xB2, 0xE7, 0x93, 0x57, 0xDD, 0x36, 0xE0, 0x50,
];
const NAME_UNITS_REQUEST: usize = 27;
const NAME_UNITS_ACK: usize = 20;
const TYPE_REQUEST: u32 = 1;
const TYPE_ACK: u32 = 2;
const TYPE_FAIL: u32 = 5;

/// Client to camera: who wants in. 82 bytes, always.
///
/// Layout: u32 length, u32 type 1, u32 constant, GUID (16), name as UTF-16LE in 54 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitRequest {
    /// [`PROTOCOL_CONSTANT`]; anything else is answered with reason 0x201D.
    pub constant: u32,
    /// Not checked by cameras; the vendor's apps put the phone's address into the last word.
    pub guid: [u8; 16],
    /// What the camera stores and shows; at most 26 characters travel.
    pub name: String,
}

impl InitRequest {
    /// A request with the vendor's GUID words and the given name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { constant: PROTOCOL_CONSTANT, guid: CLIENT_GUID, name: name.into() }
    }

    /// Encodes the 82 bytes; a longer name is cut after 26 UTF-16 units.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(INIT_REQUEST_BYTES);
        out.extend((INIT_REQUEST_BYTES as u32).to_le_bytes());
        out.extend(TYPE_REQUEST.to_le_bytes());
        out.extend(self.constant.to_le_bytes());
        out.extend(self.guid);
        encode_padded_utf16(&mut out, &self.name, NAME_UNITS_REQUEST);
        out
    }

    /// Decodes a request; the name field may be shorter than 54 bytes, as one client sends it.
    ///
    /// Fails with [`DecodeError`] if the length word, the type or the fields before the name are wrong.
    pub fn decode(input: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = header(input, TYPE_REQUEST, "1 (init request)")?;
        let constant = reader.u32("protocol constant")?;
        let guid = reader.guid("client GUID")?;
        let name = decode_padded_utf16(reader.rest());
        Ok(Self { constant, guid, name })
    }
}

/// Camera to client: welcome. 68 bytes.
///
/// Layout: u32 length, u32 type 2, u32 connection number, GUID (16), name as UTF-16LE in 40 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitAck {
    /// 0 in every capture.
    pub connection: u32,
    /// [`CAMERA_GUID`] in every capture.
    pub guid: [u8; 16],
    /// The model, such as `X-T2`.
    pub name: String,
}

impl InitAck {
    /// The ack of a camera of this model.
    pub fn new(name: impl Into<String>) -> Self {
        Self { connection: 0, guid: CAMERA_GUID, name: name.into() }
    }

    /// Encodes the 68 bytes; a longer name is cut after 19 UTF-16 units.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(INIT_ACK_BYTES);
        out.extend((INIT_ACK_BYTES as u32).to_le_bytes());
        out.extend(TYPE_ACK.to_le_bytes());
        out.extend(self.connection.to_le_bytes());
        out.extend(self.guid);
        encode_padded_utf16(&mut out, &self.name, NAME_UNITS_ACK);
        out
    }
}

/// Camera to client: not now. 12 bytes; the connection stays open for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitFail {
    /// Why.
    pub reason: InitFailReason,
}

impl InitFail {
    /// Encodes the 12 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(INIT_FAIL_BYTES);
        out.extend((INIT_FAIL_BYTES as u32).to_le_bytes());
        out.extend(TYPE_FAIL.to_le_bytes());
        out.extend(self.reason.0.to_le_bytes());
        out
    }
}

/// What a camera answers to an init request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitAnswer {
    /// Welcome.
    Ack(InitAck),
    /// Not now.
    Fail(InitFail),
}

impl InitAnswer {
    /// Decodes one complete packet: ack or fail by its type word.
    ///
    /// Fails with [`DecodeError`] on another type, a wrong length word or a short packet.
    pub fn decode(input: &[u8]) -> Result<Self, DecodeError> {
        let mut peek = Reader::new(input);
        peek.u32("length")?;
        if peek.u32("type")? == TYPE_FAIL {
            let mut reader = header(input, TYPE_FAIL, "5 (init fail)")?;
            return Ok(Self::Fail(InitFail { reason: InitFailReason(reader.u32("reason")?) }));
        }
        let mut reader = header(input, TYPE_ACK, "2 (init ack) or 5 (init fail)")?;
        let connection = reader.u32("connection number")?;
        let guid = reader.guid("camera GUID")?;
        let name = decode_padded_utf16(reader.rest());
        Ok(Self::Ack(InitAck { connection, guid, name }))
    }
}

fn header<'a>(
    input: &'a [u8],
    wanted: u32,
    expected: &'static str,
) -> Result<Reader<'a>, DecodeError> {
    let mut reader = Reader::new(input);
    let length = u64::from(reader.u32("length")?);
    if length != input.len() as u64 {
        let problem = Problem::Length { announced: length, actual: input.len() as u64 };
        return Err(DecodeError { field: "length", offset: 0, problem });
    }
    let found = reader.u32("type")?;
    if found != wanted {
        let problem = Problem::Value { found: u64::from(found), expected };
        return Err(DecodeError { field: "type", offset: 4, problem });
    }
    Ok(reader)
}
