//! The head of a page: what was captured, by whom, when, and how much of it.

use std::path::Path;
use std::time::Duration;

use filmwire_codec::OperationCode;
use filmwire_program::output::text;
use filmwire_trace::record::{Init, Side, Step};
use filmwire_trace::{Record, Tally};

use super::super::line;
use super::escape;
use super::live::HEAP_MS;

/// Names that are listed of each kind.
const MOST_NAMES: usize = 12;

/// What is known at the end.
#[derive(Debug, Default)]
pub(super) struct Facts {
    files: Names,
    cameras: Names,
    clients: Names,
    /// The first and the last moment, in nanoseconds since 1970.
    span: Option<(u64, u64)>,
    seen: u64,
}

/// Different names, in the order in which they came, and whether there were more.
#[derive(Debug, Default)]
struct Names(Vec<String>, bool);

impl Names {
    fn add(&mut self, name: &str) {
        if self.0.iter().any(|known| known == name) {
            return;
        }
        match self.0.len() < MOST_NAMES {
            true => self.0.push(name.to_owned()),
            false => self.1 = true,
        }
    }

    fn html(&self) -> String {
        let names = self.0.iter().map(|name| format!("<bdi>{}</bdi>", escape::html(name)));
        let mut names: Vec<_> = names.collect();
        if self.1 {
            names.push("and more".to_owned());
        }
        match names.is_empty() {
            true => "not in the capture".to_owned(),
            false => names.join(", "),
        }
    }
}

impl Facts {
    /// Names a capture, without its folder: pages are handed on.
    pub(super) fn file(&mut self, path: &Path) {
        match path.file_name() {
            Some(name) if path != Path::new("-") => self.files.add(&name.to_string_lossy()),
            _ => self.files.add("standard input"),
        }
    }

    /// True if there is no capture: none could be read.
    pub(super) fn is_empty(&self) -> bool {
        self.files.0.is_empty()
    }

    /// Counts a record, shown or not.
    pub(super) fn see(&mut self) {
        self.seen += 1;
    }

    /// Looks at a record that is shown.
    pub(super) fn take(&mut self, record: &Record) {
        if let Record::Init(Init { step, from, name: Some(name), .. }) = record {
            match (step, from) {
                (Step::Request, Side::Client) => self.clients.add(name),
                (Step::Ack, Side::Camera) => self.cameras.add(name),
                _ => {}
            }
        }
        let Some(at) = record.at_ns() else { return };
        let took = match record {
            Record::Transaction(done) => done.duration_ns.unwrap_or_default(),
            _ => 0,
        };
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at.saturating_add(took))));
    }

    /// The head. `shown`: rows, if not all records are; `summed`: pictures of live view that share
    /// rows.
    pub(super) fn html(&self, tally: &Tally, shown: Option<u64>, summed: u64) -> String {
        let mut rows = vec![
            ("Capture", self.files.html()),
            ("Camera", self.cameras.html()),
            ("Client", self.clients.html()),
            ("Time", self.time()),
            ("Said", said(tally)),
            ("Losses", losses(tally)),
        ];
        if tally.air.opened + tally.air.closed > 0 {
            let (opened, closed) = (tally.air.opened, tally.air.closed);
            let opened = text::count(opened, "protected frame", "protected frames");
            rows.push(("Wi-Fi", format!("{opened} opened, {closed} stay closed")));
        }
        if let Some(shown) = shown {
            let words = format!("{shown} rows are left of {} records by --filter", self.seen);
            rows.push(("Shown", words));
        }
        if summed > 0 {
            let words = format!(
                "{summed} pictures of live view are not shown one by one: those of each {HEAP_MS} ms \
                 share a row"
            );
            rows.push(("Summed up", words));
        }
        let rows = rows.iter().map(|(name, words)| format!("<dt>{name}<dd>{words}\n"));
        let rows: String = rows.collect();
        format!(
            "<header>\n<h1>What was said on the air</h1>\n<dl class=\"facts\">\n{rows}</dl>\n\
             {}<p class=\"by\">filmwire {}</p>\n</header>\n",
            operations(tally),
            env!("CARGO_PKG_VERSION")
        )
    }

    fn time(&self) -> String {
        let Some((first, last)) = self.span else { return "not in the capture".to_owned() };
        let span = Duration::from_nanos(last - first);
        // Of short ones seconds say nothing.
        let span = match span.as_secs() {
            0 => line::time(span),
            1..10 => format!("{:.1} s", span.as_secs_f64()),
            _ => text::span(span),
        };
        match jiff::Timestamp::from_nanosecond(first.into()) {
            Ok(first) => format!("{} UTC, {span}", first.strftime("%Y-%m-%d %H:%M:%S")),
            Err(_) => span,
        }
    }
}

