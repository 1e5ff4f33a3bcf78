//! Cameras, objects, states, journal and runs.

use filmwire_catalogue::{
    CameraId, Error, ObjectFilter, ObjectId, PhotoKey, Rendition, RunId, Seen, State, UtcOffset,
};

use crate::fixture::{Fixture, NOW, key};

#[test]
fn bodies_of_one_key_come_last_met_first() {
    let Fixture { catalogue, camera, .. } = &Fixture::new();
    let second = catalogue.add_camera("ssid", Some("B"), "X-T20", NOW + 5).unwrap().id;
    catalogue.add_camera("other", None, "X-T4", NOW + 9).unwrap();
    let ids = || -> Vec<CameraId> {
        catalogue.cameras_with_key("ssid").unwrap().iter().map(|c| c.id).collect()
    };
    assert_eq!(ids(), [second, *camera]);
    catalogue.touch_camera(*camera, "X-T30", NOW + 7).unwrap();
    assert_eq!(ids(), [*camera, second]);
    catalogue.touch_camera(*camera, "", NOW - 100).unwrap();
    let met = catalogue.camera(*camera).unwrap();
    assert_eq!((met.model.as_str(), met.first_seen, met.last_seen), ("X-T30", NOW, NOW + 7));
    assert_eq!(catalogue.cameras().unwrap().len(), 3);
}

#[test]
fn key_and_serial_name_one_body() {
    let Fixture { catalogue, camera, .. } = &Fixture::new();
    assert!(matches!(catalogue.add_camera("ssid", None, "", NOW), Err(Error::Invalid(_))));
    catalogue.set_serial(*camera, "A").unwrap();
    let second = catalogue.add_camera("ssid", None, "", NOW).unwrap().id;
    assert!(matches!(catalogue.set_serial(second, "A"), Err(Error::Invalid(_))));
    catalogue.set_serial(second, "B").unwrap();
    assert_eq!(catalogue.camera(second).unwrap().serial.as_deref(), Some("B"));
    assert!(matches!(catalogue.set_serial(CameraId(99), "C"), Err(Error::NotFound { .. })));
    assert!(matches!(catalogue.touch_camera(CameraId(99), "", 0), Err(Error::NotFound { .. })));
}

#[test]
fn each_part_of_the_key_makes_another_object() {
    let fixture = Fixture::new();
    let base = key("DSCF0001.JPG", 1);
    let first = fixture.see_key(&base);
    assert_eq!(fixture.see_key(&base), first);
    let others = [
        PhotoKey { name: "dscf0001.jpg".to_owned(), ..base.clone() },
        PhotoKey { capture_date: None, ..base.clone() },
        PhotoKey { capture_date: Some("20160102T150002".to_owned()), ..base.clone() },
        PhotoKey { size: 7, ..base.clone() },
        PhotoKey { format: 0xB103, ..base.clone() },
        PhotoKey { rendition: Rendition::Resized, ..base.clone() },
        PhotoKey { twin: 1, ..base.clone() },
    ];
    let mut ids: Vec<ObjectId> = others.iter().map(|key| fixture.see_key(key)).collect();
    for (key, id) in others.iter().zip(&ids) {
        let found = fixture.catalogue.find(fixture.camera, key).unwrap().unwrap();
        assert_eq!((found.id, &found.key), (*id, key));
    }
    let other = fixture.catalogue.add_camera("other", None, "", NOW).unwrap().id;
    assert_eq!(fixture.catalogue.find(other, &base).unwrap(), None);
    ids.push(fixture.catalogue.see(other, &base, &Seen::default(), NOW).unwrap().id);
    ids.push(first);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 9);
}

