//! Freeing the library's copies.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::num::NonZeroU32;
use std::sync::Arc;

use filmwire_catalogue::{DeliveryState, Prunable, TargetId, check};
use filmwire_deliver::{
    Fault, Found, Future, Job, MARK_FILE, Placed, PruneRule, Pruned, Target, Upload, Verdict,
    Verified, mend_pruning, prune, verify,
};

use crate::peer::folder_at;
use crate::stand::{NOW, Stand, content_of};

/// A library of three photos, all proven to be at two folders, and the jobs that ask these.
async fn stocked() -> (Stand, BTreeMap<String, Vec<u8>>, Vec<Job>) {
    let (stand, photos) = Stand::with_photos();
    let jobs = |owner: &str| {
        ["nas", "usb"].map(|name| {
            let target: Arc<dyn Target> = Arc::new(folder_at(&stand.path(name), owner));
            Stand::job(name, target)
        })
    };
    for job in jobs("one") {
        stand.settle_job(&job).await;
    }
    let jobs = jobs("prune").to_vec();
    (stand, photos, jobs)
}

fn rule(copies: u32) -> PruneRule {
    PruneRule {
        targets: vec!["nas".to_owned(), "usb".to_owned()],
        copies: NonZeroU32::new(copies).unwrap(),
        before: NOW,
    }
}

async fn run(stand: &Stand, jobs: &[Job], rule: &PruneRule, dry: bool) -> Vec<Pruned> {
    let mut told = Vec::new();
    let mut tell = |what| told.push(what);
    prune(&stand.library, jobs, rule, dry, &stand.around, &mut tell).await.unwrap();
    told
}

fn own(stand: &Stand) -> BTreeMap<String, Vec<u8>> {
    let mut own = content_of(stand.library.root());
    own.retain(|path, _| !path.starts_with(".filmwire/"));
    own
}

/// What one target alone lets go.
fn may_go(target: &[TargetId]) -> Prunable<'_> {
    let proof = "SHA-256 read back";
    Prunable { targets: target, copies: 1, proof, wanted_by: target, before: NOW }
}

/// Nothing is left on its way out.
fn nothing_aside(stand: &Stand) -> bool {
    fs::read_dir(stand.library.meta_folder().join("pruning"))
        .is_ok_and(|mut all| all.next().is_none())
}

fn kept(told: &[Pruned]) -> Vec<(&str, &str)> {
    let kept = told.iter().filter_map(|what| match what {
        Pruned::Kept { path, reason } => Some((path.as_str(), reason.as_str())),
        _ => None,
    });
    kept.collect()
}

#[tokio::test]
async fn what_targets_have_is_freed_and_nobody_misses_it() {
    let (stand, photos, jobs) = stocked().await;
    let dry = run(&stand, &jobs, &rule(2), true).await;
    assert_eq!(dry.len(), 3);
    assert!(dry.iter().all(|what| matches!(what, Pruned::MayGo { .. })), "{dry:?}");
    assert_eq!(own(&stand), photos, "a dry run frees nothing");
    let young = PruneRule { before: NOW - 1, ..rule(2) };
    assert!(run(&stand, &jobs, &young, false).await.is_empty());
    let told = run(&stand, &jobs, &rule(2), false).await;
    let path = "2016/A.JPG".to_owned();
    assert!(told.contains(&Pruned::Freed { path, size: 3 }), "{told:?}");
    assert_eq!(told.len(), 3);
    assert!(own(&stand).is_empty() && nothing_aside(&stand));
    assert_eq!(content_of(&stand.path("nas")), photos);
    let found = check(&stand.library, true).unwrap();
    assert!(found.iter().all(|finding| !finding.kind.is_fault()), "{found:?}");
    assert!(stand.all_are(DeliveryState::Proven));
    let log = stand.library.catalogue().unwrap().prunings(0, 9).unwrap();
    assert_eq!(log.len(), 3);
    assert_eq!(log[0].kept_at.as_deref(), Some("nas: 2016/A.JPG\nusb: 2016/A.JPG"));
    assert!(log.iter().all(|row| row.ended == Some(NOW) && row.file.is_some()));
    assert!(run(&stand, &jobs, &rule(2), false).await.is_empty(), "nothing is left to do");
}

#[tokio::test]
async fn a_photo_stays_if_a_target_lost_it_or_the_library_has_another() {
    let (stand, mut photos, jobs) = stocked().await;
    fs::write(stand.path("usb").join("2016/A.JPG"), b"abd").unwrap();
    fs::write(stand.library.absolute("C.MOV"), b"edited").unwrap();
    photos.insert("C.MOV".to_owned(), b"edited".to_vec());
    photos.remove("2016/B.RAF");
    let told = run(&stand, &jobs, &rule(2), false).await;
    let kept = kept(&told);
    assert_eq!((kept[0].0, kept[1].0, kept.len()), ("2016/A.JPG", "C.MOV", 2), "{kept:?}");
    assert!(kept[0].1.starts_with("too few targets have it (usb: "), "{kept:?}");
    assert!(kept[1].1.contains("not what it was"), "{kept:?}");
    assert_eq!(own(&stand), photos);
    assert!(nothing_aside(&stand));
    // One copy is enough if the rule says so.
    let told = run(&stand, &jobs, &rule(1), false).await;
    let path = "2016/A.JPG".to_owned();
    assert!(told.contains(&Pruned::Freed { path: path.clone(), size: 3 }), "{told:?}");
    assert!(!told.iter().any(|what| matches!(what, Pruned::Doubtful { .. })), "nobody was asked");
    let log = stand.library.catalogue().unwrap().prunings(0, 99).unwrap();
    let row = log.iter().rev().find(|row| row.path == path).unwrap();
    assert_eq!(row.kept_at.as_deref(), Some("nas: 2016/A.JPG"), "the one that was asked");
}

