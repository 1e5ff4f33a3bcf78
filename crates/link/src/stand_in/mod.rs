//! A stand-in for NetworkManager, for tests of programs that join networks.
//!
//! It has radios without hardware, and networks that come and go. It is its own bus, for programs
//! that are given its address as that of the system bus. What it does is written from
//! NetworkManager's D-Bus reference (1.42), and `.ci/link` asks the real one what that leaves open.

mod play;
mod property;
mod serve;
mod world;

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UnixListener;
use tokio::task::JoinHandle;

pub use self::world::{Cell, Used};
use self::world::{DISCONNECTED, UNMANAGED, World};
use crate::{Error, Manager};

/// It runs as long as this lives.
pub struct StandIn {
    shared: Shared,
    address: String,
    task: JoinHandle<()>,
}

#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StandIn {
    /// Listens on a socket that is made at a path.
    ///
    /// # Errors
    /// If it cannot be made there.
    pub fn listen(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let shared = Shared(Arc::new(Mutex::new(World::new())));
        let task = tokio::spawn(serve::accept(listener, shared.clone()));
        Ok(Self { shared, address: format!("unix:path={}", path.display()), task })
    }

    /// For `DBUS_SYSTEM_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client of it.
    ///
    /// # Errors
    /// If it is not there any more.
    pub async fn manager(&self) -> Result<Manager, Error> {
        Manager::on_bus(&self.address).await
    }

    /// Plugs in a radio.
    pub fn add_radio(&self, interface: &str) {
        self.shared.lock().add_radio(interface);
    }

    /// Pulls a radio out.
    pub fn pull(&self, interface: &str) {
        let mut world = self.shared.lock();
        let Some(radio) = world.radio(interface) else { return };
        if let Some(active) = world.radios[radio].active {
            world.log.push(format!("lost {interface}"));
            world.end(active);
        }
        // NMDeviceStateReason: the device was removed.
        world.set_state(radio, UNMANAGED, 36);
        world.radios[radio].is_in = false;
    }

    /// Plugs a radio in that was pulled out; it joins by itself what it joined before.
    pub fn plug(&self, interface: &str) {
        let mut world = self.shared.lock();
        let former = world.radios.iter().rev().find(|radio| radio.interface == interface);
        let home = former.and_then(|radio| radio.home);
        world.add_radio(interface);
        let radio = world.radios.len() - 1;
        world.radios[radio].home = home;
        drop(world);
        self.shared.go_home(radio);
    }

    /// The service ends: nobody answers, and what it kept in memory is gone.
    pub fn stop(&self) {
        let mut world = self.shared.lock();
        world.is_running = false;
        for active in 0..world.actives.len() {
            world.end(active);
        }
        world.log.push("stopped".to_owned());
    }

    /// The service is there again; radios join by themselves what they do.
    pub fn start(&self) {
        let mut world = self.shared.lock();
        world.is_running = true;
        world.radios.iter_mut().for_each(|radio| radio.state = DISCONNECTED);
        let radios: Vec<_> =
            (0..world.radios.len()).filter(|radio| world.radios[*radio].is_in).collect();
        drop(world);
        radios.into_iter().for_each(|radio| self.shared.go_home(radio));
    }

    /// Puts a radio into a network by a profile that it will join by itself from now on.
    ///
    /// # Panics
    /// If there is no such radio.
    pub fn set_home(&self, interface: &str, name: &str, is_default: bool) {
        let mut world = self.shared.lock();
        let radio = world.radio(interface).expect("a radio that was added");
        let home = world.save(name, is_default, false);
        world.radios[radio].home = Some(home);
        drop(world);
        self.shared.go_home(radio);
    }

    /// A radio does not join its network by itself any more.
    ///
    /// # Panics
    /// If there is no such radio.
    pub fn stay_out(&self, interface: &str) {
        self.shared.lock().radio_mut(interface).home = None;
    }

    /// The bus ends all connections, as one that is restarted, and takes new ones.
    pub fn hang_up(&self) {
        // Nobody may be connected.
        let _ = self.shared.lock().hang_ups.send(());
    }

    /// Shows a network, in place of one of that name.
    pub fn show(&self, cell: Cell) {
        self.shared.lock().set_cell(cell, true);
    }

    /// Takes a network out of the air. Whoever is in it falls out.
    pub fn hide(&self, ssid: &str) {
        self.shared.lock().hide(ssid);
        self.shared.drop_out(ssid);
    }

    /// As [`StandIn::hide`], but it goes on being listed.
    pub fn fade(&self, ssid: &str) {
        let mut world = self.shared.lock();
        let now = world.now();
        world.faded.insert(ssid.to_owned(), now);
        drop(world);
        self.shared.drop_out(ssid);
    }

    /// Switches Wi-Fi off, or on.
    pub fn switch(&self, is_on: bool) {
        self.shared.lock().is_on = is_on;
    }

    /// A switch in hardware has Wi-Fi off.
    pub fn switch_by_hand(&self, is_on: bool) {
        self.shared.lock().is_on_by_hardware = is_on;
    }

    /// Stops handling networks, or begins again.
    pub fn enable(&self, is_networking_on: bool) {
        self.shared.lock().is_networking_on = is_networking_on;
    }

    /// Lets nobody change anything, as it does where no rule of polkit says otherwise.
    pub fn forbid(&self) {
        self.shared.lock().permission = "no";
    }

    /// Lets those change something who know a password.
    pub fn ask_for_password(&self) {
        self.shared.lock().permission = "auth";
    }

    /// Leaves a radio alone.
    ///
    /// # Panics
    /// If there is no such radio; as all that follow.
    pub fn unmanage(&self, interface: &str) {
        self.shared.lock().radio_mut(interface).is_managed = false;
    }

    /// A radio lacks its firmware.
    pub fn lose_firmware(&self, interface: &str) {
        self.shared.lock().radio_mut(interface).lacks_firmware = true;
    }

    /// A radio makes the network it is in.
    pub fn make_hotspot(&self, interface: &str) {
        self.shared.lock().radio_mut(interface).is_hotspot = true;
    }

    /// A radio stands still at a state, for a reason (NMDeviceState, NMDeviceStateReason).
    pub fn stand_still(&self, interface: &str, state: u32, reason: u32) {
        let mut world = self.shared.lock();
        let radio = world.radio_mut(interface);
        (radio.state, radio.reason) = (state, reason);
    }

    /// Gives a radio an address, or takes it.
    pub fn set_address(&self, interface: &str, address: Option<Ipv4Addr>) {
        self.shared.lock().radio_mut(interface).address = address;
    }

    /// No radio gets its home network back.
    pub fn lose_home(&self) {
        self.shared.lock().home_is_lost = true;
    }

    /// They get it back again.
    pub fn find_home(&self) {
        self.shared.lock().home_is_lost = false;
    }

    /// How often a radio was asked to look around; 0 if there is none of the name.
    #[must_use]
    pub fn scans(&self, interface: &str) -> i64 {
        let world = self.shared.lock();
        let radio = world.radios.iter().find(|radio| radio.interface == interface);
        // Each is fifteen seconds after the one before; none is -1.
        radio.map_or(0, |radio| (radio.last_scan + 1) / 15_000)
    }

    /// What happened: joined, left, failed, each with network or profile and radio.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.shared.lock().log.clone()
    }

    /// As [`StandIn::log`], and begins it anew.
    #[must_use]
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().log)
    }

    /// What radios are used for, in the order in which they were plugged in.
    #[must_use]
    pub fn uses(&self) -> Vec<Used> {
        self.shared.lock().uses()
    }

    /// Names of the profiles there are.
    #[must_use]
    pub fn profiles(&self) -> Vec<String> {
        let world = self.shared.lock();
        let there = world.profiles.iter().filter(|profile| profile.is_there);
        there.map(|profile| profile.name.clone()).collect()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}
