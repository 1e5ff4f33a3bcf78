//! Dates as files say them, and what they tell of the camera's clock.

use jiff::civil::{Date, DateTime};

/// Seconds of a quarter of an hour: zones differ by multiples of it.
const QUARTER_S: i64 = 15 * 60;
/// No zone is further from UTC. Source: the time zone database, UTC-12 to UTC+14.
const ZONES_S: std::ops::RangeInclusive<i64> = -12 * 3600..=14 * 3600;
/// Greatest offset from UTC a file is believed, in hours.
const MOST_OFFSET_HOURS: i16 = 18;

/// `2016:01:02 15:01:36` becomes `20160102T150136`; `None` if the digits make no date.
pub(crate) fn ptp_date(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let date = format!("{}T{}", digits.get(..8)?, digits.get(8..14)?);
    moment(&date).map(|_| date)
}

/// The digits of a date as a date without a zone. A leap second counts as the one before.
pub(crate) fn moment(date: &str) -> Option<DateTime> {
    let number = |from: usize, to: usize| -> Option<i16> {
        let digits = date.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let small = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
    let second = small(13).filter(|second| *second <= 60)?.min(59);
    let day = Date::new(number(0, 4)?, small(4)?, small(6)?).ok()?;
    let time = jiff::civil::Time::new(small(9)?, small(11)?, second, 0).ok()?;
    (date.get(8..9) == Some("T")).then(|| day.to_datetime(time))
}

/// A date in the digits cameras use.
pub(crate) fn digits(date: DateTime) -> String {
    date.strftime("%Y%m%dT%H%M%S").to_string()
}

/// `+09:00` becomes 540.
pub(crate) fn offset_minutes(text: &str) -> Option<i16> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    // Digits only: a second sign would pass the parser.
    let two = |text: &str| -> Option<i16> {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours <= MOST_OFFSET_HOURS && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Seconds by which the camera's clock is ahead of the time of the satellites; see
/// [`crate::Facts::clock_drift_s`].
pub(crate) fn drift_s(taken: &str, utc_offset: Option<i16>, gps_utc: &str) -> Option<i64> {
    let apart = moment(taken)?.duration_since(moment(gps_utc)?).as_secs();
    if let Some(minutes) = utc_offset {
        return Some(apart - i64::from(minutes) * 60);
    }
    let zone = (apart + QUARTER_S / 2).div_euclid(QUARTER_S) * QUARTER_S;
    ZONES_S.contains(&zone).then_some(apart - zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_offsets_of_exif() {
        assert_eq!(ptp_date("2016:01:02 15:01:36"), Some("20160102T150136".into()));
        assert_eq!(ptp_date("2016:12:31 23:59:60"), Some("20161231T235960".into()));
        for text in
            ["    :  :     :  :  ", "2016:13:02 15:01:36", "2016:02:30 15:01:36", "", "2016"]
        {
            assert_eq!(ptp_date(text), None, "{text:?}");
        }
        assert_eq!(offset_minutes("+09:00"), Some(540));
        assert_eq!(offset_minutes("-03:30"), Some(-210));
        for text in
            ["   :  ", "+99:00", "+-999:00", "+-18:-99", "+9:00", "+09:60", "09:00", "é9:00"]
        {
            assert_eq!(offset_minutes(text), None, "{text}");
        }
    }

    #[test]
    fn drift_with_an_offset_is_the_whole_difference() {
        // 15:01:36 at +09:00 is 06:01:36; the satellites say 5:58:24.
        assert_eq!(drift_s("20160102T150136", Some(540), "20160102T055824"), Some(192));
        assert_eq!(drift_s("20160102T150136", Some(540), "20160102T060200"), Some(-24));
        // An hour of daylight saving that nobody set.
        assert_eq!(drift_s("20160102T150136", Some(540), "20160102T050136"), Some(3600));
        assert_eq!(drift_s("20160101T000010", Some(0), "20151231T235950"), Some(20));
    }

    #[test]
    fn drift_without_an_offset_is_what_no_zone_explains() {
        assert_eq!(drift_s("20160102T150136", None, "20160102T055824"), Some(192));
        assert_eq!(drift_s("20160102T150000", None, "20160102T060000"), Some(0));
        assert_eq!(drift_s("20160102T154500", None, "20160102T060010"), Some(-10));
        assert_eq!(drift_s("20160102T150730", None, "20160102T150000"), Some(-450));
        assert_eq!(drift_s("20160102T150729", None, "20160102T150000"), Some(449));
        assert_eq!(drift_s("20160105T150000", None, "20160102T060000"), None, "no zone is so far");
    }
}
