//! What a picture is exposed with: what was set, and what the body chooses by the light.

use filmwire_codec::DevicePropCode as Prop;

use super::Program;
use super::scale::shutter_seconds;
use crate::camera::Camera;
use crate::media::exposure::Exposure;

/// The slowest speed the body chooses before it raises an automatic ISO. Guess: bodies let one set
/// it, and 1/60 s is usual.
const SLOWEST_BEFORE_ISO_S: f64 = 1.0 / 60.0;
/// The aperture the body chooses in program. Guess.
const PROGRAM_F_NUMBER: f64 = 4.0;
/// Limit of an automatic ISO that does not tell one. Guess.
const USUAL_ISO_LIMIT: u32 = 6400;
/// Lowest ISO of a body whose 0x902B does not tell one. Guess.
const USUAL_ISO: u32 = 200;

/// ISO with its two special bits (fact sheet 6.4).
const AUTO: u32 = 0x8000_0000;
const EXTENDED: u32 = 0x4000_0000;
const VALUE: u32 = 0x00FF_FFFF;

/// What the three of them are, in plain numbers.
struct Triangle {
    f_number: f64,
    seconds: f64,
    iso: f64,
}

impl Triangle {
    /// The light, as an exposure value at ISO 100, that is exposed correctly.
    fn ev(&self) -> f64 {
        (self.f_number * self.f_number * 100.0 / (self.seconds * self.iso)).log2()
    }
}

impl Camera {
    /// Lowest and highest ISO there may be: the same unless it is automatic.
    fn iso_range(&self) -> (f64, f64) {
        let listed = self.listed(Prop::ISO).unwrap_or(USUAL_ISO);
        let code = self.setting(Prop::ISO.0, listed);
        if code & AUTO == 0 {
            let iso = f64::from((code & VALUE).max(1));
            return (iso, iso);
        }
        let limit = if code == u32::MAX { USUAL_ISO_LIMIT } else { (code & VALUE).max(1) };
        let values = self.descriptor(Prop::ISO).map(|descriptor| descriptor.values.as_slice());
        let plain = values.unwrap_or_default().iter().filter(|&&iso| iso & (AUTO | EXTENDED) == 0);
        let least = plain.min().copied().unwrap_or(USUAL_ISO).min(limit);
        (f64::from(least), f64::from(limit))
    }

    /// The exposure of a picture taken now in light of so many exposure values at ISO 100.
    pub(crate) fn meter(&self, light_ev: f32) -> Exposure {
        let program = self.program();
        let bias = if program == Program::Manual { 0.0 } else { f64::from(self.bias()) / 1000.0 };
        let ev = f64::from(light_ev);
        let taken = self.choose((ev - bias).exp2());
        let over = ev - taken.ev();
        Exposure {
            time_us: (taken.seconds * 1e6).round() as u32,
            f_number: (taken.f_number * 100.0).round() as u16,
            iso: taken.iso.round() as u32,
            over_mev: (over * 1000.0).round() as i32,
        }
    }

    /// Sets what the mode leaves to the body, so that the aperture's square times 100, divided by
    /// time and ISO, is `wanted`, as near as it gets.
    fn choose(&self, wanted: f64) -> Triangle {
        let (lens, speeds) = (self.persona.shooting.apertures, self.persona.shooting.shutters);
        let (widest, narrowest) = (f64::from(lens.0) / 100.0, f64::from(lens.1) / 100.0);
        let (slowest, fastest) = (shutter_seconds(speeds.0), shutter_seconds(speeds.1));
        let (least, most) = self.iso_range();
        let program = self.program();
        let mut taken = Triangle {
            f_number: f64::from(self.f_number()) / 100.0,
            seconds: shutter_seconds(self.shutter()),
            iso: least,
        };
        if program == Program::Automatic {
            taken.f_number = within(PROGRAM_F_NUMBER, widest, narrowest);
        }
        let seconds =
            |taken: &Triangle| taken.f_number * taken.f_number * 100.0 / (wanted * taken.iso);
        let iso = |taken: &Triangle| {
            let needed = taken.f_number * taken.f_number * 100.0 / (wanted * taken.seconds);
            within(needed, least, most)
        };
        match program {
            Program::Manual => taken.iso = iso(&taken),
            Program::ShutterPriority => {
                let needed = (wanted * taken.iso * taken.seconds / 100.0).sqrt();
                taken.f_number = within(needed, widest, narrowest);
                taken.iso = iso(&taken);
            }
            Program::AperturePriority | Program::Automatic => {
                taken.seconds = seconds(&taken).min(SLOWEST_BEFORE_ISO_S);
                taken.iso = iso(&taken);
                taken.seconds = within(seconds(&taken), fastest, slowest);
            }
        }
        taken
    }
}

