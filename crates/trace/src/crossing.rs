//! What crossed a relay, as the packets a capture of it would hold.
//!
//! A relay sees two streams of bytes and when they came, no packets. Everything that reads captures
//! wants packets; so addresses, ports, bytes, order and times of a [`Crossing`] are real, and IP and
//! TCP around them are made up: a handshake, sequence numbers without a break, the end. Packets
//! that only acknowledge are left out.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use etherparse::{PacketBuilder, TcpOptionElement};

use crate::capture::{LinkType, Packet};
use crate::record::Side;

/// Bytes of a segment, with room for headers in the 64 KiB of an IP packet.
const MOST_SEGMENT_BYTES: usize = 32 * 1024;
/// Hops a packet may take; any number does.
const HOPS: u8 = 64;
const WINDOW: u16 = u16::MAX;
/// A window of 1 GiB: more than is ever on its way unacknowledged.
const WINDOW_SCALE: u8 = 14;
/// Keeps the first sequence numbers of connections apart: 2 to the power of 32 by the golden ratio.
const NUMBER_STEP: u32 = 0x9E37_79B9;
/// The largest loss that sequence numbers tell: what is half of their circle away lies behind.
const MOST_MISSED_BYTES: u64 = 1 << 30;

/// Something that happened on a connection through a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crossing<B> {
    /// A client came, and the camera took the connection.
    Opened {
        /// When the client came, in nanoseconds since 1970.
        asked_ns: u64,
        /// The client.
        client: SocketAddr,
        /// The camera; its port decides what is spoken.
        camera: SocketAddr,
    },
    /// A client came, and the camera did not take the connection.
    Refused {
        /// When the client came, in nanoseconds since 1970.
        asked_ns: u64,
        /// The client.
        client: SocketAddr,
        /// The camera.
        camera: SocketAddr,
    },
    /// Somebody sent bytes.
    Bytes(Side, B),
    /// Somebody sent so many bytes, which passed but were not kept.
    Missed(Side, u64),
    /// Somebody will send nothing more.
    Ended(Side),
    /// Somebody broke the connection off.
    Reset(Side),
}

/// Makes packets of raw IP, one conversation a connection.
#[derive(Debug, Default)]
pub struct Segments {
    open: BTreeMap<u32, Conversation>,
    packet: Vec<u8>,
}

#[derive(Debug)]
struct Conversation {
    /// Client and camera, of one family.
    ends: [SocketAddr; 2],
    /// The next sequence number of each.
    next: [u32; 2],
    /// Bytes left out since the last packet of each.
    missed: [u64; 2],
    ended: [bool; 2],
}

/// What a segment says besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    Syn,
    None,
    Fin,
    Rst,
}

