//! SetDevicePropValue.

use super::Operation;
use crate::code::{DevicePropCode, OperationCode};
use crate::container::Response;
use crate::dataset::DevicePropValue;
use crate::error::DecodeError;

/// Writes a property; the data phase goes to the camera, in the exact size of the property.
///
/// Source: ISO 15740, SetDevicePropValue. Seen: all logs. The reply to a write of DF01 may be held
/// back until the person at the camera has pressed OK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDevicePropValue {
    /// Which property.
    pub property: DevicePropCode,
    /// Its new value.
    pub value: DevicePropValue,
}

impl SetDevicePropValue {
    /// Writes a u16.
    pub fn u16(property: DevicePropCode, value: u16) -> Self {
        Self { property, value: DevicePropValue::u16(value) }
    }

    /// Writes a u32.
    pub fn u32(property: DevicePropCode, value: u32) -> Self {
        Self { property, value: DevicePropValue::u32(value) }
    }
}

impl Operation for SetDevicePropValue {
    const CODE: OperationCode = OperationCode::SET_DEVICE_PROP_VALUE;
    type Output = ();

    fn params(&self) -> Vec<u32> {
        vec![u32::from(self.property.0)]
    }

    fn payload(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        self.value.encode(&mut out);
        Some(out)
    }

    fn decode(&self, _: Vec<u8>, _: &Response) -> Result<(), DecodeError> {
        Ok(())
    }
}
