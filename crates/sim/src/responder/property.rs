//! Reading and writing properties.

use filmwire_codec::dataset::DataType;
use filmwire_codec::{CameraState, DevicePropCode as Prop, ResponseCode};
use tokio::time::Instant;

use super::state_list::List;
use super::{Remote, Responder, newer};
use crate::camera::Camera;
use crate::persona::{
    Code, OkPolicy, SettingReads, SideSockets, UnknownRead, VersionTooLow, WrongOrder,
    modes_of_version,
};
use crate::reply::{Answer, Command, Reply, Step};
use crate::shooting::usb;

/// Width in bytes of a shooting setting, by the fact sheet's section 6.3; of one that is in 0x902B
/// alone, by its type there.
pub(super) fn setting_width(camera: &Camera, code: u16) -> usize {
    if let Some(known) = camera.descriptor(Prop(code))
        && camera.listed(Prop(code)).is_none()
    {
        return DataType(known.data_type).width_bytes().unwrap_or(2);
    }
    match Prop(code) {
        Prop::BATTERY_LEVEL => 1,
        Prop::ISO | Prop::MOVIE_ISO | Prop::SHUTTER_SPEED | Prop::FOCUS_POINT => 4,
        Prop::PICTURES_REMAINING | Prop::MOVIE_SECONDS_REMAINING => 4,
        _ => 2,
    }
}

fn number(value: u32, width: usize) -> Vec<u8> {
    value.to_le_bytes().into_iter().take(width).collect()
}

/// A state as a direct read tells it; an X-T1 always says 0.
fn state(camera: &Camera, value: u32, width: usize) -> Vec<u8> {
    match camera.persona.state_reads {
        SettingReads::Zero => vec![0; width],
        SettingReads::Value => number(value, width),
    }
}

/// Width in bytes of a property that can be written; `None` if it has none or does not exist.
pub(super) fn written_width(camera: &Camera, code: u16) -> Option<usize> {
    let persona = &camera.persona;
    match Prop(code) {
        Prop::CAMERA_STATE | Prop::FUNCTION_MODE | Prop::RESIZE | Prop::REAL_FILE_SIZE => Some(2),
        Prop(code) if persona.versions.contains_key(&Code(code)) => Some(4),
        _ => match persona.properties.get(&Code(code)) {
            Some(fixed) => Some(fixed.width),
            None => is_setting(camera, Prop(code)).then(|| setting_width(camera, code)),
        },
    }
}

/// Whether a body with a remote mode has that shooting setting, in whatever mode it is, or only
/// tells of it in 0x902B, such as D019.
fn is_setting(camera: &Camera, code: Prop) -> bool {
    let of_some_mode = matches!(code, Prop::F_NUMBER | Prop::SHUTTER_SPEED | Prop::EXPOSURE_BIAS);
    camera.listed(code).is_some()
        || camera.descriptor(code).is_some()
        || of_some_mode && camera.persona.has_remote()
}

impl Responder {
    pub(super) fn get_property(
        &mut self,
        camera: &mut Camera,
        now: Instant,
        command: &Command,
    ) -> Reply {
        let code = command.param(0) as u16;
        if Prop(code) == Prop::CURRENT_STATE {
            return self.current_state(camera, now);
        }
        match self.value(camera, code) {
            Some(value) => Answer::data(value).into(),
            None => self.unknown_property(camera),
        }
    }

    pub(super) fn unknown_property(&self, camera: &Camera) -> Reply {
        let code = match camera.persona.unknown_read {
            UnknownRead::EmptyOk => ResponseCode::OK,
            UnknownRead::NotSupported => ResponseCode::DEVICE_PROP_NOT_SUPPORTED,
        };
        Answer::empty(code).into()
    }

    /// The bytes of a property; `None` if the body does not have it.
    pub(super) fn value(&self, camera: &mut Camera, code: u16) -> Option<Vec<u8>> {
        if let Some(&value) = camera.persona.versions.get(&Code(code)) {
            return Some(number(value, 4));
        }
        if let Some(fixed) = camera.persona.properties.get(&Code(code)) {
            // Where reads of settings are not to be trusted, writing does not mend them (ptp-ip).
            let stale = camera.listed(Prop(code)).is_some()
                && camera.persona.setting_reads == SettingReads::Zero;
            let set = camera.settings.get(&code).copied().filter(|_| !stale);
            return Some(number(set.unwrap_or(fixed.value), fixed.width));
        }
        if camera.persona.shooting.usb_release && usb::is_property(code) {
            let (value, width) = camera.usb_value(code);
            return Some(number(value, width));
        }
        match Prop(code) {
            Prop::CAMERA_STATE => Some(state(camera, u32::from(self.state), 2)),
            Prop::FUNCTION_MODE => Some(state(camera, u32::from(self.mode), 2)),
            Prop::OBJECT_COUNT => {
                let count = camera.count();
                Some(state(camera, count, 4))
            }
            Prop::RESIZE => Some(number(u32::from(self.resize), 2)),
            Prop::REAL_FILE_SIZE => Some(number(u32::from(self.real_size), 2)),
            Prop::SLOT => camera.tells_slot().then(|| number(u32::from(camera.slot), 2)),
            _ if camera.newer_view && newer::is_property(code) => self.newer_value(camera, code),
            _ => self.setting(camera, code),
        }
    }

