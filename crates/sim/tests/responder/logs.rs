//! The logs of real cameras, replayed: what a client sent then is sent again, and what the camera
//! printed then must come back.
//!
//! Origin of all bytes: petabyt/fudge `docs/testsuite/`, as condensed in the protocol's appendix A.

use filmwire_codec::dataset::ObjectInfo;
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::media::stamp::Stamp;

use crate::support::{Client, client, hex, simulator};

/// Reads a property and compares bytes of the payload; the container lengths follow.
async fn reads(client: &mut Client, property: u16, payload: &str) {
    let answer = client.get(property).await;
    let wanted = hex(payload);
    assert_eq!(answer.code, 0x2001, "{property:04X}");
    assert_eq!(answer.payload(), wanted, "{property:04X}");
    assert_eq!(answer.bytes, 24 + wanted.len());
}

fn start_list(count: u32) -> Vec<(u16, u32)> {
    vec![(0xDF00, 6), (0xD220, 1), (0xD222, count), (0xD52F, 1), (0xD400, 1), (0xD401, count)]
}

#[tokio::test(start_paused = true)]
async fn a1_x_t2() {
    let camera = simulator("X-T2", 0x7B);
    let mut client = client(&camera).await;
    let ack = client.init().await.unwrap();
    assert_eq!(
        ack[..34],
        hex("44000000 02000000 00000000 0870b061 0a8b4593 b2e79357 dd36e050 5800 2d00 5400")[..]
    );
    assert_eq!(ack[34..], [&[0x32][..], &[0; 33]].concat());
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(client.run(0x1002, &[1]).await.bytes, 12);
    let list = "06 00 00 DF 06 00 00 00 20 D2 01 00 00 00 22 D2 7B 00 00 00 2F D5 01 00 00 00
        00 D4 01 00 00 00 01 D4 7B 00 00 00";
    reads(&mut client, 0xD212, list).await;
    for (property, payload) in [
        (0xDF00, "06 00"),
        (0xDF01, "00 00"),
        (0xDF21, "03 00 00 00"),
        (0xDF22, "04 00 00 00"),
        (0xDF23, "01 00 00 00"),
        (0xDF24, "04 00 02 00"),
        (0xDF25, "02 00 00 00"),
        (0xDF26, ""),
        (0xDF31, "02 00 00 00"),
        (0xD235, ""),
        (0xDF00, "06 00"),
        (0xDF22, "04 00 00 00"),
        (0xDF25, "02 00 00 00"),
        (0xDF21, "03 00 00 00"),
        (0xDF24, "04 00 02 00"),
    ] {
        reads(&mut client, property, payload).await;
    }
    client.set32(0xDF01, 5).await;
    for _ in 0..2 {
        reads(&mut client, 0xDF24, "04 00 02 00").await;
        client.set32(0xDF24, 0x20004).await;
    }
    let stores = client.run(0x1004, &[]).await;
    assert_eq!((stores.payload(), stores.bytes), (&[0; 4][..], 28));
    // Not led to the gallery, it answers no object operation.
    assert_eq!(client.try_run(0x1008, &[1]).await, None);
}

#[tokio::test(start_paused = true)]
async fn a2_x_t20() {
    let camera = simulator("X-T20", 0x361);
    let mut client = client(&camera).await;
    client.open().await;
    let list = "06 00 00 DF 06 00 00 00 20 D2 01 00 00 00 22 D2 61 03 00 00 2F D5 01 00 00 00
        00 D4 01 00 00 00 01 D4 61 03 00 00";
    reads(&mut client, 0xD212, list).await;
    for (property, payload) in [
        (0xDF00, "06 00"),
        (0xDF01, "00 00"),
        (0xDF21, "03 00 00 00"),
        (0xDF22, "04 00 00 00"),
        (0xDF23, "01 00 00 00"),
        (0xDF24, "04 00 02 00"),
        (0xDF25, "02 00 00 00"),
        (0xDF26, ""),
        (0xDF31, "02 00 00 00"),
        (0xDF44, ""),
        (0xDF00, "06 00"),
    ] {
        reads(&mut client, property, payload).await;
    }
    // Writes in the wrong order: the version came before the mode.
    client.set32(0xDF24, 0x2000C).await;
    reads(&mut client, 0xDF01, "00 00").await;
    reads(&mut client, 0xDF24, "04 00 02 00").await;
    assert_eq!(client.try_set(0xDF01, &5u32.to_le_bytes()).await, None);
    assert_eq!(client.try_run(0x1015, &[0xD212]).await, None, "the session is dead");
}

