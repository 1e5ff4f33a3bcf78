//! Pictures taken of every persona, in simulated time: the event sequence, and what may go wrong.

mod support;

use std::io;
use std::time::Duration;

use filmwire_camera::{
    Allow, Camera, Departures, Error, FocusObstacle, Mishap, Network, NotTaken, Options, Picture,
    Port, Remote, Setting, Shot, blocking,
};
use filmwire_codec::value::{FocusMode, FocusPoint};
use filmwire_codec::{OperationCode, ResponseCode};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::{Code, FailureSignal};
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;
use tokio::io::DuplexStream;
use tokio::time::{Instant, sleep, timeout};

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, shoot: true, ..Default::default() });
    sim
}

fn options() -> Options {
    let allow = Allow { settings: true, shoot: true, ..Allow::default() };
    Options { allow, ..Options::default() }
}

async fn connect(sim: &Simulator) -> Remote {
    let network = SimNetwork(sim.clone());
    Camera::connect_remote(network, options(), &Departures::default()).await.unwrap()
}

fn not_taken(result: Result<Shot, Error>) -> NotTaken {
    match result {
        Err(Error::NotTaken(what)) => *what,
        other => panic!("{other:?}"),
    }
}

fn operations(sim: &Simulator, code: OperationCode) -> usize {
    sim.journal().iter().filter(|row| row.operation == code.0).count()
}

/// Nothing was asked that a camera would not allow, and nothing was left behind.
async fn was_left(sim: &Simulator) {
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
    let left: Vec<_> = sim.journal().into_iter().map(|row| row.note).collect();
    assert!(left.iter().all(|note| !note.contains("left behind")), "{left:?}");
    assert_eq!(left.last().unwrap(), "goodbye");
}

fn is_whole(shot: &Shot) {
    let jpeg = &shot.preview;
    assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
}

