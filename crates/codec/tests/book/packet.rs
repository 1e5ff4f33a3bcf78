//! What a name behind ```` ```hex ```` stands for: its fields by name, and its bytes again.

use std::fmt::Display;

use filmwire_codec::code::{EventCode, OperationCode, ResponseCode};
use filmwire_codec::container::{
    ContainerHeader, ContainerType, HEADER_BYTES, decode_params, encode_command, encode_response,
};
use filmwire_codec::dataset::{
    Capabilities, CurrentState, DevicePropDesc, DevicePropValue, EventDataset, Form,
    LiveViewHeader, ObjectInfo,
};
use filmwire_codec::init::{GOODBYE, InitAnswer, InitRequest};
use filmwire_codec::value::kind;
use filmwire_codec::{DecodeError, DevicePropCode, PtpString, Reader};

/// A field and its value as text.
pub(crate) type Field = (String, String);
/// The fields of a packet, and the packet encoded again.
pub(crate) type Decoded = (Vec<Field>, Vec<u8>);

/// Decodes what a block's name says it is. An unknown name is an error.
pub(crate) fn decode(name: &str, wire: &[u8]) -> Result<Decoded, String> {
    match name {
        "init-request" => init_request(wire),
        "init-ack" | "init-fail" => init_answer(name, wire),
        "command" => command(wire),
        "response" => response(wire),
        "data" => data(wire, None),
        "event" => event(wire),
        "goodbye" if wire == GOODBYE => Ok((vec![field("length", 8)], wire.to_vec())),
        "current-state" => current_state(wire),
        "object-info" => object_info(wire),
        "property-desc" => property_desc(wire),
        "capabilities" => capabilities(wire),
        "live-view-header" => live_view_header(wire),
        "string" => string(wire),
        "ble-position" => ble_position(wire),
        _ => Err(format!("{name:?} is no name of a packet, or these are not its bytes")),
    }
}

fn field(name: impl Display, value: impl Display) -> Field {
    (name.to_string(), value.to_string())
}

fn hex(value: u32) -> String {
    format!("{value:#X}")
}

fn because(error: &DecodeError) -> String {
    error.to_string()
}

fn appended(encode: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out);
    out
}

pub(crate) fn init_request(wire: &[u8]) -> Result<Decoded, String> {
    let request = InitRequest::decode(wire).map_err(|e| because(&e))?;
    let mut fields = vec![
        field("length", wire.len()),
        field("type", 1),
        field("constant", hex(request.constant)),
        field("name", &request.name),
    ];
    for (index, word) in request.guid.as_chunks().0.iter().enumerate() {
        fields.push(field(format!("GUID word {}", index + 1), hex(u32::from_le_bytes(*word))));
    }
    Ok((fields, request.encode()))
}

pub(crate) fn init_answer(name: &str, wire: &[u8]) -> Result<Decoded, String> {
    let length = field("length", wire.len());
    match InitAnswer::decode(wire).map_err(|e| because(&e))? {
        InitAnswer::Ack(ack) if name == "init-ack" => {
            let fields = vec![
                length,
                field("type", 2),
                field("connection", ack.connection),
                field("name", &ack.name),
            ];
            Ok((fields, ack.encode()))
        }
        InitAnswer::Fail(fail) if name == "init-fail" => {
            let reason = [
                field("reason", hex(fail.reason.0)),
                field("reason", fail.reason.name().unwrap_or_default()),
            ];
            Ok(([length, field("type", 5)].into_iter().chain(reason).collect(), fail.encode()))
        }
        other => Err(format!("{name} is {other:?}")),
    }
}

/// The header, if the container is of this type and as long as it says.
pub(crate) fn header(wire: &[u8], wanted: ContainerType) -> Result<ContainerHeader, String> {
    let header = ContainerHeader::decode(wire).map_err(|e| because(&e))?;
    if header.kind != wanted || header.length as usize != wire.len() {
        return Err(format!("{header:?} of {} bytes", wire.len()));
    }
    Ok(header)
}

fn common(header: &ContainerHeader) -> Vec<Field> {
    vec![
        field("length", header.length),
        field("type", header.kind.0),
        field("code", hex(u32::from(header.code))),
        field("transaction", header.transaction),
    ]
}

