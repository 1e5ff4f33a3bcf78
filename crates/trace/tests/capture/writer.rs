//! What is written is read again, whatever it is; what was not finished is read up to there.

use std::net::SocketAddr;

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};
use filmwire_trace::capture::{Item, LinkType, Packet, Reader, Writer};
use filmwire_trace::record::Side;
use filmwire_trace::{Crossing, Decoder, Record, Segments};
use proptest::prelude::*;

use crate::session::{noise, transactions};

/// A packet of a capture as it was written: time, bytes, remark.
type Written = (u64, Vec<u8>, Option<String>);

fn write(packets: &[Written]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file, LinkType::RAW, "test 1", "a remark").unwrap();
    for (at_ns, data, comment) in packets {
        writer.packet(*at_ns, data, comment.as_deref()).unwrap();
    }
    writer.flush().unwrap();
    file
}

/// The packets of a capture with their remarks; the file's own remark is left out.
fn read(file: &[u8]) -> Vec<Written> {
    let mut reader = Reader::new(file).unwrap();
    let (mut found, mut comment) = (Vec::new(), None);
    assert_eq!(reader.next_item().unwrap(), Some(Item::Comment("a remark".to_owned())));
    while let Some(item) = reader.next_item().unwrap() {
        match item {
            Item::Packet(packet) => {
                assert_eq!((packet.link, packet.cut_bytes), (LinkType::RAW, 0));
                found.push((packet.at_ns.unwrap(), packet.data.to_vec(), comment.take()));
            }
            Item::Comment(text) => comment = Some(text),
            _ => break,
        }
    }
    found
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        packets in prop::collection::vec(
            (any::<u64>(), prop::collection::vec(any::<u8>(), 0..300), prop::option::of("\\PC{1,40}")),
            0..20,
        ),
    ) {
        prop_assert_eq!(read(&write(&packets)), packets);
    }

    #[test]
    fn a_capture_that_was_cut_is_read_up_to_there(part in 0.0..1.0f64) {
        let packets: Vec<Written> = (0..20).map(|n| (n, vec![n as u8; 33], None)).collect();
        let file = write(&packets);
        let head = file.len() - 20 * (12 + 20 + 36);
        let cut = head + (part * (file.len() - head) as f64) as usize;
        let whole = (cut - head) / (12 + 20 + 36);
        prop_assert_eq!(read(&file[..cut]), &packets[..whole]);
    }
}

const PARTS: usize = 40;

/// What a camera sends for a part of an object, and what was asked.
fn part(number: u32) -> [(Side, Vec<u8>); 2] {
    let (code, id) = (OperationCode::GET_PARTIAL_OBJECT, TransactionId(number));
    let data = noise(number, 50_000);
    let answer = [
        &encode_data_header(code, id, data.len())[..],
        &data,
        &encode_response(ResponseCode::OK, id, &[]),
    ];
    [(Side::Client, encode_command(code, id, &[1, 0, 50_000])), (Side::Camera, answer.concat())]
}

fn decode(crossings: &[Crossing<Vec<u8>>]) -> (Vec<Record>, Vec<String>) {
    let (mut segments, mut decoder) = (Segments::default(), Decoder::default());
    let (mut records, mut comments) = (Vec::new(), Vec::new());
    for (at_ns, crossing) in (1000..).zip(crossings) {
        segments.take(at_ns, 7, crossing, &mut |packet: &Packet<'_>, comment| {
            comments.extend(comment.map(str::to_owned));
            decoder.take(&Item::Packet(*packet), &mut |record| records.push(record));
        });
    }
    decoder.finish(&mut |record| records.push(record));
    assert_eq!(decoder.tally().others, 0);
    // What crossed here keeps no rules: nobody registers.
    records.retain(|record| !matches!(record, Record::Note(note) if note.finding.is_some()));
    (records, comments)
}

fn crossings(ends: [&str; 2]) -> Vec<Crossing<Vec<u8>>> {
    let [client, camera] = ends.map(|end| end.parse::<SocketAddr>().unwrap());
    let mut all = vec![Crossing::Opened { asked_ns: 1, client, camera }];
    for (side, bytes) in (1..=PARTS as u32).flat_map(part) {
        all.push(Crossing::Bytes(side, bytes));
    }
    all.extend([Crossing::Ended(Side::Client), Crossing::Ended(Side::Camera)]);
    all
}

