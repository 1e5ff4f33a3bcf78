//! A profile is set before the first frame and watched over.

use std::time::Duration;

use filmwire_shoot::profile::{Policy, Profile};
use filmwire_shoot::timelapse::{End, Error, Event, Keep, Outcome};
use jiff::SignedDuration;
use tokio::time::sleep;

use crate::world::World;

const ISO: u16 = 0xD02A;

fn keep(text: &str, policy: Option<Policy>) -> Keep {
    let text = format!("format = 1\n[settings]\n{text}");
    Keep { profile: Profile::parse(&text).unwrap(), policy }
}

fn drifts(events: &[Event]) -> Vec<(u64, Vec<String>)> {
    let told = |event: &Event| match event {
        Event::Drift { after, drifts, .. } => {
            Some((*after, drifts.iter().map(ToString::to_string).collect()))
        }
        _ => None,
    };
    events.iter().filter_map(told).collect()
}

/// Frames every 10 s; ISO is turned between the second and the third, and back before the fourth.
async fn turned(policy: Option<Policy>) -> (World, Outcome, Vec<Event>) {
    let mut world = World::new(Duration::from_secs(10), 4);
    world.keep = Some(keep("iso = \"400\"\nshutter = \"1/125\"\n", policy));
    let turning = async {
        sleep(Duration::from_secs(15)).await;
        world.sim.turn(ISO, 800);
        sleep(Duration::from_secs(10)).await;
        world.sim.turn(ISO, 400);
    };
    let ((outcome, events), ()) = tokio::join!(world.run(), turning);
    (world, outcome, events)
}

#[tokio::test(start_paused = true)]
async fn what_moves_is_told_at_once_and_marks_frames_or_ends_the_run() {
    let drift = "iso is 800, not 400";
    let (world, outcome, events) = turned(Some(Policy::Mark)).await;
    assert_eq!((outcome.end, outcome.taken, outcome.drifted), (End::Finished, 4, true));
    assert_eq!(outcome.latest, SignedDuration::ZERO);
    assert_eq!(drifts(&events), [(2, vec![drift.to_owned()]), (3, vec![])]);
    let marks = events.iter().filter_map(|event| match event {
        Event::Taken(taken) => Some(taken.drift.as_deref()),
        _ => None,
    });
    assert_eq!(marks.collect::<Vec<_>>(), [None, None, Some(drift), None]);
    let journal = std::fs::read_to_string(world.path("journal")).unwrap();
    assert_eq!(journal.matches(drift).count(), 2, "{journal}");
    let (world, outcome, events) = turned(Some(Policy::Stop)).await;
    assert_eq!((outcome.end, outcome.taken, outcome.drifted), (End::Drifted, 2, true));
    assert!(matches!(events.last(), Some(Event::Drift { is_end: true, .. })), "{events:#?}");
    assert!(world.past().is_stopped, "the same command goes on");
    let (_, outcome, events) = turned(None).await;
    assert_eq!((outcome.end, outcome.drifted), (End::Finished, false));
    assert_eq!(drifts(&events), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_moved_by_the_frame_itself_is_told_after_it() {
    let mut world = World::new(Duration::from_secs(10), 2);
    world.keep = Some(keep("iso = \"400\"\n", Some(Policy::Mark)));
    let turning = async {
        while world.on_card() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        world.sim.turn(ISO, 800);
        sleep(Duration::from_millis(900)).await;
        world.sim.turn(ISO, 400);
    };
    let ((_, events), ()) = tokio::join!(world.run(), turning);
    assert_eq!(drifts(&events).len(), 2, "it was there for less than a second: {events:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_not_reached_begins_no_run_unless_frames_are_marked() {
    for (policy, begins) in [(None, false), (Some(Policy::Stop), false), (Some(Policy::Mark), true)]
    {
        let mut world = World::new(Duration::from_secs(10), 2);
        world.keep = Some(keep("program = \"aperture-priority\"\n", policy));
        let (result, events) = world.run_until(std::future::pending()).await;
        assert!(events.iter().any(|event| matches!(event, Event::Applied { .. })));
        match result {
            Ok(outcome) => assert!(begins && outcome.drifted && outcome.taken == 2, "{outcome:?}"),
            Err(Error::NotSet) => assert!(!begins && !world.path("journal").exists()),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_sets_it_again() {
    let mut world = World::new(Duration::from_secs(60), 3);
    world.keep = Some(keep("iso = \"400\"\n", Some(Policy::Stop)));
    let (result, _) = world.run_until(sleep(Duration::from_secs(10))).await;
    assert_eq!(result.unwrap().end, End::Stopped);
    world.sim.turn(ISO, 800);
    let (outcome, events) = world.run().await;
    assert_eq!((outcome.end, outcome.taken, outcome.drifted), (End::Finished, 3, false));
    assert!(events.iter().any(|event| matches!(event, Event::Applied { .. })), "{events:#?}");
}
