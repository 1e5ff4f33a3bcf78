//! Exposure that follows the light, from day to night and back.
//!
//! A preview tells how bright a frame became; with what it was exposed with, that tells the light of
//! the scene, which is smoothed over frames. Where the exposure is too far from the one the light
//! wants, one setting goes one third of a stop, so that no frame jumps.

mod exposure;
pub mod luminance;

use std::fmt;

use filmwire_codec::value::{Aperture, Iso, ShutterSpeed};

pub(super) use exposure::Exposure;
pub use exposure::{Changed, Limits, NoRamp};

/// Share of a new frame's light in the smoothed one: a cloud counts half at once.
const SMOOTHING: f64 = 0.5;
/// How far the exposure may be off before it changes. More than half a step, so that it does not
/// change back at once; less than a step by what cameras round.
const HYSTERESIS_STOPS: f64 = 0.2;
/// Settings are this near when they are the same; cameras round thirds.
const NEAR_STOPS: f64 = 0.12;

/// What a ramp may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dial {
    /// How long the shutter is open.
    Shutter,
    /// How wide the lens is open.
    Aperture,
    /// How much the light is amplified.
    Iso,
}

impl Dial {
    /// The setting's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Shutter => "shutter",
            Self::Aperture => "aperture",
            Self::Iso => "iso",
        }
    }

    /// How many stops brighter than at 1 s, f/1, ISO 100 a value makes a picture; `None` where the
    /// camera chooses, or the bits say no number.
    pub fn stops(self, bits: u32) -> Option<f64> {
        match self {
            Self::Shutter => ShutterSpeed(bits).stops().map(|faster| -faster),
            Self::Aperture => Aperture(u16::try_from(bits).ok()?).stops().map(|closed| -closed),
            // Plain numbers: an automatic one is not ours to count with.
            Self::Iso => {
                let plain: u32 = Iso(bits).to_string().parse().ok()?;
                Some((f64::from(plain) / 100.0).log2())
            }
        }
    }

    /// Where pictures get brighter first, and darker last.
    const BRIGHTER: [Self; 3] = [Self::Shutter, Self::Aperture, Self::Iso];
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// The values a setting may take, from dark to bright, a third of a stop apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// Which setting.
    pub dial: Dial,
    /// Bits and stops, from dark to bright.
    rungs: Vec<(u32, f64)>,
}

/// Why there is no ladder between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no value of {0} lies between these two; write both, such as 1/4000..10s, 200..3200, f/2.8..f/8"
)]
pub struct NoLadder(Dial);

impl Ladder {
    /// All thirds of a stop between two values of a stepped setting; for ISO, those the camera
    /// lists. The order of the two does not count.
    pub fn between(dial: Dial, one: u32, other: u32, listed: &[u32]) -> Result<Self, NoLadder> {
        let ends = dial.stops(one).zip(dial.stops(other)).ok_or(NoLadder(dial))?;
        let (dark, bright) = (ends.0.min(ends.1), ends.0.max(ends.1));
        let mut rungs = match dial {
            Dial::Iso => {
                let known = |bits: &u32| Some((*bits, dial.stops(*bits)?));
                listed.iter().filter_map(known).collect()
            }
            Dial::Shutter | Dial::Aperture => thirds(dial),
        };
        rungs.retain(|rung| rung.1 > dark - NEAR_STOPS && rung.1 < bright + NEAR_STOPS);
        rungs.sort_by(|one, other| one.1.total_cmp(&other.1));
        if rungs.is_empty() { Err(NoLadder(dial)) } else { Ok(Self { dial, rungs }) }
    }

    /// The next value that is brighter or darker than where it stands.
    fn next(&self, at: f64, brighter: bool) -> Option<u32> {
        let (low, high) = (at - NEAR_STOPS, at + NEAR_STOPS);
        let rung = match brighter {
            true => self.rungs.iter().find(|rung| rung.1 > high),
            false => self.rungs.iter().rev().find(|rung| rung.1 < low),
        };
        rung.map(|rung| rung.0)
    }

    /// True between its ends.
    fn reaches(&self, at: f64) -> bool {
        let ends = self.rungs.first().zip(self.rungs.last());
        ends.is_some_and(|(dark, bright)| {
            (dark.1 - NEAR_STOPS..=bright.1 + NEAR_STOPS).contains(&at)
        })
    }

    /// It goes no further: the camera stood still on its way there.
    fn end_at(&mut self, at: f64, brighter: bool) {
        self.rungs.retain(|rung| match brighter {
            true => rung.1 <= at + NEAR_STOPS,
            false => rung.1 >= at - NEAR_STOPS,
        });
    }
}

