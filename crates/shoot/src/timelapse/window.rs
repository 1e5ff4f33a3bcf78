//! When of a day frames are taken: hours of the clock, hours of the sun.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::sun::{self, Moment, Place, SunEvent};

/// Days after which a window that did not open counts as one that never does: a polar night is over
/// by then, and leap days have had their turn.
const MOST_DAYS: i64 = 400;

/// A time in which frames are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant of it.
    pub open: Timestamp,
    /// The first instant that is no more of it.
    pub close: Timestamp,
}

impl Span {
    /// All time.
    pub const ALWAYS: Self = Self { open: Timestamp::MIN, close: Timestamp::MAX };

    fn new(open: Timestamp, close: Timestamp) -> Option<Self> {
        (open < close).then_some(Self { open, close })
    }
}

/// Hours that come each day by the clock on the wall.
///
/// As text `06:00..20:00`; hours that end before they begin end on the next day, and 24:00 is the
/// day's end. On a day whose clock skips an edge, it is as much later as the clock was set; on one
/// that shows an edge twice, the first time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Daily {
    from: Time,
    to: Time,
}

/// Hours between two positions of the sun.
///
/// As text `sunrise-30m..sunset+30m`; each edge is the name of a [`SunEvent`], and perhaps an
/// offset. `sunset..sunrise` is the night that begins on a day.
///
/// Where the sun stays above a position all day, hours from its rise to its set last the whole day,
/// from midnight to midnight by the sun; where it stays below, there are none. For hours from set to
/// rise it is the other way round. Offsets belong to what happens: an edge that the sun does not
/// have is not moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SunHours {
    from: Edge,
    to: Edge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge {
    event: SunEvent,
    offset: SignedDuration,
}

/// All hours that were asked for: those of the day and those of the sun at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Windows {
    /// Hours of the clock; any of them. None means all day.
    pub daily: Vec<Daily>,
    /// Hours of the sun at a place.
    pub sun: Option<(SunHours, Place)>,
}

/// What the sun does on a day without sunrise or sunset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polar {
    /// It stays up.
    Day,
    /// It stays down.
    Night,
}

/// A text that names no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHours {
    /// Not two times of day.
    #[error("write two times of day, such as 06:00..20:00")]
    Daily,
    /// The same time twice.
    #[error("these hours begin and end at the same time; for all day, leave them out")]
    Empty,
    /// Not two positions of the sun.
    #[error(
        "write two of sunrise, sunset, noon, dawn, dusk, nautical-dawn, nautical-dusk, \
         astronomical-dawn, astronomical-dusk, such as sunrise-30m..sunset+1h30m"
    )]
    Sun,
}

impl Windows {
    /// The first span that closes after an instant; `None` if none opens within a year.
    pub(super) fn span(&self, at: Timestamp, zone: &TimeZone) -> Option<Span> {
        let mut at = at;
        // Two windows that meet once a year at most are given up on.
        for _ in 0..2 * MOST_DAYS {
            let clock = self.daily_span(at, zone)?;
            let sun = match &self.sun {
                Some((hours, place)) => hours.span(*place, at)?,
                None => Span::ALWAYS,
            };
            let (open, close) = (clock.open.max(sun.open), clock.close.min(sun.close));
            if let Some(span) = Span::new(open, close) {
                return Some(span);
            }
            // The one that closes first has nothing to do with the other.
            at = close;
        }
        None
    }

    fn daily_span(&self, at: Timestamp, zone: &TimeZone) -> Option<Span> {
        if self.daily.is_empty() {
            return Some(Span::ALWAYS);
        }
        let spans = self.daily.iter().filter_map(|daily| daily.span(at, zone));
        let first = spans.clone().min_by_key(|span| span.open.max(at))?;
        // Hours that overlap are one span.
        let mut close = first.close;
        while let Some(next) = spans.clone().filter_map(|span| reach(span, close)).max() {
            close = next;
        }
        Some(Span { close, ..first })
    }

    /// What the sun does instead of rising and setting on the day of an instant, if hours of the sun
    /// were asked for.
    pub fn polar(&self, at: Timestamp) -> Option<Polar> {
        let (hours, place) = self.sun.as_ref()?;
        let day = sun::solar_day(*place, at);
        [hours.from, hours.to].into_iter().find_map(|edge| {
            match sun::moment(*place, day, edge.event) {
                Moment::At(_) => None,
                Moment::StaysAbove => Some(Polar::Day),
                Moment::StaysBelow => Some(Polar::Night),
            }
        })
    }
}

