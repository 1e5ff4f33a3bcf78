//! Movies, in simulated time: started, watched, and ended whatever happens.

mod support;

use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Error, MovieEnd, Options, Remote, blocking};
use filmwire_codec::{OperationCode, ResponseCode};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::Code;
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;
use tokio::time::{sleep, timeout};

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { shoot: true, ..Default::default() });
    sim
}

fn options() -> Options {
    Options { allow: Allow { movie: true, ..Allow::default() }, ..Options::default() }
}

async fn connect(sim: &Simulator) -> Remote {
    let network = SimNetwork(sim.clone());
    Camera::connect_remote(network, options(), &Departures::default()).await.unwrap()
}

fn operations(sim: &Simulator, code: OperationCode) -> usize {
    sim.journal().iter().filter(|row| row.operation == code.0).count()
}

fn starts(sim: &Simulator) -> usize {
    operations(sim, OperationCode::INITIATE_MOVIE_CAPTURE)
}

fn stops(sim: &Simulator) -> usize {
    operations(sim, OperationCode::TERMINATE_MOVIE_CAPTURE)
}

/// The camera refuses to end a movie so often.
fn refuse_to_stop(sim: &Simulator, times: usize) {
    for number in 1..=times {
        sim.add_fault(format!("refuse=TerminateMovieCapture#{number}:0x2019").parse().unwrap());
    }
}

/// Nothing was asked that a camera would not allow, and no movie was left running.
async fn was_left(sim: &Simulator) {
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
    let notes: Vec<_> = sim.journal().into_iter().map(|row| row.note).collect();
    assert!(notes.iter().all(|note| !note.contains("left behind")), "{notes:?}");
    assert_eq!(notes.last().unwrap(), "goodbye");
}

#[tokio::test(start_paused = true)]
async fn every_body_films_and_tells_what_is_left() {
    for model in ["X-T1", "X-T10", "X-T4", "X-T5", "X-T100"] {
        let sim = simulator(model);
        sim.with_persona(|persona| persona.shooting.movie_seconds_remaining = 600);
        let remote = connect(&sim).await;
        for round in 0..2 {
            let movie = remote.start_movie().await.unwrap_or_else(|e| panic!("{model}: {e}"));
            sleep(Duration::from_secs(60)).await;
            let left = movie.seconds_left().await.unwrap();
            assert_eq!(left, Some(540 - 60 * round), "{model}");
            assert_eq!(movie.stop().await.unwrap(), MovieEnd::Stopped, "{model}");
        }
        remote.leave().await;
        was_left(&sim).await;
        assert_eq!((starts(&sim), stops(&sim)), (2, 2), "{model}: nothing is stopped twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_movie_that_is_dropped_is_ended_and_the_session_goes_on() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let movie = remote.start_movie().await.unwrap();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(stops(&sim), 0);
    drop(movie);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stops(&sim), 1);
    assert!(!remote.settings().await.unwrap().is_empty());
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn leaving_ends_a_movie_first() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let movie = remote.start_movie().await.unwrap();
    remote.leave().await;
    was_left(&sim).await;
    let rows = sim.journal();
    let last: Vec<_> = rows.iter().rev().take(4).rev().map(|row| row.operation).collect();
    assert_eq!(last[..3], [0x9021, 0x1018, 0x1003], "{last:X?}");
    // Nobody is there to be asked any more.
    assert!(matches!(movie.stop().await, Err(Error::Left)));

    // Whoever is dropped last leaves.
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let movie = remote.start_movie().await.unwrap();
    drop(remote);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(stops(&sim), 0);
    drop(movie);
    was_left(&sim).await;
    assert_eq!(stops(&sim), 1);
}

/// Wherever the caller goes away.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_given_up_leaves_no_movie_running() {
    for patience_ms in [0, 1, 50, 500, 900, 1100, 1500] {
        let sim = simulator("X-T4");
        sim.add_fault("stall=InitiateMovieCapture:1s".parse().unwrap());
        let remote = connect(&sim).await;
        let patience = Duration::from_millis(patience_ms);
        let _ = timeout(patience, remote.start_movie()).await.map(drop);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(starts(&sim), stops(&sim), "{patience_ms}");
        // Another can be made.
        remote.start_movie().await.unwrap().stop().await.unwrap();
        remote.leave().await;
        was_left(&sim).await;
    }
}

