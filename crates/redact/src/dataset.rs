//! Data of operations: what is read, has every field judged, and is written again as long as it
//! was. What cannot be read so is all zeros, or cannot be read afterwards either.

use filmwire_codec::PtpString;
use filmwire_codec::Reader;
use filmwire_codec::dataset::{
    Capabilities, CurrentState, DataType, DeviceInfo, DevicePropDesc, DevicePropValue, Form,
    ObjectInfo, StorageInfo,
};
use filmwire_codec::value::kind;
use filmwire_codec::{DevicePropCode, OperationCode};

use crate::replaced::{Place, Replaced, Secret};
use crate::word;

/// Stands for every byte of a dataset that is none: as zeros it would be one, of an object without a
/// name or a state without entries, and as this its counts are more than there is.
const UNREADABLE: u8 = 0xFF;
/// The vendor, as cameras write it.
const MANUFACTURER: &str = "FUJIFILM";

/// Where replacing is told of.
pub(crate) struct Veil<'a> {
    pub(crate) replaced: &'a mut Replaced,
    pub(crate) place: Place,
}

impl Veil<'_> {
    pub(crate) fn tell(&mut self, secret: Secret, bytes: usize) {
        self.replaced.add(secret, bytes, self.place);
    }

    /// A text that stands for another; told of if it is another.
    fn text(
        &mut self,
        secret: Secret,
        text: &mut PtpString,
        stand_in: impl FnOnce(&str) -> String,
    ) {
        let shown = word::in_place_of(text, &stand_in(&text.to_text())).unwrap_or_default();
        if shown != *text {
            let mut bytes = Vec::new();
            text.encode(&mut bytes);
            self.tell(secret, bytes.len() - 1);
            *text = shown;
        }
    }

    fn hide(&mut self, secret: Secret, text: &mut PtpString) {
        self.text(secret, text, word::blank);
    }

    /// A text that may stand if it is of a kind.
    fn keep_if(&mut self, is: fn(&str) -> bool, secret: Secret, text: &mut PtpString) {
        self.text(secret, text, |real| if is(real) { real.to_owned() } else { word::blank(real) });
    }
}

/// What stands for the data of an operation, as long as it was.
pub(crate) fn data(
    operation: OperationCode,
    params: &[u32],
    payload: &[u8],
    veil: &mut Veil<'_>,
) -> Vec<u8> {
    let property = params.first().and_then(|&code| u16::try_from(code).ok()).map(DevicePropCode);
    let written = match operation {
        OperationCode::GET_DEVICE_INFO => device_info(payload, veil),
        OperationCode::GET_STORAGE_INFO => storage_info(payload, veil),
        OperationCode::GET_OBJECT_INFO => object_info(payload, veil),
        OperationCode::GET_STORAGE_IDS | OperationCode::GET_OBJECT_HANDLES => words(payload),
        OperationCode::GET_DEVICE_PROP_DESC => description(payload, veil),
        OperationCode::GET_CAPABILITIES => capabilities(payload, veil),
        OperationCode::GET_DEVICE_PROP_VALUE | OperationCode::SET_DEVICE_PROP_VALUE => {
            match property {
                Some(DevicePropCode::CURRENT_STATE) => current_state(payload, veil),
                Some(DevicePropCode::GEOLOCATION) => {
                    veil.tell(Secret::Position, payload.len());
                    return vec![0; payload.len()];
                }
                Some(code) if is_harmless(code) && is_number(payload) => Some(payload.to_vec()),
                _ => None,
            }
        }
        _ => None,
    };
    match written {
        Some(mut written) if written.len() <= payload.len() => {
            let behind = payload.get(written.len()..).unwrap_or_default();
            if behind.iter().any(|&byte| byte != 0) {
                veil.tell(Secret::Unknown, behind.len());
            }
            written.resize(payload.len(), 0);
            written
        }
        _ => {
            veil.tell(Secret::Unknown, payload.len());
            vec![if is_dataset(operation, property) { UNREADABLE } else { 0 }; payload.len()]
        }
    }
}

/// What stands for data whose command is not known.
pub(crate) fn unasked(operation: OperationCode, payload: &[u8], veil: &mut Veil<'_>) -> Vec<u8> {
    veil.tell(Secret::Unknown, payload.len());
    vec![if is_dataset(operation, None) { UNREADABLE } else { 0 }; payload.len()]
}

/// True for data that is read field by field.
fn is_dataset(operation: OperationCode, property: Option<DevicePropCode>) -> bool {
    match operation {
        OperationCode::GET_DEVICE_PROP_VALUE => property == Some(DevicePropCode::CURRENT_STATE),
        OperationCode::GET_DEVICE_INFO
        | OperationCode::GET_STORAGE_INFO
        | OperationCode::GET_OBJECT_INFO
        | OperationCode::GET_STORAGE_IDS
        | OperationCode::GET_OBJECT_HANDLES
        | OperationCode::GET_DEVICE_PROP_DESC
        | OperationCode::GET_CAPABILITIES => true,
        _ => false,
    }
}

/// True for a number, also where zeros follow: some clients write more than the property has (the
/// fact sheet's section 3.2).
fn is_number(payload: &[u8]) -> bool {
    payload.iter().skip(4).all(|&byte| byte == 0)
}

