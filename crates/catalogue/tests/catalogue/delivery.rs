//! Targets and deliveries: queue, states, what is due.

use filmwire_catalogue::{
    Choice, DeliveryState, Due, Error, FileFacts, FileId, Rendition, TargetId,
};

use crate::fixture::{Fixture, NOW, key, sha};

const HOUR_MS: i64 = 3_600_000;

fn due(now: i64) -> Due {
    Due { now, horizon_ms: HOUR_MS, limit: 100 }
}

/// A library with `count` published photos, all queued for one target.
fn queued(count: u32) -> (Fixture, TargetId, Vec<FileId>) {
    let fixture = Fixture::new();
    let files = (1..=count)
        .map(|n| {
            let object = fixture.see(&format!("DSCF{n:04}.JPG"), n);
            fixture.publish(object, format!("photo {n}").as_bytes()).1
        })
        .collect();
    let target = fixture.catalogue.add_target("nas", NOW).unwrap().id;
    assert_eq!(
        fixture.catalogue.enqueue(target, &Choice::default(), NOW).unwrap(),
        u64::from(count)
    );
    (fixture, target, files)
}

fn due_files(fixture: &Fixture, target: TargetId, now: i64) -> Vec<FileId> {
    let rows = fixture.catalogue.due_deliveries(target, due(now)).unwrap();
    rows.iter().map(|row| row.file.id).collect()
}

fn state(fixture: &Fixture, target: TargetId, file: FileId) -> DeliveryState {
    fixture.catalogue.delivery(target, file).unwrap().unwrap().state
}

#[test]
fn queueing_again_queues_what_is_new_alone() {
    let (fixture, target, files) = queued(2);
    let catalogue = &fixture.catalogue;
    catalogue.begin_sending(target, files[0], NOW).unwrap();
    assert_eq!(catalogue.enqueue(target, &Choice::default(), NOW).unwrap(), 0);
    assert_eq!(state(&fixture, target, files[0]), DeliveryState::Sending);
    let object = fixture.see("DSCF0003.JPG", 3);
    let path = fixture.assign(object);
    let intent = fixture.begin(object, &path, b"photo 3");
    assert_eq!(catalogue.enqueue(target, &Choice::default(), NOW).unwrap(), 0, "only an intent");
    catalogue.finish_publish(object, NOW).unwrap();
    assert_eq!(catalogue.enqueue(target, &Choice::default(), NOW).unwrap(), 1);
    assert_eq!(due_files(&fixture, target, NOW), [files[1], intent]);
    let other = catalogue.add_target("site", NOW).unwrap().id;
    assert_eq!(catalogue.enqueue(other, &Choice::default(), NOW).unwrap(), 3);
    let missing = catalogue.enqueue(TargetId(77), &Choice::default(), NOW);
    assert!(matches!(missing, Err(Error::NotFound { what: "target", .. })));
}

#[test]
fn a_file_goes_from_waiting_to_proven() {
    let (fixture, target, files) = queued(1);
    let (catalogue, file) = (&fixture.catalogue, files[0]);
    catalogue.begin_sending(target, file, NOW + 1).unwrap();
    assert_eq!(due_files(&fixture, target, NOW), [], "it is being sent");
    catalogue.mark_stored(target, file, "d/A-2.JPG", NOW + 2).unwrap();
    assert_eq!(due_files(&fixture, target, NOW), [file], "it lacks its proof");
    catalogue.mark_proven(target, file, "read back", NOW + 3).unwrap();
    assert_eq!(due_files(&fixture, target, NOW), []);
    let row = catalogue.delivery(target, file).unwrap().unwrap();
    assert_eq!((row.state, row.tries, row.changed), (DeliveryState::Proven, 1, NOW + 3));
    assert_eq!(row.path.as_deref(), Some("d/A-2.JPG"));
    assert_eq!(row.proof.as_deref(), Some("read back"));
    assert_eq!((row.reason, row.next), (None, None));
}

