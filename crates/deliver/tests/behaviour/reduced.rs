//! Smaller copies: once and whole whatever happens, known for what they are, and never counted as
//! the photos.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::store::Store;
use filmwire_deliver::{
    CopyOptions, FaultKind, Folder, Found, Job, Proof, PruneRule, Reduced, Target, Upload, Usage,
    Verified, prune, verify,
};
use filmwire_gallery::copy;

use crate::between::Between;
use crate::files::upload;
use crate::layer::{Layer, Trouble};
use crate::peer::{MADE, folder_at, stores};
use crate::site::jpeg;
use crate::stand::{NOW, Stand, content_of};

const SIDE: u16 = 20;

fn options(long_side: u16) -> CopyOptions {
    CopyOptions { long_side, ..CopyOptions::default() }
}

fn reduced(store: Arc<dyn Store>, owner: &str) -> Arc<dyn Target> {
    Arc::new(Reduced::new(store, MADE, options(SIDE), owner))
}

fn plain(root: &Path, owner: &str) -> Arc<dyn Target> {
    sized(root, owner, SIDE)
}

fn sized(root: &Path, owner: &str, side: u16) -> Arc<dyn Target> {
    let folder = Arc::new(Folder::new(root.to_owned()));
    Arc::new(Reduced::new(folder, MADE, options(side), owner))
}

fn layered(root: &Path, layer: &Layer) -> Arc<dyn Target> {
    reduced(Arc::new(Folder::with_files(root.to_owned(), Arc::new(layer.clone()))), "one")
}

/// A library of two photos.
fn two_photos() -> Stand {
    let stand = Stand::new();
    stand.add("2026/A.JPG", &jpeg(1));
    stand.add("B.JPG", &jpeg(2));
    stand
}

/// Whether a file is the copy of a photo, of a size.
fn is_copy(found: &[u8], number: u8, side: u16) -> bool {
    let expected = copy(&jpeg(number), &options(side)).unwrap().jpeg;
    // Behind the seal.
    found.starts_with(&[0xFF, 0xD8, 0xFF, 0xFE]) && found.ends_with(&expected[2..])
}

/// The copies of both are there once, and nothing else.
fn check(root: &Path, case: &str) {
    let found = content_of(root);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["2026/A.JPG", "B.JPG"], "{case}");
    assert!(is_copy(&found["2026/A.JPG"], 1, SIDE) && is_copy(&found["B.JPG"], 2, SIDE), "{case}");
}

async fn ask(stand: &Stand, target: &Arc<dyn Target>, again: bool) -> BTreeMap<String, Found> {
    let mut all = BTreeMap::new();
    let job = Stand::job("nas", Arc::clone(target));
    let mut tell = |Verified { path, found, .. }| {
        all.insert(path, found);
    };
    let usable = verify(&stand.library, &job, again, &stand.around, &mut tell).await.unwrap();
    usable.unwrap();
    all
}

async fn all_are_copies(stand: &Stand, target: &Arc<dyn Target>) -> bool {
    let found = ask(stand, target, false).await;
    !found.is_empty() && found.values().all(|found| *found == Found::There(Proof::Copy))
}

fn proofs(stand: &Stand) -> Vec<String> {
    stand.rows().into_iter().filter_map(|row| row.proof).collect()
}

#[tokio::test]
async fn copies_go_to_whatever_keeps_files() {
    for peer in stores() {
        let stand = two_photos();
        let root = stand.path("nas");
        let target = reduced(peer.store(&root), "one");
        stand.settle(&target).await;
        check(&root, &format!("{peer:?}"));
        assert_eq!(proofs(&stand), ["smaller copy read back", "smaller copy read back"]);
        // Who looks later knows nothing but what is there.
        assert!(all_are_copies(&stand, &reduced(peer.store(&root), "two")).await, "{peer:?}");
        let mut rotten = fs::read(root.join("B.JPG")).unwrap();
        let middle = rotten.len() * 3 / 4;
        rotten[middle] ^= 1;
        fs::write(root.join("B.JPG"), &rotten).unwrap();
        fs::remove_file(root.join("2026/A.JPG")).unwrap();
        let found = ask(&stand, &target, true).await;
        assert!(found.values().all(|found| matches!(found, Found::Wrong(_))), "{found:?}");
        stand.settle(&target).await;
        // What is there now is somebody's too: nothing is overwritten.
        let mut found = content_of(&root);
        assert_eq!(found.remove("B.JPG"), Some(rotten));
        assert!(is_copy(&found["2026/A.JPG"], 1, SIDE) && is_copy(&found["B-2.JPG"], 2, SIDE));
        assert!(all_are_copies(&stand, &target).await, "{peer:?}");
    }
}

