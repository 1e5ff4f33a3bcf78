//! Where the sun stands: rise, noon and set of any day at any place.
//!
//! The equations are those of NOAA's solar calculator (after Meeus, Astronomical Algorithms), good
//! to a minute between the polar circles. Height of the place, hills and weather are left out.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

const DAY_S: i64 = 86_400;

/// A place on Earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Degrees north of the equator.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
}

/// A text that is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write latitude and longitude in degrees, such as 52.52,13.40 (south and west negative)")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (latitude, longitude) = text.split_once(',').ok_or(NoPlace)?;
        let degrees = |text: &str, most: f64| {
            let number: f64 = text.trim().parse().map_err(|_| NoPlace)?;
            // Not a number is in no range.
            if (-most..=most).contains(&number) { Ok(number) } else { Err(NoPlace) }
        };
        Ok(Self { latitude: degrees(latitude, 90.0)?, longitude: degrees(longitude, 180.0)? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.latitude, self.longitude)
    }
}

/// What the sun does once a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SunEvent {
    /// It comes up to 18 degrees below the horizon.
    AstronomicalDawn,
    /// It comes up to 12 degrees below the horizon.
    NauticalDawn,
    /// It comes up to 6 degrees below the horizon: civil twilight begins.
    Dawn,
    /// Its upper edge appears.
    Sunrise,
    /// It stands highest.
    Noon,
    /// Its upper edge disappears.
    Sunset,
    /// It is 6 degrees below the horizon: civil twilight ends.
    Dusk,
    /// It is 12 degrees below the horizon.
    NauticalDusk,
    /// It is 18 degrees below the horizon.
    AstronomicalDusk,
}

impl SunEvent {
    const NAMES: [(Self, &'static str); 9] = [
        (Self::AstronomicalDawn, "astronomical-dawn"),
        (Self::NauticalDawn, "nautical-dawn"),
        (Self::Dawn, "dawn"),
        (Self::Sunrise, "sunrise"),
        (Self::Noon, "noon"),
        (Self::Sunset, "sunset"),
        (Self::Dusk, "dusk"),
        (Self::NauticalDusk, "nautical-dusk"),
        (Self::AstronomicalDusk, "astronomical-dusk"),
    ];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(event, _)| *event)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// Height of the sun's centre in degrees. Refraction lifts the horizon's sun by 34', and half
    /// its disc is 16'.
    fn altitude(self) -> f64 {
        match self {
            Self::Sunrise | Self::Sunset => -0.833,
            Self::Dawn | Self::Dusk => -6.0,
            Self::NauticalDawn | Self::NauticalDusk => -12.0,
            Self::AstronomicalDawn | Self::AstronomicalDusk => -18.0,
            Self::Noon => 90.0,
        }
    }
}

/// When the sun does something on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Then.
    At(Timestamp),
    /// Not on this day: it stays higher, as on a polar day.
    StaysAbove,
    /// Not on this day: it stays lower, as in a polar night.
    StaysBelow,
}

/// The day, counted from 1970-01-01, whose noon by the sun is nearest to an instant.
pub fn solar_day(place: Place, at: Timestamp) -> i64 {
    let east_s = (place.longitude * 240.0) as i64;
    (at.as_second() + east_s).div_euclid(DAY_S)
}

/// When the sun stands highest on a day counted from 1970-01-01.
pub fn noon(place: Place, day: i64) -> Timestamp {
    second(noon_s(place, day))
}

/// Halfway between this day's noon and the next one's.
pub fn midnight(place: Place, day: i64) -> Timestamp {
    second(f64::midpoint(noon_s(place, day), noon_s(place, day + 1)))
}

/// When the sun does something on a day counted from 1970-01-01.
pub fn moment(place: Place, day: i64, event: SunEvent) -> Moment {
    let noon_s = noon_s(place, day);
    let side = match event {
        SunEvent::Noon => return Moment::At(second(noon_s)),
        event if event < SunEvent::Noon => -1.0,
        _ => 1.0,
    };
    let mut at_s = noon_s;
    // The sun moves on meanwhile: the second round takes its place at the first one's result.
    for _ in 0..3 {
        let sun = Sun::at(at_s);
        match hour_angle(place, sun.declination, event.altitude()) {
            Ok(degrees) => {
                at_s = transit_s(place, day, sun.equation_of_time_min) + side * 240.0 * degrees;
            }
            Err(missing) => return missing,
        }
    }
    Moment::At(second(at_s))
}

