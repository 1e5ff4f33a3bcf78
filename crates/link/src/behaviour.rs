//! Joining and leaving, with a stand-in for NetworkManager.

mod outage;

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::stand_in::{Cell, StandIn};
use crate::{
    Choice, Error, Joined, Lookout, Manager, Passphrase, RadioState, Reach, Security, Sight, Ssid,
};

const CAMERA: &str = "FUJIFILM-X-T20-1A2B";
const LIMIT: Duration = Duration::from_secs(20);

struct Stand {
    air: StandIn,
    manager: Manager,
    _folder: tempfile::TempDir,
}

impl Stand {
    async fn with_radios(radios: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let air = StandIn::listen(&folder.path().join("bus")).unwrap();
        radios.iter().for_each(|radio| air.add_radio(radio));
        let manager = manager_of(&air).await;
        Self { air, manager, _folder: folder }
    }

    async fn sight(&self, ssid: &str, choice: &Choice) -> Sight {
        let sights = self.manager.look(choice).await.unwrap();
        sights.into_iter().find(|sight| sight.network.ssid == Ssid::new(ssid)).unwrap()
    }

    async fn join(&self, choice: &Choice, passphrase: Option<&str>) -> Result<Joined, Error> {
        let sight = self.sight(CAMERA, choice).await;
        let passphrase = passphrase.map(|text| Passphrase::new(text).unwrap());
        self.manager.join(&sight, passphrase.as_ref(), choice).await
    }

