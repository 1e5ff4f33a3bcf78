//! Times and intervals as people write them.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The shortest interval that is taken: a shorter one is no timelapse, and no camera keeps up.
pub const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
/// The longest one.
pub const LONGEST_INTERVAL: Duration = Duration::from_secs(7 * 86_400);

/// A text that is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write date and time, such as 2026-12-01T06:30")]
pub struct NoTime;

/// A text that is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a time from 100ms to 168h, such as 10s, 1m30s or 500ms")]
pub struct NoInterval;

/// Reads `2026-12-01T06:30` as the clock on the wall shows it, or an instant with its offset.
pub fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, NoTime> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    // A date alone would mean a midnight that nobody meant.
    let clock = text.parse::<DateTime>().ok().filter(|_| text.contains(':')).ok_or(NoTime)?;
    let zoned = clock.to_zoned(zone.clone()).map_err(|_| NoTime)?;
    Ok(zoned.timestamp())
}

/// Reads `10s`, `1m30s`, `500ms`.
pub fn interval(text: &str) -> Result<Duration, NoInterval> {
    let signed: SignedDuration = text.trim().parse().map_err(|_| NoInterval)?;
    let interval = Duration::try_from(signed).map_err(|_| NoInterval)?;
    let fits = (SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&interval);
    if fits { Ok(interval) } else { Err(NoInterval) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_clock_on_the_wall_unless_they_say_otherwise() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (text, expected) in [
            ("2026-12-01T06:30", "2026-12-01T05:30:00Z"),
            ("2026-07-01 06:30:15", "2026-07-01T04:30:15Z"),
            ("2026-12-01T06:30Z", "2026-12-01T06:30:00Z"),
            ("2026-12-01T06:30-05:00", "2026-12-01T11:30:00Z"),
        ] {
            assert_eq!(instant(text, &zone).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "06:30", "2026-12-01", "tomorrow", "2026-13-01T00:00"] {
            assert_eq!(instant(text, &zone), Err(NoTime), "{text}");
        }
    }

    #[test]
    fn intervals_have_a_unit_and_limits() {
        for (text, ms) in
            [("10s", 10_000), ("1m30s", 90_000), ("500ms", 500), ("1 hour", 3_600_000)]
        {
            assert_eq!(interval(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "10", "0s", "99ms", "-5s", "8d", "200h", "soon"] {
            assert_eq!(interval(text), Err(NoInterval), "{text}");
        }
    }
}
