//! Live view: its packets, its rate, and how bright it is.

use std::time::Duration;

use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::media::Look;
use filmwire_sim::media::stamp::Stamp;
use filmwire_sim::{Allow, Persona, Simulator};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

use crate::support::{measured, simulator, started, stops, switched};

/// Reads one frame; returns its counter.
async fn frame(stream: &mut (impl AsyncReadExt + Unpin)) -> u32 {
    picture(stream).await.0
}

/// Reads one frame; returns its counter and its JPEG.
async fn picture(stream: &mut (impl AsyncReadExt + Unpin)) -> (u32, Vec<u8>) {
    let length = stream.read_u32_le().await.unwrap() as usize;
    let mut rest = vec![0; length - 4];
    stream.read_exact(&mut rest).await.unwrap();
    assert_eq!((&rest[..4], &rest[8..12]), (&[0; 4][..], &[0; 4][..]));
    assert_eq!((&rest[14..16], &rest[rest.len() - 2..]), (&[0xFF, 0xD8][..], &[0xFF, 0xD9][..]));
    assert!(!(0xE0..=0xEF).contains(&rest[17]), "no APP segment");
    (u32::from_le_bytes(rest[4..8].try_into().unwrap()), rest.split_off(14))
}

#[tokio::test(start_paused = true)]
async fn live_view_streams_fifteen_frames_a_second() {
    let camera = simulator("X-T4", 1);
    let (mut client, transaction) = started(&camera).await;
    let mut live = camera.connect_live_view().unwrap();
    let start = Instant::now();
    let first = frame(&mut live).await;
    for n in 1..=30 {
        assert_eq!(frame(&mut live).await, first + n);
    }
    let took = start.elapsed().as_millis();
    assert!((1990..=2080).contains(&took), "{took} ms");
    client.run(0x1018, &[transaction]).await;
    // What was on its way still comes, then nothing.
    let mut frames = 31;
    while timeout(Duration::from_secs(5), frame(&mut live)).await.is_ok() {
        frames += 1;
    }
    assert_eq!(camera.stats().frames, frames);
    drop(client);
    camera.wait_idle().await;
    let end = timeout(Duration::from_secs(9), live.read_u8()).await;
    assert!(end.is_ok_and(|read| read.is_err()), "it ends with the session");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_misses_frames() {
    let camera = simulator("X-T4", 1);
    let (_client, _) = started(&camera).await;
    let mut live = camera.connect_live_view().unwrap();
    let mut last = frame(&mut live).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    // The stream in memory holds some frames; behind them comes what is new by now.
    let mut jump = 0;
    for _ in 0..200 {
        let next = frame(&mut live).await;
        jump = jump.max(next - last);
        last = next;
    }
    assert!(jump > 1000, "{jump}");
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_a_switch() {
    for (fps, frames) in [("60", 600), ("1", 10)] {
        let camera = switched("X-T4", 1, &[("shooting.live_fps", fps)]);
        let (_client, _) = started(&camera).await;
        let mut live = camera.connect_live_view().unwrap();
        let start = Instant::now();
        let first = frame(&mut live).await;
        for n in 1..=frames {
            assert_eq!(frame(&mut live).await, first + n);
        }
        let took = start.elapsed().as_millis();
        assert!((9_990..10_080).contains(&took), "{fps}: {took} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn frames_follow_settings_and_light() {
    let scene = GenerateSpec { look: Look::Scene, ..GenerateSpec::default() };
    for card in [Card::new(scene), Card::new(GenerateSpec::default())] {
        let camera = Simulator::new(Persona::builtin("X-T4").unwrap(), card);
        camera.with_persona(|persona| {
            persona.set("shooting.light", "0s:9.9,30s:9.9,60s:6.9").unwrap();
            persona.set("shooting.side_sockets", "many").unwrap();
        });
        camera.set_allow(Allow { settings: true, shoot: true, ..Allow::default() });
        for (code, value) in [(0x5007, 800), (0xD240, 0x8000_EA60), (0xD02A, 400)] {
            camera.turn(code, value);
        }
        let (mut client, _) = started(&camera).await;
        let mut live = camera.connect_live_view().unwrap();
        let base = picture(&mut live).await.1;
        assert_eq!((measured(&base).0, measured(&base).1), (640, 480));
        for _ in 0..3 {
            client.run(0x902D, &[1]).await;
        }
        // What the stream in memory held was rendered before.
        let mut darker = base.clone();
        for _ in 0..3 {
            darker = picture(&mut live).await.1;
        }
        let met = stops(&base, &darker);
        assert!((met + 0.92).abs() < 0.2, "f/8 to f/11: {met}");
        drop(live);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut live = camera.connect_live_view().unwrap();
        let late = picture(&mut live).await.1;
        let met = stops(&darker, &late);
        assert!((met + 3.0).abs() < 0.3, "three stops less light: {met}");
        client.set32(0xD02A, 3200).await;
        let met = stops(&late, &picture(&mut live).await.1);
        assert!((met - 3.0).abs() < 0.3, "ISO 400 to 3200: {met}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_stream_may_stand_still_for_a_time() {
    let camera = simulator("X-T4", 1);
    camera.add_fault("live-stall=3:20s".parse().unwrap());
    let (mut client, _) = started(&camera).await;
    let mut live = camera.connect_live_view().unwrap();
    let first = frame(&mut live).await;
    assert_eq!(frame(&mut live).await, first + 1);
    let stopped = Instant::now();
    assert_eq!(client.get(0xD212).await.code, 0x2001, "commands go on");
    let next = frame(&mut live).await;
    assert_eq!(stopped.elapsed().as_secs(), 20);
    assert!((300..=304).contains(&(next - first)), "{} frames were dropped", next - first);
    assert_eq!(frame(&mut live).await, next + 1, "once");
}

#[tokio::test(start_paused = true)]
async fn live_view_goes_on_while_pictures_are_taken() {
    let camera = simulator("X-T4", 1);
    camera.set_allow(Allow { shoot: true, ..Allow::default() });
    camera.turn(0xD240, 2000);
    let (mut client, _) = started(&camera).await;
    let mut live = camera.connect_live_view().unwrap();
    let first = frame(&mut live).await;
    client.run(0x100E, &[0, 0]).await;
    for n in 1..=15 {
        assert_eq!(frame(&mut live).await, first + n);
    }
    assert!(client.run(0x9022, &[]).await.payload().starts_with(&[0xFF, 0xD8]));
}

#[tokio::test(start_paused = true)]
async fn a_day_of_live_view_takes_seconds() {
    let real = std::time::Instant::now();
    let switches = [
        ("shooting.live_fps", "1"),
        ("shooting.light", "sun:52.5"),
        ("shooting.side_sockets", "many"),
    ];
    let camera = switched("X-T4", 1, &switches);
    camera.with_card(|card| card.set_clock(Stamp::new(2026, 3, 21, 0, 0, 0)));
    for (code, value) in [(0x5007, 560), (0xD02A, 200)] {
        camera.turn(code, value);
    }
    let (_client, _) = started(&camera).await;
    let (mut dark, mut bright) = (0, 0);
    let mut clock = tokio::time::interval(Duration::from_secs(900));
    for _ in 0..96 {
        clock.tick().await;
        let mut live = camera.connect_live_view().unwrap();
        for _ in 0..10 {
            frame(&mut live).await;
        }
        let light = measured(&picture(&mut live).await.1).2;
        dark += u32::from(light < 0.05);
        bright += u32::from(light > 0.5);
    }
    assert!((30..60).contains(&dark) && (30..60).contains(&bright), "{dark} dark, {bright} bright");
    assert!(real.elapsed() < Duration::from_secs(300), "{:?}", real.elapsed());
}
