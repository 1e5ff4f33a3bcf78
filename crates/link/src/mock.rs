//! With python-dbusmock's NetworkManager, on the bus that `.ci/link` makes: what others wrote from
//! the same reference must look to us as it was put there.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zbus::{Proxy, Variant, connection};

use crate::error::Error;
use crate::manager::Manager;
use crate::network::{Passphrase, Security, Ssid};
use crate::radio::Choice;
use crate::survey::{Permission, Reason, Roots, Seen, Service, Stage, Survey, Told};

const NAME: &str = "org.freedesktop.NetworkManager";
const ROOT: &str = "/org/freedesktop/NetworkManager";
const DEVICE: &str = "/org/freedesktop/NetworkManager/Devices/wlan0";
const CAMERA: &str = "FUJIFILM-X-T5-003B";
const LIMIT: Duration = Duration::from_secs(20);

/// The mock, ended with this. Its package is the system's, and so is its Python.
struct Mock {
    child: Child,
    manager: Manager,
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mock {
    async fn start(manager: &Manager, bus: &str) -> Self {
        let child = Command::new("/usr/bin/python3")
            .args(["-m", "dbusmock", "--template", "networkmanager"])
            .env("DBUS_SYSTEM_BUS_ADDRESS", bus)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mock = Self { child, manager: manager.clone() };
        let there = async {
            while manager.version().await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LIMIT, there).await.unwrap();
        mock
    }

    /// Has the mock do something with one of its objects.
    async fn tell<B>(&self, path: &str, method: &str, body: &B)
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let mock = "org.freedesktop.DBus.Mock";
        let object = Proxy::new(&self.manager.bus, NAME, path.to_owned(), mock).await.unwrap();
        object.call_method(method, body).await.unwrap();
    }

    async fn set(&self, path: &str, interface: &str, name: &str, value: Variant<'_>) {
        let properties = "org.freedesktop.DBus.Properties";
        let object = Proxy::new(&self.manager.bus, NAME, path.to_owned(), properties).await;
        let body = (format!("{NAME}{interface}"), name, value);
        object.unwrap().call_method("Set", &body).await.unwrap();
    }

    async fn add(&self, path: &str, interface: &str, name: &str, value: Variant<'_>) {
        let values = HashMap::from([(name, value)]);
        self.tell(path, "AddProperties", &(format!("{NAME}{interface}"), values)).await;
    }

    /// What a method of the root does, in Python.
    async fn method(&self, path: &str, interface: &str, name: &str, types: [&str; 2], code: &str) {
        let [takes, gives] = types;
        let body = (format!("{NAME}{interface}"), name, takes, gives, code);
        self.tell(path, "AddMethod", &body).await;
    }

    /// A radio, which scans when it is asked to.
    async fn add_radio(&self) {
        self.tell(ROOT, "AddWiFiDevice", &("wlan0", "wlan0", 30_i32)).await;
        self.add(DEVICE, ".Device.Wireless", "LastScan", Variant::from(1000_i64)).await;
        let code = "i = 'org.freedesktop.NetworkManager.Device.Wireless'\n\
                    self.Set(i, 'LastScan', dbus.Int64(self.Get(i, 'LastScan') + 1))";
        self.method(DEVICE, ".Device.Wireless", "RequestScan", ["a{sv}", ""], code).await;
    }

    async fn add_cell(&self, name: &str, ssid: &str, strength: u8, security: u32) {
        let (mode, frequency, rate) = (2_u32, 2412_u32, 54_000_u32);
        let address = "00:11:22:33:44:55";
        let cell = (DEVICE, name, ssid, address, mode, frequency, rate, strength, security);
        self.tell(ROOT, "AddAccessPoint", &cell).await;
    }

    async fn survey(&self) -> Told {
        match survey(&self.manager).await.service {
            Service::Told(told) => told,
            other => panic!("{other:?}"),
        }
    }

    async fn seen(&self) -> Seen {
        self.survey().await.radios.into_iter().find(|seen| seen.interface == "wlan0").unwrap()
    }
}

async fn survey(manager: &Manager) -> Survey {
    let nowhere = Roots::under(std::path::Path::new("/nowhere"));
    Survey::look(Ok(manager.clone()), &Choice::default(), None, &nowhere).await
}

async fn sights(manager: &Manager) -> Vec<(String, Security, u8)> {
    let sights = manager.look(&Choice::default()).await.unwrap().into_iter();
    let of =
        |network: crate::Network| (network.ssid.to_string(), network.security, network.strength);
    sights.map(|sight| of(sight.network)).collect()
}

