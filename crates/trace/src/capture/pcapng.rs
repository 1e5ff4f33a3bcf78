//! pcapng: blocks, of which those that are not known are passed over.

use std::io::Read;

use super::source::Source;
use super::{CaptureError, Item, LinkType, MOST_INTERFACES, MOST_PACKET_BYTES, Order, Packet, cut};

/// Type of a section header block, the same in both byte orders.
pub(super) const MAGIC: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];
pub(super) const SECTION: u32 = 0x0A0D_0D0A;
pub(super) const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
pub(super) const ENHANCED_PACKET: u32 = 6;
const SECRETS: u32 = 10;
/// Kind and length of the secrets, before them.
const SECRETS_HEAD_BYTES: u32 = 8;
pub(super) const BYTE_ORDER: u32 = 0x1A2B_3C4D;
/// Type, length, and the length again at the end.
pub(super) const FRAME_BYTES: u32 = 12;
/// A packet's block: its packet, its fields and its options.
const MOST_BLOCK_BYTES: usize = MOST_PACKET_BYTES + 64 * 1024;
const OPTION_END: u16 = 0;
pub(super) const OPTION_COMMENT: u16 = 1;
pub(super) const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// An interface of the section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    snap_bytes: u32,
    /// How many of its units of time make a second.
    units: u64,
    /// Seconds to be added to its times.
    offset_s: i64,
}

#[derive(Debug)]
pub(super) struct Pcapng<R> {
    source: Source<R>,
    order: Order,
    interfaces: Vec<Interface>,
    block: Vec<u8>,
    /// Comments of the last block, to be given out before its packet.
    comments: Vec<String>,
    /// The packet in `block` that waits behind its comments.
    waiting: Option<Place>,
    /// The type of the first block was read already.
    first: bool,
    ended: bool,
}

/// Where in the block a packet is, and what the block says of it.
#[derive(Debug, Clone, Copy)]
struct Place {
    at_ns: Option<u64>,
    link: LinkType,
    start: usize,
    length: usize,
    original: u32,
}

impl<R: Read> Pcapng<R> {
    pub(super) fn new(source: Source<R>) -> Self {
        Self {
            source,
            order: Order { big: false },
            interfaces: Vec::new(),
            block: Vec::new(),
            comments: Vec::new(),
            waiting: None,
            first: true,
            ended: false,
        }
    }

