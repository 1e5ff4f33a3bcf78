//! GetDevicePropValue.

use super::Operation;
use crate::code::{DevicePropCode, OperationCode};
use crate::container::Response;
use crate::dataset::CurrentState;
use crate::error::DecodeError;

/// Reads a property as bytes. An unknown property is empty and OK.
///
/// Source: ISO 15740, GetDevicePropValue. Seen: all logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetDevicePropValue(pub DevicePropCode);

impl Operation for GetDevicePropValue {
    const CODE: OperationCode = OperationCode::GET_DEVICE_PROP_VALUE;
    type Output = Vec<u8>;

    fn params(&self) -> Vec<u32> {
        vec![u32::from(self.0.0)]
    }

    fn decode(&self, data: Vec<u8>, _: &Response) -> Result<Vec<u8>, DecodeError> {
        Ok(data)
    }
}

/// Reads property 0xD212: what changed, or all settings while a remote function runs.
///
/// Source: the fact sheet's section 6.1. Seen: all logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetCurrentState;

impl Operation for GetCurrentState {
    const CODE: OperationCode = OperationCode::GET_DEVICE_PROP_VALUE;
    type Output = CurrentState;

    fn params(&self) -> Vec<u32> {
        vec![u32::from(DevicePropCode::CURRENT_STATE.0)]
    }

    fn decode(&self, data: Vec<u8>, _: &Response) -> Result<CurrentState, DecodeError> {
        CurrentState::decode(&data)
    }
}
