//! Handshakes: how a network and a station agree on keys.
//!
//! Source: IEEE 802.11-2020, 12.7; RFC 3394.

use std::collections::VecDeque;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use cmac::Cmac;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::{Air, Manner, Version, Way, llc};

impl Air {
    /// The 4-way handshake in the open; the keys are in use from then on.
    pub fn handshake(&mut self) -> Vec<Vec<u8>> {
        self.agree(false)
    }

    /// The 4-way handshake again, under the keys of before.
    pub fn renew(&mut self) -> Vec<Vec<u8>> {
        self.agree(true)
    }

    /// The network gives out another group key.
    pub fn renew_group(&mut self) -> Vec<Vec<u8>> {
        self.next_group();
        self.counter += 1;
        let data = self.wrap(&self.group_data());
        let given = self.message(0x1380, [0; 32], &data, true);
        let thanks = self.message(0x0300, [0; 32], &[], true);
        vec![self.eapol(Way::Down, &given, true), self.eapol(Way::Up, &thanks, true)]
    }

    fn agree(&mut self, again: bool) -> Vec<Vec<u8>> {
        self.round += 1;
        let nonce = |side: u8| {
            let round = self.round.to_be_bytes();
            let seed = [&self.ssid[..], &self.station, &round, &[side]].concat();
            Sha256::digest(seed).into()
        };
        self.nonces = [nonce(1), nonce(2)];
        if self.group.1 == [0; 16] {
            self.next_group();
        }
        let (old, new) = (self.pairwise, self.derive());
        let secure = if again { 0x0200 } else { 0 };
        let rsn = self.rsn();
        self.counter += 1;
        let [anonce, snonce] = self.nonces;
        let one = self.message(0x0088 | secure, anonce, &[], false);
        self.pairwise = new;
        let two = self.message(0x0108 | secure, snonce, &rsn, true);
        self.counter += 1;
        let data = self.wrap(&[rsn, self.group_data()].concat());
        let three = self.message(0x13C8, anonce, &data, true);
        let four = self.message(0x0308, [0; 32], &[], true);
        // Sent under the old keys, if there are any.
        self.pairwise = old;
        let messages = [(Way::Down, one), (Way::Up, two), (Way::Down, three), (Way::Up, four)];
        let frames = messages.map(|(way, bytes)| self.eapol(way, &bytes, again)).to_vec();
        self.pairwise = new;
        let [up, down, _] = &mut self.numbers;
        (*up, *down) = (0, 0);
        frames
    }

    fn next_group(&mut self) {
        let number = if self.group.0 == 1 { 2 } else { 1 };
        let seed = [&self.ssid[..], b"group", &self.group.1].concat();
        let made: [u8; 32] = Sha256::digest(seed).into();
        self.group = (number, first(&made));
        let [.., group] = &mut self.numbers;
        *group = 0;
    }

    /// The group's key as an element, filled up for the wrapping.
    fn group_data(&self) -> Vec<u8> {
        let (number, key) = self.group;
        let mut data = vec![0xDD, 22, 0x00, 0x0F, 0xAC, 1, number, 0];
        data.extend(key);
        data
    }

    fn eapol(&mut self, way: Way, message: &[u8], sealed: bool) -> Vec<u8> {
        let body = llc([0x88, 0x8E], message);
        let manner = Manner { qos: Some(6), ..Manner::new(way) };
        if sealed {
            return self.sealed(manner, &body);
        }
        self.unsealed(manner, &body)
    }

    /// An EAPOL-Key message with its check.
    fn message(&self, information: u16, nonce: [u8; 32], data: &[u8], checked: bool) -> Vec<u8> {
        let version = match self.version {
            Version::Sae => 0,
            Version::Sha1 => 2,
            Version::Sha256 => 3,
        };
        let length = if information & 0x80 != 0 && information & 8 != 0 { 16 } else { 0 };
        let mut before = vec![2, 3];
        before.extend((95 + data.len() as u16).to_be_bytes());
        before.push(2);
        before.extend((information | version).to_be_bytes());
        before.extend([0, length]);
        before.extend(self.counter.to_be_bytes());
        before.extend(nonce);
        before.extend([0; 32]);
        let behind = [&(data.len() as u16).to_be_bytes()[..], data].concat();
        let unchecked = [&before[..], &[0; 16], &behind].concat();
        if !checked {
            return unchecked;
        }
        [&before[..], &self.check(&unchecked), &behind].concat()
    }

    fn check(&self, message: &[u8]) -> [u8; 16] {
        let [key, ..] = self.parts();
        let made = match self.version {
            Version::Sha1 => hmac::<Hmac<Sha1>>(&key, &[message]),
            _ => {
                let mac = Cmac::<Aes128>::new_from_slice(&key).expect("the key has 16 bytes");
                mac.chain_update(message).finalize().into_bytes().to_vec()
            }
        };
        first(&made)
    }

    fn derive(&self) -> [u8; 48] {
        let [one, two] = self.nonces;
        let mut data = Vec::new();
        data.extend(self.network.min(self.station));
        data.extend(self.network.max(self.station));
        data.extend(one.min(two));
        data.extend(one.max(two));
        let label = b"Pairwise key expansion";
        let made: Vec<u8> = match self.version {
            Version::Sha1 => (0..3u8)
                .flat_map(|step| hmac::<Hmac<Sha1>>(&self.key, &[label, &[0], &data, &[step]]))
                .collect(),
            _ => (1..3u8)
                .flat_map(|step| {
                    let parts: [&[u8]; 4] = [&[step, 0], label, &data, &[0x80, 0x01]];
                    hmac::<Hmac<Sha256>>(&self.key, &parts)
                })
                .collect(),
        };
        first(&made)
    }

    /// RFC 3394, 2.2.1, with the key that encrypts keys.
    fn wrap(&self, data: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        if !data.len().is_multiple_of(8) {
            data.push(0xDD);
            data.resize(data.len().next_multiple_of(8), 0);
        }
        let [_, key, _] = self.parts();
        let cipher = Aes128::new(&key.into());
        let mut words: VecDeque<[u8; 8]> = data.as_chunks().0.iter().copied().collect();
        let mut head = [0xA6; 8];
        for step in 1..=6 * words.len() as u64 {
            // Each goes behind the others, so that the next is in front.
            let Some(word) = words.pop_front() else { break };
            let mut block = aes::Block::from(first::<16>(&[head, word].concat()));
            cipher.encrypt_block(&mut block);
            let (left, right) = block.split_at(8);
            head = (u64::from_be_bytes(first(left)) ^ step).to_be_bytes();
            words.push_back(first(right));
        }
        [vec![head], words.into()].concat().concat()
    }
}

/// As many bytes as are wanted.
fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("more were made than are asked for")
}

fn hmac<M: hmac::Mac + hmac::KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as hmac::KeyInit>::new_from_slice(key).expect("keys have any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}
