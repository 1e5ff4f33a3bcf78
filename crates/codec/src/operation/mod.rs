//! Operations: request, response and documentation side by side.
//!
//! A request struct is also the argument list of the client's method, so that no call has three
//! bare integers.

mod capture;
mod focus;
mod get_device_prop_value;
mod get_object_info;
mod get_partial_object;
mod get_thumb;
mod session;
mod set_device_prop_value;
mod step;

pub use capture::{
    GetCapabilities, GetCapturePreview, InitiateCapture, InitiateOpenCapture, TerminateOpenCapture,
};
pub use focus::{LockS1Lock, UnlockS1Lock};
pub use get_device_prop_value::{GetCurrentState, GetDevicePropValue};
pub use get_object_info::GetObjectInfo;
pub use get_partial_object::GetPartialObject;
pub use get_thumb::GetThumb;
pub use session::{CloseSession, GetDeviceInfo, OpenSession};
pub use set_device_prop_value::SetDevicePropValue;
pub use step::{StepDirection, StepExposureBias, StepFNumber, StepShutterSpeed};

use crate::code::OperationCode;
use crate::container::Response;
use crate::error::DecodeError;

/// One operation: what is sent, and how the answer is read.
pub trait Operation {
    /// The code in the command container.
    const CODE: OperationCode;
    /// What the answer means.
    type Output;

    /// Parameters of the command, at most five.
    fn params(&self) -> Vec<u32>;

    /// Payload of the data phase towards the camera, if the operation has one.
    fn payload(&self) -> Option<Vec<u8>> {
        None
    }

    /// Reads the answer of an operation that ended with OK.
    ///
    /// Fails with [`DecodeError`] if the data phase cannot be read; the session is intact then.
    fn decode(&self, data: Vec<u8>, response: &Response) -> Result<Self::Output, DecodeError>;
}
