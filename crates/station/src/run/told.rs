//! What cameras and targets tell.

use std::sync::Arc;

use filmwire_camera::Notice;
use filmwire_ingest::WatchEvent;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Told {
    /// At a camera.
    Camera {
        /// Its name in the configuration.
        name: Arc<str>,
        /// What.
        event: WatchEvent,
    },
    /// A camera that was looked for once is not there.
    Away {
        /// Its name in the configuration.
        name: Arc<str>,
        /// Why it could not be reached, in words.
        cause: String,
    },
    /// A person at a camera is to do something.
    Notice {
        /// The camera's name in the configuration.
        name: Arc<str>,
        /// What.
        notice: Notice,
    },
    /// On the way to a camera.
    Passage {
        /// The camera's name in the configuration.
        name: Arc<str>,
        /// What.
        passage: Passage,
    },
    /// A camera's network that nobody configured is in sight.
    Stranger {
        /// The network's name.
        ssid: String,
    },
    /// At a target.
    Target(filmwire_deliver::Event),
}

/// Where it is told. It must not block those who tell, and they tell little, so it has no bound.
pub(crate) type Teller = UnboundedSender<Told>;
/// Where it is heard.
pub(crate) type Heard = UnboundedReceiver<Told>;

/// What happens with a camera's network.
#[derive(Debug)]
pub(crate) enum Passage {
    /// A radio is in it.
    Joined {
        /// The network's name.
        ssid: String,
        /// The radio's interface.
        radio: String,
        /// What the radio has left for it.
        leaves: Option<String>,
    },
    /// The radio is as it was before.
    Left {
        /// The network's name.
        ssid: String,
    },
    /// The radio is not as it was before.
    Trouble {
        /// Cause.
        text: String,
        /// Cure.
        cure: String,
    },
}
