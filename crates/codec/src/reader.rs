//! A cursor over input that remembers where it is.

use crate::error::{DecodeError, Problem};

/// Reads little-endian fields in order; every failure names the field and its offset.
///
/// It never allocates more than the input it was given justifies: counts are compared with the
/// bytes that are left before anything is reserved.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `input`.
    pub fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0 }
    }

    /// Bytes not yet read.
    pub fn left(&self) -> usize {
        self.input.len() - self.at
    }

    /// Offset of the next byte.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Takes the next `count` bytes.
    ///
    /// Fails with [`Problem::TooShort`] if fewer are left; nothing is consumed then.
    pub fn bytes(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], DecodeError> {
        let Some(found) = self.at.checked_add(count).and_then(|end| self.input.get(self.at..end))
        else {
            let problem = Problem::TooShort { needed: count, left: self.left() };
            return Err(DecodeError { field, offset: self.at, problem });
        };
        self.at += count;
        Ok(found)
    }

    /// Takes all that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.input.get(self.at..).unwrap_or_default();
        self.at = self.input.len();
        rest
    }

    fn fixed<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(field, N)?);
        Ok(out)
    }

    /// Reads a u8.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.fixed::<1>(field).map(|[byte]| byte)
    }

    /// Reads a u16.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.fixed(field).map(u16::from_le_bytes)
    }

    /// Reads a u32.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.fixed(field).map(u32::from_le_bytes)
    }

    /// Reads a u64.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.fixed(field).map(u64::from_le_bytes)
    }

    /// Reads 16 bytes, as a GUID or a 128-bit number.
    pub fn guid(&mut self, field: &'static str) -> Result<[u8; 16], DecodeError> {
        self.fixed(field)
    }

    /// Reads a PTP array: u32 count, then that many elements of `size_bytes` each.
    ///
    /// Fails with [`Problem::TooShort`] before reserving memory if the count cannot be true.
    pub fn array<T>(
        &mut self,
        field: &'static str,
        size_bytes: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let offset = self.at;
        let count = self.u32(field)? as usize;
        let needed = count.saturating_mul(size_bytes);
        if needed > self.left() {
            let problem = Problem::TooShort { needed, left: self.left() };
            return Err(DecodeError { field, offset, problem });
        }
        (0..count).map(|_| element(self)).collect()
    }

    /// Reads a PTP array of u16.
    pub fn array_u16(&mut self, field: &'static str) -> Result<Vec<u16>, DecodeError> {
        self.array(field, 2, |r| r.u16(field))
    }

    /// Reads a PTP array of u32.
    pub fn array_u32(&mut self, field: &'static str) -> Result<Vec<u32>, DecodeError> {
        self.array(field, 4, |r| r.u32(field))
    }

    /// Fails unless everything was read.
    pub fn finish(&self, field: &'static str) -> Result<(), DecodeError> {
        if self.left() == 0 {
            return Ok(());
        }
        let problem =
            Problem::Length { announced: self.at as u64, actual: self.input.len() as u64 };
        Err(DecodeError { field, offset: self.at, problem })
    }
}

/// Appends a PTP array: u32 count, then the elements.
pub(crate) fn put_array<T>(out: &mut Vec<u8>, items: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    out.extend((items.len() as u32).to_le_bytes());
    for item in items {
        put(out, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_field_tells_its_name_and_offset() {
        let mut reader = Reader::new(&[1, 0, 2]);
        assert_eq!(reader.u16("first"), Ok(1));
        let problem = Problem::TooShort { needed: 4, left: 1 };
        assert_eq!(reader.u32("second"), Err(DecodeError { field: "second", offset: 2, problem }));
        assert_eq!(reader.u8("third"), Ok(2), "a failed read consumes nothing");
    }

    #[test]
    fn a_count_beyond_the_input_reserves_nothing() {
        let mut reader = Reader::new(&[0xFF, 0xFF, 0xFF, 0xFF, 1, 2]);
        let error = reader.array_u32("handles").unwrap_err();
        assert_eq!((error.field, error.offset), ("handles", 0));
    }

    #[test]
    fn an_array_may_fill_the_input_to_its_end() {
        let mut reader = Reader::new(&[2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(reader.array_u32("handles"), Ok(vec![1, 2]));
    }

    #[test]
    fn trailing_bytes_are_told() {
        let mut reader = Reader::new(&[1, 2]);
        reader.u8("only").unwrap();
        assert_eq!(reader.finish("packet").unwrap_err().offset, 1);
    }
}
