//! Joining a network, and leaving it as if nobody had been there.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep};
use zbus::proxy::CacheProperties;
use zbus::{ObjectPath, OwnedObjectPath, Variant};

use crate::error::Error;
use crate::manager::{Manager, Sight};
use crate::network::{Network, Passphrase, Security, Ssid};
use crate::profile::{self, Index};
use crate::proxy::{
    ActiveProxy, DeviceProxy, ProfilesProxy, RootProxy, Settings, StateChangedStream,
};
use crate::radio::{ACTIVATED, Choice, FAILED, Radio, RadioState, Use};
use crate::survey::Reason;

/// How long joining may take: association, keys, an address.
const JOIN_LIMIT: Duration = Duration::from_secs(60);
/// How long leaving may take.
const LEAVE_LIMIT: Duration = Duration::from_secs(10);
/// How long the network a radio had before may take to be back.
const RESTORE_LIMIT: Duration = Duration::from_secs(60);
/// How often is looked, beside the signals: a service that is restarted sends none.
const POLL: Duration = Duration::from_millis(500);

/// NMActiveConnectionState.
const UP: u32 = 2;
const DOWN: u32 = 4;

/// A network that was joined. Dropped without [`Joined::leave`], it is left when the manager's
/// connection to the bus ends, as it does with the process however that ends.
#[derive(Debug)]
pub struct Joined {
    manager: Manager,
    radio: Radio,
    ssid: Ssid,
    active: OwnedObjectPath,
    /// Name of its profile.
    name: String,
    before: Option<Use>,
}

/// Why a network is not joined.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) cause: Error,
    /// What is still to be left: the service was not there any more to do it.
    pub(crate) rest: Option<Box<Joined>>,
}

impl From<Error> for Failed {
    fn from(cause: Error) -> Self {
        Self { cause, rest: None }
    }
}

/// How far an attempt got.
enum Step {
    Up,
    Failed(Error),
    OnTheWay,
}

impl Manager {
    /// Joins a network, with a profile that is in memory only. What the radio was used for is left
    /// only if the choice says so.
    ///
    /// Not cancel-safe: a dropped call may leave the radio in the network until this manager's
    /// connection ends.
    ///
    /// # Errors
    /// If it is not joined; then it is as before, or [`Error::NotRestored`].
    pub async fn join(
        &self,
        sight: &Sight,
        passphrase: Option<&Passphrase>,
        choice: &Choice,
    ) -> Result<Joined, Error> {
        self.try_join(sight, passphrase, choice).await.map_err(|failed| failed.cause)
    }

    /// As [`Manager::join`], and tells what is still to be left.
    pub(crate) async fn try_join(
        &self,
        sight: &Sight,
        passphrase: Option<&Passphrase>,
        choice: &Choice,
    ) -> Result<Joined, Failed> {
        let network = &sight.network;
        let passphrase = key_for(network, passphrase)?;
        // Somebody may have begun to use it since.
        let radio = self.radio(&sight.radio.path).await?;
        let radio = &radio.ok_or_else(|| Error::NoRadio(Some(sight.radio.interface.clone())))?;
        let before = match &radio.state {
            RadioState::Free => None,
            // A network of ours is gone when it is left.
            RadioState::Busy(user) if choice.may_leave => {
                Some(user.clone()).filter(|user| !user.is_of_filmwire())
            }
            RadioState::Busy(user) => {
                return Err(Error::in_use(radio.interface.clone(), user).into());
            }
            _ => return Err(Error::Unusable(radio.interface.clone()).into()),
        };
        let index = index_of(&radio.interface);
        let settings = profile::wireless(network, passphrase, &radio.interface, index);
        self.join_with(radio, &settings, network, before).await
    }

    /// Joins with a profile.
    pub(crate) async fn join_with(
        &self,
        radio: &Radio,
        settings: &Settings,
        network: &Network,
        before: Option<Use>,
    ) -> Result<Joined, Failed> {
        let ssid = network.ssid.clone();
        let (active, failed) = self.activate(radio, settings, &network.path, &ssid).await?;
        let name = name_of(settings);
        let (manager, radio) = (self.clone(), radio.clone());
        let joined = Joined { manager, radio, ssid, active, name, before };
        match failed {
            None => Ok(joined),
            Some(cause) => match joined.try_leave().await {
                Ok(()) => Err(cause.into()),
                Err(cause @ Error::NoManager(_)) => {
                    Err(Failed { cause, rest: Some(Box::new(joined)) })
                }
                // That it is not back matters more than why it was left.
                Err(cause) => Err(cause.into()),
            },
        }
    }

