//! What goes wrong in a cycle, and is overcome without a hand at the station.

use std::sync::atomic::Ordering;
use std::time::Duration;

use filmwire_link::stand_in::Cell;
use filmwire_sim::Fault;

use super::around::Random;
use super::scene::{CAMERA_RADIO, NETWORK, PASSPHRASE, Scene};

const DAY_MS: i64 = 86_400_000;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Nothing.
    None,
    /// The camera's network goes while it is joined, and is there again.
    GoesWhileJoining,
    /// The camera's network goes while photos are fetched, and is there again.
    GoesWhileFetching,
    /// The camera has another passphrase for a while.
    OtherPassphrase,
    /// The camera's network gives no address at first.
    NoAddress,
    /// NetworkManager ends when the network appears, and starts again.
    RestartWhileWaiting,
    /// NetworkManager ends while photos are fetched, and starts again.
    RestartWhileFetching,
    /// The camera ends the connection in the middle of what it sends.
    CutOff,
    /// The camera sends clients away at first.
    Busy,
    /// The radio is pulled out while photos are fetched, and plugged in again.
    RadioPulled,
    /// The target is away for some minutes.
    TargetAway,
    /// The target is full for some minutes.
    TargetFull,
    /// The clock of the station's computer steps while the target is away.
    ClockSteps,
}

impl Mishap {
    pub(super) const ALL: [Self; 13] = [
        Self::None,
        Self::GoesWhileJoining,
        Self::GoesWhileFetching,
        Self::OtherPassphrase,
        Self::NoAddress,
        Self::RestartWhileWaiting,
        Self::RestartWhileFetching,
        Self::CutOff,
        Self::Busy,
        Self::RadioPulled,
        Self::TargetAway,
        Self::TargetFull,
        Self::ClockSteps,
    ];

    /// Plays it up to where the camera is on air and nothing keeps it from being served.
    pub(super) async fn play(self, scene: &Scene, random: &mut Random) {
        match self {
            Self::None => scene.go_on_air(),
            Self::GoesWhileJoining => {
                scene.go_on_air();
                scene.until("the network is being joined", Scene::is_in_camera).await;
                scene.go_off_air();
                scene.pass(random.seconds(3, 90)).await;
                scene.go_on_air();
            }
            Self::GoesWhileFetching => {
                scene.go_on_air();
                scene.until_fetching(random).await;
                scene.go_off_air();
                scene.pass(random.seconds(3, 120)).await;
                scene.go_on_air();
            }
            Self::OtherPassphrase => other_passphrase(scene).await,
            Self::NoAddress => {
                scene.set_cell(Cell { gives_addresses: false, ..working() });
                scene.go_on_air();
                scene.until("an attempt fails", |scene| scene.failed_joins() > 0).await;
                scene.set_cell(working());
                scene.air.show(working());
            }
            Self::RestartWhileWaiting => {
                scene.stop_manager();
                scene.go_on_air();
                scene.pass(random.seconds(1, 15)).await;
                scene.start_manager();
            }
            Self::RestartWhileFetching => {
                scene.go_on_air();
                scene.until_fetching(random).await;
                scene.stop_manager();
                scene.pass(random.seconds(1, 15)).await;
                scene.start_manager();
                scene.be_patient_if_unserved();
            }
            Self::CutOff => {
                let bytes = 500 + random.below(12_000);
                scene.camera().add_fault(Fault::CutAt(bytes));
                scene.go_on_air();
            }
            Self::Busy => {
                let times = 1 + u32::try_from(random.below(3)).unwrap();
                scene.camera().add_fault(Fault::BusyInit(times));
                scene.go_on_air();
            }
            Self::RadioPulled => {
                scene.go_on_air();
                scene.until_fetching(random).await;
                scene.air.pull(CAMERA_RADIO);
                scene.pass(random.seconds(1, 15)).await;
                scene.air.plug(CAMERA_RADIO);
                scene.be_patient_if_unserved();
            }
            Self::TargetAway => {
                scene.switch_target(false);
                scene.go_on_air();
            }
            Self::TargetFull => {
                scene.is_full.store(true, Ordering::Relaxed);
                scene.go_on_air();
            }
            Self::ClockSteps => {
                scene.switch_target(false);
                let back = if random.below(2) == 0 { 1 } else { -1 };
                scene.wall.step(back * DAY_MS);
                scene.go_on_air();
                scene.until_fetching(random).await;
                scene.wall.step(-back * DAY_MS);
            }
        }
    }

    /// Makes good what still keeps photos from the target, once the camera is gone.
    pub(super) async fn make_good(self, scene: &Scene, random: &mut Random) {
        if matches!(self, Self::TargetAway | Self::TargetFull | Self::ClockSteps) {
            assert!(scene.proven() < scene.expected(), "{self:?}: nothing kept them");
            scene.pass(random.seconds(1, 180)).await;
            scene.is_full.store(false, Ordering::Relaxed);
            scene.switch_target(true);
        }
    }
}

/// A network that takes the configured passphrase.
pub(super) fn working() -> Cell {
    Cell { passphrase: Some(PASSPHRASE.to_owned()), ..Cell::open(NETWORK) }
}

/// The person is at the camera, whose network stays as long as that takes.
async fn other_passphrase(scene: &Scene) {
    scene.set_cell(Cell { passphrase: Some("another1another1".to_owned()), ..working() });
    scene.go_on_air();
    scene.have_time();
    scene.until("the passphrase is refused", |scene| scene.failed_joins() > 0).await;
    scene.pass(Duration::from_secs(45)).await;
    assert_eq!(scene.failed_joins(), 1, "it is not tried all the time");
    scene.set_cell(working());
    scene.air.show(working());
}
