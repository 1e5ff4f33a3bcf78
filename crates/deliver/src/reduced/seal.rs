//! What a copy says of itself.

use filmwire_catalogue::Sha256;
use sha2::Digest;

/// Start of a JPEG, then of a comment.
///
/// Source: ITU T.81, table B.1.
const START: [u8; 2] = [0xFF, 0xD8];
const COMMENT: [u8; 2] = [0xFF, 0xFE];

/// Bytes of the words; they have one length, so that copies begin alike.
const WORDS_BYTES: usize = "filmwire copy\nof \nbytes \nrest \n".len() + 64 + 10 + 64;
/// What the comment says its length is: that of the words and its own.
const LENGTH: [u8; 2] = (WORDS_BYTES as u16 + 2).to_be_bytes();

/// A comment right behind the start of a JPEG: the SHA-256 of the photo it is a copy of, its own
/// size, and the SHA-256 of all that follows the comment.
///
/// So a copy is known for what it is, and for whole, by whoever reads it: after a restart, with
/// another catalogue or another station, when copies are made otherwise, and when the photo is gone
/// from the library.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seal {
    /// Of the photo.
    pub(super) of: Sha256,
    /// Size of the copy in bytes, this comment included.
    pub(super) size: u64,
    /// Of what follows.
    rest: Sha256,
}

impl Seal {
    /// How much of a file is read to know its seal.
    pub(super) const HEAD_BYTES: usize = START.len() + COMMENT.len() + LENGTH.len() + WORDS_BYTES;

    /// Puts a seal on a copy of a photo. `None` if that is no JPEG.
    pub(super) fn put_on(jpeg: &[u8], of: Sha256) -> Option<Vec<u8>> {
        let rest = jpeg.strip_prefix(&START)?;
        let size = Self::HEAD_BYTES + rest.len();
        let seal = Self { of, size: size as u64, rest: sha2::Sha256::digest(rest).into() };
        let mut sealed = Vec::with_capacity(size);
        sealed.extend_from_slice(&START);
        sealed.extend_from_slice(&COMMENT);
        sealed.extend_from_slice(&LENGTH);
        sealed.extend_from_slice(seal.words().as_bytes());
        sealed.extend_from_slice(rest);
        Some(sealed)
    }

    /// Reads the seal of a file that begins so, if it has one.
    pub(super) fn read(head: &[u8]) -> Option<Self> {
        let comment = head.strip_prefix(&START)?.strip_prefix(&COMMENT)?;
        let words = comment.strip_prefix(&LENGTH)?.get(..WORDS_BYTES)?;
        let words = std::str::from_utf8(words).ok()?;
        let mut lines = words.strip_prefix("filmwire copy\n")?.lines();
        let seal = Self {
            of: hash(lines.next()?.strip_prefix("of ")?)?,
            size: lines.next()?.strip_prefix("bytes ")?.parse().ok()?,
            rest: hash(lines.next()?.strip_prefix("rest ")?)?,
        };
        // Written in one way only, so that no byte of it may be another.
        (seal.words() == words).then_some(seal)
    }

    /// Whether these are all bytes of the copy it was put on.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        let rest = bytes.get(Self::HEAD_BYTES..).unwrap_or_default();
        bytes.len() as u64 == self.size && <Sha256>::from(sha2::Sha256::digest(rest)) == self.rest
    }

    fn words(&self) -> String {
        let (of, rest) = (hex(&self.of), hex(&self.rest));
        format!("filmwire copy\nof {of}\nbytes {:010}\nrest {rest}\n", self.size)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(hex: &str) -> Option<Sha256> {
    let mut hash = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = b"\xFF\xD8\xFF\xDBany picture\xFF\xD9";

    #[test]
    fn a_copy_tells_what_it_is_of_and_that_it_is_whole() {
        let sealed = Seal::put_on(JPEG, [0xA7; 32]).unwrap();
        let seal = Seal::read(&sealed[..Seal::HEAD_BYTES]).unwrap();
        assert_eq!((seal.of, seal.size), ([0xA7; 32], sealed.len() as u64));
        assert!(seal.holds(&sealed));
        // A JPEG as before, behind a comment of the length it says.
        assert_eq!(sealed[..4], [0xFF, 0xD8, 0xFF, 0xFE]);
        let length = usize::from(u16::from_be_bytes([sealed[4], sealed[5]]));
        assert_eq!(sealed[4 + length..], JPEG[2..]);
        assert_eq!(Seal::put_on(b"<html>", [0; 32]), None);
    }

    #[test]
    fn no_byte_may_be_another_and_none_may_be_missing() {
        let sealed = Seal::put_on(JPEG, [0xA7; 32]).unwrap();
        let is_right = |bytes: &[u8]| {
            Seal::read(bytes).is_some_and(|seal| seal.of == [0xA7; 32] && seal.holds(bytes))
        };
        assert!(is_right(&sealed));
        for at in 0..sealed.len() {
            assert!(!is_right(&sealed[..at]), "{at} bytes");
            for turn in [1, 0x20] {
                let mut other = sealed.clone();
                other[at] ^= turn;
                assert!(!is_right(&other), "byte {at}");
            }
        }
        assert!(!is_right(&[&sealed[..], b"x"].concat()));
        for other in [&b""[..], JPEG, b"\xFF\xD8\xFF\xFE\0\x10filmwire gallery"] {
            assert_eq!(Seal::read(other), None);
        }
    }
}