fn with_params(mut fields: Vec<Field>, params: &[u32]) -> Vec<Field> {
    let named = params.iter().enumerate();
    fields.extend(named.map(|(index, value)| field(format!("parameter {}", index + 1), value)));
    fields.push(field("parameters", params.len()));
    fields
}

pub(crate) fn command(wire: &[u8]) -> Result<Decoded, String> {
    let header = header(wire, ContainerType::COMMAND)?;
    let (operation, params) = (OperationCode(header.code), decode_params(&wire[HEADER_BYTES..]));
    let mut fields = with_params(common(&header), &params);
    fields.push(field("operation", operation.name().unwrap_or_default()));
    if let Some(property) = params.first().and_then(|&code| u16::try_from(code).ok()) {
        let name = DevicePropCode(property).name().unwrap_or_default();
        fields.push(field("property", name));
        fields.push(field("property", format!("{property:04X}")));
    }
    Ok((fields, encode_command(operation, header.transaction, &params)))
}

pub(crate) fn response(wire: &[u8]) -> Result<Decoded, String> {
    let header = header(wire, ContainerType::RESPONSE)?;
    let (code, params) = (ResponseCode(header.code), decode_params(&wire[HEADER_BYTES..]));
    let mut fields = with_params(common(&header), &params);
    fields.push(field("response", code.name().unwrap_or_default()));
    Ok((fields, encode_response(code, header.transaction, &params)))
}

/// A data container; `property` is the one its command named, where the block shows it.
pub(crate) fn data(wire: &[u8], property: Option<DevicePropCode>) -> Result<Decoded, String> {
    let header = header(wire, ContainerType::DATA)?;
    let payload = &wire[HEADER_BYTES..];
    let mut fields = common(&header);
    let operation = OperationCode(header.code);
    fields.push(field("operation", operation.name().unwrap_or_default()));
    fields.push(field("payload", payload.len()));
    let (more, again) = match operation {
        _ if payload.is_empty() => (Vec::new(), Vec::new()),
        OperationCode::GET_OBJECT_INFO => object_info(payload)?,
        OperationCode::GET_CAPABILITIES => capabilities(payload)?,
        OperationCode::GET_DEVICE_PROP_DESC => property_desc(payload)?,
        _ if property == Some(DevicePropCode::CURRENT_STATE) => current_state(payload)?,
        // Numbers have four bytes at most.
        OperationCode::SET_DEVICE_PROP_VALUE if payload.len() > 4 => string(payload)?,
        OperationCode::GET_DEVICE_PROP_VALUE | OperationCode::SET_DEVICE_PROP_VALUE => {
            let mut bits = [0; 4];
            bits.iter_mut().zip(payload).for_each(|(to, byte)| *to = *byte);
            (vec![field("value", hex(u32::from_le_bytes(bits)))], payload.to_vec())
        }
        _ => (Vec::new(), payload.to_vec()),
    };
    fields.extend(more);
    Ok((fields, [header.encode().as_slice(), &again].concat()))
}

fn event(wire: &[u8]) -> Result<Decoded, String> {
    let event = EventDataset::decode(wire).map_err(|e| because(&e))?;
    let EventDataset { code: EventCode(code), session, transaction, ref params } = event;
    let mut fields = with_params(Vec::new(), params);
    fields.extend([
        field("length", wire.len()),
        field("code", hex(u32::from(code))),
        field("event", event.code.name().unwrap_or_default()),
        field("session", session),
        field("transaction", transaction),
    ]);
    Ok((fields, event.encode()))
}

fn current_state(payload: &[u8]) -> Result<Decoded, String> {
    let list = CurrentState::decode(payload).map_err(|e| because(&e))?;
    let mut fields = vec![field("entries", list.entries.len())];
    for entry in &list.entries {
        let code = format!("{:04X}", entry.property.0);
        fields.push(field(&code, hex(entry.value)));
        fields.extend(kind(entry.property).map(|kind| field(&code, kind.text(entry.value))));
    }
    Ok((fields, appended(|out| list.encode(out))))
}

