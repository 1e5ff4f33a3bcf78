//! One way of a connection: cut into packets as the decoder cuts it, each replaced as a whole where
//! it is short, and piece by piece where it is a picture.

use std::collections::VecDeque;

use filmwire_codec::container::{ContainerHeader, ContainerType, HEADER_BYTES, MAX_PARAMS};
use filmwire_codec::init::{CAMERA_GUID, CLIENT_GUID, InitAnswer, InitRequest};
use filmwire_codec::{EventCode, OperationCode, ResponseCode, TransactionId};
use filmwire_trace::framing::{Channel, HEAD_BYTES, Judgement, Kind, judge};

use crate::dataset::{self, Veil};
use crate::picture::{self, Blanker};
use crate::replaced::{Place, Replaced, Secret};
use crate::word;

/// Longer packets are no datasets of the tables.
const MOST_WHOLE_BYTES: u64 = 32 * 1024;
/// Data that waits for its command, with what stands behind it: a hole is known as one some twenty
/// packets later.
const MOST_WAITING_BYTES: usize = 128 * 1024;
/// Header of a picture of live view, and how much of it is known: lengths and a counter.
const FRAME_HEAD_BYTES: usize = 18;
const FRAME_KNOWN_BYTES: usize = 12;
/// Commands that wait for their data or response; a client sends one at a time.
const MOST_ASKED: usize = 12;
/// How the tables name codes that were seen and are not understood.
const UNEXPLAINED: &str = "UNKNOWN_";
/// Offsets in the packets of the registration.
const REQUEST_GUID: usize = 12;
const REQUEST_NAME: usize = 28;

/// What both ways of a connection must know.
#[derive(Debug)]
pub(crate) struct Talk {
    connection: u32,
    /// What stands for the client's address, if that is of IPv4.
    client: Option<[u8; 4]>,
    asked: VecDeque<(TransactionId, OperationCode, Vec<u32>)>,
}

/// A piece of what came out: when it was captured, and the bytes that stand for it.
pub(crate) type Give<'a> = &'a mut dyn FnMut(Option<u64>, &[u8]);

/// One way.
#[derive(Debug)]
pub(crate) struct Way {
    channel: Channel,
    /// No boundary is known.
    lost: bool,
    /// Data waits for its command: behind a hole in what the client said, which takes its time to be
    /// known as one, commands come later than what the camera answers.
    is_patient: bool,
    state: State,
    /// Bytes that are not replaced yet.
    held: Vec<u8>,
    /// When they and those in `out` came: times, and how many at that time.
    cuts: VecDeque<(Option<u64>, usize)>,
    out: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Between,
    /// In a packet that is taken as a whole.
    Whole(Kind, usize),
    /// In one that is replaced piece by piece, with so many bytes to come.
    Running(Blanker, u64),
}

impl Way {
    pub(crate) fn new(channel: Channel) -> Self {
        let (held, cuts, out) = (Vec::new(), VecDeque::new(), Vec::new());
        let is_patient = channel == Channel::FromCamera;
        Self { channel, lost: false, is_patient, state: State::Between, held, cuts, out }
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.held.capacity() + self.out.capacity() + self.cuts.capacity() * 32
    }

    /// Takes the next bytes, and gives out what stands for those whose packet is known.
    pub(crate) fn take(
        &mut self,
        at_ns: Option<u64>,
        bytes: &[u8],
        talk: &mut Talk,
        replaced: &mut Replaced,
        give: Give<'_>,
    ) {
        self.held.extend(bytes);
        self.cuts.push_back((at_ns, bytes.len()));
        self.go_on(talk, replaced, give);
    }

    /// Goes on with data that waited for its command; if that will not come, without.
    pub(crate) fn settle(
        &mut self,
        is_last: bool,
        talk: &mut Talk,
        replaced: &mut Replaced,
        give: Give<'_>,
    ) {
        let is_patient = self.is_patient;
        self.is_patient &= !is_last;
        if !self.held.is_empty() {
            self.go_on(talk, replaced, give);
        }
        self.is_patient = is_patient;
    }

