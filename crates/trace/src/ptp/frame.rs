//! Cuts one way of a connection into packets, and finds the next one behind a gap.

use filmwire_codec::OperationCode;
use filmwire_codec::container::{ContainerType, HEADER_BYTES};

use super::judge::{Channel, HEAD_BYTES, Judgement, Kind, judge};
use crate::tcp::Piece;

/// Most bytes of a packet that are kept; of pictures and live view only the first few are.
pub const KEPT_BYTES: usize = 32 * 1024;
/// What is kept of a picture's data: as much as a journal shows.
const KEPT_OF_PICTURES: usize = HEADER_BYTES + filmwire_codec::journal::VALUE_BYTES;

/// A packet, or what stands where one should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// When its first byte was captured.
    pub(crate) first_ns: Option<u64>,
    /// When its last byte was captured.
    pub(crate) last_ns: Option<u64>,
    pub(crate) what: What,
}

/// What a [`Message`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A packet.
    Packet {
        kind: Kind,
        /// Its first bytes, head included; nothing behind a hole.
        bytes: Vec<u8>,
        /// Its length, head included.
        length: u64,
        /// Bytes of it that are lost.
        missing: u64,
    },
    /// Bytes of a picture's packet, if they are asked for, before the packet itself is told.
    Part {
        kind: Kind,
        /// Where they stand in the packet, head included.
        offset: u64,
        bytes: Vec<u8>,
    },
    /// Bytes that are no packet, or whose packet is unknown.
    Stray(u64),
    /// Lost bytes outside of a known packet; 0 if nobody knows how many.
    Lost(u64),
}

/// A packet of which not everything came yet.
#[derive(Debug)]
struct Open {
    kind: Kind,
    bytes: Vec<u8>,
    keep: usize,
    length: u64,
    passed: u64,
    missing: u64,
    first_ns: Option<u64>,
}

/// Of which packets the bytes are given out in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Spill {
    #[default]
    Nothing,
    /// Pictures, and what tells their names.
    Pictures,
    /// Every data phase, and live view.
    All,
}

/// Cuts one way of a connection into packets.
#[derive(Debug)]
pub(crate) struct Framer {
    channel: Channel,
    spill: Spill,
    /// No boundary is known.
    lost: bool,
    /// Bytes passed over while looking for one.
    stray: u64,
    head: Vec<u8>,
    head_ns: Option<u64>,
    open: Option<Open>,
}

impl Framer {
    pub(crate) fn new(channel: Channel, spill: Spill) -> Self {
        let (head, head_ns, open) = (Vec::new(), None, None);
        Self { channel, spill, lost: false, stray: 0, head, head_ns, open }
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.head.capacity() + self.open.as_ref().map_or(0, |open| open.bytes.capacity())
    }

