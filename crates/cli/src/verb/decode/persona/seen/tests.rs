//! What single answers say of a body.

use super::*;

/// A client that opened its session, and what it was told.
#[derive(Default)]
struct Client {
    talk: Talk,
    facts: Facts,
}

impl Client {
    fn says(&mut self, operation: Op, params: &[u32], data: &[u8], response: u16) {
        let direction = match operation {
            Op::SET_DEVICE_PROP_VALUE => Direction::Out,
            _ if data.is_empty() => Direction::None,
            _ => Direction::In,
        };
        let told = Exchange {
            operation,
            params,
            response,
            direction,
            data_bytes: data.len() as u64,
            data: Some(data),
            at_ns: None,
            took_ms: None,
        };
        self.talk.take(&told, &mut self.facts);
    }

    fn writes(&mut self, code: Prop, data: &[u8]) {
        self.says(Op::SET_DEVICE_PROP_VALUE, &[code.0.into()], data, OK);
    }

    fn reads(&mut self, code: Prop, data: &[u8]) {
        self.says(Op::GET_DEVICE_PROP_VALUE, &[code.0.into()], data, OK);
    }
}

#[test]
fn a_version_before_its_mode_is_taken_where_a_write_after_it_is_answered() {
    let mut client = Client::default();
    client.writes(Prop::REMOTE_VERSION, &[4, 0, 2, 0]);
    assert!(!client.facts.is_early_version_taken);
    client.writes(Prop::FUNCTION_MODE, &[5, 0]);
    assert!(client.facts.is_early_version_taken);

    let mut client = Client::default();
    client.writes(Prop::FUNCTION_MODE, &[5, 0]);
    client.writes(Prop::REMOTE_VERSION, &[4, 0, 2, 0]);
    client.writes(Prop::FUNCTION_MODE, &[11, 0]);
    assert!(!client.facts.is_early_version_taken);
}

#[test]
fn what_a_low_version_meets_shows_in_the_function() {
    for (written, response, met) in [
        (3, OK, Some(VersionTooLow::Accept)),
        (3, ResponseCode::DEVICE_BUSY.0, Some(VersionTooLow::NoFunction)),
        (4, OK, None),
    ] {
        let mut client = Client::default();
        client.reads(Prop::REMOTE_VERSION, &[4, 0, 2, 0]);
        client.writes(Prop::FUNCTION_MODE, &[5, 0]);
        client.writes(Prop::REMOTE_VERSION, &[written, 0, 2, 0]);
        client.says(Op::INITIATE_OPEN_CAPTURE, &[], &[], response);
        assert_eq!(client.facts.low_version.first(), met.as_ref());
    }
}

#[test]
fn another_object_behind_an_unfinished_one_says_how_many_reads_cured_it() {
    let mut client = Client::default();
    client.writes(Prop::REAL_FILE_SIZE, &[1, 0]);
    let mut info = Vec::new();
    ObjectInfo { size_bytes: 9, ..ObjectInfo::default() }.encode(&mut info);
    client.says(Op::GET_OBJECT_INFO, &[1], &info, OK);
    client.says(Op::GET_PARTIAL_OBJECT, &[1, 0, 4], b"abcd", OK);
    client.reads(Prop::CURRENT_STATE, &[0, 0]);
    client.says(Op::GET_PARTIAL_OBJECT, &[1, 4, 9], b"efghi", OK);
    client.says(Op::GET_OBJECT_INFO, &[2], &info, OK);
    assert_eq!(client.facts.cure_reads, None, "it was read to its end");
    client.says(Op::GET_PARTIAL_OBJECT, &[1, 0, 4], b"abcd", OK);
    client.reads(Prop::CURRENT_STATE, &[0, 0]);
    client.says(Op::GET_OBJECT_INFO, &[2], &info, OK);
    assert_eq!(client.facts.cure_reads, Some(1));
    assert_eq!(client.facts.piece, (5, false));
}

#[test]
fn a_stopped_remote_function_tells_its_list_until_it_is_left() {
    let list = [2, 0, 0x42, 0xD2, 5, 0, 0, 0, 0x0C, 0x50, 9, 0, 0, 0];
    let mut client = Client::default();
    client.says(Op::INITIATE_OPEN_CAPTURE, &[], &[], OK);
    client.says(Op::TERMINATE_OPEN_CAPTURE, &[], &[], OK);
    client.reads(Prop::CURRENT_STATE, &list);
    assert!(!client.facts.is_battery_told);
    assert!(client.facts.lists.contains_key(&List::Remote));
    client.writes(Prop::FUNCTION_MODE, &[11, 0]);
    client.reads(Prop::CURRENT_STATE, &list);
    assert!(client.facts.is_battery_told);
}
