//! Files of captured packets: pcap and pcapng, whichever it is, from anything that can be read. What
//! is written is pcapng ([`Writer`]).
//!
//! Source: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.

mod pcap;
mod pcapng;
mod source;
mod writer;

use std::io::{self, Read};

use pcap::Pcap;
use pcapng::Pcapng;
use source::Source;

pub use writer::Writer;

/// Longest packet that is read, as libpcap has it; longer ones are passed over and told.
pub const MOST_PACKET_BYTES: usize = 262_144;
/// Most interfaces of a section that are told apart.
pub const MOST_INTERFACES: usize = 256;

/// What is around the IP packets of a capture: a number of the registry of link types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// Ethernet, with or without VLAN tags.
    pub const ETHERNET: Self = Self(1);
    /// IP packets and nothing else.
    pub const RAW: Self = Self(101);
    /// Frames of Wi-Fi.
    pub const IEEE802_11: Self = Self(105);
    /// Linux, all interfaces, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Frames of Wi-Fi, behind what the radio tells of them.
    pub const RADIOTAP: Self = Self(127);
    /// IPv4 packets and nothing else.
    pub const IPV4: Self = Self(228);
    /// IPv6 packets and nothing else.
    pub const IPV6: Self = Self(229);
    /// Linux, all interfaces, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// True for those that can be decoded.
    pub fn is_read(self) -> bool {
        // 12 and 14 are raw IP as BSD and OpenBSD number it in files.
        matches!(self.0, 1 | 12 | 14 | 101 | 113 | 228 | 229 | 276) || self.is_wifi()
    }

    /// True for frames as they are in the air.
    pub(crate) fn is_wifi(self) -> bool {
        matches!(self, Self::IEEE802_11 | Self::RADIOTAP)
    }

    /// Its name, if it is one that may hold a camera's packets.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "BSD loopback",
            1 => "Ethernet",
            9 => "PPP",
            12 | 14 | 101 => "raw IP",
            105 => "802.11",
            108 => "OpenBSD loopback",
            113 => "Linux cooked v1",
            119 => "802.11 with Prism header",
            127 => "802.11 with radiotap",
            163 => "802.11 with AVS header",
            187 | 201 => "Bluetooth HCI",
            189 | 220 => "USB of Linux",
            192 => "per-packet information",
            228 => "raw IPv4",
            229 => "raw IPv6",
            249 => "USBPcap",
            276 => "Linux cooked v2",
            _ => return None,
        })
    }
}

impl std::fmt::Display for LinkType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (link type {})", self.0),
            None => write!(f, "link type {}", self.0),
        }
    }
}

/// A captured packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Nanoseconds since 1970; `None` where the capture does not tell.
    pub at_ns: Option<u64>,
    /// What is around the IP packet.
    pub link: LinkType,
    /// What was captured.
    pub data: &'a [u8],
    /// Bytes of the packet that the capture left out at its end.
    pub cut_bytes: u64,
}

/// What a capture holds, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// A remark somebody left in the file. Untrusted.
    Comment(String),
    /// Something about the file that limits what can be shown.
    Note(String),
}

/// Why a capture cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// It is none.
    #[error("this is neither pcap nor pcapng: it begins with {0:02x?}")]
    Unknown([u8; 4]),
    /// It is empty or ends within its first bytes.
    #[error("there is nothing in it")]
    Empty,
    /// A part contradicts the format; what was read before it stands.
    #[error("it is damaged {offset} bytes from its start: {problem}")]
    Damaged {
        /// Bytes before the part.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The system refused to read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads a capture piece by piece; holds one packet at a time.
#[derive(Debug)]
pub struct Reader<R>(Format<R>);

#[derive(Debug)]
enum Format<R> {
    Pcap(Pcap<R>),
    Pcapng(Pcapng<R>),
}

impl<R: Read> Reader<R> {
    /// Reads as far as it takes to know the format.
    ///
    /// Fails with [`CaptureError`] if it is neither pcap nor pcapng, or cannot be read.
    pub fn new(input: R) -> Result<Self, CaptureError> {
        let mut source = Source::new(input);
        let Some(magic) = source.array::<4>()? else { return Err(CaptureError::Empty) };
        Ok(Self(match magic {
            pcapng::MAGIC => Format::Pcapng(Pcapng::new(source)),
            _ => Format::Pcap(Pcap::new(magic, source)?),
        }))
    }

    /// The next piece, or `None` at the end. A capture that ends within a packet ends with a note.
    ///
    /// Fails with [`CaptureError`] where it is damaged; there is nothing behind that.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, CaptureError> {
        match &mut self.0 {
            Format::Pcap(pcap) => pcap.next_item(),
            Format::Pcapng(pcapng) => pcapng.next_item(),
        }
    }
}

/// The note that ends a capture which was cut.
fn cut() -> Item<'static> {
    Item::Note("the capture ends within a packet".to_owned())
}

/// Reads numbers in the byte order of the machine that captured.
#[derive(Debug, Clone, Copy)]
struct Order {
    big: bool,
}

impl Order {
    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    /// The number at a place of a record; `None` past its end.
    fn u16_at(self, record: &[u8], offset: usize) -> Option<u16> {
        Some(self.u16(*record.get(offset..)?.first_chunk()?))
    }

    /// The number at a place of a record; `None` past its end.
    fn u32_at(self, record: &[u8], offset: usize) -> Option<u32> {
        Some(self.u32(*record.get(offset..)?.first_chunk()?))
    }
}
