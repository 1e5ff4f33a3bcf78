//! Random walks of a client that shoots: whatever it does in whatever order, what was taken is on the
//! card and told, and nothing else is.

use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::light::Light;
use filmwire_sim::media::stamp::Stamp;
use filmwire_sim::{Allow, Persona, Simulator};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::time::{sleep, timeout};

use crate::support::{Client, card, client};

/// What a client, or the person at the body, does next.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Release,
    Preview,
    Wait(u16),
    States,
    /// To the gallery where the function runs, back where the gallery is open.
    Trip,
    Step(u16, u32),
    Write(u16),
    Lock(u32),
    Unlock,
    Movie,
    Quality(u32),
    Program(u32),
    NoFocus,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => Just(Deed::Release),
        4 => Just(Deed::Preview),
        3 => (0u16..3_000).prop_map(Deed::Wait),
        1 => Just(Deed::States),
        2 => Just(Deed::Trip),
        2 => (0x902Cu16..=0x902E, 0u32..2).prop_map(|(step, up)| Deed::Step(step, up)),
        1 => prop_oneof![Just(2u16), Just(4), Just(7), Just(0x8006)].prop_map(Deed::Write),
        1 => (1u32..=9).prop_map(|row| Deed::Lock(0x0302_0700 | row)),
        1 => Just(Deed::Unlock),
        1 => Just(Deed::Movie),
        1 => (1u32..=5).prop_map(Deed::Quality),
        1 => (1u32..=6).prop_map(Deed::Program),
        1 => Just(Deed::NoFocus),
    ];
    prop::collection::vec(deed, 1..40)
}

struct Walker {
    camera: Simulator,
    client: Client,
    events: DuplexStream,
    /// Transaction of the 0x101C, while the function runs.
    function: Option<u32>,
    film: Option<u32>,
}

impl Walker {
    async fn new(persona: &str) -> Self {
        let persona = Persona::builtin(persona).unwrap();
        let camera = Simulator::new(persona, card(1));
        camera.set_allow(Allow { settings: true, shoot: true, ..Allow::default() });
        let mut client = client(&camera).await;
        client.open().await;
        client.states().await;
        let function = Some(start(&mut client).await);
        let events = camera.connect_events().unwrap();
        Self { camera, client, events, function, film: None }
    }

    async fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Release => drop(self.client.run(0x100E, &[0, 0]).await),
            Deed::Preview => drop(self.client.run(0x9022, &[]).await),
            Deed::Wait(ms) => sleep(Duration::from_millis(ms.into())).await,
            Deed::States => drop(self.client.states().await),
            Deed::Trip => self.trip().await,
            Deed::Step(step, up) => drop(self.client.run(step, &[up]).await),
            Deed::Write(value) => {
                assert!(self.client.try_set(0x5005, &value.to_le_bytes()).await.is_some());
            }
            Deed::Lock(point) => drop(self.client.run(0x9026, &[point]).await),
            Deed::Unlock => drop(self.client.run(0x9027, &[]).await),
            Deed::Movie => self.movie().await,
            Deed::Quality(value) => self.camera.turn(0xD018, value),
            Deed::Program(value) => self.camera.turn(0x500E, value),
            Deed::NoFocus => self.camera.add_fault("focus-fail=1".parse().unwrap()),
        }
    }

    async fn trip(&mut self) {
        match self.function.take() {
            Some(function) => {
                assert_eq!(self.client.run(0x1018, &[function]).await.code, 0x2001);
                self.client.set16(0xDF00, 6).await;
                self.client.states().await;
                self.client.set16(0xDF01, 11).await;
                self.client.set32(0xDF25, 5).await;
                let count = self.camera.with_card(|card| card.len());
                if count > 0 {
                    assert_eq!(self.client.run(0x1008, &[1]).await.code, 0x2001);
                }
            }
            None => {
                self.client.set16(0xDF00, 6).await;
                self.client.states().await;
                self.function = Some(start(&mut self.client).await);
            }
        }
    }

    async fn movie(&mut self) {
        match self.film.take() {
            Some(film) => drop(self.client.run(0x9021, &[film]).await),
            None => {
                let started = self.client.run(0x9020, &[0, 0]).await.code == 0x2001;
                self.film = started.then_some(self.client.transaction);
            }
        }
    }

    /// Codes of all events that were told.
    async fn told(&mut self) -> Vec<u16> {
        let mut codes = Vec::new();
        let mut packet = [0; 28];
        while timeout(Duration::from_secs(60), self.events.read_exact(&mut packet)).await.is_ok() {
            codes.push(EventDataset::decode(&packet).unwrap().code.0);
        }
        codes
    }

    /// Releases that the journal says took a picture.
    fn taken(&self) -> usize {
        let rows = self.camera.journal();
        let released = rows.iter().filter(|row| row.operation == 0x100E);
        released.filter(|row| row.response == Some(0x2001) && row.note.is_empty()).count()
    }
}

