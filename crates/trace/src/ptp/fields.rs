//! Fields of known datasets that nobody can explain.

use filmwire_codec::dataset::{
    Capabilities, CurrentState, DeviceInfo, DevicePropValue, ObjectInfo,
};
use filmwire_codec::{CameraState, DevicePropCode, EventCode, FunctionMode, OperationCode, value};

/// Where the unexplained words of a live-view packet stand (the fact sheet's section 8.6).
const FRAME_EXTRA: std::ops::Range<usize> = 12..16;
const FRAME_UNKNOWN: std::ops::Range<usize> = 16..18;
/// Keywords are known to tell this alone (the fact sheet's section 5.3).
const KEYWORD: &str = "Orientation:";

/// Takes a field's name, the code it is about or 0, and its bytes.
pub(crate) type Add<'a> = &'a mut dyn FnMut(&'static str, u32, &[u8]);

/// A list of codes, with what it is called and how they are.
type List<'a> = (&'static str, &'a [u16], fn(u16) -> Option<&'static str>);

/// Looks into the data of a transaction, all of it.
pub(crate) fn data(operation: OperationCode, params: &[u32], payload: &[u8], add: Add<'_>) {
    match operation {
        OperationCode::GET_DEVICE_INFO => {
            if let Ok(info) = DeviceInfo::decode(payload) {
                device_info(&info, add);
            }
        }
        OperationCode::GET_OBJECT_INFO => {
            if let Ok(info) = ObjectInfo::decode(payload) {
                object_info(&info, add);
            }
        }
        OperationCode::GET_CAPABILITIES => {
            let items = Capabilities::decode(payload).map(|list| list.items).unwrap_or_default();
            for item in items {
                if let DevicePropValue::Number { bits, .. } = item.current {
                    of_property("Capabilities: value", item.property, bits, add);
                }
            }
        }
        OperationCode::GET_DEVICE_PROP_VALUE | OperationCode::SET_DEVICE_PROP_VALUE => {
            let code = params.first().and_then(|&code| u16::try_from(code).ok());
            if let Some(code) = code {
                property(DevicePropCode(code), payload, add);
            }
        }
        _ => {}
    }
}

/// Looks into the first bytes of a packet of live view.
pub(crate) fn frame(head: &[u8], add: Add<'_>) {
    if let Some(extra) = head.get(FRAME_EXTRA).filter(|extra| *extra != [0; 4]) {
        add("LiveView: bytes 12 to 15", 0, extra);
    }
    if let Some(unknown) = head.get(FRAME_UNKNOWN) {
        add("LiveView: bytes 16 and 17", 0, unknown);
    }
}

fn is_unknown(name: Option<&str>) -> bool {
    name.is_none_or(|name| name.starts_with("UNKNOWN_"))
}

fn device_info(info: &DeviceInfo, add: Add<'_>) {
    let lists: [List<'_>; 3] = [
        ("DeviceInfo: operation", &info.operations, |code| OperationCode(code).name()),
        ("DeviceInfo: event", &info.events, |code| EventCode(code).name()),
        ("DeviceInfo: property", &info.properties, |code| DevicePropCode(code).name()),
    ];
    for (field, codes, name) in lists {
        for &code in codes.iter().filter(|&&code| is_unknown(name(code))) {
            add(field, code.into(), &code.to_le_bytes());
        }
    }
}

fn object_info(info: &ObjectInfo, add: Add<'_>) {
    if is_unknown(info.format.name()) {
        add("ObjectInfo: ObjectFormat", info.format.0.into(), &info.format.0.to_le_bytes());
    }
    let keywords = info.keywords.to_text();
    if !keywords.is_empty() && !keywords.starts_with(KEYWORD) {
        add("ObjectInfo: Keywords", 0, keywords.as_bytes());
    }
    if !info.surplus.is_empty() {
        add("ObjectInfo: bytes behind its end", 0, &info.surplus);
    }
}

