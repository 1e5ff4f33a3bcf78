//! The settings a photographer knows, and how each can be changed.

use filmwire_codec::DevicePropCode as Prop;
use filmwire_codec::value::{Kind, ParseValueError, kind};

use super::stepper::{is_near, stops};

/// How a setting can be changed from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A value is written (hkr does; the fact sheet's section 8.4).
    Written,
    /// It is stepped until it is reached: writing it is untested over Wi-Fi.
    Stepped,
    /// Together with the lock of focus ([`super::Remote::lock_focus`]).
    FocusLock,
    /// On the body only: no way from here is known.
    Body,
    /// Nothing to be set: a state of the camera.
    State,
    /// Nobody knows what it is.
    Unknown,
}

impl Change {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Stepped => "stepped",
            Self::FocusLock => "focus-lock",
            Self::Body => "body",
            Self::State => "state",
            Self::Unknown => "unknown",
        }
    }
}

/// One setting or state of the camera.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name on command lines and in files.
    pub key: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Its name in sentences.
    pub name: &'static str,
    /// The property that tells it.
    pub property: Prop,
    /// How it can be changed.
    pub change: Change,
}

const fn row(
    key: &'static str,
    aliases: &'static [&'static str],
    name: &'static str,
    property: Prop,
    change: Change,
) -> Setting {
    Setting { key, aliases, name, property, change }
}

/// The table, in the order in which people read it.
///
/// Source: the fact sheet's sections 6.3 and 8.4. Writing 5007, D240 and 5010 is untested, although
/// descriptors call some of them writable.
pub static SETTINGS: &[Setting] = &[
    row("iso", &[], "ISO", Prop::ISO, Change::Written),
    row("wb", &["white-balance"], "white balance", Prop::WHITE_BALANCE, Change::Written),
    row("film", &["film-simulation"], "film simulation", Prop::FILM_SIMULATION, Change::Written),
    row("flash", &[], "flash", Prop::FLASH_MODE, Change::Written),
    row("timer", &["self-timer"], "self-timer", Prop::SELF_TIMER, Change::Written),
    row("aperture", &["f", "f-number"], "aperture", Prop::F_NUMBER, Change::Stepped),
    row("shutter", &["shutter-speed"], "shutter speed", Prop::SHUTTER_SPEED, Change::Stepped),
    row("bias", &["exposure-bias"], "exposure bias", Prop::EXPOSURE_BIAS, Change::Stepped),
    row("focus-point", &[], "focus point", Prop::FOCUS_POINT, Change::FocusLock),
    row("program", &["mode"], "exposure program", Prop::EXPOSURE_PROGRAM, Change::Body),
    row("focus-mode", &[], "focus mode", Prop::FOCUS_MODE, Change::Body),
    row("quality", &["image-quality"], "image quality", Prop::IMAGE_QUALITY, Change::Body),
    row("size", &["image-size"], "image size", Prop::IMAGE_ASPECT, Change::Body),
    row("movie-iso", &[], "movie ISO", Prop::MOVIE_ISO, Change::Body),
    row("battery", &[], "battery", Prop::BATTERY, Change::State),
    row("battery-2", &[], "second battery", Prop::BATTERY_2, Change::State),
    row("battery-x-t1", &[], "battery of an X-T1", Prop::BATTERY_LEVEL, Change::State),
    row("pictures-left", &[], "pictures that still fit", Prop::PICTURES_REMAINING, Change::State),
    row(
        "movie-seconds-left",
        &[],
        "seconds of film that still fit",
        Prop::MOVIE_SECONDS_REMAINING,
        Change::State,
    ),
    row("movie-button", &[], "movie button", Prop::MOVIE_BUTTON, Change::State),
    row("dial", &["command-dial"], "command dial", Prop::COMMAND_DIAL, Change::State),
    row("focus-lock", &[], "focus lock", Prop::FOCUS_LOCK, Change::State),
    row("error", &["device-error"], "device error", Prop::DEVICE_ERROR, Change::State),
];

