//! Operations of the standard that phone modes do not need: what a peer written for USB asks.

use filmwire_codec::dataset::{
    DataType, DeviceInfo, DevicePropDesc, DevicePropValue, Form, ObjectInfo, PropAccess,
    StorageInfo,
};
use filmwire_codec::{
    DevicePropCode, EventCode, ObjectFormatCode, ObjectHandle, OperationCode, PtpString,
    ResponseCode,
};

use super::Responder;
use super::remote::described;
use crate::camera::Camera;
use crate::card::{CardObject, Content, format};
use crate::persona::{Code, DeviceInfoPolicy};
use crate::reply::{Answer, Command, Reply};

/// Handle of the DCIM folder of a tree; its folders follow. Objects stay below.
const DCIM: u32 = 0x4000_0000;
/// "All stores", "all formats" and "no parent" in the standard's lists of parameters.
const ALL: u32 = 0xFFFF_FFFF;

impl Responder {
    pub(super) fn device_info(&self, camera: &Camera) -> Reply {
        if camera.persona.device_info == DeviceInfoPolicy::Empty {
            return Answer::empty(ResponseCode::OK).into();
        }
        let mut payload = Vec::new();
        info(camera).encode(&mut payload);
        Answer::data(payload).into()
    }

    /// Whether objects are shown at all; an X-T2 that was not led to the gallery shows no store.
    fn shows_objects(&self, camera: &Camera) -> bool {
        self.gallery || camera.persona.objects_without_gallery
    }

    pub(super) fn storage_ids(&self, camera: &Camera) -> Reply {
        let ids: &[u32] = if self.shows_objects(camera) { &[camera.storage().0] } else { &[] };
        Answer::data(array(ids)).into()
    }

    pub(super) fn storage_info(&self, camera: &Camera, command: &Command) -> Reply {
        if command.param(0) != camera.storage().0 || !self.shows_objects(camera) {
            return Answer::empty(ResponseCode::INVALID_STORAGE_ID).into();
        }
        let used: u64 = camera.card.objects().map(|object| object.size_bytes).sum();
        let capacity = (64u64 << 30).max(used * 2);
        let info = StorageInfo {
            storage_type: 4,
            filesystem_type: 3,
            access: u16::from(!camera.allow.delete),
            max_capacity_bytes: capacity,
            free_bytes: capacity - used,
            free_images: ALL,
            description: PtpString::from("SD card"),
            volume_label: PtpString::from(""),
        };
        let mut payload = Vec::new();
        info.encode(&mut payload);
        Answer::data(payload).into()
    }

    pub(super) fn object_number(&self, camera: &mut Camera, command: &Command) -> Reply {
        let count = self.filtered(camera, command).len() as u32;
        Answer { params: vec![camera.faults.claimed_count(count)], ..Answer::ok() }.into()
    }

    pub(super) fn object_handles(&self, camera: &mut Camera, command: &Command) -> Reply {
        let handles = self.filtered(camera, command);
        Answer::data(array(&handles)).into()
    }

    /// Handles by the three filters: store, format, parent.
    ///
    /// Parent 0 means everywhere, 0xFFFFFFFF the top of the tree. Source: ISO 15740,
    /// GetObjectHandles.
    fn filtered(&self, camera: &mut Camera, command: &Command) -> Vec<u32> {
        let (store, wanted, parent) = (command.param(0), command.param(1), command.param(2));
        if !self.shows_objects(camera) || !(matches!(store, 0 | ALL) || store == camera.storage().0)
        {
            return Vec::new();
        }
        let tree = camera.persona.folder_tree;
        let folders = if tree { folders(camera) } else { Vec::new() };
        let parent_of = |object: &CardObject| match tree {
            true => folder_handle(&folders, &object.folder).unwrap_or(ALL),
            false => ALL,
        };
        let below = |of: u32| parent == 0 || parent == of;
        let mut handles = Vec::new();
        if tree && matches!(wanted, 0 | ALL | 0x3001) {
            handles.extend(below(ALL).then_some(DCIM));
            let indices = 0..folders.len() as u32;
            handles.extend(indices.filter(|_| below(DCIM)).map(|index| DCIM + 1 + index));
        }
        for handle in 1..=camera.listing().len() as u32 {
            let Some(object) = camera.object(handle) else { continue };
            let format = matches!(wanted, 0 | ALL) || wanted == u32::from(object.format);
            if format && below(parent_of(&object)) {
                handles.push(handle);
            }
        }
        handles
    }

    /// The folder behind a handle of a tree, as if it were a file of no length.
    pub(super) fn folder(&self, camera: &Camera, handle: u32) -> Option<CardObject> {
        let index = handle.checked_sub(DCIM)?;
        let name = match index.checked_sub(1) {
            None => "DCIM".to_owned(),
            Some(index) => folders(camera).get(index as usize)?.clone(),
        };
        let mut object = CardObject::memory("", &name, Vec::new());
        object.format = format::ASSOCIATION;
        object.content = Content::Memory(bytes::Bytes::new());
        Some(object)
    }

