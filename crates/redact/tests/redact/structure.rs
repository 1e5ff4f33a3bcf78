//! What is not replaced stays as it was.

use std::net::Ipv4Addr;

use filmwire_codec::container::encode_command;
use filmwire_codec::dataset::{DeviceInfo, ObjectInfo};
use filmwire_codec::init::{InitAck, InitRequest};
use filmwire_codec::{OperationCode, PtpString, Reader};
use filmwire_redact::Secret;
use filmwire_trace::Record;
use filmwire_trace::record::{Side, Transaction};

use crate::wire::{CLIENT_IP, Wire, decode, file, redact};

/// An even picture of 16 x 16, with a table for each of two classes.
fn jpeg() -> Vec<u8> {
    let segment = |marker: u8, bytes: &[u8]| {
        [&[0xFF, marker][..], &(bytes.len() as u16 + 2).to_be_bytes(), bytes].concat()
    };
    let huffman = |class: u8| {
        let mut table = vec![class, 0, 2];
        table.resize(17, 0);
        table.extend([4, 0]);
        table
    };
    let mut values = vec![0];
    values.resize(65, 16);
    [
        vec![0xFF, 0xD8],
        segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08"),
        segment(0xDB, &values),
        segment(0xC0, &[8, 0, 16, 0, 16, 1, 1, 0x11, 0]),
        segment(0xC4, &[huffman(0), huffman(0x10)].concat()),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        vec![0x5A; 400],
        vec![0xFF, 0xD9],
    ]
    .concat()
}

fn session(segment_bytes: usize) -> Vec<Vec<u8>> {
    let mut wire = Wire::new(55740, segment_bytes);
    wire.register(&InitRequest::new("Anna's phone"), &InitAck::new("X-T9"));
    wire.ask(0x1002, &[1], &[]);
    wire.tell(0x1016, &[0xDF01], &[5, 0]);
    wire.ask(0x1015, &[0xD212], &[2, 0, 0x22, 0xD2, 7, 0, 0, 0, 0x2A, 0xD0, 0x80, 0, 0, 0x80]);
    let info = ObjectInfo {
        size_bytes: 1234,
        name: PtpString::from("DSCF0591.JPG"),
        capture_date: PtpString::from("20240607T112233"),
        keywords: PtpString::from("Orientation:8"),
        ..ObjectInfo::default()
    };
    let mut data = Vec::new();
    info.encode(&mut data);
    wire.ask(0x1008, &[1], &data);
    wire.ask(0x100A, &[1], &jpeg());
    for part in 0..3 {
        wire.ask(0x101B, &[1, part * 50_000, 50_000], &[jpeg(), vec![9; 49_000]].concat());
    }
    wire.end()
}

fn transactions(records: &[Record]) -> Vec<Transaction> {
    let all = records.iter().filter_map(|record| match record {
        Record::Transaction(transaction) => Some(transaction.clone()),
        _ => None,
    });
    all.collect()
}

#[test]
fn the_transcript_is_the_same_but_for_what_was_replaced() {
    for segment_bytes in [30_000, 1448, 50] {
        let before = file(&session(segment_bytes));
        let (shown, redactor) = redact(&before);
        let (before, after) = (decode(&before), decode(&shown));
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            assert_eq!((before.kind(), before.at_ns()), (after.kind(), after.at_ns()));
        }
        let pairs = transactions(&before).into_iter().zip(transactions(&after));
        for (before, mut after) in pairs {
            if before.operation == Some(OperationCode::GET_OBJECT_INFO) {
                assert!(after.data_text.contains("DSCF0591.JPG"), "{}", after.data_text);
            }
            let is_picture = matches!(
                before.operation,
                Some(OperationCode::GET_THUMB | OperationCode::GET_PARTIAL_OBJECT)
            );
            let is_date = before.operation == Some(OperationCode::GET_OBJECT_INFO);
            if is_picture || is_date {
                after.value = before.value.clone();
                after.data_text = before.data_text.clone();
            }
            assert_eq!(before, after);
        }
        let counts = &redactor.replaced().counts;
        assert_eq!(counts[&Secret::ClientName].bytes, 24);
        assert_eq!(counts[&Secret::Date].count, 1);
        assert_eq!(counts[&Secret::Picture].count, 4);
        assert_eq!(counts.len(), 4, "{counts:?}");
    }
}