    fn go_on(&mut self, talk: &mut Talk, replaced: &mut Replaced, give: Give<'_>) {
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_slice();
        let mut stray = 0;
        while let Some(used) = self.step(rest, talk, replaced, &mut stray) {
            rest = rest.get(used..).unwrap_or_default();
        }
        replaced.add(Secret::Stray, stray, talk.place(None));
        self.held.extend(rest);
        self.give_out(give);
    }

    /// Takes note of a hole; of so many bytes, or 0 if nobody knows.
    pub(crate) fn skip(
        &mut self,
        bytes: u64,
        talk: &Talk,
        replaced: &mut Replaced,
        give: Give<'_>,
    ) {
        let left = match &self.state {
            State::Between => 0,
            State::Whole(_, length) => (*length - self.held.len().min(*length)) as u64,
            State::Running(_, left) => *left,
        };
        self.give_up(talk, replaced, give);
        if bytes > 0 && left > bytes {
            self.state = State::Running(Blanker::Zeros, left - bytes);
            return;
        }
        self.state = State::Between;
        self.lost |= bytes == 0 || left < bytes;
    }

    /// Gives out what waits for bytes that will not come.
    pub(crate) fn give_up(&mut self, talk: &Talk, replaced: &mut Replaced, give: Give<'_>) {
        let held = std::mem::take(&mut self.held);
        let known = match self.state {
            State::Whole(Kind::Container(_), _) => HEADER_BYTES.min(held.len()),
            _ => 0,
        };
        let (head, rest) = held.split_at(known);
        self.out.extend(head);
        self.out.resize(self.out.len() + rest.len(), 0);
        replaced.add(Secret::Stray, rest.len(), talk.place(None));
        self.give_out(give);
    }

    /// How many bytes are done with; `None` if more are needed.
    fn step(
        &mut self,
        rest: &[u8],
        talk: &mut Talk,
        replaced: &mut Replaced,
        stray: &mut usize,
    ) -> Option<usize> {
        match &mut self.state {
            State::Between if rest.is_empty() => None,
            State::Between => {
                let head = rest.get(..HEAD_BYTES).unwrap_or(rest);
                match judge(self.channel, head, self.lost) {
                    Judgement::Short => None,
                    Judgement::Nonsense => {
                        self.lost = true;
                        *stray += 1;
                        self.out.push(0);
                        Some(1)
                    }
                    Judgement::Packet(kind, length) => {
                        self.begin(kind, length, rest, talk, replaced)
                    }
                }
            }
            State::Whole(kind, length) => {
                let (kind, packet) = (*kind, rest.get(..*length)?);
                self.state = State::Between;
                let stand_in = talk.whole(kind, packet, replaced);
                self.out.extend(stand_in);
                Some(packet.len())
            }
            State::Running(blanker, left) => {
                let own = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                let bytes = rest.get(..own).filter(|bytes| !bytes.is_empty())?;
                *left -= own as u64;
                blanker.put(bytes, *left, &mut self.out);
                if *left == 0 {
                    self.state = State::Between;
                }
                Some(own)
            }
        }
    }

    /// Decides how a packet is replaced.
    fn begin(
        &mut self,
        kind: Kind,
        length: u64,
        rest: &[u8],
        talk: &Talk,
        replaced: &mut Replaced,
    ) -> Option<usize> {
        if self.is_patient && rest.len() < MOST_WAITING_BYTES && talk.waits_for_command(kind) {
            return None;
        }
        let picture = talk.picture(kind);
        let (head, transaction) = match kind {
            Kind::Frame => (FRAME_HEAD_BYTES, None),
            Kind::Container(header) if header.kind == ContainerType::DATA => {
                (HEADER_BYTES, Some(header.transaction))
            }
            _ => (0, None),
        };
        if picture.is_none() && length <= MOST_WHOLE_BYTES {
            self.lost = false;
            self.state = State::Whole(kind, usize::try_from(length).ok()?);
            return Some(0);
        }
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(head + picture::HEAD_BYTES);
        let bytes = rest.get(head..wanted)?;
        self.lost = false;
        let blanker = match picture {
            Some(true) => Blanker::of(bytes),
            _ => Blanker::Zeros,
        };
        let left = length - head as u64;
        let secret = if picture.is_some() { Secret::Picture } else { Secret::Unknown };
        let count = usize::try_from(left).unwrap_or(usize::MAX);
        replaced.add(secret, count, talk.place(transaction));
        self.out.extend(rest.iter().take(head.min(FRAME_KNOWN_BYTES)));
        self.out.resize(self.out.len() + head.saturating_sub(FRAME_KNOWN_BYTES), 0);
        self.state = if left == 0 { State::Between } else { State::Running(blanker, left) };
        Some(head)
    }

