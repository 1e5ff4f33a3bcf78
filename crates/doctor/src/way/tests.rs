//! Each step of the way, made to fail: saw, cause and cure, word for word.

use std::fs;
use std::net::Ipv4Addr;

use filmwire_link::stand_in::Cell;

use super::scene::{BOUND, CAMERA, Scene, doubtful, failed, passed, skipped};
use super::*;

#[tokio::test]
async fn a_way_that_leads_into_the_network_passes_every_step() {
    let scene = Scene::inside().await;
    for (step, saw) in [
        (Step::Radio, "wlan0"),
        (Step::Rfkill, "phy0 is on"),
        (Step::Regdom, "DE, by iw"),
        (Step::Manager, "NetworkManager 1.42.4"),
        (Step::Scan, "FUJIFILM-X-T5-003B, which wlan0 is in"),
        (Step::Association, "wlan0 is in FUJIFILM-X-T5-003B"),
        (Step::Dhcp, "wlan0 has 192.168.0.114/24"),
        (Step::Route, "by wlan0"),
    ] {
        passed(&scene.judge(step).await, saw);
    }
    passed(&scene.judge_at(BOUND, Step::Route).await, "by wlan0, which it is bound to");
    assert_eq!(scene.air.log(), ["joined FUJIFILM-X-T5-003B on wlan0"], "nothing was changed");
}

#[tokio::test]
async fn radio_that_is_not_there() {
    let scene = Scene::new().await;
    fs::remove_dir_all(scene.folder.path().join("sys/class/net/wlan0/phy80211")).unwrap();
    failed(
        &scene.judge(Step::Radio).await,
        "",
        "this computer has no radio",
        "plug one in; if one is there, its driver or firmware is not: see `dmesg`",
    );
    let mut scene = Scene::new().await;
    scene.ground.radio = Some("wlan9".to_owned());
    failed(
        &scene.judge(Step::Radio).await,
        "",
        "there is no radio wlan9",
        "this computer has wlan0",
    );
}

#[tokio::test]
async fn radio_that_lacks_its_firmware() {
    let scene = Scene::new().await;
    scene.air.lose_firmware("wlan0");
    failed(
        &scene.judge(Step::Radio).await,
        "wlan0",
        "wlan0 lacks its firmware",
        "install it; `dmesg` tells the name of the file",
    );
    scene.add_radio("wlan1", "phy1");
    passed(&scene.judge(Step::Radio).await, "wlan0, wlan1");
}

#[tokio::test]
async fn radio_that_is_left_alone() {
    let scene = Scene::new().await;
    scene.air.unmanage("wlan0");
    failed(
        &scene.judge(Step::Radio).await,
        "wlan0",
        "NetworkManager leaves wlan0 alone",
        "let it have the radio: `nmcli device set wlan0 managed yes`; or join the camera's network \
         by hand",
    );
    // Somebody joined a network with it without NetworkManager.
    scene.write("sys/class/net/wlan0/operstate", "up\n");
    scene.route("wlan0", [192, 168, 0, 0], [0, 0, 0, 0], 24, 600);
    for (step, saw) in [
        (Step::Radio, "wlan0"),
        (Step::Manager, "NetworkManager 1.42.4"),
        (Step::Association, "wlan0 is in a network that NetworkManager does not know"),
        (Step::Dhcp, "wlan0 is in 192.168.0.0/24"),
        (Step::Route, "by wlan0"),
    ] {
        passed(&scene.judge(step).await, saw);
    }
    skipped(&scene.judge(Step::Scan).await, "wlan0 is in a network without NetworkManager");
}

#[tokio::test]
async fn rfkill_by_hardware() {
    let cause = "a switch on this computer has Wi-Fi off";
    let cure = "switch it on: a slider, a key with an aerial on it, or the firmware's settings";
    let scene = Scene::new().await;
    scene.switch("phy0", false, true);
    failed(&scene.judge(Step::Rfkill).await, "phy0 is off by hardware", cause, cure);
    let scene = Scene::new().await;
    scene.air.switch_by_hand(false);
    failed(&scene.judge(Step::Rfkill).await, "phy0 is on", cause, cure);
}

