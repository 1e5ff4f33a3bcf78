//! How bright a picture is.

use std::sync::LazyLock;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Most pixels of a side: previews are small, and what is larger is none.
const MOST_SIDE: usize = 4096;
/// Share of the light that middle grey is.
const MIDDLE_GREY: f64 = 0.18;
/// One pixel of so many is looked at; no side of a picture is a multiple of it.
const STEP: usize = 7;
/// Darker than any picture: a black one has no logarithm.
const BLACK: f64 = 1e-5;

/// Levels of 0 to 255 as shares of the light. Source: IEC 61966-2-1 (sRGB).
pub(in crate::timelapse) static LINEAR: LazyLock<[f64; 256]> =
    LazyLock::new(|| std::array::from_fn(|level| linear(level as f64 / 255.0)));
/// What red, green and blue count of the light. Source: IEC 61966-2-1 (sRGB).
pub(in crate::timelapse) const WEIGHTS: [f64; 3] = [0.2126, 0.7152, 0.0722];

/// A level from 0 to 1 as a share of the light.
pub(in crate::timelapse) fn linear(level: f64) -> f64 {
    if level <= 0.04045 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
}

/// A share of the light in stops from middle grey.
pub(in crate::timelapse) fn stops(light: f64) -> f64 {
    (light.max(BLACK) / MIDDLE_GREY).log2()
}

/// The mean light of a JPEG, in stops from middle grey; `None` if it cannot be decoded. A picture
/// that is all white is 2.5 stops above, and a brighter scene would look the same.
///
/// Takes milliseconds; blocks.
pub fn luminance(jpeg: &[u8]) -> Option<f64> {
    let options = DecoderOptions::new_fast()
        .set_max_width(MOST_SIDE)
        .set_max_height(MOST_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let pixels = JpegDecoder::new_with_options(ZCursor::new(jpeg), options).decode().ok()?;
    let (pixels, _) = pixels.as_chunks::<3>();
    let linear = &*LINEAR;
    let light = |pixel: &[u8; 3]| -> f64 {
        let colours = pixel.iter().zip(WEIGHTS);
        colours.map(|(level, weight)| weight * linear[usize::from(*level)]).sum()
    };
    let some = pixels.iter().step_by(STEP);
    let mean = some.clone().map(light).sum::<f64>() / some.len().max(1) as f64;
    Some(stops(mean))
}
