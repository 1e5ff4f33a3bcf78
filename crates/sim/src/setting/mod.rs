//! The shooting settings: what they are at the moment, which of them the mode lets change, and how.
//!
//! Written from the fact sheet's sections 6.1, 6.3 and 8.4. What it does not tell, such as where a
//! lens ends, stands in the persona's `shooting` switches.

mod meter;
mod scale;

use filmwire_codec::DevicePropCode as Prop;

use crate::camera::Camera;
use crate::persona::Descriptor;
pub(crate) use scale::shutter_seconds;
use scale::{APERTURES, BIASES, SHUTTERS, Scale};

/// F-number times 100, of a body whose list does not tell one. Guess: in the middle of any lens.
const USUAL_F_NUMBER: u32 = 560;
/// Shutter speed of a body whose list does not tell one: 1/60 s.
const USUAL_SHUTTER: u32 = 0x8000_EA60;
/// A shutter speed that is not told.
const NO_SHUTTER: u32 = 0xFFFF_FFFF;
/// The F-number that the body chooses by itself.
const AUTO_F_NUMBER: u32 = 0;

/// Exposure mode of a body, as 500E tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Manual,
    AperturePriority,
    ShutterPriority,
    /// The body chooses both: program, automatic, scene positions.
    Automatic,
}

impl Program {
    fn of(code: u32) -> Self {
        match code {
            1 => Self::Manual,
            3 => Self::AperturePriority,
            4 => Self::ShutterPriority,
            _ => Self::Automatic,
        }
    }

    /// Whether the person or the client sets a value, and not the body.
    pub(crate) fn sets(self, code: Prop) -> bool {
        match code {
            Prop::F_NUMBER => matches!(self, Self::Manual | Self::AperturePriority),
            Prop::SHUTTER_SPEED => matches!(self, Self::Manual | Self::ShutterPriority),
            Prop::EXPOSURE_BIAS => self != Self::Manual,
            _ => true,
        }
    }
}

/// What came of writing or stepping a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Done,
    /// Only the body's own dials or menus change it, or its mode does not have it.
    BodyOnly,
    /// No such value.
    Value,
}

impl Camera {
    pub(crate) fn listed(&self, code: Prop) -> Option<u32> {
        let listed = self.persona.remote_list.iter().find(|(known, _)| known.0 == code.0);
        listed.map(|(_, value)| *value)
    }

    /// 500E: what the person set, else the persona.
    fn program_code(&self) -> u32 {
        let persona = Some(u32::from(self.persona.shooting.program)).filter(|&code| code != 0);
        let set = self.settings.get(&Prop::EXPOSURE_PROGRAM.0).copied();
        set.or(persona).or_else(|| self.listed(Prop::EXPOSURE_PROGRAM)).unwrap_or(0)
    }

    pub(crate) fn program(&self) -> Program {
        Program::of(self.program_code())
    }

    /// The list of D212 while a remote function runs: entries and order are the persona's as long as
    /// its mode is; another mode has other entries (fact sheet 6.1, ptp-ip).
    pub(crate) fn remote_settings(&self) -> Vec<(u16, u32)> {
        let listed = self.persona.remote_list.iter();
        let mut list: Vec<(u16, u32)> =
            listed.map(|&(code, value)| (code.0, self.setting(code.0, value))).collect();
        let logged = self.listed(Prop::EXPOSURE_PROGRAM).map(Program::of);
        if logged.is_none() || logged == Some(self.program()) {
            return list;
        }
        // The neighbours are those of the logged lists; where none has an entry, chosen by us.
        for (code, before) in [
            (Prop::F_NUMBER, Prop::WHITE_BALANCE),
            (Prop::SHUTTER_SPEED, Prop::IMAGE_ASPECT),
            (Prop::EXPOSURE_BIAS, Prop::F_NUMBER),
        ] {
            let there = list.iter().position(|entry| entry.0 == code.0);
            let wanted = code != Prop::EXPOSURE_BIAS || self.program().sets(code);
            match there {
                Some(at) if !wanted => {
                    list.remove(at);
                }
                None if wanted => {
                    let at = list.iter().position(|entry| entry.0 == before.0);
                    let at = at.map_or(list.len(), |at| at + 1);
                    list.insert(at, (code.0, self.setting(code.0, AUTO_F_NUMBER)));
                }
                _ => {}
            }
        }
        list
    }

