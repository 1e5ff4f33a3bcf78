//! The journal: every transaction the simulated camera saw, for tests and for people.

use std::io::Write;

use filmwire_codec::journal::{Direction, JournalRow, VALUE_BYTES, Verdict};
use tokio::time::Instant;

/// Rows in memory, and a sink for lines of JSON if one was set.
pub(crate) struct Journal {
    started: Instant,
    rows: Vec<JournalRow>,
    sink: Option<Box<dyn Write + Send>>,
}

/// A row before the journal gave it its time.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) connection: u32,
    pub(crate) number: u32,
    pub(crate) direction: Direction,
    pub(crate) transaction: u32,
    pub(crate) operation: u16,
    pub(crate) params: Vec<u32>,
    pub(crate) value: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) response: Option<u16>,
    pub(crate) verdict: Verdict,
    pub(crate) note: String,
}

impl Entry {
    /// A row for what is no transaction.
    pub(crate) fn note(connection: u32, number: u32, note: impl Into<String>) -> Self {
        Self {
            connection,
            number,
            direction: Direction::None,
            transaction: 0,
            operation: 0,
            params: Vec::new(),
            value: Vec::new(),
            length: 0,
            response: None,
            verdict: Verdict::Allowed,
            note: note.into(),
        }
    }
}

impl Journal {
    pub(crate) fn new(started: Instant) -> Self {
        Self { started, rows: Vec::new(), sink: None }
    }

    /// Writes every later row to `sink` as one line of JSON.
    pub(crate) fn set_sink(&mut self, sink: Box<dyn Write + Send>) {
        self.sink = Some(sink);
    }

    pub(crate) fn push(&mut self, now: Instant, mut entry: Entry) {
        entry.value.truncate(VALUE_BYTES);
        let row = JournalRow {
            at_ms: now.saturating_duration_since(self.started).as_millis() as u64,
            connection: entry.connection,
            number: entry.number,
            direction: entry.direction,
            transaction: entry.transaction,
            operation: entry.operation,
            params: entry.params,
            value: entry.value,
            length: entry.length,
            response: entry.response,
            verdict: entry.verdict,
            note: entry.note,
        };
        if let Some(sink) = &mut self.sink {
            // A full disk must not stop the camera; the rows in memory stay.
            let line = serde_json::to_string(&row).unwrap_or_default();
            if writeln!(sink, "{line}").and_then(|()| sink.flush()).is_err() {
                self.sink = None;
            }
        }
        self.rows.push(row);
    }

    pub(crate) fn rows(&self) -> &[JournalRow] {
        &self.rows
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
    }
}
