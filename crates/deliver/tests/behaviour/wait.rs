//! Waiting: how long, through restarts, and through clocks that step.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{
    Around, Backoff, End, Fault, FaultKind, FileTarget, Folder, Future, Happening, Job, Options,
    Pace, Placed, Proof, Quiet, Stop, Target, Until, Upload, Verdict, deliver,
};

use crate::peer::MADE;
use crate::stand::{NOW, Stand};

/// A target that fails its first puts or tests.
#[derive(Default)]
struct Late {
    bad_tests: AtomicUsize,
    bad_puts: AtomicUsize,
    hangs: bool,
}

fn take(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Target for Late {
    fn test<'a>(&'a self, _: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        let bad = take(&self.bad_tests);
        Box::pin(async move { if bad { Err(Fault::transient("away")) } else { Ok(None) } })
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        let bad = take(&self.bad_puts);
        Box::pin(async move {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            match bad {
                true => Err(Fault::transient("cut")),
                false => Ok(Placed { path: upload.path.clone(), made: None }),
            }
        })
    }

    fn prove(&self, _: Arc<Upload>, _: Placed) -> Future<'_, Result<Verdict, Fault>> {
        Box::pin(async { Ok(Verdict::Proven(Proof::Size)) })
    }

    fn withdraw(&self, _: Placed) -> Future<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

fn late(tests: usize, puts: usize) -> Arc<Late> {
    Arc::new(Late { bad_tests: tests.into(), bad_puts: puts.into(), hangs: false })
}

#[tokio::test]
async fn a_file_waits_longer_each_time_and_restarts_do_not_forget_it() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    let target: Arc<dyn Target> = late(0, 3);
    // Chance is a half throughout: three quarters of 5, 10 and 20 s.
    for wait in [3_750, 7_500, 15_000] {
        let now = stand.around.clock.now_ms();
        assert_eq!(stand.once(&target).await, End::Idle { next: Some(now + wait) });
        // A restart before its time tries nothing.
        assert_eq!(stand.once(&target).await, End::Idle { next: Some(now + wait) });
        stand.around.clock.sleep_until(now + wait).await;
    }
    assert_eq!(stand.once(&target).await, End::Idle { next: None });
    let row = stand.rows().remove(0);
    assert_eq!((row.state, row.tries, row.next), (DeliveryState::Proven, 4, None));
}

#[tokio::test]
async fn an_absent_target_is_tried_once_for_all_its_files() {
    let (stand, _) = Stand::with_photos();
    let target = late(2, 0);
    let dyn_target: Arc<dyn Target> = target.clone();
    assert_eq!(stand.once(&dyn_target).await, End::Idle { next: Some(NOW + 3_750) });
    assert_eq!(stand.once(&dyn_target).await, End::Idle { next: Some(NOW + 3_750) });
    assert_eq!(target.bad_tests.load(Ordering::SeqCst), 1, "paused means not even tested");
    assert!(stand.rows().iter().all(|row| row.tries == 0));
    stand.settle(&dyn_target).await;
    let catalogue = stand.library.catalogue().unwrap();
    let row = catalogue.target_named("nas").unwrap().unwrap();
    assert_eq!((row.tries, row.next, row.reason), (0, None, None), "and then all is well");
    let paused = Happening::Paused { reason: "away".to_owned(), next: NOW + 3_750 };
    assert!(stand.told().contains(&paused));
}

#[tokio::test]
async fn days_of_absence_are_sat_out() {
    let (stand, _) = Stand::with_photos();
    let target: Arc<dyn Target> = late(60, 5);
    let stop = stand.around.stop.clone();
    let mut around = stand.around.clone();
    around.tell = Arc::new(move |event| {
        if let Happening::Idle { next: None } = event.what {
            stop.ask();
        }
    });
    let jobs = vec![Stand::job("nas", target)];
    let ends = deliver(&stand.library, jobs, &Options::default(), &around).await.unwrap();
    assert_eq!(ends, [End::Stopped]);
    assert!(stand.all_are(DeliveryState::Proven));
    let days = (stand.around.clock.now_ms() - NOW) / 86_400_000;
    assert!((1..4).contains(&days), "60 tries of at most an hour: {days} days");
}

