//! Runs of `sync` against the simulated camera, in simulated time.

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use filmwire_camera::quirk::{Quirks, RealSize};
use filmwire_catalogue::{FileFacts, ObjectFilter, Publish};
use filmwire_codec::DateTime;
use filmwire_ingest::{
    AdoptEvent, Event, FullReason, Kind, Look, SkipReason, Stop, adopt, mark_known, sync,
};
use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::media::exif::{Body, Gps};
use support::{Shelf, SimConnect, on_card, plain_card, simulator};

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
    assert_eq!(look(&shelf.sync(&sim).await.1), [Look::Unchanged], "it is known without them");
    assert_eq!(shelf.photos().len(), 63);
}

#[tokio::test(start_paused = true)]
async fn a_photo_that_was_adopted_is_not_stored_twice() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(3)));
    let newest = sim.with_card(|card| card.object(2).unwrap().read_at(0, usize::MAX).unwrap());
    let library = shelf.library();
    let old = shelf.root().join("from card reader");
    std::fs::create_dir(&old).unwrap();
    std::fs::write(old.join("holiday.jpg"), newest).unwrap();
    std::fs::write(old.join("notes.txt"), "no photo").unwrap();
    let mut told = Vec::new();
    let (options, stop) = (shelf.options(), Stop::never());
    let sum =
        adopt(&library, shelf.root(), &options, &stop, &mut |event| told.push(event)).unwrap();
    assert_eq!((sum.learnt, sum.others), (1, 1));
    let path = "from card reader/holiday.jpg".to_owned();
    assert_eq!(told, [AdoptEvent::Adopted { path, from: None, joined: None, fitting: 0 }]);
    drop(library);
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.duplicates), (3, 1));
    let photos: Vec<_> = shelf.photos().into_keys().filter(|path| !path.ends_with("txt")).collect();
    assert_eq!(photos.len(), 3, "{photos:?}");
}

#[tokio::test(start_paused = true)]
async fn a_card_taken_for_known_is_not_fetched() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(7)));
    let library = shelf.library();
    let (connect, options) = (SimConnect::new(&sim), shelf.options());
    let summary =
        mark_known(&connect, &library, &options, &Stop::never(), &mut |_| {}).await.unwrap();
    assert_eq!((summary.seen, summary.known, summary.new), (7, 7, 0));
    drop(library);
    sim.with_card(|card| card.shoot(2));
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.known), (2, 7));
    assert_eq!(shelf.photos().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn options_choose_and_later_runs_fetch_the_rest() {
    let spec = GenerateSpec { photos: 10, films: 2, ..GenerateSpec::default() };
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", Card::generated(&spec)));
    let mut options = shelf.options();
    options.newest = Some(3);
    options.only = vec![Kind::Jpg];
    let (summary, _) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    let summary = summary.unwrap();
    assert_eq!((summary.seen, summary.new + summary.skipped_total()), (3, 3));
    let first = summary.new;

    options.newest = None;
    let (summary, _) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    let summary = summary.unwrap();
    assert_eq!((summary.seen, summary.new, summary.known), (12, 10 - first, first));
    assert_eq!(summary.skipped_total(), 2);

    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.seen, summary.new, summary.known), (12, 2, 10));
    assert_eq!(look(&events), [Look::Unchanged], "the films are fetched without listing");
}

