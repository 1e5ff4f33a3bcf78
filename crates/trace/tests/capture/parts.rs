//! Data given out whole, in parts.

use std::collections::BTreeMap;

use filmwire_codec::OperationCode;
use filmwire_trace::capture::{Item, LinkType, Packet};
use filmwire_trace::{Decoder, Record};

use crate::session::session;

/// Bytes by transaction, put together from parts, which come in order and before their transaction.
fn bytes_of(mut decoder: Decoder, packets: &[Vec<u8>]) -> BTreeMap<u32, Vec<u8>> {
    let mut bytes: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    let mut told = Vec::new();
    for data in packets {
        let packet = Packet { at_ns: None, link: LinkType::RAW, data, cut_bytes: 0 };
        decoder.take(&Item::Packet(packet), &mut |record| match record {
            Record::Part(part) => {
                let id = part.id.unwrap().0;
                assert!(!told.contains(&id), "{id} was told before");
                let bytes = bytes.entry(id).or_default();
                assert_eq!(part.offset, bytes.len() as u64, "{id}");
                bytes.extend(part.bytes);
            }
            Record::Transaction(transaction) => told.push(transaction.id.0),
            _ => {}
        });
    }
    bytes
}

#[test]
fn all_data_is_given_out_if_all_is_asked_for() {
    let session = session(7, 12);
    let mut decoder = Decoder::default();
    decoder.give_all_parts();
    let told = bytes_of(decoder, &session.packets);
    let truth = session.truth.iter().filter(|(_, truth)| !truth.data.is_empty());
    let truth: BTreeMap<u32, Vec<u8>> =
        truth.map(|(id, truth)| (*id, truth.data.clone())).collect();
    assert_eq!(told, truth);
    // Of pictures alone if only those are, and nothing otherwise.
    let mut decoder = Decoder::default();
    decoder.give_parts();
    let pictures: Vec<u32> = bytes_of(decoder, &session.packets).into_keys().collect();
    let is_picture = |id: &u32| session.truth[id].operation == OperationCode::GET_PARTIAL_OBJECT;
    assert!(pictures.len() == 3 && pictures.iter().all(is_picture), "{pictures:?}");
    assert!(bytes_of(Decoder::default(), &session.packets).is_empty());
}