#[tokio::test]
async fn a_clock_that_went_back_does_not_hold_anything_up() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    let target: Arc<dyn Target> = late(1, 1);
    stand.clock.0.store(NOW + 10 * 86_400_000, Ordering::SeqCst);
    stand.once(&target).await;
    stand.clock.0.store(NOW, Ordering::SeqCst);
    stand.settle(&target).await;
    assert!(stand.all_are(DeliveryState::Proven));
    assert!(stand.around.clock.now_ms() - NOW < 60_000, "nobody waited ten days");
}

#[tokio::test]
async fn news_ends_a_wait() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    let (news, stop) = (Arc::clone(&stand.around.news), stand.around.stop.clone());
    let work = async {
        let jobs = vec![Stand::job("nas", late(0, 0))];
        deliver(&stand.library, jobs, &Options::default(), &stand.around).await.unwrap()
    };
    let shooting = async {
        let idle = |count| {
            stand.told().iter().filter(|what| matches!(what, Happening::Idle { .. })).count()
                >= count
        };
        while !idle(1) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stand.add("B.JPG", b"def");
        news.notify_waiters();
        while !idle(2) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.ask();
    };
    let (ends, ()) = tokio::join!(work, shooting);
    assert_eq!(ends, [End::Stopped]);
    assert_eq!(stand.rows().len(), 2);
    assert!(stand.all_are(DeliveryState::Proven));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_hangs_holds_up_neither_others_nor_a_stop() {
    let (stand, _) = Stand::with_photos();
    let hanging = Arc::new(Late { hangs: true, ..Late::default() });
    let jobs = vec![Stand::job("hanging", hanging), Stand::job("nas", late(0, 0))];
    let stop = stand.around.stop.clone();
    let mut around = stand.around.clone();
    around.tell = Arc::new(move |event| {
        if event.target == "nas" && matches!(event.what, Happening::Idle { .. }) {
            stop.ask();
        }
    });
    let began = tokio::time::Instant::now();
    let ends = deliver(&stand.library, jobs, &Options::default(), &around).await.unwrap();
    assert_eq!(ends, [End::Stopped, End::Stopped]);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(stand.all_are(DeliveryState::Proven));
    let catalogue = stand.library.catalogue().unwrap();
    let id = catalogue.target_named("hanging").unwrap().unwrap().id;
    let sending = catalogue.deliveries(id, DeliveryState::Sending, None, 9).unwrap();
    assert_eq!(sending.len(), 1, "what is there is unknown, and so the row says");
}

#[tokio::test]
async fn two_targets_need_two_names() {
    let stand = Stand::new();
    let jobs = vec![Stand::job("nas", late(0, 0)), Stand::job("nas", late(0, 0))];
    let options = Options { until: Until::Idle, backoff: Backoff::default() };
    let error = deliver(&stand.library, jobs, &options, &stand.around).await.unwrap_err();
    assert_eq!(error.to_string(), "two targets are called nas; each needs a name of its own");
}

#[tokio::test]
async fn a_retry_by_hand_is_a_new_beginning() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    let target: Arc<dyn Target> = Arc::new(Stubborn);
    assert_eq!(stand.once(&target).await, End::Idle { next: None });
    assert!(stand.all_are(DeliveryState::Failed));
    let catalogue = stand.library.catalogue().unwrap();
    let id = catalogue.target_named("nas").unwrap().unwrap().id;
    assert_eq!(catalogue.retry_deliveries(id, NOW).unwrap(), 1);
    let target: Arc<dyn Target> = late(0, 0);
    stand.settle(&target).await;
    assert!(stand.all_are(DeliveryState::Proven));
}

/// A target that refuses every file for good.
struct Stubborn;

