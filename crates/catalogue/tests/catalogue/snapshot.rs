//! Card snapshots against a plain list.

use filmwire_catalogue::{Direction, Error, ObjectId, ObjectRow, SnapshotHead, State, Unfinished};
use proptest::prelude::Strategy;
use proptest::{collection, prop_assert, prop_assert_eq, proptest};

use crate::fixture::{Fixture, NOW};

const PAGE: Unfinished = Unfinished { max_tries: 3, before: None, limit: 100 };

/// A complete snapshot of `n` objects.
fn listed(n: u32) -> (Fixture, Vec<ObjectId>) {
    let fixture = Fixture::new();
    let ids = fixture
        .catalogue
        .transaction(|c| {
            c.begin_listing(fixture.camera, u64::from(n), Direction::NewestFirst, NOW)?;
            let ids: Vec<_> = (0..n).map(|n| fixture.see(&format!("{n}.JPG"), n)).collect();
            for (place, id) in (0..).zip(&ids) {
                c.put_place(fixture.camera, place, *id)?;
            }
            c.complete_listing(fixture.camera, NOW + 1)?;
            Ok(ids)
        })
        .unwrap();
    (fixture, ids)
}

fn places(fixture: &Fixture) -> Vec<Option<ObjectId>> {
    let count = fixture.catalogue.snapshot(fixture.camera).unwrap().unwrap().count;
    let object = |place| fixture.catalogue.snapshot_object(fixture.camera, place).unwrap();
    (0..count).map(|place| object(place).map(|row| row.id)).collect()
}

fn head(fixture: &Fixture) -> SnapshotHead {
    fixture.catalogue.snapshot(fixture.camera).unwrap().unwrap()
}

fn numbers(page: &[(u64, ObjectRow)]) -> Vec<u64> {
    page.iter().map(|(place, _)| *place).collect()
}

#[test]
fn a_listing_is_complete_only_when_every_place_is_filled() {
    let fixture = Fixture::new();
    let (catalogue, camera) = (&fixture.catalogue, fixture.camera);
    assert_eq!(catalogue.snapshot(camera).unwrap(), None);
    let id = fixture.see("A.JPG", 1);
    assert!(matches!(catalogue.put_place(camera, 0, id), Err(Error::Invalid(_))));
    catalogue.begin_listing(camera, 2, Direction::OldestFirst, NOW).unwrap();
    catalogue.put_place(camera, 1, id).unwrap();
    assert!(matches!(catalogue.put_place(camera, 2, id), Err(Error::Invalid(_))));
    assert!(matches!(catalogue.complete_listing(camera, NOW), Err(Error::Invalid(_))));
    assert!(!head(&fixture).complete);
    catalogue.put_place(camera, 0, fixture.see("B.JPG", 2)).unwrap();
    catalogue.complete_listing(camera, NOW + 1).unwrap();
    let expected = SnapshotHead {
        count: 2,
        begun_at: NOW,
        listed_at: Some(NOW + 1),
        verified_at: Some(NOW + 1),
        complete: true,
        direction: Direction::OldestFirst,
    };
    assert_eq!(head(&fixture), expected);
    catalogue.put_place(camera, 0, id).unwrap();
    assert_eq!(places(&fixture), [Some(id), Some(id)], "a place is written over");
    catalogue.begin_listing(camera, 0, Direction::OldestFirst, NOW + 9).unwrap();
    assert_eq!((head(&fixture).listed_at, head(&fixture).complete), (None, false));
    catalogue.complete_listing(camera, NOW + 9).unwrap();
    catalogue.clear_snapshot(camera).unwrap();
    assert_eq!(catalogue.snapshot(camera).unwrap(), None);
    assert!(catalogue.complete_listing(camera, NOW).is_err());
}

#[test]
fn mending_moves_the_time_of_proof_not_of_listing() {
    let (fixture, ids) = listed(3);
    let (catalogue, camera) = (&fixture.catalogue, fixture.camera);
    catalogue.remove_places(camera, 1, 1).unwrap();
    assert!(head(&fixture).complete);
    catalogue.insert_places(camera, 2, 1).unwrap();
    assert!(!head(&fixture).complete);
    assert!(catalogue.complete_listing(camera, NOW + 50).is_err());
    catalogue.put_place(camera, 2, ids[1]).unwrap();
    catalogue.complete_listing(camera, NOW + 50).unwrap();
    let head = head(&fixture);
    assert_eq!((head.listed_at, head.verified_at), (Some(NOW + 1), Some(NOW + 50)));
    assert_eq!(places(&fixture), [Some(ids[0]), Some(ids[2]), Some(ids[1])]);
}

#[test]
fn cameras_have_cards_of_their_own() {
    let (fixture, ids) = listed(4);
    let other = fixture.catalogue.add_camera("other", None, "", NOW).unwrap().id;
    fixture.catalogue.begin_listing(other, 2, Direction::NewestFirst, NOW).unwrap();
    fixture.catalogue.put_place(other, 0, ids[3]).unwrap();
    fixture.catalogue.insert_places(other, 0, 5).unwrap();
    fixture.catalogue.remove_places(other, 0, 2).unwrap();
    assert_eq!(fixture.catalogue.snapshot_object(other, 3).unwrap().unwrap().id, ids[3]);
    assert_eq!(places(&fixture), ids.iter().copied().map(Some).collect::<Vec<_>>());
}

