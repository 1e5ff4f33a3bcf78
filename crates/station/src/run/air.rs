//! A camera that is reached by a network of its own, joined while it is served.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use filmwire_camera::{Presence, Sight, TcpNetwork};
use filmwire_deliver::{Gate, Hold};
use filmwire_link::{Error, Reach};
use tokio::time::Instant;

use super::told::{Passage, Teller, Told};

/// How long a network that was joined in vain is left alone. What the radio left for it is wanted
/// too, and a camera that asks its person for OK is not asked all the time.
const PAUSE: Duration = Duration::from_secs(60);
/// How long after the first time, where the next one may well go better: a camera's network ends
/// when nobody joins for half a minute.
const FIRST_PAUSE: Duration = Duration::from_secs(3);

/// The way to one camera through the air.
pub(crate) struct Air {
    name: Arc<str>,
    reach: Reach,
    gate: Gate,
    tell: Teller,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Deliveries wait while a radio has left its own network.
    hold: Option<Hold>,
    /// Until when the network is left alone, and why.
    pause: Option<(Instant, String)>,
    /// Attempts in vain since it was joined, or came into sight.
    in_vain: u32,
    /// It was told that we are in it.
    is_in: bool,
    /// It was told that the radio is in the network of another filmwire.
    is_left_over: bool,
}

impl Air {
    /// Nothing is joined yet.
    pub(crate) fn new(name: &Arc<str>, reach: Reach, gate: &Gate, tell: &Teller) -> Self {
        let (name, gate, tell) = (Arc::clone(name), gate.clone(), tell.clone());
        Self { name, reach, gate, tell, state: Mutex::default() }
    }

    /// Joins the network, unless we are in it; the interface that leads to the camera, or in words
    /// why there is none.
    pub(crate) async fn enter(&self) -> Result<String, String> {
        if let Some(cause) = self.paused() {
            // One that went meanwhile, and is there again, is another chance.
            if self.reach.is_in_sight().await.unwrap_or(true) {
                return Err(cause);
            }
            let mut state = self.state();
            (state.pause, state.in_vain) = (None, 0);
            return Err(Error::NotInSight(self.reach.ssid().clone()).to_string());
        }
        let way = match self.reach.open().await {
            Ok(way) => way,
            Err(error) => return Err(self.not_entered(&error).await),
        };
        if way.is_new {
            // It fell out of it.
            self.tell_left();
            let leaves = way.left.as_ref().map(|user| user.name.clone());
            {
                let mut state = self.state();
                state.hold = leaves.as_ref().map(|_| self.gate.hold());
                (state.is_in, state.in_vain) = (true, 0);
            }
            let (ssid, radio) = (self.reach.ssid().to_string(), way.interface.clone());
            self.say(Passage::Joined { ssid, radio, leaves });
        }
        Ok(way.interface)
    }

    fn paused(&self) -> Option<String> {
        let (until, cause) = self.state().pause.clone()?;
        (Instant::now() < until).then_some(cause)
    }

    async fn not_entered(&self, error: &Error) -> String {
        let cause = format!("{error}; {}", error.cure());
        // We may be in it, and what the radio left for it is not back: nobody could be asked.
        if matches!(error, Error::NoManager(_)) && self.reach.is_kept().await {
            return cause;
        }
        // If the radio was in it, it has fallen out.
        self.state().hold = None;
        match error {
            Error::NotRestored { .. } => self.tell_trouble(error),
            _ => self.tell_left(),
        }
        self.tell_left_over(error);
        let mut state = self.state();
        let pause = match error {
            Error::NotInSight(_) => {
                state.in_vain = 0;
                return cause;
            }
            // Nothing was begun that could disturb anybody.
            Error::InUse { .. }
            | Error::LeftOver { .. }
            | Error::NoManager(_)
            | Error::SwitchedOff
            | Error::NoRadio(_)
            | Error::Unusable(_) => return cause,
            Error::NoAddress(_) | Error::NotJoined { .. } | Error::NotRestored { .. }
                if state.in_vain == 0 =>
            {
                FIRST_PAUSE
            }
            _ => PAUSE,
        };
        state.in_vain += 1;
        state.pause = Some((Instant::now() + pause, cause.clone()));
        cause
    }

    /// Leaves a network in which no camera answered, for some time.
    pub(crate) async fn give_up(&self, cause: &str) {
        self.state().pause = Some((Instant::now() + PAUSE, cause.to_owned()));
        self.leave().await;
    }

