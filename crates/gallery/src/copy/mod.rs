//! Smaller copies of JPEG files.

mod head;
mod turn;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use jpeg_encoder::{ColorType, Encoder};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use self::head::Head;
use self::turn::turned;
use crate::{MARK, THUMB_SIDE, fitted};

/// Bytes of a pixel.
const RGB: usize = 3;

/// How copies are made.
#[derive(Debug, Clone)]
pub struct CopyOptions {
    /// Most pixels of the copy's longer side.
    pub long_side: u16,
    /// Most pixels of the thumbnail's longer side.
    pub thumb_side: u16,
    /// Quality of both, 1 to 100.
    pub quality: u8,
    /// Most pixels of a file that is decoded. Decoding takes three bytes for each, a progressive
    /// file nine, which are counted so.
    pub most_pixels: u64,
}

impl Default for CopyOptions {
    /// Up to the 102 megapixels of the largest body, in 310 MB.
    fn default() -> Self {
        Self { long_side: 2048, thumb_side: THUMB_SIDE, quality: 85, most_pixels: 104_000_000 }
    }
}

/// A smaller JPEG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The file.
    pub jpeg: Vec<u8>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// What is made of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    /// To look at.
    pub photo: Copy,
    /// To choose from.
    pub thumb: Copy,
}

/// Why there is no copy. Trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// It is no JPEG.
    #[error("it is no JPEG")]
    NotJpeg,
    /// Decoding it would take too much memory.
    #[error("it has {pixels} pixels, and more than {most} are not decoded")]
    TooLarge {
        /// Its pixels, counted as [`CopyOptions::most_pixels`] says.
        pixels: u64,
        /// As many are decoded.
        most: u64,
    },
    /// It cannot be decoded.
    #[error("it is damaged or of a kind that is not read: {0}")]
    Broken(String),
    /// A copy cannot be encoded.
    #[error("its copy cannot be made: {0}")]
    Encode(String),
}

/// Pixels in memory.
struct Pixels {
    rgb: Vec<u8>,
    width: u32,
    height: u32,
}

/// Makes the copies of a JPEG: turned as its Exif says, never larger than it is, and without its
/// metadata but for the colour profile. Blocks for as long as decoding takes.
///
/// # Errors
/// If it is no JPEG, is damaged, or has too many pixels.
pub fn copies(jpeg: &[u8], options: &CopyOptions) -> Result<Copies, CopyError> {
    let (small, profile) = reduced(jpeg, options)?;
    let photo = encode(&small, options.quality, profile.as_deref())?;
    let thumb = encode(&shrunk(small, options.thumb_side)?, options.quality, profile.as_deref())?;
    Ok(Copies { photo, thumb })
}

/// As [`copies`], without the thumbnail.
///
/// # Errors
/// As [`copies`].
pub fn copy(jpeg: &[u8], options: &CopyOptions) -> Result<Copy, CopyError> {
    let (small, profile) = reduced(jpeg, options)?;
    encode(&small, options.quality, profile.as_deref())
}

/// The picture at its new size, the right way up, and its colour profile.
fn reduced(jpeg: &[u8], options: &CopyOptions) -> Result<(Pixels, Option<Vec<u8>>), CopyError> {
    let head = Head::read(jpeg).ok_or(CopyError::NotJpeg)?;
    if head.cost() > options.most_pixels {
        return Err(CopyError::TooLarge { pixels: head.cost(), most: options.most_pixels });
    }
    let (whole, profile) = decode(jpeg)?;
    let small = shrunk(whole, options.long_side)?;
    Ok((turned(small, head.orientation), profile))
}

fn decode(jpeg: &[u8]) -> Result<(Pixels, Option<Vec<u8>>), CopyError> {
    let options =
        DecoderOptions::new_fast().set_strict_mode(true).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let broken = |cause: &dyn std::fmt::Debug| CopyError::Broken(format!("{cause:?}"));
    let rgb = decoder.decode().map_err(|cause| broken(&cause))?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    if width == 0 || height == 0 || rgb.len() != width * height * RGB {
        return Err(broken(&"its size is not what it says"));
    }
    // Both come from 16 bits.
    let pixels = Pixels { rgb, width: width as u32, height: height as u32 };
    Ok((pixels, decoder.icc_profile()))
}

fn shrunk(pixels: Pixels, side: u16) -> Result<Pixels, CopyError> {
    let Pixels { rgb, width, height } = pixels;
    let (to_width, to_height) = fitted((width, height), u32::from(side.max(1)));
    if (to_width, to_height) == (width, height) {
        return Ok(Pixels { rgb, width, height });
    }
    let failed = |cause: String| CopyError::Encode(cause);
    let from = ImageRef::new(width, height, &rgb, PixelType::U8x3)
        .map_err(|cause| failed(cause.to_string()))?;
    let mut to = Image::new(to_width, to_height, PixelType::U8x3);
    Resizer::new().resize(&from, &mut to, None).map_err(|cause| failed(cause.to_string()))?;
    Ok(Pixels { rgb: to.into_vec(), width: to_width, height: to_height })
}

