//! Exposure profiles: what a series of pictures has to keep the same, as a file.
//!
//! 1. [`Profile::of`] takes the settings of a camera that matter to a picture.
//! 2. [`Profile::write`] and [`Profile::read`] keep them as TOML, in the words of `filmwire settings`.
//! 3. [`Profile::apply`] sets them, and [`Profile::drifts`] says what is not as the profile has it.

mod apply;
mod drift;
mod file;
mod guard;
mod name;

use filmwire_camera::{Change, Reading, Setting};
use filmwire_codec::DevicePropCode;
use filmwire_codec::value::ExposureProgram;

pub use apply::{Applied, Outcome, Problem};
pub use drift::{Compared, Drift};
pub use file::FileError;
pub use guard::{Guard, Policy, drift_text};
pub use name::{BadName, check_name};

/// The settings that make two pictures of one thing differ, in the order in which they are set.
///
/// What is written comes before what is stepped: how far steps go may depend on the ISO and on the
/// flash (our guess; the fact sheet tells no order). The exposure program and what else is set on the
/// body only comes last, to be compared. The focus point is left out: it moves with each lock of
/// focus, and no exposure depends on it as far as the sheet tells.
pub const KEPT: &[&str] = &[
    "iso",
    "flash",
    "wb",
    "film",
    "timer",
    "aperture",
    "shutter",
    "bias",
    "program",
    "focus-mode",
    "quality",
    "size",
];

/// One setting of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Which setting.
    pub setting: &'static Setting,
    /// Its value as bits, as the camera's state list (D212) tells it.
    pub bits: u32,
}

impl Kept {
    /// The value in words.
    pub fn text(&self) -> String {
        self.setting.text(self.bits)
    }

    /// True if the camera chooses in place of the person, anew for each picture.
    fn is_left_to_camera(&self) -> bool {
        let word = self.text();
        match self.setting.property {
            DevicePropCode::EXPOSURE_PROGRAM => self.bits != u32::from(ExposureProgram::MANUAL.0),
            _ => word == "auto" || word == "----" || word.starts_with("auto-"),
        }
    }
}

/// What a series has to keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The model it was saved from; empty if nobody said.
    pub model: String,
    /// Settings, in the order of [`KEPT`].
    kept: Vec<Kept>,
    /// Properties nobody knows, and their values: they are told when they differ, and never set.
    unknown: Vec<(DevicePropCode, u32)>,
}

impl Profile {
    /// Takes what matters from the settings of a camera. What it does not tell now is left out: its
    /// list differs from one exposure program to the other (the fact sheet's section 6.1).
    pub fn of(model: &str, readings: &[Reading]) -> Self {
        let told = |setting: &'static Setting| {
            let reading = readings.iter().find(|reading| reading.setting == Some(setting))?;
            Some(Kept { setting, bits: reading.bits? })
        };
        let strange = readings.iter().filter(|reading| reading.setting.is_none());
        Self {
            model: model.to_owned(),
            kept: settings().filter_map(told).collect(),
            unknown: strange.filter_map(|r| Some((r.property, r.bits?))).collect(),
        }
    }

    /// Its settings, in the order in which they are set.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Its properties nobody knows, and their values.
    pub fn unknown(&self) -> &[(DevicePropCode, u32)] {
        &self.unknown
    }

    /// What the camera chooses anew for each picture, so that a series by this profile is not equally
    /// exposed or coloured throughout.
    pub fn left_to_camera(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(|kept| kept.is_left_to_camera())
    }
}

/// [`KEPT`] as rows of the table.
pub(crate) fn settings() -> impl Iterator<Item = &'static Setting> {
    KEPT.iter().filter_map(|key| Setting::named(key))
}

/// True if it can be set from here, as far as is known before a camera was asked.
fn is_set_from_here(setting: &Setting) -> bool {
    matches!(setting.change, Change::Written | Change::Stepped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_kept_is_a_setting_and_what_is_set_comes_first() {
        assert_eq!(settings().count(), KEPT.len());
        assert!(settings().is_sorted_by_key(|setting| setting.change));
        let states = settings().filter(|setting| setting.change > Change::Body);
        assert_eq!(states.count(), 0);
    }

    #[test]
    fn what_the_camera_chooses_is_told() {
        let kept = |key: &str, word: &str| {
            let setting = Setting::named(key).unwrap();
            Kept { setting, bits: setting.parse(word).unwrap() }
        };
        for (key, word, left) in [
            ("iso", "auto-6400", true),
            ("iso", "400", false),
            ("wb", "auto", true),
            ("wb", "daylight", false),
            ("shutter", "----", true),
            ("aperture", "auto", true),
            ("program", "aperture-priority", true),
            ("program", "manual", false),
            ("timer", "off", false),
        ] {
            assert_eq!(kept(key, word).is_left_to_camera(), left, "{key} {word}");
        }
    }
}