fn said(tally: &Tally) -> String {
    let count = |kind: &str| tally.records.get(kind).copied().unwrap_or_default();
    let of = |take: fn(&filmwire_trace::OperationTally) -> u64| -> u64 {
        tally.operations.values().map(take).sum()
    };
    let mut words = text::count(count("transaction"), "transaction", "transactions");
    words.push_str(&format!(
        " ({} refused, {} unanswered), ",
        of(|tally| tally.refused),
        of(|tally| tally.unanswered)
    ));
    words.push_str(&text::count(count("event"), "event", "events"));
    words.push_str(", ");
    words.push_str(&text::count(count("frame"), "picture", "pictures"));
    words.push_str(&format!(" of live view ({}), ", text::bytes(tally.frame_bytes)));
    words.push_str(&text::count(tally.connections, "connection", "connections"));
    words.push_str(&format!(", {}", text::count(tally.packets, "packet", "packets")));
    words
}

fn losses(tally: &Tally) -> String {
    let gaps = tally.records.get("gap").copied().unwrap_or_default();
    let (lost, stray) = (text::bytes(tally.lost_bytes), text::bytes(tally.stray_bytes));
    match gaps + tally.lost_bytes + tally.stray_bytes {
        0 => "none".to_owned(),
        _ => format!("{}: {lost} lost, {stray} not understood", text::count(gaps, "gap", "gaps")),
    }
}

/// How often each operation was asked, and how long it took.
fn operations(tally: &Tally) -> String {
    if tally.operations.is_empty() {
        return String::new();
    }
    let rows = tally.operations.iter().map(|(&code, tally)| {
        let code = OperationCode(code);
        let name = code.name().map_or_else(|| code.to_string(), str::to_owned);
        let time = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), line::time);
        let longest = (tally.timed > 0).then_some(tally.longest);
        format!(
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}\n",
            escape::html(&name),
            tally.count,
            tally.refused,
            tally.unanswered,
            text::bytes(tally.data_bytes),
            time(super::super::mean(tally)),
            time(longest),
        )
    });
    let rows: String = rows.collect();
    format!(
        "<details class=\"operations\"><summary>Operations</summary>\n<div><table>\n<thead><tr>\
         <th>Operation<th>Count<th>Refused<th>No answer<th>Data<th>Mean<th>Longest</thead>\n\
         <tbody>\n{rows}</tbody></table></div></details>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_once_in_bounds_and_as_text() {
        let mut facts = Facts::default();
        let ack = |name: &str| {
            let (at_ns, connection, reason) = (Some(1), 1, None);
            let (from, step, name) = (Side::Camera, Step::Ack, Some(name.to_owned()));
            Record::Init(Init { at_ns, connection, from, step, name, reason })
        };
        for name in ["<img src=x>", "X-T\u{202E}20", "<img src=x>"] {
            facts.take(&ack(name));
        }
        let html = facts.html(&Tally::default(), None, 0);
        let wanted = "<bdi>&lt;img src=x&gt;</bdi>, <bdi>X-T⟨U+202E⟩20</bdi>\n";
        assert!(html.contains(wanted), "{html}");
        (0..100).for_each(|number| facts.take(&ack(&number.to_string())));
        assert_eq!((facts.cameras.0.len(), facts.cameras.1), (MOST_NAMES, true));
    }

    #[test]
    fn a_page_does_not_tell_folders() {
        let mut facts = Facts::default();
        assert!(facts.is_empty());
        ["/home/me/a.pcap", "-", "b.pcap"].iter().for_each(|path| facts.file(Path::new(path)));
        assert_eq!(facts.files.0, ["a.pcap", "standard input", "b.pcap"]);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let facts = Facts::default();
        let said = |shown, summed| facts.html(&Tally::default(), shown, summed);
        assert!(!said(None, 0).contains("--filter") && !said(None, 0).contains("Summed"));
        assert!(said(Some(3), 0).contains("3 rows are left of 0 records by --filter"));
        assert!(said(None, 7).contains("7 pictures of live view are not shown one by one"));
        assert!(said(None, 0).contains("<dt>Losses<dd>none"));
    }
}
