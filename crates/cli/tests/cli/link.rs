//! `discover` and `join`, with a stand-in for NetworkManager.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use filmwire_link::stand_in::{Cell, StandIn};
use rustix::process::Signal;
use serde_json::json;

use crate::camera::{read_until, signal, wait};
use crate::program::{Ran, command, run_with};

const CAMERA: &str = "FUJIFILM-X-T20-1A2B";

pub(crate) struct Air {
    pub(crate) stand_in: StandIn,
    folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Air {
    pub(crate) fn with_radios(radios: &[&str]) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let bus = folder.path().join("bus");
        let stand_in = runtime.block_on(async { StandIn::listen(&bus).unwrap() });
        radios.iter().for_each(|radio| stand_in.add_radio(radio));
        Self { stand_in, folder, _runtime: runtime }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        let variables =
            [("DBUS_SYSTEM_BUS_ADDRESS", self.stand_in.address()), ("PATH", "/usr/bin:/bin")];
        run_with(self.folder(), words, &variables)
    }

    fn set_home(&self, interface: &str) {
        let _guard = self._runtime.enter();
        self.stand_in.set_home(interface, "home", true);
        self.until_log_ends("joined home on wlan0");
    }

    /// Puts a radio into a network.
    pub(crate) fn join(&self, interface: &str, network: &str) {
        let _guard = self._runtime.enter();
        self.stand_in.set_home(interface, network, false);
        self.until_log_ends(&format!("joined {network} on {interface}"));
    }

