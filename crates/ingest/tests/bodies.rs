//! Two bodies of one model, whose photos have the same names, seconds and sizes: whatever a run
//! fetches first, no photo of one is ever taken for a photo of the other.

mod support;

use std::collections::BTreeSet;

use filmwire_ingest::{Event, Kind, SyncOptions};
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::media::exif::Body;
use support::{Shelf, SimConnect, on_card, simulator};

const PHOTOS: usize = 4;

/// The first and the second body, with other pictures under the same keys.
fn bodies() -> [Simulator; 2] {
    [(7, "11111111"), (8, "22222222")].map(|(seed, serial)| {
        let spec = GenerateSpec {
            seed,
            photos: PHOTOS as u32,
            photo_bytes: 3_000..=3_000,
            body: Body::new("X-T2", serial),
            ..GenerateSpec::default()
        };
        simulator("X-T2", Card::generated(&spec))
    })
}

/// A run that must go through.
async fn sync(shelf: &Shelf, body: &Simulator, options: &SyncOptions) -> Vec<Event> {
    let (result, events) = shelf.try_sync(&SimConnect::new(body), options).await;
    let summary = result.unwrap_or_else(|error| panic!("{error}: {events:#?}"));
    assert_eq!(summary.failed, 0, "{events:#?}");
    events
}

fn is_about_two(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::OtherBody { .. }))
}

/// Every photo of both cards, and nothing twice.
fn check(shelf: &Shelf, bodies: &[Simulator; 2]) {
    let found: Vec<String> = shelf.photos().into_values().collect();
    let expected: BTreeSet<String> = bodies.iter().flat_map(on_card).collect();
    assert_eq!(found.len(), expected.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(shelf.faults(), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_photo_between_known_ones_is_given_to_the_body_that_has_it() {
    let (shelf, bodies) = (Shelf::new(), bodies());
    let late = bodies[0].with_card(|card| card.delete(1).unwrap());
    sync(&shelf, &bodies[0], &shelf.options()).await;
    // The same keys, and one more among them.
    assert!(is_about_two(&sync(&shelf, &bodies[1], &shelf.options()).await));
    bodies[0].with_card(|card| card.push(late));
    sync(&shelf, &bodies[0], &shelf.options()).await;
    check(&shelf, &bodies);
}

#[tokio::test(start_paused = true)]
async fn a_photo_that_was_left_out_is_given_to_the_body_that_has_it() {
    let (shelf, bodies) = (Shelf::new(), bodies());
    let mut options = shelf.options();
    options.full = true;
    options.only = vec![Kind::Mov];
    // Listed and left: a later run fetches it without listing again.
    sync(&shelf, &bodies[0], &options).await;
    options.full = false;
    options.newest = Some(1);
    options.only.clear();
    sync(&shelf, &bodies[0], &options).await;
    assert!(is_about_two(&sync(&shelf, &bodies[1], &shelf.options()).await));
    sync(&shelf, &bodies[0], &shelf.options()).await;
    check(&shelf, &bodies);
}

#[tokio::test(start_paused = true)]
async fn the_newest_known_photo_tells_the_body_too() {
    let (shelf, bodies) = (Shelf::new(), bodies());
    let mut newest = shelf.options();
    newest.newest = Some(2);
    sync(&shelf, &bodies[0], &newest).await;
    assert!(is_about_two(&sync(&shelf, &bodies[1], &newest).await));
    assert_eq!(shelf.photos().len(), 4);
}
