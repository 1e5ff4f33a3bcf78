//! Turning pictures the right way up.

use super::{Pixels, RGB};

/// Returns the picture as Exif's orientation says it is to be seen.
///
/// Source: Exif 2.3, 4.6.4: what row 0 and column 0 of the stored picture are to the eye.
pub(super) fn turned(pixels: Pixels, orientation: u8) -> Pixels {
    let Pixels { rgb, width, height } = pixels;
    let (w, h) = (width as usize, height as usize);
    // Where the pixel that is seen at (x, y) is stored.
    let stored: fn(usize, usize, usize, usize) -> (usize, usize) = match orientation {
        2 => |x, y, w, _| (w - 1 - x, y),
        3 => |x, y, w, h| (w - 1 - x, h - 1 - y),
        4 => |x, y, _, h| (x, h - 1 - y),
        5 => |x, y, _, _| (y, x),
        6 => |x, y, _, h| (y, h - 1 - x),
        7 => |x, y, w, h| (w - 1 - y, h - 1 - x),
        8 => |x, y, w, _| (w - 1 - y, x),
        _ => return Pixels { rgb, width, height },
    };
    let (seen_w, seen_h) = if orientation < 5 { (w, h) } else { (h, w) };
    let mut out = Vec::with_capacity(rgb.len());
    for y in 0..seen_h {
        for x in 0..seen_w {
            let (from_x, from_y) = stored(x, y, w, h);
            let start = (from_y * w + from_x) * RGB;
            out.extend_from_slice(&rgb[start..start + RGB]);
        }
    }
    // No larger than they were.
    Pixels { rgb: out, width: seen_w as u32, height: seen_h as u32 }
}