#[test]
fn places_past_the_end_are_refused() {
    let (fixture, _) = listed(3);
    let (catalogue, camera) = (&fixture.catalogue, fixture.camera);
    assert!(matches!(catalogue.insert_places(camera, 4, 1), Err(Error::Invalid(_))));
    assert!(matches!(catalogue.remove_places(camera, 2, 2), Err(Error::Invalid(_))));
    assert!(matches!(catalogue.insert_places(camera, 0, u64::MAX), Err(Error::Invalid(_))));
    assert!(matches!(catalogue.snapshot_object(camera, u64::MAX), Err(Error::Invalid(_))));
    assert_eq!(head(&fixture).count, 3);
}

#[test]
fn unfinished_objects_come_newest_first_in_pages() {
    let (fixture, ids) = listed(8);
    let (catalogue, camera) = (&fixture.catalogue, fixture.camera);
    let set = |n: usize, state, times| {
        for _ in 0..times {
            catalogue.set_state(ids[n], state, Some("x"), None, NOW).unwrap();
        }
    };
    set(0, State::Fetching, 1);
    set(1, State::Known, 1);
    set(2, State::Failed, 2);
    set(3, State::Failed, 3);
    set(4, State::Skipped, 1);
    fixture.publish(ids[5], b"abc");
    let path = fixture.assign(ids[6]);
    fixture.begin(ids[6], &path, b"abd");
    let page = |unfinished| numbers(&catalogue.unfinished(camera, unfinished).unwrap());
    assert_eq!(page(PAGE), [7, 6, 2, 0]);
    assert_eq!(page(Unfinished { limit: 2, ..PAGE }), [7, 6]);
    assert_eq!(page(Unfinished { limit: 2, before: Some(6), ..PAGE }), [2, 0]);
    assert_eq!(page(Unfinished { max_tries: 4, before: Some(6), ..PAGE }), [3, 2, 0]);
    let rows = catalogue.unfinished(camera, PAGE).unwrap();
    assert_eq!(rows[2].1, catalogue.object(ids[2]).unwrap());
    // An object that is no longer on the card cannot be fetched.
    catalogue.remove_places(camera, 0, 1).unwrap();
    assert_eq!(page(PAGE), [6, 5, 1]);
}

#[test]
fn the_words_of_states_agree_with_the_queries() {
    for state in State::ALL {
        let (fixture, ids) = listed(1);
        match state {
            State::Publishing => drop(fixture.begin(ids[0], &fixture.assign(ids[0]), b"x")),
            State::Published => drop(fixture.publish(ids[0], b"x")),
            State::Damaged => {
                fixture.publish(ids[0], b"x");
                fixture.catalogue.mark_damaged(ids[0], "x", None, NOW).unwrap();
            }
            state => fixture.catalogue.set_state(ids[0], *state, Some("x"), None, NOW).unwrap(),
        }
        let found = fixture.catalogue.unfinished(fixture.camera, PAGE).unwrap();
        assert_eq!(!found.is_empty(), state.is_unfinished(), "{state}");
        assert_eq!(state.to_string().parse(), Ok(*state));
    }
}

/// Insertions and deletions as fractions of the length, so that they always fit.
fn changes() -> impl Strategy<Value = Vec<(bool, u32, u32)>> {
    collection::vec((proptest::bool::ANY, 0..1000_u32, 0..6_u32), 1..12)
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    #[test]
    fn shifting_places_agrees_with_a_list(start in 0..12_u32, changes in changes()) {
        let (fixture, ids) = listed(start);
        // In one transaction, for speed.
        let catalogue = fixture.catalogue.planning().unwrap();
        let camera = fixture.camera;
        let mut model: Vec<Option<ObjectId>> = ids.into_iter().map(Some).collect();
        let mut next = 1000;
        for (insert, at, k) in changes {
            let at = at as usize * (model.len() + 1) / 1000;
            if insert {
                let new: Vec<_> = (next..next + k).map(|n| fixture.see(&format!("{n}.JPG"), n)).collect();
                next += k;
                catalogue.insert_places(camera, at as u64, u64::from(k)).unwrap();
                for (place, id) in (at as u64..).zip(&new) {
                    prop_assert!(catalogue.snapshot_object(camera, place).unwrap().is_none());
                    catalogue.put_place(camera, place, *id).unwrap();
                }
                catalogue.complete_listing(camera, NOW).unwrap();
                model.splice(at..at, new.into_iter().map(Some));
            } else {
                let k = (k as usize).min(model.len() - at);
                catalogue.remove_places(camera, at as u64, k as u64).unwrap();
                model.drain(at..at + k);
            }
            prop_assert_eq!(places(&fixture), model.clone());
        }
        prop_assert!(head(&fixture).complete);
    }
}
