//! Clients that send more than an operation has.
//!
//! ptp-ip sends five parameters with every command and 20 bytes for every property; an X-T1 takes
//! both (fact sheet 3.2). What other bodies do stands in their personas.

use filmwire_codec::{OperationCode as Op, ResponseCode};

use super::Responder;
use super::property::written_width;
use crate::camera::Camera;
use crate::persona::Surplus;
use crate::reply::{Command, Reply};

/// How many parameters an operation has; five where we do not know.
fn params(operation: Op) -> usize {
    match operation {
        Op::GET_DEVICE_INFO | Op::CLOSE_SESSION | Op::GET_STORAGE_IDS => 0,
        Op::GET_CAPABILITIES | Op::GET_CAPTURE_PREVIEW => 0,
        Op::OPEN_SESSION | Op::GET_STORAGE_INFO | Op::GET_OBJECT_INFO | Op::GET_OBJECT => 1,
        Op::GET_THUMB | Op::TERMINATE_OPEN_CAPTURE => 1,
        Op::GET_DEVICE_PROP_DESC | Op::GET_DEVICE_PROP_VALUE | Op::SET_DEVICE_PROP_VALUE => 1,
        Op::DELETE_OBJECT | Op::INITIATE_CAPTURE | Op::INITIATE_OPEN_CAPTURE => 2,
        Op::GET_PARTIAL_OBJECT | Op::GET_OBJECT_HANDLES | Op::GET_NUM_OBJECTS => 3,
        _ => 5,
    }
}

impl Responder {
    /// What a command with too many parameters, or a value of too many bytes, meets; `None` if
    /// it has neither or both are ignored.
    pub(super) fn surplus(&self, camera: &Camera, command: &Command) -> Option<Reply> {
        let operation = Op(command.operation);
        let (policy, code) = if command.params.len() > params(operation) {
            (camera.persona.surplus_params, ResponseCode::INVALID_PARAMETER)
        } else {
            (Surplus::Ignore, ResponseCode::OK)
        };
        let (policy, code) = if policy == Surplus::Ignore && self.writes_too_much(camera, command) {
            (camera.persona.surplus_value_bytes, ResponseCode::INVALID_DEVICE_PROP_VALUE)
        } else {
            (policy, code)
        };
        match policy {
            Surplus::Ignore => None,
            Surplus::Refuse => Some(self.refusal(command, code).into()),
            Surplus::Silence => Some(Reply::Silent),
        }
    }

    fn writes_too_much(&self, camera: &Camera, command: &Command) -> bool {
        let width = written_width(camera, command.param(0) as u16);
        let writes = Op(command.operation) == Op::SET_DEVICE_PROP_VALUE;
        writes && width.is_some_and(|width| command.data_bytes > width as u64)
    }
}