    /// Says where in the tree an object is.
    pub(super) fn place(
        &self,
        camera: &Camera,
        handle: u32,
        object: &CardObject,
        info: &mut ObjectInfo,
    ) {
        let parent = match handle {
            DCIM => Some(0),
            handle if handle > DCIM => Some(DCIM),
            _ => folder_handle(&folders(camera), &object.folder),
        };
        info.parent = ObjectHandle(parent.unwrap_or(0));
        if info.format == ObjectFormatCode::ASSOCIATION {
            info.association_type = 1;
            info.keywords = PtpString::default();
        }
    }

    pub(super) fn describe_property(&self, camera: &mut Camera, command: &Command) -> Reply {
        let code = command.param(0) as u16;
        let listed = camera.persona.capabilities.iter().find(|known| known.code.0 == code);
        let listed = listed.map(|item| described(camera, item));
        let Some(desc) = listed.or_else(|| self.plain_desc(camera, code)) else {
            return self.unknown_property(camera);
        };
        let mut payload = Vec::new();
        desc.encode(&mut payload);
        Answer::data(payload).into()
    }

    /// A descriptor without a form, from the value that reading gives.
    fn plain_desc(&self, camera: &mut Camera, code: u16) -> Option<DevicePropDesc> {
        let bytes = self.value(camera, code)?;
        let mut word = [0; 4];
        word.iter_mut().zip(&bytes).for_each(|(to, byte)| *to = *byte);
        let data_type = match bytes.len() {
            1 => DataType::UINT8,
            2 => DataType::UINT16,
            _ => DataType::UINT32,
        };
        let value = DevicePropValue::Number { data_type, bits: u32::from_le_bytes(word) };
        // All that ptp-ip printed of an X-T1 say writable, but for the battery's.
        let fixed = camera.is_on_dial(DevicePropCode(code))
            || DevicePropCode(code) == DevicePropCode::BATTERY_LEVEL;
        Some(DevicePropDesc {
            property: DevicePropCode(code),
            data_type,
            access: if fixed { PropAccess::GET } else { PropAccess::GET_SET },
            default: value.clone(),
            current: value,
            form: Form::None,
        })
    }
}

fn array(items: &[u32]) -> Vec<u8> {
    let mut out = (items.len() as u32).to_le_bytes().to_vec();
    out.extend(items.iter().flat_map(|item| item.to_le_bytes()));
    out
}

/// Names of the folders below DCIM, in order.
fn folders(camera: &Camera) -> Vec<String> {
    let mut names: Vec<String> = camera.card.objects().map(|object| object.folder).collect();
    names.sort();
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}

fn folder_handle(folders: &[String], name: &str) -> Option<u32> {
    let index = folders.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
    Some(DCIM + 1 + index as u32)
}

/// DeviceInfo with the vendor extension registered for Fujifilm.
fn info(camera: &Camera) -> DeviceInfo {
    let persona = &camera.persona;
    let known = OperationCode::KNOWN.iter().map(|entry| entry.code as u16);
    let supported = |code: &u16| match code {
        0x100C | 0x100D => camera.allow.upload,
        0x1001..=0x100B | 0x100E | 0x1014..=0x1016 | 0x1018 => true,
        0x101B | 0x101C | 0x9022 | 0x902B => true,
        _ => false,
    };
    let settings = persona.remote_list.iter().map(|(code, _)| code.0);
    let others = persona.properties.keys().chain(persona.versions.keys()).map(|code: &Code| code.0);
    let states = [0xD212, 0xD222, 0xD226, 0xD227, 0xDF00, 0xDF01];
    let mut properties: Vec<u16> = settings.chain(others).chain(states).collect();
    properties.sort_unstable();
    properties.dedup();
    DeviceInfo {
        standard_version: 100,
        vendor_extension: 14,
        vendor_extension_version: 100,
        vendor_extension_desc: PtpString::from("fujifilm.co.jp: 1.0; "),
        functional_mode: 0,
        operations: known.filter(supported).collect(),
        events: vec![EventCode::OBJECT_ADDED.0, EventCode::CAPTURE_COMPLETE.0],
        properties,
        capture_formats: vec![format::JPEG],
        image_formats: vec![format::JPEG, format::MOV, format::RAF, format::ASSOCIATION],
        manufacturer: PtpString::from("FUJIFILM"),
        model: PtpString::from(persona.model.as_str()),
        device_version: PtpString::from(persona.firmware.as_str()),
        serial_number: PtpString::from("00000000000000000000000000000000"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::super::property::setting_width;
    use super::*;
    use crate::card::{Card, GenerateSpec};
    use crate::persona::Persona;

    #[test]
    fn listed_settings_have_the_width_their_descriptor_says() {
        for name in Persona::names() {
            let card = Card::new(GenerateSpec::default());
            let camera = Camera::new(Persona::builtin(name).unwrap(), card, Instant::now());
            for item in &camera.persona.capabilities {
                let width = DataType(item.data_type).width_bytes();
                let met = setting_width(&camera, item.code.0);
                assert_eq!(width, Some(met), "{name} {}", item.code);
            }
        }
    }
}
