//! Runs against recorded bytes that lie beside the checkout and are no part of it.
//!
//! They are looked for in `$FILMWIRE_VECTORS`, else in `shared/protocol/vectors` beside the
//! workspace. Without them the test says so and ends; a folder that was named must be there.

use std::path::{Path, PathBuf};

use filmwire_codec::container::{ContainerHeader, ContainerType, HEADER_BYTES};
use filmwire_codec::dataset::{
    Capabilities, CurrentState, DeviceInfo, DevicePropValue, EventDataset, Form, LiveViewHeader,
    ObjectInfo, StateEntry,
};
use filmwire_codec::init::{InitAnswer, InitRequest};
use filmwire_codec::value::{Geolocation, kind};
use filmwire_codec::{DecodeError, DevicePropCode, EventCode, PtpString, Reader};

struct Vectors(PathBuf);

impl Vectors {
    fn find() -> Option<Self> {
        if let Some(named) = std::env::var_os("FILMWIRE_VECTORS") {
            let named = PathBuf::from(named);
            assert!(named.is_dir(), "FILMWIRE_VECTORS names {}, no folder", named.display());
            return Some(Self(named));
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let beside = workspace.join("../shared/protocol/vectors");
        if beside.is_dir() {
            return Some(Self(beside));
        }
        eprintln!("skipped: no recorded bytes in {} or FILMWIRE_VECTORS", beside.display());
        None
    }

    fn read(&self, name: &str) -> Vec<u8> {
        let path = self.0.join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The payload of the first container of a recording, and what follows it.
    fn payload(&self, name: &str) -> (Vec<u8>, Vec<u8>) {
        let wire = self.read(name);
        let header = ContainerHeader::decode(&wire).expect("a container");
        assert_eq!(header.kind, ContainerType::DATA, "{name}");
        let (first, rest) = wire.split_at(header.length as usize);
        (first[HEADER_BYTES..].to_vec(), rest.to_vec())
    }
}

/// Decodes, encodes, and compares bytes; returns what was decoded.
fn same_bytes<T>(
    name: &str,
    wire: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> T {
    let decoded = decode(wire).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(encode(&decoded), wire, "{name}");
    decoded
}

fn appended(encode: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out);
    out
}

#[test]
fn init_packets() {
    let Some(vectors) = Vectors::find() else { return };
    let wire = vectors.read("init_request.bin");
    let request = same_bytes("init_request", &wire, InitRequest::decode, InitRequest::encode);
    assert_eq!(request.name, "HackedClient");
    let encode = |answer: &InitAnswer| match answer {
        InitAnswer::Ack(ack) => ack.encode(),
        InitAnswer::Fail(fail) => fail.encode(),
    };
    for name in ["init_ack_xt2.bin", "init_fail_2019.bin"] {
        same_bytes(name, &vectors.read(name), InitAnswer::decode, encode);
    }
}

#[test]
fn state_lists() {
    let Some(vectors) = Vectors::find() else { return };
    let decode = |wire: &[u8]| CurrentState::decode(wire);
    let encode = |list: &CurrentState| appended(|out| list.encode(out));
    for body in ["xt2", "xt20", "xt4", "xt5"] {
        let name = format!("{body}_d212_start_payload.bin");
        let list = same_bytes(&name, &vectors.read(&name), decode, encode);
        assert_eq!(list.entries.len(), 6, "{name}");
        assert!(list.object_count().is_some(), "{name}");
    }
    for (body, entries) in [("xt4", 20), ("xt5", 21)] {
        let name = format!("{body}_d212_remote_payload.bin");
        let list = same_bytes(&name, &vectors.read(&name), decode, encode);
        assert_eq!(list.entries.len(), entries, "{name}");
    }
    let (payload, rest) = vectors.payload("xt1_d212_remote.bin");
    let list = same_bytes("xt1_d212_remote", &payload, decode, encode);
    let bias = StateEntry { property: DevicePropCode::EXPOSURE_BIAS, value: 0xFEB3 };
    assert!(list.entries.len() == 17 && list.entries.contains(&bias));
    assert_eq!(ContainerHeader::decode(&rest).expect("a response").kind, ContainerType::RESPONSE);
}

#[test]
fn object_infos_and_their_sizes() {
    let Some(vectors) = Vectors::find() else { return };
    let files = [
        ("xt10_objectinfo_receive.bin", 557_416),
        ("xt10_objectinfo_browse.bin", 0x19000),
        ("xt10_objectinfo_browse_resized.bin", 0),
    ];
    for (name, size_bytes) in files {
        let (payload, _) = vectors.payload(name);
        let encode = |info: &ObjectInfo| appended(|out| info.encode(out));
        let info = same_bytes(name, &payload, ObjectInfo::decode, encode);
        assert!(info.captured().is_some() && info.surplus.is_empty(), "{name}");
        match size_bytes {
            0 => assert_ne!(info.size_bytes, 0x19000, "{name}: a true size, not the placeholder"),
            wanted => assert_eq!(info.size_bytes, wanted, "{name}"),
        }
    }
}

#[test]
fn events_of_a_capture() {
    let Some(vectors) = Vectors::find() else { return };
    let files = [
        ("xt1_event_objectadded.bin", EventCode::FUJI_OBJECT_ADDED),
        ("xt1_event_previewavailable.bin", EventCode::PREVIEW_AVAILABLE),
    ];
    for (name, code) in files {
        let wire = vectors.read(name);
        let event = same_bytes(name, &wire, EventDataset::decode, EventDataset::encode);
        assert_eq!(event.code, code);
    }
}

#[test]
fn capabilities_and_device_info() {
    let Some(vectors) = Vectors::find() else { return };
    let (payload, _) = vectors.payload("xt1_902b.bin");
    let encode = |list: &Capabilities| appended(|out| list.encode(out));
    let list = same_bytes("xt1_902b", &payload, Capabilities::decode, encode);
    assert_eq!(list.items.len(), 8);
    let (payload, _) = vectors.payload("xh1_usb_deviceinfo.bin");
    let encode = |info: &DeviceInfo| appended(|out| info.encode(out));
    let info = same_bytes("xh1_usb_deviceinfo", &payload, DeviceInfo::decode, encode);
    assert_eq!((info.model.to_text().as_str(), info.properties.len()), ("X-H1", 168));
}

#[test]
fn the_geotag_of_the_official_app_is_one_string() {
    let Some(vectors) = Vectors::find() else { return };
    let wire = vectors.read("xt10_gps_set.bin");
    let command = ContainerHeader::decode(&wire).expect("a command");
    let data = &wire[command.length as usize..];
    let header = ContainerHeader::decode(data).expect("a data container");
    assert_eq!((header.kind, header.length as usize), (ContainerType::DATA, data.len()));
    let mut reader = Reader::new(&data[HEADER_BYTES..]);
    let text = PtpString::decode(&mut reader, "geotag").expect("a string");
    assert!(text.to_text().starts_with("5229.131848,N 01322.842972,E"));
    assert_eq!(reader.left(), 0);
    let place: Geolocation = text.to_text().parse().expect("a place");
    let written = appended(|out| place.value().encode(out));
    assert_eq!(written, data[HEADER_BYTES..]);
}

#[test]
fn a_live_view_packet_is_a_header_and_a_jpeg() {
    let Some(vectors) = Vectors::find() else { return };
    let wire = vectors.read("liveview_packet.bin");
    let (head, rest) = wire.split_at(LiveViewHeader::BYTES);
    let encode = |header: &LiveViewHeader| appended(|out| header.encode(out));
    let header = same_bytes("liveview_packet", head, LiveViewHeader::decode, encode);
    assert_eq!((header.length, header.reserved, header.extra_bytes), (0x249B, 0, 0));
    let jpeg = header.jpeg(rest).expect("a frame");
    assert_eq!((jpeg.len(), &jpeg[jpeg.len() - 2..]), (9353, &[0xFF, 0xD9][..]));
}

/// Whatever a real camera said or offered comes back from its words.
#[test]
fn values_of_real_cameras_come_back_from_their_words() {
    let Some(vectors) = Vectors::find() else { return };
    let (remote, _) = vectors.payload("xt1_d212_remote.bin");
    let lists = ["xt4", "xt5"].map(|body| vectors.read(&format!("{body}_d212_remote_payload.bin")));
    let mut values: Vec<(DevicePropCode, u32)> = Vec::new();
    for payload in lists.iter().chain([&remote]) {
        let list = CurrentState::decode(payload).expect("a list");
        values.extend(list.entries.iter().map(|entry| (entry.property, entry.value)));
    }
    let (payload, _) = vectors.payload("xt1_902b.bin");
    for item in Capabilities::decode(&payload).expect("capabilities").items {
        let bits = |value: &DevicePropValue| match value {
            DevicePropValue::Number { bits, .. } => Some(*bits),
            DevicePropValue::Text(_) => None,
        };
        let offered = match &item.form {
            Form::Enumeration(values) => values.as_slice(),
            _ => &[],
        };
        let all = offered.iter().chain([&item.default, &item.current]).filter_map(bits);
        values.extend(all.map(|bits| (item.property, bits)));
        if let Some(kind) = kind(item.property) {
            assert_eq!(kind.data_type, item.data_type, "{}", item.property);
        }
    }
    let typed = values.iter().filter_map(|&(property, bits)| Some((kind(property)?, bits)));
    let mut words = 0;
    for (kind, bits) in typed {
        let text = kind.text(bits);
        assert_eq!(kind.parse(&text), Ok(bits), "{}: {text}", kind.property);
        // The descriptor's default of a focus point is none.
        let no_point = kind.property == DevicePropCode::FOCUS_POINT && bits == 0;
        assert!(no_point || !text.starts_with("0x"), "{}: {text} has no word", kind.property);
        words += 1;
    }
    assert!(words > 100, "{words}");
}