    /// Gives out what is done, cut as it came.
    fn give_out(&mut self, give: Give<'_>) {
        let mut rest = self.out.as_slice();
        while let Some((at_ns, count)) = self.cuts.front_mut() {
            let (own, behind) = rest.split_at(rest.len().min(*count));
            if own.is_empty() && *count > 0 {
                break;
            }
            give(*at_ns, own);
            rest = behind;
            *count -= own.len();
            if *count > 0 {
                break;
            }
            self.cuts.pop_front();
        }
        self.out.clear();
    }
}

impl Talk {
    pub(crate) fn new(connection: u32, client: Option<[u8; 4]>) -> Self {
        Self { connection, client, asked: VecDeque::new() }
    }

    fn place(&self, transaction: Option<TransactionId>) -> Place {
        let transaction = transaction.map(|id| id.0);
        Place { connection: Some(self.connection), transaction }
    }

    fn asked(&self, id: TransactionId) -> Option<(OperationCode, &[u32])> {
        let found = self.asked.iter().rev().find(|(asked, ..)| *asked == id);
        found.map(|(_, operation, params)| (*operation, params.as_slice()))
    }

    /// True for data whose command was not read yet: ids only rise, and what is behind the last one
    /// may still come.
    fn waits_for_command(&self, kind: Kind) -> bool {
        let Kind::Container(ContainerHeader { kind, transaction, .. }) = kind else { return false };
        kind == ContainerType::DATA
            && self.asked(transaction).is_none()
            && self.asked.back().is_none_or(|(last, ..)| transaction.0 > last.0)
    }

    /// For pictures: true if their beginning is here.
    fn picture(&self, kind: Kind) -> Option<bool> {
        let header = match kind {
            Kind::Frame => return Some(true),
            Kind::Container(header) if header.kind == ContainerType::DATA => header,
            _ => return None,
        };
        let (operation, params) = self.asked(header.transaction)?;
        match operation {
            OperationCode::GET_OBJECT
            | OperationCode::GET_THUMB
            | OperationCode::GET_CAPTURE_PREVIEW => Some(true),
            OperationCode::GET_PARTIAL_OBJECT => Some(params.get(1) == Some(&0)),
            _ => None,
        }
    }

    /// What stands for a packet.
    fn whole(&mut self, kind: Kind, packet: &[u8], replaced: &mut Replaced) -> Vec<u8> {
        let mut veil = Veil { replaced, place: self.place(None) };
        let header = match kind {
            Kind::Container(header) => header,
            Kind::Goodbye => return packet.to_vec(),
            _ => return self.registration(packet, &mut veil),
        };
        let payload = packet.get(HEADER_BYTES..).unwrap_or_default();
        veil.place = self.place(Some(header.transaction));
        let mut out = packet.get(..HEADER_BYTES).unwrap_or_default().to_vec();
        out.extend(match header.kind {
            ContainerType::DATA => match self.asked(header.transaction) {
                Some((operation, params)) => dataset::data(operation, params, payload, &mut veil),
                None => dataset::unasked(OperationCode(header.code), payload, &mut veil),
            },
            _ => {
                let known = self.knows(&header);
                let kept = if known { payload.len().min(MAX_PARAMS * 4) } else { 0 };
                if header.kind == ContainerType::COMMAND {
                    self.remember(&header, payload);
                }
                params(payload, kept, &mut veil)
            }
        });
        out
    }

    /// True if a table tells what the parameters are.
    fn knows(&self, header: &ContainerHeader) -> bool {
        match header.kind {
            ContainerType::COMMAND => is_explained(OperationCode(header.code).name()),
            ContainerType::EVENT => is_explained(EventCode(header.code).name()),
            _ => {
                let asked = self.asked(header.transaction);
                ResponseCode(header.code).name().is_some()
                    && asked.is_some_and(|(operation, _)| is_explained(operation.name()))
            }
        }
    }

