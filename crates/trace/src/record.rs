//! What a decoder gives out, one record a line of a transcript or of JSON.

use filmwire_codec::journal::Direction;
use filmwire_codec::{EventCode, InitFailReason, OperationCode, ResponseCode, TransactionId};
use serde::{Serialize, Serializer};

use crate::rule::Finding;

/// Something that was seen in a capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Record {
    /// A step of the registration, or the goodbye.
    Init(Init),
    /// An operation and what came of it.
    Transaction(Transaction),
    /// What the camera told unasked.
    Event(Event),
    /// A picture of the live view.
    Frame(Frame),
    /// Bytes of a picture, or of any data; only if they are asked for
    /// ([`Decoder::give_parts`](crate::Decoder::give_parts),
    /// [`Decoder::give_all_parts`](crate::Decoder::give_all_parts)).
    Part(Part),
    /// A field that nobody can explain; only if they are asked for
    /// ([`Decoder::give_fields`](crate::Decoder::give_fields)).
    Field(Field),
    /// A text of the discovery.
    Discovery(Discovery),
    /// Bytes the capture does not have, or that are no packet.
    Gap(Gap),
    /// What one should know to understand the rest.
    Note(Note),
}

impl Record {
    /// The word in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Transaction(_) => "transaction",
            Self::Event(_) => "event",
            Self::Frame(_) => "frame",
            Self::Part(_) => "part",
            Self::Field(_) => "field",
            Self::Discovery(_) => "discovery",
            Self::Gap(_) => "gap",
            Self::Note(_) => "note",
        }
    }

    /// When it was captured, in nanoseconds since 1970: its first byte.
    pub fn at_ns(&self) -> Option<u64> {
        match self {
            Self::Init(init) => init.at_ns,
            Self::Transaction(transaction) => transaction.at_ns,
            Self::Event(event) => event.at_ns,
            Self::Frame(frame) => frame.at_ns,
            Self::Part(part) => part.at_ns,
            Self::Field(field) => field.at_ns,
            Self::Discovery(discovery) => discovery.at_ns,
            Self::Gap(gap) => gap.at_ns,
            Self::Note(note) => note.at_ns,
        }
    }
}

/// Who sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The client.
    Client,
    /// The camera.
    Camera,
}

/// A step of the registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// Who wants in.
    Request,
    /// Welcome.
    Ack,
    /// Not now.
    Fail,
    /// The end, from a client; an error, from a camera.
    Goodbye,
    /// A packet of the registration that cannot be read.
    Broken,
}

/// A step of the registration, or the goodbye.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Init {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// Counts connections of the capture from 1.
    pub connection: u32,
    /// Who sent it.
    pub from: Side,
    /// Which step.
    pub step: Step,
    /// The client's name, or the camera's model. Untrusted.
    pub name: Option<String>,
    /// Why a camera refused.
    #[serde(serialize_with = "reason")]
    pub reason: Option<InitFailReason>,
}

/// An operation and what came of it. What the capture does not have is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Transaction {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// From the first byte of the command to the last of the response, in nanoseconds.
    #[serde(rename = "duration_us", serialize_with = "micros")]
    pub duration_ns: Option<u64>,
    /// Counts connections of the capture from 1.
    pub connection: u32,
    /// Its id on the wire.
    #[serde(serialize_with = "id")]
    pub id: TransactionId,
    /// Way of the data phase, as far as it was seen.
    pub direction: Direction,
    /// The operation; of a lost command, what its data says.
    #[serde(serialize_with = "operation")]
    pub operation: Option<OperationCode>,
    /// Its name, if it is known.
    pub operation_name: Option<&'static str>,
    /// True if the command was captured.
    pub asked: bool,
    /// Parameters as sent, at most five; `None` if the capture does not have all of them.
    pub params: Option<Vec<u32>>,
    /// The parameters in words.
    pub params_text: String,
    /// Length of the data phase in bytes.
    pub data_bytes: u64,
    /// Bytes of it that the capture does not have.
    pub missing_bytes: u64,
    /// Its first 64 bytes, as far as they were captured.
    #[serde(serialize_with = "hex")]
    pub value: Vec<u8>,
    /// The data phase in words; empty if there is nothing to say.
    pub data_text: String,
    /// The response.
    #[serde(serialize_with = "response")]
    pub response: Option<ResponseCode>,
    /// Its name, if it is known.
    pub response_name: Option<&'static str>,
    /// Its parameters; `None` if the capture does not have all of them.
    pub response_params: Option<Vec<u32>>,
    /// True if the camera ended the connection in place of a response. False also where the capture
    /// does not tell.
    pub hung_up: bool,
}

/// What the camera told unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// Counts connections of the capture from 1.
    pub connection: u32,
    /// What happened.
    #[serde(serialize_with = "event")]
    pub event: EventCode,
    /// Its name, if it is known.
    pub event_name: Option<&'static str>,
    /// The transaction it belongs to.
    #[serde(serialize_with = "id")]
    pub id: TransactionId,
    /// Its parameters.
    pub params: Vec<u32>,
}

