//! What is not as the profile has it. No camera in here.

use std::fmt;

use filmwire_camera::{Change, Reading, Setting};
use filmwire_codec::DevicePropCode;

use super::{Kept, Profile};

/// One setting of a profile beside what the camera has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// What the profile has.
    pub kept: Kept,
    /// What the camera has, as bits; `None` if it does not tell.
    pub actual: Option<u32>,
    /// How it can be changed on this body.
    pub change: Change,
}

impl Compared {
    /// True if the camera has what the profile has, perhaps in another rounding.
    pub fn is_same(&self) -> bool {
        self.actual.is_some_and(|actual| self.kept.setting.is_same(self.kept.bits, actual))
    }

    /// What the camera has, in words.
    pub fn actual_text(&self) -> Option<String> {
        self.actual.map(|bits| self.kept.setting.text(bits))
    }
}

/// A setting that is not as the profile has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// Which property.
    pub property: DevicePropCode,
    /// What it is; `None` if nobody knows.
    pub setting: Option<&'static Setting>,
    /// What the profile has, as bits.
    pub wanted: u32,
    /// What the camera has, as bits; `None` if it does not tell.
    pub actual: Option<u32>,
}

impl Drift {
    fn text(&self, bits: u32) -> String {
        self.setting.map_or_else(|| format!("{bits:#X}"), |setting| setting.text(bits))
    }

    /// Its name, or its property where nobody knows one.
    pub fn key(&self) -> String {
        let name = self.setting.map(|setting| setting.key.to_owned());
        name.unwrap_or_else(|| format!("{:#06X}", self.property.0))
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, wanted) = (self.key(), self.text(self.wanted));
        match self.actual {
            Some(actual) => write!(f, "{key} is {}, not {wanted}", self.text(actual)),
            None => write!(f, "{key} is not told now, and was {wanted}"),
        }
    }
}

impl Profile {
    /// All settings of the profile beside what the camera has, in their order.
    pub fn compare(&self, readings: &[Reading]) -> Vec<Compared> {
        let beside = |&kept: &Kept| {
            let reading = readings.iter().find(|r| r.property == kept.setting.property);
            let change = reading.map_or(kept.setting.change, |reading| reading.change);
            Compared { kept, actual: reading.and_then(|reading| reading.bits), change }
        };
        self.kept.iter().map(beside).collect()
    }

    /// What is not as the profile has it; empty if all is. What the camera tells and the profile
    /// does not have is passed over.
    pub fn drifts(&self, readings: &[Reading]) -> Vec<Drift> {
        let compared = self.compare(readings).into_iter().filter(|compared| !compared.is_same());
        let drift = |Compared { kept, actual, .. }: Compared| Drift {
            property: kept.setting.property,
            setting: Some(kept.setting),
            wanted: kept.bits,
            actual,
        };
        compared.map(drift).collect()
    }

    /// The same of what nobody knows: it may be a counter as well as a setting, so that it is told
    /// and stops nothing.
    pub fn unknown_drifts(&self, readings: &[Reading]) -> Vec<Drift> {
        let drift = |&(property, wanted): &(DevicePropCode, u32)| {
            let reading = readings.iter().find(|reading| reading.property == property);
            let actual = reading.and_then(|reading| reading.bits);
            (actual != Some(wanted)).then_some(Drift { property, setting: None, wanted, actual })
        };
        self.unknown.iter().filter_map(drift).collect()
    }
}

#[cfg(test)]
mod tests {
    use filmwire_camera::Choices;

    use super::*;

    fn reading(key: &str, word: Option<&str>) -> Reading {
        let setting = Setting::named(key).unwrap();
        let bits = word.map(|word| setting.parse(word).unwrap());
        let (property, change) = (setting.property, setting.change);
        Reading { property, setting: Some(setting), bits, choices: Choices::NotTold, change }
    }

    fn strange(property: u16, bits: u32) -> Reading {
        let (property, change) = (DevicePropCode(property), Change::Unknown);
        Reading { property, setting: None, bits: Some(bits), choices: Choices::NotTold, change }
    }

    fn words(drifts: &[Drift]) -> Vec<String> {
        drifts.iter().map(Drift::to_string).collect()
    }

    #[test]
    fn what_moved_is_told_in_words_and_roundings_are_none() {
        let before = [
            reading("iso", Some("400")),
            reading("shutter", Some("1/125")),
            reading("program", Some("manual")),
            reading("bias", None),
            reading("battery", Some("4 of 5 bars")),
            strange(0xD245, 9),
        ];
        let profile = Profile::of("X-T4", &before);
        assert!(profile.drifts(&before).is_empty() && profile.unknown_drifts(&before).is_empty());
        let after = [
            reading("shutter", Some("1/128")),
            reading("iso", Some("800")),
            reading("program", None),
            reading("bias", Some("+1")),
            reading("battery", Some("1 of 5 bars")),
            strange(0xD245, 8),
        ];
        let told = ["iso is 800, not 400", "program is not told now, and was manual"];
        assert_eq!(words(&profile.drifts(&after)), told);
        assert_eq!(words(&profile.unknown_drifts(&after)), ["0xD245 is 0x8, not 0x9"]);
    }
}
