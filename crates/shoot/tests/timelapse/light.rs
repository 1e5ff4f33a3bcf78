//! The exposure follows a simulated sun.

use std::time::Duration;

use filmwire_shoot::timelapse::ramp::{Dial, Limits, NoRamp};
use filmwire_shoot::timelapse::{Error, Event};
use filmwire_sim::light::Light;

use crate::world::World;

const INTERVAL: Duration = Duration::from_secs(10);
/// Frames after which the exposure has come near the light it began in.
const SETTLED: usize = 40;

fn limits() -> Limits {
    let ends = vec![
        (Dial::Shutter, 0x8000_0000 | 4_000_000, 4_000),
        (Dial::Aperture, 280, 800),
        (Dial::Iso, 200, 6400),
    ];
    Limits { ends, target: 0.0 }
}

/// A body in M with a fixed ISO, under a light by a script.
fn world(light: &str, interval: Duration, count: u64) -> World {
    let mut world = World::new(interval, count);
    world.ramp = Some(limits());
    let light: Light = light.parse().unwrap();
    world.sim.with_persona(|persona| persona.shooting.light = light);
    world.sim.turn(0xD02A, 800);
    world.sim.turn(0x5007, 400);
    world
}

fn luminances(events: &[Event]) -> Vec<f64> {
    let taken = events.iter().filter_map(|event| match event {
        Event::Taken(taken) => Some(taken.luminance.expect("a ramp looks at every preview")),
        _ => None,
    });
    taken.collect()
}

fn dials(events: &[Event]) -> Vec<Dial> {
    let changed = events.iter().filter_map(|event| match event {
        Event::Exposure(_, changed) => Some(changed.dial),
        _ => None,
    });
    changed.collect()
}

#[tokio::test(start_paused = true)]
async fn frames_of_a_sunrise_and_a_sunset_stay_near_the_target_and_never_jump() {
    for light in ["0s:0,400s:0,2400s:12,2600s:12", "0s:12,400s:12,2400s:0,2600s:0"] {
        let world = world(light, INTERVAL, 260);
        let (outcome, events) = world.run().await;
        assert_eq!((outcome.taken, outcome.gaps.frames()), (260, 0));
        let seen = luminances(&events);
        let steady = &seen[SETTLED..];
        // Half of a step between the values there are, and what previews round.
        let worst = steady.iter().fold(0.0f64, |worst, seen| worst.max(seen.abs()));
        assert!(worst <= 1.0 / 3.0, "{light}: {worst}");
        let jumps = steady.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let jump = jumps.fold(0.0f64, f64::max);
        assert!(jump <= 1.0 / 3.0, "{light}: {jump}");
        let changes = dials(&events).len();
        assert!((30..=60).contains(&changes), "{light}: {changes}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_is_in_the_journal() {
    let world = world("0s:0,100s:0,1000s:4", INTERVAL, 100);
    let (_, events) = world.run().await;
    let journal = std::fs::read_to_string(world.path("journal")).unwrap();
    let lines = journal.lines().filter(|line| line.contains("\"kind\":\"exposure\"")).count();
    assert_eq!(lines, dials(&events).len());
    assert!(lines > 10 && journal.contains("\"luminance\":"), "{journal}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_chooses_by_itself_is_refused_before_the_first_frame() {
    let world = world("7", INTERVAL, 5);
    world.sim.turn(0xD02A, 0x8000_1900);
    let (result, _) = world.run_until(std::future::pending()).await;
    assert!(matches!(result, Err(Error::Ramp(NoRamp::NotFixed(Dial::Iso)))), "{result:?}");
    assert!(!world.path("journal").exists());
    world.sim.turn(0xD02A, 800);
    world.sim.turn(0x5007, 200);
    let (result, _) = world.run_until(std::future::pending()).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("aperture at f/2, which is outside"), "{error}");
    assert_eq!(world.releases(), 0);
}

/// A step that the camera took and did not confirm must not be counted as light, nor be left out.
#[tokio::test(start_paused = true)]
async fn a_step_that_was_not_confirmed_is_found_and_told() {
    for fault in ["refuse=GetDevicePropValue#2:0x2019", "vanish=GetDevicePropValue#2:2s"] {
        let world = world("5", INTERVAL, 12);
        let mut changes = Vec::new();
        let mut tell = |event| match event {
            Event::Taken(taken) if taken.number == 3 => {
                world.sim.clear_faults();
                world.sim.add_fault(fault.parse().unwrap());
            }
            Event::Exposure(_, changed) => changes.push(changed),
            _ => {}
        };
        let outcome = world.run_telling(std::future::pending(), &mut tell).await.unwrap();
        assert_eq!(outcome.taken, 12);
        assert!(changes.len() > 4, "{changes:?}");
        assert!(changes.iter().all(|changed| changed.dial == Dial::Shutter), "{changes:?}");
        for pair in changes.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "{fault}: {changes:?}");
        }
    }
}
