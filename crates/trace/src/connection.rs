//! A TCP connection of a camera: both ways in order, and what is said on them.

use std::net::SocketAddr;

use filmwire_codec::container::{ContainerType, HEADER_BYTES};
use filmwire_codec::dataset::EventDataset;
use filmwire_codec::init::{InitAnswer, InitRequest};

use crate::decoder::Tally;
use crate::discovery;
use crate::ip::Segment;
use crate::live::LiveView;
use crate::ptp::fields;
use crate::ptp::frame::{Framer, Message, Spill, What};
use crate::ptp::judge::{Channel, Kind};
use crate::ptp::pair::{Container, Pairs, field};
use crate::record::{Event, Frame, Gap, Init, Note, Part, Record, Side, Step};
use crate::rule::{self, Case, Ends, Neighbours};
use crate::tcp::{Budget, Piece, Stream};

/// Connections followed at a time; of more, the one silent longest is ended.
pub const MOST_CONNECTIONS: usize = 64;
/// Offset of the counter in a live-view packet (the fact sheet's section 8.6).
const FRAME_COUNTER: usize = 8;

/// What a port of a camera is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Registration, operations and their data.
    Command,
    /// What the camera tells unasked.
    Events,
    /// Pictures of the live view.
    LiveView,
    /// Texts by which cameras and computers find each other.
    Discovery,
}

impl Role {
    /// How far its port is behind the camera's command port.
    fn steps(self) -> u16 {
        match self {
            Self::Command | Self::Discovery => 0,
            Self::Events => 1,
            Self::LiveView => 2,
        }
    }
}

/// What is given out besides, if somebody asks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extras {
    /// Bytes in parts.
    pub(crate) spill: Spill,
    /// Fields that nobody can explain.
    pub(crate) fields: bool,
}

/// Where records and counts go.
pub(crate) struct Sink<'a> {
    pub(crate) tally: &'a mut Tally,
    pub(crate) neighbours: &'a mut Neighbours,
    pub(crate) give: &'a mut dyn FnMut(Record),
}

impl Sink<'_> {
    pub(crate) fn give(&mut self, record: Record) {
        self.tally.count(&record);
        (self.give)(record);
    }

    /// Gives out what the rules found on a connection.
    fn tell(&mut self, case: &mut Case, connection: u32) {
        for found in case.found() {
            let count = self.tally.findings.entry((found.about.what(), found.about.code()));
            *count.or_default() += 1;
            if let Some(note) = found.note(connection) {
                self.give(Record::Note(note));
            }
        }
    }
}

/// A TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: SocketAddr,
    pub(crate) camera: SocketAddr,
    /// Packets of the capture when it was last heard of.
    pub(crate) heard: u64,
    role: Role,
    streams: [Stream; 2],
    talk: Talk,
    resets: bool,
    /// The camera was the first to end it, and all it said is known.
    hung_up: bool,
    finished: bool,
}

/// What is said on a connection.
#[derive(Debug)]
struct Talk {
    number: u32,
    role: Role,
    framers: [Framer; 2],
    pairs: Pairs,
    live: LiveView,
    case: Case,
}

impl Side {
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Camera => 1,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Client => Self::Camera,
            Self::Camera => Self::Client,
        }
    }
}

impl Connection {
    /// `extras`: what is given out besides.
    pub(crate) fn new(
        number: u32,
        role: Role,
        (client, camera): (SocketAddr, SocketAddr),
        extras: Extras,
    ) -> Self {
        let (to, from) = match role {
            Role::Command | Role::Discovery => (Channel::ToCamera, Channel::FromCamera),
            Role::Events => (Channel::Events, Channel::Events),
            Role::LiveView => (Channel::LiveView, Channel::LiveView),
        };
        let talk = Talk {
            number,
            role,
            framers: [Framer::new(to, extras.spill), Framer::new(from, extras.spill)],
            pairs: Pairs::new(number, extras.fields),
            live: LiveView::default(),
            case: Case::new(role, Ends::new(client, camera, role.steps()), camera.port()),
        };
        let streams = [Stream::default(), Stream::default()];
        let (heard, resets, hung_up, finished) = (0, false, false, false);
        Self { client, camera, heard, role, streams, talk, resets, hung_up, finished }
    }

    /// What of the connection is held, but for what waits behind holes.
    pub(crate) fn held_bytes(&self) -> usize {
        let framers: usize = self.talk.framers.iter().map(Framer::held_bytes).sum();
        framers + self.talk.pairs.held_bytes() + self.talk.case.held_bytes()
    }