#[tokio::test]
async fn rfkill_by_software() {
    let scene = Scene::new().await;
    scene.switch("phy0", true, false);
    failed(
        &scene.judge(Step::Rfkill).await,
        "phy0 is off by software",
        "software has Wi-Fi switched off",
        "switch it on: `rfkill unblock wifi`",
    );
    scene.air.switch(false);
    failed(
        &scene.judge(Step::Rfkill).await,
        "phy0 is off by software",
        "NetworkManager has Wi-Fi switched off",
        "switch it on: `nmcli radio wifi on`",
    );
    let scene = Scene::new().await;
    scene.switch("phy0", true, false);
    scene.add_radio("wlan1", "phy1");
    passed(&scene.judge(Step::Rfkill).await, "phy0 is off by software, phy1 is on");
}

#[tokio::test]
async fn regdom_that_hides_channels_is_a_doubt_while_no_camera_is_seen() {
    let cure = "set yours, such as `iw reg set DE`; on a Raspberry Pi by `raspi-config`";
    let scene = Scene::new().await;
    passed(&scene.judge(Step::Regdom).await, "DE, by iw");
    scene.iw("world");
    doubtful(
        &scene.judge(Step::Regdom).await,
        "00, by iw",
        "no country is set: networks on channels 12 and 13 may not be seen",
        cure,
    );
    scene.air.show(Cell::open(CAMERA));
    passed(&scene.judge(Step::Regdom).await, "00, by iw");
    scene.air.hide(CAMERA);
    scene.iw("nowhere");
    passed(&scene.judge(Step::Regdom).await, "unknown: neither iw nor the kernel tells");
    for (content, code) in [("00\n", "00"), ("\n", "none")] {
        scene.write("sys/module/cfg80211/parameters/ieee80211_regdom", content);
        doubtful(
            &scene.judge(Step::Regdom).await,
            &format!("{code}, as the kernel's module was loaded"),
            "no country is set, as far as can be told without iw: networks on channels 12 and 13 \
             may not be seen",
            cure,
        );
    }
}

#[tokio::test]
async fn manager_that_is_not_there() {
    let mut scene = Scene::new().await;
    scene.air.stop();
    failed(
        &scene.judge(Step::Manager).await,
        "",
        "NetworkManager cannot be reached: The name org.freedesktop.NetworkManager was not \
         provided by any .service files",
        "start NetworkManager; without it join the network by hand",
    );
    skipped(&scene.judge(Step::Scan).await, "there is no NetworkManager to ask");
    failed(
        &scene.judge(Step::Association).await,
        "",
        "wlan0 is in no network",
        "join the camera's network by hand",
    );
    scene.write("sys/class/net/wlan0/operstate", "up\n");
    skipped(&scene.judge(Step::Manager).await, "wlan0 is in a network without NetworkManager");
    // Without a bus, nobody can be blamed.
    scene.ground.manager = None;
    let cause = filmwire_link::Error::NoManager("no bus".to_owned());
    let survey = Survey::look(Err(cause), &Choice::default(), None, &scene.ground.roots).await;
    let address = Address::default();
    let ip = address.host.parse().ok();
    let verdicts = judge(&address, ip, &scene.ground, &survey);
    skipped(&verdicts[3].1, "NetworkManager cannot be reached: no bus");
}

#[tokio::test]
async fn manager_that_handles_no_networks() {
    let scene = Scene::new().await;
    scene.air.enable(false);
    scene.air.unmanage("wlan0");
    passed(&scene.judge(Step::Radio).await, "wlan0");
    failed(
        &scene.judge(Step::Manager).await,
        "NetworkManager 1.42.4",
        "NetworkManager has all networks switched off",
        "switch them on: `nmcli networking on`",
    );
}

#[tokio::test]
async fn manager_that_does_not_let_us() {
    let scene = Scene::new().await;
    passed(&scene.judge(Step::Manager).await, "NetworkManager 1.42.4, which lets us join networks");
    scene.air.ask_for_password();
    doubtful(
        &scene.judge(Step::Manager).await,
        "NetworkManager 1.42.4",
        "NetworkManager wants a password before this user joins networks",
        "join by the desktop's menu, run it as root, or allow it by a rule of polkit",
    );
    scene.air.forbid();
    failed(
        &scene.judge(Step::Manager).await,
        "NetworkManager 1.42.4",
        "NetworkManager does not let this user join networks",
        "run it as root, or allow it by a rule of polkit",
    );
    let scene = Scene::inside().await;
    scene.air.forbid();
    passed(&scene.judge(Step::Manager).await, "NetworkManager 1.42.4");
}

