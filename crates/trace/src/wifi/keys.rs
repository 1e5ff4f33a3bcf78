//! The keys that the owner of a network gives.

use std::fmt;

use super::derive::{NetworkKey, network_key};

/// Most networks whose keys are kept.
pub const MOST_KEYS: usize = 64;
const SSID_BYTES: usize = 32;
const PASSPHRASE_BYTES: std::ops::RangeInclusive<usize> = 8..=63;
/// A key in hexadecimal digits; a passphrase is shorter.
const HEX_BYTES: usize = 64;

/// Keys of networks. Debug does not show them, and they are wiped when they are dropped.
#[derive(Clone, Default)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
pub(super) struct Key {
    /// The network it is of; `None` if it may be of any.
    pub(super) ssid: Option<Vec<u8>>,
    pub(super) key: NetworkKey,
    /// Made of a passphrase, which is not enough for WPA3.
    pub(super) is_of_passphrase: bool,
}

/// Why something is no key. It does not repeat what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadKey {
    /// Neither a passphrase nor a key.
    #[error("a passphrase has 8 to 63 characters, a key 64 hexadecimal digits")]
    Passphrase,
    /// No network can have this name.
    #[error("the name of a network has 1 to 32 bytes")]
    Ssid,
    /// A passphrase alone.
    #[error("a passphrase needs the name of its network before it")]
    NoSsid,
    /// More than [`MOST_KEYS`].
    #[error("there are more than 64 keys")]
    TooMany,
}

/// A line of a file that is none, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: BadKey,
}

impl Keys {
    /// Reads lines: a network's name, then a tab, then its passphrase, or its key in 64 hexadecimal
    /// digits. In a line without a tab the first space is the border. A key may stand alone, and is
    /// tried on every network. Empty lines and lines that begin with # are passed over.
    ///
    /// Making a key of a passphrase takes some milliseconds.
    ///
    /// # Errors
    /// [`BadLine`] for the first line that is none of these.
    pub fn read(text: &[u8]) -> Result<Self, BadLine> {
        let mut keys = Self::default();
        for (line, text) in (1..).zip(text.split(|&byte| byte == b'\n')) {
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            if text.trim_ascii().is_empty() || text.starts_with(b"#") {
                continue;
            }
            keys.add_line(text).map_err(|why| BadLine { line, why })?;
        }
        Ok(keys)
    }

    fn add_line(&mut self, text: &[u8]) -> Result<(), BadKey> {
        let at = |border: u8| text.iter().position(|&byte| byte == border);
        match at(b'\t').or_else(|| at(b' ')).and_then(|at| text.split_at_checked(at)) {
            Some((ssid, secret)) => self.add(Some(ssid), secret.get(1..).unwrap_or_default()),
            None => self.add(None, text),
        }
    }

    /// Adds a passphrase, or a key in 64 hexadecimal digits, of a network; a key may be of any.
    ///
    /// # Errors
    /// [`BadKey`] if it is none.
    pub fn add(&mut self, ssid: Option<&[u8]>, secret: &[u8]) -> Result<(), BadKey> {
        if ssid.is_some_and(|ssid| ssid.is_empty() || ssid.len() > SSID_BYTES) {
            return Err(BadKey::Ssid);
        }
        let (key, is_of_passphrase) = match (of_hex(secret), ssid) {
            (Some(key), _) => (key, false),
            (None, Some(ssid)) if is_passphrase(secret) => (network_key(secret, ssid), true),
            (None, None) if is_passphrase(secret) => return Err(BadKey::NoSsid),
            _ => return Err(BadKey::Passphrase),
        };
        if self.0.len() >= MOST_KEYS {
            return Err(BadKey::TooMany);
        }
        self.0.push(Key { ssid: ssid.map(<[u8]>::to_vec), key, is_of_passphrase });
        Ok(())
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that may be of a network; of one whose name is not known, all.
    pub(super) fn of<'a>(&'a self, ssid: Option<&'a [u8]>) -> impl Iterator<Item = &'a Key> {
        self.0.iter().filter(move |key| match (&key.ssid, ssid) {
            (Some(own), Some(ssid)) => own == ssid,
            _ => true,
        })
    }

    /// Networks that keys are of.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter_map(|key| key.ssid.as_deref())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} of them)", self.0.len())
    }
}

fn is_passphrase(secret: &[u8]) -> bool {
    PASSPHRASE_BYTES.contains(&secret.len()) && secret.iter().all(|byte| (32..127).contains(byte))
}

fn of_hex(secret: &[u8]) -> Option<NetworkKey> {
    if secret.len() != HEX_BYTES {
        return None;
    }
    let mut key = NetworkKey::default();
    for (to, pair) in key.iter_mut().zip(secret.as_chunks::<2>().0) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        *to = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Origin: IEEE 802.11-2020, J.4.2, of "password" in the network "IEEE".
    const HEX: &str = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e";

    #[test]
    fn lines_hold_names_and_passphrases_or_keys() {
        let text = format!(
            "# a comment\n\nIEEE\tpassword\r\nIEEE password\nIEEE {HEX}\n{HEX}\nA b\tc d e f g\n"
        );
        let keys = Keys::read(text.as_bytes()).unwrap();
        let made: Vec<_> = keys.0.iter().map(|key| (key.ssid.as_deref(), key.key[0])).collect();
        let ieee = (Some(&b"IEEE"[..]), 0xF4);
        assert_eq!(made[..4], [ieee, ieee, ieee, (None, 0xF4)]);
        assert_eq!(keys.0[4].key, network_key(b"c d e f g", b"A b"));
        assert_eq!((keys.of(Some(b"IEEE")).count(), keys.of(None).count()), (4, 5));
        assert_eq!(keys.of(Some(b"other")).count(), 1);
    }

    #[test]
    fn what_is_no_key_is_told_by_its_line_and_not_repeated() {
        let longer = format!("IEEE {HEX}0");
        for (text, why) in [
            ("IEEE short", BadKey::Passphrase),
            ("IEEE passw\u{f6}rd", BadKey::Passphrase),
            (longer.as_str(), BadKey::Passphrase),
            ("password", BadKey::NoSsid),
            ("\tpassword", BadKey::Ssid),
            ("012345678901234567890123456789012 password", BadKey::Ssid),
        ] {
            let told = Keys::read(format!("#\n{text}").as_bytes()).unwrap_err();
            assert_eq!(told, BadLine { line: 2, why }, "{text}");
            assert!(!told.to_string().contains(text), "{told}");
        }
        let many = format!("{HEX}\n").repeat(MOST_KEYS + 1);
        assert_eq!(Keys::read(many.as_bytes()).unwrap_err().why, BadKey::TooMany);
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = Keys::read(HEX.as_bytes()).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(1 of them)");
    }
}
