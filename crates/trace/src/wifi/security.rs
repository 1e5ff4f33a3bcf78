//! How a network is protected, as it tells itself, and what a station chose.
//!
//! Source: IEEE 802.11-2020, 9.4.2.1 (elements), 9.4.2.24 (RSNE), 9.3.3 (management frames).

/// What is told of ciphers that are not opened.
pub(super) const WEP: &str = "it is protected by WEP, which is not opened";
pub(super) const TKIP: &str = "it is protected by WPA with TKIP, which is not opened; WPA2 is";
/// What is told of WPA3 to who has its passphrase.
pub(super) const SAE: &str =
    "WPA3 (SAE): the passphrase does not open it, only the session's own key (PMK)";

const SSID: u8 = 0;
const RSN: u8 = 48;
const VENDOR: u8 = 221;
/// The standard's own suites.
const SUITES: [u8; 3] = [0x00, 0x0F, 0xAC];
/// WPA before WPA2 tells in an element of Microsoft's.
const OLD_WPA: [u8; 4] = [0x00, 0x50, 0xF2, 1];
const PRIVACY: u16 = 1 << 4;
const SSID_BYTES: usize = 32;

/// Elements of a management frame, or of key data: number and value.
pub(super) fn elements(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (&[kind, length], behind) = rest.split_first_chunk()?;
        let value = behind.get(..length.into())?;
        rest = behind.get(length.into()..).unwrap_or_default();
        Some((kind, value))
    })
}

/// What a network or a station says it can.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Suites {
    /// A bit for each number of a cipher.
    ciphers: u32,
    /// A bit for each number of a way to authenticate.
    ways: u32,
    /// WPA before WPA2.
    old: bool,
    /// Protected, but nothing tells how.
    wep: bool,
}

impl Suites {
    const TKIP: u32 = 1 << 2;
    const CCMP: u32 = 1 << 4;
    /// WPA-Personal, and with SHA-256.
    const PASSPHRASE: u32 = 1 << 2 | 1 << 6;
    const SAE: u32 = 1 << 8 | 1 << 24;
    const ENTERPRISE: u32 = 1 << 1 | 1 << 5 | 1 << 11 | 1 << 12;
    const FAST: u32 = 1 << 3 | 1 << 4 | 1 << 9 | 1 << 13 | 1 << 25;
    const OWE: u32 = 1 << 18;

    /// Reads the value of an RSN element. Cut behind its version it means CCMP.
    fn of_rsn(value: &[u8]) -> Option<Self> {
        let mut rest = value.get(6..)?;
        let mut list = || {
            let (count, behind) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_le_bytes(*count)) * 4;
            let suites = behind.get(..length)?;
            rest = behind.get(length..).unwrap_or_default();
            let own = suites.as_chunks::<4>().0.iter().filter_map(|suite| {
                let &number = suite.strip_prefix(&SUITES)?.first()?;
                1u32.checked_shl(number.into())
            });
            Some(own.fold(0, |all, bit| all | bit))
        };
        let (ciphers, ways) = (list()?, list()?);
        Some(Self { ciphers, ways, ..Self::default() })
    }

    /// What elements tell, if they do.
    pub(super) fn of_elements(bytes: &[u8]) -> Option<Self> {
        let rsn = elements(bytes).find(|(kind, _)| *kind == RSN);
        rsn.and_then(|(_, value)| Self::of_rsn(value))
    }

    /// Why this cannot be opened whatever key one has; `None` if it can.
    pub(super) fn refusal(self) -> Option<&'static str> {
        if self.wep {
            return Some(WEP);
        }
        if self.old || self.ciphers == Self::TKIP {
            return Some(TKIP);
        }
        if self.ciphers != 0 && self.ciphers & Self::CCMP == 0 {
            return Some("it is protected by another cipher than CCMP-128, which is not opened");
        }
        let only = |ways: u32| self.ways != 0 && self.ways & !ways == 0;
        if only(Self::FAST) {
            return Some("it uses fast transition (802.11r), whose keys are not derived");
        }
        None
    }

    /// Why a passphrase is not enough; `None` if it may be.
    pub(super) fn needs_session_key(self) -> Option<&'static str> {
        let is_passphrase = self.ways & Self::PASSPHRASE != 0;
        if self.ways == 0 || is_passphrase {
            None
        } else if self.ways & Self::SAE != 0 {
            Some(SAE)
        } else if self.ways & Self::ENTERPRISE != 0 {
            Some("WPA-Enterprise: only the session's own key (PMK) opens it")
        } else if self.ways & Self::OWE != 0 {
            Some("OWE (enhanced open): only the session's own key (PMK) opens it")
        } else {
            None
        }
    }
}

