//! Operations on objects.

use std::sync::Arc;

use bytes::Bytes;
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::{ObjectFormatCode, OperationCode, PtpString, ResponseCode};

use super::{OpenRead, Responder, newer};
use crate::camera::Camera;
use crate::card::CardObject;
use crate::persona::HugeSize;
use crate::reply::{Answer, Body, Command, Reply};

/// A handle an official app asks for, for an unknown purpose: always 0x2009 (log:XT4, log:XT5).
const PSEUDO_HANDLE: u32 = 0xFFFF_FFF1;

/// What 32-bit offsets reach: bytes behind it cannot be asked for (fact sheet 9.3).
const REACH_BYTES: u64 = 1 << 32;

impl Responder {
    pub(super) fn object_operation(&mut self, camera: &mut Camera, command: &Command) -> Reply {
        let handle = command.param(0);
        let operation = OperationCode(command.operation);
        if handle == PSEUDO_HANDLE {
            return self.refusal(command, ResponseCode::INVALID_OBJECT_HANDLE).into();
        }
        let gallery = self.gallery || camera.persona.objects_without_gallery;
        if !gallery && !self.hands_out(camera) || self.versions_refused {
            // The camera stops answering object operations (fact sheet 4.7).
            return Reply::Silent;
        }
        if self.open_read.is_some_and(|read| read.handle != handle) {
            return Reply::Silent;
        }
        let Some(object) = self.find(camera, handle) else {
            return self.refusal(command, ResponseCode::INVALID_OBJECT_HANDLE).into();
        };
        match operation {
            OperationCode::GET_OBJECT_INFO => self.object_info(camera, handle, &object),
            OperationCode::GET_THUMB => self.thumb(camera, handle, &object),
            OperationCode::GET_PARTIAL_OBJECT => self.part(camera, command, object),
            OperationCode::GET_OBJECT => self.whole(camera, object),
            _ => self.delete(camera, handle),
        }
    }

    /// The object behind a handle; folders of a tree are none.
    fn find(&self, camera: &mut Camera, handle: u32) -> Option<Arc<CardObject>> {
        if camera.persona.folder_tree
            && let Some(folder) = self.folder(camera, handle)
        {
            return Some(Arc::new(folder));
        }
        match handle {
            1 if self.is_picked() => camera.picked(self.picked.done()),
            // There is no other object.
            _ if self.is_picked() => None,
            handle => camera.object(handle),
        }
    }

    fn object_info(&mut self, camera: &Camera, handle: u32, object: &CardObject) -> Reply {
        self.informed.insert(handle);
        self.last_informed = Some(handle);
        let mut info = self.describe(camera, object);
        if camera.persona.folder_tree {
            self.place(camera, handle, object, &mut info);
        }
        camera.faults.object_info(&mut info);
        let mut payload = Vec::new();
        info.encode(&mut payload);
        Answer::data(payload).into()
    }

    pub(super) fn describe(&self, camera: &Camera, object: &CardObject) -> ObjectInfo {
        let reduced = self.reduced(camera, object);
        let shown = reduced.as_ref().unwrap_or(object);
        let thumb = object.thumb;
        ObjectInfo {
            storage: camera.storage(),
            format: ObjectFormatCode(object.format),
            size_bytes: self.announced_bytes(camera, object, shown),
            thumb_format: thumb.map_or(0, |_| ObjectFormatCode::THUMB_JPEG.0),
            thumb_size_bytes: thumb.map_or(0, |thumb| thumb.size_bytes),
            thumb_width: thumb.map_or(0, |thumb| u32::from(thumb.width)),
            thumb_height: thumb.map_or(0, |thumb| u32::from(thumb.height)),
            width: shown.width,
            height: shown.height,
            name: PtpString::from(object.name.as_str()),
            capture_date: PtpString::from(
                object.capture.map(|at| at.ptp()).unwrap_or_default().as_str(),
            ),
            keywords: PtpString::from(format!("Orientation:{}", object.orientation).as_str()),
            ..ObjectInfo::default()
        }
    }

