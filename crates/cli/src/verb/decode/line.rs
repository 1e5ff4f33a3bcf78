//! A record as a line for people.

use std::time::Duration;

use filmwire_codec::OperationCode;
use filmwire_codec::journal::Direction;
use filmwire_trace::Record;
use filmwire_trace::record::{Gap, Init, Side, Step, Transaction};

/// Makes lines; times count from the first record that has one.
#[derive(Debug, Default)]
pub(in crate::verb) struct Lines {
    start_ns: Option<u64>,
}

impl Lines {
    /// Sees a record, shown or not. Returns when the first one with a time was.
    pub(super) fn see(&mut self, record: &Record) -> Option<u64> {
        self.start_ns = self.start_ns.or_else(|| record.at_ns());
        self.start_ns
    }

    /// The lines of a record: none for pictures of live view, which are told of at their end.
    pub(in crate::verb) fn of(&mut self, record: &Record) -> Vec<String> {
        let at = self.at(record.at_ns());
        let line = |connection: u32, way: &str, text: &str| {
            vec![format!("{at}  {connection:>2} {way}  {text}")]
        };
        match record {
            Record::Init(init) => line(init.connection, way(init.from), &step(init)),
            Record::Transaction(done) => {
                let way = match done.direction {
                    Direction::None => "-",
                    Direction::In => "<",
                    Direction::Out => ">",
                };
                line(done.connection, way, &transaction(done))
            }
            Record::Event(event) => {
                let params = params(&event.params);
                line(
                    event.connection,
                    "<",
                    &format!("event {} of #{}{params}", event.event, event.id),
                )
            }
            Record::Gap(lost) => line(lost.connection, way(lost.from), &gap(lost)),
            Record::Note(note) => match note.connection {
                Some(connection) => line(connection, "*", &note.text),
                None => vec![format!("{at}     *  {}", note.text)],
            },
            Record::Discovery(text) => {
                let head =
                    format!("{at}     =  {} to {} by {}", text.from, text.to, text.transport);
                let indented = text.lines.iter().map(|line| format!("{:21}{line}", ""));
                std::iter::once(head).chain(indented).collect()
            }
            // Pictures of live view are too many for lines.
            _ => Vec::new(),
        }
    }

    /// Seconds since the first time.
    fn at(&mut self, at_ns: Option<u64>) -> String {
        let Some(at_ns) = at_ns else { return format!("{:>12}", "-") };
        let start = *self.start_ns.get_or_insert(at_ns);
        // A capture may be out of order.
        let us = (i128::from(at_ns) - i128::from(start)) / 1000;
        let sign = if us < 0 { "-" } else { "" };
        let us = us.unsigned_abs();
        format!("{:>12}", format!("{sign}{}.{:06}", us / 1_000_000, us % 1_000_000))
    }
}

fn way(from: Side) -> &'static str {
    match from {
        Side::Client => ">",
        Side::Camera => "<",
    }
}

fn step(init: &Init) -> String {
    let name = init.name.as_deref().unwrap_or_default();
    match (init.step, init.from) {
        (Step::Request, _) => format!("init: {name:?} asks for a connection"),
        (Step::Ack, _) => format!("init: {name:?} welcomes"),
        (Step::Fail, _) => match init.reason {
            Some(reason) => format!("init: refused, {reason}"),
            None => "init: refused".to_owned(),
        },
        (Step::Goodbye, Side::Client) => "goodbye".to_owned(),
        (Step::Goodbye, Side::Camera) => "goodbye from the camera: an error, or busy".to_owned(),
        _ => "init: a packet that cannot be read".to_owned(),
    }
}

/// Id, operation, what was asked, data, response, duration.
fn transaction(done: &Transaction) -> String {
    let name = match (done.operation, done.operation_name) {
        (_, Some(name)) => name.to_owned(),
        (Some(OperationCode(code)), None) => format!("{code:#06X}"),
        (None, None) => "unknown operation".to_owned(),
    };
    let mut line = format!("#{} {name}({})", done.id, done.params_text);
    if done.direction != Direction::None {
        line.push_str(&format!(", {} bytes", done.data_bytes));
        if done.missing_bytes > 0 {
            line.push_str(&format!(" of which {} are lost", done.missing_bytes));
        }
        if !done.data_text.is_empty() {
            line.push_str(&format!(": {}", done.data_text));
        }
    }
    match done.response {
        Some(response) => {
            line.push_str(" -> ");
            line.push_str(&done.response_name.map_or_else(|| response.to_string(), str::to_owned));
            match &done.response_params {
                Some(numbers) => line.push_str(&params(numbers)),
                None => line.push_str(" (parameters lost)"),
            }
        }
        None if done.hung_up => line.push_str(" -> no response, the camera hung up"),
        None => line.push_str(" -> no response in the capture"),
    }
    if let Some(ns) = done.duration_ns {
        line.push_str(&format!("  {}", time(Duration::from_nanos(ns))));
    }
    line
}

/// Bytes of a data phase that were kept, sixteen a line, and how many follow them.
pub(super) fn hex(done: &Transaction) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, bytes) in done.value.chunks(16).enumerate() {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
        let letter = |&byte: &u8| if (32..127).contains(&byte) { char::from(byte) } else { '.' };
        let letters: String = bytes.iter().map(letter).collect();
        lines.push(format!("{:21}{:04x}  {digits:<48} {letters}", "", number * 16));
    }
    let rest = done.data_bytes.saturating_sub(done.value.len() as u64);
    if rest > 0 && !lines.is_empty() {
        lines.push(format!("{:21}and {rest} bytes more", ""));
    }
    lines
}

fn params(params: &[u32]) -> String {
    params.iter().map(|param| format!(" {param:#X}")).collect()
}

fn gap(gap: &Gap) -> String {
    let whose = match gap.from {
        Side::Client => "the client",
        Side::Camera => "the camera",
    };
    match (gap.lost, gap.bytes) {
        (true, Some(bytes)) => format!("gap: {bytes} bytes of {whose} are not in the capture"),
        (true, None) => format!("gap: what {whose} said before is not in the capture"),
        (false, bytes) => {
            let bytes = bytes.unwrap_or_default();
            format!("gap: {bytes} bytes of {whose} belong to no packet that is known")
        }
    }
}

/// A time span in milliseconds, or in seconds if it is long.
pub(super) fn time(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use filmwire_trace::record::Note;

    use super::*;

    #[test]
    fn times_count_from_the_first_record() {
        let mut lines = Lines::default();
        let mut at = |at_ns| {
            let note = Note { at_ns, connection: None, text: "x".to_owned(), finding: None };
            lines.of(&Record::Note(note)).remove(0)
        };
        assert_eq!(at(None), "           -     *  x");
        assert_eq!(at(Some(5_000_000_000)), "    0.000000     *  x");
        assert_eq!(at(Some(6_000_001_000)), "    1.000001     *  x");
        assert_eq!(at(Some(4_500_000_000)), "   -0.500000     *  x");
    }

    #[test]
    fn spans_are_short() {
        let shown = [860, 12_000_000].map(Duration::from_micros).map(time);
        assert_eq!(shown, ["0.9 ms", "12.0 s"]);
    }
}
