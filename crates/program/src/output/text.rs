//! Figures for people.

use std::time::Duration;

use filmwire_codec::DateTime;

/// Bytes in decimal units, with three digits: `4.12 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be rounded up to four digits.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A time span: `14 s`, `3 min 05 s`, `2 h 10 min`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_millis() >= 500);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 file`, `2 files`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A date as the camera's clock showed it, for people.
pub fn date(date: Option<DateTime>) -> String {
    match date {
        Some(DateTime { year, month, day, hour, minute, second }) => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        None => "no date".to_owned(),
    }
}

/// Text from a camera or a file, without what could control a terminal.
pub fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// Breaks text into lines of at most `width` characters, at spaces.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A hash as hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits() {
        let shown: Vec<_> =
            [0, 999, 1000, 9_994, 9_996, 99_960, 999_400, 999_500, 4_123_456, 5_000_000_000]
                .into_iter()
                .map(bytes)
                .collect();
        let expected = [
            "0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "100 kB", "999 kB", "1.00 MB",
            "4.12 MB", "5.00 GB",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn spans_are_short() {
        let shown = [400, 1600, 59_400, 185_000, 7_800_000].map(Duration::from_millis).map(span);
        assert_eq!(shown, ["0 s", "2 s", "59 s", "3 min 05 s", "2 h 10 min"]);
    }

    #[test]
    fn nothing_controls_the_terminal() {
        assert_eq!(tame("a\x1b[2Jb\n"), "a\u{FFFD}[2Jb\u{FFFD}");
    }

    #[test]
    fn long_text_is_broken_at_spaces() {
        assert_eq!(wrap("ab cd  efg", 5), ["ab cd", "efg"]);
        assert_eq!(wrap("abcdefg h", 5), ["abcdefg", "h"]);
    }
}