fn encode(pixels: &Pixels, quality: u8, profile: Option<&[u8]>) -> Result<Copy, CopyError> {
    let failed = |cause: jpeg_encoder::EncodingError| CopyError::Encode(cause.to_string());
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, quality);
    // Optimised tables would make a scan of each colour, which decoders get wrong (seen: zune-jpeg).
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).map_err(failed)?;
    }
    let too_wide = |_| CopyError::Encode("it is too large".to_owned());
    let width = u16::try_from(pixels.width).map_err(too_wide)?;
    let height = u16::try_from(pixels.height).map_err(too_wide)?;
    encoder.encode(&pixels.rgb, width, height, ColorType::Rgb).map_err(failed)?;
    // Behind the start marker, so that it is found at a glance.
    let mut comment = vec![0xFF, 0xFE, 0, (MARK.len() + 2) as u8];
    comment.extend_from_slice(MARK.as_bytes());
    jpeg.splice(2..2, comment);
    Ok(Copy { jpeg, width: pixels.width, height: pixels.height })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of four colours, one in each quarter: red, green / blue, white.
    fn quarters(width: u16, height: u16) -> Vec<u8> {
        let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let quarter = usize::from(y >= height / 2) * 2 + usize::from(x >= width / 2);
                rgb.extend_from_slice(&colours[quarter]);
            }
        }
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, 95).encode(&rgb, width, height, ColorType::Rgb).unwrap();
        jpeg
    }

    /// As a camera writes it: orientation and a place in Exif.
    fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x02".to_vec();
        exif.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
        exif.extend_from_slice(&[0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0]);
        exif.extend_from_slice(b"\0\0\0\0N 54 GPS here");
        let mut out = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, (exif.len() + 2) as u8];
        out.extend_from_slice(&exif);
        out.extend_from_slice(&jpeg[2..]);
        out
    }

    /// Which colour each quarter of a copy has, by its strongest channels.
    fn seen(copy: &Copy) -> String {
        let (pixels, _) = decode(&copy.jpeg).unwrap();
        assert_eq!((pixels.width, pixels.height), (copy.width, copy.height));
        let at = |x: u32, y: u32| {
            let start = ((y * pixels.width + x) * 3) as usize;
            match &pixels.rgb[start..start + 3] {
                [200..=255, 200..=255, 200..=255] => 'w',
                [200..=255, 0..60, 0..60] => 'r',
                [0..60, 200..=255, 0..60] => 'g',
                [0..60, 0..60, 200..=255] => 'b',
                other => panic!("{other:?}"),
            }
        };
        let (w, h) = (pixels.width, pixels.height);
        [(1, 1), (3, 1), (1, 3), (3, 3)].iter().map(|(x, y)| at(w * x / 4, h * y / 4)).collect()
    }

    #[test]
    fn copies_are_the_right_way_up_and_tell_no_place() {
        let plain = quarters(192, 128);
        let options = CopyOptions { long_side: 96, thumb_side: 48, ..CopyOptions::default() };
        // What the eye is to see of "rg/bw" as stored, by Exif's table of orientations.
        for (orientation, looks) in [
            (1, "rgbw"),
            (2, "grwb"),
            (3, "wbgr"),
            (4, "bwrg"),
            (5, "rbgw"),
            (6, "brwg"),
            (7, "wgbr"),
            (8, "gwrb"),
            (9, "rgbw"),
        ] {
            let made = copies(&with_exif(&plain, orientation), &options).unwrap();
            let upright = !(5..=8).contains(&orientation);
            let size = if upright { (96, 64) } else { (64, 96) };
            assert_eq!((made.photo.width, made.photo.height), size, "{orientation}");
            assert_eq!((made.thumb.width, made.thumb.height), (size.0 / 2, size.1 / 2));
            for copy in [&made.photo, &made.thumb] {
                assert_eq!(seen(copy), looks, "{orientation}");
                let bytes = &copy.jpeg;
                let holds = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
                assert!(!holds(b"Exif") && !holds(b"GPS") && holds(MARK.as_bytes()));
            }
        }
    }

    #[test]
    fn a_small_photo_stays_as_large_as_it_is() {
        let made = copies(&quarters(30, 20), &CopyOptions::default()).unwrap();
        assert_eq!((made.photo.width, made.photo.height), (30, 20));
        assert_eq!(copy(&quarters(30, 20), &CopyOptions::default()), Ok(made.photo));
        assert_eq!(fitted((6240, 4160), 2048), (2048, 1365));
        assert_eq!(fitted((1, 60_000), 100), (1, 100));
    }

    #[test]
    fn what_is_no_whole_jpeg_is_refused() {
        let whole = quarters(400, 300);
        let options = CopyOptions::default();
        assert!(copies(&whole, &options).is_ok());
        for length in [whole.len() / 2, whole.len() * 9 / 10] {
            let cut = copies(&whole[..length], &options);
            assert!(matches!(cut, Err(CopyError::Broken(_))), "{length}");
        }
        for other in [&b""[..], b"\xFF\xD8", b"FUJIFILMCCD-RAW 0201", b"<html>"] {
            assert_eq!(copies(other, &options), Err(CopyError::NotJpeg));
        }
    }

    #[test]
    fn a_photo_of_too_many_pixels_is_refused_before_memory_is_taken() {
        let options = CopyOptions { most_pixels: 400 * 300 - 1, ..CopyOptions::default() };
        let error = copies(&quarters(400, 300), &options).unwrap_err();
        let words = "it has 120000 pixels, and more than 119999 are not decoded";
        assert_eq!(error.to_string(), words);
    }
}
