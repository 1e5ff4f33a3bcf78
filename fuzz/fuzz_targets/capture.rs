//! Captures: reading and decoding end without a panic, within bounded memory, and tell of no more
//! packets than there are.

#![no_main]

use filmwire_trace::capture::{Item, MOST_PACKET_BYTES, Reader};
use filmwire_trace::{Decoder, Ports};
use libfuzzer_sys::fuzz_target;

/// What the crate's documentation says is held at most.
const MOST_HELD_BYTES: usize = 64 << 20;

fuzz_target!(|input: &[u8]| {
    let Ok(mut reader) = Reader::new(input) else { return };
    let mut decoder = Decoder::new(Ports::default());
    decoder.give_parts();
    let mut packets = 0;
    while let Ok(Some(item)) = reader.next_item() {
        if let Item::Packet(packet) = &item {
            assert!(packet.data.len() <= MOST_PACKET_BYTES.min(input.len()));
            packets += 1;
        }
        decoder.take(&item, &mut |_| {});
        assert!(decoder.held_bytes() < MOST_HELD_BYTES);
    }
    decoder.finish(&mut |_| {});
    assert_eq!((decoder.tally().packets, decoder.held_bytes()), (packets, 0));
});
