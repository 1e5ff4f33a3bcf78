//! Sessions of which packets are lost, doubled, out of order or cut.

use filmwire_trace::Record;
use filmwire_trace::capture::LinkType;
use proptest::prelude::*;

use crate::session::{SEGMENT_BYTES, decode, session, transactions};

#[test]
fn a_whole_session_is_shown_whole_wherever_sequence_numbers_wrap() {
    for start in [1000, u32::MAX - 100, u32::MAX - 30_000, u32::MAX - 60_000] {
        let session = session(start, 40);
        let (records, tally) = decode(LinkType::RAW, &session.packets);
        session.assert_whole(&records);
        assert_eq!((tally.lost_bytes, tally.stray_bytes, tally.others), (0, 0, 0));
        let said: usize = session.packets.iter().map(|packet| packet.len() - 40).sum();
        assert_eq!((tally.said_bytes, tally.packet_bytes), (said as u64, said as u64));
    }
}

#[test]
fn a_lost_piece_of_a_picture_leaves_the_rest_readable() {
    let session = session(7, 12);
    let mut packets = session.packets.clone();
    // The second full segment is in the middle of a picture's data.
    let full = |packet: &&Vec<u8>| packet.len() == 40 + SEGMENT_BYTES;
    let lost = packets.iter().filter(full).nth(1).unwrap().clone();
    packets.retain(|packet| *packet != lost);
    let (records, tally) = decode(LinkType::RAW, &packets);
    let shown = transactions(&records);
    assert_eq!(shown.len(), session.truth.len());
    assert!(shown.iter().all(|shown| shown.asked && shown.response.is_some()));
    let missing: Vec<u64> = shown.iter().map(|shown| shown.missing_bytes).collect();
    assert_eq!(missing.iter().sum::<u64>(), SEGMENT_BYTES as u64);
    assert_eq!(tally.lost_bytes, SEGMENT_BYTES as u64);
    session.assert_true(&records);
}

#[test]
fn a_capture_that_starts_in_the_middle_of_a_picture_goes_on_with_the_next_packet() {
    let session = session(7, 12);
    let full = |packet: &Vec<u8>| packet.len() == 40 + SEGMENT_BYTES;
    let start = session.packets.iter().position(full).unwrap() + 1;
    let (records, tally) = decode(LinkType::RAW, &session.packets[start..]);
    session.assert_true(&records);
    assert!(records.iter().any(|record| matches!(record, Record::Gap(_))));
    assert!(tally.stray_bytes > 0);
    let whole = transactions(&records).into_iter().filter(|shown| shown.asked).count();
    assert!(whole >= 9, "{records:?}");
}

#[test]
fn what_is_said_twice_is_shown_once() {
    let session = session(7, 12);
    let doubled: Vec<_> =
        session.packets.iter().flat_map(|one| [one.clone(), one.clone()]).collect();
    let (records, tally) = decode(LinkType::RAW, &doubled);
    session.assert_whole(&records);
    assert!(tally.repeated > 10);
}

/// What befalls a packet: lost, doubled, cut, and how much later it comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    lost: bool,
    doubled: bool,
    cut: usize,
    later: usize,
}

pub(crate) fn fate() -> impl Strategy<Value = Fate> {
    let lost = proptest::bool::weighted(0.1);
    let doubled = proptest::bool::weighted(0.1);
    let cut = prop_oneof![9 => Just(0usize), 1 => 0usize..1500];
    let later = prop_oneof![8 => Just(0usize), 2 => 0usize..12];
    (lost, doubled, cut, later).prop_map(|(lost, doubled, cut, later)| Fate {
        lost,
        doubled,
        cut,
        later,
    })
}

fn damaged(packets: &[Vec<u8>], fates: &[Fate]) -> Vec<Vec<u8>> {
    let timed: Vec<_> = packets.iter().map(|packet| (0, packet.clone())).collect();
    damaged_in_time(&timed, fates).into_iter().map(|(_, packet)| packet).collect()
}

/// The same with times, which packets keep.
pub(crate) fn damaged_in_time(packets: &[(u64, Vec<u8>)], fates: &[Fate]) -> Vec<(u64, Vec<u8>)> {
    let mut order = Vec::new();
    for (number, ((at_ns, packet), fate)) in packets.iter().zip(fates.iter().cycle()).enumerate() {
        let mut packet = packet.clone();
        packet.truncate(packet.len() - fate.cut.min(packet.len()));
        if !fate.lost {
            order.push((number + fate.later, (*at_ns, packet.clone())));
        }
        if fate.doubled {
            order.push((number + 5, (*at_ns, packet)));
        }
    }
    order.sort_by_key(|(place, _)| *place);
    order.into_iter().map(|(_, packet)| packet).collect()
}

proptest! {
    #[test]
    fn whatever_is_lost_what_is_shown_is_true(
        start: u32,
        fates in proptest::collection::vec(fate(), 150),
        from in 0usize..40,
    ) {
        let session = session(start, 30);
        let mut packets = damaged(&session.packets, &fates);
        packets.drain(..from.min(packets.len()));
        let (records, tally) = decode(LinkType::RAW, &packets);
        session.assert_true(&records);
        prop_assert_eq!(tally.said_bytes, tally.packet_bytes + tally.stray_bytes);
    }

    #[test]
    fn order_alone_loses_nothing(
        start: u32,
        later in proptest::collection::vec(prop_oneof![3 => Just(0usize), 1 => 0usize..8], 150),
    ) {
        let session = session(start, 30);
        let fates: Vec<_> = later
            .into_iter()
            .map(|later| Fate { lost: false, doubled: false, cut: 0, later })
            .collect();
        let mut packets = session.packets[..2].to_vec();
        packets.extend(damaged(&session.packets[2..], &fates));
        let (records, tally) = decode(LinkType::RAW, &packets);
        session.assert_true(&records);
        let ids: Vec<_> = transactions(&records).iter().map(|shown| shown.response).collect();
        prop_assert!(ids.len() == session.truth.len() && ids.iter().all(Option::is_some));
        prop_assert_eq!(tally.lost_bytes + tally.stray_bytes, 0);
    }
}
