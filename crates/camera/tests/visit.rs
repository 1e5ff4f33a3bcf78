//! From the remote function to the gallery and back, on one connection, in simulated time.

mod support;

use std::time::Duration;

use filmwire_camera::{
    Allow, Camera, Departures, Error, GetPartialObject, ObjectHandle, Options, Remote,
};
use filmwire_codec::OperationCode;
use filmwire_codec::value::FocusPoint;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::SideSockets;
use filmwire_sim::{Persona, Simulator};
use support::SimNetwork;
use tokio::time::timeout;

fn simulator(model: &str) -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 3, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin(model).unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, shoot: true, ..Default::default() });
    sim
}

async fn connect(sim: &Simulator) -> Remote {
    let allow = Allow { shoot: true, ..Allow::default() };
    let (options, network) = (Options { allow, ..Options::default() }, SimNetwork(sim.clone()));
    Camera::connect_remote(network, options, &Departures::default()).await.unwrap()
}

async fn was_left(sim: &Simulator, about: &str) {
    sim.wait_idle().await;
    assert_eq!(sim.violations(), [], "{about}");
    let notes: Vec<_> = sim.journal().into_iter().map(|row| row.note).collect();
    assert!(notes.iter().all(|note| !note.contains("left behind")), "{about}: {notes:?}");
    assert_eq!(notes.last().unwrap(), "goodbye", "{about}");
}

/// The newest object, whole.
async fn newest(camera: &Camera) -> Vec<u8> {
    let oldest_first = camera.info().quirks.oldest_first;
    let object = ObjectHandle(if oldest_first { camera.object_count() } else { 1 });
    camera.set_real_sizes(true).await.unwrap();
    let size = camera.object_info(object).await.unwrap().size_bytes;
    let bytes = camera.read_object(object, size).await.unwrap();
    camera.set_real_sizes(false).await.unwrap();
    bytes
}

#[tokio::test(start_paused = true)]
async fn every_body_goes_to_its_gallery_and_back_again_and_again() {
    let bodies = ["X30", "X-T1", "X-T10", "X-T2", "X-T100", "X-H1", "X-S10", "X-T5", "X100VI"];
    let sockets = [SideSockets::Many, SideSockets::Once, SideSockets::Renewed, SideSockets::Lost];
    for (model, sockets) in bodies.iter().flat_map(|&body| sockets.map(|kind| (body, kind))) {
        let about = format!("{model} {sockets:?}");
        let sim = simulator(model);
        sim.with_persona(|persona| persona.shooting.side_sockets = sockets);
        let remote = connect(&sim).await;
        let mut count = 0;
        for round in 1..=3 {
            let shot = remote.capture().await.unwrap_or_else(|error| panic!("{about}: {error}"));
            let hears = round == 1 || sockets != SideSockets::Lost;
            assert_eq!(shot.told.is_some(), hears, "{about} {round}");
            let visit = remote.visit_gallery().await.unwrap();
            let now = visit.camera().object_count();
            assert!(now > count, "{about}: {count} {now}");
            count = now;
            assert!(newest(visit.camera()).await.len() > 1000, "{about}");
            let back = visit.back().await.unwrap_or_else(|error| panic!("{about}: {error}"));
            assert_eq!(back, sockets != SideSockets::Lost, "{about}");
            assert!(!remote.settings().await.unwrap().is_empty());
        }
        remote.leave().await;
        was_left(&sim, &about).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_visit_that_was_given_up_is_ended_by_the_next_capture() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    drop(remote.visit_gallery().await.unwrap());
    assert!(remote.capture().await.unwrap().is_complete);
    let visit = remote.visit_gallery().await.unwrap();
    let object = ObjectHandle(1);
    visit.camera().object_info(object).await.unwrap();
    let wanted = GetPartialObject { object, offset: 0, max_bytes: 10 };
    visit.camera().read_part(wanted).await.unwrap();
    drop(visit);
    // So is leaving from there.
    remote.leave().await;
    was_left(&sim, "").await;
    let terminated = OperationCode::TERMINATE_OPEN_CAPTURE.0;
    let rows = sim.journal();
    assert_eq!(rows.iter().filter(|row| row.operation == terminated).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn focus_is_released_before_and_nobody_shoots_meanwhile() {
    let sim = simulator("X-T4");
    let remote = connect(&sim).await;
    let lock = remote.lock_focus(FocusPoint::new(7, 5)).await.unwrap();
    let visit = remote.visit_gallery().await.unwrap();
    drop(lock);
    assert!(timeout(Duration::from_secs(60), remote.capture()).await.is_err());
    visit.back().await.unwrap();
    remote.capture().await.unwrap();
    remote.leave().await;
    was_left(&sim, "").await;
    let rows = sim.journal();
    assert_eq!(rows.iter().filter(|row| row.operation == 0x9027).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_does_not_go_along_is_told_of() {
    for fault in ["refuse=InitiateOpenCapture#2:0x2019", "silence=InitiateOpenCapture#2"] {
        let sim = simulator("X-T4");
        sim.add_fault(fault.parse().unwrap());
        let remote = connect(&sim).await;
        let visit = remote.visit_gallery().await.unwrap();
        let error = visit.back().await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. } | Error::Silent { .. }), "{fault}: {error}");
        // Another try is made by who shoots next.
        remote.capture().await.unwrap();
        remote.leave().await;
        was_left(&sim, fault).await;
    }
}
