//! The link is cut everywhere: the library ends complete, nothing doubled, nothing partial.

mod support;

use std::path::Path;

use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Fault, Simulator};
use support::{Shelf, on_card, personas, seed_from_env, simulator};

/// A few small photos and a film of several pieces.
fn card() -> Card {
    let film_bytes = 2_300_000..=2_300_000;
    Card::generated(&GenerateSpec { photos: 3, films: 1, film_bytes, ..GenerateSpec::default() })
}

/// A run that is cut once, then a look at everything.
async fn survives(model: &str, fault: Fault) -> Simulator {
    let (shelf, sim) = (Shelf::new(), simulator(model, card()));
    sim.add_fault(fault.clone());
    // A cut before the gallery is open fails the run; a person would start it again.
    let (result, _) = shelf.try_sync(&support::SimConnect::new(&sim), &shelf.options()).await;
    if result.is_err() {
        shelf.sync(&sim).await;
    }
    let mut expected = on_card(&sim);
    let mut found: Vec<_> = shelf.photos().into_values().collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{model} {fault:?}");
    assert_eq!(shelf.faults(), [] as [String; 0], "{model} {fault:?}");
    assert!(no_parts(shelf.root()), "{model} {fault:?}");
    assert_eq!(sim.violations(), [], "{model} {fault:?}");
    sim
}

fn no_parts(root: &Path) -> bool {
    std::fs::read_dir(root.join(".filmwire/incoming"))
        .is_ok_and(|mut entries| entries.next().is_none())
}

/// Bytes and containers the camera sends in a run that is not cut.
async fn whole(model: &str) -> (u64, u64) {
    let (shelf, sim) = (Shelf::new(), simulator(model, card()));
    shelf.sync(&sim).await;
    let rows = sim.journal();
    let containers: u64 = rows
        .iter()
        .filter(|row| row.response.is_some())
        .map(|row| 1 + u64::from(row.direction == filmwire_codec::journal::Direction::In))
        .sum();
    let bytes = rows.iter().map(|row| row.length + 12).sum();
    (bytes, containers)
}

#[tokio::test(start_paused = true)]
async fn at_every_container_boundary() {
    for model in personas() {
        let (_, containers) = whole(model).await;
        assert!(containers > 30, "{model}: {containers}");
        for boundary in 1..containers {
            survives(model, Fault::CutAtContainer(boundary)).await;
        }
    }
}

/// 200 bytes a body with `FILMWIRE_CUTS=200`, the size of the promise; fewer by default.
#[tokio::test(start_paused = true)]
async fn at_bytes_chosen_by_a_seed() {
    let cuts: u64 =
        std::env::var("FILMWIRE_CUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let mut state = seed_from_env();
    for model in personas() {
        let (bytes, _) = whole(model).await;
        for _ in 0..cuts {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // Half of them in the first kilobytes, where the small containers are.
            let most = if state & 1 == 0 { bytes } else { 4_000 };
            survives(model, Fault::CutAt((state >> 20) % most)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_cut_is_gone_on_with_at_its_last_whole_piece() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", card()));
    // Somewhere in the third piece of the film.
    sim.add_fault(Fault::CutAt(2_200_000));
    let (_, events) = shelf.sync(&sim).await;
    let resumed: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            filmwire_ingest::Event::Started(start) if start.resumed > 0 => Some(start.resumed),
            _ => None,
        })
        .collect();
    assert_eq!(resumed, [1 << 20], "the second piece is read again and compared");
    assert_eq!(shelf.photos().len(), 4);
}
