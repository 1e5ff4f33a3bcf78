//! Retries and silences, with their durations.

use std::collections::BTreeSet;

use filmwire_codec::OperationCode as Op;
use filmwire_codec::container::encode_command;
use filmwire_codec::init::{InitAck, InitFail, InitRequest};
use filmwire_codec::{EventCode, InitFailReason, TransactionId};
use filmwire_trace::rule::PAUSES;

use super::findings;
use super::play::{Play, notes};

/// What is told, its transaction and milliseconds, and how it comes to that.
type Told = (&'static [(&'static str, Option<u32>, u64)], fn(&mut Play));

fn registers(play: &mut Play) {
    play.client(&InitRequest::new("somebody").encode());
}

const PLAYS: &[Told] = &[
    (&[("retry-refused", Some(3), 502)], |p| {
        let id = p.ask(Op::CLOSE_SESSION, &[]);
        p.refuse(id);
        p.wait(500);
        p.done(Op::CLOSE_SESSION, &[]);
    }),
    (&[("retry-unanswered", Some(4), 3001)], |p| {
        p.get(0xDF00, &[6, 0]);
        p.ask(Op::GET_THUMB, &[1]);
        p.wait(3000);
        p.read(Op::GET_THUMB, &[1], &[]);
    }),
    (&[("late-answer", Some(2), 5001)], |p| {
        let id = p.ask(Op::CLOSE_SESSION, &[]);
        p.wait(5000);
        p.answer(id, &[]);
    }),
    (&[("late-answer", Some(2), 6001)], |p| {
        // Data is the beginning of an answer, however long it takes from there.
        let id = p.ask(Op::GET_DEVICE_PROP_VALUE, &[0xDF00]);
        let data = p.data(Op::GET_DEVICE_PROP_VALUE, id, &[6, 0]);
        p.wait(6000);
        p.camera(&data);
        p.wait(6000);
        p.answer(id, &[]);
    }),
    (&[("no-answer", Some(2), 7001)], |p| {
        p.ask(Op::GET_THUMB, &[1]);
        p.wait(7000);
        p.put(0, true, 0x14, &[]);
    }),
    (&[("quiet", None, 5001)], |p| {
        p.get(0xD212, &[0, 0]);
        p.wait(5000);
        p.get(0xD212, &[0, 0]);
        p.wait(4000);
        p.get(0xD212, &[0, 0]);
    }),
    // Five seconds to the packet are a silence, and a millisecond less is none.
    (&[("quiet", None, 5000)], |p| {
        p.get(0xD212, &[0, 0]);
        p.wait(4999);
        p.get(0xD212, &[0, 0]);
        p.wait(4998);
        p.get(0xD212, &[0, 0]);
    }),
    // Events and live view are words too.
    (&[("quiet", None, 6001)], |p| {
        p.connect(1);
        p.get(0xD212, &[0, 0]);
        p.wait(4000);
        p.event(EventCode::CAPTURE_COMPLETE, TransactionId(2), 0);
        p.wait(4000);
        p.get(0xD212, &[0, 0]);
        p.event(EventCode::CAPTURE_COMPLETE, TransactionId(2), 0);
        p.wait(6000);
        p.get(0xD212, &[0, 0]);
    }),
    (&[("retry-connection", None, 2003)], |p| {
        p.put(0, false, 0x14, &[]);
        p.wait(2000);
        p.again();
        registers(p);
        p.camera(&InitAck::new("X-T9").encode());
    }),
    (&[], |p| {
        p.end();
        p.wait(2000);
        p.again();
        registers(p);
    }),
    // Somebody who asks something else repeats nothing, and who asked with success neither.
    (&[], |p| {
        let id = p.ask(Op::GET_THUMB, &[1]);
        p.wait(3000);
        p.read(Op::GET_THUMB, &[2], &[]);
        p.answer(id, &[]);
        p.get(0xD212, &[0, 0]);
        p.get(0xD212, &[0, 0]);
    }),
];

fn told(play: &Play) -> Vec<(&'static str, Option<u32>, u64)> {
    let (notes, _) = play.notes();
    let pauses = findings(&notes).filter(|one| one.section.is_none());
    pauses
        .map(|one| {
            let id = one.id.map(|TransactionId(id)| id);
            (one.code, id, one.duration_ns.unwrap() / 1_000_000)
        })
        .collect()
}

fn refused_at_the_door() -> Play {
    let mut play = Play::begun();
    registers(&mut play);
    play.camera(&InitFail { reason: InitFailReason::DEVICE_BUSY }.encode());
    play.wait(500);
    registers(&mut play);
    play
}

#[test]
fn each_is_told_with_its_duration() {
    let mut seen = BTreeSet::new();
    for (wanted, tell) in PLAYS {
        let mut play = Play::open();
        tell(&mut play);
        assert_eq!(told(&play), *wanted);
        seen.extend(wanted.iter().map(|one| one.0));
        // Without times only what needs none is told, without a duration.
        let untimed = notes(&play.packets, false).0;
        assert!(findings(&untimed).all(|one| one.duration_ns.is_none()), "{untimed:?}");
    }
    let refused = told(&refused_at_the_door());
    assert_eq!(refused, [("retry-init", None, 501)]);
    seen.insert("retry-init");
    assert_eq!(seen, PAUSES.iter().map(|pause| pause.code).collect());
}

#[test]
fn a_note_says_what_is_tried_again_and_when() {
    let mut play = Play::open();
    (PLAYS[0].1)(&mut play);
    let (notes, _) = play.notes();
    let text = "retry in #3: CloseSession (0x1003) again 0.5 s after #2, which got \
                DeviceBusy (0x2019) (retry-refused)";
    assert_eq!(notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), [text]);
}

/// As clients do that some bodies do not answer since they ask too soon.
#[test]
fn what_is_asked_again_under_its_own_id_has_the_answer_that_comes_then() {
    let mut play = Play::open();
    let id = play.ask(Op::GET_THUMB, &[1]);
    play.wait(3000);
    play.client(&encode_command(Op::GET_THUMB, id, &[1]));
    let data = play.data(Op::GET_THUMB, id, &[1, 2, 3]);
    play.camera(&data);
    play.answer(id, &[]);
    assert_eq!(play.last(2), [(id.0, false, None), (id.0, true, Some(2))]);

    // With data of the client, too.
    let mut play = Play::open();
    let (id, code) = (TransactionId(play.id), Op::SET_DEVICE_PROP_VALUE);
    for _ in 0..2 {
        play.client(&encode_command(code, id, &[0xDF01]));
        let data = play.data(code, id, &[5, 0]);
        play.client(&data);
        play.wait(3000);
    }
    play.answer(id, &[]);
    assert_eq!(play.last(2), [(id.0, false, None), (id.0, true, Some(3002))]);

    // An answer that had begun goes on.
    let mut play = Play::open();
    let id = play.ask(Op::GET_THUMB, &[1]);
    let data = play.data(Op::GET_THUMB, id, &[1, 2, 3]);
    play.camera(&data);
    play.client(&encode_command(Op::GET_THUMB, id, &[1]));
    play.answer(id, &[]);
    assert_eq!(play.last(2), [(id.0, true, Some(3)), (id.0, false, None)]);
}