    /// Tells that nothing was said before this segment of the client, which registers.
    pub(crate) fn begin(&mut self, segment: &Segment) {
        let [to_camera, from_camera] = &mut self.streams;
        to_camera.begin(segment.sequence.wrapping_sub(1));
        if let Some(acknowledged) = segment.acknowledged {
            from_camera.begin(acknowledged.wrapping_sub(1));
        }
    }

    /// True if a SYN of the client begins another connection between the same ports.
    pub(crate) fn is_other(&self, segment: &Segment) -> bool {
        let begins = segment.syn && segment.acknowledged.is_none();
        let [to_camera, _] = &self.streams;
        begins && to_camera.is_other(segment.sequence)
    }

    /// Takes a segment and gives out what it completes.
    pub(crate) fn take(
        &mut self,
        at_ns: Option<u64>,
        from: Side,
        segment: &Segment,
        payload: &[u8],
        budget: &mut Budget,
        sink: &mut Sink<'_>,
    ) {
        if self.finished {
            return;
        }
        let ends = match from {
            Side::Client => (self.client, self.camera),
            Side::Camera => (self.camera, self.client),
        };
        self.watch_order(from, segment, payload);
        let talk = &mut self.talk;
        let mut give = |at_ns, piece: Piece<'_>| talk.take(at_ns, from, ends, piece, sink);
        if let Some(stream) = self.streams.get_mut(from.index()) {
            if segment.syn {
                stream.begin(segment.sequence);
            }
            stream.take(at_ns, segment, payload, budget, &mut give);
            stream.watch(None, budget, &mut give);
        }
        let other = from.other();
        let ends = (ends.1, ends.0);
        let mut give = |at_ns, piece: Piece<'_>| talk.take(at_ns, other, ends, piece, sink);
        if let Some(stream) = self.streams.get_mut(other.index()) {
            stream.watch(segment.acknowledged, budget, &mut give);
        }
        if segment.fin || segment.rst {
            self.watch_end(at_ns, from, segment, sink);
        }
        self.resets |= segment.rst;
        if self.resets || self.streams.iter().all(Stream::has_ended) {
            self.talk.case.end(at_ns, sink.neighbours);
            sink.tell(&mut self.talk.case, self.talk.number);
            self.finish(at_ns, budget, sink);
        }
    }

    /// Tells the rules if a side knew more than the capture shows so far, or says what waits.
    fn watch_order(&mut self, from: Side, segment: &Segment, payload: &[u8]) {
        let speaks = !payload.is_empty() || segment.fin || segment.rst;
        let stream = |side: Side| self.streams.get(side.index());
        let lacks = |side, acknowledged| stream(side).is_some_and(|way| way.lacks(acknowledged));
        let before = Some(segment.sequence);
        if speaks && (lacks(from.other(), segment.acknowledged) || lacks(from, before)) {
            self.talk.case.disorder();
        }
    }

    /// Notes who is the first to end it, if all that side said is known. Of the client it tells the
    /// rules that it leaves.
    fn watch_end(
        &mut self,
        at_ns: Option<u64>,
        from: Side,
        segment: &Segment,
        sink: &mut Sink<'_>,
    ) {
        let [to_camera, from_camera] = &self.streams;
        let (own, other) = match from {
            Side::Client => (to_camera, from_camera),
            Side::Camera => (from_camera, to_camera),
        };
        let is_first = !other.is_closed() && !self.resets;
        if !is_first || !own.is_all(segment) {
            return;
        }
        match from {
            Side::Client => {
                self.talk.case.leave(at_ns);
                sink.tell(&mut self.talk.case, self.talk.number);
            }
            Side::Camera => self.hung_up = true,
        }
    }

    /// Gives out what is unfinished. What is repeated of the connection later is passed over.
    pub(crate) fn finish(&mut self, at_ns: Option<u64>, budget: &mut Budget, sink: &mut Sink<'_>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        for side in [Side::Client, Side::Camera] {
            let ends = match side {
                Side::Client => (self.client, self.camera),
                Side::Camera => (self.camera, self.client),
            };
            let talk = &mut self.talk;
            if let Some(stream) = self.streams.get_mut(side.index()) {
                let mut give = |at_ns, piece: Piece<'_>| talk.take(at_ns, side, ends, piece, sink);
                stream.flush(budget, &mut give);
                sink.tally.repeated += stream.repeated;
            }
        }
        if self.role != Role::Discovery {
            self.talk.finish(at_ns, self.hung_up, sink);
        }
    }
}

