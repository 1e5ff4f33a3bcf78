//! Pictures taken from afar (fact sheet 8.2).

use std::sync::Arc;

use filmwire_codec::{EventCode, ResponseCode};
use tokio::time::Instant;

use super::{Remote, Responder};
use crate::camera::Camera;
use crate::persona::FailureSignal;
use crate::reply::{Answer, Body, Command, Reply};
use crate::shooting::event;

impl Responder {
    /// 0x100E: answered before the picture is taken. While one is being taken, or the preview of the
    /// last waits to be fetched, it is accepted but nothing happens.
    pub(super) fn shoot(&self, camera: &mut Camera, now: Instant, command: &Command) -> Reply {
        if let Some(reply) = self.obstacle(camera) {
            return reply;
        }
        if camera.shooting.movie.is_some() {
            // Guess: no body was seen to be asked for a picture then.
            return Answer::new(ResponseCode::DEVICE_BUSY).into();
        }
        let released = camera.release(now, self.connection, command.transaction, self.telling);
        if released.is_ok() {
            return Answer::ok().into();
        }
        match camera.persona.shooting.failure {
            FailureSignal::DeviceError => Answer::ok().into(),
            FailureSignal::NoEvents => {
                camera.shooting.error = 0;
                Answer::ok().into()
            }
            FailureSignal::Busy => {
                camera.shooting.error = 0;
                Answer::new(ResponseCode::DEVICE_BUSY).into()
            }
        }
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
