//! Hours of the day in which a target is left alone.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// Hours in which nothing is begun, each day, by the clock on the wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    from: Time,
    to: Time,
    zone: TimeZone,
}

/// Words that name no hours of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write two times of day, such as \"08:00-18:30\"")]
pub struct NoHours;

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, .. } = self;
        write!(f, "{}-{}", from.strftime("%H:%M"), to.strftime("%H:%M"))
    }
}

impl FromStr for Quiet {
    type Err = NoHours;

    /// Reads `HH:MM-HH:MM` in the system's zone; hours that end before they begin end on the next
    /// day.
    fn from_str(text: &str) -> Result<Self, NoHours> {
        let (from, to) = text.split_once('-').ok_or(NoHours)?;
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).map_err(|_| NoHours);
        let (from, to) = (time(from)?, time(to)?);
        if from == to {
            return Err(NoHours);
        }
        Ok(Self { from, to, zone: TimeZone::system() })
    }
}

impl Quiet {
    /// The same hours in another zone.
    #[must_use]
    pub fn in_zone(self, zone: TimeZone) -> Self {
        Self { zone, ..self }
    }

    /// When the quiet hours that go on at a time end; both epoch milliseconds. None if there are
    /// none then.
    pub(crate) fn until(&self, now_ms: i64) -> Option<i64> {
        let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(self.zone.clone());
        let end = self.end(&now)?.timestamp().as_millisecond();
        // Where a clock is set back the end was an hour ago, and comes again: look in a minute.
        Some(if end > now_ms { end } else { now_ms.saturating_add(60_000) })
    }

    fn end(&self, now: &Zoned) -> Option<Zoned> {
        let (time, today) = (now.time(), now.date());
        let over_midnight = self.to < self.from;
        let day = match over_midnight {
            false if self.from <= time && time < self.to => today,
            true if time < self.to => today,
            true if self.from <= time => today.checked_add(1.day()).ok()?,
            _ => return None,
        };
        day.at(self.to.hour(), self.to.minute(), 0, 0).to_zoned(self.zone.clone()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    fn until(hours: &str, now: &str) -> Option<String> {
        let zone = TimeZone::posix(BERLIN).unwrap();
        let quiet = hours.parse::<Quiet>().unwrap().in_zone(zone);
        let now: Timestamp = now.parse().unwrap();
        let end = quiet.until(now.as_millisecond())?;
        Some(Timestamp::from_millisecond(end).unwrap().to_string())
    }

    #[test]
    fn hours_are_those_of_the_wall() {
        for (hours, now, end) in [
            ("08:00-18:30", "2026-11-28T06:59:59Z", None),
            ("08:00-18:30", "2026-11-28T07:00:00Z", Some("2026-11-28T17:30:00Z")),
            ("08:00-18:30", "2026-11-28T17:29:59Z", Some("2026-11-28T17:30:00Z")),
            ("08:00-18:30", "2026-11-28T17:30:00Z", None),
            ("08:00-18:30", "2026-07-01T06:00:00Z", Some("2026-07-01T16:30:00Z")),
            ("22:00-06:00", "2026-11-28T20:59:59Z", None),
            ("22:00-06:00", "2026-11-28T21:00:00Z", Some("2026-11-29T05:00:00Z")),
            ("22:00-06:00", "2026-11-29T04:59:59Z", Some("2026-11-29T05:00:00Z")),
            ("22:00-06:00", "2026-11-29T05:00:00Z", None),
            // The night in which the clock is put forward, and an end that is skipped by it.
            ("22:00-06:00", "2026-03-28T23:00:00Z", Some("2026-03-29T04:00:00Z")),
            ("22:00-02:30", "2026-03-29T00:59:00Z", Some("2026-03-29T01:30:00Z")),
        ] {
            assert_eq!(until(hours, now).as_deref(), end, "{hours} at {now}");
        }
    }

    #[test]
    fn an_end_that_comes_twice_is_never_in_the_past() {
        // 02:45 for the second time; the first 02:50 was 55 minutes ago.
        let end = until("22:00-02:50", "2026-10-25T01:45:00Z").unwrap();
        assert_eq!(end, "2026-10-25T01:46:00Z");
    }

    #[test]
    fn other_words_are_refused() {
        for text in
            ["", "8", "08:00", "08:00-08:00", "08:00-24:30", "night-day", "08:00-18:00-20:00"]
        {
            assert_eq!(text.parse::<Quiet>(), Err(NoHours), "{text}");
        }
    }
}
