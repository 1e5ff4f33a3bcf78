//! Runs of `sync` against the simulated camera, in simulated time.

mod support;

use filmwire_ingest::{Event, FullReason, Look};
use support::{Shelf, on_card, plain_card, simulator};

const BODIES: [&str; 5] = ["X-A2", "X-T2", "X-T20", "X-T4", "X-T5"];

fn look(events: &[Event]) -> Vec<Look> {
    let look = |event: &Event| if let Event::Looked(look) = event { Some(*look) } else { None };
    events.iter().filter_map(look).collect()
}

#[tokio::test(start_paused = true)]
async fn everything_is_fetched_once_from_every_body() {
    for model in BODIES {
        let (shelf, sim) = (Shelf::new(), simulator(model, plain_card(12)));
        let (summary, events) = shelf.sync(&sim).await;
        assert_eq!((summary.seen, summary.new, summary.known), (12, 12, 0), "{model}");
        assert_eq!(look(&events), [Look::Full(FullReason::First)]);
        let mut expected = on_card(&sim);
        let mut found: Vec<_> = shelf.photos().into_values().collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{model}");
        assert_eq!(shelf.faults(), [] as [String; 0], "{model}");
        assert_eq!(sim.violations(), [], "{model}");

        let (summary, events) = shelf.sync(&sim).await;
        assert_eq!((summary.seen, summary.new, summary.known), (12, 0, 12), "{model}");
        assert_eq!(look(&events), [Look::Unchanged]);
        assert_eq!(shelf.photos().len(), 12, "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn new_photos_are_found_without_listing_the_card() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(60)));
    shelf.sync(&sim).await;
    sim.with_card(|card| card.shoot(3));
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.seen, summary.new, summary.known), (63, 3, 60));
    assert_eq!(look(&events), [Look::Added(3)]);
    sim.with_card(|card| {
        card.delete(30);
        card.delete(30);
    });
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.seen, summary.new, summary.known), (61, 0, 61));
    assert_eq!(look(&events), [Look::Removed(2)]);
    assert_eq!(shelf.photos().len(), 63);
}
