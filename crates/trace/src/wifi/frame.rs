//! Frames of 802.11: header, and what is behind it.
//!
//! Source: IEEE 802.11-2020, 9.2.3 (MAC frame format) and 9.3.2 (data frames).

use std::fmt;

/// Bits of the frame control field.
const TO_DS: u16 = 0x0100;
const FROM_DS: u16 = 0x0200;
const MORE_FRAGMENTS: u16 = 0x0400;
const PROTECTED: u16 = 0x4000;
/// A field for high throughput is behind the header of management and QoS frames.
const ORDER: u16 = 0x8000;
/// Subtypes of data frames: with a QoS field; without data.
const QOS: u16 = 0x0080;
const NO_DATA: u16 = 0x0040;
/// Frame control, duration, three addresses, sequence control.
const HEADER_BYTES: usize = 24;
/// The A-MSDU Present bit of a QoS field.
const AGGREGATE: u8 = 0x80;

/// The address of a radio.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Mac(pub(crate) [u8; 6]);

impl Mac {
    /// True for one that many listen to.
    pub(crate) fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a frame is for; control frames are none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// With its subtype.
    Management(u8),
    Data,
}

/// A frame that carries something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    control: u16,
    /// Receiver, transmitter, and a third that depends on the way.
    pub(super) addresses: [Mac; 3],
    /// Of frames between access points.
    pub(super) fourth: Option<Mac>,
    /// Counts frames, and fragments in the lower four bits.
    sequence: u16,
    qos: Option<u8>,
    pub(super) body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame without its check sequence. `padded`: the header was made a multiple of four
    /// bytes long by who captured. `None` if it carries nothing, or is cut within its header.
    pub(super) fn read(data: &'a [u8], padded: bool) -> Option<Self> {
        let control = u16::from_le_bytes(*data.first_chunk()?);
        let kind = match control & 0x000F {
            0x0 => Kind::Management((control >> 4 & 0xF) as u8),
            0x8 if control & NO_DATA == 0 => Kind::Data,
            _ => return None,
        };
        let address = |at: usize| data.get(at..)?.first_chunk().copied().map(Mac);
        let addresses = [address(4)?, address(10)?, address(16)?];
        let sequence = u16::from_le_bytes(*data.get(22..)?.first_chunk()?);
        let (mut length, mut fourth, mut qos) = (HEADER_BYTES, None, None);
        let is_data = kind == Kind::Data;
        if is_data && control & (TO_DS | FROM_DS) == TO_DS | FROM_DS {
            fourth = Some(address(length)?);
            length += 6;
        }
        if is_data && control & QOS != 0 {
            qos = Some(*data.get(length)?);
            length += 2;
        }
        if control & ORDER != 0 && (!is_data || qos.is_some()) {
            length += 4;
        }
        if padded {
            length = length.next_multiple_of(4);
        }
        let body = data.get(length..)?;
        Some(Self { kind, control, addresses, fourth, sequence, qos, body })
    }

    pub(super) fn is_protected(&self) -> bool {
        self.control & PROTECTED != 0
    }

    /// True if the access point sent it.
    pub(super) fn is_from_network(&self) -> bool {
        self.control & FROM_DS != 0
    }

    pub(super) fn has_more(&self) -> bool {
        self.control & MORE_FRAGMENTS != 0
    }

    /// Counts from 0.
    pub(super) fn fragment(&self) -> u8 {
        (self.sequence & 0xF) as u8
    }

    /// Which frame a fragment belongs to.
    pub(super) fn number(&self) -> u16 {
        self.sequence >> 4
    }

    /// The kind of traffic, which has packet numbers of its own; 16 for frames without a QoS field.
    pub(super) fn lane(&self) -> u8 {
        self.qos.map_or(16, |qos| qos & 0xF)
    }

    /// True if its body is several packets.
    pub(super) fn is_aggregate(&self) -> bool {
        self.qos.is_some_and(|qos| qos & AGGREGATE != 0)
    }

    /// The access point's address and the station's; `None` between stations.
    pub(super) fn ends(&self) -> Option<(Mac, Mac)> {
        let [receiver, transmitter, _] = self.addresses;
        match self.control & (TO_DS | FROM_DS) {
            TO_DS => Some((receiver, transmitter)),
            0 => None,
            _ => Some((transmitter, receiver)),
        }
    }

    /// What the check of CCMP covers besides the body, and its length: the header without what a
    /// repetition may change. Source: 12.5.3.3.3. `signed`: the A-MSDU Present bit is covered,
    /// which both sides agree on.
    pub(super) fn covered(&self, signed: bool) -> ([u8; 30], usize) {
        let mut covered = [0; 30];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            if let Some(place) = covered.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
                at += bytes.len();
            }
        };
        // Of the subtype only whether there is a QoS field; no retry, power and more-data bits.
        let kept = if self.qos.is_some() { 0x478F } else { 0xC78F };
        put(&(self.control & kept | PROTECTED).to_le_bytes());
        self.addresses.iter().for_each(|address| put(&address.0));
        put(&[(self.sequence & 0xF) as u8, 0]);
        if let Some(fourth) = self.fourth {
            put(&fourth.0);
        }
        if let Some(qos) = self.qos {
            put(&[qos & if signed { 0x8F } else { 0x0F }, 0]);
        }
        (covered, at)
    }

    /// What makes the key's use unique: priority, transmitter, packet number. Source: 12.5.3.3.4.
    pub(super) fn nonce(&self, number: u64) -> [u8; 13] {
        let mut nonce = [0; 13];
        let (priority, rest) = nonce.split_at_mut(1);
        let (transmitter, packet) = rest.split_at_mut(6);
        priority.fill(self.qos.unwrap_or_default() & 0xF);
        transmitter.copy_from_slice(&self.addresses[1].0);
        packet.copy_from_slice(&number.to_be_bytes()[2..]);
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(control: u16, behind: &[u8]) -> Vec<u8> {
        let mut bytes = control.to_le_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend([[1; 6], [2; 6], [3; 6]].concat());
        bytes.extend([0x35, 0x12]);
        bytes.extend(behind);
        bytes
    }

    #[test]
    fn headers_have_the_length_their_control_field_says() {
        for (control, padded, length) in [
            (0x0108, false, 24),
            (0x0188, false, 26),
            (0x0188, true, 28),
            (0x8188, false, 30),
            (0x0308, false, 30),
            (0x0388, false, 32),
            (0x0080, false, 24),
            (0x8080, false, 28),
        ] {
            let bytes = frame(control, &[9; 20]);
            let read = Frame::read(&bytes, padded).unwrap();
            assert_eq!(bytes.len() - read.body.len(), length, "{control:#06x}");
            assert_eq!((read.number(), read.fragment()), (0x123, 5));
            for cut in 0..length {
                assert!(Frame::read(&bytes[..cut], padded).is_none(), "{control:#06x} at {cut}");
            }
        }
        // An acknowledgement, a frame that only tells of power, another version.
        for control in [0x00D4, 0x0148, 0x01C8, 0x0109] {
            assert!(Frame::read(&frame(control, &[9; 20]), false).is_none());
        }
    }

    #[test]
    fn the_check_covers_what_a_repetition_leaves_alone() {
        let covered = |control: u16, behind: &[u8], signed| {
            let bytes = frame(control, behind);
            let (covered, length) = Frame::read(&bytes, false).unwrap().covered(signed);
            let addresses = [[1; 6], [2; 6], [3; 6]].concat();
            assert_eq!((&covered[2..20], &covered[20..22]), (&addresses[..], &[5, 0][..]));
            [&covered[..2], &covered[22..length]].concat()
        };
        // Of a frame with QoS all of retry, power, more data and order go; without it order stays.
        assert_eq!(covered(0xF988, &[0x85; 10], false), [0x88, 0x41, 5, 0]);
        assert_eq!(covered(0xF988, &[0x85; 10], true), [0x88, 0x41, 0x85, 0]);
        assert_eq!(covered(0xFD08, &[0x85; 10], true), [0x08, 0xC5]);
        // Between access points the fourth address is covered as well.
        assert_eq!(covered(0x4388, &[4; 10], false), [&[0x88, 0x43][..], &[4; 7], &[0]].concat());
    }

    #[test]
    fn ends_are_told_by_the_way() {
        let ends = |control| Frame::read(&frame(control, &[9; 20]), false).unwrap().ends();
        assert_eq!(ends(0x0108), Some((Mac([1; 6]), Mac([2; 6]))));
        assert_eq!(ends(0x0208), Some((Mac([2; 6]), Mac([1; 6]))));
        assert_eq!(ends(0x0008), None);
        assert_eq!(Mac([1, 2, 3, 4, 5, 0xAB]).to_string(), "01:02:03:04:05:ab");
    }
}
