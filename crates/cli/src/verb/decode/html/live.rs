//! Pictures of live view: many are shown as few.
//!
//! A camera sends thirty a second for as long as one looks. The first ones are rows of their own,
//! later ones are summed up.

use filmwire_trace::record::Frame;
use serde_json::{Value, json};

/// Pictures that are shown one by one.
const MOST_SINGLE: u64 = 1000;
/// The time that is summed up in a row.
pub(super) const HEAP_MS: u64 = 100;
/// Connections that are summed up at a time; a camera has one.
const MOST_HEAPS: usize = 16;

/// Sums pictures up.
#[derive(Debug, Default)]
pub(super) struct Live {
    singles: u64,
    /// Pictures that are not shown one by one.
    pub(super) summed: u64,
    heaps: Vec<Heap>,
}

/// Pictures of one connection that came one soon after the other.
#[derive(Debug)]
struct Heap {
    connection: u32,
    first_us: Option<u64>,
    last_us: Option<u64>,
    count: u64,
    bytes: u64,
    missing_bytes: u64,
    counters: [u32; 2],
}

impl Live {
    /// Takes a picture and gives out the rows that are complete: their kind and fields.
    pub(super) fn take(&mut self, frame: &Frame, give: &mut dyn FnMut(&'static str, Value)) {
        if self.singles < MOST_SINGLE {
            self.singles += 1;
            give("frame", json!(frame));
            return;
        }
        self.summed += 1;
        let at_us = frame.at_ns.map(|ns| ns / 1000);
        let of = |heap: &Heap| heap.connection == frame.connection;
        if let Some(at) = self.heaps.iter().position(of) {
            if self.heaps[at].reaches(at_us) {
                self.heaps[at].add(frame, at_us);
                return;
            }
            give("frames", self.heaps.remove(at).fields());
        }
        if self.heaps.len() >= MOST_HEAPS {
            give("frames", self.heaps.remove(0).fields());
        }
        let (connection, counters) = (frame.connection, [frame.counter; 2]);
        let mut heap = Heap {
            connection,
            first_us: at_us,
            last_us: at_us,
            count: 0,
            bytes: 0,
            missing_bytes: 0,
            counters,
        };
        heap.add(frame, at_us);
        self.heaps.push(heap);
    }

    /// Gives out what is left.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(&'static str, Value)) {
        self.heaps.drain(..).for_each(|heap| give("frames", heap.fields()));
    }
}

impl Heap {
    /// True if a picture of this time belongs to it. Captures may be out of order.
    fn reaches(&self, at_us: Option<u64>) -> bool {
        match (self.first_us, at_us) {
            (Some(first), Some(at)) => at.checked_sub(first).is_some_and(|us| us < HEAP_MS * 1000),
            (first, at) => first == at && self.count < MOST_SINGLE,
        }
    }

    fn add(&mut self, frame: &Frame, at_us: Option<u64>) {
        self.last_us = self.last_us.max(at_us);
        self.count += 1;
        self.bytes += frame.bytes;
        self.missing_bytes += frame.missing_bytes;
        self.counters[1] = frame.counter;
    }

    fn fields(&self) -> Value {
        let duration_us = self.first_us.zip(self.last_us).map(|(first, last)| last - first);
        json!({
            "at_us": self.first_us,
            "duration_us": duration_us,
            "connection": self.connection,
            "count": self.count,
            "bytes": self.bytes,
            "missing_bytes": self.missing_bytes,
            "first_counter": self.counters[0],
            "last_counter": self.counters[1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_pictures_become_few_rows_and_none_is_lost() {
        let (mut live, mut rows) = (Live::default(), Vec::new());
        let mut give = |kind: &'static str, fields: Value| rows.push((kind, fields));
        let all = MOST_SINGLE + 3000;
        for number in 0..all {
            // Thirty a second on each of two connections.
            let (at_ns, connection) = (Some(number / 2 * 33_333_333), 1 + (number % 2) as u32);
            let counter = number as u32;
            let frame = Frame { at_ns, connection, counter, bytes: 10, missing_bytes: 1 };
            live.take(&frame, &mut give);
        }
        live.finish(&mut give);
        assert_eq!(live.summed, 3000);
        assert!((1900..2100).contains(&rows.len()), "{}", rows.len());
        let of = |name: &str, one: u64| -> u64 {
            rows.iter().map(|(_, row)| row.get(name).map_or(one, |n| n.as_u64().unwrap())).sum()
        };
        assert_eq!((of("count", 1), of("bytes", 0), of("missing_bytes", 0)), (all, all * 10, all));
        for (_, row) in rows.iter().filter(|(kind, _)| *kind == "frames") {
            assert!(row["duration_us"].as_u64().unwrap() < HEAP_MS * 1000, "{row}");
            let counters = [&row["first_counter"], &row["last_counter"]];
            let [first, last] = counters.map(|counter| counter.as_u64().unwrap());
            assert_eq!(last - first, (row["count"].as_u64().unwrap() - 1) * 2, "{row}");
        }
    }

    #[test]
    fn pictures_without_a_time_or_out_of_order_are_kept() {
        let (mut live, mut count) = (Live { singles: MOST_SINGLE, ..Live::default() }, 0);
        let mut give = |_: &'static str, row: Value| count += row["count"].as_u64().unwrap();
        for at_ns in [None, Some(5_000_000_000), Some(1), None, Some(5_000_000_000)] {
            let frame = Frame { at_ns, connection: 1, counter: 0, bytes: 1, missing_bytes: 0 };
            live.take(&frame, &mut give);
        }
        live.finish(&mut give);
        assert_eq!(count, 5);
    }
}