    /// A setting as D212 tells it: what a test, a dial or a client set, else what the persona says.
    pub(crate) fn setting(&self, code: u16, listed: u32) -> u32 {
        let set = self.settings.get(&code).copied();
        match Prop(code) {
            Prop::BATTERY | Prop::BATTERY_2 | Prop::BATTERY_LEVEL => {
                self.battery.level.or(set).unwrap_or(listed)
            }
            Prop::EXPOSURE_PROGRAM => self.program_code(),
            Prop::COMMAND_DIAL => self.dial(),
            Prop::F_NUMBER | Prop::SHUTTER_SPEED | Prop::EXPOSURE_BIAS => {
                self.exposure_setting(Prop(code), set, listed)
            }
            Prop::PICTURES_REMAINING => self.pictures_left(),
            Prop::MOVIE_SECONDS_REMAINING => self.film_seconds_left(),
            Prop::FOCUS_LOCK => u32::from(self.shooting.locked),
            Prop::DEVICE_ERROR if set.is_none() && self.shooting.error == 0 => listed,
            Prop::DEVICE_ERROR => self.shooting.error,
            // Set to RAW only, bodies report 4 in remote mode (hkr, ptp-ip).
            Prop::IMAGE_QUALITY if set == Some(1) => 4,
            _ => set.unwrap_or(listed),
        }
    }

    fn exposure_setting(&self, code: Prop, set: Option<u32>, listed: u32) -> u32 {
        if code == Prop::SHUTTER_SPEED && set == Some(NO_SHUTTER) {
            // The dial is at bulb, which is told as a speed that the body chooses (fact sheet 6.4).
            return NO_SHUTTER;
        }
        let logged = self.listed(Prop::EXPOSURE_PROGRAM).map(Program::of);
        if logged == Some(self.program()) && set.is_none() && self.listed(code).is_some() {
            return listed;
        }
        match code {
            Prop::F_NUMBER if !self.program().sets(code) => AUTO_F_NUMBER,
            Prop::SHUTTER_SPEED if !self.program().sets(code) => NO_SHUTTER,
            Prop::F_NUMBER => self.f_number(),
            Prop::SHUTTER_SPEED => self.shutter(),
            _ => self.bias() as u16 as u32,
        }
    }

    /// F-number times 100 that ring or steps have set, whether the mode uses it or not.
    pub(crate) fn f_number(&self) -> u32 {
        let set = self.settings.get(&Prop::F_NUMBER.0).copied();
        let plausible = |code: &u32| (100..=6400).contains(code);
        set.or_else(|| self.listed(Prop::F_NUMBER)).filter(plausible).unwrap_or(USUAL_F_NUMBER)
    }

    /// Shutter speed that dial or steps have set, as D240 tells it.
    pub(crate) fn shutter(&self) -> u32 {
        let set = self.settings.get(&Prop::SHUTTER_SPEED.0).copied();
        let told = |code: &u32| *code != NO_SHUTTER;
        set.or_else(|| self.listed(Prop::SHUTTER_SPEED)).filter(told).unwrap_or(USUAL_SHUTTER)
    }

    /// Exposure bias in thousandths of a stop.
    pub(crate) fn bias(&self) -> i16 {
        let set = self.settings.get(&Prop::EXPOSURE_BIAS.0).copied();
        set.or_else(|| self.listed(Prop::EXPOSURE_BIAS)).unwrap_or(0) as u16 as i16
    }

