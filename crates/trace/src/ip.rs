//! IP packets, put together where they came in fragments, and the TCP or UDP in them.
//!
//! Source: RFC 791, RFC 8200 section 4.5.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, Ipv6ExtensionSlice, LaxIpSlice, TcpSlice, UdpSlice};

/// Most bytes of fragments that wait for the others.
pub const MOST_FRAGMENT_BYTES: usize = 4 << 20;
/// An IP packet has no more.
const MOST_PAYLOAD_BYTES: usize = 65_535;
/// Fragments of a packet that is not whole yet; more are a trick.
const MOST_PIECES: usize = 64;
/// Packets that wait for fragments.
const MOST_PACKETS: usize = 64;
/// What a fragment costs besides its bytes.
const PIECE_BYTES: usize = 64;

/// A TCP segment or UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) payload: &'a [u8],
}

/// What its header tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp(Segment),
}

/// Header of a TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) sequence: u32,
    pub(crate) acknowledged: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
}

/// Puts fragments together; holds at most [`MOST_FRAGMENT_BYTES`], and forgets the oldest.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    parts: VecDeque<Parts>,
    held_bytes: usize,
    whole: Vec<u8>,
    /// Packets forgotten since they never became whole.
    pub(crate) forgotten: u64,
}

/// Which packet a fragment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    id: u32,
}

#[derive(Debug)]
struct Parts {
    key: Key,
    /// Sorted by offset, without overlap.
    pieces: Vec<(usize, Vec<u8>)>,
    /// Length of the whole, once the last fragment came.
    end: Option<usize>,
}

/// A fragment's place.
struct Piece {
    id: u32,
    offset: usize,
    more: bool,
}

impl Assembler {
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes + self.whole.capacity()
    }

    /// The datagram of an IP packet; `None` if it is none, or not whole yet.
    ///
    /// One whose end the capture left out is shorter than it was sent.
    pub(crate) fn datagram<'a>(&'a mut self, packet: &'a [u8]) -> Option<Datagram<'a>> {
        let (ip, _) = LaxIpSlice::from_slice(packet).ok()?;
        let (from, to) = (ip.source_addr(), ip.destination_addr());
        let payload = ip.payload();
        let protocol = payload.ip_number;
        if !payload.fragmented {
            return datagram(from, to, protocol, payload.payload);
        }
        if payload.incomplete {
            return None;
        }
        let piece = piece(&ip)?;
        let key = Key { from, to, protocol: protocol.0, id: piece.id };
        let whole = self.add(key, &piece, payload.payload)?;
        datagram(from, to, protocol, whole)
    }

    fn add(&mut self, key: Key, piece: &Piece, bytes: &[u8]) -> Option<&[u8]> {
        let end = piece.offset + bytes.len();
        if bytes.is_empty() || end > MOST_PAYLOAD_BYTES {
            return None;
        }
        let found = self.parts.iter().position(|parts| parts.key == key);
        let found = found.and_then(|at| self.parts.remove(at));
        self.held_bytes -= found.as_ref().map_or(0, Parts::held_bytes);
        let mut parts = found.unwrap_or(Parts { key, pieces: Vec::new(), end: None });
        if !piece.more {
            parts.end = Some(end);
        }
        // Overlapping fragments are a trick (RFC 5722): the packet would be what one chooses.
        if !parts.insert(piece.offset, bytes) {
            self.forgotten += 1;
            return None;
        }
        if parts.is_whole() {
            self.whole.clear();
            parts.pieces.iter().for_each(|(_, bytes)| self.whole.extend_from_slice(bytes));
            return Some(&self.whole);
        }
        self.held_bytes += parts.held_bytes();
        self.parts.push_back(parts);
        while self.held_bytes > MOST_FRAGMENT_BYTES || self.parts.len() > MOST_PACKETS {
            let Some(oldest) = self.parts.pop_front() else { break };
            self.held_bytes -= oldest.held_bytes();
            self.forgotten += 1;
        }
        None
    }
}

impl Parts {
    fn held_bytes(&self) -> usize {
        let bytes: usize = self.pieces.iter().map(|(_, bytes)| bytes.len() + PIECE_BYTES).sum();
        bytes + PIECE_BYTES
    }

