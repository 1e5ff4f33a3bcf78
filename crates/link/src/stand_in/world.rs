//! What a NetworkManager knows, and what becomes of it.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use tokio::sync::broadcast;
use zbus::{ObjectPath, OwnedVariant};

/// NMDeviceState.
pub(super) const UNMANAGED: u32 = 10;
pub(super) const DISCONNECTED: u32 = 30;
pub(super) const PREPARE: u32 = 40;
pub(super) const CONFIG: u32 = 50;
pub(super) const NEED_AUTH: u32 = 60;
pub(super) const IP_CONFIG: u32 = 70;
pub(super) const ACTIVATED: u32 = 100;
pub(super) const DEACTIVATING: u32 = 110;
pub(super) const FAILED: u32 = 120;

/// NMActiveConnectionState.
pub(super) const ACTIVATING: u32 = 1;
pub(super) const UP: u32 = 2;
pub(super) const GONE: u32 = 4;

/// A profile as a client sends it.
pub(super) type Profile = HashMap<String, HashMap<String, OwnedVariant>>;

/// A network in the air.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Its name.
    pub ssid: String,
    /// What it wants to hear; it is open if it wants nothing.
    pub passphrase: Option<String>,
    /// In per cent.
    pub strength: u8,
    /// Whether it gives addresses.
    pub gives_addresses: bool,
}

impl Cell {
    /// An open network that works.
    #[must_use]
    pub fn open(ssid: &str) -> Self {
        Self { ssid: ssid.into(), passphrase: None, strength: 60, gives_addresses: true }
    }
}

/// What a radio is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Its interface.
    pub interface: String,
    /// Name of the profile.
    pub profile: String,
    /// It is in the network; otherwise it is on its way there.
    pub is_up: bool,
}

#[derive(Debug)]
pub(super) struct Radio {
    pub(super) interface: String,
    pub(super) state: u32,
    /// NMDeviceStateReason of that state.
    pub(super) reason: u32,
    pub(super) is_managed: bool,
    pub(super) lacks_firmware: bool,
    /// It makes the network it is in.
    pub(super) is_hotspot: bool,
    pub(super) address: Option<Ipv4Addr>,
    pub(super) active: Option<usize>,
    pub(super) last_scan: i64,
    /// A profile that it joins by itself.
    pub(super) home: Option<usize>,
    /// Pulled out ones keep their place: one that is plugged in again is another device.
    pub(super) is_in: bool,
}

#[derive(Debug)]
pub(super) struct Active {
    pub(super) radio: usize,
    pub(super) profile: usize,
    pub(super) state: u32,
    /// It goes with this client.
    pub(super) client: Option<u64>,
    pub(super) is_default: bool,
}

#[derive(Debug)]
pub(super) struct Saved {
    pub(super) name: String,
    is_default: bool,
    /// It is gone when it is left.
    pub(super) is_volatile: bool,
    pub(super) is_there: bool,
}

/// A radio's state changed: its number, new and old state, reason.
pub(super) type Change = (usize, u32, u32, u32);

pub(super) struct World {
    pub(super) radios: Vec<Radio>,
    /// Never shrinks: a name that is out of sight keeps its place.
    pub(super) cells: Vec<(Cell, bool)>,
    /// Networks that are gone and still listed, with the second they were seen last.
    pub(super) faded: HashMap<String, i32>,
    pub(super) profiles: Vec<Saved>,
    pub(super) actives: Vec<Active>,
    pub(super) is_on: bool,
    pub(super) is_on_by_hardware: bool,
    pub(super) is_networking_on: bool,
    /// The service is there.
    pub(super) is_running: bool,
    /// Whether clients may change anything: yes, auth, no.
    pub(super) permission: &'static str,
    pub(super) home_is_lost: bool,
    pub(super) log: Vec<String>,
    pub(super) changes: broadcast::Sender<Change>,
    /// The bus ends all connections.
    pub(super) hang_ups: broadcast::Sender<()>,
}

pub(super) fn path(kind: &str, number: usize) -> ObjectPath<'static> {
    let path = format!("/org/freedesktop/NetworkManager/{kind}/{number}");
    ObjectPath::from_string_unchecked(path)
}

/// Of a profile.
pub(super) fn uuid(profile: usize) -> String {
    format!("00000000-0000-4000-8000-{profile:012}")
}

