//! The ways of a camera's connections in order, before anybody reads what is said on them.
//!
//! What a [`Decoder`](crate::Decoder) does up to the packets of the protocol, for those who pass
//! the bytes on.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::capture::{Item, LinkType, Packet};
use crate::connection::{MOST_CONNECTIONS, Role};
use crate::decoder::{Ports, goes_on, is_init, role};
use crate::discovery;
use crate::ip::{Assembler, Datagram, Segment, Transport};
use crate::link;
use crate::record::Side;
use crate::tcp::{Budget, Piece, Stream};
use crate::wifi::{AirTally, Found, Keys, Opener};

/// Something that came out in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flow<'a> {
    /// A connection of a camera is heard of for the first time.
    Opened {
        /// When, in nanoseconds since 1970.
        at_ns: Option<u64>,
        /// Its number, from 1.
        connection: u32,
        /// What its port is for.
        role: Role,
        /// The client.
        client: SocketAddr,
        /// The camera.
        camera: SocketAddr,
    },
    /// The next bytes of a side.
    Bytes {
        /// When, in nanoseconds since 1970.
        at_ns: Option<u64>,
        /// The number of the connection.
        connection: u32,
        /// Who sent them.
        from: Side,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes of a side that the capture lost.
    Missed {
        /// When this was known, in nanoseconds since 1970.
        at_ns: Option<u64>,
        /// The number of the connection.
        connection: u32,
        /// Who sent them.
        from: Side,
        /// How many; 0 if nobody knows.
        bytes: u64,
    },
    /// A connection came to its end, or the capture did.
    Closed {
        /// When, in nanoseconds since 1970.
        at_ns: Option<u64>,
        /// The number of the connection.
        connection: u32,
        /// How it ended.
        how: End,
        /// Who was the first to end it, if all that side said is known.
        first: Option<Side>,
    },
    /// A datagram on a port of the discovery.
    Datagram {
        /// When, in nanoseconds since 1970.
        at_ns: Option<u64>,
        /// Who sent it.
        from: SocketAddr,
        /// To whom.
        to: SocketAddr,
        /// What is in it.
        bytes: &'a [u8],
    },
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// Both sides said that they would send nothing more.
    Finished,
    /// A side broke it off.
    Reset,
    /// The capture does not tell.
    Unknown,
}

/// What was counted besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowTally {
    /// Packets of the capture.
    pub packets: u64,
    /// Packets that are none of a camera's.
    pub others: u64,
    /// Packets of link types that cannot be read.
    pub refused: BTreeMap<u32, u64>,
    /// Connections.
    pub connections: u64,
    /// Remarks somebody left in the file.
    pub comments: u64,
    /// Protected frames of Wi-Fi.
    pub air: AirTally,
}

/// Puts a capture's connections in order. Memory is bounded as a decoder's is.
#[derive(Debug, Default)]
pub struct Flows {
    ports: Ports,
    opener: Opener,
    assembler: Assembler,
    open: Vec<Line>,
    budget: Budget,
    recognised: Vec<SocketAddr>,
    tally: FlowTally,
    last_ns: Option<u64>,
    /// Link type and time of the last packet.
    last: Option<(LinkType, Option<u64>)>,
}

/// A connection.
#[derive(Debug)]
struct Line {
    number: u32,
    client: SocketAddr,
    camera: SocketAddr,
    streams: [Stream; 2],
    heard: u64,
    is_reset: bool,
    first: Option<Side>,
    finished: bool,
}

