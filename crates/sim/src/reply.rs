//! What the Responder decided to send, before it is bytes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use filmwire_codec::ResponseCode;
use filmwire_codec::dataset::EventDataset;

use crate::card::{CardObject, Content};
use crate::media::Look;
use crate::replay::Spooled;

/// An operation as it came: command and, where the operation has one, data phase.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) operation: u16,
    pub(crate) transaction: u32,
    pub(crate) params: Vec<u32>,
    /// The beginning of the data phase towards the camera; `None` if there was none.
    pub(crate) data: Option<Vec<u8>>,
    /// Length of that data phase in bytes.
    pub(crate) data_bytes: u64,
}

impl Command {
    /// A parameter; one that was not sent is 0.
    pub(crate) fn param(&self, index: usize) -> u32 {
        self.params.get(index).copied().unwrap_or(0)
    }

    /// The number in the data phase: up to four bytes, zero-extended. Longer payloads are
    /// tolerated, as cameras do (fact sheet 3.2).
    pub(crate) fn number(&self) -> u32 {
        let mut bytes = [0; 4];
        let data = self.data.as_deref().unwrap_or_default();
        bytes.iter_mut().zip(data).for_each(|(to, byte)| *to = *byte);
        u32::from_le_bytes(bytes)
    }
}

/// What happens after a command.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Data phase, if any, and response.
    Answer(Answer),
    /// Nothing at all, which is this family's usual error.
    Silent,
    /// The camera hangs up: nothing is left of what was picked on it, or so it was recorded.
    Close,
}

/// What an answer does to the remote function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// 0x101C: the ports listen before the answer goes out, and live view starts.
    Start,
    /// 0x1018: live view stops; the sockets stay.
    Stop,
    /// DF00 = 6 after it: what becomes of the sockets is the persona's.
    Leave,
    /// 0x1003: the sockets end with the session.
    End,
}

/// A data phase and a response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) data: Option<Body>,
    pub(crate) code: ResponseCode,
    pub(crate) params: Vec<u32>,
    /// Not before this time has passed.
    pub(crate) after: Duration,
    /// Not before the person pressed OK.
    pub(crate) held: bool,
    /// Told on the event connection once the response is out.
    pub(crate) events: Vec<EventDataset>,
    /// What the journal says beside it.
    pub(crate) note: Option<&'static str>,
    pub(crate) remote: Option<Step>,
}

impl Answer {
    pub(crate) fn new(code: ResponseCode) -> Self {
        Self {
            data: None,
            code,
            params: Vec::new(),
            after: Duration::ZERO,
            held: false,
            events: Vec::new(),
            note: None,
            remote: None,
        }
    }

    pub(crate) fn ok() -> Self {
        Self::new(ResponseCode::OK)
    }

    /// OK with a data phase.
    pub(crate) fn data(bytes: impl Into<Bytes>) -> Self {
        Self { data: Some(Body::Bytes(bytes.into())), ..Self::ok() }
    }

    /// A response to an operation whose data phase comes from the camera: it comes, empty, even
    /// with an error (fact sheet 3.2).
    pub(crate) fn empty(code: ResponseCode) -> Self {
        Self { data: Some(Body::Bytes(Bytes::new())), ..Self::new(code) }
    }

    pub(crate) fn data_bytes(&self) -> u64 {
        self.data.as_ref().map_or(0, Body::len)
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// The payload of a data phase.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Ready bytes.
    Bytes(Bytes),
    /// Part of an object, read when it is sent.
    Object { object: Arc<CardObject>, offset: u64, length: u64 },
    /// Of a recording.
    Spooled(Spooled),
}

/// Most bytes read from an object at once.
pub(crate) const READ_BYTES: u64 = 1 << 20;

impl Body {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Object { length, .. } => *length,
            Self::Spooled(body) => body.len(),
        }
    }

    /// Whether reading may take long: rendering a scene, or a disk.
    pub(crate) fn is_slow(&self) -> bool {
        let object = match self {
            Self::Bytes(_) => return false,
            Self::Object { object, .. } => object,
            Self::Spooled(body) => return body.is_slow(),
        };
        match &object.content {
            Content::Memory(_) | Content::Pattern(_) => false,
            Content::File(_) => true,
            Content::Photo(spec) => spec.look == Look::Scene,
            Content::Film(spec) => spec.look == Look::Scene,
            Content::Raw(spec) => spec.preview.look == Look::Scene,
        }
    }

    /// Takes the next bytes off the front; empty at the end.
    ///
    /// Fails with the error of the file system, or if a file became shorter than it was.
    pub(crate) fn next(&mut self) -> io::Result<Bytes> {
        match self {
            Self::Bytes(bytes) => Ok(std::mem::take(bytes)),
            Self::Spooled(body) => body.next(),
            Self::Object { length: 0, .. } => Ok(Bytes::new()),
            Self::Object { object, offset, length } => {
                let wanted = (*length).min(READ_BYTES);
                let bytes = object.read_at(*offset, wanted as usize)?;
                if bytes.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                *offset += bytes.len() as u64;
                *length -= bytes.len() as u64;
                Ok(bytes)
            }
        }
    }
}
