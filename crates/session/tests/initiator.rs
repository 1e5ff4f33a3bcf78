//! Bytes and instants in, bytes and events out.

use std::time::{Duration, Instant};

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::init::{GOODBYE, InitAck, InitFail, InitRequest};
use filmwire_codec::operation::{GetPartialObject, Operation};
use filmwire_codec::{InitFailReason, ObjectHandle, OperationCode, ResponseCode, TransactionId};
use filmwire_session::{Event, Fault, Initiator, Request, Timing};

const MS: Duration = Duration::from_millis(1);

fn request(code: OperationCode, params: &[u32]) -> Request {
    Request { code, params: params.to_vec(), payload: None, most_bytes: 1 << 20, silence: 100 * MS }
}

/// Registered, paused and idle, with the instant it is then.
fn in_session() -> (Initiator, Instant) {
    let now = Instant::now();
    let mut initiator = Initiator::new(Timing::default());
    initiator.register(now, &InitRequest::new("filmwire"));
    assert!(initiator.poll_transmit(now).is_some());
    initiator.handle_input(now, &InitAck::new("X-T4").encode());
    assert!(matches!(initiator.poll_event(), Some(Event::Registered(_))));
    (initiator, now + 50 * MS)
}

#[test]
fn a_refused_init_goes_out_again_on_the_same_connection() {
    let now = Instant::now();
    let mut initiator = Initiator::new(Timing::default());
    initiator.register(now, &InitRequest::new("filmwire"));
    let first = initiator.poll_transmit(now).unwrap();
    let fail = InitFail { reason: InitFailReason::DEVICE_BUSY };
    initiator.handle_input(now, &fail.encode());
    let refused = Event::Refused { reason: InitFailReason::DEVICE_BUSY, attempt: 1 };
    assert_eq!(initiator.poll_event(), Some(refused));
    assert_eq!(initiator.poll_transmit(now), None);
    let again = initiator.poll_timeout().unwrap();
    assert_eq!(again, now + 500 * MS);
    initiator.handle_timeout(again - MS);
    assert_eq!(initiator.poll_transmit(again - MS), None);
    initiator.handle_timeout(again);
    assert_eq!(initiator.poll_transmit(again), Some(first));
    initiator.handle_input(again, &InitAck::new("X-T2").encode());
    assert!(matches!(initiator.poll_event(), Some(Event::Registered(_))));
}

#[test]
fn an_unanswered_init_ends_the_connection() {
    let now = Instant::now();
    let mut initiator = Initiator::new(Timing::default());
    initiator.register(now, &InitRequest::new("filmwire"));
    let deadline = initiator.poll_timeout().unwrap();
    assert_eq!(deadline, now + 5000 * MS);
    initiator.handle_timeout(deadline);
    assert_eq!(initiator.poll_event(), Some(Event::InitSilent));
    assert!(!initiator.is_idle());
}

#[test]
fn the_first_operation_waits_for_the_pause() {
    let now = Instant::now();
    let mut initiator = Initiator::new(Timing::default());
    initiator.register(now, &InitRequest::new("filmwire"));
    initiator.poll_transmit(now);
    initiator.handle_input(now, &InitAck::new("X-T5").encode());
    initiator.start(now + 10 * MS, request(OperationCode::OPEN_SESSION, &[1])).unwrap();
    assert_eq!(initiator.poll_transmit(now + 49 * MS), None);
    assert_eq!(initiator.poll_timeout(), Some(now + 50 * MS));
    let sent = initiator.poll_transmit(now + 50 * MS).unwrap();
    assert_eq!(sent, encode_command(OperationCode::OPEN_SESSION, TransactionId(1), &[1]));
    assert_eq!(
        initiator.poll_timeout(),
        Some(now + 150 * MS),
        "the silence starts after the pause"
    );
}

#[test]
fn command_and_data_go_out_in_one_write() {
    let (mut initiator, now) = in_session();
    let mut wanted = request(OperationCode::SET_DEVICE_PROP_VALUE, &[0xDF01]);
    wanted.payload = Some(vec![5, 0]);
    initiator.start(now, wanted).unwrap();
    // The fact sheet's section 3.6, set DF01 = 5, with transaction id 1.
    let sent = initiator.poll_transmit(now).unwrap();
    assert_eq!(sent.len(), 16 + 14);
    assert_eq!(&sent[16..], [14, 0, 0, 0, 2, 0, 0x16, 0x10, 1, 0, 0, 0, 5, 0]);
    assert_eq!(initiator.poll_transmit(now), None);
}