#[test]
fn steps_out_of_order_are_refused() {
    let (fixture, target, files) = queued(1);
    let (catalogue, file) = (&fixture.catalogue, files[0]);
    let refused = |result| matches!(result, Err(Error::Delivery { .. }));
    assert!(refused(catalogue.mark_stored(target, file, "d/A", NOW)));
    assert!(refused(catalogue.mark_proven(target, file, "size", NOW)));
    assert!(refused(catalogue.mark_failed(target, file, "x", None, NOW)));
    assert!(refused(catalogue.postpone(target, file, NOW)));
    catalogue.begin_sending(target, file, NOW).unwrap();
    assert!(refused(catalogue.begin_sending(target, file, NOW)));
    assert!(refused(catalogue.mark_proven(target, file, "size", NOW)), "never without stored");
    catalogue.mark_stored(target, file, "d/A", NOW).unwrap();
    assert!(refused(catalogue.begin_sending(target, file, NOW)));
    assert!(refused(catalogue.postpone(target, file, NOW)));
    catalogue.mark_proven(target, file, "size", NOW).unwrap();
    assert!(refused(catalogue.mark_failed(target, file, "x", None, NOW)));
    assert!(refused(catalogue.begin_sending(target, file, NOW)));
    let missing = catalogue.begin_sending(target, FileId(77), NOW);
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[test]
fn a_failed_file_is_due_when_its_time_has_come() {
    let (fixture, target, files) = queued(3);
    let catalogue = &fixture.catalogue;
    for (file, next) in
        [(files[0], Some(NOW + 2000)), (files[1], Some(NOW + 1000)), (files[2], None)]
    {
        catalogue.begin_sending(target, file, NOW).unwrap();
        catalogue.mark_failed(target, file, "no route", next, NOW).unwrap();
    }
    assert_eq!(due_files(&fixture, target, NOW), []);
    assert_eq!(catalogue.next_delivery(target).unwrap(), Some(NOW + 1000));
    assert_eq!(due_files(&fixture, target, NOW + 2000), [files[1], files[0]]);
    assert_eq!(
        due_files(&fixture, target, NOW - HOUR_MS),
        [files[1], files[0]],
        "the clock went back: nobody waits an hour longer than the longest wait"
    );
    let failed = catalogue.deliveries(target, DeliveryState::Failed, None, 10).unwrap();
    assert_eq!(failed.len(), 3);
    assert_eq!(failed[2].reason.as_deref(), Some("no route"));
    let rest = catalogue.deliveries(target, DeliveryState::Failed, Some(files[0]), 1).unwrap();
    assert_eq!(rest[0].file.id, files[1]);

    assert_eq!(catalogue.retry_deliveries(target, NOW).unwrap(), 3);
    assert_eq!(due_files(&fixture, target, NOW), files);
    assert_eq!(catalogue.delivery(target, files[0]).unwrap().unwrap().tries, 0);
}

#[test]
fn what_a_dead_process_was_sending_is_looked_at_again() {
    let (fixture, target, files) = queued(2);
    let catalogue = &fixture.catalogue;
    catalogue.begin_sending(target, files[0], NOW).unwrap();
    catalogue.begin_sending(target, files[1], NOW).unwrap();
    catalogue.mark_stored(target, files[1], "d/B", NOW).unwrap();
    let other = catalogue.add_target("site", NOW).unwrap().id;
    catalogue.enqueue(other, &Choice::default(), NOW).unwrap();
    catalogue.begin_sending(other, files[0], NOW).unwrap();
    assert_eq!(catalogue.recover_deliveries(target, NOW).unwrap(), 1);
    assert_eq!(due_files(&fixture, target, NOW), [files[1], files[0]], "proofs come first");
    assert_eq!(state(&fixture, target, files[1]), DeliveryState::Stored);
    assert_eq!(state(&fixture, other, files[0]), DeliveryState::Sending, "another's");
    let row = catalogue.delivery(target, files[0]).unwrap().unwrap();
    assert_eq!((row.tries, row.reason.as_deref()), (1, Some("sending was cut")));
}

#[test]
fn files_that_left_the_library_are_not_due() {
    let (fixture, target, files) = queued(1);
    fixture.catalogue.mark_missing(files[0], NOW).unwrap();
    assert_eq!(due_files(&fixture, target, NOW), []);
    fixture.catalogue.mark_found(files[0], NOW).unwrap();
    assert_eq!(due_files(&fixture, target, NOW), files);
}

#[test]
fn a_forgotten_file_takes_its_deliveries_along() {
    let (fixture, target, files) = queued(1);
    let everything = filmwire_catalogue::ObjectFilter::default();
    fixture.catalogue.forget(&everything, &|_| false, NOW).unwrap();
    assert_eq!(fixture.catalogue.delivery(target, files[0]).unwrap(), None);
}

#[test]
fn counts_are_by_target_and_state() {
    let (fixture, target, files) = queued(3);
    fixture.catalogue.begin_sending(target, files[0], NOW).unwrap();
    let counts = fixture.catalogue.delivery_counts().unwrap();
    let told: Vec<_> =
        counts.iter().map(|c| (c.target.as_str(), c.state, c.files, c.bytes)).collect();
    assert_eq!(
        told,
        [("nas", DeliveryState::Sending, 1, 7), ("nas", DeliveryState::Waiting, 2, 14)]
    );
}

#[test]
fn a_target_keeps_its_place_and_its_pause() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let target = catalogue.add_target("nas", NOW).unwrap();
    assert_eq!(catalogue.add_target("nas", NOW + 1).unwrap(), target, "a name is one target");
    assert!(matches!(catalogue.add_target("", NOW), Err(Error::Invalid(_))));
    catalogue.set_place(target.id, "one").unwrap();
    catalogue.set_place(target.id, "one").unwrap();
    assert!(matches!(catalogue.set_place(target.id, "two"), Err(Error::Invalid(_))));
    catalogue.pause_target(target.id, "no route", NOW + 5).unwrap();
    catalogue.pause_target(target.id, "still none", NOW + 9).unwrap();
    let row = catalogue.target_named("nas").unwrap().unwrap();
    assert_eq!((row.place.as_deref(), row.tries, row.next), (Some("one"), 2, Some(NOW + 9)));
    assert_eq!(row.reason.as_deref(), Some("still none"));
    catalogue.resume_target(target.id).unwrap();
    catalogue.forget_place(target.id).unwrap();
    assert_eq!(catalogue.targets().unwrap(), [target]);
}

