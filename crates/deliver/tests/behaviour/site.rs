//! The site: whatever it is cut at, every link works; two publish to one; what is gone is gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use filmwire_catalogue::{DeliveryState, FileFacts, FileId, Prunable};
use filmwire_deliver::store::Store;
use filmwire_deliver::{CopyOptions, Folder, Keep, Settings, Settle, Site, SiteOptions, Target};
use jpeg_encoder::{ColorType, Encoder};

use crate::between::Between;
use crate::crawl::{Seen, count, crawl};
use crate::layer::{Layer, Trouble};
use crate::peer::{MADE, stores};
use crate::stand::{NOW, Stand};

/// At every so manyth call two publishers meet: each takes a second.
const MEETINGS: usize = 3;

/// A picture that no other number has.
pub(crate) fn jpeg(number: u8) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let rgb: Vec<u8> = (0..24_u16 * 16).flat_map(|at| [number, at as u8, 200]).collect();
    Encoder::new(&mut jpeg, 90).encode(&rgb, 24, 16, ColorType::Rgb).unwrap();
    jpeg
}

pub(crate) fn site(store: Arc<dyn Store>, publisher: &str) -> Arc<dyn Target> {
    titled(store, publisher, "Ours")
}

fn titled(store: Arc<dyn Store>, publisher: &str, title: &str) -> Arc<dyn Target> {
    let url = Some("https://photos.example/".to_owned());
    let options = SiteOptions {
        settings: Settings { title: title.to_owned(), url },
        copies: CopyOptions { long_side: 20, thumb_side: 10, ..CopyOptions::default() },
        publisher: publisher.to_owned(),
    };
    Arc::new(Site::new(store, MADE, options, publisher))
}

pub(crate) fn plain(root: &Path, publisher: &str) -> Arc<dyn Target> {
    site(Arc::new(Folder::new(root.to_owned())), publisher)
}

/// Adds a photo of a day to the library.
pub(crate) fn photo(stand: &Stand, name: &str, day: &str, number: u8) -> FileId {
    let id = stand.add(&format!("{day}/{name}"), &jpeg(number));
    let taken = Some(format!("{}T1200{number:02}", day.replace('-', "")));
    let facts = FileFacts { kind: Some("jpeg".to_owned()), taken, ..FileFacts::default() };
    stand.library.catalogue().unwrap().set_facts(id, &facts).unwrap();
    id
}

pub(crate) fn gone(stand: &Stand, file: FileId) {
    stand.library.catalogue().unwrap().mark_missing(file, NOW).unwrap();
}

pub(crate) fn kept(stand: &Stand) -> Vec<Keep> {
    let catalogue = stand.library.catalogue().unwrap();
    let target = catalogue.target_named("nas").unwrap().unwrap().id;
    let kept = catalogue.kept_at(target, None, 99).unwrap().into_iter();
    kept.map(|kept| Keep {
        placed: kept.delivery.path.unwrap(),
        path: kept.delivery.file.path,
        sha256: kept.delivery.file.sha256,
        facts: kept.facts,
    })
    .collect()
}

pub(crate) fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A site of two photos of two days.
pub(crate) async fn two_days(root: &Path, stand: &Stand) -> [FileId; 2] {
    let files = [photo(stand, "a", "2026-05-13", 1), photo(stand, "b", "2026-05-14", 2)];
    stand.settle(&plain(root, "one")).await;
    files
}

/// A day more, a photo more of a day that was there, and a day less.
fn change(stand: &Stand, files: [FileId; 2]) {
    photo(stand, "c", "2026-05-15", 3);
    photo(stand, "d", "2026-05-14", 4);
    gone(stand, files[0]);
}

fn check_changed(root: &Path, seen: &Seen, case: &str) {
    assert_eq!(seen.names, names(&["b", "c", "d"]), "{case}");
    assert!(!root.join("days/2026-05-13.html").exists(), "{case}");
    for folder in ["photos", "thumbs"] {
        assert_eq!(count(&root.join(folder)), 3, "{case}: only what is shown is there");
    }
}

#[tokio::test]
async fn a_site_shows_what_the_library_has() {
    let stand = Stand::new();
    let root = stand.path("www");
    let files = two_days(&root, &stand).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b"]));
    assert!(stand.all_are(DeliveryState::Proven));
    let latest = fs::read(root.join("latest.jpg")).unwrap();
    change(&stand, files);
    stand.settle(&plain(&root, "one")).await;
    check_changed(&root, &crawl(&root, ""), "");
    assert_ne!(fs::read(root.join("latest.jpg")).unwrap(), latest);
}

