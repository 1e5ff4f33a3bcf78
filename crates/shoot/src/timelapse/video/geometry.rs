//! From a picture's pixels to a film's: turned upright, cut, made smaller.

/// What is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Crop {
    /// A row or column where there is an odd number of them, and nothing else.
    #[default]
    None,
    /// As much above and below, or left and right, as makes it 16 to 9.
    Wide,
}

/// How a picture lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape {
    /// In pixels, as stored.
    pub width: u32,
    /// In pixels, as stored.
    pub height: u32,
    /// Exif Orientation, 1 to 8: 1 upright, 6 to be turned right, 8 left.
    pub orientation: u8,
}

/// How a film is made of pictures of one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geometry {
    /// ffmpeg's filters that turn and cut.
    filters: Vec<&'static str>,
    cut: (u32, u32),
    /// Of the film, in pixels; both even, as its encoders want.
    pub size: (u32, u32),
}

/// Smaller films are none that encoders take.
const LEAST_SIDE: u32 = 16;

impl Shape {
    /// Width and height the right way up.
    #[must_use]
    pub fn upright(self) -> (u32, u32) {
        match self.orientation {
            5..=8 => (self.height, self.width),
            _ => (self.width, self.height),
        }
    }

    /// A player shows it as it is.
    #[must_use]
    pub fn is_upright(self) -> bool {
        !(2..=8).contains(&self.orientation)
    }

    /// What turns it upright. Source: Exif 2.32, 4.6.4 (Orientation); FFmpeg's filters, transpose.
    fn turns(self) -> Vec<&'static str> {
        match self.orientation {
            2 => vec!["hflip"],
            3 => vec!["hflip", "vflip"],
            4 => vec!["vflip"],
            5 => vec!["transpose=cclock_flip"],
            6 => vec!["transpose=clock"],
            7 => vec!["transpose=clock_flip"],
            8 => vec!["transpose=cclock"],
            _ => Vec::new(),
        }
    }
}

impl Geometry {
    /// How to make a film of pictures of this shape, not higher than `most_height`; `None` if nothing
    /// that can be encoded would be left.
    #[must_use]
    pub fn of(shape: Shape, crop: Crop, most_height: Option<u32>) -> Option<Self> {
        let (width, height) = shape.upright();
        let (wide, high) = match crop {
            Crop::None => (width, height),
            // Both came from 16 bits.
            Crop::Wide if width * 9 > height * 16 => (height * 16 / 9, height),
            Crop::Wide => (width, width * 9 / 16),
        };
        let cut = (even(wide), even(high));
        let size = match most_height.map(even) {
            Some(most) if most < cut.1 => {
                let width = f64::from(cut.0) * f64::from(most) / f64::from(cut.1);
                (2 * (width / 2.0).round() as u32, most)
            }
            _ => cut,
        };
        let fits = size.0.min(size.1) >= LEAST_SIDE;
        fits.then(|| Self { filters: shape.turns(), cut, size })
    }

    /// ffmpeg's chain of filters, from pictures of JPEG to pixels as films of high definition have
    /// them. Source: JFIF 1.02 (BT.601, full range); ITU-R BT.709.
    #[must_use]
    pub fn filters(&self) -> String {
        let ((cut_width, cut_height), (width, height)) = (self.cut, self.size);
        let mut chain: Vec<_> = self.filters.iter().map(|name| (*name).to_owned()).collect();
        chain.push(format!("crop={cut_width}:{cut_height}"));
        chain.push(format!(
            "scale={width}:{height}:in_color_matrix=bt601:in_range=full\
             :out_color_matrix=bt709:out_range=limited:flags=bicubic+accurate_rnd"
        ));
        chain.push("format=yuv420p".to_owned());
        chain.push("setsar=1".to_owned());
        chain.join(",")
    }
}

fn even(side: u32) -> u32 {
    side - side % 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(width: u32, height: u32, orientation: u8) -> Shape {
        Shape { width, height, orientation }
    }

    fn size(shape: Shape, crop: Crop, most_height: Option<u32>) -> Option<(u32, u32)> {
        Geometry::of(shape, crop, most_height).map(|geometry| geometry.size)
    }

    #[test]
    fn sides_are_even_and_the_shape_is_kept_unless_cut() {
        assert_eq!(size(shape(6240, 4160, 1), Crop::None, None), Some((6240, 4160)));
        assert_eq!(size(shape(641, 427, 1), Crop::None, None), Some((640, 426)));
        assert_eq!(size(shape(6240, 4160, 1), Crop::Wide, None), Some((6240, 3510)));
        assert_eq!(size(shape(6240, 4160, 1), Crop::Wide, Some(2160)), Some((3840, 2160)));
        assert_eq!(size(shape(6240, 4160, 1), Crop::None, Some(2161)), Some((3240, 2160)));
        assert_eq!(
            size(shape(640, 480, 1), Crop::Wide, Some(2160)),
            Some((640, 360)),
            "not larger"
        );
        // Wider than 16 to 9 already.
        assert_eq!(size(shape(2000, 1000, 1), Crop::Wide, None), Some((1776, 1000)));
        assert_eq!(size(shape(65_535, 65_535, 1), Crop::Wide, None), Some((65_534, 36_862)));
        assert_eq!(size(shape(17, 15, 1), Crop::None, None), None);
    }

    #[test]
    fn what_was_taken_upright_is_cut_upright() {
        let turned = Geometry::of(shape(6240, 4160, 6), Crop::Wide, None).unwrap();
        assert_eq!(turned.size, (4160, 2340));
        assert!(turned.filters().starts_with("transpose=clock,crop=4160:2340,scale=4160:2340:"));
        let flat = Geometry::of(shape(640, 480, 1), Crop::None, None).unwrap();
        assert!(flat.filters().starts_with("crop=640:480,scale="));
        assert!(shape(1, 1, 0).is_upright() && shape(1, 1, 1).is_upright());
        assert!((2..=8).all(|turn| !shape(1, 1, turn).is_upright()));
    }
}