impl Setting {
    /// The setting a person names, in any case.
    pub fn named(name: &str) -> Option<&'static Self> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        SETTINGS.iter().find(|setting| is(setting.key) || setting.aliases.iter().copied().any(is))
    }

    /// The setting a property tells.
    pub fn of(property: Prop) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.property == property)
    }

    /// The word for a value.
    pub fn text(&self, bits: u32) -> String {
        text(self.property, bits)
    }

    /// Reads a word of a person's.
    ///
    /// Fails with [`ParseValueError`], which says how such a value is written.
    pub fn parse(&self, text: &str) -> Result<u32, ParseValueError> {
        let expected = || "a number".to_owned();
        let bare = || {
            let error =
                || ParseValueError { text: text.into(), what: self.name, expected: expected() };
            text.parse().map_err(|_| error())
        };
        self.kind().map_or_else(bare, |kind| kind.parse(text))
    }

    /// True if this is a value a person can ask for: bits past the property's width are none, nor are
    /// "not told" and "the camera chooses" of a setting that is stepped.
    pub fn can_be_asked_for(&self, bits: u32) -> bool {
        let fits = self.kind().is_none_or(|kind| kind.fits(bits));
        fits && (self.change != Change::Stepped || stops(self.property, bits).is_some())
    }

    /// True if two values are one, perhaps in two roundings: a shutter speed of 1/128 is told as 1/125
    /// by another body.
    pub fn is_same(&self, one: u32, other: u32) -> bool {
        let at = |bits| stops(self.property, bits);
        let is_close = || Some(is_near(self.property, at(one)?, at(other)?));
        one == other || is_close().unwrap_or(false)
    }

    pub(super) fn kind(&self) -> Option<&'static Kind> {
        kind(self.property)
    }
}

/// The word for a value of any property: plain numbers where it is known to be one, hex where
/// nobody knows.
pub(super) fn text(property: Prop, bits: u32) -> String {
    match kind(property) {
        Some(kind) => kind.text(bits),
        None if Setting::of(property).is_some() => bits.to_string(),
        None => format!("{bits:#X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_by_any_of_their_names_and_no_two_share_one() {
        let mut names: Vec<_> = SETTINGS
            .iter()
            .flat_map(|setting| setting.aliases.iter().copied().chain([setting.key]))
            .collect();
        for &name in &names {
            assert!(Setting::named(name).is_some(), "{name}");
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(Setting::named("White-Balance").map(|setting| setting.key), Some("wb"));
        assert_eq!(Setting::named("sharpness"), None);
    }

    #[test]
    fn roundings_of_a_value_are_the_same_and_neighbours_are_not() {
        for (key, one, other, same) in [
            ("shutter", "1/125", "1/128", true),
            ("shutter", "1/125", "1/160", false),
            ("shutter", "----", "1/125", false),
            ("shutter", "----", "----", true),
            ("aperture", "5.6", "6.4", false),
            ("bias", "+0.3", "+1/3", true),
            ("iso", "400", "auto-400", false),
        ] {
            let setting = Setting::named(key).unwrap();
            let bits = |text| setting.parse(text).unwrap();
            assert_eq!(setting.is_same(bits(one), bits(other)), same, "{key} {one} {other}");
        }
    }

    #[test]
    fn what_can_be_changed_has_words() {
        for setting in SETTINGS {
            let changes = [Change::Written, Change::Stepped].contains(&setting.change);
            assert!(!changes || setting.kind().is_some(), "{}", setting.key);
        }
        let shutter = Setting::named("shutter").unwrap();
        assert!(!shutter.can_be_asked_for(u32::MAX) && shutter.can_be_asked_for(0x8000_EA60));
        let balance = Setting::named("wb").unwrap();
        assert!(!balance.can_be_asked_for(0x1_0004) && balance.can_be_asked_for(4));
        assert_eq!(text(Prop(0xD3FF), 0xAB), "0xAB");
        assert_eq!(Setting::named("pictures-left").unwrap().text(907), "907");
    }
}
