//! What every verb works with.

use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Geotagger, Notices, Options, Remote, TcpNetwork};
use filmwire_ingest::Stop;
use filmwire_program::notice;
use tokio::time::sleep;

use crate::args::Global;
use filmwire_program::places::Places;

use crate::config::{Asked, Config, SettingFlags};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::interrupt::Interrupt;
use filmwire_program::output::Output;

/// What every verb works with.
pub(crate) struct Context<'a> {
    /// Where to say things.
    pub(crate) out: Output,
    /// Flags that stand before any verb.
    pub(crate) global: &'a Global,
    /// Asks to stop, and tells if asked.
    pub(crate) interrupt: Interrupt,
    /// Knows which cameras were not left yet.
    pub(crate) departures: &'a Departures,
    /// The environment.
    pub(crate) places: Places,
}

/// How long what is told of a run that was asked to stop may take to be read.
const LAST_WAIT: Duration = Duration::from_secs(1);

impl Context<'_> {
    /// Does work that must not wait for whoever reads what is told: a pager that is not scrolled, or a
    /// terminal stopped with Ctrl-S. At its end all is told, unless it is to stop.
    pub(crate) async fn unhurried(
        &self,
        work: impl AsyncFnOnce(&Context<'_>) -> anyhow::Result<Exit>,
    ) -> anyhow::Result<Exit> {
        let no_threads = |cause| Trouble::storage("start with", "the system's threads", cause);
        let out = self.out.unhurried().map_err(no_threads)?;
        let (interrupt, places) = (self.interrupt.clone(), self.places.clone());
        let context = Context { out: out.clone(), interrupt, places, ..*self };
        let result = work(&context).await;
        let settling = tokio::task::spawn_blocking(move || out.settle());
        let told = tokio::select! {
            biased;
            told = settling => told?,
            () = given_up(&context.interrupt.stop) => Ok(()),
        };
        match (result, told) {
            (Ok(_), Err(trouble)) if !matches!(trouble, Trouble::PipeClosed) => Err(trouble.into()),
            (result, _) => result,
        }
    }

    /// Reads the settings, and warns of a camera that looks like a misspelt name.
    pub(crate) fn config(&self, flags: &SettingFlags) -> Result<Config, Trouble> {
        Ok(self.doubt(self.config_in_doubt(flags)?))
    }

    /// The same for a camera that was named in another way than by `--camera`.
    pub(crate) fn config_of(&self, camera: &str, flags: &SettingFlags) -> Result<Config, Trouble> {
        Ok(self.doubt(self.load(Some(camera), flags)?))
    }

    /// The settings for each camera that is named, in their order; those of one if none is.
    ///
    /// Fails with [`Trouble::Usage`] also where two names mean the same camera.
    pub(crate) fn configs(&self, flags: &SettingFlags) -> Result<Vec<Config>, Trouble> {
        if self.global.camera.len() < 2 {
            return Ok(vec![self.config(flags)?]);
        }
        let mut configs: Vec<Config> = Vec::new();
        for camera in &self.global.camera {
            let config = self.doubt(self.load(Some(camera), flags)?);
            let address = &config.camera.value.address;
            if configs.iter().any(|other| other.camera.value.address == *address) {
                let text = format!("--camera names {address} twice");
                return Err(Trouble::usage(text, "name each camera once"));
            }
            configs.push(config);
        }
        Ok(configs)
    }

    fn doubt(&self, config: Config) -> Config {
        if let Some(doubt) = config.doubt() {
            self.out.warn(&doubt);
        }
        config
    }

    /// Reads the settings without a warning.
    pub(crate) fn config_in_doubt(&self, flags: &SettingFlags) -> Result<Config, Trouble> {
        match &self.global.camera[..] {
            [] => self.load(None, flags),
            [camera] => self.load(Some(camera), flags),
            _ => {
                let text = "--camera is given more than once";
                Err(Trouble::usage(text, "name one camera; only `filmwire shoot` takes several"))
            }
        }
    }

    fn load(&self, camera: Option<&str>, flags: &SettingFlags) -> Result<Config, Trouble> {
        Config::load(&Asked {
            config: self.global.config.as_deref(),
            camera,
            way: self.global.way,
            flags,
            places: &self.places,
        })
    }

    /// How cameras are connected to.
    pub(crate) fn options(&self, config: &Config) -> Options {
        Options {
            client_name: config.client_name.value.clone(),
            way: config.camera.value.way,
            notices: self.notices(),
            ..Options::default()
        }
    }

    fn notices(&self) -> Notices {
        let out = self.out.clone();
        Notices::new(move |notice| notice::tell(&out, &notice))
    }

    /// Connects to the camera the settings mean, and opens its gallery.
    pub(crate) async fn connect(&self, config: &Config, allow: Allow) -> anyhow::Result<Camera> {
        let network = TcpNetwork::new(config.camera.value.address.clone());
        let options = Options { allow, ..self.options(config) };
        Ok(Camera::connect_watched(network, options, self.departures).await?)
    }

    /// Connects to the camera the settings mean, and enters its GPS mode.
    pub(crate) async fn connect_geotag(
        &self,
        config: &Config,
        allow: Allow,
    ) -> anyhow::Result<Geotagger> {
        let network = TcpNetwork::new(config.camera.value.address.clone());
        let options = Options { allow, ..self.options(config) };
        Ok(Camera::connect_geotag(network, options, self.departures).await?)
    }

    /// Connects to the camera the settings mean, and starts its remote function.
    pub(crate) async fn connect_remote(
        &self,
        config: &Config,
        allow: Allow,
    ) -> anyhow::Result<Remote> {
        let network = TcpNetwork::new(config.camera.value.address.clone());
        let options = Options { allow, ..self.options(config) };
        Ok(Camera::connect_remote(network, options, self.departures).await?)
    }
}

/// Who asks it to stop does not wait for a reader that may never come.
async fn given_up(stop: &Stop) {
    stop.asked().await;
    sleep(LAST_WAIT).await;
}
