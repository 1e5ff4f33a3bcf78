//! From one capture to another.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use etherparse::PacketBuilder;
use filmwire_trace::capture::{Item, LinkType, Packet};
use filmwire_trace::framing::Channel;
use filmwire_trace::record::Side;
use filmwire_trace::wifi::Keys;
use filmwire_trace::{Crossing, End, Flow, Flows, Ports, Role};

use crate::address::Addresses;
use crate::discovery;
use crate::order::Order;
use crate::replaced::{Place, Replaced, Secret};
use crate::way::{Talk, Way};

/// Hops a packet may take; any number does.
const HOPS: u8 = 64;
/// Stands for a hole of which nobody knows how long it is.
const UNKNOWN_HOLE: u64 = 1;

/// What is not in the new capture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Packets that are none of a camera's.
    pub others: u64,
    /// Packets of link types that cannot be read.
    pub refused: u64,
    /// Protected frames of Wi-Fi that stay closed.
    pub closed: u64,
    /// Remarks in the file.
    pub comments: u64,
    /// Connections of cameras, which are in it.
    pub connections: u64,
}

/// Takes a packet of the new capture.
pub(crate) type Give<'a> = &'a mut dyn FnMut(&Packet<'_>);

/// Makes captures that tell nothing of people. Addresses keep their stand-ins from one capture to
/// the next.
#[derive(Debug, Default)]
pub struct Redactor {
    flows: Flows,
    passer: Passer,
}

/// What is between the streams as they were and the packets as they will be.
#[derive(Debug, Default)]
struct Passer {
    lines: BTreeMap<u32, Line>,
    order: Order,
    addresses: Addresses,
    replaced: Replaced,
    last_ns: u64,
}

#[derive(Debug)]
struct Line {
    talk: Talk,
    /// `None` for texts of the discovery.
    ways: Option<[Way; 2]>,
}

impl Redactor {
    /// Looks for cameras on these ports, and opens protected Wi-Fi with these keys.
    pub fn new(ports: Ports, keys: Keys) -> Self {
        let mut flows = Flows::new(ports);
        flows.give_keys(keys);
        Self { flows, passer: Passer::default() }
    }

    /// What packets of the new capture begin with: IP, and nothing around it.
    pub const LINK: LinkType = LinkType::RAW;

    /// Takes a piece of a capture and gives out packets of the new one.
    pub fn take(&mut self, item: &Item<'_>, give: Give<'_>) {
        let Self { flows, passer } = self;
        flows.take(item, &mut |flow| passer.take(&flow, give));
    }

    /// True if this packet can go on with what was taken so far, as the first one of a further file
    /// does where a capture was cut into files (`tcpdump -C`, `-G`).
    pub fn goes_on(&self, packet: &Packet<'_>) -> bool {
        self.flows.goes_on(packet)
    }

    /// Packets of cameras and their clients that were taken so far.
    pub fn passed(&self) -> u64 {
        let tally = self.flows.tally();
        let refused: u64 = tally.refused.values().sum();
        tally.packets.saturating_sub(tally.others + refused)
    }

    /// Gives out what waits at the end of a capture; the next one begins anew. A capture of several
    /// files ends with the last of them ([`Redactor::goes_on`]).
    pub fn finish(&mut self, give: Give<'_>) {
        let Self { flows, passer } = self;
        flows.finish(&mut |flow| passer.take(&flow, give));
        passer.lines.clear();
        passer.order.finish(give);
    }

    /// What was replaced so far.
    pub fn replaced(&self) -> &Replaced {
        &self.passer.replaced
    }

    /// How many addresses have stand-ins.
    pub fn addresses(&self) -> usize {
        self.passer.addresses.count()
    }

    /// What was left out so far.
    pub fn left_out(&self) -> LeftOut {
        let tally = self.flows.tally();
        LeftOut {
            others: tally.others,
            refused: tally.refused.values().sum(),
            closed: tally.air.closed,
            comments: tally.comments,
            connections: tally.connections,
        }
    }

    /// Bytes held for what is not complete.
    pub fn held_bytes(&self) -> usize {
        let ways = self.passer.lines.values().filter_map(|line| line.ways.as_ref());
        let ways: usize = ways.flatten().map(Way::held_bytes).sum();
        self.flows.held_bytes() + ways + self.passer.order.held_bytes()
    }
}

impl Passer {
    fn take(&mut self, flow: &Flow<'_>, give: Give<'_>) {
        match *flow {
            Flow::Opened { at_ns, connection, role, client, camera } => {
                self.open(at_ns, connection, role, (client, camera));
            }
            Flow::Bytes { at_ns, connection, from, bytes } => {
                self.bytes(at_ns, connection, from, bytes);
                if from == Side::Client {
                    self.settle(connection, false);
                }
            }
            Flow::Missed { connection, from, bytes, .. } => {
                if from == Side::Camera {
                    self.settle(connection, true);
                }
                self.miss(connection, from, bytes);
            }
            Flow::Closed { at_ns, connection, how, first } => {
                self.settle(connection, true);
                self.close(at_ns, connection, how, first);
            }
            Flow::Datagram { at_ns, from, to, bytes } => {
                self.datagram(at_ns, (from, to), bytes);
            }
            // What is not known is not passed.
            _ => {}
        }
        self.order.give_out(give);
    }

    /// The time, or the last one that was known.
    fn time(&mut self, at_ns: Option<u64>) -> u64 {
        self.last_ns = at_ns.unwrap_or(self.last_ns);
        self.last_ns
    }

    fn open(
        &mut self,
        at_ns: Option<u64>,
        connection: u32,
        role: Role,
        (client, camera): (SocketAddr, SocketAddr),
    ) {
        let at_ns = self.time(at_ns);
        let place = Place { connection: Some(connection), transaction: None };
        let [client, camera] = [client, camera].map(|end| self.stand_in(end, place));
        let octets = match client.ip() {
            IpAddr::V4(ip) => Some(ip.octets()),
            IpAddr::V6(_) => None,
        };
        let channels = match role {
            Role::Command => Some([Channel::ToCamera, Channel::FromCamera]),
            Role::Events => Some([Channel::Events; 2]),
            Role::LiveView => Some([Channel::LiveView; 2]),
            _ => None,
        };
        let talk = Talk::new(connection, octets);
        self.lines.insert(connection, Line { talk, ways: channels.map(|all| all.map(Way::new)) });
        self.order.open(at_ns, connection, [client, camera]);
    }

    fn stand_in(&mut self, real: SocketAddr, place: Place) -> SocketAddr {
        let bytes = if real.is_ipv4() { 4 } else { 16 };
        self.replaced.add(Secret::Address, bytes, place);
        self.addresses.socket(real)
    }

    fn bytes(&mut self, at_ns: Option<u64>, connection: u32, from: Side, bytes: &[u8]) {
        let Self { lines, order, replaced, last_ns, .. } = self;
        let Some(Line { talk, ways }) = lines.get_mut(&connection) else { return };
        let mut pass = |at_ns: Option<u64>, bytes: &[u8]| {
            *last_ns = at_ns.unwrap_or(*last_ns);
            order.bytes(*last_ns, connection, from, bytes);
        };
        match ways {
            Some(ways) => way(ways, from).take(at_ns, bytes, talk, replaced, &mut pass),
            None => {
                let (text, changed) = discovery::text(bytes);
                let place = Place { connection: Some(connection), transaction: None };
                replaced.add(Secret::Discovery, changed, place);
                pass(at_ns, &text);
            }
        }
    }

    /// Gives out data of a camera that waited for its command; all of it if this is the last time.
    fn settle(&mut self, connection: u32, is_last: bool) {
        let Self { lines, order, replaced, last_ns, .. } = self;
        let Some(Line { talk, ways: Some(ways) }) = lines.get_mut(&connection) else { return };
        let mut pass = |at_ns: Option<u64>, bytes: &[u8]| {
            *last_ns = at_ns.unwrap_or(*last_ns);
            order.bytes(*last_ns, connection, Side::Camera, bytes);
        };
        way(ways, Side::Camera).settle(is_last, talk, replaced, &mut pass);
    }

    fn miss(&mut self, connection: u32, from: Side, count: u64) {
        let Self { lines, order, replaced, last_ns, .. } = self;
        let Some(Line { talk, ways }) = lines.get_mut(&connection) else { return };
        if let Some(ways) = ways {
            let mut pass = |at_ns: Option<u64>, bytes: &[u8]| {
                *last_ns = at_ns.unwrap_or(*last_ns);
                order.bytes(*last_ns, connection, from, bytes);
            };
            way(ways, from).skip(count, talk, replaced, &mut pass);
        }
        order.miss(connection, from, count.max(UNKNOWN_HOLE));
    }

    fn close(&mut self, at_ns: Option<u64>, connection: u32, how: End, first: Option<Side>) {
        for from in [Side::Client, Side::Camera] {
            let Self { lines, order, replaced, last_ns, .. } = self;
            let Some(Line { talk, ways: Some(ways) }) = lines.get_mut(&connection) else { break };
            let mut pass = |at_ns: Option<u64>, bytes: &[u8]| {
                *last_ns = at_ns.unwrap_or(*last_ns);
                order.bytes(*last_ns, connection, from, bytes);
            };
            way(ways, from).give_up(talk, replaced, &mut pass);
        }
        self.lines.remove(&connection);
        // Who was the first tells who hung up, and whether a client owed a goodbye. Where the capture
        // does not tell, nobody is made to be it.
        let ends: &[Crossing<Vec<u8>>] = match (how, first) {
            (End::Reset, Some(Side::Client)) => &[Crossing::Reset(Side::Client)],
            (End::Reset, Some(Side::Camera)) => &[Crossing::Reset(Side::Camera)],
            // Behind a hole, which tells that nobody knows; what comes later is behind the end.
            (End::Reset, None) => {
                self.order.miss(connection, Side::Camera, UNKNOWN_HOLE);
                &[Crossing::Reset(Side::Camera)]
            }
            (End::Finished, Some(Side::Client)) => {
                &[Crossing::Ended(Side::Client), Crossing::Ended(Side::Camera)]
            }
            (End::Finished, Some(Side::Camera)) => {
                &[Crossing::Ended(Side::Camera), Crossing::Ended(Side::Client)]
            }
            _ => &[],
        };
        let at_ns = self.time(at_ns);
        self.order.close(at_ns, connection, ends);
    }

    fn datagram(&mut self, at_ns: Option<u64>, (from, to): (SocketAddr, SocketAddr), bytes: &[u8]) {
        let at_ns = self.time(at_ns);
        let place = Place { connection: None, transaction: None };
        let [from, to] = [from, to].map(|end| self.stand_in(end, place));
        let (text, changed) = discovery::text(bytes);
        self.replaced.add(Secret::Discovery, changed, place);
        let step = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                PacketBuilder::ipv4(from.octets(), to.octets(), HOPS)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                PacketBuilder::ipv6(from.octets(), to.octets(), HOPS)
            }
            // No packet has two families.
            _ => return,
        };
        let mut data = Vec::new();
        // What came in a packet fits into one.
        if step.udp(from.port(), to.port()).write(&mut data, &text).is_ok() {
            self.order.packet(at_ns, data);
        }
    }
}

fn way(ways: &mut [Way; 2], from: Side) -> &mut Way {
    let [client, camera] = ways;
    match from {
        Side::Client => client,
        Side::Camera => camera,
    }
}
