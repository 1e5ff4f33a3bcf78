//! The remote function: starting and stopping it, and what it can do.

use filmwire_codec::dataset::{
    Capabilities, DataType, DevicePropDesc, DevicePropValue, Form, PropAccess,
};
use filmwire_codec::{DataDirection, DevicePropCode as Prop, OperationCode as Op, ResponseCode};

use tokio::time::Instant;

use super::{Remote, Responder};
use crate::camera::Camera;
use crate::persona::{Code, Descriptor};
use crate::reply::{Answer, Command, Reply, Step};

impl Responder {
    /// Everything that is neither a session, a property nor an object.
    pub(super) fn remote_operation(
        &mut self,
        camera: &mut Camera,
        now: Instant,
        command: &Command,
    ) -> Reply {
        match Op(command.operation) {
            Op::INITIATE_OPEN_CAPTURE => self.start_remote(camera, command),
            Op::TERMINATE_OPEN_CAPTURE => self.stop_remote(command),
            Op::GET_CAPABILITIES => self.capabilities(camera),
            Op::INITIATE_CAPTURE => self.shoot(camera, now, command),
            Op::GET_CAPTURE_PREVIEW => self.preview(camera, now),
            Op::STEP_SHUTTER_SPEED | Op::STEP_F_NUMBER | Op::STEP_EXPOSURE_BIAS => {
                self.step(camera, command)
            }
            Op::INITIATE_MOVIE_CAPTURE => self.start_movie(camera, now, command),
            Op::TERMINATE_MOVIE_CAPTURE => self.stop_movie(camera, now, command),
            Op::LOCK_S1_LOCK => self.lock_focus(camera, now, command),
            Op::UNLOCK_S1_LOCK => self.unlock_focus(camera),
            operation => match operation.data_direction() {
                // Names without known payloads (fact sheet 12.1.8): nothing in them.
                Some(DataDirection::In) => Answer::empty(ResponseCode::OK).into(),
                Some(_) => Answer::ok().into(),
                None => Answer::new(ResponseCode::OPERATION_NOT_SUPPORTED).into(),
            },
        }
    }

    fn start_remote(&mut self, camera: &mut Camera, command: &Command) -> Reply {
        if !camera.persona.has_remote() {
            return Answer::new(ResponseCode::OPERATION_NOT_SUPPORTED).into();
        }
        // A refused version ends in a state that never answers OK (fact sheet 13, point 5).
        let version = match self.mode {
            5 => Prop::REMOTE_VERSION,
            22 => Prop::EXTENDED_REMOTE_VERSION,
            _ => return Answer::new(ResponseCode::DEVICE_BUSY).into(),
        };
        let offered = camera.persona.versions.contains_key(&Code(version.0));
        if self.versions_refused || !offered {
            return Answer::new(ResponseCode::DEVICE_BUSY).into();
        }
        self.remote = Remote::Running { transaction: command.transaction };
        camera.shooting.owner = Some(self.connection);
        Answer { remote: Some(Step::Start), ..Answer::ok() }.into()
    }

    /// Ends live view; the sockets stay (fact sheet 13, point 7).
    fn stop_remote(&mut self, command: &Command) -> Reply {
        let Remote::Running { transaction } = self.remote else {
            return Answer::new(ResponseCode::CAPTURE_ALREADY_TERMINATED).into();
        };
        if command.param(0) != transaction {
            return Answer::new(ResponseCode::INVALID_TRANSACTION_ID).into();
        }
        self.remote = Remote::Stopped;
        Answer { remote: Some(Step::Stop), ..Answer::ok() }.into()
    }

    fn capabilities(&mut self, camera: &Camera) -> Reply {
        self.capabilities_read = true;
        let items = camera.persona.capabilities.iter();
        let items = items.map(|item| described(camera, item)).collect();
        let mut payload = Vec::new();
        Capabilities { items }.encode(&mut payload);
        Answer::data(payload).into()
    }
}

/// A descriptor of the persona with its present value, as the codec writes it. What a dial of the
/// body rules is get-only.
pub(super) fn described(camera: &Camera, descriptor: &Descriptor) -> DevicePropDesc {
    let descriptor = camera.present(descriptor);
    let dial = camera.is_on_dial(Prop(descriptor.code.0));
    let data_type = DataType(descriptor.data_type);
    let value = |bits| DevicePropValue::Number { data_type, bits };
    let form = match descriptor.range[..] {
        [min, max, step] => Form::Range { min: value(min), max: value(max), step: value(step) },
        _ if descriptor.values.is_empty() => Form::None,
        _ => Form::Enumeration(descriptor.values.iter().copied().map(value).collect()),
    };
    DevicePropDesc {
        property: Prop(descriptor.code.0),
        data_type,
        access: if dial { PropAccess::GET } else { PropAccess::GET_SET },
        default: value(descriptor.default),
        current: value(descriptor.current),
        form,
    }
}
