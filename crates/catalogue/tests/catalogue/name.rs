//! Who gets which path.

use std::cell::RefCell;
use std::collections::HashSet;

use filmwire_catalogue::{
    Adopted, Catalogue, Error, ObjectId, PairHint, PhotoKey, Rendition, State,
};
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::{collection, prop_assert_eq, proptest};

use crate::fixture::{Fixture, NOW, key, sha};

#[test]
fn equal_names_are_numbered() {
    let fixture = Fixture::new();
    let paths: Vec<_> = (0..12).map(|n| fixture.assign(fixture.see("A.JPG", n * 10))).collect();
    assert_eq!(paths[..3], ["d/A.JPG", "d/A-2.JPG", "d/A-3.JPG"]);
    assert_eq!(paths[11], "d/A-12.JPG");
}

#[test]
fn names_that_differ_in_case_alone_are_equal() {
    let fixture = Fixture::new();
    assert_eq!(fixture.assign(fixture.see("DSCF0001.JPG", 1)), "d/DSCF0001.JPG");
    assert_eq!(fixture.assign(fixture.see("dscf0001.jpg", 10)), "d/dscf0001-2.jpg");
    fixture.catalogue.adopt_file("D/\u{c4}.JPG", &sha(b"x"), 1, NOW).unwrap();
    assert_eq!(fixture.assign(fixture.see("\u{e4}.jpg", 20)), "d/\u{e4}-2.jpg");
}

#[test]
fn files_on_disk_and_in_the_catalogue_take_names() {
    let fixture = Fixture::new();
    fixture.write("d/A.JPG", b"somebody's");
    fixture.catalogue.adopt_file("d/A-2.JPG", &sha(b"x"), 1, NOW).unwrap();
    assert_eq!(fixture.assign(fixture.see("A.JPG", 1)), "d/A-3.JPG");
}

#[test]
fn a_path_given_out_is_kept() {
    let fixture = Fixture::new();
    let (a, b) = (fixture.see("A.JPG", 1), fixture.see("A.JPG", 10));
    assert_eq!(fixture.assign(a), "d/A.JPG");
    assert_eq!(fixture.assign(b), "d/A-2.JPG");
    fixture.catalogue.set_state(a, State::Failed, Some("cut"), None, NOW).unwrap();
    assert_eq!((fixture.assign(b), fixture.assign(a)), ("d/A-2.JPG".into(), "d/A.JPG".into()));
    // Somebody put a file there since.
    fixture.write("d/A.JPG", b"somebody's");
    assert_eq!(fixture.assign(a), "d/A-3.JPG");
    // A published object has its file's path, whatever is asked for.
    let (path, _) = fixture.publish(b, b"abc");
    assert_eq!((path.as_str(), fixture.assign(b).as_str()), ("d/A-2.JPG", "d/A-2.JPG"));
}

#[test]
fn another_template_gives_another_path() {
    let fixture = Fixture::new();
    let id = fixture.see("A.JPG", 1);
    fixture.assign(id);
    let assign = |folder, name| {
        let pair = Some(PairHint::default());
        fixture.catalogue.assign_path(id, folder, name, pair, &|_| false).unwrap()
    };
    assert_eq!(assign("e/f", "A.JPG"), "e/f/A.JPG");
    assert_eq!(assign("e/f", "B_A.JPG"), "e/f/B_A.JPG");
    assert_eq!(assign("", "A-2.JPG"), "A-2.JPG");
    assert_eq!(fixture.assign(fixture.see("A.JPG", 10)), "d/A.JPG", "the first path is free again");
}

#[test]
fn paths_that_leave_the_library_are_refused() {
    let fixture = Fixture::new();
    let id = fixture.see("../../x", 1);
    for (folder, name) in [("d", "../../x"), ("..", "x"), (".filmwire", "library-id"), ("/d", "x")]
    {
        let error = fixture.catalogue.assign_path(id, folder, name, None, &|_| false).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
    }
    assert_eq!(fixture.catalogue.object(id).unwrap().path, None);
}

#[test]
fn a_pair_gets_one_number_whoever_comes_first() {
    for raw_first in [true, false] {
        let fixture = Fixture::new();
        fixture.write("d/A.RAF", b"in the way of the raw file alone");
        let mut pair = [fixture.see("A.JPG", 10), fixture.see("A.RAF", 12)];
        let mut expected = ["d/A-2.JPG", "d/A-2.RAF"];
        if raw_first {
            pair.reverse();
            expected.reverse();
        }
        assert_eq!(pair.map(|id| fixture.assign(id)), expected);
    }
}

#[test]
fn a_late_part_joins_its_pair() {
    let fixture = Fixture::new();
    fixture.assign(fixture.see("A.JPG", 100));
    let jpeg = fixture.see("A.JPG", 10);
    assert_eq!(fixture.publish(jpeg, b"jpeg").0, "d/A-2.JPG");
    // d/A.RAF would be free, but belongs to another picture; the folder is the pair's too.
    let raw = fixture.see("a.raf", 11);
    let pair = Some(PairHint::default());
    let path = fixture.catalogue.assign_path(raw, "next-day", "a.raf", pair, &|_| false).unwrap();
    assert_eq!(path, "d/a-2.raf");
    let path = fixture.catalogue.assign_path(raw, "next-day", "a.raf", None, &|_| false).unwrap();
    assert_eq!(path, "next-day/a.raf", "no pairs asked for");
}

