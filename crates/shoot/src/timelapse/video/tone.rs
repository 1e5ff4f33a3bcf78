//! Pixels made brighter or darker by an exact share of their light.
//!
//! Each level is bent by a power, so that black stays black and white stays white: a bare factor would
//! make a blown-out sky grey. Which power makes the picture's mean light as much as is wanted is found
//! by halving, over the counts of its levels.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::timelapse::ramp::luminance::{LINEAR, WEIGHTS, linear, stops};

/// Most pixels of a side that are decoded: a picture is in memory with three bytes a pixel.
const MOST_SIDE: usize = 16_384;
/// Powers between which one is looked for: far more than a stop both ways.
const POWERS: (f64, f64) = (0.2, 5.0);
/// Halvings; each is a digit of the power.
const HALVINGS: u32 = 40;

/// A decoded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Red, green, blue, row by row from the top.
    pub rgb: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// How many pixels have which level, by colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels([[u64; 256]; 3]);

impl Pixels {
    /// Decodes a JPEG. Blocks.
    ///
    /// # Errors
    /// Why it cannot be decoded, in words.
    pub fn decode(jpeg: &[u8]) -> Result<Self, String> {
        let options = DecoderOptions::new_fast()
            .set_strict_mode(true)
            .set_max_width(MOST_SIDE)
            .set_max_height(MOST_SIDE)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
        let rgb = decoder.decode().map_err(|cause| format!("it cannot be decoded: {cause:?}"))?;
        let (width, height) = decoder.dimensions().unwrap_or_default();
        if width == 0 || height == 0 || rgb.len() != width * height * 3 {
            return Err("it cannot be decoded: its size is not what it says".to_owned());
        }
        // No side is longer than MOST_SIDE.
        Ok(Self { rgb, width: width as u32, height: height as u32 })
    }

    /// Makes the picture's mean light so many stops brighter, as far as it goes.
    pub fn brighten(&mut self, by_stops: f64) {
        let curve = Levels::of(self).curve(by_stops);
        for level in &mut self.rgb {
            *level = curve[usize::from(*level)];
        }
    }
}

impl Levels {
    /// Counts a picture's levels.
    #[must_use]
    pub fn of(pixels: &Pixels) -> Self {
        let mut counts = [[0; 256]; 3];
        for pixel in pixels.rgb.as_chunks::<3>().0 {
            for (colour, level) in counts.iter_mut().zip(pixel) {
                colour[usize::from(*level)] += 1;
            }
        }
        Self(counts)
    }

    /// The mean light, in stops from middle grey.
    #[must_use]
    pub fn luminance(&self) -> f64 {
        stops(self.light(|level| LINEAR[level]))
    }

    /// The mean light where a level stands for so much of it.
    fn light(&self, of_level: impl Fn(usize) -> f64) -> f64 {
        let pixels: u64 = self.0[0].iter().sum();
        let of_colour = |counts: &[u64; 256]| -> f64 {
            counts.iter().enumerate().map(|(level, count)| *count as f64 * of_level(level)).sum()
        };
        let colours = self.0.iter().zip(WEIGHTS);
        let sum: f64 = colours.map(|(counts, weight)| weight * of_colour(counts)).sum();
        sum / pixels.max(1) as f64
    }

    /// What each level becomes where the mean light is to be so many stops brighter.
    fn curve(&self, by_stops: f64) -> [u8; 256] {
        let bent = |level: usize, power: f64| (level as f64 / 255.0).powf(power);
        let wanted = self.light(|level| LINEAR[level]) * by_stops.exp2();
        let (mut bright, mut dark) = POWERS;
        for _ in 0..HALVINGS {
            let power = (bright + dark) / 2.0;
            if self.light(|level| linear(bent(level, power))) > wanted {
                bright = power;
            } else {
                dark = power;
            }
        }
        let power = (bright + dark) / 2.0;
        std::array::from_fn(|level| (bent(level, power) * 255.0).round() as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of all levels, with some colour.
    fn wedge() -> Pixels {
        let rgb = (0..=255u8).flat_map(|level| [level, level / 2, 255 - level]).collect();
        Pixels { rgb, width: 256, height: 1 }
    }

    #[test]
    fn the_light_changes_by_what_was_asked() {
        let before = Levels::of(&wedge()).luminance();
        for by_stops in [-0.5, -0.33, -0.05, 0.02, 0.1, 0.5] {
            let mut pixels = wedge();
            pixels.brighten(by_stops);
            let off = Levels::of(&pixels).luminance() - before - by_stops;
            assert!(off.abs() < 0.01, "{by_stops}: off by {off}");
        }
    }

    #[test]
    fn black_stays_black_and_white_stays_white() {
        let mut pixels = wedge();
        pixels.brighten(-0.5);
        assert_eq!((pixels.rgb[0], pixels.rgb[765]), (0, 255));
        let middle = wedge().rgb[3 * 128];
        assert!(pixels.rgb[3 * 128] < middle);
        for plain in [0, 255] {
            let mut pixels = Pixels { rgb: vec![plain; 30], width: 10, height: 1 };
            pixels.brighten(0.5);
            assert_eq!(pixels.rgb, vec![plain; 30]);
        }
    }

    #[test]
    fn nothing_to_do_changes_nothing() {
        let mut pixels = wedge();
        pixels.brighten(0.0);
        assert_eq!(pixels, wedge());
    }

    #[test]
    fn middle_grey_is_none_off() {
        // 118 of 255 is 18 % of the light.
        let grey = Pixels { rgb: vec![118; 3], width: 1, height: 1 };
        assert!(Levels::of(&grey).luminance().abs() < 0.03);
    }

    #[test]
    fn what_is_no_jpeg_is_told() {
        assert!(Pixels::decode(b"\xFF\xD8\xFF\xD9").unwrap_err().contains("cannot be decoded"));
    }
}
