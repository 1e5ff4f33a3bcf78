//! `doctor` on the way into the camera's network, with a stand-in for NetworkManager and folders in
//! the place of `/sys` and `/proc`. The loopback interface plays the radio, so that a simulated
//! camera is behind it. Every step's own scenes are in `crates/doctor/src/way/tests.rs`.

use std::fs;
use std::net::Ipv4Addr;

use filmwire_link::stand_in::Cell;
use serde_json::{Value, json};

use crate::camera::{Camera, nobody};
use crate::link::Air;
use crate::program::Ran;

const CAMERA: &str = "FUJIFILM-X-T20-1A2B";

/// The camera's own words come after these.
const WAY: usize = 9;

struct Scene {
    air: Air,
    address: String,
    _camera: Option<Camera>,
}

impl Scene {
    /// With the radio in a camera's network; a camera is there or not.
    fn new(camera: Option<Camera>) -> Self {
        let air = Air::with_radios(&["lo"]);
        let address = camera.as_ref().map_or_else(nobody, |camera| camera.address.clone());
        let scene = Self { air, address: format!("{address}%lo"), _camera: camera };
        for (path, content) in [
            ("sys/class/net/lo/phy80211/name", "phy0\n"),
            ("sys/class/net/lo/operstate", "unknown\n"),
            ("sys/class/rfkill/rfkill0/type", "wlan\n"),
            ("sys/class/rfkill/rfkill0/name", "phy0\n"),
            ("sys/class/rfkill/rfkill0/soft", "0\n"),
            ("sys/class/rfkill/rfkill0/hard", "0\n"),
            ("sys/module/cfg80211/parameters/ieee80211_regdom", "DE\n"),
            ("proc/uptime", "17.00 30.00\n"),
        ] {
            scene.write(path, content);
        }
        scene.air.stand_in.show(Cell::open(CAMERA));
        scene.air.join("lo", CAMERA);
        scene.air.stand_in.set_address("lo", Some(Ipv4Addr::LOCALHOST));
        scene
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.air.folder().join("root").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn run(&self, words: &[&str]) -> Ran {
        let all = [&["doctor", "--root", "root", "--camera", &self.address], words].concat();
        self.air.run(&all)
    }

    /// Steps of the way without their times, and the end.
    fn json(&self, words: &[&str]) -> (Vec<Value>, Value) {
        let lines = self.run(&[&["--json"], words].concat()).lines("doctor");
        let is = |kind: &str, line: &&Value| line["kind"] == kind;
        let mut steps: Vec<_> = lines.iter().filter(|line| is("step", line)).cloned().collect();
        steps.truncate(WAY);
        for step in &mut steps {
            assert!(step.as_object_mut().unwrap().remove("at_ms").unwrap().is_u64());
        }
        (steps, lines.iter().find(|line| is("diagnosis", line)).unwrap().clone())
    }
}

fn step(name: &str, outcome: &str, saw: &str, cause: Option<&str>, help: Option<&str>) -> Value {
    json!({
        "v": 1, "kind": "step", "step": name, "outcome": outcome, "saw": saw, "cause": cause,
        "help": help,
    })
}

fn passed(name: &str, saw: &str) -> Value {
    step(name, "passed", saw, None, None)
}

#[test]
fn a_way_that_leads_to_the_camera_passes_and_nothing_is_changed() {
    let scene = Scene::new(Some(Camera::start(&["--photos", "1"])));
    let ran = scene.run(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let (steps, end) = scene.json(&[]);
    let module = "DE, as the kernel's module was loaded";
    let expected = [
        passed("address", &scene.address),
        passed("radio", "lo"),
        passed("rfkill", "phy0 is on"),
        passed("regdom", module),
        passed("manager", "NetworkManager 1.42.4"),
        passed("scan", "FUJIFILM-X-T20-1A2B, which lo is in"),
        passed("association", "lo is in FUJIFILM-X-T20-1A2B"),
        passed("dhcp", "lo has 127.0.0.1/24"),
        passed("route", "by lo, which it is bound to"),
    ];
    assert_eq!(steps, expected);
    let healthy = json!({
        "v": 1, "kind": "diagnosis", "outcome": "done", "healthy": true, "broken_at": null,
    });
    assert_eq!(end, healthy);
    assert_eq!(scene.air.stand_in.log(), [format!("joined {CAMERA} on lo")]);
}

#[test]
fn why_steps_are_skipped_is_said_once() {
    let camera = Camera::start(&["--photos", "1"]);
    let scene = Scene::new(None);
    let ran = scene.air.run(&["doctor", "--camera", &camera.address]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<_> = ran.out.lines().skip(1).take(3).collect();
    let expected = [
        "radio         skipped the camera's address is one of this computer's own",
        "rfkill        skipped",
        "regdom        skipped",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn the_step_where_the_way_is_broken_is_told_and_those_behind_it_are_not_reached() {
    let scene = Scene::new(None);
    scene.air.stand_in.switch(false);
    let (steps, end) = scene.json(&[]);
    let (cause, help) =
        ("NetworkManager has Wi-Fi switched off", "switch it on: `nmcli radio wifi on`");
    assert_eq!(steps[1], passed("radio", "lo"));
    assert_eq!(steps[2], step("rfkill", "failed", "phy0 is on", Some(cause), Some(help)));
    assert_eq!(steps[3], step("regdom", "not-reached", "", None, None));
    let broken = json!({
        "v": 1, "kind": "diagnosis", "outcome": "no-camera", "healthy": false,
        "broken_at": "rfkill",
    });
    assert_eq!(end, broken);
    let ran = scene.run(&[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.err, format!("error: {cause}\nhelp: {help}\n"));
    assert!(
        ran.out.contains("\nrfkill        FAILED  phy0 is on\nregdom        -\n"),
        "{}",
        ran.out
    );
}

#[test]
fn every_step_of_the_way_can_be_where_it_is_broken() {
    type Break = fn(&Scene);
    let breaks: [(&str, Break); 7] = [
        ("radio", |scene| scene.air.stand_in.unmanage("lo")),
        ("rfkill", |scene| scene.write("sys/class/rfkill/rfkill0/hard", "1")),
        ("manager", |scene| scene.air.stand_in.stop()),
        ("scan", |scene| scene.air.stand_in.hide(CAMERA)),
        ("association", |scene| scene.air.stand_in.stand_still("lo", 60, 7)),
        ("dhcp", |scene| scene.air.stand_in.set_address("lo", None)),
        ("route", |scene| scene.air.stand_in.set_address("lo", Some(Ipv4Addr::new(10, 0, 0, 1)))),
    ];
    for (name, way) in breaks {
        let scene = Scene::new(None);
        way(&scene);
        let (steps, end) = scene.json(&[]);
        assert_eq!(end["broken_at"], name, "{steps:?}");
        let broken = steps.iter().position(|step| step["step"] == name).unwrap();
        let before: Vec<_> = steps[..broken].iter().map(|step| &step["outcome"]).collect();
        assert!(before.iter().all(|outcome| *outcome == "passed"), "{name}: {steps:?}");
    }
}

#[test]
fn what_stands_in_the_way_only_by_the_book_breaks_nothing() {
    let scene = Scene::new(Some(Camera::start(&["--photos", "1"])));
    scene.air.stand_in.switch(false);
    let ran = scene.run(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let (steps, end) = scene.json(&[]);
    let help = format!("none is needed as long as {} answers, as it does now", scene.address);
    let cause = "NetworkManager has Wi-Fi switched off";
    assert_eq!(steps[2], step("rfkill", "doubtful", "phy0 is on", Some(cause), Some(&help)));
    assert_eq!((&end["healthy"], &end["broken_at"]), (&json!(true), &Value::Null));
    // One connection for each run: a camera notices them.
    let rows = scene._camera.as_ref().unwrap().left();
    let connections: std::collections::BTreeSet<_> =
        rows.iter().map(|row| row.connection).collect();
    assert_eq!(connections.len(), 2, "{rows:?}");
}

#[test]
fn without_a_bus_the_steps_of_networkmanager_are_skipped() {
    let scene = Scene::new(Some(Camera::start(&["--photos", "1"])));
    scene.write("sys/class/net/lo/operstate", "up\n");
    let [to, mask] = [[127, 0, 0, 0], [255, 0, 0, 0]].map(u32::from_ne_bytes);
    let route = format!("Iface\nlo\t{to:08X}\t00000000\t0001\t0\t0\t0\t{mask:08X}\t0\t0\t0\n");
    scene.write("proc/net/route", &route);
    let bus = format!("unix:path={}/none", scene.air.folder().display());
    let words = ["doctor", "--root", "root", "--camera", &scene.address, "--json"];
    let variables = [("DBUS_SYSTEM_BUS_ADDRESS", bus.as_str())];
    let ran = crate::program::run_with(scene.air.folder(), &words, &variables);
    assert_eq!(ran.code, 0, "{ran:?}");
    let steps = ran.of_kind("doctor", "step");
    let outcomes: Vec<_> =
        steps[1..WAY].iter().map(|step| step["outcome"].as_str().unwrap()).collect();
    let (passed, skipped) = ("passed", "skipped");
    assert_eq!(outcomes, [passed, passed, passed, skipped, skipped, passed, passed, passed]);
    let why = steps[4]["cause"].as_str().unwrap();
    assert!(why.starts_with("NetworkManager cannot be reached: "), "{why}");
}

#[test]
fn a_network_and_a_radio_can_be_named() {
    let scene = Scene::new(None);
    let (_, end) = scene.json(&["--radio", "wlan9"]);
    assert_eq!(end["broken_at"], "radio");
    let (steps, _) = scene.json(&["My camera"]);
    let saw = "one other network, looked 2 s ago";
    assert_eq!((&steps[5]["saw"], &steps[5]["outcome"]), (&json!(saw), &json!("failed")));
    assert_eq!(steps[5]["cause"], "My camera is not in sight");
}
