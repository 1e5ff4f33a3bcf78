//! From "the network appears" to photos that are proven on a target, and a camera that was left,
//! again and again, with mishaps in between and nobody at the station.
//!
//! All of it is the station itself, in simulated time: a stand-in plays NetworkManager, a simulator
//! the camera. `FILMWIRE_CYCLES` sets the number of cycles, `FILMWIRE_SEED` their seed.

mod around;
mod clock;
mod mishap;
mod scene;

use std::sync::Arc;

use filmwire_catalogue::{Create, DeliveryState};
use filmwire_deliver::{FileTarget, Folder, Job, Usage};
use filmwire_link::Lookout;
use filmwire_program::interrupt::Interrupt;
use filmwire_program::output::{Output, Voice};
use filmwire_program::places::Places;

use self::around::{Random, Room};
use self::mishap::Mishap;
use self::scene::{NETWORK, PASSPHRASE, Radios, Scene};
use super::crew::{Crew, Means, Pace};
use super::notify::Service;
use super::open_library;
use super::say::Say;
use crate::config::Config;
use crate::context::Context;

/// Operations. Source: ISO 15740.
const OPEN_SESSION: u16 = 0x1002;
const CLOSE_SESSION: u16 = 0x1003;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is no number"))
    })
}

fn context(scene: &Scene, radios: Radios) -> Context {
    let text = format!(
        "library = \"photos\"\n[targets.nas]\nkind = \"folder\"\npath = \"lan/nas\"\nmake = true\n\
         [cameras.a]\nnetwork = \"{NETWORK}\"\naddress = \"{}\"\n\
         passphrase = {{ file = \"passphrase\" }}\n[wifi]\nshare = {}\n",
        scene.address(),
        radios == Radios::One,
    );
    std::fs::write(scene.path().join("passphrase"), PASSPHRASE).unwrap();
    let config = scene.path().join("station.toml");
    std::fs::write(&config, text).unwrap();
    Context {
        out: Output::new(Voice { quiet: true, ..Voice::default() }),
        config: Some(config),
        interrupt: Interrupt::by_hand(),
        places: Places::made_up(scene.path(), &[]),
    }
}

/// As configured, on the scene's bus, clock and disk.
fn means(config: &Config, scene: &Scene, library: &str) -> Means {
    let folder =
        Folder::with_files(scene.path().join("lan/nas"), Arc::new(Room(scene.is_full.clone())));
    let usage = Usage { make: true, read_back: true };
    let target = FileTarget::new(Arc::new(folder), usage, &format!("{library} nas"));
    Means {
        pace: Pace::from(config),
        lookout: Lookout::on_bus(config.wifi.clone(), scene.air.address()),
        clock: scene.wall.clone(),
        jobs: vec![Job::new("nas", Arc::new(target))],
    }
}

/// All mishaps in a new order, again and again.
fn deck(random: &mut Random, count: u64) -> Vec<Mishap> {
    let mut deck = Vec::new();
    while (deck.len() as u64) < count {
        let mut some = Mishap::ALL.to_vec();
        while !some.is_empty() {
            let at = usize::try_from(random.below(some.len() as u64)).unwrap();
            deck.push(some.swap_remove(at));
        }
    }
    deck.truncate(usize::try_from(count).unwrap());
    deck
}

async fn cycle(scene: &Scene, mishap: Mishap, random: &mut Random) {
    scene.begin_cycle();
    let before = scene.traces();
    scene.shoot(1 + random.below(3));
    mishap.play(scene, random).await;
    scene.until("all is fetched, and the network left", Scene::is_served).await;
    left_politely(scene, mishap);
    let joins = scene.joins();
    scene.pass(random.seconds(0, 60)).await;
    assert_eq!(scene.joins(), joins, "it was joined again before it was seen gone");
    let gone = scene.gone();
    scene.go_off_air();
    scene.until("it was seen gone", |scene| scene.gone() > gone).await;
    mishap.make_good(scene, random).await;
    scene.until("all is proven", |scene| scene.proven() == scene.expected()).await;
    scene.until("all is as before", |scene| scene.traces() == before).await;
    scene.camera().clear_faults();
    scene.check_target();
}

/// The last session was closed, and where nothing went wrong all were.
fn left_politely(scene: &Scene, mishap: Mishap) {
    let journal = scene.camera().journal();
    let count = |code: u16| journal.iter().filter(|row| row.operation == code).count();
    let (opened, closed) = (count(OPEN_SESSION), count(CLOSE_SESSION));
    if mishap == Mishap::None {
        assert_eq!((opened, closed), (1, 1), "{journal:?}");
    }
    let last = journal.iter().rfind(|row| row.operation != 0).unwrap();
    assert_eq!(last.operation, CLOSE_SESSION, "{mishap:?}: {last:?}");
    assert_eq!(scene.camera().violations().len(), 0);
}

async fn play(radios: Radios) {
    let (cycles, seed) = (variable("FILMWIRE_CYCLES", 6), variable("FILMWIRE_SEED", 1));
    println!("FILMWIRE_SEED={seed} FILMWIRE_CYCLES={cycles}");
    let mut random = Random(seed);
    let scene = Scene::new(radios, seed).await;
    let context = context(&scene, radios);
    let config = context.load().unwrap();
    let library = open_library(&config, Create::IfMissingOrEmpty, &context).unwrap();
    let means = means(&config, &scene, library.id());
    let counts = library.catalogue().unwrap();
    let mut say = Say::new(&config, &library, context.out.clone());
    let crew = Crew::start(&config, library, &context, means).unwrap();
    let service = Service::start();
    let mut observe = |told: &super::told::Told| scene.hear(told);
    let mishaps = deck(&mut random, cycles);
    let play = async {
        for (number, mishap) in mishaps.into_iter().enumerate() {
            println!("{number}: {mishap:?}");
            cycle(&scene, mishap, &mut random).await;
        }
        context.interrupt.stop();
    };
    let (failure, ()) = tokio::join!(crew.work(&mut say, &service, &mut observe), play);
    assert!(failure.is_none(), "{failure:?}");
    scene.check_all();
    let counts = counts.delivery_counts().unwrap();
    let [count] = counts.as_slice() else { panic!("{counts:?}") };
    assert_eq!((count.state, count.files), (DeliveryState::Proven, scene.expected() as u64));
}

#[tokio::test]
async fn cameras_are_served_again_and_again_by_a_radio_of_their_own() {
    play(Radios::Two).await;
}

#[tokio::test]
async fn cameras_are_served_again_and_again_by_the_radio_that_is_at_home() {
    play(Radios::One).await;
}
