//! What the person at the camera sends: picked before, and in receive mode.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use filmwire_camera::{
    Camera, Departures, Error, Notice, Notices, Options, ReceiveMode, Receiver, is_resized,
};
use filmwire_codec::OperationCode;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;

fn simulator(model: &str, photos: u32) -> Simulator {
    let recipe = GenerateSpec { photo_bytes: 30_000..=90_000, ..GenerateSpec::default() };
    let card = Card::generated(&GenerateSpec { photos, ..recipe });
    Simulator::new(Persona::builtin(model).unwrap(), card)
}

/// A body whose person picked all pictures before.
fn picked(photos: u32) -> Simulator {
    let sim = simulator("X-T10", photos);
    sim.with_persona(|persona| {
        persona.set("camera_state", "1").unwrap();
        persona.set("start_list", r#"[["DF00", "state"], ["D220", 1]]"#).unwrap();
        persona.set("picked_resized", "false").unwrap();
    });
    sim.pick_all();
    sim
}

async fn connect(sim: &Simulator, options: Options) -> Result<Receiver, Error> {
    Camera::connect_receive(SimNetwork(sim.clone()), options, &Departures::default()).await
}

/// Name and bytes of each picture, until the camera is through.
async fn take_all(receiver: &mut Receiver) -> Vec<(String, Vec<u8>)> {
    let mut taken = Vec::new();
    while let Some(info) = receiver.next().await.unwrap() {
        let bytes = receiver.read().await.unwrap();
        assert_eq!(bytes.len(), info.size_bytes as usize);
        taken.push((info.name.to_text(), bytes));
    }
    taken
}

/// What the card has, newest first.
fn on_card(sim: &Simulator) -> Vec<(String, Vec<u8>)> {
    sim.with_card(|card| {
        let count = card.len();
        (0..count)
            .rev()
            .map(|at| {
                let object = card.object(at).unwrap();
                (object.name.clone(), object.read_at(0, usize::MAX).unwrap().to_vec())
            })
            .collect()
    })
}

#[tokio::test(start_paused = true)]
async fn pictures_picked_before_come_one_after_the_other() {
    let sim = picked(3);
    let mut receiver = connect(&sim, Options::default()).await.unwrap();
    assert_eq!(receiver.mode(), ReceiveMode::Picked);
    let taken = take_all(&mut receiver).await;
    assert!(taken == on_card(&sim), "names or bytes differ");
    assert_eq!(receiver.taken(), 3);
    assert!(receiver.next().await.unwrap().is_none(), "it stays at its end");
    receiver.leave().await;
    sim.wait_idle().await;
    assert_eq!(sim.violations(), []);
}

#[tokio::test(start_paused = true)]
async fn in_receive_mode_the_person_chooses_after_we_asked() {
    let sim = simulator("X-T10", 4);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let notices = Notices::new(move |notice| sink.lock().unwrap().push(notice));
    let options = Options { notices, ..Options::default() };
    let mut receiver = connect(&sim, options).await.unwrap();
    assert_eq!(receiver.mode(), ReceiveMode::Asked);
    assert_eq!(*heard.lock().unwrap(), [Notice::PickPictures]);
    let person = sim.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(90)).await;
        person.choose(&[2, 4]);
    });
    let start = tokio::time::Instant::now();
    let mut names = Vec::new();
    while let Some(info) = receiver.next().await.unwrap() {
        assert!(start.elapsed() >= Duration::from_secs(90));
        let bytes = receiver.read().await.unwrap();
        assert_eq!(bytes.len(), info.size_bytes as usize);
        assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]));
        names.push(info.name.to_text());
    }
    assert_eq!(names, ["DSCF0003.JPG", "DSCF0001.JPG"]);
    receiver.leave().await;
}

