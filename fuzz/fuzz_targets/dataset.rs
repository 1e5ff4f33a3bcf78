//! Datasets: decoding never panics, and what decodes encodes to the same bytes.
//!
//! The first byte of the input chooses the dataset, so that a corpus entry keeps to one of them.

#![no_main]

use std::fmt::Debug;

use filmwire_codec::dataset::{
    Capabilities, CurrentState, DeviceInfo, DevicePropDesc, EventDataset, LiveViewHeader,
    ObjectInfo, StorageInfo,
};
use filmwire_codec::{DateTime, DecodeError, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, payload)) = input.split_first() else { return };
    match choice {
        0 => object_info(payload),
        1 => lossless(payload, DeviceInfo::decode, DeviceInfo::encode),
        2 => lossless(payload, StorageInfo::decode, StorageInfo::encode),
        3 => state_list(payload),
        4 => lossless(payload, Capabilities::decode, Capabilities::encode),
        5 => lossless(payload, EventDataset::decode, |event, out| out.extend(event.encode())),
        7 => live_view(payload),
        _ => descriptor(payload),
    }
});

fn lossless<T: PartialEq + Debug>(
    payload: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    encode: impl Fn(&T, &mut Vec<u8>),
) {
    match decode(payload) {
        Ok(value) => {
            let mut out = Vec::new();
            encode(&value, &mut out);
            assert_eq!(out, payload);
            assert_eq!(decode(&out).as_ref(), Ok(&value));
        }
        Err(error) => assert!(error.offset <= payload.len(), "{error}"),
    }
}

fn object_info(payload: &[u8]) {
    lossless(payload, ObjectInfo::decode, ObjectInfo::encode);
    let Ok(info) = ObjectInfo::decode(payload) else { return };
    let _ = (info.orientation(), info.name.to_text(), info.name.is_empty());
    if let Some(date) = info.captured() {
        assert_eq!(DateTime::parse(&date.to_string()), Some(date));
    }
}

/// An empty payload is an empty list too; it is the only input with a second spelling.
fn state_list(payload: &[u8]) {
    if payload.is_empty() {
        assert_eq!(CurrentState::decode(payload), Ok(CurrentState::default()));
        return;
    }
    lossless(payload, CurrentState::decode, CurrentState::encode);
}

fn descriptor(payload: &[u8]) {
    let mut reader = Reader::new(payload);
    let Ok(desc) = DevicePropDesc::decode(&mut reader) else { return };
    let mut out = Vec::new();
    desc.encode(&mut out);
    assert_eq!(out, payload[..reader.offset()]);
}

/// Bytes past the header are not the decoder's, but the frame's.
fn live_view(payload: &[u8]) {
    let Ok(header) = LiveViewHeader::decode(payload) else { return };
    let mut out = Vec::new();
    header.encode(&mut out);
    let (head, rest) = payload.split_at(LiveViewHeader::BYTES);
    assert_eq!(out, head);
    match header.jpeg(rest) {
        Ok(jpeg) => assert!(rest.ends_with(jpeg)),
        Err(error) => assert!(error.offset <= rest.len()),
    }
}
