//! Date and time as a camera says it: digits without a zone.

/// What the camera's clock showed. Fields are what was said; nothing checks that the day exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// Year, for example 2026.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

impl Stamp {
    /// Puts the six numbers together.
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Self {
        Self { year, month, day, hour, minute, second }
    }

    /// Seconds since 1970-01-01T00:00:00 of the same, nameless zone.
    pub fn seconds(self) -> i64 {
        // Days from civil date, with March as the first month so that the leap day comes last.
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
            + day_of_year
            - 719_468;
        let (hour, minute) = (i64::from(self.hour), i64::from(self.minute));
        ((days * 24 + hour) * 60 + minute) * 60 + i64::from(self.second)
    }

    /// The inverse of [`Stamp::seconds`]; years outside 0 to 65535 are cut to that range.
    pub fn from_seconds(seconds: i64) -> Self {
        let (days, clock) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year: year.clamp(0, 65_535) as u16,
            month: month as u8,
            day: (day_of_year - (153 * shifted + 2) / 5 + 1) as u8,
            hour: (clock / 3600) as u8,
            minute: (clock / 60 % 60) as u8,
            second: (clock % 60) as u8,
        }
    }

    /// The moment `seconds` later (earlier if negative).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_seconds(self.seconds() + seconds)
    }

    /// The text of ObjectInfo, `20160102T150136`.
    ///
    /// Source: ISO 15740, DateTime string.
    pub fn ptp(self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}")
    }

    /// The text of Exif, `2016:01:02 15:01:36`.
    pub fn exif(self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}")
    }

    /// Reads the Exif text; `None` for blanks, zeros and anything else that is no date.
    pub fn parse_exif(text: &str) -> Option<Self> {
        let mut parts = text.trim_end_matches(['\0', ' ']).split([':', ' ']);
        let mut number = || parts.next()?.parse::<u16>().ok();
        let year = number()?;
        let mut small = |low, high| {
            let value = number().filter(|n| (low..=high).contains(n))?;
            u8::try_from(value).ok()
        };
        let (month, day) = (small(1, 12)?, small(1, 31)?);
        let (hour, minute, second) = (small(0, 23)?, small(0, 59)?, small(0, 59)?);
        Some(Self { year, month, day, hour, minute, second })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_back_over_leap_years() {
        for (stamp, seconds) in [
            (Stamp::new(1970, 1, 1, 0, 0, 0), 0),
            (Stamp::new(2000, 2, 29, 12, 0, 1), 951_825_601),
            (Stamp::new(2024, 12, 31, 23, 59, 59), 1_735_689_599),
            (Stamp::new(2100, 3, 1, 0, 0, 0), 4_107_542_400),
        ] {
            assert_eq!(stamp.seconds(), seconds, "{stamp:?}");
            assert_eq!(Stamp::from_seconds(seconds), stamp);
        }
    }

    #[test]
    fn texts() {
        let stamp = Stamp::new(2016, 1, 2, 15, 1, 36);
        assert_eq!(stamp.ptp(), "20160102T150136");
        assert_eq!(stamp.exif(), "2016:01:02 15:01:36");
        assert_eq!(Stamp::parse_exif("2016:01:02 15:01:36\0"), Some(stamp));
        assert_eq!(Stamp::parse_exif("0000:00:00 00:00:00"), None);
        assert_eq!(Stamp::parse_exif("2016:00:02 15:01:36"), None);
        assert_eq!(Stamp::parse_exif("2016:01:02 15:60:36"), None);
        assert_eq!(Stamp::parse_exif("    :  :     :  :  "), None);
    }

    #[test]
    fn the_day_turns_over() {
        let eve = Stamp::new(2015, 12, 31, 23, 59, 58);
        assert_eq!(eve.plus_seconds(3), Stamp::new(2016, 1, 1, 0, 0, 1));
    }
}
