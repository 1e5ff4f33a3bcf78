//! A track recorded as GPX, read against the clock.
//!
//! Source: GPX 1.1 schema, types trk, trkseg and trkpt: times are in UTC, and a segment is one
//! unbroken recording, so that places are known between two points of a segment, and not between
//! two segments.

use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{NoFix, Place};

/// Mean radius of the earth in kilometres.
const EARTH_KM: f64 = 6371.0;

/// A track: where somebody was when.
#[derive(Debug, Clone)]
pub struct Track {
    /// Each with two points or more, or one alone; in order of time.
    segments: Vec<Vec<Point>>,
    untimed: usize,
}

/// What is wrong with a track.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    /// No XML, or no GPX.
    #[error("it is no GPX: {0}")]
    NotGpx(String),
    /// A point has no place on earth.
    #[error("point {0} has no latitude and longitude that lie on earth")]
    BadPoint(usize),
    /// No point tells when it was.
    #[error("it has no track points that tell their time")]
    Untimed,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    at: Timestamp,
    latitude: f64,
    longitude: f64,
    altitude: Option<f64>,
}

/// A point that is being read.
#[derive(Debug)]
struct Draft {
    latitude: f64,
    longitude: f64,
    altitude: Option<f64>,
    at: Option<Timestamp>,
}

impl Track {
    /// Reads GPX. Points without a time are passed over.
    pub fn parse(gpx: &str) -> Result<Self, TrackError> {
        let (mut segments, mut untimed) = (read(gpx)?, 0);
        for segment in &mut segments {
            untimed += segment.1;
            segment.0.sort_by_key(|point| point.at);
        }
        let mut segments: Vec<_> = segments.into_iter().map(|(points, _)| points).collect();
        segments.retain(|points| !points.is_empty());
        segments.sort_by_key(|points| points.first().map(|point| point.at));
        if segments.is_empty() { Err(TrackError::Untimed) } else { Ok(Self { segments, untimed }) }
    }

    /// Points that tell their time.
    pub fn points(&self) -> usize {
        self.segments.iter().map(Vec::len).sum()
    }

    /// Points that do not, and are of no use.
    pub fn untimed(&self) -> usize {
        self.untimed
    }

    /// When its last point was.
    pub fn end(&self) -> Timestamp {
        let ends = self.segments.iter().filter_map(|points| points.last());
        ends.map(|point| point.at).max().unwrap_or(Timestamp::MIN)
    }

    /// The place at a moment; `None` when it is over.
    pub fn at(&self, now: Timestamp) -> Option<Result<Place, NoFix>> {
        // Segments may overlap where two receivers were recorded; the first that knows tells.
        if let Some(place) = self.segments.iter().find_map(|points| within(points, now)) {
            return Some(Ok(place));
        }
        let starts = self.segments.iter().filter_map(|points| points.first());
        let next = starts.map(|point| point.at).filter(|&at| at > now).min()?;
        let is_first = self.segments.iter().flatten().all(|point| point.at > now);
        Some(Err(if is_first { NoFix::Before(next) } else { NoFix::Hole(next) }))
    }
}

/// The place between two points of a segment.
fn within(points: &[Point], now: Timestamp) -> Option<Place> {
    let behind = points.partition_point(|point| point.at <= now);
    let before = points.get(behind.checked_sub(1)?)?;
    let Some(after) = points.get(behind) else {
        // The last point is known for its own moment alone.
        return (before.at == now).then(|| still(before));
    };
    let span = after.at.duration_since(before.at).as_secs_f64();
    let share = now.duration_since(before.at).as_secs_f64() / span;
    let between = |from: f64, to: f64| from + (to - from) * share;
    // The short way round, also where the date line is crossed.
    let east = (after.longitude - before.longitude + 540.0).rem_euclid(360.0) - 180.0;
    let longitude = (before.longitude + east * share + 540.0).rem_euclid(360.0) - 180.0;
    Some(Place {
        latitude: between(before.latitude, after.latitude),
        longitude,
        altitude: before.altitude.zip(after.altitude).map(|(from, to)| between(from, to)),
        speed: Some(distance_km(before, after) / span * 3600.0),
    })
}

fn still(point: &Point) -> Place {
    let &Point { latitude, longitude, altitude, .. } = point;
    Place { latitude, longitude, altitude, speed: None }
}

/// By the haversine formula.
fn distance_km(from: &Point, to: &Point) -> f64 {
    let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let along = from.latitude.to_radians().cos() * to.latitude.to_radians().cos();
    let a = half(from.latitude, to.latitude) + along * half(from.longitude, to.longitude);
    2.0 * EARTH_KM * a.sqrt().min(1.0).asin()
}