#[tokio::test(start_paused = true)]
async fn since_leaves_older_photos_and_keeps_those_without_a_date() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(10)));
    let date = sim.with_card(|card| card.object(6).unwrap().capture.unwrap().ptp());
    let mut options = shelf.options();
    options.since = DateTime::parse(&date);
    let (summary, _) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    let summary = summary.unwrap();
    assert_eq!((summary.seen, summary.new, summary.skipped_total()), (10, 4, 6));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_names_what_the_run_then_writes_and_leaves_nothing() {
    let spec = GenerateSpec { photos: 8, films: 1, ..GenerateSpec::default() };
    let (shelf, sim) = (Shelf::new(), simulator("X-T5", Card::generated(&spec)));
    // A stranger has one of the names.
    let (connect, mut options) = (SimConnect::new(&sim), shelf.options());
    options.template = "{name}".parse().unwrap();
    drop(shelf.library());
    std::fs::write(shelf.root().join("DSCF0003.JPG"), "a stranger").unwrap();
    options.dry_run = true;
    let (summary, events) = shelf.try_sync(&connect, &options).await;
    let summary = summary.unwrap();
    let mut planned: Vec<String> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::Started(start) => start.path,
            _ => None,
        })
        .collect();
    assert_eq!((summary.new, planned.len()), (9, 9));
    assert_eq!(shelf.photos().len(), 1, "nothing was written");
    options.dry_run = false;
    let (summary, _) = shelf.try_sync(&connect, &options).await;
    assert_eq!(summary.unwrap().new, 9);
    let mut written: Vec<String> = shelf.photos().into_keys().collect();
    written.retain(|path| path != "DSCF0003.JPG");
    planned.sort();
    written.sort();
    assert_eq!(planned, written);
    assert!(written.contains(&"DSCF0003-2.JPG".to_owned()), "{written:?}");
}

#[tokio::test(start_paused = true)]
async fn pairs_get_one_folder_and_one_number() {
    let sim = simulator("permissive", Card::generated(&GenerateSpec::default()));
    sim.with_card(|card| card.shoot_pair());
    let shelf = Shelf::new();
    let mut options = shelf.options();
    options.template = "{name}".parse().unwrap();
    drop(shelf.library());
    std::fs::write(shelf.root().join("DSCF0001.RAF"), "a stranger").unwrap();
    let (summary, events) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    assert_eq!(summary.unwrap().new, 2, "{events:#?}");
    let names: Vec<String> = shelf.photos().into_keys().collect();
    assert!(names.contains(&"DSCF0001-2.RAF".to_owned()), "{names:?}");
    assert!(names.contains(&"DSCF0001-2.JPG".to_owned()), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_card_of_ten_thousand_costs_twenty_operations() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(10_000)));
    let library = shelf.library();
    let (connect, options) = (SimConnect::new(&sim), shelf.options());
    mark_known(&connect, &library, &options, &Stop::never(), &mut |_| {}).await.unwrap();
    drop(library);
    let unchanged = operations_after_gallery(&shelf, &sim).await;
    assert!(unchanged <= 20, "{unchanged}");
    for position in [0, 1, 5_000, 9_996] {
        sim.with_card(|card| card.delete(position));
        let operations = operations_after_gallery(&shelf, &sim).await;
        assert!(operations <= 20, "{operations} after deleting {position}");
    }
    let tail = sim.with_card(|card| {
        let last = card.len() - 1;
        card.delete(last);
        card.len()
    });
    assert!(operations_after_gallery(&shelf, &sim).await <= 20);
    assert_eq!(tail, 9_995);
    for new in [1, 2, 30] {
        sim.with_card(|card| card.shoot(new));
        let operations = operations_after_gallery(&shelf, &sim).await;
        assert!(operations <= 20 + 3 * new as u64, "{operations} after {new} new photos");
    }
}

