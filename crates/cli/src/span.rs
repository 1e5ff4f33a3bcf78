//! Spans of time on the command line.

use std::time::Duration;

/// Longest span that makes sense: a year of days.
const MOST: Duration = Duration::from_secs(365 * 24 * 3600);

/// `30s`, `500ms`, `1.5m`, `2h`; neither nothing nor more than a year.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time such as 30s, 5m or 2h".to_owned();
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let found = units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
    let (number, seconds) = found.ok_or_else(wrong)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(wrong());
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let span = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
    if span.is_zero() || span > MOST { Err(wrong()) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        for (text, millis) in [("30s", 30_000), ("500ms", 500), ("1.5m", 90_000), ("2h", 7_200_000)]
        {
            assert_eq!(span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "30", "s", "0s", "-1s", "1d", "1e9h", "inf s", "NaNs", "9000h", "1 s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
