//! DevicePropDesc, and the capability list of operation 0x902B.

use crate::code::DevicePropCode;
use crate::error::{DecodeError, Problem};
use crate::reader::Reader;
use crate::string::PtpString;

/// Data type of a property. Source: ISO 15740, data type codes; seen: 1 to 6 and strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataType(pub u16);

impl DataType {
    /// i8.
    pub const INT8: Self = Self(1);
    /// u8.
    pub const UINT8: Self = Self(2);
    /// i16.
    pub const INT16: Self = Self(3);
    /// u16.
    pub const UINT16: Self = Self(4);
    /// i32.
    pub const INT32: Self = Self(5);
    /// u32.
    pub const UINT32: Self = Self(6);
    /// PTP string.
    pub const STRING: Self = Self(0xFFFF);

    /// Width in bytes of a number of this type, or `None`.
    pub fn width_bytes(self) -> Option<usize> {
        match self.0 {
            1 | 2 => Some(1),
            3 | 4 => Some(2),
            5 | 6 => Some(4),
            _ => None,
        }
    }
}

/// A value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DevicePropValue {
    /// A number as it stands on the wire, zero-extended; [`DevicePropValue::signed`] reads its sign.
    Number {
        /// Its type, which gives width and sign.
        data_type: DataType,
        /// The bits.
        bits: u32,
    },
    /// A string.
    Text(PtpString),
}

impl DevicePropValue {
    /// A u16.
    pub fn u16(value: u16) -> Self {
        Self::Number { data_type: DataType::UINT16, bits: u32::from(value) }
    }

    /// A u32.
    pub fn u32(value: u32) -> Self {
        Self::Number { data_type: DataType::UINT32, bits: value }
    }

    /// Reads a value of the given type.
    ///
    /// Fails with [`DecodeError`] if the type is neither a number of up to 32 bits nor a string.
    pub fn decode(
        reader: &mut Reader<'_>,
        data_type: DataType,
        field: &'static str,
    ) -> Result<Self, DecodeError> {
        let offset = reader.offset();
        let bits = match data_type.width_bytes() {
            Some(1) => u32::from(reader.u8(field)?),
            Some(2) => u32::from(reader.u16(field)?),
            Some(_) => reader.u32(field)?,
            None if data_type == DataType::STRING => {
                return Ok(Self::Text(PtpString::decode(reader, field)?));
            }
            None => {
                let problem = Problem::Value {
                    found: u64::from(data_type.0),
                    expected: "data type 1 to 6 or 0xFFFF",
                };
                return Err(DecodeError { field, offset, problem });
            }
        };
        Ok(Self::Number { data_type, bits })
    }

    /// Appends the value in its exact width.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number { data_type, bits } => {
                let width = data_type.width_bytes().unwrap_or(4);
                out.extend(bits.to_le_bytes().iter().take(width));
            }
            Self::Text(text) => text.encode(out),
        }
    }

    /// The number with its sign, if it is one.
    pub fn signed(&self) -> Option<i64> {
        let Self::Number { data_type, bits } = *self else { return None };
        Some(match data_type {
            DataType::INT8 => i64::from(bits as i8),
            DataType::INT16 => i64::from(bits as i16),
            DataType::INT32 => i64::from(bits as i32),
            _ => i64::from(bits),
        })
    }
}

/// Whether a property may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PropAccess(pub u8);

impl PropAccess {
    /// Read only.
    pub const GET: Self = Self(0);
    /// Read and write.
    pub const GET_SET: Self = Self(1);
}

/// Which values a property allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Not said.
    None,
    /// From minimum to maximum in steps.
    Range {
        /// Smallest value.
        min: DevicePropValue,
        /// Largest value.
        max: DevicePropValue,
        /// Distance of neighbours.
        step: DevicePropValue,
    },
    /// One of these.
    Enumeration(Vec<DevicePropValue>),
}

/// What a property is and which values it takes.
///
/// Source: ISO 15740, DevicePropDesc. Over Wi-Fi, strings and descriptors read before 0x902B may
/// hold stale memory (the fact sheet's section 6.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePropDesc {
    /// Which property.
    pub property: DevicePropCode,
    /// Type of all its values.
    pub data_type: DataType,
    /// Whether it may be written.
    pub access: PropAccess,
    /// Factory default.
    pub default: DevicePropValue,
    /// Current value.
    pub current: DevicePropValue,
    /// Allowed values.
    pub form: Form,
}

