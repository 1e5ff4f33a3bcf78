//! OpenSession, CloseSession, GetDeviceInfo.

use super::Operation;
use crate::code::OperationCode;
use crate::container::Response;
use crate::dataset::DeviceInfo;
use crate::error::DecodeError;
use crate::id::SessionId;

/// Opens the session. Cameras accept ids 0 and 1; 0x201E counts as success.
///
/// Source: ISO 15740, OpenSession. Seen: all logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSession(pub SessionId);

impl Operation for OpenSession {
    const CODE: OperationCode = OperationCode::OPEN_SESSION;
    type Output = ();

    fn params(&self) -> Vec<u32> {
        vec![self.0.0]
    }

    fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Closes the session; the goodbye follows.
///
/// Source: ISO 15740, CloseSession. Reported: hkr, libfuji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseSession;

impl Operation for CloseSession {
    const CODE: OperationCode = OperationCode::CLOSE_SESSION;
    type Output = ();

    fn params(&self) -> Vec<u32> {
        Vec::new()
    }

    fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Reads the DeviceInfo dataset; `None` in phone mode, where cameras send an empty data phase.
///
/// Source: ISO 15740, GetDeviceInfo; gp2 on X-T4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetDeviceInfo;

impl Operation for GetDeviceInfo {
    const CODE: OperationCode = OperationCode::GET_DEVICE_INFO;
    type Output = Option<DeviceInfo>;

    fn params(&self) -> Vec<u32> {
        Vec::new()
    }

    fn decode(&self, data: Vec<u8>, _: &Response) -> Result<Option<DeviceInfo>, DecodeError> {
        if data.is_empty() { Ok(None) } else { DeviceInfo::decode(&data).map(Some) }
    }
}
