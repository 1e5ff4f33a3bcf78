//! The newer path, DF01 = 20. What is asserted beyond libfuji's steps was chosen by us.

use std::time::Duration;

use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::init::InitRequest;
use filmwire_sim::card::GenerateSpec;
use filmwire_sim::{Persona, Simulator};
use tokio::io::AsyncReadExt;

use crate::support::{Client, client, simulator, switched};

fn words(answer: &[u8]) -> Vec<u32> {
    answer.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn the_state_mirrors_the_mode_and_the_list_is_told() {
    let camera = simulator("X100VI", 3);
    let mut client = client(&camera).await;
    client.open().await;
    let start = [(0xDF00, 6), (0xD220, 1), (0xD222, 3), (0xD52F, 1), (0xD400, 1), (0xD401, 3)];
    assert_eq!(client.states().await, start);
    for absent in [0xDF21, 0xDF22, 0xDF24, 0xDF25, 0xD22B, 0xD620, 0xD621] {
        assert_eq!(client.get(absent).await.bytes, 24, "{absent:X} before DF01 = 20");
    }
    client.set16(0xDF01, 20).await;
    assert_eq!(client.states().await, [(0xDF00, 20), (0xD222, 3)]);
    assert_eq!(client.states().await, []);
    assert_eq!(client.try_run(0x1008, &[1]).await, None, "not before DF28");
    client.set32(0xDF28, 3).await;
    assert_eq!(words(client.get(0xD620).await.payload()), [3]);
    assert_eq!(words(client.get(0xD621).await.payload()), [3, 1, 2, 3]);
    assert_eq!(words(client.get(0xD22B).await.payload()), [3], "the newest");
    assert_eq!(client.info(2).await.name.to_text(), "DSCF0002.JPG", "oldest first");
    assert_eq!(words(client.get(0xD22B).await.payload()), [2]);
    // DF00 = 6 leads back, as before live view.
    client.set16(0xDF00, 6).await;
    assert_eq!(client.states().await, start);
    assert_eq!(client.try_run(0x1008, &[1]).await, None);
    client.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_version_too_low_keeps_the_newer_gallery_shut() {
    let camera = simulator("X100VI", 1);
    let mut client = client(&camera).await;
    client.open().await;
    client.set16(0xDF01, 20).await;
    client.set32(0xDF28, 2).await;
    assert_eq!(client.try_run(0x1008, &[1]).await, None);
    client.set32(0xDF28, 4).await;
    client.info(1).await;
}

#[tokio::test(start_paused = true)]
async fn d226_tells_normal_resized_and_original() {
    let camera = simulator("X100VI", 0);
    camera.with_persona(|persona| persona.set("newer_resize_padding", "false").unwrap());
    camera.with_card(|card| {
        card.set_recipe(|recipe| recipe.photo_pixels = (2400, 1600));
        card.shoot(1)
    });
    let truth = camera.with_card(|card| card.object(0).unwrap());
    let mut client = client(&camera).await;
    client.newer_gallery().await;
    assert_eq!(client.info(1).await.size_bytes, 0x29000, "a placeholder");
    client.set16(0xD226, 2).await;
    let info = client.info(1).await;
    assert_eq!((u64::from(info.size_bytes), info.width), (truth.size_bytes, 2400));
    client.set16(0xD226, 1).await;
    let info = client.info(1).await;
    assert_eq!((info.width, info.height), (1776, 1184));
    let resized = client.fetch(1, info.size_bytes as usize, 1 << 20).await;
    assert!(resized.ends_with(&[0xFF, 0xD9]) && resized.len() == info.size_bytes as usize);
    client.set16(0xD226, 0).await;
    client.set16(0xD227, 1).await;
    assert_eq!(u64::from(client.info(1).await.size_bytes), truth.size_bytes);
}

#[tokio::test(start_paused = true)]
async fn d226_two_means_nothing_on_the_classic_way() {
    let camera = simulator("X-T5", 1);
    let mut client = client(&camera).await;
    client.remote_gallery().await;
    client.set16(0xD226, 2).await;
    assert_eq!(client.info(1).await.size_bytes, 0x29000);
}

/// A recipe whose resized copy is shorter than its original.
fn big_photos(camera: &Simulator) {
    camera.with_card(|card| {
        card.set_recipe(|recipe: &mut GenerateSpec| {
            recipe.photo_pixels = (2400, 1600);
            recipe.photo_bytes = 300_000..=300_000;
        });
        card.shoot(1)
    });
}

#[tokio::test(start_paused = true)]
async fn a_resized_object_may_be_padded_with_its_own_end() {
    let camera = switched("X100VI", 0, &[("newer_resize_padding", "true")]);
    big_photos(&camera);
    let reduced = camera.with_card(|card| card.object(0).unwrap().reduced().unwrap());
    let resized = reduced.read_at(0, usize::MAX).unwrap();
    assert!(resized.len() < 299_000);
    let mut client = client(&camera).await;
    client.newer_gallery().await;
    client.set16(0xD226, 1).await;
    let info = client.info(1).await;
    assert_eq!((info.size_bytes, info.width), (300_000, 1776), "the original's length");
    for piece in [1 << 20, 7_001] {
        let bytes = client.fetch(1, 300_000, piece).await;
        assert!(bytes.starts_with(&resized) && bytes.len() == 300_000);
        let tail = &resized[resized.len() - 257..];
        let rest = &bytes[resized.len()..];
        assert!(rest.iter().zip(tail.iter().cycle()).all(|(byte, wanted)| byte == wanted));
    }
    client.set16(0xD226, 2).await;
    let original = camera.with_card(|card| card.object(0).unwrap().read_at(0, usize::MAX).unwrap());
    assert!(client.fetch(1, 300_000, 1 << 20).await == original, "nothing is padded any more");
}

#[tokio::test(start_paused = true)]
async fn raw_and_heif_are_listed_by_switches() {
    for (raw, shown) in [("true", 3), ("false", 2)] {
        let camera = switched("X100VI", 1, &[("newer_lists_raw", raw)]);
        camera.with_card(|card| card.shoot_pair());
        let mut client = client(&camera).await;
        client.newer_gallery().await;
        assert_eq!(words(client.get(0xD620).await.payload()), [shown], "newer_lists_raw={raw}");
    }
    let camera = switched("X-T5", 1, &[("lists_raw", "true")]);
    camera.with_card(|card| card.shoot_pair());
    let mut client = client(&camera).await;
    client.open().await;
    assert!(client.states().await.contains(&(0xD222, 3)));
}

#[tokio::test(start_paused = true)]
async fn what_the_unknown_operations_answer_is_a_switch() {
    let asked: [(u16, &[u32]); 4] =
        [(0x9054, &[0x1000_0001]), (0x9055, &[0x1000_0001]), (0x9050, &[]), (0x9053, &[0, 30000])];
    for (policy, code) in [("empty_ok", Some(0x2001)), ("refuse", Some(0x2005)), ("silence", None)]
    {
        let camera = switched("X100VI", 2, &[("newer_answers", policy)]);
        let mut client = client(&camera).await;
        client.newer_gallery().await;
        for (operation, params) in asked {
            let answer = client.try_run(operation, params).await;
            assert_eq!(answer.as_ref().map(|answer| answer.code), code, "{policy}");
            assert!(answer.is_none_or(|answer| answer.payload().is_empty()), "{policy}");
        }
        assert!(camera.journal().iter().all(|row| !row.note.contains("guessed")));
        // Names alone, of which not even the way of the data is known.
        for (operation, code) in [(0x9051, 0x2005), (0x9052, 0x2005), (0x9056, 0x2001)] {
            let answer = client.run(operation, &[]).await;
            assert_eq!((answer.code, answer.data.unwrap_or_default().len()), (code, 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_guessed_answer_is_marked_in_the_journal() {
    let camera = switched("X100VI", 2, &[("newer_answers", "guess")]);
    let mut client = client(&camera).await;
    client.newer_gallery().await;
    let mut info = client.run(0x9054, &[0x1000_0001]).await.payload().to_vec();
    assert_eq!(info[54], 13, "length of the name");
    info.drain(52..54);
    assert_eq!(ObjectInfo::decode(&info).unwrap().name.to_text(), "DSCF0002.JPG", "the newest");
    let thumb = client.run(0x9055, &[0x1000_0001]).await;
    assert!(thumb.payload().starts_with(&[0xFF, 0xD8]));
    assert_eq!(client.run(0x9050, &[]).await.payload()[..5], [1, 0, 0, 0, 9], "one folder");
    let dates = client.run(0x9053, &[0, 30000]).await;
    assert_eq!(dates.payload()[..4], [1, 0, 0, 0], "one day");
    assert_eq!(dates.payload()[dates.payload().len() - 4..], [2, 0, 0, 0], "with both photos");
    let marked = camera.journal().iter().filter(|row| row.note == "guessed answer").count();
    assert_eq!(marked, 4);
}

#[tokio::test(start_paused = true)]
async fn live_view_of_the_newer_path() {
    let camera = simulator("X100VI", 1);
    let mut client = client(&camera).await;
    client.newer_gallery().await;
    client.set16(0xDF00, 6).await;
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2019, "not without the mode");
    client.set16(0xDF01, 5).await;
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2019, "no DF24, no classic way");
    client.set16(0xDF01, 22).await;
    client.set32(0xDF2A, 1).await;
    client.run(0x101C, &[0, 0]).await;
    let started = client.transaction;
    assert_eq!(client.states().await.len(), 21);
    let _events = camera.connect_events().unwrap();
    let mut live = camera.connect_live_view().unwrap();
    assert!(live.read_u32_le().await.unwrap() > 18);
    client.run(0x1018, &[started]).await;
    client.set16(0xDF00, 6).await;
    client.states().await;
    client.set16(0xDF01, 20).await;
    client.set32(0xDF28, 3).await;
    client.info(1).await;
}

/// A body that offers both ways, made by switches alone.
#[tokio::test(start_paused = true)]
async fn a_body_may_offer_both_ways() {
    let both = [("versions.DF24", "0x2000B"), ("versions.DF25", "5"), ("versions.DF22", "5")];
    let camera = switched("X100VI", 2, &both);
    let mut first = client(&camera).await;
    first.remote_gallery().await;
    assert_eq!(first.info(1).await.name.to_text(), "DSCF0002.JPG", "newest first");
    first.leave().await;
    let mut second = client(&camera).await;
    second.newer_gallery().await;
    assert_eq!(second.info(1).await.name.to_text(), "DSCF0001.JPG", "oldest first");
    second.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_body_without_the_newer_path_takes_the_mode_and_offers_nothing() {
    let camera = simulator("X-T5", 1);
    let mut client = client(&camera).await;
    client.open().await;
    client.states().await;
    client.set16(0xDF01, 20).await;
    assert_eq!(client.states().await, []);
    client.set32(0xDF28, 3).await;
    assert_eq!(client.get(0xD621).await.payload(), [0u8; 0]);
    assert_eq!(client.try_run(0x1008, &[1]).await, None);
}

const BUSY: [u8; 12] = [12, 0, 0, 0, 5, 0, 0, 0, 0x19, 0x20, 0, 0];

#[tokio::test(start_paused = true)]
async fn the_first_init_fails_before_every_session() {
    let camera = simulator("X100VI", 1);
    let packet = InitRequest::new("filmwire").encode();
    // On the same connection, and on a new one.
    for again in [false, true] {
        let mut first = client(&camera).await;
        assert_eq!(first.init_with(&packet).await.unwrap(), BUSY);
        if again {
            drop(first);
            first = client(&camera).await;
        }
        assert_eq!(first.init_with(&packet).await.unwrap().len(), 68);
        drop(first);
        camera.wait_idle().await;
    }
    let camera = switched("X100VI", 1, &[("init_fails_first", "2")]);
    let mut third = client(&camera).await;
    assert_eq!(third.init_with(&packet).await.unwrap(), BUSY);
    assert_eq!(third.init_with(&packet).await.unwrap(), BUSY);
    assert_eq!(third.init_with(&packet).await.unwrap().len(), 68);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(third.run(0x1002, &[1]).await.code, 0x2001);
    let faithful = Persona::builtin("X100VI").unwrap().faithful;
    assert_eq!(faithful, filmwire_sim::persona::Faithful::Guess);
}

#[tokio::test(start_paused = true)]
async fn a_claimed_count_takes_no_memory() {
    let camera = simulator("X100VI", 2);
    camera.add_fault("claim-count=0xFFFFFFFF".parse().unwrap());
    let mut client: Client = client(&camera).await;
    client.newer_gallery().await;
    assert_eq!(words(client.get(0xD620).await.payload()), [u32::MAX]);
    assert_eq!(words(client.get(0xD621).await.payload()), [u32::MAX, 1, 2]);
}
