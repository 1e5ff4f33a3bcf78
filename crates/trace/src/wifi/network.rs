//! A network: its name, how it is protected, and its group keys.

use zeroize::Zeroizing;

use super::ccmp::{Cipher, Outcome};
use super::frame::{Frame, Mac};
use super::security::Suites;

/// Group keys that are tried: two are in use while they change.
const MOST_GROUP_KEYS: usize = 4;

#[derive(Debug)]
pub(super) struct Network {
    pub(super) address: Mac,
    /// When it was heard last, in frames.
    pub(super) heard: u64,
    pub(super) ssid: Option<Vec<u8>>,
    pub(super) suites: Suites,
    /// Number and key, the newest first.
    group: Vec<(u8, Cipher)>,
    /// What was told of it already.
    pub(super) told: bool,
    pub(super) told_management: bool,
}

impl Network {
    pub(super) fn new(address: Mac) -> Self {
        Self {
            address,
            heard: 0,
            ssid: None,
            suites: Suites::default(),
            group: Vec::new(),
            told: false,
            told_management: false,
        }
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.group.is_empty()
    }

    pub(super) fn held_bytes(&self) -> usize {
        let group: usize = self.group.iter().map(|(_, cipher)| cipher.held_bytes()).sum();
        size_of::<Self>() + group + self.ssid.as_ref().map_or(0, Vec::capacity)
    }

    /// Its name for people. Untrusted, and quoted.
    pub(super) fn name(&self) -> String {
        match &self.ssid {
            Some(ssid) => format!("{:?} ({})", String::from_utf8_lossy(ssid), self.address),
            None => self.address.to_string(),
        }
    }

    /// Keeps a group key; the same again keeps what was seen under it.
    pub(super) fn add_key(&mut self, number: u8, key: [u8; 16]) {
        let key = Zeroizing::new(key);
        if self.group.iter().any(|(own, cipher)| *own == number && cipher.has_key(&key)) {
            return;
        }
        self.group.insert(0, (number, Cipher::new(key)));
        self.group.truncate(MOST_GROUP_KEYS);
    }

    /// Opens a frame to many; `None` without its key.
    pub(super) fn open(
        &mut self,
        frame: &Frame<'_>,
        (number, key): (u64, u8),
        clear: &mut Vec<u8>,
    ) -> Option<Outcome> {
        let mut outcome = None;
        for (_, cipher) in self.group.iter_mut().filter(|(own, _)| *own == key) {
            outcome = Some(cipher.open(frame, number, clear));
            if outcome != Some(Outcome::Wrong) {
                break;
            }
        }
        outcome
    }
}