/// Takes a packet, and a remark about it.
type Give<'a> = &'a mut dyn FnMut(&Packet<'_>, Option<&str>);

impl Segments {
    /// Gives out the packets of what happened on a connection at a time, in nanoseconds since 1970.
    /// Connections have numbers of the caller's, each used once. What is told of a connection that
    /// was never opened, or is over, is passed over.
    pub fn take<B: AsRef<[u8]>>(
        &mut self,
        at_ns: u64,
        connection: u32,
        crossing: &Crossing<B>,
        give: Give<'_>,
    ) {
        let Self { open, packet } = self;
        match *crossing {
            Crossing::Opened { asked_ns, client, camera } => {
                let mut conversation = Conversation::new(connection, client, camera);
                conversation.put(packet, asked_ns, Side::Client, Flag::Syn, &[], give);
                conversation.put(packet, at_ns, Side::Camera, Flag::Syn, &[], give);
                conversation.put(packet, at_ns, Side::Client, Flag::None, &[], give);
                open.insert(connection, conversation);
                return;
            }
            Crossing::Refused { asked_ns, client, camera } => {
                let mut conversation = Conversation::new(connection, client, camera);
                conversation.put(packet, asked_ns, Side::Client, Flag::Syn, &[], give);
                conversation.put(packet, at_ns, Side::Camera, Flag::Rst, &[], give);
                return;
            }
            _ => {}
        }
        let Some(conversation) = open.get_mut(&connection) else { return };
        match crossing {
            Crossing::Bytes(side, bytes) => {
                for bytes in bytes.as_ref().chunks(MOST_SEGMENT_BYTES) {
                    conversation.put(packet, at_ns, *side, Flag::None, bytes, give);
                }
            }
            Crossing::Missed(side, count) => conversation.miss(*side, *count),
            Crossing::Ended(side) => {
                conversation.put(packet, at_ns, *side, Flag::Fin, &[], give);
                if let Some(ended) = conversation.ended.get_mut(side.index()) {
                    *ended = true;
                }
            }
            Crossing::Reset(side) => {
                conversation.put(packet, at_ns, *side, Flag::Rst, &[], give);
                conversation.ended = [true; 2];
            }
            Crossing::Opened { .. } | Crossing::Refused { .. } => {}
        }
        if conversation.ended == [true; 2] {
            open.remove(&connection);
        }
    }

    /// Forgets a connection of which nothing more will come, though nobody saw its end.
    pub fn forget(&mut self, connection: u32) {
        self.open.remove(&connection);
    }
}

impl Conversation {
    fn new(number: u32, client: SocketAddr, camera: SocketAddr) -> Self {
        let first = number.wrapping_mul(NUMBER_STEP);
        Self {
            ends: [client, camera],
            next: [first, first.rotate_left(16)],
            missed: [0; 2],
            ended: [false; 2],
        }
    }

    fn miss(&mut self, side: Side, count: u64) {
        let at = side.index();
        if let (Some(next), Some(missed)) = (self.next.get_mut(at), self.missed.get_mut(at)) {
            *next = next.wrapping_add(count.min(MOST_MISSED_BYTES) as u32);
            *missed += count;
        }
    }

    fn put(
        &mut self,
        packet: &mut Vec<u8>,
        at_ns: u64,
        side: Side,
        flag: Flag,
        bytes: &[u8],
        give: Give<'_>,
    ) {
        packet.clear();
        // Headers of these sizes always fit, and a vector takes them all.
        if self.build(packet, side, flag, bytes).is_none() {
            return;
        }
        let counts = u32::from(matches!(flag, Flag::Syn | Flag::Fin));
        let [own, _] = pair(self.next, side);
        let next = own.wrapping_add(bytes.len() as u32).wrapping_add(counts);
        let at = side.index();
        if let Some(own) = self.next.get_mut(at) {
            *own = next;
        }
        let missed = self.missed.get_mut(at).map(std::mem::take).unwrap_or_default();
        let comment = (missed > 0).then(|| {
            format!("{missed} bytes before this packet passed the proxy, but were not kept in time")
        });
        let link = LinkType::RAW;
        give(&Packet { at_ns: Some(at_ns), link, data: packet, cut_bytes: 0 }, comment.as_deref());
    }

    fn build(&self, packet: &mut Vec<u8>, side: Side, flag: Flag, bytes: &[u8]) -> Option<()> {
        let [own, other] = pair(self.next, side);
        let [from, to] = pair(self.ends, side);
        let step = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                PacketBuilder::ipv4(from.octets(), to.octets(), HOPS)
            }
            // A relay may join two families: IPv4 has its place in IPv6.
            (from, to) => PacketBuilder::ipv6(mapped(from), mapped(to), HOPS),
        };
        let mut step = step.tcp(from.port(), to.port(), own, WINDOW);
        if (side, flag) != (Side::Client, Flag::Syn) {
            step = step.ack(other);
        }
        step = match flag {
            Flag::Syn => step.syn().options(&[TcpOptionElement::WindowScale(WINDOW_SCALE)]).ok()?,
            Flag::Fin => step.fin(),
            Flag::Rst => step.rst(),
            Flag::None if bytes.is_empty() => step,
            Flag::None => step.psh(),
        };
        step.write(packet, bytes).ok()
    }
}

fn mapped(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// What is of this side, then what is of the other.
fn pair<T>([client, camera]: [T; 2], side: Side) -> [T; 2] {
    match side {
        Side::Client => [client, camera],
        Side::Camera => [camera, client],
    }
}

/// What the section of a recording says of itself: the first words tell readers its version.
///
/// `notes` is what else one should know, such as where the relay stood.
pub fn recording_comment(notes: &str) -> String {
    format!(
        "{RECORDING}: made by a proxy. Real: the bytes, their order on each connection, and the \
         times at which they came from their sender; addresses and client ports. Made up: IP and \
         TCP around them (handshakes, sequence numbers, sizes of segments; packets that only \
         acknowledge are left out). {notes}"
    )
}

/// How the comment of a recording's section begins: the form's name and version.
pub const RECORDING: &str = "filmwire-recording 1";
