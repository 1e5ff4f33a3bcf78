//! Operations on objects.

use std::sync::Arc;

use bytes::Bytes;
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::{ObjectFormatCode, OperationCode, PtpString, ResponseCode, StorageId};

use super::{OpenRead, Responder};
use crate::camera::Camera;
use crate::card::CardObject;
use crate::reply::{Answer, Body, Command, Reply};

/// The only store of a phone mode. Seen: X-T10, X-T4.
pub(super) const STORAGE: StorageId = StorageId(0x1000_0001);

/// A handle an official app asks for, for an unknown purpose: always 0x2009 (log:XT4, log:XT5).
const PSEUDO_HANDLE: u32 = 0xFFFF_FFF1;

impl Responder {
    pub(super) fn object_operation(&mut self, camera: &mut Camera, command: &Command) -> Reply {
        let handle = command.param(0);
        let operation = OperationCode(command.operation);
        if handle == PSEUDO_HANDLE {
            return self.refusal(command, ResponseCode::INVALID_OBJECT_HANDLE).into();
        }
        let gallery = self.gallery || camera.persona.objects_without_gallery;
        if !gallery && !self.is_picked() || self.versions_refused {
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
        camera.object(self.picked_handle(handle))
    }

    fn object_info(&mut self, camera: &Camera, handle: u32, object: &CardObject) -> Reply {
        self.informed.insert(handle);
        let mut info = self.describe(camera, object);
        if camera.persona.folder_tree {
            self.place(camera, handle, object, &mut info);
        }
        camera.faults.object_info(&mut info);
        let mut payload = Vec::new();
        info.encode(&mut payload);
        Answer::data(payload).into()
    }

    fn describe(&self, camera: &Camera, object: &CardObject) -> ObjectInfo {
        let reduced = self.reduced(object);
        let shown = reduced.as_ref().unwrap_or(object);
        let placeholder = camera.persona.placeholder_bytes;
        let hidden = placeholder != 0 && !self.real_size && !self.resize;
        let size = if hidden { u64::from(placeholder) } else { shown.size_bytes };
        let thumb = object.thumb;
        ObjectInfo {
            storage: STORAGE,
            format: ObjectFormatCode(object.format),
            // A u32 cannot say more; how real bodies show such files is unknown (12.1.9).
            size_bytes: u32::try_from(size).unwrap_or(u32::MAX),
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

    /// The object as D226 = 1 hands it out, where that is asked for and possible.
    fn reduced(&self, object: &CardObject) -> Option<CardObject> {
        self.resize.then(|| object.reduced()).flatten()
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
        let object = self.reduced(&object).map_or(object, Arc::new);
        let (handle, offset) = (command.param(0), u64::from(command.param(1)));
        let wanted = u64::from(command.param(2)).min(u64::from(camera.persona.max_piece_bytes));
        let rest = object.size_bytes.saturating_sub(offset);
        let length = camera.faults.piece(wanted.min(rest));
        let cure = camera.persona.unfinished_read_cure;
        let finished = offset + length >= object.size_bytes;
        self.open_read = (!finished && cure > 0).then_some(OpenRead { handle, cure_left: cure });
        camera.stats.object_bytes += length;
        if finished && length > 0 {
            self.picture_done(camera);
        }
        let data = if length == 0 {
            Body::Bytes(Bytes::new())
        } else {
            Body::Object { object, offset, length }
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
