//! Two that want one name at the same moment.

use std::fs;
use std::sync::Arc;

use filmwire_deliver::store::Moved;

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
            // A server may lock the name for whom it serves, and send the other away.
            let given = answers.iter().filter(|answer| has_it(answer)).count();
            assert_eq!(given, 1, "{peer:?}, round {round}: {answers:?}");
            let who = answers.iter().position(|answer| has_it(&answer)).unwrap();
            let found = fs::read_to_string(root.join(format!("A-{round}.JPG"))).unwrap();
            assert_eq!(found, format!("part-{round}-{who}"), "{peer:?}");
            let other = root.join(format!("part-{round}-{}", 1 - who));
            assert!(other.exists(), "{peer:?}: the other's file is gone");
        }
    }
}