    pub(super) fn next_item(&mut self) -> Result<Option<Item<'_>>, CaptureError> {
        loop {
            if let Some(comment) = self.comments.pop() {
                return Ok(Some(Item::Comment(comment)));
            }
            if let Some(place) = self.waiting.take() {
                return Ok(Some(Item::Packet(self.packet(place))));
            }
            if self.ended {
                return Ok(None);
            }
            if let Some(note) = self.read_block().inspect_err(|_| self.ended = true)? {
                return Ok(Some(note));
            }
        }
    }

    fn packet(&self, place: Place) -> Packet<'_> {
        let Place { at_ns, link, start, length, original } = place;
        let data = self.block.get(start..start + length).unwrap_or_default();
        let cut_bytes = u64::from(original).saturating_sub(length as u64);
        Packet { at_ns, link, data, cut_bytes }
    }

    /// Reads a block; what it holds waits in `comments` and `waiting`.
    fn read_block(&mut self) -> Result<Option<Item<'static>>, CaptureError> {
        let offset = self.source.offset();
        let damaged = |problem| CaptureError::Damaged { offset, problem };
        let Some(kind) = self.read_type()? else {
            self.ended = true;
            return Ok((self.source.offset() > offset).then(cut));
        };
        let Some(length) = self.source.array::<4>()? else { return Ok(Some(self.end_cut())) };
        let mut read = 8;
        if kind == SECTION {
            // The byte order stands behind the length that needs it.
            let Some(order) = self.source.array::<4>()? else { return Ok(Some(self.end_cut())) };
            read = 12;
            self.order = match (u32::from_le_bytes(order), u32::from_be_bytes(order)) {
                (BYTE_ORDER, _) => Order { big: false },
                (_, BYTE_ORDER) => Order { big: true },
                _ => return Err(damaged("a section without its byte order")),
            };
            self.interfaces.clear();
        }
        let kind = if kind == SECTION { kind } else { self.order.u32(kind.to_le_bytes()) };
        let length = self.order.u32(length);
        if length < FRAME_BYTES.max(read) || !length.is_multiple_of(4) {
            return Err(damaged("the length of a block makes no sense"));
        }
        let body = length as usize - read as usize;
        if kind == SECRETS {
            return self.pass_secrets(body as u64);
        }
        let known =
            matches!(kind, SECTION | INTERFACE | OLD_PACKET | SIMPLE_PACKET | ENHANCED_PACKET);
        if !known || body > MOST_BLOCK_BYTES {
            if !self.source.skip(body as u64)? {
                return Ok(Some(self.end_cut()));
            }
            let note = || Item::Note(format!("a block of {length} bytes was passed over"));
            return Ok(known.then(note));
        }
        if !self.source.replace(&mut self.block, body)? {
            return Ok(Some(self.end_cut()));
        }
        // The length at the end; the options end before it.
        self.block.truncate(body.saturating_sub(4));
        self.take_block(kind).map_err(damaged)
    }

    /// The type of the next block, in little-endian; `None` at the end.
    fn read_type(&mut self) -> Result<Option<u32>, CaptureError> {
        if std::mem::take(&mut self.first) {
            return Ok(Some(SECTION));
        }
        Ok(self.source.array::<4>()?.map(u32::from_le_bytes))
    }

    fn end_cut(&mut self) -> Item<'static> {
        self.ended = true;
        cut()
    }

    /// Passes over secrets that were put into the file, and tells that they are there: whoever hands
    /// the file on hands them on. None of their kinds opens Wi-Fi or PTP, so they stay unread.
    fn pass_secrets(&mut self, body: u64) -> Result<Option<Item<'static>>, CaptureError> {
        let mut rest = body;
        let mut note = "it holds secrets of a kind that cannot be told".to_owned();
        // The block's length follows once more behind them.
        if rest >= u64::from(SECRETS_HEAD_BYTES) + 4 {
            let Some(kind) = self.source.array::<4>()? else { return Ok(Some(self.end_cut())) };
            let Some(length) = self.source.array::<4>()? else { return Ok(Some(self.end_cut())) };
            rest -= u64::from(SECRETS_HEAD_BYTES);
            let (kind, length) = (self.order.u32(kind), self.order.u32(length));
            note =
                format!("it holds secrets ({}, {length} bytes), which were not read", secret(kind));
        }
        if !self.source.skip(rest)? {
            return Ok(Some(self.end_cut()));
        }
        Ok(Some(Item::Note(note)))
    }

    fn take_block(&mut self, kind: u32) -> Result<Option<Item<'static>>, &'static str> {
        match kind {
            SECTION => self.comments_at(12),
            INTERFACE => {
                self.comments_at(8);
                return self.take_interface();
            }
            SIMPLE_PACKET => self.take_simple()?,
            kind => self.take_packet(kind)?,
        }
        Ok(None)
    }

    fn take_interface(&mut self) -> Result<Option<Item<'static>>, &'static str> {
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err("it has more interfaces than can be told apart");
        }
        let short = "an interface without its fields";
        let link = self.order.u16_at(&self.block, 0).ok_or(short)?;
        let snap_bytes = self.order.u32_at(&self.block, 4).ok_or(short)?;
        let link = LinkType(u32::from(link));
        let mut interface = Interface { link, snap_bytes, units: 1_000_000, offset_s: 0 };
        for (code, value) in options(self.order, &self.block, 8) {
            match (code, value) {
                (OPTION_RESOLUTION, &[exponent, ..]) => interface.units = units(exponent),
                (OPTION_OFFSET, value) => {
                    if let Some(&bytes) = value.first_chunk() {
                        let big = self.order.big;
                        let number =
                            if big { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
                        interface.offset_s = number;
                    }
                }
                _ => {}
            }
        }
        self.interfaces.push(interface);
        Ok(None)
    }

    fn take_simple(&mut self) -> Result<(), &'static str> {
        let original = self.order.u32_at(&self.block, 0).ok_or("a packet without its length")?;
        let interface = self.interfaces.first().ok_or("a packet before its interface")?;
        let most = if interface.snap_bytes == 0 { u32::MAX } else { interface.snap_bytes };
        let length = (original.min(most) as usize).min(self.block.len().saturating_sub(4));
        let link = interface.link;
        self.waiting = Some(Place { at_ns: None, link, start: 4, length, original });
        Ok(())
    }

    /// An enhanced packet block, or the packet block of old that it replaced.
    fn take_packet(&mut self, kind: u32) -> Result<(), &'static str> {
        let word = |at| self.order.u32_at(&self.block, at).ok_or("a packet without its fields");
        let number = match kind {
            OLD_PACKET => u32::from(self.order.u16_at(&self.block, 0).unwrap_or_default()),
            _ => word(0)?,
        };
        let interface = self.interfaces.get(number as usize);
        let interface = *interface.ok_or("a packet of an interface it does not have")?;
        let time = u64::from(word(4)?) << 32 | u64::from(word(8)?);
        let (length, original) = (word(12)? as usize, word(16)?);
        let padded = length.div_ceil(4) * 4;
        if padded > self.block.len() - 20 {
            return Err("a packet longer than its block");
        }
        let (at_ns, link) = (interface.nanoseconds(time), interface.link);
        self.comments_at(20 + padded);
        self.waiting = Some(Place { at_ns, link, start: 20, length, original });
        Ok(())
    }

    fn comments_at(&mut self, offset: usize) {
        let found = options(self.order, &self.block, offset);
        let texts = found.filter(|(code, _)| *code == OPTION_COMMENT);
        let mut texts: Vec<_> =
            texts.map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect();
        texts.reverse();
        self.comments = texts;
    }
}