const START_IT: &str = "start it on the camera, near this computer; it ends by itself after half a \
    minute or so. One that was renamed must be named: `filmwire doctor NAME`";

#[tokio::test]
async fn scan_that_sees_no_camera() {
    let mut scene = Scene::new().await;
    let cause = "no camera's network is in sight";
    let judged = scene.judge(Step::Scan).await;
    failed(&judged, "no network, looked 2 s ago", cause, START_IT);
    scene.air.show(Cell::open("Home"));
    scene.write("proc/uptime", "40.00 30.00\n");
    let judged = scene.judge(Step::Scan).await;
    failed(&judged, "one other network, looked 10 s ago", cause, START_IT);
    scene.air.show(Cell::open("Guests"));
    scene.ground.network = Some(Ssid::new(CAMERA));
    scene.write("proc/uptime", "50.00 30.00\n");
    let judged = scene.judge(Step::Scan).await;
    let cause = "FUJIFILM-X-T5-003B is not in sight";
    failed(&judged, "2 other networks, looked 5 s ago", cause, START_IT);
    scene.air.show(Cell::open(CAMERA));
    scene.write("proc/uptime", "60.00 30.00\n");
    let saw = "FUJIFILM-X-T5-003B with 60 % by wlan0, looked 0 s ago";
    passed(&scene.judge(Step::Scan).await, saw);
    // A camera's network that vanishes.
    scene.air.hide(CAMERA);
    scene.write("proc/uptime", "75.00 30.00\n");
    let judged = scene.judge(Step::Scan).await;
    failed(&judged, "2 other networks, looked 0 s ago", cause, START_IT);
}

#[tokio::test]
async fn scan_that_is_old() {
    let scene = Scene::new().await;
    scene.write("proc/uptime", "315.00 30.00\n");
    failed(
        &scene.judge(Step::Scan).await,
        "no network, looked 300 s ago",
        "the radio has not looked around for 300 s",
        "have it look: `nmcli device wifi rescan`, and run this again",
    );
}

#[tokio::test]
async fn association_that_was_not_tried() {
    let mut scene = Scene::new().await;
    scene.air.show(Cell::open(CAMERA));
    failed(
        &scene.judge(Step::Association).await,
        "",
        "wlan0 is in no network",
        "join the camera's: `filmwire join -- filmwire doctor`",
    );
    scene.air.show(Cell { passphrase: Some("secret".into()), ..Cell::open("My camera") });
    scene.ground.network = Some(Ssid::new("My camera"));
    failed(
        &scene.judge(Step::Association).await,
        "",
        "wlan0 is in no network",
        "join the camera's: `filmwire join \"My camera\" --passphrase-file FILE -- filmwire doctor`",
    );
}

#[tokio::test]
async fn association_that_failed() {
    let passphrase = "look at it in the camera's menu, and join with it: write it to FILE, then \
                      `filmwire join --passphrase-file FILE -- filmwire doctor`";
    let no_passphrase = "FUJIFILM-X-T5-003B does not take the passphrase, or there is none";
    for (state, reason, saw, cause, cure) in [
        // NEED_AUTH, FAILED; NO_SECRETS.
        (60, 7, "wlan0 waits for one", no_passphrase, passphrase),
        (120, 7, "the last attempt failed", no_passphrase, passphrase),
        // SUPPLICANT_DISCONNECT.
        (
            120,
            8,
            "the last attempt failed",
            "FUJIFILM-X-T5-003B sent wlan0 away",
            "look at the passphrase in the camera's menu; a camera takes one computer or phone at \
             a time",
        ),
        // SUPPLICANT_TIMEOUT.
        (
            120,
            11,
            "the last attempt failed",
            "FUJIFILM-X-T5-003B did not answer wlan0",
            "go nearer to the camera, and join again",
        ),
        // SSID_NOT_FOUND.
        (
            120,
            53,
            "the last attempt failed",
            "FUJIFILM-X-T5-003B was gone when wlan0 was to join it",
            "start it on the camera, and join within half a minute",
        ),
        // SUPPLICANT_CONFIG_FAILED.
        (
            120,
            9,
            "the last attempt failed",
            "wlan0 does not take the settings for FUJIFILM-X-T5-003B",
            "see what NetworkManager says: `journalctl -u NetworkManager`",
        ),
        // CONFIG.
        (
            50,
            0,
            "",
            "wlan0 is still on its way into FUJIFILM-X-T5-003B",
            "wait for some seconds, and run this again",
        ),
    ] {
        let scene = Scene::inside().await;
        scene.air.stand_still("wlan0", state, reason);
        failed(&scene.judge(Step::Association).await, saw, cause, cure);
    }
}

