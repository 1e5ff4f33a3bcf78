//! From a network's key to the keys of a station: functions of the standard.
//!
//! Source: IEEE 802.11-2020, 12.7.1.2 (PRF), 12.7.1.7.2 (KDF), 12.7.1.3 (pairwise keys), 12.7.3
//! (EAPOL-Key integrity), J.4 (key of a passphrase); RFC 3394 (AES key wrap).

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use cmac::Cmac;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::frame::Mac;

/// Rounds by which a passphrase becomes a key.
const ROUNDS: u32 = 4096;
const LABEL: &[u8] = b"Pairwise key expansion";
/// Confirmation, encryption of keys, and traffic: 16 bytes each.
const PAIRWISE_BYTES: usize = 48;

/// A network's key, or PMK.
pub(super) type NetworkKey = Zeroizing<[u8; 32]>;

/// Key of a passphrase in the network of a name.
pub(super) fn network_key(passphrase: &[u8], ssid: &[u8]) -> NetworkKey {
    let mut key = NetworkKey::default();
    pbkdf2::pbkdf2_hmac::<Sha1>(passphrase, ssid, ROUNDS, key.as_mut());
    key
}

/// The functions a handshake uses, by its key descriptor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Functions {
    /// WPA2 as most have it: HMAC-SHA-1.
    Sha1,
    /// WPA2 with management frame protection, WPA3: SHA-256, and CMAC as check.
    Sha256,
}

/// Keys between a station and its network.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pairwise {
    bytes: Zeroizing<[u8; PAIRWISE_BYTES]>,
    functions: Functions,
}

impl Pairwise {
    pub(super) fn derive(
        functions: Functions,
        key: &NetworkKey,
        (network, station): (Mac, Mac),
        nonces: (&[u8; 32], &[u8; 32]),
    ) -> Self {
        let mut data = Vec::with_capacity(76);
        data.extend(network.min(station).0);
        data.extend(network.max(station).0);
        data.extend(nonces.0.min(nonces.1));
        data.extend(nonces.0.max(nonces.1));
        let mut bytes = Zeroizing::new([0; PAIRWISE_BYTES]);
        match functions {
            Functions::Sha1 => prf(key.as_ref(), LABEL, &data, bytes.as_mut()),
            Functions::Sha256 => kdf(key, &data, bytes.as_mut()),
        }
        Self { bytes, functions }
    }

    fn part(&self, number: usize) -> [u8; 16] {
        self.bytes.as_chunks().0.get(number).copied().unwrap_or_default()
    }

    /// Key of the traffic.
    pub(super) fn traffic(&self) -> Zeroizing<[u8; 16]> {
        Zeroizing::new(self.part(2))
    }

    /// True if a message, its check set to zeros, was made by who has the key.
    pub(super) fn confirms(&self, message: &[u8], check: &[u8; 16]) -> bool {
        let key = Zeroizing::new(self.part(0));
        match self.functions {
            Functions::Sha1 => {
                let Ok(mac) = Hmac::<Sha1>::new_from_slice(key.as_ref()) else { return false };
                mac.chain_update(message).verify_truncated_left(check).is_ok()
            }
            Functions::Sha256 => {
                let Ok(mac) = Cmac::<Aes128>::new_from_slice(key.as_ref()) else { return false };
                mac.chain_update(message).verify_slice(check).is_ok()
            }
        }
    }

    /// Keys that were sent encrypted; `None` if they were not made by who has the key.
    pub(super) fn unwrap(&self, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        unwrap(&Zeroizing::new(self.part(1)), wrapped)
    }
}

fn prf(key: &[u8], label: &[u8], data: &[u8], out: &mut [u8]) {
    for (number, chunk) in (0u8..).zip(out.chunks_mut(20)) {
        let Ok(mac) = Hmac::<Sha1>::new_from_slice(key) else { return };
        let mac = mac.chain_update(label).chain_update([0]).chain_update(data);
        let made = mac.chain_update([number]).finalize().into_bytes();
        chunk.iter_mut().zip(made).for_each(|(to, from)| *to = from);
    }
}

