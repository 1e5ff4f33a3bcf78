//! Corners: mixed cards, other cards, objects of equal keys, empty answers, files that are none.

mod support;

use std::collections::BTreeMap;

use filmwire_ingest::{Event, Kind, SkipReason, Stop, Summary, mark_known};
use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::media::exif::Body;
use filmwire_sim::media::stamp::Stamp;
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

/// A film of 4 GiB and a little among photos, and what a camera says of its size, which nobody knows.
async fn with_huge_film(size_past_4g: &str) -> (Summary, Vec<Event>, Shelf) {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(2)));
    sim.with_persona(|persona| persona.set("size_past_4g", size_past_4g)).unwrap();
    sim.with_card(|card| {
        card.push(CardObject::pattern("100_FUJI", "DSCF0003.MOV", 7, (4 << 30) + 1_000_000));
        card.shoot(1);
    });
    let (summary, events) = shelf.sync(&sim).await;
    (summary, events, shelf)
}

#[tokio::test(start_paused = true)]
async fn what_lies_past_32_bits_is_skipped_with_that_reason() {
    let (summary, events, shelf) = with_huge_film("max").await;
    assert_eq!((summary.new, summary.failed), (3, 0), "{summary:?}");
    assert_eq!(summary.skipped, [(SkipReason::TooLarge, 1)].into());
    let told = |event: &Event| {
        matches!(event, Event::Skipped { name, reason: SkipReason::TooLarge, .. }
            if name == "DSCF0003.MOV")
    };
    assert_eq!(events.iter().filter(|event| told(event)).count(), 1);
    assert_eq!(shelf.photos().len(), 3);
}

/// Other ways to say it would leave a part of the film that looks like a whole one.
#[tokio::test(start_paused = true)]
async fn a_film_past_32_bits_is_never_taken_for_a_whole_one() {
    for size in ["wrap", "zero"] {
        let (summary, events, shelf) = with_huge_film(size).await;
        assert_eq!(summary.new - summary.damaged, 3, "{size}: {summary:?} {events:#?}");
        assert!(summary.failed + summary.damaged == 1, "{size}: {summary:?}");
        assert_eq!(shelf.photos().len() as u64, summary.new, "{size}");
    }
}

/// The camera lists one of its two cards; each has its turn when the person chooses it.
#[tokio::test(start_paused = true)]
async fn two_slots_are_two_cards_one_after_the_other() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
    let other = GenerateSpec { photos: 2, seed: 99, ..GenerateSpec::default() };
    sim.insert_second(Card::generated(&other));
    let (first, _) = shelf.sync(&sim).await;
    assert_eq!((first.new, first.seen), (3, 3));
    assert!(first.out_of_reach.contains("second card slot"), "{}", first.out_of_reach);
    sim.select_slot(2);
    let (second, _) = shelf.sync(&sim).await;
    assert_eq!((second.new, second.known), (2, 0), "{second:?}");
    sim.select_slot(1);
    let (again, _) = shelf.sync(&sim).await;
    assert_eq!((again.new, again.known, again.received_bytes), (0, 3, 0), "{again:?}");
    assert_eq!(shelf.photos().len(), 5);
    assert!(shelf.faults().is_empty());
}

/// Midnight is between two parts of one recording.
#[tokio::test(start_paused = true)]
async fn a_recording_in_parts_stays_in_one_folder() {
    for model in ["X-T4", "X100VI"] {
        let (shelf, sim) = (Shelf::new(), simulator(model, plain_card(0)));
        sim.with_card(|card| {
            for (number, date, size_bytes) in [
                (1, Stamp::new(2026, 5, 14, 23, 40, 0), 3_950_000_000),
                (2, Stamp::new(2026, 5, 15, 0, 10, 0), 1_000_000),
                (3, Stamp::new(2026, 5, 16, 9, 0, 0), 1_000_000),
            ] {
                let name = format!("DSCF{number:04}.MOV");
                let mut film = CardObject::pattern("100_FUJI", &name, number, size_bytes);
                film.capture = Some(date);
                card.push(film);
            }
        });
        let mut options = shelf.options();
        options.dry_run = true;
        let (summary, events) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
        assert_eq!(summary.unwrap().new, 3);
        let paths: BTreeMap<_, _> = events
            .into_iter()
            .filter_map(|event| match event {
                Event::Started(start) => Some((start.name, start.path.unwrap())),
                _ => None,
            })
            .collect();
        let folder =
            |number: u32| paths[&format!("DSCF{number:04}.MOV")].rsplit_once('/').unwrap().0;
        assert_eq!(folder(1), folder(2), "{model}: {paths:?}");
        assert_ne!(folder(2), folder(3), "{model}");
        // The newest is met first, and says where.
        assert_eq!(folder(1), "2026/2026-05-15", "{model}");
    }
}
