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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use filmwire_link::stand_in::{Cell, StandIn};
    use filmwire_link::{Choice, Reach};
    use filmwire_program::places::Places;

    use super::*;

    const OURS: &str = "FUJIFILM-X-T20-1A2B";
    const THEIRS: &str = "FUJIFILM-X-T5-003B";

    /// Names that are told in a minute.
    async fn told(folder: &Path, config: &str, lookout: &Arc<Lookout>) -> Option<Vec<String>> {
        let file = folder.join("station.toml");
        std::fs::write(&file, config).unwrap();
        let config = Config::load(Some(&file), &Places::made_up(folder, &[])).unwrap();
        let strangers = Strangers::of(&config, lookout)?;
        let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let looking = strangers.tell(tell);
        assert!(tokio::time::timeout(EVERY * 2, looking).await.is_err());
        let mut names = Vec::new();
        while let Ok(Told::Stranger { ssid }) = heard.try_recv() {
            names.push(ssid);
        }
        Some(names)
    }

    fn configured() -> String {
        format!("[cameras.a]\nnetwork = \"{OURS}\"\n")
    }

    #[tokio::test(start_paused = true)]
    async fn radios_in_use_are_asked_nothing_and_free_ones_look_around() {
        let folder = tempfile::tempdir().unwrap();
        let air = StandIn::listen(&folder.path().join("bus")).unwrap();
        air.add_radio("wlan0");
        for name in ["home", OURS, THEIRS] {
            air.show(Cell::open(name));
        }
        let choice = Choice { interface: None, may_leave: true };
        let lookout = Lookout::with(choice, air.manager().await.unwrap());
        let names = told(folder.path(), &configured(), &lookout).await.unwrap();
        assert_eq!((names, air.scans("wlan0") > 0), (vec![THEIRS.to_owned()], true));

        let reach = Reach::new(&lookout, Ssid::new(OURS), None);
        reach.open().await.unwrap();
        let before = air.scans("wlan0");
        let names = told(folder.path(), &configured(), &lookout).await.unwrap();
        assert_eq!((names, air.scans("wlan0")), (Vec::new(), before), "while photos travel");
        reach.close().await.unwrap();

        air.set_home("wlan0", "home", false);
        while air.log().last().is_none_or(|last| last != "joined home on wlan0") {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let before = air.scans("wlan0");
        let names = told(folder.path(), "", &lookout).await.unwrap();
        assert_eq!(names.len(), 2, "with nothing configured all are strangers: {names:?}");
        assert_eq!(air.scans("wlan0"), before, "somebody uses it");
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_joined_nothing_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let lookout = Lookout::new(Choice::default());
        let config = "[cameras.a]\naddress = \"127.0.0.1\"\n";
        assert_eq!(told(folder.path(), config, &lookout).await, None);
    }
}