/// A picture of the live view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// Counts connections of the capture from 1.
    pub connection: u32,
    /// The camera's own counter.
    pub counter: u32,
    /// Length of the packet in bytes.
    pub bytes: u64,
    /// Bytes of it that the capture does not have.
    pub missing_bytes: u64,
}

/// Bytes of an object, a thumbnail, a preview, or a picture of live view, or of any data phase, as
/// far as they were captured. The [`Transaction`] or [`Frame`] they belong to follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// Counts connections of the capture from 1.
    pub connection: u32,
    /// The transaction; `None` for live view.
    #[serde(serialize_with = "part_id")]
    pub id: Option<TransactionId>,
    /// Where they stand in the data, or in the packet of live view.
    pub offset: u64,
    /// The bytes.
    #[serde(serialize_with = "hex")]
    pub bytes: Vec<u8>,
}

/// A field of a dataset that is known, of which nobody knows what it means; or a value that has no
/// word where others have. The [`Transaction`] or [`Frame`] it belongs to stands before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// Counts connections of the capture from 1.
    pub connection: u32,
    /// The transaction; `None` for live view.
    #[serde(serialize_with = "part_id")]
    pub id: Option<TransactionId>,
    /// The dataset and what of it.
    pub field: &'static str,
    /// The property or another code it is about; 0 if it is about none.
    pub code: u32,
    /// Its bytes, at most 64 of them.
    #[serde(serialize_with = "hex")]
    pub value: Vec<u8>,
    /// How many it has.
    pub bytes: u64,
}

/// A text of the discovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Discovery {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// Who sent it: address and port.
    pub from: String,
    /// Whom to.
    pub to: String,
    /// `udp` or `tcp`.
    pub transport: &'static str,
    /// Its lines. Untrusted.
    pub lines: Vec<String>,
}

/// Bytes the capture does not have, or that are no packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Nanoseconds since 1970: when the capture went on.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// Counts connections of the capture from 1.
    pub connection: u32,
    /// Whose bytes.
    pub from: Side,
    /// True if the capture does not have them; false if they make no sense.
    pub lost: bool,
    /// How many; `None` if nobody knows.
    pub bytes: Option<u64>,
}

/// What one should know to understand the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Nanoseconds since 1970.
    #[serde(rename = "at_us", serialize_with = "micros")]
    pub at_ns: Option<u64>,
    /// The connection it is about.
    pub connection: Option<u32>,
    /// In words. What came from the capture is untrusted.
    pub text: String,
    /// What somebody did against the fact sheet, if it is about that.
    pub finding: Option<Finding>,
}

/// How a remark begins that somebody left in the file.
const COMMENT: &str = "comment: ";

impl Note {
    /// What somebody left in the file.
    pub(crate) fn comment(at_ns: Option<u64>, text: &str) -> Self {
        let text = format!("{COMMENT}{text:?}");
        Self { at_ns, connection: None, text, finding: None }
    }

    /// True if it says what could not be read of the capture itself, and why: packets of a kind that
    /// cannot be decoded, Wi-Fi that stays closed, a file that was cut. Whoever only counts must know.
    pub fn is_of_capture(&self) -> bool {
        let is_about_somebody = self.connection.is_some() || self.finding.is_some();
        !is_about_somebody && !self.text.starts_with(COMMENT)
    }
}

pub(crate) fn micros<S: Serializer>(ns: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
    ns.map(|ns| ns / 1000).serialize(to)
}

fn id<S: Serializer>(id: &TransactionId, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u32(id.0)
}

fn part_id<S: Serializer>(id: &Option<TransactionId>, to: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.0).serialize(to)
}

fn code<S: Serializer>(code: Option<u32>, to: S) -> Result<S::Ok, S::Error> {
    code.map(|code| format!("0x{code:04X}")).serialize(to)
}

fn operation<S: Serializer>(op: &Option<OperationCode>, to: S) -> Result<S::Ok, S::Error> {
    code(op.map(|op| u32::from(op.0)), to)
}

fn response<S: Serializer>(response: &Option<ResponseCode>, to: S) -> Result<S::Ok, S::Error> {
    code(response.map(|response| u32::from(response.0)), to)
}

fn event<S: Serializer>(event: &EventCode, to: S) -> Result<S::Ok, S::Error> {
    code(Some(u32::from(event.0)), to)
}

fn reason<S: Serializer>(reason: &Option<InitFailReason>, to: S) -> Result<S::Ok, S::Error> {
    code(reason.map(|reason| reason.0), to)
}

fn hex<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    to.serialize_str(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_left_in_the_file_is_not_what_is_missing() {
        let text = "packets of PPP (link type 9) cannot be decoded".to_owned();
        let missing = Note { at_ns: None, connection: None, text, finding: None };
        assert!(missing.is_of_capture());
        assert!(!Note { connection: Some(1), ..missing.clone() }.is_of_capture());
        let comment = Note::comment(None, &missing.text);
        assert!(!comment.is_of_capture() && comment.text.starts_with("comment: \"packets of PPP"));
    }
}
