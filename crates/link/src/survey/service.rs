//! What NetworkManager tells.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use zbus::{OwnedObjectPath, OwnedVariant};

use super::Roots;
use super::kernel::text;
use crate::error::Error;
use crate::manager::Manager;
use crate::network::{Network, Ssid};
use crate::proxy::{AccessPointProxy, ActiveProxy, DeviceProxy, Ip4Proxy, WirelessProxy};
use crate::radio::{Choice, HOTSPOT, Radio};

/// What must be allowed: joining, and a profile for it. Source: NetworkManager's
/// `org.freedesktop.NetworkManager.policy`.
const NEEDED: [&str; 2] = [
    "org.freedesktop.NetworkManager.network-control",
    "org.freedesktop.NetworkManager.settings.modify.system",
];

/// What NetworkManager tells, or why it does not.
#[derive(Debug)]
pub enum Service {
    /// There is no bus to ask by.
    NoBus(Error),
    /// It is not there, or does not tell.
    Absent(Error),
    /// What it tells.
    Told(Told),
}

/// What NetworkManager tells.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its version.
    pub version: String,
    /// It handles networks at all.
    pub is_networking_on: bool,
    /// Software lets radios be on.
    pub is_on: bool,
    /// Hardware lets radios be on.
    pub is_on_by_hardware: bool,
    /// Whether we may join networks.
    pub permission: Permission,
    /// Radios it knows, in the order of their names.
    pub radios: Vec<Seen>,
}

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It is.
    Yes,
    /// To who knows a password.
    Asks,
    /// It is not.
    No,
    /// Nobody says.
    Unknown,
}

/// A radio as NetworkManager sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its interface.
    pub interface: String,
    /// How far it is on the way into a network.
    pub stage: Stage,
    /// Why it is at that stage.
    pub reason: Reason,
    /// It lacks its firmware.
    pub lacks_firmware: bool,
    /// The network it is in, or on its way into.
    pub network: Option<Ssid>,
    /// Name of the profile it is in that network by.
    pub profile: Option<String>,
    /// It makes the network.
    pub is_hotspot: bool,
    /// Its addresses (IPv4), with the bits that count.
    pub addresses: Vec<(Ipv4Addr, u32)>,
    /// How long ago it looked around, if that is known.
    pub looked_ago: Option<Duration>,
    /// Networks in sight: the strongest cell of each.
    pub networks: Vec<Network>,
}

/// How far a radio is on the way into a network. Source: NMDeviceState.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// NetworkManager leaves it alone.
    Unmanaged,
    /// It cannot be used.
    Off,
    /// It does nothing.
    Free,
    /// It begins.
    Beginning,
    /// It waits for a passphrase.
    Passphrase,
    /// It waits for an address.
    Address,
    /// It is in.
    In,
    /// It is on its way out.
    Leaving,
    /// It failed.
    Failed,
}

impl Stage {
    fn of(state: u32) -> Self {
        match state {
            0..20 => Self::Unmanaged,
            20..30 => Self::Off,
            30..40 => Self::Free,
            40..60 => Self::Beginning,
            60..70 => Self::Passphrase,
            70..100 => Self::Address,
            100..110 => Self::In,
            110..120 => Self::Leaving,
            _ => Self::Failed,
        }
    }
}

/// Why a radio did not get into a network. Source: NMDeviceStateReason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is wrong, or nobody says what.
    None,
    /// It takes no settings.
    Settings,
    /// There was no passphrase, or a wrong one.
    Passphrase,
    /// The network sent us away.
    SentAway,
    /// The network did not answer.
    NoAnswer,
    /// The network gave no address.
    NoAddress,
    /// The radio was pulled out.
    PulledOut,
    /// The computer goes to sleep.
    Sleep,
    /// Somebody ended it.
    Ended,
    /// The network was gone.
    Gone,
    /// NetworkManager's number for something else.
    Other(u32),
}

impl Reason {
    /// By NetworkManager's number.
    pub(crate) fn of(number: u32) -> Self {
        match number {
            // None, unknown, and what tells of a change that was wanted: now managed, a new
            // activation, and those by which a state is taken over.
            0..=2 | 41 | 42 | 60 => Self::None,
            4 | 9 => Self::Settings,
            5 | 15..=17 => Self::NoAddress,
            7 => Self::Passphrase,
            8 => Self::SentAway,
            10 | 11 => Self::NoAnswer,
            36 => Self::PulledOut,
            37 => Self::Sleep,
            39 => Self::Ended,
            53 => Self::Gone,
            other => Self::Other(other),
        }
    }
}

impl Service {
    pub(super) async fn ask(
        manager: Result<Manager, Error>,
        choice: &Choice,
        wanted: Option<&Ssid>,
        roots: &Roots,
    ) -> Self {
        let manager = match manager {
            Ok(manager) => manager,
            Err(cause) => return Self::NoBus(cause),
        };
        match manager.tell(choice, wanted, roots).await {
            Ok(told) => Self::Told(told),
            Err(cause) => Self::Absent(cause),
        }
    }
}