#[tokio::test(start_paused = true)]
async fn every_body_takes_pictures_one_after_the_other() {
    let bodies = ["X30", "X-T1", "X-T10", "X-T2", "X-T100", "X-H1", "X-S10", "X-T5", "X100VI"];
    for model in bodies {
        let sim = simulator(model);
        let remote = connect(&sim).await;
        for number in 1..=3 {
            let shot = remote.capture().await.unwrap_or_else(|error| panic!("{model}: {error}"));
            is_whole(&shot);
            assert!(shot.is_complete, "{model}");
            let told = shot.told.unwrap();
            assert!(shot.sent <= told && told <= shot.fetched, "{model}");
            assert_eq!(operations(&sim, OperationCode::INITIATE_CAPTURE), number, "{model}");
            assert_eq!(operations(&sim, OperationCode::GET_CAPTURE_PREVIEW), number, "{model}");
        }
        remote.leave().await;
        was_left(&sim).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_instant_of_the_release_is_when_it_was_sent() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| persona.shooting.preview_ms = 700);
    let remote = connect(&sim).await;
    let armed = remote.arm().await.unwrap();
    sleep(Duration::from_secs(3)).await;
    let before = Instant::now().into_std();
    // The answer takes its time; that is none of the release's.
    sim.add_fault("stall=InitiateCapture#1:2s".parse().unwrap());
    let shot = armed.fire().await.unwrap();
    assert_eq!(shot.sent, before);
    assert!(shot.fetched - shot.sent >= Duration::from_secs(2));
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn the_self_timer_and_a_long_exposure_are_waited_for() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    for (key, text) in [("timer", "10s"), ("shutter", "30s")] {
        let setting = Setting::named(key).unwrap();
        remote.set(setting, setting.parse(text).unwrap()).await.unwrap();
    }
    let options = options();
    sim.with_persona(|persona| {
        // As if a dark frame were taken, and then almost all of the wait.
        persona.shooting.preview_ms = 30_000 + options.waits.picture.as_millis() as u64 - 2000;
    });
    let shot = remote.capture().await.unwrap();
    assert!((shot.told.unwrap() - shot.sent).as_secs() >= 97);
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn events_may_come_in_any_order_or_not_at_all() {
    for (fault, told) in [("swap-events=1", true), ("drop-events=1", false)] {
        let sim = simulator("X-T4");
        sim.add_fault(fault.parse().unwrap());
        let remote = connect(&sim).await;
        let start = Instant::now();
        let shot = remote.capture().await.unwrap();
        is_whole(&shot);
        assert_eq!(shot.told.is_some(), told, "{fault}");
        // The count of pictures that still fit tells of it, long before all patience has ended.
        assert!(start.elapsed() < Duration::from_secs(5), "{fault}: {:?}", start.elapsed());
        assert!(remote.capture().await.unwrap().told.is_some(), "{fault}");
        remote.leave().await;
        was_left(&sim).await;
    }
}

/// Where nothing but the preview itself tells of the picture.
#[tokio::test(start_paused = true)]
async fn a_picture_of_which_nothing_tells_is_found_by_its_preview() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| persona.remote_list.retain(|entry| entry.0 != Code(0xD229)));
    sim.add_fault("drop-events=1".parse().unwrap());
    let remote = connect(&sim).await;
    let start = Instant::now();
    is_whole(&remote.capture().await.unwrap());
    assert!((30..35).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    is_whole(&remote.capture().await.unwrap());
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn focus_that_is_not_found_is_told_however_the_camera_tells_it() {
    for signal in [FailureSignal::DeviceError, FailureSignal::Busy, FailureSignal::NoEvents] {
        let sim = simulator("X-T4");
        sim.with_persona(|persona| persona.shooting.failure = signal);
        sim.add_fault("focus-fail=2".parse().unwrap());
        let remote = connect(&sim).await;
        for attempt in 1..=2 {
            let start = Instant::now();
            let what = not_taken(remote.capture().await);
            let told = match signal {
                FailureSignal::DeviceError => matches!(what.mishap, Mishap::NoFocus(_)),
                FailureSignal::Busy => what.mishap == Mishap::Busy,
                FailureSignal::NoEvents => matches!(what.mishap, Mishap::NothingCame(_)),
            };
            assert!(told, "{signal:?} {attempt}: {what}");
            let is_silent = signal == FailureSignal::NoEvents;
            assert_eq!(what.picture == Picture::Maybe, is_silent, "{signal:?}");
            let most = Duration::from_secs(if is_silent { 31 } else { 5 });
            assert!(start.elapsed() < most, "{signal:?} {attempt}: {:?}", start.elapsed());
        }
        is_whole(&remote.capture().await.unwrap());
        remote.leave().await;
        was_left(&sim).await;
    }
}

/// The card's count falls for the picture before, which is no news of this one.
#[tokio::test(start_paused = true)]
async fn a_failure_right_after_a_picture_is_not_taken_for_one() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    is_whole(&remote.capture().await.unwrap());
    sim.add_fault("focus-fail=1".parse().unwrap());
    let what = not_taken(remote.capture().await);
    assert!(matches!(what.mishap, Mishap::NoFocus(_)), "{what}");
    assert_eq!(what.picture, Picture::None);
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_card_is_told_however_the_camera_tells_it() {
    for signal in [FailureSignal::DeviceError, FailureSignal::Busy, FailureSignal::NoEvents] {
        let sim = simulator("X-T4");
        sim.with_persona(|persona| persona.shooting.failure = signal);
        sim.set_pictures_remaining(1);
        let remote = connect(&sim).await;
        is_whole(&remote.capture().await.unwrap());
        sleep(Duration::from_secs(2)).await;
        let start = Instant::now();
        let what = not_taken(remote.capture().await);
        assert_eq!((what.mishap, what.picture), (Mishap::CardFull, Picture::None), "{signal:?}");
        assert!(start.elapsed() < Duration::from_secs(6), "{signal:?}: {:?}", start.elapsed());
        // Another card was put in.
        sim.set_pictures_remaining(9);
        is_whole(&remote.capture().await.unwrap());
        remote.leave().await;
        was_left(&sim).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_menu_that_is_open_and_a_mode_that_forbids_it_are_told() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    sim.add_fault("menu-open=1:10s".parse().unwrap());
    remote.settings().await.unwrap();
    let what = not_taken(remote.capture().await);
    assert_eq!((what.mishap, what.picture), (Mishap::Busy, Picture::None));
    sleep(Duration::from_secs(10)).await;
    is_whole(&remote.capture().await.unwrap());
    sim.add_fault("refuse=InitiateCapture#1:0x200F".parse().unwrap());
    let what = not_taken(remote.capture().await);
    let Mishap::Refused(response, Some(program)) = what.mishap else { panic!("{what}") };
    assert_eq!((response, program.to_string().as_str()), (ResponseCode(0x200F), "manual"));
    is_whole(&remote.capture().await.unwrap());
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_not_answered_may_have_taken_a_picture() {
    let sim = simulator("X-T4");
    sim.add_fault("stall=InitiateCapture#1:20s".parse().unwrap());
    let remote = connect(&sim).await;
    let what = not_taken(remote.capture().await);
    assert_eq!((what.mishap, what.picture), (Mishap::Silent, Picture::Maybe));
    assert!(Error::from(Box::new(what)).is_link_trouble());
    // It has: its preview is fetched before the next.
    sleep(Duration::from_secs(10)).await;
    is_whole(&remote.capture().await.unwrap());
    assert_eq!(operations(&sim, OperationCode::GET_CAPTURE_PREVIEW), 2);
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_lost_says_what_is_known_of_the_picture() {
    for (fault, picture) in [
        ("vanish=GetCapturePreview#1:5s", Picture::Taken),
        ("vanish=InitiateCapture#1:5s", Picture::Maybe),
    ] {
        let sim = simulator("X-T4");
        let remote = connect(&sim).await;
        sim.add_fault(fault.parse().unwrap());
        let what = not_taken(remote.capture().await);
        assert_eq!((what.mishap, what.picture), (Mishap::LinkLost, picture), "{fault}");
        assert!(matches!(what.cause, Some(Error::Lost(_))), "{fault}");
        let told = what.to_string();
        assert!(told.contains("on its card") || told.contains("may be on the card"), "{told}");
        let again = remote.capture().await.unwrap_err();
        assert!(again.is_link_trouble(), "{fault}: {again}");
        remote.leave().await;
        sleep(Duration::from_secs(6)).await;
        let remote = connect(&sim).await;
        is_whole(&remote.capture().await.unwrap());
        remote.leave().await;
        sim.wait_idle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_battery_that_runs_out_is_told_where_it_was_critical() {
    for (level, mishap) in [(6, Mishap::BatteryOut), (11, Mishap::LinkLost)] {
        let sim = simulator("X-T4");
        sim.set_battery(level);
        let remote = connect(&sim).await;
        sim.add_fault("battery-out=1".parse().unwrap());
        let what = not_taken(remote.capture().await);
        assert_eq!((what.mishap, what.picture), (mishap, Picture::Maybe));
        remote.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_preview_that_does_not_come_says_that_the_picture_is_there() {
    for fault in [
        "refuse=GetCapturePreview#1:0x2002",
        "silence=GetCapturePreview#1",
        "truncate=GetCapturePreview#1:1",
        "empty=GetCapturePreview#1",
    ] {
        let sim = simulator("X-T4");
        sim.add_fault(fault.parse().unwrap());
        let remote = connect(&sim).await;
        let what = not_taken(remote.capture().await);
        assert_eq!((what.mishap, what.picture), (Mishap::NoPreview, Picture::Taken), "{fault}");
        let start = Instant::now();
        is_whole(&remote.capture().await.unwrap_or_else(|error| panic!("{fault}: {error}")));
        assert!(start.elapsed() < Duration::from_secs(40), "{fault}: {:?}", start.elapsed());
        remote.leave().await;
        was_left(&sim).await;
    }
}

/// A picture that came after all patience had ended is not taken for the next one.
#[tokio::test(start_paused = true)]
async fn a_picture_that_comes_late_stands_in_nobodys_way() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| persona.shooting.preview_ms = 40_000);
    sim.add_fault("refuse=GetCapturePreview#1:0x2019".parse().unwrap());
    let remote = connect(&sim).await;
    let what = not_taken(remote.capture().await);
    assert_eq!(what.picture, Picture::Maybe);
    sleep(Duration::from_secs(20)).await;
    sim.with_persona(|persona| persona.shooting.preview_ms = 0);
    let shot = remote.capture().await.unwrap();
    assert!(shot.told.unwrap() - shot.sent < Duration::from_secs(1), "{shot:?}");
    assert_eq!(operations(&sim, OperationCode::GET_CAPTURE_PREVIEW), 3);
    remote.leave().await;
    was_left(&sim).await;
}

/// A network on which the port of events does not open.
struct Eventless(SimNetwork);

impl Network for Eventless {
    type Stream = DuplexStream;

    async fn connect(&self, port: Port) -> io::Result<DuplexStream> {
        match port {
            Port::Event => Err(io::ErrorKind::ConnectionRefused.into()),
            port => self.0.connect(port).await,
        }
    }

    fn name(&self) -> String {
        self.0.name()
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_port_of_events_pictures_are_taken_all_the_same() {
    let sim = simulator("X-T4");
    let (network, departures) = (Eventless(SimNetwork(sim.clone())), Departures::default());
    let remote = Camera::connect_remote(network, options(), &departures).await.unwrap();
    let start = Instant::now();
    for _ in 0..3 {
        let shot = remote.capture().await.unwrap();
        is_whole(&shot);
        assert_eq!((shot.told, shot.is_complete), (None, false));
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    remote.leave().await;
    was_left(&sim).await;
}

/// As everything of this client, without async.
#[test]
fn the_blocking_client_shoots_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let sim = simulator("X-T4");
    let inside = runtime.enter();
    let network = SimNetwork(sim.clone());
    let mut remote = blocking::Remote::connect_by(network, options()).unwrap();
    remote.lock_focus(FocusPoint::new(3, 4)).unwrap();
    is_whole(&remote.capture().unwrap());
    remote.unlock_focus().unwrap();
    remote.unlock_focus().unwrap();
    remote.lock_focus(FocusPoint::new(5, 5)).unwrap();
    remote.leave();
    drop(inside);
    runtime.block_on(was_left(&sim));
    assert_eq!(operations(&sim, OperationCode::UNLOCK_S1_LOCK), 2);
}

/// The caller goes at any moment; what was begun is brought to its end before the next picture.
#[tokio::test(start_paused = true)]
async fn a_capture_that_is_given_up_stands_in_nobodys_way() {
    for patience_ms in [0, 1, 5, 100, 400, 900, 1100] {
        let sim = simulator("X-T4");
        sim.with_persona(|persona| persona.shooting.preview_ms = 1000);
        let remote = connect(&sim).await;
        let patience = Duration::from_millis(patience_ms);
        assert!(timeout(patience, remote.capture()).await.is_err() || patience_ms > 1000);
        let start = Instant::now();
        is_whole(&remote.capture().await.unwrap());
        assert!(start.elapsed() < Duration::from_secs(4), "{patience_ms}: {:?}", start.elapsed());
        let [releases, previews] =
            [OperationCode::INITIATE_CAPTURE, OperationCode::GET_CAPTURE_PREVIEW]
                .map(|code| operations(&sim, code));
        assert_eq!(releases, previews, "{patience_ms}");
        remote.leave().await;
        was_left(&sim).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_in_the_middle_leaves_nothing_behind() {
    for patience_ms in [0, 1, 500, 1100] {
        let sim = simulator("X-T4");
        sim.with_persona(|persona| persona.shooting.preview_ms = 1000);
        let remote = connect(&sim).await;
        let lock = remote.lock_focus(FocusPoint::new(3, 4)).await.unwrap();
        let _ = timeout(Duration::from_millis(patience_ms), remote.capture()).await;
        remote.leave().await;
        was_left(&sim).await;
        drop(lock);
        assert_eq!(operations(&sim, OperationCode::UNLOCK_S1_LOCK), 1, "{patience_ms}");
        let [releases, previews] =
            [OperationCode::INITIATE_CAPTURE, OperationCode::GET_CAPTURE_PREVIEW]
                .map(|code| operations(&sim, code));
        // One that takes longer than leaving may is not waited for.
        assert!(releases == previews || patience_ms == 1, "{patience_ms}: {releases} {previews}");
    }
}

/// What takes longer than leaving may is given up; the rest is ended all the same.
#[tokio::test(start_paused = true)]
async fn a_preview_that_comes_too_slowly_keeps_nothing_else_open() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| {
        persona.shooting.preview_ms = 500;
        persona.reply_times = true;
        persona.reply_ms.insert(Code(0x9022), 300);
    });
    let remote = connect(&sim).await;
    assert!(timeout(Duration::from_millis(100), remote.capture()).await.is_err());
    sleep(Duration::from_secs(1)).await;
    // Its first bytes come soon, the others too late.
    sim.add_fault("stall=GetCapturePreview#1:1s".parse().unwrap());
    remote.leave().await;
    was_left(&sim).await;
    assert_eq!(operations(&sim, OperationCode::TERMINATE_OPEN_CAPTURE), 1);
    assert_eq!(operations(&sim, OperationCode::CLOSE_SESSION), 1);
}

#[tokio::test(start_paused = true)]
async fn pictures_wait_for_each_other() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| persona.shooting.preview_ms = 300);
    let remote = connect(&sim).await;
    let other = remote.clone();
    let (one, two) = tokio::join!(remote.capture(), other.capture());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.fetched <= two.sent, "{one:?} {two:?}");
    drop((remote, other));
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn focus_is_locked_at_a_point_and_released() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let locked = |readings: Vec<filmwire_camera::Reading>| {
        let find = |key| readings.iter().find(|reading| reading.setting == Setting::named(key));
        let text = |key| find(key).and_then(|found| found.bits.map(|bits| found.text(bits)));
        (text("focus-point").unwrap(), text("focus-lock").unwrap())
    };
    let lock = remote.lock_focus(FocusPoint::new(3, 4)).await.unwrap();
    assert!(lock.is_confirmed());
    let now = locked(remote.settings().await.unwrap());
    assert_eq!(now, ("3,4".to_owned(), "locked".to_owned()));
    // It holds over pictures, which need not find focus then.
    sim.add_fault("focus-fail=1".parse().unwrap());
    is_whole(&remote.capture().await.unwrap());
    sim.clear_faults();
    // A second lock takes the place of the first.
    let second = remote.lock_focus(FocusPoint::new(7, 5)).await.unwrap();
    assert_eq!(locked(remote.settings().await.unwrap()).0, "7,5");
    drop(lock);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(locked(remote.settings().await.unwrap()).1, "locked", "the second is held");
    second.release().await.unwrap();
    assert_eq!(locked(remote.settings().await.unwrap()).1, "unlocked");
    let third = remote.lock_focus(FocusPoint::new(1, 1)).await.unwrap();
    drop(third);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(locked(remote.settings().await.unwrap()).1, "unlocked");
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn focus_that_cannot_be_locked_is_told_and_not_held() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let obstacle = async |column, row| match remote.lock_focus(FocusPoint::new(column, row)).await {
        Err(Error::NotFocused { obstacle, .. }) => obstacle,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("locked at {column},{row}"),
    };
    assert_eq!(obstacle(14, 5).await, FocusObstacle::OffGrid(13, 9));
    sim.add_fault("focus-fail=1".parse().unwrap());
    assert_eq!(obstacle(7, 5).await, FocusObstacle::NotFound(Duration::from_secs(5)));
    let unlocks = operations(&sim, OperationCode::UNLOCK_S1_LOCK);
    assert_eq!(unlocks, operations(&sim, OperationCode::LOCK_S1_LOCK));
    sim.add_fault("refuse=LockS1Lock#1:0x2019".parse().unwrap());
    assert_eq!(obstacle(7, 5).await, FocusObstacle::Refused(ResponseCode::DEVICE_BUSY));
    for mode in [FocusMode::MANUAL, FocusMode::AF_C] {
        sim.with_persona(|persona| {
            let entry = persona.remote_list.iter_mut().find(|entry| entry.0 == Code(0x500A));
            entry.unwrap().1 = u32::from(mode.0);
        });
        assert_eq!(obstacle(7, 5).await, FocusObstacle::Mode(mode));
    }
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_given_up_half_way_is_released() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| persona.shooting.focus_ms = 3000);
    let remote = connect(&sim).await;
    let locking = remote.lock_focus(FocusPoint::new(7, 5));
    assert!(timeout(Duration::from_secs(1), locking).await.is_err());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(operations(&sim, OperationCode::UNLOCK_S1_LOCK), 1);
    remote.leave().await;
    was_left(&sim).await;
}

/// As where a slow camera is asked many things at once.
#[tokio::test(start_paused = true)]
async fn a_lock_that_is_dropped_while_many_wait_is_released() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let lock = remote.lock_focus(FocusPoint::new(7, 5)).await.unwrap();
    let mut asked: Vec<_> = (0..20).map(|_| Box::pin(remote.settings())).collect();
    for asked in &mut asked {
        assert!(timeout(Duration::ZERO, asked).await.is_err());
    }
    drop(lock);
    for asked in asked {
        asked.await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(operations(&sim, OperationCode::UNLOCK_S1_LOCK), 1);
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn without_leave_nothing_is_sent() {
    let sim = simulator("X-T4");
    let network = SimNetwork(sim.clone());
    let (options, departures) = (Options::default(), Departures::default());
    let remote = Camera::connect_remote(network, options, &departures).await.unwrap();
    assert!(matches!(remote.capture().await, Err(Error::Forbidden(_))));
    let locked = remote.lock_focus(FocusPoint::new(7, 5)).await;
    assert!(matches!(locked, Err(Error::Forbidden(_))));
    remote.leave().await;
    was_left(&sim).await;
    assert_eq!(operations(&sim, OperationCode::INITIATE_CAPTURE), 0);
}