#[test]
fn a_late_part_joins_a_partner_that_has_only_its_path() {
    let fixture = Fixture::new();
    fixture.assign(fixture.see("A.JPG", 100));
    let jpeg = fixture.see("A.JPG", 10);
    assert_eq!(fixture.assign(jpeg), "d/A-2.JPG");
    assert_eq!(fixture.assign(fixture.see("A.RAF", 11)), "d/A-2.RAF");
}

#[test]
fn only_parts_of_one_picture_are_pairs() {
    let resized = PhotoKey { rendition: Rendition::Resized, ..key("A.RAF", 10) };
    let undated = PhotoKey { capture_date: None, ..key("A.RAF", 10) };
    for other in [key("A.RAF", 13), key("B.RAF", 10), key("A.JPG", 11), resized, undated] {
        let fixture = Fixture::new();
        fixture.write("d/A.JPG", b"x");
        let jpeg = fixture.see("A.JPG", 10);
        let other = fixture.see_key(&other);
        assert_eq!(fixture.assign(jpeg), "d/A-2.JPG");
        let row = fixture.catalogue.object(other).unwrap();
        assert_eq!(row.path, None, "{:?}", row.key);
    }
    let fixture = Fixture::new();
    fixture.write("d/A.JPG", b"x");
    let jpeg = fixture.see("A.JPG", 10);
    let raw = fixture.see("A.RAF", 12);
    assert_eq!(fixture.assign(jpeg), "d/A-2.JPG");
    assert_eq!(fixture.catalogue.object(raw).unwrap().path.as_deref(), Some("d/A-2.RAF"));
}

#[test]
fn twins_get_paths_of_their_own() {
    let fixture = Fixture::new();
    let twin = |twin| fixture.see_key(&PhotoKey { twin, ..key("A.JPG", 1) });
    let paths = [twin(0), twin(1)].map(|id| fixture.assign(id));
    assert_eq!(paths, ["d/A.JPG", "d/A-2.JPG"]);
}

#[test]
fn planning_keeps_nothing() {
    let fixture = Fixture::new();
    let id = fixture.see("A.JPG", 1);
    let planned = fixture.catalogue.plan_path(id, "d", "A.JPG", None, &|_| false).unwrap();
    assert_eq!(planned, "d/A.JPG");
    assert_eq!(fixture.catalogue.object(id).unwrap().path, None);
    {
        let planning = fixture.catalogue.planning().unwrap();
        let new = planning
            .see(fixture.camera, &key("A.JPG", 10), &filmwire_catalogue::Seen::default(), NOW)
            .unwrap();
        let assign = |id| planning.assign_path(id, "d", "A.JPG", None, &|_| false).unwrap();
        assert_eq!((assign(id), assign(new.id)), ("d/A.JPG".into(), "d/A-2.JPG".into()));
        planning.set_state(id, State::Known, None, None, NOW).unwrap();
    }
    assert_eq!(fixture.catalogue.object(id).unwrap().state, State::Seen);
    assert_eq!(fixture.catalogue.find(fixture.camera, &key("A.JPG", 10)).unwrap(), None);
}

#[test]
fn many_equal_names_stay_cheap() {
    let fixture = Fixture::new();
    let looks = RefCell::new(0);
    let exists = |path: &str| {
        *looks.borrow_mut() += 1;
        path != "d/A-5001.JPG"
    };
    let id = fixture.see("A.JPG", 1);
    // One hole only: the leaps may miss it, and then say so instead of searching for ever.
    let error = fixture.catalogue.assign_path(id, "d", "A.JPG", None, &exists).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    assert!(*looks.borrow() < 100);
}

#[test]
fn a_missing_file_leaves_its_path_to_its_own_photo_alone() {
    let fixture = Fixture::new();
    let Adopted::New(file) = fixture.catalogue.adopt_file("d/A.JPG", &sha(b"abc"), 3, NOW).unwrap()
    else {
        panic!()
    };
    fixture.catalogue.mark_missing(file, NOW).unwrap();
    assert_eq!(fixture.assign(fixture.see("A.JPG", 1)), "d/A-2.JPG");
}

/// Names that meet often, with seconds that make pairs and strangers.
fn card() -> impl Strategy<Value = Vec<(String, u32)>> {
    let stem = prop_oneof![Just("A"), Just("a"), Just("A-2"), Just("B")];
    let extension = prop_oneof![Just("JPG"), Just("RAF"), Just("jpg"), Just("MOV")];
    let photo = (stem, extension, 0..12_u32).prop_map(|(s, e, at)| (format!("{s}.{e}"), at));
    collection::hash_set(photo, 1..20).prop_map(|set| set.into_iter().collect())
}