#[tokio::test]
async fn a_copy_that_is_cut_at_any_step_is_there_once_after_a_restart() {
    let steps = {
        let stand = two_photos();
        let root = stand.path("nas");
        let layer = Layer::new(&root, Trouble::None, 0);
        stand.settle(&layered(&root, &layer)).await;
        layer.0.steps()
    };
    assert!(steps > 30, "{steps}");
    for at in 0..steps {
        let stand = two_photos();
        let root = stand.path("nas");
        let layer = Layer::new(&root, Trouble::Die, at);
        let target = layered(&root, &layer);
        tokio::select! {
            _ = stand.once(&target) => {}
            () = layer.0.died.notified() => {}
        }
        layer.0.bury();
        for row in stand.rows().iter().filter(|row| row.state == DeliveryState::Proven) {
            assert!(root.join(&row.file.path).exists(), "cut at {at}");
        }
        stand.settle(&plain(&root, "one")).await;
        check(&root, &format!("cut at {at} of {steps}"));
        assert!(stand.all_are(DeliveryState::Proven), "cut at {at}");
    }
}

#[tokio::test]
async fn a_copy_that_arrives_damaged_is_taken_back_and_made_anew() {
    let stand = two_photos();
    let root = stand.path("nas");
    let layer = Layer::new(&root, Trouble::None, 0);
    let target = layered(&root, &layer);
    target.test(None).await.unwrap();
    let layer = Layer::new(&root, Trouble::Lie, 20);
    let target = layered(&root, &layer);
    stand.once(&target).await;
    let rows = stand.rows();
    assert!(rows.iter().all(|row| row.state != DeliveryState::Proven), "{rows:?}");
    layer.0.heal();
    stand.settle(&target).await;
    check(&root, "after healing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stations_share_a_folder_of_copies() {
    for peer in stores() {
        let (one, two) = (two_photos(), two_photos());
        one.add("E.JPG", &jpeg(5));
        two.add("E.JPG", &jpeg(6));
        let root = one.path("nas");
        let targets = [reduced(peer.store(&root), "one"), reduced(peer.store(&root), "two")];
        if peer.may_be_shared() {
            tokio::join!(one.settle(&targets[0]), two.settle(&targets[1]));
        } else {
            one.settle(&targets[0]).await;
            two.settle(&targets[1]).await;
        }
        for (stand, target) in [&one, &two].into_iter().zip(&targets) {
            assert!(all_are_copies(stand, target).await, "{peer:?}");
        }
        for name in ["E.JPG", "E-2.JPG"] {
            fs::remove_file(root.join(name)).unwrap();
        }
        check(&root, &format!("{peer:?}"));
    }
}

#[tokio::test]
async fn copies_of_another_size_are_copies_still() {
    let stand = two_photos();
    let root = stand.path("nas");
    stand.settle(&plain(&root, "one")).await;
    let smaller = sized(&root, "one", 12);
    assert!(all_are_copies(&stand, &smaller).await);
    // Another library with the same photos takes them for its own.
    let other = two_photos();
    other.settle(&sized(&root, "two", 12)).await;
    check(&root, "a second library");
    // What is new and what was lost is made as it is wanted now.
    fs::remove_file(root.join("B.JPG")).unwrap();
    ask(&stand, &smaller, true).await;
    stand.add("C.JPG", &jpeg(3));
    stand.settle(&smaller).await;
    let found = content_of(&root);
    assert!(is_copy(&found["B.JPG"], 2, 12) && is_copy(&found["C.JPG"], 3, 12));
    assert!(is_copy(&found["2026/A.JPG"], 1, SIDE) && found.len() == 3);
}

#[tokio::test]
async fn a_copy_is_looked_for_where_it_was() {
    let stand = Stand::new();
    let root = stand.path("nas");
    let target = plain(&root, "one");
    target.test(None).await.unwrap();
    let photo = upload(&stand, "A.JPG", &jpeg(1));
    target.put(Arc::clone(&photo)).await.unwrap();
    fs::rename(root.join("A.JPG"), root.join("A-2.JPG")).unwrap();
    let known = Upload { known: Some("A-2.JPG".to_owned()), ..(*photo).clone() };
    let placed = target.put(Arc::new(known)).await.unwrap();
    assert_eq!((placed.path.as_str(), placed.made), ("A-2.JPG", None));
    assert_eq!(content_of(&root).len(), 1);
}

#[tokio::test]
async fn who_takes_the_name_meanwhile_keeps_it() {
    let put_with = async |at: usize, taker: Option<&[u8]>| {
        let stand = Stand::new();
        let root = stand.path("nas");
        plain(&root, "one").test(None).await.unwrap();
        let store = Arc::new(Between::new(&root, at, || ()));
        let target = reduced(store.clone(), "one");
        let photo = upload(&stand, "A.JPG", &jpeg(1));
        let take = async {
            store.reached.notified().await;
            let is_free = !root.join("A.JPG").exists();
            if let Some(taker) = taker.filter(|_| is_free) {
                fs::write(root.join("A.JPG"), taker).unwrap();
            }
            store.go.notify_one();
            is_free
        };
        let put = target.put(photo);
        let (placed, is_free) = match at {
            usize::MAX => (put.await, false),
            _ => tokio::join!(put, take),
        };
        (content_of(&root), placed.unwrap().path, is_free, store.calls())
    };
    let (_, _, _, calls) = put_with(usize::MAX, None).await;
    assert!(calls > 6, "{calls}");
    let ours = put_with(usize::MAX, None).await.0.remove("A.JPG").unwrap();
    for at in 0..calls {
        let (found, path, is_free, _) = put_with(at, Some(b"other")).await;
        if is_free {
            assert_eq!((path.as_str(), &found["A.JPG"][..]), ("A-2.JPG", &b"other"[..]), "{at}");
        }
        assert_eq!((&found[&path], found.len()), (&ours, 1 + usize::from(is_free)), "{at}");
        // A copy of the same photo is taken for ours.
        let (found, path, ..) = put_with(at, Some(&ours)).await;
        assert_eq!((path.as_str(), found.len()), ("A.JPG", 1), "{at}");
    }
}

#[tokio::test]
async fn a_part_goes_also_where_the_copy_is_there() {
    let stand = Stand::new();
    let root = stand.path("nas");
    plain(&root, "one").test(None).await.unwrap();
    let photo = upload(&stand, "d/A.JPG", &jpeg(1));
    plain(&root, "one").put(Arc::clone(&photo)).await.unwrap();
    let owner = "7692c3ad3540";
    for part in [format!(".filmwire-{owner}-1-0.part"), ".filmwire-000000000000-1-0.part".into()] {
        fs::write(root.join("d").join(part), "of a dead process").unwrap();
    }
    plain(&root, "one").put(photo).await.unwrap();
    let found = content_of(&root);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["d/.filmwire-000000000000-1-0.part", "d/A.JPG"]);
}

