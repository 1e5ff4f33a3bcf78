//! Networks that are waited for.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::join::{Failed, Joined};
use crate::manager::{Manager, Sight};
use crate::network::{Passphrase, Ssid};
use crate::radio::{Choice, RadioState, Use};

/// How long a look counts. Cameras' networks end when nobody joins for half a minute; a look
/// disturbs whoever uses the radio.
const FRESH: Duration = Duration::from_secs(8);

/// Looks around for all who wait for networks with the same radios.
#[derive(Debug)]
pub struct Lookout {
    choice: Choice,
    /// The system's if none is named.
    bus: Option<String>,
    looking: tokio::sync::Mutex<Looking>,
    /// Radios that are in networks of ours, which nobody may leave for another.
    ours: Mutex<HashSet<String>>,
}

#[derive(Debug, Default)]
struct Looking {
    manager: Option<Manager>,
    seen: Option<(Instant, Vec<Sight>)>,
}

impl Lookout {
    /// With the radios of a choice. Nothing is asked yet.
    #[must_use]
    pub fn new(choice: Choice) -> Arc<Self> {
        let looking = Default::default();
        Arc::new(Self { choice, bus: None, looking, ours: Mutex::default() })
    }

    /// As [`Lookout::new`], with the NetworkManager of another bus than the system's, by its
    /// address.
    #[must_use]
    pub fn on_bus(choice: Choice, address: &str) -> Arc<Self> {
        let (bus, looking) = (Some(address.to_owned()), Default::default());
        Arc::new(Self { choice, bus, looking, ours: Mutex::default() })
    }

    /// With a manager that is there already.
    #[must_use]
    pub fn with(choice: Choice, manager: Manager) -> Arc<Self> {
        let looking = Looking { manager: Some(manager), seen: None };
        Arc::new(Self { choice, bus: None, looking: looking.into(), ours: Mutex::default() })
    }

    /// What is in sight now, or was some seconds ago. Cancel-safe.
    ///
    /// # Errors
    /// As [`Manager::look`]. The next call tries anew.
    pub async fn sights(&self) -> Result<Vec<Sight>, Error> {
        let mut looking = self.looking.lock().await;
        if let Some((when, seen)) = &looking.seen
            && when.elapsed() < FRESH
        {
            return Ok(seen.clone());
        }
        let manager = match &looking.manager {
            Some(manager) => manager.clone(),
            None => self.manager().await?,
        };
        match manager.look(&self.choice).await {
            Ok(seen) => {
                *looking =
                    Looking { manager: Some(manager), seen: Some((Instant::now(), seen.clone())) };
                Ok(seen)
            }
            Err(cause) => {
                // A bus that was restarted takes no more calls on an old connection.
                *looking = Looking::default();
                Err(cause)
            }
        }
    }

    /// What is known to be in sight, without disturbing anybody: see [`Manager::glance`]. Nothing
    /// while a radio is in a network of ours. Cancel-safe.
    ///
    /// # Errors
    /// As [`Manager::look`]. The next call tries anew.
    pub async fn glance(&self) -> Result<Vec<Sight>, Error> {
        let is_in_use = !self.ours.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if is_in_use {
            return Ok(Vec::new());
        }
        self.another().await?.glance(&self.choice).await
    }

    /// One with a connection of its own.
    async fn manager(&self) -> Result<Manager, Error> {
        match &self.bus {
            Some(address) => Manager::on_bus(address).await,
            None => Manager::system().await,
        }
    }

    /// A manager whose connection to the bus is not closed, in place of one whose is.
    async fn another(&self) -> Result<Manager, Error> {
        let mut looking = self.looking.lock().await;
        if let Some(manager) = looking.manager.as_ref().filter(|manager| !manager.is_closed()) {
            return Ok(manager.clone());
        }
        let manager = self.manager().await?;
        *looking = Looking { manager: Some(manager.clone()), seen: None };
        Ok(manager)
    }

    async fn join(&self, ssid: &Ssid, passphrase: Option<&Passphrase>) -> Result<Joined, Failed> {
        let sight = self.choose(self.sights().await?, ssid)?;
        let mut looking = self.looking.lock().await;
        // What radios do changes with it.
        looking.seen = None;
        let Some(manager) = looking.manager.clone() else {
            return Err(Error::NotInSight(ssid.clone()).into());
        };
        self.claim(&sight.radio.interface, true);
        let joined = manager.try_join(&sight, passphrase, &self.choice).await;
        // One that is still to be left keeps its radio.
        if matches!(joined, Err(Failed { rest: None, .. })) {
            self.claim(&sight.radio.interface, false);
        }
        joined
    }

