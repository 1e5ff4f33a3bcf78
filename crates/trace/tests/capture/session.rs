//! A made-up session as packets, and what is true of it.

use std::collections::BTreeMap;

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::init::{GOODBYE, InitAck, InitRequest};
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};
use filmwire_trace::capture::{Item, LinkType, Packet};
use filmwire_trace::record::{Step, Transaction};
use filmwire_trace::wifi::Keys;
use filmwire_trace::{Decoder, Record, Tally};

/// Bytes of a segment on Wi-Fi.
pub(crate) const SEGMENT_BYTES: usize = 1448;

/// What is true of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    pub(crate) operation: OperationCode,
    pub(crate) params: Vec<u32>,
    pub(crate) data: Vec<u8>,
    pub(crate) response: ResponseCode,
    pub(crate) response_params: Vec<u32>,
}

/// Packets, and the transactions in them by id.
pub(crate) struct Session {
    pub(crate) packets: Vec<Vec<u8>>,
    pub(crate) truth: BTreeMap<u32, Truth>,
}

/// Numbers that look like a picture's bytes.
pub(crate) fn noise(seed: u32, count: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(step).collect()
}

/// Cuts what is said into segments, with running sequence numbers.
pub(crate) struct Wire {
    pub(crate) packets: Vec<Vec<u8>>,
    next: [u32; 2],
    port: u16,
}

impl Wire {
    pub(crate) fn new(start: u32, port: u16) -> Self {
        Self { packets: Vec::new(), next: [start, start ^ 0x5555_5555], port }
    }

    pub(crate) fn put(&mut self, from_client: bool, flags: u8, bytes: &[u8]) {
        let (own, other) = if from_client { (0, 1) } else { (1, 0) };
        let length = (40 + bytes.len()) as u16;
        let (from, to) = if from_client { (2, 1) } else { (1, 2) };
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 192, 168, 0, from, 192, 168, 0, to]);
        let ports = if from_client { [40_000, self.port] } else { [self.port, 40_000] };
        packet.extend(ports.map(u16::to_be_bytes).concat());
        packet.extend(self.next[own].to_be_bytes());
        packet.extend(self.next[other].to_be_bytes());
        packet.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        packet.extend(bytes);
        let count = bytes.len() as u32 + u32::from(flags & 3 != 0);
        self.next[own] = self.next[own].wrapping_add(count);
        self.packets.push(packet);
    }

    pub(crate) fn say(&mut self, from_client: bool, bytes: &[u8]) {
        bytes.chunks(SEGMENT_BYTES).for_each(|bytes| self.put(from_client, 0x18, bytes));
    }
}

/// A session of so many transactions that begins with these sequence numbers.
pub(crate) fn session(start: u32, transactions: u32) -> Session {
    let mut wire = Wire::new(start, 55740);
    wire.put(true, 0x02, &[]);
    wire.put(false, 0x12, &[]);
    wire.say(true, &InitRequest::new("somebody").encode());
    wire.say(false, &InitAck::new("X-T9").encode());
    let mut truth = BTreeMap::new();
    for id in 1..=transactions {
        let told = one(id);
        let (code, transaction) = (told.operation, TransactionId(id));
        wire.say(true, &encode_command(code, transaction, &told.params));
        let mut data = encode_data_header(code, transaction, told.data.len()).to_vec();
        data.extend(&told.data);
        let response = encode_response(told.response, transaction, &told.response_params);
        match code {
            OperationCode::SET_DEVICE_PROP_VALUE => {
                wire.say(true, &data);
                wire.say(false, &response);
            }
            OperationCode::OPEN_SESSION => wire.say(false, &response),
            // Responses often share a segment with the data.
            _ => wire.say(false, &[data, response].concat()),
        }
        truth.insert(id, told);
    }
    wire.say(true, &GOODBYE);
    wire.put(true, 0x11, &[]);
    wire.put(false, 0x11, &[]);
    Session { packets: wire.packets, truth }
}

fn one(id: u32) -> Truth {
    let ok = |operation, params: &[u32], data: Vec<u8>| Truth {
        operation,
        params: params.to_vec(),
        data,
        response: ResponseCode::OK,
        response_params: Vec::new(),
    };
    match id % 4 {
        _ if id == 1 => ok(OperationCode::OPEN_SESSION, &[1], Vec::new()),
        0 => ok(OperationCode::GET_DEVICE_PROP_VALUE, &[0xDF00], vec![id as u8, 0]),
        1 => ok(OperationCode::SET_DEVICE_PROP_VALUE, &[0xDF01], vec![5, 0]),
        2 => {
            let data = noise(id, 4000 + id as usize * 37);
            let response_params = vec![data.len() as u32];
            let params = [id, 0, 0x10_0000];
            Truth { response_params, ..ok(OperationCode::GET_PARTIAL_OBJECT, &params, data) }
        }
        _ => Truth {
            response: ResponseCode::INVALID_OBJECT_HANDLE,
            ..ok(OperationCode::GET_OBJECT_INFO, &[id], Vec::new())
        },
    }
}

