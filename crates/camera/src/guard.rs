//! The guard: what filmwire may ask of a camera. It judges operation and property.
//!
//! Decision 7 of the design. The simulator has a table of its own; the two are not shared.

use filmwire_codec::{DevicePropCode, OperationCode};

/// What may be asked beyond reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allow {
    /// Any operation, as the caller said so; the updater's file-creating ones stay forbidden.
    pub raw: bool,
}

/// Operations that never pass: they create files of the updater or destroy what is on the card.
const NEVER: [OperationCode; 8] = [
    OperationCode::FORMAT_STORE,
    OperationCode::RESET_DEVICE,
    OperationCode::SEND_OBJECT_INFO_VARIANT,
    OperationCode::SEND_OBJECT_VARIANT,
    OperationCode::SEND_OBJECT_UPDATER,
    OperationCode::FM_SEND_OBJECT_INFO,
    OperationCode::FM_SEND_OBJECT,
    OperationCode::FM_SEND_PARTIAL_OBJECT,
];

/// Reading operations, session and capture bookkeeping.
const READING: [OperationCode; 20] = [
    OperationCode::GET_DEVICE_INFO,
    OperationCode::OPEN_SESSION,
    OperationCode::CLOSE_SESSION,
    OperationCode::GET_STORAGE_IDS,
    OperationCode::GET_STORAGE_INFO,
    OperationCode::GET_NUM_OBJECTS,
    OperationCode::GET_OBJECT_HANDLES,
    OperationCode::GET_OBJECT_INFO,
    OperationCode::GET_OBJECT,
    OperationCode::GET_THUMB,
    OperationCode::GET_DEVICE_PROP_DESC,
    OperationCode::GET_DEVICE_PROP_VALUE,
    OperationCode::GET_PARTIAL_OBJECT,
    OperationCode::INITIATE_OPEN_CAPTURE,
    OperationCode::TERMINATE_OPEN_CAPTURE,
    OperationCode::GET_CAPTURE_PREVIEW,
    OperationCode::GET_CAPABILITIES,
    OperationCode::GET_OBJECT_PROPS_SUPPORTED,
    OperationCode::GET_OBJECT_PROP_DESC,
    OperationCode::GET_OBJECT_PROP_VALUE,
];

impl Allow {
    /// True if the operation may be sent.
    pub fn passes(self, code: OperationCode, params: &[u32]) -> bool {
        if NEVER.contains(&code) {
            return false;
        }
        if self.raw || READING.contains(&code) || (0x9050..=0x9056).contains(&code.0) {
            return true;
        }
        code == OperationCode::SET_DEVICE_PROP_VALUE
            && params.first().is_some_and(|&property| may_write(property))
    }
}

/// Bookkeeping properties: states, versions, and the two that decide what is fetched.
fn may_write(property: u32) -> bool {
    let Ok(code) = u16::try_from(property) else { return false };
    let property = DevicePropCode(code);
    property.is_version()
        || [
            DevicePropCode::CAMERA_STATE,
            DevicePropCode::FUNCTION_MODE,
            DevicePropCode::RESIZE,
            DevicePropCode::REAL_FILE_SIZE,
        ]
        .contains(&property)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ_ONLY: Allow = Allow { raw: false };
    const RAW: Allow = Allow { raw: true };

    #[test]
    fn only_bookkeeping_properties_are_written() {
        let writes = |property| READ_ONLY.passes(OperationCode::SET_DEVICE_PROP_VALUE, &[property]);
        for property in [0xDF00, 0xDF01, 0xDF21, 0xDF24, 0xDF31, 0xD226, 0xD227] {
            assert!(writes(property), "{property:#X}");
        }
        for property in [0x5005, 0xD001, 0xD207, 0xD228, 0xD500, 0xDF20, 0xDF32, 0x1_DF00] {
            assert!(!writes(property), "{property:#X}");
        }
        assert!(!READ_ONLY.passes(OperationCode::SET_DEVICE_PROP_VALUE, &[]));
    }

    #[test]
    fn nothing_that_shoots_deletes_or_sends_passes() {
        for code in [0x100B, 0x100E, 0x900C, 0x9020, 0x9026, 0x902C, 0x100F, 0x9060, 0xBEEF] {
            assert!(!READ_ONLY.passes(OperationCode(code), &[0, 0]), "{code:#X}");
        }
    }

    #[test]
    fn raw_opens_all_but_the_updater_and_formatting() {
        assert!(RAW.passes(OperationCode(0xBEEF), &[]));
        assert!(RAW.passes(OperationCode::SET_DEVICE_PROP_VALUE, &[0x5005]));
        for code in NEVER {
            assert!(!RAW.passes(code, &[]), "{code}");
        }
    }
}
