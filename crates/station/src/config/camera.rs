//! Cameras in the configuration: where each is, and by which network it is reached.

use filmwire_camera::Address;
use filmwire_camera::quirk::Way;
use filmwire_link::{Choice, Passphrase, Ssid};
use filmwire_program::exit::Trouble;
use filmwire_program::file::{self, CameraEntry, Source, Table};
use serde::Deserialize;

use super::secret::{SecretEntry, SecretPlace};
use super::way::Around;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    address: Option<Place>,
    #[serde(default, deserialize_with = "file::key")]
    key: Option<String>,
    #[serde(default, deserialize_with = "file::way")]
    way: Option<Way>,
    network: Option<String>,
    passphrase: Option<SecretEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Place(#[serde(deserialize_with = "file::address")] Address);

/// Which radio joins cameras' networks, and what it may leave for that.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WifiEntry {
    radio: Option<String>,
    #[serde(default)]
    share: bool,
}

/// A camera as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct CameraConfig {
    /// Where it is; if it has a network, in that.
    pub(crate) entry: CameraEntry,
    /// The network that must be joined first.
    pub(crate) network: Option<NetworkConfig>,
}

/// A network that a camera makes.
#[derive(Debug, Clone)]
pub(crate) struct NetworkConfig {
    /// Its name.
    pub(crate) ssid: String,
    passphrase: Option<SecretPlace>,
}

impl From<WifiEntry> for Choice {
    fn from(entry: WifiEntry) -> Self {
        Self { interface: entry.radio, may_leave: entry.share }
    }
}

impl CameraConfig {
    /// Takes a table for a camera.
    pub(super) fn of(
        name: &str,
        table: Table<'_>,
        source: &Source<'_>,
        around: &Around<'_>,
    ) -> Result<Self, Trouble> {
        let at = table.start();
        let wrong = |text| Err(source.wrong(at, text));
        if name.trim().is_empty() {
            return wrong("a camera's name must not be empty");
        }
        let Fields { address, key, way, network, passphrase } = source.take(table)?;
        let address = match (address, &network) {
            (Some(Place(address)), Some(_)) if address.interface.is_some() => {
                return wrong("the radio of a network is chosen by [wifi]; leave out %INTERFACE");
            }
            (Some(Place(address)), _) => address,
            (None, Some(_)) => Address::default(),
            (None, None) => return wrong("write a network, or the address of a camera in reach"),
        };
        let network = match (network, passphrase) {
            (None, Some(_)) => return wrong("a passphrase belongs to a network"),
            (Some(ssid), _) if !(1..=32).contains(&ssid.len()) => {
                return wrong("a network's name has 1 to 32 bytes");
            }
            (network, passphrase) => network.map(|ssid| {
                let passphrase = passphrase.map(|phrase| around.secret(&phrase));
                NetworkConfig { ssid, passphrase }
            }),
        };
        Ok(Self { entry: CameraEntry { address, key, way }, network })
    }

    /// Where it is, for people.
    pub(crate) fn words(&self) -> String {
        match &self.network {
            Some(network) => format!("{} in its network {}", self.entry.address, network.ssid),
            None => self.entry.address.to_string(),
        }
    }
}

impl NetworkConfig {
    /// Its name as networks have them.
    pub(crate) fn ssid(&self) -> Ssid {
        Ssid::new(&self.ssid)
    }

    /// Reads the passphrase.
    pub(crate) fn passphrase(&self) -> Result<Option<Passphrase>, Trouble> {
        let Some(place) = &self.passphrase else { return Ok(None) };
        let secret = place.read()?;
        let passphrase = Passphrase::new(secret.expose())
            .map_err(|error| Trouble::usage(format!("{}: {error}", self.ssid), error.cure()))?;
        Ok(Some(passphrase))
    }
}