/// What a beacon or probe response tells of its network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announcement {
    /// Its name; `None` if it hides it.
    pub(super) ssid: Option<Vec<u8>>,
    pub(super) suites: Suites,
}

/// Reads the body of a beacon or probe response.
pub(super) fn announcement(body: &[u8]) -> Option<Announcement> {
    let capabilities = u16::from_le_bytes(*body.get(10..)?.first_chunk()?);
    let bytes = body.get(12..)?;
    let ssid = elements(bytes).find(|(kind, _)| *kind == SSID).map(|(_, value)| value);
    let ssid = ssid.filter(|ssid| ssid.len() <= SSID_BYTES && ssid.iter().any(|&byte| byte != 0));
    let is_old =
        || elements(bytes).any(|(kind, value)| kind == VENDOR && value.starts_with(&OLD_WPA));
    let suites = match Suites::of_elements(bytes) {
        Some(suites) => suites,
        None if is_old() => Suites { old: true, ..Suites::default() },
        None => Suites { wep: capabilities & PRIVACY != 0, ..Suites::default() },
    };
    Some(Announcement { ssid: ssid.map(<[u8]>::to_vec), suites })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsn(cipher: u8, ways: &[u8]) -> Vec<u8> {
        let suite = |number| [0x00, 0x0F, 0xAC, number];
        let mut value = vec![1, 0];
        value.extend(suite(4));
        value.extend([1, 0]);
        value.extend(suite(cipher));
        value.extend([ways.len() as u8, 0]);
        ways.iter().for_each(|&way| value.extend(suite(way)));
        value.extend([0, 0]);
        [&[RSN, value.len() as u8][..], &value].concat()
    }

    fn beacon(capabilities: u16, elements: &[u8]) -> Announcement {
        let bytes = [&[0; 10][..], &capabilities.to_le_bytes(), elements].concat();
        (0..bytes.len()).for_each(|cut| drop(announcement(&bytes[..cut])));
        announcement(&bytes).unwrap()
    }

    #[test]
    fn networks_tell_their_name() {
        let named = |ssid: &[u8]| beacon(0, &[&[SSID, ssid.len() as u8], ssid].concat()).ssid;
        assert_eq!(named(b"FUJIFILM-X-T9-1234"), Some(b"FUJIFILM-X-T9-1234".to_vec()));
        assert_eq!((named(b""), named(&[0; 8])), (None, None));
    }

    #[test]
    fn what_is_not_opened_is_named() {
        let refusal = |capabilities, elements: &[u8]| {
            let suites = beacon(capabilities, elements).suites;
            suites.refusal().or_else(|| suites.needs_session_key()).unwrap_or("")
        };
        assert_eq!(refusal(0, &[]), "");
        assert_eq!(refusal(0x10, &rsn(4, &[2])), "");
        // WPA2 and WPA3 at a time, WPA2 with SHA-256.
        assert_eq!(refusal(0x10, &rsn(4, &[2, 8])), "");
        assert_eq!(refusal(0x10, &rsn(4, &[6])), "");
        let old = [&[VENDOR, 4][..], &OLD_WPA].concat();
        for (elements, word) in [
            (vec![], "WEP"),
            (old, "TKIP"),
            (rsn(2, &[2]), "TKIP"),
            (rsn(9, &[2]), "another cipher"),
            (rsn(4, &[8]), "WPA3"),
            (rsn(4, &[1]), "Enterprise"),
            (rsn(4, &[18]), "OWE"),
            (rsn(4, &[4]), "802.11r"),
        ] {
            assert!(refusal(0x10, &elements).contains(word), "{word}");
        }
    }
}
