//! What must be known of a JPEG before it is decoded.

/// Size, kind and orientation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    width: u16,
    height: u16,
    progressive: bool,
    /// Exif's 1 to 8; 1 if it says nothing sensible.
    pub(super) orientation: u8,
}

impl Head {
    /// Walks the segments up to the frame. `None` if it has none.
    pub(super) fn read(jpeg: &[u8]) -> Option<Self> {
        let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8])?;
        let mut orientation = 1;
        loop {
            // Any number of FF may stand before a marker.
            rest = rest.strip_prefix(&[0xFF])?;
            while let [0xFF, more @ ..] = rest {
                rest = more;
            }
            let [marker, high, low, more @ ..] = rest else { return None };
            let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?;
            let (body, after) = more.split_at_checked(length)?;
            match marker {
                0xE1 => orientation = exif_orientation(body).unwrap_or(orientation),
                // Frames; C4, C8 and CC are none.
                0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                    let [_, h1, h2, w1, w2, ..] = *body else { return None };
                    let height = u16::from_be_bytes([h1, h2]);
                    let width = u16::from_be_bytes([w1, w2]);
                    let progressive = !matches!(marker, 0xC0 | 0xC1);
                    return Some(Self { width, height, progressive, orientation });
                }
                0xDA | 0xD9 => return None,
                _ => {}
            }
            rest = after;
        }
    }

    /// How many pixels' memory decoding takes: a progressive file keeps its coefficients too.
    pub(super) fn cost(&self) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        if self.progressive { pixels * 3 } else { pixels }
    }
}

/// Finds tag 0x0112 in the first folder of an Exif segment.
///
/// Source: TIFF 6.0, section 2; Exif 2.3, 4.6.4.
fn exif_orientation(segment: &[u8]) -> Option<u8> {
    let tiff = segment.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = tiff.get(at..at.checked_add(length)?)?;
        let add = |value: usize, byte: &u8| value << 8 | usize::from(*byte);
        Some(match little {
            true => bytes.iter().rev().fold(0, add),
            false => bytes.iter().fold(0, add),
        })
    };
    let folder = number(4, 4)?;
    for entry in 0..number(folder, 2)? {
        let at = folder.checked_add(2 + entry * 12)?;
        if number(at, 2)? == 0x0112 {
            return u8::try_from(number(at + 8, 2)?).ok().filter(|turn| (1..=8).contains(turn));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_are_read_and_nonsense_is_not_believed() {
        let little = b"Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        assert_eq!(exif_orientation(little), Some(6));
        let big = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        assert_eq!(exif_orientation(big), Some(8));
        for length in 0..little.len() - 2 {
            assert_eq!(exif_orientation(&little[..length]), None, "{length}");
        }
        let mut far = little.to_vec();
        far[10..14].fill(0xFF);
        assert_eq!(exif_orientation(&far), None);
        let mut odd = little.to_vec();
        odd[24] = 9;
        assert_eq!(exif_orientation(&odd), None);
    }

    #[test]
    fn progressive_frames_cost_more() {
        let frame = |marker: u8| {
            let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xFF, marker, 0, 8, 8, 0, 20, 0, 30, 0];
            jpeg.extend_from_slice(&[0xFF, 0xDA]);
            Head::read(&jpeg).map(|head| head.cost())
        };
        assert_eq!(frame(0xC0), Some(600));
        assert_eq!(frame(0xC2), Some(1800));
        assert_eq!(frame(0xC4), None, "tables are no frame");
    }
}
