//! Decimal numbers of few places, without floating point.

/// Writes thousandths as a decimal number without zeros at its end: 1300 is `1.3`.
pub(super) fn thousandths(value: u32) -> String {
    let (whole, rest) = (value / 1000, value % 1000);
    match rest {
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:03}").trim_end_matches('0').to_owned(),
    }
}

/// Reads a decimal number of at most `places` places, in units of its last place: with 3 places
/// `1.3` is 1300. `None` if it is none, or too large.
pub(super) fn parse(text: &str, places: usize) -> Option<u32> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A point wants digits on both sides.
    let shaped = !whole.is_empty() && text.contains('.') != rest.is_empty();
    if !shaped || rest.len() > places || !digits(whole) || !digits(rest) {
        return None;
    }
    format!("{whole}{rest:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_go_out_and_come_back() {
        for (value, text) in [(0, "0"), (1000, "1"), (1300, "1.3"), (1, "0.001"), (60_000, "60")] {
            assert_eq!(thousandths(value), text);
            assert_eq!(parse(text, 3), Some(value));
        }
        assert_eq!(parse("5.6", 2), Some(560));
    }

    #[test]
    fn what_is_no_decimal_number_is_none() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1.2345", "1,5", "4294968", "x", "1 "] {
            assert_eq!(parse(text, 3), None, "{text:?}");
        }
    }
}
