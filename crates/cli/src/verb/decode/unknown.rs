//! `--unknown`: what no table explains.

use std::collections::BTreeMap;

use filmwire_codec::OperationCode;
use filmwire_program::exit::Trouble;
use filmwire_program::output::{Output, text};
use filmwire_trace::Record;
use filmwire_trace::record::Transaction;
use serde_json::json;

use super::sieve::property;

/// Different ones that are told apart.
const MOST: usize = 4096;

/// What was met, by kind, code and field.
#[derive(Debug, Default)]
pub(super) struct Unknown(BTreeMap<(&'static str, u32, &'static str), Met>);

/// How often, and the first time.
#[derive(Debug)]
struct Met {
    name: Option<String>,
    count: u64,
    bytes: u64,
    at_ns: Option<u64>,
    connection: u32,
    id: Option<u32>,
    value: String,
}

impl Met {
    fn new(record: &Record, connection: u32) -> Self {
        let (name, id, value) = (None, None, String::new());
        Self { name, count: 0, bytes: 0, at_ns: record.at_ns(), connection, id, value }
    }
}

/// True for a code without a name, or whose name says that nobody knows what it means.
fn is_unknown(name: Option<&str>) -> bool {
    name.is_none_or(|name| name.starts_with("UNKNOWN_"))
}

fn is_picture(operation: OperationCode) -> bool {
    matches!(
        operation,
        OperationCode::GET_OBJECT
            | OperationCode::GET_PARTIAL_OBJECT
            | OperationCode::GET_THUMB
            | OperationCode::GET_CAPTURE_PREVIEW
    )
}

impl Unknown {
    /// Looks at a record for what the tables do not have.
    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::Transaction(done) => self.transaction(record, done),
            Record::Event(event) if is_unknown(event.event_name) => {
                let met = || Met {
                    name: event.event_name.map(str::to_owned),
                    id: Some(event.id.0),
                    ..Met::new(record, event.connection)
                };
                self.add("event", event.event.0.into(), 0, met);
            }
            Record::Init(init) => {
                if let Some(reason) = init.reason
                    && is_unknown(reason.name())
                {
                    self.add("reason", reason.0, 0, || Met::new(record, init.connection));
                }
            }
            Record::Field(field) => {
                let value = || field.value.iter().map(|byte| format!("{byte:02x}")).collect();
                let met = || Met {
                    name: Some(field.field.to_owned()),
                    id: field.id.map(|id| id.0),
                    value: value(),
                    ..Met::new(record, field.connection)
                };
                self.count(("field", field.code, field.field), field.bytes, met);
            }
            Record::Gap(gap) if !gap.lost => {
                let bytes = gap.bytes.unwrap_or_default();
                self.add("bytes", 0, bytes, || Met::new(record, gap.connection));
            }
            _ => {}
        }
    }

    fn transaction(&mut self, record: &Record, done: &Transaction) {
        let value = || done.value.iter().map(|byte| format!("{byte:02x}")).collect();
        let met = |name: Option<&str>| Met {
            name: name.map(str::to_owned),
            id: Some(done.id.0),
            value: value(),
            ..Met::new(record, done.connection)
        };
        let bytes = done.data_bytes;
        let Some(operation) = done.operation else { return };
        if is_unknown(done.operation_name) {
            self.add("operation", operation.0.into(), bytes, || met(done.operation_name));
        }
        if let Some(response) = done.response
            && is_unknown(done.response_name)
        {
            self.add("response", response.0.into(), 0, || met(done.response_name));
        }
        let property = property(done);
        if let Some(property) = property
            && is_unknown(property.name())
        {
            self.add("property", property.0.into(), bytes, || met(property.name()));
        }
        // Data of a known operation that has no words; pictures are no riddle.
        let is_kept = bytes > 0 && done.missing_bytes == 0 && done.data_text.is_empty();
        if is_kept && !is_unknown(done.operation_name) && !is_picture(operation) {
            let code = property.map_or(operation.0, |property| property.0);
            let name = property.map_or(done.operation_name, |property| property.name());
            self.add("data", code.into(), bytes, || met(name));
        }
    }

    fn add(&mut self, what: &'static str, code: u32, bytes: u64, met: impl FnOnce() -> Met) {
        self.count((what, code, ""), bytes, met);
    }

    fn count(
        &mut self,
        key: (&'static str, u32, &'static str),
        bytes: u64,
        met: impl FnOnce() -> Met,
    ) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return;
        }
        let met = self.0.entry(key).or_insert_with(met);
        met.count += 1;
        met.bytes += bytes;
    }

    /// Tells it, once everything was seen.
    pub(super) fn tell(&self, out: &Output) -> Result<(), Trouble> {
        if self.0.is_empty() && !out.is_json() {
            return out.data("the tables have a name for every code, and words for all data");
        }
        for ((what, code, _), met) in &self.0 {
            let code = (*what != "bytes" && (*what, *code) != ("field", 0))
                .then(|| format!("{code:#06X}").replace("0X", "0x"));
            let Met { name, count, bytes, at_ns, connection, id, value } = met;
            if out.is_json() {
                let at_us = at_ns.map(|ns| ns / 1000);
                let line = json!({
                    "what": what, "code": code, "name": name, "count": count, "bytes": bytes,
                    "at_us": at_us, "connection": connection, "id": id, "value": value,
                });
                out.json("unknown", line)?;
                continue;
            }
            let name = name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
            let id = id.map(|id| format!(" #{id}")).unwrap_or_default();
            let value = if value.is_empty() { String::new() } else { format!(": {value}") };
            let (code, bytes) = (code.unwrap_or_default(), text::bytes(*bytes));
            let times = text::count(*count, "time", "times");
            out.data(&format!(
                "{what:<9} {code:>6}{name}  {times}, {bytes}; first in connection {connection}{id}{value}"
            ))?;
        }
        Ok(())
    }
}