#[tokio::test]
async fn a_removed_photo_leaves_also_when_nothing_is_new() {
    let stand = Stand::new();
    let root = stand.path("www");
    let files = two_days(&root, &stand).await;
    gone(&stand, files[1]);
    stand.settle(&plain(&root, "one")).await;
    assert_eq!(crawl(&root, "").names, names(&["a"]));
    assert_eq!((count(&root.join("photos")), count(&root.join("days"))), (1, 1));
    gone(&stand, files[0]);
    stand.settle(&plain(&root, "one")).await;
    let seen = crawl(&root, "");
    assert!(seen.names.is_empty() && seen.paths.contains("index.html"));
    assert!(!root.join("latest.jpg").exists());
    assert_eq!((count(&root.join("photos")), count(&root.join("days"))), (0, 0));
}

#[tokio::test]
async fn a_pruned_photo_stays_and_a_copy_is_no_reason_to_prune() {
    let stand = Stand::new();
    let root = stand.path("www");
    let files = two_days(&root, &stand).await;
    let catalogue = stand.library.catalogue().unwrap();
    let proofs: Vec<_> = stand.rows().into_iter().map(|row| row.proof.unwrap()).collect();
    assert_eq!(proofs, ["smaller copy read back", "smaller copy read back"]);
    // Let go of as if another target had the whole file.
    let targets = [catalogue.target_named("nas").unwrap().unwrap().id];
    let rule = Prunable {
        targets: &targets,
        copies: 1,
        proof: &proofs[0],
        wanted_by: &targets,
        before: NOW,
    };
    let pruning = catalogue.begin_prune(files[0], rule, NOW).unwrap().unwrap();
    catalogue.end_prune(pruning, "nas: a", NOW).unwrap();
    photo(&stand, "c", "2026-05-15", 3);
    stand.settle(&plain(&root, "one")).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b", "c"]));
}

async fn count_steps() -> usize {
    let stand = Stand::new();
    let root = stand.path("www");
    let files = two_days(&root, &stand).await;
    change(&stand, files);
    let layer = Layer::new(&root, Trouble::None, 0);
    stand.settle(&site(Arc::new(layered(&root, &layer)), "one")).await;
    layer.0.steps()
}

fn layered(root: &Path, layer: &Layer) -> Folder {
    Folder::with_files(root.to_owned(), Arc::new(layer.clone()))
}

#[tokio::test]
async fn a_publish_that_is_cut_at_any_step_breaks_no_link() {
    let steps = count_steps().await;
    assert!(steps > 100, "{steps}");
    for at in 0..steps {
        let stand = Stand::new();
        let root = stand.path("www");
        let files = two_days(&root, &stand).await;
        change(&stand, files);
        let layer = Layer::new(&root, Trouble::Die, at);
        let target = site(Arc::new(layered(&root, &layer)), "one");
        tokio::select! {
            _ = stand.once(&target) => {}
            () = layer.0.died.notified() => {}
        }
        layer.0.bury();
        let case = format!("cut at {at} of {steps}");
        let seen = crawl(&root, &case);
        assert!(seen.names.contains("b"), "{case}: {seen:?}");
        for row in stand.rows().iter().filter(|row| row.state == DeliveryState::Proven) {
            let name = row.file.path.rsplit('/').next().unwrap();
            assert!(seen.names.contains(name) || name == "a", "{case}: {name} is not shown");
        }
        stand.settle(&plain(&root, "one")).await;
        check_changed(&root, &crawl(&root, &case), &case);
    }
}

#[tokio::test]
async fn the_first_publish_may_be_cut_at_any_step() {
    let begin = async |_: &Path| {
        let stand = Stand::new();
        photo(&stand, "a", "2026-05-13", 1);
        stand
    };
    cut_everywhere(begin, &names(&["a"])).await;
}

#[tokio::test]
async fn a_photo_that_is_gone_leaves_also_after_a_cut() {
    let begin = async |root: &Path| {
        let stand = Stand::new();
        let files = two_days(root, &stand).await;
        gone(&stand, files[0]);
        stand
    };
    cut_everywhere(begin, &names(&["b"])).await;
}

