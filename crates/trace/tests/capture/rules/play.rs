//! A session told step by step, with the times its rules need.

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::dataset::EventDataset;
use filmwire_codec::init::{GOODBYE, InitAck, InitRequest};
use filmwire_codec::{EventCode, OperationCode, ResponseCode, SessionId, TransactionId};
use filmwire_trace::capture::{Item, LinkType, Packet};
use filmwire_trace::record::Note;
use filmwire_trace::{Decoder, Record, Tally};

use crate::session::Wire;

const MILLIS: u64 = 1_000_000;

/// What is said on the three connections of a session.
pub(crate) struct Play {
    pub(crate) packets: Vec<(u64, Vec<u8>)>,
    wires: [Wire; 3],
    now_ns: u64,
    pub(crate) id: u32,
}

impl Play {
    /// A connection for commands that has just begun.
    pub(crate) fn begun() -> Self {
        let wires = [55740, 55741, 55742].map(|port| Wire::new(1000, port));
        let mut play = Self { packets: Vec::new(), wires, now_ns: 0, id: 1 };
        play.connect(0);
        play
    }

    /// The same, with the client registered and as long behind the ack as it should be.
    pub(crate) fn registered() -> Self {
        let mut play = Self::begun();
        play.client(&InitRequest::new("somebody").encode());
        play.camera(&InitAck::new("X-T9").encode());
        play.wait(60);
        play
    }

    /// The same, with an open session.
    pub(crate) fn open() -> Self {
        let mut play = Self::registered();
        play.done(OperationCode::OPEN_SESSION, &[1]);
        play
    }

    /// The same, in the remote function, with events; the function's id is 5.
    pub(crate) fn remote() -> Self {
        let mut play = Self::open();
        play.set(0xDF01, &[5, 0]);
        play.get(0xDF24, &[4, 0, 2, 0]);
        play.set(0xDF24, &[0x0C, 0, 2, 0]);
        play.done(OperationCode::INITIATE_OPEN_CAPTURE, &[0, 0]);
        play.connect(1);
        play
    }

    /// Another connection between the same two.
    pub(crate) fn again(&mut self) {
        self.wires[0] = Wire::new(0x7000_0000, 55740);
        self.id = 1;
        self.connect(0);
    }

    pub(crate) fn wait(&mut self, millis: u64) {
        self.now_ns += millis * MILLIS;
    }

    /// The handshake of the connection so many ports behind the first.
    pub(crate) fn connect(&mut self, steps: usize) {
        self.put(steps, true, 0x02, &[]);
        self.put(steps, false, 0x12, &[]);
    }

    pub(crate) fn put(&mut self, steps: usize, from_client: bool, flags: u8, bytes: &[u8]) {
        let wire = &mut self.wires[steps];
        wire.put(from_client, flags, bytes);
        self.packets.push((self.now_ns, wire.packets.last().unwrap().clone()));
        self.now_ns += MILLIS;
    }

    pub(crate) fn client(&mut self, bytes: &[u8]) {
        self.put(0, true, 0x18, bytes);
    }

    pub(crate) fn camera(&mut self, bytes: &[u8]) {
        self.put(0, false, 0x18, bytes);
    }

    /// A command with the next id.
    pub(crate) fn ask(&mut self, code: OperationCode, params: &[u32]) -> TransactionId {
        let id = TransactionId(self.id);
        self.id = self.id.wrapping_add(1);
        self.client(&encode_command(code, id, params));
        id
    }

    pub(crate) fn answer(&mut self, id: TransactionId, params: &[u32]) {
        self.camera(&encode_response(ResponseCode::OK, id, params));
    }

    pub(crate) fn refuse(&mut self, id: TransactionId) {
        self.camera(&encode_response(ResponseCode::DEVICE_BUSY, id, &[]));
    }

    /// An operation without data.
    pub(crate) fn done(&mut self, code: OperationCode, params: &[u32]) -> TransactionId {
        let id = self.ask(code, params);
        self.answer(id, &[]);
        id
    }

