//! What holds for every place that keeps files: its marker, links, names.

use std::fs;
use std::sync::Arc;

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{FaultKind, FileTarget, MARK_FILE, Pace, Stop, Target, Upload, Usage};
use sha2::Digest;

use crate::peer::{MADE, Peer, stores};
use crate::stand::{Stand, content_of};

/// Makes a test of each function, which goes through all stores.
macro_rules! over_all_stores {
    ($($name:ident)*) => {
        mod every {
            $(#[tokio::test]
            async fn $name() {
                for peer in super::stores() {
                    println!("{peer:?}");
                    super::$name(&peer).await;
                }
            })*
        }
    };
}

over_all_stores! {
    a_target_is_made_once_and_only_where_it_may
    a_folder_with_files_becomes_a_target_by_init_alone
    parents_are_not_made
    our_parts_are_removed_and_those_of_others_left
    a_part_that_stays_keeps_nothing_from_being_put
    links_and_folders_under_the_name_are_left_alone
    a_path_that_leads_out_is_refused
    what_changed_since_it_was_put_is_not_taken_back
    a_stop_leaves_no_part
    without_reading_back_the_proof_says_size
    a_file_is_looked_for_where_it_was
}

pub(crate) fn upload(stand: &Stand, path: &str, content: &[u8]) -> Arc<Upload> {
    let source = stand.path("source");
    fs::write(&source, content).unwrap();
    Arc::new(Upload {
        target: "nas".to_owned(),
        source,
        path: path.to_owned(),
        known: None,
        size: content.len() as u64,
        sha256: sha2::Sha256::digest(content).into(),
        facts: Default::default(),
        attempt: 1,
        pace: Pace::default(),
        stop: Stop::default(),
    })
}

async fn a_target_is_made_once_and_only_where_it_may(peer: &Peer) {
    let stand = Stand::new();
    let root = stand.path("nas");
    let never = FileTarget::new(peer.store(&root), Usage { make: false, ..MADE }, "one");
    let fault = never.test(None).await.unwrap_err();
    assert!(fault.reason.contains(MARK_FILE), "{fault}");
    assert!(!root.exists());

    let folder = peer.files(&root, "one");
    let id = folder.test(None).await.unwrap().unwrap();
    assert_eq!(never.test(Some(&id)).await.unwrap().as_deref(), Some(id.as_str()));
    assert_eq!(content_of(&root).len(), 0, "the test leaves nothing");

    // Unmounted: an empty folder is no new target for one who knows the old one.
    fs::rename(&root, stand.path("away")).unwrap();
    fs::create_dir(&root).unwrap();
    let fault = peer.files(&root, "one").test(Some(&id)).await.unwrap_err();
    assert!(fault.reason.contains("mounted"), "{fault}");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    // Another disk.
    let other = peer.files(&root, "one").init().await.unwrap();
    assert_ne!(other, id);
    let fault = folder.test(Some(&id)).await.unwrap_err();
    assert!(fault.reason.contains("another target"), "{fault}");
}

async fn a_folder_with_files_becomes_a_target_by_init_alone(peer: &Peer) {
    let stand = Stand::new();
    let root = stand.path("nas");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("old.jpg"), "old").unwrap();
    let folder = peer.files(&root, "one");
    let fault = folder.test(None).await.unwrap_err();
    assert!(fault.reason.contains("not empty"), "{fault}");
    let id = folder.init().await.unwrap();
    assert_eq!(folder.init().await.unwrap(), id, "it stays what it is");
    assert_eq!(folder.test(None).await.unwrap(), Some(id));
    fs::write(root.join(MARK_FILE), "no id").unwrap();
    let fault = folder.test(None).await.unwrap_err();
    assert!(fault.reason.contains("holds no id"), "{fault}");
}

async fn parents_are_not_made(peer: &Peer) {
    // Some of what rclone reaches has no folders to be missing.
    if peer.makes_parents() {
        return;
    }
    let stand = Stand::new();
    let folder = peer.files(&stand.path("none/nas"), "one");
    folder.test(None).await.unwrap_err();
    assert!(!stand.path("none").exists());
}