#[test]
fn who_ended_a_connection_first_stays_so() {
    const FIN: u8 = 0x11;
    const RST: u8 = 0x14;
    let notes = |flags: &[(bool, u8)]| {
        let mut wire = Wire::new(55740, 1448);
        wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
        wire.ask(0x1015, &[0xD212], &[0, 0]);
        let id = wire.next_id();
        wire.say(true, &encode_command(OperationCode::GET_THUMB, id, &[1]));
        flags.iter().for_each(|&(from_client, flags)| wire.put(from_client, flags, &[]));
        let before = file(&wire.packets);
        let (shown, _) = redact(&before);
        [decode(&before), decode(&shown)].map(|records| {
            let hung_up: Vec<bool> = transactions(&records).iter().map(|it| it.hung_up).collect();
            let findings = records
                .iter()
                .filter(|record| matches!(record, Record::Note(note) if note.finding.is_some()));
            (hung_up, findings.count())
        })
    };
    for (flags, wanted) in [
        (&[(false, FIN), (true, FIN)][..], true),
        (&[(false, RST)], true),
        (&[(false, FIN), (true, RST)], true),
        (&[(true, FIN), (false, FIN)], false),
        (&[(true, RST)], false),
        (&[], false),
    ] {
        let [before, after] = notes(flags);
        assert_eq!(before, after, "{flags:?}");
        assert_eq!(before.0, [false, wanted], "{flags:?}");
    }
}

/// Nobody knows who was the first; what comes behind still is behind the end of a connection.
#[test]
fn what_was_broken_off_behind_a_hole_ends_there() {
    for from_client in [true, false] {
        let mut wire = Wire::new(55740, 1448);
        wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
        wire.ask(0x1015, &[0xD212], &[0, 0]);
        let id = wire.next_id();
        wire.say(true, &encode_command(OperationCode::GET_THUMB, id, &[1]));
        wire.put(from_client, 0x18, &[0; 20]);
        wire.packets.pop();
        wire.put(from_client, 0x14, &[]);
        let mut packets = wire.packets;
        let mut next = Wire::new(55740, 1448);
        next.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
        next.ask(0x1015, &[0xD212], &[0, 0]);
        let mut next = next.end();
        for packet in &mut next {
            // From another port of the client.
            let at = if packet[34..36] == 40_000u16.to_be_bytes() { 34 } else { 36 };
            packet[at..at + 2].copy_from_slice(&40_001u16.to_be_bytes());
        }
        packets.extend(next);
        let before = file(&packets);
        let (shown, _) = redact(&before);
        let [before, after] = [before, shown].map(|file| {
            let told = |record: &Record| match record {
                Record::Transaction(done) => {
                    format!("{} {:?} {}", done.connection, done.id, done.hung_up)
                }
                Record::Note(note) => format!("{:?} {}", note.connection, note.text),
                other => other.kind().to_owned(),
            };
            decode(&file).iter().map(told).collect::<Vec<_>>()
        });
        assert!(before.iter().any(|line| line.contains("(retry-connection)")), "{before:#?}");
        assert_eq!(before, after, "{from_client}");
    }
}

/// The bytes a side sent in a capture of raw IP without loss.
fn stream(file: &[u8], from: Side) -> Vec<u8> {
    use filmwire_trace::{Flow, Flows, capture::Reader};
    let (mut flows, mut out) = (Flows::default(), Vec::new());
    let mut give = |flow: Flow<'_>| match flow {
        Flow::Bytes { from: side, bytes, .. } if side == from => out.extend(bytes),
        _ => {}
    };
    let mut reader = Reader::new(file).unwrap();
    while let Some(item) = reader.next_item().unwrap() {
        flows.take(&item, &mut give);
    }
    flows.finish(&mut give);
    out
}

#[test]
fn a_picture_stays_one_without_its_content() {
    let mut wire = Wire::new(55740, 1448);
    wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
    wire.ask(0x100A, &[1], &jpeg());
    let (shown, _) = redact(&file(&wire.end()));
    let told = stream(&shown, Side::Camera);
    let picture = jpeg();
    let start = told.windows(4).position(|bytes| bytes == [0xFF, 0xD8, 0xFF, 0xE1]).unwrap();
    let after = &told[start..][..picture.len()];
    // Head, Exif without its content, and the end.
    assert_eq!(after[..12], picture[..12]);
    assert_eq!(after[12..20], [0; 8]);
    assert!(after.ends_with(&[0, 0, 0xFF, 0xD9]));
    // Size and sampling, and the lengths of codes.
    let frame = picture.windows(2).position(|bytes| bytes == [0xFF, 0xC0]).unwrap();
    assert_eq!(after[frame..][..13], picture[frame..][..13]);
    assert_eq!(after[frame + 13..][..21], picture[frame + 13..][..21]);
    assert_eq!(after[frame + 34..][..2], [0, 1]);
}

