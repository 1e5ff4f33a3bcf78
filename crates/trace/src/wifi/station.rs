//! A station of a network: how far its handshake got, and its keys.

use super::ccmp::{Cipher, Outcome};
use super::derive::{Functions, NetworkKey, Pairwise};
use super::eapol::{Message, Step};
use super::frame::{Frame, Mac};
use super::security::Suites;

/// Nonces of each side that are kept: a first message may be lost, sent again, or late.
const MOST_NONCES: usize = 4;
/// Keys of a station that are tried, the newest first: frames of the last one come late.
const MOST_PAIRS: usize = 3;

/// A nonce and the counter of its message.
type Nonce = ([u8; 32], u64);

#[derive(Debug)]
pub(super) struct Station {
    /// Addresses of its network and its own.
    ends: (Mac, Mac),
    /// When it was heard last, in frames.
    pub(super) heard: u64,
    /// What it chose, as far as it was seen.
    pub(super) suites: Option<Suites>,
    /// Key descriptor version of its last message.
    pub(super) version: Option<u8>,
    /// A bit for each message of the handshake that was seen since it came.
    seen: u8,
    /// Of the network, and of the station.
    nonces: [Vec<Nonce>; 2],
    /// The messages belong together, and no key that was tried made them.
    pub(super) unfit: bool,
    pairs: Vec<Pair>,
    /// The reason that was told for which its frames stay closed.
    pub(super) told: Option<&'static str>,
}

struct Pair {
    keys: Pairwise,
    cipher: Cipher,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pair(..)")
    }
}

impl Station {
    pub(super) fn new(ends: (Mac, Mac)) -> Self {
        Self {
            ends,
            heard: 0,
            suites: None,
            version: None,
            seen: 0,
            nonces: [Vec::new(), Vec::new()],
            unfit: false,
            pairs: Vec::new(),
            told: None,
        }
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.pairs.is_empty()
    }

    pub(super) fn held_bytes(&self) -> usize {
        let pairs: usize = self.pairs.iter().map(|pair| pair.cipher.held_bytes()).sum();
        let nonces: usize = self.nonces.iter().map(Vec::capacity).sum();
        size_of::<Self>() + pairs + nonces * size_of::<Nonce>()
    }

    /// The station comes anew: what was said before belongs to no handshake of now. Its keys stay,
    /// for what was sent before.
    pub(super) fn begin(&mut self) {
        self.nonces.iter_mut().for_each(Vec::clear);
        (self.seen, self.unfit) = (0, false);
    }

    /// Takes a message of the 4-way handshake; derives the keys if it completes what is needed.
    pub(super) fn take<'a>(
        &mut self,
        message: &Message<'_>,
        keys: impl Iterator<Item = &'a NetworkKey>,
    ) {
        let Step::Pairwise(number) = message.step else { return };
        self.seen |= 1 << number;
        self.version = Some(message.version);
        if number == 2 {
            self.suites = Suites::of_elements(message.data).or(self.suites);
        }
        let from_station = number.is_multiple_of(2);
        let is_told = message.nonce.iter().any(|&byte| byte != 0);
        if is_told && let Some(own) = self.nonces.get_mut(usize::from(from_station)) {
            let nonce = (*message.nonce, message.counter);
            own.retain(|(there, _)| *there != nonce.0);
            own.insert(0, nonce);
            own.truncate(MOST_NONCES);
        }
        let Some(functions) = message.functions() else { return };
        if number == 1 || self.confirmed(message) {
            return;
        }
        self.derive(functions, message, keys);
    }

    /// True if a message is by who has the keys that are there already.
    fn confirmed(&self, message: &Message<'_>) -> bool {
        let [network, station] = &self.nonces;
        let newest = [network.first(), station.first()];
        // The second message of a renewal is not by the keys of before, so no key is missed here.
        newest.iter().all(Option::is_some)
            && self.pairs.first().is_some_and(|pair| message.is_by(&pair.keys))
    }

    fn derive<'a>(
        &mut self,
        functions: Functions,
        message: &Message<'_>,
        keys: impl Iterator<Item = &'a NetworkKey>,
    ) {
        let [network, station] = &self.nonces;
        let from_station = matches!(message.step, Step::Pairwise(2 | 4));
        // The newest of the side that speaks, with each that the other may have meant.
        let most = |is_speaker: bool| if is_speaker { 1 } else { MOST_NONCES };
        let mut found = None;
        let mut tried = false;
        'all: for key in keys {
            for (anonce, counter) in network.iter().take(most(!from_station)) {
                for (snonce, answered) in station.iter().take(most(from_station)) {
                    let pair = Pairwise::derive(functions, key, self.ends, (anonce, snonce));
                    // An answer has the counter of what it answers; the third message the next.
                    tried |= counter == answered || *counter == answered.wrapping_add(1);
                    if message.is_by(&pair) {
                        found = Some(pair);
                        break 'all;
                    }
                }
            }
        }
        match found {
            Some(keys) => {
                let cipher = Cipher::new(keys.traffic());
                self.pairs.insert(0, Pair { keys, cipher });
                self.pairs.truncate(MOST_PAIRS);
                (self.unfit, self.told) = (false, None);
            }
            None => self.unfit |= tried,
        }
    }

    /// The group key of a message that one of its keys made.
    pub(super) fn group_key(&self, message: &Message<'_>) -> Option<(u8, [u8; 16])> {
        let by = self.pairs.iter().find(|pair| message.is_by(&pair.keys))?;
        message.group_key(&by.keys)
    }

    /// Opens a frame with the key that made it; `None` without one.
    pub(super) fn open(
        &mut self,
        frame: &Frame<'_>,
        number: u64,
        clear: &mut Vec<u8>,
    ) -> Option<Outcome> {
        let mut outcome = None;
        for pair in &mut self.pairs {
            outcome = Some(pair.cipher.open(frame, number, clear));
            if outcome != Some(Outcome::Wrong) {
                break;
            }
        }
        outcome
    }

    /// Why its frames stay closed, though there is a key of its network.
    pub(super) fn problem(&self) -> &'static str {
        let has = |number: u8| self.seen & 1 << number != 0;
        if self.has_keys() {
            return "damaged, or of keys whose handshake is not in the capture";
        }
        if self.unfit {
            return "the passphrase or key is a wrong one: the handshake was not made with it";
        }
        match (has(1), has(2), has(3), has(4)) {
            (false, false, false, false) => {
                "its handshake is not in the capture, which must begin before it joins"
            }
            (_, false, _, _) => "message 2 of its handshake is not in the capture",
            (false, true, false, _) => "neither message 1 nor 3 of its handshake is in the capture",
            _ => "the messages of its handshake do not belong together: some are lost",
        }
    }
}