impl DevicePropDesc {
    /// Reads a descriptor; what follows it stays in the reader.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let property = DevicePropCode(r.u16("property code")?);
        let data_type = DataType(r.u16("data type")?);
        let access = PropAccess(r.u8("get/set")?);
        let default = DevicePropValue::decode(r, data_type, "factory default")?;
        let current = DevicePropValue::decode(r, data_type, "current value")?;
        let form = Self::decode_form(r, data_type)?;
        Ok(Self { property, data_type, access, default, current, form })
    }

    fn decode_form(r: &mut Reader<'_>, data_type: DataType) -> Result<Form, DecodeError> {
        let offset = r.offset();
        match r.u8("form flag")? {
            0 => Ok(Form::None),
            1 => Ok(Form::Range {
                min: DevicePropValue::decode(r, data_type, "minimum")?,
                max: DevicePropValue::decode(r, data_type, "maximum")?,
                step: DevicePropValue::decode(r, data_type, "step")?,
            }),
            2 => {
                let count = r.u16("enumeration count")?;
                let value = |_| DevicePropValue::decode(r, data_type, "enumeration value");
                (0..count).map(value).collect::<Result<_, _>>().map(Form::Enumeration)
            }
            found => {
                let problem =
                    Problem::Value { found: u64::from(found), expected: "form 0, 1 or 2" };
                Err(DecodeError { field: "form flag", offset, problem })
            }
        }
    }

    /// Appends the descriptor.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.property.0.to_le_bytes());
        out.extend(self.data_type.0.to_le_bytes());
        out.push(self.access.0);
        self.default.encode(out);
        self.current.encode(out);
        match &self.form {
            Form::None => out.push(0),
            Form::Range { min, max, step } => {
                out.push(1);
                [min, max, step].into_iter().for_each(|value| value.encode(out));
            }
            Form::Enumeration(values) => {
                out.push(2);
                out.extend((values.len() as u16).to_le_bytes());
                values.iter().for_each(|value| value.encode(out));
            }
        }
    }
}

/// The capability list of operation 0x902B: u32 count, then items of u32 length and a descriptor.
///
/// Source: the fact sheet's section 6.2. Seen: X-T1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The descriptors in the camera's order.
    pub items: Vec<DevicePropDesc>,
}

impl Capabilities {
    /// Decodes the payload of a data container.
    ///
    /// Fails with [`DecodeError`] if an item's length and its descriptor disagree.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(payload);
        let items = r.array("item count", 4, Self::decode_item)?;
        r.finish("capability list")?;
        Ok(Self { items })
    }

    /// Decodes what can be read of a payload: item by item along their lengths, without those that are
    /// no descriptor. Firmware may list what nobody has seen yet, and the others are as good as ever.
    ///
    /// Tells beside it why items were left out, or why the list ended early; no error means that
    /// [`Capabilities::decode`] reads the same.
    pub fn decode_readable(payload: &[u8]) -> (Self, Vec<DecodeError>) {
        let (mut items, mut errors) = (Vec::new(), Vec::new());
        if let Err(error) = Self::walk(&mut Reader::new(payload), |item| match item {
            Ok(item) => items.push(item),
            Err(error) => errors.push(error),
        }) {
            errors.push(error);
        }
        (Self { items }, errors)
    }

    /// Gives each item, read or not, until a length leads nowhere.
    fn walk(
        r: &mut Reader<'_>,
        mut give: impl FnMut(Result<DevicePropDesc, DecodeError>),
    ) -> Result<(), DecodeError> {
        for _ in 0..r.u32("item count")? {
            let (offset, body) = Self::item_body(r)?;
            give(Self::decode_body(offset, body));
        }
        r.finish("capability list")
    }

    fn decode_item(r: &mut Reader<'_>) -> Result<DevicePropDesc, DecodeError> {
        let (offset, body) = Self::item_body(r)?;
        Self::decode_body(offset, body)
    }

    /// An item without its length, and where it starts.
    fn item_body<'a>(r: &mut Reader<'a>) -> Result<(usize, &'a [u8]), DecodeError> {
        let length = r.u32("item length")? as usize;
        let offset = r.offset();
        Ok((offset, r.bytes("item", length.saturating_sub(4))?))
    }

    fn decode_body(offset: usize, body: &[u8]) -> Result<DevicePropDesc, DecodeError> {
        let shifted = |mut error: DecodeError| {
            error.offset += offset;
            error
        };
        let mut inner = Reader::new(body);
        let item = DevicePropDesc::decode(&mut inner).map_err(shifted)?;
        inner.finish("item").map_err(shifted)?;
        Ok(item)
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend((self.items.len() as u32).to_le_bytes());
        for item in &self.items {
            let mut body = Vec::new();
            item.encode(&mut body);
            out.extend((body.len() as u32 + 4).to_le_bytes());
            out.extend(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(data_type: DataType, bytes: &[u8]) -> Result<DevicePropValue, DecodeError> {
        DevicePropValue::decode(&mut Reader::new(bytes), data_type, "value")
    }

    #[test]
    fn numbers_have_their_width_and_sign() {
        for (data_type, width, value) in [
            (DataType::INT8, 1, -2),
            (DataType::UINT8, 1, 0xFE),
            (DataType::INT16, 2, -2),
            (DataType::UINT16, 2, 0xFFFE),
            (DataType::INT32, 4, -2),
            (DataType::UINT32, 4, 0xFFFF_FFFE),
        ] {
            let bytes = [0xFE, 0xFF, 0xFF, 0xFF];
            assert_eq!(data_type.width_bytes(), Some(width));
            let read = decode(data_type, &bytes).unwrap();
            assert_eq!(read.signed(), Some(value), "{data_type:?}");
            let mut again = Vec::new();
            read.encode(&mut again);
            assert_eq!(again, bytes[..width], "{data_type:?}");
        }
    }

    #[test]
    fn strings_are_no_numbers_and_other_types_are_refused() {
        let text = decode(DataType::STRING, &[2, b'A', 0, 0, 0]).unwrap();
        assert_eq!(text, DevicePropValue::Text("A".into()));
        assert_eq!(text.signed(), None);
        let error = decode(DataType(0x77), &[1, 2, 3, 4]).unwrap_err();
        assert_eq!(error.field, "value");
        assert!(error.to_string().contains("0xFFFF"), "{error}");
    }
}
