//! Damaged captures do no harm: no panic, and nothing is told that was not told before.

use filmwire_codec::init::{InitAck, InitRequest};
use proptest::prelude::*;

use crate::wire::{Wire, file, redact};

const SECRET: &[u8] = b"annas-secret";

fn session() -> Vec<Vec<u8>> {
    let mut wire = Wire::new(55740, 90);
    wire.register(&InitRequest::new("annas-secret"), &InitAck::new("annas-secret"));
    for id in 1..12 {
        let data = [&[0xFF, 0xD8, 0xFF, 0xFE, 0, 40][..], &SECRET.repeat(20)].concat();
        wire.ask(0x100A, &[id], &data);
        wire.ask(0x1015, &[0xD500], &SECRET.repeat(6));
        wire.ask(0x9FF0, &[0xD500], &SECRET.repeat(9));
    }
    wire.end()
}

/// Pieces of a secret this long are none by chance.
fn is_told(shown: &[u8]) -> bool {
    let wide: Vec<u8> = SECRET.iter().flat_map(|&byte| [byte, 0]).collect();
    [SECRET, &wide].iter().any(|form| {
        form.windows(8).any(|piece| shown.windows(piece.len()).any(|window| window == piece))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn packets_lost_doubled_and_swapped(
        changes in proptest::collection::vec((0usize..10_000, 0u8..3), 0..40),
    ) {
        let mut packets = session();
        for (at, what) in changes {
            let (at, last) = (at % packets.len(), packets.len() - 1);
            match what {
                0 if packets.len() > 2 => drop(packets.remove(at)),
                1 => packets.insert(at, packets[at].clone()),
                _ => packets.swap(at, last.min(at + 2)),
            }
        }
        prop_assert!(!is_told(&redact(&file(&packets)).0));
    }

    #[test]
    fn bytes_that_are_others(
        changes in proptest::collection::vec((0usize..1_000_000, any::<u8>()), 0..200),
        end in 0usize..1_000_000,
    ) {
        let mut bytes = file(&session());
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[at % length] = byte;
        }
        if end % 2 == 0 {
            bytes.truncate(end % length);
        }
        redact(&bytes);
    }
}
