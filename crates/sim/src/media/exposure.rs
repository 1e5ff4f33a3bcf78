//! What a picture was exposed with, and how bright it becomes by that.

use std::sync::LazyLock;

/// Share of the light that a correct exposure makes of the average: middle grey.
const MIDDLE_GREY: f32 = 0.18;

/// What a picture was exposed with. Equal exposures make equal pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Exposure {
    /// Exposure time in microseconds.
    pub time_us: u32,
    /// F-number times 100.
    pub f_number: u16,
    /// ISO.
    pub iso: u32,
    /// How many thousandths of a stop brighter than a correct exposure; negative for darker.
    pub over_mev: i32,
}

/// Red, green and blue of 0 to 255 as shares of the light. Source: IEC 61966-2-1 (sRGB).
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|level| {
        let share = level as f32 / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    })
});

/// The inverse of [`LINEAR`]; more than all light is cut off, as a sensor does.
fn level(light: f32) -> u8 {
    let light = light.clamp(0.0, 1.0);
    let share =
        if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    // The cast cuts to 0..=255.
    (share * 255.0 + 0.5) as u8
}

/// The grey that a flat picture of this exposure has.
pub(crate) fn grey(over_mev: i32) -> u8 {
    level(MIDDLE_GREY * stops(over_mev))
}

fn stops(mev: i32) -> f32 {
    (mev as f32 / 1000.0).exp2()
}

/// Makes a picture as bright on the average as its exposure says, whatever it was before;
/// `pixels` are red, green and blue, or grey.
pub(crate) fn expose(pixels: &mut [u8], over_mev: i32) {
    let linear = &*LINEAR;
    let sum: f64 = pixels.iter().map(|&level| f64::from(linear[usize::from(level)])).sum();
    let mean = (sum / pixels.len().max(1) as f64) as f32;
    let gain = MIDDLE_GREY * stops(over_mev) / mean.max(1e-6);
    let curve: [u8; 256] = std::array::from_fn(|at| level(linear[at] * gain));
    pixels.iter_mut().for_each(|pixel| *pixel = curve[usize::from(*pixel)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn light(pixels: &[u8]) -> f32 {
        pixels.iter().map(|&pixel| LINEAR[usize::from(pixel)]).sum::<f32>() / pixels.len() as f32
    }

    #[test]
    fn a_correct_exposure_is_middle_grey_and_a_stop_is_twice_the_light() {
        assert_eq!(grey(0), 118);
        assert_eq!((grey(9_000), grey(-20_000)), (255, 0));
        for over in (-4_000..2_000).step_by(250) {
            let ratio = LINEAR[usize::from(grey(over + 500))] / LINEAR[usize::from(grey(over))];
            assert!((ratio.log2() - 0.5).abs() < 0.2, "{over}: {ratio}");
        }
    }

    #[test]
    fn whatever_the_picture_its_average_follows_the_exposure() {
        for factor in [1u32, 3] {
            for over in [-3_000, -1_000, 0, 500] {
                let mut pixels: Vec<u8> =
                    (0..2_000u32).map(|at| (60 + at * 7 % 80 / factor) as u8).collect();
                expose(&mut pixels, over);
                let stops = (light(&pixels) / MIDDLE_GREY).log2();
                assert!((stops - over as f32 / 1000.0).abs() < 0.05, "{over}: {stops}");
            }
        }
    }
}
