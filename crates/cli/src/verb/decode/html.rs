//! `--html`: one page that shows a capture to people, with nothing outside it.
//!
//! Rows are written as they come, so that a capture of any length can be shown. What is known only
//! at the end stands behind them in the file and before them on the screen, since rows cannot be
//! seen before the scripts draw them.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use filmwire_program::exit::Trouble;
use filmwire_program::output::Output;
use filmwire_trace::{Record, Tally};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::line::Lines;
use crate::target::Sink;

mod escape;
mod head;
mod live;
mod pack;

use head::Facts;
use live::Live;
use pack::Packer;

const STYLE: &str = include_str!("html/page.css");
/// The part that needs scripts.
const VIEW: &str = include_str!("html/view.html");
/// Each stands on those before it.
const SCRIPTS: [&str; 6] = [
    include_str!("html/data.js"),
    include_str!("html/words.js"),
    include_str!("html/timeline.js"),
    include_str!("html/sequence.js"),
    include_str!("html/details.js"),
    include_str!("html/page.js"),
];
/// Rows for who runs no scripts.
const MOST_PLAIN: usize = 200;

/// A page that is being written. Dropped before it is finished, it is gone.
pub(super) struct Page {
    sink: Sink,
    facts: Facts,
    lines: Lines,
    start_us: Option<u64>,
    live: Live,
    packer: Packer,
    /// The first rows as time, way and words.
    plain: Vec<[String; 3]>,
    rows: u64,
}

impl Page {
    /// Opens the file; - is standard output. `has_output`: something else is said there.
    ///
    /// Fails with [`Trouble::Usage`] if the file exists, or if standard output is taken.
    pub(super) fn open(path: &Path, has_output: bool) -> Result<Self, Trouble> {
        Ok(Self {
            sink: super::target(path, has_output, "--html", "page")?,
            facts: Facts::default(),
            lines: Lines::default(),
            start_us: None,
            live: Live::default(),
            packer: Packer::default(),
            plain: Vec::new(),
            rows: 0,
        })
    }

    /// Names the capture that comes next.
    pub(super) fn file(&mut self, path: &Path) {
        self.facts.file(path);
    }

    /// Sees a record, shown or not: times count from the first one.
    pub(super) fn see(&mut self, record: &Record) {
        self.start_us = self.lines.see(record).map(|ns| ns / 1000);
        self.facts.see();
    }

    /// Takes a record that is shown.
    pub(super) fn take(&mut self, record: &Record) -> Result<(), Trouble> {
        self.facts.take(record);
        if self.plain.len() < MOST_PLAIN {
            self.plain.extend(plain(&self.lines.of(record)));
        }
        if let Record::Frame(frame) = record {
            let mut rows = Vec::new();
            self.live.take(frame, &mut |kind, fields| rows.push((kind, fields)));
            return rows.iter().try_for_each(|(kind, fields)| self.row(kind, fields));
        }
        self.row(record.kind(), &json!(record))
    }