    fn remember(&mut self, header: &ContainerHeader, payload: &[u8]) {
        if self.asked.len() >= MOST_ASKED {
            self.asked.pop_front();
        }
        let params = filmwire_codec::container::decode_params(payload);
        self.asked.push_back((header.transaction, OperationCode(header.code), params));
    }

    fn registration(&self, packet: &[u8], veil: &mut Veil<'_>) -> Vec<u8> {
        let out = match InitAnswer::decode(packet) {
            Ok(InitAnswer::Fail(fail)) => fail.encode(),
            Ok(InitAnswer::Ack(ack)) => self.ack(packet, &ack, veil),
            Err(_) => match InitRequest::decode(packet) {
                Ok(request) => self.request(packet, &request, veil),
                Err(_) => Vec::new(),
            },
        };
        if out.len() == packet.len() {
            return out;
        }
        veil.tell(Secret::Unknown, packet.len());
        vec![0; packet.len()]
    }

    fn ack(
        &self,
        packet: &[u8],
        ack: &filmwire_codec::init::InitAck,
        veil: &mut Veil<'_>,
    ) -> Vec<u8> {
        let mut out = packet.get(..8).unwrap_or_default().to_vec();
        // The number of the connection was 0 wherever it was seen.
        out.resize(REQUEST_GUID, 0);
        match ack.guid == CAMERA_GUID {
            true => out.extend(ack.guid),
            false => hide(&mut out, 16, Secret::Guid, veil),
        }
        match word::is_model(&ack.name) {
            true => put_name(&mut out, &ack.name, packet.len()),
            false => put_stand_in(&mut out, &ack.name, packet.len(), Secret::CameraName, veil),
        }
        out
    }

    fn request(&self, packet: &[u8], request: &InitRequest, veil: &mut Veil<'_>) -> Vec<u8> {
        // Length, type, and the constant every client sends.
        let mut out = packet.get(..8).unwrap_or_default().to_vec();
        let constant = filmwire_codec::init::PROTOCOL_CONSTANT;
        out.extend((if request.constant == constant { constant } else { 0 }).to_le_bytes());
        let (words, address) = request.guid.split_at(12);
        let known = CLIENT_GUID.get(..12).unwrap_or_default();
        match words == known {
            true => out.extend(words),
            false => hide(&mut out, words.len(), Secret::Guid, veil),
        }
        match self.client {
            _ if address == [0; 4] => out.extend(address),
            // As clients write it: the last octet first.
            Some([a, b, c, d]) => {
                veil.tell(Secret::Guid, 4);
                out.extend([d, c, b, a]);
            }
            None => hide(&mut out, 4, Secret::Guid, veil),
        }
        debug_assert_eq!(out.len(), REQUEST_NAME);
        put_stand_in(&mut out, &request.name, packet.len(), Secret::ClientName, veil);
        out
    }
}

/// True for names that say what a code means.
fn is_explained(name: Option<&str>) -> bool {
    name.is_some_and(|name| !name.starts_with(UNEXPLAINED))
}

fn hide(out: &mut Vec<u8>, count: usize, secret: Secret, veil: &mut Veil<'_>) {
    veil.tell(secret, count);
    out.resize(out.len() + count, 0);
}

fn put_stand_in(out: &mut Vec<u8>, name: &str, length: usize, secret: Secret, veil: &mut Veil<'_>) {
    let units = name.encode_utf16().count();
    veil.tell(secret, units * 2);
    put_name(out, &"X".repeat(units), length);
}

/// A name in UTF-16 up to the end of its packet; what stood behind it is zeros.
fn put_name(out: &mut Vec<u8>, name: &str, length: usize) {
    out.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
    out.resize(length, 0);
}

/// Parameters, of which so many bytes may stand.
fn params(payload: &[u8], kept: usize, veil: &mut Veil<'_>) -> Vec<u8> {
    let kept = kept - kept % 4;
    let (plain, rest) = payload.split_at(kept.min(payload.len()));
    if rest.iter().any(|&byte| byte != 0) {
        veil.tell(Secret::Unknown, rest.len());
    }
    let mut out = plain.to_vec();
    out.resize(payload.len(), 0);
    out
}
