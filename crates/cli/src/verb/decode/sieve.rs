//! Which records `--filter` lets pass.

use filmwire_codec::{DevicePropCode, EventCode, OperationCode, ResponseCode};
use filmwire_trace::Record;
use filmwire_trace::record::Transaction;

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// The codes it stands for.
    Codes(Vec<u32>),
    /// Seconds from the first record on, both ends included.
    Span(f64, f64),
}

/// Reads a name of the tables, a code such as 0xD212, or a span of seconds such as 2.5..10.
pub(super) fn word(text: &str) -> Result<Word, String> {
    if let Some((from, to)) = text.split_once("..") {
        return span(from, to);
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let code = u16::from_str_radix(digits, 16);
        let code = code.map_err(|_| "codes have up to four hexadecimal digits".to_owned())?;
        return Ok(Word::Codes(vec![code.into()]));
    }
    let tables =
        [OperationCode::KNOWN, DevicePropCode::KNOWN, EventCode::KNOWN, ResponseCode::KNOWN];
    let entries = tables.into_iter().flatten();
    let found = entries.filter(|entry| entry.name.eq_ignore_ascii_case(text));
    let codes: Vec<_> = found.map(|entry| entry.code).collect();
    match codes.is_empty() {
        true => Err("no operation, property, event or response has this name".to_owned()),
        false => Ok(Word::Codes(codes)),
    }
}

/// An end that is not written is open.
fn span(from: &str, to: &str) -> Result<Word, String> {
    let second = |text: &str, open: f64| match text {
        "" => Ok(open),
        text => text.parse::<f64>().map_err(|_| "a time is FROM..TO in seconds".to_owned()),
    };
    let (from, to) = (second(from, f64::NEG_INFINITY)?, second(to, f64::INFINITY)?);
    match from <= to {
        true => Ok(Word::Span(from, to)),
        false => Err("a time ends behind its start".to_owned()),
    }
}

/// True if a record is wanted: without words every one, otherwise what one of the names names, in one
/// of the spans. Gaps and notes need no name, since they tell what may be missing; what has no time
/// is in every span. `start_ns`: when the first record was.
pub(super) fn passes(words: &[Word], start_ns: Option<u64>, record: &Record) -> bool {
    let spans = || words.iter().filter(|word| matches!(word, Word::Span(..)));
    let is_in = |seconds: f64| {
        spans().any(|word| matches!(word, Word::Span(from, to) if (*from..=*to).contains(&seconds)))
    };
    let since = record.at_ns().zip(start_ns).map(|(at, start)| since(start, at));
    if spans().next().is_some() && since.is_some_and(|seconds| !is_in(seconds)) {
        return false;
    }
    let names: Vec<&Vec<u32>> = words.iter().filter_map(Word::codes).collect();
    let any = |codes: &[Option<u32>]| {
        let named = |word: &&Vec<u32>| codes.iter().flatten().any(|code| word.contains(code));
        names.is_empty() || names.iter().any(named)
    };
    match record {
        Record::Transaction(done) => {
            let property = property(done).map(|code| code.0.into());
            let operation = done.operation.map(|code| code.0.into());
            any(&[operation, done.response.map(|code| code.0.into()), property])
        }
        Record::Event(event) => any(&[Some(event.event.0.into())]),
        Record::Gap(_) | Record::Note(_) => true,
        _ => names.is_empty(),
    }
}

/// Seconds from one time to another, which may be before it.
fn since(start_ns: u64, at_ns: u64) -> f64 {
    (i128::from(at_ns) - i128::from(start_ns)) as f64 / 1e9
}

impl Word {
    fn codes(&self) -> Option<&Vec<u32>> {
        match self {
            Self::Codes(codes) => Some(codes),
            Self::Span(..) => None,
        }
    }
}

/// The property an operation is about.
pub(super) fn property(done: &Transaction) -> Option<DevicePropCode> {
    let &first = done.params.as_ref()?.first()?;
    let code = u16::try_from(first).ok()?;
    done.operation.filter(|&operation| takes_property(operation)).map(|_| DevicePropCode(code))
}

fn takes_property(operation: OperationCode) -> bool {
    matches!(
        operation,
        OperationCode::GET_DEVICE_PROP_VALUE
            | OperationCode::SET_DEVICE_PROP_VALUE
            | OperationCode::GET_DEVICE_PROP_DESC
            | OperationCode::RESET_DEVICE_PROP_VALUE
    )
}

#[cfg(test)]
mod tests {
    use filmwire_trace::record::Note;

    use super::*;

    #[test]
    fn names_and_codes_are_read() {
        assert_eq!(word("0xD212"), Ok(Word::Codes(vec![0xD212])));
        assert_eq!(word("getthumb"), Ok(Word::Codes(vec![0x100A])));
        // An operation's property and a response may have the same name.
        assert_eq!(word("CurrentState"), Ok(Word::Codes(vec![0xD212])));
        assert_eq!(word("2.5..10"), Ok(Word::Span(2.5, 10.0)));
        assert_eq!(word("..3"), Ok(Word::Span(f64::NEG_INFINITY, 3.0)));
        assert!(word("3..2").is_err() && word("x..2").is_err() && word("NaN..").is_err());
        assert!(word("0x12345").is_err() && word("nonsense").is_err() && word("").is_err());
    }

    #[test]
    fn spans_keep_what_is_in_them() {
        let is_shown = |words: &[&str], at_ns: Option<u64>| {
            let words: Vec<_> = words.iter().map(|text| word(text).unwrap()).collect();
            let record =
                Record::Note(Note { at_ns, connection: None, text: String::new(), finding: None });
            passes(&words, Some(5_000_000_000), &record)
        };
        for (seconds, is_wanted) in [(5, false), (6, true), (7, true), (8, false), (9, true)] {
            let words = ["1..2", "4..", "GetThumb"];
            assert_eq!(is_shown(&words, Some(seconds * 1_000_000_000)), is_wanted, "{seconds}");
        }
        assert!(is_shown(&["1..2"], None) && is_shown(&[], Some(0)) && is_shown(&["..0"], Some(1)));
    }
}
