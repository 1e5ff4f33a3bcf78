//! Captures: reading, decoding and redacting end without a panic, within bounded memory, and tell of
//! no more packets than there are; so does decoding what was redacted.

#![no_main]

use filmwire_redact::Redactor;
use filmwire_trace::capture::{Item, MOST_PACKET_BYTES, Packet, Reader};
use filmwire_trace::wifi::Keys;
use filmwire_trace::{Decoder, Ports};
use libfuzzer_sys::fuzz_target;

/// What the crate's documentation says is held at most.
const MOST_HELD_BYTES: usize = 64 << 20;

fuzz_target!(|input: &[u8]| {
    let Ok(mut reader) = Reader::new(input) else { return };
    let mut decoder = Decoder::new(Ports::default());
    decoder.give_all_parts();
    decoder.give_fields();
    let mut redactor = Redactor::new(Ports::default(), Keys::default());
    let mut shown = Decoder::default();
    let mut show = |packet: &Packet<'_>| {
        assert_eq!(packet.link, Redactor::LINK);
        shown.take(&Item::Packet(*packet), &mut |_| {});
    };
    let mut packets = 0;
    while let Ok(Some(item)) = reader.next_item() {
        if let Item::Packet(packet) = &item {
            assert!(packet.data.len() <= MOST_PACKET_BYTES.min(input.len()));
            packets += 1;
        }
        decoder.take(&item, &mut |_| {});
        redactor.take(&item, &mut show);
        assert!(decoder.held_bytes().max(redactor.held_bytes()) < MOST_HELD_BYTES);
    }
    decoder.finish(&mut |_| {});
    redactor.finish(&mut show);
    shown.finish(&mut |_| {});
    assert_eq!((redactor.held_bytes(), shown.held_bytes()), (0, 0));
    assert_eq!((decoder.tally().packets, decoder.held_bytes()), (packets, 0));
});
