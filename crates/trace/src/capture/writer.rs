//! pcapng as we write it: one section, one interface, packets with times in nanoseconds.

use std::io::{self, Write};

use super::LinkType;
use super::pcapng::{
    BYTE_ORDER, ENHANCED_PACKET, FRAME_BYTES, INTERFACE, OPTION_COMMENT, OPTION_RESOLUTION, SECTION,
};

/// Name and version of the program that wrote a section.
const OPTION_PROGRAM: u16 = 4;
/// Times count in ten to the power of minus this many seconds.
const NANOSECONDS: u8 = 9;
/// The length of a section that is still being written.
const UNKNOWN_LENGTH: u64 = u64::MAX;
/// Longest option; the length field has 16 bits.
const MOST_OPTION_BYTES: usize = u16::MAX as usize;

/// Writes a capture packet by packet. What was written is a whole capture at any time, so that a
/// run that is killed leaves one that can be read, but for a packet it was in the middle of.
///
/// Source: draft-ietf-opsawg-pcapng.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a capture: says which program writes, and what one should know to read it.
    ///
    /// Fails as `out` does.
    pub fn new(out: W, link: LinkType, program: &str, comment: &str) -> io::Result<Self> {
        let mut writer = Self { out, block: Vec::new() };
        writer.block.extend(BYTE_ORDER.to_le_bytes());
        writer.block.extend([1, 0, 0, 0]);
        writer.block.extend(UNKNOWN_LENGTH.to_le_bytes());
        writer.option(OPTION_COMMENT, comment.as_bytes());
        writer.option(OPTION_PROGRAM, program.as_bytes());
        writer.end_options();
        writer.put(SECTION)?;
        writer.block.extend((link.0 & 0xFFFF).to_le_bytes());
        // No packet is cut.
        writer.block.extend(0u32.to_le_bytes());
        writer.option(OPTION_RESOLUTION, &[NANOSECONDS]);
        writer.end_options();
        writer.put(INTERFACE)?;
        Ok(writer)
    }

    /// Writes a packet: nanoseconds since 1970, its bytes, and a remark if there is one.
    ///
    /// Fails as the output does, and for packets no capture can hold (4 GiB).
    pub fn packet(&mut self, at_ns: u64, data: &[u8], comment: Option<&str>) -> io::Result<()> {
        let length = u32::try_from(data.len()).map_err(io::Error::other)?;
        let [high, low] = [(at_ns >> 32) as u32, at_ns as u32];
        for word in [0, high, low, length, length] {
            self.block.extend(word.to_le_bytes());
        }
        self.block.extend(data);
        self.pad();
        if let Some(comment) = comment {
            self.option(OPTION_COMMENT, comment.as_bytes());
            self.end_options();
        }
        self.put(ENHANCED_PACKET)
    }

    /// The output; every packet was written to it.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// Hands everything on to where it goes.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..MOST_OPTION_BYTES).unwrap_or(value);
        self.block.extend(code.to_le_bytes());
        self.block.extend((value.len() as u16).to_le_bytes());
        self.block.extend(value);
        self.pad();
    }

    fn end_options(&mut self) {
        self.block.extend([0; 4]);
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    /// Puts type and length around the block, and writes it.
    fn put(&mut self, kind: u32) -> io::Result<()> {
        let length = u32::try_from(self.block.len()).ok();
        let length = length.and_then(|length| length.checked_add(FRAME_BYTES));
        let length = length.ok_or_else(|| io::Error::other("a packet too long"))?.to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&length)?;
        self.out.write_all(&self.block)?;
        self.out.write_all(&length)?;
        self.block.clear();
        Ok(())
    }
}