    pub(crate) fn data(&self, code: OperationCode, id: TransactionId, bytes: &[u8]) -> Vec<u8> {
        [&encode_data_header(code, id, bytes.len())[..], bytes].concat()
    }

    /// An operation that reads.
    pub(crate) fn read(&mut self, code: OperationCode, params: &[u32], bytes: &[u8]) {
        let id = self.ask(code, params);
        let data = self.data(code, id, bytes);
        self.camera(&data);
        let sent = [bytes.len() as u32];
        let counts = code == OperationCode::GET_PARTIAL_OBJECT;
        self.answer(id, if counts { &sent } else { &[] });
    }

    pub(crate) fn get(&mut self, property: u32, bytes: &[u8]) {
        self.read(OperationCode::GET_DEVICE_PROP_VALUE, &[property], bytes);
    }

    pub(crate) fn set(&mut self, property: u32, bytes: &[u8]) {
        let code = OperationCode::SET_DEVICE_PROP_VALUE;
        let id = self.ask(code, &[property]);
        let data = self.data(code, id, bytes);
        self.client(&data);
        self.answer(id, &[]);
    }

    /// An event as cameras send it, with the size that stands in parameter 2.
    pub(crate) fn event(&mut self, code: EventCode, transaction: TransactionId, bytes: u32) {
        let params = vec![transaction.0, bytes, 0];
        let event = EventDataset { code, session: SessionId(1), transaction, params };
        self.put(1, false, 0x18, &event.encode());
    }

    /// A picture is taken, and its preview announced.
    pub(crate) fn capture(&mut self, preview_bytes: u32) -> TransactionId {
        let id = self.done(OperationCode::INITIATE_CAPTURE, &[0, 0]);
        self.event(EventCode::FUJI_OBJECT_ADDED, id, 0);
        self.event(EventCode::PREVIEW_AVAILABLE, id, preview_bytes);
        id
    }

    /// The end as it should be.
    pub(crate) fn end(&mut self) {
        self.done(OperationCode::CLOSE_SESSION, &[]);
        self.client(&GOODBYE);
        self.close();
    }

    pub(crate) fn close(&mut self) {
        self.put(0, true, 0x11, &[]);
        self.put(0, false, 0x11, &[]);
    }

    /// The last transactions: id, whether it was answered, and how long that took.
    pub(crate) fn last(&self, count: usize) -> Vec<(u32, bool, Option<u64>)> {
        let (mut decoder, mut done) = (Decoder::default(), Vec::new());
        let mut keep = |record| {
            if let Record::Transaction(one) = record {
                let took_ms = one.duration_ns.map(|ns| ns / MILLIS);
                done.push((one.id.0, one.response.is_some(), took_ms));
            }
        };
        for (at_ns, data) in &self.packets {
            let packet = Packet { at_ns: Some(*at_ns), link: LinkType::RAW, data, cut_bytes: 0 };
            decoder.take(&Item::Packet(packet), &mut keep);
        }
        decoder.finish(&mut keep);
        done.split_off(done.len() - count)
    }

    /// What the decoder says of it.
    pub(crate) fn notes(&self) -> (Vec<Note>, Tally) {
        notes(&self.packets, true)
    }
}

/// Notes of a capture, with its times or without.
pub(crate) fn notes(packets: &[(u64, Vec<u8>)], has_times: bool) -> (Vec<Note>, Tally) {
    let (mut decoder, mut notes) = (Decoder::default(), Vec::new());
    let mut keep = |record| {
        if let Record::Note(note) = record {
            notes.push(note);
        }
    };
    for (at_ns, data) in packets {
        let at_ns = has_times.then_some(*at_ns);
        let packet = Packet { at_ns, link: LinkType::RAW, data, cut_bytes: 0 };
        decoder.take(&Item::Packet(packet), &mut keep);
    }
    decoder.finish(&mut keep);
    let tally = decoder.tally().clone();
    (notes, tally)
}