/// Thirds of a stop of everything there is, as the wire tells them.
fn thirds(dial: Dial) -> Vec<(u32, f64)> {
    let third = |step: i32| f64::from(step) / 3.0;
    let bits = |stops: f64| match dial {
        // A third of a second is still told in milliseconds by some, and compared by its length.
        Dial::Shutter if stops >= 0.0 => format!("{:.3}s", stops.exp2()).parse::<ShutterSpeed>(),
        _ => format!("1/{:.3}", (-stops).exp2()).parse::<ShutterSpeed>(),
    };
    match dial {
        // 1/32000 to a quarter of an hour.
        Dial::Shutter => {
            (-45..=29).filter_map(|step| Some((bits(third(step)).ok()?.0, third(step)))).collect()
        }
        // f/1 to f/32.
        Dial::Aperture | Dial::Iso => (0..=30)
            .map(|step| ((100.0 * (third(step) / 2.0).exp2()).round() as u32, -third(step)))
            .collect(),
    }
}

/// A change that is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Of which setting.
    pub dial: Dial,
    /// To which value, as bits.
    pub bits: u32,
    /// It makes pictures brighter.
    pub brighter: bool,
}

/// Follows the light.
#[derive(Debug, Clone, PartialEq)]
pub struct Ramp {
    ladders: Vec<Ladder>,
    /// Stops from middle grey that frames are to have.
    target: f64,
    /// The scene's light, smoothed.
    light: Option<f64>,
}

impl Ramp {
    /// One that may change these settings, and wants frames so many stops from middle grey.
    pub fn new(ladders: Vec<Ladder>, target: f64) -> Self {
        Self { ladders, target, light: None }
    }

    /// Takes how bright a frame became, in stops from middle grey, and the stops of all settings it
    /// was exposed with; tells what to change before the next one.
    ///
    /// `at` gives the stops of a setting now.
    pub fn follow(&mut self, luminance: f64, at: impl Fn(Dial) -> Option<f64>) -> Option<Wanted> {
        let exposure: f64 = Dial::BRIGHTER.into_iter().filter_map(&at).sum();
        let seen = luminance - exposure;
        let light = self.light.map_or(seen, |light| light + SMOOTHING * (seen - light));
        self.light = Some(light);
        let off = self.target - (light + exposure);
        if off.abs() < HYSTERESIS_STOPS {
            return None;
        }
        let brighter = off > 0.0;
        let mut order = Dial::BRIGHTER;
        if !brighter {
            order.reverse();
        }
        order.into_iter().find_map(|dial| {
            let ladder = self.ladders.iter().find(|ladder| ladder.dial == dial)?;
            let bits = ladder.next(at(dial)?, brighter)?;
            Some(Wanted { dial, bits, brighter })
        })
    }