    fn row(&mut self, kind: &str, fields: &Value) -> Result<(), Trouble> {
        if self.rows == 0 {
            self.sink.write(start().as_bytes())?;
        }
        self.rows += 1;
        match self.packer.take(kind, fields, self.start_us.unwrap_or_default()) {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        let chunk = self.packer.finish(self.start_us.unwrap_or_default());
        chunk.map_or(Ok(()), |chunk| self.sink.write(chunk.as_bytes()))
    }

    /// Writes what is known at the end, and puts the page under its name. Nothing is left of it if
    /// no capture could be read.
    pub(super) fn finish(
        mut self,
        tally: &Tally,
        is_filtered: bool,
        out: &Output,
    ) -> Result<(), Trouble> {
        if self.facts.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::new();
        self.live.finish(&mut |kind, fields| rows.push((kind, fields)));
        rows.iter().try_for_each(|(kind, fields)| self.row(kind, fields))?;
        if self.rows == 0 {
            self.sink.write(start().as_bytes())?;
        }
        self.flush()?;
        let (rows, summed) = (self.rows, self.live.summed);
        let facts = self.facts.html(tally, is_filtered.then_some(rows), summed);
        let (plain, script) = (no_script(&self.plain, rows), SCRIPTS.concat());
        let end = format!("{facts}{VIEW}{plain}<script>{script}</script>\n</body>\n</html>\n");
        self.sink.write(end.as_bytes())?;
        let written = self.sink.finish()?;
        let Some(path) = written.path else { return Ok(()) };
        out.note(&format!("the page is {}", path.display()));
        let (path, bytes) = (path.display().to_string(), written.bytes);
        let line = json!({ "path": path, "bytes": bytes, "rows": rows, "frames_summed": summed });
        out.json("page", line)
    }
}

/// What stands before the rows. Only this page's own style and script may be used, and nothing may
/// be fetched, also if something in a row should come to be taken for markup.
fn start() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let (script, style) = (hash(&SCRIPTS.concat()), hash(STYLE));
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>filmwire: a capture</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<p id="wait">Reading the capture …</p>
"#
    )
}

/// Time, way and words of a transcript's lines; those behind the first belong to it.
fn plain(lines: &[String]) -> Option<[String; 3]> {
    let (first, others) = lines.split_first()?;
    let (at, rest) = first.trim_start().split_once("  ")?;
    let (way, words) = rest.trim_start().split_once("  ")?;
    let words = std::iter::once(words).chain(others.iter().map(|line| line.trim_start()));
    let words: Vec<_> = words.map(escape::html).collect();
    Some([at.to_owned(), escape::html(way), words.join("<br>")])
}

/// The first rows as a table.
fn no_script(plain: &[[String; 3]], rows: u64) -> String {
    let body: String = plain
        .iter()
        .map(|[at, way, words]| format!("<tr><td>{at}<td>{way}<td>{words}\n"))
        .collect();
    format!(
        "<noscript>\n<p>The diagrams need JavaScript, which is switched off. These are the first {} \
         of {rows} rows; pictures of live view are left out here.</p>\n<table class=\"plain\">\
         <thead><tr><th>Seconds<th>Connection<th>What was said</thead>\n<tbody>\n{body}</tbody>\
         </table>\n</noscript>\n",
        plain.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_own_parts_end_no_element_and_name_no_place() {
        let all = [&SCRIPTS[..], &[STYLE, VIEW]].concat().concat();
        assert!(!SCRIPTS.concat().contains("</script") && !STYLE.contains("</style"));
        assert!(!SCRIPTS.concat().contains("<!--"));
        for word in ["://", "url(", "@import", "innerHTML", "eval(", "insertAdjacentHTML"] {
            assert!(!all.contains(word), "{word}");
        }
        // Such attributes would be refused by the page's own rules.
        assert!(!VIEW.contains(" style=") && !VIEW.contains(" onclick="));
    }

    #[test]
    fn a_line_of_the_transcript_has_three_columns() {
        let of = |lines: &[&str]| plain(&lines.iter().map(|&s| s.to_owned()).collect::<Vec<_>>());
        let line = "    0.000123   1 <  #2 GetThumb(object 1), 3 bytes: \"a  <b>\" -> OK";
        let words = "#2 GetThumb(object 1), 3 bytes: &quot;a  &lt;b&gt;&quot; -&gt; OK";
        let row = |at: &str, way: &str, words: &str| Some([at, way, words].map(str::to_owned));
        assert_eq!(of(&[line]), row("0.000123", "1 &lt;", words));
        assert_eq!(of(&["           -     *  a note"]), row("-", "*", "a note"));
        let discovery = ["    0.000001     =  a to b by udp", "       x", "       y"];
        assert_eq!(of(&discovery), row("0.000001", "=", "a to b by udp<br>x<br>y"));
        assert_eq!(of(&[]), None);
    }
}
