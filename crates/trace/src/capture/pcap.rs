//! pcap: one header, then packets.

use std::io::Read;

use super::source::Source;
use super::{CaptureError, Item, LinkType, MOST_PACKET_BYTES, Order, Packet, cut};

const MAGIC_MICRO: u32 = 0xA1B2_C3D4;
const MAGIC_NANO: u32 = 0xA1B2_3C4D;
/// Bytes of the file's header behind the magic.
const HEADER_BYTES: usize = 20;
/// Offset of the link type in those.
const LINK_OFFSET: usize = 16;
/// Of the link type's word, the upper bits tell of frame check sequences.
const LINK_MASK: u32 = 0x0000_FFFF;
/// No system captures a longer one: behind it, the file makes no sense.
const SENSELESS_BYTES: u32 = 0x0400_0000;

#[derive(Debug)]
pub(super) struct Pcap<R> {
    source: Source<R>,
    order: Order,
    /// Nanoseconds of a unit of the time's second word.
    unit_ns: u64,
    link: LinkType,
    data: Vec<u8>,
    ended: bool,
}

impl<R: Read> Pcap<R> {
    pub(super) fn new(magic: [u8; 4], mut source: Source<R>) -> Result<Self, CaptureError> {
        let (little, big) = (u32::from_le_bytes(magic), u32::from_be_bytes(magic));
        let (big, unit_ns) = match (little, big) {
            (MAGIC_MICRO, _) => (false, 1000),
            (MAGIC_NANO, _) => (false, 1),
            (_, MAGIC_MICRO) => (true, 1000),
            (_, MAGIC_NANO) => (true, 1),
            _ => return Err(CaptureError::Unknown(magic)),
        };
        let header = source.array::<HEADER_BYTES>()?.ok_or(CaptureError::Empty)?;
        let order = Order { big };
        let link = order.u32_at(&header, LINK_OFFSET).unwrap_or_default() & LINK_MASK;
        Ok(Self { source, order, unit_ns, link: LinkType(link), data: Vec::new(), ended: false })
    }

    pub(super) fn next_item(&mut self) -> Result<Option<Item<'_>>, CaptureError> {
        if self.ended {
            return Ok(None);
        }
        let offset = self.source.offset();
        let mut header = [0; 16];
        match self.source.fill(&mut header)? {
            16 => {}
            filled => {
                self.ended = true;
                return Ok((filled > 0).then(cut));
            }
        }
        let word = |at| self.order.u32_at(&header, at).unwrap_or_default();
        let (seconds, part, length, original) = (word(0), word(4), word(8), word(12));
        if length > SENSELESS_BYTES {
            self.ended = true;
            return Err(CaptureError::Damaged { offset, problem: "no packet is that long" });
        }
        let too_long = length as usize > MOST_PACKET_BYTES;
        let whole = match too_long {
            true => self.source.skip(u64::from(length))?,
            false => self.source.replace(&mut self.data, length as usize)?,
        };
        if !whole {
            self.ended = true;
            return Ok(Some(cut()));
        }
        if too_long {
            return Ok(Some(Item::Note(format!("a packet of {length} bytes was passed over"))));
        }
        let at_ns = u64::from(seconds) * 1_000_000_000 + u64::from(part) * self.unit_ns;
        Ok(Some(Item::Packet(Packet {
            at_ns: Some(at_ns),
            link: self.link,
            data: &self.data,
            cut_bytes: u64::from(original.saturating_sub(length)),
        })))
    }
}
