//! With the real NetworkManager, in the world that `.ci/link` makes.
//!
//! There are no radios in it, so a cable is in the place of one: `wlan7` leads to a camera's
//! network, `eth0`, which NetworkManager leaves alone, home. Both have 192.168.0.1 in
//! 192.168.0.0/24; only the camera listens on port 7001, only home on 7002.

mod cycles;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::time::{sleep, timeout};
use zbus::{OwnedObjectPath, Proxy, Variant, connection};

use crate::error::Error;
use crate::join::{Joined, index_of};
use crate::manager::Manager;
use crate::network::{Network, Passphrase, Security, Ssid};
use crate::profile;
use crate::proxy::{ActiveProxy, DeviceProxy, Settings};
use crate::radio::{Choice, Radio, RadioState, Use};
use crate::survey::{Permission, Reason, Roots, Service, Stage, Survey, are_neighbours};

const RADIO: &str = "wlan7";
const LIMIT: Duration = Duration::from_secs(60);

async fn manager() -> Manager {
    let address = std::env::var("FILMWIRE_NETWORK_MANAGER").expect(".ci/link sets it");
    Manager::on(connection::Builder::address(address.as_str()).build().await.unwrap())
}

/// The cable as if it were a radio.
async fn radio(manager: &Manager) -> Radio {
    for path in manager.root().await.unwrap().get_devices().await.unwrap() {
        let device: DeviceProxy<'static> = manager.at(&path).await.unwrap();
        if device.interface().await.unwrap() == RADIO {
            let state = RadioState::of(device.state().await.unwrap());
            return Radio { interface: RADIO.to_owned(), state, path };
        }
    }
    panic!("there is no {RADIO}");
}

fn nowhere() -> OwnedObjectPath {
    OwnedObjectPath::try_from("/").unwrap()
}

fn network() -> Network {
    let (ssid, path) = (Ssid::new("FUJIFILM-X-T5-003B"), nowhere());
    Network { ssid, security: Security::Open, strength: 50, path }
}

fn cable(mut profile: Settings, name: &'static str, autoconnect: bool) -> Settings {
    profile.insert(
        "connection",
        HashMap::from([
            ("id", Variant::from(name)),
            ("type", Variant::from("802-3-ethernet")),
            ("interface-name", Variant::from(RADIO)),
            ("autoconnect", Variant::from(autoconnect)),
        ]),
    );
    profile
}

async fn join(manager: &Manager, before: Option<Use>) -> Result<Joined, Error> {
    let profile = cable(profile::addressing(RADIO, index_of(RADIO)), "filmwire", false);
    let joined = manager.join_with(&radio(manager).await, &profile, &network(), before).await;
    joined.map_err(|failed| failed.cause)
}

fn told(program: &str, arguments: &[&str]) -> String {
    let told = Command::new(program).args(arguments).output().unwrap();
    assert!(told.status.success(), "{told:?}");
    String::from_utf8(told.stdout).unwrap()
}

fn ip(arguments: &[&str]) -> String {
    told("ip", arguments)
}

/// What must be as before: routes of the main table, rules, names, what is on the cable, and
/// profiles.
async fn traces(manager: &Manager) -> [String; 6] {
    [
        ip(&["route", "show", "table", "main"]),
        ip(&["rule", "show"]),
        // It is written whether or not the system's own is NetworkManager's to write.
        std::fs::read_to_string("/run/NetworkManager/resolv.conf").unwrap_or_default(),
        ip(&["-br", "address", "show", "dev", RADIO]),
        name_on_cable(manager).await,
        told("nmcli", &["-t", "-f", "NAME", "connection"]),
    ]
}

async fn name_on_cable(manager: &Manager) -> String {
    let device: DeviceProxy<'static> = manager.at(&radio(manager).await.path).await.unwrap();
    let active = device.active_connection().await.unwrap();
    if active.as_str() == "/" {
        return String::new();
    }
    let active: ActiveProxy<'static> = manager.at(&active).await.unwrap();
    // One that is going has none.
    active.id().await.unwrap_or_default()
}

async fn reaches(port: u16, interface: Option<&str>) -> bool {
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(interface) = interface {
        socket.bind_device(Some(interface.as_bytes())).unwrap();
    }
    let to = SocketAddr::from(([192, 168, 0, 1], port));
    timeout(Duration::from_secs(5), socket.connect(to)).await.is_ok_and(|made| made.is_ok())
}

/// Waits until all is as it was.
async fn until(manager: &Manager, before: &[String; 6]) {
    let same = async {
        while traces(manager).await != *before {
            sleep(Duration::from_millis(100)).await;
        }
    };
    if timeout(LIMIT, same).await.is_err() {
        assert_eq!(traces(manager).await, *before);
    }
}

async fn check_ways() {
    assert!(reaches(7001, Some(RADIO)).await, "the camera, by the radio");
    assert!(!reaches(7002, Some(RADIO)).await);
    assert!(reaches(7002, None).await, "home, as ever");
    assert!(!reaches(7001, None).await);
}

