//! Which records `--filter` lets pass.

use filmwire_codec::{DevicePropCode, EventCode, OperationCode, ResponseCode};
use filmwire_trace::Record;

/// What was asked for: the codes a word stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(Vec<u32>);

/// Reads a name of the tables, or a code such as 0xD212.
pub(super) fn word(text: &str) -> Result<Word, String> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let code = u16::from_str_radix(digits, 16);
        let code = code.map_err(|_| "codes have up to four hexadecimal digits".to_owned())?;
        return Ok(Word(vec![code.into()]));
    }
    let tables =
        [OperationCode::KNOWN, DevicePropCode::KNOWN, EventCode::KNOWN, ResponseCode::KNOWN];
    let entries = tables.into_iter().flatten();
    let found = entries.filter(|entry| entry.name.eq_ignore_ascii_case(text));
    let codes: Vec<_> = found.map(|entry| entry.code).collect();
    match codes.is_empty() {
        true => Err("no operation, property, event or response has this name".to_owned()),
        false => Ok(Word(codes)),
    }
}

/// True if a record is wanted: without words every one, otherwise what one of them names. Gaps and
/// notes always pass, since they tell what may be missing.
pub(super) fn passes(words: &[Word], record: &Record) -> bool {
    let any = |codes: &[Option<u32>]| {
        let named = |word: &Word| codes.iter().flatten().any(|code| word.0.contains(code));
        words.is_empty() || words.iter().any(named)
    };
    match record {
        Record::Transaction(done) => {
            let has_property = done.operation.is_some_and(takes_property);
            let property = done
                .params
                .as_ref()
                .and_then(|params| params.first().copied())
                .filter(|_| has_property);
            let operation = done.operation.map(|code| code.0.into());
            any(&[operation, done.response.map(|code| code.0.into()), property])
        }
        Record::Event(event) => any(&[Some(event.event.0.into())]),
        Record::Gap(_) | Record::Note(_) => true,
        _ => words.is_empty(),
    }
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
    use super::*;

    #[test]
    fn names_and_codes_are_read() {
        assert_eq!(word("0xD212"), Ok(Word(vec![0xD212])));
        assert_eq!(word("getthumb"), Ok(Word(vec![0x100A])));
        // An operation's property and a response may have the same name.
        assert_eq!(word("CurrentState"), Ok(Word(vec![0xD212])));
        assert!(word("0x12345").is_err() && word("nonsense").is_err() && word("").is_err());
    }
}
