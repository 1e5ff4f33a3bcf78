//! Random histories of cards against an oracle that knows what must be on disk.
//!
//! `FILMWIRE_HISTORIES` (default 200) histories from `FILMWIRE_SEED` (default fixed), each with
//! its own seed, which a failure prints.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use filmwire_camera::quirk::{Quirks, Way};
use filmwire_ingest::{Event, Stop, sync};
use filmwire_sim::card::{Card, GenerateSpec, Number, Numbering};
use filmwire_sim::media::exif::Body;
use filmwire_sim::media::stamp::Stamp;
use filmwire_sim::persona::Code;
use filmwire_sim::{Fault, Simulator};
use support::{Random, Shelf, SimConnect, on_card, seed_from_env, simulator};

/// Two bodies of one model, a library, and what the oracle knows.
struct World {
    random: Random,
    bodies: [Simulator; 2],
    connected: usize,
    quirks: Option<Quirks>,
    shelf: Shelf,
    /// Content that was on disk after the last run.
    stored: BTreeMap<String, String>,
    /// All content there ever was on a card.
    ever: BTreeSet<String>,
    story: Vec<String>,
}

/// What no body of the classic ways tells by itself. The newer way has an order of its own.
fn oldest_first_quirks(body: &Simulator) -> Option<Quirks> {
    let (remote, newer) = body.with_persona(|persona| {
        let remote = persona.versions.contains_key(&Code(0xDF24));
        (remote, persona.newer_path && !remote)
    });
    let way = if remote { Way::Remote } else { Way::View };
    (!newer).then(|| Quirks { way, oldest_first: true, ..Quirks::default() })
}

/// Both bodies' first photos have the same names, seconds and sizes.
fn card(seed: u64, serial: &str, photos: u32) -> Card {
    Card::generated(&GenerateSpec {
        seed,
        photos,
        photo_bytes: 3_000..=3_000,
        film_bytes: 4_000..=9_000,
        raw_bytes: 4_000..=6_000,
        body: Body::new("X-T2", serial),
        ..GenerateSpec::default()
    })
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let models = support::personas();
        let model = models[(seed % models.len() as u64) as usize];
        let photos = random.below(8) as u32;
        let other = random.below(8) as u32;
        let bodies = [card(seed, "11111111", photos), card(!seed, "22222222", other)]
            .map(|card| simulator(model, card));
        let oldest_first = random.below(4) == 0;
        if oldest_first {
            for body in &bodies {
                body.with_persona(|persona| persona.set("handle_order", "oldest_first").unwrap());
            }
        }
        let quirks = oldest_first.then(|| oldest_first_quirks(&bodies[0])).flatten();
        Self {
            random,
            bodies,
            connected: 0,
            quirks,
            shelf: Shelf::new(),
            stored: BTreeMap::new(),
            ever: BTreeSet::new(),
            story: vec![format!(
                "{model}, {photos} and {other} photos, oldest first {oldest_first}"
            )],
        }
    }

    fn sim(&self) -> &Simulator {
        &self.bodies[self.connected]
    }

    fn remember_cards(&mut self) {
        for body in &self.bodies {
            self.ever.extend(on_card(body));
        }
    }

    fn change(&mut self) {
        let sim = self.sim().clone();
        let few = 1 + self.random.below(4) as usize;
        let choice = self.random.below(12);
        let pick = self.random.next();
        let told = sim.with_card(|card| match choice {
            0..=3 => {
                card.shoot(few);
                format!("shoot {few}")
            }
            4 => {
                card.shoot_film();
                "film".to_owned()
            }
            5 => {
                card.shoot_pair();
                "pair".to_owned()
            }
            6 | 7 => {
                let gone = delete(card, few, pick);
                format!("delete {gone}")
            }
            8 => {
                let gone = delete(card, few, pick);
                card.shoot(gone);
                format!("delete {gone} and shoot as many")
            }
            9 => {
                card.format(Numbering::Restart);
                card.shoot(few);
                format!("format, restart, shoot {few}")
            }
            10 => {
                card.set_number(Number { file: 9998, ..card.number() });
                card.shoot(few);
                format!("wrap at 9999, shoot {few}")
            }
            _ => {
                card.set_clock(Stamp::new(2015, 1, 1, 0, 0, (pick % 60) as u8));
                card.shoot(few);
                format!("clock to 2015, shoot {few}")
            }
        });
        self.story.push(told);
    }

    async fn run(&mut self) {
        match self.random.below(8) {
            0 => self.interrupted().await,
            1 => self.cut().await,
            2 => self.photo_while_reading().await,
            3 => {
                self.connected = 1 - self.connected;
                self.story.push(format!("body {}", self.connected));
            }
            _ => {}
        }
        self.whole_run().await;
    }

    fn connect(&self) -> SimConnect {
        let mut connect = SimConnect::new(self.sim());
        connect.options.quirks = self.quirks.clone();
        connect
    }

    /// The person wants to stop after some events.
    async fn interrupted(&mut self) {
        let after = 1 + self.random.below(20);
        self.story.push(format!("stop after {after} events"));
        let (stopper, stop) = Stop::new();
        let mut events = 0;
        let mut tell = |_: Event| {
            events += 1;
            if events == after {
                stopper.stop();
            }
        };
        let library = self.shelf.library();
        let (connect, options) = (self.connect(), self.shelf.options());
        let result = sync(&connect, &library, &options, &stop, &mut tell).await;
        result.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The link is cut once somewhere; the run goes on by itself.
    async fn cut(&mut self) {
        let at = 60 + self.random.below(30_000);
        self.story.push(format!("cut at byte {at}"));
        self.sim().add_fault(Fault::CutAt(at));
        self.whole_run().await;
        self.sim().clear_faults();
    }

    async fn photo_while_reading(&mut self) {
        let (count, nth) = (1 + self.random.below(2) as u32, 1 + self.random.below(60) as u32);
        self.story.push(format!("{count} photos before operation {nth}"));
        self.sim().add_fault(Fault::Add(count, nth));
        self.whole_run().await;
        self.sim().clear_faults();
        // Those taken too late for that run belong to the next.
        self.remember_cards();
    }

    /// A run that goes through; then everything on the card must be on disk, once.
    async fn whole_run(&mut self) {
        let before: BTreeSet<String> = on_card(self.sim()).into_iter().collect();
        self.remember_cards();
        let (result, events) = self.shelf.try_sync(&self.connect(), &self.shelf.options()).await;
        self.remember_cards();
        let summary = result.unwrap_or_else(|error| panic!("{error}\n{events:#?}"));
        self.story.push(format!("run: {} new, {} known", summary.new, summary.known));
        assert_eq!((summary.failed, summary.skipped_total()), (0, 0), "{events:#?}");
        self.check(&before);
    }

    fn check(&mut self, must: &BTreeSet<String>) {
        let found = self.shelf.photos();
        let mut content = BTreeSet::new();
        for (path, hash) in &found {
            assert!(content.insert(hash.clone()), "{path} is there twice");
            assert!(self.ever.contains(hash), "{path} never was on a card");
        }
        for (path, hash) in &self.stored {
            assert_eq!(found.get(path), Some(hash), "{path} was changed or is gone");
        }
        let missing: Vec<_> = must.difference(&content).collect();
        assert!(missing.is_empty(), "{} of {} photos are missing", missing.len(), must.len());
        self.stored = found;
    }

    async fn live(&mut self) {
        for _ in 0..3 + self.random.below(5) {
            for _ in 0..self.random.below(3) {
                self.change();
            }
            self.run().await;
        }
        let faults = self.shelf.faults();
        assert!(faults.is_empty(), "{faults:#?}");
        for body in &self.bodies {
            assert_eq!(body.violations(), []);
        }
    }
}

