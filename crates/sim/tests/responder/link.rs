//! Shaping: bandwidth, round-trip time and time to think, in simulated time.

use std::time::Duration;

use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::{Link, Persona, Simulator};
use tokio::time::Instant;

use crate::support::{Client, client};

const PIECE: u32 = 0x10_0000;

fn camera(size: u64, link: Link) -> Simulator {
    let mut card = Card::new(GenerateSpec::default());
    card.push(CardObject::pattern("100_FUJI", "DSCF0001.MOV", 1, size));
    let camera = Simulator::new(Persona::builtin("X-A2").unwrap(), card);
    camera.set_link(link);
    camera
}

async fn time_of_fetch(client: &mut Client, size: u32) -> Duration {
    let start = Instant::now();
    let mut offset = 0;
    while offset < size {
        let piece = client.run(0x101B, &[1, offset, PIECE]).await;
        offset += piece.payload().len() as u32;
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_slow_link_is_exact_within_one_percent() {
    let size = 20 * PIECE;
    let camera = camera(u64::from(size), Link::mbit(25, Duration::from_millis(5)));
    let mut client = client(&camera).await;
    client.old_gallery().await;
    let bytes = f64::from(size) + 20.0 * 28.0;
    let wanted = bytes / 3_125_000.0 + 20.0 * 0.005;
    let took = time_of_fetch(&mut client, size).await.as_secs_f64();
    assert!((took / wanted - 1.0).abs() < 0.01, "{took} s instead of {wanted} s");
}

#[tokio::test(start_paused = true)]
async fn many_small_operations_are_exact_on_average() {
    let camera = camera(1000, Link { round_trip: Duration::from_millis(5), ..Link::default() });
    let mut client = client(&camera).await;
    client.old_gallery().await;
    let start = Instant::now();
    for _ in 0..100 {
        client.states().await;
    }
    let took = start.elapsed().as_secs_f64();
    assert!((took / 0.5 - 1.0).abs() < 0.01, "{took} s instead of 0.5 s");
}

#[tokio::test(start_paused = true)]
async fn thinking_takes_its_time() {
    let mut link = Link { think: Duration::from_millis(10), ..Link::default() };
    link.think_about.insert(0x1008, Duration::from_millis(200));
    let camera = camera(1000, link);
    let mut client = client(&camera).await;
    client.old_gallery().await;
    for (operation, millis) in [(0x1008, 200), (0x101B, 10)] {
        let start = Instant::now();
        client.run(operation, &[1, 0, 10]).await;
        assert_eq!(start.elapsed().as_millis(), millis, "{operation:04X}");
    }
}

#[tokio::test(start_paused = true)]
async fn reading_a_file_takes_no_simulated_time() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(folder.path().join("DSCF0001.MOV"), &bytes).unwrap();
    let card = Card::from_dir(folder.path()).unwrap();
    let camera = Simulator::new(Persona::builtin("X-A2").unwrap(), card);
    let mut client = client(&camera).await;
    client.old_gallery().await;
    let start = Instant::now();
    assert!(client.fetch(1, bytes.len(), PIECE).await == bytes);
    assert!(start.elapsed().as_millis() < 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_sent_ahead_waits_its_round_trip_only_once() {
    let camera = camera(1 << 20, Link::mbit(8, Duration::from_millis(100)));
    let mut client = client(&camera).await;
    client.old_gallery().await;
    let start = Instant::now();
    client.send(0x101B, &[1, 0, 500_000], None).await;
    client.send(0x101B, &[1, 500_000, 500_000], None).await;
    client.transaction -= 1;
    client.answer().await.unwrap();
    client.transaction += 1;
    client.answer().await.unwrap();
    // One second of bytes and one round trip: the second request came long before its turn.
    let took = start.elapsed().as_millis();
    assert!((1095..1110).contains(&took), "{took} ms");
}
