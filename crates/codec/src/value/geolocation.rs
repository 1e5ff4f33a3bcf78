//! Where and when: the text of property D500.

use std::fmt;
use std::str::FromStr;

use super::{ParseValueError, decimal};
use crate::dataset::DevicePropValue;
use crate::date::DateTime;

/// Millionths of a minute in a degree.
const DEGREE: i64 = 60_000_000;
/// Characters of the text, always.
const LENGTH: usize = 71;
/// Where the letters of the two angles stand in the text.
const NORTH_SOUTH_AT: usize = 12;
const EAST_WEST_AT: usize = 27;

/// A place, speed and time as a client writes them to D500: a string of 71 characters,
/// `5229.131848,N 01322.842972,E 00000.00,M 000.0,K 2016:01:03 15:41:40.130`.
///
/// Degrees and decimal minutes as in NMEA, altitude in metres (M), speed in km/h (by its letter K,
/// grade C). The zone of the time is not stated; UTC is likely (grade C). There is no sign for an
/// altitude below the sea. Source: the fact sheet's section 10.1; the vendor's app to an X-T10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geolocation {
    latitude: i64,
    longitude: i64,
    altitude_cm: u32,
    speed_tenths: u32,
    time: DateTime,
    millis: u16,
}

impl Geolocation {
    /// A place that stands still, in degrees (north and east are positive) and metres.
    ///
    /// An altitude below the sea becomes 0, which is all the text can say. `None` if a number is
    /// none or lies outside what a place can have.
    pub fn new(
        latitude_degrees: f64,
        longitude_degrees: f64,
        altitude_metres: f64,
        time: DateTime,
        millis: u16,
    ) -> Option<Self> {
        // No number is in no range.
        let is_place = (-90.0..=90.0).contains(&latitude_degrees)
            && (-180.0..=180.0).contains(&longitude_degrees)
            && altitude_metres.is_finite();
        if !is_place {
            return None;
        }
        let angle = |degrees: f64| (degrees * DEGREE as f64).round() as i64;
        let place = Self {
            latitude: angle(latitude_degrees),
            longitude: angle(longitude_degrees),
            altitude_cm: (altitude_metres.max(0.0) * 100.0).round() as u32,
            speed_tenths: 0,
            time,
            millis,
        };
        place.is_sayable().then_some(place)
    }

    /// The same place passed at a speed; `None` from 1000 km/h on.
    pub fn moving(self, kilometres_per_hour: f64) -> Option<Self> {
        let speed_tenths = (kilometres_per_hour * 10.0).round() as u32;
        let place = Self { speed_tenths, ..self };
        (kilometres_per_hour >= 0.0 && place.is_sayable()).then_some(place)
    }

    /// Degrees north of the equator.
    pub fn latitude_degrees(&self) -> f64 {
        self.latitude as f64 / DEGREE as f64
    }

    /// Degrees east of Greenwich.
    pub fn longitude_degrees(&self) -> f64 {
        self.longitude as f64 / DEGREE as f64
    }

    /// The value that is written to D500.
    pub fn value(&self) -> DevicePropValue {
        DevicePropValue::Text(self.to_string().as_str().into())
    }

    fn is_sayable(&self) -> bool {
        self.latitude.abs() <= 90 * DEGREE
            && self.longitude.abs() <= 180 * DEGREE
            && self.altitude_cm <= 9_999_999
            && self.speed_tenths <= 9_999
            && self.millis <= 999
    }
}

impl fmt::Display for Geolocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = |angle: i64| {
            let (degrees, minutes) = (angle.abs() / DEGREE, angle.abs() % DEGREE);
            (degrees, minutes / 1_000_000, minutes % 1_000_000)
        };
        let ((lat, lat_min, lat_rest), (long, long_min, long_rest)) =
            (parts(self.latitude), parts(self.longitude));
        let north_south = if self.latitude < 0 { 'S' } else { 'N' };
        let east_west = if self.longitude < 0 { 'W' } else { 'E' };
        write!(f, "{lat:02}{lat_min:02}.{lat_rest:06},{north_south} ")?;
        write!(f, "{long:03}{long_min:02}.{long_rest:06},{east_west} ")?;
        write!(f, "{:05}.{:02},M ", self.altitude_cm / 100, self.altitude_cm % 100)?;
        write!(f, "{:03}.{},K ", self.speed_tenths / 10, self.speed_tenths % 10)?;
        let DateTime { year, month, day, hour, minute, second } = self.time;
        write!(f, "{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}")?;
        write!(f, ".{:03}", self.millis)
    }
}

impl FromStr for Geolocation {
    type Err = ParseValueError;

    /// Reads the text exactly as it is written to a camera.
    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let expected = "the 71 characters of a geotag";
        read(text).ok_or_else(|| ParseValueError::new(text, "geolocation", expected))
    }
}

