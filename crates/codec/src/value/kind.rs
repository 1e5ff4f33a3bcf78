//! Which type a property's values have.

use super::{
    Aperture, BatteryLevel, BatteryThirds, CommandDial, DeviceError, ExposureBias, ExposureProgram,
    FilmSimulation, Flash, FocusLock, FocusMode, FocusPoint, ImageQuality, ImageSize, Iso,
    MovieButton, ParseValueError, SelfTimer, ShutterSpeed, WhiteBalance, hex,
};
use crate::code::DevicePropCode;
use crate::dataset::{DataType, DevicePropValue};

/// How the values of one property are written.
#[derive(Debug)]
pub struct Kind {
    /// Which property.
    pub property: DevicePropCode,
    /// Its type on the wire. Source: the fact sheet's section 6.3.
    pub data_type: DataType,
    show: fn(u32) -> String,
    parse: fn(&str) -> Result<u32, ParseValueError>,
}

impl Kind {
    /// The word for the bits as they stand in 0xD212. Bits past the type's width show as hex.
    pub fn text(&self, bits: u32) -> String {
        if self.fits(bits) { (self.show)(bits) } else { format!("{bits:#010X}") }
    }

    /// The bits that a word stands for, zero-extended. Hex past the type's width is taken as
    /// [`Kind::text`] shows it; [`Kind::fits`] tells it apart from what can be written.
    ///
    /// Fails with [`ParseValueError`], which says how such a value is written.
    pub fn parse(&self, text: &str) -> Result<u32, ParseValueError> {
        let wide = hex(text.trim(), 32).filter(|&bits| !self.fits(bits));
        wide.map_or_else(|| (self.parse)(text), Ok)
    }

    /// The value as it is written to the camera, in the property's exact size; `None` if bits lie
    /// past it, since what is left without them is another value.
    pub fn value(&self, bits: u32) -> Option<DevicePropValue> {
        self.fits(bits).then_some(DevicePropValue::Number { data_type: self.data_type, bits })
    }

    /// True if no bit lies past the type's width.
    pub fn fits(&self, bits: u32) -> bool {
        match self.data_type.width_bytes() {
            Some(width @ (1 | 2)) => bits >> (8 * width) == 0,
            _ => true,
        }
    }
}

/// One row of the table.
macro_rules! row {
    ($property:ident, $data_type:ident, $type:ident) => {
        Kind {
            property: DevicePropCode::$property,
            data_type: DataType::$data_type,
            show: |bits| $type(Raw::from_bits(bits)).to_string(),
            parse: |text| text.parse().map(|$type(raw)| raw.bits()),
        }
    };
}

/// Every property whose values have a type, in order of their codes.
pub static KINDS: &[Kind] = &[
    row!(BATTERY_LEVEL, UINT8, BatteryThirds),
    row!(WHITE_BALANCE, UINT16, WhiteBalance),
    row!(F_NUMBER, UINT16, Aperture),
    row!(FOCUS_MODE, UINT16, FocusMode),
    row!(FLASH_MODE, UINT16, Flash),
    row!(EXPOSURE_PROGRAM, UINT16, ExposureProgram),
    row!(EXPOSURE_BIAS, INT16, ExposureBias),
    row!(SELF_TIMER, UINT16, SelfTimer),
    row!(FILM_SIMULATION, UINT16, FilmSimulation),
    row!(IMAGE_QUALITY, UINT16, ImageQuality),
    row!(MOVIE_BUTTON, UINT16, MovieButton),
    row!(COMMAND_DIAL, UINT16, CommandDial),
    row!(ISO, UINT32, Iso),
    row!(MOVIE_ISO, UINT32, Iso),
    row!(FOCUS_POINT, UINT32, FocusPoint),
    row!(FOCUS_LOCK, UINT16, FocusLock),
    row!(DEVICE_ERROR, UINT16, DeviceError),
    row!(SHUTTER_SPEED, UINT32, ShutterSpeed),
    row!(IMAGE_ASPECT, UINT16, ImageSize),
    row!(BATTERY, UINT16, BatteryLevel),
    row!(BATTERY_2, UINT16, BatteryLevel),
];

/// How the values of a property are written; `None` if nobody knows, or if they are plain numbers.
pub fn kind(property: DevicePropCode) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.property == property)
}

/// Numbers as 0xD212 tells them: narrow ones with zeros in front, also where they have a sign.
trait Raw {
    /// Takes bits that were looked at for their width.
    fn from_bits(bits: u32) -> Self;
    fn bits(self) -> u32;
}

impl Raw for u16 {
    fn from_bits(bits: u32) -> Self {
        bits as Self
    }

    fn bits(self) -> u32 {
        u32::from(self)
    }
}

impl Raw for i16 {
    fn from_bits(bits: u32) -> Self {
        bits as Self
    }

    fn bits(self) -> u32 {
        u32::from(self.cast_unsigned())
    }
}

impl Raw for u32 {
    fn from_bits(bits: u32) -> Self {
        bits
    }

    fn bits(self) -> u32 {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_is_zero_extended_as_in_the_state_list() {
        let bias = kind(DevicePropCode::EXPOSURE_BIAS).unwrap();
        // Origin: log:XT5, 0x0000FD65.
        assert_eq!(bias.text(0xFD65), "-0.7");
        assert_eq!(bias.parse("-0.7"), Ok(0xFD65));
        let mut wire = Vec::new();
        bias.value(0xFD65).unwrap().encode(&mut wire);
        assert_eq!(wire, [0x65, 0xFD]);
    }

    #[test]
    fn bits_past_the_width_survive_as_hex() {
        let balance = kind(DevicePropCode::WHITE_BALANCE).unwrap();
        assert_eq!(balance.text(0x0001_0002), "0x00010002");
        assert_eq!(balance.parse("0x00010002"), Ok(0x0001_0002));
        assert_eq!(balance.parse("0x0002"), Ok(2));
        // They cannot be written, and are not cut to something else.
        assert!(balance.value(0x0001_0004).is_none() && balance.value(4).is_some());
    }

    #[test]
    fn the_table_is_in_order_and_names_each_property_once() {
        assert!(KINDS.is_sorted_by(|a, b| a.property < b.property));
        assert!(kind(DevicePropCode::UNKNOWN_D52F).is_none());
    }
}