impl Target for Stubborn {
    fn test<'a>(&'a self, _: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn put(&self, _: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        Box::pin(async { Err(Fault { kind: FaultKind::Permanent, reason: "never".to_owned() }) })
    }

    fn prove(&self, _: Arc<Upload>, _: Placed) -> Future<'_, Result<Verdict, Fault>> {
        Box::pin(async { Ok(Verdict::Wrong("never".to_owned())) })
    }

    fn withdraw(&self, _: Placed) -> Future<'_, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn nothing_is_begun_while_the_gate_is_held() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    let target: Arc<dyn Target> = late(0, 0);
    let (one, other) = (stand.around.gate.hold(), stand.around.gate.hold());
    let delivering = stand.once(&target);
    tokio::pin!(delivering);
    let soon = Duration::from_millis(200);
    assert!(tokio::time::timeout(soon, &mut delivering).await.is_err());
    drop(one);
    assert!(tokio::time::timeout(soon, &mut delivering).await.is_err(), "another holds it");
    assert!(!stand.all_are(DeliveryState::Proven));
    drop(other);
    assert_eq!(delivering.await, End::Idle { next: None });
    assert!(stand.all_are(DeliveryState::Proven));
    // A stop does not wait for it.
    let _hold = stand.around.gate.hold();
    stand.around.stop.ask();
    assert_eq!(stand.once(&target).await, End::Stopped);
}

/// In real time, for the pieces come from a thread.
#[tokio::test]
async fn a_limit_is_kept_and_a_stop_does_not_wait_for_it() {
    let stand = Stand::new();
    // A piece of a second, and one that goes after it.
    stand.add("A.JPG", &[1; 300_000]);
    let (folder, pace) = (stand.path("nas"), Pace::new(NonZeroU64::new(200_000)));
    let target: Arc<dyn Target> =
        Arc::new(FileTarget::new(Arc::new(Folder::new(folder)), MADE, "one"));
    let job = Job { pace, ..Stand::job("nas", target) };
    let options = Options { until: Until::Idle, ..Options::default() };
    let began = Instant::now();
    deliver(&stand.library, vec![job.clone()], &options, &stand.around).await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(990), "{:?}", began.elapsed());
    assert!(stand.all_are(DeliveryState::Proven), "{:?}", stand.rows());

    stand.add("B.JPG", &[2; 300_000]);
    let slow = Job { pace: Pace::new(NonZeroU64::new(1_000)), ..job };
    let stop = Stop::default();
    let around = Around { stop: stop.clone(), ..stand.around.clone() };
    let began = Instant::now();
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.ask();
    };
    let slow = deliver(&stand.library, vec![slow], &options, &around);
    let (ends, ()) = tokio::join!(slow, stopping);
    assert_eq!(ends.unwrap(), [End::Stopped]);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_is_begun_in_quiet_hours() {
    let stand = Stand::new();
    stand.add("A.JPG", b"abc");
    let quiet: Quiet = "22:00-06:00".parse().unwrap();
    let quiet = Some(quiet.in_zone(jiff::tz::TimeZone::UTC));
    let job = Job { quiet, ..Stand::job("nas", late(0, 0)) };
    let options = Options { until: Until::Idle, ..Options::default() };
    let once = async || {
        deliver(&stand.library, vec![job.clone()], &options, &stand.around).await.unwrap()[0]
    };
    // It is 22:13:20.
    let six = NOW + (7 * 3600 + 46 * 60 + 40) * 1000;
    assert_eq!(once().await, End::Idle { next: Some(six) });
    assert!(!stand.all_are(DeliveryState::Proven));
    stand.clock.0.store(six - 1, Ordering::SeqCst);
    assert_eq!(once().await, End::Idle { next: Some(six) });
    stand.clock.0.store(six, Ordering::SeqCst);
    assert_eq!(once().await, End::Idle { next: None });
    assert!(stand.all_are(DeliveryState::Proven));
    assert!(stand.told().contains(&Happening::Quiet { until: six }));
}
