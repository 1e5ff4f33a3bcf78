//! Intents, published files, links and adoption.

use filmwire_catalogue::{
    Adopted, Error, FileState, Library, ObjectId, OpenOptions, Origin, Publish, State,
};

use crate::fixture::{Fixture, NOW, sha};

#[test]
fn an_intent_survives_its_process() {
    let fixture = Fixture::new();
    let id = fixture.see("A.JPG", 1);
    let path = fixture.assign(id);
    let file = fixture.begin(id, &path, b"abc");
    // Another connection sees it: it is committed.
    let library = Library::open(&fixture.root(), OpenOptions::default()).unwrap();
    let catalogue = library.catalogue().unwrap();
    let intents = catalogue.publishing().unwrap();
    let [intent] = intents.as_slice() else { panic!("{intents:?}") };
    assert_eq!((intent.object, intent.file, intent.path.as_str()), (id, file, "d/A.JPG"));
    assert_eq!((intent.sha256, intent.size), (sha(b"abc"), 3));
    let row = catalogue.file(file).unwrap();
    assert_eq!(
        (row.state, row.origin, row.published_at),
        (FileState::Intent, Origin::Fetched, None)
    );

    catalogue.finish_publish(id, NOW + 7).unwrap();
    assert!(catalogue.publishing().unwrap().is_empty());
    let row = catalogue.file(file).unwrap();
    assert_eq!((row.state, row.published_at), (FileState::Published, Some(NOW + 7)));
    let object = catalogue.object(id).unwrap();
    assert_eq!((object.state, object.file), (State::Published, Some(file)));
    assert_eq!(object.sha256, Some(sha(b"abc")));
}

#[test]
fn an_abandoned_intent_leaves_the_object_to_be_fetched_under_its_path() {
    let fixture = Fixture::new();
    let id = fixture.see("A.JPG", 1);
    let path = fixture.assign(id);
    let file = fixture.begin(id, &path, b"abc");
    fixture.catalogue.abandon_publish(id, NOW).unwrap();
    let row = fixture.catalogue.object(id).unwrap();
    assert_eq!((row.state, row.file, row.path.as_deref()), (State::Seen, None, Some("d/A.JPG")));
    assert!(matches!(fixture.catalogue.file(file), Err(Error::NotFound { .. })));
    assert_eq!(fixture.publish(id, b"abd").0, "d/A.JPG");
}

#[test]
fn steps_out_of_order_are_refused() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let id = fixture.see("A.JPG", 1);
    let transition = |result| matches!(result, Err(Error::Transition { .. }));
    assert!(transition(catalogue.finish_publish(id, NOW)));
    assert!(transition(catalogue.abandon_publish(id, NOW)));
    let (path, file) = fixture.publish(id, b"abc");
    assert!(transition(catalogue.finish_publish(id, NOW)));
    assert!(transition(catalogue.abandon_publish(id, NOW)));
    assert!(transition(catalogue.link_existing(id, file, NOW)));
    let again = Publish { path: &path, sha256: &sha(b"abc"), size: 3, proof: "" };
    assert!(transition(catalogue.begin_publish(id, again, None, NOW).map(|_| ())));
    assert!(matches!(catalogue.finish_publish(ObjectId(99), NOW), Err(Error::NotFound { .. })));
}

#[test]
fn a_path_belongs_to_one_file() {
    let fixture = Fixture::new();
    let (a, b) = (fixture.see("A.JPG", 1), fixture.see("B.JPG", 2));
    fixture.publish(a, b"abc");
    let begin = |path| {
        let file = Publish { path, sha256: &sha(b"abc"), size: 3, proof: "" };
        fixture.catalogue.begin_publish(b, file, None, NOW)
    };
    assert!(matches!(begin("D/a.jpg"), Err(Error::PathTaken { .. })));
    let c = fixture.see("C.JPG", 3);
    assert_eq!(fixture.assign(c), "d/C.JPG");
    assert!(matches!(begin("d/C.JPG"), Err(Error::PathTaken { .. })), "given out to another");
    assert_eq!(fixture.catalogue.object(b).unwrap().state, State::Seen);
    assert_eq!(fixture.catalogue.files(None, 10).unwrap().len(), 1, "no row is left behind");
    fixture.catalogue.adopt_file("d/old.jpg", &sha(b"abc"), 3, NOW).unwrap();
    assert!(matches!(begin("d/old.jpg"), Err(Error::PathTaken { .. })), "link it instead");
    assert!(begin("d/B.JPG").is_ok());
}