#[test]
fn a_partial_object_wherever_segments_split() {
    let wanted = GetPartialObject { object: ObjectHandle(1), offset: 0, max_bytes: 0x10_0000 };
    let payload: Vec<u8> = (0..5000u32).map(|i| i as u8).collect();
    let mut wire = encode_data_header(GetPartialObject::CODE, TransactionId(1), 5000).to_vec();
    wire.extend(&payload);
    wire.extend(encode_response(ResponseCode::OK, TransactionId(1), &[5000]));
    for cut in (0..wire.len()).step_by(7).chain([11, 12, 13, 5011, 5012, 5013]) {
        let (mut initiator, now) = in_session();
        initiator.start(now, Request::new(&wanted, 0x10_0000, 100 * MS)).unwrap();
        initiator.poll_transmit(now);
        initiator.handle_input(now, &wire[..cut]);
        assert_eq!(initiator.poll_event(), None, "cut at {cut}");
        initiator.handle_input(now, &wire[cut..]);
        let Some(Event::Completed { data, response }) = initiator.poll_event() else {
            panic!("cut at {cut}")
        };
        assert_eq!(wanted.decode(data, &response), Ok(payload.clone()), "cut at {cut}");
        assert!(initiator.is_idle());
    }
}

#[test]
fn a_response_without_data_completes_with_none() {
    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_OBJECT_INFO, &[9])).unwrap();
    let mut wire = encode_data_header(OperationCode::GET_OBJECT_INFO, TransactionId(1), 0).to_vec();
    wire.extend(encode_response(ResponseCode::INVALID_OBJECT_HANDLE, TransactionId(1), &[]));
    initiator.handle_input(now, &wire);
    let Some(Event::Completed { data, response }) = initiator.poll_event() else { panic!() };
    assert!(data.is_empty());
    assert_eq!(response.code, ResponseCode::INVALID_OBJECT_HANDLE);
}

#[test]
fn silence_is_told_and_a_late_answer_is_thrown_away() {
    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    let late = now + 100 * MS;
    initiator.handle_timeout(late - MS);
    assert_eq!(initiator.poll_event(), None);
    // Half an answer: the data header and ten of its twenty bytes.
    let mut wire = encode_data_header(OperationCode::GET_THUMB, TransactionId(1), 20).to_vec();
    wire.extend([7; 10]);
    initiator.handle_input(late - MS, &wire);
    let silent = late - MS + 100 * MS;
    initiator.handle_timeout(silent);
    let told = Event::Silent { operation: OperationCode::GET_THUMB, transaction: TransactionId(1) };
    assert_eq!(initiator.poll_event(), Some(told));
    initiator.start(silent, request(OperationCode::OPEN_SESSION, &[1])).unwrap();
    let mut rest = vec![7; 10];
    rest.extend(encode_response(ResponseCode::OK, TransactionId(1), &[]));
    rest.extend(encode_response(ResponseCode::OK, TransactionId(2), &[]));
    initiator.handle_input(silent, &rest);
    let Some(Event::Completed { data, response }) = initiator.poll_event() else { panic!() };
    assert_eq!(response.transaction, TransactionId(2));
    assert!(data.is_empty(), "the late payload belongs to nobody");
    assert_eq!(initiator.poll_event(), None);
}

#[test]
fn bytes_that_come_push_the_deadline() {
    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    initiator.handle_input(now + 90 * MS, &[32]);
    assert_eq!(initiator.poll_timeout(), Some(now + 190 * MS));
}

