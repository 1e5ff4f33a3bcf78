//! Originals are fetched while no frame is due, and no frame pays for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use filmwire_camera::{Camera, Error};
use filmwire_shoot::timelapse::{Errand, Event, Fetched};
use filmwire_sim::persona::SideSockets;
use jiff::SignedDuration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::world::World;

/// Needs some time for all there is, goes on where it stopped, and notes each visit.
struct Slow {
    left: Arc<Mutex<Duration>>,
    /// Objects that were seen there; 0 where it was not let in.
    visits: Arc<Mutex<Vec<u32>>>,
    /// Does not hear that it is to stop.
    is_deaf: bool,
}

impl Errand for Slow {
    fn begin(&self, gallery: Camera, stop: oneshot::Receiver<()>) -> oneshot::Receiver<Fetched> {
        let (told, done) = oneshot::channel();
        let (left, is_deaf) = (Arc::clone(&self.left), self.is_deaf);
        self.visits.lock().unwrap().push(gallery.object_count());
        tokio::spawn(async move {
            let (begun, work) = (Instant::now(), *left.lock().unwrap());
            let is_whole = tokio::select! {
                () = sleep(work) => true,
                _ = stop, if !is_deaf => false,
            };
            *left.lock().unwrap() = work.saturating_sub(begun.elapsed());
            let _ = told.send(Fetched { new: 1, is_whole, ..Fetched::default() });
        });
        done
    }

    fn not_let_in(&self, _error: &Error) {
        self.visits.lock().unwrap().push(0);
    }
}

fn world(interval: u64, count: u64, work: u64, is_deaf: bool) -> (World, Arc<Mutex<Vec<u32>>>) {
    let mut world = World::new(Duration::from_secs(interval), count);
    let visits = Arc::default();
    let left = Arc::new(Mutex::new(Duration::from_secs(work)));
    let errand = Slow { left, visits: Arc::clone(&visits), is_deaf };
    world.errand = Some((Box::new(errand), true));
    (world, visits)
}

#[tokio::test(start_paused = true)]
async fn fetching_is_cut_for_a_frame_goes_on_in_the_next_pause_and_costs_no_frame() {
    let (world, visits) = world(120, 4, 250, false);
    let (outcome, events) = world.run().await;
    assert_eq!((outcome.taken, outcome.gaps.frames()), (4, 0), "{events:#?}");
    assert_eq!(outcome.latest, SignedDuration::ZERO);
    let whole: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Fetched(fetched) => Some(fetched.is_whole),
            _ => None,
        })
        .collect();
    // 120 s less the margin and the way there: cut twice, done in the third, and the last at the end.
    assert_eq!(whole, [false, false, true, true], "{events:#?}");
    assert_eq!(*visits.lock().unwrap(), [1, 2, 3, 4]);
    let sum = outcome.fetched.unwrap();
    assert_eq!((sum.new, sum.is_whole), (4, true));
    assert_eq!((world.sim.connections(), world.sim.violations()), (1, vec![]));
    assert!(world.past().is_ended, "what is fetched after the end does not undo it");
}

#[tokio::test(start_paused = true)]
async fn a_short_pause_is_left_alone_and_the_end_is_not() {
    let (mut world, visits) = world(30, 3, 1, false);
    let (outcome, _) = world.run().await;
    assert_eq!((outcome.taken, visits.lock().unwrap().clone()), (3, vec![3]));
    // And pauses are, where the end alone is wanted.
    let errand = world.errand.take().map(|(errand, _)| (errand, false));
    world = World::new(Duration::from_secs(300), 2);
    world.errand = errand;
    let (outcome, _) = world.run().await;
    assert_eq!((outcome.taken, visits.lock().unwrap().clone()), (2, vec![3, 2]));
}

#[tokio::test(start_paused = true)]
async fn work_that_does_not_end_keeps_no_frame_and_is_not_begun_twice() {
    let (world, visits) = world(120, 3, 5000, true);
    let run = tokio::time::timeout(Duration::from_secs(250), world.run()).await;
    assert!(run.is_err(), "at the end it is waited for");
    assert_eq!((world.on_card(), visits.lock().unwrap().len()), (3, 2));
    assert_eq!(world.past().gaps.frames(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_go_there_and_back_gets_a_fresh_session() {
    for lost in [true, false] {
        let (world, visits) = world(120, 3, 1, false);
        if lost {
            world.sim.with_persona(|persona| persona.shooting.side_sockets = SideSockets::Lost);
        } else {
            world.sim.add_fault("refuse=TerminateOpenCapture#1:0x2019".parse().unwrap());
        }
        let (outcome, events) = world.run().await;
        assert_eq!((outcome.taken, outcome.gaps.frames()), (3, 0), "{events:#?}");
        assert!(outcome.fetched.unwrap().is_whole, "{events:#?}");
        let failures =
            events.iter().filter(|event| matches!(event, Event::Fetched(f) if f.error.is_some()));
        assert_eq!(failures.count(), usize::from(!lost), "{events:#?}");
        let visits = visits.lock().unwrap().clone();
        assert!(world.sim.connections() > 1 && visits.len() > 1, "{visits:?}");
        assert_eq!(visits.contains(&0), !lost, "{visits:?}");
        assert!(!events.iter().any(|event| matches!(event, Event::LinkLost { .. })), "{events:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_stops_it_in_the_gallery_finds_the_camera_left() {
    let (world, visits) = world(3600, 3, 5000, false);
    let (result, _) = world.run_until(sleep(Duration::from_secs(60))).await;
    let outcome = result.unwrap();
    assert_eq!((outcome.taken, visits.lock().unwrap().len()), (1, 1));
    world.sim.wait_idle().await;
    assert_eq!(world.sim.journal().last().unwrap().note, "goodbye");
    assert!(world.past().is_stopped);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_end_is_fetched_by_the_same_command() {
    let (mut world, visits) = world(30, 2, 1, false);
    let errand = world.errand.take();
    assert_eq!(world.run().await.0.fetched, None);
    // Whoever wants originals now finds the camera off, and then on.
    world.errand = errand;
    world.sim.add_fault("vanish=OpenSession#1:0s".parse().unwrap());
    let (outcome, _) = world.run().await;
    assert!(!outcome.fetched.unwrap().is_whole);
    let (outcome, events) = world.run().await;
    assert!(outcome.fetched.unwrap().is_whole, "{events:#?}");
    assert_eq!((outcome.taken, world.on_card()), (2, 2));
    assert_eq!(*visits.lock().unwrap(), [0, 2]);
    // All is there: the camera is left alone.
    let connections = world.sim.connections();
    assert_eq!(world.run().await.0.fetched, None);
    assert_eq!(world.sim.connections(), connections);
}
