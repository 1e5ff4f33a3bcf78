//! A hundred secrets of every kind are planted, and none of them is found.

use std::collections::HashSet;

use filmwire_codec::dataset::{
    Capabilities, DataType, DeviceInfo, DevicePropDesc, DevicePropValue, Form, ObjectInfo,
    PropAccess, StorageInfo,
};
use filmwire_codec::init::{InitAck, InitRequest};
use filmwire_codec::{DevicePropCode, PtpString};

use crate::wire::{
    CAMERA_IP, CAMERA_MAC, CLIENT_IP, CLIENT_MAC, Wire, ethernet, file, redact, udp,
};

/// Gives out secrets, and remembers them.
#[derive(Default)]
struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Twelve letters that stand nowhere else.
    fn text(&mut self) -> String {
        let number = self.0.len() as u32;
        let scrambled = (number + 1).wrapping_mul(0x9E37_79B9);
        let text = format!("Ge{scrambled:08x}{:02}", number % 100);
        self.0.push(text.clone().into_bytes());
        text
    }

    fn ptp(&mut self) -> PtpString {
        PtpString::from(self.text().as_str())
    }

    fn words(&mut self) -> Vec<u32> {
        let text = self.text();
        text.as_bytes().chunks(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    fn utf16(&mut self, big: bool) -> Vec<u8> {
        let units = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        self.text().encode_utf16().flat_map(units).collect()
    }
}

fn segment(marker: u8, bytes: &[u8]) -> Vec<u8> {
    [&[0xFF, marker][..], &(bytes.len() as u16 + 2).to_be_bytes(), bytes].concat()
}

/// A JPEG with secrets in all its corners.
fn jpeg(secrets: &mut Secrets) -> Vec<u8> {
    let exif = [
        b"Exif\0\0II*\0\x08\0\0\0".to_vec(),
        secrets.text().into_bytes(),
        secrets.utf16(false),
        secrets.utf16(true),
    ];
    let symbols = secrets.text().into_bytes();
    let mut lengths = vec![0x10; 1];
    lengths.extend([0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut table = vec![0];
    table.extend(secrets.text().into_bytes());
    table.resize(65, 9);
    [
        vec![0xFF, 0xD8],
        segment(0xE1, &exif.concat()),
        segment(0xE2, secrets.text().as_bytes()),
        segment(0xFE, secrets.text().as_bytes()),
        segment(0xDB, &table),
        segment(0xC4, &[lengths, symbols].concat()),
        segment(0xC0, &[8, 0, 16, 0, 16, 1, 1, 0x11, 0]),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        secrets.text().into_bytes(),
        vec![0xFF, 0xD9],
        secrets.text().into_bytes(),
    ]
    .concat()
}

fn object_info(secrets: &mut Secrets) -> Vec<u8> {
    let info = ObjectInfo {
        name: PtpString::from(format!("{}.JPG", secrets.text()).as_str()),
        capture_date: secrets.ptp(),
        modification_date: secrets.ptp(),
        keywords: secrets.ptp(),
        surplus: secrets.text().into_bytes(),
        ..ObjectInfo::default()
    };
    let mut out = Vec::new();
    info.encode(&mut out);
    out
}

fn description(secrets: &mut Secrets, property: u16) -> DevicePropDesc {
    let mut text = || DevicePropValue::Text(secrets.ptp());
    DevicePropDesc {
        property: DevicePropCode(property),
        data_type: DataType::STRING,
        access: PropAccess::GET,
        default: text(),
        current: text(),
        form: Form::Enumeration(vec![text(), text()]),
    }
}

fn commands(secrets: &mut Secrets, segment_bytes: usize) -> Vec<Vec<u8>> {
    let mut wire = Wire::new(55740, segment_bytes);
    let mut request = InitRequest::new(secrets.text());
    request.guid[..12].copy_from_slice(secrets.text().as_bytes());
    let [a, b, c, d] = CLIENT_IP;
    request.guid[12..].copy_from_slice(&[d, c, b, a]);
    let mut ack = InitAck::new(secrets.text());
    ack.guid[..12].copy_from_slice(secrets.text().as_bytes());
    wire.register(&request, &ack);
    let mut out = Vec::new();
    let info = DeviceInfo {
        vendor_extension_desc: secrets.ptp(),
        manufacturer: secrets.ptp(),
        model: secrets.ptp(),
        device_version: secrets.ptp(),
        serial_number: secrets.ptp(),
        ..DeviceInfo::default()
    };
    info.encode(&mut out);
    wire.ask(0x1001, &[], &out);
    let info = StorageInfo {
        description: secrets.ptp(),
        volume_label: secrets.ptp(),
        ..StorageInfo::default()
    };
    let mut out = Vec::new();
    info.encode(&mut out);
    wire.ask(0x1005, &[1], &out);
    for handle in 1..4 {
        let info = object_info(secrets);
        wire.ask(0x1008, &[handle], &info);
        wire.ask(0x100A, &[handle], &jpeg(secrets));
    }
    // Texts of properties read and written, of known and unknown ones, and the position.
    for property in [0x5003, 0xD228, 0xD406, 0xD407, 0xD174, 0xD0F0, 0xD500, 0xDF44] {
        let mut text = Vec::new();
        secrets.ptp().encode(&mut text);
        wire.ask(0x1015, &[property], &text);
        let mut text = Vec::new();
        secrets.ptp().encode(&mut text);
        wire.tell(0x1016, &[property], &text);
    }
    // A number's property with more than a number.
    wire.ask(0x1015, &[0xD001], secrets.text().as_bytes());
    for property in [0xD500, 0xD001] {
        let mut out = Vec::new();
        description(secrets, property).encode(&mut out);
        out.extend(secrets.text().as_bytes());
        wire.ask(0x1014, &[u32::from(property)], &out);
    }
    let mut out = Vec::new();
    Capabilities { items: vec![description(secrets, 0xD406)] }.encode(&mut out);
    wire.ask(0x902B, &[], &out);
    // The list of states, with values nobody knows.
    let words = secrets.words();
    let entries = words.iter().flat_map(|word| [&[0xF0, 0xD0][..], &word.to_le_bytes()].concat());
    let state: Vec<u8> = [3, 0].into_iter().chain(entries).collect();
    // As it stands there the secret is in three parts: they are three secrets.
    let text = secrets.0.pop().unwrap();
    secrets.0.extend(text.chunks(4).map(<[u8]>::to_vec));
    wire.ask(0x1015, &[0xD212], &state);
    for code in [0x9050, 0x9054, 0x9055, 0x9803, 0x9FF1] {
        wire.ask(code, &[1], secrets.text().as_bytes());
    }
    for code in [0x9FF2, 0x9051] {
        let words = secrets.words();
        wire.ask(code, &words, &[]);
    }
    // Whole objects, their parts, and kinds that are no JPEG.
    wire.ask(0x1009, &[1], &jpeg(secrets));
    wire.ask(0x9022, &[], &jpeg(secrets));
    let whole = [jpeg(secrets), vec![7; 70_000], secrets.text().into_bytes()].concat();
    wire.ask(0x101B, &[1, 0, 80_000], &whole);
    wire.ask(0x101B, &[1, 80_000, 80_000], &jpeg(secrets));
    for head in [&b"FUJIFILMCCD-RAW 0201"[..], b"\0\0\0\x18ftypheic", b"II*\0"] {
        wire.ask(0x101B, &[2, 0, 500], &[head, secrets.text().as_bytes()].concat());
    }
    // Behind all parameters a command may have.
    let id = wire.next_id();
    let mut command = filmwire_codec::container::encode_command(
        filmwire_codec::OperationCode::GET_NUM_OBJECTS,
        id,
        &[1, 2, 3, 4, 5],
    );
    command.extend(secrets.text().as_bytes());
    command[0] = command.len() as u8;
    wire.say(true, &command);
    // Bytes that are no packet.
    wire.say(true, secrets.text().as_bytes());
    wire.say(false, format!("GET /{} HTTP/1.1\r\n\r\n", secrets.text()).as_bytes());
    wire.say(false, &secrets.utf16(true));
    wire.end()
}

fn others(secrets: &mut Secrets, segment_bytes: usize) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut events = Wire::new(55741, segment_bytes);
    for code in [0xC0FFu16, 0xC0FE, 0xC006] {
        let text = secrets.text();
        let mut event = 28u32.to_le_bytes().to_vec();
        event.extend([4, 0]);
        event.extend(code.to_le_bytes());
        event.extend([0; 4]);
        event.extend(text.as_bytes());
        event[0] = event.len() as u8;
        events.say(false, &event);
    }
    packets.extend(events.end());
    let mut live = Wire::new(55742, segment_bytes);
    for counter in 0..3u32 {
        let picture = jpeg(secrets);
        let mut frame = (18 + picture.len() as u32).to_le_bytes().to_vec();
        frame.extend([0; 4]);
        frame.extend(counter.to_le_bytes());
        frame.extend([0; 6]);
        frame.extend(picture);
        live.say(false, &frame);
    }
    packets.extend(live.end());
    for name in ["HOST", "DSCNAME", "DSCMODEL", "IMPORTER", "FOLDER", "X-OWNER"] {
        let text =
            format!("REGISTER {} HTTP/1.1\r\n{name}: {}\r\n", secrets.text(), secrets.text());
        packets.push(udp([40_001, 51_542], text.as_bytes()));
        let mut tcp = Wire::new(51_540, segment_bytes);
        tcp.say(true, format!("NOTIFY * HTTP/1.1\r\n{name}: {}\r\n", secrets.text()).as_bytes());
        packets.extend(tcp.end());
    }
    // Names and addresses of others: DNS, DHCP, mDNS, what is no IP, and what stands behind IP.
    for ports in [[40_002, 53], [68, 67], [5353, 5353], [40_003, 1900]] {
        packets.push(udp(ports, secrets.text().as_bytes()));
    }
    let mut web = Wire::new(80, segment_bytes);
    web.say(true, format!("GET / HTTP/1.1\r\nCookie: {}\r\n\r\n", secrets.text()).as_bytes());
    packets.extend(web.end());
    packets.push([&CAMERA_MAC[..], &CLIENT_MAC, &[8, 6], secrets.text().as_bytes()].concat());
    let trailer = ethernet(true, 6, &[0; 20]);
    packets.push([trailer, secrets.text().into_bytes()].concat());
    packets
}

/// A block of pcapng, little-endian.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &body, &length].concat()
}

fn option(code: u16, text: &str) -> Vec<u8> {
    let mut out = [code, text.len() as u16].map(u16::to_le_bytes).concat();
    out.extend(text.as_bytes());
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// Blocks with secrets in front of and between those of packets.
fn around(secrets: &mut Secrets, packets: &[u8]) -> Vec<u8> {
    let mut section = [0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0].to_vec();
    section.extend([0xFF; 8]);
    // Comment, hardware, system, program.
    (1..=4).for_each(|code| section.extend(option(code, &secrets.text())));
    let mut interface = [1, 0, 0, 0, 0, 0, 4, 0].to_vec();
    // Name and description of the interface, its filter, system and hardware.
    for code in [2, 3, 11, 12, 15] {
        interface.extend(option(code, &secrets.text()));
    }
    let key_log = format!("CLIENT_RANDOM {}", secrets.text());
    let mut keys = [0x4C53_4B54, key_log.len() as u32].map(u32::to_le_bytes).concat();
    keys.extend(key_log.as_bytes());
    let mut name = [1u16, 20].map(u16::to_le_bytes).concat();
    name.extend(CAMERA_IP);
    name.extend(secrets.text().as_bytes());
    let mut commented = [0u32, 0, 0, 4, 4].map(u32::to_le_bytes).concat();
    commented.extend([1, 2, 3, 4]);
    commented.extend(option(1, &secrets.text()));
    [
        block(0x0A0D_0D0A, &section),
        block(1, &interface),
        block(10, &keys),
        block(4, &name),
        block(0xBAD, secrets.text().as_bytes()),
        block(6, &commented),
        packets.to_vec(),
    ]
    .concat()
}

/// A file with all secrets; its packets have so many bytes of a stream at most.
fn planted(segment_bytes: usize) -> (Vec<u8>, Secrets) {
    let mut secrets = Secrets::default();
    let mut packets = commands(&mut secrets, segment_bytes);
    packets.extend(others(&mut secrets, segment_bytes));
    let packets = file(&packets);
    let file = around(&mut secrets, &packets);
    (file, secrets)
}

/// A file, and all there is of four bytes in it, so that most searches end at once.
struct Haystack<'a> {
    bytes: &'a [u8],
    starts: HashSet<&'a [u8]>,
}

impl<'a> Haystack<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, starts: bytes.windows(4).collect() }
    }

    fn contains(&self, wanted: &[u8]) -> bool {
        self.starts.contains(&wanted[..4])
            && self.bytes.windows(wanted.len()).any(|window| window == wanted)
    }
}