/// How far the sun turns between noon and a height, in degrees.
fn hour_angle(place: Place, declination: f64, altitude: f64) -> Result<f64, Moment> {
    let latitude = place.latitude.to_radians();
    let cosine = (altitude.to_radians().sin() - latitude.sin() * declination.sin())
        / (latitude.cos() * declination.cos());
    match cosine {
        cosine if cosine > 1.0 => Err(Moment::StaysBelow),
        cosine if cosine < -1.0 => Err(Moment::StaysAbove),
        cosine => Ok(cosine.acos().to_degrees()),
    }
}

fn noon_s(place: Place, day: i64) -> f64 {
    let about = transit_s(place, day, 0.0);
    transit_s(place, day, Sun::at(about).equation_of_time_min)
}

/// Seconds since 1970 at which the sun crosses the meridian.
fn transit_s(place: Place, day: i64, equation_of_time_min: f64) -> f64 {
    let minutes = 720.0 - 4.0 * place.longitude - equation_of_time_min;
    (day * DAY_S) as f64 + minutes * 60.0
}

fn second(seconds: f64) -> Timestamp {
    Timestamp::from_second(seconds.round() as i64).unwrap_or(Timestamp::MAX)
}

/// What the sky does at an instant.
struct Sun {
    /// Radians north of the celestial equator.
    declination: f64,
    /// Minutes that a sundial is ahead of a clock.
    equation_of_time_min: f64,
}