#[tokio::test]
async fn a_target_that_lost_a_photo_is_named_though_others_have_it() {
    let (stand, _, jobs) = stocked().await;
    fs::remove_file(stand.path("nas").join("C.MOV")).unwrap();
    let told = run(&stand, &jobs, &rule(1), false).await;
    let doubt = told.iter().find_map(|what| match what {
        Pruned::Doubtful { path, reason } => Some((path.as_str(), reason.starts_with("nas: "))),
        _ => None,
    });
    assert_eq!(doubt, Some(("C.MOV", true)), "{told:?}");
    let log = stand.library.catalogue().unwrap().prunings(0, 99).unwrap();
    let row = log.iter().find(|row| row.path == "C.MOV").unwrap();
    assert_eq!(row.kept_at.as_deref(), Some("usb: C.MOV"));
}

/// A target that changes the file that was set aside while it is asked.
struct Writer {
    inner: Arc<dyn Target>,
    aside: std::path::PathBuf,
}

impl Target for Writer {
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        self.inner.test(place)
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        self.inner.put(upload)
    }

    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>> {
        for entry in fs::read_dir(&self.aside).unwrap() {
            let mut file = fs::File::options().append(true).open(entry.unwrap().path()).unwrap();
            file.write_all(b"!").unwrap();
        }
        self.inner.prove(upload, placed)
    }

    fn withdraw(&self, placed: Placed) -> Future<'_, Result<(), Fault>> {
        self.inner.withdraw(placed)
    }
}

#[tokio::test]
async fn a_photo_that_is_written_to_meanwhile_stays() {
    let (stand, photos, mut jobs) = stocked().await;
    let aside = stand.library.meta_folder().join("pruning");
    jobs[1].target = Arc::new(Writer { inner: Arc::clone(&jobs[1].target), aside });
    let told = run(&stand, &jobs, &rule(2), false).await;
    assert_eq!(kept(&told).len(), 3, "{told:?}");
    assert!(kept(&told).iter().all(|(_, reason)| *reason == "it was changed meanwhile"));
    assert_eq!(own(&stand).len(), photos.len());
}

#[tokio::test]
async fn a_target_that_is_away_or_waits_keeps_everything() {
    let (stand, photos, mut jobs) = stocked().await;
    fs::rename(stand.path("usb"), stand.path("away")).unwrap();
    let told = run(&stand, &jobs, &rule(2), false).await;
    assert!(matches!(&told[..], [Pruned::Unusable { target, .. }] if target == "usb"), "{told:?}");
    fs::rename(stand.path("away"), stand.path("usb")).unwrap();
    // One that never got anything is still to get it from here.
    jobs.push(Stand::job("new", Arc::new(folder_at(&stand.path("new"), "prune"))));
    assert!(run(&stand, &jobs, &rule(2), false).await.is_empty());
    assert_eq!(own(&stand), photos);
}

/// A share of the library itself: what it shows is no copy.
#[tokio::test]
async fn the_library_is_no_copy_of_itself() {
    let (stand, photos, jobs) = stocked().await;
    let (root, nas) = (stand.library.root().to_owned(), stand.path("nas"));
    fs::copy(nas.join(MARK_FILE), root.join(MARK_FILE)).unwrap();
    fs::rename(&nas, stand.path("away")).unwrap();
    std::os::unix::fs::symlink(&root, &nas).unwrap();
    let rule = PruneRule { targets: vec!["nas".to_owned()], ..rule(1) };
    let told = run(&stand, &jobs, &rule, false).await;
    assert_eq!((kept(&told).len(), told.len()), (3, 3), "{told:?}");
    assert_eq!(own(&stand), photos);
}

#[tokio::test]
async fn two_names_of_one_place_are_one_copy() {
    let (stand, photos) = Stand::with_photos();
    let job =
        |name: &str, owner: &str| Stand::job(name, Arc::new(folder_at(&stand.path("nas"), owner)));
    for name in ["nas", "usb"] {
        stand.settle_job(&job(name, "one")).await;
    }
    let jobs = [job("nas", "prune"), job("usb", "prune")];
    assert!(run(&stand, &jobs, &rule(2), false).await.is_empty());
    assert_eq!(own(&stand), photos);
}