    fn setting(&self, camera: &Camera, code: u16) -> Option<Vec<u8>> {
        let listed = camera.remote_settings().into_iter().find(|(known, _)| *known == code);
        let told = || camera.descriptor(Prop(code)).map(|known| camera.present(known).current);
        let value = listed.map(|(_, value)| value).or_else(told)?;
        let value = match camera.persona.setting_reads {
            SettingReads::Zero => 0,
            SettingReads::Value => value,
        };
        Some(number(value, setting_width(camera, code)))
    }

    pub(super) fn set_property(
        &mut self,
        camera: &mut Camera,
        now: Instant,
        command: &Command,
    ) -> Reply {
        if self.dead_at_next_write {
            return self.die();
        }
        let code = command.param(0) as u16;
        // A value longer than its property was dealt with before; what is left is ignored.
        let width = written_width(camera, code).unwrap_or(4).min(4) as u32;
        let value = command.number() & (u32::MAX >> (32 - 8 * width));
        if let Some(taken) = camera.write_release_mode(code, value) {
            let wrong = ResponseCode(camera.persona.shooting.value_refused);
            return Answer::new(if taken { ResponseCode::OK } else { wrong }).into();
        }
        match Prop(code) {
            Prop::FUNCTION_MODE => self.set_mode(camera, now, value as u16),
            Prop::CAMERA_STATE => self.set_state(camera, value as u16),
            Prop::REAL_FILE_SIZE => {
                self.real_size = value == 1;
                Answer::ok().into()
            }
            Prop::RESIZE => {
                self.resize = value as u16;
                Answer::ok().into()
            }
            Prop(code) if camera.persona.versions.contains_key(&Code(code)) => {
                self.set_version(camera, now, code, value)
            }
            code if is_setting(camera, code) => self.write_setting(camera, code, value),
            Prop(code) if Self::writable(camera, code) => {
                camera.settings.insert(code, value);
                Answer::ok().into()
            }
            _ => Answer::new(ResponseCode(camera.persona.unknown_write)).into(),
        }
    }

    fn writable(camera: &Camera, code: u16) -> bool {
        camera.persona.properties.contains_key(&Code(code)) || Prop(code) == Prop::GEOLOCATION
    }

    fn set_mode(&mut self, camera: &mut Camera, now: Instant, mode: u16) -> Reply {
        self.mode = mode;
        self.gallery = false;
        self.forget_receive();
        if self.enters_newer_path(camera) {
            self.state = mode;
            self.lists.queue(List::Newer);
        }
        let held = camera.persona.ok == OkPolicy::HeldReply && !camera.access(&self.client, now);
        Answer { held, ..Answer::ok() }.into()
    }

    /// DF00 is written to fall back to the neutral state before the function changes.
    fn set_state(&mut self, camera: &Camera, state: u16) -> Reply {
        if state != CameraState::REMOTE.0 || self.state == 0 {
            return Answer::ok().into();
        }
        let left = std::mem::replace(&mut self.remote, Remote::Off);
        self.remote_done |= left == Remote::Stopped;
        self.state = camera.persona.camera_state;
        self.mode = 0;
        self.gallery = false;
        self.lists.queue(List::Start);
        if left == Remote::Off {
            return Answer::ok().into();
        }
        let note = match camera.persona.shooting.side_sockets {
            SideSockets::Many | SideSockets::Once => None,
            SideSockets::Renewed => Some("sockets of events and live view end"),
            SideSockets::Lost => Some("sockets of events and live view end for this session"),
        };
        Answer { remote: Some(Step::Leave), note, ..Answer::ok() }.into()
    }

    fn set_version(&mut self, camera: &Camera, now: Instant, code: u16, value: u32) -> Reply {
        let persona = &camera.persona;
        if !self.mode_of_version(code) {
            match persona.version_before_mode {
                WrongOrder::Accept => {}
                WrongOrder::Silence => return self.die(),
                WrongOrder::DeadAtNextWrite => {
                    self.dead_at_next_write = true;
                    return Answer::ok().into();
                }
            }
        }
        let spoken = persona.versions.get(&Code(code)).copied().unwrap_or(0);
        if value < spoken {
            match persona.version_too_low {
                VersionTooLow::Accept => {}
                VersionTooLow::NoFunction => {
                    self.versions_refused = true;
                    return Answer::ok().into();
                }
                VersionTooLow::Silence => return self.die(),
                VersionTooLow::AccessDenied => {
                    return Answer::new(ResponseCode::ACCESS_DENIED).into();
                }
            }
        } else {
            self.versions_refused = false;
        }
        self.open_gallery(camera, code);
        self.ask_receive(camera, now, code);
        Answer::ok().into()
    }

    /// Whether the mode that a version belongs to was written before it (fact sheet 4.2).
    fn mode_of_version(&self, code: u16) -> bool {
        let modes = modes_of_version(Code(code));
        modes.map_or(self.mode != 0, |modes| modes.contains(&self.mode))
    }

    fn open_gallery(&mut self, camera: &Camera, code: u16) {
        let persona = &camera.persona;
        let view = Prop(code) == Prop::VIEW_VERSION && matches!(self.mode, 2 | 8);
        let newer = Prop(code) == Prop::EXTENDED_VIEW_VERSION && self.on_newer_path(camera);
        if newer || view && persona.gallery_by_view {
            self.gallery = true;
            return;
        }
        let right = code == persona.gallery_version.0 && self.mode == persona.gallery_mode;
        if !right || (persona.gallery_needs_remote && !self.remote_done) {
            return;
        }
        self.gallery = true;
        if !persona.gallery_list.is_empty() {
            self.state = self.mode;
            self.lists.queue(List::Gallery);
        }
    }
}
