//! Series of every persona, in simulated time: what is kept of each frame.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Options, Remote};
use filmwire_codec::value::FocusPoint;
use filmwire_shoot::series::{Connect, Error, Fetch, Frame, Kept, Plan, Series, Shelf};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::SideSockets;
use filmwire_sim::{Persona, Simulator};
use jiff::civil::date;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};
use support::SimNetwork;

fn simulator(model: &str, photos: u32) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, shoot: true, ..Default::default() });
    sim
}

async fn connect(sim: Simulator) -> Result<Remote, filmwire_camera::Error> {
    let allow = Allow { shoot: true, ..Allow::default() };
    let options = Options { allow, ..Options::default() };
    Camera::connect_remote(SimNetwork(sim), options, &Departures::default()).await
}

async fn series(sim: &Simulator, fetch: Fetch, folder: &Path) -> Series {
    let plan = Plan { fetch, name: "{number:02}-{label}".parse().unwrap() };
    let remote = connect(sim.clone()).await.unwrap();
    Series::new(remote, plan, Shelf::new(folder.to_owned()).unwrap())
}

/// Makes new connections, and counts them.
fn reconnect(sim: &Simulator) -> (Connect, Arc<AtomicUsize>) {
    let (sim, made) = (sim.clone(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&made);
    let connect: Connect = Box::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Box::pin(connect(sim.clone()))
    });
    (connect, made)
}

async fn was_left(series: Series, sim: &Simulator, about: &str) {
    series.into_remote().leave().await;
    sim.wait_idle().await;
    assert_eq!(sim.violations(), [], "{about}");
    let notes: Vec<_> = sim.journal().into_iter().map(|row| row.note).collect();
    assert!(notes.iter().all(|note| !note.contains("left behind")), "{about}: {notes:?}");
}