    /// Activates a profile and waits how that ends: the active connection, and what went wrong.
    async fn activate(
        &self,
        radio: &Radio,
        settings: &Settings,
        specific: &ObjectPath<'_>,
        ssid: &Ssid,
    ) -> Result<(OwnedObjectPath, Option<Error>), Error> {
        let device: DeviceProxy<'static> = self.at(&radio.path).await?;
        // From before the call, or a quick failure would be missed.
        let mut states = device
            .receive_state_changed()
            .await
            .map_err(|cause| Error::call("tell of changes", &cause))?;
        // Gone with the network, and with us.
        let options = HashMap::from([
            ("persist", Variant::from("volatile")),
            ("bind-activation", Variant::from("dbus-client")),
        ]);
        let root = self.root().await?;
        let added = root.add_and_activate(settings, &radio.path, specific, options).await;
        let active = match added.map_err(|cause| Error::call("join the network", &cause)) {
            Ok((_, active, _)) => active,
            // It may have begun, and is known by its name.
            Err(cause @ Error::NoManager(_)) => return Ok((none().into(), Some(cause))),
            Err(cause) => return Err(cause),
        };
        let limit = Instant::now() + JOIN_LIMIT;
        while Instant::now() < limit {
            match self.step(&active, &mut states, ssid).await {
                Step::Up => return Ok((active, None)),
                Step::Failed(cause) => return Ok((active, Some(cause))),
                Step::OnTheWay => {}
            }
        }
        let said = format!("it took longer than {} s", JOIN_LIMIT.as_secs());
        Ok((active, Some(Error::NotJoined { ssid: ssid.clone(), said })))
    }

    /// Waits for the next change, or for a while.
    async fn step(
        &self,
        active: &OwnedObjectPath,
        states: &mut StateChangedStream,
        ssid: &Ssid,
    ) -> Step {
        tokio::select! {
            Some(change) = states.next() => {
                return match change.args() {
                    Ok(told) if *told.new() == ACTIVATED => Step::Up,
                    Ok(told) if *told.new() == FAILED => Step::Failed(failure(*told.reason(), ssid)),
                    _ => Step::OnTheWay,
                };
            }
            () = sleep(POLL) => {}
        }
        match self.state_of(active).await {
            Ok(Some(UP)) => Step::Up,
            Ok(Some(DOWN) | None) => {
                let said = "somebody ended the attempt".to_owned();
                Step::Failed(Error::NotJoined { ssid: ssid.clone(), said })
            }
            Ok(_) => Step::OnTheWay,
            Err(cause) => Step::Failed(cause),
        }
    }

