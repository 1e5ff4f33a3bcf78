//! Pictures picked at the camera, which hands them out one by one: camera-picked transfer and
//! receive mode.
//!
//! Object 1 is the next picture; when its last byte was read the one after it takes its place and
//! D212 tells the list again. After the last one the camera hangs up at the next command. In
//! camera-picked transfer the pictures were picked before the client came (DF00 = 1); in receive
//! mode the client asks (DF01 = 8, DF21) and the person chooses then (DF00 = 8).
//!
//! Source: the fact sheet's sections 4.5 and 4.6 (libfuji, hkr, vcam). A client that comes back
//! after a cut is handed all of them again, from the first one: chosen by us.

use std::time::Duration;

use filmwire_codec::{CameraState, DevicePropCode as Prop};
use tokio::time::Instant;

use super::Responder;
use super::state_list::List;
use crate::camera::Camera;
use crate::persona::PickedNext;

/// DF01 of a client that accepts what was picked.
const ACCEPT: u16 = 1;
/// DF01 and DF00 of receive mode.
const RECEIVE: u16 = 8;

/// What vcam takes for a whole piece: an answer to any other request ends a picture.
const WHOLE_PIECE_BYTES: u32 = 0x10_0000;

/// How many of the picked pictures were handed out, and whether the client waits for some.
#[derive(Debug, Default)]
pub(super) struct Picked {
    done: u32,
    over: bool,
    asked_at: Option<Instant>,
}

impl Picked {
    /// Pictures handed out.
    pub(super) fn done(&self) -> u32 {
        self.done
    }

    /// Whether nothing is left.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

impl Responder {
    /// Whether the camera hands out what was picked on it.
    pub(super) fn is_picked(&self) -> bool {
        self.state == CameraState::PICKED.0 || self.state == RECEIVE
    }

    /// Whether it does so now: the client accepts what was picked by its mode.
    pub(super) fn hands_out(&self, camera: &Camera) -> bool {
        let is_accepted = self.mode == ACCEPT || !camera.persona.picked_needs_mode;
        self.was_asked() || self.is_picked() && is_accepted
    }

    /// Whether the client asked for what is handed out.
    pub(crate) fn was_asked(&self) -> bool {
        self.state == RECEIVE
    }

    /// Notices that the last byte of a picture was handed out, in answer to a request for
    /// `asked_bytes`.
    pub(super) fn picture_done(&mut self, camera: &mut Camera, asked_bytes: u32) {
        let short_only = camera.persona.picked_next == PickedNext::ShortPiece;
        if !self.is_picked() || short_only && asked_bytes == WHOLE_PIECE_BYTES {
            return;
        }
        self.picked.done += 1;
        self.informed.clear();
        let list = if self.state == RECEIVE { List::Receive } else { List::Start };
        self.lists.queue(list);
        self.picked.over = self.picked.done >= camera.picked_count();
    }

    /// The mode changed: whoever waited to receive waits no more.
    pub(super) fn forget_receive(&mut self) {
        self.picked.asked_at = None;
    }

    /// Writing DF21 in mode 8 asks the person at the camera to choose.
    pub(super) fn ask_receive(&mut self, camera: &Camera, now: Instant, version: u16) {
        let asks = self.mode == RECEIVE && Prop(version) == Prop::RECEIVE_VERSION;
        if asks && !camera.persona.receive_list.is_empty() {
            self.picked.asked_at = Some(now);
        }
    }

    /// Notices that the person has chosen: DF00 becomes 8.
    pub(super) fn notice_chosen(&mut self, camera: &mut Camera, now: Instant) {
        let Some(asked_at) = self.picked.asked_at else { return };
        let after = Duration::from_millis(camera.persona.choose_after_ms);
        let by_itself = !after.is_zero() && now.saturating_duration_since(asked_at) >= after;
        if camera.picks.chosen || by_itself {
            camera.picks.chosen = false;
            self.picked = Picked::default();
            self.state = RECEIVE;
            self.lists.queue(List::Receive);
            self.picked.over = camera.picked_count() == 0;
        }
    }
}