/// What a survey reads of a service that is no stand-in, and of the cable in the network.
async fn check_survey(manager: &Manager) {
    let (choice, roots) = (Choice::default(), Roots::default());
    let Survey { kernel, service } = Survey::look(Ok(manager.clone()), &choice, None, &roots).await;
    let Service::Told(told) = service else { panic!("{service:?}") };
    assert!(
        told.is_networking_on && told.is_on && told.is_on_by_hardware && told.radios.is_empty()
    );
    assert_eq!(told.permission, Permission::Yes, "we are root");
    assert!(kernel.interfaces.iter().any(|name| name == RADIO), "{kernel:?}");
    // Ours are in a table of their own.
    assert_eq!(kernel.way_to([192, 168, 0, 1].into()).unwrap().interface, "eth0");
    assert!(kernel.filters.of(RADIO).is_some(), "{kernel:?}");
    let seen = manager.see(&radio(manager).await, None).await.unwrap();
    assert_eq!((seen.stage, seen.reason), (Stage::In, Reason::None));
    assert_eq!(seen.profile.as_deref(), Some("filmwire"));
    let [(address, 24)] = seen.addresses[..] else { panic!("{seen:?}") };
    assert!(are_neighbours(address, [192, 168, 0, 1].into(), 24), "{seen:?}");
}

/// A home network's profile on the cable.
async fn home_on_cable(manager: &Manager) -> Use {
    let addresses = vec![HashMap::from([
        ("address", Variant::from("10.5.5.5")),
        ("prefix", Variant::from(24_u32)),
    ])];
    let home = HashMap::from([(
        "ipv4",
        HashMap::from([
            ("method", Variant::from("manual")),
            ("address-data", Variant::from(addresses)),
        ]),
    )]);
    let (root, radio) = (manager.root().await.unwrap(), radio(manager).await);
    let options = HashMap::from([("persist", Variant::from("memory"))]);
    let home = cable(home, "home", true);
    let added = root.add_and_activate(&home, &radio.path, &nowhere(), options).await;
    let (_, active, _) = added.unwrap();
    let active: ActiveProxy<'static> = manager.at(&active).await.unwrap();
    while active.state().await.unwrap() != 2 {
        sleep(Duration::from_millis(50)).await;
    }
    let uuid = active.uuid().await.unwrap();
    Use { name: "home".to_owned(), is_default: false, is_hotspot: false, uuid }
}

/// Where there is no radio to use it, it can still be read.
async fn takes_profiles_for_radios(manager: &Manager) {
    let path = "/org/freedesktop/NetworkManager/Settings";
    let interface = "org.freedesktop.NetworkManager.Settings";
    let settings = Proxy::new(&manager.bus, "org.freedesktop.NetworkManager", path, interface);
    let settings = settings.await.unwrap();
    for passphrase in [None, Some(Passphrase::new("hunter2hunter2").unwrap())] {
        let profile = profile::wireless(&network(), passphrase.as_ref(), RADIO, index_of(RADIO));
        let added: OwnedObjectPath = settings.call("AddConnectionUnsaved", &profile).await.unwrap();
        let added = Proxy::new(
            &manager.bus,
            "org.freedesktop.NetworkManager",
            added,
            "org.freedesktop.NetworkManager.Settings.Connection",
        );
        let () = added.await.unwrap().call("Delete", &()).await.unwrap();
    }
}

/// One test, for there is one world.
#[tokio::test]
#[ignore = "needs the world of .ci/link"]
async fn a_camera_comes_and_goes_without_a_trace() {
    let manager = manager().await;
    println!("NetworkManager {}", manager.version().await.unwrap());
    assert!(manager.radios().await.unwrap().is_empty(), "a cable is no radio");
    takes_profiles_for_radios(&manager).await;
    let before = traces(&manager).await;
    assert!(before[0].contains("default via 192.168.0.1 dev eth0"), "{before:?}");
    assert!(reaches(7002, None).await && !reaches(7001, None).await);

    let joined = join(&manager, None).await.unwrap();
    let during = traces(&manager).await;
    assert_eq!(during[0], before[0], "routes");
    assert_eq!(during[2], before[2], "names");
    assert!(during[1].contains("5574:\tfrom all oif wlan7 lookup 5574"), "{}", during[1]);
    assert!(during[3].contains("192.168.0.1") && !during[3].contains("fe80"), "{}", during[3]);
    let table = during[1].split("oif wlan7 lookup ").nth(1).unwrap();
    let table = table.split_whitespace().next().unwrap();
    let ours = ip(&["route", "show", "table", table]);
    assert!(ours.contains("192.168.0.0/24 dev wlan7") && !ours.contains("default"), "{ours}");
    check_ways().await;
    check_survey(&manager).await;
    assert!(joined.is_up().await.unwrap());
    joined.leave().await.unwrap();
    until(&manager, &before).await;

    // As if the process had been killed.
    {
        let another = self::manager().await;
        let joined = join(&another, None).await.unwrap();
        check_ways().await;
        drop(joined);
    }
    until(&manager, &before).await;

    // With a network on the radio that it leaves and gets back.
    let home = home_on_cable(&manager).await;
    let before = traces(&manager).await;
    assert_eq!(before[4], "home");
    let joined = join(&manager, Some(home.clone())).await.unwrap();
    assert_eq!(name_on_cable(&manager).await, "filmwire");
    check_ways().await;
    joined.leave().await.unwrap();
    assert_eq!(traces(&manager).await, before);
    {
        let another = self::manager().await;
        drop(join(&another, Some(home)).await.unwrap());
    }
    until(&manager, &before).await;
}

/// Runs after the other: the camera's server for addresses is ended by then.
#[tokio::test]
#[ignore = "needs the world of .ci/link, without addresses"]
async fn a_camera_without_addresses_is_told_and_left() {
    let manager = manager().await;
    let home = home_on_cable(&manager).await;
    let before = traces(&manager).await;
    let failed = join(&manager, Some(home)).await.unwrap_err();
    assert!(matches!(failed, Error::NoAddress(_)), "{failed}");
    let after = traces(&manager).await;
    assert_eq!((&after[0], &after[1]), (&before[0], &before[1]));
    assert_eq!(after[4], "home");
}
