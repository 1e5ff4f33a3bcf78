//! A site in doubt: what passes takes nothing off it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{
    End, Fault, Future, Gate, Hold, Job, Options, Placed, Quiet, Settle, Target, Until, Upload,
    Verdict, deliver,
};

use crate::between::Between;
use crate::crawl::crawl;
use crate::site::{gone, kept, names, photo, plain, site, two_days};
use crate::stand::{NOW, Stand};

/// A site between which and us something happens.
struct Around {
    site: Arc<dyn Target>,
    /// Done at each put.
    at_put: Box<dyn Fn(usize) + Send + Sync>,
    puts: AtomicUsize,
    settles: AtomicUsize,
    /// So many proofs cannot be told.
    doubts: AtomicUsize,
}

impl Around {
    fn new(site: Arc<dyn Target>, at_put: impl Fn(usize) + Send + Sync + 'static) -> Arc<Self> {
        let at_put = Box::new(at_put);
        let [puts, settles, doubts] = [(); 3].map(|()| AtomicUsize::new(0));
        Arc::new(Self { site, at_put, puts, settles, doubts })
    }

    /// How many were put, and how often it was settled.
    fn seen(&self) -> (usize, usize) {
        (self.puts.load(Ordering::SeqCst), self.settles.load(Ordering::SeqCst))
    }
}

impl Target for Around {
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        self.site.test(place)
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        (self.at_put)(self.puts.fetch_add(1, Ordering::SeqCst) + 1);
        self.site.put(upload)
    }

    fn batch(&self) -> Option<u32> {
        self.site.batch()
    }

    fn settle(&self, settle: Settle) -> Future<'_, Result<(), Fault>> {
        self.settles.fetch_add(1, Ordering::SeqCst);
        self.site.settle(settle)
    }

    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>> {
        let less = |left: usize| left.checked_sub(1);
        if self.doubts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Box::pin(async { Err(Fault::transient("the line broke".to_owned())) });
        }
        self.site.prove(upload, placed)
    }

    fn withdraw(&self, placed: Placed) -> Future<'_, Result<(), Fault>> {
        self.site.withdraw(placed)
    }
}

#[tokio::test]
async fn the_gate_is_heeded_between_the_files_of_a_batch() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    for number in 3..9 {
        photo(&stand, &format!("n{number}"), "2026-05-15", number);
    }
    let gate: Gate = stand.around.gate.clone();
    let held: Arc<std::sync::Mutex<Option<Hold>>> = Arc::default();
    let hold = Arc::clone(&held);
    let target = Around::new(plain(&root, "one"), move |put| {
        if put == 2 {
            *hold.lock().unwrap() = Some(gate.hold());
        }
    });
    let dynamic: Arc<dyn Target> = Arc::<Around>::clone(&target);
    let delivering = stand.once(&dynamic);
    tokio::pin!(delivering);
    let soon = Duration::from_millis(1500);
    assert!(tokio::time::timeout(soon, &mut delivering).await.is_err());
    assert_eq!(target.seen(), (2, 0));
    *held.lock().unwrap() = None;
    assert_eq!(delivering.await, End::Idle { next: None });
    assert_eq!(target.seen().0, 6);
    assert!(stand.all_are(DeliveryState::Proven));
}

#[tokio::test]
async fn quiet_hours_are_heeded_between_the_files_of_a_batch() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    for number in 3..9 {
        photo(&stand, &format!("n{number}"), "2026-05-15", number);
    }
    let clock = Arc::clone(&stand.clock);
    // It is 22:13:20.
    let begin = NOW + (46 * 60 + 40) * 1000;
    let target = Around::new(plain(&root, "one"), move |put| {
        if put == 2 {
            clock.0.store(begin, Ordering::SeqCst);
        }
    });
    let quiet: Quiet = "23:00-06:00".parse().unwrap();
    let quiet = Some(quiet.in_zone(jiff::tz::TimeZone::UTC));
    let dynamic: Arc<dyn Target> = Arc::<Around>::clone(&target);
    let job = Job { quiet, ..Stand::job("nas", dynamic) };
    let options = Options { until: Until::Idle, ..Options::default() };
    let ends = deliver(&stand.library, vec![job], &options, &stand.around).await.unwrap();
    assert_eq!(ends, [End::Idle { next: Some(begin + 7 * 3_600_000) }]);
    assert_eq!(target.seen(), (2, 0));
}

