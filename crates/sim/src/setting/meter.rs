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

/// What a value on a dial does: shutters, diaphragms and amplifiers go in whole thirds of a stop, and
/// their numbers are rounded (1/15 s is 1/16, f/5.6 is 5.66, ISO 1250 is 1270).
///
/// `origin` is a value without rounding; a stop multiplies by `stop`. Guess: so shutters and lenses
/// are built; nobody measured these bodies.
fn marked(value: f64, origin: f64, stop: f64) -> f64 {
    let thirds = ((value / origin).log(stop) * 3.0).round();
    origin * stop.powf(thirds / 3.0)
}

impl Camera {
    fn iso_code(&self) -> u32 {
        self.setting(Prop::ISO.0, self.listed(Prop::ISO).unwrap_or(USUAL_ISO))
    }

    /// The ISO that is set; `None` if it is automatic.
    fn fixed_iso(&self) -> Option<u32> {
        let code = self.iso_code();
        (code & AUTO == 0).then_some((code & VALUE).max(1))
    }

    /// Lowest and highest ISO there may be: the same unless it is automatic.
    fn iso_range(&self) -> (f64, f64) {
        if let Some(iso) = self.fixed_iso() {
            let iso = marked(f64::from(iso), 100.0, 2.0);
            return (iso, iso);
        }
        let code = self.iso_code();
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
        // A file tells what was chosen on a dial, not what that is.
        let is_set = |by: Program| program == Program::Manual || program == by;
        let seconds = if is_set(Program::ShutterPriority) {
            shutter_seconds(self.shutter())
        } else {
            taken.seconds
        };
        let f_number = if is_set(Program::AperturePriority) {
            self.f_number().into()
        } else {
            taken.f_number * 100.0
        };
        Exposure {
            time_us: (seconds * 1e6).round() as u32,
            f_number: f_number.round() as u16,
            iso: self.fixed_iso().unwrap_or_else(|| taken.iso.round() as u32),
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
            f_number: marked(f64::from(self.f_number()) / 100.0, 1.0, 2f64.sqrt()),
            seconds: marked(shutter_seconds(self.shutter()), 1.0, 2.0),
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
        // f/8, 1/60 s (which is 1/64), ISO 400: correct in light of 10.
        let camera = camera("X-T4", &[(0x5007, 800), (0xD02A, 400)]);
        let taken = camera.meter(10.0);
        assert_eq!((taken.time_us, taken.f_number, taken.iso), (16_667, 800, 400));
        assert!(taken.over_mev.abs() <= 1, "{taken:?}");
        let (darker, brighter) = (camera.meter(8.0), camera.meter(11.0));
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
    fn a_file_tells_the_numbers_of_the_dials_and_what_the_body_chose() {
        let of = |program| {
            let exposure = [(0x5007, 560), (0xD240, 0x8000_EA60), (0xD02A, 1250)];
            let dials = [&exposure[..], &[(0x500E, program), (0x5010, 0)]].concat();
            let taken = camera("X-T5", &dials).meter(9.0);
            (taken.time_us, taken.f_number, taken.iso)
        };
        // 1/60 s, f/5.6, ISO 1250 as they are marked; the body's own in light of 9 are not.
        assert_eq!(of(1), (16_667, 560, 1250));
        let (time_us, f_number, iso) = of(3);
        assert_eq!((f_number, iso), (560, 1250));
        assert!((4_000..6_000).contains(&time_us), "{time_us}");
        let (time_us, f_number, iso) = of(4);
        assert_eq!((time_us, iso), (16_667, 1250));
        assert!((950..1_050).contains(&f_number), "{f_number}");
    }

    /// Whatever their numbers say: 1/13 to 1/10 s is no longer a step than 1/10 to 1/8 s.
    #[test]
    fn a_step_of_a_dial_is_a_third_of_a_stop() {
        let over = |settings: &[(u16, u32)]| camera("X-T4", settings).meter(9.0).over_mev;
        for (prop, codes) in [
            (0xD240, [150, 130, 100, 80, 60].map(|tenths| 0x8000_0000 | (tenths * 100))),
            (0x5007, [1400, 1300, 1100, 1000, 900]),
            (0xD02A, [800, 1000, 1250, 1600, 2000]),
        ] {
            let over = codes.map(|code| over(&[(0x5007, 800), (0xD02A, 400), (prop, code)]));
            for pair in over.windows(2) {
                assert!((332..=334).contains(&(pair[1] - pair[0])), "{prop:#X}: {over:?}");
            }
        }
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
