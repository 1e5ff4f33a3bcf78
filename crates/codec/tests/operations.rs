//! Every operation: its code, what is sent, and what the answer is read as.
//!
//! Origin of codes and parameters: the fact sheet's section 5, but where a test names another.

use filmwire_codec::container::Response;
use filmwire_codec::dataset::{Capabilities, CurrentState, DeviceInfo, DevicePropDesc, ObjectInfo};
use filmwire_codec::journal::{Direction, JournalRow, Verdict};
use filmwire_codec::operation::{
    CloseSession, GetCapabilities, GetCurrentState, GetDeviceInfo, GetDevicePropValue,
    GetCapturePreview, GetObjectInfo, GetPartialObject, GetThumb, InitiateCapture,
    InitiateOpenCapture, LockS1Lock, OpenSession, Operation, SetDevicePropValue,
    TerminateOpenCapture, UnlockS1Lock,
};
use filmwire_codec::value::FocusPoint;
use filmwire_codec::{DevicePropCode, ObjectHandle, ResponseCode, SessionId, TransactionId};

fn ok(transaction: u32, params: &[u32]) -> Response {
    let transaction = TransactionId(transaction);
    Response { code: ResponseCode::OK, transaction, params: params.to_vec() }
}

/// Code, parameters and payload as they go to the camera.
fn sent<O: Operation>(operation: &O) -> (u16, Vec<u32>, Option<Vec<u8>>) {
    (O::CODE.0, operation.params(), operation.payload())
}

#[test]
fn what_is_sent() {
    let object = ObjectHandle(7);
    assert_eq!(sent(&GetDeviceInfo), (0x1001, vec![], None));
    assert_eq!(sent(&OpenSession(SessionId(3))), (0x1002, vec![3], None));
    assert_eq!(sent(&CloseSession), (0x1003, vec![], None));
    assert_eq!(sent(&GetObjectInfo(object)), (0x1008, vec![7], None));
    assert_eq!(sent(&GetThumb(object)), (0x100A, vec![7], None));
    assert_eq!(sent(&GetDevicePropValue(DevicePropCode(0xDF24))), (0x1015, vec![0xDF24], None));
    assert_eq!(sent(&GetCurrentState), (0x1015, vec![0xD212], None));
    assert_eq!(sent(&TerminateOpenCapture(TransactionId(6))), (0x1018, vec![6], None));
    let part = GetPartialObject { object, offset: 5, max_bytes: 0x10_0000 };
    assert_eq!(sent(&part), (0x101B, vec![7, 5, 0x10_0000], None));
    assert_eq!(sent(&InitiateOpenCapture), (0x101C, vec![0, 0], None));
    assert_eq!(sent(&GetCapabilities), (0x902B, vec![], None));
    assert_eq!(sent(&InitiateCapture), (0x100E, vec![0, 0], None));
    assert_eq!(sent(&GetCapturePreview), (0x9022, vec![], None));
    assert_eq!(sent(&LockS1Lock(FocusPoint::new(7, 5))), (0x9026, vec![0x0302_0705], None));
    assert_eq!(sent(&UnlockS1Lock), (0x9027, vec![], None));
    let mode = SetDevicePropValue::u16(DevicePropCode::FUNCTION_MODE, 5);
    assert_eq!(sent(&mode), (0x1016, vec![0xDF01], Some(vec![5, 0])));
    let version = SetDevicePropValue::u32(DevicePropCode(0xDF24), 0x2_000A);
    assert_eq!(sent(&version), (0x1016, vec![0xDF24], Some(vec![0x0A, 0, 2, 0])));
}

