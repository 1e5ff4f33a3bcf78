//! Text on the wire: PTP strings and zero-padded UTF-16 fields.

use crate::error::DecodeError;
use crate::reader::Reader;

/// A PTP string: u8 count of UTF-16 units, terminator included, then the units.
///
/// The units are kept as they came, so that what a camera sent encodes to the same bytes even
/// where it is not valid text. Source: ISO 15740, String; the fact sheet's section 5.3.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PtpString(Vec<u16>);

impl PtpString {
    /// Most units a PTP string can hold, terminator included.
    pub const MAX_UNITS: usize = 255;

    /// Reads a string. The empty one is a single zero byte.
    pub fn decode(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, DecodeError> {
        let count = usize::from(reader.u8(field)?);
        let bytes = reader.bytes(field, count * 2)?;
        Ok(Self(units(bytes).collect()))
    }

    /// Appends the count and the units.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.0.len() as u8);
        out.extend(self.0.iter().flat_map(|unit| unit.to_le_bytes()));
    }

    /// The text up to its terminator; units that are no text become U+FFFD.
    pub fn to_text(&self) -> String {
        text(self.0.iter().copied())
    }

    /// True if there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.first().is_none_or(|&unit| unit == 0)
    }
}

impl From<&str> for PtpString {
    /// Adds the terminator; text past 254 units is cut.
    fn from(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let mut units: Vec<u16> = text.encode_utf16().take(Self::MAX_UNITS - 1).collect();
        units.push(0);
        Self(units)
    }
}

impl core::fmt::Display for PtpString {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.to_text())
    }
}

fn units(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes)
}

fn text(units: impl Iterator<Item = u16>) -> String {
    char::decode_utf16(units.take_while(|&unit| unit != 0))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Text of a zero-padded UTF-16LE field, up to the first zero unit.
pub(crate) fn decode_padded_utf16(bytes: &[u8]) -> String {
    text(units(bytes))
}

/// Appends `text` as UTF-16LE, zero-padded to `field_units`; at least one zero unit stays.
pub(crate) fn encode_padded_utf16(out: &mut Vec<u8>, text: &str, field_units: usize) {
    let start = out.len();
    let units = text.encode_utf16().take(field_units - 1);
    out.extend(units.flat_map(u16::to_le_bytes));
    out.resize(start + field_units * 2, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_string_is_one_zero_byte() {
        let mut out = Vec::new();
        PtpString::from("").encode(&mut out);
        assert_eq!(out, [0]);
    }

    #[test]
    fn a_string_that_is_no_text_keeps_its_bytes() {
        // A lone surrogate, then a letter, and no terminator.
        let wire = [2, 0x00, 0xD8, 0x41, 0x00];
        let string = PtpString::decode(&mut Reader::new(&wire), "name").unwrap();
        assert_eq!(string.to_text(), "\u{FFFD}A");
        let mut out = Vec::new();
        string.encode(&mut out);
        assert_eq!(out, wire);
    }

    #[test]
    fn a_long_text_is_cut_with_its_terminator() {
        let string = PtpString::from("x".repeat(300).as_str());
        let mut out = Vec::new();
        string.encode(&mut out);
        assert_eq!((out[0], out.len()), (255, 511));
        assert_eq!(&out[509..], [0, 0]);
    }

    #[test]
    fn empty_is_what_shows_no_text() {
        assert!(PtpString::default().is_empty() && PtpString(vec![0, 65]).is_empty());
        assert!(!PtpString::from("A").is_empty());
        assert_eq!(PtpString::from("DSCF0001.JPG").to_string(), "DSCF0001.JPG");
    }

    #[test]
    fn a_padded_field_keeps_its_length_and_one_zero_unit() {
        let mut out = vec![9];
        encode_padded_utf16(&mut out, "abcdef", 4);
        assert_eq!(out, [9, b'a', 0, b'b', 0, b'c', 0, 0, 0]);
    }
}
