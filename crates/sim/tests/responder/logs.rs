//! The logs of real cameras, replayed: what a client sent then is sent again, and what the camera
//! printed then must come back.
//!
//! Origin of all bytes: petabyt/fudge `docs/testsuite/`, as condensed in the protocol's appendix A.

use std::time::Duration;

use filmwire_codec::dataset::ObjectInfo;
use filmwire_sim::Simulator;
use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::media::stamp::Stamp;
use tokio::time::{Instant, sleep};

use crate::support::{Client, client, hex, simulator};

/// Reads a property and compares bytes of the payload; the container lengths follow.
async fn reads(client: &mut Client, property: u16, payload: &str) {
    let answer = client.get(property).await;
    let wanted = hex(payload);
    assert_eq!(answer.code, 0x2001, "{property:04X}");
    assert_eq!(answer.payload(), wanted, "{property:04X}");
    assert_eq!(answer.bytes, 24 + wanted.len());
}

/// Registers as the log's client did, waits and opens the session; the ack must be the model's.
async fn opens(client: &mut Client, model: &str, pause_ms: u64) {
    let mut wanted = hex("44000000 02000000 00000000 0870b061 0a8b4593 b2e79357 dd36e050");
    wanted.extend(model.encode_utf16().flat_map(u16::to_le_bytes));
    wanted.resize(68, 0);
    assert_eq!(client.init().await.unwrap(), wanted, "{model}");
    sleep(Duration::from_millis(pause_ms)).await;
    let opened = client.run(0x1002, &[1]).await;
    assert_eq!((opened.code, opened.bytes), (0x2001, 12), "{model}");
}

