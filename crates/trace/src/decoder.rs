//! From captured packets to records.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use filmwire_codec::init::{INIT_REQUEST_BYTES, PROTOCOL_CONSTANT};
use filmwire_codec::{OperationCode, ResponseCode};

use crate::capture::{Item, LinkType, Packet};
use crate::connection::{Connection, Extras, MOST_CONNECTIONS, Role, Sink};
use crate::discovery;
use crate::ip::{Assembler, Datagram, Segment, Transport};
use crate::link;
use crate::live::LiveTally;
use crate::ptp::frame::Spill;
use crate::record::{Note, Record, Side};
use crate::rule::{Neighbours, What};
use crate::tcp::Budget;
use crate::wifi::{AirTally, Found, Keys, Opener};

/// Ports of cameras. Source: the fact sheet's section 1.2.
const PHONE: u16 = 55740;
const TETHER: u16 = 15740;
/// Cameras on other ports that are recognised by how a connection begins.
const MOST_RECOGNISED: usize = 64;

/// On which ports cameras listen.
#[derive(Debug, Clone)]
pub struct Ports {
    command: Vec<u16>,
    /// Those with events and live view on the two ports behind them.
    row: Vec<u16>,
}

impl Default for Ports {
    /// 55740 with events and live view on the two next, and 15740.
    fn default() -> Self {
        Self { command: vec![PHONE, TETHER], row: vec![PHONE] }
    }
}

impl Ports {
    /// Adds a camera's command port; events and live view are expected on the two next.
    pub fn add(&mut self, command: u16) {
        self.command.push(command);
        self.row.push(command);
    }

    fn role(&self, port: u16) -> Option<Role> {
        let behind = |steps: u16| self.row.iter().any(|row| row.checked_add(steps) == Some(port));
        if self.command.contains(&port) {
            Some(Role::Command)
        } else if behind(1) {
            Some(Role::Events)
        } else if behind(2) {
            Some(Role::LiveView)
        } else {
            discovery::is_port(port).then_some(Role::Discovery)
        }
    }
}

/// What was counted of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationTally {
    /// Commands.
    pub count: u64,
    /// Responses other than OK.
    pub refused: u64,
    /// Commands without a response in the capture.
    pub unanswered: u64,
    /// Bytes of data phases.
    pub data_bytes: u64,
    /// Those with a duration.
    pub timed: u64,
    /// All durations together.
    pub total: Duration,
    /// The longest duration.
    pub longest: Duration,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Packets of the capture.
    pub packets: u64,
    /// Packets that are none of a camera's.
    pub others: u64,
    /// Packets of link types that cannot be decoded.
    pub refused: BTreeMap<u32, u64>,
    /// TCP connections.
    pub connections: u64,
    /// TCP segments that brought nothing new.
    pub repeated: u64,
    /// Records of each kind.
    pub records: BTreeMap<&'static str, u64>,
    /// Bytes that were said on connections of the protocol, as far as they were captured, each once.
    pub said_bytes: u64,
    /// Those of them that belong to a packet; the others are `stray_bytes`.
    pub packet_bytes: u64,
    /// Bytes the capture does not have.
    pub lost_bytes: u64,
    /// Bytes that are no packet.
    pub stray_bytes: u64,
    /// Bytes of live view.
    pub frame_bytes: u64,
    /// Protected frames of Wi-Fi.
    pub air: AirTally,
    /// Operations by their code.
    pub operations: BTreeMap<u16, OperationTally>,
    /// Live view.
    pub live: LiveTally,
    /// Broken rules, retries and silences by their code, also those no note was given of.
    pub findings: BTreeMap<(What, &'static str), u64>,
}

