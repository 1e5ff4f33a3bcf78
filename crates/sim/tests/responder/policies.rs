//! What personas decide: pauses, OK, orders, silences. Each switch makes a difference.

use std::time::Duration;

use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::init::InitRequest;
use filmwire_sim::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use crate::support::{Client, client, simulator};

const BUSY: [u8; 12] = [12, 0, 0, 0, 5, 0, 0, 0, 0x19, 0x20, 0, 0];

fn switched(persona: &str, switches: &[(&str, &str)]) -> Simulator {
    let camera = simulator(persona, 3);
    for (key, value) in switches {
        camera.with_persona(|persona| persona.set(key, value).unwrap());
    }
    camera
}

/// The gallery of a remote-capable body, by the order of the X-T4 in its log.
async fn remote_gallery(client: &mut Client) {
    client.open().await;
    client.states().await;
    client.set16(0xDF01, 5).await;
    client.set32(0xDF24, 0x2000C).await;
    client.run(0x101C, &[0, 0]).await;
    let started = client.transaction;
    client.run(0x1018, &[started]).await;
    client.set16(0xDF00, 6).await;
    client.states().await;
    client.set16(0xDF01, 11).await;
    client.set32(0xDF25, 5).await;
    client.states().await;
}

#[tokio::test(start_paused = true)]
async fn open_session_within_the_pause_is_never_answered() {
    let camera = simulator("X-T5", 1);
    let mut client = client(&camera).await;
    client.init().await.unwrap();
    tokio::time::sleep(Duration::from_millis(49)).await;
    assert_eq!(client.try_run(0x1002, &[1]).await, None);
    assert_eq!(client.run(0x1002, &[1]).await.code, 0x2001, "a later one is");
    assert_eq!(client.run(0x1002, &[1]).await.code, 0x201E);
}

#[tokio::test(start_paused = true)]
async fn a_switched_off_pause_is_none() {
    let camera = switched("X-T5", &[("pause_before_open_session_ms", "0")]);
    let mut client = client(&camera).await;
    client.init().await.unwrap();
    assert_eq!(client.run(0x1002, &[1]).await.code, 0x2001);
}

