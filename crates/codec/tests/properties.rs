//! Rules for any input: decoding never panics, and what decodes encodes to the same bytes.

use filmwire_codec::container::{
    ContainerHeader, HEADER_BYTES, MAX_PARAMS, decode_params, encode_command,
};
use filmwire_codec::dataset::{
    Capabilities, CurrentState, DeviceInfo, DevicePropDesc, EventDataset, LiveViewHeader,
    ObjectInfo, StorageInfo,
};
use filmwire_codec::init::{InitAck, InitAnswer, InitRequest};
use filmwire_codec::{
    DecodeError, EventCode, OperationCode, PtpString, Reader, SessionId, TransactionId,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// What decodes must encode to the bytes it came from, and decode again to the same value.
fn assert_lossless<T: PartialEq + std::fmt::Debug>(
    input: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    encode: impl Fn(&T, &mut Vec<u8>),
) {
    let Ok(value) = decode(input) else { return };
    let mut out = Vec::new();
    encode(&value, &mut out);
    assert_eq!(out, input);
    assert_eq!(decode(&out).as_ref(), Ok(&value));
}

/// Cuts, counts and text: pieces that are likely to get past the first field.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let small = (0u32..6).prop_map(|n| n.to_le_bytes().to_vec());
    let code = (0u16..=0xFFFF).prop_map(|n| n.to_le_bytes().to_vec());
    let text = "[A-Z0-9_.]{0,6}".prop_map(|text| {
        let mut out = Vec::new();
        PtpString::from(text.as_str()).encode(&mut out);
        out
    });
    let piece = prop_oneof![small, code, text, vec(any::<u8>(), 0..5)];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Input whose fixed part is right, so that the strings and arrays behind it are reached.
fn object_info_bytes() -> impl Strategy<Value = Vec<u8>> {
    (vec(any::<u8>(), 52), vec("[ -~]{0,12}", 4), vec(any::<u8>(), 0..4)).prop_map(
        |(mut out, texts, surplus)| {
            texts.iter().for_each(|text| PtpString::from(text.as_str()).encode(&mut out));
            out.extend(surplus);
            out
        },
    )
}

fn text() -> impl Strategy<Value = PtpString> {
    "[ -~]{0,8}".prop_map(|text| PtpString::from(text.as_str()))
}

fn device_info() -> impl Strategy<Value = DeviceInfo> {
    let lists = (vec(any::<u16>(), 0..6), vec(any::<u16>(), 0..3), vec(any::<u16>(), 0..3));
    (any::<(u16, u32)>(), lists, text(), text()).prop_map(|(head, lists, model, serial_number)| {
        DeviceInfo {
            standard_version: head.0,
            vendor_extension: head.1,
            operations: lists.0,
            properties: lists.1,
            image_formats: lists.2,
            model,
            serial_number,
            ..DeviceInfo::default()
        }
    })
}

fn storage_info() -> impl Strategy<Value = StorageInfo> {
    (any::<(u64, u64, u32)>(), text()).prop_map(|(sizes, volume_label)| StorageInfo {
        max_capacity_bytes: sizes.0,
        free_bytes: sizes.1,
        free_images: sizes.2,
        volume_label,
        ..StorageInfo::default()
    })
}

fn event() -> impl Strategy<Value = EventDataset> {
    (any::<(u16, u32, u32)>(), vec(any::<u32>(), 0..4)).prop_map(|(head, params)| EventDataset {
        code: EventCode(head.0),
        session: SessionId(head.1),
        transaction: TransactionId(head.2),
        params,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn datasets_lose_nothing(input in prop_oneof![likely_bytes(), vec(any::<u8>(), 0..200)]) {
        assert_lossless(&input, ObjectInfo::decode, ObjectInfo::encode);
        assert_lossless(&input, DeviceInfo::decode, DeviceInfo::encode);
        assert_lossless(&input, StorageInfo::decode, StorageInfo::encode);
        assert_lossless(&input, Capabilities::decode, Capabilities::encode);
        assert_lossless(&input, EventDataset::decode, |event, out| out.extend(event.encode()));
        // An empty payload is an empty list too, and the only input with a second spelling.
        if !input.is_empty() {
            assert_lossless(&input, CurrentState::decode, CurrentState::encode);
        }
    }

    #[test]
    fn object_infos_lose_nothing(input in object_info_bytes()) {
        prop_assert!(ObjectInfo::decode(&input).is_ok());
        assert_lossless(&input, ObjectInfo::decode, ObjectInfo::encode);
    }

    #[test]
    fn device_and_storage_infos_end_where_they_end(
        device in device_info(),
        storage in storage_info(),
        surplus in vec(any::<u8>(), 1..4),
    ) {
        let mut wire = Vec::new();
        device.encode(&mut wire);
        prop_assert_eq!(DeviceInfo::decode(&wire), Ok(device));
        prop_assert!(DeviceInfo::decode(&wire[..wire.len() - 1]).is_err());
        wire.extend(&surplus);
        prop_assert!(DeviceInfo::decode(&wire).is_err());
        let mut wire = Vec::new();
        storage.encode(&mut wire);
        prop_assert_eq!(StorageInfo::decode(&wire), Ok(storage));
        wire.extend(&surplus);
        prop_assert!(StorageInfo::decode(&wire).is_err());
    }

    #[test]
    fn events_end_where_their_length_says(event in event(), surplus in 1usize..9) {
        let mut wire = event.encode();
        prop_assert_eq!(EventDataset::decode(&wire), Ok(event.clone()));
        wire.resize(wire.len() + surplus, 0);
        prop_assert!(EventDataset::decode(&wire).is_err());
        // With the length word right, only whole parameters up to the third are left to accept.
        let length = wire.len() as u32;
        wire[..4].copy_from_slice(&length.to_le_bytes());
        let whole = surplus % 4 == 0 && event.params.len() + surplus / 4 <= 3;
        prop_assert_eq!(EventDataset::decode(&wire).is_ok(), whole);
    }

    #[test]
    fn state_lists_lose_nothing(entries in vec(any::<(u16, u32)>(), 0..40), surplus in 0usize..3) {
        let mut input = (entries.len() as u16).to_le_bytes().to_vec();
        for (code, value) in &entries {
            input.extend(code.to_le_bytes());
            input.extend(value.to_le_bytes());
        }
        input.resize(input.len() + surplus, 0);
        let decoded = CurrentState::decode(&input);
        prop_assert_eq!(decoded.is_ok(), surplus == 0);
        assert_lossless(&input, CurrentState::decode, CurrentState::encode);
    }

    #[test]
    fn descriptors_lose_nothing(
        data_type in prop_oneof![1u16..=6, Just(0xFFFF), any::<u16>()],
        form in 0u8..4,
        body in likely_bytes(),
    ) {
        let mut input = vec![0x0C, 0x50];
        input.extend(data_type.to_le_bytes());
        input.push(1);
        input.extend(&body);
        let mut reader = Reader::new(&input);
        if let Ok(desc) = DevicePropDesc::decode(&mut reader) {
            let mut out = Vec::new();
            desc.encode(&mut out);
            prop_assert_eq!(&out[..], &input[..reader.offset()]);
        }
        // The same as the one item of a capability list, with each form flag.
        let mut item = vec![0x0C, 0x50, 4, 0, 1, 2, 0, 9, 0x80, form];
        item.extend(&body);
        let mut list = 1u32.to_le_bytes().to_vec();
        list.extend((item.len() as u32 + 4).to_le_bytes());
        list.extend(item);
        assert_lossless(&list, Capabilities::decode, Capabilities::encode);
        let (read, errors) = Capabilities::decode_readable(&list);
        prop_assert_eq!(Capabilities::decode(&list).ok(), errors.is_empty().then_some(read));
    }

    #[test]
    fn live_view_packets_lose_nothing(
        length in 0u32..80,
        extra in 0u32..8,
        words in any::<(u32, u32, u16)>(),
        rest in vec(any::<u8>(), 0..64),
    ) {
        let (reserved, counter, unknown) = words;
        let header = LiveViewHeader { length, reserved, counter, extra_bytes: extra, unknown };
        let mut input = Vec::new();
        header.encode(&mut input);
        prop_assert_eq!(input.len(), LiveViewHeader::BYTES);
        let decoded = LiveViewHeader::decode(&input);
        prop_assert_eq!(decoded.is_ok(), length >= 18 + extra);
        let Ok(decoded) = decoded else { return Ok(()) };
        prop_assert_eq!(decoded, header);
        match header.jpeg(&rest) {
            Ok(jpeg) => prop_assert!(jpeg.starts_with(&[0xFF, 0xD8]) && rest.ends_with(jpeg)),
            Err(error) => prop_assert!(error.offset <= rest.len()),
        }
    }

    #[test]
    fn headers_lose_nothing(input in vec(any::<u8>(), 0..40)) {
        match ContainerHeader::decode(&input) {
            Ok(header) => {
                prop_assert_eq!(&header.encode()[..], &input[..HEADER_BYTES]);
                prop_assert!(header.length as usize >= HEADER_BYTES);
            }
            Err(error) => prop_assert!(error.offset <= input.len()),
        }
        prop_assert!(decode_params(&input).len() <= MAX_PARAMS);
    }

    #[test]
    fn commands_keep_their_parameters(code: u16, id: u32, params in vec(any::<u32>(), 0..=5)) {
        let wire = encode_command(OperationCode(code), TransactionId(id), &params);
        let header = ContainerHeader::decode(&wire).unwrap();
        prop_assert_eq!((header.code, header.transaction), (code, TransactionId(id)));
        prop_assert_eq!(header.length as usize, wire.len());
        prop_assert_eq!(decode_params(&wire[HEADER_BYTES..]), params);
    }

    #[test]
    fn init_packets_keep_what_fits(name in "[^\u{0}]{0,12}", constant: u32, guid: [u8; 16]) {
        let request = InitRequest { constant, guid, name: name.clone() };
        let wire = request.encode();
        prop_assert_eq!(wire.len(), 82);
        prop_assert_eq!(InitRequest::decode(&wire), Ok(request));
        let ack = InitAck { connection: constant, guid, name: name.chars().take(9).collect() };
        let wire = ack.encode();
        prop_assert_eq!(wire.len(), 68);
        prop_assert_eq!(InitAnswer::decode(&wire), Ok(InitAnswer::Ack(ack)));
    }

    #[test]
    fn any_init_packet_is_read_or_refused(mut input in vec(any::<u8>(), 0..100), kind in 0u32..7) {
        let _ = (InitAnswer::decode(&input), InitRequest::decode(&input));
        // With the length word right and a likely type, the fields behind are reached.
        let length = input.len() as u32;
        if let Some(head) = input.first_chunk_mut::<8>() {
            head[..4].copy_from_slice(&length.to_le_bytes());
            head[4..].copy_from_slice(&kind.to_le_bytes());
        }
        let answer = InitAnswer::decode(&input);
        prop_assert!(answer.is_err() || kind == 2 || kind == 5);
        let request = InitRequest::decode(&input);
        prop_assert!(request.is_err() || kind == 1);
        if let Ok(request) = request {
            let again = InitRequest::decode(&request.encode()).unwrap();
            let fits = request.name.encode_utf16().count() <= 26;
            prop_assert!(!fits || again == request);
        }
    }

    #[test]
    fn a_cut_dataset_names_a_place_inside(input in object_info_bytes(), cut: prop::sample::Index) {
        let cut = cut.index(52);
        let error = ObjectInfo::decode(&input[..cut]).unwrap_err();
        prop_assert!(error.offset <= cut, "{error}");
        prop_assert!(!error.field.is_empty());
    }
}
