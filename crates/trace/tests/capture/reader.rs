//! The same packets in every kind of file, whole and cut.

use filmwire_trace::capture::{CaptureError, Item, LinkType, MOST_PACKET_BYTES, Reader};
use proptest::prelude::*;

/// What was read: time, link type, bytes, bytes cut off; or words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Read {
    Packet(Option<u64>, u32, Vec<u8>, u64),
    Comment(String),
    Note(String),
}

fn read(file: &[u8]) -> Result<Vec<Read>, (Vec<Read>, CaptureError)> {
    let mut found = Vec::new();
    let mut reader = match Reader::new(file) {
        Ok(reader) => reader,
        Err(error) => return Err((found, error)),
    };
    loop {
        match reader.next_item() {
            Ok(None) => return Ok(found),
            Ok(Some(Item::Packet(packet))) => found.push(Read::Packet(
                packet.at_ns,
                packet.link.0,
                packet.data.to_vec(),
                packet.cut_bytes,
            )),
            Ok(Some(Item::Comment(text))) => found.push(Read::Comment(text)),
            Ok(Some(Item::Note(text))) => found.push(Read::Note(text)),
            Ok(Some(other)) => panic!("what is this: {other:?}"),
            Err(error) => return Err((found, error)),
        }
    }
}

/// Writes numbers in a byte order.
struct File {
    big: bool,
    bytes: Vec<u8>,
}

impl File {
    fn words(&mut self, words: &[u32]) {
        for word in words {
            self.bytes.extend(if self.big { word.to_be_bytes() } else { word.to_le_bytes() });
        }
    }

    fn halves(&mut self, halves: &[u16]) {
        for half in halves {
            self.bytes.extend(if self.big { half.to_be_bytes() } else { half.to_le_bytes() });
        }
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        self.halves(&[code, value.len() as u16]);
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// A block around what `body` writes.
    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Self)) {
        let mut inner = Self { big: self.big, bytes: Vec::new() };
        body(&mut inner);
        let length = inner.bytes.len() as u32 + 12;
        self.words(&[kind, length]);
        self.bytes.extend(inner.bytes);
        self.words(&[length]);
    }

    fn section(&mut self) {
        self.block(0x0A0D_0D0A, |block| {
            block.words(&[0x1A2B_3C4D]);
            block.halves(&[1, 0]);
            block.words(&[u32::MAX, u32::MAX]);
            block.option(1, b"a section");
        });
    }

    fn interface(&mut self, link: u16, resolution: Option<u8>) {
        self.block(1, |block| {
            block.halves(&[link, 0]);
            block.words(&[0]);
            if let Some(resolution) = resolution {
                block.option(9, &[resolution]);
            }
            block.words(&[0]);
        });
    }

    fn packet(&mut self, interface: u32, time: u64, data: &[u8], original: u32) {
        self.block(6, |block| {
            block.words(&[interface, (time >> 32) as u32, time as u32]);
            block.words(&[data.len() as u32, original]);
            block.bytes.extend(data);
            block.bytes.resize(block.bytes.len().next_multiple_of(4), 0);
            block.option(1, b"look");
            block.words(&[0]);
        });
    }
}

fn pcap(big: bool, magic: u32) -> Vec<u8> {
    let mut file = File { big, bytes: Vec::new() };
    file.words(&[magic]);
    file.halves(&[2, 4]);
    file.words(&[0, 0, 65_535, 101]);
    file.words(&[1_700_000_000, 5, 3, 3]);
    file.bytes.extend(b"abc");
    file.words(&[1_700_000_001, 6, 2, 900]);
    file.bytes.extend(b"de");
    file.bytes
}

fn pcapng(orders: &[bool]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &big in orders {
        let mut file = File { big, bytes: Vec::new() };
        file.section();
        file.interface(1, None);
        file.interface(113, Some(9));
        file.interface(101, Some(0x8A));
        file.block(0xBAD, |block| block.words(&[1, 2, 3]));
        file.packet(0, 1_700_000_000_000_005, b"abc", 3);
        file.packet(1, 1_700_000_000_000_000_005, b"de", 900);
        file.packet(2, 1024 * 3 + 512, b"fghi", 4);
        file.block(3, |block| {
            block.words(&[5]);
            block.bytes.extend(b"simpl\0\0\0");
        });
        bytes.extend(file.bytes);
    }
    bytes
}

fn of_a_section() -> Vec<Read> {
    let comment = |text: &str| Read::Comment(text.to_owned());
    let second = 1_700_000_000_000_000_000;
    vec![
        comment("a section"),
        comment("look"),
        Read::Packet(Some(second + 5_000), 1, b"abc".to_vec(), 0),
        comment("look"),
        Read::Packet(Some(second + 5), 113, b"de".to_vec(), 898),
        comment("look"),
        Read::Packet(Some(3_500_000_000), 101, b"fghi".to_vec(), 0),
        Read::Packet(None, 1, b"simpl".to_vec(), 0),
    ]
}

#[test]
fn pcap_is_read_in_both_byte_orders_and_resolutions() {
    for big in [false, true] {
        for (magic, unit) in [(0xA1B2_C3D4, 1000), (0xA1B2_3C4D, 1)] {
            let second = 1_700_000_000_000_000_000;
            let wanted = [
                Read::Packet(Some(second + 5 * unit), 101, b"abc".to_vec(), 0),
                Read::Packet(Some(second + 1_000_000_000 + 6 * unit), 101, b"de".to_vec(), 898),
            ];
            assert_eq!(read(&pcap(big, magic)).unwrap(), wanted);
        }
    }
}

