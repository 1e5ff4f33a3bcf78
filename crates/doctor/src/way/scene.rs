//! A computer that exists only for tests: folders in the place of `/sys` and `/proc`, and a stand-in
//! for NetworkManager.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::time::Duration;

use filmwire_camera::Address;
use filmwire_link::stand_in::{Cell, StandIn};
use filmwire_link::survey::Roots;
use tokio::time::{sleep, timeout};

use super::{Ground, OF_CAMERAS, Verdict, examine};
use crate::step::Step;

pub(super) const CAMERA: &str = "FUJIFILM-X-T5-003B";
const OURS: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 114);
const LIMIT: Duration = Duration::from_secs(20);
/// What is in the address's place with the interface that it is bound to.
pub(super) const BOUND: &str = "192.168.0.1%wlan0";

/// A computer with the radio `wlan0`, and its air.
pub(super) struct Scene {
    pub(super) air: StandIn,
    pub(super) folder: tempfile::TempDir,
    pub(super) ground: Ground,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let air = StandIn::listen(&folder.path().join("bus")).unwrap();
        let manager = Some(air.manager().await.unwrap());
        let ground = Ground { roots: Roots::under(folder.path()), manager, ..Ground::default() };
        let scene = Self { air, folder, ground };
        scene.write("sys/class/net/eth0/operstate", "up\n");
        scene.add_radio("wlan0", "phy0");
        scene.iw("germany");
        // Two seconds after the stand-in's first look.
        scene.write("proc/uptime", "17.00 30.00\n");
        scene.write("proc/sys/net/ipv4/conf/all/rp_filter", "0\n");
        scene.route("eth0", [0, 0, 0, 0], [10, 0, 0, 1], 0, 100);
        scene
    }

    /// With the radio in the camera's network.
    pub(super) async fn inside() -> Self {
        let scene = Self::new().await;
        scene.air.show(Cell::open(CAMERA));
        scene.join(CAMERA).await;
        scene.air.set_address("wlan0", Some(OURS));
        scene.route("wlan0", [192, 168, 0, 0], [0, 0, 0, 0], 24, 600);
        scene
    }

    pub(super) async fn join(&self, network: &str) {
        self.air.set_home("wlan0", network, false);
        let end = format!("joined {network} on wlan0");
        let joined = async {
            while self.air.log().last() != Some(&end) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, joined).await.unwrap();
    }

    pub(super) fn write(&self, path: &str, content: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn add_radio(&self, interface: &str, device: &str) {
        self.air.add_radio(interface);
        self.write(&format!("sys/class/net/{interface}/phy80211/name"), device);
        self.write(&format!("sys/class/net/{interface}/operstate"), "down\n");
        self.switch(device, false, false);
    }

    pub(super) fn switch(&self, device: &str, is_soft: bool, is_hard: bool) {
        let of = |file: &str| format!("sys/class/rfkill/rf{device}/{file}");
        self.write(&of("type"), "wlan\n");
        self.write(&of("name"), device);
        self.write(&of("soft"), &u8::from(is_soft).to_string());
        self.write(&of("hard"), &u8::from(is_hard).to_string());
    }

    pub(super) fn iw(&self, country: &str) {
        let link = self.folder.path().join("iw");
        let _ = fs::remove_file(&link);
        symlink(format!("{}/tests/iw/{country}", env!("CARGO_MANIFEST_DIR")), link).unwrap();
    }

    /// A route more, with the narrowest first.
    pub(super) fn route(
        &self,
        interface: &str,
        to: [u8; 4],
        gateway: [u8; 4],
        prefix: u32,
        metric: u32,
    ) {
        let bits = |bytes: [u8; 4]| u32::from_ne_bytes(bytes);
        let mask = bits(u32::MAX.checked_shl(32 - prefix).unwrap_or(0).to_be_bytes());
        let flags = if gateway == [0; 4] { 1 } else { 3 };
        let path = self.folder.path().join("proc/net/route");
        let mut table = fs::read_to_string(path).unwrap_or_else(|_| "Iface\n".to_owned());
        table += &format!(
            "{interface}\t{:08X}\t{:08X}\t{flags:04X}\t0\t0\t{metric}\t{mask:08X}\t0\t0\t0\n",
            bits(to),
            bits(gateway),
        );
        self.write("proc/net/route", &table);
    }

    pub(super) fn no_routes(&self) {
        self.write("proc/net/route", "Iface\n");
    }

    pub(super) async fn judge_at(&self, address: &str, step: Step) -> Verdict {
        let address: Address = address.parse().unwrap();
        let ip = address.host.parse().ok();
        let verdicts = timeout(LIMIT, examine(&address, ip, &self.ground)).await.unwrap();
        let steps: Vec<_> = verdicts.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, Step::WAY);
        verdicts.into_iter().find(|(found, _)| *found == step).unwrap().1
    }

    pub(super) async fn judge(&self, step: Step) -> Verdict {
        self.judge_at(OF_CAMERAS, step).await
    }
}

#[track_caller]
pub(super) fn passed(verdict: &Verdict, saw: &str) {
    assert_eq!(*verdict, Verdict::passed(saw));
}

#[track_caller]
pub(super) fn failed(verdict: &Verdict, saw: &str, cause: &str, cure: &str) {
    assert_eq!(*verdict, Verdict::failed(saw, cause, cure));
}

#[track_caller]
pub(super) fn doubtful(verdict: &Verdict, saw: &str, cause: &str, cure: &str) {
    assert_eq!(*verdict, Verdict::doubtful(saw, cause, cure));
}

#[track_caller]
pub(super) fn skipped(verdict: &Verdict, why: &str) {
    assert_eq!(*verdict, Verdict::skipped(why));
}
