//! Wi-Fi: opening frames ends without a panic, within bounded memory, and counts no more of them than
//! there are.
//!
//! The input is a script. A byte says what the made-up network does, the next how many bytes belong
//! to it, which follow. Of the first byte the lower four bits are the deed, and the others damage
//! what comes of it: bit 7 cuts a frame where its bytes say, bit 6 turns bits of it, bit 5 repeats
//! it, bit 4 puts a radiotap header before it. Bytes are sealed as they are, so that what is in a
//! frame is as hostile as what is around it.

#![no_main]

use std::sync::LazyLock;

use filmwire_trace::Decoder;
use filmwire_trace::capture::{Item, LinkType, Packet};
use filmwire_trace::stand_in::{Air, Version, Way, radiotap};
use filmwire_trace::wifi::Keys;
use libfuzzer_sys::fuzz_target;

/// What the crate's documentation says is held at most.
const MOST_HELD_BYTES: usize = 64 << 20;

/// Making a key takes long.
static AIR: LazyLock<Air> = LazyLock::new(|| Air::new("network", "passphrase", Version::Sha1));

fn deed(air: &mut Air, number: u8, bytes: &[u8]) -> Vec<Vec<u8>> {
    let way = [Way::Up, Way::Down, Way::All][usize::from(bytes.len() as u8 % 3)];
    match number & 0x0F {
        0 => vec![air.beacon()],
        1 => vec![air.association()],
        2 => air.handshake(),
        3 => air.renew(),
        4 => air.renew_group(),
        5 => vec![air.packet(way, bytes)],
        6 => vec![air.old_packet(way, bytes)],
        7 => vec![air.aggregate(way, &[bytes.to_vec(), bytes.to_vec()], false)],
        8 => vec![air.body(way, Some(0x80), bytes)],
        9 => vec![air.body(way, bytes.first().copied(), bytes)],
        10 => air.fragments(way, bytes, 7),
        11 => {
            let (&[high, low], _) = bytes.split_first_chunk().unwrap_or((&[0, 0], &[]));
            air.move_to(u16::from_be_bytes([high, low]));
            vec![]
        }
        12 => {
            let message = [&[0xAA, 0xAA, 3, 0, 0, 0, 0x88, 0x8E][..], bytes].concat();
            vec![air.body(way, None, &message)]
        }
        13 => {
            *air = air.another_station(bytes.first().copied().unwrap_or_default());
            vec![]
        }
        14 => vec![air.open_packet(way, bytes)],
        _ => vec![bytes.to_vec()],
    }
}

fn damage(frame: &mut Vec<u8>, how: u8, bytes: &[u8]) {
    let Some((&place, rest)) = bytes.split_first() else { return };
    if how & 0x80 != 0 {
        frame.truncate(usize::from(place));
    }
    if how & 0x40 != 0 {
        frame.iter_mut().skip(usize::from(place)).zip(rest).for_each(|(byte, turn)| *byte ^= turn);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&version, mut script)) = input.split_first() else { return };
    let versions = [Version::Sha1, Version::Sha256, Version::Sae];
    let mut air = AIR.with_version(versions[usize::from(version % 3)]);
    let mut decoder = Decoder::default();
    let key = air.key_hex();
    decoder.give_keys(Keys::read(key.as_bytes()).expect("it is a key"));
    let mut count = 0;
    while let &[number, length, ref rest @ ..] = script {
        let (bytes, behind) = rest.split_at(rest.len().min(length.into()));
        script = behind;
        for mut frame in deed(&mut air, number, bytes) {
            damage(&mut frame, number, bytes);
            let is_wrapped = number & 0x10 != 0;
            let link = if is_wrapped { LinkType::RADIOTAP } else { LinkType::IEEE802_11 };
            let data = if is_wrapped { radiotap(&frame, length & 1 != 0) } else { frame };
            for _ in 0..=number >> 5 & 1 {
                let packet = Packet { at_ns: None, link, data: &data, cut_bytes: 0 };
                decoder.take(&Item::Packet(packet), &mut |_| {});
                count += 1;
                assert!(decoder.held_bytes() < MOST_HELD_BYTES);
            }
        }
    }
    decoder.finish(&mut |_| {});
    let counted = decoder.tally().air;
    assert_eq!((decoder.tally().packets, decoder.held_bytes()), (count, 0));
    assert!(counted.opened + counted.closed + counted.repeated <= count);
});
