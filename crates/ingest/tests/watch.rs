//! A watch over days of a camera's life, in simulated time.

#[path = "support/layer.rs"]
mod layer;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use filmwire_camera::{Presence, Sight};
use filmwire_ingest::files::{Disk, FileLayer};
use filmwire_ingest::{
    Error, Event, Stop, Stopper, Summary, SyncOptions, WatchEvent, Watching, watch, watch_with,
};
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, GenerateSpec};
use layer::{Hook, Watched};
use support::{Random, Shelf, SimConnect, on_card, plain_card, seed_from_env, simulator};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3600);

/// A simulated camera, and whether it is on the air.
struct Air {
    sim: Simulator,
    sight: AtomicU8,
}

const GONE: u8 = 0;
const THERE: u8 = 1;
/// Three looks in a row lose their packets, the fourth does not.
const FADING: u8 = 2;
const HIDDEN: u8 = 10;

impl Air {
    fn new(sim: &Simulator) -> Self {
        Self { sim: sim.clone(), sight: AtomicU8::new(THERE) }
    }

    fn set(&self, on: bool) {
        self.sim.set_on_air(on);
        self.see(if on { THERE } else { GONE });
    }

    fn see(&self, sight: u8) {
        self.sight.store(sight, Ordering::Relaxed);
    }
}

impl Presence for Air {
    async fn look(&self) -> Sight {
        match self.sight.load(Ordering::Relaxed) {
            GONE => Sight::Gone,
            THERE => Sight::There,
            HIDDEN => Sight::Unknown,
            count => {
                let next = if count == FADING + 3 { FADING } else { count + 1 };
                self.see(next);
                if next == FADING { Sight::There } else { Sight::Gone }
            }
        }
    }
}

/// What a test does while a watch goes on.
struct Hand<'a> {
    air: &'a Air,
    watching: Watching,
    events: mpsc::UnboundedReceiver<WatchEvent>,
    stopper: Stopper,
    told: Vec<String>,
}

impl Hand<'_> {
    fn sim(&self) -> &Simulator {
        &self.air.sim
    }

    /// Takes events until one fits; fails if a day passes before.
    async fn until<T>(&mut self, mut fits: impl FnMut(&WatchEvent) -> Option<T>) -> T {
        let day = 24 * HOUR;
        loop {
            let event = tokio::time::timeout(day, self.events.recv()).await;
            let Ok(Some(event)) = event else { panic!("it never came: {:#?}", self.told) };
            self.told.push(format!("{event:?}"));
            if let Some(found) = fits(&event) {
                return found;
            }
        }
    }

    async fn served(&mut self) -> Summary {
        self.until(|event| match event {
            WatchEvent::Served(summary) => Some((**summary).clone()),
            _ => None,
        })
        .await
    }

    async fn failed(&mut self) -> String {
        self.until(|event| match event {
            WatchEvent::Failed(error) => Some(error.to_string()),
            _ => None,
        })
        .await
    }

    async fn gone(&mut self) {
        self.until(|event| matches!(event, WatchEvent::Gone).then_some(())).await;
    }

    /// Nothing is told for this long.
    async fn quiet(&mut self, time: Duration) {
        sleep(time).await;
        while let Ok(event) = self.events.try_recv() {
            let calm = matches!(event, WatchEvent::Resting | WatchEvent::Waiting);
            assert!(calm, "{event:?}");
        }
    }
}

