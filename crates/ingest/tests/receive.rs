//! Receiving what a person picks on the camera, into a library that `sync` fills as well.

mod support;

use filmwire_camera::{Camera, Departures, Error as CameraError, Options, Receiver};
use filmwire_ingest::{ConnectReceive, Error, Event, ReceiveEnd, Received, Stop, Summary, receive};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Fault, Simulator};
use support::{Shelf, SimNetwork, bodies, on_card, plain_card, simulator};

/// Photos large enough to be resized.
fn large(photos: u32) -> Card {
    let photo_pixels = (2496, 1664);
    Card::generated(&GenerateSpec { photos, photo_pixels, ..GenerateSpec::default() })
}

/// A body on which all pictures were picked before anybody connects.
fn picked(model: &str, card: Card, resized: bool) -> Simulator {
    let sim = simulator(model, card);
    sim.with_persona(|persona| {
        persona.set("camera_state", "1").unwrap();
        persona.set("picked_resized", if resized { "true" } else { "false" }).unwrap();
    });
    sim.pick_all();
    sim
}

/// As a program connects: anew each time.
struct Picks(Simulator);

impl ConnectReceive for Picks {
    async fn connect(&self) -> Result<Receiver, CameraError> {
        let network = SimNetwork(self.0.clone());
        Camera::connect_receive(network, Options::default(), &Departures::default()).await
    }
}

/// Receives until the camera hangs up, so many came, or `stop_after` were published.
async fn take(
    shelf: &Shelf,
    sim: &Simulator,
    most: Option<u32>,
    stop_after: Option<usize>,
) -> (Result<Received, Error>, Vec<Event>) {
    let library = shelf.library();
    let _lock = library.lock().unwrap();
    let (stopper, stop) = Stop::new();
    let (mut events, mut published) = (Vec::new(), 0);
    let mut tell = |event: Event| {
        published += usize::from(matches!(event, Event::Published(_)));
        if stop_after == Some(published) {
            stopper.stop();
        }
        events.push(event);
    };
    let connect = Picks(sim.clone());
    let result = receive(&connect, &library, &shelf.options(), most, &stop, &mut tell).await;
    (result, events)
}

async fn take_all(shelf: &Shelf, sim: &Simulator) -> Received {
    let (received, events) = take(shelf, sim, None, None).await;
    received.unwrap_or_else(|error| panic!("{error}: {events:#?}"))
}

fn counts(summary: &Summary) -> (u64, u64, u64, u64) {
    (summary.seen, summary.new, summary.known, summary.failed)
}

fn sorted(mut hashes: Vec<String>) -> Vec<String> {
    hashes.sort();
    hashes
}

