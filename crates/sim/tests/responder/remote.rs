//! The remote function: side ports, live view, captures.

use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_sim::Allow;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::support::{client, hex, simulator, started};

#[tokio::test(start_paused = true)]
async fn side_ports_open_with_the_function_and_close_with_the_session() {
    let camera = simulator("X-T4", 1);
    assert!(camera.connect_events().is_err() && camera.connect_live_view().is_err());
    let (mut client, transaction) = started(&camera).await;
    let mut events = camera.connect_events().unwrap();
    assert_eq!(client.run(0x1018, &[transaction + 1]).await.code, 0x2004);
    assert_eq!(client.run(0x1018, &[transaction]).await.code, 0x2001);
    assert_eq!(client.run(0x1018, &[transaction]).await.code, 0x2018);
    assert!(timeout(Duration::from_secs(9), events.read_u8()).await.is_err(), "it stays open");
    client.leave().await;
    camera.wait_idle().await;
    let end = timeout(Duration::from_secs(9), events.read_u8()).await;
    assert!(end.is_ok_and(|read| read.is_err()), "it ends with the session");
    assert!(camera.connect_events().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_capture_tells_events_and_blocks_until_its_preview_was_fetched() {
    let camera = simulator("X-T4", 1);
    let (mut client, _) = started(&camera).await;
    let mut events = camera.connect_events().unwrap();
    assert_eq!(client.run(0x100E, &[0, 0]).await.code, 0x200F, "not without permission");
    camera.set_allow(Allow { shoot: true, ..Allow::default() });
    client.run(0x100E, &[0, 0]).await;
    let id = client.transaction;
    let mut added = [0; 28];
    events.read_exact(&mut added).await.unwrap();
    let wanted = hex("1c000000 0400 04c0 01000000");
    assert_eq!(added[..12], wanted[..]);
    assert_eq!(added[12..], [id.to_le_bytes(), id.to_le_bytes(), [0; 4], [0; 4]].concat());
    let mut preview = [0; 28];
    events.read_exact(&mut preview).await.unwrap();
    let preview = EventDataset::decode(&preview).unwrap();
    assert_eq!((preview.code.0, preview.params[0]), (0xC001, id));
    assert_eq!(client.run(0x100E, &[0, 0]).await.code, 0x2001, "accepted, but nothing happens");
    assert_eq!(camera.with_card(|card| card.len()), 3, "RAF and JPEG");
    let picture = client.run(0x9022, &[]).await;
    assert_eq!(picture.payload().len() as u32, preview.params[1]);
    assert!(picture.payload().starts_with(&[0xFF, 0xD8]));
    let mut complete = [0; 28];
    events.read_exact(&mut complete).await.unwrap();
    assert_eq!(EventDataset::decode(&complete).unwrap().code.0, 0x400D);
    client.run(0x100E, &[0, 0]).await;
    events.read_exact(&mut added).await.unwrap();
    assert_eq!(camera.with_card(|card| card.len()), 5);
}

#[tokio::test(start_paused = true)]
async fn a_body_without_remote_mode_has_no_remote_function() {
    let camera = simulator("X-A2", 1);
    let mut client = client(&camera).await;
    client.open().await;
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2005);
    assert!(camera.connect_events().is_err());
}