/// The number in a path of a kind.
pub(super) fn number(path: &str, kind: &str) -> Option<usize> {
    let rest = path.strip_prefix("/org/freedesktop/NetworkManager/")?;
    rest.strip_prefix(kind)?.strip_prefix('/')?.parse().ok()
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            radios: Vec::new(),
            cells: Vec::new(),
            faded: HashMap::new(),
            profiles: Vec::new(),
            actives: Vec::new(),
            is_on: true,
            is_on_by_hardware: true,
            is_networking_on: true,
            is_running: true,
            permission: "yes",
            home_is_lost: false,
            log: Vec::new(),
            changes: broadcast::Sender::new(256),
            hang_ups: broadcast::Sender::new(1),
        }
    }

    pub(super) fn add_radio(&mut self, interface: &str) {
        self.radios.push(Radio {
            interface: interface.to_owned(),
            state: DISCONNECTED,
            reason: 0,
            is_managed: true,
            lacks_firmware: false,
            is_hotspot: false,
            address: None,
            active: None,
            last_scan: -1,
            home: None,
            is_in: true,
        });
    }

    pub(super) fn radio_mut(&mut self, interface: &str) -> &mut Radio {
        let radio = self.radios.iter_mut().find(|radio| radio.interface == interface);
        radio.expect("a radio that was added")
    }

    /// The radio of an interface.
    pub(super) fn radio(&self, interface: &str) -> Option<usize> {
        let is_it = |radio: &Radio| radio.is_in && radio.interface == interface;
        self.radios.iter().position(is_it)
    }

    /// What radios are used for.
    pub(super) fn uses(&self) -> Vec<Used> {
        let radios = self.radios.iter().filter(|radio| radio.is_in);
        let used = radios.filter_map(|radio| {
            let active = &self.actives[radio.active?];
            let profile = self.profiles[active.profile].name.clone();
            Some(Used { interface: radio.interface.clone(), profile, is_up: active.state == UP })
        });
        used.collect()
    }

    /// Shows a network in place of one of that name, or hides it.
    pub(super) fn set_cell(&mut self, cell: Cell, is_there: bool) {
        self.faded.remove(&cell.ssid);
        match self.cells.iter_mut().find(|(had, _)| had.ssid == cell.ssid) {
            Some(had) => *had = (cell, is_there),
            None => self.cells.push((cell, is_there)),
        }
    }

    /// The second of the last scan.
    pub(super) fn now(&self) -> i32 {
        let last = self.radios.iter().map(|radio| radio.last_scan).max();
        last.map_or(0, |milliseconds| i32::try_from(milliseconds / 1000).unwrap_or_default())
    }

    pub(super) fn hide(&mut self, ssid: &str) {
        self.cells.iter_mut().filter(|(cell, _)| cell.ssid == ssid).for_each(|had| had.1 = false);
    }

    pub(super) fn cell(&self, ssid: &str) -> Option<&Cell> {
        let mut there = self.cells.iter().filter(|(_, is_there)| *is_there);
        let found = there.find(|(cell, _)| cell.ssid == ssid && !self.faded.contains_key(ssid));
        found.map(|(cell, _)| cell)
    }

    pub(super) fn cell_paths(&self) -> Vec<ObjectPath<'static>> {
        let seen = self.cells.iter().enumerate().filter(|(_, (_, is_there))| *is_there);
        seen.map(|(number, _)| path("AccessPoint", number)).collect()
    }

    pub(super) fn save(&mut self, name: &str, is_default: bool, is_volatile: bool) -> usize {
        self.profiles.push(Saved { name: name.into(), is_default, is_volatile, is_there: true });
        self.profiles.len() - 1
    }

    /// Puts a profile on a radio, in place of what is there.
    pub(super) fn begin(&mut self, radio: usize, profile: usize, client: Option<u64>) -> usize {
        if let Some(old) = self.radios[radio].active {
            // NMDeviceStateReason: a new activation.
            self.set_state(radio, DEACTIVATING, 60);
            self.end(old);
        }
        let is_default = self.profiles[profile].is_default;
        self.actives.push(Active { radio, profile, state: ACTIVATING, client, is_default });
        let active = self.actives.len() - 1;
        self.radios[radio].active = Some(active);
        self.set_state(radio, PREPARE, 0);
        active
    }

    /// It is no radio's any more.
    pub(super) fn end(&mut self, active: usize) {
        let Active { radio, profile, .. } = self.actives[active];
        self.actives[active].state = GONE;
        if self.profiles[profile].is_volatile {
            self.profiles[profile].is_there = false;
        }
        if self.radios[radio].active == Some(active) {
            self.radios[radio].active = None;
        }
    }

    pub(super) fn is_there(&self, active: usize) -> bool {
        self.actives.get(active).is_some_and(|active| active.state != GONE)
    }

    pub(super) fn set_state(&mut self, radio: usize, state: u32, reason: u32) {
        let old = std::mem::replace(&mut self.radios[radio].state, state);
        self.radios[radio].reason = reason;
        if state != ACTIVATED {
            self.radios[radio].address = None;
        }
        // Nobody may be listening.
        let _ = self.changes.send((radio, state, old, reason));
    }
}