#[tokio::test]
async fn a_new_title_reaches_all_pages_also_after_a_cut() {
    let begin = async |root: &Path| {
        let stand = Stand::new();
        two_days(root, &stand).await;
        stand
    };
    cut_everywhere(begin, &names(&["a", "b"])).await;
}

/// Cuts what a library begun so has to publish at each step, under a new title, and looks that the
/// next run ends it.
async fn cut_everywhere(begin: impl AsyncFn(&Path) -> Stand, shown: &BTreeSet<String>) {
    let mut at = 0;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("www");
        let stand = begin(&root).await;
        let layer = Layer::new(&root, Trouble::Die, at);
        let target = titled(Arc::new(layered(&root, &layer)), "one", "New");
        let died = tokio::select! {
            _ = stand.once(&target) => false,
            () = layer.0.died.notified() => true,
        };
        layer.0.bury();
        let case = format!("cut at {at}");
        crawl(&root, &case);
        let plain = Arc::new(Folder::new(root.clone()));
        stand.settle(&titled(plain, "one", "New")).await;
        let seen = crawl(&root, &case);
        assert_eq!(&seen.names, shown, "{case}");
        assert_eq!(count(&root.join("photos")), shown.len(), "{case}");
        for page in seen.paths.iter().filter(|path| path.ends_with(".html")) {
            let text = fs::read_to_string(root.join(page)).unwrap();
            assert!(text.contains("New</"), "{case}: {page} has its old title");
        }
        if !died {
            break;
        }
        at += 1;
    }
    assert!(at > 30, "{at} steps");
}

#[tokio::test]
async fn an_error_at_any_step_is_got_over_without_a_restart() {
    // Linux: input or output error.
    const EIO: i32 = 5;
    for at in (0..count_steps().await).step_by(5) {
        let stand = Stand::new();
        let root = stand.path("www");
        let files = two_days(&root, &stand).await;
        change(&stand, files);
        let layer = Layer::new(&root, Trouble::Error(EIO), at);
        let target = site(Arc::new(layered(&root, &layer)), "one");
        stand.settle(&target).await;
        let case = format!("error at {at}");
        check_changed(&root, &crawl(&root, &case), &case);
    }
}

/// Two publishers with two days each, who both have changes to publish.
async fn two_publishers() -> (Stand, Stand, std::path::PathBuf) {
    let (one, two) = (Stand::new(), Stand::new());
    let root = one.path("www");
    let ones = two_days(&root, &one).await;
    let twos = [photo(&two, "x", "2026-05-14", 11), photo(&two, "y", "2026-05-12", 12)];
    two.settle(&plain(&root, "two")).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b", "x", "y"]));
    change(&one, ones);
    // A day less, and the day that the other lets go of.
    gone(&two, twos[1]);
    photo(&two, "z", "2026-05-13", 13);
    (one, two, root)
}

#[tokio::test]
async fn two_publishers_make_one_site_wherever_they_meet() {
    let calls = {
        let (one, _, root) = two_publishers().await;
        let between = Arc::new(Between::new(&root, usize::MAX, || ()));
        one.once(&site(Arc::<Between>::clone(&between), "one")).await;
        between.calls()
    };
    assert!(calls > 80, "{calls}");
    for at in (0..calls).step_by(MEETINGS) {
        let (one, two, root) = two_publishers().await;
        let case = format!("met at {at} of {calls}");
        let look = {
            let (root, case) = (root.clone(), case.clone());
            move || drop(crawl(&root, &case))
        };
        let between = Arc::new(Between::new(&root, at, look));
        let target = site(Arc::<Between>::clone(&between), "one");
        let meeting = async {
            between.reached.notified().await;
            crawl(&root, &case);
            two.once(&plain(&root, "two")).await;
            between.go.notify_one();
        };
        tokio::join!(one.once(&target), meeting);
        let union = names(&["b", "c", "d", "x", "z"]);
        assert_eq!(crawl(&root, &case).names, union, "{case}");
        // Each looks once more, and lets go of what the other does not show any more.
        for _ in 0..2 {
            one.once(&plain(&root, "one")).await;
            two.once(&plain(&root, "two")).await;
            assert_eq!(crawl(&root, &case).names, union, "{case}");
        }
        for folder in ["photos", "thumbs"] {
            assert_eq!(count(&root.join(folder)), 5, "{case}");
        }
        // Also who comes by an old address sees nothing that is gone.
        let gone = fs::read_to_string(root.join("days/2026-05-12.html")).unwrap();
        assert!(gone.contains("no photos of this day") && !gone.contains("alt="), "{case}");
        assert!(one.rows().iter().chain(&two.rows()).all(|r| r.state == DeliveryState::Proven));
    }
}

