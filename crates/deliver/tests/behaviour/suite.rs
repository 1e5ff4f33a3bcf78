//! What holds for every target.

use std::fs;
use std::sync::Arc;

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{End, FaultKind, Options, Target, Until, deliver};
use futures_util::future::join_all;

use crate::faulty::{Faulty, TROUBLES, Trouble};
use crate::peer::{Peer, peers};
use crate::stand::Stand;

#[tokio::test]
async fn every_file_is_delivered_once_and_proven() {
    for peer in peers() {
        let (stand, photos) = Stand::with_photos();
        let root = stand.path("nas");
        let target = Faulty::new(peer.target(&root, "one"), Trouble::DieBefore, usize::MAX);
        let dyn_target: Arc<dyn Target> = target.clone();
        assert_eq!(stand.once(&dyn_target).await, End::Idle { next: None });
        assert_eq!(Peer::content(&root), photos, "{peer:?}");
        assert!(stand.all_are(DeliveryState::Proven), "{peer:?}: {:?}", stand.rows());
        let calls = target.calls();
        assert_eq!(calls, 7, "a test, then put and proof for each");
        stand.once(&dyn_target).await;
        assert_eq!(target.calls(), calls, "{peer:?}: nothing is left to do");
        stand.add("D.JPG", b"new");
        stand.once(&dyn_target).await;
        assert_eq!(Peer::content(&root).len(), 4);
    }
}

/// Each trouble at each call; after it, a restart.
#[tokio::test]
async fn trouble_at_any_call_ends_with_every_file_once() {
    // At once, since most of the time is waiting.
    let each = peers().into_iter().map(async |peer| {
        for (n, trouble) in TROUBLES.into_iter().enumerate() {
            for at in peer.calls(n) {
                let (stand, photos) = Stand::with_photos();
                let root = stand.path("nas");
                let faulty = Faulty::new(peer.target(&root, "one"), trouble, at);
                let target: Arc<dyn Target> = faulty.clone();
                tokio::select! {
                    _ = stand.once(&target) => {}
                    () = faulty.died.notified() => {}
                }
                for row in stand.rows() {
                    let proven = row.state == DeliveryState::Proven;
                    assert!(!proven || Peer::content(&root).contains_key(&row.file.path));
                }
                stand.settle(&peer.target(&root, "one")).await;
                let case = format!("{peer:?} {trouble:?} at {at}");
                assert_eq!(Peer::content(&root), photos, "{case}");
                assert!(stand.all_are(DeliveryState::Proven), "{case}: {:?}", stand.rows());
            }
        }
    });
    join_all(each).await;
}

#[tokio::test]
async fn equal_content_is_adopted_and_other_content_kept() {
    for peer in peers() {
        let (stand, mut photos) = Stand::with_photos();
        let root = stand.path("nas");
        let target = peer.target(&root, "one");
        target.test(None).await.unwrap();
        fs::create_dir_all(root.join("2016")).unwrap();
        fs::write(root.join("2016/A.JPG"), "abc").unwrap();
        // Of the same size, and of another.
        let long = photos.get("2016/B.RAF").unwrap().clone();
        let other: Vec<u8> = long.iter().map(|byte| byte ^ 1).collect();
        fs::write(root.join("2016/B.RAF"), &other).unwrap();
        fs::write(root.join("C.MOV"), "not empty").unwrap();
        stand.settle(&target).await;
        photos.insert("2016/B.RAF".to_owned(), other);
        photos.insert("2016/B-2.RAF".to_owned(), long);
        photos.insert("C.MOV".to_owned(), b"not empty".to_vec());
        photos.insert("C-2.MOV".to_owned(), Vec::new());
        assert_eq!(Peer::content(&root), photos, "{peer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_deliverers_share_a_target() {
    for peer in peers() {
        println!("{peer:?}");
        let (one, mut photos) = Stand::with_photos();
        let (two, _) = Stand::with_photos();
        two.add("D.JPG", b"only here");
        one.add("E.JPG", b"one's");
        two.add("E.JPG", b"two's");
        let root = one.path("nas");
        let targets = [peer.target(&root, "one"), peer.target(&root, "two")];
        if peer.may_be_shared() {
            tokio::join!(one.settle(&targets[0]), two.settle(&targets[1]));
        } else {
            one.settle(&targets[0]).await;
            two.settle(&targets[1]).await;
        }
        let mut found = Peer::content(&root);
        let both = [found.remove("E.JPG").unwrap(), found.remove("E-2.JPG").unwrap()];
        assert!(both.contains(&b"one's".to_vec()) && both.contains(&b"two's".to_vec()));
        photos.insert("D.JPG".to_owned(), b"only here".to_vec());
        assert_eq!(found, photos, "{peer:?}");
        for stand in [&one, &two] {
            assert!(stand.all_are(DeliveryState::Proven), "{peer:?}");
        }
    }
}

#[tokio::test]
async fn targets_do_not_wait_for_each_other() {
    for peer in peers() {
        let (stand, photos) = Stand::with_photos();
        let (good, bad) = (stand.path("good"), stand.path("bad"));
        let broken =
            Faulty::new(peer.target(&bad, "bad"), Trouble::Before(FaultKind::Permanent), 1);
        let jobs = vec![Stand::job("bad", broken), Stand::job("good", peer.target(&good, "good"))];
        let options = Options { until: Until::Idle, ..Options::default() };
        deliver(&stand.library, jobs, &options, &stand.around).await.unwrap();
        assert_eq!(Peer::content(&good), photos);
        assert_eq!(Peer::content(&bad).len(), 2, "one failed for good");
        let catalogue = stand.library.catalogue().unwrap();
        let bad = catalogue.target_named("bad").unwrap().unwrap().id;
        let failed = catalogue.deliveries(bad, DeliveryState::Failed, None, 9).unwrap();
        assert_eq!(failed.len(), 1);
        assert_eq!((failed[0].next, failed[0].tries), (None, 1), "it waits for a person");
    }
}

#[tokio::test]
async fn a_source_that_changed_is_not_delivered() {
    let (stand, mut photos) = Stand::with_photos();
    let root = stand.path("nas");
    fs::write(stand.library.absolute("2016/A.JPG"), "xyz").unwrap();
    stand.once(&Peer::Folder.target(&root, "one")).await;
    photos.remove("2016/A.JPG");
    assert_eq!(Peer::content(&root), photos);
    let failed: Vec<_> =
        stand.rows().into_iter().filter(|row| row.state == DeliveryState::Failed).collect();
    assert!(failed[0].reason.as_deref().unwrap().contains("not what it was"), "{failed:?}");
    assert_eq!(failed[0].next, None);
}