/// The ways in which something may be written.
fn writings(secret: &[u8]) -> Vec<Vec<u8>> {
    let text = |text: String| -> Vec<Vec<u8>> {
        let little = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        vec![text.into_bytes(), little, big]
    };
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![secret.to_vec(), secret.iter().rev().copied().collect()];
    all.extend(text(hex.to_uppercase()));
    all.extend(text(hex));
    if let Ok(plain) = std::str::from_utf8(secret) {
        all.extend(text(plain.to_owned()));
    }
    if let &[a, b, c, d] = secret {
        all.extend(text(format!("{a}.{b}.{c}.{d}")));
    }
    all
}

#[test]
fn a_hundred_secrets_of_every_kind_are_not_found() {
    // In long segments they stand in one piece: all are there before.
    let (file, secrets) = planted(30_000);
    assert!(secrets.0.len() >= 100, "{}", secrets.0.len());
    let file = Haystack::new(&file);
    for secret in &secrets.0 {
        let is_there = writings(secret).iter().any(|writing| file.contains(writing));
        assert!(is_there, "{} is not planted", String::from_utf8_lossy(secret));
    }
    for segment_bytes in [30_000, 1448, 100, 7] {
        let (file, secrets) = planted(segment_bytes);
        let (shown, redactor) = redact(&file);
        let list = format!("{:?}", redactor.replaced());
        assert!(shown.len() > 10_000);
        let (shown, list) = (Haystack::new(&shown), Haystack::new(list.as_bytes()));
        let addresses = [&CLIENT_IP[..], &CAMERA_IP, &CLIENT_MAC, &CAMERA_MAC].map(<[u8]>::to_vec);
        for secret in secrets.0.iter().chain(&addresses) {
            for writing in writings(secret) {
                let text = String::from_utf8_lossy(secret);
                assert!(!shown.contains(&writing), "{text} is told, {segment_bytes}");
                assert!(!list.contains(&writing), "{text} is in the list");
            }
        }
    }
}
