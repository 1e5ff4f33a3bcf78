//! Every persona: the opening, the gallery, the leave, in simulated time.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use filmwire_camera::quirk::Way;
use filmwire_camera::{
    Camera, Error, GetPartialObject, Notice, Notices, ObjectHandle, OkWait, Options, blocking,
};
use filmwire_codec::{CameraState, OperationCode};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::Code;
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;

/// Every body there is a persona of.
fn bodies() -> Vec<&'static str> {
    let bodies: Vec<_> =
        Persona::names().into_iter().filter(|name| *name != "permissive").collect();
    assert!(bodies.len() > 10, "{bodies:?}");
    bodies
}

fn simulator(model: &str, photos: u32) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos, ..GenerateSpec::default() });
    Simulator::new(Persona::builtin(model).unwrap(), card)
}

/// Notices are collected here.
fn listening() -> (Options, Arc<Mutex<Vec<Notice>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let notices = Notices::new(move |notice| sink.lock().unwrap().push(notice));
    (Options { notices, ..Options::default() }, heard)
}

#[tokio::test(start_paused = true)]
async fn every_body_opens_lists_reads_and_is_left_politely() {
    for model in bodies() {
        let sim = simulator(model, 5);
        let camera = Camera::connect(SimNetwork(sim.clone()), Options::default())
            .await
            .unwrap_or_else(|error| panic!("{model}: {error}"));
        let oldest_first = camera.info().quirks.oldest_first;
        let number = |handle| if oldest_first { handle } else { 6 - handle };
        assert_eq!(camera.info().model, sim.with_persona(|persona| persona.model.clone()));
        assert_eq!(camera.object_count(), 5, "{model}");
        camera.set_real_sizes(true).await.unwrap();
        for handle in 1..=5 {
            let info = camera.object_info(ObjectHandle(handle)).await.unwrap();
            assert_eq!(info.name.to_text(), format!("DSCF{:04}.JPG", number(handle)), "{model}");
            let bytes = camera.read_object(ObjectHandle(handle), info.size_bytes).await.unwrap();
            let card = sim.with_card(|card| {
                let object = card.object(number(handle) as usize - 1).unwrap();
                object.read_at(0, usize::MAX).unwrap()
            });
            assert!(bytes == card, "{model} {handle}");
            let thumb = camera.thumb(ObjectHandle(handle)).await.unwrap().unwrap();
            assert!(thumb.starts_with(&[0xFF, 0xD8]), "{model}");
        }
        camera.leave().await;
        sim.wait_idle().await;
        assert_eq!(sim.violations(), [], "{model}");
        let rows = sim.journal();
        let ending: Vec<_> =
            rows.iter().rev().take(3).map(|row| (row.operation, row.note.clone())).collect();
        assert!(
            ending.iter().any(|(code, _)| *code == OperationCode::CLOSE_SESSION.0)
                && ending.iter().any(|(_, note)| note == "goodbye"),
            "{model}: {ending:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn remote_bodies_end_in_the_gallery_of_the_remote_session() {
    for model in bodies() {
        let sim = simulator(model, 3);
        let remote = sim.with_persona(|persona| persona.versions.contains_key(&Code(0xDF24)));
        if !remote {
            continue;
        }
        let camera = Camera::connect(SimNetwork(sim), Options::default()).await.unwrap();
        assert_eq!(camera.state().camera_state(), Some(CameraState::REMOTE_IMAGE_VIEW), "{model}");
        assert_eq!(camera.info().quirks.way, Way::Remote);
        camera.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_three_ways_of_waiting_for_ok() {
    for (way, expected) in [
        ("init_fail", OkWait::InitRefused),
        ("state_wait", OkWait::StateWait),
        ("held_reply", OkWait::ReplyHeld),
    ] {
        let sim = simulator("X-T2", 2);
        sim.with_persona(|persona| {
            persona.set("ok", way).unwrap();
            persona.set("ok_after_ms", "0").unwrap();
        });
        let (options, heard) = listening();
        let person = sim.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(7)).await;
            person.press_ok();
        });
        let camera = Camera::connect(SimNetwork(sim), options).await.unwrap();
        let heard = heard.lock().unwrap().clone();
        assert_eq!(heard, [Notice::PressOk(expected), Notice::Accepted], "{way}");
        camera.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn ok_that_is_never_pressed_ends_in_bounded_time() {
    for way in ["init_fail", "state_wait", "held_reply"] {
        let sim = simulator("X-T2", 2);
        sim.with_persona(|persona| {
            persona.set("ok", way).unwrap();
            persona.set("ok_after_ms", "0").unwrap();
        });
        let start = tokio::time::Instant::now();
        let error =
            Camera::connect(SimNetwork(sim.clone()), Options::default()).await.err().unwrap();
        assert!(matches!(error, Error::Busy { .. } | Error::NotAccepted { .. }), "{way}: {error}");
        assert!(start.elapsed() <= Duration::from_secs(65), "{way}: {:?}", start.elapsed());
        sim.wait_idle().await;
        // Before the ack there is no session to close; a body that holds a reply back reads nothing.
        let expected = match way {
            "init_fail" => "closed after init",
            "held_reply" => "closed by peer",
            _ => "goodbye",
        };
        let last = sim.journal().pop().unwrap();
        assert_eq!(last.note, expected, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_read_shifts_no_reply() {
    let sim = simulator("X-T4", 3);
    let camera = Camera::connect(SimNetwork(sim.clone()), Options::default()).await.unwrap();
    camera.set_real_sizes(true).await.unwrap();
    let size = camera.object_info(ObjectHandle(1)).await.unwrap().size_bytes;
    let asked = GetPartialObject { object: ObjectHandle(1), offset: 0, max_bytes: 100 };
    {
        let reading = camera.read_part(asked);
        tokio::pin!(reading);
        // Polled once, so that it is under way, then dropped.
        tokio::select! { biased; _ = &mut reading => {}, () = tokio::task::yield_now() => {} }
    }
    let info = camera.object_info(ObjectHandle(2)).await.unwrap();
    assert_eq!(info.name.to_text(), "DSCF0002.JPG");
    assert_eq!(camera.object_info(ObjectHandle(1)).await.unwrap().size_bytes, size);
    camera.leave().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_dropped_leaves_politely() {
    let sim = simulator("X-T5", 1);
    let camera = Camera::connect(SimNetwork(sim.clone()), Options::default()).await.unwrap();
    drop(camera);
    sim.wait_idle().await;
    let rows = sim.journal();
    assert!(rows.iter().any(|row| row.operation == OperationCode::CLOSE_SESSION.0));
    assert!(rows.iter().any(|row| row.note == "goodbye"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_camera_is_kept_alive() {
    let sim = simulator("X-A2", 1);
    let camera = Camera::connect(SimNetwork(sim.clone()), Options::default()).await.unwrap();
    let before = sim.stats().operations.values().sum::<u64>();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let polls = sim.stats().operations.values().sum::<u64>() - before;
    assert!((8..=11).contains(&polls), "{polls} polls in ten seconds");
    camera.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_given_up_while_ok_is_awaited_is_left_soon() {
    let sim = simulator("X-T20", 2);
    sim.with_persona(|persona| {
        persona.set("ok", "held_reply").unwrap();
        persona.set("ok_after_ms", "0").unwrap();
    });
    let start = tokio::time::Instant::now();
    let connecting = Camera::connect(SimNetwork(sim.clone()), Options::default());
    assert!(tokio::time::timeout(Duration::from_secs(2), connecting).await.is_err());
    sim.wait_idle().await;
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_newer_way_goes_on_whatever_the_unknown_operations_answer() {
    for answers in ["empty_ok", "refuse", "silence", "guess"] {
        let sim = simulator("X100VI", 4);
        sim.with_persona(|persona| persona.set("newer_answers", answers).unwrap());
        let start = tokio::time::Instant::now();
        let camera = Camera::connect(SimNetwork(sim.clone()), Options::default())
            .await
            .unwrap_or_else(|error| panic!("{answers}: {error}"));
        let quirks = &camera.info().quirks;
        assert_eq!((quirks.way, quirks.oldest_first), (Way::Newer, true), "{answers}");
        assert!(start.elapsed() < Duration::from_secs(5), "{answers}: {:?}", start.elapsed());
        camera.set_real_sizes(true).await.unwrap();
        let info = camera.object_info(ObjectHandle(1)).await.unwrap();
        let bytes = camera.read_object(ObjectHandle(1), info.size_bytes).await.unwrap();
        let same =
            sim.with_card(|card| card.object(0).unwrap().read_at(0, usize::MAX).unwrap() == bytes);
        assert!(same, "{answers}");
        camera.leave().await;
        sim.wait_idle().await;
        assert_eq!(sim.violations(), [], "{answers}");
    }
}

/// The dates at both ends say which end handles count from, where the rule is a guess.
#[tokio::test(start_paused = true)]
async fn the_order_of_the_newer_way_is_looked_up() {
    for (order, oldest_first) in [("oldest_first", true), ("newest_first", false)] {
        let sim = simulator("X100VI", 3);
        sim.with_persona(|persona| persona.set("newer_handle_order", order).unwrap());
        let camera = Camera::connect(SimNetwork(sim), Options::default()).await.unwrap();
        assert_eq!(camera.info().quirks.oldest_first, oldest_first, "{order}");
        camera.leave().await;
    }
}

/// A body that offers both ways is led the classic one, unless its person wants the other.
#[tokio::test(start_paused = true)]
async fn of_two_ways_the_classic_one_is_taken_unless_the_other_is_asked_for() {
    for (asked, taken) in [(None, Way::Remote), (Some(Way::Newer), Way::Newer)] {
        let sim = simulator("X100VI", 3);
        sim.with_persona(|persona| {
            for (version, value) in [("DF22", "5"), ("DF24", "0x2000B"), ("DF25", "5")] {
                persona.set(&format!("versions.{version}"), value).unwrap();
            }
        });
        let options = Options { way: asked, ..Options::default() };
        let camera = Camera::connect(SimNetwork(sim), options).await.unwrap();
        assert_eq!(camera.info().quirks.way, taken);
        camera.set_real_sizes(true).await.unwrap();
        let info = camera.object_info(ObjectHandle(1)).await.unwrap();
        let bytes = camera.read_object(ObjectHandle(1), info.size_bytes).await.unwrap();
        assert!(bytes.ends_with(&[0xFF, 0xD9]));
        camera.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_battery_is_told_where_the_body_tells_it() {
    for (model, level, words) in
        [("X-T4", 6, "critical"), ("X-T2", 2, "1 of 3 bars"), ("X-T1", 0, "critical")]
    {
        let sim = simulator(model, 1);
        sim.set_battery(level);
        let camera = Camera::connect(SimNetwork(sim), Options::default()).await.unwrap();
        let battery = camera.state().battery().map(|battery| battery.to_string());
        assert_eq!(battery.as_deref(), Some(words), "{model}");
        camera.leave().await;
    }
}

/// The same client without async, over real sockets of a thread of its own.
#[test]
fn the_blocking_client_lists_reads_and_leaves() {
    let sim = simulator("X-T4", 2);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let camera = std::thread::scope(|scope| {
        let network = SimNetwork(sim.clone());
        let connecting = || blocking::Camera::connect_by(network, Options::default());
        scope.spawn(connecting).join().unwrap().unwrap()
    });
    drop(_inside);
    assert_eq!(camera.objects().count(), 2);
    camera.set_real_sizes(true).unwrap();
    for object in camera.objects() {
        let info = camera.object_info(object).unwrap();
        assert_eq!(
            camera.read_object(object, info.size_bytes).unwrap().len(),
            info.size_bytes as usize
        );
        assert!(camera.thumb(object).unwrap().is_some());
    }
    camera.leave();
    runtime.block_on(sim.wait_idle());
    assert!(sim.journal().iter().any(|row| row.note == "goodbye"));
}