/// Operations from the gallery on, CloseSession included.
async fn operations_after_gallery(shelf: &Shelf, sim: &filmwire_sim::Simulator) -> u64 {
    let connect = SimConnect::new(sim);
    let opening = {
        let camera = filmwire_ingest::Connect::connect(&connect).await.unwrap();
        let opening = camera.stats().total();
        camera.leave().await;
        opening
    };
    sim.wait_idle().await;
    sim.clear_journal();
    shelf.sync(sim).await;
    sim.wait_idle().await;
    let rows = sim.journal();
    rows.iter().filter(|row| row.operation != 0).count() as u64 - opening
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_of_a_photo_that_is_gone_keeps_its_name() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(2)));
    let mut options = shelf.options();
    options.template = "{name}".parse().unwrap();
    drop(shelf.library());
    std::fs::write(shelf.root().join("DSCF0002.xmp"), "edits of another photo").unwrap();
    let (summary, _) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    assert_eq!(summary.unwrap().new, 2);
    let names: Vec<String> = shelf.photos().into_keys().collect();
    assert_eq!(names, ["DSCF0001.JPG", "DSCF0002-2.JPG", "DSCF0002.xmp"]);
    assert_eq!(shelf.faults(), [] as [String; 0], "a sidecar is no stranger");
}

#[tokio::test(start_paused = true)]
async fn a_card_with_photos_of_two_bodies_is_one_card() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T2", plain_card(4)));
    sim.with_card(|card| {
        card.set_body(Body::new("X-T2", "99999999"));
        card.shoot(4);
    });
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.seen, summary.new), (8, 8), "{events:#?}");
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.known, summary.new), (8, 0));
    assert_eq!(look(&events), [Look::Unchanged]);

    // The card goes back to the first body, which takes another photo.
    sim.with_card(|card| {
        card.set_body(Body::new("X-T2", "53A01234"));
        card.shoot(1);
    });
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!(summary.seen, 9);
    assert_eq!(shelf.photos().len(), 9, "nothing is stored twice");
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.known, summary.new), (9, 0), "{events:#?}");
    assert_eq!(shelf.faults(), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_offset_of_a_photos_clock_is_kept_with_its_source() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(1)));
    let mut options = shelf.options();
    options.utc_offset = Some((120, "this computer's zone".into()));
    shelf.try_sync(&SimConnect::new(&sim), &options).await.0.unwrap();
    let library = shelf.library();
    let rows = library.catalogue().unwrap().objects(&ObjectFilter::default()).unwrap();
    let offset = rows[0].utc_offset.as_ref().unwrap();
    assert!(offset.source == "exif" || offset.minutes == 120, "{offset:?}");
    assert_eq!(rows[0].exif_serial.as_deref(), Some("53A01234"));
}

#[tokio::test(start_paused = true)]
async fn what_photos_tell_is_in_the_catalogue_also_of_files_that_were_here_before() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(1)));
    shelf.sync(&sim).await;
    let library = shelf.library();
    let catalogue = library.catalogue().unwrap();
    let row = catalogue.objects(&ObjectFilter::default()).unwrap().remove(0);
    let file = row.file.unwrap();
    let told = catalogue.facts(file).unwrap().unwrap();
    assert_eq!((told.kind.as_deref(), told.serial.as_deref()), (Some("jpeg"), Some("53A01234")));
    assert_eq!(told.taken, row.key.capture_date);
    assert!(told.width.is_some() && told.height.is_some() && told.model.is_some(), "{told:?}");
    // As if an older release had published it; found again, it is looked at.
    catalogue.set_facts(file, &FileFacts::default()).unwrap();
    catalogue.forget(&ObjectFilter::default(), &|path| library.exists(path), 1).unwrap();
    drop(library);
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.duplicates), (1, 1));
    assert_eq!(catalogue.facts(file).unwrap().unwrap(), told);
}

#[tokio::test(start_paused = true)]
async fn a_photo_that_is_none_is_kept_and_called_damaged() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(2)));
    sim.with_card(|card| {
        let zeros = CardObject::memory("100_FUJI", "DSCF0003.JPG", vec![0; 5000]);
        card.push(zeros);
    });
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.damaged, summary.failed), (3, 1, 0), "{events:#?}");
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.known), (0, 3), "it is not fetched again");
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_tells_too_small_a_size_does_not_block_the_rest() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(5)));
    sim.add_fault("size-small=100".parse().unwrap());
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.seen, summary.new), (5, 5), "{events:#?}");
    assert_eq!(summary.damaged, 5, "each came broken twice alike");
}