#[test]
fn pcapng_is_read_with_sections_interfaces_and_comments() {
    for orders in [&[false][..], &[true], &[false, true], &[true, false, false]] {
        let wanted: Vec<_> = orders.iter().flat_map(|_| of_a_section()).collect();
        assert_eq!(read(&pcapng(orders)).unwrap(), wanted);
    }
}

#[test]
fn interfaces_are_those_of_their_section() {
    let mut file = File { big: false, bytes: Vec::new() };
    for link in [1, 101] {
        file.section();
        file.interface(link, None);
        file.packet(0, 5, b"abc", 3);
    }
    let found = read(&file.bytes).unwrap();
    let links = found.iter().filter_map(|item| match item {
        Read::Packet(_, link, ..) => Some(*link),
        _ => None,
    });
    assert_eq!(links.collect::<Vec<_>>(), [1, 101]);
}

#[test]
fn secrets_in_the_file_are_told_of_and_not_read() {
    for big in [false, true] {
        let mut file = File { big, bytes: Vec::new() };
        file.section();
        file.interface(1, None);
        file.block(10, |block| {
            block.words(&[0x544C_534B, 21]);
            block.bytes.extend(b"CLIENT_RANDOM 00 1234");
            block.bytes.resize(block.bytes.len().next_multiple_of(4), 0);
        });
        // Whatever length it tells, the block's own counts.
        file.block(10, |block| block.words(&[7, u32::MAX]));
        file.block(10, |block| block.words(&[0x544C_534B]));
        file.packet(0, 5, b"behind", 6);
        let found = read(&file.bytes).expect("it is whole");
        let told: Vec<_> = found.iter().filter(|item| matches!(item, Read::Note(_))).collect();
        let notes = [
            "it holds secrets (keys of TLS, 21 bytes), which were not read",
            "it holds secrets (an unknown kind, 4294967295 bytes), which were not read",
            "it holds secrets of a kind that cannot be told",
        ];
        assert_eq!(told, notes.map(|note| Read::Note(note.to_owned())).each_ref());
        assert!(matches!(found.last(), Some(Read::Packet(_, 1, data, _)) if data == b"behind"));
        for kept in 0..file.bytes.len() {
            let words = format!("{:?}", read(&file.bytes[..kept]));
            assert!(!words.contains("CLIENT_RANDOM"), "cut to {kept} bytes");
        }
        // A cut within them is told as any other, and not that they are there whole.
        let mut head = File { big, bytes: Vec::new() };
        head.section();
        head.interface(1, None);
        let start = head.bytes.len();
        for kept in start + 1..start + 12 + 8 + 24 {
            let found = read(&file.bytes[..kept]).expect("it is cut, not damaged");
            let notes: Vec<_> = found.iter().filter(|item| matches!(item, Read::Note(_))).collect();
            let cut = Read::Note("the capture ends within a packet".to_owned());
            assert_eq!(notes, [&cut], "cut to {kept} bytes");
        }
    }
}

#[test]
fn a_cut_file_gives_what_was_before_the_cut() {
    for file in [pcap(false, 0xA1B2_C3D4), pcapng(&[true, false])] {
        let whole = read(&file).unwrap();
        for length in 0..file.len() {
            match read(&file[..length]) {
                Ok(mut found) => {
                    found.retain(|item| !matches!(item, Read::Note(text) if text.contains("ends")));
                    assert!(whole.starts_with(&found), "{length}");
                }
                Err((_, CaptureError::Empty | CaptureError::Unknown(_))) => assert!(length < 24),
                Err((_, error)) => panic!("{length}: {error}"),
            }
        }
    }
}

#[test]
fn what_makes_no_sense_is_an_error_or_passed_over() {
    let mut long = pcap(false, 0xA1B2_C3D4);
    long[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(&long), Err((_, CaptureError::Damaged { offset: 24, .. }))));
    let mut big = pcap(false, 0xA1B2_C3D4);
    let length = MOST_PACKET_BYTES as u32 + 1;
    big.extend([0, 0, length, length].map(u32::to_le_bytes).concat());
    big.resize(big.len() + length as usize, 0);
    let found = read(&big).unwrap();
    assert!(matches!(&found[2], Read::Note(text) if text.contains("passed over")));
    let mut stranger = File { big: false, bytes: Vec::new() };
    stranger.section();
    stranger.packet(0, 1, b"abc", 3);
    assert!(matches!(read(&stranger.bytes), Err((_, CaptureError::Damaged { .. }))));
    assert!(matches!(read(b"GIF89a"), Err((_, CaptureError::Unknown(_)))));
    assert_eq!(LinkType(127).to_string(), "802.11 with radiotap (link type 127)");
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(
        which in 0usize..3,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        more in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut file = match which {
            0 => pcap(true, 0xA1B2_3C4D),
            1 => pcapng(&[false, true]),
            _ => Vec::new(),
        };
        file.extend(more);
        for (at, byte) in changes {
            if !file.is_empty() {
                let at = at.index(file.len());
                file[at] = byte;
            }
        }
        let _ = read(&file);
    }
}