    /// Leaves the network, if we are in it; the radio has back what it had before.
    pub(crate) async fn leave(&self) {
        let left = self.reach.close().await;
        self.state().hold = None;
        match left {
            Ok(_) => self.tell_left(),
            Err(error) => self.tell_trouble(&error),
        }
    }

    /// Tells that the network is not left as it should be, once.
    fn tell_trouble(&self, error: &Error) {
        let was_in = std::mem::take(&mut self.state().is_in);
        if was_in {
            self.say(Passage::Trouble { text: error.to_string(), cure: error.cure() });
        }
    }

    /// Tells of a network nobody may know of, once: it is not left by itself.
    fn tell_left_over(&self, error: &Error) {
        let is_left_over = matches!(error, Error::LeftOver { .. });
        let was_told = std::mem::replace(&mut self.state().is_left_over, is_left_over);
        if is_left_over && !was_told {
            self.say(Passage::Trouble { text: error.to_string(), cure: error.cure() });
        }
    }

    /// Tells that the network is left, if it was told that it was joined.
    fn tell_left(&self) {
        let was_in = std::mem::take(&mut self.state().is_in);
        if was_in {
            self.say(Passage::Left { ssid: self.reach.ssid().to_string() });
        }
    }

    fn say(&self, passage: Passage) {
        // Whoever hears it may be gone already.
        let _ = self.tell.send(Told::Passage { name: Arc::clone(&self.name), passage });
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where it is looked whether a camera is still there.
pub(crate) enum Place {
    /// At its address.
    Address(TcpNetwork),
    /// In the air, from outside of its network.
    Air(Arc<Air>),
}

impl Presence for Place {
    async fn look(&self) -> Sight {
        match self {
            Self::Address(network) => network.look().await,
            Self::Air(air) => {
                air.leave().await;
                match air.reach.is_in_sight().await {
                    Ok(true) => Sight::There,
                    Ok(false) => Sight::Gone,
                    // NetworkManager is being restarted; it will be asked again.
                    Err(_) => Sight::There,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use filmwire_link::stand_in::{Cell, StandIn};
    use filmwire_link::{Choice, Lookout, Ssid};
    use tokio::sync::mpsc::unbounded_channel;
    use tokio::time::{advance, sleep};

    use super::*;

    const NETWORK: &str = "FUJIFILM-X-T20-1A2B";
    /// A look counts for a bit less.
    const LOOKED: Duration = Duration::from_secs(9);

    async fn scene(folder: &std::path::Path) -> (StandIn, Air, super::super::told::Heard) {
        let stand_in = StandIn::listen(&folder.join("bus")).unwrap();
        stand_in.add_radio("wlan0");
        stand_in.set_home("wlan0", "home", true);
        while stand_in.log().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        stand_in.show(Cell::open(NETWORK));
        let choice = Choice { interface: None, may_leave: true };
        let lookout = Lookout::with(choice, stand_in.manager().await.unwrap());
        let (tell, heard) = unbounded_channel();
        let reach = Reach::new(&lookout, Ssid::new(NETWORK), None);
        (stand_in, Air::new(&"a".into(), reach, &Gate::default(), &tell), heard)
    }

    #[tokio::test(start_paused = true)]
    async fn a_radio_that_does_not_get_home_back_is_told_and_deliveries_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, air, mut heard) = scene(folder.path()).await;
        assert_eq!(air.enter().await.unwrap(), "wlan0");
        let Some(Told::Passage { passage: Passage::Joined { leaves, .. }, .. }) =
            heard.recv().await
        else {
            panic!("it was not joined")
        };
        assert_eq!(leaves.as_deref(), Some("home"));
        let is_open = tokio::time::timeout(Duration::from_secs(1), air.gate.opened()).await;
        assert!(is_open.is_err(), "deliveries wait");
        stand_in.lose_home();
        air.leave().await;
        let Some(Told::Passage { passage: Passage::Trouble { text, cure }, .. }) =
            heard.recv().await
        else {
            panic!("nothing was told")
        };
        assert!(text.starts_with("wlan0 has not got \"home\" back"), "{text}");
        assert!(cure.contains("nmcli connection up \"home\""), "{cure}");
        air.gate.opened().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_in_which_nobody_answers_is_left_for_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, air, _heard) = scene(folder.path()).await;
        air.enter().await.unwrap();
        air.give_up("nobody answers").await;
        assert_eq!(stand_in.log().last().unwrap(), "joined home on wlan0");
        assert_eq!(air.enter().await.unwrap_err(), "nobody answers");
        advance(PAUSE).await;
        air.enter().await.unwrap();
        air.leave().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_went_keeps_no_deliveries_back() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, air, mut heard) = scene(folder.path()).await;
        air.enter().await.unwrap();
        stand_in.hide(NETWORK);
        assert!(air.enter().await.unwrap_err().contains("is not in sight"));
        let is_open = tokio::time::timeout(Duration::from_secs(1), air.gate.opened()).await;
        assert!(is_open.is_ok(), "deliveries wait");
        let mut told = || match heard.try_recv() {
            Ok(Told::Passage { passage, .. }) => format!("{passage:?}"),
            other => panic!("{other:?}"),
        };
        assert!(told().starts_with("Joined"));
        assert!(told().starts_with("Left"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_attempt_in_vain_is_followed_by_another_soon_two_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, air, _heard) = scene(folder.path()).await;
        stand_in.show(Cell { gives_addresses: false, ..Cell::open(NETWORK) });
        let failed = || stand_in.log().iter().filter(|line| line.starts_with("failed")).count();
        for expected in [1, 2, 2, 2] {
            assert!(air.enter().await.unwrap_err().contains("gives no address"));
            assert_eq!(failed(), expected);
            advance(FIRST_PAUSE).await;
        }
        advance(PAUSE).await;
        stand_in.show(Cell::open(NETWORK));
        air.enter().await.unwrap();
        air.leave().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_was_out_of_sight_is_joined_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, air, _heard) = scene(folder.path()).await;
        air.enter().await.unwrap();
        air.give_up("nobody answers").await;
        stand_in.hide(NETWORK);
        advance(LOOKED).await;
        assert!(air.enter().await.unwrap_err().contains("is not in sight"));
        stand_in.show(Cell::open(NETWORK));
        advance(LOOKED).await;
        air.enter().await.unwrap();
        air.leave().await;
    }

    #[tokio::test]
    async fn deliveries_wait_while_nobody_tells_whether_a_radio_is_away_from_home() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, _, _) = scene(folder.path()).await;
        let choice = Choice { interface: None, may_leave: true };
        let lookout = Lookout::on_bus(choice, stand_in.address());
        let reach = Reach::new(&lookout, Ssid::new(NETWORK), None);
        let (tell, mut heard) = unbounded_channel();
        let air = Air::new(&"a".into(), reach, &Gate::default(), &tell);
        air.enter().await.unwrap();
        heard.recv().await.unwrap();
        stand_in.stop();
        assert!(air.enter().await.unwrap_err().contains("cannot be reached"));
        let is_open = tokio::time::timeout(Duration::from_millis(100), air.gate.opened()).await;
        assert!(is_open.is_err(), "deliveries wait");
        assert!(heard.try_recv().is_err(), "nothing is known");
        stand_in.start();
        air.leave().await;
        let Ok(Told::Passage { passage: Passage::Left { .. }, .. }) = heard.try_recv() else {
            panic!("it was not left")
        };
        air.gate.opened().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_was_left_behind_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, other, _other_heard) = scene(folder.path()).await;
        other.enter().await.unwrap();
        let lookout = Lookout::with(Choice::default(), stand_in.manager().await.unwrap());
        let reach = Reach::new(&lookout, Ssid::new(NETWORK), None);
        let (tell, mut heard) = unbounded_channel();
        let air = Air::new(&"a".into(), reach, &Gate::default(), &tell);
        for _ in 0..2 {
            assert!(air.enter().await.unwrap_err().contains("which another filmwire joined"));
        }
        let Ok(Told::Passage { passage: Passage::Trouble { cure, .. }, .. }) = heard.try_recv()
        else {
            panic!("nothing was told")
        };
        assert!(cure.contains("nmcli connection down"), "{cure}");
        assert!(heard.try_recv().is_err(), "it is told again");
        other.leave().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_there_again_is_asked_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (stand_in, _, _) = scene(folder.path()).await;
        let choice = Choice { interface: None, may_leave: true };
        let lookout = Lookout::on_bus(choice, stand_in.address());
        let reach = Reach::new(&lookout, Ssid::new(NETWORK), None);
        let (tell, _heard) = unbounded_channel();
        let air = Air::new(&"a".into(), reach, &Gate::default(), &tell);
        stand_in.stop();
        assert!(air.enter().await.unwrap_err().contains("cannot be reached"));
        stand_in.start();
        assert_eq!(air.enter().await.unwrap(), "wlan0");
        air.leave().await;
    }
}