impl Interface {
    fn nanoseconds(&self, time: u64) -> Option<u64> {
        let units = u128::from(self.units);
        let ns = u128::from(time) * 1_000_000_000 / units;
        let ns = i128::try_from(ns).ok()? + i128::from(self.offset_s) * 1_000_000_000;
        u64::try_from(ns).ok()
    }
}

/// What secrets of a kind are for: the draft's numbers, and those that Wireshark's secrets-types.h adds.
fn secret(kind: u32) -> &'static str {
    match kind {
        0x4553_5053 => "keys of IPsec",
        0x5353_484B => "keys of SSH",
        0x544C_534B => "keys of TLS",
        0x5541_4B4C => "keys of OPC UA",
        0x5747_4B4C => "keys of WireGuard",
        0x5A4E_574B | 0x5A41_5053 => "keys of ZigBee",
        _ => "an unknown kind",
    }
}

/// Units of a second: a power of ten, or of two if the upper bit is set.
fn units(exponent: u8) -> u64 {
    let (base, exponent) =
        if exponent & 0x80 == 0 { (10u64, exponent) } else { (2, exponent & 0x7F) };
    base.checked_pow(u32::from(exponent)).unwrap_or(u64::MAX)
}

/// The options from an offset on: code and value each.
fn options(order: Order, block: &[u8], offset: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = block.get(offset..).unwrap_or_default();
    std::iter::from_fn(move || {
        let code = order.u16_at(rest, 0).filter(|&code| code != OPTION_END)?;
        let length = usize::from(order.u16_at(rest, 2)?);
        let value = rest.get(4..4 + length)?;
        rest = rest.get(4 + length.div_ceil(4) * 4..).unwrap_or_default();
        Some((code, value))
    })
}
