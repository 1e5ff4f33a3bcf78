//! Kill -9 at random moments of a station whose clock steps, by seconds and by weeks, forth and
//! back, while it works and between its runs.
//!
//! The station is this very test program, started once more, for a clock can only be passed in.
//! `FILMWIRE_KILLS` sets the number of kills, `FILMWIRE_SEED` their seed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use filmwire_catalogue::{Create, DeliveryState};
use filmwire_deliver::Backoff;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, SimOptions, SimServer};

use super::around::{Random, Wall};
use super::scene::files;
use super::variable;
use crate::config::Config;
use crate::context::Context;
use crate::run::crew::{Crew, Means, Pace};
use crate::run::notify::Service;
use crate::run::open_library;
use crate::run::say::Say;
use filmwire_program::interrupt::Interrupt;
use filmwire_program::output::{Output, Voice};
use filmwire_program::places::Places;

/// Where the station that is to be killed works.
const FOLDER: &str = "FILMWIRE_PLAY_IN";
/// Set for a station whose clock is behind all there were, and steps no more.
const IS_LAST: &str = "FILMWIRE_PLAY_IS_LAST";
/// Longest life of a station, in milliseconds.
const LIFE_MS: u64 = 600;
const LIMIT: Duration = Duration::from_secs(60);
const START_MS: i64 = 1_796_000_000_000;
const MONTH_MS: i64 = 2_600_000_000;

fn context(folder: &Path) -> Context {
    Context {
        out: Output::new(Voice { quiet: true, ..Voice::default() }),
        config: Some(folder.join("station.toml")),
        interrupt: Interrupt::by_hand(),
        places: Places::made_up(folder, &[]),
    }
}

/// By up to three weeks, mostly by less.
fn step(random: &mut Random) -> i64 {
    let widest = [2_000, 100_000, 10_000_000, 1_800_000_000];
    let widest = widest[usize::try_from(random.below(4)).unwrap()];
    i64::try_from(random.below(2 * widest)).unwrap() - i64::try_from(widest).unwrap()
}

#[tokio::test]
#[ignore = "it works until it is killed: the next one starts it"]
async fn station() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let mut random = Random(variable("FILMWIRE_SEED", 1));
    let context = context(&folder);
    let config = Config::load(context.config.as_deref(), &context.places).unwrap();
    let library = open_library(&config, Create::IfMissingOrEmpty, &context).unwrap();
    let backoff = Backoff { first: Duration::from_millis(50), longest: Duration::from_millis(500) };
    let pace = Pace { backoff, ..Pace::from(&config) };
    let is_last = std::env::var_os(IS_LAST).is_some();
    let start_ms = START_MS + if is_last { -MONTH_MS } else { step(&mut random) };
    let wall = Arc::new(Wall::new(start_ms).looking_every(Duration::from_millis(20)));
    let means = Means { clock: wall.clone(), ..Means::of(&config, library.id(), pace).unwrap() };
    let mut say = Say::new(&config, &library, context.out.clone());
    let crew = Crew::start(&config, library, &context, means).unwrap();
    let (service, mut observe) = (Service::start(), |_: &_| {});
    let stepping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(10 + random.below(100))).await;
            wall.step(if is_last { 0 } else { step(&mut random) });
        }
    };
    tokio::select! {
        failure = crew.work(&mut say, &service, &mut observe) => panic!("{failure:?}"),
        () = stepping => {}
    }
}

/// A station at work. It is killed when this is dropped.
struct Going(Child);

impl Going {
    fn start(folder: &Path, seed: u64) -> Self {
        Self::start_with(folder, seed, &[])
    }

    fn start_with(folder: &Path, seed: u64, variables: &[(&str, &str)]) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "run::cycles::clock::station"])
            .envs(variables.iter().copied())
            .env(FOLDER, folder)
            .env("FILMWIRE_SEED", seed.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        assert!(self.0.try_wait().unwrap().is_none(), "it ended by itself");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Contents of all photos below a folder, in order.
fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let read = |path: PathBuf| std::fs::read(path).unwrap();
    let mut all: Vec<_> = files(folder).into_iter().map(read).collect();
    all.sort();
    all
}

#[test]
fn a_station_killed_while_its_clock_steps_loses_and_doubles_nothing() {
    let (kills, seed) = (variable("FILMWIRE_KILLS", 8), variable("FILMWIRE_SEED", 1));
    println!("FILMWIRE_SEED={seed} FILMWIRE_KILLS={kills}");
    let mut random = Random(seed);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let spec = GenerateSpec { photos: 3, seed, ..GenerateSpec::default() };
    let options = SimOptions::new(Persona::builtin("X-T20").unwrap(), Card::generated(&spec));
    let server = runtime.block_on(SimServer::bind(options)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = format!(
        "library = \"photos\"\nevery_s = 1\n[cameras.a]\naddress = \"{}\"\n\
         [targets.nas]\nkind = \"folder\"\npath = \"nas\"\nmake = true\n\
         [targets.usb]\nkind = \"folder\"\npath = \"mnt/usb\"\nmake = true\n",
        server.addresses().command
    );
    std::fs::write(at("station.toml"), text).unwrap();
    std::fs::create_dir(at("mnt")).unwrap();
    for number in 0..kills {
        let going = Going::start(folder.path(), seed.wrapping_add(number));
        let away = random.below(2) == 0;
        let life = Duration::from_millis(100 + random.below(LIFE_MS));
        std::thread::sleep(life / 2);
        if away {
            std::fs::rename(at("mnt"), at("away")).unwrap();
        }
        std::thread::sleep(life / 2);
        drop(going);
        if away {
            std::fs::rename(at("away"), at("mnt")).unwrap();
        }
        let photos = usize::try_from(random.below(3)).unwrap();
        server.simulator().with_card(|card| card.shoot(photos));
    }
    let mut expected = server.simulator().with_card(|card| {
        let size =
            |object: &filmwire_sim::card::CardObject| usize::try_from(object.size_bytes).unwrap();
        let read = |object: filmwire_sim::card::CardObject| {
            object.read_at(0, size(&object)).unwrap().to_vec()
        };
        card.objects().map(read).collect::<Vec<_>>()
    });
    expected.sort();
    let context = context(folder.path());
    let config = Config::load(context.config.as_deref(), &context.places).unwrap();
    let library = open_library(&config, Create::Never, &context).unwrap();
    let going = Going::start_with(folder.path(), seed, &[(IS_LAST, "1")]);
    let begun = Instant::now();
    loop {
        let counts = library.catalogue().unwrap().delivery_counts().unwrap();
        let is_proven = |target: &str| {
            let is_it = |count: &filmwire_catalogue::DeliveryCount| {
                count.target == target
                    && count.state == DeliveryState::Proven
                    && count.files == expected.len() as u64
            };
            counts.iter().any(is_it)
        };
        if counts.len() == 2 && is_proven("nas") && is_proven("usb") {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "{} photos: {counts:?}", expected.len());
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(going);
    for place in ["photos", "nas", "mnt/usb"] {
        let found = contents(&at(place));
        assert!(found == expected, "{place}: {} of {}", found.len(), expected.len());
    }
}