/// What stands for the owner "one" in temporary names.
fn owner_in_names() -> String {
    let hash = sha2::Sha256::digest("one");
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

async fn our_parts_are_removed_and_those_of_others_left(peer: &Peer) {
    let stand = Stand::new();
    stand.add("d/A.JPG", b"abc");
    let root = stand.path("nas");
    peer.files(&root, "one").init().await.unwrap();
    // What a deliverer leaves that dies while it writes: a part of its own prefix.
    let owner = owner_in_names();
    fs::create_dir(root.join("d")).unwrap();
    fs::write(root.join(format!("d/.filmwire-{owner}-1.part")), "ab").unwrap();
    fs::write(root.join("d/.filmwire-ffffffffffff-1.part"), "other").unwrap();
    fs::write(root.join(format!("d/.filmwire-{owner}-kept")), "no part").unwrap();
    stand.settle(&peer.target(&root, "one")).await;
    let names: Vec<String> = content_of(&root).into_keys().collect();
    let kept = format!("d/.filmwire-{owner}-kept");
    let mut expected = vec![kept, "d/.filmwire-ffffffffffff-1.part".into(), "d/A.JPG".into()];
    expected.sort();
    assert_eq!(names, expected);
}

async fn a_part_that_stays_keeps_nothing_from_being_put(peer: &Peer) {
    let stand = Stand::new();
    stand.add("d/A.JPG", b"abc");
    let root = stand.path("nas");
    peer.files(&root, "one").init().await.unwrap();
    // Whoever has it open may keep it there; so does a folder with something in it, but by WebDAV,
    // which removes both.
    let stays = format!("d/.filmwire-{}-1.part", owner_in_names());
    fs::create_dir_all(root.join(&stays)).unwrap();
    fs::write(root.join(&stays).join("x"), "").unwrap();
    stand.settle(&peer.target(&root, "one")).await;
    let names = content_of(&root).into_keys();
    let others: Vec<String> = names.filter(|name| !name.starts_with(&stays)).collect();
    assert_eq!(others, ["d/A.JPG"]);
}

async fn links_and_folders_under_the_name_are_left_alone(peer: &Peer) {
    let stand = Stand::new();
    let root = stand.path("nas");
    let folder = peer.files(&root, "one");
    folder.test(None).await.unwrap();
    // How a server shows a link is its own choice.
    match peer {
        Peer::Folder => std::os::unix::fs::symlink(stand.path("nowhere"), root.join("A.JPG")),
        _ => fs::create_dir(root.join("A.JPG")),
    }
    .unwrap();
    fs::create_dir(root.join("A-2.JPG")).unwrap();
    // In a bucket a folder is what something is in.
    for name in ["A.JPG", "A-2.JPG"].into_iter().filter(|name| root.join(name).is_dir()) {
        fs::write(root.join(name).join("x"), "x").unwrap();
    }
    let placed = folder.put(upload(&stand, "A.JPG", b"abc")).await.unwrap();
    assert_eq!(placed.path, "A-3.JPG");
    assert!(!stand.path("nowhere").exists());
}

async fn a_path_that_leads_out_is_refused(peer: &Peer) {
    let stand = Stand::new();
    let folder = peer.files(&stand.path("nas"), "one");
    folder.test(None).await.unwrap();
    let fault = folder.put(upload(&stand, "../A.JPG", b"abc")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Permanent);
    assert!(!stand.path("A.JPG").exists());
}

async fn what_changed_since_it_was_put_is_not_taken_back(peer: &Peer) {
    let stand = Stand::new();
    let root = stand.path("nas");
    let folder = peer.files(&root, "one");
    folder.test(None).await.unwrap();
    let placed = folder.put(upload(&stand, "A.JPG", b"abc")).await.unwrap();
    fs::write(root.join("A.JPG"), "edited").unwrap();
    folder.withdraw(placed).await.unwrap();
    assert_eq!(fs::read_to_string(root.join("A.JPG")).unwrap(), "edited");
    let placed = folder.put(upload(&stand, "B.JPG", b"abc")).await.unwrap();
    folder.withdraw(placed).await.unwrap();
    assert!(!root.join("B.JPG").exists());
}

async fn a_stop_leaves_no_part(peer: &Peer) {
    let stand = Stand::new();
    let root = stand.path("nas");
    let folder = peer.files(&root, "one");
    folder.test(None).await.unwrap();
    let upload = upload(&stand, "A.JPG", b"abc");
    upload.stop.ask();
    assert_eq!(folder.put(upload).await.unwrap_err().kind, FaultKind::Stopped);
    assert_eq!(content_of(&root).len(), 0);
}

async fn without_reading_back_the_proof_says_size(peer: &Peer) {
    let (stand, _) = Stand::with_photos();
    let usage = Usage { read_back: false, ..MADE };
    let store = peer.store(&stand.path("nas"));
    let target: Arc<dyn Target> = Arc::new(FileTarget::new(store, usage, "one"));
    stand.settle(&target).await;
    assert!(stand.rows().iter().all(|row| row.proof.as_deref() == Some("size")));
    let read_back = peer.target(&stand.path("other"), "one");
    let (stand, _) = Stand::with_photos();
    stand.settle(&read_back).await;
    assert!(stand.rows().iter().all(|row| row.proof.as_deref() == Some("SHA-256 read back")));
    assert!(stand.all_are(DeliveryState::Proven));
}

async fn a_file_is_looked_for_where_it_was(peer: &Peer) {
    let stand = Stand::new();
    let root = stand.path("nas");
    let folder = peer.files(&root, "one");
    folder.test(None).await.unwrap();
    fs::write(root.join("A-2.JPG"), "abc").unwrap();
    let upload = upload(&stand, "A.JPG", b"abc");
    let known = Upload { known: Some("A-2.JPG".to_owned()), ..(*upload).clone() };
    let placed = folder.put(Arc::new(known)).await.unwrap();
    assert_eq!((placed.path.as_str(), placed.made), ("A-2.JPG", None));
    assert!(!root.join("A.JPG").exists());
}
