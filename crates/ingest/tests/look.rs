//! How a run looks at a card it knows: when it lists anew, when it goes on with a listing that was
//! cut, what it does with what an earlier run left, and what it does with a restless card.

mod support;

use std::fs;
use std::time::Duration;

use filmwire_ingest::{
    Error, Event, FullReason, Kind, Look, SkipReason, Stop, Summary, SyncOptions, sync,
};
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, GenerateSpec};
use support::{Shelf, SimConnect, on_card, plain_card, simulator};

const HOUR: Duration = Duration::from_secs(3600);

fn looks(events: &[Event]) -> Vec<Look> {
    let look = |event: &Event| if let Event::Looked(look) = event { Some(*look) } else { None };
    events.iter().filter_map(look).collect()
}

fn advance(shelf: &Shelf, hours: i64) {
    let milliseconds = hours * HOUR.as_millis() as i64;
    shelf.clock.fetch_add(milliseconds, std::sync::atomic::Ordering::SeqCst);
}

async fn run(shelf: &Shelf, sim: &Simulator, options: &SyncOptions) -> (Summary, Vec<Event>) {
    let (result, events) = shelf.try_sync(&SimConnect::new(sim), options).await;
    (result.unwrap_or_else(|error| panic!("{error}: {events:#?}")), events)
}

/// A run that is asked to stop when `is_time`.
async fn cut(shelf: &Shelf, sim: &Simulator, options: &SyncOptions, is_time: fn(&Event) -> bool) {
    let (stopper, stop) = Stop::new();
    let library = shelf.library();
    let mut tell = |event: Event| {
        if is_time(&event) {
            stopper.stop();
        }
    };
    let connect = SimConnect::new(sim);
    let summary = sync(&connect, &library, options, &stop, &mut tell).await.unwrap();
    assert!(summary.interrupted);
}

#[tokio::test(start_paused = true)]
async fn the_whole_card_is_listed_anew_after_a_month_and_when_the_clock_went_back() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
    let month = shelf.options().full_after.as_secs() as i64 / 3600;
    let mut told = Vec::new();
    for hours in [0, month - 1, 2, -1] {
        advance(&shelf, hours);
        told.extend(looks(&shelf.sync(&sim).await.1));
    }
    let age = Look::Full(FullReason::Age);
    assert_eq!(told, [Look::Full(FullReason::First), Look::Unchanged, age, age]);
}

/// Nothing but the listing: all is left out.
fn films_only(shelf: &Shelf) -> SyncOptions {
    let mut options = shelf.options();
    options.only = vec![Kind::Mov];
    options
}

/// Cut after 448 of 500, of which 400 were written down.
async fn cut_listing() -> (Shelf, Simulator) {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(500)));
    let is_time: fn(&Event) -> bool = |event| matches!(event, Event::Listing { listed: 448, .. });
    cut(&shelf, &sim, &films_only(&shelf), is_time).await;
    (shelf, sim)
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_was_cut_is_gone_on_with_for_a_day() {
    let (shelf, sim) = cut_listing().await;
    sim.wait_idle().await;
    let before = sim.journal().len();
    advance(&shelf, 23);
    let (summary, events) = run(&shelf, &sim, &films_only(&shelf)).await;
    assert_eq!(looks(&events), [Look::Resumed]);
    assert_eq!((summary.seen, summary.skipped_total()), (500, 500));
    sim.wait_idle().await;
    let rows = &sim.journal()[before..];
    let listed = rows.iter().filter(|row| row.operation == 0x1008).count();
    // Eight probes at most, and one look at what could be the body's newest photo.
    assert!((100..=109).contains(&listed), "100 were missing, {listed} were asked for");

    let (shelf, sim) = cut_listing().await;
    advance(&shelf, 25);
    let (_, events) = run(&shelf, &sim, &films_only(&shelf)).await;
    assert_eq!(looks(&events), [Look::Full(FullReason::First)]);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_was_cut_is_begun_anew_if_the_card_is_another_one() {
    let (shelf, sim) = cut_listing().await;
    sim.with_card(|card| {
        // The count stays, and all that was listed moved.
        card.delete(50);
        card.shoot(1);
    });
    let (summary, events) = run(&shelf, &sim, &films_only(&shelf)).await;
    assert_eq!(looks(&events), [Look::Full(FullReason::Unexplained)]);
    assert_eq!(summary.skipped_total(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_was_cut_before_anything_was_written_down_is_the_first() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(100)));
    let is_time: fn(&Event) -> bool = |event| matches!(event, Event::Listing { listed: 64, .. });
    cut(&shelf, &sim, &films_only(&shelf), is_time).await;
    let (_, events) = run(&shelf, &sim, &films_only(&shelf)).await;
    assert_eq!(looks(&events), [Look::Full(FullReason::First)]);
}

/// What is left out is asked for in pages.
#[tokio::test(start_paused = true)]
async fn all_of_many_files_that_were_left_out_are_fetched_later() {
    let spec = GenerateSpec { photos: 401, photo_bytes: 3_000..=3_000, ..GenerateSpec::default() };
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", Card::generated(&spec)));
    run(&shelf, &sim, &films_only(&shelf)).await;
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!(looks(&events), [Look::Unchanged]);
    assert_eq!((summary.seen, summary.new, summary.skipped_total()), (401, 401, 0));
    let mut found: Vec<_> = shelf.photos().into_values().collect();
    let mut expected = on_card(&sim);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_never_rests_ends_the_run() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(40)));
    for operation in 0..400 {
        sim.add_fault(format!("add=1:{}", 20 + 10 * operation).parse().unwrap());
    }
    let (result, events) = shelf.try_sync(&SimConnect::new(&sim), &films_only(&shelf)).await;
    let error = result.expect_err("it cannot go through");
    assert!(matches!(error, Error::Restless(20)), "{error}");
    let changes = events.iter().filter(|event| matches!(event, Event::CardChanged));
    assert_eq!(changes.count(), 20);
}