    /// State of an active connection; none if it is gone.
    async fn state_of(&self, active: &OwnedObjectPath) -> Result<Option<u32>, Error> {
        let active: ActiveProxy<'static> = self.at(active).await?;
        match active.state().await.map_err(|cause| Error::call("tell of a connection", &cause)) {
            Ok(state) => Ok(Some(state)),
            Err(Error::Refused { .. }) => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

impl Joined {
    /// The radio's interface: sockets must be bound to it, for routes lead nowhere else.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.radio.interface
    }

    /// The network.
    #[must_use]
    pub fn ssid(&self) -> &Ssid {
        &self.ssid
    }

    /// What the radio left for it, and gets back.
    #[must_use]
    pub fn before(&self) -> Option<&Use> {
        self.before.as_ref()
    }

    /// Whether the radio is in it still. Cancel-safe.
    ///
    /// # Errors
    /// If NetworkManager cannot be asked.
    pub async fn is_up(&self) -> Result<bool, Error> {
        Ok(self.state().await? == Some(UP))
    }

    /// Its state; none if it is gone. A service that was started anew may have given its path to
    /// another.
    async fn state(&self) -> Result<Option<u32>, Error> {
        let active: ActiveProxy<'static> = self.manager.at(&self.active).await?;
        match there(active.id().await)? {
            Some(name) if name == self.name => self.manager.state_of(&self.active).await,
            _ => Ok(None),
        }
    }

    /// Its connection to the bus ended, and so does what is bound to that.
    pub(crate) fn is_closed(&self) -> bool {
        self.manager.is_closed()
    }

    /// Asks another manager from now on.
    pub(crate) fn go_on_with(&mut self, manager: Manager) {
        self.manager = manager;
    }

    /// Leaves it, and waits until the radio has back what it had before.
    ///
    /// Not cancel-safe: what was begun goes on.
    ///
    /// # Errors
    /// [`Error::NotRestored`] if what was there before is not back.
    pub async fn leave(self) -> Result<(), Error> {
        self.try_leave().await
    }

    /// As [`Joined::leave`], and can be tried again where the service was not there.
    pub(crate) async fn try_leave(&self) -> Result<(), Error> {
        let root = self.manager.root().await?;
        let limit = Instant::now() + LEAVE_LIMIT;
        let mut asked = None;
        while let Some(active) = self.remains().await? {
            if Instant::now() > limit {
                let (what, said) = ("leave the network", "it takes too long".to_owned());
                return Err(Error::Refused { what, said });
            }
            if asked.as_ref() == Some(&active) {
                sleep(POLL).await;
                continue;
            }
            // One that is gone needs no leaving.
            if let Err(cause) = root.deactivate_connection(&active).await {
                match Error::call("leave the network", &cause) {
                    Error::Refused { .. } => {}
                    other => return Err(other),
                }
            }
            asked = Some(active);
        }
        match &self.before {
            Some(before) => self.restore(before).await,
            None => Ok(()),
        }
    }

    /// What is still to be left. A service that was started anew may have taken over the network,
    /// under another path and without knowing that it is bound to us.
    async fn remains(&self) -> Result<Option<OwnedObjectPath>, Error> {
        if !matches!(self.state().await?, None | Some(DOWN)) {
            return Ok(Some(self.active.clone()));
        }
        let Some(device) = self.device().await? else { return Ok(None) };
        let told = |cause: zbus::Error| Error::call("tell of a connection", &cause);
        let device: DeviceProxy<'static> = self.manager.at(&device).await?;
        let path = device.active_connection().await.map_err(told)?;
        if path.as_str() == "/" || path == self.active {
            return Ok(None);
        }
        let active: ActiveProxy<'static> = self.manager.at(&path).await?;
        let is_ours = there(active.id().await)?.is_some_and(|name| name == self.name);
        Ok(is_ours.then_some(path))
    }

    /// Where the radio is now: a service that was started anew has numbered all of them anew.
    async fn device(&self) -> Result<Option<OwnedObjectPath>, Error> {
        let paths = self.manager.root().await?.get_devices().await;
        for path in paths.map_err(|cause| Error::call("list devices", &cause))? {
            let device: DeviceProxy<'static> = self.manager.at(&path).await?;
            // One that is pulled out meanwhile has none.
            if there(device.interface().await)?.is_some_and(|name| name == self.radio.interface) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Brings back what the radio had.
    async fn restore(&self, before: &Use) -> Result<(), Error> {
        let not = |said: String| Error::NotRestored {
            interface: self.radio.interface.clone(),
            profile: before.name.clone(),
            said,
        };
        let told = |cause| match cause {
            // It can be tried again.
            Error::NoManager(_) => cause,
            other => not(other.to_string()),
        };
        let limit = Instant::now() + RESTORE_LIMIT;
        let mut said = "it takes too long".to_owned();
        let mut asked = None;
        while Instant::now() < limit {
            let found = self.device().await.map_err(told)?;
            let device = found.ok_or_else(|| not("the radio was pulled out".to_owned()))?;
            if self.has(&device, before).await.map_err(told)? {
                return Ok(());
            }
            let is_lost = match &asked {
                None => true,
                Some(active) => self.manager.state_of(active).await? != Some(1),
            };
            if is_lost {
                match self.activate(before, &device, &none()).await {
                    Ok(active) => asked = Some(active),
                    Err(cause) => said = cause.to_string(),
                }
            }
            sleep(POLL).await;
        }
        Err(not(said))
    }

    async fn activate(
        &self,
        before: &Use,
        device: &ObjectPath<'_>,
        none: &ObjectPath<'_>,
    ) -> zbus::Result<OwnedObjectPath> {
        let profiles = ProfilesProxy::builder(&self.manager.bus);
        let profiles = profiles.cache_properties(CacheProperties::No).build().await?;
        let profile = profiles.get_connection_by_uuid(&before.uuid).await?;
        let root = RootProxy::builder(&self.manager.bus);
        let root = root.cache_properties(CacheProperties::No).build().await?;
        root.activate_connection(&profile, device, none).await
    }

    /// Whether the radio is in the network it had before.
    async fn has(&self, device: &OwnedObjectPath, before: &Use) -> Result<bool, Error> {
        let told = |cause: zbus::Error| Error::call("tell of a connection", &cause);
        let device: DeviceProxy<'static> = self.manager.at(device).await?;
        let active = device.active_connection().await.map_err(told)?;
        if active.as_str() == "/" {
            return Ok(false);
        }
        let active: ActiveProxy<'static> = self.manager.at(&active).await?;
        let found = (active.state().await, active.uuid().await);
        Ok(matches!(found, (Ok(UP), Ok(uuid)) if uuid == before.uuid))
    }
}

/// No object.
fn none() -> ObjectPath<'static> {
    ObjectPath::from_static_str_unchecked("/")
}

/// What an object told; none if it is gone.
fn there<T>(told: zbus::Result<T>) -> Result<Option<T>, Error> {
    match told.map_err(|cause| Error::call("be asked", &cause)) {
        Ok(told) => Ok(Some(told)),
        Err(cause @ Error::NoManager(_)) => Err(cause),
        Err(_) => Ok(None),
    }
}

/// The name of a profile.
fn name_of(settings: &Settings) -> String {
    let name = settings.get("connection").and_then(|group| group.get("id"));
    let name = name.and_then(|name| String::try_from(name.try_clone().ok()?).ok());
    name.unwrap_or_default()
}

/// The key a network wants.
fn key_for<'a>(
    network: &Network,
    passphrase: Option<&'a Passphrase>,
) -> Result<Option<&'a Passphrase>, Error> {
    match (network.security, passphrase) {
        // The camera may have been set to be open since; a passphrase does no harm.
        (Security::Open, _) => Ok(None),
        (Security::Passphrase, Some(passphrase)) => Ok(Some(passphrase)),
        (Security::Passphrase, None) => Err(Error::PassphraseNeeded(network.ssid.clone())),
        (Security::Other, _) => Err(Error::UnknownSecurity(network.ssid.clone())),
    }
}

/// Words for NMDeviceStateReason.
fn failure(reason: u32, ssid: &Ssid) -> Error {
    let ssid = ssid.clone();
    let said = match Reason::of(reason) {
        Reason::Passphrase => return Error::WrongPassphrase(ssid),
        Reason::NoAddress => return Error::NoAddress(ssid),
        Reason::Gone => return Error::NotInSight(ssid),
        Reason::Settings => "the radio does not take the settings",
        Reason::SentAway => "the network sent us away",
        Reason::NoAnswer => "the network did not answer",
        Reason::PulledOut => "the radio was pulled out",
        Reason::Sleep => "the computer goes to sleep",
        Reason::Ended => "somebody ended the attempt",
        Reason::None | Reason::Other(_) => {
            return Error::NotJoined { ssid, said: format!("NetworkManager's reason {reason}") };
        }
    };
    Error::NotJoined { ssid, said: said.to_owned() }
}

/// The system's number of an interface; it only chooses a table.
pub(crate) fn index_of(interface: &str) -> Index {
    let told = std::fs::read_to_string(format!("/sys/class/net/{interface}/ifindex"));
    Index(told.ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_words() {
        let ssid = Ssid::new("FUJIFILM-X-T5-003B");
        assert!(matches!(failure(7, &ssid), Error::WrongPassphrase(_)));
        assert!(matches!(failure(17, &ssid), Error::NoAddress(_)));
        assert!(matches!(failure(53, &ssid), Error::NotInSight(_)));
        let said = failure(8, &ssid).to_string();
        assert_eq!(said, "FUJIFILM-X-T5-003B was not joined: the network sent us away");
        assert!(failure(99, &ssid).to_string().contains("reason 99"));
    }
}
