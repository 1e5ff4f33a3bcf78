//! Packets of the live view stream on TCP 55742.

use crate::error::{DecodeError, Problem};
use crate::reader::Reader;

/// First bytes of a JPEG.
const START_OF_IMAGE: [u8; 2] = [0xFF, 0xD8];

/// What stands before the JPEG of a live view packet: u32 length of the whole packet, u32 zero, u32
/// frame counter, u32 length of an extra block, u16 unknown.
///
/// Packets follow each other on one stream; read [`LiveViewHeader::BYTES`], then
/// [`LiveViewHeader::rest_bytes`]. Source: the fact sheet's section 8.6; hkr, ptp-ip, vcam's sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveViewHeader {
    /// Bytes of the packet, header included.
    pub length: u32,
    /// 0 wherever it was seen.
    pub reserved: u32,
    /// Grows by one a frame. Only its low byte is sure (ptp-ip), hkr reads 32 bits.
    pub counter: u32,
    /// Bytes between the header and the JPEG: a third party's reading of a word that was 0 wherever
    /// it was seen (grade C).
    pub extra_bytes: u32,
    /// Unknown; it varies from frame to frame.
    pub unknown: u16,
}

impl LiveViewHeader {
    /// Bytes of the header.
    pub const BYTES: usize = 18;
    /// Longest packet that makes sense: frames of 640 x 480 have about 10 KB, and 4 MiB leave room
    /// for any size a body might be set to.
    pub const MOST_BYTES: u32 = 4 << 20;

    /// Decodes the first 18 bytes of a packet; what follows them is not looked at.
    ///
    /// Fails with [`DecodeError`] if the length is shorter than the header, longer than
    /// [`LiveViewHeader::MOST_BYTES`], or leaves no room for the extra block: the stream is then out
    /// of step and must be opened anew.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let r = &mut Reader::new(packet);
        let header = Self {
            length: r.u32("packet length")?,
            reserved: r.u32("reserved word")?,
            counter: r.u32("frame counter")?,
            extra_bytes: r.u32("extra length")?,
            unknown: r.u16("unknown word")?,
        };
        let wrong = |field, offset, found, expected| {
            let problem = Problem::Value { found: u64::from(found), expected };
            Err(DecodeError { field, offset, problem })
        };
        if !(Self::BYTES as u32..=Self::MOST_BYTES).contains(&header.length) {
            return wrong("packet length", 0, header.length, "18 bytes to 4 MiB");
        }
        if header.extra_bytes as usize > header.rest_bytes() {
            return wrong("extra length", 12, header.extra_bytes, "no more than the packet has");
        }
        Ok(header)
    }

    /// Bytes of the packet that follow the header.
    pub fn rest_bytes(&self) -> usize {
        (self.length as usize).saturating_sub(Self::BYTES)
    }

    /// Takes the JPEG out of the bytes that follow the header.
    ///
    /// Fails with [`DecodeError`] if they are fewer or more than announced, or if no JPEG starts
    /// where it should: the frame is lost then, the stream goes on.
    pub fn jpeg<'a>(&self, rest: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let r = &mut Reader::new(rest);
        if rest.len() != self.rest_bytes() {
            let (announced, actual) = (self.rest_bytes() as u64, rest.len() as u64);
            let problem = Problem::Length { announced, actual };
            return Err(DecodeError { field: "packet length", offset: 0, problem });
        }
        r.bytes("extra block", self.extra_bytes as usize)?;
        let offset = r.offset();
        let jpeg = r.rest();
        match jpeg.first_chunk() {
            Some(&START_OF_IMAGE) => Ok(jpeg),
            start => {
                let found = start.map_or(0, |&bytes| u64::from(u16::from_be_bytes(bytes)));
                let problem = Problem::Value { found, expected: "a JPEG's 0xFFD8" };
                Err(DecodeError { field: "JPEG", offset, problem })
            }
        }
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for word in [self.length, self.reserved, self.counter, self.extra_bytes] {
            out.extend(word.to_le_bytes());
        }
        out.extend(self.unknown.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(length: u32, extra_bytes: u32) -> Vec<u8> {
        let mut out = Vec::new();
        LiveViewHeader { length, reserved: 0, counter: 7, extra_bytes, unknown: 0x8A01 }
            .encode(&mut out);
        out
    }

    #[test]
    fn a_frame_stands_behind_the_header_and_its_extra_block() {
        let read = LiveViewHeader::decode(&header(26, 4)).unwrap();
        assert_eq!((read.counter, read.rest_bytes()), (7, 8));
        assert_eq!(read.jpeg(&[1, 2, 3, 4, 0xFF, 0xD8, 0xFF, 0xD9]).map(<[u8]>::len), Ok(4));
        assert_eq!(read.jpeg(&[1, 2, 3, 4, 5, 0xFF, 0xD8, 0xFF]).unwrap_err().field, "JPEG");
        assert_eq!(read.jpeg(&[0xFF, 0xD8]).unwrap_err().field, "packet length");
    }

    #[test]
    fn lengths_that_cannot_be_are_refused_where_they_stand() {
        let place = |bytes: &[u8]| LiveViewHeader::decode(bytes).map_err(|error| error.offset);
        assert_eq!(place(&header(17, 0)), Err(0));
        assert_eq!(place(&header(LiveViewHeader::MOST_BYTES + 1, 0)), Err(0));
        assert_eq!(place(&header(26, 9)), Err(12));
        assert_eq!(place(&header(26, 8)[..17]), Err(16));
        assert!(place(&header(18, 0)).is_ok());
    }
}
