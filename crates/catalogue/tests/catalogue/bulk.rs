//! A large card: what must not grow with its square, and what must not wait for the disk per row.

use std::time::{Duration, Instant};

use filmwire_catalogue::{Direction, Library, ObjectFilter, OpenOptions, Unfinished};

use crate::fixture::{Fixture, NOW, key};

const N: u32 = 20_000;

/// Runs a step and fails if it takes longer than allowed; limits are wide for slow machines.
fn within<T>(what: &str, limit_ms: u64, step: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = step();
    let took = start.elapsed();
    assert!(took < Duration::from_millis(limit_ms), "{what} took {took:?}");
    value
}

#[test]
fn a_large_card_stays_cheap() {
    let fixture = Fixture::new();
    let (c, camera) = (&fixture.catalogue, fixture.camera);
    within("listing", 10_000, || {
        c.transaction(|c| {
            c.begin_listing(camera, u64::from(N), Direction::NewestFirst, NOW)?;
            for place in (0..N).rev() {
                let name = format!("DSCF{:04}.JPG", place % 10_000);
                let id = c.see(camera, &key(&name, place), &Default::default(), NOW)?.id;
                c.put_place(camera, u64::from(place), id)?;
            }
            c.complete_listing(camera, NOW)
        })
        .unwrap();
    });
    within("inserting at the start", 1_000, || c.insert_places(camera, 0, 3).unwrap());
    within("removing at the start", 1_000, || c.remove_places(camera, 0, 3).unwrap());
    within("appending", 500, || c.insert_places(camera, u64::from(N), 3).unwrap());
    c.remove_places(camera, u64::from(N), 3).unwrap();
    let page = Unfinished { max_tries: 3, before: None, limit: 500 };
    let found = within("a page of unfinished", 500, || c.unfinished(camera, page).unwrap());
    assert_eq!((found.len(), found[0].0), (500, u64::from(N) - 1));
    let marked = within("marking as known", 8_000, || {
        c.mark_known(camera, &ObjectFilter::default(), None, NOW).unwrap()
    });
    assert_eq!(marked, u64::from(N));
    let found = within("nothing unfinished", 500, || c.unfinished(camera, page).unwrap());
    assert!(found.is_empty());
    // The worst case: the only unfinished object is the oldest.
    fixture
        .catalogue
        .set_state(
            c.snapshot_object(camera, 0).unwrap().unwrap().id,
            filmwire_catalogue::State::Fetching,
            None,
            None,
            NOW,
        )
        .unwrap();
    let found = within("one unfinished", 1_000, || c.unfinished(camera, page).unwrap());
    assert_eq!(found.len(), 1);
    within("opening", 3_000, || {
        Library::open(&fixture.root(), OpenOptions::default()).unwrap();
    });
    within("checking", 10_000, || {
        assert_eq!(filmwire_catalogue::check(&fixture.library, false).unwrap(), []);
    });
}
