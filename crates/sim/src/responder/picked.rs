//! Camera-picked transfer: the person chose pictures on the camera, which hands them out one by one.
//!
//! Object 1 is the next picture; when its last byte was read the one after it takes its place and
//! D212 tells the start list again. After the last one the camera hangs up at the next command.
//! Source: the fact sheet's section 4.5 (libfuji, hkr, vcam). Which pictures were picked is chosen
//! by us: all that the card lists.

use filmwire_codec::CameraState;

use super::Responder;
use crate::camera::Camera;

/// How many of the picked pictures were handed out.
#[derive(Debug, Default)]
pub(super) struct Picked {
    done: u32,
    over: bool,
}

impl Picked {
    /// Whether nothing is left.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

impl Responder {
    /// Whether the camera is in a camera-picked transfer.
    pub(super) fn is_picked(&self) -> bool {
        self.state == CameraState::PICKED.0
    }

    /// The handle on the card of the handle a client asks for.
    pub(super) fn picked_handle(&self, handle: u32) -> u32 {
        match handle {
            1 if self.is_picked() => 1 + self.picked.done,
            // There is no other object.
            _ if self.is_picked() => 0,
            handle => handle,
        }
    }

    /// Notices that the last byte of a picture was handed out.
    pub(super) fn picture_done(&mut self, camera: &mut Camera) {
        if !self.is_picked() {
            return;
        }
        self.picked.done += 1;
        self.informed.clear();
        self.lists.queue_start();
        self.picked.over = self.picked.done >= camera.count();
    }
}