impl Tally {
    pub(crate) fn count(&mut self, record: &Record) {
        if matches!(record, Record::Part(_) | Record::Field(_)) {
            return;
        }
        *self.records.entry(record.kind()).or_default() += 1;
        match record {
            Record::Transaction(transaction) => {
                self.lost_bytes += transaction.missing_bytes;
                let Some(OperationCode(code)) = transaction.operation else { return };
                let tally = self.operations.entry(code).or_default();
                tally.count += 1;
                tally.data_bytes += transaction.data_bytes;
                match transaction.response {
                    None => tally.unanswered += 1,
                    Some(ResponseCode::OK) => {}
                    Some(_) => tally.refused += 1,
                }
                if let Some(ns) = transaction.duration_ns {
                    let took = Duration::from_nanos(ns);
                    tally.timed += 1;
                    tally.total = tally.total.saturating_add(took);
                    tally.longest = tally.longest.max(took);
                }
            }
            Record::Frame(frame) => {
                self.frame_bytes += frame.bytes;
                self.lost_bytes += frame.missing_bytes;
            }
            Record::Gap(gap) if gap.lost => self.lost_bytes += gap.bytes.unwrap_or_default(),
            Record::Gap(gap) => self.stray_bytes += gap.bytes.unwrap_or_default(),
            Record::Init(_)
            | Record::Event(_)
            | Record::Part(_)
            | Record::Field(_)
            | Record::Discovery(_)
            | Record::Note(_) => {}
        }
    }
}

/// Turns packets into records, which it gives out as soon as they are complete.
#[derive(Debug, Default)]
pub struct Decoder {
    ports: Ports,
    extras: Extras,
    opener: Opener,
    assembler: Assembler,
    connections: Vec<Connection>,
    budget: Budget,
    recognised: Vec<SocketAddr>,
    tally: Tally,
    neighbours: Neighbours,
    last_ns: Option<u64>,
    /// Link type and time of the last packet.
    last: Option<(LinkType, Option<u64>)>,
}

impl Decoder {
    /// A decoder for cameras on these ports; others are recognised by their init request.
    pub fn new(ports: Ports) -> Self {
        Self { ports, ..Self::default() }
    }

    /// Opens protected frames of Wi-Fi with these keys, in this capture and those that follow.
    pub fn give_keys(&mut self, keys: Keys) {
        self.opener = Opener::new(keys);
    }

    /// Gives out the bytes of objects, thumbnails, previews and live view as [`Record::Part`] too.
    pub fn give_parts(&mut self) {
        self.extras.spill = Spill::Pictures;
    }

    /// Gives out the bytes of every data phase, and live view, as [`Record::Part`] too: what a
    /// camera said, whole.
    pub fn give_all_parts(&mut self) {
        self.extras.spill = Spill::All;
    }

    /// Gives out fields that nobody can explain as [`Record::Field`] too.
    pub fn give_fields(&mut self) {
        self.extras.fields = true;
    }

    /// What was counted so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Bytes held for packets, transactions and connections that are not complete.
    pub fn held_bytes(&self) -> usize {
        let connections: usize = self.connections.iter().map(Connection::held_bytes).sum();
        let air = self.opener.held_bytes();
        connections + self.budget.held_bytes + self.assembler.held_bytes() + air
    }

    /// Takes a piece of a capture and gives out what it completes.
    pub fn take(&mut self, item: &Item<'_>, give: &mut dyn FnMut(Record)) {
        match item {
            Item::Packet(packet) => self.packet(packet, give),
            Item::Comment(text) => self.remark(Note::comment(self.last_ns, text), give),
            Item::Note(text) => self.note(text.clone(), give),
        }
    }

    /// True if this packet can go on with what was taken so far, as the first one of a further file
    /// does where a capture was cut into files (`tcpdump -C`, `-G`): it is no older than the last
    /// packet, and both are of the air, or neither is. Where times are not known, nothing goes on.
    /// Whether connections go on is for their sequence numbers to tell.
    pub fn goes_on(&self, packet: &Packet<'_>) -> bool {
        goes_on(self.last, packet)
    }

