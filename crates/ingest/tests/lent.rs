//! A gallery that was lent by who shoots: it is cut, given back, and gone on with.

mod support;

use filmwire_camera::{Allow, Camera, Departures, Options, Remote};
use filmwire_ingest::{Event, Stop, Summary, sync_lent};
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, GenerateSpec};
use support::{Shelf, SimNetwork, on_card, simulator};

async fn remote(sim: &Simulator) -> Remote {
    let allow = Allow { shoot: true, ..Allow::default() };
    let options = Options { allow, ..Options::default() };
    let network = SimNetwork(sim.clone());
    Camera::connect_remote(network, options, &Departures::default()).await.unwrap()
}

/// Visits the gallery; the run is asked to stop when `is_time`.
async fn visit(
    remote: &Remote,
    shelf: &Shelf,
    is_time: fn(&Event) -> bool,
) -> (Summary, Vec<Event>) {
    let (library, (stopper, stop), mut events) = (shelf.library(), Stop::new(), Vec::new());
    let visit = remote.visit_gallery().await.unwrap();
    let mut tell = |event: Event| {
        if is_time(&event) {
            stopper.stop();
        }
        events.push(event);
    };
    let summary = sync_lent(visit.camera(), &library, &shelf.options(), &stop, &mut tell).await;
    assert!(visit.back().await.unwrap());
    (summary.unwrap(), events)
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_goes_on_in_the_next_visit_and_pictures_are_taken_between() {
    for model in ["X-T1", "X-T4", "X100VI"] {
        let film_bytes = 3_300_000..=3_300_000;
        let spec = GenerateSpec { photos: 1, films: 1, film_bytes, ..GenerateSpec::default() };
        let (shelf, sim) = (Shelf::new(), simulator(model, Card::generated(&spec)));
        sim.set_allow(filmwire_sim::Allow { shoot: true, ..Default::default() });
        let remote = remote(&sim).await;
        let piece =
            |event: &Event| matches!(event, Event::Progress { bytes, .. } if *bytes > 2_000_000);
        let (summary, _) = visit(&remote, &shelf, piece).await;
        assert!(summary.interrupted, "{model}");
        remote.capture().await.unwrap();
        let (summary, events) = visit(&remote, &shelf, |_| false).await;
        let resumed = |event: &Event| matches!(event, Event::Started(start) if start.resumed > 0);
        assert!(events.iter().any(resumed), "{model}: {events:#?}");
        assert!(!events.contains(&Event::CameraFree), "{model}: it goes on shooting");
        assert_eq!((summary.interrupted, summary.failed), (false, 0), "{model}");
        let mut expected = on_card(&sim);
        let mut found: Vec<_> = shelf.photos().into_values().collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{model}");
        remote.capture().await.unwrap();
        remote.leave().await;
        assert_eq!((sim.connections(), sim.violations()), (1, vec![]), "{model}");
    }
}
