//! The release that programs use over USB (fact sheet 8.5), where a persona takes it.

use std::time::Duration;

use filmwire_sim::{Allow, Simulator};
use tokio::io::AsyncReadExt;
use tokio::time::{sleep, timeout};

use crate::support::{Client, started, switched};

fn camera(persona: &str, switches: &[(&str, &str)]) -> Simulator {
    let camera = switched(persona, 1, switches);
    camera.set_allow(Allow { settings: true, shoot: true, ..Allow::default() });
    camera
}

/// Writes D208 and releases; returns both responses.
async fn press(client: &mut Client, mode: u16) -> (u16, u16) {
    let written = client.try_set(0xD208, &mode.to_le_bytes()).await.unwrap();
    (written, client.run(0x100E, &[0, 0]).await.code)
}

async fn focus(client: &mut Client) -> u16 {
    let answer = client.get(0xD209).await;
    u16::from_le_bytes(answer.payload().try_into().unwrap())
}

async fn handles(client: &mut Client) -> usize {
    client.run(0x1007, &[0xFFFF_FFFF, 0, 0]).await.payload().len() / 4 - 1
}

#[tokio::test(start_paused = true)]
async fn a_half_press_focuses_and_a_full_one_takes_a_picture() {
    let camera = camera("permissive", &[("shooting.focus_ms", "300")]);
    camera.turn(0xD018, 4);
    let (mut client, _) = started(&camera).await;
    let mut events = camera.connect_events().unwrap();
    let exposure = client.get(0x500D).await.payload().to_vec();
    assert_eq!(exposure, 16_667u32.to_le_bytes(), "microseconds");
    let before = handles(&mut client).await;
    for round in 1..=2 {
        assert_eq!(press(&mut client, 0x0200).await, (0x2001, 0x2001));
        assert_eq!(focus(&mut client).await, 1, "busy");
        sleep(Duration::from_millis(300)).await;
        assert_eq!(focus(&mut client).await, 2, "in focus");
        assert_eq!(press(&mut client, 0x0304).await, (0x2001, 0x2001));
        sleep(Duration::from_millis(20)).await;
        assert_eq!(handles(&mut client).await, before + 2 * round, "RAF and JPEG");
        assert_eq!(focus(&mut client).await, 2);
    }
    let told = timeout(Duration::from_secs(60), events.read_u8()).await;
    assert!(told.is_err(), "no event, and no preview to be fetched");
    assert_eq!(client.run(0x9022, &[]).await.payload(), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn without_focus_the_full_press_is_busy() {
    let camera = camera("permissive", &[]);
    let (mut client, _) = started(&camera).await;
    camera.add_fault("focus-fail=1".parse().unwrap());
    assert_eq!(press(&mut client, 0x0200).await, (0x2001, 0x2001));
    assert_eq!(camera.journal().last().unwrap().note, "no focus");
    assert_eq!(focus(&mut client).await, 3, "failed");
    assert_eq!(press(&mut client, 0x0304).await, (0x2001, 0x2019));
    assert_eq!(camera.journal().last().unwrap().note, "nothing taken: no focus");
    assert_eq!(press(&mut client, 0x0004).await, (0x2001, 0x2001), "let go");
    assert_eq!(focus(&mut client).await, 2);
    camera.with_card(|card| assert_eq!(card.len(), 1));
    assert_eq!(press(&mut client, 0x0304).await, (0x2001, 0x2001));
    sleep(Duration::from_millis(20)).await;
    assert!(handles(&mut client).await > 0);
    camera.with_card(|card| assert!(card.len() > 1));
}

#[tokio::test(start_paused = true)]
async fn bulb_is_not_taken_and_real_bodies_know_nothing_of_it() {
    let permissive = camera("permissive", &[]);
    let (mut client, _) = started(&permissive).await;
    assert_eq!(client.try_set(0xD208, &0x0500u16.to_le_bytes()).await, Some(0x201C));
    let body = camera("X-T4", &[]);
    let (mut client, _) = started(&body).await;
    assert_eq!(client.try_set(0xD208, &0x0200u16.to_le_bytes()).await, Some(0x200A));
    assert_eq!(client.get(0x500D).await.payload(), [0; 0]);
    let body = camera("X-T4", &[("shooting.usb_release", "true")]);
    let (mut client, _) = started(&body).await;
    assert_eq!(press(&mut client, 0x0304).await, (0x2001, 0x2001));
    sleep(Duration::from_millis(20)).await;
    client.states().await;
    body.with_card(|card| assert!(card.len() > 1));
}