#[tokio::test(start_paused = true)]
async fn a_strict_body_closes_for_a_short_init() {
    let mut short = InitRequest::new("Pi").encode();
    short.truncate(34);
    short[0] = 34;
    assert_eq!(client(&simulator("X-T4", 1)).await.init_with(&short).await, None);
    assert_eq!(client(&simulator("X-A2", 1)).await.init_with(&short).await.unwrap().len(), 68);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_constant_is_refused_and_the_connection_stays() {
    let camera = simulator("X-T4", 1);
    let mut client = client(&camera).await;
    let mut wrong = InitRequest::new("x").encode();
    wrong[8] ^= 1;
    let fail = client.init_with(&wrong).await.unwrap();
    assert_eq!(fail, [12, 0, 0, 0, 5, 0, 0, 0, 0x1D, 0x20, 0, 0]);
    client.open().await;
}

#[tokio::test(start_paused = true)]
async fn ok_by_init_fail() {
    let camera = switched("X-A2", &[("ok", "init_fail")]);
    let mut first = client(&camera).await;
    assert_eq!(first.init().await.unwrap(), BUSY);
    assert_eq!(first.init().await.unwrap(), BUSY);
    camera.press_ok();
    first.open().await;
    first.leave().await;
    client(&camera).await.open().await;
    let stranger = InitRequest::new("stranger").encode();
    assert_eq!(client(&camera).await.init_with(&stranger).await.unwrap(), BUSY);
    camera.forget_clients();
    assert_eq!(client(&camera).await.init().await.unwrap(), BUSY);
}

#[tokio::test(start_paused = true)]
async fn ok_after_a_time() {
    let camera = switched("X-A2", &[("ok", "init_fail"), ("ok_after_ms", "3000")]);
    let mut client = client(&camera).await;
    assert_eq!(client.init().await.unwrap(), BUSY);
    tokio::time::sleep(Duration::from_millis(2999)).await;
    assert_eq!(client.init().await.unwrap(), BUSY);
    tokio::time::sleep(Duration::from_millis(1)).await;
    client.open().await;
}

#[tokio::test(start_paused = true)]
async fn ok_by_state() {
    let camera = switched("X-A2", &[("ok", "state_wait")]);
    let mut client = client(&camera).await;
    client.open().await;
    assert_eq!(client.states().await, [(0xDF00, 0)]);
    assert_eq!(client.states().await, [(0xDF00, 0)]);
    camera.press_ok();
    assert_eq!(client.states().await, [(0xDF00, 2), (0xD222, 3)]);
    assert_eq!(client.states().await, []);
}

#[tokio::test(start_paused = true)]
async fn ok_by_a_held_reply() {
    let camera = switched("X-T5", &[("ok", "held_reply")]);
    let mut client = client(&camera).await;
    client.open().await;
    client.send(0x1016, &[0xDF01], Some(&[5, 0])).await;
    assert!(timeout(Duration::from_secs(60), client.answer()).await.is_err());
    camera.press_ok();
    let asked = Instant::now();
    assert_eq!(client.answer().await.unwrap().code, 0x2001);
    assert!(asked.elapsed().as_millis() < 5);
    client.set16(0xDF01, 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_held_reply_comes_by_itself_or_the_client_leaves() {
    let camera = switched("X-T5", &[("ok", "held_reply"), ("ok_after_ms", "7000")]);
    let mut first = client(&camera).await;
    first.open().await;
    let asked = Instant::now();
    first.set16(0xDF01, 5).await;
    assert_eq!(asked.elapsed().as_secs(), 7);
    drop(first);
    camera.forget_clients();
    let mut second = client(&camera).await;
    second.open().await;
    second.send(0x1016, &[0xDF01], Some(&[5, 0])).await;
    drop(second);
    camera.wait_idle().await;
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_read_silences_other_objects_until_cured() {
    let camera = simulator("X-A2", 3);
    let mut client = client(&camera).await;
    client.old_gallery().await;
    client.run(0x101B, &[1, 0, 100]).await;
    assert_eq!(client.try_run(0x1008, &[2]).await, None);
    assert!(client.try_run(0x101B, &[1, 100, 100]).await.is_some(), "the same object answers");
    for _ in 0..3 {
        client.states().await;
    }
    assert_eq!(client.try_run(0x100A, &[2]).await, None);
    client.states().await;
    assert!(client.try_run(0x1008, &[2]).await.is_some());
    // Read to its end, an object leaves no silence.
    client.run(0x101B, &[2, 0, 0x10_0000]).await;
    assert!(client.try_run(0x1008, &[3]).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn sizes_are_placeholders_unless_asked_for() {
    for (name, placeholder) in [("X-A2", 0x19000), ("X-T4", 0x29000)] {
        let camera = simulator(name, 1);
        let mut client = client(&camera).await;
        match name {
            "X-A2" => client.old_gallery().await,
            _ => remote_gallery(&mut client).await,
        }
        let truth = camera.with_card(|card| card.object(0).unwrap().size_bytes) as u32;
        let mut sizes = Vec::new();
        for value in [0, 1, 0] {
            client.set16(0xD227, value).await;
            let info = client.run(0x1008, &[1]).await;
            sizes.push(ObjectInfo::decode(info.payload()).unwrap().size_bytes);
        }
        assert_eq!(sizes, [placeholder, truth, placeholder]);
    }
}

#[tokio::test(start_paused = true)]
async fn resized_objects_are_other_bytes_of_another_size() {
    let camera = simulator("X-A2", 1);
    camera.with_card(|card| card.set_recipe(|recipe| recipe.photo_pixels = (2400, 1600)));
    camera.with_card(|card| card.shoot(1));
    let mut client = client(&camera).await;
    client.old_gallery().await;
    client.set16(0xD227, 1).await;
    let info = client.run(0x1008, &[1]).await;
    let original = ObjectInfo::decode(info.payload()).unwrap();
    client.set16(0xD226, 1).await;
    let info = client.run(0x1008, &[1]).await;
    let resized = ObjectInfo::decode(info.payload()).unwrap();
    assert_eq!((original.width, resized.width, resized.height), (2400, 1776, 1184));
    let bytes = client.fetch(1, resized.size_bytes as usize, 1 << 20).await;
    assert_eq!(bytes.len(), resized.size_bytes as usize);
    assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]));
}

#[tokio::test(start_paused = true)]
async fn a_version_too_low_leaves_the_function_shut() {
    let camera = simulator("X-T2", 1);
    let mut client = client(&camera).await;
    client.open().await;
    client.set16(0xDF01, 5).await;
    client.set32(0xDF24, 0x20002).await;
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2019);
    client.set32(0xDF24, 0x200FF).await;
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2001);
}

#[tokio::test(start_paused = true)]
async fn a_version_too_low_may_be_refused_or_met_with_silence() {
    for (policy, answer) in
        [("accept", Some(0x2001)), ("access_denied", Some(0x200F)), ("silence", None)]
    {
        let camera = switched("X-T2", &[("version_too_low", policy)]);
        let mut client = client(&camera).await;
        client.open().await;
        client.set16(0xDF01, 5).await;
        let code = client.try_set(0xDF24, &[2, 0, 2, 0]).await;
        assert_eq!(code, answer, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_before_its_mode_breaks_the_session() {
    let camera = simulator("X-T4", 1);
    let mut first = client(&camera).await;
    first.open().await;
    assert_eq!(first.try_set(0xDF24, &0x2000Cu32.to_le_bytes()).await, None);
    assert_eq!(first.try_run(0x1015, &[0xD212]).await, None);
    drop(first);
    camera.with_persona(|persona| persona.set("version_before_mode", "accept").unwrap());
    let mut second = client(&camera).await;
    second.open().await;
    second.set32(0xDF24, 0x2000C).await;
    assert!(second.try_run(0x1015, &[0xD212]).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_gallery_needs_the_remote_function_once() {
    let camera = simulator("X-T4", 2);
    let mut first = client(&camera).await;
    first.open().await;
    first.states().await;
    first.set16(0xDF01, 11).await;
    first.set32(0xDF25, 5).await;
    assert_eq!(first.states().await, []);
    assert_eq!(first.try_run(0x1008, &[1]).await, None);
    first.leave().await;
    let mut second = client(&camera).await;
    remote_gallery(&mut second).await;
    assert!(second.try_run(0x1008, &[1]).await.is_some());
    // Writing DF00 leaves the gallery.
    second.set16(0xDF00, 6).await;
    assert_eq!(second.try_run(0x1008, &[1]).await, None);
}

#[tokio::test(start_paused = true)]
async fn handles_run_either_way() {
    for (order, name) in [("newest_first", "DSCF0003.JPG"), ("oldest_first", "DSCF0001.JPG")] {
        let camera = switched("X-A2", &[("handle_order", order)]);
        let mut client = client(&camera).await;
        client.old_gallery().await;
        let info = client.run(0x1008, &[1]).await;
        assert_eq!(ObjectInfo::decode(info.payload()).unwrap().name.to_text(), name);
    }
}

#[tokio::test(start_paused = true)]
async fn raw_files_are_not_listed() {
    let camera = simulator("X-A2", 1);
    camera.with_card(|card| card.shoot_pair());
    let mut client = client(&camera).await;
    client.open().await;
    assert_eq!(client.states().await, [(0xDF00, 2), (0xD222, 2)]);
}

#[tokio::test(start_paused = true)]
async fn one_client_at_a_time() {
    let camera = simulator("X-A2", 1);
    let mut first = client(&camera).await;
    first.open().await;
    let mut second = client(&camera).await;
    let packet = InitRequest::new("second").encode();
    assert!(timeout(Duration::from_secs(60), second.init_with(&packet)).await.is_err());
    first.leave().await;
    assert_eq!(second.stream.read_u32_le().await.unwrap(), 68, "its turn has come");
    drop(second);
    camera.wait_idle().await;
    camera.with_persona(|persona| persona.set("second_client", "refuse").unwrap());
    let mut third = client(&camera).await;
    third.open().await;
    assert_eq!(client(&camera).await.init().await, None);
    camera.with_persona(|persona| persona.set("second_client", "ignore").unwrap());
    let mut fourth = client(&camera).await;
    third.leave().await;
    assert!(timeout(Duration::from_secs(60), fourth.init()).await.is_err());
    drop(fourth);
    camera.wait_idle().await;
    assert_eq!(camera.connections(), 5);
}

#[tokio::test(start_paused = true)]
async fn off_the_air_everything_ends() {
    let camera = simulator("X-A2", 1);
    let mut first = client(&camera).await;
    first.open().await;
    camera.set_on_air(false);
    assert_eq!(first.try_run(0x1015, &[0xD212]).await, None);
    assert!(camera.connect().is_err());
    camera.wait_idle().await;
    camera.set_on_air(true);
    client(&camera).await.open().await;
}

#[tokio::test(start_paused = true)]
async fn goodbye_ends_the_connection_whatever_came_before() {
    let camera = simulator("X-A2", 1);
    let mut client = client(&camera).await;
    client.open().await;
    client.stream.write_all(&filmwire_codec::init::GOODBYE).await.unwrap();
    let mut rest = Vec::new();
    client.stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    assert_eq!(camera.journal().last().unwrap().note, "goodbye");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_container_end_the_connection() {
    for bytes in [[0xFF; 16], [0; 16], [5; 16]] {
        let camera = simulator("X-A2", 1);
        let mut client = client(&camera).await;
        client.open().await;
        client.stream.write_all(&bytes).await.unwrap();
        assert!(client.container().await.is_none());
    }
}
