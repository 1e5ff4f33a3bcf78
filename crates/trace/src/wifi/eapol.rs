//! Messages by which a network and a station agree on keys.
//!
//! Source: IEEE 802.11-2020, 12.7.2 (EAPOL-Key frames), 12.7.6 (4-way handshake), 12.7.7 (group key
//! handshake); IEEE 802.1X for the four bytes before.

use super::derive::{Functions, Pairwise};
use super::security::elements;

/// Ether type of these messages.
pub(super) const ETHER_TYPE: u16 = 0x888E;
const KEY: u8 = 3;
/// Offsets from the packet's start.
const INFORMATION: usize = 5;
const COUNTER: usize = 9;
const NONCE: usize = 17;
const CHECK: usize = 81;
const CHECK_BYTES: usize = 16;
const DATA_LENGTH: usize = 97;
const DATA: usize = 99;
/// A key within the key data: element of the vendor's kind, the standard's own, type 1.
const VENDOR: u8 = 0xDD;
const GROUP_KEY: [u8; 4] = [0x00, 0x0F, 0xAC, 1];
/// Length of a group key for CCMP.
const GROUP_KEY_BYTES: usize = 16;

const PAIRWISE: u16 = 1 << 3;
const ACKNOWLEDGE: u16 = 1 << 7;
const CHECKED: u16 = 1 << 8;
const ENCRYPTED: u16 = 1 << 12;

/// Which message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Of the 4-way handshake, 1 to 4.
    Pairwise(u8),
    /// The network gives out a group key.
    Group,
    /// A station thanks for it.
    GroupThanks,
}

/// A message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) step: Step,
    /// Key descriptor version.
    pub(super) version: u8,
    pub(super) counter: u64,
    pub(super) nonce: &'a [u8; 32],
    check: &'a [u8; CHECK_BYTES],
    is_encrypted: bool,
    pub(super) data: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads what is behind the ether type; `None` if it is no such message.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let length = usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?));
        let whole = bytes.get(..4 + length)?;
        if whole.get(1) != Some(&KEY) {
            return None;
        }
        let information = u16::from_be_bytes(*whole.get(INFORMATION..)?.first_chunk()?);
        let counter = u64::from_be_bytes(*whole.get(COUNTER..)?.first_chunk()?);
        let nonce = whole.get(NONCE..)?.first_chunk()?;
        let check = whole.get(CHECK..)?.first_chunk()?;
        let data = u16::from_be_bytes(*whole.get(DATA_LENGTH..)?.first_chunk()?);
        let data = whole.get(DATA..DATA + usize::from(data))?;
        let has = |bit: u16| information & bit != 0;
        // When keys are renewed the second message is as secure as the fourth: what it carries
        // tells them apart.
        let step = match (has(PAIRWISE), has(ACKNOWLEDGE), has(CHECKED)) {
            (true, true, false) => Step::Pairwise(1),
            (true, true, true) => Step::Pairwise(3),
            (true, false, true) if !data.is_empty() => Step::Pairwise(2),
            (true, false, true) => Step::Pairwise(4),
            (false, true, true) => Step::Group,
            (false, false, true) => Step::GroupThanks,
            _ => return None,
        };
        let (version, is_encrypted) = ((information & 7) as u8, has(ENCRYPTED));
        Some(Self { step, version, counter, nonce, check, is_encrypted, data, whole })
    }

    /// The functions it uses; `None` for those of WPA before WPA2.
    pub(super) fn functions(&self) -> Option<Functions> {
        match self.version {
            2 => Some(Functions::Sha1),
            // 0: what the way of authentication says, which is the same for WPA3's.
            0 | 3 => Some(Functions::Sha256),
            _ => None,
        }
    }

    /// True if it was made by who has these keys.
    pub(super) fn is_by(&self, keys: &Pairwise) -> bool {
        let mut message = self.whole.to_vec();
        if let Some(check) = message.get_mut(CHECK..CHECK + CHECK_BYTES) {
            check.fill(0);
        }
        keys.confirms(&message, self.check)
    }

    /// The group key in it, with its number.
    pub(super) fn group_key(&self, keys: &Pairwise) -> Option<(u8, [u8; GROUP_KEY_BYTES])> {
        if !self.is_encrypted {
            return None;
        }
        let opened = keys.unwrap(self.data)?;
        let mut vendors = elements(&opened).filter(|(kind, _)| *kind == VENDOR);
        vendors.find_map(|(_, value)| {
            let value = value.strip_prefix(&GROUP_KEY[..])?;
            let (&[number, _], key) = value.split_first_chunk::<2>()?;
            Some((number & 3, key.try_into().ok()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(information: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2, 3];
        bytes.extend((95 + data.len() as u16).to_be_bytes());
        bytes.push(2);
        bytes.extend(information.to_be_bytes());
        bytes.resize(DATA_LENGTH, 7);
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn messages_are_told_apart() {
        for (information, data, step) in [
            (0x008A, &[][..], Step::Pairwise(1)),
            (0x010A, &[0x30, 0], Step::Pairwise(2)),
            (0x030A, &[0x30, 0], Step::Pairwise(2)),
            (0x13CA, &[0; 8], Step::Pairwise(3)),
            (0x030A, &[], Step::Pairwise(4)),
            (0x1382, &[0; 8], Step::Group),
            (0x0302, &[], Step::GroupThanks),
        ] {
            let bytes = message(information, data);
            let read = Message::read(&bytes).unwrap();
            assert_eq!((read.step, read.version), (step, 2), "{information:#06x}");
            (0..bytes.len()).for_each(|cut| assert!(Message::read(&bytes[..cut]).is_none()));
        }
        assert!(Message::read(&message(0x0008, &[])).is_none());
    }
}