    /// Gives out what is unfinished at the end of a capture; the next one begins anew. A capture of
    /// several files ends with the last of them ([`Decoder::goes_on`]).
    pub fn finish(&mut self, give: &mut dyn FnMut(Record)) {
        let mut opener = std::mem::take(&mut self.opener);
        opener.finish(&mut |found| {
            if let Found::Note(text) = found {
                self.note(text, give);
            }
        });
        self.opener = opener;
        let mut sink = Sink { tally: &mut self.tally, neighbours: &mut self.neighbours, give };
        for connection in &mut self.connections {
            connection.finish(self.last_ns, &mut self.budget, &mut sink);
        }
        self.connections.clear();
        self.recognised.clear();
        self.neighbours = Neighbours::default();
        self.assembler = Assembler::default();
        self.last_ns = None;
        self.last = None;
    }

    fn note(&mut self, text: String, give: &mut dyn FnMut(Record)) {
        let at_ns = self.last_ns;
        self.remark(Note { at_ns, connection: None, text, finding: None }, give);
    }

    fn remark(&mut self, note: Note, give: &mut dyn FnMut(Record)) {
        let mut sink = Sink { tally: &mut self.tally, neighbours: &mut self.neighbours, give };
        sink.give(Record::Note(note));
    }

    fn packet(&mut self, packet: &Packet<'_>, give: &mut dyn FnMut(Record)) {
        self.tally.packets += 1;
        self.last_ns = packet.at_ns.or(self.last_ns);
        self.last = Some((packet.link, packet.at_ns));
        if !packet.link.is_read() {
            self.refuse(packet.link, give);
            return;
        }
        if packet.link.is_wifi() {
            self.frame(packet, give);
        } else {
            self.ip(packet.at_ns, link::ip_packet(packet.link, packet.data), give);
        }
    }

    /// A frame of Wi-Fi, which may hold several packets, or none.
    fn frame(&mut self, packet: &Packet<'_>, give: &mut dyn FnMut(Record)) {
        let mut opener = std::mem::take(&mut self.opener);
        let mut is_empty = true;
        opener.take(packet.link, packet.data, packet.cut_bytes > 0, &mut |found| match found {
            Found::Packet(kind, bytes) => {
                is_empty = false;
                self.ip(packet.at_ns, link::untag(kind, bytes), give);
            }
            Found::Note(text) => self.note(text, give),
        });
        self.tally.others += u64::from(is_empty && opener.tally() == self.tally.air);
        self.tally.air = opener.tally();
        self.opener = opener;
    }

    fn ip(&mut self, at_ns: Option<u64>, ip: Option<&[u8]>, give: &mut dyn FnMut(Record)) {
        let mut assembler = std::mem::take(&mut self.assembler);
        match ip.and_then(|ip| assembler.datagram(ip)) {
            Some(datagram) => self.datagram(at_ns, &datagram, give),
            None => self.tally.others += 1,
        }
        self.assembler = assembler;
    }

    fn refuse(&mut self, link: LinkType, give: &mut dyn FnMut(Record)) {
        let count = self.tally.refused.entry(link.0).or_default();
        *count += 1;
        if *count == 1 {
            self.note(format!("packets of {link} cannot be decoded"), give);
        }
    }

    fn datagram(
        &mut self,
        at_ns: Option<u64>,
        datagram: &Datagram<'_>,
        give: &mut dyn FnMut(Record),
    ) {
        let ends = (datagram.from, datagram.to);
        match datagram.transport {
            Transport::Tcp(segment) => {
                self.segment(at_ns, ends, &segment, datagram.payload, give);
            }
            Transport::Udp => {
                let is_text = [ends.0, ends.1].iter().any(|end| discovery::is_port(end.port()));
                let text = discovery::text(at_ns, ends, "udp", datagram.payload);
                match text.filter(|_| is_text) {
                    Some(text) => {
                        Sink { tally: &mut self.tally, neighbours: &mut self.neighbours, give }
                            .give(Record::Discovery(text))
                    }
                    None => self.tally.others += 1,
                }
            }
        }
    }