    /// Waits until the log ends so.
    async fn until_log_ends(&self, end: &str) {
        let ends = async {
            while self.air.log().last().is_none_or(|last| last != end) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(timeout(LIMIT, ends).await.is_ok(), "{end}: {:?}", self.air.log());
    }
}

async fn manager_of(air: &StandIn) -> Manager {
    air.manager().await.unwrap()
}

fn sharing() -> Choice {
    Choice { interface: None, may_leave: true }
}

fn protected(passphrase: &str) -> Cell {
    Cell { passphrase: Some(passphrase.to_owned()), ..Cell::open(CAMERA) }
}

#[tokio::test]
async fn networks_are_seen_by_each_radio_the_strongest_cell_of_each() {
    let stand = Stand::with_radios(&["wlan1", "wlan0"]).await;
    stand.air.set_home("wlan0", "home", true);
    stand.until_log_ends("joined home on wlan0").await;
    stand.air.show(Cell::open(CAMERA));
    stand.air.show(Cell { passphrase: Some("x".into()), strength: 90, ..Cell::open("Home") });
    let sights = stand.manager.look(&Choice::default()).await.unwrap();
    let told: Vec<_> = sights
        .iter()
        .map(|Sight { radio, network }| {
            (radio.interface.as_str(), network.ssid.to_string(), network.security, network.strength)
        })
        .collect();
    let expected = [
        // Free radios first.
        ("wlan1", CAMERA.to_owned(), Security::Open, 60),
        ("wlan1", "Home".to_owned(), Security::Passphrase, 90),
        ("wlan0", CAMERA.to_owned(), Security::Open, 60),
        ("wlan0", "Home".to_owned(), Security::Passphrase, 90),
    ];
    assert_eq!(told, expected);
    let radios = stand.manager.radios().await.unwrap();
    let RadioState::Busy(user) = &radios[0].state else { panic!("{radios:?}") };
    assert!(user.name == "home" && user.is_default && !user.is_hotspot, "{user:?}");
    stand.air.hide("Home");
    assert_eq!(stand.manager.look(&Choice::default()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_open_network_is_joined_by_a_free_radio_and_left_without_a_trace() {
    let stand = Stand::with_radios(&["wlan0", "wlan1"]).await;
    stand.air.set_home("wlan0", "home", true);
    stand.until_log_ends("joined home on wlan0").await;
    stand.air.show(Cell::open(CAMERA));
    let joined = stand.join(&Choice::default(), None).await.unwrap();
    assert_eq!((joined.interface(), joined.ssid()), ("wlan1", &Ssid::new(CAMERA)));
    assert!(joined.is_up().await.unwrap());
    assert_eq!(stand.air.profiles(), ["home", "filmwire FUJIFILM-X-T20-1A2B"]);
    joined.leave().await.unwrap();
    assert_eq!(stand.air.profiles(), ["home"]);
    let expected = [
        "joined home on wlan0",
        "joined FUJIFILM-X-T20-1A2B on wlan1",
        "left filmwire FUJIFILM-X-T20-1A2B on wlan1",
    ];
    assert_eq!(stand.air.log(), expected, "home was left alone");
}

#[tokio::test]
async fn a_passphrase_is_needed_and_must_be_right() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.show(protected("hunter2hunter2"));
    let choice = Choice::default();
    let failed = stand.join(&choice, None).await.unwrap_err();
    assert!(matches!(failed, Error::PassphraseNeeded(_)), "{failed}");
    let failed = stand.join(&choice, Some("hunter3hunter3")).await.unwrap_err();
    assert!(matches!(failed, Error::WrongPassphrase(_)), "{failed}");
    assert!(!format!("{failed:?}").contains("hunter"));
    assert!(stand.air.profiles().is_empty());
    let joined = stand.join(&choice, Some("hunter2hunter2")).await.unwrap();
    joined.leave().await.unwrap();
    stand.air.show(Cell::open(CAMERA));
    let joined = stand.join(&choice, Some("hunter2hunter2")).await.unwrap();
    joined.leave().await.unwrap();
}

#[tokio::test]
async fn a_radio_in_use_is_left_alone_unless_it_may_be_left() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.set_home("wlan0", "home", true);
    stand.until_log_ends("joined home on wlan0").await;
    stand.air.show(Cell::open(CAMERA));
    let failed = stand.join(&Choice::default(), None).await.unwrap_err();
    assert_eq!(failed.to_string(), "the radio wlan0 is in use by \"home\"");
    assert_eq!(stand.air.log(), ["joined home on wlan0"]);

    let radios = Stand::with_radios(&["wlan0"]).await;
    radios.air.show(Cell::open(CAMERA));
    let free = radios.sight(CAMERA, &Choice::default()).await;
    radios.air.set_home("wlan0", "home", false);
    radios.until_log_ends("joined home on wlan0").await;
    let failed = radios.manager.join(&free, None, &Choice::default()).await.unwrap_err();
    assert!(matches!(failed, Error::InUse { .. }), "it was free when it was looked at: {failed}");

    let joined = stand.join(&sharing(), None).await.unwrap();
    joined.leave().await.unwrap();
    let RadioState::Busy(user) = &stand.manager.radios().await.unwrap()[0].state else {
        panic!("{:?}", stand.air.log())
    };
    assert_eq!(user.name, "home");
    assert_eq!(stand.air.profiles(), ["home"]);
}

#[tokio::test]
async fn failing_brings_home_back_as_well() {
    for (cell, is_right) in [
        (
            protected("hunter2hunter2"),
            (|error| matches!(error, Error::WrongPassphrase(_))) as fn(&Error) -> bool,
        ),
        (Cell { gives_addresses: false, ..Cell::open(CAMERA) }, |error| {
            matches!(error, Error::NoAddress(_))
        }),
    ] {
        let stand = Stand::with_radios(&["wlan0"]).await;
        stand.air.set_home("wlan0", "home", true);
        stand.until_log_ends("joined home on wlan0").await;
        stand.air.show(cell);
        let failed = stand.join(&sharing(), Some("hunter3hunter3")).await.unwrap_err();
        assert!(is_right(&failed), "{failed}");
        assert_eq!(stand.air.log().last().unwrap(), "joined home on wlan0");
        assert_eq!(stand.air.profiles(), ["home"]);
    }
}

#[tokio::test]
async fn a_network_that_is_gone_by_then_is_not_in_sight() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.show(Cell::open(CAMERA));
    let sight = stand.sight(CAMERA, &Choice::default()).await;
    stand.air.hide(CAMERA);
    let failed = stand.manager.join(&sight, None, &Choice::default()).await.unwrap_err();
    assert!(matches!(failed, Error::NotInSight(_)), "{failed}");
}

#[tokio::test]
async fn a_network_that_goes_is_noticed_and_leaving_it_is_no_trouble() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.show(Cell::open(CAMERA));
    let joined = stand.join(&Choice::default(), None).await.unwrap();
    stand.air.hide(CAMERA);
    assert!(!joined.is_up().await.unwrap());
    joined.leave().await.unwrap();
}

#[tokio::test]
async fn a_client_that_dies_leaves_nothing_behind() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.set_home("wlan0", "home", true);
    stand.until_log_ends("joined home on wlan0").await;
    stand.air.show(Cell::open(CAMERA));
    let dying = manager_of(&stand.air).await;
    let sight = stand.sight(CAMERA, &sharing()).await;
    let joined = dying.join(&sight, None, &sharing()).await.unwrap();
    drop((joined, dying));
    stand.until_log_ends("joined home on wlan0").await;
    assert_eq!(stand.air.log().len(), 4, "{:?}", stand.air.log());
    assert_eq!(stand.air.profiles(), ["home"]);
}