#[tokio::test(start_paused = true)]
async fn what_the_camera_would_not_tell_is_not_called_known() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(300)));
    sim.add_fault("refuse=GetObjectInfo:0x2002".parse().unwrap());
    let (summary, events) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.known), (0, 0));
    assert_eq!(summary.skipped[&SkipReason::Unreadable], 100);
    assert_eq!(summary.skipped[&SkipReason::NotListed], 200);
    assert!(events.iter().any(|event| matches!(event, Event::Warning(_))));
}

#[tokio::test(start_paused = true)]
async fn a_busy_camera_is_asked_again() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(6)));
    sim.add_fault("refuse=GetObjectInfo#3:0x2019".parse().unwrap());
    let (summary, _) = shelf.sync(&sim).await;
    assert_eq!((summary.new, summary.skipped_total()), (6, 0));
}

#[tokio::test(start_paused = true)]
async fn one_photo_that_costs_the_connection_does_not_cost_the_others() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(6)));
    // The third object is never answered; every other one is.
    for nth in [3, 6, 9, 12, 15] {
        sim.add_fault(format!("silence=GetPartialObject#{nth}").parse().unwrap());
    }
    let (summary, _) = shelf.try_sync(&SimConnect::new(&sim), &shelf.options()).await;
    let summary = summary.unwrap();
    assert!(summary.new >= 5, "{summary:?}");
    assert_eq!(summary.seen, 6);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_camera_that_is_silent() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(3)));
    sim.add_fault("silence=GetPartialObject#2".parse().unwrap());
    let (stopper, stop) = Stop::new();
    let library = shelf.library();
    let (connect, options) = (SimConnect::new(&sim), shelf.options());
    let start = tokio::time::Instant::now();
    let mut started = 0;
    let mut tell = |event: Event| {
        started += u32::from(matches!(event, Event::Started(_)));
        if started == 2 {
            stopper.stop();
        }
    };
    let summary = sync(&connect, &library, &options, &stop, &mut tell).await.unwrap();
    assert!(summary.interrupted);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    sim.wait_idle().await;
    assert_eq!(sim.journal().last().unwrap().note, "goodbye");
}