fn read(text: &str) -> Option<Geolocation> {
    if text.len() != LENGTH {
        return None;
    }
    let mut parts = text.split(' ');
    let mut next = |width: usize| parts.next().filter(|part| part.len() == width);
    let latitude = angle(next(13)?, 2, ["N", "S"])?;
    let longitude = angle(next(14)?, 3, ["E", "W"])?;
    let altitude_cm = decimal::parse(next(10)?.strip_suffix(",M")?, 2)?;
    let speed_tenths = decimal::parse(next(7)?.strip_suffix(",K")?, 1)?;
    let date = next(10)?.replace(':', "");
    let (clock, millis) = next(12)?.split_once('.')?;
    let time = DateTime::parse(&format!("{date}T{}", clock.replace(':', "")))?;
    let millis = u16::try_from(decimal::parse(millis, 0)?).ok()?;
    let place = Geolocation { latitude, longitude, altitude_cm, speed_tenths, time, millis };
    // Whatever was written in another way than ours is no text of a camera's.
    (place.is_sayable() && is_written_so(&place, text)).then_some(place)
}

/// True if a place is written with this text. At zero degrees south is north, and west is east.
fn is_written_so(place: &Geolocation, text: &str) -> bool {
    let is_zero = |at| match at {
        NORTH_SOUTH_AT => place.latitude == 0,
        EAST_WEST_AT => place.longitude == 0,
        _ => false,
    };
    let ours = place.to_string();
    let mut pairs = ours.bytes().zip(text.bytes()).enumerate();
    ours.len() == text.len() && pairs.all(|(at, (our, other))| our == other || is_zero(at))
}

/// Degrees of so many digits, minutes, and one of two letters.
fn angle(text: &str, digits: usize, [positive, negative]: [&str; 2]) -> Option<i64> {
    let (number, letter) = text.split_once(',')?;
    let (degrees, minutes) = (number.get(..digits)?, number.get(digits..)?);
    let minutes = i64::from(decimal::parse(minutes, 6)?);
    let size = i64::from(decimal::parse(degrees, 0)?) * DEGREE + minutes;
    match letter {
        _ if minutes >= DEGREE => None,
        _ if letter == positive => Some(size),
        _ if letter == negative => Some(-size),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Origin: the vendor's app to an X-T10, printed in the fact sheet's section 10.1.
    const OF_THE_APP: &str =
        "5229.131848,N 01322.842972,E 00000.00,M 000.0,K 2016:01:03 15:41:40.130";

    #[test]
    fn the_text_of_the_vendors_app_is_read_and_written() {
        let place: Geolocation = OF_THE_APP.parse().unwrap();
        assert!((place.latitude_degrees() - 52.485_530_8).abs() < 1e-7);
        assert!((place.longitude_degrees() - 13.380_716_2).abs() < 1e-7);
        assert_eq!(place.to_string(), OF_THE_APP);
        let mut wire = Vec::new();
        place.value().encode(&mut wire);
        // Count byte 0x48 with the terminator, 145 bytes in all.
        assert_eq!((wire[0], wire.len()), (0x48, 145));
    }

    #[test]
    fn a_place_in_the_south_west_that_moves() {
        let time = DateTime::parse("20260301T070809").unwrap();
        let place = Geolocation::new(-33.856_784, -70.5, 12.345, time, 7).unwrap();
        let text = place.moving(36.54).unwrap().to_string();
        assert_eq!(text, "3351.407040,S 07030.000000,W 00012.35,M 036.5,K 2026:03:01 07:08:09.007");
        assert_eq!(text.parse::<Geolocation>().unwrap().to_string(), text);
    }

    #[test]
    fn what_the_text_cannot_say_is_refused() {
        let time = DateTime::parse("20260301T070809").unwrap();
        let new = |latitude, longitude, altitude| {
            Geolocation::new(latitude, longitude, altitude, time, 0).is_some()
        };
        assert!(new(90.0, -180.0, 99_999.99) && new(0.0, 0.0, -400.0));
        assert!(!new(90.1, 0.0, 0.0) && !new(0.0, 180.1, 0.0) && !new(0.0, 0.0, 100_000.0));
        assert!(!new(f64::NAN, 0.0, 0.0) && !new(0.0, 0.0, f64::INFINITY));
        assert!(!new(-1e300, 0.0, 0.0) && !new(0.0, -1e300, 0.0) && !new(1e300, 0.0, 1e300));
        let still = Geolocation::new(0.0, 0.0, 0.0, time, 0).unwrap();
        assert!(still.moving(-1.0).is_none() && still.moving(1000.0).is_none());
        // South and west of zero degrees are zero degrees.
        let zero = "0000.000000,S 00000.000000,W 00000.00,M 000.0,K 2016:01:03 15:41:40.130";
        let read: Geolocation = zero.parse().unwrap();
        assert_eq!(read.to_string(), zero.replace('S', "N").replace('W', "E"));
        // Of the same length, and of other characters.
        for (from, to) in
            [("2016:01:03", "2016010:3:"), ("15:41:40", "154140::"), ("41:40", "4:140")]
        {
            let text = OF_THE_APP.replace(from, to);
            assert_eq!(text.len(), OF_THE_APP.len());
            assert!(text.parse::<Geolocation>().is_err(), "{text}");
        }
        for (at, with) in [(0, "9"), (2, "6"), (12, "X"), (13, ","), (37, "M"), (70, "x")] {
            let mut text = OF_THE_APP.to_owned();
            text.replace_range(at..at + 1, with);
            assert!(text.parse::<Geolocation>().is_err(), "{text}");
        }
    }
}