/// `value`, cut to a range whose ends may stand in either order.
fn within(value: f64, one: f64, other: f64) -> f64 {
    value.clamp(one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::card::{Card, GenerateSpec};
    use crate::persona::Persona;

    fn camera(persona: &str, settings: &[(u16, u32)]) -> Camera {
        let card = Card::new(GenerateSpec::default());
        let mut camera = Camera::new(Persona::builtin(persona).unwrap(), card, Instant::now());
        camera.settings.extend(settings.iter().copied());
        camera
    }

    #[test]
    fn in_manual_all_is_as_set() {
        // f/8, 1/60 s, ISO 400: correct in light of 9.9.
        let camera = camera("X-T4", &[(0x5007, 800), (0xD02A, 400)]);
        let taken = camera.meter(9.9069);
        assert_eq!((taken.time_us, taken.f_number, taken.iso), (16_667, 800, 400));
        assert!(taken.over_mev.abs() <= 1, "{taken:?}");
        let (darker, brighter) = (camera.meter(7.9069), camera.meter(10.9069));
        assert!((darker.over_mev + 2_000).abs() <= 1 && (brighter.over_mev - 1_000).abs() <= 1);
    }

    #[test]
    fn a_setting_is_worth_its_stops() {
        let over = |settings: &[(u16, u32)]| camera("X-T4", settings).meter(9.0).over_mev;
        let base = over(&[(0x5007, 800), (0xD02A, 400)]);
        assert_eq!(over(&[(0x5007, 800), (0xD02A, 800)]) - base, 1_000);
        assert_eq!(over(&[(0x5007, 400), (0xD02A, 400)]) - base, 2_000);
        assert_eq!(
            over(&[(0x5007, 800), (0xD02A, 400), (0xD240, 0x8000_0000 | 30_000)]) - base,
            1_000
        );
        assert_eq!(over(&[(0x5007, 800), (0xD02A, 0x4000_0064)]) - base, -2_000, "L100");
    }

    #[test]
    fn automatic_iso_goes_to_its_limit() {
        let camera = camera("X-T4", &[(0x5007, 200)]);
        assert_eq!(camera.meter(7.0).over_mev, 0);
        let dark = camera.meter(-2.0);
        assert!(dark.iso == 6400 && dark.over_mev < -3_000, "{dark:?}");
        let light = camera.meter(12.0);
        assert!(light.iso == 160 && light.over_mev > 3_000, "the lowest that is not extended");
    }

    #[test]
    fn the_body_follows_the_light_and_the_bias() {
        for program in [2, 3, 4, 6] {
            let camera = camera("X-T5", &[(0x500E, program), (0x5010, 0), (0xD240, 0x8000_EA60)]);
            for light in [5.0, 9.0, 13.0] {
                assert_eq!(camera.meter(light).over_mev.abs() / 2, 0, "{program} in {light}");
            }
        }
        let darker = camera("X-T5", &[(0x5010, 0xFC18)]);
        assert_eq!(darker.meter(9.0).over_mev, -1_000);
        let night = camera("X-T5", &[(0xD02A, 200)]).meter(-8.0);
        assert!(night.time_us == 30_000_000 && night.over_mev < -1_000, "{night:?}");
    }
}
