//! Others at the same place at the same moment: for one name, for the marker.

use std::fs;
use std::sync::Arc;

use filmwire_deliver::store::Moved;
#[cfg(feature = "site")]
use filmwire_deliver::{FileTarget, MARK_FILE, Target};

#[cfg(feature = "site")]
use crate::between::Between;
#[cfg(feature = "site")]
use crate::peer::MADE;
use crate::peer::{Peer, stores};
use crate::stand::Stand;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_want_a_name_one_gets_it() {
    for peer in stores().into_iter().filter(Peer::may_be_shared) {
        let stand = Stand::new();
        let root = stand.path("nas");
        fs::create_dir(&root).unwrap();
        let stores = [peer.store(&root), peer.store(&root)];
        for round in 0..100 {
            let ask = |who: usize| {
                let (store, part) = (Arc::clone(&stores[who]), format!("part-{round}-{who}"));
                fs::write(root.join(&part), part.as_bytes()).unwrap();
                let to = format!("A-{round}.JPG");
                tokio::spawn(async move { store.move_new(&part, &to).await })
            };
            let (one, two) = tokio::join!(ask(0), ask(1));
            let answers = [one.unwrap(), two.unwrap()];
            let has_it = |answer| matches!(answer, &Ok(Moved::Done));
            let given = answers.iter().filter(|answer| has_it(answer)).count();
            let taken = answers.iter().filter(|answer| matches!(answer, Ok(Moved::Taken))).count();
            // A server may lock the name for whom it serves, and send the other away.
            let sent_away = answers.iter().flat_map(|answer| answer.as_ref().err());
            let sent_away = sent_away.filter(|fault| fault.reason.contains("423 Locked")).count();
            assert_eq!((given, taken + sent_away), (1, 1), "{peer:?}, round {round}: {answers:?}");
            let who = answers.iter().position(has_it).unwrap();
            let found = fs::read_to_string(root.join(format!("A-{round}.JPG"))).unwrap();
            assert_eq!(found, format!("part-{round}-{who}"), "{peer:?}");
            let other = root.join(format!("part-{round}-{}", 1 - who));
            assert!(other.exists(), "{peer:?}: the other's file is gone");
        }
    }
}

/// The marker is replaced in the very step in which the target was made, whose row knows no marker.
#[cfg(feature = "site")]
#[tokio::test]
async fn a_target_that_is_another_as_its_first_photo_is_proven_pauses() {
    let stand = Stand::with_photos().0;
    let root = stand.path("nas");
    let photo = root.join("2016/A.JPG");
    let (first, marker) = (photo.clone(), root.join(MARK_FILE));
    let store = Between::new(&root, 0, move || {
        if first.exists() {
            fs::remove_file(&first).unwrap();
            fs::write(&marker, "0123456789abcdef0123456789abcdef\n").unwrap();
        }
    });
    store.go.notify_one();
    let target: Arc<dyn Target> = Arc::new(FileTarget::new(Arc::new(store), MADE, "one"));
    stand.once(&target).await;
    let row = stand.library.catalogue().unwrap().target_named("nas").unwrap().unwrap();
    assert!(row.reason.unwrap().contains("is another target"));
    assert_eq!(Peer::content(&root).len(), 0, "nothing more was put there");
}