impl Manager {
    async fn tell(
        &self,
        choice: &Choice,
        wanted: Option<&Ssid>,
        roots: &Roots,
    ) -> Result<Told, Error> {
        // Whoever tells no version tells nothing; all else may be unknown.
        let version = self.version().await?;
        let root = self.root().await?;
        let permissions = root.get_permissions().await.unwrap_or_default();
        let mut radios = self.seen(choice, roots).await?;
        let is_wanted = |seen: &Seen| {
            let network = seen.network.as_ref().filter(|_| seen.stage == Stage::In);
            network.is_some_and(|network| {
                wanted.map_or_else(|| network.is_camera(), |name| name == network)
            })
        };
        // A look disturbs who is in a network.
        if !radios.iter().any(is_wanted) && self.look(choice).await.is_ok() {
            radios = self.seen(choice, roots).await?;
        }
        Ok(Told {
            version,
            is_networking_on: root.networking_enabled().await.unwrap_or(true),
            is_on: root.wireless_enabled().await.unwrap_or(true),
            is_on_by_hardware: root.wireless_hardware_enabled().await.unwrap_or(true),
            permission: permission(&permissions),
            radios,
        })
    }

    async fn seen(&self, choice: &Choice, roots: &Roots) -> Result<Vec<Seen>, Error> {
        let uptime = text(&roots.proc.join("uptime"));
        let uptime = uptime.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
        let mut seen = Vec::new();
        for radio in self.radios().await?.iter().filter(|radio| choice.takes(radio)) {
            match self.see(radio, uptime).await {
                Ok(one) => seen.push(one),
                // Pulled out meanwhile.
                Err(Error::Refused { .. }) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(seen)
    }

    pub(crate) async fn see(&self, radio: &Radio, uptime: Option<f64>) -> Result<Seen, Error> {
        let told = |cause: zbus::Error| Error::call("tell about a device", &cause);
        let device: DeviceProxy<'static> = self.at(&radio.path).await?;
        let wireless: WirelessProxy<'static> = self.at(&radio.path).await?;
        let state = device.state().await.map_err(told)?;
        let is_managed = device.managed().await.unwrap_or(true);
        let (network, profile) = self.inside(&device, &wireless).await?;
        let addresses = match device.ip4_config().await {
            Ok(path) => self.addresses(&path).await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let looked = self.scan_time(radio).await.ok().filter(|time| *time >= 0);
        let ago = looked.zip(uptime).map(|(looked, now)| now - looked as f64 / 1000.0);
        Ok(Seen {
            interface: radio.interface.clone(),
            stage: if is_managed { Stage::of(state) } else { Stage::Unmanaged },
            reason: Reason::of(device.state_reason().await.map_or(0, |(_, reason)| reason)),
            lacks_firmware: device.firmware_missing().await.unwrap_or(false),
            network,
            profile,
            is_hotspot: wireless.mode().await.is_ok_and(|mode| mode == HOTSPOT),
            addresses,
            looked_ago: ago.and_then(|ago| Duration::try_from_secs_f64(ago.max(0.0)).ok()),
            networks: self.networks(radio).await?,
        })
    }

    /// The network a radio is in or on its way into, and the profile's name.
    async fn inside(
        &self,
        device: &DeviceProxy<'static>,
        wireless: &WirelessProxy<'static>,
    ) -> Result<(Option<Ssid>, Option<String>), Error> {
        let told = |cause: zbus::Error| Error::call("tell about a device", &cause);
        let active = device.active_connection().await.map_err(told)?;
        if active.as_str() == "/" {
            return Ok((None, None));
        }
        let active: ActiveProxy<'static> = self.at(&active).await?;
        // Until it has found its cell, the one it was sent to.
        let mut ssid = None;
        for cell in [wireless.active_access_point().await, active.specific_object().await] {
            if let Some(cell) = cell.ok().filter(|cell| cell.as_str() != "/") {
                let cell: AccessPointProxy<'static> = self.at(&cell).await?;
                ssid = ssid.or(cell.ssid().await.ok().map(Ssid));
            }
        }
        // One that is going has none.
        Ok((ssid, active.id().await.ok()))
    }

    async fn addresses(&self, path: &OwnedObjectPath) -> Result<Vec<(Ipv4Addr, u32)>, Error> {
        if path.as_str() == "/" {
            return Ok(Vec::new());
        }
        let config: Ip4Proxy<'static> = self.at(path).await?;
        let told = config.address_data().await;
        let told = told.map_err(|cause| Error::call("tell of addresses", &cause))?;
        Ok(told.iter().filter_map(address).collect())
    }
}

fn address(told: &HashMap<String, OwnedVariant>) -> Option<(Ipv4Addr, u32)> {
    let address: &str = told.get("address")?.downcast_ref().ok()?;
    let prefix: u32 = told.get("prefix")?.downcast_ref().ok()?;
    Some((address.parse().ok()?, prefix))
}

fn permission(told: &HashMap<String, String>) -> Permission {
    let words: Vec<_> = NEEDED.iter().filter_map(|name| told.get(*name)).collect();
    let is = |word: &str| words.iter().any(|told| *told == word);
    match () {
        () if is("no") => Permission::No,
        () if is("auth") => Permission::Asks,
        () if words.len() == NEEDED.len() && words.iter().all(|word| *word == "yes") => {
            Permission::Yes
        }
        () => Permission::Unknown,
    }
}
