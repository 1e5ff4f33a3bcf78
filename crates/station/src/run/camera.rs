//! One camera: how it is connected to, and what its runs are like.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;
use filmwire_camera::{Camera, Departures, Error as CameraError, Notices, Options, TcpNetwork};
use filmwire_ingest::SyncOptions;
use filmwire_program::clock;
use filmwire_program::file::CameraEntry;

use super::told::{Teller, Told};
use crate::config::Config;

type Connecting = Pin<Box<dyn Future<Output = Result<Camera, CameraError>> + Send>>;

/// A camera of the configuration.
#[derive(Clone)]
pub(crate) struct Body {
    /// Its name in the configuration.
    pub(crate) name: Arc<str>,
    entry: CameraEntry,
    client_name: String,
    departures: Arc<Departures>,
    tell: Teller,
}

impl Body {
    /// A camera whose connections `departures` knows of.
    pub(crate) fn new(
        name: &str,
        entry: &CameraEntry,
        config: &Config,
        departures: &Arc<Departures>,
        tell: &Teller,
    ) -> Self {
        Self {
            name: name.into(),
            entry: entry.clone(),
            client_name: config.client_name.clone(),
            departures: Arc::clone(departures),
            tell: tell.clone(),
        }
    }

    /// How it is reached.
    pub(crate) fn network(&self) -> TcpNetwork {
        TcpNetwork::new(self.entry.address.clone())
    }

    /// Connects as often as a run asks for it.
    pub(crate) fn connector(&self) -> impl Fn() -> Connecting + Send + Sync + 'static {
        let camera = self.clone();
        move || {
            let camera = camera.clone();
            Box::pin(async move {
                let (network, options) = (camera.network(), camera.options());
                Camera::connect_watched(network, options, &camera.departures).await
            })
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
            ..SyncOptions::new(address, clock::now())
        };
        if let Some(template) = &config.name_template {
            // The file was checked when it was read.
            options.template = template.parse().map_err(anyhow::Error::msg)?;
        }
        Ok(options)
    }
}