/// Where what comes out goes.
type Give<'a> = &'a mut dyn FnMut(Flow<'_>);

impl Flows {
    /// Looks for cameras on these ports; others are recognised by their init request.
    pub fn new(ports: Ports) -> Self {
        Self { ports, ..Self::default() }
    }

    /// Opens protected frames of Wi-Fi with these keys.
    pub fn give_keys(&mut self, keys: Keys) {
        self.opener = Opener::new(keys);
    }

    /// What was counted so far.
    pub fn tally(&self) -> &FlowTally {
        &self.tally
    }

    /// Bytes held for what is not in order yet.
    pub fn held_bytes(&self) -> usize {
        self.budget.held_bytes + self.assembler.held_bytes() + self.opener.held_bytes()
    }

    /// Takes a piece of a capture and gives out what is in order now.
    pub fn take(&mut self, item: &Item<'_>, give: Give<'_>) {
        match item {
            Item::Packet(packet) => self.packet(packet, give),
            Item::Comment(_) => self.tally.comments += 1,
            Item::Note(_) => {}
        }
    }

    /// True if this packet can go on with what was taken so far, as with
    /// [`Decoder::goes_on`](crate::Decoder::goes_on).
    pub fn goes_on(&self, packet: &Packet<'_>) -> bool {
        goes_on(self.last, packet)
    }

    /// Gives out what waits at the end of a capture; the next one begins anew. A capture of several
    /// files ends with the last of them ([`Flows::goes_on`]).
    pub fn finish(&mut self, give: Give<'_>) {
        self.opener.finish(&mut |_| {});
        self.last = None;
        let last_ns = self.last_ns.take();
        for line in &mut self.open {
            line.finish(last_ns, End::Unknown, &mut self.budget, give);
        }
        self.open.clear();
        self.recognised.clear();
        self.assembler = Assembler::default();
    }

    fn packet(&mut self, packet: &Packet<'_>, give: Give<'_>) {
        self.tally.packets += 1;
        self.last_ns = packet.at_ns.or(self.last_ns);
        self.last = Some((packet.link, packet.at_ns));
        let at_ns = packet.at_ns;
        match packet.link {
            link if !link.is_read() => *self.tally.refused.entry(link.0).or_default() += 1,
            link if link.is_wifi() => self.frame(link, packet, give),
            link => self.ip(at_ns, link::ip_packet(link, packet.data), give),
        }
    }

    fn frame(&mut self, link: LinkType, packet: &Packet<'_>, give: Give<'_>) {
        let mut opener = std::mem::take(&mut self.opener);
        let mut is_empty = true;
        opener.take(link, packet.data, packet.cut_bytes > 0, &mut |found| {
            if let Found::Packet(kind, bytes) = found {
                is_empty = false;
                self.ip(packet.at_ns, link::untag(kind, bytes), give);
            }
        });
        self.tally.others += u64::from(is_empty);
        self.tally.air = opener.tally();
        self.opener = opener;
    }

    fn ip(&mut self, at_ns: Option<u64>, ip: Option<&[u8]>, give: Give<'_>) {
        let mut assembler = std::mem::take(&mut self.assembler);
        match ip.and_then(|ip| assembler.datagram(ip)) {
            Some(datagram) => self.datagram(at_ns, &datagram, give),
            None => self.tally.others += 1,
        }
        self.assembler = assembler;
    }

    fn datagram(&mut self, at_ns: Option<u64>, datagram: &Datagram<'_>, give: Give<'_>) {
        let Datagram { from, to, payload, .. } = *datagram;
        match datagram.transport {
            Transport::Tcp(segment) => self.segment(at_ns, (from, to), &segment, payload, give),
            Transport::Udp if [from, to].iter().any(|end| discovery::is_port(end.port())) => {
                give(Flow::Datagram { at_ns, from, to, bytes: payload });
            }
            Transport::Udp => self.tally.others += 1,
        }
    }

    fn segment(
        &mut self,
        at_ns: Option<u64>,
        (from, to): (SocketAddr, SocketAddr),
        segment: &Segment,
        payload: &[u8],
        give: Give<'_>,
    ) {
        let known = self.open.iter().position(|line| {
            let ends = (line.client, line.camera);
            ends == (from, to) || ends == (to, from)
        });
        let at = match known {
            Some(at) if self.open.get(at).is_some_and(|line| line.is_over(from, segment)) => {
                let mut old = self.open.remove(at);
                old.finish(at_ns, End::Unknown, &mut self.budget, give);
                None
            }
            known => known,
        };
        let at = match at {
            Some(at) => at,
            None => match self.begin(at_ns, (from, to), segment, payload, give) {
                Some(at) => at,
                None => return,
            },
        };
        let Some(line) = self.open.get_mut(at) else { return };
        line.heard = self.tally.packets;
        line.take(at_ns, from, segment, payload, &mut self.budget, give);
    }

    /// The place of a new connection; `None` if it is none of a camera's.
    fn begin(
        &mut self,
        at_ns: Option<u64>,
        ends: (SocketAddr, SocketAddr),
        segment: &Segment,
        payload: &[u8],
        give: Give<'_>,
    ) -> Option<usize> {
        let found = role(&self.ports, &mut self.recognised, ends, payload);
        let Some((role, client, camera)) = found else {
            self.tally.others += 1;
            return None;
        };
        if !segment.syn && payload.is_empty() {
            return None;
        }
        if self.open.len() >= MOST_CONNECTIONS
            && let Some(at) = (0..self.open.len())
                .min_by_key(|&at| self.open.get(at).map_or(u64::MAX, |line| line.heard))
        {
            self.open.remove(at).finish(at_ns, End::Unknown, &mut self.budget, give);
        }
        self.tally.connections += 1;
        let number = u32::try_from(self.tally.connections).unwrap_or(u32::MAX);
        let mut line = Line {
            number,
            client,
            camera,
            streams: [Stream::default(), Stream::default()],
            heard: 0,
            is_reset: false,
            first: None,
            finished: false,
        };
        if client == ends.0 && is_init(payload) {
            line.begin(segment);
        }
        give(Flow::Opened { at_ns, connection: number, role, client, camera });
        self.open.push(line);
        Some(self.open.len() - 1)
    }
}

impl Line {
    /// Nothing was said before this segment of the client, which registers.
    fn begin(&mut self, segment: &Segment) {
        let [to_camera, from_camera] = &mut self.streams;
        to_camera.begin(segment.sequence.wrapping_sub(1));
        if let Some(acknowledged) = segment.acknowledged {
            from_camera.begin(acknowledged.wrapping_sub(1));
        }
    }

    /// True if a SYN of the client begins another connection between the same ports.
    fn is_over(&self, from: SocketAddr, segment: &Segment) -> bool {
        let [to_camera, _] = &self.streams;
        let begins = segment.syn && segment.acknowledged.is_none() && from == self.client;
        begins && to_camera.is_other(segment.sequence)
    }

    fn take(
        &mut self,
        at_ns: Option<u64>,
        from: SocketAddr,
        segment: &Segment,
        payload: &[u8],
        budget: &mut Budget,
        give: Give<'_>,
    ) {
        if self.finished {
            return;
        }
        let connection = self.number;
        let [to_camera, from_camera] = &mut self.streams;
        let (side, own, other_side, other) = match from == self.client {
            true => (Side::Client, to_camera, Side::Camera, from_camera),
            false => (Side::Camera, from_camera, Side::Client, to_camera),
        };
        let mut pass = |at_ns, piece: Piece<'_>| give(flow(at_ns, connection, side, piece));
        if segment.syn {
            own.begin(segment.sequence);
        }
        own.take(at_ns, segment, payload, budget, &mut pass);
        own.watch(None, budget, &mut pass);
        // A port that is closed answers with a reset, before anything was said.
        let is_refused = segment.rst && own.is_silent() && other.is_silent();
        let ends = segment.fin || segment.rst;
        if ends && !other.is_closed() && (is_refused || own.is_all(segment)) {
            self.first = self.first.or(Some(side));
        }
        let mut pass = |at_ns, piece: Piece<'_>| give(flow(at_ns, connection, other_side, piece));
        other.watch(segment.acknowledged, budget, &mut pass);
        self.is_reset |= segment.rst;
        if self.is_reset {
            self.finish(at_ns, End::Reset, budget, give);
        } else if self.streams.iter().all(Stream::has_ended) {
            self.finish(at_ns, End::Finished, budget, give);
        }
    }

    /// Gives out what waits. What is repeated of the connection later is passed over.
    fn finish(&mut self, at_ns: Option<u64>, how: End, budget: &mut Budget, give: Give<'_>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let connection = self.number;
        for (side, stream) in [Side::Client, Side::Camera].into_iter().zip(&mut self.streams) {
            let mut pass = |at_ns, piece: Piece<'_>| give(flow(at_ns, connection, side, piece));
            stream.flush(budget, &mut pass);
        }
        give(Flow::Closed { at_ns, connection, how, first: self.first });
    }
}

fn flow(at_ns: Option<u64>, connection: u32, from: Side, piece: Piece<'_>) -> Flow<'_> {
    match piece {
        Piece::Bytes(bytes) => Flow::Bytes { at_ns, connection, from, bytes },
        Piece::Gap(bytes) => Flow::Missed { at_ns, connection, from, bytes },
    }
}