#[test]
fn the_address_in_a_registration_is_that_of_the_packets() {
    let mut wire = Wire::new(55740, 1448);
    let mut request = InitRequest::new("a");
    let [a, b, c, d] = CLIENT_IP;
    request.guid[12..].copy_from_slice(&[d, c, b, a]);
    wire.register(&request, &InitAck::new("X-T9"));
    let (shown, redactor) = redact(&file(&wire.end()));
    let told = stream(&shown, Side::Client);
    let [d, c, b, a] = told[24..28].try_into().unwrap();
    let ip = Ipv4Addr::new(a, b, c, d);
    assert_ne!(ip.octets(), CLIENT_IP);
    assert!(shown.windows(4).any(|bytes| bytes == ip.octets()));
    assert_eq!(redactor.addresses(), 2);
    // The vendor's own words of the identity stay.
    assert_eq!(told[12..24], request.guid[..12]);
}

#[test]
fn what_came_out_of_order_or_twice_makes_no_difference() {
    let packets = session(300);
    let mut mixed = packets.clone();
    for at in (4..mixed.len() - 8).step_by(5) {
        mixed.swap(at, at + 1);
        mixed.insert(at + 3, mixed[at].clone());
    }
    let streams = |packets: &[Vec<u8>]| {
        let (shown, _) = redact(&file(packets));
        [Side::Client, Side::Camera].map(|side| stream(&shown, side))
    };
    assert!(mixed.len() > packets.len() && mixed != packets);
    assert!(streams(&packets) == streams(&mixed));
}

#[test]
fn a_hole_stays_a_hole() {
    let mut packets = session(1448);
    // Within the second part of an object.
    packets.remove(packets.len() - 20);
    let before = file(&packets);
    let (shown, _) = redact(&before);
    let missing = |file: &[u8]| {
        let all = transactions(&decode(file));
        all.iter().map(|one| (one.id, one.missing_bytes)).collect::<Vec<_>>()
    };
    assert!(missing(&before).iter().any(|(_, bytes)| *bytes > 0));
    assert_eq!(missing(&before), missing(&shown));
}

/// A PTP string with something behind its terminator, as a camera's stale memory is.
fn stale(text: &str, behind: &str) -> PtpString {
    let units: Vec<u16> = text.encode_utf16().chain([0]).chain(behind.encode_utf16()).collect();
    let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let counted = [&[units.len() as u8][..], &bytes].concat();
    PtpString::decode(&mut Reader::new(&counted), "text").unwrap()
}

#[test]
fn behind_the_end_of_a_text_that_may_stand_is_nothing() {
    let texts = ["FUJIFILM", "X-T9", "1.20"].map(|text| stale(text, "annas-secret"));
    let [manufacturer, model, device_version] = texts;
    let info = DeviceInfo { manufacturer, model, device_version, ..DeviceInfo::default() };
    let mut device = Vec::new();
    info.encode(&mut device);
    let info = ObjectInfo {
        name: stale("DSCF0591.JPG", "annas-secret"),
        keywords: stale("Orientation:8", "annas-secret"),
        ..ObjectInfo::default()
    };
    let mut object = Vec::new();
    info.encode(&mut object);
    let mut wire = Wire::new(55740, 1448);
    wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
    wire.ask(0x1001, &[], &device);
    wire.ask(0x1008, &[1], &object);
    let (shown, _) = redact(&file(&wire.end()));
    let told = stream(&shown, Side::Camera);
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let has = |text: &str| told.windows(text.len() * 2).any(|at| at == wide(text));
    assert!(!has("annas"));
    // What stands in front of it is not lost with it.
    for text in ["FUJIFILM", "X-T9", "1.20", "DSCF0591.JPG", "Orientation:8"] {
        assert!(has(text), "{text}");
    }
}

/// What somebody is told to have done.
fn findings(records: &[Record]) -> Vec<&'static str> {
    let all = records.iter().filter_map(|record| match record {
        Record::Note(note) => note.finding.as_ref().map(|finding| finding.code),
        _ => None,
    });
    all.collect()
}