impl Sun {
    fn at(epoch_s: f64) -> Self {
        // Julian centuries since noon of 2000-01-01.
        let t = (epoch_s - 946_728_000.0) / (86_400.0 * 36_525.0);
        let mean_longitude = (280.46646 + t * (36000.76983 + t * 0.0003032)).to_radians();
        let anomaly = (357.52911 + t * (35999.05029 - 0.0001537 * t)).to_radians();
        let eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t);
        let centre = anomaly.sin() * (1.914602 - t * (0.004817 + 0.000014 * t))
            + (2.0 * anomaly).sin() * (0.019993 - 0.000101 * t)
            + (3.0 * anomaly).sin() * 0.000289;
        let node = (125.04 - 1934.136 * t).to_radians();
        let longitude = mean_longitude + (centre - 0.00569 - 0.00478 * node.sin()).to_radians();
        let obliquity_s = 21.448 - t * (46.815 + t * (0.00059 - t * 0.001813));
        let obliquity = 23.0 + (26.0 + obliquity_s / 60.0) / 60.0 + 0.00256 * node.cos();
        let obliquity = obliquity.to_radians();
        let y = (obliquity / 2.0).tan().powi(2);
        let equation = y * (2.0 * mean_longitude).sin() - 2.0 * eccentricity * anomaly.sin()
            + 4.0 * eccentricity * y * anomaly.sin() * (2.0 * mean_longitude).cos()
            - 0.5 * y * y * (4.0 * mean_longitude).sin()
            - 1.25 * eccentricity * eccentricity * (2.0 * anomaly).sin();
        Self {
            declination: (obliquity.sin() * longitude.sin()).asin(),
            equation_of_time_min: 4.0 * equation.to_degrees(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (f64, f64, &'static str, [&'static str; 5]);

    /// Dawn, sunrise, noon, sunset, dusk. Source: PyEphem 4.2.1 (libastro), horizon -34' and the
    /// upper edge; the values for London, New York and Sydney are those of their published tables.
    const TABLE: [Row; 9] = [
        (51.5074, -0.1278, "2024-03-20", ["05:29", "06:02", "12:08", "18:14", "18:48"]),
        (51.5074, -0.1278, "2024-06-21", ["02:55", "03:43", "12:02", "20:22", "21:09"]),
        (51.5074, -0.1278, "2026-12-21", ["07:23", "08:04", "11:59", "15:53", "16:34"]),
        (40.7128, -74.006, "2024-06-21", ["08:52", "09:25", "16:58", "24:31", "25:04"]),
        (40.7128, -74.006, "2026-12-21", ["11:46", "12:17", "16:54", "21:32", "22:03"]),
        (-33.8688, 151.2093, "2026-12-21", ["-5:49", "-5:19", "01:53", "09:05", "09:35"]),
        (-0.1807, -78.4678, "2025-09-05", ["10:48", "11:09", "17:12", "23:16", "23:36"]),
        (64.1466, -21.9426, "2024-06-21", ["none", "02:55", "13:30", "24:04", "none"]),
        (-13.8333, -171.7667, "2025-09-05", ["17:07", "17:29", "23:26", "29:23", "29:44"]),
    ];

    fn day(date: &str) -> i64 {
        format!("{date}T00:00:00Z").parse::<Timestamp>().unwrap().as_second() / DAY_S
    }

    /// Minutes since the day began; "-5:49" is 5 h 49 min before that.
    fn minutes(text: &str) -> i64 {
        let (hours, minutes) = text.trim_start_matches('-').split_once(':').unwrap();
        let minutes = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
        if text.starts_with('-') { -minutes } else { minutes }
    }

    #[test]
    fn events_are_those_of_published_tables_within_a_minute_and_a_half() {
        let events =
            [SunEvent::Dawn, SunEvent::Sunrise, SunEvent::Noon, SunEvent::Sunset, SunEvent::Dusk];
        for (latitude, longitude, date, row) in TABLE {
            let place = Place { latitude, longitude };
            let day = day(date);
            for (event, expected) in events.into_iter().zip(row) {
                let found = moment(place, day, event);
                match (found, expected) {
                    (Moment::StaysAbove, "none") => {}
                    (Moment::At(at), text) => {
                        let expected = day * DAY_S + minutes(text) * 60;
                        let off = at.as_second() - expected;
                        assert!(off.abs() <= 90, "{event:?} at {place} on {date}: {off} s off");
                    }
                    other => panic!("{event:?} at {place} on {date}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn beyond_the_polar_circle_the_sun_stays_where_it_is() {
        let tromso: Place = "69.65,18.96".parse().unwrap();
        // Published: midnight sun from 20 May to 22 July, polar night from 27 November to 15 January.
        for (date, expected) in [
            ("2026-05-25", Moment::StaysAbove),
            ("2026-07-20", Moment::StaysAbove),
            ("2026-12-01", Moment::StaysBelow),
            ("2027-01-12", Moment::StaysBelow),
        ] {
            for event in [SunEvent::Sunrise, SunEvent::Sunset] {
                assert_eq!(moment(tromso, day(date), event), expected, "{date}");
            }
        }
        for date in ["2026-05-15", "2026-07-26", "2026-11-23", "2027-01-19"] {
            let found = moment(tromso, day(date), SunEvent::Sunrise);
            assert!(matches!(found, Moment::At(_)), "{date}: {found:?}");
        }
        // Its polar night has a civil twilight, as everybody there knows.
        assert!(matches!(moment(tromso, day("2026-12-21"), SunEvent::Dawn), Moment::At(_)));
    }

    #[test]
    fn events_of_a_day_come_in_order_anywhere() {
        for latitude in [-89.0, -66.0, -40.0, 0.0, 23.0, 50.0, 66.0, 90.0] {
            for longitude in [-180.0, -75.0, 0.0, 120.0, 180.0] {
                let place = Place { latitude, longitude };
                for day in (19_700..20_100).step_by(7) {
                    let events = SunEvent::NAMES.map(|(event, _)| moment(place, day, event));
                    let times: Vec<_> = events
                        .iter()
                        .filter_map(|moment| match moment {
                            Moment::At(at) => Some(*at),
                            _ => None,
                        })
                        .collect();
                    assert!(times.is_sorted(), "{place} {day}: {events:?}");
                    assert!(midnight(place, day - 1) < noon(place, day), "{place} {day}");
                    let within = |at: &Timestamp| {
                        midnight(place, day - 1).as_second() - 120 <= at.as_second()
                            && at.as_second() <= midnight(place, day).as_second() + 120
                    };
                    assert!(times.iter().all(within), "{place} {day}: {events:?}");
                    assert_eq!(solar_day(place, noon(place, day)), day);
                }
            }
        }
    }

    #[test]
    fn places_and_events_are_read_as_written() {
        for text in ["52.52,13.4", "-33.5,-70", "0,180"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["", "52.52", "91,0", "0,181", "NaN,0", "a,b", "1,2,3"] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
        for (event, name) in SunEvent::NAMES {
            assert_eq!((SunEvent::named(name), event.name()), (Some(event), name));
        }
        assert_eq!(SunEvent::named("moonrise"), None);
    }
}
