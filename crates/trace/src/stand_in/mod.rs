//! A made-up network in the air, for tests: the frames that an access point and a station send.
//!
//! It is written from the standard by itself and shares no code with [`wifi`](crate::wifi), so that
//! the two check each other.

mod agree;
mod file;

use aes::Aes128;
use ccm::aead::AeadInOut;
use ccm::aead::inout::InOutBuf;
use ccm::consts::{U8, U13};
use ccm::{Ccm, KeyInit};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

pub use file::{pcap, radiotap};

/// Who sends a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The station, to its network.
    Up,
    /// The network, to the station.
    Down,
    /// The network, to all stations.
    All,
}

/// Which functions the handshake uses: the key descriptor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// WPA3: what its way of authentication says.
    Sae,
    /// WPA2.
    Sha1,
    /// WPA2 with management frame protection.
    Sha256,
}

/// A network and a station of it, as far as they are agreed.
#[derive(Debug, Clone)]
pub struct Air {
    ssid: Vec<u8>,
    network: [u8; 6],
    station: [u8; 6],
    version: Version,
    /// Key of the network, or of the session.
    key: [u8; 32],
    nonces: [[u8; 32]; 2],
    /// Keys in use: confirmation, encryption of keys, traffic.
    pairwise: [u8; 48],
    group: (u8, [u8; 16]),
    /// Counts agreements, of which each has other nonces.
    round: u32,
    counter: u64,
    sequence: u16,
    /// Packet numbers under the pairwise keys (up, down), and the group's.
    numbers: [u64; 3],
}

/// How a frame is sent.
#[derive(Debug, Clone, Copy)]
struct Manner {
    way: Way,
    qos: Option<u8>,
    more: bool,
    fragment: u8,
    signed: bool,
}

impl Manner {
    fn new(way: Way) -> Self {
        Self { way, qos: None, more: false, fragment: 0, signed: false }
    }
}

impl Air {
    /// A network of this name and passphrase, and a station that has not joined yet.
    pub fn new(ssid: &str, passphrase: &str, version: Version) -> Self {
        let mut key = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha1>(passphrase.as_bytes(), ssid.as_bytes(), 4096, &mut key);
        let [one, two, ..]: [u8; 32] = Sha256::digest(ssid).into();
        Self {
            ssid: ssid.as_bytes().to_vec(),
            network: [2, 0xF1, one, two, 0, 1],
            station: [2, 0x57, one, two, 0, 2],
            version,
            key,
            nonces: [[0; 32]; 2],
            pairwise: [0; 48],
            group: (1, [0; 16]),
            round: 0,
            counter: 0,
            sequence: 0x0FE0,
            numbers: [0; 3],
        }
    }

    /// The same network with other functions in its handshakes.
    pub fn with_version(&self, version: Version) -> Self {
        Self { version, ..self.clone() }
    }

    /// Another station of the same network, which has the group's key already.
    pub fn another_station(&self, last_byte: u8) -> Self {
        let mut other = self.clone();
        let ([.., last], [up, down, _]) = (&mut other.station, &mut other.numbers);
        (*last, *up, *down, other.round) = (last_byte, 0, 0, last_byte.into());
        other
    }

    /// The same network elsewhere: other addresses of its access point and of the station.
    pub fn move_to(&mut self, number: u16) {
        for [.., high, low, _] in [&mut self.network, &mut self.station] {
            [*high, *low] = number.to_be_bytes();
        }
    }

