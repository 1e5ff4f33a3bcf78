//! A TCP connection of a camera: both ways in order, and what is said on them.

use std::net::SocketAddr;

use filmwire_codec::container::{ContainerType, HEADER_BYTES};
use filmwire_codec::dataset::EventDataset;
use filmwire_codec::init::{InitAnswer, InitRequest};

use crate::decoder::Tally;
use crate::discovery;
use crate::ip::Segment;
use crate::ptp::frame::{Framer, Message, What};
use crate::ptp::judge::{Channel, Kind};
use crate::ptp::pair::{Container, Pairs};
use crate::record::{Event, Frame, Gap, Init, Note, Part, Record, Side, Step};
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

/// Where records and counts go.
pub(crate) struct Sink<'a> {
    pub(crate) tally: &'a mut Tally,
    pub(crate) give: &'a mut dyn FnMut(Record),
}

impl Sink<'_> {
    pub(crate) fn give(&mut self, record: Record) {
        self.tally.count(&record);
        (self.give)(record);
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
}

/// What is told of a live view at its end.
#[derive(Debug, Default)]
struct LiveView {
    frames: u64,
    bytes: u64,
    first_ns: Option<u64>,
    last_ns: Option<u64>,
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
    /// `spills`: parts of pictures are given out.
    pub(crate) fn new(
        number: u32,
        role: Role,
        (client, camera): (SocketAddr, SocketAddr),
        spills: bool,
    ) -> Self {
        let (to, from) = match role {
            Role::Command | Role::Discovery => (Channel::ToCamera, Channel::FromCamera),
            Role::Events => (Channel::Events, Channel::Events),
            Role::LiveView => (Channel::LiveView, Channel::LiveView),
        };
        let talk = Talk {
            number,
            role,
            framers: [Framer::new(to, spills), Framer::new(from, spills)],
            pairs: Pairs::new(number),
            live: LiveView::default(),
        };
        let streams = [Stream::default(), Stream::default()];
        let (heard, resets, finished) = (0, false, false);
        Self { client, camera, heard, role, streams, talk, resets, finished }
    }

    /// What of the connection is held, but for what waits behind holes.
    pub(crate) fn held_bytes(&self) -> usize {
        let framers: usize = self.talk.framers.iter().map(Framer::held_bytes).sum();
        framers + self.talk.pairs.held_bytes()
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
        self.resets |= segment.rst;
        if self.resets || self.streams.iter().all(Stream::has_ended) {
            self.finish(at_ns, budget, sink);
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
            self.talk.finish(at_ns, sink);
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
        let Self { number, framers, pairs, live, .. } = self;
        let Some(framer) = framers.get_mut(from.index()) else { return };
        framer.take(at_ns, piece, &mut |message| {
            say(*number, pairs, live, from, &message, sink);
        });
    }

    fn finish(&mut self, at_ns: Option<u64>, sink: &mut Sink<'_>) {
        let Self { number, framers, pairs, live, .. } = self;
        for (side, framer) in [Side::Client, Side::Camera].into_iter().zip(framers) {
            framer.finish(at_ns, &mut |message| say(*number, pairs, live, side, &message, sink));
        }
        pairs.finish(&mut |transaction| sink.give(Record::Transaction(transaction)));
        if let Some(text) = live.text() {
            let (at_ns, connection) = (live.last_ns, Some(*number));
            sink.give(Record::Note(Note { at_ns, connection, text }));
        }
    }
}

/// Turns a message into records.
fn say(
    connection: u32,
    pairs: &mut Pairs,
    live: &mut LiveView,
    from: Side,
    message: &Message,
    sink: &mut Sink<'_>,
) {
    let Message { first_ns, last_ns, what } = message;
    let at_ns = *first_ns;
    match what {
        What::Packet { kind: Kind::Container(header), bytes, missing, .. } => {
            if header.kind == ContainerType::EVENT {
                sink.give(event(connection, at_ns, from, bytes, *missing));
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
        }
        What::Packet { kind: Kind::Frame, bytes, length, missing } => {
            let counter = bytes.get(FRAME_COUNTER..).and_then(|rest| rest.first_chunk());
            let counter = counter.map_or(0, |bytes| u32::from_le_bytes(*bytes));
            live.add(at_ns, *length);
            let (bytes, missing_bytes) = (*length, *missing);
            sink.give(Record::Frame(Frame { at_ns, connection, counter, bytes, missing_bytes }));
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
            let bytes = (*count > 0).then_some(*count);
            sink.give(Record::Gap(Gap { at_ns, connection, from, lost: true, bytes }));
        }
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

impl LiveView {
    fn add(&mut self, at_ns: Option<u64>, bytes: u64) {
        self.frames += 1;
        self.bytes += bytes;
        self.first_ns = self.first_ns.or(at_ns);
        self.last_ns = at_ns.or(self.last_ns);
    }

    fn text(&self) -> Option<String> {
        let Self { frames, bytes, .. } = self;
        let mut text = format!("live view: {frames} frames, {bytes} bytes");
        let span = self.first_ns.zip(self.last_ns);
        if let Some(span) = span.and_then(|(first, last)| last.checked_sub(first))
            && span > 0
        {
            let rate = (frames - 1) as f64 * 1e9 / span as f64;
            text.push_str(&format!(", {rate:.1} a second"));
        }
        (*frames > 0).then_some(text)
    }
}