#[tokio::test]
async fn a_proof_that_cannot_be_had_takes_nothing_off_the_site() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    photo(&stand, "c", "2026-05-15", 3);
    photo(&stand, "d", "2026-05-15", 4);
    let target = Around::new(plain(&root, "one"), |_| ());
    target.doubts.store(1, Ordering::SeqCst);
    let dynamic: Arc<dyn Target> = Arc::<Around>::clone(&target);
    assert!(matches!(stand.once(&dynamic).await, End::Idle { next: Some(_) }));
    let states: Vec<_> = stand.rows().iter().map(|row| row.state).collect();
    let stored = states.iter().filter(|state| **state == DeliveryState::Stored).count();
    // The other one was proven all the same.
    assert_eq!((stored, states.len()), (1, 4), "{states:?}");
    // It is away, as are those who show it.
    stand.once(&dynamic).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b", "c", "d"]));
    stand.settle(&dynamic).await;
    assert!(stand.all_are(DeliveryState::Proven));
    assert_eq!(target.seen().0, 2, "none was put again");
}

#[tokio::test]
async fn what_is_to_be_put_again_is_shown_meanwhile() {
    let stand = Stand::new();
    let root = stand.path("www");
    let files = two_days(&root, &stand).await;
    let catalogue = stand.library.catalogue().unwrap();
    let target = catalogue.target_named("nas").unwrap().unwrap().id;
    catalogue.doubt_delivery(target, files[0], "doubtful", NOW).unwrap();
    catalogue.begin_sending(target, files[0], NOW).unwrap();
    catalogue.mark_failed(target, files[0], "busy", Some(NOW + 60_000), NOW).unwrap();
    stand.once(&plain(&root, "one")).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b"]));
    stand.settle(&plain(&root, "one")).await;
    assert!(stand.all_are(DeliveryState::Proven));
}

#[tokio::test]
async fn a_page_of_old_is_made_anew_and_its_photo_stays() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    let day = root.join("days/2026-05-14.html");
    let old = fs::read(&day).unwrap();
    let target = plain(&root, "one");
    photo(&stand, "c", "2026-05-14", 3);
    stand.settle(&target).await;
    fs::write(&day, old).unwrap();
    let catalogue = stand.library.catalogue().unwrap();
    let row = stand.rows().into_iter().find(|row| row.file.path.ends_with('c')).unwrap();
    catalogue.doubt_delivery(row.target, row.file.id, "doubtful", NOW).unwrap();
    stand.settle(&target).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "b", "c"]));
}

/// Two publishers with a photo each, and where their site is.
async fn two() -> (Stand, Stand, std::path::PathBuf) {
    let (one, two) = (Stand::new(), Stand::new());
    let root = one.path("www");
    photo(&one, "a", "2026-05-13", 1);
    photo(&two, "x", "2026-05-14", 11);
    one.settle(&plain(&root, "one")).await;
    two.settle(&plain(&root, "two")).await;
    one.settle(&plain(&root, "one")).await;
    assert_eq!(crawl(&root, "").names, names(&["a", "x"]));
    (one, two, root)
}

/// The manifest that lists a photo.
fn manifest_of(root: &Path, name: &str) -> std::path::PathBuf {
    let found = fs::read_dir(root.join("data")).unwrap().map(|entry| entry.unwrap().path());
    let name = format!("\"{name}\"");
    found.into_iter().find(|path| fs::read_to_string(path).unwrap().contains(&name)).unwrap()
}

fn leave_unsettled(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text.replace("\"settled\": true", "\"settled\": false")).unwrap();
}

#[tokio::test]
async fn an_empty_list_of_manifests_is_not_believed() {
    for lie in 1..4 {
        let (one, _two, root) = two().await;
        photo(&one, "b", "2026-05-15", 2);
        let look = {
            let root = root.clone();
            move || assert!(crawl(&root, "").names.contains("x"), "the other is off the site")
        };
        let between = Arc::new(Between::new(&root, 0, look));
        between.go.notify_one();
        between.lies.store(lie, Ordering::SeqCst);
        one.settle(&site(Arc::<Between>::clone(&between), "one")).await;
        assert_eq!(between.lies.load(Ordering::SeqCst), 0);
        assert_eq!(crawl(&root, "").names, names(&["a", "b", "x"]));
    }
}

