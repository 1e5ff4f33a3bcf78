//! `run`, and its ends.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Instant;

use rustix::process::Signal;

use crate::program::{Going, LIMIT, Simulated, photos, run};

/// Two targets, of which the second is a folder that was never made one.
fn config(address: &str, second_is_made: bool) -> String {
    format!(
        "library = \"photos\"\nevery_s = 1\n[cameras.a]\naddress = \"{address}\"\n\
         [targets.nas]\nkind = \"folder\"\npath = \"nas\"\nmake = true\n\
         [targets.usb]\nkind = \"folder\"\npath = \"usb\"\nmake = {second_is_made}\n"
    )
}

fn once(folder: &Path, config: &str) -> crate::program::Ran {
    std::fs::write(folder.join("station.toml"), config).unwrap();
    run(folder, &["run", "--once", "--json", "--config", "station.toml"])
}

#[test]
fn once_fetches_delivers_and_tells_what_is_not_proven() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(4, 1);
    let ran = once(folder.path(), &config(&camera.address(), false));
    // The second target is absent; the first one has all the same what it is to get.
    assert_eq!(ran.code, 7, "{ran:?}");
    let below = |name: &str| photos(&folder.path().join(name));
    assert_eq!(below("photos").len(), 4);
    assert_eq!(below("photos"), below("nas"));
    assert_eq!(ran.of_kind("station-run", "paused")[0]["target"], "usb");
    assert_eq!(ran.of_kind("station-run", "summary")[0]["outcome"], "target-failed");
    // Made good, tried again by hand, it gets what it missed, and the other one nothing twice.
    std::fs::write(folder.path().join("station.toml"), config(&camera.address(), true)).unwrap();
    let status =
        |verb| run(folder.path(), &["deliver", verb, "--json", "--config", "station.toml"]);
    assert_eq!(status("status").code, 7);
    assert_eq!(status("retry").code, 0);
    let ran = once(folder.path(), &config(&camera.address(), true));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("station-run", "fetched").len(), 0);
    assert_eq!(ran.of_kind("station-run", "delivered").len(), 4);
    assert_eq!(below("photos"), below("usb"));
    assert_eq!(status("status").code, 0);
}

/// More than any disk has.
const ALL: &str = "keep_free_mib = 4294967295\n";

#[test]
fn a_full_disk_keeps_photos_from_being_fetched_and_not_from_being_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(3, 1);
    let text = config(&camera.address(), false);
    assert_eq!(once(folder.path(), &text).code, 7, "one target is absent");
    camera.server.simulator().with_card(|card| card.shoot(1));
    let text = config(&camera.address(), true);
    let retry = ["deliver", "retry", "--config", "station.toml"];
    assert_eq!(run(folder.path(), &retry).code, 0);
    let ran = once(folder.path(), &format!("{ALL}{text}"));
    assert_eq!(ran.code, 6, "{ran:?}");
    assert_eq!(ran.of_kind("station-run", "troubled")[0]["camera"], "a");
    assert_eq!(photos(&folder.path().join("usb")).len(), 3);
    let ran = once(folder.path(), &text);
    assert_eq!((ran.code, photos(&folder.path().join("usb")).len()), (0, 4), "{ran:?}");
}

#[test]
fn a_full_disk_does_not_end_the_station() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(3, 1);
    let text = format!("{ALL}{}", config(&camera.address(), true));
    let mut going = Going::start(folder.path(), &text, &[]);
    going.wait("troubled");
    going.wait("resting");
    going.signal(Signal::USR1);
    going.wait("troubled");
    going.wait("resting");
    going.signal(Signal::TERM);
    let ran = going.end();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!folder.path().join("nas").exists());
}

#[test]
fn once_without_a_camera_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(1, 1);
    let (address, runtime) = (camera.address(), camera.runtime);
    runtime.block_on(camera.server.shutdown());
    let ran = once(folder.path(), &config(&address, true));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.of_kind("station-run", "away")[0]["camera"], "a");
}

#[test]
fn an_empty_configuration_starts_and_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let mut going = Going::start(folder.path(), "", &[]);
    let station = going.wait("station");
    assert_eq!(station["lacks"].as_array().unwrap().len(), 2);
    going.signal(Signal::TERM);
    assert_eq!(going.end().code, 0);
    assert!(folder.path().join("Pictures/filmwire/.filmwire").exists());
}

