//! Networks in sight.

use std::fmt;

use zbus::OwnedObjectPath;

/// What a camera's network is called as long as nobody renames it: with the model and the last four
/// digits of its serial number. Source: logs of six bodies from the X-H1 to the X-T5.
const CAMERAS: &[u8] = b"FUJIFILM-";

/// AP flag: the network hides what is sent. Source: NM80211ApFlags.
const PRIVACY: u32 = 0x1;
/// Key management by a passphrase: PSK, SAE. Source: NM80211ApSecurityFlags.
const PASSPHRASE: u32 = 0x100 | 0x400;

/// Name of a network: bytes, mostly UTF-8.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssid(pub(crate) Vec<u8>);

impl Ssid {
    /// A name as a person wrote it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    /// Whether Fujifilm cameras are called so: the only sign there is before one joins.
    #[must_use]
    pub fn is_camera(&self) -> bool {
        self.0.starts_with(CAMERAS)
    }
}

/// Readable, and safe to print: anybody may choose a name.
impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in String::from_utf8_lossy(&self.0).chars() {
            write!(f, "{}", if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// How a network is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all, as by bodies of the X-T20's generation.
    Open,
    /// With a passphrase (WPA2), as by newer bodies.
    Passphrase,
    /// In a way no camera has: WEP, certificates.
    Other,
}

impl Security {
    pub(crate) fn of(flags: u32, wpa: u32, rsn: u32) -> Self {
        match (wpa | rsn, flags & PRIVACY) {
            (0, 0) => Self::Open,
            (how, _) if how & PASSPHRASE != 0 => Self::Passphrase,
            _ => Self::Other,
        }
    }
}

/// A network that a radio sees.
#[derive(Debug, Clone)]
pub struct Network {
    /// Its name.
    pub ssid: Ssid,
    /// How it is protected.
    pub security: Security,
    /// In per cent.
    pub strength: u8,
    pub(crate) path: OwnedObjectPath,
}

/// A network's passphrase. Debug does not show it.
#[derive(Clone)]
pub struct Passphrase(pub(crate) String);

impl Passphrase {
    /// A passphrase of 8 to 63 characters.
    ///
    /// # Errors
    /// [`BadPassphrase`](crate::Error::BadPassphrase) if it cannot be one.
    pub fn new(text: impl Into<String>) -> Result<Self, crate::Error> {
        let text = text.into();
        let is_one = (8..=63).contains(&text.len()) && text.bytes().all(|c| (32..127).contains(&c));
        if is_one { Ok(Self(text)) } else { Err(crate::Error::BadPassphrase) }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_known_by_name() {
        // Seen: protocol/discovery-ble-tether.md, section 6.
        for name in ["FUJIFILM-X-H1-CA2A", "FUJIFILM-X-S10-0EA7", "FUJIFILM-X-T5-003B"] {
            assert!(Ssid::new(name).is_camera(), "{name}");
        }
        for name in ["Home", "fujifilm-x", "My FUJIFILM-X-T5-003B", ""] {
            assert!(!Ssid::new(name).is_camera(), "{name}");
        }
    }

    #[test]
    fn a_name_is_printed_without_harm() {
        assert_eq!(
            Ssid(b"a\x1b[2Jb\nc\xff".to_vec()).to_string(),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}"
        );
    }

    #[test]
    fn protections_are_told_apart() {
        assert_eq!(Security::of(0, 0, 0), Security::Open);
        assert_eq!(Security::of(1, 0, 0x188), Security::Passphrase);
        assert_eq!(Security::of(1, 0x104, 0), Security::Passphrase);
        assert_eq!(Security::of(1, 0, 0x488), Security::Passphrase);
        assert_eq!(Security::of(1, 0, 0), Security::Other, "WEP");
        assert_eq!(Security::of(1, 0, 0x288), Security::Other, "certificates");
    }

    #[test]
    fn a_passphrase_is_not_shown() {
        let passphrase = Passphrase::new("hunter2hunter2").unwrap();
        assert_eq!(format!("{passphrase:?}"), "Passphrase(..)");
        for bad in ["1234567", &"x".repeat(64), "pässword"] {
            assert!(Passphrase::new(bad).is_err(), "{bad}");
        }
    }
}