#[test]
fn a_claim_of_4_gib_is_a_fault_and_not_an_allocation() {
    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    let mut wire = encode_data_header(OperationCode::GET_THUMB, TransactionId(1), 0);
    wire[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    initiator.handle_input(now, &wire);
    assert!(matches!(initiator.poll_event(), Some(Event::Broken(Fault::TooLong { .. }))));
    assert!(!initiator.is_idle());
}

#[test]
fn a_container_of_another_transaction_is_a_fault() {
    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    initiator.handle_input(now, &encode_response(ResponseCode::OK, TransactionId(2), &[]));
    let fault = Fault::Unexpected { kind: 3, found: 2, expected: 1 };
    assert_eq!(initiator.poll_event(), Some(Event::Broken(fault)));
}

#[test]
fn a_goodbye_of_the_camera_is_a_fault() {
    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    initiator.handle_input(now, &GOODBYE);
    assert_eq!(initiator.poll_event(), Some(Event::Broken(Fault::Goodbye)));
}

#[test]
fn one_transaction_at_a_time() {
    let (mut initiator, now) = in_session();
    assert!(initiator.start(now, request(OperationCode::GET_THUMB, &[1])).is_some());
    assert!(initiator.start(now, request(OperationCode::GET_THUMB, &[2])).is_none());
}

#[test]
fn a_byte_now_and_then_is_silence_in_the_end() {
    let (mut initiator, start) = in_session();
    initiator.start(start, request(OperationCode::GET_THUMB, &[1])).unwrap();
    let wire = encode_data_header(OperationCode::GET_THUMB, TransactionId(1), 1000);
    let mut now = start;
    for byte in wire.into_iter().chain([7; 1000]) {
        now += 90 * MS;
        if now >= initiator.poll_timeout().unwrap() {
            break;
        }
        initiator.handle_input(now, &[byte]);
    }
    assert_eq!(initiator.poll_timeout(), Some(start + 1000 * MS));
    initiator.handle_timeout(now);
    assert!(matches!(initiator.poll_event(), Some(Event::Silent { .. })));
}

#[test]
fn payload_read_past_its_end_is_handed_back() {
    use bytes::BufMut as _;

    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    initiator.handle_input(now, &encode_data_header(OperationCode::GET_THUMB, TransactionId(1), 8));
    let mut rest = vec![5; 8];
    rest.extend(encode_response(ResponseCode::OK, TransactionId(1), &[]));
    // One read takes the payload and the response behind it.
    let mut space = initiator.read_space();
    assert!(space.remaining_mut() >= rest.len());
    space.put_slice(&rest);
    initiator.handle_read(now);
    let Some(Event::Completed { data, response }) = initiator.poll_event() else { panic!() };
    assert_eq!((data, response.code), (vec![5; 8], ResponseCode::OK));
    assert!(initiator.is_idle());
}

/// An answer to an init that was not sent, or not sent again yet, cannot be meant.
#[test]
fn bytes_before_they_were_asked_for_are_a_fault() {
    let now = Instant::now();
    let mut fresh = Initiator::new(Timing::default());
    fresh.handle_input(now, &InitAck::new("X-T4").encode());
    assert_eq!(fresh.poll_event(), Some(Event::Broken(Fault::Unasked(68))));

    let mut waiting = Initiator::new(Timing::default());
    waiting.register(now, &InitRequest::new("filmwire"));
    let fail = InitFail { reason: InitFailReason::DEVICE_BUSY }.encode();
    waiting.handle_input(now, &fail);
    assert!(matches!(waiting.poll_event(), Some(Event::Refused { .. })));
    waiting.handle_input(now, &fail);
    assert_eq!(waiting.poll_event(), Some(Event::Broken(Fault::Unasked(12))));
}

#[test]
fn a_container_while_nothing_runs_is_a_fault_unless_it_is_late() {
    let (mut initiator, now) = in_session();
    initiator.handle_input(now, &encode_response(ResponseCode::OK, TransactionId(1), &[5]));
    assert_eq!(initiator.poll_event(), Some(Event::Broken(Fault::Unasked(4))));

    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    initiator.give_up();
    initiator.handle_input(now, &encode_response(ResponseCode::OK, TransactionId(1), &[5]));
    assert_eq!(initiator.poll_event(), None);
    assert!(initiator.is_idle());
}

/// As many bytes as the operation can justify, and one more.
#[test]
fn the_most_bytes_that_make_sense_are_taken() {
    for (bytes, is_taken) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let (mut initiator, now) = in_session();
        initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
        let header = encode_data_header(OperationCode::GET_THUMB, TransactionId(1), bytes);
        initiator.handle_input(now, &header);
        assert_eq!(initiator.poll_event().is_none(), is_taken, "{bytes}");
    }
}

/// A second data phase of one transaction cannot be meant.
#[test]
fn data_comes_once() {
    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    let mut data = encode_data_header(OperationCode::GET_THUMB, TransactionId(1), 2).to_vec();
    data.extend([7; 2]);
    initiator.handle_input(now, &[&data[..], &data].concat());
    let fault = Fault::Unexpected { kind: 2, found: 1, expected: 1 };
    assert_eq!(initiator.poll_event(), Some(Event::Broken(fault)));
}

#[test]
fn attempts_to_register_are_counted() {
    let mut now = Instant::now();
    let mut initiator = Initiator::new(Timing::default());
    initiator.register(now, &InitRequest::new("filmwire"));
    for wanted in 1..=4 {
        initiator.handle_input(now, &InitFail { reason: InitFailReason::DEVICE_BUSY }.encode());
        let Some(Event::Refused { attempt, .. }) = initiator.poll_event() else { panic!() };
        assert_eq!(attempt, wanted);
        now = initiator.poll_timeout().unwrap();
        initiator.handle_timeout(now);
    }
}

