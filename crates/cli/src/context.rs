//! What every verb works with.

use filmwire_camera::{Allow, Camera, Departures, Notice, Notices, OkWait, Options, TcpNetwork};
use serde_json::json;

use crate::args::Global;
use filmwire_program::places::Places;

use crate::config::{Asked, Config, SettingFlags};
use filmwire_program::exit::Trouble;
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

impl Context<'_> {
    /// Reads the settings, and warns of a camera that looks like a misspelt name.
    pub(crate) fn config(&self, flags: &SettingFlags) -> Result<Config, Trouble> {
        let config = self.config_in_doubt(flags)?;
        if let Some(doubt) = config.doubt() {
            self.out.warn(&doubt);
        }
        Ok(config)
    }

    /// Reads the settings without a warning.
    pub(crate) fn config_in_doubt(&self, flags: &SettingFlags) -> Result<Config, Trouble> {
        Config::load(&Asked {
            config: self.global.config.as_deref(),
            camera: self.global.camera.as_deref(),
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
        Notices::new(move |notice| tell(&out, &notice))
    }

    /// Connects to the camera the settings mean, and opens its gallery.
    pub(crate) async fn connect(&self, config: &Config, allow: Allow) -> anyhow::Result<Camera> {
        let network = TcpNetwork::new(config.camera.value.address.clone());
        let options = Options { allow, ..self.options(config) };
        Ok(Camera::connect_watched(network, options, self.departures).await?)
    }
}

/// What to press for each way a camera waits. Source: the fact sheet's section 2.4.
fn what_to_press(wait: OkWait) -> (&'static str, &'static str) {
    match wait {
        OkWait::InitRefused => (
            "init-refused",
            "The camera knows another client. Press OK (CHANGE) on the camera now; \
             if it shows nothing, restart its wireless communication.",
        ),
        OkWait::StateWait => (
            "state-wait",
            "The camera asks whether filmwire may connect. Press OK on the camera now.",
        ),
        OkWait::ReplyHeld => {
            ("reply-held", "The camera waits for you. Press OK on the camera now.")
        }
    }
}

fn tell(out: &Output, notice: &Notice) {
    let (notice, wait, text) = match notice {
        Notice::PressOk(wait) => {
            let (word, text) = what_to_press(*wait);
            out.call(text);
            ("press-ok", Some(word), text)
        }
        Notice::PickPictures => {
            let text = "Choose pictures on the camera now, and send them.";
            out.call(text);
            ("pick-pictures", None, text)
        }
        Notice::Accepted => {
            let text = "The camera accepted the connection.";
            out.note(text);
            ("accepted", None, text)
        }
        // Words for a notice of a later library come with it.
        _ => return,
    };
    // A reader that is gone is noticed by the verb, with its next line.
    let _ = out.json("notice", json!({ "notice": notice, "wait": wait, "text": text }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_says_what_to_press() {
        for wait in [OkWait::InitRefused, OkWait::StateWait, OkWait::ReplyHeld] {
            assert!(what_to_press(wait).1.contains("Press OK"));
        }
    }
}
