//! A film's brightness without jitter: how much brighter or darker each frame is to be made.
//!
//! What eyes see is that a frame differs from its neighbours. The course over many frames, of a sunset
//! say, is wanted. So a smooth curve is laid through the frames, and each is brought onto it:
//!
//! 1. What a ramp changed is known to the third of a stop. It is taken out, which leaves the scene's
//!    light and the jitter of shutter, aperture and clouds.
//! 2. The light is smoothed over a few frames (`LIGHT_FRAMES`): quick changes of it stay.
//! 3. The ramp's steps are smoothed over many (`RAMP_FRAMES`): a staircase becomes a slope.
//! 4. The two together are how bright the frame is to be. It is never changed by more than
//!    [`MOST_STOPS`]: what differs by more is no jitter.
//!
//! Curves are local straight lines, weighted by nearness, so that a steady sunset is left exactly as it
//! is, also at the ends of the film.

/// Reach of the curve through the light, in frames (a standard deviation). Chosen: a second of film
/// is 25 frames, and flicker goes from frame to frame.
const LIGHT_FRAMES: f64 = 6.0;
/// Reach of the curve through a ramp's steps. Chosen: in a sunset of 12 stops in half an hour, with a
/// frame each 20 s, a step comes after 2.5 frames; in slower ones after tens.
const RAMP_FRAMES: f64 = 20.0;
/// Most that a frame is changed. A ramp's step is a third of a stop.
pub const MOST_STOPS: f64 = 0.5;
/// Weights beyond so many reaches are next to nothing.
const CUT_OFF: f64 = 3.0;

/// What is known of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frame {
    /// How bright it is, in stops.
    pub luminance: f64,
    /// How bright its settings make it, in stops from anything that stays.
    pub exposure: f64,
    /// Time was left out in front of it: it is not to look like the frame before.
    pub is_cut: bool,
}

/// By how many stops each frame is to be made brighter.
#[must_use]
pub fn gains(frames: &[Frame]) -> Vec<f64> {
    let mut gains = Vec::with_capacity(frames.len());
    for scene in frames.chunk_by(|_, next| !next.is_cut) {
        let lights: Vec<_> = scene.iter().map(|frame| frame.luminance - frame.exposure).collect();
        let exposures: Vec<_> = scene.iter().map(|frame| frame.exposure).collect();
        for (at, frame) in scene.iter().enumerate() {
            let wanted = smooth(&lights, at, LIGHT_FRAMES) + smooth(&exposures, at, RAMP_FRAMES);
            gains.push((wanted - frame.luminance).clamp(-MOST_STOPS, MOST_STOPS));
        }
    }
    gains
}