#[tokio::test]
async fn association_with_another_network() {
    let scene = Scene::new().await;
    scene.air.show(Cell::open(CAMERA));
    scene.join("Home").await;
    failed(
        &scene.judge(Step::Association).await,
        "wlan0 is in Home",
        "wlan0 is in Home, which is not called like a camera's network",
        "join the camera's: `filmwire join --share -- filmwire doctor`, or use another radio",
    );
    // Others are in it; it is nothing to leave.
    scene.air.make_hotspot("wlan0");
    failed(
        &scene.judge(Step::Association).await,
        "",
        "wlan0 makes the network Home for others",
        "use another radio",
    );
    let scene = Scene::new().await;
    scene.air.show(Cell::open(CAMERA));
    scene.join("Home").await;
    // It may be a camera that was renamed.
    scene.route("wlan0", [192, 168, 0, 0], [0, 0, 0, 0], 24, 600);
    failed(
        &scene.judge(Step::Association).await,
        "wlan0 is in Home",
        "wlan0 is in Home, which is not called like a camera's network",
        "join the camera's: `filmwire join --share -- filmwire doctor`, or use another radio. If \
         Home is the camera's, name it: `filmwire doctor NAME`",
    );
}

const ANEW: &str = "start the network on the camera anew, and join it again; other devices must \
    not be in it";

#[tokio::test]
async fn dhcp_that_gives_nothing() {
    let nothing = "FUJIFILM-X-T5-003B gave wlan0 no address";
    // FAILED, IP_CONFIG_UNAVAILABLE; IP_CONFIG; ACTIVATED.
    for (state, reason, cause) in [
        (120, 5, nothing),
        (70, 0, "wlan0 waits for an address from FUJIFILM-X-T5-003B"),
        (100, 0, nothing),
    ] {
        let scene = Scene::inside().await;
        scene.air.set_address("wlan0", None);
        scene.air.stand_still("wlan0", state, reason);
        let association = scene.judge(Step::Association).await;
        assert_eq!(association.outcome, Outcome::Passed, "{association:?}");
        failed(&scene.judge(Step::Dhcp).await, "", cause, ANEW);
    }
    let scene = Scene::inside().await;
    scene.air.set_address("wlan0", Some(Ipv4Addr::new(169, 254, 1, 2)));
    failed(
        &scene.judge(Step::Dhcp).await,
        "wlan0 has 169.254.1.2/24",
        "FUJIFILM-X-T5-003B gave wlan0 no address, and it made one up",
        ANEW,
    );
    let scene = Scene::new().await;
    skipped(&scene.judge(Step::Dhcp).await, "wlan0 is in no network");
    scene.air.unmanage("wlan0");
    scene.write("sys/class/net/wlan0/operstate", "up\n");
    failed(&scene.judge(Step::Dhcp).await, "", "wlan0 has no address", ANEW);
}

#[tokio::test]
async fn route_that_is_none_or_leads_elsewhere() {
    let scene = Scene::new().await;
    failed(
        &scene.judge(Step::Route).await,
        "by eth0, by way of 10.0.0.1",
        "192.168.0.1 is looked for by way of 10.0.0.1 (eth0): this computer is not in the \
         camera's network",
        "join the camera's network; check with `ip route`",
    );
    failed(
        &scene.judge_at(BOUND, Step::Route).await,
        "",
        "wlan0 leads to other addresses than 192.168.0.1",
        "check the address; if it is right, that interface is not in the camera's network",
    );
    scene.no_routes();
    failed(
        &scene.judge(Step::Route).await,
        "",
        "no route leads to 192.168.0.1",
        "join the camera's network, or check the address",
    );
}