#[tokio::test]
async fn a_stop_leaves_nothing_and_of_an_unmounted_share_nothing_is_said() {
    let stand = Stand::new();
    let root = stand.path("nas");
    let target = plain(&root, "one");
    target.test(None).await.unwrap();
    let photo = upload(&stand, "A.JPG", &jpeg(1));
    let stopped = Upload { stop: filmwire_deliver::Stop::default(), ..(*photo).clone() };
    stopped.stop.ask();
    let fault = target.put(Arc::new(stopped)).await.unwrap_err();
    assert_eq!((fault.kind, content_of(&root).len()), (FaultKind::Stopped, 0));
    let placed = target.put(Arc::clone(&photo)).await.unwrap();
    fs::rename(&root, stand.path("away")).unwrap();
    fs::create_dir(&root).unwrap();
    let fault = target.prove(photo, placed).await.unwrap_err();
    assert!(fault.reason.contains("mounted"), "{fault}");
}

#[tokio::test]
async fn a_copy_outlives_the_photo_in_the_library() {
    let stand = two_photos();
    let root = stand.path("nas");
    let target = plain(&root, "one");
    stand.settle(&target).await;
    fs::remove_dir_all(stand.library.absolute("2026")).unwrap();
    assert!(all_are_copies(&stand, &target).await);
}