    /// The radio to join a network with: a free one before one that has to leave another network.
    fn choose(&self, sights: Vec<Sight>, ssid: &Ssid) -> Result<Sight, Error> {
        let ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        let mut busy = None;
        for sight in sights.into_iter().filter(|sight| sight.network.ssid == *ssid) {
            let is_ours = ours.contains(&sight.radio.interface);
            match &sight.radio.state {
                RadioState::Free if !is_ours => return Ok(sight),
                RadioState::Busy(_) if self.choice.may_leave && !is_ours => return Ok(sight),
                RadioState::Busy(user) if !is_ours => {
                    busy = Some(Error::in_use(sight.radio.interface.clone(), user));
                }
                RadioState::Busy(user) => {
                    let (interface, user) = (sight.radio.interface, user.name.clone());
                    busy = Some(Error::InUse { interface, user });
                }
                _ => {}
            }
        }
        Err(busy.unwrap_or_else(|| Error::NotInSight(ssid.clone())))
    }

    fn claim(&self, interface: &str, is_ours: bool) {
        let mut ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        match is_ours {
            true => ours.insert(interface.to_owned()),
            false => ours.remove(interface),
        };
    }
}

/// A way that is open.
#[derive(Debug, Clone)]
pub struct Way {
    /// The interface that leads there: sockets must be bound to it.
    pub interface: String,
    /// It was opened by this call.
    pub is_new: bool,
    /// What the radio left for it.
    pub left: Option<Use>,
}

impl Way {
    fn of(joined: &Joined, is_new: bool) -> Self {
        Self { interface: joined.interface().to_owned(), is_new, left: joined.before().cloned() }
    }
}

/// The way into one network: open while it is joined.
#[derive(Debug)]
pub struct Reach {
    lookout: Arc<Lookout>,
    ssid: Ssid,
    passphrase: Option<Passphrase>,
    pub(crate) joined: tokio::sync::Mutex<Option<Joined>>,
}

impl Reach {
    /// The way into a network. Nothing is joined yet.
    #[must_use]
    pub fn new(lookout: &Arc<Lookout>, ssid: Ssid, passphrase: Option<Passphrase>) -> Self {
        Self { lookout: Arc::clone(lookout), ssid, passphrase, joined: Default::default() }
    }

    /// The network.
    #[must_use]
    pub fn ssid(&self) -> &Ssid {
        &self.ssid
    }

    /// Joins the network unless we are in it, and returns the way. Not
    /// cancel-safe: call [`Reach::close`] after a dropped call.
    ///
    /// # Errors
    /// If it is not in sight, or cannot be joined.
    pub async fn open(&self) -> Result<Way, Error> {
        let mut joined = self.joined.lock().await;
        if let Some(have) = &*joined {
            // On a closed connection nobody can be asked, and what was bound to it goes.
            if !have.is_closed() && have.is_up().await? {
                return Ok(Way::of(have, false));
            }
            self.give_up(&mut joined).await?;
        }
        match self.lookout.join(&self.ssid, self.passphrase.as_ref()).await {
            Ok(new) => Ok(Way::of(joined.insert(new), true)),
            Err(Failed { cause, rest }) => {
                *joined = rest.map(|rest| *rest);
                Err(cause)
            }
        }
    }

    /// Leaves the network, if we are in it; the radio has back what it had before. Returns whether
    /// there was something to leave.
    ///
    /// # Errors
    /// [`Error::NotRestored`], or if NetworkManager cannot be asked.
    pub async fn close(&self) -> Result<bool, Error> {
        self.give_up(&mut *self.joined.lock().await).await
    }

    async fn give_up(&self, joined: &mut Option<Joined>) -> Result<bool, Error> {
        let Some(have) = joined else { return Ok(false) };
        let interface = have.interface().to_owned();
        // A service that was started anew is asked on the same connection. A bus takes no more
        // calls on one that it closed.
        if have.is_closed() {
            have.go_on_with(self.lookout.another().await?);
        }
        let left = have.try_leave().await;
        // It may still be in it when the service is there again.
        if matches!(left, Err(Error::NoManager(_))) {
            return left.map(|()| true);
        }
        *joined = None;
        // In this order, or it looks as if another filmwire were in it.
        self.lookout.looking.lock().await.seen = None;
        self.lookout.claim(&interface, false);
        left.map(|()| true)
    }

    /// Whether there is something to leave, which may be a network that is not up any more.
    pub async fn is_kept(&self) -> bool {
        self.joined.lock().await.is_some()
    }

    /// Whether the network is in the air, seen from outside of it. Cancel-safe.
    ///
    /// # Errors
    /// As [`Manager::look`].
    pub async fn is_in_sight(&self) -> Result<bool, Error> {
        let sights = self.lookout.sights().await?;
        Ok(sights.iter().any(|sight| sight.network.ssid == self.ssid))
    }
}
