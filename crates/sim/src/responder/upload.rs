//! Objects that a client sends, where [`Allow::upload`](crate::Allow::upload) permits it.
//!
//! No phone mode takes objects (fact sheet 10.2); this is the standard's way, for peers written
//! for USB. What is sent lives in memory, beside whatever the card is made of.

use filmwire_codec::ResponseCode;
use filmwire_codec::dataset::ObjectInfo;

use super::Responder;
use crate::camera::Camera;
use crate::card::CardObject;
use crate::persona::HandleOrder;
use crate::reply::{Answer, Command, Reply};

/// Where objects go whose parent is no folder.
const FOLDER: &str = "100_FUJI";
/// ISO 15740: SendObject came without SendObjectInfo before it.
const NO_VALID_OBJECT_INFO: ResponseCode = ResponseCode(0x2015);

/// What SendObjectInfo announced.
#[derive(Debug)]
pub(super) struct Announced {
    name: String,
    folder: String,
    size_bytes: u32,
}

impl Responder {
    /// Answers SendObjectInfo: store, parent, and the handle the object will have.
    pub(super) fn announce_object(&mut self, camera: &mut Camera, command: &Command) -> Reply {
        let data = command.data.as_deref().unwrap_or_default();
        let Ok(info) = ObjectInfo::decode(data) else {
            return Answer::new(ResponseCode::INVALID_PARAMETER).into();
        };
        let parent = command.param(1);
        let folder = self.folder(camera, parent).map_or_else(|| FOLDER.to_owned(), |f| f.name);
        let name = info.name.to_text();
        self.announced = Some(Announced { name, folder, size_bytes: info.size_bytes });
        let handle = match camera.persona.handle_order {
            HandleOrder::NewestFirst => 1,
            HandleOrder::OldestFirst => camera.listing().len() as u32 + 1,
        };
        Answer { params: vec![camera.storage().0, parent, handle], ..Answer::ok() }.into()
    }

    /// Answers SendObject: the object is on the card afterwards.
    pub(super) fn take_object(&mut self, camera: &mut Camera, command: &Command) -> Reply {
        let Some(announced) = self.announced.take() else {
            return Answer::new(NO_VALID_OBJECT_INFO).into();
        };
        let data = command.data.clone().unwrap_or_default();
        // Longer than what is kept of a data phase means: not all of it is there.
        if data.len() as u64 != command.data_bytes || data.len() != announced.size_bytes as usize {
            return Answer::new(ResponseCode::INCOMPLETE_TRANSFER).into();
        }
        camera.card.push(CardObject::memory(&announced.folder, &announced.name, data));
        Answer::ok().into()
    }
}
