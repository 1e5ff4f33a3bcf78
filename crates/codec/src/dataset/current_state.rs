//! The current-state list of property 0xD212.

use crate::code::{CameraState, DevicePropCode};
use crate::error::{DecodeError, Problem};
use crate::reader::Reader;

/// A property and its value; narrower values are zero-extended to u32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateEntry {
    /// Which property.
    pub property: DevicePropCode,
    /// Its value; an i16 of -667 is 0xFD65.
    pub value: u32,
}

/// What changed since the last read, or all settings while a remote function runs.
///
/// Payload: u16 count, then count times { u16 code, u32 value }. Source: the fact sheet's section
/// 6.1. Seen: X-T1, X-T2, X-T20, X-T4, X-T5.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CurrentState {
    /// The entries in the camera's order.
    pub entries: Vec<StateEntry>,
}

impl CurrentState {
    /// Decodes the payload of a data container.
    ///
    /// An empty payload is an empty list. Fails with [`DecodeError`] if the count does not fit.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        if payload.is_empty() {
            return Ok(Self::default());
        }
        let r = &mut Reader::new(payload);
        let count = usize::from(r.u16("entry count")?);
        if count * 6 != r.left() {
            let problem =
                Problem::Length { announced: count as u64 * 6 + 2, actual: payload.len() as u64 };
            return Err(DecodeError { field: "entry count", offset: 0, problem });
        }
        let entry = |r: &mut Reader<'_>| -> Result<StateEntry, DecodeError> {
            let property = DevicePropCode(r.u16("property code")?);
            Ok(StateEntry { property, value: r.u32("property value")? })
        };
        let entries = (0..count).map(|_| entry(r)).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// Appends the payload; entries past 65,535 do not fit and are left out.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let count = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        out.extend(count.to_le_bytes());
        for entry in self.entries.iter().take(usize::from(count)) {
            out.extend(entry.property.0.to_le_bytes());
            out.extend(entry.value.to_le_bytes());
        }
    }

    /// The value of a property, if it is in the list; the last one if it is there twice.
    pub fn value(&self, property: DevicePropCode) -> Option<u32> {
        self.entries.iter().rev().find(|entry| entry.property == property).map(|entry| entry.value)
    }

    /// The camera state DF00, if it is in the list.
    pub fn camera_state(&self) -> Option<CameraState> {
        self.value(DevicePropCode::CAMERA_STATE).map(|value| CameraState(value as u16))
    }

    /// The number of objects: D222, else D401.
    pub fn object_count(&self) -> Option<u32> {
        self.value(DevicePropCode::OBJECT_COUNT)
            .or_else(|| self.value(DevicePropCode::OBJECT_COUNT_2))
    }
}

impl FromIterator<(DevicePropCode, u32)> for CurrentState {
    fn from_iter<I: IntoIterator<Item = (DevicePropCode, u32)>>(entries: I) -> Self {
        let entry = |(property, value)| StateEntry { property, value };
        Self { entries: entries.into_iter().map(entry).collect() }
    }
}