#[tokio::test]
async fn what_a_dead_publisher_left_is_mended_by_the_other() {
    let steps = count_steps().await;
    for at in (0..steps).step_by(4) {
        let (one, two, root) = two_publishers().await;
        let layer = Layer::new(&root, Trouble::Die, at);
        let target = site(Arc::new(layered(&root, &layer)), "one");
        tokio::select! {
            _ = one.once(&target) => {}
            () = layer.0.died.notified() => {}
        }
        layer.0.bury();
        let case = format!("dead at {at}");
        crawl(&root, &case);
        two.once(&plain(&root, "two")).await;
        let seen = crawl(&root, &case);
        assert!(seen.names.is_superset(&names(&["b", "x", "z"])), "{case}: {seen:?}");
        assert!(!seen.names.contains("y"), "{case}");
    }
}

#[tokio::test]
async fn what_another_wrote_since_is_seen_by_who_has_a_memory() {
    let (one, two) = (Stand::new(), Stand::new());
    let root = one.path("www");
    let target = plain(&root, "one");
    photo(&one, "a", "2026-05-14", 1);
    one.settle(&target).await;
    photo(&two, "x", "2026-05-14", 11);
    two.settle(&plain(&root, "two")).await;
    let day = root.join("days/2026-05-14.html");
    let old = fs::read(&day).unwrap();
    photo(&one, "b", "2026-05-14", 2);
    one.settle(&target).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b", "x"]));
    // The other one wrote a page of what it knew before, and died of it.
    fs::write(&day, old).unwrap();
    let manifests = fs::read_dir(root.join("data")).unwrap().map(|entry| entry.unwrap().path());
    for path in manifests {
        let text = fs::read_to_string(&path).unwrap();
        if text.contains("\"x\"") {
            fs::write(path, text.replace("\"settled\": true", "\"settled\": false")).unwrap();
        }
    }
    assert_eq!(crawl(&root, "").names, names(&["a", "x"]));
    // Not by way of a run, which would test the target first.
    target.settle(Settle { keep: kept(&one), ..Settle::default() }).await.unwrap();
    assert_eq!(crawl(&root, "").names, names(&["a", "b", "x"]));
}

#[tokio::test]
async fn pages_of_others_are_kept_and_told() {
    let stand = Stand::new();
    let root = stand.path("www");
    photo(&stand, "a", "2026-05-13", 1);
    // A target already, so that there may be something in it.
    crate::peer::folder_at(&root, "one").init().await.unwrap();
    fs::write(root.join("index.html"), "my own page").unwrap();
    let fault = plain(&root, "one").test(None).await.unwrap_err();
    assert!(fault.reason.contains("index.html in"), "{fault}");
    stand.once(&plain(&root, "one")).await;
    assert_eq!(fs::read_to_string(root.join("index.html")).unwrap(), "my own page");
    assert_eq!(count(&root), 2, "the marker and the page");
    fs::remove_file(root.join("index.html")).unwrap();
    stand.settle(&plain(&root, "one")).await;
    assert_eq!(crawl(&root, "").names, names(&["a"]));
    // One that takes the place of ours later.
    fs::write(root.join("days/2026-05-13.html"), "my own day").unwrap();
    photo(&stand, "b", "2026-05-13", 2);
    let target = plain(&root, "one");
    stand.once(&target).await;
    assert_eq!(fs::read_to_string(root.join("days/2026-05-13.html")).unwrap(), "my own day");
    let catalogue = stand.library.catalogue().unwrap();
    let reason = catalogue.target_named("nas").unwrap().unwrap().reason.unwrap();
    assert!(reason.contains("days/2026-05-13.html in"), "{reason}");
    fs::remove_file(root.join("days/2026-05-13.html")).unwrap();
    stand.settle(&target).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b"]));
}

