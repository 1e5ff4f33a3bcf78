//! Prints the tables of codes, for the protocol book and for other programs.
//!
//! ```sh
//! cargo run -p filmwire-codec --example tables -- markdown > docs/protocol/codes.md
//! cargo run -p filmwire-codec --example tables -- json > docs/protocol/codes.json
//! ```
//!
//! The test `docs_drift` compares both files with what this program prints.

use std::fmt::Write as _;
use std::process::ExitCode;

use filmwire_codec::code::{CodeEntry, CodeTable, tables};
use filmwire_codec::{DataDirection, OperationCode};
use serde::Serialize;

/// Number of the JSON form; it changes when a field changes its name or meaning.
const FORMAT_VERSION: u32 = 1;

const INTRODUCTION: &str = "\
# Codes on the wire

Made from the tables in `crates/codec/src/code/` and `value/` by `cargo run -p filmwire-codec --example tables`.
Do not edit: a test compares this page with the tables. `codes.json` holds the same for programs.

Grades: **A** seen on a real camera, or two independent projects agree; **B** working code of one
project; **C** one remark, a guess, or our inference. A name that starts with `UNKNOWN` says that
the meaning is not known. Codes that are in no table decode all the same and print as hex.
";

/// The tables as a Markdown page.
pub(crate) fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    for table in tables() {
        let has_data = is_operation(&table);
        let (head, rule) = if has_data { (" Data |", " --- |") } else { ("", "") };
        let title = title(table.kind);
        let _ = write!(
            page,
            "\n## {title}\n\n| Code | Name |{head} Grade | Meaning | Source |\n\
             | --- | --- |{rule} --- | --- | --- |\n"
        );
        for entry in table.entries {
            let data = data_column(&table, entry).map(|text| format!(" {text} |"));
            let _ = writeln!(
                page,
                "| `{}` | {} |{} {:?} | {} | {} |",
                hex(&table, entry),
                cell(entry.name),
                data.unwrap_or_default(),
                entry.grade,
                cell(entry.meaning),
                cell(entry.source),
            );
        }
    }
    page
}

/// The tables as one JSON object, with a line feed at its end.
pub(crate) fn json() -> String {
    let tables = tables().iter().map(json_table).collect();
    let object = JsonTables { v: FORMAT_VERSION, kind: "codes", tables };
    let text =
        serde_json::to_string_pretty(&object).expect("plain structs always have a JSON form");
    text + "\n"
}

// Structs, not maps: the order of the fields must not depend on a feature of serde_json.
#[derive(Serialize)]
struct JsonTables {
    v: u32,
    kind: &'static str,
    tables: Vec<JsonTable>,
}

#[derive(Serialize)]
struct JsonTable {
    kind: &'static str,
    entries: Vec<JsonEntry>,
}

#[derive(Serialize)]
struct JsonEntry {
    code: u32,
    hex: String,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'static str>,
    grade: String,
    meaning: &'static str,
    source: &'static str,
}

fn json_table(table: &CodeTable) -> JsonTable {
    let entry = |entry: &CodeEntry| JsonEntry {
        code: entry.code,
        hex: hex(table, entry),
        name: entry.name,
        data: data_column(table, entry),
        grade: format!("{:?}", entry.grade),
        meaning: entry.meaning,
        source: entry.source,
    };
    JsonTable { kind: table.kind, entries: table.entries.iter().map(entry).collect() }
}

fn is_operation(table: &CodeTable) -> bool {
    table.kind == "operation"
}

/// Which way the data phase of an operation goes, seen from the client; `None` for other tables.
fn data_column(table: &CodeTable, entry: &CodeEntry) -> Option<&'static str> {
    if !is_operation(table) {
        return None;
    }
    let code = OperationCode(u16::try_from(entry.code).ok()?);
    Some(match code.data_direction() {
        Some(DataDirection::None) => "none",
        Some(DataDirection::In) => "in",
        Some(DataDirection::Out) => "out",
        None => "unknown",
    })
}

/// As wide as the widest code of the table, so that the columns stand straight.
fn hex(table: &CodeTable, entry: &CodeEntry) -> String {
    let wide = table.entries.iter().any(|entry| entry.code > 0xFFFF);
    let width = if wide { 10 } else { 6 };
    format!("{:#0width$X}", entry.code)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn title(kind: &str) -> String {
    let mut letters = kind.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Prints the form asked for; exit code 2 if it is none of the two.
fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("markdown") => print!("{}", markdown()),
        Some("json") => print!("{}", json()),
        _ => {
            eprintln!("usage: tables markdown|json");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
