//! Where a packet begins and how long it is, and where one may begin after bytes were lost.
//!
//! At a known boundary every packet the framing allows is taken, also of unknown codes. Behind a
//! gap only what the tables know counts, since bytes of pictures stand there.

use filmwire_codec::container::{ContainerHeader, ContainerType, HEADER_BYTES, MAX_PARAMS};
use filmwire_codec::init::{
    GOODBYE, INIT_ACK_BYTES, INIT_FAIL_BYTES, INIT_REQUEST_BYTES, PROTOCOL_CONSTANT,
};
use filmwire_codec::{EventCode, OperationCode, ResponseCode};

/// What travels on a way of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Commands, and data of writing operations.
    ToCamera,
    /// Data and responses.
    FromCamera,
    /// Events.
    Events,
    /// Live view.
    LiveView,
}

/// What a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A step of the registration.
    Init,
    /// The end.
    Goodbye,
    /// A command, data, a response or an event.
    Container(ContainerHeader),
    /// A picture of the live view.
    Frame,
}

/// What the first bytes of a packet tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// More of them are needed.
    Short,
    /// A packet of so many bytes.
    Packet(Kind, u64),
    /// No packet begins so.
    Nonsense,
}

/// Bytes that always suffice for a judgement.
pub const HEAD_BYTES: usize = 20;
/// Length and type of an init packet.
const INIT_HEAD_BYTES: usize = 8;
/// No init packet of anybody is longer.
const MOST_INIT_BYTES: u32 = 256;
/// Room for bytes behind the parameters, which cameras ignore (the fact sheet's section 3.2).
const MOST_PARAM_BYTES: u32 = 64;
/// Behind a gap longer data is not believed: 1 MiB is the largest piece anybody asks for (the fact
/// sheet's section 3.4), and thumbnails and previews are smaller.
const MOST_LIKELY_BYTES: u32 = 16 << 20;
/// Header of a live-view packet, before its JPEG (the fact sheet's section 8.6).
const FRAME_HEAD_BYTES: usize = 18;
const MOST_FRAME_BYTES: u32 = 4 << 20;

/// Judges the first bytes of a packet; `strict` behind a gap.
pub fn judge(channel: Channel, head: &[u8], strict: bool) -> Judgement {
    match channel {
        Channel::LiveView => frame(head, strict),
        Channel::Events => container(channel, head, strict),
        Channel::ToCamera | Channel::FromCamera => {
            let Some(&start) = head.first_chunk::<INIT_HEAD_BYTES>() else {
                return Judgement::Short;
            };
            if start == GOODBYE {
                return Judgement::Packet(Kind::Goodbye, GOODBYE.len() as u64);
            }
            match init(channel, head, strict) {
                Judgement::Nonsense => container(channel, head, strict),
                judgement => judgement,
            }
        }
    }
}

fn word(head: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*head.get(offset..)?.first_chunk()?))
}

/// Init packets have a code of 0 where containers have theirs.
fn init(channel: Channel, head: &[u8], strict: bool) -> Judgement {
    let (Some(length), Some(kind)) = (word(head, 0), word(head, 4)) else {
        return Judgement::Short;
    };
    let (usual, least) = match (channel, kind) {
        (Channel::ToCamera, 1) => (INIT_REQUEST_BYTES, 28),
        (Channel::FromCamera, 2) => (INIT_ACK_BYTES, 28),
        (Channel::FromCamera, 5) => (INIT_FAIL_BYTES, INIT_FAIL_BYTES as u32),
        _ => return Judgement::Nonsense,
    };
    if strict && length as usize != usual || !(least..=MOST_INIT_BYTES).contains(&length) {
        return Judgement::Nonsense;
    }
    if strict && kind == 1 {
        match word(head, 8) {
            None => return Judgement::Short,
            Some(PROTOCOL_CONSTANT) => {}
            Some(_) => return Judgement::Nonsense,
        }
    }
    Judgement::Packet(Kind::Init, u64::from(length))
}

fn container(channel: Channel, head: &[u8], strict: bool) -> Judgement {
    if head.len() < HEADER_BYTES {
        return Judgement::Short;
    }
    let Ok(header) = ContainerHeader::decode(head) else { return Judgement::Nonsense };
    let fits = match (channel, header.kind) {
        (Channel::ToCamera, ContainerType::COMMAND)
        | (Channel::FromCamera, ContainerType::RESPONSE)
        | (Channel::Events, ContainerType::EVENT) => header.length <= MOST_PARAM_BYTES,
        (Channel::ToCamera | Channel::FromCamera, ContainerType::DATA) => true,
        _ => false,
    };
    if !fits || (strict && !is_likely(&header)) {
        return Judgement::Nonsense;
    }
    Judgement::Packet(Kind::Container(header), u64::from(header.length))
}

/// True for codes of our tables and lengths that were seen.
fn is_likely(header: &ContainerHeader) -> bool {
    let payload = header.payload_bytes();
    let are_params = payload.is_multiple_of(4) && payload <= MAX_PARAMS * 4;
    let code = header.code;
    match header.kind {
        ContainerType::COMMAND => are_params && OperationCode(code).name().is_some(),
        ContainerType::DATA => {
            header.length <= MOST_LIKELY_BYTES && OperationCode(code).name().is_some()
        }
        ContainerType::RESPONSE => are_params && ResponseCode(code).name().is_some(),
        ContainerType::EVENT => are_params && payload > 0 && EventCode(code).name().is_some(),
        _ => false,
    }
}

fn frame(head: &[u8], strict: bool) -> Judgement {
    if head.len() < HEAD_BYTES {
        return Judgement::Short;
    }
    let length = word(head, 0).unwrap_or_default();
    let fits = (HEAD_BYTES as u32..=MOST_FRAME_BYTES).contains(&length) && word(head, 4) == Some(0);
    let has_jpeg = || head.get(FRAME_HEAD_BYTES..HEAD_BYTES) == Some(&[0xFF, 0xD8]);
    if !fits || (strict && !(word(head, 12) == Some(0) && has_jpeg())) {
        return Judgement::Nonsense;
    }
    Judgement::Packet(Kind::Frame, u64::from(length))
}

#[cfg(test)]
mod tests {
    use filmwire_codec::TransactionId;
    use filmwire_codec::container::{encode_command, encode_data_header, encode_response};

    use super::*;

    #[test]
    fn unknown_codes_are_packets_but_not_behind_a_gap() {
        let id = TransactionId(7);
        let strangers = [
            (Channel::ToCamera, encode_command(OperationCode(0x9FFF), id, &[1])),
            (Channel::FromCamera, encode_data_header(OperationCode(0x9FFF), id, 5).to_vec()),
            (Channel::FromCamera, encode_response(ResponseCode(0x2FFF), id, &[])),
        ];
        for (channel, bytes) in strangers {
            assert!(matches!(judge(channel, &bytes, false), Judgement::Packet(..)), "{bytes:?}");
            assert_eq!(judge(channel, &bytes, true), Judgement::Nonsense, "{bytes:?}");
        }
        let known = encode_response(ResponseCode::OK, id, &[]);
        assert!(matches!(judge(Channel::FromCamera, &known, true), Judgement::Packet(..)));
        assert_eq!(judge(Channel::ToCamera, &known, false), Judgement::Nonsense);
        let huge = encode_data_header(OperationCode::GET_OBJECT, id, usize::MAX >> 8);
        assert_eq!(judge(Channel::FromCamera, &huge, true), Judgement::Nonsense);
    }
}
