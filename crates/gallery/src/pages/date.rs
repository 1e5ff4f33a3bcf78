//! Days as the camera's clock says them.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// When a photo was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    /// Such as `2026-05-14`.
    pub(super) day: String,
    /// Such as `15:01:36`.
    pub(super) time: String,
}

impl Taken {
    /// Reads `20260514T150136`, with or without what follows; `None` if there is no such time.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits: Vec<&str> = [0..4, 4..6, 6..8, 9..11, 11..13, 13..15]
            .into_iter()
            .map(|part| text.get(part))
            .collect::<Option<_>>()?;
        let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits.iter().all(is_number) || text.get(8..9) != Some("T") {
            return None;
        }
        let [year, month, day, hour, minute, second] = digits[..] else { return None };
        let taken = Self {
            day: format!("{year}-{month}-{day}"),
            time: format!("{hour}:{minute}:{second}"),
        };
        let is_time = hour < "24" && minute < "60" && second < "60";
        (is_day(&taken.day) && is_time).then_some(taken)
    }
}

/// Whether a text is a day such as `2026-05-14`.
pub(super) fn is_day(text: &str) -> bool {
    let Some((month, day)) = text.split_at_checked(7) else { return false };
    let Some(day) = day.strip_prefix('-') else { return false };
    let Some((year, number)) = parsed(month) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match number {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    day.len() == 2 && two(day).is_some_and(|day| (1..=days).contains(&day))
}

/// Whether a text is a month such as `2026-05`.
pub(super) fn is_month(text: &str) -> bool {
    parsed(text).is_some()
}

fn parsed(month: &str) -> Option<(u32, u32)> {
    let (year, month) = month.split_once('-')?;
    let (number, years) = (two(month)?, two(year.get(2..)?)? + 100 * two(year.get(..2)?)?);
    (month.len() == 2 && year.len() == 4 && (1..=12).contains(&number)).then_some((years, number))
}

fn two(text: &str) -> Option<u32> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// The month of a day.
pub(super) fn month_of(day: &str) -> &str {
    day.get(..7).unwrap_or(day)
}

/// Such as `14 May 2026` or `May 2026`; other words stay as they are.
pub(super) fn in_words(date: &str) -> String {
    let Some((year, month)) = parsed(month_of(date)) else { return date.to_owned() };
    let month = MONTHS[(month as usize - 1).min(11)];
    match date.get(8..) {
        Some(day) => format!("{} {month} {year:04}", day.trim_start_matches('0')),
        None => format!("{month} {year:04}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_calendar_is_a_day() {
        let taken = Taken::parse("20260514T150136.7").unwrap();
        assert_eq!((taken.day.as_str(), taken.time.as_str()), ("2026-05-14", "15:01:36"));
        for wrong in [
            "",
            "20260514",
            "20260514T1501",
            "20260514 150136",
            "20260532T150136",
            "20261314T150136",
            "20260229T150136",
            "20260514T240136",
            "2026051éT150136",
            "00000000T000000",
            "+0260514T150136",
        ] {
            assert_eq!(Taken::parse(wrong), None, "{wrong}");
        }
        assert!(is_day("2024-02-29") && !is_day("2100-02-29") && is_day("2000-02-29"));
        assert!(is_month("2026-05") && !is_month("2026-5") && !is_month("2026-05-14"));
        assert!(!is_day("2026-05-14x") && !is_day("../../etc/"));
    }

    #[test]
    fn days_have_words() {
        assert_eq!(in_words("2026-05-04"), "4 May 2026");
        assert_eq!(in_words("2026-12"), "December 2026");
        assert_eq!(in_words("undated"), "undated");
    }
}