/// Decodes packets of a link type, 50 ms apart, so that nobody is in a hurry.
pub(crate) fn decode(link: LinkType, packets: &[Vec<u8>]) -> (Vec<Record>, Tally) {
    decode_with(Keys::default(), link, packets)
}

/// The same with keys of Wi-Fi.
pub(crate) fn decode_with(keys: Keys, link: LinkType, packets: &[Vec<u8>]) -> (Vec<Record>, Tally) {
    let (mut decoder, mut records) = (Decoder::default(), Vec::new());
    decoder.give_keys(keys);
    for (number, data) in packets.iter().enumerate() {
        let at_ns = Some(number as u64 * 50_000_000);
        let packet = Packet { at_ns, link, data, cut_bytes: 0 };
        decoder.take(&Item::Packet(packet), &mut |record| records.push(record));
    }
    decoder.finish(&mut |record| records.push(record));
    assert_eq!(decoder.held_bytes(), 0);
    (records, decoder.tally().clone())
}

pub(crate) fn transactions(records: &[Record]) -> Vec<&Transaction> {
    let all = records.iter();
    all.filter_map(|record| match record {
        Record::Transaction(transaction) => Some(transaction),
        _ => None,
    })
    .collect()
}

impl Session {
    /// Everything is shown, in order, and nothing besides.
    pub(crate) fn assert_whole(&self, records: &[Record]) {
        let shown = transactions(records);
        let ids: Vec<u32> = shown.iter().map(|transaction| transaction.id.0).collect();
        assert_eq!(ids, self.truth.keys().copied().collect::<Vec<_>>());
        for transaction in shown {
            let truth = &self.truth[&transaction.id.0];
            assert!(transaction.asked && transaction.missing_bytes == 0);
            assert_eq!(transaction.response, Some(truth.response));
            assert_eq!(transaction.data_bytes, truth.data.len() as u64);
            assert!(transaction.duration_ns.is_some());
            assert!(transaction.params.is_some() && transaction.response_params.is_some());
        }
        self.assert_true(records);
        let steps = records.iter().filter_map(|record| match record {
            Record::Init(init) => Some(init.step),
            Record::Gap(gap) => panic!("{gap:?}"),
            _ => None,
        });
        assert_eq!(steps.collect::<Vec<_>>(), [Step::Request, Step::Ack, Step::Goodbye]);
    }

    /// What is shown was said so.
    pub(crate) fn assert_true(&self, records: &[Record]) {
        let mut asked = Vec::new();
        for shown in transactions(records) {
            let truth = self.truth.get(&shown.id.0);
            let truth = truth.unwrap_or_else(|| panic!("never said: {shown:?}"));
            if let Some(operation) = shown.operation {
                assert_eq!(operation, truth.operation, "{shown:?}");
            }
            if shown.asked {
                assert!(
                    shown.params.as_ref().is_none_or(|params| *params == truth.params),
                    "{shown:?}"
                );
                assert!(!asked.contains(&shown.id), "twice: {shown:?}");
                asked.push(shown.id);
            }
            if let Some(response) = shown.response {
                assert_eq!(response, truth.response, "{shown:?}");
                let params = shown.response_params.as_ref();
                assert!(params.is_none_or(|params| *params == truth.response_params), "{shown:?}");
            }
            if shown.data_bytes > 0 {
                assert_eq!(shown.data_bytes, truth.data.len() as u64, "{shown:?}");
                assert!(truth.data.starts_with(&shown.value), "{shown:?}");
                assert!(shown.missing_bytes <= shown.data_bytes + 12, "{shown:?}");
            }
        }
        for record in records {
            match record {
                Record::Init(init) if init.step == Step::Ack => {
                    assert_eq!(init.name.as_deref(), Some("X-T9"));
                }
                Record::Init(init) => assert_ne!(init.step, Step::Fail, "{init:?}"),
                Record::Event(event) => panic!("never said: {event:?}"),
                Record::Frame(frame) => panic!("never said: {frame:?}"),
                Record::Note(note) => assert_eq!(note.finding, None, "{note:?}"),
                _ => {}
            }
        }
    }
}
