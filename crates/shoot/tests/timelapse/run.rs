//! One run after the other: what is taken, what is missed, how it goes on.

use std::cell::Cell;
use std::time::Duration;

use filmwire_shoot::timelapse::clock::Clock as _;
use filmwire_shoot::timelapse::gap::Why;
use filmwire_shoot::timelapse::{End, Error, Event};
use jiff::SignedDuration;
use tokio::time::sleep;

use crate::world::World;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn whys(events: &[Event]) -> Vec<(u64, Why)> {
    let missed = events.iter().filter_map(|event| match event {
        Event::Missed(missed) => Some((missed.first.number..=missed.last.number, missed.why)),
        _ => None,
    });
    missed.flat_map(|(numbers, why)| numbers.map(move |number| (number, why))).collect()
}

#[tokio::test(start_paused = true)]
async fn every_frame_is_taken_at_its_instant() {
    let world = World::new(seconds(10), 30);
    let (outcome, events) = world.run().await;
    assert_eq!((outcome.end, outcome.taken, outcome.gaps.frames()), (End::Finished, 30, 0));
    assert_eq!((world.on_card(), outcome.latest), (30, SignedDuration::ZERO));
    let taken: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Taken(taken) => Some(taken),
            _ => None,
        })
        .collect();
    let first = taken[0].due;
    for (number, taken) in (1..).zip(&taken) {
        assert_eq!((taken.number, taken.fired), (number, taken.due));
        let since = taken.due.duration_since(first);
        assert_eq!(since, SignedDuration::from_secs(10 * (number as i64 - 1)));
    }
    world.sim.wait_idle().await;
    assert_eq!(world.sim.journal().last().unwrap().note, "goodbye");
    assert_eq!(world.sim.violations(), []);
    assert!(world.past().is_ended);
    // The same again has nothing to do, and does not even look for the camera.
    let connections = world.sim.connections();
    let (again, _) = world.run().await;
    assert_eq!((again.end, again.taken, world.on_card()), (End::Finished, 30, 30));
    assert_eq!(world.sim.connections(), connections);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_the_camera_refuses_is_told_and_the_next_one_is_taken() {
    let world = World::new(seconds(60), 6);
    world.sim.add_fault("focus-fail=2".parse().unwrap());
    let (outcome, events) = world.run().await;
    assert_eq!(whys(&events), [(1, Why::Refused), (2, Why::Refused)]);
    assert_eq!((outcome.taken, world.on_card()), (4, 4));
    let gap = &outcome.gaps.list()[0];
    assert_eq!((gap.first.number, gap.last.number, outcome.gaps.list().len()), (1, 2, 1));
    assert!(gap.cause.contains("focus"), "{}", gap.cause);
    assert_eq!(world.releases(), 6, "none is tried twice");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_lost_is_rebuilt_and_the_frames_meanwhile_are_told() {
    let world = World::new(seconds(10), 12);
    // It is gone in the middle of the third frame, for longer than two more.
    world.sim.add_fault("vanish=InitiateCapture#3:25s".parse().unwrap());
    let (outcome, events) = world.run().await;
    let missed = whys(&events);
    assert_eq!(missed[..3], [(3, Why::Link), (4, Why::Link), (5, Why::Link)], "{events:#?}");
    assert!(missed.len() <= 6, "{missed:?}");
    assert_eq!(outcome.taken, 12 - missed.len() as u64);
    let ups = events.iter().filter(|event| matches!(event, Event::LinkUp { .. })).count();
    let losses = events.iter().filter(|event| matches!(event, Event::LinkLost { .. })).count();
    assert_eq!((ups, losses), (2, 1));
    assert_eq!(outcome.latest, SignedDuration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_lost_long_before_a_frame_is_noticed_at_once() {
    let world = World::new(seconds(3600), 2);
    let off = async {
        sleep(seconds(600)).await;
        world.sim.set_on_air(false);
        sleep(seconds(120)).await;
        world.sim.set_on_air(true);
        std::future::pending().await
    };
    let (result, events) = world.run_until(off).await;
    let outcome = result.unwrap();
    assert_eq!((outcome.taken, outcome.gaps.frames()), (2, 0), "{events:#?}");
    let lost = events.iter().find_map(|event| match event {
        Event::LinkLost { at, .. } => Some(*at),
        _ => None,
    });
    let after = lost.unwrap().duration_since(world.past().start);
    assert!((599..630).contains(&after.as_secs()), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn frames_that_come_while_another_is_taken_are_told_and_not_queued() {
    let world = World::new(seconds(4), 9);
    // The self-timer of ten seconds.
    world.sim.turn(0x5012, 4);
    let (outcome, events) = world.run().await;
    let missed: Vec<_> = [2, 3, 5, 6, 8, 9].map(|number| (number, Why::Busy)).into();
    assert_eq!(whys(&events), missed, "{events:#?}");
    assert_eq!((outcome.taken, world.on_card()), (3, 3));
    assert_eq!(outcome.latest, SignedDuration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_stopped_goes_on_with_the_right_number_at_the_right_instant() {
    let world = World::new(seconds(10), 12);
    let (result, _) = world.run_until(sleep(seconds(35))).await;
    let outcome = result.unwrap();
    assert_eq!((outcome.end, outcome.taken), (End::Stopped, 4));
    world.sim.wait_idle().await;
    assert_eq!(world.sim.journal().last().unwrap().note, "goodbye");
    assert!(world.past().is_stopped);
    sleep(seconds(29)).await;
    let (outcome, events) = world.run().await;
    let missed = whys(&events);
    let expected = [(5, Why::NotRunning), (6, Why::NotRunning), (7, Why::NotRunning)];
    assert_eq!(missed, expected, "{events:#?}");
    assert_eq!((outcome.end, outcome.taken, world.on_card()), (End::Finished, 9, 9));
    let begun = events.iter().find_map(|event| match event {
        Event::Begun { next, resumed, .. } => Some((next.unwrap().number, *resumed)),
        _ => None,
    });
    assert_eq!(begun, Some((8, true)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_killed_says_that_it_does_not_know() {
    let world = World::new(seconds(10), 8);
    let killed = tokio::time::timeout(seconds(25), world.run()).await;
    assert!(killed.is_err());
    sleep(seconds(12)).await;
    let (outcome, events) = world.run().await;
    assert_eq!(whys(&events), [(4, Why::Unknown)], "{events:#?}");
    assert_eq!(outcome.taken, 7);
    assert!(outcome.gaps.list()[0].cause.contains("may be on the card"), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_timelapse_needs_its_camera_and_leaves_nothing_without() {
    let world = World::new(seconds(10), 3);
    world.sim.set_on_air(false);
    let (result, events) = world.run_until(std::future::pending()).await;
    assert!(result.is_err() && events.is_empty());
    assert!(!world.path("journal").exists());
    world.sim.set_on_air(true);
    world.sim.add_fault("slow-ok=40s".parse().unwrap());
    let (result, _) = world.run_until(sleep(seconds(5))).await;
    assert_eq!(result.unwrap().end, End::Stopped);
    assert!(!world.path("journal").exists());
}

#[tokio::test(start_paused = true)]
async fn slots_of_a_schedule_of_its_own_are_kept() {
    let mut world = World::new(seconds(60), 3);
    // As if the schedule had begun half an hour and 7 s ago.
    world.schedule.start -= SignedDuration::from_secs(1807);
    world.starts_now = false;
    let (outcome, events) = world.run().await;
    assert_eq!((outcome.taken, whys(&events).len()), (3, 0));
    assert_eq!(world.past().start.to_string(), "2026-12-01T18:00:53Z");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_after_its_end_tells_what_it_came_to() {
    let mut world = World::new(seconds(10), 9);
    world.schedule.until = Some(world.clock.now() + SignedDuration::from_secs(45));
    let killed = tokio::time::timeout(seconds(25), world.run()).await;
    assert!(killed.is_err());
    sleep(seconds(600)).await;
    // A command without --from begins now, but its journal does not.
    world.schedule.start = world.clock.now();
    let (outcome, events) = world.run().await;
    assert_eq!(whys(&events), [(4, Why::Unknown), (5, Why::NotRunning)], "{events:#?}");
    assert_eq!((outcome.end, outcome.taken), (End::Finished, 3));
    std::fs::remove_file(world.path("journal")).unwrap();
    let (result, _) = world.run_until(std::future::pending()).await;
    assert!(matches!(result, Err(Error::NoFrames)), "{result:?}");
    assert!(!world.path("journal").exists());
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_refuses_a_look_is_not_left_for_it() {
    for interval in [seconds(10), Duration::from_millis(400)] {
        let world = World::new(interval, 4);
        let refusals = async {
            sleep(interval / 2).await;
            world.sim.add_fault("refuse=GetDevicePropValue:0x2019".parse().unwrap());
            sleep(interval * 2).await;
            world.sim.clear_faults();
            std::future::pending().await
        };
        let (result, events) = world.run_until(refusals).await;
        assert!(whys(&events).iter().all(|(_, why)| *why == Why::Refused), "{events:#?}");
        let outcome = result.unwrap();
        assert_eq!(outcome.taken + outcome.gaps.frames(), 4);
        assert!(outcome.taken >= 2, "{events:#?}");
        assert!(!events.iter().any(|event| matches!(event, Event::LinkLost { .. })), "{events:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_without_its_camera_tells_so_long_before_a_frame() {
    let world = World::new(seconds(3600), 3);
    let (result, _) = world.run_until(sleep(seconds(60))).await;
    assert_eq!(result.unwrap().taken, 1);
    world.sim.set_on_air(false);
    let (result, events) = world.run_until(sleep(seconds(120))).await;
    assert_eq!((result.unwrap().gaps.frames(), whys(&events).len()), (0, 0));
    let losses = events.iter().filter(|event| matches!(event, Event::LinkLost { .. })).count();
    assert_eq!(losses, 1, "told once: {events:#?}");
}

/// As a computer without a clock of its own does when the network tells it the time. The camera was
/// ready for the next frame already, or not yet.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_puts_off_no_look_at_the_camera() {
    for wait_ms in [10_000, 59_800] {
        let world = World::new(seconds(60), 3);
        let is_taken = Cell::new(false);
        let stop = async {
            while !is_taken.get() {
                sleep(Duration::from_millis(10)).await;
            }
            sleep(Duration::from_millis(wait_ms)).await;
            world.clock.set_back(1800);
            world.sim.add_fault("vanish=GetDevicePropValue:60m".parse().unwrap());
            sleep(seconds(10)).await;
        };
        let mut is_lost = false;
        let mut tell = |event| match event {
            Event::Taken(_) => is_taken.set(true),
            Event::LinkLost { .. } => is_lost = true,
            _ => {}
        };
        let outcome = world.run_telling(stop, &mut tell).await.unwrap();
        assert_eq!((outcome.end, outcome.taken, is_lost), (End::Stopped, 1, true), "{wait_ms} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_puts_off_no_try_to_rebuild_the_link() {
    let world = World::new(seconds(60), 3);
    world.sim.add_fault("vanish=InitiateCapture#1:20s".parse().unwrap());
    let is_up = Cell::new(0);
    let stop = async {
        while is_up.get() < 2 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let begin = tokio::time::Instant::now();
    let mut tell = |event| match event {
        Event::LinkUp { .. } => is_up.set(is_up.get() + 1),
        Event::LinkLost { .. } => world.clock.set_back(1800),
        _ => {}
    };
    world.run_telling(stop, &mut tell).await.unwrap();
    assert!(begin.elapsed() < seconds(120), "{:?}", begin.elapsed());
}

/// Wherever between two slots the camera comes.
#[tokio::test(start_paused = true)]
async fn there_is_time_for_the_first_frame_also_where_the_schedule_began_long_ago() {
    for ms in (0..1000).step_by(100) {
        let mut world = World::new(seconds(1), 1);
        world.starts_now = false;
        world.schedule.start = world.clock.now() - SignedDuration::from_millis(3_600_000 + ms);
        let (outcome, events) = world.run().await;
        assert_eq!(outcome.taken, 1, "{events:?}");
        let up = events.iter().find_map(|event| match event {
            Event::LinkUp { at, .. } => Some(*at),
            _ => None,
        });
        let due = world.past().start;
        let time = due.duration_since(up.unwrap());
        let (least, most) = (SignedDuration::from_millis(500), SignedDuration::from_millis(1500));
        assert!(least <= time && time < most, "{ms} ms: {time:?}");
    }
}
