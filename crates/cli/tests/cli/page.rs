//! `decode --html`: the page has what the transcript has, and nothing of a stranger is markup.

use std::fs;
use std::process::Stdio;

use filmwire_codec::ResponseCode;
use filmwire_codec::container::encode_response;
use filmwire_codec::{OperationCode, TransactionId, container::encode_command};
use serde_json::{Map, Value, json};

use crate::decode::{COMMAND_PORT, said, session};
use crate::program::{Ran, command, run};

/// Data of the page, as its own script reads it: the records that were packed.
fn rows(page: &str) -> Vec<Value> {
    let chunks = page.split("<script type=\"application/json\" class=\"chunk\">").skip(1);
    chunks.flat_map(|rest| chunk(rest.split("</script>").next().unwrap())).collect()
}

fn chunk(text: &str) -> Vec<Value> {
    let chunk: Value = serde_json::from_str(text).unwrap();
    let base = chunk["base_us"].as_i64().unwrap();
    let row = |row: &Value| {
        let mut values = row.as_array().unwrap().iter();
        let shape = &chunk["shapes"][values.next().unwrap().as_u64().unwrap() as usize];
        let mut names = shape.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let mut fields = Map::new();
        fields.insert("kind".to_owned(), names.next().unwrap().into());
        for name in names {
            let (name, value) = match name.split_at(1) {
                ("-", name) => (name, Value::Null),
                ("$", name) => {
                    let number = values.next().unwrap().as_u64().unwrap() as usize;
                    (name, chunk["strings"][number].clone())
                }
                _ if name == "at_us" => {
                    (name, json!(base + values.next().unwrap().as_i64().unwrap()))
                }
                _ => (name, values.next().unwrap().clone()),
            };
            fields.insert(name.to_owned(), value);
        }
        assert!(values.next().is_none(), "{row}");
        Value::from(fields)
    };
    chunk["rows"].as_array().unwrap().iter().map(row).collect()
}

/// The records that `--json` tells, as they stand in the page.
fn records(ran: &Ran) -> Vec<Value> {
    let mut lines = ran.lines("decode");
    lines.retain(|line| line["kind"] != "page" && line["kind"] != "summary");
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("v");
    }
    lines
}

/// The first packet of a client of this name.
fn init(name: &str) -> Vec<u8> {
    let mut bytes = [82u32, 1, 0x8F53_E4F2, 0x5D48_A5AD, 0, 0, 0].map(u32::to_le_bytes).concat();
    bytes.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
    bytes.resize(82, 0);
    bytes
}

fn one_answer(client: &str) -> Vec<u8> {
    let (code, id) = (OperationCode::OPEN_SESSION, TransactionId(1));
    let answer = encode_response(ResponseCode::OK, id, &[]).to_vec();
    let talk = vec![(true, init(client)), (true, encode_command(code, id, &[1])), (false, answer)];
    said(COMMAND_PORT, talk)
}

#[test]
fn every_record_of_a_capture_is_in_the_pages_data() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, _) = session(&[&["ls"], &["get", "1"]], &["--model", "X-T20"]);
    fs::write(folder.path().join("a.pcap"), capture).unwrap();
    let ran = run(folder.path(), &["decode", "--json", "--html", "a.html", "a.pcap"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let page = fs::read_to_string(folder.path().join("a.html")).unwrap();
    let told = ran.of_kind("decode", "page").remove(0);
    let lines = records(&ran);
    assert!(lines.len() > 20);
    assert_eq!(rows(&page), lines);
    assert_eq!((&told["path"], &told["bytes"]), (&json!("a.html"), &json!(page.len())));
    assert_eq!(told["rows"], json!(lines.len()));
    // No other file is left, not even a temporary one.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

    let words = ["decode", "--stats", "--filter", "GetObjectInfo", "--html", "b.html", "a.pcap"];
    let ran = run(folder.path(), &words);
    assert!(ran.code == 0 && ran.out.contains("GetObjectInfo"), "{ran:?}");
    let page = fs::read_to_string(folder.path().join("b.html")).unwrap();
    let some = rows(&page);
    assert!(some.iter().any(|row| row["operation_name"] == "GetObjectInfo"));
    let words = ["decode", "--json", "--filter", "GetObjectInfo", "a.pcap"];
    assert_eq!(some, records(&run(folder.path(), &words)));
    assert!(some.len() < lines.len());
    let words = format!("{} rows are left of {} records by --filter", some.len(), lines.len());
    assert!(page.contains(&words), "{words}");
}

#[test]
fn nothing_that_a_stranger_says_is_markup() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["</script><script>a()", "<!--<script>", "\u{202E}<img src=x>&amp;\"'"] {
        fs::write(folder.path().join("<b>.pcap"), one_answer(name)).unwrap();
        let ran = run(folder.path(), &["decode", "<b>.pcap", "--html", "-"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(rows(&ran.out)[0]["name"], name);
        // What opens in the page is what it opens itself.
        let count = |word: &str| ran.out.matches(word).count();
        assert_eq!((count("<script"), count("</script"), count("<!--")), (2, 2, 0), "{name}");
        assert!(count("<img") == 0 && count("<b>.") == 0 && count("\u{202E}") == 0, "{name}");
        assert!(ran.out.contains("&lt;b&gt;.pcap"));
    }
}

#[test]
fn nothing_is_replaced_and_nothing_half_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, page) = (folder.path().join("a.pcap"), folder.path().join("a.html"));
    fs::write(&capture, one_answer("a")).unwrap();
    fs::write(&page, "mine").unwrap();
    let ran = run(folder.path(), &["decode", "--html", "a.html", "a.pcap"]);
    assert!(ran.code == 2 && ran.err.contains("nothing is ever replaced"), "{ran:?}");
    assert_eq!(fs::read(&page).unwrap(), b"mine");
    for words in [&["--json"][..], &["--stats"], &["--unknown"]] {
        let ran = run(folder.path(), &[&["decode", "--html", "-", "a.pcap"], words].concat());
        assert!(ran.code == 2 && !ran.out.contains("<html"), "{ran:?}");
    }
    fs::write(folder.path().join("none.pcap"), "no capture").unwrap();
    let ran = run(folder.path(), &["decode", "--html", "none.html", "none.pcap"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);

    // From a pipe; a capture without packets is a page too. The other one has a registration, a
    // transaction, and a remark that the client did not wait to be welcomed.
    fs::write(folder.path().join("b.pcap"), &fs::read(&capture).unwrap()[..24]).unwrap();
    for (name, count) in [("a.pcap", 3), ("b.pcap", 0)] {
        let mut child = command(folder.path(), &["decode", "-", "--html", "-"]);
        child.stdin(Stdio::from(fs::File::open(folder.path().join(name)).unwrap()));
        let output = child.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>\n"));
        assert_eq!(rows(&text).len(), count, "{name}");
    }
}
