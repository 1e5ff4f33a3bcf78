//! The release that programs use over USB: D208 says what the next 0x100E does (fact sheet 8.5).
//!
//! Whether any body takes it in phone mode is untested; a persona that does is for foreign programs.
//! Bulb (0x0500, 0x000C) and the aids for manual focus are not in it.

use filmwire_codec::DevicePropCode as Prop;
use tokio::time::Instant;

use super::Telling;
use super::capture::{Failure, Released};
use crate::camera::Camera;
use crate::setting::shutter_seconds;

/// What the next 0x100E does. The codec has no name for it: it is no property of phone mode.
const RELEASE_MODE: u16 = 0xD208;
/// A shutter speed that is not told: the twin of FFFFFFFF in D240, which is bulb here.
const NO_TIME: u32 = 0xFFFF_FFFF;

/// D208 before a half press.
const HALF_PRESS: u32 = 0x0200;
/// D208 before a full press.
const FULL_PRESS: u32 = 0x0304;
/// D208 before the button is let go without a picture.
const CANCEL_FOCUS: u32 = 0x0004;

/// Whether a property exists only where the release of USB does, or means something else there.
pub(crate) fn is_property(code: u16) -> bool {
    matches!(Prop(code), Prop::EXPOSURE_TIME | Prop::FOCUS_LOCK | Prop(RELEASE_MODE))
}

impl Camera {
    /// What D208 was written with, where the body takes it.
    pub(crate) fn usb_press(&self) -> Option<u32> {
        let taken = self.persona.shooting.usb_release;
        self.settings.get(&RELEASE_MODE).copied().filter(|_| taken)
    }

    /// A property of the release, and its width in bytes.
    pub(crate) fn usb_value(&self, code: u16) -> (u32, usize) {
        match Prop(code) {
            Prop::EXPOSURE_TIME => (self.exposure_time_us(), 4),
            Prop::FOCUS_LOCK => (self.focus_status(), 2),
            _ => (self.settings.get(&code).copied().unwrap_or(0), 2),
        }
    }

    /// Writes D208; `None` if the body does not take it, else whether it takes the value.
    pub(crate) fn write_release_mode(&mut self, code: u16, value: u32) -> Option<bool> {
        if code != RELEASE_MODE || !self.persona.shooting.usb_release {
            return None;
        }
        let known = matches!(value, HALF_PRESS | FULL_PRESS | CANCEL_FOCUS);
        if known {
            self.settings.insert(code, value);
        }
        Some(known)
    }

    /// 0x100E after D208: a half press focuses, a full one takes a picture and lets the button go.
    pub(crate) fn press(
        &mut self,
        now: Instant,
        connection: u32,
        transaction: u32,
        press: u32,
    ) -> Result<Released, Failure> {
        match press {
            HALF_PRESS => {
                self.focus_anywhere(now);
                let failed = self.shooting.focus_failed;
                Ok(if failed { Released::Unfocused } else { Released::Done })
            }
            FULL_PRESS if self.shooting.focus_failed => Err(Failure::Focus),
            FULL_PRESS => {
                let released = self.release(now, connection, transaction, Telling::OverUsb);
                self.shooting.unlock_keeping_error();
                released
            }
            _ => {
                self.shooting.unlock();
                Ok(Released::Done)
            }
        }
    }

    /// 500D: microseconds of the shutter speed that is set.
    fn exposure_time_us(&self) -> u32 {
        let listed = self.listed(Prop::SHUTTER_SPEED).unwrap_or(NO_TIME);
        match self.setting(Prop::SHUTTER_SPEED.0, listed) {
            NO_TIME => NO_TIME,
            code => (shutter_seconds(code) * 1e6).round() as u32,
        }
    }

    /// D209 over USB: 1 busy, 2 in focus, 3 failed. Guess: 2 as well where nothing is focused.
    fn focus_status(&self) -> u32 {
        match () {
            () if self.shooting.focus_failed => 3,
            () if self.shooting.is_focusing() || self.picture_due().is_some() => 1,
            () => 2,
        }
    }
}
