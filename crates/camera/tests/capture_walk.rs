//! Captures in random company of faults: whatever is told of a picture is true of the card.

mod support;

use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Error, Options, Picture, Remote};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::FailureSignal;
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;
use tokio::time::{sleep, timeout};

/// What may happen to one capture; the operations count from the moment it is armed.
const FAULTS: [&str; 17] = [
    "focus-fail=1",
    "swap-events=1",
    "drop-events=1",
    "menu-open=1:3s",
    "refuse=InitiateCapture#1:0x2019",
    "refuse=InitiateCapture#1:0x200F",
    "refuse=GetCapturePreview#1:0x2002",
    "silence=InitiateCapture#1",
    "silence=GetCapturePreview#1",
    "silence=GetDevicePropValue#1",
    "stall=InitiateCapture#1:16s",
    "stall=GetCapturePreview#1:5s",
    "truncate=GetCapturePreview#1:1",
    "empty=GetCapturePreview#1",
    "vanish=InitiateCapture#1:2s",
    "vanish=GetCapturePreview#1:2s",
    "vanish=GetDevicePropValue#2:2s",
];

/// Numbers that look random and come again with the seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % most
    }
}

fn simulator(dice: &mut Dice) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let models = ["X-T1", "X-T4", "X-T5", "X100VI"];
    let model = models[dice.below(models.len() as u64) as usize];
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    let signals = [FailureSignal::DeviceError, FailureSignal::NoEvents, FailureSignal::Busy];
    let (signal, preview_ms) =
        (signals[dice.below(3) as usize], [0, 300, 2500][dice.below(3) as usize]);
    sim.with_persona(|persona| {
        persona.shooting.failure = signal;
        persona.shooting.preview_ms = preview_ms;
    });
    sim.set_allow(filmwire_sim::Allow { shoot: true, ..Default::default() });
    sim
}

async fn connect(sim: &Simulator) -> Remote {
    let allow = Allow { shoot: true, ..Allow::default() };
    loop {
        let (network, options) = (SimNetwork(sim.clone()), Options { allow, ..Options::default() });
        match Camera::connect_remote(network, options, &Departures::default()).await {
            Ok(remote) => return remote,
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

/// Pictures on the card: the JPEGs.
fn pictures(sim: &Simulator) -> usize {
    sim.with_card(|card| card.objects().filter(|object| object.name.ends_with(".JPG")).count())
}

/// Least and most pictures that a capture has made, by what was told of it.
fn told<T>(result: &Result<T, Error>) -> (usize, usize) {
    match result {
        Ok(_) => (1, 1),
        Err(Error::NotTaken(what)) => match what.picture {
            Picture::None => (0, 0),
            Picture::Maybe => (0, 1),
            Picture::Taken => (1, 1),
        },
        Err(_) => (0, 0),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_pictures_is_true() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let sim = simulator(&mut dice);
        let mut remote = connect(&sim).await;
        for step in 0..12 {
            let fault = FAULTS[dice.below(FAULTS.len() as u64) as usize];
            if dice.below(3) > 0 {
                sim.add_fault(fault.parse().unwrap());
            }
            let before = pictures(&sim);
            // Some callers lose their patience.
            let patience = if dice.below(4) == 0 { dice.below(5000) } else { 1_000_000 };
            let waited = timeout(Duration::from_millis(patience), remote.capture()).await;
            let (least, most) = waited.as_ref().map_or((0, 1), told);
            // What was begun comes to its end.
            sleep(Duration::from_secs(10)).await;
            sim.clear_faults();
            let about = format!("seed {seed}, step {step}, {fault}: {waited:?}");
            let made = pictures(&sim) - before;
            assert!((least..=most).contains(&made), "{made} made; {about}");
            if matches!(&waited, Ok(Err(error)) if error.is_link_trouble()) {
                remote.leave().await;
                remote = connect(&sim).await;
            }
            // The next one works, on a new connection where this one was lost in between.
            let mut next = remote.capture().await;
            if next.as_ref().is_err_and(|error| matches!(error, Error::Lost(_))) {
                remote.leave().await;
                remote = connect(&sim).await;
                next = remote.capture().await;
            }
            assert!(next.is_ok(), "{next:?} after {about}");
        }
        remote.leave().await;
        sim.wait_idle().await;
        assert_eq!(sim.violations(), [], "seed {seed}");
    }
}