impl Talk {
    fn take(
        &mut self,
        at_ns: Option<u64>,
        from: Side,
        ends: (SocketAddr, SocketAddr),
        piece: Piece<'_>,
        sink: &mut Sink<'_>,
    ) {
        if self.role == Role::Discovery {
            if let Piece::Bytes(bytes) = piece
                && let Some(text) = discovery::text(at_ns, ends, "tcp", bytes)
            {
                sink.give(Record::Discovery(text));
            }
            return;
        }
        let Self { number, framers, pairs, live, case, .. } = self;
        let Some(framer) = framers.get_mut(from.index()) else { return };
        if let Piece::Bytes(bytes) = piece {
            sink.tally.said_bytes += bytes.len() as u64;
            if self.role != Role::Command && from == Side::Client {
                case.side_speech(at_ns, bytes.len());
            }
        }
        framer.take(at_ns, piece, &mut |message| {
            say(*number, pairs, live, case, from, &message, sink);
        });
    }

    fn finish(&mut self, at_ns: Option<u64>, hung_up: bool, sink: &mut Sink<'_>) {
        let Self { number, framers, pairs, live, case, .. } = self;
        for (side, framer) in [Side::Client, Side::Camera].into_iter().zip(framers) {
            framer.finish(at_ns, &mut |message| {
                say(*number, pairs, live, case, side, &message, sink);
            });
        }
        pairs.finish(hung_up, &mut |transaction| sink.give(Record::Transaction(transaction)));
        give_fields(pairs, sink);
        if let Some(text) = live.text() {
            let (at_ns, connection) = (live.last_ns, Some(*number));
            sink.give(Record::Note(Note { at_ns, connection, text, finding: None }));
        }
    }
}

/// Turns a message into records.
fn say(
    connection: u32,
    pairs: &mut Pairs,
    live: &mut LiveView,
    case: &mut Case,
    from: Side,
    message: &Message,
    sink: &mut Sink<'_>,
) {
    judge(case, from, message, sink.neighbours);
    sink.tell(case, connection);
    let Message { first_ns, last_ns, what } = message;
    let at_ns = *first_ns;
    if let What::Packet { length, missing, .. } = what {
        sink.tally.packet_bytes += length - missing;
    }
    match what {
        What::Packet { kind: Kind::Container(header), bytes, length, missing } => {
            if header.kind == ContainerType::EVENT {
                let record = event(connection, at_ns, from, bytes, *missing);
                if matches!(record, Record::Gap(_)) {
                    // Nobody knows what it says: its bytes are told as strangers.
                    sink.tally.packet_bytes -= length - missing;
                }
                sink.give(record);
                return;
            }
            let container = Container {
                header: *header,
                bytes,
                missing: *missing,
                first_ns: at_ns,
                last_ns: *last_ns,
            };
            pairs.take(from, &container, &mut |transaction| {
                sink.give(Record::Transaction(transaction));
            });
            give_fields(pairs, sink);
        }
        What::Packet { kind: Kind::Frame, bytes, length, missing } => {
            let counter = bytes.get(FRAME_COUNTER..).and_then(|rest| rest.first_chunk());
            let counter = counter.map_or(0, |bytes| u32::from_le_bytes(*bytes));
            live.add(at_ns, counter, *length, &mut sink.tally.live);
            let (head, bytes, missing_bytes) = (bytes, *length, *missing);
            sink.give(Record::Frame(Frame { at_ns, connection, counter, bytes, missing_bytes }));
            if pairs.explains() {
                fields::frame(head, &mut |name, code, bytes| {
                    let place = (at_ns, connection, None);
                    sink.give(Record::Field(field(place, name, code, bytes)));
                });
            }
        }
        What::Packet { kind, bytes, .. } => {
            sink.give(Record::Init(init(connection, at_ns, from, *kind, bytes)));
        }
        What::Part { kind, offset, bytes } => {
            if let Some(part) = part(connection, at_ns, *kind, *offset, bytes) {
                sink.give(Record::Part(part));
            }
        }
        What::Stray(count) => {
            let bytes = Some(*count);
            sink.give(Record::Gap(Gap { at_ns, connection, from, lost: false, bytes }));
        }
        What::Lost(count) => {
            live.skip();
            let bytes = (*count > 0).then_some(*count);
            sink.give(Record::Gap(Gap { at_ns, connection, from, lost: true, bytes }));
        }
    }
}