async fn bus() -> (Manager, String) {
    let bus = std::env::var("FILMWIRE_MOCK_BUS").expect(".ci/link sets it");
    (Manager::on(connection::Builder::address(bus.as_str()).build().await.unwrap()), bus)
}

#[tokio::test]
#[ignore = "needs the bus of .ci/link, and python3-dbusmock"]
async fn what_others_made_of_networkmanager_looks_as_it_was_made() {
    let (manager, bus) = bus().await;
    absent(&manager).await;
    let mock = Mock::start(&manager, &bus).await;
    networks(&mock).await;
    states(&mock).await;
    inside(&mock).await;
    joins_that_are_refused(&mock).await;
    // The service is started anew, and our connection to the bus stays.
    drop(mock);
    absent(&manager).await;
    let mock = Mock::start(&manager, &bus).await;
    assert!(mock.survey().await.radios.is_empty());
    assert!(matches!(manager.look(&Choice::default()).await, Err(Error::NoRadio(None))));
    mock.add_radio().await;
    mock.add_cell("camera", CAMERA, 40, 0).await;
    assert_eq!(sights(&manager).await, [(CAMERA.to_owned(), Security::Open, 40)]);
}

/// The bus's own words are those of the stand-in.
async fn absent(manager: &Manager) {
    let gone = async {
        while manager.version().await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LIMIT, gone).await.unwrap();
    let Service::Absent(cause) = survey(manager).await.service else { panic!("it is there") };
    let said = "NetworkManager cannot be reached: The name org.freedesktop.NetworkManager was not \
                provided by any .service files";
    assert_eq!(cause.to_string(), said);
}

/// Networks appear, and vanish.
async fn networks(mock: &Mock) {
    mock.add_radio().await;
    assert_eq!(sights(&mock.manager).await, []);
    mock.add_cell("camera", CAMERA, 60, 0).await;
    mock.add_cell("home", "Home", 90, 0x188).await;
    mock.add_cell("office", "Office", 30, 0x288).await;
    let camera = (CAMERA.to_owned(), Security::Open, 60);
    let others =
        [("Home".to_owned(), Security::Passphrase, 90), ("Office".to_owned(), Security::Other, 30)];
    assert_eq!(sights(&mock.manager).await, [&[camera][..], &others].concat());
    let seen = mock.seen().await;
    let told: Vec<_> = seen.networks.iter().map(|network| network.ssid.to_string()).collect();
    assert_eq!(told, [CAMERA, "Home", "Office"]);
    assert_eq!((seen.stage, seen.reason, seen.network), (Stage::Free, Reason::None, None));
    let cell = format!("{ROOT}/AccessPoint/camera");
    mock.tell(ROOT, "RemoveAccessPoint", &(DEVICE, cell.as_str())).await;
    assert_eq!(sights(&mock.manager).await, others);
    mock.add_cell("camera", CAMERA, 70, 0).await;
    assert_eq!(sights(&mock.manager).await[0].2, 70);
    // Listed, and seen last 23 s before the last scan.
    mock.set(DEVICE, ".Device.Wireless", "LastScan", Variant::from(24_000_i64)).await;
    assert_eq!(sights(&mock.manager).await, []);
    mock.set(DEVICE, ".Device.Wireless", "LastScan", Variant::from(1000_i64)).await;
}

/// What the service says of itself and of radios.
async fn states(mock: &Mock) {
    let told = mock.survey().await;
    assert_eq!(told.version, "0.9.6.0");
    assert!(told.is_networking_on && told.is_on && told.is_on_by_hardware);
    assert_eq!(told.permission, Permission::Unknown, "it tells none");
    for (name, read) in [
        ("NetworkingEnabled", (|told| told.is_networking_on) as fn(&Told) -> bool),
        ("WirelessEnabled", |told| told.is_on),
        ("WirelessHardwareEnabled", |told| told.is_on_by_hardware),
    ] {
        mock.set(ROOT, "", name, Variant::from(false)).await;
        assert!(!read(&mock.survey().await), "{name}");
        mock.set(ROOT, "", name, Variant::from(true)).await;
        assert!(read(&mock.survey().await), "{name}");
    }
    for (word, permission) in
        [("yes", Permission::Yes), ("auth", Permission::Asks), ("no", Permission::No)]
    {
        let code = format!(
            "ret = {{'{NAME}.network-control': 'yes', '{NAME}.settings.modify.system': '{word}'}}"
        );
        mock.method(ROOT, "", "GetPermissions", ["", "a{ss}"], &code).await;
        assert_eq!(mock.survey().await.permission, permission);
    }
    for (state, reason, stage, why) in [
        (10, 3, Stage::Unmanaged, Reason::Other(3)),
        (20, 0, Stage::Off, Reason::None),
        (50, 0, Stage::Beginning, Reason::None),
        (60, 7, Stage::Passphrase, Reason::Passphrase),
        (70, 0, Stage::Address, Reason::None),
        (120, 5, Stage::Failed, Reason::NoAddress),
        (120, 8, Stage::Failed, Reason::SentAway),
        (120, 53, Stage::Failed, Reason::Gone),
        (30, 0, Stage::Free, Reason::None),
    ] {
        set_state(mock, state, reason).await;
        let seen = mock.seen().await;
        assert_eq!((seen.stage, seen.reason), (stage, why), "{state} {reason}");
    }
}

