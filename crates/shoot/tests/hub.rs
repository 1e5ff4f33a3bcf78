//! The hub on a simulated camera, in simulated time.

mod support;

use std::time::Duration;

use filmwire_camera::{Camera, Departures, Error, Options, Remote};
use filmwire_codec::OperationCode;
use filmwire_shoot::{Hub, Viewer};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Frames a second of the camera.
const RATE: u32 = 60;

async fn opened() -> (Simulator, Remote, Hub) {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let mut persona = Persona::builtin("X-T4").unwrap();
    persona.shooting.live_fps = RATE;
    let sim = Simulator::new(persona, card);
    let (network, departures) = (SimNetwork(sim.clone()), Departures::default());
    let connecting = Camera::connect_remote(network, Options::default(), &departures);
    let remote = connecting.await.unwrap();
    let hub = Hub::open(&remote).await.unwrap();
    (sim, remote, hub)
}

/// What a viewer that needs so long for each frame has seen once the stream has ended.
struct Seen {
    frames: u64,
    skipped: u64,
    /// Age of the oldest frame but the last when it was given; the last is given whatever its age.
    oldest: Duration,
    end: Error,
}

fn look(mut viewer: Viewer, pause: Duration) -> JoinHandle<Seen> {
    tokio::spawn(async move {
        let (mut frames, mut oldest, mut last) = (0, Duration::ZERO, Duration::ZERO);
        let end = loop {
            match viewer.next().await {
                Ok(frame) => {
                    frames += 1;
                    oldest = oldest.max(last);
                    last = Instant::now().into_std() - frame.arrived;
                    sleep(pause).await;
                }
                Err(end) => break end,
            }
        };
        Seen { frames, skipped: viewer.skipped(), oldest, end }
    })
}

#[tokio::test(start_paused = true)]
async fn fifty_viewers_of_which_half_are_slow_see_fresh_frames() {
    let (sim, remote, hub) = opened().await;
    let quick: Vec<_> = (0..25).map(|_| look(hub.viewer(), Duration::ZERO)).collect();
    let slow: Vec<_> = (0..25).map(|_| look(hub.viewer(), Duration::from_secs(1))).collect();
    sleep(Duration::from_secs(30)).await;
    let tally = hub.tally();
    assert_eq!(hub.viewers(), 50);
    drop(hub);
    let all = u64::from(RATE) * 30;
    assert!((all - 10..=all + 10).contains(&tally.frames), "{tally:?}");
    assert_eq!((tally.missed, tally.gaps), (0, 0), "the camera waits for nobody");
    let frame = Duration::from_secs(1) / RATE;
    for seen in quick {
        let seen = seen.await.unwrap();
        assert!(tally.frames - seen.frames <= 1 && seen.skipped == 0, "{}", seen.frames);
        assert!(seen.oldest < Duration::from_millis(2), "{:?}", seen.oldest);
        assert!(matches!(seen.end, Error::Left));
    }
    for seen in slow {
        let seen = seen.await.unwrap();
        // The first, one a second, and the last that came before the end.
        assert!((29..=32).contains(&seen.frames), "{}", seen.frames);
        assert!(seen.frames + seen.skipped <= tally.frames, "{}", seen.skipped);
        assert!(seen.oldest < frame + Duration::from_millis(2), "{:?}", seen.oldest);
    }
    remote.leave().await;
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
    let rows = sim.journal();
    let last: Vec<_> = rows.iter().rev().take(3).rev().map(|row| row.operation).collect();
    let ends = [OperationCode::TERMINATE_OPEN_CAPTURE.0, OperationCode::CLOSE_SESSION.0];
    assert!(last.starts_with(&ends), "{last:X?}");
}

/// Live view goes with the hub, the session does not.
#[tokio::test(start_paused = true)]
async fn a_dropped_hub_ends_live_view_and_nothing_else() {
    let (_sim, remote, hub) = opened().await;
    let mut viewer = hub.viewer();
    viewer.next().await.unwrap();
    drop(hub);
    let end = timeout(Duration::from_secs(5), async {
        loop {
            if let Err(end) = viewer.next().await {
                break end;
            }
        }
    });
    assert!(matches!(end.await.unwrap(), Error::Left));
    sleep(Duration::from_secs(5)).await;
    assert!(!remote.settings().await.unwrap().is_empty());
    // The camera's stream may be opened once a connection.
    assert!(matches!(Hub::open(&remote).await, Err(Error::NoLiveView(_))));
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_link_reaches_every_viewer_with_its_cause() {
    let (sim, remote, hub) = opened().await;
    let quick = look(hub.viewer(), Duration::ZERO);
    let slow = look(hub.viewer(), Duration::from_secs(20));
    sleep(Duration::from_secs(1)).await;
    sim.set_on_air(false);
    for seen in [quick, slow] {
        let seen = seen.await.unwrap();
        assert!(matches!(seen.end, Error::Lost(_)), "{}", seen.end);
    }
    let late = look(hub.viewer(), Duration::ZERO).await.unwrap();
    assert!(late.frames == 1 && matches!(late.end, Error::Lost(_)), "{}", late.end);
    remote.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_camera_is_told_of_and_seen_again() {
    let (sim, remote, hub) = opened().await;
    sim.add_fault("live-stall=60:25s".parse().unwrap());
    let mut viewer = hub.viewer();
    let (mut silences, mut frames) = (0, 0);
    while frames < 120 {
        match viewer.next().await {
            Ok(_) => frames += 1,
            Err(Error::NoFrame { .. }) if silences < 2 => silences += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((silences, hub.tally().gaps), (2, 1));
    remote.leave().await;
}