fn assign_all(catalogue: &Catalogue, ids: &[ObjectId], taken: &[&str]) -> Vec<String> {
    let exists = |path: &str| taken.iter().any(|taken| taken.eq_ignore_ascii_case(path));
    let assign = |id: &ObjectId| {
        let name = catalogue.object(*id).unwrap().key.name;
        let pair = Some(PairHint::default());
        catalogue.assign_path(*id, "d", &name, pair, &exists).unwrap()
    };
    ids.iter().map(assign).collect()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    #[test]
    fn plan_and_run_agree_and_no_path_is_given_out_twice(photos in card()) {
        let fixture = Fixture::new();
        let _one_transaction_for_speed = fixture.catalogue.planning().unwrap();
        let mut ids: Vec<_> = photos.iter().map(|(name, at)| fixture.see(name, *at)).collect();
        ids.sort();
        ids.dedup();
        let taken = ["d/A.JPG", "d/b-3.raf"];
        let planned = assign_all(&fixture.catalogue.planning().unwrap(), &ids, &taken);
        let done = assign_all(&fixture.catalogue, &ids, &taken);
        prop_assert_eq!(&planned, &done);
        let again = assign_all(&fixture.catalogue, &ids, &taken);
        prop_assert_eq!(&again, &done);
        let mut distinct: HashSet<String> = done.iter().map(|path| path.to_lowercase()).collect();
        prop_assert_eq!(distinct.len(), ids.len());
        for path in taken {
            prop_assert_eq!(distinct.insert(path.to_lowercase()), true);
        }
    }
}

/// Parts of a recording: number, and seconds of day 2 (below zero of day 1) they were begun at.
const PARTS: [(u32, i32); 3] = [(41, -120), (42, -30), (43, 90)];
const PART_BYTES: u64 = 4_000_000_000;

fn part((number, second): (u32, i32), size: u64) -> PhotoKey {
    let of_day = |day: u32, second: i32| {
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("201601{day:02}T{hour:02}{minute:02}{second:02}")
    };
    let date = if second < 0 { of_day(1, 86_400 + second) } else { of_day(2, second) };
    PhotoKey {
        name: format!("DSCF{number:04}.MOV"),
        capture_date: Some(date),
        size,
        format: 0x300D,
        rendition: Rendition::Original,
        twin: 0,
    }
}

/// The folder of each object, in the order they come, with one folder for each day.
fn folders(fixture: &Fixture, keys: &[PhotoKey]) -> Vec<String> {
    let assign = |key: &PhotoKey| {
        let id = fixture.see_key(key);
        let day = &key.capture_date.as_deref().unwrap()[6..8];
        let exists = |path: &str| fixture.library.exists(path);
        let pair = Some(PairHint::default());
        let path = fixture.catalogue.assign_path(id, day, &key.name, pair, &exists).unwrap();
        path.split_once('/').unwrap().0.to_owned()
    };
    keys.iter().map(assign).collect()
}

#[test]
fn parts_of_a_recording_get_one_folder_across_midnight_in_either_order() {
    let keys = PARTS.map(|of| part(of, if of.0 == 43 { 1_000 } else { PART_BYTES }));
    assert_eq!(folders(&Fixture::new(), &keys), ["01", "01", "01"]);
    let mut newest_first = keys.clone();
    newest_first.reverse();
    assert_eq!(folders(&Fixture::new(), &newest_first), ["02", "02", "02"]);
    // In whatever order: the one between them finds either.
    let [a, b, c] = keys;
    assert_eq!(folders(&Fixture::new(), &[b.clone(), c.clone(), a.clone()]), ["01", "01", "01"]);
    // Given out again, as after a run that was cut, it is the same.
    assert_eq!(folders(&Fixture::new(), &[a.clone(), b, c.clone(), c, a]), ["01"; 5]);
}

#[test]
fn films_that_only_follow_each_other_keep_their_own_folders() {
    let short = PARTS.map(|of| part(of, 1_000));
    assert_eq!(folders(&Fixture::new(), &short), ["01", "01", "02"], "too small to be split");
    let late = [part((41, -30), PART_BYTES), part((42, 73 * 60), 1_000)];
    assert_eq!(folders(&Fixture::new(), &late), ["01", "02"], "more than an hour later");
    let earlier = [part((41, 30), PART_BYTES), part((42, -30), 1_000)];
    assert_eq!(folders(&Fixture::new(), &earlier), ["02", "01"], "begun before the part before it");
    let apart = [part((41, -30), PART_BYTES), part((43, 30), 1_000)];
    assert_eq!(folders(&Fixture::new(), &apart), ["01", "02"], "one number is missing");
    let mut photo = part((42, 30), 1_000);
    photo.name = "DSCF0042.JPG".into();
    assert_eq!(folders(&Fixture::new(), &[part((41, -30), PART_BYTES), photo]), ["01", "02"]);
    let wrap = [part((9999, -30), PART_BYTES), part((1, 30), 1_000)];
    assert_eq!(folders(&Fixture::new(), &wrap), ["01", "01"], "the number after 9999 is 0001");
}