async fn set_state(mock: &Mock, state: u32, reason: u32) {
    mock.set(DEVICE, ".Device", "State", Variant::from(state)).await;
    mock.set(DEVICE, ".Device", "StateReason", Variant::from((state, reason))).await;
}

/// A radio in a network, and its address there.
async fn inside(mock: &Mock) {
    let added = (DEVICE, "camera", CAMERA, "");
    mock.tell(ROOT, "AddWiFiConnection", &added).await;
    let profile = format!("{ROOT}/Settings/camera");
    let cell = format!("{ROOT}/AccessPoint/camera");
    let active = (vec![DEVICE], profile.as_str(), cell.as_str(), "0", 2_u32);
    mock.tell(ROOT, "AddActiveConnection", &active).await;
    let seen = mock.seen().await;
    assert_eq!((seen.stage, seen.network), (Stage::In, Some(Ssid::new(CAMERA))));
    assert_eq!((seen.profile.as_deref(), seen.addresses), (Some(CAMERA), Vec::new()));
    let config = format!("{ROOT}/IP4Config/1");
    let address = HashMap::from([
        ("address", Variant::from("192.168.0.114")),
        ("prefix", Variant::from(24_u32)),
    ]);
    let values = HashMap::from([("AddressData", Variant::from(vec![address]))]);
    let methods: Vec<(&str, &str, &str, &str)> = Vec::new();
    let object = (config.as_str(), format!("{NAME}.IP4Config"), values, methods);
    mock.tell(ROOT, "AddObject", &object).await;
    let path = zbus::ObjectPath::try_from(config.as_str()).unwrap();
    mock.add(DEVICE, ".Device", "Ip4Config", Variant::from(path)).await;
    assert_eq!(mock.seen().await.addresses, [(Ipv4Addr::new(192, 168, 0, 114), 24)]);
    mock.tell(ROOT, "SetDeviceDisconnected", &DEVICE).await;
    assert_eq!(mock.seen().await.stage, Stage::Free);
}

/// The service refuses, and a network wants another passphrase.
async fn joins_that_are_refused(mock: &Mock) {
    let (takes, gives) = ("a{sa{sv}}ooa{sv}", "ooa{sv}");
    let refuses = format!(
        "raise dbus.exceptions.DBusException('Not authorized.', name='{NAME}.PermissionDenied')"
    );
    let failed = join(mock, [takes, gives], &refuses).await;
    let said = "NetworkManager does not let us join the network: Not authorized.";
    assert_eq!(failed.to_string(), said);
    for (reason, said) in [
        (7, "Home does not take the passphrase"),
        (8, "Home was not joined: the network sent us away"),
        (17, "Home gives no address"),
        (53, "Home is not in sight"),
    ] {
        // FAILED after NEED_AUTH.
        let fails = format!(
            "objects['{DEVICE}'].EmitSignal('{NAME}.Device', 'StateChanged', 'uuu', [120, 60, {reason}])\n\
             ret = (dbus.ObjectPath('{ROOT}/Settings/home'), \
             dbus.ObjectPath('{ROOT}/ActiveConnection/7'), dbus.Dictionary({{}}, signature='sv'))"
        );
        let failed = join(mock, [takes, gives], &fails).await;
        assert_eq!(failed.to_string(), said);
    }
}

async fn join(mock: &Mock, types: [&str; 2], code: &str) -> Error {
    mock.method(ROOT, "", "AddAndActivateConnection2", types, code).await;
    // The mock's own knows no attempt that failed.
    mock.method(ROOT, "", "DeactivateConnection", ["o", ""], "").await;
    let choice = Choice::default();
    let sights = mock.manager.look(&choice).await.unwrap();
    let home = sights.iter().find(|sight| sight.network.ssid == Ssid::new("Home")).unwrap();
    let passphrase = Passphrase::new("hunter2hunter2").unwrap();
    let joined = timeout(LIMIT, mock.manager.join(home, Some(&passphrase), &choice)).await;
    joined.unwrap().unwrap_err()
}