async fn start(client: &mut Client) -> u32 {
    client.set16(0xDF01, 5).await;
    client.set32(0xDF24, 0x2000C).await;
    assert_eq!(client.run(0x101C, &[0, 0]).await.code, 0x2001);
    client.transaction
}

/// Carries the deeds out; then every release is accounted for.
async fn walk(persona: &str, deeds: &[Deed]) {
    let mut walker = Walker::new(persona).await;
    for deed in deeds {
        walker.act(*deed).await;
    }
    sleep(Duration::from_secs(60)).await;
    walker.client.run(0x9022, &[]).await;
    let taken = walker.taken();
    let photos = walker.camera.with_card(|card| {
        let jpegs = card.objects().filter(|object| object.name.ends_with(".JPG"));
        let mut names: Vec<_> = jpegs.map(|object| object.name).collect();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "no name twice");
        count
    });
    assert_eq!(photos, 1 + taken, "all that was taken is on the card");
    let told = walker.told().await;
    let each: Vec<u16> = [0xC004, 0xC001, 0x400D].repeat(taken);
    assert_eq!(told, each, "and told in order");
    assert!(walker.camera.violations().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_release_ends_on_the_card_or_in_the_journal(
        deeds in deeds(),
        persona in prop_oneof![Just("X-T2"), Just("X-T4"), Just("X-T5")],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(walk(persona, &deeds));
    }

    #[test]
    fn the_light_of_a_script_stays_between_its_values(
        steps in prop::collection::vec((1u64..100_000, -60i16..170), 1..50),
        at in 0u64..6_000_000,
    ) {
        let (mut since, mut lines) = (0, String::new());
        for (step, tenths) in &steps {
            since += step;
            lines.push_str(&format!("{since}s {}\n", f32::from(*tenths) / 10.0));
        }
        let light = Light::from_lines(&lines).unwrap();
        let again: Light = light.to_string().parse().unwrap();
        prop_assert_eq!(&again, &light);
        let ev = light.ev(Duration::from_secs(at), Stamp::new(2026, 1, 1, 0, 0, 0));
        let tenths = steps.iter().map(|step| f32::from(step.1) / 10.0);
        let (low, high) = (tenths.clone().fold(f32::MAX, f32::min), tenths.fold(f32::MIN, f32::max));
        prop_assert!((low - 0.001..=high + 0.001).contains(&ev), "{} of {}..{}", ev, low, high);
    }

    #[test]
    fn what_a_card_holds_is_the_sum_of_its_objects(
        deeds in prop::collection::vec(0u8..5, 0..30),
    ) {
        let mut card = Card::new(GenerateSpec::default());
        for deed in deeds {
            match deed {
                0 => drop(card.shoot(2)),
                1 => drop(card.shoot_pair()),
                2 => drop(card.shoot_film()),
                3 => drop(card.delete(card.len() / 2)),
                _ => {
                    let wanted: u64 = card.objects().map(|object| object.size_bytes).sum();
                    prop_assert_eq!(card.used_bytes(), wanted);
                }
            }
        }
        let wanted: u64 = card.objects().map(|object| object.size_bytes).sum();
        prop_assert_eq!(card.used_bytes(), wanted);
    }
}
