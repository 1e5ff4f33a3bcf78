//! Geotagging: a camera is told again and again where it is, so that its pictures say so.
//!
//! A [`Source`] knows the place: one that never changes, a GPX [`Track`] read against the clock, or a
//! [`Gpsd`]. A [`Tagger`] asks it and tells the camera. A place that is not known now is not told:
//! nothing is better than an old place. How often a camera wants to hear it, and how long it believes
//! it, is unknown (the fact sheet's section 4.11).

mod gpsd;
mod tagger;
mod track;

use filmwire_camera::Error;
use filmwire_codec::DateTime;
use filmwire_codec::value::Geolocation;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use gpsd::Gpsd;
pub use tagger::{Source, Step, Tagger};
pub use track::{Track, TrackError};

/// A place on earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Degrees north of the equator, -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: f64,
    /// Metres above the sea; `None` if it is not known, which the camera is told as 0.
    pub altitude: Option<f64>,
    /// Kilometres an hour; `None` if it is not known, which the camera is told as 0.
    pub speed: Option<f64>,
}

/// A place at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// Where.
    pub place: Place,
    /// When.
    pub at: Timestamp,
}

/// Why no place is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFix {
    /// The receiver has none, or has told nothing for some time.
    Receiver,
    /// The track begins later.
    Before(Timestamp),
    /// The track has a hole here: it goes on then.
    Hole(Timestamp),
    /// It cannot be said in the camera's text.
    Unsayable,
}

/// What ends geotagging.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeotagError {
    /// The camera.
    #[error(transparent)]
    Camera(#[from] Error),
    /// gpsd cannot be used.
    #[error("gpsd at {address}: {cause}")]
    Gpsd {
        /// Where it is.
        address: String,
        /// What is wrong.
        cause: String,
    },
}

impl Fix {
    /// The text for the camera, in UTC: the zone is not stated where the text was seen, and UTC is
    /// likely (grade C). `None` if the place is none, or lies where the text cannot say it.
    pub fn geolocation(&self) -> Option<Geolocation> {
        let Place { latitude, longitude, altitude, speed } = self.place;
        let at = self.at.to_zoned(TimeZone::UTC).datetime();
        let time = DateTime {
            year: u16::try_from(at.year()).ok()?,
            month: at.month() as u8,
            day: at.day() as u8,
            hour: at.hour() as u8,
            minute: at.minute() as u8,
            second: at.second() as u8,
        };
        let millis = at.millisecond() as u16;
        let still = Geolocation::new(latitude, longitude, altitude.unwrap_or(0.0), time, millis)?;
        // Faster than the text can say is told as not moving.
        Some(speed.and_then(|speed| still.moving(speed)).unwrap_or(still))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_becomes_the_text_of_the_vendors_app() {
        // Origin: the fact sheet's section 10.1.
        let expected = "5229.131848,N 01322.842972,E 00000.00,M 000.0,K 2016:01:03 15:41:40.130";
        let place = Place {
            latitude: 52.0 + 29.131_848 / 60.0,
            longitude: 13.0 + 22.842_972 / 60.0,
            altitude: None,
            speed: None,
        };
        let at = "2016-01-03T16:41:40.130+01:00".parse().unwrap();
        assert_eq!(Fix { place, at }.geolocation().unwrap().to_string(), expected);
        let place = Place { altitude: Some(34.5), speed: Some(12.0), ..place };
        let text = Fix { place, at }.geolocation().unwrap().to_string();
        assert!(text.contains(" 00034.50,M 012.0,K "), "{text}");
        let quick = Place { speed: Some(1200.0), ..place };
        assert!(Fix { place: quick, at }.geolocation().unwrap().to_string().contains("000.0,K"));
        let nowhere = Place { latitude: 91.0, ..place };
        assert!(Fix { place: nowhere, at }.geolocation().is_none());
    }
}