fn kdf(key: &NetworkKey, data: &[u8], out: &mut [u8]) {
    let bits = (out.len() as u16 * 8).to_le_bytes();
    for (number, chunk) in (1u16..).zip(out.chunks_mut(32)) {
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.as_ref()) else { return };
        let mac = mac.chain_update(number.to_le_bytes()).chain_update(LABEL);
        let made = mac.chain_update(data).chain_update(bits).finalize().into_bytes();
        chunk.iter_mut().zip(made).for_each(|(to, from)| *to = from);
    }
}

/// RFC 3394, 2.2.2.
fn unwrap(key: &[u8; 16], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (chunks, rest) = wrapped.as_chunks::<8>();
    let (first, words) = chunks.split_first()?;
    if words.len() < 2 || !rest.is_empty() {
        return None;
    }
    let cipher = Aes128::new(key.into());
    let (mut check, mut words) = (*first, Zeroizing::new(words.to_vec()));
    for round in (0..6).rev() {
        let count = words.len() as u64;
        for (at, word) in (1u64..).zip(words.iter_mut()).collect::<Vec<_>>().into_iter().rev() {
            let step = count * round + at;
            let mut block = Zeroizing::new([0u8; 16]);
            let (left, right) = block.split_at_mut(8);
            left.copy_from_slice(&(u64::from_be_bytes(check) ^ step).to_be_bytes());
            right.copy_from_slice(word);
            let mut made = aes::Block::from(*block);
            cipher.decrypt_block(&mut made);
            let (left, right) = made.split_at(8);
            check.copy_from_slice(left);
            word.copy_from_slice(right);
        }
    }
    (check == [0xA6; 8]).then(|| Zeroizing::new(words.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
    }

    #[test]
    fn passphrases_become_the_keys_of_the_standard() {
        // Origin: IEEE 802.11-2020, J.4.2, test cases 1 to 3.
        for (passphrase, ssid, key) in [
            (
                "password",
                "IEEE",
                "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e",
            ),
            (
                "ThisIsAPassword",
                "ThisIsASSID",
                "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af",
            ),
            (
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
                "becb93866bb8c3832cb777c2f559807c8c59afcb6eae734885001300a981cc62",
            ),
        ] {
            let made = network_key(passphrase.as_bytes(), ssid.as_bytes());
            assert_eq!(made.as_slice(), bytes(key), "{passphrase}");
        }
    }

    #[test]
    fn the_function_of_wpa2_gives_what_the_standard_says() {
        // Origin: IEEE 802.11-2020, J.3.2, test case 1 and the 64 bytes of it.
        let mut made = [0; 64];
        prf(&[0x0B; 20], b"prefix", b"Hi There", &mut made);
        let published = bytes(
            "bcd4c650b30b9684951829e0d75f9d54b862175ed9f00606e17d8da35402ffee
             75df78c3d31e0f889f012120c0862beb67753e7439ae242edb8373698356cf5a",
        );
        assert_eq!(made.as_slice(), published);
    }

    #[test]
    fn keys_are_unwrapped_as_published() {
        // Origin: RFC 3394, 4.1.
        let key: [u8; 16] = bytes("000102030405060708090A0B0C0D0E0F").try_into().unwrap();
        let wrapped = bytes("1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5");
        let plain = bytes("00112233445566778899AABBCCDDEEFF");
        assert_eq!(*unwrap(&key, &wrapped).unwrap(), plain);
        for at in 0..wrapped.len() {
            let mut wrong = wrapped.clone();
            wrong[at] ^= 1;
            assert!(unwrap(&key, &wrong).is_none(), "{at}");
        }
        (0..wrapped.len()).for_each(|cut| assert!(unwrap(&key, &wrapped[..cut]).is_none()));
    }
}
