//! Cameras in networks of their own, with a stand-in for NetworkManager. The camera listens on
//! loopback, so its radio is called so.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use filmwire_link::stand_in::{Cell, StandIn};
use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Going, LIMIT, Ran, Simulated, photos};

const NETWORK: &str = "FUJIFILM-X-T20-1A2B";
const JOINED: &str = "joined FUJIFILM-X-T20-1A2B on lo";
const LEFT: &str = "left filmwire FUJIFILM-X-T20-1A2B on lo";
const HOME: &str = "joined home on lo";

/// A camera and the air around it.
struct Scene {
    air: StandIn,
    camera: Simulated,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let (folder, camera) = (tempfile::tempdir().unwrap(), Simulated::new(3, 1));
        let bus = folder.path().join("bus");
        let air = camera.runtime.block_on(async { StandIn::listen(&bus).unwrap() });
        air.add_radio("lo");
        Self { air, camera, folder }
    }

    fn at_home() -> Self {
        let scene = Self::new();
        let guard = scene.camera.runtime.enter();
        scene.air.set_home("lo", "home", true);
        drop(guard);
        scene.until_log_is(&[HOME]);
        scene
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self, more: &str) -> String {
        format!(
            "library = \"photos\"\nevery_s = 1\n[targets.nas]\nkind = \"folder\"\npath = \"nas\"\n\
             make = true\n[cameras.a]\nnetwork = \"{NETWORK}\"\naddress = \"{}\"\n{more}",
            self.camera.address()
        )
    }

    fn start(&self, more: &str) -> Going {
        let variables = [("DBUS_SYSTEM_BUS_ADDRESS", self.air.address())];
        Going::start(self.path(), &self.config(more), &variables)
    }

    fn once(&self, more: &str) -> Ran {
        let variables = [("DBUS_SYSTEM_BUS_ADDRESS", self.air.address())];
        Going::once(self.path(), &self.config(more), &variables).end()
    }

    fn until_log_is(&self, expected: &[&str]) {
        let start = Instant::now();
        while self.air.log() != expected {
            assert!(start.elapsed() < LIMIT, "{expected:?}: {:?}", self.air.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Kinds of the lines, in order.
fn kinds(ran: &Ran) -> Vec<String> {
    let kind = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["kind"].as_str().unwrap().to_owned()
    };
    ran.out.lines().map(kind).collect()
}

fn place(kinds: &[String], kind: &str) -> usize {
    kinds.iter().position(|found| found == kind).unwrap_or_else(|| panic!("no {kind}: {kinds:?}"))
}

#[test]
fn once_joins_fetches_leaves_and_delivers() {
    let scene = Scene::new();
    let ran = scene.once("");
    assert_eq!((ran.code, ran.of_kind("station-run", "away").len()), (0, 1), "{ran:?}");
    scene.air.show(Cell::open(NETWORK));
    let ran = scene.once("");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(scene.air.log(), [JOINED, LEFT]);
    assert!(scene.air.profiles().is_empty());
    let joined = &ran.of_kind("station-run", "joined")[0];
    assert_eq!((&joined["radio"], &joined["leaves"]), (&Value::from("lo"), &Value::Null));
    assert_eq!(photos(&scene.path().join("nas")).len(), 3);
}

#[test]
fn a_camera_is_served_each_time_its_network_appears() {
    let scene = Scene::new();
    let mut going = scene.start("");
    assert_eq!(going.wait("waiting")["network"], NETWORK);
    scene.air.show(Cell::open(NETWORK));
    going.wait("left");
    scene.until_log_is(&[JOINED, LEFT]);
    // It is not joined again before it was seen gone.
    scene.air.hide(NETWORK);
    going.wait("gone");
    scene.until_log_is(&[JOINED, LEFT]);
    scene.air.show(Cell::open(NETWORK));
    going.wait_all("served", 2);
    going.signal(Signal::TERM);
    let ran = going.end();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(scene.air.log(), [JOINED, LEFT, JOINED, LEFT]);
    assert_eq!(photos(&scene.path().join("nas")).len(), 3);
}

#[test]
fn a_camera_that_nobody_configured_is_told_of_and_left_alone() {
    let scene = Scene::new();
    for name in ["home", "FUJIFILM-X-T5-003B", NETWORK] {
        scene.air.show(Cell::open(name));
    }
    let mut going = scene.start("");
    assert_eq!(going.wait("stranger")["network"], "FUJIFILM-X-T5-003B");
    going.wait("left");
    going.signal(Signal::TERM);
    let ran = going.end();
    assert_eq!((ran.code, ran.of_kind("station-run", "stranger").len()), (0, 1), "{ran:?}");
    assert_eq!(scene.air.log(), [JOINED, LEFT]);
}

#[test]
fn deliveries_wait_while_the_only_radio_is_away_from_home() {
    let scene = Scene::at_home();
    scene.air.show(Cell::open(NETWORK));
    let ran = scene.once("");
    assert_eq!((ran.code, scene.air.log().len()), (0, 1), "it may not leave home: {ran:?}");
    let away = &ran.of_kind("station-run", "away")[0]["text"];
    assert!(away.as_str().unwrap().contains("in use by \"home\""), "{away}");

    let mut going = scene.start("[wifi]\nshare = true\n");
    going.wait_all("delivered", 3);
    going.signal(Signal::TERM);
    let ran = going.end();
    let kinds = kinds(&ran);
    let (joined, left) = (place(&kinds, "joined"), place(&kinds, "left"));
    assert!(joined < place(&kinds, "fetched") && place(&kinds, "fetched") < left, "{kinds:?}");
    assert!(left < place(&kinds, "sending"), "{kinds:?}");
    assert_eq!(ran.of_kind("station-run", "joined")[0]["leaves"], "home");
    assert_eq!(&scene.air.log()[..3], [HOME, JOINED, LEFT]);
    assert_eq!(scene.air.log().last().unwrap(), HOME);
    assert_eq!(scene.air.profiles(), ["home"]);
}

#[test]
fn a_station_that_is_killed_leaves_the_network() {
    let scene = Scene::at_home();
    scene.air.show(Cell::open(NETWORK));
    let mut going = scene.start("[wifi]\nshare = true\n");
    going.wait("joined");
    going.signal(Signal::KILL);
    going.end_killed();
    scene.until_log_is(&[HOME, JOINED, LEFT, HOME]);
    assert_eq!(scene.air.profiles(), ["home"]);
}

#[test]
fn a_stop_leaves_the_network_and_the_radio_gets_home_back() {
    let scene = Scene::at_home();
    scene.air.show(Cell::open(NETWORK));
    let mut going = scene.start("[wifi]\nshare = true\n");
    going.wait("joined");
    let start = Instant::now();
    going.signal(Signal::TERM);
    let ran = going.end();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(scene.air.log().last().unwrap(), HOME);
}

#[test]
fn a_wrong_passphrase_is_told_once_and_not_tried_all_the_time() {
    let scene = Scene::new();
    scene.air.show(Cell { passphrase: Some("hunter2hunter2".into()), ..Cell::open(NETWORK) });
    fs::write(scene.path().join("secret"), "hunter3hunter3\n").unwrap();
    let mut going = scene.start("passphrase = { file = \"secret\" }\n");
    let odd = going.wait("odd");
    assert!(odd["text"].as_str().unwrap().contains("does not take the passphrase"), "{odd}");
    // Several looks later.
    std::thread::sleep(Duration::from_secs(3));
    going.signal(Signal::TERM);
    let ran = going.end();
    assert_eq!(ran.of_kind("station-run", "odd").len(), 1);
    assert_eq!(scene.air.log(), [format!("failed {NETWORK} on lo")]);
    assert!(!ran.out.contains("hunter"), "{ran:?}");
    fs::write(scene.path().join("secret"), "hunter2hunter2\n").unwrap();
    let ran = scene.once("passphrase = { file = \"secret\" }\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(photos(&scene.path().join("nas")).len(), 3);
}