    /// False if it overlaps another one, or there are too many. The same again is no overlap.
    fn insert(&mut self, offset: usize, bytes: &[u8]) -> bool {
        let at = self.pieces.partition_point(|(start, _)| *start < offset);
        let next = self.pieces.get(at);
        if next.is_some_and(|(start, there)| *start == offset && there == bytes) {
            return true;
        }
        let before = at.checked_sub(1).and_then(|at| self.pieces.get(at));
        let overlaps = before.is_some_and(|(start, there)| start + there.len() > offset)
            || next.is_some_and(|(start, _)| offset + bytes.len() > *start);
        if overlaps || self.pieces.len() >= MOST_PIECES {
            return false;
        }
        self.pieces.insert(at, (offset, bytes.to_vec()));
        true
    }

    fn is_whole(&self) -> bool {
        let mut reached = 0;
        for (start, bytes) in &self.pieces {
            if *start != reached {
                return false;
            }
            reached += bytes.len();
        }
        self.end == Some(reached)
    }
}

fn piece(ip: &LaxIpSlice<'_>) -> Option<Piece> {
    match ip {
        LaxIpSlice::Ipv4(packet) => {
            let header = packet.header();
            Some(Piece {
                id: u32::from(header.identification()),
                offset: usize::from(header.fragments_offset().byte_offset()),
                more: header.more_fragments(),
            })
        }
        LaxIpSlice::Ipv6(packet) => {
            packet.extensions().clone().into_iter().find_map(|extension| match extension {
                Ipv6ExtensionSlice::Fragment(header) => Some(Piece {
                    id: header.identification(),
                    offset: usize::from(header.fragment_offset().byte_offset()),
                    more: header.more_fragments(),
                }),
                _ => None,
            })
        }
    }
}

fn datagram(from: IpAddr, to: IpAddr, protocol: IpNumber, bytes: &[u8]) -> Option<Datagram<'_>> {
    let (ports, transport, payload) = match protocol {
        IpNumber::TCP => {
            let tcp = TcpSlice::from_slice(bytes).ok()?;
            let segment = Segment {
                sequence: tcp.sequence_number(),
                acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
                syn: tcp.syn(),
                fin: tcp.fin(),
                rst: tcp.rst(),
            };
            let ports = (tcp.source_port(), tcp.destination_port());
            (ports, Transport::Tcp(segment), tcp.payload())
        }
        IpNumber::UDP => {
            let udp = UdpSlice::from_slice_lax(bytes).ok()?;
            ((udp.source_port(), udp.destination_port()), Transport::Udp, udp.payload())
        }
        _ => return None,
    };
    Some(Datagram {
        from: SocketAddr::new(from, ports.0),
        to: SocketAddr::new(to, ports.1),
        transport,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn key(id: u32) -> Key {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Key { from: host, to: host, protocol: 6, id }
    }

    #[test]
    fn pieces_beyond_the_end_make_no_packet_whole() {
        let mut assembler = Assembler::default();
        let last = Piece { id: 1, offset: 8, more: false };
        assert_eq!(assembler.add(key(1), &last, &[1; 8]), None);
        let beyond = Piece { id: 1, offset: 24, more: true };
        assert_eq!(assembler.add(key(1), &beyond, &[2; 8]), None);
    }

    #[test]
    fn overlapping_pieces_spoil_a_packet() {
        let mut assembler = Assembler::default();
        let first = Piece { id: 1, offset: 0, more: true };
        assert_eq!(assembler.add(key(1), &first, &[1; 16]), None);
        let over = Piece { id: 1, offset: 8, more: false };
        assert_eq!(assembler.add(key(1), &over, &[2; 16]), None);
        assert_eq!((assembler.forgotten, assembler.held_bytes()), (1, 0));
    }

    #[test]
    fn what_waits_for_others_is_bounded() {
        let mut assembler = Assembler::default();
        for id in 0..100 {
            for number in 0..40 {
                let piece = Piece { id, offset: number * 1600, more: true };
                assert_eq!(assembler.add(key(id), &piece, &[0; 1600]), None);
                assert!(assembler.held_bytes() <= MOST_FRAGMENT_BYTES);
            }
        }
        assert!(assembler.forgotten > 30 && assembler.held_bytes() > MOST_FRAGMENT_BYTES / 2);
    }
}
