//! Fetched files: the structure check and the reading of Exif never panic and never tell nonsense.
//!
//! Both are private to `filmwire-ingest`; their files are taken in here, so that this target does
//! not have to build SQLite.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "the target calls a part of the module")]
#[path = "../../crates/ingest/src/check.rs"]
mod check;
#[allow(dead_code, reason = "the target calls a part of the module")]
#[path = "../../crates/ingest/src/serial.rs"]
mod serial;

/// No zone is further from UTC; the reader allows some more.
const MOST_OFFSET_MINUTES: i16 = 19 * 60;

fuzz_target!(|file: &[u8]| {
    let found =
        check::check_structure(&mut Cursor::new(file), filmwire_codec::ObjectFormatCode::UNDEFINED)
            .expect("memory can be read");
    if let check::Structure::Broken(why) = &found {
        assert!(!why.is_empty());
    }
    if found == check::Structure::Whole {
        assert!(file.len() >= 8, "nothing so short is a whole photo");
    }
    let facts = serial::read_facts(&mut Cursor::new(file));
    if let Some(taken) = &facts.taken {
        assert!(filmwire_codec::DateTime::parse(taken).is_some(), "{taken}");
    }
    if let Some(minutes) = facts.utc_offset {
        assert!((-MOST_OFFSET_MINUTES..=MOST_OFFSET_MINUTES).contains(&minutes), "{minutes}");
    }
});
