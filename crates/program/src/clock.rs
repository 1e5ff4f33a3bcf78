//! The computer's clock and zone.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use filmwire_ingest::Now;

/// The time now, in milliseconds of the Unix epoch.
pub fn now() -> Now {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Minutes east of UTC here and now, and where that comes from.
///
/// A camera's clock usually shows the time of the place where it is read.
pub fn utc_offset() -> Option<(i16, String)> {
    let offset = jiff::Zoned::now().offset().seconds() / 60;
    Some((i16::try_from(offset).ok()?, "this computer's zone".to_owned()))
}

/// A time in epoch milliseconds as the clock on the wall here shows it, such as `18:30`.
pub fn time_of_day(at_ms: i64) -> String {
    let Ok(at) = jiff::Timestamp::from_millisecond(at_ms) else { return String::new() };
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M").to_string()
}

/// The day of a time in epoch milliseconds as the clock on the wall here shows it, such as
/// `2026-05-01`.
pub fn day(at_ms: i64) -> String {
    let Ok(at) = jiff::Timestamp::from_millisecond(at_ms) else { return String::new() };
    at.to_zoned(jiff::tz::TimeZone::system()).date().to_string()
}
