//! Light by a script, and the room on the card, over a long run.

use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_sim::card::{Card, GenerateSpec, Numbering};
use filmwire_sim::light::Light;
use filmwire_sim::media::stamp::Stamp;
use filmwire_sim::{Allow, Persona, Simulator};
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::time::{Instant, interval, timeout};

use crate::support::{Client, measured, started};

/// A client that takes pictures and says how bright their previews are.
struct Run {
    camera: Simulator,
    client: Client,
    events: DuplexStream,
}

impl Run {
    /// A body in M at f/5.6, 1/60 s and ISO 200, which light of 9.9 exposes correctly.
    async fn new(persona: Persona, card: Card) -> Self {
        let camera = Simulator::new(persona, card);
        for (code, value) in
            [(0x500E, 1), (0x5007, 560), (0xD240, 0x8000_EA60), (0xD02A, 200), (0xD018, 2)]
        {
            camera.turn(code, value);
        }
        camera.set_allow(Allow { shoot: true, ..Allow::default() });
        let (client, _) = started(&camera).await;
        let events = camera.connect_events().unwrap();
        Self { camera, client, events }
    }

    async fn event(&mut self) -> Option<u16> {
        let mut packet = [0; 28];
        let read = self.events.read_exact(&mut packet);
        timeout(Duration::from_secs(5), read).await.ok()?.unwrap();
        Some(EventDataset::decode(&packet).unwrap().code.0)
    }

    /// A whole capture; `None` if nothing was taken.
    async fn capture(&mut self) -> Option<Vec<u8>> {
        assert_eq!(self.client.run(0x100E, &[0, 0]).await.code, 0x2001);
        self.event().await?;
        assert_eq!(self.event().await, Some(0xC001));
        let preview = self.client.run(0x9022, &[]).await.payload().to_vec();
        assert_eq!(self.event().await, Some(0x400D));
        Some(preview)
    }

    async fn left(&mut self) -> u32 {
        let list = self.client.states().await;
        list.into_iter().find(|entry| entry.0 == 0xD229).unwrap().1
    }
}

/// What a timelapse asks of the simulator: a day and a night, a picture a minute, in seconds.
#[tokio::test(start_paused = true)]
async fn a_picture_a_minute_for_a_day_takes_seconds() {
    let real = std::time::Instant::now();
    let mut persona = Persona::builtin("X-T5").unwrap();
    let dawn = "0s 4.9 # night\n6h 4.9\n8h 11.9\n16h 11.9\n18h 4.9\n";
    persona.shooting.light = Light::from_lines(dawn).unwrap();
    persona.set("shooting.pictures_remaining", "1440").unwrap();
    let card =
        Card::new(GenerateSpec { start: Stamp::new(2026, 3, 21, 0, 0, 0), ..<_>::default() });
    let mut run = Run::new(persona, card).await;
    let mut minutes = interval(Duration::from_secs(60));
    let start = Instant::now();
    let mut last = f64::MIN;
    for frame in 0..1440u64 {
        minutes.tick().await;
        let preview = run.capture().await.expect("a picture");
        if frame % 30 != 0 {
            continue;
        }
        let light = measured(&preview).2.log2();
        match frame {
            0..=360 => assert!(light < 0.18f64.log2() - 4.0, "{frame}: {light}"),
            361..480 => assert!(light > last, "it becomes day: {light} after {last}"),
            480..=960 => assert!(light > 0.18f64.log2() + 1.5, "{frame}: {light}"),
            961..=1080 => assert!(light < last, "it becomes night: {light} after {last}"),
            _ => assert!(light < 0.18f64.log2() - 4.0, "{frame}: {light}"),
        }
        last = light;
    }
    assert_eq!(start.elapsed().as_secs() / 60, 1439);
    assert_eq!(run.capture().await, None, "the card is full");
    let (first, newest) = run.camera.with_card(|card| {
        assert_eq!(card.len(), 1440);
        (card.object(0).unwrap(), card.object(1439).unwrap())
    });
    let names = (first.name.as_str(), newest.name.as_str());
    assert_eq!(names, ("DSCF0001.JPG", "DSCF1440.JPG"));
    assert_eq!(first.capture.unwrap().ptp(), "20260321T000000");
    assert_eq!(newest.capture.unwrap().ptp(), "20260321T235900");
    // Two seconds alone; other tests and programs may want the machine at the same time.
    assert!(real.elapsed() < Duration::from_secs(60), "{:?}", real.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_card_fills_by_its_bytes() {
    for quality in [2, 4] {
        let mut persona = Persona::builtin("X-T4").unwrap();
        persona.set("shooting.card_bytes", "1_000_000").unwrap();
        let mut run = Run::new(persona, Card::new(GenerateSpec::default())).await;
        run.camera.turn(0xD018, quality);
        let first = run.left().await;
        assert!((20..90).contains(&first), "{first}");
        let (mut taken, mut left) = (0, first);
        while run.capture().await.is_some() {
            taken += 1;
            let next = run.left().await;
            assert!(next <= left, "{next} after {left}");
            left = next;
        }
        assert_eq!(left, 0);
        assert!(taken >= first, "{taken} pictures, {first} were promised");
        let rows = run.camera.journal();
        assert!(rows.iter().any(|row| row.note == "nothing taken: card full"));
        let used = run.camera.with_card(|card| {
            let summed: u64 = card.objects().map(|object| object.size_bytes).sum();
            assert_eq!(card.used_bytes(), summed);
            summed
        });
        assert!((900_000..=1_000_000).contains(&used), "{used} bytes");
        run.camera.with_card(|card| card.delete(0));
        run.camera.with_card(|card| card.delete(0));
        assert!(run.capture().await.is_some(), "what was deleted gives room");
        run.camera.with_card(|card| card.format(Numbering::Continue));
        assert_eq!(run.left().await, first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_film_takes_room_and_needs_it() {
    let mut persona = Persona::builtin("X-T4").unwrap();
    persona.set("shooting.card_bytes", "300_000").unwrap();
    let mut run = Run::new(persona, Card::new(GenerateSpec::default())).await;
    let mut met = Vec::new();
    for _ in 0..5 {
        let before = run.left().await;
        met.push(run.client.run(0x9020, &[0, 0]).await.code);
        let film = run.client.transaction;
        run.client.run(0x9021, &[film]).await;
        assert_eq!(run.left().await < before, met.last() == Some(&0x2001));
    }
    assert_eq!((met[0], met[4]), (0x2001, 0x2019), "{met:X?}");
    let used = run.camera.with_card(|card| card.used_bytes());
    assert!(used <= 300_000, "{used}");
}