#[test]
fn see_returns_what_is_stored() {
    let Fixture { catalogue, camera, .. } = &Fixture::new();
    let run = catalogue.begin_run(Some(*camera), NOW).unwrap();
    let offset = UtcOffset { minutes: -210, source: "exif".to_owned() };
    let seen = Seen { utc_offset: Some(offset.clone()), run: Some(run) };
    let row = catalogue.see(*camera, &key("A.JPG", 1), &seen, NOW).unwrap();
    assert_eq!(catalogue.object(row.id).unwrap(), row);
    assert_eq!(catalogue.see(*camera, &key("A.JPG", 1), &Seen::default(), NOW + 9).unwrap(), row);

    let late = catalogue.see(*camera, &key("B.JPG", 1), &Seen::default(), NOW).unwrap();
    assert_eq!(late.utc_offset, None);
    let late = catalogue.see(*camera, &key("B.JPG", 1), &seen, NOW).unwrap();
    assert_eq!(late.utc_offset, Some(offset));
    assert_eq!(catalogue.object(late.id).unwrap(), late);
}

#[test]
fn sizes_past_what_can_be_stored_are_refused() {
    let Fixture { catalogue, camera, .. } = &Fixture::new();
    let huge = PhotoKey { size: u64::MAX, ..key("A.JPG", 1) };
    let error = catalogue.see(*camera, &huge, &Seen::default(), NOW).unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    let big = PhotoKey { size: 1 << 40, ..key("A.JPG", 1) };
    let row = catalogue.see(*camera, &big, &Seen::default(), NOW).unwrap();
    assert_eq!(catalogue.object(row.id).unwrap().key.size, 1 << 40);
}

#[test]
fn names_of_a_hostile_camera_are_only_text() {
    let fixture = Fixture::new();
    for name in ["../../x", "/etc/passwd", "", "\u{1}\n", "'; DROP TABLE object; --"] {
        let id = fixture.see(name, 1);
        assert_eq!(fixture.catalogue.object(id).unwrap().key.name, name);
    }
}

#[test]
fn every_change_of_state_is_in_the_journal() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let run = catalogue.begin_run(Some(fixture.camera), NOW).unwrap();
    let id = fixture.see("A.JPG", 1);
    catalogue.set_state(id, State::Fetching, None, Some(run), NOW + 1).unwrap();
    catalogue.set_state(id, State::Fetching, None, Some(run), NOW + 2).unwrap();
    catalogue.set_state(id, State::Failed, Some("cut"), Some(run), NOW + 3).unwrap();
    catalogue.set_state(id, State::Failed, Some("cut"), None, NOW + 4).unwrap();
    let row = catalogue.object(id).unwrap();
    assert_eq!((row.state, row.tries, row.run), (State::Failed, 2, Some(run)));
    assert_eq!(row.reason.as_deref(), Some("cut"));
    let (path, _) = fixture.publish(id, b"abc");
    catalogue.mark_damaged(id, "no end of image", None, NOW + 9).unwrap();

    let journal = catalogue.journal(id).unwrap();
    let steps: Vec<_> = journal.iter().map(|row| (row.from, row.to, row.at - NOW)).collect();
    assert_eq!(
        steps,
        [
            (State::Seen, State::Fetching, 1),
            (State::Fetching, State::Failed, 3),
            (State::Failed, State::Failed, 4),
            (State::Failed, State::Publishing, 0),
            (State::Publishing, State::Published, 1),
            (State::Published, State::Damaged, 9),
        ]
    );
    let detail = |index: usize| journal[index].detail.as_deref();
    assert_eq!((detail(1), detail(3)), (Some("cut"), Some(path.as_str())));
    assert!(journal.iter().all(|row| row.run == Some(run)));
}