#[test]
fn behind_holes_nobody_is_accused() {
    let mut wire = Wire::new(55740, 1448);
    wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
    wire.ask(0x1002, &[1], &[]);
    for value in 0..12 {
        wire.ask(0x1015, &[0xD212], &[1, 0, 0x22, 0xD2, value, 0, 0, 0]);
        wire.tell(0x1016, &[0xDF01], &[5, 0]);
    }
    let packets = wire.end();
    for lost in 2..packets.len() - 3 {
        let mut packets = packets.clone();
        packets.remove(lost);
        let before = file(&packets);
        let (shown, _) = redact(&before);
        let [before, after] = [decode(&before), decode(&shown)];
        let known = findings(&before);
        let news: Vec<_> =
            findings(&after).into_iter().filter(|one| !known.contains(one)).collect();
        assert!(news.is_empty(), "without packet {lost}: {news:?}");
        let told = |records: &[Record]| {
            let all = transactions(records).into_iter();
            all.map(|one| (one.id, one.data_text, one.response)).collect::<Vec<_>>()
        };
        assert_eq!(told(&before), told(&after), "without packet {lost}");
    }
}

#[test]
fn what_cannot_be_read_cannot_be_read_afterwards_either() {
    let mut wire = Wire::new(55740, 1448);
    wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
    let broken = b"annas-secret".repeat(15);
    wire.ask(0x1008, &[1], &broken);
    wire.ask(0x1015, &[0xD212], &broken);
    wire.ask(0x902B, &[], &broken);
    // What stands behind a list that can be read is not worth the list.
    wire.ask(0x1004, &[], &[&[1, 0, 0, 0, 1, 0, 1, 0][..], b"anna"].concat());
    let before = file(&wire.end());
    let (shown, _) = redact(&before);
    let rules = |file: &[u8]| {
        let all = findings(&decode(file)).into_iter();
        all.filter(|code| code.starts_with("broken-")).collect::<Vec<_>>()
    };
    assert_eq!(rules(&before).len(), 3);
    assert_eq!(rules(&before), rules(&shown));
    let told = |file: &[u8]| {
        transactions(&decode(file)).into_iter().map(|one| one.data_text).collect::<Vec<_>>()
    };
    assert_eq!(told(&before), told(&shown));
}

#[test]
fn behind_a_command_that_was_lost_values_are_what_they_were() {
    let mut wire = Wire::new(55740, 1448);
    wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
    wire.ask(0x1002, &[1], &[]);
    let lost = wire.packets.len();
    for _ in 0..3 {
        wire.ask(0x1015, &[0xDF01], &[5, 0]);
        wire.ask(0x1015, &[0xD212], &[1, 0, 0x22, 0xD2, 7, 0, 0, 0]);
    }
    let mut packets = wire.end();
    packets.remove(lost);
    let before = file(&packets);
    let (shown, _) = redact(&before);
    let told = |file: &[u8]| {
        let all = transactions(&decode(file)).into_iter();
        all.map(|one| (one.id, one.data_text)).collect::<Vec<_>>()
    };
    assert!(told(&before).iter().filter(|(_, text)| text.contains("Remote")).count() == 2);
    assert_eq!(told(&before), told(&shown));
}

#[test]
fn settings_written_longer_than_they_are_stay() {
    let mut wire = Wire::new(55740, 1448);
    wire.register(&InitRequest::new("a"), &InitAck::new("X-T9"));
    // ptp-ip writes each property as 20 bytes; the fact sheet's section 3.2.
    let long = |value: u8, last: u8| [&[value, 0][..], &[0; 17], &[last]].concat();
    for last in [0, 7] {
        wire.tell(0x1016, &[0xDF01], &long(5, last));
    }
    let (shown, _) = redact(&file(&wire.end()));
    let told = stream(&shown, Side::Client);
    let has = |data: &[u8]| told.windows(20).any(|at| at == data);
    assert!(has(&long(5, 0)) && !has(&long(5, 7)) && has(&[0; 20]));
}

#[test]
fn of_others_only_the_number_is_told() {
    let mut packets = session(1448);
    packets.push(crate::wire::udp([5353, 5353], b"anna.local"));
    let (_, redactor) = redact(&file(&packets));
    let left = redactor.left_out();
    assert_eq!((left.others, left.connections, left.refused), (1, 1, 0));
}
