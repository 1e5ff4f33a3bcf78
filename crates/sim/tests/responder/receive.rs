//! Pictures that the person picks on the camera, before the client comes (DF00 = 1) or when it
//! asks (DF01 = 8).

use std::time::Duration;

use filmwire_codec::dataset::ObjectInfo;
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, CardObject, GenerateSpec, ThumbInfo};
use filmwire_sim::media::stamp::Stamp;

use crate::support::{Client, client, hex, simulator, switched};

const PICKED: [(&str, &str); 1] = [("camera_state", "1")];

/// A client that accepts what was picked.
async fn accepting(camera: &Simulator) -> Client {
    let mut client = client(camera).await;
    client.open().await;
    client.set16(0xDF01, 1).await;
    client
}

/// Takes object 1 until the camera hangs up; returns the names.
async fn take_all(client: &mut Client) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let Some(answer) = client.try_run(0x1008, &[1]).await else { return names };
        let info = ObjectInfo::decode(answer.payload()).unwrap();
        names.push(info.name.to_text());
        let bytes = client.fetch(1, info.size_bytes as usize, 0x10_0000).await;
        assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]));
        if client.try_run(0x1015, &[0xD212]).await.is_none() {
            return names;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_was_picked_is_sent_in_that_order() {
    for by_name in [false, true] {
        let camera = switched("X-T2", 5, &PICKED);
        match by_name {
            false => camera.pick(&[4, 1, 9]),
            true => camera.pick_names(&["DSCF0002.JPG", "DSCF0005.JPG", "no such"]),
        }
        let mut client = client(&camera).await;
        client.open().await;
        assert_eq!(client.states().await, [(0xDF00, 1), (0xD220, 1)]);
        client.set16(0xDF01, 1).await;
        // Sizes are real without D227.
        assert_eq!(take_all(&mut client).await, ["DSCF0002.JPG", "DSCF0005.JPG"]);
        camera.wait_idle().await;
        assert_eq!(camera.journal().last().unwrap().note, "closed: nothing left");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_handed_out_before_the_client_accepts_it() {
    let camera = switched("X-T2", 1, &PICKED);
    let mut hasty = client(&camera).await;
    hasty.open().await;
    assert_eq!(hasty.try_run(0x1008, &[1]).await, None);
    drop(hasty);
    camera.wait_idle().await;
    assert_eq!(take_all(&mut accepting(&camera).await).await.len(), 1);
    // A switch of ours, since nobody tells that it must be so.
    let camera = switched("X-T2", 1, &[PICKED[0], ("picked_needs_mode", "false")]);
    let mut other = client(&camera).await;
    other.open().await;
    assert_eq!(take_all(&mut other).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_camera_switches_itself_off_after_the_last_one_or_stays() {
    let camera = switched("X-T2", 1, &PICKED);
    let mut first = accepting(&camera).await;
    assert_eq!(take_all(&mut first).await.len(), 1);
    camera.wait_off_air().await;
    assert!(camera.connect().is_err());
    camera.set_on_air(true);
    camera.with_persona(|persona| persona.set("after_picked", "stay").unwrap());
    let mut second = accepting(&camera).await;
    assert_eq!(take_all(&mut second).await.len(), 1);
    camera.wait_idle().await;
    client(&camera).await.open().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_cut_off_is_handed_all_of_them_again() {
    let camera = switched("X-T2", 3, &PICKED);
    let mut first = accepting(&camera).await;
    let info = first.info(1).await;
    first.fetch(1, info.size_bytes as usize, 0x10_0000).await;
    first.info(1).await;
    drop(first);
    camera.wait_idle().await;
    let mut second = accepting(&camera).await;
    assert_eq!(take_all(&mut second).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn vcam_gives_way_on_a_short_piece_only() {
    for (next_rule, name) in [("last_byte", "DSCF0001.JPG"), ("short_piece", "DSCF0002.JPG")] {
        let camera = switched("X-T2", 2, &PICKED);
        camera.with_persona(|persona| persona.set("picked_next", next_rule).unwrap());
        let mut client = accepting(&camera).await;
        // In one whole piece, although the picture is shorter.
        let first = client.info(1).await;
        client.fetch(1, first.size_bytes as usize, 0x10_0000).await;
        let next = client.info(1).await;
        assert_eq!(next.name.to_text(), name, "{next_rule}");
        // In a piece of just what is there.
        client.fetch(1, next.size_bytes as usize, next.size_bytes).await;
        match next_rule {
            "short_piece" => assert_eq!(client.info(1).await.name.to_text(), "DSCF0001.JPG"),
            _ => assert_eq!(client.try_run(0x1008, &[1]).await, None, "both were handed out"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_menu_may_say_resized() {
    let camera = switched("X-T10", 0, &PICKED);
    camera.with_card(|card| {
        card.set_recipe(|recipe| recipe.photo_pixels = (2400, 1600));
        card.shoot(1)
    });
    let mut first = accepting(&camera).await;
    let info = first.info(1).await;
    assert_eq!((info.width, info.height), (1776, 1184));
    assert_eq!(take_all(&mut first).await.len(), 1);
    camera.set_on_air(true);
    camera.with_persona(|persona| persona.set("picked_resized", "false").unwrap());
    let mut second = accepting(&camera).await;
    assert_eq!(second.info(1).await.width, 2400);
}

/// The official app's way into receive mode (hkr's capture of an X-T10).
async fn ask(camera: &Simulator) -> Client {
    let mut client = client(camera).await;
    client.open().await;
    client.states().await;
    client.set16(0xDF01, 8).await;
    assert_eq!(client.get(0xDF21).await.payload(), [3, 0, 0, 0]);
    client.set32(0xDF21, 3).await;
    client
}

#[tokio::test(start_paused = true)]
async fn receive_mode_waits_until_the_person_has_chosen() {
    let camera = simulator("X-T10", 4);
    let mut client = ask(&camera).await;
    for _ in 0..5 {
        assert_eq!(client.get(0xD212).await.payload(), [0, 0]);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(client.try_run(0x1008, &[1]).await, None, "nothing is chosen yet");
    camera.choose(&[2, 3]);
    let told = client.get(0xD212).await;
    assert_eq!(told.payload(), hex("02 00 00 df 08 00 00 00 20 d2 01 00 00 00"));
    assert_eq!(client.states().await, []);
    assert_eq!(take_all(&mut client).await, ["DSCF0003.JPG", "DSCF0002.JPG"]);
    camera.wait_off_air().await;
}

#[tokio::test(start_paused = true)]
async fn the_person_may_choose_by_themselves_after_a_time() {
    let camera = switched("X-T10", 1, &[("choose_after_ms", "4000")]);
    let mut client = ask(&camera).await;
    tokio::time::sleep(Duration::from_millis(3999)).await;
    assert_eq!(client.states().await, []);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(client.states().await, [(0xDF00, 8), (0xD220, 1)]);
    assert_eq!(take_all(&mut client).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_mode_is_told_nothing() {
    let camera = simulator("X-T10", 1);
    let mut client = ask(&camera).await;
    client.set16(0xDF01, 2).await;
    camera.choose_picked();
    assert_eq!(client.states().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_body_without_receive_mode_never_says_that_somebody_chose() {
    let camera = switched("X-T10", 1, &[("receive_list", "[]")]);
    let mut client = ask(&camera).await;
    camera.choose_picked();
    assert_eq!(client.states().await, []);
}

/// The object of an X-T10 whose ObjectInfo was captured while receiving and while browsing.
fn x_t10_card(size_bytes: u64, width: u32, height: u32) -> Card {
    let mut card = Card::new(GenerateSpec::default());
    let mut object = CardObject::pattern("100_FUJI", "DSCF0591.JPG", 1, size_bytes);
    object.size_bytes = size_bytes;
    (object.width, object.height) = (width, height);
    object.capture = Some(Stamp::new(2016, 1, 2, 15, 1, 36));
    object.thumb = Some(ThumbInfo { width: 320, height: 240, size_bytes: 0x2942 });
    card.push(object);
    card
}

#[tokio::test(start_paused = true)]
async fn object_info_in_receive_mode_is_that_of_the_capture_byte_for_byte() {
    let camera = simulator("X-T10", 0);
    camera.with_card(|card| *card = x_t10_card(557_416, 1776, 1184));
    let mut client = ask(&camera).await;
    camera.choose_picked();
    client.states().await;
    client.transaction = 0x2B;
    let wanted = hex("9a 00 00 00 02 00 08 10 2c 00 00 00
        01 00 00 10 01 38 00 00 68 81 08 00 01 b9 42 29 00 00
        40 01 00 00 f0 00 00 00 f0 06 00 00 a0 04 00 00
        00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        0d 44 00 53 00 43 00 46 00 30 00 35 00 39 00 31 00 2e 00 4a 00 50 00 47 00 00 00
        10 32 00 30 00 31 00 36 00 30 00 31 00 30 00 32 00 54 00 31 00 35 00 30 00 31 00 33 00
        36 00 00 00
        00
        0e 4f 00 72 00 69 00 65 00 6e 00 74 00 61 00 74 00 69 00 6f 00 6e 00 3a 00 31 00 00 00");
    let answer = client.run(0x1008, &[1]).await;
    assert_eq!(answer.payload(), &wanted[12..]);
    assert_eq!((answer.bytes, client.transaction), (154 + 12, 0x2C));
}

#[tokio::test(start_paused = true)]
async fn browsing_an_x_t10_by_mode_2_shows_its_placeholder() {
    let camera = simulator("X-T10", 0);
    camera.with_card(|card| *card = x_t10_card(5_000_000, 4896, 3264));
    let mut client = client(&camera).await;
    client.open().await;
    client.states().await;
    client.set16(0xDF01, 2).await;
    client.set32(0xDF22, 3).await;
    let info = client.info(1).await;
    assert_eq!((info.size_bytes, info.thumb_size_bytes), (0x19000, 0x2942));
    assert_eq!((info.width, info.height), (4896, 3264));
    client.set16(0xD227, 1).await;
    assert_eq!(client.info(1).await.size_bytes, 5_000_000);
}
