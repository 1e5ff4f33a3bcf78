//! Parameters, properties and datasets in words.

use filmwire_codec::dataset::{
    Capabilities, CurrentState, DeviceInfo, DevicePropDesc, ObjectInfo, StorageInfo,
};
use filmwire_codec::value::kind;
use filmwire_codec::{
    CameraState, DevicePropCode, FunctionMode, OperationCode, PtpString, Reader, StorageId,
};

/// Entries of a list that are shown.
const MOST_SHOWN: usize = 8;
/// Numbers below are shown as such, others as hex: codes and versions.
const DECIMAL_BELOW: u32 = 0x8000;

/// The parameters of an operation.
pub(crate) fn params(operation: OperationCode, params: &[u32]) -> String {
    match (operation, params) {
        (_, []) => String::new(),
        (OperationCode::OPEN_SESSION, [session, ..]) => format!("session {session}"),
        (
            OperationCode::GET_DEVICE_PROP_VALUE
            | OperationCode::SET_DEVICE_PROP_VALUE
            | OperationCode::GET_DEVICE_PROP_DESC
            | OperationCode::RESET_DEVICE_PROP_VALUE,
            [property, ..],
        ) => match u16::try_from(*property) {
            Ok(code) => DevicePropCode(code).to_string(),
            Err(_) => format!("{property:#X}"),
        },
        (
            OperationCode::GET_OBJECT_INFO
            | OperationCode::GET_OBJECT
            | OperationCode::GET_THUMB
            | OperationCode::DELETE_OBJECT,
            [object, ..],
        ) => format!("object {}", number(*object)),
        (OperationCode::GET_PARTIAL_OBJECT, [object, offset, most, ..]) => {
            format!("object {}, from {offset}, at most {most} bytes", number(*object))
        }
        (OperationCode::GET_STORAGE_INFO, [store, ..]) => format!("store {store:#010X}"),
        (
            OperationCode::TERMINATE_OPEN_CAPTURE | OperationCode::TERMINATE_MOVIE_CAPTURE,
            [begun, ..],
        ) => format!("of #{begun}"),
        (_, params) => {
            params.iter().map(|param| format!("{param:#X}")).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The data phase of an operation; empty if there is nothing to say.
pub(crate) fn data(operation: OperationCode, params: &[u32], payload: &[u8]) -> String {
    if payload.is_empty() {
        return "empty".to_owned();
    }
    let told = match operation {
        OperationCode::GET_DEVICE_INFO => DeviceInfo::decode(payload).ok().map(device_info),
        OperationCode::GET_OBJECT_INFO => ObjectInfo::decode(payload).ok().map(object_info),
        OperationCode::GET_STORAGE_INFO => StorageInfo::decode(payload).ok().map(storage_info),
        OperationCode::GET_DEVICE_PROP_DESC => {
            DevicePropDesc::decode(&mut Reader::new(payload)).ok().map(|desc| property_desc(&desc))
        }
        OperationCode::GET_CAPABILITIES => Capabilities::decode(payload).ok().map(capabilities),
        OperationCode::GET_STORAGE_IDS => {
            let ids = Reader::new(payload).array_u32("StorageIDs").ok();
            ids.map(|ids| list(&ids, |id| format!("{:#010X}", StorageId(*id).0)))
        }
        OperationCode::GET_OBJECT_HANDLES => {
            let handles = Reader::new(payload).array_u32("ObjectHandles").ok();
            handles.map(|handles| list(&handles, |handle| number(*handle)))
        }
        OperationCode::GET_DEVICE_PROP_VALUE | OperationCode::SET_DEVICE_PROP_VALUE => {
            let code = params.first().and_then(|&code| u16::try_from(code).ok());
            code.and_then(|code| property(DevicePropCode(code), payload))
        }
        _ => None,
    };
    told.unwrap_or_default()
}

/// A property's value, as it is read and written.
fn property(property: DevicePropCode, payload: &[u8]) -> Option<String> {
    if property == DevicePropCode::CURRENT_STATE {
        let state = CurrentState::decode(payload).ok()?;
        let entry = |entry: &filmwire_codec::dataset::StateEntry| {
            format!("{} = {}", short(entry.property), value(entry.property, entry.value))
        };
        return Some(list(&state.entries, entry));
    }
    if property == DevicePropCode::GEOLOCATION {
        let mut reader = Reader::new(payload);
        let text = PtpString::decode(&mut reader, "Geolocation").ok()?;
        return reader.finish("Geolocation").ok().map(|()| format!("{:?}", text.to_text()));
    }
    let bits = match *payload {
        [a] => u32::from(a),
        [a, b] => u32::from(u16::from_le_bytes([a, b])),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        _ => return None,
    };
    Some(value(property, bits))
}

fn value(property: DevicePropCode, bits: u32) -> String {
    let code = u16::try_from(bits);
    match (property, code) {
        (DevicePropCode::CAMERA_STATE, Ok(code)) => CameraState(code).to_string(),
        (DevicePropCode::FUNCTION_MODE, Ok(code)) => FunctionMode(code).to_string(),
        (property, _) if property.is_version() => format!("{bits:#X}"),
        // As `filmwire settings` shows it.
        _ => kind(property).map_or_else(|| number(bits), |kind| kind.text(bits)),
    }
}

fn number(bits: u32) -> String {
    if bits < DECIMAL_BELOW { bits.to_string() } else { format!("{bits:#X}") }
}

/// The name of a property, or its code.
fn short(property: DevicePropCode) -> String {
    property.name().map_or_else(|| format!("{:#06X}", property.0), str::to_owned)
}

fn list<T>(entries: &[T], show: impl Fn(&T) -> String) -> String {
    let mut shown: Vec<_> = entries.iter().take(MOST_SHOWN).map(show).collect();
    match entries.len() {
        0 => return "nothing".to_owned(),
        count if count > MOST_SHOWN => shown.push(format!("{} more", count - MOST_SHOWN)),
        _ => {}
    }
    shown.join(", ")
}

/// The serial number is left out: transcripts are shown to others.
fn device_info(info: DeviceInfo) -> String {
    format!(
        "{:?} {:?}, firmware {:?}, {} operations, {} properties",
        info.manufacturer.to_text(),
        info.model.to_text(),
        info.device_version.to_text(),
        info.operations.len(),
        info.properties.len(),
    )
}

fn object_info(info: ObjectInfo) -> String {
    format!(
        "{:?}, {}, {} bytes, {}x{}, {:?}",
        info.name.to_text(),
        info.format,
        info.size_bytes,
        info.width,
        info.height,
        info.capture_date.to_text(),
    )
}

fn storage_info(info: StorageInfo) -> String {
    format!("{} of {} bytes free", info.free_bytes, info.max_capacity_bytes)
}

fn property_desc(desc: &DevicePropDesc) -> String {
    let access = if desc.access == filmwire_codec::dataset::PropAccess::GET_SET {
        ""
    } else {
        ", read only"
    };
    format!("{}{access}", desc.property)
}

fn capabilities(capabilities: Capabilities) -> String {
    list(&capabilities.items, |desc| short(desc.property))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_as_settings_are() {
        let told = |code, payload: &[u8]| property(DevicePropCode(code), payload).unwrap();
        // Origin: log:XT4 and log:XT5, the fact sheet's appendices A.3 and A.4.
        let values: [(u16, u32, &str); 9] = [
            (0x5005, 4, "daylight"),
            (0x5007, 360, "f/3.6"),
            (0x5010, 0xFD65, "-0.7"),
            (0xD02A, 0x8000_1900, "auto-6400"),
            (0xD17C, 0x0302_0705, "7,5"),
            (0xD240, 0x8000_EA60, "1/60"),
            (0xD242, 11, "5 of 5 bars"),
            (0xD52F, 1, "1"),
            (0xDF24, 0x0002_000A, "0x2000A"),
        ];
        let mut list = vec![values.len() as u8, 0];
        for (code, bits, text) in values {
            assert_eq!(told(code, &bits.to_le_bytes()), text);
            list.extend(code.to_le_bytes());
            list.extend(bits.to_le_bytes());
        }
        // In the short form as well.
        assert_eq!(told(0x5010, &[0x65, 0xFD]), "-0.7");
        let list = told(0xD212, &list);
        assert!(list.contains("FNumber = f/3.6, ") && list.contains("ISO = auto-6400"), "{list}");
    }

    #[test]
    fn a_place_is_told_as_it_was_written() {
        let text = "5229.131848,N 01322.842972,E 00034.50,M 000.0,K 2016:01:03 15:41:40.130";
        let mut payload = Vec::new();
        PtpString::from(text).encode(&mut payload);
        let place = DevicePropCode::GEOLOCATION;
        assert_eq!(property(place, &payload), Some(format!("{text:?}")));
        payload.pop();
        assert_eq!(property(place, &payload), None);
    }
}
