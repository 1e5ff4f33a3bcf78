//! The folder target on a disk with faults at each step.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{FileTarget, Folder, Happening, Target};

use crate::layer::{Layer, Trouble};
use crate::peer::{MADE, Peer, folder_at};
use crate::stand::Stand;

/// Linux: no space left on device.
const ENOSPC: i32 = 28;
/// Linux: input or output error.
const EIO: i32 = 5;

fn folder(root: &Path, layer: &Layer) -> Arc<dyn Target> {
    let folder = Folder::with_files(root.to_owned(), Arc::new(layer.clone()));
    Arc::new(FileTarget::new(Arc::new(folder), MADE, "one"))
}

/// Steps of a run without faults.
async fn count_steps() -> usize {
    let (stand, _) = Stand::with_photos();
    let root = stand.path("nas");
    let layer = Layer::new(&root, Trouble::None, 0);
    stand.settle(&folder(&root, &layer)).await;
    assert!(layer.0.steps() > 50, "{}", layer.0.steps());
    layer.0.steps()
}

/// Runs once and, if the process dies in it, leaves what a dead process leaves.
async fn run_or_die(stand: &Stand, target: &Arc<dyn Target>, layer: &Layer) {
    tokio::select! {
        _ = stand.once(target) => {}
        () = layer.0.died.notified() => {}
    }
    layer.0.bury();
}

#[tokio::test]
async fn a_process_that_dies_at_any_step_loses_nothing() {
    for at in 0..count_steps().await {
        let (stand, photos) = Stand::with_photos();
        let root = stand.path("nas");
        let layer = Layer::new(&root, Trouble::Die, at);
        run_or_die(&stand, &folder(&root, &layer), &layer).await;
        for (path, content) in Peer::content(&root) {
            let whole = photos.get(&path) == Some(&content);
            assert!(whole || path.contains(".filmwire-"), "at {at}: {path} is in part");
        }
        stand.settle(&Peer::Folder.target(&root, "one")).await;
        assert_eq!(Peer::content(&root), photos, "at {at}");
        assert!(stand.all_are(DeliveryState::Proven), "at {at}: {:?}", stand.rows());
    }
}

#[tokio::test]
async fn an_error_at_any_step_is_got_over_without_a_restart() {
    for code in [ENOSPC, EIO] {
        for at in 0..count_steps().await {
            let (stand, photos) = Stand::with_photos();
            let root = stand.path("nas");
            let layer = Layer::new(&root, Trouble::Error(code), at);
            stand.settle(&folder(&root, &layer)).await;
            // What could not be removed goes when the folder is used next, at the latest by the
            // next process.
            stand.add("2016/Z.JPG", b"z");
            stand.add("Z.JPG", b"z2");
            stand.settle(&Peer::Folder.target(&root, "one")).await;
            let mut found = Peer::content(&root);
            assert_eq!(found.remove("2016/Z.JPG").as_deref(), Some(b"z".as_slice()));
            assert_eq!(found.remove("Z.JPG").as_deref(), Some(b"z2".as_slice()));
            assert_eq!(found, photos, "{code} at {at}");
            assert!(stand.all_are(DeliveryState::Proven), "{code} at {at}: {:?}", stand.rows());
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_waited_for() {
    for at in (0..count_steps().await).step_by(3) {
        let (stand, photos) = Stand::with_photos();
        let root = stand.path("nas");
        let layer = Layer::new(&root, Trouble::Lasting(ENOSPC), at);
        let target = folder(&root, &layer);
        stand.once(&target).await;
        if stand.all_are(DeliveryState::Proven) {
            continue;
        }
        let catalogue = stand.library.catalogue().unwrap();
        let row = catalogue.target_named("nas").unwrap().unwrap();
        assert!(row.next.is_some(), "at {at}: the target is paused, not tried for each file");
        assert!(row.reason.unwrap().contains("os error 28"));
        layer.0.heal();
        stand.settle(&target).await;
        assert_eq!(Peer::content(&root), photos, "at {at}");
        assert!(stand.all_are(DeliveryState::Proven));
    }
}

#[tokio::test]
async fn a_share_that_vanishes_at_any_step_gets_no_file_where_it_was() {
    for at in 0..count_steps().await {
        let (stand, photos) = Stand::with_photos();
        let (root, away) = (stand.path("nas"), stand.path("away"));
        // Used before, so that it is known.
        let id = folder_at(&root, "one").init().await.unwrap();
        let catalogue = stand.library.catalogue().unwrap();
        let row = catalogue.add_target("nas", 0).unwrap();
        catalogue.set_place(row.id, &id).unwrap();
        let layer = Layer::new(&root, Trouble::Vanish(away.clone()), at);
        stand.once(&folder(&root, &layer)).await;
        if !away.exists() {
            continue;
        }
        assert_eq!(Peer::content(&root).len(), 0, "at {at}: files below the mount point");
        assert!(!root.join(filmwire_deliver::MARK_FILE).exists(), "at {at}: made anew");
        // Mounted again.
        fs::remove_dir_all(&root).unwrap();
        fs::rename(&away, &root).unwrap();
        stand.settle(&Peer::Folder.target(&root, "one")).await;
        assert_eq!(Peer::content(&root), photos, "at {at}");
        assert!(stand.all_are(DeliveryState::Proven), "at {at}: {:?}", stand.rows());
    }
}

#[tokio::test]
async fn a_target_that_lies_is_found_out_by_reading_back() {
    let (stand, photos) = Stand::with_photos();
    let root = stand.path("nas");
    folder_at(&root, "one").init().await.unwrap();
    // The test of the target reads back too; it happens before the lies begin.
    let layer = Layer::new(&root, Trouble::Lie, 15);
    let target = folder(&root, &layer);
    stand.once(&target).await;
    let lied: Vec<_> =
        stand.rows().into_iter().filter(|row| row.state == DeliveryState::Failed).collect();
    assert_eq!(lied.len(), 2, "an empty file has nothing to lie about: {:?}", stand.rows());
    assert!(lied[0].reason.as_deref().unwrap().contains("other content"), "{lied:?}");
    assert_eq!(Peer::content(&root).len(), 1, "what proved wrong is taken back");
    layer.0.heal();
    stand.settle(&target).await;
    assert_eq!(Peer::content(&root), photos, "no second copy beside a damaged one");
}

#[tokio::test]
async fn the_order_of_writes_is_the_one_written_down() {
    let stand = Stand::new();
    stand.add("d/A.JPG", b"abc");
    let root = stand.path("nas");
    folder_at(&root, "one").init().await.unwrap();
    let layer = Layer::new(&root, Trouble::None, 0);
    let target = folder(&root, &layer);
    target.test(None).await.unwrap();
    layer.0.log.lock().unwrap().clear();
    stand.once(&target).await;
    let log = layer.0.log.lock().unwrap().join("\n");
    // Behind the second test of the target, which is the courier's own.
    let (_, put) = log.rsplit_once("remove part\n").unwrap();
    let mark = "read .filmwire-target\n";
    let order = put.replace(mark, "check mark\n");
    let expected = "check mark\nlook d\ncheck mark\nmake d\nsync folder \nlist d\nlook d/A.JPG\n\
        create part\nappend \nsync part \ncheck mark\nmove to d/A.JPG\nsync folder d\n\
        look d/A.JPG\nlook d/A.JPG\nread d/A.JPG";
    assert_eq!(order, expected);
    assert!(matches!(stand.told().last(), Some(Happening::Idle { next: None })));
}