fn object_info(payload: &[u8]) -> Result<Decoded, String> {
    let info = ObjectInfo::decode(payload).map_err(|e| because(&e))?;
    if !info.surplus.is_empty() {
        return Err("bytes behind the last string".to_owned());
    }
    let fields = vec![
        field("StorageID", hex(info.storage.0)),
        field("ObjectFormat", hex(u32::from(info.format.0))),
        field("ObjectFormat", info.format.name().unwrap_or_default()),
        field("ProtectionStatus", info.protection),
        field("ObjectCompressedSize", info.size_bytes),
        field("ThumbFormat", hex(u32::from(info.thumb_format))),
        field("ThumbCompressedSize", info.thumb_size_bytes),
        field("ThumbPixWidth", info.thumb_width),
        field("ThumbPixHeight", info.thumb_height),
        field("ImagePixWidth", info.width),
        field("ImagePixHeight", info.height),
        field("ParentObject", info.parent),
        field("Filename", info.name.to_text()),
        field("CaptureDate", info.capture_date.to_text()),
        field("ModificationDate", info.modification_date.to_text()),
        field("Keywords", info.keywords.to_text()),
    ];
    Ok((fields, appended(|out| info.encode(out))))
}

fn desc_fields(desc: &DevicePropDesc) -> Vec<Field> {
    let (form, values) = match &desc.form {
        Form::None => ("none", 0),
        Form::Range { .. } => ("range", 0),
        Form::Enumeration(values) => ("enumeration", values.len()),
    };
    let number = |value: &DevicePropValue| match value {
        DevicePropValue::Number { bits, .. } => hex(*bits),
        DevicePropValue::Text(text) => text.to_text(),
    };
    vec![
        field("property", format!("{:04X}", desc.property.0)),
        field("data type", desc.data_type.0),
        field("get/set", desc.access.0),
        field("default", number(&desc.default)),
        field("current", number(&desc.current)),
        field("form", form),
        field("values", values),
    ]
}

fn property_desc(payload: &[u8]) -> Result<Decoded, String> {
    let mut reader = Reader::new(payload);
    let desc = DevicePropDesc::decode(&mut reader).map_err(|e| because(&e))?;
    reader.finish("descriptor").map_err(|e| because(&e))?;
    Ok((desc_fields(&desc), appended(|out| desc.encode(out))))
}

fn capabilities(payload: &[u8]) -> Result<Decoded, String> {
    let list = Capabilities::decode(payload).map_err(|e| because(&e))?;
    let mut fields = vec![field("items", list.items.len())];
    fields.extend(list.items.iter().flat_map(desc_fields));
    Ok((fields, appended(|out| list.encode(out))))
}

fn live_view_header(wire: &[u8]) -> Result<Decoded, String> {
    let header = LiveViewHeader::decode(wire).map_err(|e| because(&e))?;
    let fields = vec![
        field("length", header.length),
        field("counter", header.counter),
        field("extra", header.extra_bytes),
        field("unknown", hex(u32::from(header.unknown))),
        field("JPEG", header.rest_bytes()),
    ];
    Ok((fields, appended(|out| header.encode(out))))
}

fn string(payload: &[u8]) -> Result<Decoded, String> {
    let mut reader = Reader::new(payload);
    let text = PtpString::decode(&mut reader, "string").map_err(|e| because(&e))?;
    reader.finish("string").map_err(|e| because(&e))?;
    let fields = vec![field("text", text.to_text()), field("units", payload[0])];
    Ok((fields, appended(|out| text.encode(out))))
}

/// What is written over Bluetooth, which the codec does not speak; read as the page's table says.
fn ble_position(wire: &[u8]) -> Result<Decoded, String> {
    let mut reader = Reader::new(wire);
    let (mut place, mut fields) = (Vec::new(), Vec::new());
    for name in ["latitude", "longitude", "altitude", "speed"] {
        let value = reader.u32(name).map_err(|e| because(&e))? as i32;
        place.push(value);
        fields.push(field(name, value));
    }
    let year = reader.u16("year").map_err(|e| because(&e))?;
    let rest = reader.rest();
    let [month, day, hour, minute, second] = *rest else { return Err("no time".to_owned()) };
    let time = format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    fields.push(field("time", time));
    let again = place.iter().flat_map(|value| value.to_le_bytes()).chain(year.to_le_bytes());
    Ok((fields, again.chain(rest.iter().copied()).collect()))
}
