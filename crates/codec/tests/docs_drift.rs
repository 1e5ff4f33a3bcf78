//! The protocol book's tables say what the code says.

#[path = "../examples/tables.rs"]
#[allow(dead_code, reason = "the program's main and its doc lines are of no use here")]
mod tables;

use std::path::Path;

fn assert_same(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol").join(name);
    let written = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    let both = made.lines().zip(written.lines());
    let same = both.take_while(|(made, written)| made == written).count();
    assert!(
        made == written,
        "docs/protocol/{name} is out of date from line {}; run `just tables`",
        same + 1
    );
}

#[test]
fn the_page_is_made_from_the_tables() {
    assert_same("codes.md", &tables::markdown());
}

#[test]
fn the_json_is_made_from_the_tables() {
    assert_same("codes.json", &tables::json());
}

#[test]
fn every_code_stands_in_both_files() {
    let (page, json) = (tables::markdown(), tables::json());
    let object: serde_json::Value = serde_json::from_str(&json).expect("valid JSON");
    let rows: usize = object["tables"]
        .as_array()
        .expect("an array of tables")
        .iter()
        .map(|table| table["entries"].as_array().expect("an array of rows").len())
        .sum();
    let known: usize = filmwire_codec::code::tables().iter().map(|table| table.entries.len()).sum();
    assert_eq!(rows, known);
    assert_eq!(page.lines().filter(|line| line.starts_with("| `0x")).count(), known);
    assert!(page.contains("| `0x101B` | GetPartialObject | in | A |"), "the columns moved");
}