#[tokio::test]
async fn files_that_a_loss_of_power_emptied_are_written_anew() {
    for path in ["index.html", "days/2026-05-13.html", "feed.xml", "style.css", "latest.jpg", ""] {
        let stand = Stand::new();
        let root = stand.path("www");
        two_days(&root, &stand).await;
        let path = match path {
            "" => manifest_of(&root, "a"),
            path => root.join(path),
        };
        fs::write(&path, "").unwrap();
        photo(&stand, "c", "2026-05-13", 3);
        stand.settle(&plain(&root, "one")).await;
        assert_eq!(crawl(&root, "").names, names(&["a", "b", "c"]), "{path:?}");
        assert!(fs::metadata(&path).unwrap().len() > 0, "{path:?}");
    }
}

#[tokio::test]
async fn a_damaged_photo_does_not_become_the_newest() {
    let stand = Stand::new();
    let root = stand.path("www");
    two_days(&root, &stand).await;
    let newest = fs::read(root.join("latest.jpg")).unwrap();
    for row in stand.rows().iter().filter(|row| row.file.path.ends_with('a')) {
        let path = root.join(row.path.as_ref().unwrap());
        let mut bytes = fs::read(&path).unwrap();
        bytes[200] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let file = stand.rows().into_iter().find(|row| row.file.path.ends_with('b')).unwrap().file.id;
    gone(&stand, file);
    stand.settle(&plain(&root, "one")).await;
    assert_eq!(fs::read(root.join("latest.jpg")).unwrap(), newest);
}

#[tokio::test]
async fn a_publisher_who_never_ends_is_mended_ever_less_often_and_not_told_of_it() {
    let (one, _two, root) = two().await;
    let between = Arc::new(Between::new(&root, usize::MAX, || ()));
    let target = site(Arc::<Between>::clone(&between), "one");
    let look = async || {
        let before = between.calls();
        target.settle(Settle { keep: kept(&one), ..Settle::default() }).await.unwrap();
        between.calls() - before
    };
    let little = look().await;
    leave_unsettled(&manifest_of(&root, "x"));
    let own = fs::metadata(manifest_of(&root, "a")).unwrap().modified().unwrap();
    let whole = look().await;
    assert!(whole > 3 * little, "{whole} {little}");
    let few = look().await;
    assert!(few < whole / 2, "{few} {whole}");
    let wait = async |minutes: u64| {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(60 * minutes)).await;
        tokio::time::resume();
    };
    wait(6).await;
    assert_eq!(look().await, whole);
    wait(6).await;
    assert_eq!(look().await, few);
    wait(5).await;
    assert_eq!(look().await, whole);
    assert_eq!(fs::metadata(manifest_of(&root, "a")).unwrap().modified().unwrap(), own);
}

#[tokio::test]
async fn a_page_that_another_is_writing_says_nothing_of_a_photo() {
    let (one, _two, root) = two().await;
    let target = plain(&root, "one");
    let row = one.rows().remove(0);
    let day = root.join("days/2026-05-13.html");
    let text = fs::read_to_string(&day).unwrap();
    fs::write(&day, text.replace("id=\"", "id=\"x")).unwrap();
    let prove = async || {
        let upload = Upload {
            target: "nas".to_owned(),
            source: one.library.absolute(&row.file.path),
            path: row.file.path.clone(),
            known: row.path.clone(),
            size: row.file.size,
            sha256: row.file.sha256,
            facts: kept(&one).remove(0).facts,
            attempt: 1,
            pace: filmwire_deliver::Pace::default(),
            stop: filmwire_deliver::Stop::default(),
        };
        let placed = Placed { path: row.path.clone().unwrap(), made: None };
        target.prove(Arc::new(upload), placed).await
    };
    target.test(None).await.unwrap();
    assert!(matches!(prove().await, Ok(Verdict::Wrong(reason)) if reason.contains("not shown")));
    leave_unsettled(&manifest_of(&root, "x"));
    assert!(matches!(prove().await, Err(fault) if fault.reason.contains("not shown")));
}
