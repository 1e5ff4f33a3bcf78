//! Settings whose values have names.

use super::ParseValueError;
use super::{hex, plain};

/// Makes an open newtype over u16 with named constants, their table, and its words both ways.
macro_rules! words {
    (
        $(#[$doc:meta])*
        pub struct $name:ident, $what:literal {
            $($constant:ident = $code:literal, $text:literal $(| $alias:literal)*, $grade:ident, $source:literal, $meaning:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u16);

        impl $name {
            $(
                #[doc = concat!("`", $text, "`: ", $meaning)]
                #[doc = ""]
                #[doc = concat!("Source: ", $source, ". Grade ", stringify!($grade), ".")]
                pub const $constant: Self = Self($code);
            )*

            /// Every value we know, in order, with its evidence.
            pub const KNOWN: &'static [$crate::code::CodeEntry] = &[$($crate::code::CodeEntry {
                code: $code,
                name: $text,
                grade: $crate::code::Grade::$grade,
                source: $source,
                meaning: $meaning,
            }),*];

            /// The word for the value, if it is known.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($text),)*
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{:#06X}", self.0),
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl core::str::FromStr for $name {
            type Err = ParseValueError;

            /// Reads a word in any case, with blanks, hyphens or underscores; or hex.
            fn from_str(text: &str) -> Result<Self, ParseValueError> {
                if let Some(bits) = hex(text.trim(), 16) {
                    return Ok(Self(bits as u16));
                }
                let word = plain(text);
                $(
                    if [$text $(, $alias)*].iter().any(|known| plain(known) == word) {
                        return Ok(Self::$constant);
                    }
                )*
                let known: &[&str] = &[$($text),*];
                Err(ParseValueError::new(text, $what, format!("one of {}", known.join(", "))))
            }
        }
    };
}

words! {
    /// White balance, property 5005. Source: the fact sheet's section 6.4, the Wi-Fi numbers.
    pub struct WhiteBalance, "white balance" {
        AUTO = 0x0002, "auto" | "awb", A, "hkr, ptp-ip, X-T1 0x902B", "The camera chooses.";
        DAYLIGHT = 0x0004, "daylight" | "fine" | "sunny", A, "hkr, ptp-ip, X-T1 0x902B", "Daylight; the camera says fine.";
        INCANDESCENT = 0x0006, "incandescent" | "tungsten", A, "hkr, ptp-ip, X-T1 0x902B", "Light bulbs.";
        FLUORESCENT_1 = 0x8001, "fluorescent-1", A, "hkr, ptp-ip, X-T1 0x902B", "First kind of fluorescent light.";
        FLUORESCENT_2 = 0x8002, "fluorescent-2", A, "hkr, ptp-ip, X-T1 0x902B", "Second kind of fluorescent light.";
        FLUORESCENT_3 = 0x8003, "fluorescent-3", A, "hkr, ptp-ip, X-T1 0x902B", "Third kind of fluorescent light.";
        SHADE = 0x8006, "shade", A, "hkr, ptp-ip, X-T1 0x902B", "Shade.";
        UNDERWATER = 0x800A, "underwater", A, "hkr, ptp-ip, X-T1 0x902B; USB differs", "Underwater.";
        COLOUR_TEMPERATURE = 0x800B, "colour-temperature" | "color-temperature" | "kelvin", A, "hkr, ptp-ip, X-T1 0x902B; USB differs", "The temperature set on the body.";
        CUSTOM_1 = 0x800C, "custom-1" | "custom", A, "hkr, ptp-ip, X-T1 0x902B; USB differs", "First measured balance.";
        CUSTOM_2 = 0x800D, "custom-2", C, "X-T4 0x902B; meaning by menu count", "Second measured balance.";
        CUSTOM_3 = 0x800E, "custom-3", C, "X-T4 0x902B; meaning by menu count", "Third measured balance.";
    }
}

words! {
    /// Battery of an X-T1, property 5001. Source: the fact sheet's section 6.3.
    pub struct BatteryThirds, "battery level" {
        CRITICAL = 0, "critical of 3 bars", C, "ptp-ip: lower end of its range; meaning inferred", "The camera may switch itself off any moment.";
        ONE = 1, "1 of 3 bars", A, "ptp-ip on X-T1", "A third is left.";
        TWO = 2, "2 of 3 bars", A, "ptp-ip on X-T1", "Two thirds are left.";
        FULL = 3, "3 of 3 bars", A, "ptp-ip on X-T1", "Full.";
    }
}

words! {
    /// Film simulation, property D001. Source: the fact sheet's section 6.4, the Wi-Fi numbers; over
    /// USB 4 to 10 mean others (section 12.2).
    pub struct FilmSimulation, "film simulation" {
        PROVIA = 1, "provia" | "standard", A, "hkr, ptp-ip", "Provia, standard.";
        VELVIA = 2, "velvia" | "vivid", A, "hkr, ptp-ip", "Velvia, vivid.";
        ASTIA = 3, "astia" | "soft", A, "hkr, ptp-ip", "Astia, soft.";
        MONOCHROME = 4, "monochrome" | "mono", B, "hkr, ptp-ip; USB differs", "Monochrome.";
        SEPIA = 5, "sepia", B, "hkr, ptp-ip; USB differs", "Sepia.";
        PRO_NEG_HI = 6, "pro-neg-hi", B, "hkr, ptp-ip; USB differs", "PRO Neg. Hi.";
        PRO_NEG_STD = 7, "pro-neg-std", B, "hkr, ptp-ip; USB differs", "PRO Neg. Std.";
        MONOCHROME_YE = 8, "monochrome-ye" | "monochrome+ye" | "mono-ye", B, "hkr, ptp-ip; USB differs", "Monochrome, yellow filter.";
        MONOCHROME_R = 9, "monochrome-r" | "monochrome+r" | "mono-r", B, "hkr, ptp-ip; USB differs", "Monochrome, red filter.";
        MONOCHROME_G = 10, "monochrome-g" | "monochrome+g" | "mono-g", B, "hkr, ptp-ip; USB differs", "Monochrome, green filter.";
        CLASSIC_CHROME = 11, "classic-chrome", A, "hkr, ptp-ip", "Classic Chrome.";
        ACROS = 12, "acros", B, "hkr on X-T100", "Acros.";
        ACROS_YE = 13, "acros-ye" | "acros+ye", B, "hkr on X-T100", "Acros, yellow filter.";
        ACROS_R = 14, "acros-r" | "acros+r", B, "hkr on X-T100", "Acros, red filter.";
        ACROS_G = 15, "acros-g" | "acros+g", B, "hkr on X-T100", "Acros, green filter.";
        ETERNA = 16, "eterna", B, "hkr on X-T100", "Eterna.";
        CLASSIC_NEG = 17, "classic-neg", C, "X-T4 lists it; meaning by the order over USB", "Classic Neg.";
        ETERNA_BLEACH_BYPASS = 18, "eterna-bleach-bypass" | "bleach-bypass", C, "X-T4 lists it; meaning by the order over USB", "Eterna Bleach Bypass.";
    }
}

words! {
    /// Flash, property 500C. Source: the fact sheet's section 6.4. Bodies list only disabled and
    /// enabled over Wi-Fi.
    pub struct Flash, "flash mode" {
        AUTO = 0x0001, "auto", B, "hkr; not listed over Wi-Fi", "The camera chooses.";
        OFF = 0x0002, "off", B, "hkr; not listed over Wi-Fi", "Off.";
        FILL = 0x0003, "fill", B, "hkr; not listed over Wi-Fi", "Fill flash.";
        RED_EYE_AUTO = 0x0004, "red-eye-auto", B, "hkr; not listed over Wi-Fi", "Red-eye, the camera chooses.";
        RED_EYE_FILL = 0x0005, "red-eye-fill", B, "hkr; not listed over Wi-Fi", "Red-eye, fill flash.";
        EXTERNAL_SYNC = 0x0006, "external-sync", B, "hkr; not listed over Wi-Fi", "External flash.";
        ON = 0x8001, "on", B, "hkr, ptp-ip; not listed over Wi-Fi", "On.";
        RED_EYE = 0x8002, "red-eye", B, "hkr, ptp-ip; not listed over Wi-Fi", "Red-eye.";
        RED_EYE_ON = 0x8003, "red-eye-on", B, "hkr, ptp-ip; not listed over Wi-Fi", "Red-eye, on.";
        RED_EYE_SYNC = 0x8004, "red-eye-sync", B, "hkr, ptp-ip; not listed over Wi-Fi", "Red-eye, slow sync.";
        RED_EYE_REAR = 0x8005, "red-eye-rear", B, "hkr, ptp-ip; not listed over Wi-Fi", "Red-eye, rear curtain.";
        SLOW_SYNC = 0x8006, "slow-sync", B, "hkr, ptp-ip; not listed over Wi-Fi", "Slow sync.";
        REAR_SYNC = 0x8007, "rear-sync", B, "hkr, ptp-ip; not listed over Wi-Fi", "Rear curtain.";
        COMMANDER = 0x8008, "commander", B, "hkr, ptp-ip; not listed over Wi-Fi", "Commander of other flashes.";
        DISABLED = 0x8009, "disabled", A, "X-T1 and X-T4 0x902B", "Flash disabled.";
        ENABLED = 0x800A, "enabled", A, "X-T1 and X-T4 0x902B; logs", "Flash enabled.";
    }
}

words! {
    /// Self-timer, property 5012. Source: the fact sheet's section 6.3.
    pub struct SelfTimer, "self-timer" {
        OFF = 0, "off" | "0" | "0s", A, "X-T1 and X-T4 0x902B; logs", "No delay.";
        SECONDS_1 = 1, "1s" | "1", B, "hkr; not listed by X-T1 and X-T4", "One second.";
        SECONDS_2 = 2, "2s" | "2", A, "X-T1 and X-T4 0x902B", "Two seconds.";
        SECONDS_5 = 3, "5s" | "5", B, "hkr; not listed by X-T1 and X-T4", "Five seconds.";
        SECONDS_10 = 4, "10s" | "10", A, "X-T1 and X-T4 0x902B", "Ten seconds.";
    }
}

words! {
    /// Image quality, property D018. A body set to RAW alone reports RAW and Fine in remote mode
    /// (hkr, ptp-ip). Source: the fact sheet's section 6.3.
    pub struct ImageQuality, "image quality" {
        RAW = 1, "raw", A, "hkr, ptp-ip", "RAW alone.";
        FINE = 2, "fine", A, "hkr, ptp-ip", "JPEG, fine.";
        NORMAL = 3, "normal", A, "hkr, ptp-ip", "JPEG, normal.";
        RAW_FINE = 4, "raw+fine", A, "hkr, ptp-ip, logs", "RAW and fine JPEG.";
        RAW_NORMAL = 5, "raw+normal", A, "hkr, ptp-ip, log:XT4", "RAW and normal JPEG.";
    }
}

words! {
    /// Image size and aspect, property D241. Source: the fact sheet's section 6.3.
    pub struct ImageSize, "image size" {
        S_3_2 = 2, "S-3:2", A, "hkr, ptp-ip", "Small, 3:2.";
        S_16_9 = 3, "S-16:9", A, "hkr, ptp-ip", "Small, 16:9.";
        S_1_1 = 4, "S-1:1", A, "hkr, ptp-ip", "Small, square.";
        M_3_2 = 6, "M-3:2", A, "hkr, ptp-ip", "Medium, 3:2.";
        M_16_9 = 7, "M-16:9", A, "hkr, ptp-ip", "Medium, 16:9.";
        M_1_1 = 8, "M-1:1", A, "hkr, ptp-ip", "Medium, square.";
        L_3_2 = 10, "L-3:2", A, "hkr, ptp-ip, logs", "Large, 3:2.";
        L_16_9 = 11, "L-16:9", A, "hkr, ptp-ip", "Large, 16:9.";
        L_1_1 = 12, "L-1:1", A, "hkr, ptp-ip", "Large, square.";
    }
}

words! {
    /// Focus mode, property 500A. Source: the fact sheet's section 6.3.
    pub struct FocusMode, "focus mode" {
        MANUAL = 0x0001, "manual" | "mf", A, "hkr, logs", "Manual focus.";
        AF_S = 0x8001, "af-s", A, "hkr, logs", "Autofocus, single.";
        AF_C = 0x8002, "af-c", A, "hkr, logs", "Autofocus, continuous.";
    }
}

words! {
    /// Exposure program, property 500E. Source: the fact sheet's section 6.3. An X-T1 lists 0x8001
    /// to 0x8008 too, whose names are unknown.
    pub struct ExposureProgram, "exposure program" {
        MANUAL = 1, "manual" | "m", A, "hkr, log:XT4", "M: the person chooses aperture and shutter speed.";
        PROGRAM = 2, "program" | "p", A, "hkr, ptp-ip", "P: the camera chooses both.";
        APERTURE_PRIORITY = 3, "aperture-priority" | "a", A, "hkr, log:XT5", "A: the person chooses the aperture.";
        SHUTTER_PRIORITY = 4, "shutter-priority" | "s", A, "hkr", "S: the person chooses the shutter speed.";
        AUTO = 6, "auto", A, "hkr", "The camera chooses everything.";
    }
}

words! {
    /// Command dial, property D028: which of aperture and shutter speed can still move. Source: the
    /// fact sheet's section 6.3, where hkr and ptp-ip agree in other words.
    pub struct CommandDial, "command dial" {
        FREE = 0, "free", A, "hkr, ptp-ip, logs", "Aperture and shutter speed can move.";
        SHUTTER_AT_END = 1, "shutter-at-end", A, "hkr, ptp-ip", "The shutter speed is at its end; the aperture can move.";
        APERTURE_AT_END = 2, "aperture-at-end", A, "hkr, ptp-ip", "The aperture is at its end; the shutter speed can move.";
        BOTH_AT_END = 3, "both-at-end", A, "hkr, ptp-ip", "Both are at their ends.";
    }
}

words! {
    /// Focus lock, property D209, as it is over Wi-Fi. Source: the fact sheet's section 6.3.
    pub struct FocusLock, "focus lock" {
        UNLOCKED = 0, "unlocked", A, "hkr, ptp-ip, logs", "Focus is not locked.";
        LOCKED = 1, "locked", A, "hkr, ptp-ip", "Focus is locked.";
    }
}

words! {
    /// Movie button, property D019. Source: the fact sheet's section 6.3.
    pub struct MovieButton, "movie button" {
        UNAVAILABLE = 0, "unavailable", A, "ptp-ip", "No movie can be started.";
        AVAILABLE = 1, "available", A, "ptp-ip", "A movie can be started.";
    }
}

words! {
    /// Device error, property D21B. What 1 to 14 mean is unknown. Source: the fact sheet's section
    /// 6.3.
    pub struct DeviceError, "device error" {
        NONE = 0, "none", A, "ptp-ip, logs", "Nothing is wrong.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_however_they_are_spaced() {
        for text in ["classic-chrome", "Classic Chrome", "CLASSIC_CHROME", "0x000B"] {
            assert_eq!(text.parse(), Ok(FilmSimulation::CLASSIC_CHROME), "{text}");
        }
        assert_eq!("kelvin".parse(), Ok(WhiteBalance::COLOUR_TEMPERATURE));
        assert_eq!("l 3:2".parse(), Ok(ImageSize::L_3_2));
        assert_eq!("2".parse(), Ok(SelfTimer::SECONDS_2));
    }

    #[test]
    fn what_is_no_word_names_those_that_are() {
        let error = "sunset".parse::<WhiteBalance>().unwrap_err().to_string();
        assert!(error.contains("\"sunset\" is no white balance"), "{error}");
        assert!(error.contains("daylight") && error.contains("custom-3"), "{error}");
        assert!("0x10002".parse::<WhiteBalance>().is_err());
    }

    #[test]
    fn an_unknown_value_shows_as_hex() {
        assert_eq!(WhiteBalance(0x8020).to_string(), "0x8020");
        assert_eq!(format!("{:?}", Flash::ENABLED), "Flash(enabled)");
    }
}
