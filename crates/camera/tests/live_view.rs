//! Live view of every persona, in simulated time: its frames, its end, and what may go wrong.

mod support;

use std::time::Duration;

use filmwire_camera::{Camera, Departures, Error, Frame, LiveView, Options, Remote};
use filmwire_codec::OperationCode;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;
use tokio::time::{Instant, sleep};

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    Simulator::new(Persona::builtin(model).unwrap(), card)
}

async fn connect(sim: &Simulator) -> Remote {
    let network = SimNetwork(sim.clone());
    Camera::connect_remote(network, Options::default(), &Departures::default()).await.unwrap()
}

async fn opened(sim: &Simulator) -> (Remote, LiveView) {
    let remote = connect(sim).await;
    let live = remote.live_view().await.unwrap();
    (remote, live)
}

/// How long ago the frame came, in simulated time.
fn age(frame: &Frame) -> Duration {
    Instant::now().into_std() - frame.arrived
}

/// The function was ended, the session closed, and nothing asked that a camera would not allow.
async fn was_left(sim: &Simulator) {
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
    let rows = sim.journal();
    let last: Vec<_> = rows.iter().rev().take(3).rev().map(|row| row.operation).collect();
    let ends = [OperationCode::TERMINATE_OPEN_CAPTURE.0, OperationCode::CLOSE_SESSION.0];
    assert!(last.starts_with(&ends), "{last:X?}");
    assert_eq!(rows.last().unwrap().note, "goodbye");
}

#[tokio::test(start_paused = true)]
async fn every_body_shows_whole_frames_and_is_left_politely() {
    for model in ["X-T1", "X-T4", "X-T100", "X100VI"] {
        let sim = simulator(model);
        let (remote, mut live) = opened(&sim).await;
        let start = Instant::now();
        let first = live.next().await.unwrap();
        for number in 2..=31 {
            let frame = live.next().await.unwrap();
            assert_eq!(frame.number, number, "{model}");
            assert_eq!(frame.counter, first.counter + number as u32 - 1, "{model}");
            assert_eq!(frame.pixels(), Some((640, 480)), "{model}");
            assert!(frame.jpeg.ends_with(&[0xFF, 0xD9]), "{model}");
        }
        let took = start.elapsed().as_millis();
        assert!((1990..=2200).contains(&took), "{model}: {took} ms");
        let tally = live.tally();
        assert_eq!((tally.frames, tally.missed, tally.gaps, tally.damaged), (31, 0, 0, 0));
        drop(live);
        remote.leave().await;
        was_left(&sim).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_the_newest_and_the_session_lives_on() {
    let sim = simulator("X-T4");
    let (remote, mut live) = opened(&sim).await;
    let first = live.next().await.unwrap();
    sleep(Duration::from_secs(100)).await;
    let late = live.next().await.unwrap();
    assert!(age(&late) < Duration::from_millis(100), "{:?}", age(&late));
    assert!((1490..=1510).contains(&(late.number - first.number)), "{}", late.number);
    // Nothing was left out by the camera: it never had to wait for us.
    assert_eq!(live.tally().missed, 0);
    let reads = |code: u16| sim.journal().iter().filter(|row| row.operation == code).count();
    assert!(reads(OperationCode::GET_DEVICE_PROP_VALUE.0) > 90);
    remote.settings().await.unwrap();
    remote.leave().await;
    was_left(&sim).await;
    // What came last is still given, then the end.
    while live.next().await.is_ok() {}
    assert!(matches!(live.next().await, Err(Error::Left)));
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_a_gap_or_an_error_by_its_length() {
    let sim = simulator("X-T4");
    sim.add_fault("live-stall=30:5s".parse().unwrap());
    sim.add_fault("live-stall=60:25s".parse().unwrap());
    let (remote, mut live) = opened(&sim).await;
    let (mut silences, mut since) = (0, Instant::now());
    while live.tally().frames < 100 {
        // Asking anew does not make the silence begin anew.
        let next = tokio::time::timeout(Duration::from_millis(700), live.next()).await;
        match next {
            Ok(Ok(_)) => since = Instant::now(),
            Ok(Err(Error::NoFrame { waited })) => {
                silences += 1;
                assert_eq!(waited, Duration::from_secs(10));
                assert_eq!(since.elapsed().as_secs(), 10 * silences);
            }
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => {}
        }
    }
    assert_eq!(silences, 2, "none in the short one");
    let tally = live.tally();
    assert_eq!(tally.gaps, 2);
    assert!((430..=460).contains(&tally.missed), "{tally:?}");
    assert_eq!(tally.longest.as_secs(), 25);
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_link_ends_the_stream_with_its_cause() {
    let sim = simulator("X-T4");
    let (remote, mut live) = opened(&sim).await;
    live.next().await.unwrap();
    sim.set_on_air(false);
    let error = loop {
        if let Err(error) = live.next().await {
            break error;
        }
    };
    assert!(matches!(error, Error::Lost(_)) && error.is_link_trouble(), "{error}");
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn the_port_is_opened_once_and_closed_when_nobody_looks() {
    let sim = simulator("X-T4");
    let (remote, mut live) = opened(&sim).await;
    let error = remote.live_view().await.err().unwrap();
    assert!(matches!(error, Error::NoLiveView(_)), "{error}");
    live.next().await.unwrap();
    drop(live);
    sleep(Duration::from_secs(5)).await;
    assert!(matches!(remote.live_view().await, Err(Error::NoLiveView(_))));
    assert!(!remote.settings().await.unwrap().is_empty(), "the session goes on");
    drop(remote);
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_lasts_as_long_as_its_live_view() {
    let sim = simulator("X-T4");
    let (remote, mut live) = opened(&sim).await;
    drop(remote);
    sleep(Duration::from_secs(5)).await;
    let frame = live.next().await.unwrap();
    assert!(age(&frame) < Duration::from_secs(1), "{:?}", age(&frame));
    drop(live);
    was_left(&sim).await;
}