#[test]
fn two_cameras_are_served_and_left_alone_and_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (Simulated::new(3, 1), Simulated::new(2, 2));
    let text =
        format!("{}[cameras.b]\naddress = \"{}\"\n", config(&one.address(), true), two.address());
    let mut going = Going::start(folder.path(), &text, &[]);
    going.wait("resting");
    going.wait("resting");
    let connections =
        || one.server.simulator().connections() + two.server.simulator().connections();
    // A camera that finds the library taken by the other's pass is left, and met again after it.
    let before = connections();
    assert!((2..=3).contains(&before), "{before}");
    one.server.simulator().with_card(|card| card.shoot(1));
    going.signal(Signal::USR1);
    going.wait("resting");
    going.wait("resting");
    assert!((before + 2..=before + 3).contains(&connections()), "{} {before}", connections());
    going.wait_all("delivered", 12);
    going.signal(Signal::TERM);
    let ran = going.end();
    assert_eq!(ran.code, 0);
    assert_eq!(ran.of_kind("station-run", "summary")[0]["new"], 6);
    assert_eq!(photos(&folder.path().join("photos")).len(), 6);
}

#[test]
fn it_ends_within_ten_seconds_whatever_a_target_does() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(2, 1);
    let text = format!(
        "library = \"photos\"\n[cameras.a]\naddress = \"{}\"\n[targets.x]\nkind = \"exec\"\n\
         command = [\"/bin/sh\", \"-c\", \"trap '' TERM INT; sleep 60\"]\n",
        camera.address()
    );
    let mut going = Going::start(folder.path(), &text, &[]);
    going.wait("sending");
    let asked = Instant::now();
    going.signal(Signal::TERM);
    let ran = going.end();
    assert!(asked.elapsed().as_secs() < 10, "{:?}", asked.elapsed());
    assert_eq!(ran.code, 0);
    assert_eq!(camera.server.simulator().violations().len(), 0);
}

#[test]
fn an_unmounted_library_is_noticed_and_not_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let text = "library = \"photos\"\n";
    assert_eq!(once(folder.path(), text).code, 0);
    std::fs::rename(folder.path().join("photos"), folder.path().join("elsewhere")).unwrap();
    std::fs::create_dir(folder.path().join("photos")).unwrap();
    let ran = once(folder.path(), text);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.err.contains("mount the disk"), "{}", ran.err);
    assert_eq!(std::fs::read_dir(folder.path().join("photos")).unwrap().count(), 0);
    std::fs::remove_dir(folder.path().join("photos")).unwrap();
    std::fs::rename(folder.path().join("elsewhere"), folder.path().join("photos")).unwrap();
    assert_eq!(once(folder.path(), text).code, 0);
}

#[test]
fn systemd_is_told_that_we_are_ready_alive_and_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "300000")];
    let going = Going::start(folder.path(), "library = \"photos\"\n", &variables);
    let hear = || {
        let mut text = [0; 256];
        let length = loop {
            match socket.recv(&mut text) {
                // Some other test's program has ended.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                length => break length.expect("systemd is told something"),
            }
        };
        String::from_utf8_lossy(&text[..length]).trim().to_owned()
    };
    assert_eq!(hear(), "READY=1\nSTATUS=waiting");
    for _ in 0..3 {
        assert_eq!(hear(), "WATCHDOG=1");
    }
    going.signal(Signal::TERM);
    let start = Instant::now();
    while hear() != "STOPPING=1" {
        assert!(start.elapsed() < LIMIT);
    }
    assert_eq!(going.end().code, 0);
}

#[test]
fn a_program_is_run_on_each_change_of_state() {
    let folder = tempfile::tempdir().unwrap();
    let camera = Simulated::new(2, 1);
    let text = format!(
        "{}[state]\ncommand = [\"/bin/sh\", \"-c\", \"echo $0 >> states\"]\n",
        config(&camera.address(), true)
    );
    let mut going = Going::start(folder.path(), &text, &[]);
    going.wait_all("delivered", 4);
    going.wait("idle");
    going.signal(Signal::TERM);
    assert_eq!(going.end().code, 0);
    // States that passed while the program ran are not made up for; the first and the last are shown.
    let states = std::fs::read_to_string(folder.path().join("states")).unwrap();
    let states: Vec<_> = states.lines().collect();
    assert_eq!((states.first(), states.last()), (Some(&"waiting"), Some(&"waiting")), "{states:?}");
    assert!(states.len() > 2, "{states:?}");
}