#[test]
fn states_with_files_are_reached_by_their_own_functions() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let id = fixture.see("A.JPG", 1);
    for state in [State::Publishing, State::Published, State::Damaged] {
        let error = catalogue.set_state(id, state, Some("x"), None, NOW).unwrap_err();
        assert!(matches!(error, Error::Transition { .. }), "{error}");
    }
    for state in [State::Failed, State::Skipped] {
        let error = catalogue.set_state(id, state, None, None, NOW).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
    }
    assert!(catalogue.mark_damaged(id, "x", None, NOW).is_err());
    fixture.publish(id, b"abc");
    for state in [State::Seen, State::Fetching, State::Failed, State::Known, State::Skipped] {
        let error = catalogue.set_state(id, state, Some("x"), None, NOW).unwrap_err();
        assert!(matches!(error, Error::Transition { .. }), "{error}");
    }
    let missing = catalogue.set_state(ObjectId(99), State::Known, None, None, NOW);
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[test]
fn filters_choose() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let ids: Vec<_> = (0..6).map(|n| fixture.see(&format!("DSCF000{n}.JPG"), n * 60)).collect();
    catalogue.set_state(ids[2], State::Known, None, None, NOW).unwrap();
    catalogue.set_state(ids[4], State::Skipped, Some("not wanted"), None, NOW).unwrap();
    let other = catalogue.add_camera("other", None, "", NOW).unwrap().id;
    let foreign =
        catalogue.see(other, &key("X.MOV", 1), &Seen { run: None, utc_offset: None }, NOW).unwrap();
    let all = ObjectFilter::default();
    let chosen = |filter: ObjectFilter| -> Vec<ObjectId> {
        catalogue.objects(&filter).unwrap().iter().map(|row| row.id).collect()
    };
    assert_eq!(chosen(all.clone()).len(), 7);
    assert_eq!(chosen(ObjectFilter { camera: Some(other), ..all.clone() }), [foreign.id]);
    assert_eq!(chosen(ObjectFilter { ids: vec![ids[1]], ..all.clone() }), [ids[1]]);
    let states = vec![State::Known, State::Skipped];
    assert_eq!(chosen(ObjectFilter { states, ..all.clone() }), [ids[2], ids[4]]);
    let name = Some("dscf000[01]*".to_owned());
    assert_eq!(chosen(ObjectFilter { name, ..all.clone() }), ids[..2]);
    let since = Some("20160102T1504".to_owned());
    assert_eq!(chosen(ObjectFilter { since, ..all.clone() }), ids[4..]);
    let page = ObjectFilter { after: Some(ids[1]), limit: Some(2), ..all.clone() };
    assert_eq!(chosen(page), ids[2..4]);
    assert_eq!(chosen(ObjectFilter { run: Some(RunId(5)), ..all.clone() }), []);
    let counts = catalogue.count_by_state(&all).unwrap();
    assert_eq!(counts, [(State::Known, 1), (State::Seen, 5), (State::Skipped, 1)]);
}

#[test]
fn an_object_moves_to_the_body_that_made_it() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let id = fixture.see("A.JPG", 1);
    let other = catalogue.add_camera("ssid", Some("B"), "", NOW).unwrap().id;
    catalogue.set_exif_serial(id, "B").unwrap();
    catalogue
        .begin_listing(fixture.camera, 1, filmwire_catalogue::Direction::NewestFirst, NOW)
        .unwrap();
    catalogue.put_place(fixture.camera, 0, id).unwrap();
    catalogue.move_object(id, other).unwrap();
    let row = catalogue.object(id).unwrap();
    assert_eq!((row.camera, row.exif_serial.as_deref()), (other, Some("B")));
    assert_eq!(catalogue.snapshot(fixture.camera).unwrap(), None, "its card was not what we took");
    let again = fixture.see("A.JPG", 1);
    assert_ne!(again, id);
    assert!(matches!(catalogue.move_object(again, other), Err(Error::Invalid(_))));
}

#[test]
fn runs_end_once() {
    let Fixture { catalogue, camera, .. } = &Fixture::new();
    let run = catalogue.begin_run(None, NOW).unwrap();
    catalogue.set_run_camera(run, *camera).unwrap();
    catalogue.end_run(run, "done", Some("{\"new\":1}"), NOW + 5).unwrap();
    assert!(matches!(catalogue.end_run(run, "x", None, NOW), Err(Error::NotFound { .. })));
    let cut = catalogue.begin_run(Some(*camera), NOW + 9).unwrap();
    let runs = catalogue.runs(10).unwrap();
    assert_eq!((runs[0].id, runs[0].ended), (cut, None));
    assert_eq!((runs[1].camera, runs[1].ended), (Some(*camera), Some(NOW + 5)));
    assert_eq!(runs[1].outcome.as_deref(), Some("done"));
}
