//! The protocol book (`docs/protocol/`) says what the codec does.
//!
//! Its examples in hex are decoded and encoded again, and what the page states about them is
//! compared with what was decoded; its words for values are those of the codec; the names of codes
//! in the text are those of the tables; its links lead somewhere; its marks name sources that its
//! README explains. How a page writes an example stands in `docs/protocol/README.md`.

mod example;
mod packet;
mod page;
mod session;

use std::collections::BTreeSet;

use filmwire_codec::code::{CodeEntry, tables};
use filmwire_codec::dataset::DataType;
use filmwire_codec::value::kind;
use filmwire_codec::{DevicePropCode, OperationCode};

use example::{Example, number, statement};
use page::{Page, pages};

/// Tables and what our own tools do; their sentences are no facts about cameras.
const NO_NARRATIVE: [&str; 2] = ["codes.md", "gphoto2.md"];

fn narrative() -> Vec<Page> {
    pages().into_iter().filter(|page| !NO_NARRATIVE.contains(&page.name.as_str())).collect()
}

/// Fails with all that was wrong, not with the first.
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_example_is_what_the_page_says() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in narrative() {
        for fence in page.fences("hex") {
            let checked = Example::read(&fence).and_then(|example| example.check());
            wrong.extend(checked.err().map(|why| format!("{}:{}: {why}", page.name, fence.line)));
            count += 1;
        }
    }
    assert_none(&wrong);
    assert!(count > 20, "only {count} examples were found");
}

/// Longest run of bytes in a sentence: a value at most.
const MOST_BYTES_IN_TEXT: usize = 4;

#[test]
fn longer_examples_stand_in_blocks() {
    let is_byte = |word: &str| word.len() == 2 && u8::from_str_radix(word, 16).is_ok();
    let fences = narrative().iter().flat_map(|page| page.fences("hex")).collect::<Vec<_>>();
    let is_decoded = |span: &str| fences.iter().flat_map(|f| &f.lines).any(|l| l.contains(span));
    let mut wrong = Vec::new();
    for page in narrative() {
        for (line, span) in page.code_spans() {
            let count = span.split_whitespace().filter(|word| is_byte(word)).count();
            if count > MOST_BYTES_IN_TEXT && !is_decoded(&span) {
                wrong.push(format!("{}:{line}: `{span}` is decoded by no test", page.name));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn words_of_values_are_those_of_the_codec() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in narrative() {
        for fence in page.fences("values") {
            let code = u16::from_str_radix(&fence.argument, 16).unwrap_or_default();
            let Some(kind) = kind(DevicePropCode(code)) else {
                wrong.push(format!("{}:{}: no values of {code:04X}", page.name, fence.line));
                continue;
            };
            for (offset, line) in fence.lines.iter().enumerate() {
                let row = line.split('|').next().unwrap_or_default();
                let Some((bits, word)) = statement(row) else {
                    wrong.push(format!("{}:{}: {line:?}", page.name, fence.line + offset + 1));
                    continue;
                };
                let bits = number(bits).map(|bits| bits as u32);
                let text = bits.map(|bits| kind.text(bits));
                if text.as_deref() != Some(word) || kind.parse(word).ok() != bits {
                    let at = fence.line + offset + 1;
                    wrong.push(format!("{}:{at}: {row:?}, the codec says {text:?}", page.name));
                }
                count += 1;
            }
        }
    }
    assert_none(&wrong);
    assert!(count > 10, "only {count} values were found");
}

/// The rows of all tables that have this code.
fn rows(code: u32) -> impl Iterator<Item = &'static CodeEntry> {
    tables().into_iter().flat_map(|table| table.entries).filter(move |entry| entry.code == code)
}

/// `0x1008 GetObjectInfo` or `D212 CurrentState` in the text: the code, and the name if one is there.
fn named_code(span: &str) -> Option<(u32, Option<&str>)> {
    let (code, name) = match span.split_once(' ') {
        Some((code, name)) => (code, Some(name)),
        None => (span, None),
    };
    let is_hex = |digits: &str| {
        digits.len() == 4
            && digits.bytes().all(|d| d.is_ascii_digit() || (b'A'..=b'F').contains(&d))
    };
    match code.strip_prefix("0x") {
        // Without its name it might be any number.
        Some(digits) if is_hex(digits) && name.is_some() => {
            Some((u32::from_str_radix(digits, 16).ok()?, name))
        }
        // A property, which the book writes without 0x.
        None if is_hex(code) && code.starts_with(['5', 'D']) => {
            Some((u32::from_str_radix(code, 16).ok()?, name))
        }
        _ => None,
    }
}

#[test]
fn names_of_codes_in_the_text_are_those_of_the_tables() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in narrative() {
        for (line, span) in page.code_spans() {
            let Some((code, name)) = named_code(&span) else { continue };
            count += 1;
            if !rows(code).any(|entry| name.is_none_or(|name| name == entry.name)) {
                let names: Vec<_> = rows(code).map(|entry| entry.name).collect();
                wrong.push(format!("{}:{line}: `{span}`, the tables say {names:?}", page.name));
            }
        }
    }
    assert_none(&wrong);
    assert!(count > 100, "only {count} codes were found");
}

/// The rows of a page's tables: the codes their first cell names, and the second cell.
fn table_rows(page: &Page) -> Vec<(Vec<u32>, String)> {
    let rows = page.text.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.split(" | ").collect();
        let spans = cells[0].split('`').step_by(2);
        let codes = spans.filter_map(|span| Some(named_code(span)?.0)).collect();
        (codes, cells.get(1).map_or(String::new(), |cell| cell.trim().to_owned()))
    })
    .collect()
}