#[tokio::test(start_paused = true)]
async fn copies_resized_by_the_camera_are_known_as_such() {
    for resized in [true, false] {
        let sim = picked(0);
        let recipe = GenerateSpec { photo_pixels: (2496, 1664), ..GenerateSpec::default() };
        sim.with_card(|card| *card = Card::generated(&GenerateSpec { photos: 1, ..recipe }));
        sim.with_persona(|persona| {
            persona.set("picked_resized", if resized { "true" } else { "false" }).unwrap();
        });
        let mut receiver = connect(&sim, Options::default()).await.unwrap();
        let info = receiver.next().await.unwrap().unwrap();
        assert_eq!(is_resized(&info), resized, "{}x{}", info.width, info.height);
        let bytes = receiver.read().await.unwrap();
        assert_eq!(bytes == on_card(&sim)[0].1, !resized);
        receiver.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_who_picks_ends_in_bounded_time() {
    let sim = simulator("X-T10", 2);
    let mut receiver = connect(&sim, Options::default()).await.unwrap();
    let start = tokio::time::Instant::now();
    let error = receiver.next().await.unwrap_err();
    assert!(matches!(error, Error::NotPicked { .. }), "{error}");
    let waited = start.elapsed().as_secs();
    assert!((600..605).contains(&waited), "{waited} s");
    receiver.leave().await;
    sim.wait_idle().await;
    assert!(sim.journal().iter().any(|row| row.note == "goodbye"));
}

#[tokio::test(start_paused = true)]
async fn a_body_with_neither_says_so() {
    let sim = simulator("X-T10", 2);
    sim.with_persona(|persona| persona.versions.clear());
    let error = connect(&sim, Options::default()).await.err().unwrap();
    assert!(matches!(error, Error::NotOffered(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_link_lost_inside_a_picture_is_no_end() {
    let sim = picked(2);
    let mut receiver = connect(&sim, Options::default()).await.unwrap();
    let info = receiver.next().await.unwrap().unwrap();
    sim.set_on_air(false);
    let error = receiver.read().await.unwrap_err();
    assert!(error.is_link_trouble(), "{error}");
    assert_eq!(receiver.taken(), 0);
    let error = receiver.next().await.unwrap_err();
    assert!(
        matches!(error, Error::Short { announced, .. } if announced == u64::from(info.size_bytes))
    );
}

#[tokio::test(start_paused = true)]
async fn lost_before_the_first_picture_is_an_error_and_after_one_an_end() {
    for before in [true, false] {
        let sim = picked(3);
        let mut receiver = connect(&sim, Options::default()).await.unwrap();
        if !before {
            receiver.next().await.unwrap().unwrap();
            receiver.read().await.unwrap();
        }
        sim.set_on_air(false);
        match receiver.next().await {
            Err(error) => assert!(before && error.is_link_trouble(), "{error}"),
            Ok(end) => assert!(!before && end.is_none()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_was_dropped_is_gone_on_with() {
    let sim = simulator("X-T10", 2);
    let mut receiver = connect(&sim, Options::default()).await.unwrap();
    for _ in 0..3 {
        let waiting = tokio::time::timeout(Duration::from_millis(130), receiver.next());
        assert!(waiting.await.is_err());
    }
    sim.choose(&[1]);
    assert_eq!(receiver.next().await.unwrap().unwrap().name.to_text(), "DSCF0002.JPG");
    receiver.leave().await;
}

/// A picture that ends with a whole piece ends all the same.
#[tokio::test(start_paused = true)]
async fn a_picture_of_exactly_one_mebibyte() {
    let recipe = GenerateSpec { photo_bytes: 1 << 20..=1 << 20, ..GenerateSpec::default() };
    let sim = picked(0);
    sim.with_card(|card| *card = Card::generated(&GenerateSpec { photos: 2, ..recipe }));
    sim.pick_all();
    let mut receiver = connect(&sim, Options::default()).await.unwrap();
    let taken = take_all(&mut receiver).await;
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].1.len(), 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_gallery_is_refused_while_pictures_are_sent() {
    let sim = picked(1);
    let error = Camera::connect(SimNetwork(sim.clone()), Options::default()).await.err().unwrap();
    assert!(error.to_string().contains("filmwire receive"), "{error}");
    sim.wait_idle().await;
    let asked = |code: OperationCode| sim.journal().iter().any(|row| row.operation == code.0);
    assert!(!asked(OperationCode::GET_OBJECT_INFO));
}