#[test]
fn values_and_state_are_read() {
    let read = GetDevicePropValue(DevicePropCode(0xDF24));
    assert_eq!(read.decode(vec![4, 0, 2, 0], &ok(2, &[])), Ok(vec![4, 0, 2, 0]));
    let list: CurrentState =
        [(DevicePropCode(0xD222), 9), (DevicePropCode(0xDF00), 6)].into_iter().collect();
    let mut bytes = Vec::new();
    list.encode(&mut bytes);
    assert_eq!(bytes, [2, 0, 0x22, 0xD2, 9, 0, 0, 0, 0x00, 0xDF, 6, 0, 0, 0]);
    assert_eq!(GetCurrentState.decode(bytes, &ok(2, &[])), Ok(list));
    assert!(GetCurrentState.decode(vec![2, 0, 0x22, 0xD2], &ok(2, &[])).is_err());
}

/// Over Wi-Fi bodies answer with nothing; a standard answer is read as one.
#[test]
fn device_info_may_be_nothing() {
    assert_eq!(GetDeviceInfo.decode(vec![], &ok(1, &[])), Ok(None));
    let info = DeviceInfo { model: "X-T4".into(), ..DeviceInfo::default() };
    let mut bytes = Vec::new();
    info.encode(&mut bytes);
    assert_eq!(GetDeviceInfo.decode(bytes, &ok(1, &[])), Ok(Some(info)));
    assert!(GetDeviceInfo.decode(vec![1], &ok(1, &[])).is_err());
}

/// What went wrong says how long the list would be, and how long it is.
#[test]
fn a_state_list_of_another_length_tells_both() {
    let error = CurrentState::decode(&[3, 0, 1, 2, 3]).unwrap_err().to_string();
    assert!(error.contains("20") && error.contains('5'), "{error}");
}

#[test]
fn objects_are_read() {
    let info = ObjectInfo { width: 6000, height: 4000, ..ObjectInfo::default() };
    let mut bytes = Vec::new();
    info.encode(&mut bytes);
    assert_eq!(GetObjectInfo(ObjectHandle(1)).decode(bytes, &ok(3, &[])), Ok(info));
    assert!(GetObjectInfo(ObjectHandle(1)).decode(vec![1, 2], &ok(3, &[])).is_err());
}

/// A camera without a thumbnail sends a few bytes; the least that was seen to be one is 100.
#[test]
fn a_thumbnail_is_one_from_a_hundred_bytes_on() {
    let thumb = GetThumb(ObjectHandle(1));
    for (length, is_one) in [(0, false), (99, false), (100, true), (9000, true)] {
        let bytes = vec![0xFF; length];
        let read = thumb.decode(bytes.clone(), &ok(3, &[])).unwrap();
        assert_eq!(read, is_one.then_some(bytes), "{length}");
    }
}

/// The payload is a JPEG from its first byte on; a camera without a preview sends nothing.
#[test]
fn a_preview_is_a_jpeg_or_none() {
    let jpeg = vec![0xFF, 0xD8, 0xFF, 0xDB];
    assert_eq!(GetCapturePreview.decode(jpeg.clone(), &ok(3, &[])), Ok(Some(jpeg)));
    assert_eq!(GetCapturePreview.decode(vec![], &ok(3, &[])), Ok(None));
    for odd in [vec![0xFF], vec![0, 0, 0xFF, 0xD8]] {
        assert!(GetCapturePreview.decode(odd, &ok(3, &[])).is_err());
    }
    assert_eq!(InitiateCapture.decode(vec![], &ok(8, &[])), Ok(TransactionId(8)));
}

/// The remote function is ended by naming the transaction that began it.
#[test]
fn the_id_of_the_remote_function_is_its_transaction() {
    assert_eq!(InitiateOpenCapture.decode(vec![], &ok(6, &[])), Ok(TransactionId(6)));
}

