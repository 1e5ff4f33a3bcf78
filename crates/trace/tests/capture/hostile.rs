//! What nobody sends, and how much of it is held.

use filmwire_codec::container::{encode_command, encode_data_header};
use filmwire_codec::{OperationCode, TransactionId};
use filmwire_trace::Decoder;
use filmwire_trace::capture::{Item, LinkType, Packet};
use proptest::prelude::*;

use crate::session::{Wire, decode, noise};

/// Less than what the crate's documentation says, and far below 64 MiB.
const MOST_HELD: usize = 52 << 20;

fn take(decoder: &mut Decoder, data: &[u8]) -> usize {
    let packet = Packet { at_ns: None, link: LinkType::RAW, data, cut_bytes: 0 };
    decoder.take(&Item::Packet(packet), &mut |_| {});
    decoder.held_bytes()
}

#[test]
fn what_is_held_is_bounded() {
    let (mut decoder, mut most) = (Decoder::default(), 0);
    for host in 0..80u8 {
        let mut wire = Wire::new(0, 55740);
        wire.put(true, 0x02, &[]);
        wire.put(false, 0x12, &[]);
        // Unfinished transactions, each with as much data as is kept.
        for id in 1..10 {
            let code = OperationCode::GET_CAPABILITIES;
            wire.say(true, &encode_command(code, TransactionId(id), &[]));
            wire.say(false, &encode_data_header(code, TransactionId(id), 40_000));
            wire.say(false, &noise(id, 40_000));
        }
        wire.say(
            false,
            &encode_data_header(OperationCode::GET_CAPABILITIES, TransactionId(77), 40_000),
        );
        wire.say(false, &noise(1, 35_000));
        // Then everything behind a hole, both ways.
        let mut hole = Wire::new(1_000_000, 55740);
        for _ in 0..100 {
            hole.say(true, &[7; 1448]);
            hole.say(false, &[7; 1448]);
        }
        for mut packet in wire.packets.into_iter().chain(hole.packets) {
            // Another client each time.
            let address = if packet[15] == 2 { 14 } else { 18 };
            packet[address] = host;
            most = most.max(take(&mut decoder, &packet));
        }
    }
    assert!(most > 16 << 20, "{most}");
    assert!(most < MOST_HELD, "{most}");
    // Fragments whose others never come.
    for number in 0..20_000u16 {
        let mut packet =
            vec![0x45, 0, 5, 0xDC, 0, 0, 0x20, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        packet[4..6].copy_from_slice(&number.to_be_bytes());
        packet.resize(1500, 1);
        most = most.max(take(&mut decoder, &packet));
    }
    assert!(most < MOST_HELD, "{most}");
}

proptest! {
    #[test]
    fn any_packets_of_any_link_come_to_an_end(
        link in prop_oneof![Just(1u32), Just(101), Just(113), Just(276), Just(105), Just(127)],
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..20),
    ) {
        decode(LinkType(link), &packets);
    }

    /// Any bytes on the ports of a camera.
    #[test]
    fn any_bytes_on_a_cameras_ports_come_to_an_end(
        port in 55740u16..55743,
        said in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>(), 1..60)), 0..40),
        syn: bool,
    ) {
        let mut wire = Wire::new(5, port);
        if syn {
            wire.put(true, 0x02, &[]);
            wire.put(false, 0x12, &[]);
        }
        said.iter().for_each(|(from_client, bytes)| wire.say(*from_client, bytes));
        decode(LinkType::RAW, &wire.packets);
    }
}
