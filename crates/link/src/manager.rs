//! Looking for networks.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use zbus::proxy::{Builder, CacheProperties, Defaults};
use zbus::{Connection, OwnedObjectPath, Proxy, connection};

use crate::error::Error;
use crate::network::{Network, Security, Ssid};
use crate::proxy::{AccessPointProxy, ActiveProxy, DeviceProxy, RootProxy, WirelessProxy};
use crate::radio::{Choice, HOTSPOT, Radio, RadioState, Use};

/// NMDeviceType for radios.
const WIFI: u32 = 2;
/// How long a scan may take; what is known by then counts.
const SCAN_LIMIT: Duration = Duration::from_secs(10);
/// A network that was seen so much earlier than the last scan is gone: NetworkManager goes on
/// listing it for minutes. In milliseconds.
const STALE: i64 = 20_000;
const SCAN_POLL: Duration = Duration::from_millis(200);
/// How long NetworkManager may take to answer a call.
const CALL_LIMIT: Duration = Duration::from_secs(25);

/// NetworkManager.
#[derive(Debug, Clone)]
pub struct Manager {
    pub(crate) bus: Connection,
}

/// A network, and the radio that sees it.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The radio.
    pub radio: Radio,
    /// The network.
    pub network: Network,
}

impl Manager {
    /// The system's.
    ///
    /// # Errors
    /// [`Error::NoManager`] if there is no system bus. That NetworkManager is on it shows later.
    pub async fn system() -> Result<Self, Error> {
        let connection = connection::Builder::system().method_timeout(CALL_LIMIT).build().await;
        Ok(Self::on(connection.map_err(|cause| Error::NoManager(cause.to_string()))?))
    }

    /// That of another bus, by its address.
    ///
    /// # Errors
    /// [`Error::NoManager`] if there is no such bus.
    pub async fn on_bus(address: &str) -> Result<Self, Error> {
        let connection = connection::Builder::address(address);
        let connection = connection.method_timeout(CALL_LIMIT).build().await;
        Ok(Self::on(connection.map_err(|cause| Error::NoManager(cause.to_string()))?))
    }

    /// On a bus of one's own. Networks that were joined are left when this connection ends.
    #[must_use]
    pub fn on(bus: Connection) -> Self {
        Self { bus }
    }

    /// Its connection ended: all calls fail from now on.
    pub(crate) fn is_closed(&self) -> bool {
        self.bus.is_closed()
    }