#[tokio::test(start_paused = true)]
async fn pieces_of_two_files_are_never_one_photo() {
    let film_bytes = 2_200_000..=2_200_000;
    let spec = GenerateSpec { photos: 3, films: 3, film_bytes, ..GenerateSpec::default() };
    for nth in 12..30 {
        let (shelf, sim) = (Shelf::new(), simulator("X-A2", Card::generated(&spec)));
        // One taken and one deleted: the count stays.
        sim.add_fault(format!("add=1:{nth}").parse().unwrap());
        sim.add_fault(format!("delete=6:{nth}").parse().unwrap());
        let ever: BTreeSet<String> = on_card(&sim).into_iter().collect();
        shelf.sync(&sim).await;
        let ever: BTreeSet<String> = ever.into_iter().chain(on_card(&sim)).collect();
        for (path, hash) in shelf.photos() {
            assert!(ever.contains(&hash), "{nth}: {path} is no file of the card");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn true_sizes_are_asked_for_once_a_session_or_around_each_file() {
    for (real_size, writes) in [(RealSize::PerSession, 2), (RealSize::PerFile, 8)] {
        let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(4)));
        let mut connect = SimConnect::new(&sim);
        connect.options.quirks = Some(Quirks { real_size, ..Quirks::default() });
        let (summary, _) = shelf.try_sync(&connect, &shelf.options()).await;
        assert_eq!(summary.unwrap().new, 4);
        sim.wait_idle().await;
        let rows = sim.journal();
        let d227 = rows.iter().filter(|row| row.operation == 0x1016 && row.params == [0xD227]);
        assert_eq!(d227.count(), writes, "{real_size:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_photo_taken_at_any_moment_makes_no_other_one_fail() {
    let spec = GenerateSpec { photos: 3, films: 3, ..GenerateSpec::default() };
    for nth in 8..40 {
        let (shelf, sim) = (Shelf::new(), simulator("X-A2", Card::generated(&spec)));
        sim.add_fault(format!("add=1:{nth}").parse().unwrap());
        let (summary, events) = shelf.sync(&sim).await;
        assert_eq!((summary.failed, summary.skipped_total()), (0, 0), "{nth}: {events:#?}");
        assert!(shelf.photos().len() >= 6, "{nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_plans_what_a_killed_run_left_half_published() {
    let (shelf, sim) = (Shelf::new(), simulator("X-A2", plain_card(3)));
    let (connect, mut options) = (SimConnect::new(&sim), shelf.options());
    options.only = vec![Kind::Mov];
    shelf.try_sync(&connect, &options).await.0.unwrap();
    options.only.clear();
    let library = shelf.library();
    let catalogue = library.catalogue().unwrap();
    let object = catalogue.objects(&ObjectFilter::default()).unwrap()[0].clone();
    let file = Publish { path: "half.JPG", sha256: &[7; 32], size: object.key.size, proof: "size" };
    catalogue.begin_publish(object.id, file, None, 1).unwrap();
    drop((catalogue, library));
    options.dry_run = true;
    let summary = shelf.try_sync(&connect, &options).await.0.unwrap();
    assert_eq!((summary.new, summary.seen), (3, 3));
    options.dry_run = false;
    assert_eq!(shelf.try_sync(&connect, &options).await.0.unwrap().new, 3);
}

/// Two photos of a clock that is 192 s ahead, two of one that is 12 s behind, and one that tells
/// nothing.
fn clocks() -> Card {
    let gps = |clock_ahead_s| Some(Gps { utc_offset_minutes: 540, clock_ahead_s });
    let recipe = GenerateSpec { photos: 2, gps: gps(192), ..GenerateSpec::default() };
    let mut card = Card::generated(&recipe);
    card.set_recipe(|recipe| recipe.gps = gps(-12));
    card.shoot(2);
    card.set_recipe(|recipe| recipe.gps = None);
    card.shoot(1);
    card
}

#[tokio::test(start_paused = true)]
async fn the_newest_file_that_tells_it_says_how_wrong_the_clock_is() {
    for order in ["newest_first", "oldest_first"] {
        let (shelf, sim) = (Shelf::new(), simulator("X-T20", clocks()));
        sim.with_persona(|persona| persona.set("handle_order", order).unwrap());
        let (summary, _) = shelf.sync(&sim).await;
        assert_eq!((summary.new, summary.clock_drift_s), (5, Some(-12)), "{order}");
        let (summary, _) = shelf.sync(&sim).await;
        assert_eq!((summary.new, summary.clock_drift_s), (0, None), "nothing came");
    }
    let (shelf, sim) = (Shelf::new(), simulator("X-T20", plain_card(2)));
    assert_eq!(shelf.sync(&sim).await.0.clock_drift_s, None, "nothing tells");
}

/// A person sees how a long listing goes on, and a photo taken meanwhile is noticed soon.
#[tokio::test(start_paused = true)]
async fn a_long_listing_tells_how_far_it_is_and_looks_whether_the_card_changed() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T4", plain_card(200)));
    let mut options = shelf.options();
    // Nothing is fetched between: each object is only listed.
    options.only = vec![Kind::Mov];
    let (summary, events) = shelf.try_sync(&SimConnect::new(&sim), &options).await;
    assert_eq!(summary.unwrap().skipped_total(), 200);
    let told = |event: &Event| match event {
        Event::Listing { listed, objects } => Some((*listed, *objects)),
        _ => None,
    };
    let told: Vec<_> = events.iter().filter_map(told).collect();
    assert_eq!(told, [(64, 200), (128, 200), (192, 200)]);
}