fn give_fields(pairs: &mut Pairs, sink: &mut Sink<'_>) {
    for field in pairs.fields() {
        sink.give(Record::Field(field));
    }
}

/// Shows a message to the rules.
fn judge(case: &mut Case, from: Side, message: &Message, neighbours: &mut Neighbours) {
    let at_ns = message.first_ns;
    let (kind, bytes, length) = match &message.what {
        What::Packet { kind, bytes, length, missing: 0 } => (*kind, bytes.as_slice(), *length),
        What::Packet { .. } | What::Stray(_) | What::Lost(_) => {
            case.break_way(from);
            return;
        }
        What::Part { .. } => return,
    };
    case.hear(at_ns, message.last_ns, neighbours);
    let header = match kind {
        Kind::Container(header) => header,
        Kind::Init => match from {
            Side::Client => return case.request(at_ns, bytes, neighbours),
            Side::Camera => {
                let is_ack = matches!(InitAnswer::decode(bytes), Ok(InitAnswer::Ack(_)));
                return case.welcome(message.last_ns, is_ack, bytes);
            }
        },
        Kind::Goodbye if from == Side::Client => return case.goodbye(at_ns),
        Kind::Goodbye => return,
        Kind::Frame => return case.frame(at_ns, bytes),
    };
    let container = rule::Container {
        code: header.code,
        id: header.transaction,
        payload: bytes.get(HEADER_BYTES..).unwrap_or_default(),
        length: length.saturating_sub(HEADER_BYTES as u64),
        first_ns: at_ns,
    };
    match (header.kind, from) {
        (ContainerType::COMMAND, _) => case.command(&container, neighbours),
        (ContainerType::DATA, Side::Client) => case.client_data(&container),
        (ContainerType::DATA, Side::Camera) => case.camera_data(&container, neighbours),
        (ContainerType::EVENT, _) => match EventDataset::decode(bytes) {
            Ok(event) => case.event(at_ns, &event, neighbours),
            Err(_) => case.break_way(from),
        },
        _ => case.response(&container),
    }
}

/// Of data what is behind its header; of a picture of live view the packet as it is.
fn part(
    connection: u32,
    at_ns: Option<u64>,
    kind: Kind,
    offset: u64,
    bytes: &[u8],
) -> Option<Part> {
    let (id, head) = match kind {
        Kind::Container(header) => (Some(header.transaction), HEADER_BYTES as u64),
        _ => (None, 0),
    };
    let within = usize::try_from(head.saturating_sub(offset)).ok()?;
    let bytes = bytes.get(within..).filter(|bytes| !bytes.is_empty())?.to_vec();
    Some(Part { at_ns, connection, id, offset: offset.saturating_sub(head), bytes })
}

fn init(connection: u32, at_ns: Option<u64>, from: Side, kind: Kind, bytes: &[u8]) -> Init {
    let blank = |step| Init { at_ns, connection, from, step, name: None, reason: None };
    if kind == Kind::Goodbye {
        return blank(Step::Goodbye);
    }
    match from {
        Side::Client => match InitRequest::decode(bytes) {
            Ok(request) => Init { name: Some(request.name), ..blank(Step::Request) },
            Err(_) => blank(Step::Broken),
        },
        Side::Camera => match InitAnswer::decode(bytes) {
            Ok(InitAnswer::Ack(ack)) => Init { name: Some(ack.name), ..blank(Step::Ack) },
            Ok(InitAnswer::Fail(fail)) => Init { reason: Some(fail.reason), ..blank(Step::Fail) },
            Err(_) => blank(Step::Broken),
        },
    }
}

fn event(connection: u32, at_ns: Option<u64>, from: Side, bytes: &[u8], missing: u64) -> Record {
    match EventDataset::decode(bytes) {
        Ok(event) if missing == 0 => Record::Event(Event {
            at_ns,
            connection,
            event: event.code,
            event_name: event.code.name(),
            id: event.transaction,
            params: event.params,
        }),
        _ => {
            let bytes = Some(bytes.len() as u64 + missing);
            Record::Gap(Gap { at_ns, connection, from, lost: missing > 0, bytes })
        }
    }
}