    fn until_log_ends(&self, end: &str) {
        let limit = Instant::now() + Duration::from_secs(20);
        while self.stand_in.log().last().is_none_or(|last| last != end) {
            assert!(Instant::now() < limit, "{end}: {:?}", self.stand_in.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn cameras_in_the_air_are_listed() {
    let air = Air::with_radios(&["wlan0", "wlan1"]);
    air.set_home("wlan0");
    let none = air.run(&["discover"]);
    assert_eq!((none.code, none.out.as_str()), (3, ""));
    assert!(none.err.contains("no camera's network is in sight"), "{none:?}");
    air.stand_in.show(Cell::open(CAMERA));
    air.stand_in.show(Cell { passphrase: Some("x".into()), ..Cell::open("Home") });
    let ran = air.run(&["discover"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<_> =
        ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], [CAMERA, "60", "%", "open", "wlan1"]);
    assert_eq!(lines[1], [CAMERA, "60", "%", "open", "wlan0,", "in", "use", "by", "home"]);
    assert_eq!(lines.len(), 2);
    let ran = air.run(&["discover", "--all", "--radio", "wlan0", "--json"]);
    let lines = ran.lines("discover");
    assert_eq!(
        lines[1],
        json!({
            "v": 1, "kind": "network", "ssid": "Home", "camera": false, "security": "passphrase",
            "strength": 60, "radio": "wlan0", "used_by": "home",
        })
    );
    assert_eq!(lines[2], json!({ "v": 1, "kind": "discovery", "outcome": "done", "cameras": 1 }));
}

#[test]
fn a_command_is_run_in_the_network_and_its_end_is_ours() {
    let air = Air::with_radios(&["wlan0"]);
    air.stand_in.show(Cell::open(CAMERA));
    for (script, code) in [("printf %s $FILMWIRE_CAMERA > seen", 0), ("exit 4", 4), ("exit 77", 1)]
    {
        let ran = air.run(&["join", "--json", "--", "sh", "-c", script]);
        assert_eq!(ran.code, code, "{ran:?}");
        let lines = ran.lines("join");
        assert_eq!((&lines[0]["kind"], &lines[0]["ssid"]), (&json!("joined"), &json!(CAMERA)));
        assert_eq!(lines[0]["camera"], "192.168.0.1:55740%wlan0");
        assert_eq!(lines[1]["kind"], "left");
    }
    assert_eq!(fs::read_to_string(air.folder().join("seen")).unwrap(), "192.168.0.1:55740%wlan0");
    assert_eq!(air.stand_in.log().len(), 6, "{:?}", air.stand_in.log());
    assert!(air.stand_in.profiles().is_empty());
}

#[test]
fn a_radio_is_shared_only_when_that_is_asked_for() {
    let air = Air::with_radios(&["wlan0"]);
    air.set_home("wlan0");
    air.stand_in.show(Cell::open(CAMERA));
    let ran = air.run(&["join", "--", "true"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.contains("wlan0 is in use by \"home\"") && ran.err.contains("--share"),
        "{ran:?}"
    );
    assert_eq!(air.stand_in.log().len(), 1, "{:?}", air.stand_in.log());
    let ran = air.run(&["join", "--share", "--", "true"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let warned = ran.err.find("wlan0 leaves home for now").expect("a warning");
    assert!(warned < ran.err.find("wlan0 is in FUJIFILM").unwrap(), "{}", ran.err);
    assert!(ran.err.contains("the Internet among it"), "{}", ran.err);
    air.until_log_ends("joined home on wlan0");

    air.stand_in.lose_home();
    let mut child = {
        let words = ["join", "--share", "--json"];
        let mut child = command(air.folder(), &words);
        child.env("DBUS_SYSTEM_BUS_ADDRESS", air.stand_in.address()).spawn().unwrap()
    };
    read_until(&mut child, "joined");
    // Killed, the program restores nothing itself.
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    air.until_log_ends(&format!("left filmwire {CAMERA} on wlan0"));
}

#[test]
fn it_stays_until_it_is_interrupted_or_the_network_goes() {
    let air = Air::with_radios(&["wlan0"]);
    air.stand_in.show(Cell::open(CAMERA));
    let start = || {
        let mut child = command(air.folder(), &["join", CAMERA, "--json"]);
        let mut child =
            child.env("DBUS_SYSTEM_BUS_ADDRESS", air.stand_in.address()).spawn().unwrap();
        read_until(&mut child, "joined");
        child
    };
    let mut child = start();
    signal(&child, Signal::INT);
    assert_eq!(wait(&mut child), 0);
    air.until_log_ends(&format!("left filmwire {CAMERA} on wlan0"));
    let mut child = start();
    air.stand_in.hide(CAMERA);
    assert_eq!(wait(&mut child), 3);
}

#[test]
fn passphrases_come_from_files_and_are_not_shown() {
    let air = Air::with_radios(&["wlan0"]);
    air.stand_in.show(Cell { passphrase: Some("hunter2hunter2".into()), ..Cell::open(CAMERA) });
    fs::write(air.folder().join("right"), "hunter2hunter2\n").unwrap();
    fs::write(air.folder().join("wrong"), "hunter3hunter3\n").unwrap();
    fs::write(air.folder().join("short"), "hunter\n").unwrap();
    for (words, code, said) in [
        (&["join"][..], 2, "--passphrase-file"),
        (&["join", "--passphrase-file", "short"], 2, "8 to 63"),
        (&["join", "--passphrase-file", "none"], 6, "none"),
        (&["join", "--passphrase-file", "wrong"], 3, "does not take the passphrase"),
        (&["join", "--passphrase-file", "right", "--", "true"], 0, "Left it"),
        (&["join", "Elsewhere"], 3, "Elsewhere is not in sight"),
        (&["join", "--radio", "wlan9"], 3, "there is no radio wlan9"),
    ] {
        let ran = air.run(words);
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains(said), "{said}: {ran:?}");
        assert!(!ran.err.contains("hunter"), "{ran:?}");
    }
    air.stand_in.show(Cell::open("FUJIFILM-X-T5-003B"));
    let ran = air.run(&["join"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("FUJIFILM-X-T20-1A2B, FUJIFILM-X-T5-003B"), "{ran:?}");
}

#[test]
fn without_networkmanager_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let bus = format!("unix:path={}/none", folder.path().display());
    let ran = run_with(folder.path(), &["discover"], &[("DBUS_SYSTEM_BUS_ADDRESS", &bus)]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("NetworkManager cannot be reached"), "{ran:?}");
    assert!(ran.err.contains("join the network by hand"), "{ran:?}");
}
