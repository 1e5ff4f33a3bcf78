//! The tables of codes: no duplicates, ordered, and equal to a second list.

use filmwire_codec::code::{CodeTable, tables};
use filmwire_codec::{DataDirection, OperationCode};

#[test]
fn codes_are_ordered_and_unique_and_names_too() {
    for CodeTable { kind, entries } in tables() {
        assert!(!entries.is_empty(), "{kind}");
        for pair in entries.windows(2) {
            assert!(pair[0].code < pair[1].code, "{kind}: {:#X} {:#X}", pair[0].code, pair[1].code);
        }
        let mut names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), entries.len(), "{kind}");
        assert!(entries.iter().all(|e| !e.source.is_empty() && !e.meaning.is_empty()), "{kind}");
    }
}

/// Typed a second time from the X-H1's own DeviceInfo (fact sheet, appendix A.7) and sections 5.1
/// and 5.2, apart from the table.
#[test]
fn operations_of_the_second_list_are_known() {
    let standard =
        (0x1001..=0x100B).chain([0x100E, 0x100F]).chain(0x1014..=0x1018).chain([0x101B, 0x101C]);
    let vendor = [0x900C, 0x900D, 0x901D, 0x902B, 0x9801, 0x9802, 0x9803, 0x9805]
        .into_iter()
        .chain(0x9020..=0x9027)
        .chain(0x902C..=0x902E)
        .chain([0x9030])
        .chain(0x9040..=0x9042)
        .chain(0x9050..=0x9056)
        .chain([0x9060]);
    for code in standard.chain(vendor) {
        assert!(OperationCode(code).name().is_some(), "{code:#06X}");
    }
}

#[test]
fn an_unknown_code_prints_as_hex() {
    assert_eq!(OperationCode(0xBEEF).to_string(), "0xBEEF");
    assert_eq!(OperationCode::GET_THUMB.to_string(), "GetThumb (0x100A)");
    assert_eq!(OperationCode(0xBEEF).data_direction(), None);
}

#[test]
fn data_directions_of_the_sheet() {
    let direction = |code| OperationCode(code).data_direction();
    for code in [0x1001, 0x1004, 0x1008, 0x100A, 0x1014, 0x1015, 0x101B, 0x9022, 0x902B, 0x9053] {
        assert_eq!(direction(code), Some(DataDirection::In), "{code:#06X}");
    }
    for code in [0x1016, 0x100C, 0x900C, 0x900D, 0x9060] {
        assert_eq!(direction(code), Some(DataDirection::Out), "{code:#06X}");
    }
    for code in [0x1002, 0x1003, 0x100E, 0x1018, 0x101C, 0x9020, 0x9026, 0x902C] {
        assert_eq!(direction(code), Some(DataDirection::None), "{code:#06X}");
    }
}
