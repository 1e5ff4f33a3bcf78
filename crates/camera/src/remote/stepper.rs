//! Which way to step, and when to stop. No camera and no clock in here.

use filmwire_codec::DevicePropCode;
use filmwire_codec::operation::StepDirection;
use filmwire_codec::value::{Aperture, ExposureBias, ShutterSpeed};

/// Most steps for one value: more than the thirds of a stop between a quarter of an hour and
/// 1/32000, the widest range there is.
const MOST_STEPS: u32 = 100;
/// How near in stops is there. Cameras write rounded numbers for exact thirds, and nobody knows
/// which ones all of them write; 1/60 for 1/64 is the widest of the usual roundings, with 0.093.
const NEAR_STOPS: f64 = 0.1;
/// How near a bias has to be: it comes in thousandths of a stop, rounded in one way (the fact
/// sheet's section 6.4), so that another number is another bias.
const NEAR_BIAS_STOPS: f64 = 0.0005;

/// Where a stepped setting stands, in stops that rise with each step up. `None` where the bits do
/// not say it, as where the camera chooses the value itself.
pub(super) fn stops(property: DevicePropCode, bits: u32) -> Option<f64> {
    match property {
        DevicePropCode::SHUTTER_SPEED => ShutterSpeed(bits).stops(),
        DevicePropCode::F_NUMBER => Aperture(u16::try_from(bits).ok()?).stops(),
        DevicePropCode::EXPOSURE_BIAS => {
            Some(ExposureBias(u16::try_from(bits).ok()?.cast_signed()).stops())
        }
        _ => None,
    }
}

/// True if two places of a property are the same one written in two ways.
pub(super) fn is_near(property: DevicePropCode, one: f64, other: f64) -> bool {
    let near = match property {
        DevicePropCode::EXPOSURE_BIAS => NEAR_BIAS_STOPS,
        _ => NEAR_STOPS,
    };
    (one - other).abs() < near
}

/// The search for one value.
#[derive(Debug)]
pub(super) struct Stepper {
    property: DevicePropCode,
    wanted: f64,
    at: f64,
    steps: u32,
    /// Up goes down on this body. That up raises the number is read from one client's search loop.
    reversed: bool,
    /// The first step changed nothing: the dial is at its end, which may be the other one.
    stayed: bool,
}

/// What a step led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The camera has the value.
    Reached,
    /// Another step is needed.
    On,
    /// The camera went from one side of the value to the other.
    PassedOver,
    /// Steps change nothing any more.
    Stuck,
    /// The first step changed nothing, and the other way leads off: the next step leads back.
    AtEnd,
    /// Steps lead away whichever way they go.
    Astray,
    /// It takes too many.
    TooMany,
}

impl Stepper {
    pub(super) fn new(property: DevicePropCode, wanted: f64, at: f64) -> Self {
        Self { property, wanted, at, steps: 0, reversed: false, stayed: false }
    }

    pub(super) fn steps(&self) -> u32 {
        self.steps
    }

    /// The way of the next step.
    pub(super) fn direction(&self) -> StepDirection {
        if (self.wanted > self.at) != self.reversed {
            StepDirection::Up
        } else {
            StepDirection::Down
        }
    }

    /// Takes note of a step that was sent.
    pub(super) fn sent(&mut self) {
        self.steps += 1;
    }

    /// Judges a step that changed nothing. A first one may have gone the wrong way at the end of the
    /// dial, so that the other way is tried, once.
    pub(super) fn stayed(&mut self) -> Step {
        if self.steps > 1 {
            return Step::Stuck;
        }
        (self.stayed, self.reversed) = (true, true);
        Step::On
    }