fn parts(shelf: &Shelf) -> usize {
    fs::read_dir(shelf.library().incoming()).unwrap().count()
}

/// Only a run over the whole card knows that nobody will go on with a part.
#[tokio::test(start_paused = true)]
async fn a_part_stays_until_a_whole_run_finds_its_object_gone() {
    let film_bytes = 2_300_000..=2_300_000;
    let spec = GenerateSpec { photos: 3, films: 1, film_bytes, ..GenerateSpec::default() };
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", Card::generated(&spec)));
    let mut film = shelf.options();
    film.only = vec![Kind::Mov];
    let half: fn(&Event) -> bool =
        |event| matches!(event, Event::Progress { bytes, .. } if *bytes > 1 << 20);
    cut(&shelf, &sim, &film, half).await;
    assert_eq!(parts(&shelf), 1);

    let position = (0..4).find(|&at| {
        sim.with_card(|card| card.object(at).is_some_and(|object| object.name.ends_with(".MOV")))
    });
    sim.with_card(|card| card.delete(position.unwrap()).unwrap());
    let options = |change: fn(&mut SyncOptions)| {
        let mut options = shelf.options();
        options.full = true;
        change(&mut options);
        options
    };
    let narrow: [fn(&mut SyncOptions); 4] = [
        |options| options.only = vec![Kind::Jpg],
        |options| options.newest = Some(1),
        |options| options.since = filmwire_codec::DateTime::parse("20200101T000000"),
        |options| options.dry_run = true,
    ];
    for (number, change) in narrow.into_iter().enumerate() {
        run(&shelf, &sim, &options(change)).await;
        assert_eq!(parts(&shelf), 1, "narrow run {number}");
    }
    run(&shelf, &sim, &options(|_| {})).await;
    assert_eq!(parts(&shelf), 0);
}

/// A photo that never comes is let alone, also by runs that do not list it again.
#[tokio::test(start_paused = true)]
async fn a_photo_that_failed_too_often_is_passed_over_with_that_reason() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
    let mut options = shelf.options();
    options.tries = 2;
    sim.add_fault("refuse=GetPartialObject:2002".parse().unwrap());
    let mut passed_over = Vec::new();
    for _ in 0..4 {
        let (summary, _) = run(&shelf, &sim, &options).await;
        assert_eq!(summary.new, 0);
        passed_over.push(summary.skipped.get(&SkipReason::GivenUp).copied().unwrap_or(0));
    }
    assert_eq!(passed_over.first(), Some(&0), "{passed_over:?}");
    assert_eq!(passed_over.last(), Some(&3), "{passed_over:?}");
}

/// The newest photo is read in part to see whose it is. A camera that will not hand it out is no
/// other camera.
#[tokio::test(start_paused = true)]
async fn a_photo_that_cannot_be_read_tells_nothing_of_its_body() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
    shelf.sync(&sim).await;
    sim.add_fault("refuse=GetPartialObject:2002".parse().unwrap());
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!(looks(&events), [Look::Unchanged]);
    assert_eq!((summary.known, summary.failed), (3, 0));
    assert!(!events.iter().any(|event| matches!(event, Event::LinkLost { .. })), "{events:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_film_is_no_witness_of_its_body_and_few_are_looked_at_for_one() {
    let spec = GenerateSpec { photos: 2, films: 30, ..GenerateSpec::default() };
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", Card::generated(&spec)));
    let options = shelf.options();
    run(&shelf, &sim, &options).await;
    sim.wait_idle().await;
    let before = sim.journal().len();
    let (summary, _) = run(&shelf, &sim, &options).await;
    assert_eq!((summary.known, summary.skipped.get(&SkipReason::NotAsked)), (32, None));
    sim.wait_idle().await;
    let asked = &sim.journal()[before..];
    // Two probes of the list and as many as may be asked for a witness.
    let infos = asked.iter().filter(|row| row.operation == 0x1008).count();
    assert!(infos <= 12, "{infos} of 32");
}