    /// The camera did not go there: that setting goes no further that way.
    pub fn give_up(&mut self, wanted: Wanted, at: f64) {
        let ladder = self.ladders.iter_mut().find(|ladder| ladder.dial == wanted.dial);
        if let Some(ladder) = ladder {
            ladder.end_at(at, wanted.brighter);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ladder(dial: Dial, one: &str, other: &str) -> Ladder {
        let bits = |text: &str| match dial {
            Dial::Shutter => text.parse::<ShutterSpeed>().unwrap().0,
            Dial::Aperture => text.parse::<Aperture>().unwrap().0.into(),
            Dial::Iso => text.parse::<Iso>().unwrap().0,
        };
        let listed = [160, 200, 250, 320, 400, 500, 640, 800, 1000, 1250, 1600, 0x8000_0190];
        Ladder::between(dial, bits(one), bits(other), &listed).unwrap()
    }

    fn ramp() -> Ramp {
        let shutter = ladder(Dial::Shutter, "1/4000", "10s");
        let aperture = ladder(Dial::Aperture, "f/2.8", "f/8");
        let iso = ladder(Dial::Iso, "200", "1600");
        Ramp::new(vec![shutter, aperture, iso], 0.0)
    }

    /// A camera that does what it is told, in stops.
    struct Body {
        at: [f64; 3],
    }

    impl Body {
        fn at(&self, dial: Dial) -> f64 {
            self.at[dial as usize]
        }

        fn luminance(&self, light: f64) -> f64 {
            (light + self.at.iter().sum::<f64>()).min(2.47)
        }

        fn frame(&mut self, ramp: &mut Ramp, light: f64) -> (f64, Option<Wanted>) {
            let luminance = self.luminance(light);
            let wanted = ramp.follow(luminance, |dial| Some(self.at(dial)));
            if let Some(wanted) = wanted {
                self.at[wanted.dial as usize] = wanted.dial.stops(wanted.bits).unwrap();
            }
            (luminance, wanted)
        }
    }

    #[test]
    fn ladders_go_in_thirds_between_their_ends() {
        let shutter = ladder(Dial::Shutter, "1/4000", "10s");
        let words: Vec<_> =
            shutter.rungs.iter().map(|rung| ShutterSpeed(rung.0).to_string()).collect();
        assert_eq!(shutter.rungs.len(), 47, "{words:?}");
        assert_eq!((words[0].as_str(), words[46].as_str()), ("1/4096", "10.079s"));
        for pair in shutter.rungs.windows(2) {
            assert!((pair[1].1 - pair[0].1 - 1.0 / 3.0).abs() < 1e-9);
            assert!((Dial::Shutter.stops(pair[0].0).unwrap() - pair[0].1).abs() < 0.01);
        }
        let aperture = ladder(Dial::Aperture, "f/8", "f/2.8");
        assert_eq!((aperture.rungs[0].0, aperture.rungs.len()), (800, 10));
        assert_eq!(ladder(Dial::Iso, "200", "1600").rungs.len(), 10, "no automatic one");
        for (dial, one, other) in
            [(Dial::Iso, 300, 310), (Dial::Iso, 200, u32::MAX), (Dial::Shutter, 0, 1000)]
        {
            assert_eq!(Ladder::between(dial, one, other, &[200, 400]), Err(NoLadder(dial)));
        }
    }

    #[test]
    fn brightness_comes_from_the_shutter_first_and_from_iso_last() {
        let mut ramp = ramp();
        // 1/4000 s, f/8, ISO 200; it gets darker and darker.
        let mut body = Body { at: [-12.0, -6.0, 1.0] };
        let mut changed = Vec::new();
        for step in 0..400 {
            let light = 17.0 - f64::from(step) * 0.1;
            changed.extend(body.frame(&mut ramp, light).1.map(|wanted| wanted.dial));
        }
        changed.dedup();
        assert_eq!(changed, [Dial::Shutter, Dial::Aperture, Dial::Iso]);
        // And back, the other way round.
        let mut back = Vec::new();
        for step in 0..400 {
            let light = -23.0 + f64::from(step) * 0.1;
            back.extend(body.frame(&mut ramp, light).1.map(|wanted| wanted.dial));
        }
        back.dedup();
        assert_eq!(back, [Dial::Iso, Dial::Aperture, Dial::Shutter]);
    }

    #[test]
    fn a_setting_that_the_camera_does_not_move_is_left_for_the_next_one() {
        let mut ramp = ramp();
        let wanted = ramp.follow(-2.0, |_| Some(0.0)).unwrap();
        assert_eq!((wanted.dial, wanted.brighter), (Dial::Shutter, true));
        ramp.give_up(wanted, 0.0);
        assert_eq!(
            ramp.follow(-2.0, |_| Some(-4.0)).unwrap().dial,
            Dial::Shutter,
            "below it goes on"
        );
        let next = ramp.follow(-2.0, |dial| Some(if dial == Dial::Aperture { -4.0 } else { 0.0 }));
        assert_eq!(next.unwrap().dial, Dial::Aperture);
    }

    /// What it changed itself must not look like light.
    #[test]
    fn it_does_not_run_past_a_light_that_stays() {
        let mut ramp = ramp();
        let mut body = Body { at: [-12.0, -6.0, 1.0] };
        for step in 0..40 {
            let (luminance, wanted) = body.frame(&mut ramp, 14.0);
            assert!(luminance < HYSTERESIS_STOPS, "{step}: {luminance}");
            assert!(wanted.is_none_or(|wanted| wanted.brighter), "{step}");
            // Nine thirds of three stops.
            assert_eq!(wanted.is_some(), step < 9, "{step}: {luminance}");
        }
    }

    #[test]
    fn a_flicker_changes_nothing() {
        let mut ramp = ramp();
        let mut body = Body { at: [-6.0, -4.0, 2.0] };
        for step in 0..50 {
            let light = 8.0 + if step % 2 == 0 { 0.15 } else { -0.15 };
            assert_eq!(body.frame(&mut ramp, light).1, None, "{step}");
        }
    }

    proptest! {
        /// Light as it comes and goes with the sun: at most a tenth of a stop from frame to frame.
        #[test]
        fn frames_stay_near_the_target_and_never_jump(
            changes in proptest::collection::vec(-0.06..0.06f64, 1..60), start in 0.0..9.0f64,
        ) {
            let mut ramp = ramp();
            let mut body = Body { at: [-12.0, -6.0, 1.0] };
            let mut light = start;
            for _ in 0..60 {
                body.frame(&mut ramp, light);
            }
            let (mut last, _) = body.frame(&mut ramp, light);
            for change in changes {
                for _ in 0..8 {
                    light = (light + change).clamp(-3.0, 14.0);
                    let (luminance, _) = body.frame(&mut ramp, light);
                    prop_assert!(luminance.abs() <= 0.45, "{luminance}");
                    prop_assert!((luminance - last).abs() <= 1.0 / 3.0 + 0.1, "{last} {luminance}");
                    last = luminance;
                }
            }
        }
    }
}