/// Watches while `script` acts; it is asked to stop when the script is through.
async fn play(
    shelf: &Shelf,
    air: &Air,
    connect: &SimConnect,
    script: impl AsyncFnOnce(&mut Hand<'_>),
) -> Result<(), Error> {
    play_on(shelf, air, connect, (shelf.options(), Arc::new(Disk)), script).await
}

/// As [`play`], with other options and on another disk.
async fn play_on(
    shelf: &Shelf,
    air: &Air,
    connect: &SimConnect,
    (options, files): (SyncOptions, Arc<dyn FileLayer>),
    script: impl AsyncFnOnce(&mut Hand<'_>),
) -> Result<(), Error> {
    let library = shelf.library();
    let (sender, events) = mpsc::unbounded_channel();
    let (stopper, stop) = Stop::new();
    let watching = Watching::default();
    let mut tell = |event| drop(sender.send(event));
    let mut hand = Hand { air, watching: watching.clone(), events, stopper, told: Vec::new() };
    let scene = (connect, air);
    let watched = watch_with(scene, &library, &options, &watching, &stop, &mut tell, files);
    let acting = async {
        script(&mut hand).await;
        hand.stopper.stop();
        hand
    };
    let (watched, hand) = tokio::join!(watched, acting);
    // However it ended, the camera is free.
    tokio::time::timeout(HOUR, hand.sim().wait_idle()).await.expect("the camera was left");
    watched
}

fn small_card(seed: u64, photos: u32) -> Card {
    Card::generated(&GenerateSpec {
        seed,
        photos,
        photo_bytes: 3_000..=9_000,
        film_bytes: 1_500_000..=2_500_000,
        ..GenerateSpec::default()
    })
}

/// Every photo on the card is in the library, and nothing is there twice.
fn assert_complete(shelf: &Shelf, sim: &Simulator) {
    let mut expected = on_card(sim);
    let mut found: Vec<_> = shelf.photos().into_values().collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(shelf.faults(), [] as [String; 0]);
    assert_eq!(sim.violations(), []);
}

/// The card gets some photos, the camera goes on air, is served and goes off air; in some rounds
/// it vanishes in the middle and comes back, soon or late.
#[tokio::test(start_paused = true)]
async fn a_hundred_days_of_a_photographer() {
    let seed = seed_from_env();
    eprintln!("seed {seed:#x}");
    let random = &mut Random(seed);
    let sim = simulator("X-T20", small_card(seed, 3));
    let (shelf, air) = (Shelf::new(), Air::new(&sim));
    air.set(false);
    let (mut fetched, mut vanished) = (0, 0);
    let script = async |hand: &mut Hand<'_>| {
        for _ in 0..100 {
            sim.with_card(|card| {
                card.shoot(random.below(4) as usize);
                if random.below(4) == 0 {
                    card.shoot_film();
                }
            });
            sleep(Duration::from_secs(random.below(600))).await;
            let new = on_card(&sim).len() as u64 - fetched;
            let before = sim.connections();
            air.set(true);
            if new > 0 && random.below(4) == 0 {
                vanished += 1;
                let after = random.below(3 * new);
                vanish(hand, after, Duration::from_secs(1 + random.below(300))).await;
            } else {
                let summary = hand.served().await;
                assert_eq!((summary.new, summary.known), (new, fetched), "{summary:?}");
                assert_eq!(sim.connections(), before + 1, "it was connected to once");
            }
            fetched += new;
            // The person looks at the photos for a while, and switches it off.
            sleep(Duration::from_secs(random.below(900))).await;
            air.set(false);
            hand.gone().await;
        }
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    assert!(vanished > 3 && fetched > 100, "{vanished} {fetched}");
    assert_complete(&shelf, &sim);
}

/// The camera goes off the air in the middle of a pass, and comes back.
async fn vanish(hand: &mut Hand<'_>, after: u64, away: Duration) {
    let mut events = 0;
    hand.until(|event| {
        let inside = matches!(event, WatchEvent::Pass(Event::Started(_) | Event::Progress { .. }));
        events += u64::from(inside);
        (events > after || matches!(event, WatchEvent::Served(_))).then_some(())
    })
    .await;
    hand.air.set(false);
    sleep(away).await;
    hand.air.set(true);
    // By the pass that goes on, or by another one after it gave up; until nothing is left.
    loop {
        let served = hand.until(|event| match event {
            WatchEvent::Served(summary) => Some(summary.failed == 0),
            WatchEvent::Resting => Some(false),
            _ => None,
        });
        match tokio::time::timeout(HOUR, served).await {
            Ok(true) => {}
            Ok(false) => {}
            // It rests: all that was to be done is done.
            Err(_) => return,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_is_left_on_for_an_hour_is_connected_to_once() {
    for sight in [THERE, FADING] {
        let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
        let air = Air::new(&sim);
        let script = async |hand: &mut Hand<'_>| {
            assert_eq!(hand.served().await.new, 3);
            air.see(sight);
            sim.with_card(|card| card.shoot(2));
            hand.quiet(HOUR).await;
            assert_eq!(sim.connections(), 1);
        };
        play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_is_back_just_after_a_pass_gave_up_is_served() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
    let air = Air::new(&sim);
    let script = async |hand: &mut Hand<'_>| {
        let started =
            |event: &WatchEvent| matches!(event, WatchEvent::Pass(Event::Started(_))).then_some(());
        hand.until(started).await;
        hand.air.set(false);
        hand.failed().await;
        // Before anybody looked.
        hand.air.set(true);
        let summary = hand.served().await;
        assert!(summary.new > 0 && summary.new + summary.known == 3, "{summary:?}");
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    assert_complete(&shelf, &sim);
}

/// The network of a camera that is on again ends when nobody joins it for half a minute.
#[tokio::test(start_paused = true)]
async fn a_camera_that_comes_back_is_met_in_time_whenever_that_is() {
    for away in (1..60).step_by(5) {
        let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
        let air = Air::new(&sim);
        let script = async |hand: &mut Hand<'_>| {
            let started = |event: &WatchEvent| {
                matches!(event, WatchEvent::Pass(Event::Started(_))).then_some(())
            };
            hand.until(started).await;
            hand.air.set(false);
            sleep(Duration::from_secs(away)).await;
            hand.air.set(true);
            let met = sim.wait_connections(sim.connections() + 1);
            let met = tokio::time::timeout(Duration::from_secs(15), met).await;
            assert!(met.is_ok(), "after {away} s: {:#?}", hand.told);
            hand.served().await;
        };
        play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_connects_at_once() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
    let air = Air::new(&sim);
    let script = async |hand: &mut Hand<'_>| {
        hand.served().await;
        sim.with_card(|card| card.shoot(2));
        sleep(HOUR).await;
        let asked = Instant::now();
        hand.watching.requests.ask();
        assert_eq!(hand.served().await.new, 2);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        assert_eq!(sim.connections(), 2);
        // Away, a request does not wait for the next attempt either.
        air.set(false);
        hand.gone().await;
        sleep(Duration::from_millis(100)).await;
        air.set(true);
        let asked = Instant::now();
        hand.watching.requests.ask();
        hand.until(|event| matches!(event, WatchEvent::Seen).then_some(())).await;
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn where_nobody_sees_whether_it_is_gone_it_is_connected_to_on_request_only() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(3)));
    let air = Air::new(&sim);
    air.see(HIDDEN);
    let script = async |hand: &mut Hand<'_>| {
        hand.served().await;
        hand.until(|event| matches!(event, WatchEvent::Blind).then_some(())).await;
        sim.set_on_air(false);
        hand.quiet(HOUR).await;
        sim.set_on_air(true);
        hand.quiet(HOUR).await;
        assert_eq!(sim.connections(), 1);
        hand.watching.requests.ask();
        hand.served().await;
        // It is told once, not after every pass.
        hand.quiet(HOUR).await;
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nobody_pressed_ok_is_told_once_and_the_next_day_is_a_new_one() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(3)));
    sim.with_persona(|persona| persona.set("ok", "state_wait").unwrap());
    let air = Air::new(&sim);
    let script = async |hand: &mut Hand<'_>| {
        assert!(hand.failed().await.contains("nobody pressed OK"));
        hand.quiet(HOUR).await;
        assert_eq!(sim.connections(), 1);
        air.set(false);
        hand.gone().await;
        sim.press_ok();
        air.set(true);
        assert_eq!(hand.served().await.new, 3);
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    assert_complete(&shelf, &sim);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_fails_at_first_is_tried_again_in_the_same_pass() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(3)));
    // Inside the opening.
    sim.add_fault("cut-at=200".parse().unwrap());
    let air = Air::new(&sim);
    let script = async |hand: &mut Hand<'_>| {
        let summary = hand.served().await;
        assert_eq!((summary.new, summary.failed), (3, 0));
        assert!(hand.told.iter().any(|event| event.contains("LinkLost")), "{:#?}", hand.told);
        assert_eq!(sim.connections(), 2);
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_stops_whatever_it_is_doing() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(30)));
    let air = Air::new(&sim);
    air.set(false);
    // While it waits for the camera.
    let script = async |hand: &mut Hand<'_>| hand.quiet(HOUR).await;
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    assert_eq!(sim.connections(), 0);
    // In a pass: what is whole is kept, and the totals say that it was cut.
    air.set(true);
    let script = async |hand: &mut Hand<'_>| {
        let published = |event: &WatchEvent| matches!(event, WatchEvent::Pass(Event::Published(_)));
        hand.until(|event| published(event).then_some(())).await;
        hand.stopper.stop();
        let summary = hand.served().await;
        assert!(summary.interrupted && (1..30).contains(&summary.new), "{summary:?}");
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    // While it waits for the camera to go.
    let script = async |hand: &mut Hand<'_>| {
        assert!(!hand.served().await.interrupted);
        hand.quiet(HOUR).await;
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    assert_complete(&shelf, &sim);
}