/// True for properties whose values are settings, counts and versions: numbers of the tables.
fn is_harmless(code: DevicePropCode) -> bool {
    kind(code).is_some()
        || code.is_version()
        || matches!(
            code,
            DevicePropCode::USB_MODE
                | DevicePropCode::ZOOM_POSITION
                | DevicePropCode::LIVE_VIEW_QUALITY
                | DevicePropCode::FREE_SDRAM_IMAGES
                | DevicePropCode::SELECTED_IMAGES_MODE
                | DevicePropCode::OBJECT_COUNT
                | DevicePropCode::OBJECT_COUNT_2
                | DevicePropCode::RESIZE
                | DevicePropCode::REAL_FILE_SIZE
                | DevicePropCode::PICTURES_REMAINING
                | DevicePropCode::MOVIE_SECONDS_REMAINING
                | DevicePropCode::SLOT
                | DevicePropCode::IMPORT_OBJECT_COUNT
                | DevicePropCode::CAMERA_STATE
                | DevicePropCode::FUNCTION_MODE
        )
}

fn device_info(payload: &[u8], veil: &mut Veil<'_>) -> Option<Vec<u8>> {
    let mut info = DeviceInfo::decode(payload).ok()?;
    veil.hide(Secret::Text, &mut info.vendor_extension_desc);
    veil.keep_if(|text| text == MANUFACTURER, Secret::Text, &mut info.manufacturer);
    veil.keep_if(word::is_model, Secret::CameraName, &mut info.model);
    veil.keep_if(word::is_version, Secret::Text, &mut info.device_version);
    veil.hide(Secret::Serial, &mut info.serial_number);
    Some(written(|out| info.encode(out)))
}

fn storage_info(payload: &[u8], veil: &mut Veil<'_>) -> Option<Vec<u8>> {
    let mut info = StorageInfo::decode(payload).ok()?;
    veil.hide(Secret::Text, &mut info.description);
    veil.hide(Secret::Text, &mut info.volume_label);
    Some(written(|out| info.encode(out)))
}

fn object_info(payload: &[u8], veil: &mut Veil<'_>) -> Option<Vec<u8>> {
    let mut info = ObjectInfo::decode(payload).ok()?;
    veil.text(Secret::ObjectName, &mut info.name, word::object_name);
    veil.text(Secret::Date, &mut info.capture_date, word::date);
    veil.text(Secret::Date, &mut info.modification_date, word::date);
    veil.keep_if(word::is_keyword, Secret::Text, &mut info.keywords);
    if info.surplus.iter().any(|&byte| byte != 0) {
        veil.tell(Secret::Unknown, info.surplus.len());
        info.surplus.fill(0);
    }
    Some(written(|out| info.encode(out)))
}

/// u32 count, then so many u32: numbers of stores and objects.
fn words(payload: &[u8]) -> Option<Vec<u8>> {
    let count = u32::from_le_bytes(*payload.first_chunk()?) as usize;
    payload.get(..count.checked_mul(4)?.checked_add(4)?).map(<[u8]>::to_vec)
}

fn current_state(payload: &[u8], veil: &mut Veil<'_>) -> Option<Vec<u8>> {
    let mut state = CurrentState::decode(payload).ok()?;
    for entry in &mut state.entries {
        if !is_harmless(entry.property) && entry.value != 0 {
            veil.tell(Secret::Unknown, 4);
            entry.value = 0;
        }
    }
    match payload {
        [] => Some(Vec::new()),
        _ => Some(written(|out| state.encode(out))),
    }
}

/// A descriptor; what follows it, which may be stale memory of the camera, is zeros.
fn description(payload: &[u8], veil: &mut Veil<'_>) -> Option<Vec<u8>> {
    if payload.is_empty() {
        return Some(Vec::new());
    }
    let r = &mut Reader::new(payload);
    let mut description = DevicePropDesc::decode(r).ok()?;
    let surplus = r.rest();
    hide_values(&mut description, veil);
    let mut out = written(|out| description.encode(out));
    if surplus.iter().any(|&byte| byte != 0) {
        veil.tell(Secret::Unknown, surplus.len());
    }
    out.resize(out.len() + surplus.len(), 0);
    Some(out)
}

fn capabilities(payload: &[u8], veil: &mut Veil<'_>) -> Option<Vec<u8>> {
    if payload.is_empty() {
        return Some(Vec::new());
    }
    let mut list = Capabilities::decode(payload).ok()?;
    list.items.iter_mut().for_each(|item| hide_values(item, veil));
    Some(written(|out| list.encode(out)))
}

fn hide_values(description: &mut DevicePropDesc, veil: &mut Veil<'_>) {
    let is_harmless = is_harmless(description.property);
    let DevicePropDesc { default, current, form, .. } = description;
    let values = [default, current].into_iter();
    match form {
        Form::None => values.for_each(|value| hide_value(value, is_harmless, veil)),
        Form::Range { min, max, step } => {
            values.chain([min, max, step]).for_each(|value| hide_value(value, is_harmless, veil))
        }
        Form::Enumeration(list) => {
            values.chain(list).for_each(|value| hide_value(value, is_harmless, veil));
        }
    }
}

fn hide_value(value: &mut DevicePropValue, is_harmless: bool, veil: &mut Veil<'_>) {
    match value {
        DevicePropValue::Number { .. } if is_harmless => {}
        DevicePropValue::Number { bits, data_type } => {
            if *bits != 0 {
                veil.tell(Secret::Unknown, DataType::width_bytes(*data_type).unwrap_or(4));
                *bits = 0;
            }
        }
        DevicePropValue::Text(text) => veil.hide(Secret::Text, text),
    }
}

fn written(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out);
    out
}