    /// Judges where the step led to.
    pub(super) fn came_to(&mut self, now: f64) -> Step {
        let before = std::mem::replace(&mut self.at, now);
        let (gap_before, gap) = (self.wanted - before, self.wanted - now);
        if is_near(self.property, now, self.wanted) {
            Step::Reached
        } else if gap_before * gap < 0.0 {
            Step::PassedOver
        } else if gap.abs() > gap_before.abs() {
            match (self.steps, self.stayed) {
                (1, _) => {
                    self.reversed = true;
                    Step::On
                }
                (2, true) => {
                    self.reversed = false;
                    Step::AtEnd
                }
                _ => Step::Astray,
            }
        } else if self.steps >= MOST_STEPS {
            Step::TooMany
        } else {
            Step::On
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dial with these positions; `up` is what a step up adds to the position.
    fn turn(dial: &[&str], from: usize, wanted: &str, up: isize) -> (Step, u32, String) {
        let place = |text: &str| match text.parse::<ShutterSpeed>() {
            Ok(speed) => speed.stops().unwrap(),
            Err(_) => text.parse::<Aperture>().unwrap().stops().unwrap(),
        };
        let mut at = from as isize;
        let mut stepper =
            Stepper::new(DevicePropCode::SHUTTER_SPEED, place(wanted), place(dial[from]));
        loop {
            let step = if stepper.direction() == StepDirection::Up { up } else { -up };
            let left = at;
            at = (at + step).clamp(0, dial.len() as isize - 1);
            stepper.sent();
            let now = dial[at as usize];
            let judged = if at == left { stepper.stayed() } else { stepper.came_to(place(now)) };
            match judged {
                Step::On => {}
                end => return (end, stepper.steps(), now.to_owned()),
            }
        }
    }

    const SPEEDS: [&str; 12] = [
        "30s", "1.3s", "1s", "0.8s", "0.6s", "0.5s", "1/2.5", "1/3", "1/60", "1/80", "1/100",
        "1/125",
    ];

    #[test]
    fn a_value_is_stepped_to_from_both_sides() {
        assert_eq!(turn(&SPEEDS, 8, "1/125", 1), (Step::Reached, 3, "1/125".into()));
        assert_eq!(turn(&SPEEDS, 11, "30s", 1), (Step::Reached, 11, "30s".into()));
        let apertures = ["2", "2.2", "2.5", "2.8"];
        assert_eq!(turn(&apertures, 3, "2", 1), (Step::Reached, 3, "2".into()));
    }

    #[test]
    fn other_roundings_of_a_value_are_that_value() {
        assert_eq!(turn(&SPEEDS, 8, "1/128", 1).0, Step::Reached);
        assert_eq!(turn(&SPEEDS, 2, "1/2", 1), (Step::Reached, 3, "0.5s".into()));
    }

    #[test]
    fn a_value_between_two_steps_is_passed_over_once() {
        assert_eq!(turn(&SPEEDS, 7, "1/15", 1), (Step::PassedOver, 1, "1/60".into()));
    }

    #[test]
    fn a_body_whose_steps_go_the_other_way_is_followed() {
        assert_eq!(turn(&SPEEDS, 8, "1/125", -1), (Step::Reached, 5, "1/125".into()));
    }

    #[test]
    fn a_dial_at_its_end_is_tried_the_other_way_once() {
        assert_eq!(turn(&SPEEDS, 0, "1s", -1), (Step::Reached, 3, "1s".into()));
        assert_eq!(turn(&SPEEDS, 11, "1/60", -1), (Step::Reached, 4, "1/60".into()));
        // No reversed one: what is wanted lies beyond its end.
        assert_eq!(turn(&SPEEDS, 11, "1/500", 1), (Step::AtEnd, 2, "1/100".into()));
        assert_eq!(turn(&SPEEDS, 10, "1/500", 1), (Step::Stuck, 2, "1/125".into()));
        assert_eq!(turn(&SPEEDS, 11, "1/500", -1), (Step::Stuck, 3, "1/125".into()));
        assert_eq!(turn(&["8"], 0, "11", 1), (Step::Stuck, 2, "8".into()));
    }

    /// No two neighbours of the usual scales are taken for each other.
    #[test]
    fn neighbours_are_never_near() {
        let scales: [&[&str]; 2] = [
            &[
                "15s", "13s", "10s", "8s", "6.5s", "5s", "4s", "3.2s", "2.5s", "2s", "1.6s",
                "1.3s", "1s", "1/1.3", "1/1.6", "1/2", "1/2.5", "1/3", "1/4", "1/5", "1/6", "1/8",
                "1/10", "1/13", "1/15", "1/20", "1/25", "1/30", "1/40", "1/50", "1/60",
            ],
            &[
                "1.0", "1.1", "1.2", "1.4", "1.6", "1.8", "2", "2.2", "2.5", "2.8", "3.2", "3.5",
                "4", "4.5", "5", "5.6", "6.4", "7.1", "8", "9", "10", "11", "13", "14", "16", "18",
                "20", "22",
            ],
        ];
        for pair in scales.iter().flat_map(|scale| scale.windows(2)) {
            let place = |text: &str| match text.parse::<ShutterSpeed>() {
                Ok(speed) => speed.stops().unwrap(),
                Err(_) => text.parse::<Aperture>().unwrap().stops().unwrap(),
            };
            let (one, other) = (place(pair[0]), place(pair[1]));
            assert!(!is_near(DevicePropCode::SHUTTER_SPEED, one, other), "{pair:?}");
        }
    }

    #[test]
    fn only_roundings_of_the_same_third_are_near() {
        let stops = |text: &str| text.parse::<Aperture>().unwrap().stops().unwrap();
        for (one, other, near) in
            [("3.5", "3.6", true), ("6.3", "6.4", true), ("5.3", "5.6", false), ("5", "5.3", false)]
        {
            let is = is_near(DevicePropCode::F_NUMBER, stops(one), stops(other));
            assert_eq!(is, near, "{one} {other}");
        }
        let bias = |text: &str| text.parse::<ExposureBias>().unwrap().stops();
        let is = |one, other| is_near(DevicePropCode::EXPOSURE_BIAS, bias(one), bias(other));
        assert!(is("+1/3", "0.3") && !is("0.15", "0") && !is("-0.8", "-0.7"));
    }

    #[test]
    fn a_search_ends() {
        let mut stepper = Stepper::new(DevicePropCode::SHUTTER_SPEED, 1000.0, 0.0);
        for number in 1..MOST_STEPS {
            stepper.sent();
            assert_eq!(stepper.came_to(f64::from(number)), Step::On);
        }
        stepper.sent();
        assert_eq!(stepper.came_to(f64::from(MOST_STEPS)), Step::TooMany);
        let mut stepper = Stepper::new(DevicePropCode::SHUTTER_SPEED, 10.0, 0.0);
        stepper.sent();
        assert_eq!(stepper.came_to(-1.0), Step::On);
        stepper.sent();
        assert_eq!(stepper.came_to(-2.0), Step::Astray);
    }
}