    pub(crate) async fn root(&self) -> Result<RootProxy<'static>, Error> {
        let builder = RootProxy::builder(&self.bus).cache_properties(CacheProperties::No);
        builder.build().await.map_err(|cause| Error::call("be found", &cause))
    }

    /// An object, without a cache: we ask when we want to know.
    pub(crate) async fn at<P>(&self, path: &OwnedObjectPath) -> Result<P, Error>
    where
        P: Defaults + From<Proxy<'static>>,
    {
        let builder = Builder::<P>::new(&self.bus).path(path.clone().into_inner());
        let proxy = builder.cache_properties(CacheProperties::No).build().await;
        proxy.map_err(|cause| Error::call("be found", &cause))
    }

    /// Its version. Cancel-safe.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub async fn version(&self) -> Result<String, Error> {
        let root = self.root().await?;
        root.version().await.map_err(|cause| Error::call("tell its version", &cause))
    }

    /// Whether radios may be on at all: neither a switch nor software has them off. Cancel-safe.
    ///
    /// # Errors
    /// If NetworkManager cannot be asked.
    pub async fn is_on(&self) -> Result<bool, Error> {
        let root = self.root().await?;
        let (soft, hard) = (root.wireless_enabled().await, root.wireless_hardware_enabled().await);
        let told = |cause: zbus::Error| Error::call("tell whether Wi-Fi is on", &cause);
        Ok(soft.map_err(told)? && hard.map_err(told)?)
    }

    /// Radios and what they do, in the order of their names. Cancel-safe.
    ///
    /// # Errors
    /// If NetworkManager cannot be asked.
    pub async fn radios(&self) -> Result<Vec<Radio>, Error> {
        let root = self.root().await?;
        let paths = root.get_devices().await;
        let mut radios = Vec::new();
        for path in paths.map_err(|cause| Error::call("list devices", &cause))? {
            // One that is pulled out meanwhile is none.
            match self.radio(&path).await {
                Ok(Some(radio)) => radios.push(radio),
                Ok(None) | Err(Error::Refused { .. }) => {}
                Err(cause) => return Err(cause),
            }
        }
        radios.sort_by(|a, b| a.interface.cmp(&b.interface));
        Ok(radios)
    }

    pub(crate) async fn radio(&self, path: &OwnedObjectPath) -> Result<Option<Radio>, Error> {
        let told = |cause: zbus::Error| Error::call("tell about a device", &cause);
        let device: DeviceProxy<'static> = self.at(path).await?;
        if device.device_type().await.map_err(told)? != WIFI {
            return Ok(None);
        }
        let interface = device.interface().await.map_err(told)?;
        let state = RadioState::of(device.state().await.map_err(told)?);
        let active = device.active_connection().await.map_err(told)?;
        let state = match (state, active.as_str()) {
            (state @ (RadioState::Unmanaged | RadioState::Off), _) => state,
            (state, "/") => state,
            _ => {
                let active: ActiveProxy<'static> = self.at(&active).await?;
                let wireless: WirelessProxy<'static> = self.at(path).await?;
                RadioState::Busy(Use {
                    name: active.id().await.map_err(told)?,
                    is_default: active.default().await.map_err(told)?,
                    is_hotspot: wireless.mode().await.map_err(told)? == HOTSPOT,
                    uuid: active.uuid().await.map_err(told)?,
                })
            }
        };
        Ok(Some(Radio { interface, state, path: path.clone() }))
    }

    /// The radios a choice allows that can be used now.
    ///
    /// # Errors
    /// If there is none: [`Error::SwitchedOff`], [`Error::NoRadio`], [`Error::Unusable`].
    pub async fn usable(&self, choice: &Choice) -> Result<Vec<Radio>, Error> {
        let mut radios = self.radios().await?;
        radios.retain(|radio| choice.takes(radio));
        let Some(first) = radios.first().map(|radio| radio.interface.clone()) else {
            return Err(Error::NoRadio(choice.interface.clone()));
        };
        radios.retain(|radio| !matches!(radio.state, RadioState::Unmanaged | RadioState::Off));
        if radios.is_empty() {
            let is_on = self.is_on().await?;
            return Err(if is_on { Error::Unusable(first) } else { Error::SwitchedOff });
        }
        Ok(radios)
    }

    /// Looks around with all radios of a choice, which takes up to ten seconds: the strongest
    /// cell of each network, as each radio sees it; free radios first. Cancel-safe.
    ///
    /// # Errors
    /// As [`Manager::usable`], or if NetworkManager cannot be asked.
    pub async fn look(&self, choice: &Choice) -> Result<Vec<Sight>, Error> {
        let radios = self.usable(choice).await?;
        let before = self.scans(&radios).await;
        for radio in &radios {
            let wireless: WirelessProxy<'static> = self.at(&radio.path).await?;
            // It refuses if it is scanning already, which is as good.
            let _ = wireless.request_scan(HashMap::new()).await;
        }
        let limit = Instant::now() + SCAN_LIMIT;
        while Instant::now() < limit {
            let now = self.scans(&radios).await;
            if now.iter().zip(&before).all(|(now, before)| now != before) {
                break;
            }
            sleep(SCAN_POLL).await;
        }
        self.sights(radios).await
    }

    /// What is known to be in sight, as [`Manager::look`] tells it. It waits for nothing and disturbs
    /// nobody: only free radios are asked to look around, for the next time. Cancel-safe.
    ///
    /// # Errors
    /// As [`Manager::look`].
    pub async fn glance(&self, choice: &Choice) -> Result<Vec<Sight>, Error> {
        let radios = self.usable(choice).await?;
        for radio in radios.iter().filter(|radio| radio.state == RadioState::Free) {
            let wireless: WirelessProxy<'static> = self.at(&radio.path).await?;
            // It refuses if it is scanning already, which is as good.
            let _ = wireless.request_scan(HashMap::new()).await;
        }
        self.sights(radios).await
    }

    async fn sights(&self, radios: Vec<Radio>) -> Result<Vec<Sight>, Error> {
        let mut sights = Vec::new();
        for radio in radios {
            let networks = self.networks(&radio).await?;
            sights.extend(
                networks.into_iter().map(|network| Sight { radio: radio.clone(), network }),
            );
        }
        sights.sort_by_key(|sight| sight.radio.state != RadioState::Free);
        Ok(sights)
    }

    /// When each radio scanned last; `None` for one that is gone.
    async fn scans(&self, radios: &[Radio]) -> Vec<Option<i64>> {
        let mut times = Vec::new();
        for radio in radios {
            times.push(self.scan_time(radio).await.ok());
        }
        times
    }

    pub(crate) async fn scan_time(&self, radio: &Radio) -> Result<i64, Error> {
        let wireless: WirelessProxy<'static> = self.at(&radio.path).await?;
        wireless.last_scan().await.map_err(|cause| Error::call("tell of a scan", &cause))
    }

    pub(crate) async fn networks(&self, radio: &Radio) -> Result<Vec<Network>, Error> {
        let wireless: WirelessProxy<'static> = self.at(&radio.path).await?;
        let paths = match wireless.get_all_access_points().await {
            Ok(paths) => paths,
            Err(cause) => match Error::call("list networks", &cause) {
                // Pulled out.
                Error::Refused { .. } => Vec::new(),
                other => return Err(other),
            },
        };
        let scanned = self.scan_time(radio).await.unwrap_or(-1);
        let mut best: BTreeMap<Ssid, Network> = BTreeMap::new();
        for path in paths {
            let network = match self.network(&path, scanned).await {
                Ok(Some(network)) => network,
                Ok(None) => continue,
                // Out of sight meanwhile.
                Err(Error::Refused { .. }) => continue,
                Err(cause) => return Err(cause),
            };
            let is_better =
                best.get(&network.ssid).is_none_or(|had| had.strength < network.strength);
            // A network without a name hides it.
            if is_better && !network.ssid.0.is_empty() {
                best.insert(network.ssid.clone(), network);
            }
        }
        Ok(best.into_values().collect())
    }

    /// A network that was in the air at the last scan.
    async fn network(
        &self,
        path: &OwnedObjectPath,
        scanned: i64,
    ) -> Result<Option<Network>, Error> {
        let told = |cause: zbus::Error| Error::call("tell about a network", &cause);
        let cell: AccessPointProxy<'static> = self.at(path).await?;
        // Versions before 1.2 do not tell.
        let seen = cell.last_seen().await.map_or(-1, i64::from);
        if seen >= 0 && seen * 1000 + STALE < scanned {
            return Ok(None);
        }
        let flags = cell.flags().await.map_err(told)?;
        let (wpa, rsn) = (cell.wpa_flags().await, cell.rsn_flags().await);
        Ok(Some(Network {
            ssid: Ssid(cell.ssid().await.map_err(told)?),
            security: Security::of(flags, wpa.map_err(told)?, rsn.map_err(told)?),
            strength: cell.strength().await.map_err(told)?,
            path: path.clone(),
        }))
    }
}