    fn segment(
        &mut self,
        at_ns: Option<u64>,
        (from, to): (SocketAddr, SocketAddr),
        segment: &Segment,
        payload: &[u8],
        give: &mut dyn FnMut(Record),
    ) {
        let mut sink = Sink { tally: &mut self.tally, neighbours: &mut self.neighbours, give };
        let known = self.connections.iter().position(|connection| {
            let (client, camera) = (connection.client, connection.camera);
            (client, camera) == (from, to) || (client, camera) == (to, from)
        });
        let mut at = known;
        if let Some(known) = known
            && let Some(old) = self.connections.get_mut(known)
            && old.client == from
            && old.is_other(segment)
        {
            old.finish(at_ns, &mut self.budget, &mut sink);
            self.connections.remove(known);
            at = None;
        }
        let at = match at {
            Some(at) => at,
            None => {
                let Some((role, client, camera)) =
                    role(&self.ports, &mut self.recognised, (from, to), payload)
                else {
                    sink.tally.others += 1;
                    return;
                };
                // The last words of a connection that was forgotten are no connection.
                if !segment.syn && payload.is_empty() {
                    return;
                }
                make_room(&mut self.connections, at_ns, &mut self.budget, &mut sink);
                sink.tally.connections += 1;
                let number = u32::try_from(sink.tally.connections).unwrap_or(u32::MAX);
                let mut connection = Connection::new(number, role, (client, camera), self.extras);
                if client == from && is_init(payload) {
                    connection.begin(segment);
                }
                self.connections.push(connection);
                self.connections.len() - 1
            }
        };
        let Some(connection) = self.connections.get_mut(at) else { return };
        connection.heard = sink.tally.packets;
        let side = if connection.client == from { Side::Client } else { Side::Camera };
        connection.take(at_ns, side, segment, payload, &mut self.budget, &mut sink);
    }
}

/// What a new connection is for, and who is who; `None` if it is none of a camera's.
pub(crate) fn role(
    ports: &Ports,
    recognised: &mut Vec<SocketAddr>,
    (from, to): (SocketAddr, SocketAddr),
    payload: &[u8],
) -> Option<(Role, SocketAddr, SocketAddr)> {
    let of = |end: SocketAddr| ports.role(end.port()).or_else(|| beside(recognised, end));
    if let Some(role) = of(to) {
        return Some((role, from, to));
    }
    if let Some(role) = of(from) {
        return Some((role, to, from));
    }
    if !is_init(payload) {
        return None;
    }
    if recognised.len() < MOST_RECOGNISED {
        recognised.push(to);
    }
    Some((Role::Command, from, to))
}

/// Events and live view of a camera that was recognised are on the two ports behind.
fn beside(recognised: &[SocketAddr], end: SocketAddr) -> Option<Role> {
    let is = |steps: u16| {
        let port = end.port().checked_sub(steps);
        let host: IpAddr = end.ip();
        recognised.iter().any(|camera| camera.ip() == host && Some(camera.port()) == port)
    };
    [(0, Role::Command), (1, Role::Events), (2, Role::LiveView)]
        .into_iter()
        .find_map(|(steps, role)| is(steps).then_some(role))
}

/// Whether a packet can go on behind one of this link type and time.
pub(crate) fn goes_on(last: Option<(LinkType, Option<u64>)>, packet: &Packet<'_>) -> bool {
    last.is_none_or(|(link, last_ns)| {
        let is_later = last_ns.zip(packet.at_ns).is_some_and(|(last, now)| last <= now);
        is_later && link.is_wifi() == packet.link.is_wifi()
    })
}

pub(crate) fn is_init(payload: &[u8]) -> bool {
    let wanted = [INIT_REQUEST_BYTES as u32, 1, PROTOCOL_CONSTANT];
    let words = payload.as_chunks::<4>().0;
    words.len() > wanted.len()
        && words.iter().zip(wanted).all(|(bytes, word)| u32::from_le_bytes(*bytes) == word)
}

fn make_room(
    connections: &mut Vec<Connection>,
    at_ns: Option<u64>,
    budget: &mut Budget,
    sink: &mut Sink<'_>,
) {
    if connections.len() < MOST_CONNECTIONS {
        return;
    }
    let oldest = (0..connections.len())
        .min_by_key(|&at| connections.get(at).map(|connection| connection.heard));
    if let Some(at) = oldest {
        let mut oldest = connections.remove(at);
        oldest.finish(at_ns, budget, sink);
    }
}
