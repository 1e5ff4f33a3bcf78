//! CCMP: packets of a station or a group, checked and opened.
//!
//! Source: IEEE 802.11-2020, 12.5.3 (CCMP), 12.5.2 (TKIP, to tell it), 12.3 (WEP, to tell it).

use std::fmt;

use aes::Aes128;
use ccm::aead::AeadInOut;
use ccm::aead::inout::InOutBuf;
use ccm::consts::{U8, U13};
use ccm::{Ccm, KeyInit, Tag};
use zeroize::Zeroizing;

use super::frame::Frame;
use super::replay::Window;

const HEADER_BYTES: usize = 8;
const CHECK_BYTES: usize = 8;
/// The header has eight bytes, not four.
const LONG: u8 = 0x20;

/// What is before and behind a protected body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// CCMP, or a cipher with the same header: packet number, and number of the key.
    Ccmp(u64, u8),
    Tkip,
    Wep,
}

impl Form {
    /// Reads the beginning of a protected body; `None` if it is cut.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let &[zero, one, two, key, rest @ ..] = body.first_chunk::<HEADER_BYTES>()?;
        if key & LONG == 0 {
            return Some(Self::Wep);
        }
        // TKIP's second byte follows from the first; CCMP's third is always 0.
        if two != 0 && one == (zero | 0x20) & 0x7F {
            return Some(Self::Tkip);
        }
        let [a, b, c, d] = rest;
        let number = u64::from_be_bytes([0, 0, d, c, b, a, one, zero]);
        Some(Self::Ccmp(number, key >> 6))
    }
}

/// What came of opening a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Opened,
    /// It was there before.
    Repeated,
    /// It was made with another key, or damaged.
    Wrong,
}

/// A key of traffic, and what was seen under it.
pub(super) struct Cipher {
    key: Zeroizing<[u8; 16]>,
    ccm: Ccm<Aes128, U8, U13>,
    /// Packet numbers of each sender and lane: at most two times 17.
    windows: Vec<((bool, u8), Window)>,
}

impl Cipher {
    pub(super) fn new(key: Zeroizing<[u8; 16]>) -> Self {
        let ccm = Ccm::new((&*key).into());
        Self { key, ccm, windows: Vec::new() }
    }

    pub(super) fn has_key(&self, key: &[u8; 16]) -> bool {
        *self.key == *key
    }

    /// Opens a frame's body into `clear`.
    pub(super) fn open(&mut self, frame: &Frame<'_>, number: u64, clear: &mut Vec<u8>) -> Outcome {
        // The A-MSDU Present bit is covered if both sides agreed on it, which only the check tells.
        let is_open = self.decrypt(frame, number, false, clear)
            || frame.is_aggregate() && self.decrypt(frame, number, true, clear);
        if !is_open {
            return Outcome::Wrong;
        }
        let lane = (frame.is_from_network(), frame.lane());
        let at = self.windows.iter().position(|(own, _)| *own == lane);
        let at = at.unwrap_or_else(|| {
            self.windows.push((lane, Window::default()));
            self.windows.len() - 1
        });
        match self.windows.get_mut(at).is_some_and(|(_, window)| window.is_new(number)) {
            true => Outcome::Opened,
            false => Outcome::Repeated,
        }
    }

    fn decrypt(&self, frame: &Frame<'_>, number: u64, signed: bool, clear: &mut Vec<u8>) -> bool {
        let body = frame.body.get(HEADER_BYTES..).and_then(<[u8]>::split_last_chunk::<CHECK_BYTES>);
        let Some((body, check)) = body else { return false };
        clear.clear();
        clear.extend_from_slice(body);
        let (covered, length) = frame.covered(signed);
        let covered = covered.get(..length).unwrap_or_default();
        let nonce = frame.nonce(number);
        let buffer = InOutBuf::from(clear.as_mut_slice());
        let result =
            self.ccm.decrypt_inout_detached(&nonce.into(), covered, buffer, &Tag::from(*check));
        result.is_ok()
    }

    pub(super) fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.windows.capacity() * size_of::<((bool, u8), Window)>()
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_of_the_standard_is_opened() {
        // Origin: IEEE 802.11-2020, J.6.4 (CCMP test vectors), without the check sequence.
        let key = [
            0xC9, 0x7C, 0x1F, 0x67, 0xCE, 0x37, 0x11, 0x85, 0x51, 0x4A, 0x8A, 0x19, 0xF2, 0xBD,
            0xD5, 0x2F,
        ];
        let mut bytes = vec![0x08, 0x48, 0xC3, 0x2C, 0x0F, 0xD2, 0xE1, 0x28, 0xA5, 0x7C];
        bytes.extend([0x50, 0x30, 0xF1, 0x84, 0x44, 0x08, 0xAB, 0xAE, 0xA5, 0xB8, 0xFC, 0xBA]);
        bytes.extend([0x80, 0x33, 0x0C, 0xE7, 0x00, 0x20, 0x76, 0x97, 0x03, 0xB5]);
        bytes.extend([0xF3, 0xD0, 0xA2, 0xFE, 0x9A, 0x3D, 0xBF, 0x23, 0x42, 0xA6]);
        bytes.extend([0x43, 0xE4, 0x32, 0x46, 0xE8, 0x0C, 0x3C, 0x04, 0xD0, 0x19]);
        bytes.extend([0x78, 0x45, 0xCE, 0x0B, 0x16, 0xF9, 0x76, 0x23]);
        let plain = [
            0xF8, 0xBA, 0x1A, 0x55, 0xD0, 0x2F, 0x85, 0xAE, 0x96, 0x7B, 0xB6, 0x2F, 0xB6, 0xCD,
            0xA8, 0xEB, 0x7E, 0x78, 0xA0, 0x50,
        ];
        let mut cipher = Cipher::new(Zeroizing::new(key));
        let mut clear = Vec::new();
        let frame = Frame::read(&bytes, false).unwrap();
        let number = 0xB503_9776_E70C;
        assert_eq!(Form::read(frame.body), Some(Form::Ccmp(number, 0)));
        assert_eq!(cipher.open(&frame, number, &mut clear), Outcome::Opened);
        assert_eq!(clear, plain);
        assert_eq!(cipher.open(&frame, number, &mut clear), Outcome::Repeated);
        // Each bit is covered but those that a repetition may change.
        for at in 0..bytes.len() * 8 {
            let mut wrong = bytes.clone();
            wrong[at / 8] ^= 1 << (at % 8);
            let Some(frame) = Frame::read(&wrong, false) else { continue };
            let Some(Form::Ccmp(number, _)) = Form::read(frame.body) else { continue };
            let is_free = matches!(at, 4..7 | 11..14 | 16..32 | 180..192 | 208..224);
            let outcome = cipher.open(&frame, number, &mut clear);
            let wanted = if is_free { Outcome::Repeated } else { Outcome::Wrong };
            assert!(at == 14 || at == 15 || outcome == wanted, "bit {at}: {outcome:?}");
        }
    }

    #[test]
    fn ciphers_are_told_by_their_header() {
        let number = Form::read(&[0x0C, 0xE7, 0, 0x60, 0x76, 0x97, 0x03, 0xB5, 9]);
        assert_eq!(number, Some(Form::Ccmp(0xB503_9776_E70C, 1)));
        assert_eq!(Form::read(&[1, 0x21, 7, 0x20, 0, 0, 0, 0]), Some(Form::Tkip));
        assert_eq!(Form::read(&[1, 2, 3, 0x40, 0, 0, 0, 0]), Some(Form::Wep));
        assert_eq!(Form::read(&[0; 7]), None);
    }
}