/// The camera may have begun although its answer was not waited for.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_not_answered_is_ended_too() {
    let sim = simulator("X-T4");
    // A second longer than it is waited for.
    sim.add_fault("stall=InitiateMovieCapture:16s".parse().unwrap());
    let remote = connect(&sim).await;
    let error = remote.start_movie().await.err().unwrap();
    assert!(matches!(error, Error::Silent { .. }), "{error}");
    sleep(Duration::from_secs(20)).await;
    assert_eq!((starts(&sim), stops(&sim)), (1, 1));
    remote.leave().await;
    was_left(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_refused_is_asked_for_again() {
    for refusals in 1..=3 {
        let sim = simulator("X-T4");
        let remote = connect(&sim).await;
        let movie = remote.start_movie().await.unwrap();
        refuse_to_stop(&sim, refusals);
        assert_eq!(movie.stop().await.unwrap(), MovieEnd::Stopped);
        assert_eq!(stops(&sim), refusals + 1);
        remote.leave().await;
        was_left(&sim).await;
        assert_eq!(stops(&sim), refusals + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_always_refused_is_told_and_tried_again_on_leaving() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let movie = remote.start_movie().await.unwrap();
    refuse_to_stop(&sim, 4);
    let error = movie.stop().await.err().unwrap();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    remote.leave().await;
    was_left(&sim).await;
    assert!(stops(&sim) >= 5, "{}", stops(&sim));
}

#[tokio::test(start_paused = true)]
async fn a_movie_that_has_no_more_room_was_over_before() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| persona.shooting.movie_seconds_remaining = 10);
    let remote = connect(&sim).await;
    let movie = remote.start_movie().await.unwrap();
    sleep(Duration::from_secs(11)).await;
    assert_eq!(movie.seconds_left().await.unwrap(), Some(0));
    assert_eq!(movie.stop().await.unwrap(), MovieEnd::Before);
    // There is no room for another.
    let error = remote.start_movie().await.err().unwrap();
    let response = ResponseCode::DEVICE_BUSY;
    let operation = OperationCode::INITIATE_MOVIE_CAPTURE;
    let refused = matches!(error, Error::Refused { operation: o, response: r } if (o, r) == (operation, response));
    assert!(refused, "{error}");
    remote.leave().await;
    was_left(&sim).await;
    assert_eq!(stops(&sim), 1, "one that is over is not stopped again");
}

/// A list that has the movie button is believed; read by itself it may be 0 whatever is true.
#[tokio::test(start_paused = true)]
async fn a_movie_button_that_is_dead_is_told() {
    let sim = simulator("X-T4");
    sim.with_persona(|persona| persona.remote_list.push((Code(0xD019), 0)));
    let remote = connect(&sim).await;
    assert!(matches!(remote.start_movie().await.err(), Some(Error::NotOffered(_))));
    sim.with_persona(|persona| persona.remote_list.last_mut().unwrap().1 = 1);
    remote.start_movie().await.unwrap().stop().await.unwrap();
    remote.leave().await;
    was_left(&sim).await;
    assert_eq!(starts(&sim), 1);
}

#[tokio::test(start_paused = true)]
async fn films_are_not_made_by_those_who_may_only_read() {
    let sim = simulator("X-T4");
    let (network, departures) = (SimNetwork(sim.clone()), Departures::default());
    let options = Options::default();
    let remote = Camera::connect_remote(network, options, &departures).await.unwrap();
    assert!(matches!(remote.start_movie().await.err(), Some(Error::Forbidden(_))));
    remote.leave().await;
    assert_eq!(starts(&sim), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_link_is_told_when_it_is_to_be_stopped() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let movie = remote.start_movie().await.unwrap();
    sim.set_on_air(false);
    let error = movie.stop().await.err().unwrap();
    assert!(error.is_link_trouble(), "{error}");
    remote.leave().await;
}

#[test]
fn the_blocking_client_films_and_looks() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let sim = simulator("X-T4");
    let inside = runtime.enter();
    let remote = blocking::Remote::connect_by(SimNetwork(sim.clone()), options()).unwrap();
    let mut live = remote.live_view().unwrap();
    let movie = remote.start_movie().unwrap();
    assert_eq!(movie.seconds_left().unwrap(), Some(4594));
    let (first, second) = (live.next().unwrap(), live.next().unwrap());
    assert!(first.number < second.number && live.tally().frames >= 2);
    assert_eq!(second.pixels(), Some((640, 480)));
    drop(live);
    assert_eq!(movie.stop().unwrap(), MovieEnd::Stopped);
    let another = remote.start_movie().unwrap();
    drop(another);
    remote.leave();
    drop(inside);
    runtime.block_on(was_left(&sim));
    assert_eq!((starts(&sim), stops(&sim)), (2, 2));
}