    fn apertures(&self) -> Scale {
        let (low, high) = self.persona.shooting.apertures;
        APERTURES.within(u32::from(low), u32::from(high))
    }

    fn shutters(&self) -> Scale {
        let (slow, fast) = self.persona.shooting.shutters;
        SHUTTERS.within(slow, fast)
    }

    /// D028: which of the two cannot go on (fact sheet 6.3); one that the body chooses is at no end.
    fn dial(&self) -> u32 {
        let program = self.program();
        let shutter =
            program.sets(Prop::SHUTTER_SPEED) && self.shutters().is_at_end(self.shutter());
        let aperture = program.sets(Prop::F_NUMBER) && self.apertures().is_at_end(self.f_number());
        u32::from(shutter) | u32::from(aperture) << 1
    }

    /// Whether a dial or ring of the body rules a setting.
    pub(crate) fn is_on_dial(&self, code: Prop) -> bool {
        self.persona.shooting.dials.iter().any(|known| known.0 == code.0)
    }

    /// Moves a setting by a third of a stop; at its end it stays.
    pub(crate) fn step(&mut self, code: Prop, up: bool) -> Changed {
        let switches = &self.persona.shooting;
        let up = up != switches.steps_reversed;
        let idle = code == Prop::F_NUMBER && !switches.aperture_steps;
        if !self.program().sets(code) || self.is_on_dial(code) {
            return Changed::BodyOnly;
        }
        if idle {
            return Changed::Done;
        }
        let next = match code {
            Prop::F_NUMBER => self.apertures().next(self.f_number(), up),
            Prop::SHUTTER_SPEED => self.shutters().next(self.shutter(), up),
            _ => BIASES.next(u32::from(self.bias() as u16), up),
        };
        self.settings.insert(code.0, next);
        Changed::Done
    }

    /// Writes a setting, as far as the body lets it be written.
    pub(crate) fn write_setting(&mut self, code: Prop, value: u32) -> Changed {
        let writable = self.persona.shooting.writable.iter().any(|known| known.0 == code.0);
        if !writable || !self.program().sets(code) || self.is_on_dial(code) {
            return Changed::BodyOnly;
        }
        let known = match code {
            Prop::F_NUMBER => self.apertures().has(value),
            Prop::SHUTTER_SPEED => self.shutters().has(value),
            _ => self.descriptor(code).is_none_or(|descriptor| offers(descriptor, value)),
        };
        if !known {
            return Changed::Value;
        }
        self.settings.insert(code.0, value);
        Changed::Done
    }

    pub(crate) fn descriptor(&self, code: Prop) -> Option<&Descriptor> {
        self.persona.capabilities.iter().find(|known| known.code.0 == code.0)
    }

    /// A descriptor of 0x902B with the present value, once it is another than the log's.
    pub(crate) fn present(&self, descriptor: &Descriptor) -> Descriptor {
        let set = self.settings.contains_key(&descriptor.code.0);
        let current = self.setting(descriptor.code.0, descriptor.current);
        let current = if set { current } else { descriptor.current };
        Descriptor { current, ..descriptor.clone() }
    }

    /// Whether a focus point is one of the body's: row and column from 1 up to the greatest of each
    /// (fact sheet 6.4).
    pub(crate) fn has_point(&self, point: u32) -> bool {
        let Some(descriptor) = self.descriptor(Prop::FOCUS_POINT) else { return true };
        let Some(&most) = descriptor.range.get(1) else { return true };
        let part = |code: u32, at: u32| code >> (8 * at) & 0xFF;
        (0..2).all(|at| (1..=part(most, at)).contains(&part(point, at)))
    }
}

fn offers(descriptor: &Descriptor, value: u32) -> bool {
    match descriptor.range[..] {
        [low, high, _] => (low..=high).contains(&value),
        _ => descriptor.values.is_empty() || descriptor.values.contains(&value),
    }
}
