//! Pictures taken from afar (fact sheet 8.2).

use std::sync::Arc;

use filmwire_codec::{EventCode, ResponseCode};
use tokio::time::Instant;

use super::{Remote, Responder};
use crate::camera::Camera;
use crate::persona::FailureSignal;
use crate::reply::{Answer, Body, Command, Reply};
use crate::shooting::{Failure, Released, event};

impl Responder {
    /// 0x100E: answered before the picture is taken. While one is being taken, or the preview of the
    /// last waits to be fetched, it is accepted but nothing happens.
    /// What was not taken, and why, stands in the journal.
    pub(super) fn shoot(&self, camera: &mut Camera, now: Instant, command: &Command) -> Reply {
        if let Some(reply) = self.obstacle(camera) {
            return reply;
        }
        if camera.shooting.movie.is_some() {
            // Guess: no body was seen to be asked for a picture then.
            return Answer::new(ResponseCode::DEVICE_BUSY).into();
        }
        let (connection, transaction) = (self.connection, command.transaction);
        let (released, signal) = match camera.usb_press() {
            // Over USB a release without focus is busy (gp2).
            Some(press) => (camera.press(now, connection, transaction, press), FailureSignal::Busy),
            None => {
                let released = camera.release(now, connection, transaction, self.telling);
                (released, camera.persona.shooting.failure)
            }
        };
        let note = match released {
            Ok(Released::Done) => return Answer::ok().into(),
            Ok(Released::Unfocused) => {
                return Answer { note: Some("no focus"), ..Answer::ok() }.into();
            }
            Ok(Released::Ignored) => {
                let note = Some("nothing taken: the last one is not complete");
                return Answer { note, ..Answer::ok() }.into();
            }
            Err(Failure::Focus) => "nothing taken: no focus",
            Err(Failure::CardFull) => "nothing taken: card full",
        };
        if signal != FailureSignal::DeviceError {
            camera.shooting.error = 0;
        }
        let code = match signal {
            FailureSignal::DeviceError | FailureSignal::NoEvents => ResponseCode::OK,
            FailureSignal::Busy => ResponseCode::DEVICE_BUSY,
        };
        Answer { note: Some(note), ..Answer::new(code) }.into()
    }

    /// 0x9022: the preview, after which the capture is complete.
    pub(super) fn preview(&self, camera: &mut Camera, now: Instant) -> Reply {
        let Some((transaction, picture, wait)) = camera.take_preview(now) else {
            return Answer::empty(ResponseCode::OK).into();
        };
        let length = picture.size_bytes;
        let data = Body::Object { object: Arc::new(picture), offset: 0, length };
        let events = vec![event(EventCode::CAPTURE_COMPLETE, transaction, 0)];
        Answer { data: Some(data), events, after: wait, ..Answer::ok() }.into()
    }

    /// Releases what the client held, and writes into the journal what that was.
    pub(crate) fn leave_shooting(&mut self, camera: &mut Camera, now: Instant) {
        let mut left = camera.end_shooting(now);
        if matches!(self.remote, Remote::Running { .. }) {
            left.push("remote function running");
        }
        if !left.is_empty() {
            self.note(camera, now, format!("left behind: {}", left.join(", ")));
        }
    }
}
