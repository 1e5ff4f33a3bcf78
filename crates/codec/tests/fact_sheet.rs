//! Byte sequences printed in the protocol's fact sheet, decoded and encoded again.

use filmwire_codec::container::{
    ContainerHeader, ContainerType, decode_params, encode_command, encode_data_header,
    encode_response,
};
use filmwire_codec::dataset::{CurrentState, EventDataset, ObjectInfo};
use filmwire_codec::init::{InitAck, InitAnswer, InitFail, InitRequest};
use filmwire_codec::operation::{
    GetPartialObject, Operation, SetDevicePropValue, StepDirection, StepExposureBias, StepFNumber,
    StepShutterSpeed,
};
use filmwire_codec::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

/// Origin: hkr's capture, printed in section 2.1.
#[test]
fn init_request_of_the_capture() {
    let mut wire = hex("52000000 01000000 f2e4538f ada5485d 87b27f0b d3d5ded0 0278a8c0 48006100
        63006b00 65006400 43006c00 69006500 6e007400 00000000");
    wire.resize(82, 0);
    let request = InitRequest::decode(&wire).unwrap();
    assert_eq!(request.name, "HackedClient");
    assert_eq!(request.guid[12..], [0x02, 0x78, 0xA8, 0xC0]);
    assert_eq!(request.encode(), wire);
}

/// Origin: X-T2 capture, printed in section 2.2.
#[test]
fn init_ack_of_an_x_t2() {
    let mut wire = hex("44000000 02000000 00000000 0870b061 0a8b4593 b2e79357 dd36e050 58002d00
        54003200");
    wire.resize(68, 0);
    assert_eq!(InitAnswer::decode(&wire), Ok(InitAnswer::Ack(InitAck::new("X-T2"))));
    assert_eq!(InitAck::new("X-T2").encode(), wire);
}

/// Origin: hkr, printed in section 2.3.
#[test]
fn init_fail_busy() {
    let wire = hex("0c000000 05000000 19200000");
    let fail = InitFail { reason: InitFailReason::DEVICE_BUSY };
    assert_eq!(InitAnswer::decode(&wire), Ok(InitAnswer::Fail(fail)));
    assert_eq!(fail.encode(), wire);
}

#[test]
fn a_goodbye_instead_of_an_ack_is_an_error_with_a_place() {
    let error = InitAnswer::decode(&init::GOODBYE).unwrap_err();
    assert_eq!((error.field, error.offset), ("type", 4));
}

/// Origin: log:XT2, printed in section 3.6.
#[test]
fn current_state_of_an_x_t2() {
    let wire = hex("32000000 0200 1510 02000000 0600 00df06000000 20d201000000 22d27b000000
        2fd501000000 00d401000000 01d47b000000");
    let header = ContainerHeader::decode(&wire).unwrap();
    assert_eq!(header.kind, ContainerType::DATA);
    assert_eq!(header.payload_bytes(), 38);
    let list = CurrentState::decode(&wire[12..]).unwrap();
    assert_eq!(list.camera_state(), Some(CameraState::REMOTE));
    assert_eq!(list.object_count(), Some(0x7B));
    assert_eq!(list.entries.len(), 6);
    let mut out = encode_data_header(
        OperationCode::GET_DEVICE_PROP_VALUE,
        TransactionId(2),
        header.payload_bytes(),
    )
    .to_vec();
    list.encode(&mut out);
    assert_eq!(out, wire);
}

/// Origin: section 3.6, worked examples.
#[test]
fn commands_of_the_worked_examples() {
    let command = |code, id, params: &[u32]| encode_command(code, TransactionId(id), params);
    assert_eq!(
        command(OperationCode::OPEN_SESSION, 1, &[1]),
        hex("10000000 0100 0210 01000000 01000000")
    );
    let set = SetDevicePropValue::u16(DevicePropCode::FUNCTION_MODE, FunctionMode::REMOTE.0);
    assert_eq!(
        command(SetDevicePropValue::CODE, 3, &set.params()),
        hex("10000000 0100 1610 03000000 01df0000")
    );
    assert_eq!(set.payload().unwrap(), hex("0500"));
    let set = SetDevicePropValue::u32(DevicePropCode::REMOTE_VERSION, 0x2000C);
    assert_eq!(set.payload().unwrap(), hex("0c000200"));
    let part =
        GetPartialObject { object: ObjectHandle(1), offset: 0x10_0000, max_bytes: 0x10_0000 };
    assert_eq!(
        command(GetPartialObject::CODE, 15, &part.params()),
        hex("18000000 0100 1b10 0f000000 01000000 00001000 00001000")
    );
    assert_eq!(
        encode_response(ResponseCode::OK, TransactionId(15), &[0x4000]),
        hex("10000000 0300 0120 0f000000 00400000")
    );
    assert_eq!(
        encode_response(ResponseCode::INVALID_OBJECT_HANDLE, TransactionId(17), &[]),
        hex("0c000000 0300 0920 11000000")
    );
}

/// Origin: X-T10, hkr, printed in section 5.3.
#[test]
fn object_info_of_an_x_t10() {
    let wire = hex("9a000000 0200 0810 2c000000
        01000010 0138 0000 68810800 01b9 42290000
        40010000 f0000000 f0060000 a0040000
        00000000 00000000 0000 00000000 00000000
        0d 4400 5300 4300 4600 3000 3500 3900 3100 2e00 4a00 5000 4700 0000
        10 3200 3000 3100 3600 3000 3100 3000 3200 5400 3100 3500 3000 3100 3300 3600 0000
        00
        0e 4f00 7200 6900 6500 6e00 7400 6100 7400 6900 6f00 6e00 3a00 3100 0000");
    let info = ObjectInfo::decode(&wire[12..]).unwrap();
    assert_eq!(info.name.to_text(), "DSCF0591.JPG");
    assert_eq!(info.size_bytes, 557_416);
    assert_eq!((info.width, info.height, info.thumb_width), (1776, 1184, 320));
    assert_eq!(info.captured().unwrap().to_string(), "20160102T150136");
    assert_eq!(info.orientation(), Some(1));
    let mut out = Vec::new();
    info.encode(&mut out);
    assert_eq!(out, wire[12..]);
}

/// Origin: ptp-ip on X-T1, printed in section 7.
#[test]
fn events_of_a_capture() {
    let wire = hex("1c000000 0400 01c0 01000000 06000000 06000000 29f10000 00000000");
    let event = EventDataset::decode(&wire).unwrap();
    assert_eq!(event.code, EventCode::PREVIEW_AVAILABLE);
    assert_eq!((event.session, event.transaction), (SessionId(1), TransactionId(6)));
    assert_eq!(event.params, [6, 61_737, 0]);
    assert_eq!(event.encode(), wire);
}

/// Origin: ptp-ip on X-T1 in remote mode, printed in appendix A.5.
#[test]
fn current_state_of_an_x_t1_in_remote_mode() {
    let payload = hex("1100 015002000000 41d20a000000 055002000000 0a5001800000 0c500a800000
        0e5002000000 1050b3fe0000 125000000000 01d002000000 18d004000000 28d000000000
        2ad000190080 7cd102070203 09d200000000 1bd200000000 29d2d6050000 2ad28f060000");
    let list = CurrentState::decode(&payload).unwrap();
    assert_eq!(list.value(DevicePropCode::ISO), Some(0x8000_1900));
    assert_eq!(list.value(DevicePropCode::EXPOSURE_BIAS), Some(0xFEB3));
    assert_eq!(list.object_count(), None);
}

/// Origin: section 8.7; the other two by section 5.2.
#[test]
fn steps_of_the_exposure() {
    let up = StepFNumber(StepDirection::Up);
    assert_eq!(
        encode_command(StepFNumber::CODE, TransactionId(12), &up.params()),
        hex("10000000 0100 2d90 0c000000 01000000")
    );
    assert_eq!(StepShutterSpeed(StepDirection::Down).params(), [0]);
    assert_eq!(StepExposureBias(StepDirection::Up).params(), [1]);
    assert_eq!((StepShutterSpeed::CODE.0, StepExposureBias::CODE.0), (0x902C, 0x902E));
}

#[test]
fn surplus_bytes_of_a_padded_command_are_ignored() {
    let wire = hex("20000000 0100 0210 01000000 01000000 00000000 00000000 00000000 00000000");
    assert_eq!(decode_params(&wire[12..]), [1, 0, 0, 0, 0]);
}

#[test]
fn a_partial_object_longer_than_asked_is_refused() {
    let asked = GetPartialObject { object: ObjectHandle(1), offset: 0, max_bytes: 4 };
    let ok = |params: &[u32]| Response {
        code: ResponseCode::OK,
        transaction: TransactionId(1),
        params: params.to_vec(),
    };
    assert!(asked.decode(vec![0; 4], &ok(&[4])).is_ok());
    assert!(asked.decode(vec![0; 4], &ok(&[])).is_ok());
    assert!(asked.decode(vec![0; 5], &ok(&[5])).is_err());
    assert!(asked.decode(vec![0; 3], &ok(&[4])).is_err());
}