#[tokio::test(start_paused = true)]
async fn the_library_is_held_during_a_pass_only() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(3)));
    let air = Air::new(&sim);
    let library = shelf.library();
    let script = async |hand: &mut Hand<'_>| {
        assert_eq!(hand.served().await.new, 3);
        hand.quiet(HOUR).await;
        drop(library.lock().expect("it is free while the watch waits"));
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
}

/// Somebody adopts a card's worth of files meanwhile: no session waits for them.
#[tokio::test(start_paused = true)]
async fn no_camera_waits_for_a_library_that_is_in_use() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(3)));
    let air = Air::new(&sim);
    let library = shelf.library();
    let other = library.lock().unwrap();
    let script = async |hand: &mut Hand<'_>| {
        let locked = |event: &WatchEvent| match event {
            WatchEvent::Locked { by } => Some(by.clone()),
            _ => None,
        };
        assert!(hand.until(locked).await.contains("in use"));
        hand.quiet(HOUR).await;
        assert_eq!(sim.connections(), 0);
        drop(other);
        assert_eq!(hand.served().await.new, 3);
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
    assert_complete(&shelf, &sim);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_is_missing_ends_a_pass_and_not_the_watch() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(3)));
    sim.add_fault("refuse=GetObjectInfo:0x2013".parse().unwrap());
    let air = Air::new(&sim);
    let script = async |hand: &mut Hand<'_>| {
        let failed = |event: &WatchEvent| matches!(event, WatchEvent::Failed(_)).then_some(());
        hand.until(failed).await;
        sim.clear_faults();
        hand.watching.requests.ask();
        assert_eq!(hand.served().await.new, 3);
    };
    play(&shelf, &air, &SimConnect::new(&sim), script).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_library_that_cannot_be_used_ends_the_watch() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(3)));
    let air = Air::new(&sim);
    let library = shelf.library();
    // Nobody can write there.
    std::fs::create_dir_all(shelf.root().join(".filmwire")).unwrap();
    let _ = std::fs::remove_dir_all(shelf.root().join(".filmwire/incoming"));
    std::fs::write(shelf.root().join(".filmwire/incoming"), "no folder").unwrap();
    let (connect, options, stop) = (SimConnect::new(&sim), shelf.options(), Stop::never());
    let (watching, mut tell) = (Watching::default(), |_: WatchEvent| {});
    let watched = watch(&connect, &air, &library, &options, &watching, &stop, &mut tell);
    let error = tokio::time::timeout(HOUR, watched).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Storage { .. }), "{error}");
    sim.wait_idle().await;
    assert_eq!(sim.journal().last().unwrap().note, "goodbye");
}