#[tokio::test]
async fn a_look_without_news_writes_nothing_and_news_only_what_changes() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    let written = |layer: &Layer| -> Vec<String> {
        let log = layer.0.log.lock().unwrap();
        let is_write = |line: &&String| {
            ["replace ", "move to ", "remove "].iter().any(|word| line.starts_with(word))
        };
        let is_probe = |line: &String| line.ends_with(" part");
        log.iter().filter(is_write).filter(|line| !is_probe(line)).cloned().collect()
    };
    let layer = Layer::new(&root, Trouble::None, 0);
    stand.once(&site(Arc::new(layered(&root, &layer)), "one")).await;
    assert_eq!(written(&layer), Vec::<String>::new());
    // A new process knows of nothing, and finds by reading what is as it is to be.
    photo(&stand, "c", "2026-05-14", 3);
    let layer = Layer::new(&root, Trouble::None, 0);
    stand.once(&site(Arc::new(layered(&root, &layer)), "one")).await;
    let pages: Vec<String> = written(&layer).into_iter().filter(|w| !w.contains("s/1")).collect();
    let images = pages.iter().filter(|line| line.contains("photos/") || line.contains("thumbs/"));
    assert_eq!(images.count(), 2, "{pages:?}");
    let rest: Vec<&str> = pages
        .iter()
        .filter(|line| !line.contains("photos/") && !line.contains("thumbs/"))
        .map(|line| if line.contains("data/") { "replace data" } else { line.as_str() })
        .collect();
    let order = [
        "replace data",
        "replace days/2026-05-14.html",
        "replace feed.xml",
        "replace latest.jpg",
        "replace index.html",
        "replace data",
    ];
    assert_eq!(rest, order);
}

#[tokio::test]
async fn what_cannot_be_decoded_fails_alone_and_for_good() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    stand.add("2026-05-14/broken", &jpeg(9)[..200]);
    stand.add("2026-05-14/text", b"no photo");
    stand.once(&plain(&root, "one")).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b"]));
    let failed: Vec<_> =
        stand.rows().into_iter().filter(|row| row.state == DeliveryState::Failed).collect();
    assert_eq!(failed.len(), 2);
    for row in failed {
        assert!(row.next.is_none() && row.reason.unwrap().starts_with("no copy of "));
    }
}

#[tokio::test]
async fn a_damaged_image_is_found_and_put_anew() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    let row = stand.rows().remove(0);
    let path = root.join(row.path.unwrap());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let job = filmwire_deliver::Job::new("nas", plain(&root, "one"));
    let mut wrong = 0;
    let mut tell = |found: filmwire_deliver::Verified| {
        wrong += usize::from(matches!(found.found, filmwire_deliver::Found::Wrong(_)));
    };
    let usable =
        filmwire_deliver::verify(&stand.library, &job, true, &stand.around, &mut tell).await;
    usable.unwrap().unwrap();
    assert_eq!(wrong, 1);
    stand.settle(&plain(&root, "one")).await;
    bytes[middle] ^= 1;
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(stand.all_are(DeliveryState::Proven));
}

#[tokio::test]
async fn every_place_that_keeps_files_can_keep_a_site() {
    for peer in stores() {
        let stand = Stand::new();
        let root = stand.path("www");
        let target = || site(peer.store(&root), "one");
        let files = [photo(&stand, "a", "2026-05-13", 1), photo(&stand, "b", "2026-05-14", 2)];
        stand.settle(&target()).await;
        assert_eq!(crawl(&root, &format!("{peer:?}")).names, names(&["a", "b"]), "{peer:?}");
        change(&stand, files);
        stand.settle(&target()).await;
        check_changed(&root, &crawl(&root, &format!("{peer:?}")), &format!("{peer:?}"));
    }
}

#[tokio::test]
async fn the_newest_photo_goes_with_the_last_one_also_beside_another() {
    let (one, two) = (Stand::new(), Stand::new());
    let root = one.path("www");
    let files = [photo(&one, "a", "2026-05-13", 1), photo(&two, "x", "2026-05-14", 11)];
    one.settle(&plain(&root, "one")).await;
    two.settle(&plain(&root, "two")).await;
    gone(&two, files[1]);
    two.settle(&plain(&root, "two")).await;
    assert!(root.join("latest.jpg").exists());
    gone(&one, files[0]);
    one.settle(&plain(&root, "one")).await;
    assert!(crawl(&root, "").names.is_empty());
    assert!(!root.join("latest.jpg").exists());
}