#[test]
fn what_crossed_is_decoded_in_both_families_and_between_them() {
    for ends in [
        ["10.0.0.2:40000", "192.168.0.1:55740"],
        ["[fe80::2]:40000", "[fe80::1]:55740"],
        ["10.0.0.2:40000", "[fe80::1]:55740"],
        ["[::1]:40000", "192.168.0.1:55740"],
    ] {
        let (records, comments) = decode(&crossings(ends));
        let done = transactions(&records);
        assert_eq!((records.len(), done.len(), comments.len()), (PARTS, PARTS, 0), "{records:?}");
        assert!(done.iter().all(|one| one.data_bytes == 50_000 && one.missing_bytes == 0));
    }
}

#[test]
fn ipv4_has_its_place_in_ipv6_and_times_are_those_of_both_sides() {
    let all = crossings(["10.0.0.2:40000", "[fe80::1]:55740"]);
    let (mut segments, mut seen) = (Segments::default(), Vec::new());
    segments.take(900, 7, &all[0], &mut |packet: &Packet<'_>, _| {
        seen.push((packet.at_ns.unwrap(), packet.data.to_vec()));
    });
    // The client came at 1, the camera took it at 900.
    assert_eq!(seen.iter().map(|(at_ns, _)| *at_ns).collect::<Vec<_>>(), [1, 900, 900]);
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 2];
    assert_eq!((seen[0].1[0] >> 4, &seen[0].1[8..24]), (6, &mapped[..]));
    assert_eq!(seen[1].1[24..40], mapped);
}

#[test]
fn what_was_not_kept_is_told_as_lost_and_the_rest_is_true() {
    let mut all = crossings(["10.0.0.2:40000", "192.168.0.1:55740"]);
    // An answer as a whole, and the middle of another one.
    let Crossing::Bytes(Side::Camera, whole) = all[20].clone() else { panic!("{:?}", all[20]) };
    all[20] = Crossing::Missed(Side::Camera, whole.len() as u64);
    let Crossing::Bytes(Side::Camera, rest) = all[40].clone() else { panic!("{:?}", all[40]) };
    all.splice(
        40..=40,
        [
            Crossing::Bytes(Side::Camera, rest[..9000].to_vec()),
            Crossing::Missed(Side::Camera, 20_000),
            Crossing::Bytes(Side::Camera, rest[29_000..].to_vec()),
        ],
    );
    let (records, comments) = decode(&all);
    let done = transactions(&records);
    let missing: Vec<_> = done.iter().map(|one| one.missing_bytes).filter(|&n| n > 0).collect();
    assert_eq!(missing, [20_000]);
    assert_eq!(done.iter().filter(|one| one.response.is_none()).count(), 1);
    let lost = records.iter().filter_map(|record| match record {
        Record::Gap(gap) => Some((gap.lost, gap.bytes)),
        _ => None,
    });
    assert_eq!(lost.collect::<Vec<_>>(), [(true, Some(whole.len() as u64))]);
    assert!(comments[0].starts_with(&format!("{} bytes before", whole.len())), "{comments:?}");
    assert!(comments[1].starts_with("20000 bytes before"), "{comments:?}");
}

#[test]
fn a_loss_at_the_end_and_a_refusal_are_seen() {
    let mut all = crossings(["10.0.0.2:40000", "192.168.0.1:55740"]);
    all.truncate(3);
    all.push(Crossing::Missed(Side::Camera, 500));
    all.push(Crossing::Reset(Side::Camera));
    // Nothing follows the end.
    all.push(Crossing::Bytes(Side::Camera, vec![1; 50]));
    let (records, comments) = decode(&all);
    assert_eq!((records.len(), comments.len()), (1, 1));
    assert!(comments[0].starts_with("500 bytes before"), "{comments:?}");
    let [client, camera] = ["10.0.0.2:1", "10.0.0.1:55741"].map(|end| end.parse().unwrap());
    let refused = [Crossing::Refused { asked_ns: 1, client, camera }];
    assert_eq!(decode(&refused), (vec![], vec![]));
}
