//! `decode --extract`: what was fetched becomes files, whatever the capture holds.

use std::collections::BTreeMap;
use std::fs;

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};

use crate::decode::{COMMAND_PORT, contents, said};
use crate::program::run;

/// What was said of a transaction: by the client or not, and what.
fn transaction(id: u32, code: OperationCode, params: &[u32], bytes: &[u8]) -> [(bool, Vec<u8>); 2] {
    let id = TransactionId(id);
    let head = encode_data_header(code, id, bytes.len()).to_vec();
    let response = encode_response(ResponseCode::OK, id, &[]);
    [(true, encode_command(code, id, params)), (false, [&head, bytes, &response].concat())]
}

fn info(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    ObjectInfo { name: name.into(), size_bytes: 4, ..ObjectInfo::default() }.encode(&mut bytes);
    bytes
}

fn extracted(talk: impl IntoIterator<Item = [(bool, Vec<u8>); 2]>) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let talk = talk.into_iter().flatten().collect();
    fs::write(folder.path().join("a.pcap"), said(COMMAND_PORT, talk)).unwrap();
    let ran = run(folder.path(), &["decode", "--json", "a.pcap", "--extract", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let out = contents(&folder.path().join("out"));
    assert_eq!(ran.of_kind("decode", "extracted").len(), out.len());
    out
}

#[test]
fn previews_are_extracted_though_they_name_no_object() {
    let preview =
        |id, bytes: &[u8]| transaction(id, OperationCode::GET_CAPTURE_PREVIEW, &[], bytes);
    let out = extracted([preview(2, b"one"), preview(3, b"two")]);
    let wanted = [("preview-000001.jpg", &b"one"[..]), ("preview-000002.jpg", b"two")];
    assert_eq!(out, wanted.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).into());
}

#[test]
fn a_handle_that_gets_another_name_is_another_object() {
    let info_of = |id, name| transaction(id, OperationCode::GET_OBJECT_INFO, &[1], &info(name));
    let object = |id, bytes: &[u8]| transaction(id, OperationCode::GET_OBJECT, &[1], bytes);
    let out = extracted([
        info_of(2, "DSCF0001.JPG"),
        object(3, b"1111"),
        // The same again is no other one.
        info_of(4, "DSCF0001.JPG"),
        info_of(5, "DSCF0002.JPG"),
        object(6, b"22"),
    ]);
    let wanted = [("DSCF0001.JPG", &b"1111"[..]), ("DSCF0002.incomplete.JPG", b"22")];
    assert_eq!(out, wanted.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).into());
}

#[test]
fn a_name_longer_than_file_systems_take_stops_nothing() {
    let long = "\u{1d400}".repeat(120);
    let out = extracted([
        transaction(2, OperationCode::GET_OBJECT_INFO, &[1], &info(&long)),
        transaction(3, OperationCode::GET_OBJECT, &[1], b"1111"),
        transaction(4, OperationCode::GET_OBJECT, &[2], b"2222"),
    ]);
    assert!(out.len() == 2 && out.contains_key("object-2"), "{:?}", out.keys());
}
