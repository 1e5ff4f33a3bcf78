//! One camera: how it is connected to, and what its runs are like.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use filmwire_camera::{
    Address, Camera, Departures, Error as CameraError, Notices, Options, TcpNetwork,
};
use filmwire_deliver::Gate;
use filmwire_ingest::SyncOptions;
use filmwire_link::{Lookout, Reach};
use filmwire_program::clock;
use filmwire_program::file::CameraEntry;
use tokio::time::{Instant, sleep};

use super::air::{Air, Place};
use super::told::{Teller, Told};
use crate::config::{CameraConfig, Config};

/// How long a camera whose network was joined may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
const AGAIN: Duration = Duration::from_secs(1);

type Connecting = Pin<Box<dyn Future<Output = Result<Camera, CameraError>> + Send>>;

/// What all cameras of a station share.
pub(crate) struct Scene {
    /// Knows of all connections.
    pub(crate) departures: Arc<Departures>,
    /// Looks for networks.
    pub(crate) lookout: Arc<Lookout>,
    /// Held while there is no way to targets.
    pub(crate) gate: Gate,
    /// Where cameras tell.
    pub(crate) tell: Teller,
}

impl Scene {
    /// One where nothing goes on.
    pub(crate) fn new(lookout: Arc<Lookout>, tell: Teller) -> Self {
        Self { departures: Arc::default(), lookout, gate: Gate::default(), tell }
    }
}

/// A camera of the configuration.
#[derive(Clone)]
pub(crate) struct Body {
    /// Its name in the configuration.
    pub(crate) name: Arc<str>,
    entry: CameraEntry,
    client_name: String,
    departures: Arc<Departures>,
    tell: Teller,
    air: Option<Arc<Air>>,
}

impl Body {
    /// A camera in a scene.
    ///
    /// Fails if its network's passphrase cannot be read.
    pub(crate) fn new(
        name: &str,
        camera: &CameraConfig,
        config: &Config,
        scene: &Scene,
    ) -> Result<Self> {
        let name: Arc<str> = name.into();
        let air = match &camera.network {
            Some(network) => {
                let reach = Reach::new(&scene.lookout, network.ssid(), network.passphrase()?);
                Some(Arc::new(Air::new(&name, reach, &scene.gate, &scene.tell)))
            }
            None => None,
        };
        Ok(Self {
            name,
            entry: camera.entry.clone(),
            client_name: config.client_name.clone(),
            departures: Arc::clone(&scene.departures),
            tell: scene.tell.clone(),
            air,
        })
    }

    /// Where it is looked whether it is still there.
    pub(crate) fn place(&self) -> Place {
        match &self.air {
            Some(air) => Place::Air(Arc::clone(air)),
            None => Place::Address(TcpNetwork::new(self.entry.address.clone())),
        }
    }

    /// Connects as often as a run asks for it.
    pub(crate) fn connector(&self) -> impl Fn() -> Connecting + Send + Sync + 'static {
        let camera = self.clone();
        move || {
            let camera = camera.clone();
            Box::pin(async move { camera.connect().await })
        }
    }

    async fn connect(&self) -> Result<Camera, CameraError> {
        let Some(air) = &self.air else { return self.connect_to(&self.entry.address).await };
        let interface = air.enter().await.map_err(|cause| {
            let address = self.entry.address.to_string();
            CameraError::Unreachable { address, cause }
        })?;
        let address = Address { interface: Some(interface), ..self.entry.address.clone() };
        let limit = Instant::now() + ANSWER;
        loop {
            match self.connect_to(&address).await {
                Err(CameraError::Unreachable { .. }) if Instant::now() < limit => {
                    sleep(AGAIN).await
                }
                Err(error) if error.is_unreachable() => {
                    air.give_up(&error.to_string()).await;
                    return Err(error);
                }
                met => return met,
            }
        }
    }

    async fn connect_to(&self, address: &Address) -> Result<Camera, CameraError> {
        let network = TcpNetwork::new(address.clone());
        Camera::connect_watched(network, self.options(), &self.departures).await
    }

    /// Leaves its network, if it has one and we are in it.
    pub(crate) async fn leave_network(&self) {
        if let Some(air) = &self.air {
            air.leave().await;
        }
    }

    fn options(&self) -> Options {
        let (tell, name) = (self.tell.clone(), Arc::clone(&self.name));
        Options {
            client_name: self.client_name.clone(),
            way: self.entry.way,
            notices: Notices::new(move |notice| {
                // Whoever hears it may be gone already.
                let _ = tell.send(Told::Notice { name: Arc::clone(&name), notice });
            }),
            ..Options::default()
        }
    }

    /// What a run is like.
    pub(crate) fn sync_options(&self, config: &Config) -> Result<SyncOptions> {
        let address = &self.entry.address;
        let interface = address.interface.as_ref().map(|name| format!("%{name}"));
        let address = format!("{}{}", address.host, interface.unwrap_or_default());
        let mut options = SyncOptions {
            camera_key: Some(self.entry.key.clone().unwrap_or_else(|| self.name.to_string())),
            utc_offset: clock::utc_offset(),
            keep_free: config.keep_free,
            ..SyncOptions::new(address, clock::now())
        };
        if let Some(template) = &config.name_template {
            // The file was checked when it was read.
            options.template = template.parse().map_err(anyhow::Error::msg)?;
        }
        Ok(options)
    }
}