/// The end of a span that goes on where another one ends.
fn reach(span: Span, close: Timestamp) -> Option<Timestamp> {
    (span.open <= close && span.close > close).then_some(span.close)
}

impl Daily {
    /// The first span that closes after an instant.
    fn span(&self, at: Timestamp, zone: &TimeZone) -> Option<Span> {
        let today = at.to_zoned(zone.clone()).date();
        // Yesterday's may go on; a day at the end of a jump of the clock may have none.
        (-1..4).find_map(|days| {
            let date = today.checked_add(days.days()).ok()?;
            self.on(date, zone).filter(|span| span.close > at)
        })
    }

    fn on(&self, date: Date, zone: &TimeZone) -> Option<Span> {
        let last = if self.to <= self.from { date.tomorrow().ok()? } else { date };
        let instant = |date: Date, time| {
            let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
            Some(zoned.timestamp())
        };
        let open = instant(date, self.from)?;
        // Where the clock jumps over the beginning, it comes later than the end, or with it.
        Span::new(open, instant(last, self.to)?).or_else(|| {
            let length = date.to_datetime(self.from).duration_until(last.to_datetime(self.to));
            Span::new(open, open.checked_add(length).ok()?)
        })
    }
}

impl FromStr for Daily {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let (from, to) = text.split_once("..").ok_or(NoHours::Daily)?;
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| NoHours::Daily);
        let from = time(from)?;
        if to.trim() == "24:00" {
            return Ok(Self { from, to: Time::midnight() });
        }
        let to = time(to)?;
        if from == to { Err(NoHours::Empty) } else { Ok(Self { from, to }) }
    }
}

impl fmt::Display for Daily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = if self.to == Time::midnight() {
            "24:00".to_owned()
        } else {
            self.to.strftime("%H:%M").to_string()
        };
        write!(f, "{}..{to}", self.from.strftime("%H:%M"))
    }
}

impl SunHours {
    /// The first span that closes after an instant.
    fn span(&self, place: Place, at: Timestamp) -> Option<Span> {
        let today = sun::solar_day(place, at);
        (today - 3..today + MOST_DAYS)
            .find_map(|day| self.on(place, day).filter(|span| span.close > at))
    }

    fn on(&self, place: Place, day: i64) -> Option<Span> {
        let overnight = (self.to.event, self.to.offset) <= (self.from.event, self.from.offset);
        let last = if overnight { day + 1 } else { day };
        Span::new(self.from.at(place, day)?, self.to.at(place, last)?)
    }
}

impl Edge {
    /// An edge that the sun does not have is where it would be at the limit: as days get longer, rise
    /// and set go to midnight; as they get shorter, to noon.
    fn at(self, place: Place, day: i64) -> Option<Timestamp> {
        match sun::moment(place, day, self.event) {
            Moment::At(at) => at.checked_add(self.offset).ok(),
            Moment::StaysAbove if self.event < SunEvent::Noon => {
                Some(sun::midnight(place, day - 1))
            }
            Moment::StaysAbove => Some(sun::midnight(place, day)),
            Moment::StaysBelow => Some(sun::noon(place, day)),
        }
    }
}

impl FromStr for SunHours {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let (from, to) = text.split_once("..").ok_or(NoHours::Sun)?;
        let hours = Self { from: from.parse()?, to: to.parse()? };
        if hours.from == hours.to { Err(NoHours::Empty) } else { Ok(hours) }
    }
}

impl FromStr for Edge {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let text = text.trim();
        if let Some(event) = SunEvent::named(text) {
            return Ok(Self { event, offset: SignedDuration::ZERO });
        }
        // Names have a hyphen too, so it is the last sign that counts.
        let at = text.rfind(['+', '-']).ok_or(NoHours::Sun)?;
        let event = SunEvent::named(text[..at].trim()).ok_or(NoHours::Sun)?;
        let offset: SignedDuration = text[at + 1..].trim().parse().map_err(|_| NoHours::Sun)?;
        // A day has no more hours.
        if offset.is_negative() || offset > SignedDuration::from_hours(12) {
            return Err(NoHours::Sun);
        }
        let offset = if text.as_bytes()[at] == b'-' { -offset } else { offset };
        Ok(Self { event, offset })
    }
}

impl fmt::Display for SunHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event.name())?;
        let sign = if self.offset.is_negative() { '-' } else { '+' };
        if self.offset.is_zero() { Ok(()) } else { write!(f, "{sign}{:#}", self.offset.abs()) }
    }
}
