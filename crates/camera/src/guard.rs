//! The guard: what filmwire may ask of a camera. It judges operation and property.
//!
//! Decision 7 of the design. The simulator has a table of its own; the two are not shared.

use filmwire_codec::{DevicePropCode, OperationCode};

/// What may be asked beyond reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allow {
    /// Settings of the exposure and the picture: those that can be written, and steps of those that
    /// cannot.
    pub settings: bool,
    /// Pictures, and the lock of focus.
    pub shoot: bool,
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
        let property = params.first().copied();
        match code {
            OperationCode::SET_DEVICE_PROP_VALUE => property.is_some_and(|property| {
                may_write(property) || self.settings && is_setting(property)
            }),
            _ => self.settings && STEPS.contains(&code) || self.shoot && SHOOTING.contains(&code),
        }
    }
}

/// Steps of the settings that nobody has written over Wi-Fi.
const STEPS: [OperationCode; 3] = [
    OperationCode::STEP_SHUTTER_SPEED,
    OperationCode::STEP_F_NUMBER,
    OperationCode::STEP_EXPOSURE_BIAS,
];

/// Taking a picture; its preview is bookkeeping.
const SHOOTING: [OperationCode; 3] =
    [OperationCode::INITIATE_CAPTURE, OperationCode::LOCK_S1_LOCK, OperationCode::UNLOCK_S1_LOCK];

/// Settings that clients write (the fact sheet's section 8.4).
fn is_setting(property: u32) -> bool {
    let Ok(code) = u16::try_from(property) else { return false };
    [
        DevicePropCode::ISO,
        DevicePropCode::WHITE_BALANCE,
        DevicePropCode::FILM_SIMULATION,
        DevicePropCode::FLASH_MODE,
        DevicePropCode::SELF_TIMER,
    ]
    .contains(&DevicePropCode(code))
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

    const READ_ONLY: Allow = Allow { settings: false, shoot: false, raw: false };
    const SETTINGS: Allow = Allow { settings: true, shoot: false, raw: false };
    const SHOOT: Allow = Allow { settings: false, shoot: true, raw: false };
    const RAW: Allow = Allow { settings: false, shoot: false, raw: true };

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
    fn settings_are_written_and_stepped_where_that_is_allowed() {
        for (allow, passes) in [(READ_ONLY, false), (SETTINGS, true)] {
            for property in [0xD02A, 0x5005, 0xD001, 0x500C, 0x5012] {
                let written = allow.passes(OperationCode::SET_DEVICE_PROP_VALUE, &[property]);
                assert_eq!(written, passes, "{property:#X}");
            }
            for code in [0x902C, 0x902D, 0x902E] {
                assert_eq!(allow.passes(OperationCode(code), &[1]), passes, "{code:#X}");
            }
        }
        // Untested absolute writes, and what is no setting.
        for property in [0x5007, 0xD240, 0x5010, 0xD17C, 0xD207, 0xD228, 0xD500, 0x1_5005] {
            assert!(!SETTINGS.passes(OperationCode::SET_DEVICE_PROP_VALUE, &[property]));
        }
        for code in [0x100B, 0x100E, 0x900C, 0x9020, 0x9026, 0x100F, 0x9060, 0xBEEF] {
            assert!(!SETTINGS.passes(OperationCode(code), &[0, 0]), "{code:#X}");
        }
    }

    #[test]
    fn pictures_are_taken_where_that_is_allowed_and_nothing_is_set() {
        for code in [0x100E, 0x9026, 0x9027] {
            assert!(SHOOT.passes(OperationCode(code), &[0, 0]), "{code:#X}");
        }
        for code in [0x100B, 0x900C, 0x9020, 0x902C, 0x100F, 0x9030, 0x9060, 0xBEEF] {
            assert!(!SHOOT.passes(OperationCode(code), &[0, 0]), "{code:#X}");
        }
        assert!(!SHOOT.passes(OperationCode::SET_DEVICE_PROP_VALUE, &[0xD02A]));
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
