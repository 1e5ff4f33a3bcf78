//! A session for each rule, which breaks it and, where it cannot be helped, another.

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::dataset::{EventDataset, LiveViewHeader};
use filmwire_codec::init::{InitAck, InitRequest};
use filmwire_codec::{EventCode, OperationCode as Op, ResponseCode, SessionId, TransactionId};

use super::play::Play;

/// The rules that are broken, in order, and how.
pub(crate) type Breach = (&'static [&'static str], fn() -> Play);

const JPEG: [u8; 120] = {
    let mut bytes = [0; 120];
    bytes[0] = 0xFF;
    bytes[1] = 0xD8;
    bytes
};

fn then(mut play: Play, tell: fn(&mut Play)) -> Play {
    tell(&mut play);
    play
}

fn with_request(change: fn(&mut Vec<u8>)) -> Play {
    then(Play::begun(), |_| {}).with(change)
}

impl Play {
    fn with(mut self, change: fn(&mut Vec<u8>)) -> Self {
        let mut request = InitRequest::new("somebody").encode();
        change(&mut request);
        self.client(&request);
        self
    }

    fn welcomed_by(mut self, change: fn(&mut Vec<u8>)) -> Self {
        self.client(&InitRequest::new("somebody").encode());
        let mut ack = InitAck::new("X-T9").encode();
        change(&mut ack);
        self.camera(&ack);
        self
    }

    fn step(&mut self, session: u32, first: u32) {
        let (code, transaction) = (EventCode::FUJI_OBJECT_ADDED, TransactionId(6));
        let params = vec![first, 0, 0];
        let event = EventDataset { code, session: SessionId(session), transaction, params };
        self.put(1, false, 0x18, &event.encode());
    }
}

