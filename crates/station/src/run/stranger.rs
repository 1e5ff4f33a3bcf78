//! Cameras' networks in sight that nobody configured.
//!
//! They are told of and left alone: a name is no proof that a camera is one's own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use filmwire_link::{Lookout, Ssid};

use super::told::{Teller, Told};
use crate::config::Config;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(30);
/// So many are told of; whoever makes up more names is not listened to.
const MOST: usize = 100;

/// Who looks for them.
pub(super) struct Strangers {
    lookout: Arc<Lookout>,
    configured: BTreeSet<Ssid>,
    told: BTreeSet<Ssid>,
}

impl Strangers {
    /// `None` where all cameras are reached without joining anything: no radio is to look around then.
    pub(super) fn of(config: &Config, lookout: &Arc<Lookout>) -> Option<Self> {
        let networks = config.cameras.values().filter_map(|camera| camera.network.as_ref());
        let configured: BTreeSet<_> = networks.map(|network| network.ssid()).collect();
        let lookout = Arc::clone(lookout);
        let looks = config.cameras.is_empty() || !configured.is_empty();
        looks.then(|| Self { lookout, configured, told: BTreeSet::new() })
    }

    /// Tells of each once. Never ends; cancel-safe.
    pub(super) async fn tell(mut self, tell: Teller) {
        loop {
            // Without a radio there is nothing to tell; whoever needs it says so.
            for sight in self.lookout.glance().await.unwrap_or_default() {
                let ssid = sight.network.ssid;
                let is_new = ssid.is_camera() && !self.configured.contains(&ssid);
                if is_new && self.told.len() < MOST && self.told.insert(ssid.clone()) {
                    // Whoever hears it may be gone already.
                    let _ = tell.send(Told::Stranger { ssid: ssid.to_string() });
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