/// A disk with so many bytes free as it is told.
struct Tank(AtomicU64);

impl Hook for Tank {
    fn free_bytes(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test(start_paused = true)]
async fn a_camera_is_left_alone_until_there_is_room() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(3)));
    let air = Air::new(&sim);
    let tank = Arc::new(Tank(AtomicU64::new(100 << 20)));
    let options = SyncOptions { keep_free: 100 << 20, ..shelf.options() };
    let script = async |hand: &mut Hand<'_>| {
        assert!(hand.failed().await.contains("beside the 104857600 that stay free"));
        hand.until(|event| matches!(event, WatchEvent::Resting).then_some(())).await;
        sim.wait_idle().await;
        hand.quiet(HOUR).await;
        let calls = sim.journal().len();
        // Enough to stay free, and not for a photo beside.
        tank.0.store((100 << 20) + 1, Ordering::Relaxed);
        hand.quiet(HOUR).await;
        assert_eq!(sim.journal().len(), calls, "nothing connects while there is no room");
        tank.0.store(1 << 40, Ordering::Relaxed);
        assert_eq!(hand.served().await.new, 3);
    };
    let files = Watched::by(tank.clone());
    play_on(&shelf, &air, &SimConnect::new(&sim), (options, files), script).await.unwrap();
    assert_complete(&shelf, &sim);
}

/// A name that does not exist is not a camera that is away.
#[tokio::test(start_paused = true)]
async fn an_odd_reason_is_told_once() {
    struct Typo;
    impl filmwire_ingest::Connect for Typo {
        async fn connect(&self) -> Result<filmwire_camera::Camera, filmwire_camera::Error> {
            let cause = "failed to lookup address information".to_owned();
            Err(filmwire_camera::Error::Unreachable { address: "typo".into(), cause })
        }
    }
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(0)));
    let (air, library) = (Air::new(&sim), shelf.library());
    let (options, watching) = (shelf.options(), Watching::default());
    let ((stopper, stop), mut odd) = (Stop::new(), 0);
    let mut tell = |event| odd += u32::from(matches!(event, WatchEvent::Odd { .. }));
    let watched = watch(&Typo, &air, &library, &options, &watching, &stop, &mut tell);
    let stopping = async {
        sleep(HOUR).await;
        stopper.stop();
    };
    let (watched, ()) = tokio::join!(watched, stopping);
    watched.unwrap();
    assert_eq!(odd, 1);
}