/// Runs an operation without data that is answered with OK, and tells how many ms it took.
async fn runs(client: &mut Client, operation: u16, params: &[u32]) -> u128 {
    let before = Instant::now();
    let answer = client.run(operation, params).await;
    assert_eq!((answer.code, answer.bytes, answer.data), (0x2001, 12, None), "{operation:04X}");
    before.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn a1_x_t2() {
    let camera = simulator("X-T2", 0x7B);
    let mut client = client(&camera).await;
    opens(&mut client, "X-T2", 500).await;
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
    opens(&mut client, "X-T20", 500).await;
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

/// A JPEG of so many bytes, as far as its first and last two go.
fn jpeg_of(bytes: usize) -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8];
    jpeg.resize(bytes - 2, 0x5A);
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

/// Where the log's photo has its Exif thumbnail, and how long it is.
const EXIF_THUMB: (usize, usize) = (3952, 8837);

/// A photo with an Exif thumbnail at that place: TIFF at 12, an empty IFD0, IFD1 with two entries.
fn photo_of_the_log() -> Vec<u8> {
    let (at, length) = EXIF_THUMB;
    let long = |n: usize| (n as u32).to_le_bytes();
    let mut tiff = hex("49492a00 08000000 0000 0e000000 0200");
    for (tag, value) in [(0x0201u16, at - 12), (0x0202, length)] {
        tiff.extend(tag.to_le_bytes());
        tiff.extend([4, 0, 1, 0, 0, 0]);
        tiff.extend(long(value));
    }
    tiff.extend(long(0));
    tiff.resize(at - 12, 0);
    tiff.extend(jpeg_of(length));
    let mut photo = hex("ffd8 ffe1");
    photo.extend((tiff.len() as u16 + 8).to_be_bytes());
    photo.extend(b"Exif\0\0");
    photo.extend(tiff);
    photo.extend(jpeg_of(20_000));
    photo
}

/// The card of the X-T4 in the log: 44 objects, the newest one printed. It claims the measures of
/// the log and hands out thumbnails of its lengths.
fn x_t4_card() -> Card {
    let mut card = Card::generated(&GenerateSpec { photos: 43, ..GenerateSpec::default() });
    let mut object = CardObject::memory("100_FUJI", "_DSF4612.JPG", photo_of_the_log());
    let inside = object.thumb().unwrap().unwrap();
    assert_eq!(inside.len(), EXIF_THUMB.1, "the thumbnail is found where the log says");
    object.own_thumb = Some(jpeg_of(42_562).into());
    object.capture = Some(Stamp::new(2024, 8, 9, 14, 1, 14));
    (object.width, object.height, object.orientation) = (6240, 4160, 1);
    card.push(object);
    card
}

#[tokio::test(start_paused = true)]
async fn a3_x_t4() {
    let persona = filmwire_sim::Persona::builtin("X-T4").unwrap();
    let camera = Simulator::new(persona, x_t4_card());
    camera.with_persona(|persona| persona.set("reply_times", "true").unwrap());
    let mut client = client(&camera).await;
    opens(&mut client, "X-T4", 127).await;
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
    let start = "06 00 00 DF 06 00 00 00 20 D2 01 00 00 00 22 D2 2C 00 00 00 2F D5 01 00 00 00
        00 D4 01 00 00 00 01 D4 2C 00 00 00";
    reads(&mut client, 0xD212, start).await;
    client.set16(0xDF01, 5).await;
    let before = Instant::now();
    client.set32(0xDF24, 0x2000C).await;
    assert_eq!(before.elapsed().as_millis(), 40);
    let pseudo = client.run(0x1008, &[0xFFFF_FFF1]).await;
    assert_eq!((pseudo.payload().len(), pseudo.code, pseudo.bytes), (0, 0x2009, 24));
    let capabilities = client.run(0x902B, &[]).await;
    assert_eq!((capabilities.code, capabilities.bytes), (0x2001, 449));
    runs(&mut client, 0x101C, &[0, 0]).await;
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
    assert_eq!(client.states().await, settings);
    assert_eq!(client.get(0xD212).await.bytes, 146);
    runs(&mut client, 0x1018, &[started]).await;
    client.set16(0xDF00, 6).await;
    reads(&mut client, 0xD212, start).await;
    reads(&mut client, 0xDF25, "04 00 00 00").await;
    client.set16(0xDF01, 11).await;
    client.set32(0xDF25, 5).await;
    reads(&mut client, 0xD212, "02 00 00 DF 0B 00 00 00 22 D2 2C 00 00 00").await;
    let before = Instant::now();
    let info = client.run(0x1008, &[1]).await;
    assert_eq!((info.bytes, before.elapsed().as_millis()), (166, 39));
    let info = ObjectInfo::decode(info.payload()).unwrap();
    assert_eq!((info.storage.0, info.size_bytes, info.format.0), (268435457, 167936, 0x3801));
    assert_eq!((info.width, info.height), (6240, 4160));
    assert_eq!(info.name.to_text(), "_DSF4612.JPG");
    assert_eq!(info.capture_date.to_text(), "20240809T140114");
    assert_eq!(info.keywords.to_text(), "Orientation:1");
    let before = Instant::now();
    let thumb = client.run(0x100A, &[1]).await;
    assert_eq!((thumb.bytes, before.elapsed().as_millis()), (42_586, 23));
    assert_eq!(thumb.payload(), jpeg_of(42_562));
    reads(&mut client, 0xD212, "00 00").await;
    let part = client.run(0x101B, &[1, 0, 0x4000]).await;
    assert_eq!((part.bytes, part.params.as_slice()), (16412, &[0x4000][..]));
    let (at, length) = EXIF_THUMB;
    assert_eq!(part.payload()[at..at + length], jpeg_of(length));
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
    opens(&mut client, "X-T5", 65).await;
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
    let start = "06 00 00 DF 06 00 00 00 20 D2 01 00 00 00 22 D2 9E 00 00 00 2F D5 01 00 00 00
        00 D4 01 00 00 00 01 D4 9E 00 00 00";
    reads(&mut client, 0xD212, start).await;
    client.set16(0xDF01, 5).await;
    assert_eq!(client.states().await, []);
    let before = Instant::now();
    client.set32(0xDF24, 0x2000C).await;
    assert_eq!(before.elapsed().as_millis(), 130);
    let pseudo = client.run(0x1008, &[0xFFFF_FFF1]).await;
    assert_eq!((pseudo.payload().len(), pseudo.code), (0, 0x2009));
    let before = Instant::now();
    assert_eq!(client.run(0x902B, &[]).await.code, 0x2001);
    assert_eq!(before.elapsed().as_millis(), 40);
    assert_eq!(runs(&mut client, 0x101C, &[0, 0]).await, 18);
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
    let _events = camera.connect_events().unwrap();
    let _live_view = camera.connect_live_view().unwrap();
    assert_eq!(client.states().await, settings);
    assert_eq!(runs(&mut client, 0x1018, &[started]).await, 125);
    for _ in 0..2 {
        assert_eq!(client.states().await, settings);
    }
    client.set16(0xDF00, 6).await;
    reads(&mut client, 0xD212, start).await;
    assert_eq!(client.states().await, []);
    client.set16(0xDF01, 11).await;
    assert_eq!(client.states().await, []);
    reads(&mut client, 0xDF25, "05 00 00 00").await;
    client.set32(0xDF25, 5).await;
    assert_eq!(client.states().await, [(0xDF00, 11), (0xD222, 0x9E)]);
    let before = Instant::now();
    assert_eq!(client.run(0x1008, &[1]).await.code, 0x2001);
    assert_eq!(before.elapsed().as_millis(), 45);
    // The log's hang: a thumbnail of an object whose ObjectInfo was not asked for.
    assert_eq!(client.try_run(0x100A, &[133]).await, None);
    assert_eq!(client.try_run(0x100A, &[133]).await, None);
    client.run(0x1008, &[133]).await;
    assert!(client.try_run(0x100A, &[133]).await.is_some());
    client.leave().await;
}