#[test]
fn capabilities_are_read_and_a_wrong_item_names_its_place() {
    let mut bytes = Vec::new();
    let descriptor = [
        0x05, 0x50, 4, 0, 1, 2, 0, 2, 0, // WhiteBalance, u16, settable, default 2, current 2
        2, 2, 0, 2, 0, 4, 0, // one of two values: 2, 4
    ];
    bytes.extend(1u32.to_le_bytes());
    bytes.extend((descriptor.len() as u32 + 4).to_le_bytes());
    bytes.extend(descriptor);
    let read = GetCapabilities.decode(bytes.clone(), &ok(9, &[])).unwrap();
    let codes: Vec<_> = read.items.iter().map(|item: &DevicePropDesc| item.property.0).collect();
    assert_eq!(codes, [0x5005]);
    let mut again = Vec::new();
    read.encode(&mut again);
    assert_eq!(again, bytes);
    // A data type that is none, in the second of two: at byte 2 of its descriptor.
    let mut two = 2u32.to_le_bytes().to_vec();
    two.extend(&bytes[4..]);
    let second = two.len();
    two.extend(&bytes[4..]);
    two[second + 4 + 2] = 0x77;
    let error = Capabilities::decode(&two).unwrap_err();
    assert!((second + 4..second + 4 + descriptor.len()).contains(&error.offset), "{error:?}");
    // An item that is longer than its descriptor.
    let mut long = bytes.clone();
    long[4] += 1;
    long.push(0);
    assert!(Capabilities::decode(&long).is_err());
}

/// One that nobody can read does not hide its neighbours.
#[test]
fn a_capability_list_is_read_around_what_is_unreadable() {
    let descriptor = |data_type: u8, form: u8| {
        vec![0x12, 0x50, data_type, 0, 1, 0, 0, 2, 0, form, 2, 0, 0, 0, 4, 0]
    };
    let list = |items: &[Vec<u8>]| {
        let mut list = (items.len() as u32).to_le_bytes().to_vec();
        for item in items {
            list.extend((item.len() as u32 + 4).to_le_bytes());
            list.extend(item);
        }
        list
    };
    let read = |payload: &[u8]| {
        let (list, errors) = Capabilities::decode_readable(payload);
        (list.items.len(), errors)
    };
    let good = descriptor(4, 2);
    let surplus = [good.clone(), vec![0]].concat();
    for bad in [descriptor(0x77, 2), descriptor(4, 9), good[..5].to_vec(), Vec::new(), surplus] {
        let payload = list(&[good.clone(), bad.clone(), good.clone()]);
        let (count, errors) = read(&payload);
        assert_eq!((count, errors.len()), (2, 1), "{bad:?}");
        let (start, end) = (8 + good.len() + 4, 8 + good.len() + 4 + bad.len());
        assert!((start..=end).contains(&errors[0].offset), "{bad:?}: {:?}", errors[0]);
    }
    // A length that leads nowhere ends the list, and so does the end of what came.
    let whole = list(&[good.clone(), good]);
    assert_eq!(read(&whole), (2, Vec::new()));
    let (count, errors) = read(&whole[..whole.len() - 1]);
    assert_eq!((count, errors.len()), (1, 1));
    assert_eq!(read(&[]).0, 0);
    assert_eq!(read(&[0xFF; 8]).1.len(), 1);
}

#[test]
fn rows_of_a_journal_are_compared_without_their_times() {
    let row = JournalRow {
        at_ms: 5,
        connection: 1,
        number: 2,
        direction: Direction::Out,
        transaction: 3,
        operation: 0x1008,
        params: vec![1],
        value: vec![],
        length: 0,
        response: Some(0x2001),
        verdict: Verdict::Allowed,
        note: String::new(),
    };
    let later = JournalRow { at_ms: 99, ..row.clone() };
    assert!(row.same_but_time(&later) && later.same_but_time(&row));
    assert!(!row.same_but_time(&JournalRow { params: vec![2], ..row.clone() }));
}

#[test]
fn version_properties_are_df21_to_df31() {
    for (code, is_one) in
        [(0xDF20, false), (0xDF21, true), (0xDF28, true), (0xDF31, true), (0xDF32, false)]
    {
        assert_eq!(DevicePropCode(code).is_version(), is_one, "{code:#X}");
    }
}
