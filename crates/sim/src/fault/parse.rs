//! Faults as text.

use std::str::FromStr;
use std::time::Duration;

use filmwire_codec::OperationCode;

use super::{Fault, On};

/// A text that names no fault.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no fault: {reason}")]
pub struct FaultError {
    /// As written.
    pub text: String,
    /// What was wrong with it.
    pub reason: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    /// Reads `name=argument` as the catalogue writes it.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let failed = |reason: String| FaultError { text: text.to_owned(), reason };
        let (name, argument) =
            text.split_once('=').ok_or_else(|| failed("it has no `=`".to_owned()))?;
        let Some(entry) = Self::catalogue().iter().find(|entry| entry.name == name) else {
            return Err(failed(format!("there is no fault `{name}`")));
        };
        parse(name, argument)
            .ok_or_else(|| failed(format!("the argument of {name} is {}", entry.argument)))
    }
}

fn parse(name: &str, text: &str) -> Option<Fault> {
    let two = || text.rsplit_once(':');
    let numbers = || two().and_then(|(a, b)| Some((number(a)?, number(b)?)));
    let on_time = || two().and_then(|(op, time)| Some((on(op)?, duration(time)?)));
    let on_number = || two().and_then(|(op, n)| Some((on(op)?, number(n)?)));
    Some(match name {
        "cut-at" => Fault::CutAt(wide(text)?),
        "cut-at-container" => Fault::CutAtContainer(wide(text)?),
        "stall-at" => {
            two().and_then(|(n, time)| Some(Fault::StallAt(wide(n)?, duration(time)?)))?
        }
        "stall" => on_time().map(|(on, time)| Fault::Stall(on, time))?,
        "silence" => Fault::Silence(on(text)?),
        "container-length" => on_number().map(|(on, n)| Fault::ContainerLength(on, n))?,
        "size-small" => Fault::SizeSmall(number(text)?),
        "size-big" => Fault::SizeBig(number(text)?),
        "claim-size" => Fault::ClaimSize(number(text)?),
        "claim-count" => Fault::ClaimCount(number(text)?),
        "claim-entries" => Fault::ClaimEntries(number(text)?.try_into().ok()?),
        "short-reads" => Fault::ShortReads(number(text)?),
        "empty" => Fault::Empty(on(text)?),
        "truncate" => on_number().map(|(on, n)| Fault::Truncate(on, n))?,
        "duplicate" => numbers().map(|(a, b)| Fault::Duplicate(a, b))?,
        "reorder" => Fault::Reorder(number(text)?),
        "replace" => numbers().map(|(handle, n)| Fault::Replace(handle, n))?,
        "delete" => numbers().map(|(handle, n)| Fault::Delete(handle, n))?,
        "add" => numbers().map(|(count, n)| Fault::Add(count, n))?,
        "vanish" => on_time().map(|(on, time)| Fault::Vanish(on, time))?,
        "garbage" => on_number().map(|(on, n)| Fault::Garbage(on, n))?,
        "slow-ok" => Fault::SlowOk(duration(text)?),
        "busy-init" => Fault::BusyInit(number(text)?),
        "wrong-transaction" => Fault::WrongTransaction(on(text)?),
        "refuse" => {
            let (on, code) = on_number()?;
            Fault::Refuse(on, code.try_into().ok()?)
        }
        "focus-fail" => Fault::FocusFail(number(text)?),
        "menu-open" => {
            two().and_then(|(n, time)| Some(Fault::MenuOpen(number(n)?, duration(time)?)))?
        }
        "card-full" => Fault::CardFull(number(text)?),
        "battery-out" => Fault::BatteryOut(number(text)?),
        "swap-events" => Fault::SwapEvents(number(text)?),
        "drop-events" => Fault::DropEvents(number(text)?),
        "live-stall" => {
            two().and_then(|(n, time)| Some(Fault::LiveStall(number(n)?, duration(time)?)))?
        }
        "name" => Fault::Name(hostile(text)),
        _ => return None,
    })
}

fn wide(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn number(text: &str) -> Option<u32> {
    wide(text)?.try_into().ok()
}

/// `GetObjectInfo`, `0x1008`, `GetObjectInfo#2`.
fn on(text: &str) -> Option<On> {
    let (name, nth) = match text.split_once('#') {
        Some((name, nth)) => (name, Some(number(nth).filter(|&nth| nth > 0)?)),
        None => (text, None),
    };
    let named = OperationCode::KNOWN.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
    let operation = match named {
        Some(entry) => entry.code.try_into().ok()?,
        None => number(name)?.try_into().ok()?,
    };
    Some(On { operation, nth })
}

/// `30s`, `500ms`, `2m`.
fn duration(text: &str) -> Option<Duration> {
    if let Some(count) = text.strip_suffix("ms") {
        return count.parse().ok().map(Duration::from_millis);
    }
    if let Some(count) = text.strip_suffix('s') {
        return count.parse().ok().map(Duration::from_secs);
    }
    let minutes: u64 = text.strip_suffix('m')?.parse().ok()?;
    minutes.checked_mul(60).map(Duration::from_secs)
}

/// Names that no client may write to disk as they are, by a word; any other text is the name.
fn hostile(word: &str) -> String {
    match word {
        "traversal" => "../../../../tmp/owned.jpg".to_owned(),
        "absolute" => "/etc/cron.d/owned".to_owned(),
        "reserved" => "CON.JPG".to_owned(),
        "control" => "DSCF\u{7}\n\u{1b}[2J0001.JPG".to_owned(),
        "long" => "X".repeat(254),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_of_the_catalogue_is_a_fault_of_that_name() {
        for entry in Fault::catalogue() {
            let fault: Fault = format!("{}={}", entry.name, entry.example).parse().unwrap();
            assert_eq!(fault.name(), entry.name);
        }
    }

    #[test]
    fn operations_are_named_or_numbered_and_counted() {
        let second = On { operation: 0x1008, nth: Some(2) };
        assert_eq!("silence=getobjectinfo#2".parse::<Fault>().unwrap(), Fault::Silence(second));
        let every = On { operation: 0x1234, nth: None };
        assert_eq!("silence=0x1234".parse::<Fault>().unwrap(), Fault::Silence(every));
    }

    #[test]
    fn what_is_no_fault_says_why() {
        for text in [
            "cut-at",
            "no-such=1",
            "cut-at=x",
            "stall=Nothing:1s",
            "silence=0x1008#0",
            "stall-at=5:30",
            "refuse=0x1008:0x12345",
            "claim-entries=65536",
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