fn property(property: DevicePropCode, payload: &[u8], add: Add<'_>) {
    if property == DevicePropCode::CURRENT_STATE {
        for entry in CurrentState::decode(payload).map(|list| list.entries).unwrap_or_default() {
            of_property("CurrentState: value", entry.property, entry.value, add);
        }
        return;
    }
    let bits = match *payload {
        [a] => u32::from(a),
        [a, b] => u32::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        _ => return,
    };
    // A property without a meaning is told of as such.
    if !is_unknown(property.name()) {
        of_property("property: value", property, bits, add);
    }
}

/// A value of a property nobody knows, or one that has no word where others have.
fn of_property(field: &'static str, property: DevicePropCode, bits: u32, add: Add<'_>) {
    let has_word = match (property, u16::try_from(bits)) {
        (DevicePropCode::CAMERA_STATE, Ok(code)) => CameraState(code).name().is_some(),
        // It reads 0 until it is written (the fact sheet's section 4.1).
        (DevicePropCode::FUNCTION_MODE, Ok(0)) => true,
        (DevicePropCode::FUNCTION_MODE, Ok(code)) => !is_unknown(FunctionMode(code).name()),
        _ => value::kind(property).is_none_or(|kind| !kind.text(bits).starts_with("0x")),
    };
    if is_unknown(property.name()) || !has_word {
        add(field, property.0.into(), &bits.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(operation: OperationCode, params: &[u32], payload: &[u8]) -> Vec<(&'static str, u32)> {
        let mut told = Vec::new();
        data(operation, params, payload, &mut |field, code, _| told.push((field, code)));
        told
    }

    #[test]
    fn values_without_a_word_and_properties_without_a_meaning_are_told() {
        let state = |entries: &[(u16, u32)]| {
            let mut payload = (entries.len() as u16).to_le_bytes().to_vec();
            for (code, value) in entries {
                payload.extend(code.to_le_bytes());
                payload.extend(value.to_le_bytes());
            }
            told(OperationCode::GET_DEVICE_PROP_VALUE, &[0xD212], &payload)
        };
        // Remote, auto white balance, half a second, objects.
        assert_eq!(state(&[(0xDF00, 6), (0x5005, 2), (0xD240, 500), (0xD222, 9)]), []);
        let strange = state(&[(0xDF00, 99), (0x5005, 0x7777), (0xD52F, 1), (0x5005, 0x10002)]);
        assert_eq!(
            strange.iter().map(|one| one.1).collect::<Vec<_>>(),
            [0xDF00, 0x5005, 0xD52F, 0x5005]
        );
        let (get, set) =
            (OperationCode::GET_DEVICE_PROP_VALUE, OperationCode::SET_DEVICE_PROP_VALUE);
        assert_eq!(told(get, &[0xDF01], &[0, 0]), []);
        assert_eq!(told(set, &[0xDF01], &[4, 0]), [("property: value", 0xDF01)]);
        assert_eq!(told(get, &[0xD52F], &[1, 0, 0, 0]), []);
    }

    #[test]
    fn what_stands_behind_an_object_info_is_told() {
        // Without a name, dates and keywords.
        let mut payload = vec![0; 52];
        payload[4..6].copy_from_slice(&[0x01, 0x38]);
        payload.extend([0; 4]);
        let operation = OperationCode::GET_OBJECT_INFO;
        assert_eq!(told(operation, &[1], &payload), []);
        payload.extend([1, 2, 3]);
        payload[4] = 0x77;
        let fields = ["ObjectInfo: ObjectFormat", "ObjectInfo: bytes behind its end"];
        assert_eq!(
            told(operation, &[1], &payload).iter().map(|one| one.0).collect::<Vec<_>>(),
            fields
        );
    }

    #[test]
    fn the_unknown_words_of_live_view_are_told() {
        let mut told = Vec::new();
        let mut head = [0; 20];
        frame(&head, &mut |field, _, bytes| told.push((field, bytes.to_vec())));
        head[12] = 4;
        frame(&head, &mut |field, _, bytes| told.push((field, bytes.to_vec())));
        assert_eq!(told.len(), 3);
        assert_eq!(told[1], ("LiveView: bytes 12 to 15", vec![4, 0, 0, 0]));
    }
}