/// Files of all sorts, named by what they are; returns the names a choice chooses.
fn chosen(choice: &Choice) -> Vec<String> {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let facts = |kind: &str, model: &str, taken: Option<&str>, rating| FileFacts {
        kind: Some(kind.to_owned()),
        model: Some(model.to_owned()),
        taken: taken.map(str::to_owned),
        rating,
        ..FileFacts::default()
    };
    let (_, jpeg) = fixture.publish(fixture.see("JPEG.JPG", 1), b"jpeg");
    catalogue.set_facts(jpeg, &facts("jpeg", "X-T5", Some("20240501T120000"), Some(4))).unwrap();
    let (_, raw) = fixture.publish(fixture.see("RAW.RAF", 2), b"raw");
    catalogue.set_facts(raw, &facts("raf", "X-T50", Some("20230101T000000"), None)).unwrap();
    // Nobody looked at it: only the camera's word is known, the year 2016.
    fixture.publish(fixture.see("DARK.MOV", 3), b"dark");
    let small = fixture.see_key(&filmwire_catalogue::PhotoKey {
        rendition: Rendition::Resized,
        ..key("SMALL.JPG", 4)
    });
    let (_, small) = fixture.publish(small, b"small");
    catalogue.set_facts(small, &facts("jpeg", "X-T5", None, Some(5))).unwrap();
    catalogue.adopt_file("CARD.JPG", &sha(b"card"), 4, NOW).unwrap();
    let target = catalogue.add_target("nas", NOW).unwrap().id;
    catalogue.enqueue(target, choice, NOW).unwrap();
    let rows = catalogue.due_deliveries(target, due(NOW)).unwrap();
    rows.iter().map(|row| row.file.path.trim_start_matches("d/").to_owned()).collect()
}

#[test]
fn choices_choose() {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    assert_eq!(chosen(&Choice::default()), ["JPEG.JPG", "RAW.RAF", "DARK.MOV", "CARD.JPG"]);
    let all = Choice { resized: true, ..Choice::default() };
    assert_eq!(chosen(&all).len(), 5);
    let kinds = Choice { kinds: words(&["jpeg", "film"]), ..Choice::default() };
    assert_eq!(chosen(&kinds), ["JPEG.JPG"]);
    let model = Choice { cameras: words(&["X-T5"]), ..Choice::default() };
    assert_eq!(chosen(&model), ["JPEG.JPG"], "X-T50 is another model");
    let key = Choice { cameras: words(&["none", "ssid"]), ..Choice::default() };
    assert_eq!(chosen(&key), ["JPEG.JPG", "RAW.RAF", "DARK.MOV"]);
    let rated = Choice { min_rating: Some(4), ..Choice::default() };
    assert_eq!(chosen(&rated), ["JPEG.JPG"]);
    let since = |since: &str| Choice { since: Some(since.to_owned()), ..Choice::default() };
    assert_eq!(chosen(&since("20240501")), ["JPEG.JPG"]);
    assert_eq!(chosen(&since("2015")), ["JPEG.JPG", "RAW.RAF", "DARK.MOV"]);
}