#[tokio::test]
async fn no_copy_is_a_reason_to_free_a_photo() {
    let stand = two_photos();
    let [nas, usb] = [stand.path("nas"), stand.path("usb")];
    let jobs = |owner: &str| {
        let whole: Arc<dyn Target> = Arc::new(folder_at(&usb, owner));
        [Stand::job("nas", plain(&nas, owner)), Stand::job("usb", whole)]
    };
    for job in jobs("one") {
        stand.settle_job(&job).await;
    }
    let jobs: [Job; 2] = jobs("prune");
    let mut freed = Vec::new();
    for (copies, targets) in [(1, vec!["nas"]), (2, vec!["nas", "usb"])] {
        let targets = targets.into_iter().map(str::to_owned).collect();
        let copies = NonZeroU32::new(copies).unwrap();
        let rule = PruneRule { targets, copies, before: NOW };
        let mut tell = |what| freed.push(what);
        prune(&stand.library, &jobs, &rule, false, &stand.around, &mut tell).await.unwrap();
    }
    assert!(freed.is_empty(), "{freed:?}");
    // Also not where the catalogue says that the photo was there.
    let catalogue = stand.library.catalogue().unwrap();
    let file = stand.rows()[0].file.id;
    let target = catalogue.target_named("nas").unwrap().unwrap().id;
    catalogue.doubt_delivery(target, file, "a test", NOW).unwrap();
    catalogue.begin_sending(target, file, NOW).unwrap();
    catalogue.mark_stored(target, file, "2026/A.JPG", NOW).unwrap();
    catalogue.mark_proven(target, file, Proof::ReadBack.as_str(), NOW).unwrap();
    let copies = NonZeroU32::new(1).unwrap();
    let rule = PruneRule { targets: vec!["nas".to_owned()], copies, before: NOW };
    let mut told = String::new();
    let mut tell = |what| told += &format!("{what:?}");
    prune(&stand.library, &jobs, &rule, false, &stand.around, &mut tell).await.unwrap();
    assert!(told.contains("Kept") && told.contains("only smaller copy read back"), "{told}");
    assert!(stand.library.absolute("2026/A.JPG").exists());
}

#[tokio::test]
async fn what_no_copy_can_be_made_of_fails_for_good_and_holds_up_nothing() {
    let stand = two_photos();
    stand.add("film.MOV", b"no picture");
    stand.add("half.JPG", &jpeg(9)[..300]);
    let root = stand.path("nas");
    stand.settle(&plain(&root, "one")).await;
    check(&root, "only the copies are there");
    let failed: Vec<_> =
        stand.rows().into_iter().filter(|row| row.state == DeliveryState::Failed).collect();
    assert_eq!(failed.len(), 2);
    for row in failed {
        assert_eq!(row.next, None, "it waits for a person");
        assert!(row.reason.unwrap().starts_with(&format!("no copy of {}: ", row.file.path)));
    }
}