/// The card of the X-T4 in the log: 44 objects, the newest one printed. It claims the measures of
/// the log and is rendered small.
fn x_t4_card() -> Card {
    let recipe = GenerateSpec { photo_bytes: 20_000..=20_000, ..GenerateSpec::default() };
    let mut card = Card::generated(&GenerateSpec { photos: 44, ..recipe });
    let mut object = card.delete(43).unwrap();
    object.name = "_DSF4612.JPG".to_owned();
    object.capture = Some(Stamp::new(2024, 8, 9, 14, 1, 14));
    (object.width, object.height, object.orientation) = (6240, 4160, 1);
    card.push(object);
    card
}

#[tokio::test(start_paused = true)]
async fn a3_x_t4() {
    let persona = filmwire_sim::Persona::builtin("X-T4").unwrap();
    let camera = Simulator::new(persona, x_t4_card());
    let mut client = client(&camera).await;
    client.open().await;
    for (property, payload) in [
        (0xDF21, "04 00 00 00"),
        (0xDF22, "05 00 00 00"),
        (0xDF24, "0A 00 02 00"),
        (0xDF25, "04 00 00 00"),
        (0xDF26, "01 00 00 00"),
        (0xD400, "00 00 00 00"),
        (0xD52F, "01 00 00 00"),
        (0xDF28, "01 00 00 00"),
    ] {
        reads(&mut client, property, payload).await;
    }
    assert_eq!(client.states().await, start_list(44));
    client.set16(0xDF01, 5).await;
    client.set32(0xDF24, 0x2000C).await;
    let pseudo = client.run(0x1008, &[0xFFFF_FFF1]).await;
    assert_eq!((pseudo.payload().len(), pseudo.code, pseudo.bytes), (0, 0x2009, 24));
    assert_eq!(client.run(0x902B, &[]).await.bytes, 449);
    client.run(0x101C, &[0, 0]).await;
    let started = client.transaction;
    let settings = vec![
        (0xD21B, 0),
        (0x500C, 32778),
        (0x5012, 0),
        (0xD229, 907),
        (0xD22A, 4594),
        (0x500E, 1),
        (0xD242, 11),
        (0xD018, 5),
        (0xD241, 10),
        (0xD02A, 0x80001900),
        (0xD02B, 0x80001900),
        (0xD240, 0x8000EA60),
        (0xD028, 0),
        (0x5007, 200),
        (0x5005, 2),
        (0xD001, 1),
        (0x500A, 32769),
        (0xD17C, 0x3020705),
        (0xD209, 0),
        (0xD246, 11),
    ];
    assert_eq!(client.states().await, settings);
    let _events = camera.connect_events().unwrap();
    let _live_view = camera.connect_live_view().unwrap();
    let again = client.get(0xD212).await;
    assert_eq!(again.bytes, 146);
    client.run(0x1018, &[started]).await;
    client.set16(0xDF00, 6).await;
    assert_eq!(client.states().await, start_list(44));
    reads(&mut client, 0xDF25, "04 00 00 00").await;
    client.set16(0xDF01, 11).await;
    client.set32(0xDF25, 5).await;
    reads(&mut client, 0xD212, "02 00 00 DF 0B 00 00 00 22 D2 2C 00 00 00").await;
    let info = client.run(0x1008, &[1]).await;
    assert_eq!(info.bytes, 166);
    let info = ObjectInfo::decode(info.payload()).unwrap();
    assert_eq!((info.storage.0, info.size_bytes, info.format.0), (268435457, 167936, 0x3801));
    assert_eq!((info.width, info.height), (6240, 4160));
    assert_eq!(info.name.to_text(), "_DSF4612.JPG");
    assert_eq!(info.capture_date.to_text(), "20240809T140114");
    assert_eq!(info.keywords.to_text(), "Orientation:1");
    assert!(client.run(0x100A, &[1]).await.payload().starts_with(&[0xFF, 0xD8]));
    reads(&mut client, 0xD212, "00 00").await;
    let part = client.run(0x101B, &[1, 0, 0x4000]).await;
    assert_eq!((part.bytes, part.params), (16412, vec![0x4000]));
    for _ in 0..4 {
        reads(&mut client, 0xD212, "00 00").await;
    }
    client.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a4_x_t5() {
    let camera = simulator("X-T5", 0x9E);
    camera.with_persona(|persona| persona.set("reply_times", "true").unwrap());
    let mut client = client(&camera).await;
    client.open().await;
    for (property, payload) in [
        (0xDF21, "04 00 00 00"),
        (0xDF22, "05 00 00 00"),
        (0xDF24, "0B 00 02 00"),
        (0xDF25, "05 00 00 00"),
        (0xD400, "00 00 00 00"),
        (0xD52F, "01 00 00 00"),
        (0xDF28, "03 00 00 00"),
    ] {
        reads(&mut client, property, payload).await;
    }
    assert_eq!(client.states().await, start_list(0x9E));
    client.set16(0xDF01, 5).await;
    assert_eq!(client.states().await, []);
    let before = tokio::time::Instant::now();
    client.set32(0xDF24, 0x2000C).await;
    assert_eq!(before.elapsed().as_millis(), 130);
    assert_eq!(client.run(0x1008, &[0xFFFF_FFF1]).await.code, 0x2009);
    client.run(0x902B, &[]).await;
    client.run(0x101C, &[0, 0]).await;
    let started = client.transaction;
    let settings = vec![
        (0xD21B, 0),
        (0x500C, 0x800A),
        (0x5012, 0),
        (0xD229, 0x83C),
        (0xD22A, 0x25BE),
        (0x500E, 3),
        (0xD242, 9),
        (0xD018, 4),
        (0xD241, 0xA),
        (0xD02A, 0x80000C80),
        (0xD02B, 0x80000C80),
        (0xD240, 0xFFFFFFFF),
        (0xD028, 0),
        (0x5007, 0x168),
        (0x5010, 0xFD65),
        (0x5005, 2),
        (0xD001, 1),
        (0x500A, 0x8001),
        (0xD17C, 0x3020705),
        (0xD209, 0),
        (0xD246, 9),
    ];
    assert_eq!(client.states().await, settings);
    assert_eq!(client.states().await, settings);
    client.run(0x1018, &[started]).await;
    assert_eq!(client.states().await, settings);
    assert_eq!(client.states().await, settings);
    client.set16(0xDF00, 6).await;
    assert_eq!(client.states().await, start_list(0x9E));
    assert_eq!(client.states().await, []);
    client.set16(0xDF01, 11).await;
    assert_eq!(client.states().await, []);
    reads(&mut client, 0xDF25, "05 00 00 00").await;
    client.set32(0xDF25, 5).await;
    assert_eq!(client.states().await, [(0xDF00, 11), (0xD222, 0x9E)]);
    assert_eq!(client.run(0x1008, &[1]).await.code, 0x2001);
    // The log's hang: a thumbnail of an object whose ObjectInfo was not asked for.
    assert_eq!(client.try_run(0x100A, &[133]).await, None);
    assert_eq!(client.try_run(0x100A, &[133]).await, None);
    client.run(0x1008, &[133]).await;
    assert!(client.try_run(0x100A, &[133]).await.is_some());
    client.leave().await;
}