fn delete(card: &mut Card, most: usize, pick: u64) -> usize {
    let count = most.min(card.len());
    for step in 0..count {
        let position = (pick >> (step * 8)) as usize % card.len();
        card.delete(position);
    }
    count
}

/// The seed of a history: the personas take turns, so that a few histories are enough for each.
fn seed_of(number: u64, seed: u64) -> u64 {
    let models = support::personas().len() as u64;
    let random = Random(seed ^ number).next() >> 8;
    random - random % models + number % models
}

/// Plays one history in simulated time; returns its story if it fails.
fn play(seed: u64) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime can be made");
    let world = std::sync::Mutex::new(World::new(seed));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut world = world.lock().expect("nobody else holds it");
        runtime.block_on(async {
            let day = Duration::from_secs(24 * 3600);
            tokio::time::timeout(day, world.live()).await.expect("a day is enough");
        });
    }));
    result.map_err(|_| {
        let story = match world.into_inner() {
            Ok(world) => world.story,
            Err(poisoned) => poisoned.into_inner().story,
        };
        format!("history {seed:#x}:\n  {}", story.join("\n  "))
    })
}

#[test]
fn what_was_on_a_card_is_on_disk_once() {
    let histories: u64 =
        std::env::var("FILMWIRE_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let seed = seed_from_env();
    eprintln!("{histories} histories from seed {seed:#x}");
    let workers = 2;
    let failures: Vec<String> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let mine = (worker..histories).step_by(workers as usize);
                    let mut bad = Vec::new();
                    for number in mine {
                        if let Err(story) = play(seed_of(number, seed)) {
                            bad.push(story);
                            if bad.len() >= 3 {
                                break;
                            }
                        }
                    }
                    bad
                })
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("it catches panics")).collect()
    });
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_persona_has_its_turn() {
    let models = support::personas();
    let all: BTreeSet<_> = (0..models.len() as u64)
        .map(|number| models[(seed_of(number, seed_from_env()) % models.len() as u64) as usize])
        .collect();
    assert_eq!(all.len(), models.len());
}

/// Plays `FILMWIRE_HISTORY` alone, for looking into a failure.
#[test]
fn one_history() {
    let Ok(text) = std::env::var("FILMWIRE_HISTORY") else { return };
    let seed = u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a hex number");
    play(seed).unwrap_or_else(|story| panic!("{story}"));
}