/// A raw file as far as it is looked into: a directory, and a JPEG among other bytes.
///
/// Source: `filmwire-photo`, its notes on RAF.
fn raf(jpeg: &[u8]) -> Vec<u8> {
    let mut raf = b"FUJIFILMCCD-RAW 0201".to_vec();
    raf.resize(84, 0);
    let length = u32::try_from(jpeg.len()).unwrap();
    for number in [148, length, 148 + length, 8, 156 + length, 900_000] {
        raf.extend_from_slice(&number.to_be_bytes());
    }
    raf.resize(148, 0);
    raf.extend_from_slice(jpeg);
    raf.resize(156 + jpeg.len() + 900_000, 0x5A);
    raf
}

#[tokio::test]
async fn of_a_raw_file_the_jpeg_in_it_is_copied() {
    let stand = Stand::new();
    stand.add("d/A.RAF", &raf(&jpeg(1)));
    stand.add("d/B.RAF", &raf(b"no picture"));
    let root = stand.path("nas");
    stand.settle(&plain(&root, "one")).await;
    let found = content_of(&root);
    assert!(is_copy(&found["d/A.jpg"], 1, SIDE) && found.len() == 1, "{:?}", found.keys());
    assert!(all_are_copies(&stand, &plain(&root, "two")).await);
    let failed = stand.rows().into_iter().find(|row| row.state == DeliveryState::Failed).unwrap();
    assert_eq!(failed.reason.as_deref(), Some("no copy of d/B.RAF: it is no JPEG"));
    // A byte behind the JPEG is another: it is not what was published.
    let mut rotten = raf(&jpeg(3));
    stand.add("C.RAF", &rotten);
    rotten[800_000] ^= 1;
    fs::write(stand.library.absolute("C.RAF"), rotten).unwrap();
    stand.once(&plain(&root, "one")).await;
    assert_eq!(content_of(&root).len(), 1);
    let reasons: Vec<_> = stand.rows().into_iter().filter_map(|row| row.reason).collect();
    assert!(reasons.iter().any(|reason| reason.contains("not what it was")), "{reasons:?}");
}

#[tokio::test]
async fn the_photo_itself_is_taken_for_it_and_other_files_are_left() {
    let stand = two_photos();
    let root = stand.path("nas");
    let target = plain(&root, "one");
    target.test(None).await.unwrap();
    fs::create_dir(root.join("2026")).unwrap();
    fs::write(root.join("2026/A.JPG"), jpeg(1)).unwrap();
    // A whole copy of another photo, under the name of this one.
    let other = Stand::new();
    other.add("B.JPG", &jpeg(7));
    other.settle(&plain(&root, "two")).await;
    stand.settle(&target).await;
    let found = content_of(&root);
    assert_eq!(found["2026/A.JPG"], jpeg(1));
    assert!(is_copy(&found["B.JPG"], 7, SIDE) && is_copy(&found["B-2.JPG"], 2, SIDE));
    assert_eq!(found.len(), 3);
    let found = ask(&stand, &target, false).await;
    assert_eq!(found["2026/A.JPG"], Found::There(Proof::ReadBack));
    assert_eq!(found["B.JPG"], Found::There(Proof::Copy));
}

#[tokio::test]
async fn without_reading_back_the_size_must_be_the_copys() {
    for peer in stores() {
        let stand = two_photos();
        let root = stand.path("nas");
        let usage = Usage { read_back: false, ..MADE };
        let target: Arc<dyn Target> =
            Arc::new(Reduced::new(peer.store(&root), usage, options(SIDE), "one"));
        stand.settle(&target).await;
        check(&root, &format!("{peer:?}"));
        assert_eq!(proofs(&stand), ["size of a smaller copy", "size of a smaller copy"]);
        let whole = fs::read(root.join("B.JPG")).unwrap();
        for wrong in [&whole[..whole.len() - 1], &whole[..60], b""] {
            fs::write(root.join("B.JPG"), wrong).unwrap();
            let found = ask(&stand, &target, false).await;
            assert_eq!(found["2026/A.JPG"], Found::There(Proof::CopySize), "{peer:?}");
            assert!(matches!(found["B.JPG"], Found::Wrong(_)), "{peer:?}: {found:?}");
        }
    }
}