/// The file is what the card has under that name, and its sum is told.
fn is_original(sim: &Simulator, frame: &Frame) {
    assert!(!frame.files.is_empty());
    for kept in &frame.files {
        let name = kept.camera_name.as_deref().unwrap();
        let object = sim.with_card(|card| card.object(card.find(name).unwrap()).unwrap());
        let bytes = std::fs::read(&kept.path).unwrap();
        assert_eq!(bytes.len() as u64, object.size_bytes, "{name}");
        let sum: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!((kept.bytes, &kept.sha256), (object.size_bytes, &sum), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn previews_are_kept_with_what_was_set() {
    let (sim, folder) = (simulator("X-T4", 1), tempfile::tempdir().unwrap());
    let mut series = series(&sim, Fetch::Preview, folder.path()).await;
    for number in 1..=3 {
        let frame = series.frame(Some("a/b")).await.unwrap();
        assert_eq!((frame.number, frame.label.as_deref()), (number, Some("a/b")));
        let [kept] = &frame.files[..] else { panic!("{:?}", frame.files) };
        assert_eq!(kept.path, folder.path().join(format!("0{number}-a_b.jpg")));
        assert_eq!(std::fs::read(&kept.path).unwrap(), frame.shot.preview);
        let shutter = frame.settings.iter().find(|it| it.property.0 == 0xD240).unwrap();
        assert_eq!(shutter.text(shutter.bits.unwrap()), "1/60");
    }
    was_left(series, &sim, "").await;
}

#[tokio::test(start_paused = true)]
async fn originals_are_fetched_from_every_body_however_it_treats_its_ports() {
    let bodies = ["X30", "X-T1", "X-T10", "X-T2", "X-T100", "X-H1", "X-S10", "X-T5", "X100VI"];
    let sockets = [SideSockets::Many, SideSockets::Once, SideSockets::Renewed, SideSockets::Lost];
    for (model, sockets) in bodies.iter().flat_map(|&body| sockets.map(|kind| (body, kind))) {
        let about = format!("{model} {sockets:?}");
        let folder = tempfile::tempdir().unwrap();
        // An empty card too.
        let sim = simulator(model, if sockets == SideSockets::Once { 0 } else { 3 });
        sim.with_persona(|persona| persona.shooting.side_sockets = sockets);
        let (connect, made) = reconnect(&sim);
        let mut series = series(&sim, Fetch::Full, folder.path()).await.with_connect(connect);
        series.lock_focus(FocusPoint::new(3, 3)).await.unwrap_or_else(|error| {
            panic!("{about}: {error}");
        });
        for number in 1..=3 {
            let frame = series.frame(None).await;
            let frame = frame.unwrap_or_else(|error| panic!("{about} {number}: {error}"));
            is_original(&sim, &frame);
            assert!(frame.shot.told.is_some(), "{about}");
            let lock = frame.settings.iter().find(|it| it.property.0 == 0xD209).unwrap();
            assert_eq!(lock.bits, Some(1), "{about} {number}: focus is locked anew");
        }
        // A fresh session where the ports are lost, and nowhere else.
        let fresh = if sockets == SideSockets::Lost { 3 } else { 0 };
        assert_eq!(made.load(Ordering::Relaxed), fresh, "{about}");
        was_left(series, &sim, &about).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_on_the_way_is_tried_once_more_in_a_fresh_session() {
    for fault in [
        "refuse=TerminateOpenCapture#2:0x2019",
        "silence=GetObjectInfo#3",
        "vanish=GetPartialObject#1:1s",
        "truncate=GetObjectInfo#2:10",
        "refuse=InitiateOpenCapture#3:0x2019",
        "vanish=TerminateOpenCapture#1:0s",
    ] {
        let (sim, folder) = (simulator("X-T4", 3), tempfile::tempdir().unwrap());
        let (connect, made) = reconnect(&sim);
        let mut series = series(&sim, Fetch::Full, folder.path()).await.with_connect(connect);
        sim.add_fault(fault.parse().unwrap());
        for number in 1..=2 {
            let frame = series.frame(None).await;
            let frame = frame.unwrap_or_else(|error| panic!("{fault} {number}: {error}"));
            is_original(&sim, &frame);
            assert_eq!(frame.files.len(), 1, "{fault} {number}");
        }
        // One that is gone for a second is asked twice.
        assert!(made.load(Ordering::Relaxed) <= 2, "{fault}");
        series.into_remote().leave().await;
        sim.wait_idle().await;
        assert_eq!(sim.violations(), [], "{fault}");
        let kept = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(kept, 2, "{fault}: nothing twice, nothing by half");
    }
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_was_not_fetched_is_on_the_card_and_the_next_is_fetched() {
    let (sim, folder) = (simulator("X-T4", 3), tempfile::tempdir().unwrap());
    let mut series = series(&sim, Fetch::Full, folder.path()).await;
    series.frame(None).await.unwrap();
    sim.add_fault("refuse=GetPartialObject#1:0x2002".parse().unwrap());
    let error = series.frame(None).await.unwrap_err();
    assert!(matches!(error, Error::NotFetched(_)) && !error.ends_series(), "{error}");
    assert!(error.to_string().contains("is on the card"), "{error}");
    let frame = series.frame(None).await.unwrap();
    is_original(&sim, &frame);
    // What belongs to the one before is not taken for this one's.
    assert_eq!((frame.number, frame.files.len()), (3, 1));
    was_left(series, &sim, "").await;
}

/// However many were not fetched before it, and wherever they came from.
#[tokio::test(start_paused = true)]
async fn a_picture_is_fetched_after_many_that_were_not() {
    for model in ["X-T4", "X100VI"] {
        let (sim, folder) = (simulator(model, 3), tempfile::tempdir().unwrap());
        let mut series = series(&sim, Fetch::Full, folder.path()).await;
        sim.add_fault("refuse=GetPartialObject:0x2002".parse().unwrap());
        for _ in 0..20 {
            let error = series.frame(None).await.unwrap_err();
            assert!(matches!(error, Error::NotFetched(_)), "{model}: {error}");
        }
        sim.clear_faults();
        is_original(&sim, &series.frame(None).await.unwrap());
        // More than a frame makes are doubted, once.
        for _ in 0..20 {
            series.remote().capture().await.unwrap();
        }
        let error = series.frame(None).await.unwrap_err();
        assert!(error.to_string().contains("more than 16 pictures are new"), "{model}: {error}");
        let frame = series.frame(None).await.unwrap();
        is_original(&sim, &frame);
        assert_eq!(frame.number, 23, "{model}");
        was_left(series, &sim, model).await;
    }
}

/// Whether there is a way to a fresh session or not: focus cannot be locked in the gallery.
#[tokio::test(start_paused = true)]
async fn after_a_picture_that_was_not_fetched_focus_is_locked_again() {
    for fault in ["refuse=GetPartialObject:0x2002", "silence=GetPartialObject"] {
        for anew in [false, true] {
            let (sim, folder) = (simulator("X-T4", 3), tempfile::tempdir().unwrap());
            let mut series = series(&sim, Fetch::Full, folder.path()).await;
            if anew {
                series = series.with_connect(reconnect(&sim).0);
            }
            series.lock_focus(FocusPoint::new(3, 3)).await.unwrap();
            sim.add_fault(fault.parse().unwrap());
            let error = series.frame(None).await.unwrap_err();
            assert!(matches!(error, Error::NotFetched(_)), "{fault} {anew}: {error}");
            sim.clear_faults();
            let frame = series.frame(None).await;
            let frame = frame.unwrap_or_else(|error| panic!("{fault} {anew}: {error}"));
            is_original(&sim, &frame);
            let lock = frame.settings.iter().find(|it| it.property.0 == 0xD209).unwrap();
            assert_eq!(lock.bits, Some(1), "{fault} {anew}");
            was_left(series, &sim, &format!("{fault} {anew}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_never_appears_is_told_and_the_series_goes_on() {
    let (sim, folder) = (simulator("X-T4", 3), tempfile::tempdir().unwrap());
    let mut series = series(&sim, Fetch::Full, folder.path()).await;
    series.frame(None).await.unwrap();
    let ready = series.ready().await.unwrap();
    let exposed = ready.fire().await.unwrap();
    sim.with_card(|card| {
        // The raw file of the pair is not listed.
        for _ in 0..2 {
            card.delete(card.len() - 1).unwrap();
        }
    });
    let start = tokio::time::Instant::now();
    let error = series.keep(exposed, None).await.unwrap_err();
    assert!(error.to_string().contains("no new picture appeared"), "{error}");
    assert!(!error.ends_series() && start.elapsed() >= Duration::from_secs(10));
    is_original(&sim, &series.frame(None).await.unwrap());
    was_left(series, &sim, "").await;
}

/// The size that was announced came, so that nothing but the file itself tells.
#[tokio::test(start_paused = true)]
async fn an_original_that_is_cut_short_is_not_kept() {
    let (sim, folder) = (simulator("X-T4", 3), tempfile::tempdir().unwrap());
    let mut series = series(&sim, Fetch::Full, folder.path()).await;
    series.frame(None).await.unwrap();
    sim.add_fault("size-small=5000".parse().unwrap());
    let error = series.frame(None).await.unwrap_err();
    assert!(error.to_string().contains("came broken"), "{error}");
    assert!(!error.ends_series());
    sim.clear_faults();
    is_original(&sim, &series.frame(None).await.unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    was_left(series, &sim, "").await;
}

/// Where a body lists raw files as well, one frame has two files of one stem.
#[tokio::test(start_paused = true)]
async fn a_raw_file_that_is_listed_is_fetched_beside_its_jpeg() {
    let (sim, folder) = (simulator("X-T4", 3), tempfile::tempdir().unwrap());
    sim.with_persona(|persona| persona.lists_raw = true);
    let mut series = series(&sim, Fetch::Full, folder.path()).await;
    for number in 1..=2 {
        let frame = series.frame(Some("page")).await.unwrap();
        is_original(&sim, &frame);
        let name = |kept: &Kept| kept.path.file_name().unwrap().to_string_lossy().into_owned();
        let mut names: Vec<_> = frame.files.iter().map(name).collect();
        names.sort();
        assert_eq!(names, [format!("0{number}-page.jpg"), format!("0{number}-page.raf")]);
    }
    was_left(series, &sim, "").await;
}

/// Of a pair the second file is cut off; the first is not fetched twice.
#[tokio::test(start_paused = true)]
async fn what_was_fetched_before_a_fresh_session_is_not_fetched_again() {
    let (sim, folder) = (simulator("X-T4", 3), tempfile::tempdir().unwrap());
    sim.with_persona(|persona| persona.lists_raw = true);
    let (connect, made) = reconnect(&sim);
    let mut series = series(&sim, Fetch::Full, folder.path()).await.with_connect(connect);
    sim.add_fault("refuse=GetPartialObject#2:0x2002".parse().unwrap());
    let frame = series.frame(None).await.unwrap();
    is_original(&sim, &frame);
    assert_eq!((frame.files.len(), made.load(Ordering::Relaxed)), (2, 1));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    was_left(series, &sim, "").await;
}

#[tokio::test(start_paused = true)]
async fn a_frame_is_dated_when_it_was_released() {
    let (sim, folder) = (simulator("X-T4", 1), tempfile::tempdir().unwrap());
    sim.with_persona(|persona| persona.shooting.preview_ms = 5000);
    let now = || date(2026, 3, 4).at(5, 6, 7, 0).to_zoned(TimeZone::UTC).unwrap();
    let mut series = series(&sim, Fetch::None, folder.path()).await.with_clock(now);
    let frame = series.frame(None).await.unwrap();
    let took = now().duration_since(&frame.at).as_secs();
    assert!((5..=6).contains(&took), "{}", frame.at);
    assert_eq!(frame.files, []);
    was_left(series, &sim, "").await;
}