    /// Takes the next piece and gives out the packets it completes.
    pub(crate) fn take(
        &mut self,
        at_ns: Option<u64>,
        piece: Piece<'_>,
        give: &mut impl FnMut(Message),
    ) {
        match piece {
            Piece::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    bytes = match &self.open {
                        Some(_) => self.fill(at_ns, bytes, give),
                        None => self.begin(at_ns, bytes, give),
                    };
                }
            }
            Piece::Gap(count) => self.skip(at_ns, count, give),
        }
    }

    /// Gives out what is unfinished: nothing more will come.
    pub(crate) fn finish(&mut self, at_ns: Option<u64>, give: &mut impl FnMut(Message)) {
        if let Some(open) = &mut self.open {
            open.missing += open.length - open.passed;
            self.close(at_ns, give);
        }
        self.stray += self.head.len() as u64;
        self.head.clear();
        self.tell_stray(at_ns, give);
    }

    /// Adds to the open packet; returns the rest.
    fn fill<'a>(
        &mut self,
        at_ns: Option<u64>,
        bytes: &'a [u8],
        give: &mut impl FnMut(Message),
    ) -> &'a [u8] {
        let Some(open) = &mut self.open else { return bytes };
        let left = usize::try_from(open.length - open.passed).unwrap_or(usize::MAX);
        let (own, rest) = bytes.split_at(left.min(bytes.len()));
        let room = if open.missing == 0 { open.keep.saturating_sub(open.bytes.len()) } else { 0 };
        open.bytes.extend(own.iter().take(room));
        if self.spill.has(open.kind) {
            give(open.part(at_ns, open.passed, own));
        }
        open.passed += own.len() as u64;
        if open.passed == open.length {
            self.close(at_ns, give);
        }
        rest
    }

    /// Reads the head of the next packet; returns the rest.
    fn begin<'a>(
        &mut self,
        at_ns: Option<u64>,
        bytes: &'a [u8],
        give: &mut impl FnMut(Message),
    ) -> &'a [u8] {
        if self.head.is_empty() {
            self.head_ns = at_ns;
        }
        let had = self.head.len();
        let news = bytes.get(..HEAD_BYTES.saturating_sub(had)).unwrap_or(bytes);
        self.head.extend(news);
        match judge(self.channel, &self.head, self.lost) {
            Judgement::Packet(kind, length) => {
                self.tell_stray(at_ns, give);
                self.lost = false;
                // A goodbye may be shorter than what waits; the rest of that stays.
                let head = usize::try_from(length).unwrap_or(usize::MAX).min(self.head.len());
                let used = head.saturating_sub(had);
                self.head.truncate(had.max(head));
                self.open_packet(kind, length, head);
                self.head_ns = at_ns;
                if let Some(open) = self.open.as_ref().filter(|_| self.spill.has(kind)) {
                    give(open.part(at_ns, 0, &open.bytes));
                }
                if self.open.as_ref().is_some_and(|open| open.passed == open.length) {
                    self.close(at_ns, give);
                }
                bytes.get(used..).unwrap_or_default()
            }
            Judgement::Short => bytes.get(news.len()..).unwrap_or_default(),
            Judgement::Nonsense => {
                self.lost = true;
                self.stray += 1;
                // Look again one byte on. What came of this piece is put back.
                self.head.truncate(had);
                match had {
                    0 => bytes.get(1..).unwrap_or_default(),
                    _ => {
                        self.head.remove(0);
                        bytes
                    }
                }
            }
        }
    }

    fn open_packet(&mut self, kind: Kind, length: u64, head: usize) {
        let keep = match kind {
            Kind::Frame => HEAD_BYTES,
            Kind::Container(_) if is_picture(kind) => KEPT_OF_PICTURES,
            _ => KEPT_BYTES,
        };
        let room = usize::try_from(length).unwrap_or(usize::MAX).min(keep);
        let mut bytes = Vec::with_capacity(room.max(head));
        bytes.extend(self.head.drain(..head));
        let (passed, first_ns) = (bytes.len() as u64, self.head_ns);
        self.open = Some(Open { kind, bytes, keep, length, passed, missing: 0, first_ns });
    }

    fn close(&mut self, last_ns: Option<u64>, give: &mut impl FnMut(Message)) {
        let Some(open) = self.open.take() else { return };
        let Open { kind, bytes, length, missing, first_ns, .. } = open;
        give(Message { first_ns, last_ns, what: What::Packet { kind, bytes, length, missing } });
    }

    fn skip(&mut self, at_ns: Option<u64>, count: u64, give: &mut impl FnMut(Message)) {
        let mut outside = count;
        if let Some(open) = &mut self.open {
            let left = open.length - open.passed;
            // A hole of known length within a packet leaves its end known.
            let within = if count == 0 { left } else { count.min(left) };
            open.missing += within;
            open.passed += within;
            outside = count - within.min(count);
            if open.passed < open.length {
                return;
            }
            self.close(at_ns, give);
            if count > 0 && outside == 0 {
                return;
            }
        }
        self.stray += self.head.len() as u64;
        self.head.clear();
        self.tell_stray(at_ns, give);
        self.lost = true;
        give(Message { first_ns: at_ns, last_ns: at_ns, what: What::Lost(outside) });
    }

    fn tell_stray(&mut self, at_ns: Option<u64>, give: &mut impl FnMut(Message)) {
        let count = std::mem::take(&mut self.stray);
        if count > 0 {
            give(Message { first_ns: at_ns, last_ns: at_ns, what: What::Stray(count) });
        }
    }
}

impl Open {
    fn part(&self, at_ns: Option<u64>, offset: u64, bytes: &[u8]) -> Message {
        let (kind, bytes) = (self.kind, bytes.to_vec());
        Message { first_ns: at_ns, last_ns: at_ns, what: What::Part { kind, offset, bytes } }
    }
}

/// True for data of pictures, and pictures of live view.
fn is_picture(kind: Kind) -> bool {
    match kind {
        Kind::Frame => true,
        Kind::Container(header) if header.kind == ContainerType::DATA => matches!(
            OperationCode(header.code),
            OperationCode::GET_PARTIAL_OBJECT
                | OperationCode::GET_OBJECT
                | OperationCode::GET_THUMB
                | OperationCode::GET_CAPTURE_PREVIEW
        ),
        _ => false,
    }
}

impl Spill {
    /// True for what is given out in parts.
    fn has(self, kind: Kind) -> bool {
        let data = match kind {
            Kind::Container(header) if header.kind == ContainerType::DATA => Some(header.code),
            _ => None,
        };
        let is_name = |code| OperationCode(code) == OperationCode::GET_OBJECT_INFO;
        match self {
            Self::Nothing => false,
            Self::Pictures => is_picture(kind) || data.is_some_and(is_name),
            Self::All => is_picture(kind) || data.is_some(),
        }
    }
}