/// What clients do.
pub(crate) const CLIENT: &[Breach] = &[
    (&["init-first"], || {
        then(Play::begun(), |p| {
            p.done(Op::OPEN_SESSION, &[1]);
            // What follows from it is not called out.
            p.done(Op::OPEN_SESSION, &[1]);
        })
    }),
    (&["init-length"], || {
        with_request(|request| {
            request.truncate(60);
            request[0] = 60;
        })
    }),
    (&["init-constant"], || with_request(|request| request[8] ^= 1)),
    (&["init-name"], || with_request(|request| request[28..].fill(b'a'))),
    (&["early-command"], || {
        then(Play::begun(), |p| {
            p.client(&InitRequest::new("somebody").encode());
            let id = p.ask(Op::OPEN_SESSION, &[1]);
            p.camera(&InitAck::new("X-T9").encode());
            p.answer(id, &[]);
        })
    }),
    (&["early-open"], || {
        then(Play::begun().welcomed_by(|_| {}), |p| {
            p.wait(40);
            p.done(Op::OPEN_SESSION, &[1]);
        })
    }),
    (&["no-open"], || {
        then(Play::registered(), |p| {
            p.read(Op::GET_DEVICE_INFO, &[], &[]);
            p.get(0xDF00, &[6, 0]);
            p.get(0xDF00, &[6, 0]);
        })
    }),
    (&["open-id"], || {
        then(Play::registered(), |p| {
            p.id = 2;
            p.done(Op::OPEN_SESSION, &[1]);
        })
    }),
    (&["id-order", "id-order"], || {
        then(Play::open(), |p| {
            p.id = 3;
            p.get(0xDF00, &[6, 0]);
            p.id = 3;
            p.get(0xDF00, &[6, 0]);
        })
    }),
    (&["id-reserved", "open-id"], || {
        then(Play::registered(), |p| {
            p.id = u32::MAX;
            p.done(Op::OPEN_SESSION, &[1]);
            p.id = 1;
            p.get(0xDF00, &[6, 0]);
        })
    }),
    (&["second-command"], || {
        then(Play::open(), |p| {
            let first = p.ask(Op::CLOSE_SESSION, &[]);
            let second = p.ask(Op::OPEN_SESSION, &[1]);
            p.answer(first, &[]);
            p.answer(second, &[]);
            // A long time later nobody waits for the answer any more.
            p.ask(Op::CLOSE_SESSION, &[]);
            p.wait(2500);
            p.ask(Op::CLOSE_SESSION, &[]);
        })
    }),
    (&["param-count"], || then(Play::open(), |p| p.read(Op::GET_CAPABILITIES, &[0; 5], &[]))),
    (&["data-code"], || {
        then(Play::open(), |p| {
            let id = p.ask(Op::SET_DEVICE_PROP_VALUE, &[0xDF01]);
            let data = p.data(Op(0x2001), id, &[5, 0]);
            p.client(&data);
            p.answer(id, &[]);
        })
    }),
    (&["data-id", "data-missing"], || {
        then(Play::open(), |p| {
            let id = p.ask(Op::SET_DEVICE_PROP_VALUE, &[0xDF01]);
            let data = p.data(Op::SET_DEVICE_PROP_VALUE, TransactionId(9), &[5, 0]);
            p.client(&data);
            p.answer(id, &[]);
            p.get(0xDF00, &[6, 0]);
        })
    }),
    (&["data-unasked", "data-unasked"], || {
        then(Play::open(), |p| {
            let id = p.ask(Op::CLOSE_SESSION, &[]);
            let data = p.data(Op::CLOSE_SESSION, id, &[5, 0]);
            p.client(&data);
            p.answer(id, &[]);
            p.done(Op::OPEN_SESSION, &[1]);
            let code = Op::SET_DEVICE_PROP_VALUE;
            let id = p.ask(code, &[0xDF01]);
            let data = p.data(code, id, &[5, 0]);
            p.client(&data);
            p.client(&data);
            p.answer(id, &[]);
        })
    }),
    (&["value-size", "value-size", "value-size"], || {
        then(Play::open(), |p| {
            p.set(0xDF01, &[5, 0, 0, 0]);
            p.set(0xD227, &[1, 0, 0, 0]);
            p.set(0x5005, &[2, 0, 0, 0]);
            // Of this one nobody knows the size.
            p.set(0xD406, &[2, 0, 0]);
        })
    }),
    (&["version-before-mode"], || then(Play::open(), |p| p.set(0xDF24, &[4, 0, 2, 0]))),
    (&["version-too-low"], || {
        then(Play::open(), |p| {
            p.set(0xDF01, &[5, 0]);
            p.get(0xDF24, &[4, 0, 2, 0]);
            p.set(0xDF24, &[2, 0, 2, 0]);
            p.set(0xDF24, &[4, 0, 2, 0]);
        })
    }),
    (&["remote-mode"], || {
        then(Play::open(), |p| {
            p.set(0xDF01, &[2, 0]);
            p.set(0xDF24, &[4, 0, 2, 0]);
            p.done(Op::INITIATE_OPEN_CAPTURE, &[0, 0]);
        })
    }),
    (&["remote-version"], || {
        then(Play::open(), |p| {
            p.set(0xDF01, &[5, 0]);
            p.done(Op::INITIATE_OPEN_CAPTURE, &[0, 0]);
        })
    }),
    (&["remote-first", "remote-first"], || {
        then(Play::open(), |p| {
            p.done(Op::UNLOCK_S1_LOCK, &[]);
            p.set(0xDF01, &[5, 0]);
            p.set(0xDF24, &[4, 0, 2, 0]);
            let begun = p.done(Op::INITIATE_OPEN_CAPTURE, &[0, 0]);
            p.done(Op::TERMINATE_OPEN_CAPTURE, &[begun.0]);
            p.done(Op::INITIATE_CAPTURE, &[0, 0]);
        })
    }),
    (&["gallery-first"], || {
        then(Play::remote(), |p| {
            p.set(0xDF01, &[11, 0]);
            p.done(Op::TERMINATE_OPEN_CAPTURE, &[5]);
            p.set(0xDF01, &[11, 0]);
        })
    }),
    (&["terminate-id", "terminate-id"], || {
        then(Play::remote(), |p| {
            p.done(Op::INITIATE_MOVIE_CAPTURE, &[0, 0]);
            p.done(Op::TERMINATE_MOVIE_CAPTURE, &[5]);
            p.done(Op::TERMINATE_OPEN_CAPTURE, &[6]);
        })
    }),
    (&["step-value"], || {
        then(Play::remote(), |p| {
            p.done(Op::STEP_F_NUMBER, &[2]);
            p.done(Op::STEP_F_NUMBER, &[0]);
        })
    }),
    (&["focus-again"], || {
        then(Play::remote(), |p| {
            let point = &[0x0302_0705];
            p.done(Op::LOCK_S1_LOCK, point);
            p.done(Op::LOCK_S1_LOCK, point);
            p.done(Op::UNLOCK_S1_LOCK, &[]);
            // What was refused is not held.
            let id = p.ask(Op::LOCK_S1_LOCK, point);
            p.refuse(id);
            p.done(Op::LOCK_S1_LOCK, point);
        })
    }),
    (&["preview-skipped"], || {
        then(Play::remote(), |p| {
            p.capture(120);
            p.capture(120);
            p.read(Op::GET_CAPTURE_PREVIEW, &[], &JPEG);
            // Of a picture without a preview there is nothing to fetch.
            p.done(Op::INITIATE_CAPTURE, &[0, 0]);
            p.done(Op::INITIATE_CAPTURE, &[0, 0]);
        })
    }),
    (&["info-before-thumb"], || {
        then(Play::open(), |p| {
            p.read(Op::GET_THUMB, &[1], &JPEG);
            p.get(0xDF24, &[0x0A, 0, 2, 0]);
            p.read(Op::GET_OBJECT_INFO, &[1], &[]);
            p.read(Op::GET_THUMB, &[1], &JPEG);
            p.read(Op::GET_THUMB, &[65], &JPEG);
        })
    }),
    (&["piece-size"], || {
        then(Play::open(), |p| {
            p.read(Op::GET_PARTIAL_OBJECT, &[1, 0, 1 << 20], &JPEG);
            p.read(Op::GET_PARTIAL_OBJECT, &[1, 0, (1 << 20) + 1], &JPEG);
        })
    }),
    (&["after-close"], || {
        then(Play::open(), |p| {
            p.done(Op::CLOSE_SESSION, &[]);
            p.get(0xDF00, &[6, 0]);
        })
    }),
    (&["after-goodbye"], || {
        then(Play::open(), |p| {
            p.end();
            let mut late = Play::open();
            late.client(&filmwire_codec::init::GOODBYE);
            late.get(0xDF00, &[6, 0]);
            *p = late;
        })
    }),
    (&["goodbye-missing"], || {
        then(Play::open(), |p| {
            p.done(Op::CLOSE_SESSION, &[]);
            p.close();
        })
    }),
    (&["side-speech", "side-speech"], || {
        then(Play::remote(), |p| {
            p.put(1, true, 0x18, &[12, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
            p.connect(2);
            p.put(2, true, 0x18, &[1]);
        })
    }),
];

/// What cameras do.
pub(crate) const CAMERA: &[Breach] = &[
    (&["ack-length"], || {
        Play::begun().welcomed_by(|ack| {
            ack.extend([0; 2]);
            ack[0] = 70;
        })
    }),
    (&["ack-number"], || Play::begun().welcomed_by(|ack| ack[8] = 1)),
    (&["ack-guid"], || Play::begun().welcomed_by(|ack| ack[12] ^= 1)),
    (&["answer-unasked", "answer-unasked"], || {
        then(Play::open(), |p| {
            let id = p.ask(Op::CLOSE_SESSION, &[]);
            p.answer(TransactionId(70), &[]);
            let data = p.data(Op::CLOSE_SESSION, TransactionId(71), &[]);
            p.camera(&data);
            p.answer(id, &[]);
        })
    }),
    (&["second-response"], || {
        then(Play::open(), |p| {
            let id = p.done(Op::CLOSE_SESSION, &[]);
            p.answer(id, &[]);
        })
    }),
    (&["camera-data-code"], || {
        then(Play::open(), |p| {
            let id = p.ask(Op::GET_DEVICE_PROP_VALUE, &[0xDF00]);
            let data = p.data(Op::GET_DEVICE_INFO, id, &[6, 0]);
            p.camera(&data);
            p.answer(id, &[]);
        })
    }),
    (&["camera-data-missing"], || {
        then(Play::open(), |p| {
            let id = p.ask(Op::GET_OBJECT_INFO, &[0xFFFF_FFF1]);
            p.refuse(id);
        })
    }),
    (&["camera-data-unasked", "camera-data-unasked", "camera-data-unasked"], || {
        then(Play::open(), |p| {
            p.read(Op::CLOSE_SESSION, &[], &[1]);
            p.done(Op::OPEN_SESSION, &[1]);
            let code = Op::GET_DEVICE_PROP_VALUE;
            let id = p.ask(code, &[0xDF00]);
            let data = p.data(code, id, &[6, 0]);
            p.camera(&data);
            p.camera(&data);
            p.answer(id, &[]);
            p.camera(&data);
        })
    }),
    (&["piece-count", "piece-count"], || {
        then(Play::open(), |p| {
            let code = Op::GET_PARTIAL_OBJECT;
            for told in [&[4u32][..], &[]] {
                let id = p.ask(code, &[1, 0, 1 << 20]);
                let data = p.data(code, id, &[0; 5]);
                p.camera(&data);
                p.answer(id, told);
            }
        })
    }),
    (&["piece-longer"], || {
        then(Play::open(), |p| p.read(Op::GET_PARTIAL_OBJECT, &[1, 0, 119], &JPEG))
    }),
    (&["state-size", "state-size"], || {
        then(Play::open(), |p| {
            p.get(0xDF00, &[6, 0, 0, 0]);
            p.get(0xDF01, &[6]);
            p.get(0xDF01, &[]);
        })
    }),
    (&["version-size"], || {
        then(Play::open(), |p| {
            p.get(0xDF22, &[4, 0]);
            p.get(0xDF22, &[]);
        })
    }),
    (&["broken-object-info"], || {
        then(Play::open(), |p| p.read(Op::GET_OBJECT_INFO, &[1], &[1; 52]))
    }),
    (&["broken-state-list"], || {
        then(Play::open(), |p| {
            p.get(0xD212, &[0, 0]);
            p.get(0xD212, &[1, 0, 0, 0xDF, 6, 0, 0]);
        })
    }),
    (&["broken-capabilities"], || {
        then(Play::open(), |p| p.read(Op::GET_CAPABILITIES, &[], &[1, 0, 0, 0, 9, 0]))
    }),
    (&["thumb-jpeg"], || {
        then(Play::open(), |p| {
            p.read(Op::GET_THUMB, &[1], &[0; 99]);
            p.read(Op::GET_THUMB, &[1], &[0; 100]);
        })
    }),
    (&["preview-jpeg"], || {
        then(Play::remote(), |p| {
            p.capture(8);
            p.read(Op::GET_CAPTURE_PREVIEW, &[], &[0; 8]);
        })
    }),
    (&["preview-size"], || {
        then(Play::remote(), |p| {
            p.capture(119);
            p.read(Op::GET_CAPTURE_PREVIEW, &[], &JPEG);
        })
    }),
    (&["event-session"], || then(Play::remote(), |p| p.step(2, 6))),
    (&["event-repeat"], || then(Play::remote(), |p| p.step(1, 7))),
    (&["event-order"], || {
        then(Play::remote(), |p| p.event(EventCode::PREVIEW_AVAILABLE, TransactionId(6), 9))
    }),
    (&["frame-jpeg"], || {
        then(Play::remote(), |p| {
            p.connect(2);
            for (extra_bytes, start) in [(0, [0xFF, 0xD8]), (0, [0, 0]), (4, [0, 0])] {
                let (length, reserved, unknown) = (118, 0, 0xFFFF);
                let header = LiveViewHeader { length, reserved, counter: 1, extra_bytes, unknown };
                let mut packet = Vec::new();
                header.encode(&mut packet);
                packet.extend(start);
                packet.resize(118, 0);
                p.put(2, false, 0x18, &packet);
            }
        })
    }),
];

/// A session that keeps every rule, with most operations in it.
pub(crate) fn good() -> Play {
    let mut p = Play::remote();
    p.read(Op::GET_CAPABILITIES, &[], &[0; 4]);
    p.connect(2);
    for _ in 0..2 {
        p.done(Op::LOCK_S1_LOCK, &[0x0302_0705]);
        p.capture(120);
        p.read(Op::GET_CAPTURE_PREVIEW, &[], &JPEG);
        p.done(Op::UNLOCK_S1_LOCK, &[]);
    }
    p.done(Op::STEP_SHUTTER_SPEED, &[1]);
    let movie = p.done(Op::INITIATE_MOVIE_CAPTURE, &[0, 0]);
    p.done(Op::TERMINATE_MOVIE_CAPTURE, &[movie.0]);
    p.done(Op::TERMINATE_OPEN_CAPTURE, &[5]);
    p.set(0xDF00, &[6, 0]);
    p.set(0xDF01, &[11, 0]);
    p.set(0xDF25, &[5, 0, 0, 0]);
    p.get(0xD212, &[1, 0, 0, 0xDF, 11, 0, 0, 0]);
    p.set(0xD227, &[1, 0]);
    p.read(Op::GET_THUMB, &[1], &JPEG);
    p.read(Op::GET_PARTIAL_OBJECT, &[1, 0, 1 << 20], &[0; 3000]);
    // Unknown operations have no rules.
    let (code, id) = (Op(0x9777), TransactionId(p.id));
    p.id += 1;
    p.client(&encode_command(code, id, &[1, 2, 3]));
    p.client(&encode_data_header(code, id, 0));
    p.camera(&encode_response(ResponseCode::OK, id, &[7]));
    p.end();
    p
}