    /// The size that ObjectInfo tells of an object that is handed out as `shown`.
    fn announced_bytes(&self, camera: &Camera, object: &CardObject, shown: &CardObject) -> u32 {
        let persona = &camera.persona;
        // D226 = 2 is the original on the newer path, which never sets D227 (fact sheet 4.8).
        let told = self.real_size || self.resize == 1 || self.resize == 2 && camera.newer_view;
        // Sizes are real at once where the camera picks (X-T10, fact sheet 4.6).
        if persona.placeholder_bytes != 0 && !told && !self.is_picked() {
            return persona.placeholder_bytes;
        }
        let size = if self.pads(camera) { object.size_bytes } else { shown.size_bytes };
        u32::try_from(size).unwrap_or(match persona.size_past_4g {
            HugeSize::Max => u32::MAX,
            HugeSize::Wrap => size as u32,
            HugeSize::Zero => 0,
        })
    }

    /// The object as it is handed out resized, where that is asked for and possible.
    fn reduced(&self, camera: &Camera, object: &CardObject) -> Option<CardObject> {
        let picked = self.is_picked() && camera.persona.picked_resized;
        (picked || self.resize == 1).then(|| object.reduced()).flatten()
    }

    /// Whether a resized object is filled up to the original's length.
    fn pads(&self, camera: &Camera) -> bool {
        self.resize == 1 && camera.newer_view && camera.persona.newer_resize_padding
    }

    fn thumb(&self, camera: &Camera, handle: u32, object: &CardObject) -> Reply {
        if camera.persona.thumb_needs_object_info && !self.informed.contains(&handle) {
            return Reply::Silent;
        }
        match object.thumb() {
            Ok(Some(thumb)) => Answer::data(thumb).into(),
            Ok(None) => Answer::empty(ResponseCode::NO_THUMBNAIL_PRESENT).into(),
            Err(_) => Answer::empty(ResponseCode::GENERAL_ERROR).into(),
        }
    }

    fn part(&mut self, camera: &mut Camera, command: &Command, object: Arc<CardObject>) -> Reply {
        let padded = self.pads(camera).then_some(object.size_bytes);
        let object = self.reduced(camera, &object).map_or(object, Arc::new);
        let end = padded.map_or(object.size_bytes, |end| end.max(object.size_bytes));
        let (handle, offset) = (command.param(0), u64::from(command.param(1)));
        let wanted = u64::from(command.param(2)).min(u64::from(camera.persona.max_piece_bytes));
        let rest = end.min(REACH_BYTES).saturating_sub(offset);
        let length = camera.faults.piece(wanted.min(rest));
        let cure = camera.persona.unfinished_read_cure;
        let finished = offset + length >= end;
        self.open_read = (!finished && cure > 0).then_some(OpenRead { handle, cure_left: cure });
        camera.stats.object_bytes += length;
        if finished && length > 0 {
            self.picture_done(camera, command.param(2));
        }
        let data = match length {
            0 => Body::Bytes(Bytes::new()),
            _ if padded.is_some() => Body::Bytes(newer::padded(&object, offset, length)),
            _ => Body::Object { object, offset, length },
        };
        Answer { data: Some(data), params: vec![length as u32], ..Answer::ok() }.into()
    }

    fn whole(&mut self, camera: &mut Camera, object: Arc<CardObject>) -> Reply {
        let length = object.size_bytes;
        self.open_read = None;
        camera.stats.object_bytes += length;
        let data = Body::Object { object, offset: 0, length };
        Answer { data: Some(data), ..Answer::ok() }.into()
    }

    fn delete(&self, camera: &mut Camera, handle: u32) -> Reply {
        let position = camera.position(handle);
        let gone = position.and_then(|position| camera.card.delete(position));
        let code = match gone {
            Some(_) => ResponseCode::OK,
            None => ResponseCode::INVALID_OBJECT_HANDLE,
        };
        Answer::new(code).into()
    }
}
