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
    let Some(Event::Completed { response, .. }) = initiator.poll_event() else { panic!() };
    assert_eq!(response.transaction, TransactionId(2));
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
