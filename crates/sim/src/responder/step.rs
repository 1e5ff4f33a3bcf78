//! Steps of the exposure, and the focus lock (fact sheet 8.3 and 8.4).

use filmwire_codec::{DevicePropCode as Prop, OperationCode as Op, ResponseCode};
use tokio::time::Instant;

use super::{Remote, Responder};
use crate::camera::Camera;
use crate::reply::{Answer, Command, Reply};
use crate::setting::Changed;

impl Responder {
    /// Why nothing of the remote function is carried out now: it does not run, or the person is in a
    /// menu. Source: Reported: libfuji, 0x2019 while a menu is open; over USB and wireless tether.
    pub(super) fn obstacle(&self, camera: &Camera) -> Option<Reply> {
        let running = matches!(self.remote, Remote::Running { .. });
        let free = running && !camera.shooting.in_menu();
        (!free).then(|| Answer::new(ResponseCode::DEVICE_BUSY).into())
    }

    /// 0x902C, 0x902D, 0x902E: one third of a stop, up with 1 and down with 0.
    pub(super) fn step(&self, camera: &mut Camera, command: &Command) -> Reply {
        if let Some(reply) = self.obstacle(camera) {
            return reply;
        }
        let code = match Op(command.operation) {
            Op::STEP_SHUTTER_SPEED => Prop::SHUTTER_SPEED,
            Op::STEP_F_NUMBER => Prop::F_NUMBER,
            _ => Prop::EXPOSURE_BIAS,
        };
        match camera.step(code, command.param(0) != 0) {
            Changed::Done => Answer::ok().into(),
            _ => Answer::new(ResponseCode(camera.persona.shooting.idle_step)).into(),
        }
    }

    /// 0x9026: the parameter is a point as D17C tells it.
    pub(super) fn lock_focus(&self, camera: &mut Camera, now: Instant, command: &Command) -> Reply {
        if let Some(reply) = self.obstacle(camera) {
            return reply;
        }
        let point = command.param(0);
        if !camera.has_point(point) {
            return Answer::new(ResponseCode::INVALID_PARAMETER).into();
        }
        camera.focus(now, point);
        Answer::ok().into()
    }

    /// 0x9027.
    pub(super) fn unlock_focus(&self, camera: &mut Camera) -> Reply {
        if let Some(reply) = self.obstacle(camera) {
            return reply;
        }
        camera.shooting.unlock();
        Answer::ok().into()
    }

    /// 0x1016 of a shooting setting.
    pub(super) fn write_setting(&self, camera: &mut Camera, code: Prop, value: u32) -> Reply {
        if camera.shooting.in_menu() {
            return Answer::new(ResponseCode::DEVICE_BUSY).into();
        }
        let switches = &camera.persona.shooting;
        let (refused, wrong) = (switches.write_refused, switches.value_refused);
        match camera.write_setting(code, value) {
            Changed::Done => Answer::ok().into(),
            Changed::BodyOnly => Answer::new(ResponseCode(refused)).into(),
            Changed::Value => Answer::new(ResponseCode(wrong)).into(),
        }
    }
}
