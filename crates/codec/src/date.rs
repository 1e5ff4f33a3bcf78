//! Dates as cameras say them.

/// A date and time without a zone, as in `20160102T150136`.
///
/// Source: ISO 15740, DateTime: `YYYYMMDDThhmmss`, then optionally tenths and a zone, which
/// Fujifilm bodies do not send and which are ignored here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// Year, 0 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 60.
    pub second: u8,
}

impl DateTime {
    /// Parses the standard's form; `None` if it is empty, malformed or out of range.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digits = |from: usize, count: usize| -> Option<u16> {
            bytes.get(from..from + count)?.iter().try_fold(0, |sum: u16, byte| {
                byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0'))
            })
        };
        let small = |from| digits(from, 2).map(|value| value as u8);
        if bytes.get(8) != Some(&b'T') {
            return None;
        }
        let date = Self {
            year: digits(0, 4)?,
            month: small(4)?,
            day: small(6)?,
            hour: small(9)?,
            minute: small(11)?,
            second: small(13)?,
        };
        let in_range = (1..=12).contains(&date.month)
            && (1..=date.days_in_month()).contains(&date.day)
            && date.hour < 24
            && date.minute < 60
            && date.second <= 60;
        in_range.then_some(date)
    }

    fn days_in_month(&self) -> u8 {
        let leap = (self.year.is_multiple_of(4) && !self.year.is_multiple_of(100))
            || self.year.is_multiple_of(400);
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        }
    }
}

impl core::fmt::Display for DateTime {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_date_comes_back_as_it_was_said() {
        // Origin: X-T10 ObjectInfo in the fact sheet's section 5.3.
        let date = DateTime::parse("20160102T150136").unwrap();
        assert_eq!(date.to_string(), "20160102T150136");
        assert_eq!((date.year, date.month, date.day, date.second), (2016, 1, 2, 36));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "20160102", "20161302T150136", "20150229T000000", "2016010aT150136"] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
        assert!(DateTime::parse("20240229T235960").is_some());
    }

    #[test]
    fn the_last_of_everything_is_one_and_what_comes_after_is_none() {
        let is_one = |text| DateTime::parse(text).is_some();
        for good in ["20240430T235960", "20240131T000000", "20240229T120000", "20231231T235959"] {
            assert!(is_one(good), "{good}");
        }
        for bad in [
            "20240431T000000",
            "20240631T000000",
            "20240931T000000",
            "20241131T000000",
            "20240132T000000",
            "20230229T000000",
            "20240101T240000",
            "20240101T006000",
            "20240101T000061",
            "20240001T000000",
            "20241301T000000",
            "20240100T000000",
        ] {
            assert!(!is_one(bad), "{bad}");
        }
    }
}
