//! Asking again for what was proven.

use std::fs;
use std::sync::Arc;

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{Exec, ExecOptions, Found, Happening, Proof, Target, Verified, verify};

use crate::peer::folder_at;
use crate::stand::{Stand, content_of};

async fn ask(stand: &Stand, target: &Arc<dyn Target>, again: bool) -> Vec<(String, Found)> {
    let mut all = Vec::new();
    let job = Stand::job("nas", Arc::clone(target));
    let mut tell = |Verified { path, found, .. }| all.push((path, found));
    let usable = verify(&stand.library, &job, again, &stand.around, &mut tell).await.unwrap();
    usable.unwrap();
    all
}

#[tokio::test]
async fn what_was_lost_or_changed_at_a_target_is_found_and_brought_again() {
    let (stand, photos) = Stand::with_photos();
    let root = stand.path("nas");
    let target: Arc<dyn Target> = Arc::new(folder_at(&root, "one"));
    stand.settle(&target).await;
    let other: Arc<dyn Target> = Arc::new(folder_at(&root, "two"));
    let found = ask(&stand, &other, false).await;
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|(_, found)| *found == Found::There(Proof::ReadBack)), "{found:?}");

    // One is lost, and of another one a byte turned.
    fs::remove_file(root.join("2016/A.JPG")).unwrap();
    let mut rotten = photos["2016/B.RAF"].clone();
    rotten[12_345] ^= 1;
    fs::write(root.join("2016/B.RAF"), &rotten).unwrap();
    for again in [false, true] {
        let found = ask(&stand, &other, again).await;
        let wrong = found.iter().filter(|(_, found)| matches!(found, Found::Wrong(_)));
        assert_eq!(wrong.count(), 2, "{found:?}");
        let proven = stand.rows().iter().filter(|row| row.state == DeliveryState::Proven).count();
        assert_eq!(proven, if again { 1 } else { 3 });
    }
    stand.settle(&target).await;
    assert!(stand.all_are(DeliveryState::Proven));
    // What is there now is somebody's too: nothing is overwritten.
    let mut expected = photos.clone();
    expected.insert("2016/B.RAF".to_owned(), rotten);
    expected.insert("2016/B-2.RAF".to_owned(), photos["2016/B.RAF"].clone());
    assert_eq!(content_of(&root), expected);
    assert!(ask(&stand, &other, true).await.iter().all(|(_, f)| matches!(f, Found::There(_))));
}

#[tokio::test]
async fn a_target_that_cannot_be_used_is_called_that_and_doubts_nothing() {
    let (stand, _) = Stand::with_photos();
    let root = stand.path("nas");
    let target: Arc<dyn Target> = Arc::new(folder_at(&root, "one"));
    stand.settle(&target).await;
    fs::rename(&root, stand.path("away")).unwrap();
    fs::create_dir(&root).unwrap();
    let job = Stand::job("nas", Arc::clone(&target));
    let mut tell = |verified| panic!("{verified:?}");
    let usable = verify(&stand.library, &job, true, &stand.around, &mut tell).await.unwrap();
    assert!(usable.unwrap_err().reason.contains("mounted"));
    assert!(stand.all_are(DeliveryState::Proven));
}

#[tokio::test]
async fn a_program_cannot_be_asked_and_an_unknown_target_has_nothing() {
    let (stand, _) = Stand::with_photos();
    let argv = vec!["/bin/sh".to_owned(), "-c".to_owned(), "exit 0".to_owned()];
    let limit = std::time::Duration::from_secs(60);
    let target: Arc<dyn Target> = Arc::new(Exec::new(ExecOptions { argv, limit }));
    assert_eq!(ask(&stand, &target, true).await, []);
    stand.settle(&target).await;
    let found = ask(&stand, &target, true).await;
    assert!(found.iter().all(|(_, found)| *found == Found::There(Proof::Word)), "{found:?}");
    assert_eq!(found.len(), 3);
    assert!(stand.told().iter().any(|told| matches!(told, Happening::Proven { .. })));
}