/// The local straight line's value at a frame: least squares, weighted by a bell of this reach.
fn smooth(values: &[f64], at: usize, reach: f64) -> f64 {
    let far = (reach * CUT_OFF) as usize;
    let near = at.saturating_sub(far)..values.len().min(at + far + 1);
    let (mut weights, mut mean_x, mut mean_y) = (0.0, 0.0, 0.0);
    let points = near.map(|index| {
        let x = index as f64 - at as f64;
        ((-0.5 * (x / reach).powi(2)).exp(), x, values[index])
    });
    for (weight, x, y) in points.clone() {
        weights += weight;
        mean_x += weight * x;
        mean_y += weight * y;
    }
    (mean_x, mean_y) = (mean_x / weights, mean_y / weights);
    let (mut slope, mut spread) = (0.0, 0.0);
    for (weight, x, y) in points {
        slope += weight * (x - mean_x) * (y - mean_y);
        spread += weight * (x - mean_x).powi(2);
    }
    // A frame alone has no slope.
    if spread > 0.0 { mean_y - slope / spread * mean_x } else { mean_y }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Jitter that no curve follows: an eighth of a stop at most.
    fn jitter(number: usize) -> f64 {
        (((number * 7919) % 101) as f64 / 50.0 - 1.0) / 8.0
    }

    fn frame(luminance: f64, exposure: f64) -> Frame {
        Frame { luminance, exposure, is_cut: false }
    }

    fn course(frames: &[Frame]) -> Vec<f64> {
        let gains = gains(frames);
        assert_eq!(gains.len(), frames.len());
        frames.iter().zip(gains).map(|(frame, gain)| frame.luminance + gain).collect()
    }

    /// The largest difference between neighbours.
    fn roughness(course: &[f64]) -> f64 {
        course.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn flicker_is_taken_out() {
        let frames: Vec<_> = (0..200).map(|number| frame(jitter(number), 0.0)).collect();
        let before: Vec<_> = frames.iter().map(|frame| frame.luminance).collect();
        assert!(roughness(&before) > 0.1);
        let after = course(&frames);
        assert!(roughness(&after) < 0.02, "{}", roughness(&after));
        assert!(after.iter().all(|level| level.abs() < 0.06), "{after:?}");
    }

    #[test]
    fn a_steady_sunset_is_left_as_it_is() {
        let frames: Vec<_> = (0..120).map(|number| frame(2.0 - number as f64 * 0.1, 0.0)).collect();
        assert!(gains(&frames).iter().all(|gain| gain.abs() < 1e-9), "{:?}", gains(&frames));
    }

    #[test]
    fn a_day_that_comes_and_goes_keeps_its_course_and_loses_its_flicker() {
        let light = |number: usize| 3.0 * (number as f64 / 40.0).sin();
        let frames: Vec<_> =
            (0..400).map(|number| frame(light(number) + jitter(number), 0.0)).collect();
        for (number, level) in course(&frames).into_iter().enumerate() {
            assert!((level - light(number)).abs() < 0.1, "{number}: {level} {}", light(number));
        }
    }

    /// Light that falls while a ramp opens the shutter by a third each 30 frames.
    fn staircase(number: usize) -> Frame {
        let exposure = (number / 30) as f64 / 3.0;
        frame(exposure - number as f64 / 90.0, exposure)
    }

    #[test]
    fn a_ramps_steps_become_a_slope() {
        let frames: Vec<_> = (0..600).map(staircase).collect();
        let before: Vec<_> = frames.iter().map(|frame| frame.luminance).collect();
        assert!(roughness(&before) > 0.3);
        let after = course(&frames);
        assert!(roughness(&after) < 0.012, "{}", roughness(&after));
        // And they are known, not guessed: without the log more is left of them.
        let blind: Vec<_> = before.iter().map(|luminance| frame(*luminance, 0.0)).collect();
        let waves = |course: &[f64]| {
            let middle = &course[100..500];
            middle.iter().fold(f64::MIN, |high, level| high.max(*level))
                - middle.iter().fold(f64::MAX, |low, level| low.min(*level))
        };
        let (with, without) = (waves(&after), waves(&course(&blind)));
        assert!(with < 0.02 && without > 5.0 * with, "{with} {without}");
    }

    #[test]
    fn what_differs_by_much_is_changed_by_little() {
        let mut frames: Vec<_> = (0..50).map(|_| frame(0.0, 0.0)).collect();
        frames[25].luminance = -4.0;
        let gains = gains(&frames);
        assert_eq!(gains[25], MOST_STOPS);
        assert!(gains.iter().all(|gain| gain.abs() <= MOST_STOPS));
    }

    #[test]
    fn over_a_pause_nothing_is_evened_out() {
        let mut frames: Vec<_> =
            (0..80).map(|number| frame(if number < 40 { 2.0 } else { -3.0 }, 0.0)).collect();
        assert!(gains(&frames)[40].abs() > 0.3);
        frames[40].is_cut = true;
        assert!(gains(&frames).iter().all(|gain| gain.abs() < 1e-9));
    }

    #[test]
    fn few_frames_are_enough() {
        assert!(gains(&[]).is_empty());
        assert_eq!(gains(&[frame(1.5, 0.0)]), [0.0]);
        assert!(gains(&[frame(1.5, 0.0), frame(1.0, 0.0)]).iter().all(|gain| gain.abs() < 1e-9));
    }

    proptest! {
        #[test]
        fn gains_are_bounded_whatever_comes(
            levels in proptest::collection::vec((-20.0..3.0f64, -15.0..15.0f64, any::<bool>()), 0..80),
        ) {
            let frames: Vec<_> = levels
                .iter()
                .map(|&(luminance, exposure, is_cut)| Frame { luminance, exposure, is_cut })
                .collect();
            let gains = gains(&frames);
            prop_assert_eq!(gains.len(), frames.len());
            prop_assert!(gains.iter().all(|gain| gain.abs() <= MOST_STOPS));
        }
    }
}
