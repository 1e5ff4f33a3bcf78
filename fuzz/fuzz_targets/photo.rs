//! Files of any kind: the structure check and the reading of facts never panic, never take more
//! memory than they promise, and never tell nonsense.

#![no_main]

use std::io::Cursor;

use filmwire_photo::{Facts, Structure, check_structure};
use libfuzzer_sys::fuzz_target;

/// No zone is further from UTC; the reader allows some more.
const MOST_OFFSET_MINUTES: i16 = 19 * 60;

fuzz_target!(|file: &[u8]| {
    let found = check_structure(&mut Cursor::new(file), None).expect("memory can be read");
    if let Structure::Broken(why) = &found {
        assert!(!why.is_empty());
    }
    if found == Structure::Whole {
        assert!(file.len() >= 8, "nothing so short is a whole photo");
    }
    let facts = Facts::read(&mut Cursor::new(file)).expect("memory can be read");
    assert_eq!(facts.kind.is_none(), found == Structure::Unknown, "{found:?}");
    for date in [&facts.taken, &facts.gps_time].into_iter().flatten() {
        assert!(filmwire_codec::DateTime::parse(date).is_some(), "{date}");
    }
    if let Some(minutes) = facts.utc_offset {
        assert!((-MOST_OFFSET_MINUTES..=MOST_OFFSET_MINUTES).contains(&minutes), "{minutes}");
    }
    assert!(facts.rating.is_none_or(|stars| stars <= 5), "{:?}", facts.rating);
    assert!(facts.orientation.is_none_or(|code| (1..=8).contains(&code)));
    assert!(facts.width != Some(0) && facts.height != Some(0));
});