#[tokio::test(start_paused = true)]
async fn what_is_picked_comes_whole_from_every_body_and_is_known_to_sync() {
    for model in bodies() {
        let sim = picked(model, plain_card(4), false);
        let shelf = Shelf::new();
        let received = take_all(&shelf, &sim).await;
        assert_eq!(received.end, ReceiveEnd::HungUp, "{model}");
        assert_eq!(counts(&received.summary), (4, 4, 0, 0), "{model}");
        let here = shelf.photos().into_values().collect();
        assert_eq!(sorted(here), sorted(on_card(&sim)), "{model}");
        assert!(shelf.faults().is_empty(), "{model}: {:?}", shelf.faults());
        // The same card, shown as a whole the next day.
        let whole = simulator(model, plain_card(4));
        let (summary, _) = shelf.sync(&whole).await;
        assert_eq!((summary.new, summary.known, summary.received_bytes), (0, 4, 0), "{model}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_library_has_is_not_stored_twice() {
    let (shelf, card) = (Shelf::new(), plain_card(3));
    shelf.sync(&simulator("X-T10", card)).await;
    let before = shelf.photos();
    let received = take_all(&shelf, &picked("X-T10", plain_card(3), false)).await;
    assert_eq!((received.summary.seen, received.summary.failed), (3, 0));
    assert_eq!(received.summary.bytes, 0, "{:?}", received.summary);
    assert_eq!(shelf.photos(), before);
}

#[tokio::test(start_paused = true)]
async fn a_resized_copy_is_named_as_one_and_does_not_stand_for_the_original() {
    let shelf = Shelf::new();
    let received = take_all(&shelf, &picked("X-T10", large(2), true)).await;
    assert_eq!(received.summary.new, 2);
    let copies = shelf.photos();
    assert!(copies.keys().all(|path| path.ends_with("_resized.JPG")), "{copies:?}");
    let whole = simulator("X-T10", large(2));
    let (summary, _) = shelf.sync(&whole).await;
    assert_eq!((summary.new, summary.known), (2, 0));
    let mut photos = shelf.photos();
    assert_eq!(photos.len(), 4);
    photos.retain(|path, _| !path.ends_with("_resized.JPG"));
    assert_eq!(sorted(photos.into_values().collect()), sorted(on_card(&whole)));
    // Picked once more, they are the copies that are here.
    let again = take_all(&shelf, &picked("X-T10", large(2), true)).await;
    assert_eq!((again.summary.seen, again.summary.bytes), (2, 0), "{:?}", again.summary);
    assert_eq!(shelf.photos().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_asks_its_person_sends_what_they_pick() {
    let (shelf, sim) = (Shelf::new(), simulator("X-T10", plain_card(5)));
    sim.with_persona(|persona| {
        persona.set("choose_after_ms", "5000").unwrap();
        persona.set("picked_resized", "false").unwrap();
    });
    sim.pick_all();
    let (received, events) = take(&shelf, &sim, Some(2), None).await;
    let received = received.unwrap();
    assert_eq!((received.end, received.summary.new), (ReceiveEnd::Enough, 2));
    // Only now it is on the disk and the camera left.
    let free = events.iter().position(|event| *event == Event::CameraFree).unwrap();
    let last = events.iter().rposition(|event| matches!(event, Event::Published(_))).unwrap();
    assert!(free > last, "{events:#?}");
    assert_eq!(shelf.photos().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_transfer_cut_anywhere_keeps_what_is_whole() {
    let whole = {
        let sim = picked("X-T10", plain_card(3), false);
        take_all(&Shelf::new(), &sim).await;
        sim.stats().sent_bytes
    };
    for cut in (100..whole).step_by((whole as usize / 40).max(1)) {
        let (shelf, sim) = (Shelf::new(), picked("X-T10", plain_card(3), false));
        sim.add_fault(Fault::CutAt(cut));
        let (received, events) = take(&shelf, &sim, None, None).await;
        let here = shelf.photos();
        if let Ok(received) = &received {
            let is_cut = matches!(received.end, ReceiveEnd::Cut { .. });
            assert_eq!(received.summary.failed, u64::from(is_cut), "{cut}: {received:?}");
            assert_eq!(received.summary.new, here.len() as u64, "{cut}");
        }
        let there = on_card(&sim);
        assert!(here.values().all(|hash| there.contains(hash)), "{cut}: {events:?}");
        // The person picks all of them once more.
        take_all(&shelf, &picked("X-T10", plain_card(3), false)).await;
        assert_eq!(sorted(shelf.photos().into_values().collect()), sorted(there), "{cut}");
        assert!(shelf.faults().is_empty(), "{cut}: {:?}", shelf.faults());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_between_two_pictures_leaves_politely() {
    let (shelf, sim) = (Shelf::new(), picked("X-T10", plain_card(20), false));
    let (received, _) = take(&shelf, &sim, None, Some(1)).await;
    let received = received.unwrap();
    assert_eq!(received.end, ReceiveEnd::Stopped);
    assert!(received.summary.interrupted && received.summary.new >= 1);
    assert_eq!(shelf.photos().len() as u64, received.summary.new);
    assert!(shelf.faults().is_empty());
    sim.wait_idle().await;
    assert!(sim.journal().iter().any(|row| row.note == "goodbye"));
}