#[test]
fn every_operation_and_property_has_its_row_and_its_type() {
    let all = pages();
    let page = |name| all.iter().find(|page: &&Page| page.name == name).expect(name);
    let operations = page("operations.md");
    let properties = table_rows(page("properties.md"));
    let named: BTreeSet<u32> =
        operations.code_spans().iter().filter_map(|(_, span)| Some(named_code(span)?.0)).collect();
    let mut wrong = Vec::new();
    for entry in OperationCode::KNOWN.iter().filter(|entry| !named.contains(&entry.code)) {
        wrong.push(format!("operations.md: no {:#06X} {}", entry.code, entry.name));
    }
    for entry in DevicePropCode::KNOWN {
        let row = properties.iter().find(|(codes, _)| codes.contains(&entry.code));
        let Some((_, written)) = row else {
            wrong.push(format!("properties.md: no {:04X} {}", entry.code, entry.name));
            continue;
        };
        let typed = kind(DevicePropCode(entry.code as u16)).map(|kind| match kind.data_type {
            DataType::UINT8 => "u8",
            DataType::INT16 => "i16",
            DataType::UINT16 => "u16",
            DataType::UINT32 => "u32",
            other => panic!("{other:?} has no word in the book"),
        });
        if typed.is_some_and(|typed| typed != written.trim_matches(['(', ')'])) {
            wrong.push(format!("properties.md: {:04X} is {typed:?}, not {written}", entry.code));
        }
    }
    assert_none(&wrong);
}

#[test]
fn links_and_their_anchors_lead_somewhere() {
    let wrong: Vec<_> = pages().iter().flat_map(Page::broken_links).collect();
    assert_none(&wrong);
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let all = pages();
    let readme = all.iter().find(|page| page.name == "README.md").expect("a README");
    let linked: BTreeSet<_> = readme.links().into_iter().map(|(_, to)| to).collect();
    let lost = |page: &&Page| page.name != "README.md" && !linked.contains(&page.name);
    let wrong: Vec<_> = all.iter().filter(lost).map(|page| page.name.clone()).collect();
    assert_none(&wrong);
}

#[test]
fn marks_name_sources_that_the_readme_explains() {
    let all = pages();
    let readme = all.iter().find(|page| page.name == "README.md").expect("a README");
    let mut known = readme.first_column("## Where the facts come from");
    assert!(known.len() > 10, "the README's table of sources was not found: {known:?}");
    known.extend(["A", "B", "C"].map(str::to_owned));
    let mut wrong = Vec::new();
    for page in narrative() {
        for (line, mark) in page.marks() {
            let stranger = |part: &&str| !known.contains(*part);
            if let Some(part) = mark.split(", ").find(stranger) {
                wrong
                    .push(format!("{}:{line}: [{mark}]: {part:?} is explained nowhere", page.name));
            }
        }
    }
    assert_none(&wrong);
}

/// Readers have the book and what it cites, and no summary of ours.
#[test]
fn nothing_is_cited_that_readers_cannot_see() {
    let mut wrong = Vec::new();
    for page in pages().iter().filter(|page| page.name != "README.md") {
        for (index, line) in page.text.lines().enumerate() {
            if line.contains("fact sheet") {
                wrong.push(format!("{}:{}: {line}", page.name, index + 1));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_code_of_the_codec_has_its_line_grade_and_source_in_the_book() {
    let all = pages();
    let codes = all.iter().find(|page| page.name == "codes.md").expect("codes.md");
    let mut wrong = Vec::new();
    for table in tables() {
        let heading = codes.text.lines().position(|line| {
            line.strip_prefix("## ").is_some_and(|title| title.eq_ignore_ascii_case(table.kind))
        });
        let Some(start) = heading else {
            wrong.push(format!("no table of the kind {:?}", table.kind));
            continue;
        };
        let section: Vec<&str> = codes.text.lines().skip(start + 1).collect();
        let section = section.split(|line| line.starts_with("## ")).next().unwrap_or_default();
        for entry in table.entries {
            let cells = |line: &&str| -> Vec<String> {
                line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
            };
            let is_row = |cells: &Vec<String>| {
                number(cells[0].trim_matches('`')) == Some(u64::from(entry.code))
                    && cells.get(1).map(String::as_str) == Some(entry.name)
            };
            let row = section.iter().filter(|line| line.starts_with("| `")).map(cells).find(is_row);
            let says = |row: &Vec<String>| {
                let grade = format!("{:?}", entry.grade);
                row.contains(&grade) && row.last().is_some_and(|source| !source.is_empty())
            };
            if !row.as_ref().is_some_and(says) {
                wrong.push(format!("{} {:#06X} {}: {row:?}", table.kind, entry.code, entry.name));
            }
        }
    }
    assert_none(&wrong);
}
