//! The guard: what a client may ask for without being allowed to change anything.
//!
//! This is the simulator's own table; the client has another, and the two check each other. What
//! stands outside is answered with 0x200F after its data phase was eaten, and the journal calls it
//! a violation, unless it was allowed.

use filmwire_codec::{DevicePropCode, OperationCode};

/// What a client may do besides reading. Everything is forbidden by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Write properties other than the bookkeeping ones.
    pub settings: bool,
    /// Release the shutter, focus, step exposure, film.
    pub shoot: bool,
    /// Delete objects (in memory; files behind a card stay where they are).
    pub delete: bool,
    /// Send objects to the camera.
    pub upload: bool,
}

impl Allow {
    /// Adds what a word of the command line names: `settings`, `shoot`, `delete` or `upload`.
    /// Returns `false` if it names nothing.
    pub fn add(&mut self, word: &str) -> bool {
        let slot = match word {
            "settings" => &mut self.settings,
            "shoot" => &mut self.shoot,
            "delete" => &mut self.delete,
            "upload" => &mut self.upload,
            _ => return false,
        };
        *slot = true;
        true
    }
}

/// What it takes to be allowed an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it reads, or it is bookkeeping.
    Nothing,
    /// [`Allow::settings`].
    Settings,
    /// [`Allow::shoot`].
    Shoot,
    /// [`Allow::delete`].
    Delete,
    /// [`Allow::upload`].
    Upload,
    /// Cannot be allowed: firmware, special files, formatting, and what we do not know.
    Never,
}

impl Need {
    /// What an operation takes; `property` is the first parameter, which matters for writes, and
    /// `auto_save` tells that the camera is in PC AutoSave.
    pub fn of(operation: OperationCode, property: Option<u32>, auto_save: bool) -> Self {
        use OperationCode as Op;
        match operation {
            Op::SET_DEVICE_PROP_VALUE | Op::RESET_DEVICE_PROP_VALUE => {
                let write = operation == Op::SET_DEVICE_PROP_VALUE;
                let kept = property.is_some_and(|code| bookkeeping(code, auto_save));
                if write && kept { Self::Nothing } else { Self::Settings }
            }
            Op::DELETE_OBJECT => Self::Delete,
            Op::SEND_OBJECT_INFO | Op::SEND_OBJECT => Self::Upload,
            Op::INITIATE_CAPTURE | Op::CANCEL_INITIATE_CAPTURE => Self::Shoot,
            OperationCode(0x9020 | 0x9021 | 0x9023..=0x9027) => Self::Shoot,
            // Steps of what cannot be written.
            OperationCode(0x902C..=0x902E) => Self::Settings,
            // Reading, standard and MTP; then session and capture bookkeeping.
            OperationCode(0x1001..=0x100A | 0x1014 | 0x1015 | 0x101B) => Self::Nothing,
            OperationCode(0x9801..=0x9803 | 0x9805) => Self::Nothing,
            OperationCode(0x1018 | 0x101C | 0x9022 | 0x902B | 0x9050..=0x905F) => Self::Nothing,
            _ => Self::Never,
        }
    }

    /// Whether `allow` grants it.
    pub fn granted(self, allow: Allow) -> bool {
        match self {
            Self::Nothing => true,
            Self::Settings => allow.settings,
            Self::Shoot => allow.shoot,
            Self::Delete => allow.delete,
            Self::Upload => allow.upload,
            Self::Never => false,
        }
    }
}

/// Properties whose write is bookkeeping of a session.
fn bookkeeping(code: u32, auto_save: bool) -> bool {
    let Ok(code) = u16::try_from(code) else { return false };
    match DevicePropCode(code) {
        DevicePropCode::CAMERA_STATE | DevicePropCode::FUNCTION_MODE => true,
        DevicePropCode::RESIZE | DevicePropCode::REAL_FILE_SIZE => true,
        DevicePropCode::AUTO_SAVE_PROGRESS => auto_save,
        DevicePropCode(code) => (0xDF21..=0xDF31).contains(&code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_bookkeeping_need_nothing() {
        for code in [0x1001, 0x1002, 0x1003, 0x1008, 0x100A, 0x1015, 0x101B, 0x101C, 0x1018, 0x902B]
        {
            assert_eq!(Need::of(OperationCode(code), None, false), Need::Nothing, "{code:#X}");
        }
        for property in [0xDF00, 0xDF01, 0xDF21, 0xDF31, 0xD226, 0xD227] {
            let need = Need::of(OperationCode::SET_DEVICE_PROP_VALUE, Some(property), false);
            assert_eq!(need, Need::Nothing, "{property:#X}");
        }
    }

    #[test]
    fn what_changes_something_needs_its_permission() {
        let set = OperationCode::SET_DEVICE_PROP_VALUE;
        assert_eq!(Need::of(set, Some(0xD207), false), Need::Settings);
        assert_eq!(Need::of(set, Some(0xDF20), false), Need::Settings);
        assert_eq!(Need::of(set, Some(0xDF32), false), Need::Settings);
        assert_eq!(Need::of(set, Some(0x1_DF00), false), Need::Settings);
        assert_eq!(Need::of(set, None, false), Need::Settings);
        assert_eq!(Need::of(set, Some(0xD228), false), Need::Settings);
        assert_eq!(Need::of(set, Some(0xD228), true), Need::Nothing);
        assert_eq!(Need::of(OperationCode::DELETE_OBJECT, None, false), Need::Delete);
        assert_eq!(Need::of(OperationCode::SEND_OBJECT, None, false), Need::Upload);
        assert_eq!(Need::of(OperationCode::INITIATE_CAPTURE, None, false), Need::Shoot);
        assert_eq!(Need::of(OperationCode(0x902D), None, false), Need::Settings);
        for code in [0x100F, 0x1010, 0x900C, 0x900D, 0x901D, 0x9040, 0x9042, 0x9060, 0x9804, 0xABCD]
        {
            let all = Allow { settings: true, shoot: true, delete: true, upload: true };
            assert!(!Need::of(OperationCode(code), None, false).granted(all), "{code:#X}");
        }
    }

    #[test]
    fn words_of_the_command_line_allow_one_thing_each() {
        let mut allow = Allow::default();
        assert!(allow.add("delete") && !allow.add("everything"));
        assert_eq!(allow, Allow { delete: true, ..Allow::default() });
    }
}
