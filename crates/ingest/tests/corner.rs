//! Corners: mixed cards, other cards, objects of equal keys, empty answers, files that are none.

mod support;

use filmwire_ingest::{Kind, Stop, mark_known};
use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::media::exif::Body;
use support::{Shelf, SimConnect, on_card, plain_card, simulator};

/// A card that was in two bodies of one key: its photos tell two serials.
#[tokio::test(start_paused = true)]
async fn a_card_with_photos_of_two_bodies_is_fetched_and_then_known() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(4)));
    shelf.sync(&sim).await;
    sim.with_card(|card| {
        card.set_body(Body::new("X-T20", "OTHER0001"));
        card.shoot(3);
    });
    let (result, _) = shelf.try_sync(&SimConnect::new(&sim), &shelf.options()).await;
    let summary = result.expect("a mixed card is no failure");
    assert_eq!((summary.seen, summary.new - summary.duplicates), (7, 3));
    let mut found: Vec<_> = shelf.photos().into_values().collect();
    let mut expected = on_card(&sim);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.seen, summary.new, summary.known), (7, 0, 7));
}

#[tokio::test(start_paused = true)]
async fn taking_one_card_for_known_leaves_another_card_alone() {
    let shelf = Shelf::new();
    let first = simulator("X-T4", plain_card(5));
    let mut options = shelf.options();
    options.only = vec![Kind::Mov];
    shelf.try_sync(&SimConnect::new(&first), &options).await.0.unwrap();
    let spec = GenerateSpec { photos: 3, seed: 77, ..GenerateSpec::default() };
    let second = simulator("X-T4", Card::generated(&spec));
    let (library, connect) = (shelf.library(), SimConnect::new(&second));
    mark_known(&connect, &library, &shelf.options(), &Stop::never(), &mut |_| {}).await.unwrap();
    drop(library);
    let (summary, _) = shelf.sync(&first).await;
    assert_eq!(summary.new, 5, "photos of a card that was not there were taken for known");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_asked_for_is_not_known() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(300)));
    sim.add_fault("refuse=GetObjectInfo:0x2013".parse().unwrap());
    let (result, _) = shelf.try_sync(&SimConnect::new(&sim), &shelf.options()).await;
    assert_eq!(result.map(|summary| summary.known).unwrap_or_default(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_empty_photo_is_not_done() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(1)));
    sim.add_fault("claim-size=0".parse().unwrap());
    let (result, _) = shelf.try_sync(&SimConnect::new(&sim), &shelf.options()).await;
    let summary = result.unwrap();
    assert!(summary.new == 0 || summary.damaged == 1, "{summary:?}");
}

#[tokio::test(start_paused = true)]
async fn a_photo_of_zeros_is_not_called_whole() {
    let sim = simulator("X-A2", plain_card(1));
    sim.with_card(|card| card.push(CardObject::memory("100_FUJI", "DSCF0002.JPG", vec![0; 9000])));
    let (summary, _) = Shelf::new().sync(&sim).await;
    assert_eq!(summary.damaged, 1, "{summary:?}");
}

fn twins() -> filmwire_sim::Simulator {
    let sim = simulator("X-A2", plain_card(2));
    sim.with_card(|card| {
        let first = card.object(0).unwrap();
        let mut bytes = first.read_at(0, usize::MAX).unwrap().to_vec();
        let at = bytes.len() - 100;
        bytes[at] ^= 1;
        let mut twin = CardObject::memory("101_FUJI", &first.name, bytes);
        twin.capture = first.capture;
        card.push(twin)
    });
    sim
}

#[tokio::test(start_paused = true)]
async fn twins_are_counted_and_fetched_once() {
    let (shelf, sim) = (Shelf::new(), twins());
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.seen, summary.new), (3, 3));
    let mut options = shelf.options();
    options.full = true;
    let (result, _) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    assert_eq!(result.unwrap().new, 0);
}

#[tokio::test(start_paused = true)]
async fn twins_obey_what_was_asked_for() {
    let (shelf, sim) = (Shelf::new(), twins());
    let mut options = shelf.options();
    options.only = vec![Kind::Mov];
    let (result, _) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    assert_eq!(result.unwrap().new, 0);
}