    /// The network's key in hexadecimal digits.
    pub fn key_hex(&self) -> String {
        self.key.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The network tells of itself.
    pub fn beacon(&mut self) -> Vec<u8> {
        let mut body = vec![0; 8];
        body.extend([100, 0, 0x11, 0]);
        body.extend([0, self.ssid.len() as u8]);
        body.extend(&self.ssid);
        body.extend(self.rsn());
        let addresses = [[0xFF; 6], self.network, self.network];
        self.plain(0x0080, addresses, &body)
    }

    /// The station comes, before it asks to be taken in.
    pub fn authentication(&mut self) -> Vec<u8> {
        self.plain(0x00B0, [self.network, self.station, self.network], &[0, 0, 1, 0, 0, 0])
    }

    /// The station asks to be taken in.
    pub fn association(&mut self) -> Vec<u8> {
        let mut body = vec![0x11, 0, 10, 0, 0, self.ssid.len() as u8];
        body.extend(&self.ssid);
        body.extend(self.rsn());
        let addresses = [self.network, self.station, self.network];
        self.plain(0x0000, addresses, &body)
    }

    /// A packet in a QoS frame.
    pub fn packet(&mut self, way: Way, ip: &[u8]) -> Vec<u8> {
        self.sealed(Manner { qos: Some(5), ..Manner::new(way) }, &snap(ip))
    }

    /// A packet in a frame of old, without QoS.
    pub fn old_packet(&mut self, way: Way, ip: &[u8]) -> Vec<u8> {
        self.sealed(Manner::new(way), &snap(ip))
    }

    /// A packet nobody protects.
    pub fn open_packet(&mut self, way: Way, ip: &[u8]) -> Vec<u8> {
        self.unsealed(Manner::new(way), &snap(ip))
    }

    /// A body of any bytes in a frame, with a QoS field or without.
    pub fn body(&mut self, way: Way, qos: Option<u8>, body: &[u8]) -> Vec<u8> {
        self.sealed(Manner { qos, ..Manner::new(way) }, body)
    }

    /// Several packets in a frame. `signed`: the check covers that it is such a frame, as both
    /// sides agreed.
    pub fn aggregate(&mut self, way: Way, packets: &[Vec<u8>], signed: bool) -> Vec<u8> {
        let mut body = Vec::new();
        for packet in packets {
            body.resize(body.len().next_multiple_of(4), 0);
            let inner = snap(packet);
            body.extend([[2, 0, 0, 0, 0, 9], [2, 0, 0, 0, 0, 8]].concat());
            body.extend((inner.len() as u16).to_be_bytes());
            body.extend(inner);
        }
        self.sealed(Manner { qos: Some(0x80), signed, ..Manner::new(way) }, &body)
    }

    /// A packet in several frames of so many bytes.
    pub fn fragments(&mut self, way: Way, ip: &[u8], bytes: usize) -> Vec<Vec<u8>> {
        let body = snap(ip);
        let count = body.chunks(bytes).count();
        let first = self.sequence.wrapping_add(1);
        let pieces = (0u8..).zip(body.chunks(bytes));
        pieces
            .map(|(fragment, piece)| {
                // All have the number of the first.
                self.sequence = first.wrapping_sub(1);
                let more = usize::from(fragment) + 1 < count;
                self.sealed(Manner { qos: Some(0), more, fragment, ..Manner::new(way) }, piece)
            })
            .collect()
    }

    /// The station's announcement of what it can, which is the network's.
    fn rsn(&self) -> Vec<u8> {
        let way = match self.version {
            Version::Sae => 8,
            Version::Sha1 => 2,
            Version::Sha256 => 6,
        };
        let mut value = vec![1, 0, 0, 0x0F, 0xAC, 4, 1, 0, 0, 0x0F, 0xAC, 4];
        value.extend([1, 0, 0, 0x0F, 0xAC, way, 0, 0]);
        [&[48, value.len() as u8][..], &value].concat()
    }

    fn plain(&mut self, control: u16, addresses: [[u8; 6]; 3], body: &[u8]) -> Vec<u8> {
        let sequence = self.step(0);
        [&control.to_le_bytes()[..], &[0, 0], &addresses.concat(), &sequence, body].concat()
    }

    /// The next frame's number, before that of its fragment.
    fn step(&mut self, fragment: u8) -> [u8; 2] {
        self.sequence = self.sequence.wrapping_add(1);
        (self.sequence << 4 | u16::from(fragment)).to_le_bytes()
    }

    fn addresses(&self, way: Way) -> [[u8; 6]; 3] {
        let third = [2, 0, 0, 0, 0, 9];
        match way {
            Way::Up => [self.network, self.station, third],
            Way::Down => [self.station, self.network, third],
            Way::All => [[0xFF; 6], self.network, third],
        }
    }

    /// The header of a data frame, and its parts as the check of CCMP covers them.
    fn header(&mut self, manner: Manner, protected: bool) -> (Vec<u8>, Vec<u8>) {
        let kind = if manner.qos.is_some() { 0x88 } else { 0x08 };
        let way = if manner.way == Way::Up { 1 } else { 2 };
        let more = if manner.more { 4 } else { 0 };
        let control = [kind, way | more | if protected { 0x40 } else { 0 }];
        let addresses = self.addresses(manner.way).concat();
        let sequence = self.step(manner.fragment);
        let field = |qos: u8| [qos, 0];
        let qos: Vec<u8> = manner.qos.into_iter().flat_map(field).collect();
        let kept = if manner.signed { 0x8F } else { 0x0F };
        let covered: Vec<u8> = manner.qos.into_iter().flat_map(|qos| field(qos & kept)).collect();
        (
            [&control[..], &[0, 0], &addresses, &sequence, &qos].concat(),
            [&control[..], &addresses, &[manner.fragment, 0], &covered].concat(),
        )
    }

    /// A frame in the open.
    fn unsealed(&mut self, manner: Manner, body: &[u8]) -> Vec<u8> {
        [&self.header(manner, false).0, body].concat()
    }

    /// A frame under the key of its way. Source: IEEE 802.11-2020, 12.5.3.3.
    fn sealed(&mut self, manner: Manner, body: &[u8]) -> Vec<u8> {
        let ([.., traffic], [up, down, all]) = (self.parts(), &mut self.numbers);
        let (counter, key_number, key) = match manner.way {
            Way::Up => (up, 0, traffic),
            Way::Down => (down, 0, traffic),
            Way::All => (all, self.group.0, self.group.1),
        };
        *counter += 1;
        let number = *counter;
        let (head, covered) = self.header(manner, true);
        let [_, transmitter, _] = self.addresses(manner.way);
        let mut nonce = [0; 13];
        let priority = [manner.qos.unwrap_or(0) & 0x0F];
        let [_, _, digits @ ..] = number.to_be_bytes();
        let parts = priority.into_iter().chain(transmitter).chain(digits);
        nonce.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        let [five, four, three, two, one, zero] = digits;
        let before = [zero, one, 0, 0x20 | key_number << 6, two, three, four, five];
        let mut body = body.to_vec();
        let cipher: Ccm<Aes128, U8, U13> = Ccm::new(&key.into());
        let buffer = InOutBuf::from(body.as_mut_slice());
        let check = cipher.encrypt_inout_detached(&nonce.into(), &covered, buffer);
        [&head, &before[..], &body, &check.expect("frames are short")].concat()
    }

    /// Keys of confirmation, of keys, of traffic.
    fn parts(&self) -> [[u8; 16]; 3] {
        *self.pairwise.as_chunks().0.first_chunk().expect("there are 48 bytes")
    }
}

/// LLC and SNAP before a packet.
fn snap(ip: &[u8]) -> Vec<u8> {
    let kind: [u8; 2] = match ip.first() {
        Some(first) if first >> 4 == 6 => [0x86, 0xDD],
        _ => [8, 0],
    };
    llc(kind, ip)
}

fn llc(kind: [u8; 2], packet: &[u8]) -> Vec<u8> {
    [&[0xAA, 0xAA, 3, 0, 0, 0][..], &kind, packet].concat()
}
