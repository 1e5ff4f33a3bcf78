//! A service, or a bus, that ends while a network is joined, and is there again.

use super::*;

struct Outage {
    stand: Stand,
    reach: Reach,
}

impl Outage {
    /// With a radio that leaves its home for a camera, and gets back only if it is told to.
    async fn at_home() -> Self {
        let stand = Stand::with_radios(&["wlan0"]).await;
        stand.air.set_home("wlan0", "home", true);
        stand.until_log_ends("joined home on wlan0").await;
        stand.air.stay_out("wlan0");
        stand.air.show(Cell::open(CAMERA));
        let lookout = Lookout::on_bus(sharing(), stand.air.address());
        let reach = Reach::new(&lookout, Ssid::new(CAMERA), None);
        Self { stand, reach }
    }

    /// The service ends, and is there again when it was noticed.
    async fn restart_while<T>(&self, when: &str, call: impl Future<Output = T>) -> T {
        let stop = async {
            while !self.stand.air.log().iter().chain(&self.used()).any(|had| had == when) {
                sleep(Duration::from_millis(1)).await;
            }
            self.stand.air.stop();
        };
        let (told, ()) = timeout(LIMIT, async { tokio::join!(call, stop) }).await.unwrap();
        self.stand.air.find_home();
        self.stand.air.start();
        told
    }

    fn used(&self) -> Vec<String> {
        self.stand.air.uses().into_iter().map(|used| used.profile).collect()
    }

    fn is_home(&self) -> bool {
        self.used() == ["home"] && self.stand.air.profiles() == ["home"]
    }
}

#[tokio::test]
async fn a_network_is_left_and_joined_again_over_a_bus_that_was_restarted() {
    for is_closed_first in [true, false] {
        let outage = Outage::at_home().await;
        outage.reach.open().await.unwrap();
        outage.stand.air.stop();
        outage.stand.air.hang_up();
        outage.stand.air.start();
        let is_lost = async {
            let closed = |joined: &Option<Joined>| joined.as_ref().unwrap().is_closed();
            while !closed(&*outage.reach.joined.lock().await) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LIMIT, is_lost).await.unwrap();
        if is_closed_first {
            assert!(outage.reach.close().await.unwrap());
            assert!(outage.is_home(), "{:?}", outage.stand.air.log());
        }
        let way = outage.reach.open().await.unwrap();
        assert!(way.is_new && way.left.is_some(), "{way:?}");
        outage.reach.close().await.unwrap();
        assert!(outage.is_home(), "{:?}", outage.stand.air.log());
    }
}

#[tokio::test]
async fn a_network_is_left_after_the_service_was_restarted_on_the_same_connection() {
    let outage = Outage::at_home().await;
    outage.reach.open().await.unwrap();
    outage.stand.air.stop();
    assert!(matches!(outage.reach.open().await, Err(Error::NoManager(_))));
    assert!(matches!(outage.reach.close().await, Err(Error::NoManager(_))));
    assert!(outage.reach.is_kept().await);
    outage.stand.air.start();
    assert!(outage.reach.close().await.unwrap());
    assert!(outage.is_home(), "{:?}", outage.stand.air.log());
}

#[tokio::test]
async fn home_is_back_after_a_service_that_ended_while_a_network_was_joined() {
    let outage = Outage::at_home().await;
    let joining = format!("filmwire {CAMERA}");
    let told = outage.restart_while(&joining, outage.reach.open()).await;
    assert!(matches!(told, Err(Error::NoManager(_))), "{told:?}");
    assert!(outage.reach.close().await.unwrap(), "what was left is known");
    assert!(outage.is_home(), "{:?}", outage.stand.air.log());
}

#[tokio::test]
async fn home_is_back_after_a_service_that_ended_while_it_was_to_come_back() {
    let outage = Outage::at_home().await;
    outage.reach.open().await.unwrap();
    outage.stand.air.lose_home();
    let leaving = format!("left filmwire {CAMERA} on wlan0");
    let told = outage.restart_while(&leaving, outage.reach.close()).await;
    assert!(matches!(told, Err(Error::NoManager(_))), "{told:?}");
    assert!(outage.reach.close().await.unwrap(), "what was left is known");
    assert!(outage.is_home(), "{:?}", outage.stand.air.log());
}

#[tokio::test]
async fn a_network_that_another_filmwire_left_behind_is_told_or_left() {
    let Outage { stand, .. } = Outage::at_home().await;
    // Nobody goes on with it, as after a restart of the service.
    let _other = stand.join(&sharing(), None).await.unwrap();
    for (choice, is_told) in [(Choice::default(), true), (sharing(), false)] {
        let lookout = Lookout::on_bus(choice, stand.air.address());
        let reach = Reach::new(&lookout, Ssid::new(CAMERA), None);
        match reach.open().await {
            Err(failed @ Error::LeftOver { .. }) if is_told => {
                let cure = "nmcli connection down \"filmwire FUJIFILM-X-T20-1A2B\"";
                assert!(failed.cure().contains(cure), "{}", failed.cure());
            }
            Ok(way) if !is_told => {
                assert!(way.left.is_none(), "it is no home: {way:?}");
                assert!(reach.close().await.unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
}