#[tokio::test(start_paused = true)]
async fn home_that_does_not_come_back_is_told() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.set_home("wlan0", "home", true);
    stand.until_log_ends("joined home on wlan0").await;
    stand.air.show(Cell::open(CAMERA));
    let joined = stand.join(&sharing(), None).await.unwrap();
    stand.air.lose_home();
    let failed = joined.leave().await.unwrap_err();
    let said = failed.to_string();
    assert!(said.starts_with("wlan0 has not got \"home\" back: "), "{said}");
    assert!(said.contains("No suitable device"), "{said}");
}

#[tokio::test]
async fn what_keeps_radios_from_being_used_is_told() {
    let stand = Stand::with_radios(&[]).await;
    let choice = Choice::default();
    let told = stand.manager.look(&choice).await.unwrap_err().to_string();
    assert_eq!(told, "there is no radio");
    stand.air.add_radio("wlan0");
    let wanted = Choice { interface: Some("wlan9".into()), may_leave: false };
    let told = stand.manager.look(&wanted).await.unwrap_err().to_string();
    assert_eq!(told, "there is no radio wlan9");
    stand.air.switch(false);
    assert!(matches!(stand.manager.look(&choice).await, Err(Error::SwitchedOff)));
    stand.air.switch(true);
    stand.air.show(Cell::open(CAMERA));
    stand.air.forbid();
    let failed = stand.join(&choice, None).await.unwrap_err();
    assert!(matches!(failed, Error::Forbidden { .. }), "{failed}");
    assert_eq!(stand.manager.version().await.unwrap(), "1.42.4");
    let Stand { air, manager, .. } = stand;
    drop(air);
    drop(manager);
}

#[tokio::test]
async fn what_is_listed_but_not_seen_any_more_is_gone() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.show(Cell::open(CAMERA));
    let choice = Choice::default();
    assert_eq!(stand.manager.look(&choice).await.unwrap().len(), 1);
    stand.air.fade(CAMERA);
    // Scans miss a network now and then.
    assert_eq!(stand.manager.look(&choice).await.unwrap().len(), 1);
    assert_eq!(stand.manager.look(&choice).await.unwrap().len(), 0);
    stand.air.show(Cell::open(CAMERA));
    assert_eq!(stand.manager.look(&choice).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_way_opens_once_and_closes_once() {
    let stand = Stand::with_radios(&["wlan0"]).await;
    let lookout = Lookout::with(Choice::default(), stand.manager.clone());
    let reach = Reach::new(&lookout, Ssid::new(CAMERA), None);
    assert!(matches!(reach.open().await, Err(Error::NotInSight(_))));
    stand.air.show(Cell::open(CAMERA));
    assert!(!reach.is_in_sight().await.unwrap(), "a look counts for some seconds");
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(reach.is_in_sight().await.unwrap());
    let way = reach.open().await.unwrap();
    assert!(way.interface == "wlan0" && way.is_new && way.left.is_none(), "{way:?}");
    assert!(!reach.open().await.unwrap().is_new);
    assert!(reach.close().await.unwrap());
    assert!(!reach.close().await.unwrap());
    assert_eq!(stand.air.log().len(), 2, "{:?}", stand.air.log());
    // One that fell out is joined anew.
    reach.open().await.unwrap();
    stand.air.hide(CAMERA);
    stand.air.show(Cell::open(CAMERA));
    reach.open().await.unwrap();
    reach.close().await.unwrap();
    assert_eq!(stand.air.log().len(), 6, "{:?}", stand.air.log());
}

#[tokio::test]
async fn a_radio_in_one_camera_is_not_taken_for_another() {
    const OTHER: &str = "FUJIFILM-X-T5-003B";
    let stand = Stand::with_radios(&["wlan0"]).await;
    stand.air.show(Cell::open(CAMERA));
    stand.air.show(Cell::open(OTHER));
    let lookout = Lookout::with(sharing(), stand.manager.clone());
    let one = Reach::new(&lookout, Ssid::new(CAMERA), None);
    let other = Reach::new(&lookout, Ssid::new(OTHER), None);
    assert_eq!(one.open().await.unwrap().interface, "wlan0");
    let failed = other.open().await.unwrap_err();
    assert!(matches!(failed, Error::InUse { .. }), "{failed}");
    stand.air.add_radio("wlan1");
    one.close().await.unwrap();
    one.open().await.unwrap();
    assert_eq!(other.open().await.unwrap().interface, "wlan1");
    one.close().await.unwrap();
    other.close().await.unwrap();
}