#[test]
fn equal_content_is_linked_and_its_path_is_free() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let (a, b) = (fixture.see("A.JPG", 1), fixture.see("B.JPG", 2));
    let (_, file) = fixture.publish(a, b"abc");
    fixture.assign(b);
    assert_eq!(catalogue.files_with_sha(&sha(b"abc")).unwrap()[0].id, file);
    catalogue.link_existing(b, file, NOW).unwrap();
    let row = catalogue.object(b).unwrap();
    assert_eq!((row.state, row.file, row.path), (State::Published, Some(file), None));
    assert!(catalogue.journal(b).unwrap()[0].detail.as_ref().unwrap().contains("d/A.JPG"));
    assert_eq!(fixture.assign(fixture.see("B.JPG", 20)), "d/B.JPG");
    let linked = catalogue.objects_with_sha(fixture.camera, &sha(b"abc")).unwrap();
    assert_eq!(linked.iter().map(|row| row.id).collect::<Vec<_>>(), [a, b]);
    assert!(filmwire_catalogue::check(&fixture.library, true).unwrap().is_empty());
}

#[test]
fn only_published_files_are_linked() {
    let fixture = Fixture::new();
    let (a, b) = (fixture.see("A.JPG", 1), fixture.see("B.JPG", 2));
    let path = fixture.assign(a);
    let file = fixture.begin(a, &path, b"abc");
    assert!(matches!(fixture.catalogue.link_existing(b, file, NOW), Err(Error::Invalid(_))));
    fixture.catalogue.finish_publish(a, NOW).unwrap();
    fixture.catalogue.mark_missing(file, NOW).unwrap();
    assert!(matches!(fixture.catalogue.link_existing(b, file, NOW), Err(Error::Invalid(_))));
    fixture.catalogue.mark_found(file, NOW).unwrap();
    fixture.catalogue.link_existing(b, file, NOW).unwrap();
}

#[test]
fn adopting_tells_new_known_and_changed() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let Adopted::New(file) = catalogue.adopt_file("old/A.JPG", &sha(b"abc"), 3, NOW).unwrap()
    else {
        panic!()
    };
    let row = catalogue.file(file).unwrap();
    assert_eq!((row.origin, row.state), (Origin::Adopted, FileState::Published));
    let adopt = |content: &[u8]| catalogue.adopt_file("OLD/a.jpg", &sha(content), 3, NOW).unwrap();
    assert_eq!(adopt(b"abc"), Adopted::Known(file));
    assert_eq!(adopt(b"abd"), Adopted::Changed(file));
    assert_eq!(catalogue.file(file).unwrap(), row);
    catalogue.mark_missing(file, NOW).unwrap();
    assert_eq!(adopt(b"abc"), Adopted::Known(file));
    assert_eq!(catalogue.file(file).unwrap().state, FileState::Published);
}

#[test]
fn a_missing_file_that_is_fetched_again_is_the_same_row() {
    let fixture = Fixture::new();
    let catalogue = &fixture.catalogue;
    let (a, b) = (fixture.see("A.JPG", 1), fixture.see("B.JPG", 2));
    let (path, file) = fixture.publish(a, b"abc");
    catalogue.link_existing(b, file, NOW).unwrap();
    std::fs::remove_file(fixture.library.absolute(&path)).unwrap();
    let filter = filmwire_catalogue::ObjectFilter { ids: vec![a], ..Default::default() };
    assert_eq!(catalogue.forget(&filter, &|path| fixture.library.exists(path), NOW).unwrap(), 1);
    assert_eq!(catalogue.file(file).unwrap().state, FileState::Missing, "b still refers to it");

    assert_eq!(fixture.assign(a), path, "its own path is free for it");
    assert_eq!(fixture.begin(a, &path, b"abc"), file);
    catalogue.abandon_publish(a, NOW).unwrap();
    assert_eq!(catalogue.file(file).unwrap().state, FileState::Missing);
    assert_eq!(fixture.publish(a, b"abc"), (path, file));
    assert!(filmwire_catalogue::check(&fixture.library, true).unwrap().is_empty());
}