#[tokio::test]
async fn route_by_another_network_with_the_same_addresses() {
    let scene = Scene::inside().await;
    scene.route("eth0", [192, 168, 0, 0], [0, 0, 0, 0], 24, 100);
    failed(
        &scene.judge(Step::Route).await,
        "by eth0",
        "192.168.0.1 is looked for by eth0, and the camera's network is at wlan0",
        "bind to it: --camera 192.168.0.1%wlan0",
    );
    passed(&scene.judge_at(BOUND, Step::Route).await, "by wlan0, which it is bound to");
    // Joined by us: its routes are in a table of their own.
    scene.no_routes();
    failed(
        &scene.judge(Step::Route).await,
        "",
        "192.168.0.1 is looked for nowhere, and the camera's network is at wlan0",
        "bind to it: --camera 192.168.0.1%wlan0",
    );
    passed(&scene.judge_at(BOUND, Step::Route).await, "by wlan0, which it is bound to");
}

#[tokio::test]
async fn route_back_that_is_checked_strictly() {
    let scene = Scene::inside().await;
    scene.write("proc/sys/net/ipv4/conf/wlan0/rp_filter", "1\n");
    // The way back is the same.
    passed(&scene.judge_at(BOUND, Step::Route).await, "by wlan0, which it is bound to");
    scene.route("eth0", [192, 168, 0, 0], [0, 0, 0, 0], 24, 100);
    let cure = "`sysctl net.ipv4.conf.wlan0.rp_filter=2`; to keep it, write that to a file in \
                /etc/sysctl.d";
    failed(
        &scene.judge_at(BOUND, Step::Route).await,
        "by wlan0, which it is bound to",
        "the kernel drops what comes from 192.168.0.1 by wlan0: it would look for it by eth0 \
         (rp_filter is 1, strict)",
        cure,
    );
    scene.no_routes();
    failed(
        &scene.judge_at(BOUND, Step::Route).await,
        "by wlan0, which it is bound to",
        "the kernel drops what comes from 192.168.0.1 by wlan0: it would look for it nowhere \
         (rp_filter is 1, strict)",
        cure,
    );
    // The larger one of the two counts.
    scene.write("proc/sys/net/ipv4/conf/wlan0/rp_filter", "0\n");
    scene.write("proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
    assert!(scene.judge_at(BOUND, Step::Route).await.is_failed());
    scene.write("proc/sys/net/ipv4/conf/wlan0/rp_filter", "2\n");
    passed(&scene.judge_at(BOUND, Step::Route).await, "by wlan0, which it is bound to");
}

#[tokio::test]
async fn a_way_by_no_radio_is_not_examined_but_for_its_route() {
    let scene = Scene::new().await;
    scene.air.switch(false);
    for (address, why, route) in [
        (
            "10.0.0.7",
            "10.0.0.7 is not where a camera is in its own network",
            "by eth0, by way of 10.0.0.1",
        ),
        (
            "10.0.0.7%eth0",
            "the camera is reached by eth0, which is no radio",
            "by eth0, which it is bound to",
        ),
    ] {
        for step in Step::WAY.into_iter().filter(|step| *step != Step::Route) {
            skipped(&scene.judge_at(address, step).await, why);
        }
        passed(&scene.judge_at(address, Step::Route).await, route);
    }
    let why = "the camera's address is one of this computer's own";
    for step in Step::WAY {
        skipped(&scene.judge_at("127.0.0.1", step).await, why);
    }
    fs::remove_dir_all(scene.folder.path().join("sys")).unwrap();
    skipped(&scene.judge(Step::Radio).await, "this is looked at on Linux only");
}

#[tokio::test]
async fn what_is_refuted_is_in_doubt() {
    let verdict = Verdict::failed("saw", "cause", "cure").refuted("192.168.0.1:55740");
    let cure = "none is needed as long as 192.168.0.1:55740 answers, as it does now";
    doubtful(&verdict, "saw", "cause", cure);
    passed(&Verdict::passed("saw").refuted("192.168.0.1:55740"), "saw");
}
