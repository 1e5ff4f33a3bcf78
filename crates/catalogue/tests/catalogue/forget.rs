//! Forgetting and taking for known.

use filmwire_catalogue::{Error, ObjectFilter, State};

use crate::fixture::{Fixture, NOW, sha};

fn forget(fixture: &Fixture, filter: &ObjectFilter) -> u64 {
    fixture.catalogue.forget(filter, &|path| fixture.library.exists(path), NOW + 5).unwrap()
}

#[test]
fn a_forgotten_photo_whose_file_is_there_is_found_again() {
    let fixture = Fixture::new();
    let id = fixture.see("A.JPG", 1);
    let (path, file) = fixture.publish(id, b"abc");
    assert_eq!(forget(&fixture, &ObjectFilter::default()), 1);
    let row = fixture.catalogue.object(id).unwrap();
    assert_eq!((row.state, row.file, row.sha256), (State::Seen, None, Some(sha(b"abc"))));
    assert_eq!(fixture.catalogue.files_with_sha(&sha(b"abc")).unwrap()[0].path, path);
    fixture.catalogue.link_existing(id, file, NOW).unwrap();
    assert_eq!(fixture.catalogue.object(id).unwrap().path, Some(path), "it keeps its own path");
    assert!(filmwire_catalogue::check(&fixture.library, true).unwrap().is_empty());
}

#[test]
fn a_forgotten_photo_whose_file_is_gone_is_fetched_to_its_path() {
    let fixture = Fixture::new();
    let id = fixture.see("A.JPG", 1);
    let (path, _) = fixture.publish(id, b"abc");
    std::fs::remove_file(fixture.library.absolute(&path)).unwrap();
    assert_eq!(forget(&fixture, &ObjectFilter::default()), 1);
    assert!(fixture.catalogue.files_with_sha(&sha(b"abc")).unwrap().is_empty());
    assert_eq!(fixture.publish(id, b"abc").0, path);
    let steps: Vec<_> =
        fixture.catalogue.journal(id).unwrap().iter().map(|row| (row.from, row.to)).collect();
    assert_eq!(steps[2], (State::Published, State::Seen));
    assert_eq!(steps.len(), 5);
}

#[test]
fn forgetting_resets_tries_and_skips_what_has_nothing_to_forget() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let [seen, failed, publishing, known] =
        [1, 2, 3, 4].map(|n| fixture.see(&format!("{n}.JPG"), n));
    catalogue.set_state(failed, State::Failed, Some("cut"), None, NOW).unwrap();
    catalogue.set_state(known, State::Known, None, None, NOW).unwrap();
    let path = fixture.assign(publishing);
    fixture.begin(publishing, &path, b"abc");
    assert_eq!(forget(&fixture, &ObjectFilter::default()), 2);
    for id in [seen, failed, known] {
        let row = catalogue.object(id).unwrap();
        assert_eq!((row.state, row.tries, row.reason), (State::Seen, 0, None));
    }
    assert_eq!(catalogue.object(publishing).unwrap().state, State::Publishing);
    assert_eq!(forget(&fixture, &ObjectFilter::default()), 0);
}

#[test]
fn pages_end_where_the_filter_says() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let mark = |limit| {
        let filter = ObjectFilter { limit, ..ObjectFilter::default() };
        catalogue.mark_known(fixture.camera, &filter, None, NOW)
    };
    catalogue
        .transaction(|_| {
            for n in 0..1300 {
                fixture.see(&format!("{n}.JPG"), n);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(mark(Some(700)).unwrap(), 700);
    assert_eq!(mark(None).unwrap(), 600);
    assert_eq!(forget(&fixture, &ObjectFilter::default()), 1300);
}

#[test]
fn known_are_only_one_cameras_unfinished_objects() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let (a, b) = (fixture.see("A.JPG", 1), fixture.see("B.JPG", 2));
    fixture.publish(b, b"abc");
    let other = catalogue.add_camera("other", None, "", NOW).unwrap().id;
    assert_eq!(catalogue.mark_known(other, &ObjectFilter::default(), None, NOW).unwrap(), 0);
    let run = catalogue.begin_run(Some(fixture.camera), NOW).unwrap();
    let filter = ObjectFilter::default();
    assert_eq!(catalogue.mark_known(fixture.camera, &filter, Some(run), NOW).unwrap(), 1);
    assert_eq!(catalogue.object(a).unwrap().state, State::Known);
    assert_eq!(catalogue.journal(a).unwrap()[0].run, Some(run));
    assert_eq!(catalogue.object(b).unwrap().state, State::Published);
}

#[test]
fn forgetting_is_all_or_nothing() {
    let fixture = Fixture::new();
    let id = fixture.see("A.JPG", 1);
    fixture.catalogue.set_state(id, State::Known, None, None, NOW).unwrap();
    let result = fixture.catalogue.transaction(|_| {
        assert_eq!(forget(&fixture, &ObjectFilter::default()), 1);
        Err::<(), _>(Error::Busy)
    });
    assert!(result.is_err());
    assert_eq!(fixture.catalogue.object(id).unwrap().state, State::Known);
}