/// Points of each segment, and how many of it tell no time.
fn read(gpx: &str) -> Result<Vec<(Vec<Point>, usize)>, TrackError> {
    let not_gpx = |cause: quick_xml::Error| TrackError::NotGpx(cause.to_string());
    let mut reader = Reader::from_str(gpx);
    let (mut segments, mut draft, mut text) = (Vec::new(), None, String::new());
    let (mut is_gpx, mut read) = (false, 0);
    loop {
        match reader.read_event().map_err(not_gpx)? {
            Event::Start(start) => {
                text.clear();
                match start.local_name().as_ref() {
                    "gpx" => is_gpx = true,
                    "trkseg" => segments.push((Vec::new(), 0)),
                    "trkpt" => {
                        read += 1;
                        draft = Some(begin(&start).ok_or(TrackError::BadPoint(read))?);
                    }
                    _ => {}
                }
            }
            // It tells no time, whatever else it is.
            Event::Empty(empty) if empty.local_name().as_ref() == "trkpt" => {
                read += 1;
                segments.last_mut().iter_mut().for_each(|(_, untimed)| *untimed += 1);
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::End(end) => {
                match end.local_name().as_ref() {
                    "trkpt" => take(&mut segments, draft.take()),
                    field => fill(draft.as_mut(), field, text.trim()),
                }
                text.clear();
            }
            Event::Eof if is_gpx => return Ok(segments),
            Event::Eof => return Err(TrackError::NotGpx("there is no element gpx".to_owned())),
            _ => {}
        }
    }
}

fn begin(start: &BytesStart<'_>) -> Option<Draft> {
    let number =
        |name| -> Option<f64> { start.try_get_attribute(name).ok()??.value.trim().parse().ok() };
    let (latitude, longitude) = (number("lat")?, number("lon")?);
    let is_place = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    is_place.then_some(Draft { latitude, longitude, altitude: None, at: None })
}

fn fill(draft: Option<&mut Draft>, field: &str, text: &str) {
    let Some(draft) = draft else { return };
    match field {
        "ele" => draft.altitude = text.parse().ok().filter(|metres: &f64| metres.is_finite()),
        // Some programs leave out the zone, which the schema says is UTC.
        "time" => draft.at = text.parse().or_else(|_| format!("{text}Z").parse()).ok(),
        _ => {}
    }
}

fn take(segments: &mut [(Vec<Point>, usize)], draft: Option<Draft>) {
    let (Some((points, untimed)), Some(draft)) = (segments.last_mut(), draft) else { return };
    let Draft { latitude, longitude, altitude, at } = draft;
    match at {
        Some(at) => points.push(Point { at, latitude, longitude, altitude }),
        None => *untimed += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GPX: &str = r#"<?xml version="1.0"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><metadata><time>2030-01-01T00:00:00Z</time></metadata>
<trk><name>a &amp; b</name><trkseg>
 <trkpt lat="52.0" lon="13.0"><ele>30</ele><time>2026-03-01T10:00:00Z</time></trkpt>
 <trkpt lat="52.01" lon="13.02"><ele>40</ele><time>2026-03-01T10:01:00</time><extensions><x:speed xmlns:x="x">3</x:speed></extensions></trkpt>
 <trkpt lat="1" lon="1"/><trkpt lat="1" lon="1"><ele>1</ele></trkpt>
</trkseg><trkseg>
 <trkpt lat="-10" lon="179.5"><time>2026-03-01T12:00:00.5+01:00</time></trkpt>
 <trkpt lat="-10" lon="-179.5"><time>2026-03-01T11:10:00.5Z</time></trkpt>
</trkseg></trk></gpx>"#;

    fn at(track: &Track, time: &str) -> Option<Result<Place, NoFix>> {
        track.at(format!("2026-03-01T{time}Z").parse().unwrap())
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn places_lie_between_the_points_of_a_segment() {
        let track = Track::parse(GPX).unwrap();
        assert_eq!((track.points(), track.untimed()), (4, 2));
        let first = at(&track, "10:00:00").unwrap().unwrap();
        assert!(near(first.latitude, 52.0) && first.altitude == Some(30.0));
        let middle = at(&track, "10:00:30").unwrap().unwrap();
        assert!(near(middle.latitude, 52.005) && near(middle.longitude, 13.01), "{middle:?}");
        assert_eq!(middle.altitude, Some(35.0));
        // 1.764 km in a minute.
        assert!((105.0..107.0).contains(&middle.speed.unwrap()), "{middle:?}");
        let last = at(&track, "10:01:00").unwrap().unwrap();
        assert!(near(last.longitude, 13.02));
    }

    #[test]
    fn nothing_is_known_before_between_and_behind_segments() {
        let track = Track::parse(GPX).unwrap();
        let time = |text: &str| format!("2026-03-01T{text}Z").parse::<Timestamp>().unwrap();
        let later = time("11:00:00.5");
        assert_eq!(at(&track, "09:59:59"), Some(Err(NoFix::Before(time("10:00:00")))));
        assert_eq!(at(&track, "10:01:01"), Some(Err(NoFix::Hole(later))));
        assert_eq!(at(&track, "11:10:01"), None);
        assert_eq!(track.end(), time("11:10:00.5"));
    }

    #[test]
    fn the_date_line_is_crossed_the_short_way() {
        let track = Track::parse(GPX).unwrap();
        for (time, longitude) in [("11:02:30.5", 179.75), ("11:07:30.5", -179.75)] {
            let place = at(&track, time).unwrap().unwrap();
            assert!(near(place.longitude, longitude), "{place:?}");
            assert_eq!(place.altitude, None);
        }
    }

    #[test]
    fn what_is_no_track_is_told() {
        assert!(matches!(Track::parse("no"), Err(TrackError::NotGpx(_))));
        assert!(matches!(Track::parse("<kml></kml>"), Err(TrackError::NotGpx(_))));
        assert!(matches!(Track::parse("<gpx><trk></gpx>"), Err(TrackError::NotGpx(_))));
        assert_eq!(Track::parse("<gpx></gpx>").err(), Some(TrackError::Untimed));
        for point in
            [r#"lat="91" lon="0""#, r#"lat="x" lon="0""#, r#"lat="1""#, r#"lat="NaN" lon="0""#]
        {
            let gpx = format!("<gpx><trk><trkseg><trkpt {point}></trkpt></trkseg></trk></gpx>");
            assert_eq!(Track::parse(&gpx).err(), Some(TrackError::BadPoint(1)), "{point}");
        }
    }
}