#[test]
fn an_init_is_not_given_up_before_its_time() {
    let now = Instant::now();
    let mut initiator = Initiator::new(Timing::default());
    initiator.register(now, &InitRequest::new("filmwire"));
    initiator.handle_timeout(initiator.poll_timeout().unwrap() - MS);
    assert_eq!(initiator.poll_event(), None);
    initiator.handle_input(now, &InitAck::new("X-T4").encode());
    assert!(matches!(initiator.poll_event(), Some(Event::Registered(_))));
}

#[test]
fn an_init_answer_may_come_in_pieces_and_has_a_greatest_length() {
    let now = Instant::now();
    let registering = || {
        let mut initiator = Initiator::new(Timing::default());
        initiator.register(now, &InitRequest::new("filmwire"));
        initiator
    };
    let ack = InitAck::new("X-T4").encode();
    for cut in 1..ack.len() {
        let mut initiator = registering();
        initiator.handle_input(now, &ack[..cut]);
        assert_eq!(initiator.poll_event(), None, "cut at {cut}");
        initiator.handle_input(now, &ack[cut..]);
        assert!(matches!(initiator.poll_event(), Some(Event::Registered(_))), "cut at {cut}");
    }
    // A length that can be waited for, and one more.
    let mut most = registering();
    most.handle_input(now, &[0, 1, 0, 0, 2, 0, 0, 0]);
    assert_eq!(most.poll_event(), None);
    let mut beyond = registering();
    beyond.handle_input(now, &[1, 1, 0, 0, 2, 0, 0, 0]);
    let fault = Fault::TooLong { announced: 257, allowed: 256 };
    assert_eq!(beyond.poll_event(), Some(Event::Broken(fault)));
}

/// The late answer to what was given up comes in pieces, with the next answer behind it.
#[test]
fn what_was_given_up_is_told_no_more_however_late_it_comes() {
    let mut wire = encode_data_header(OperationCode::GET_THUMB, TransactionId(1), 200).to_vec();
    // Bytes that would pass for headers, if they were read as such.
    wire.extend((0..20).flat_map(|_| [12, 0, 0, 0, 3, 0, 1, 0x20, 2, 0]));
    wire.extend(encode_response(ResponseCode::OK, TransactionId(1), &[]));
    let next = encode_response(ResponseCode::OK, TransactionId(2), &[5]);
    for given_up_after in [0, 5, 12, 100, 211] {
        for cut in given_up_after..=wire.len() {
            let (mut initiator, now) = in_session();
            initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
            initiator.poll_transmit(now);
            initiator.handle_input(now, &wire[..given_up_after]);
            initiator.give_up();
            assert!(initiator.is_idle());
            assert_eq!(initiator.poll_event(), None);
            initiator.handle_input(now, &wire[given_up_after..cut]);
            initiator.start(now, request(OperationCode::OPEN_SESSION, &[1])).unwrap();
            initiator.handle_input(now, &[&wire[cut..], &next].concat());
            let event = initiator.poll_event();
            let Some(Event::Completed { data, response }) = event else {
                panic!("{cut}: {event:?}")
            };
            assert!(data.is_empty(), "{given_up_after} {cut}");
            assert_eq!((response.transaction, response.params), (TransactionId(2), vec![5]));
            assert_eq!(initiator.poll_event(), None);
        }
    }
}

#[test]
fn giving_up_what_did_not_go_out_yet_sends_nothing() {
    let now = Instant::now();
    let mut initiator = Initiator::new(Timing::default());
    initiator.register(now, &InitRequest::new("filmwire"));
    initiator.poll_transmit(now);
    initiator.handle_input(now, &InitAck::new("X-T5").encode());
    initiator.start(now, request(OperationCode::OPEN_SESSION, &[1])).unwrap();
    initiator.give_up();
    assert_eq!(initiator.poll_transmit(now + 1000 * MS), None);
    assert_eq!(initiator.poll_timeout(), None);
}

/// A piece is read to its end, and little further: what follows is copied.
#[test]
fn space_is_what_the_payload_lacks_and_a_little() {
    use bytes::BufMut as _;

    let (mut initiator, now) = in_session();
    initiator.start(now, request(OperationCode::GET_THUMB, &[1])).unwrap();
    let header = encode_data_header(OperationCode::GET_THUMB, TransactionId(1), 5000);
    initiator.handle_input(now, &[&header[..], &[7; 10]].concat());
    let space = initiator.read_space().remaining_mut();
    assert!((4990..=4990 + 64).contains(&space), "{space}");
}