/// A process may die between any two steps.
#[tokio::test]
async fn what_was_cut_is_put_in_order() {
    let (stand, photos, jobs) = stocked().await;
    let catalogue = stand.library.catalogue().unwrap();
    let target = [catalogue.target_named("nas").unwrap().unwrap().id];
    let may_go = may_go(&target);
    let files = catalogue.files(None, 9).unwrap();
    let aside = stand.library.meta_folder().join("pruning");
    fs::create_dir_all(&aside).unwrap();
    // Begun; begun and moved; moved and ended.
    let mut rows = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let row = catalogue.begin_prune(file.id, may_go, NOW).unwrap().unwrap();
        let hash: String = file.sha256[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        if n > 0 {
            let from = stand.library.absolute(&file.path);
            fs::rename(from, aside.join(format!("{row}-{hash}"))).unwrap();
        }
        rows.push(row);
    }
    catalogue.end_prune(rows[2], "nas: x", NOW).unwrap();
    // What nobody knows is nobody's to remove: a row of that number is about another file.
    let strays = [format!("{}-0123456789abcdef", rows[2]), "note".to_owned()];
    for name in &strays {
        fs::write(aside.join(name), b"!").unwrap();
    }
    // Nothing is old enough: only what was cut is put in order.
    let young = PruneRule { before: NOW - 1, ..rule(2) };
    let told = run(&stand, &jobs, &young, false).await;
    let paths: Vec<_> = kept(&told).into_iter().map(|(path, _)| path.to_owned()).collect();
    assert_eq!(paths, strays.map(|name| format!(".filmwire/pruning/{name}")));
    assert_eq!(fs::read_dir(&aside).unwrap().count(), 2);
    let mut expected = photos.clone();
    expected.remove(&files[2].path);
    assert_eq!(own(&stand), expected);
    let found = check(&stand.library, true).unwrap();
    assert!(found.iter().all(|finding| !finding.kind.is_fault()), "{found:?}");
    assert!(catalogue.is_pruned(files[2].id).unwrap());
    assert!(!catalogue.is_pruned(files[1].id).unwrap());
}

/// A share that is not mounted has nothing in either place, and nothing is made of that.
#[tokio::test]
async fn a_library_that_is_away_closes_no_row() {
    let (stand, photos, _) = stocked().await;
    let catalogue = stand.library.catalogue().unwrap();
    let target = [catalogue.target_named("nas").unwrap().unwrap().id];
    let may_go = may_go(&target);
    let file = catalogue.files(None, 1).unwrap().remove(0);
    catalogue.begin_prune(file.id, may_go, NOW).unwrap().unwrap();
    let (at, away) = (stand.library.absolute(&file.path), stand.path("away.jpg"));
    fs::rename(&at, &away).unwrap();
    let (id_file, id_away) = (stand.library.id_file(), stand.path("id"));
    fs::rename(&id_file, &id_away).unwrap();
    let mut told = Vec::new();
    let mut tell = |what| told.push(what);
    mend_pruning(&stand.library, &stand.around, &mut tell).await.unwrap();
    assert_eq!((kept(&told).len(), catalogue.open_prunings().unwrap().len()), (1, 1), "{told:?}");
    fs::rename(&id_away, &id_file).unwrap();
    fs::rename(&away, &at).unwrap();
    let mut tell = |what| panic!("{what:?}");
    mend_pruning(&stand.library, &stand.around, &mut tell).await.unwrap();
    assert!(catalogue.open_prunings().unwrap().is_empty());
    assert_eq!(own(&stand), photos);
}

/// What the library has no more cannot be brought again, so that it is not queued for ever.
#[tokio::test]
async fn a_copy_that_is_lost_later_is_told_and_not_queued() {
    let (stand, _, jobs) = stocked().await;
    run(&stand, &jobs, &rule(2), false).await;
    fs::remove_file(stand.path("nas").join("C.MOV")).unwrap();
    let mut wrong = Vec::new();
    let mut tell = |told: Verified| {
        if let Found::Wrong(why) = told.found {
            wrong.push((told.path, why));
        }
    };
    verify(&stand.library, &jobs[0], true, &stand.around, &mut tell).await.unwrap().unwrap();
    assert_eq!((wrong.len(), wrong[0].0.as_str()), (1, "C.MOV"));
    assert!(wrong[0].1.ends_with("so bring it from where it is"), "{wrong:?}");
    assert!(stand.all_are(DeliveryState::Proven), "{:?}", stand.rows());
}

#[tokio::test(start_paused = true)]
async fn a_pass_is_waited_for() {
    let (stand, photos, jobs) = stocked().await;
    let lock = stand.library.lock().unwrap();
    let stop = stand.around.stop.clone();
    let mut told = Vec::new();
    let mut tell = |what: Pruned| {
        told.push(what);
        stop.ask();
    };
    prune(&stand.library, &jobs, &rule(2), false, &stand.around, &mut tell).await.unwrap();
    assert!(matches!(&told[..], [Pruned::Waiting { .. }]), "{told:?}");
    assert_eq!(own(&stand), photos);
    drop(lock);
}
