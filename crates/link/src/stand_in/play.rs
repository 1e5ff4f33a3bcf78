//! How radios get into networks and out of them, step by step.

use std::net::Ipv4Addr;

use tokio::time::{Duration, sleep};

use super::Shared;
use super::world::{
    ACTIVATED, CONFIG, DEACTIVATING, DISCONNECTED, FAILED, IP_CONFIG, NEED_AUTH, Profile, Radio, UP,
};

/// From one state to the next.
const STEP: Duration = Duration::from_millis(5);

/// What a camera gives; seen of an X-T5.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 114);
/// What a home network gives.
const HOME_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 5, 5, 5);

/// What a client wants to join.
pub(super) struct Wish {
    pub(super) ssid: String,
    key: Option<String>,
}

impl Wish {
    /// Reads a profile as strictly as is needed to notice one that would not work; the words are
    /// what is wrong with it.
    pub(super) fn of(profile: &Profile) -> Result<Self, String> {
        let text = |group: &str, name: &str| -> Option<String> {
            profile.get(group)?.get(name)?.try_clone().ok()?.try_into().ok()
        };
        if text("connection", "type").as_deref() != Some("802-11-wireless") {
            return Err("connection.type: it is no profile for a radio".to_owned());
        }
        let ssid = profile.get("802-11-wireless").and_then(|group| group.get("ssid"));
        let ssid = ssid.and_then(|ssid| Vec::<u8>::try_from(ssid.try_clone().ok()?).ok());
        let ssid = ssid.filter(|ssid| (1..=32).contains(&ssid.len()));
        let ssid = ssid.ok_or("802-11-wireless.ssid: it has 1 to 32 bytes")?;
        for (group, method) in [("ipv4", "auto"), ("ipv6", "disabled")] {
            if text(group, "method").as_deref() != Some(method) {
                return Err(format!("{group}.method: this test wants {method:?}"));
            }
        }
        let how = text("802-11-wireless-security", "key-mgmt");
        if profile.contains_key("802-11-wireless-security") && how.as_deref() != Some("wpa-psk") {
            return Err("802-11-wireless-security.key-mgmt: it is missing".to_owned());
        }
        let ssid = String::from_utf8_lossy(&ssid).into_owned();
        Ok(Self { ssid, key: text("802-11-wireless-security", "psk") })
    }
}

impl Shared {
    /// A client's wish on its way; ends with the radio in the network, or as before.
    pub(super) fn bring_up(&self, active: usize, wish: Wish) {
        let shared = self.clone();
        tokio::spawn(async move {
            for stage in [CONFIG, NEED_AUTH, IP_CONFIG, ACTIVATED] {
                sleep(STEP).await;
                if let Some(reason) = shared.stage(active, stage, &wish) {
                    shared.fail(active, reason, &wish.ssid);
                    return;
                }
            }
        });
    }

    /// One stage; the reason if it fails (NMDeviceStateReason).
    fn stage(&self, active: usize, stage: u32, wish: &Wish) -> Option<u32> {
        let mut world = self.lock();
        if !world.is_there(active) {
            return None;
        }
        let Some(cell) = world.cell(&wish.ssid).cloned() else { return Some(53) };
        let radio = world.actives[active].radio;
        world.set_state(radio, stage, 0);
        match stage {
            NEED_AUTH if cell.passphrase.is_some() && cell.passphrase != wish.key => Some(7),
            IP_CONFIG if !cell.gives_addresses => Some(5),
            ACTIVATED => {
                world.actives[active].state = UP;
                world.radios[radio].address = Some(ADDRESS);
                let interface = world.radios[radio].interface.clone();
                world.log.push(format!("joined {} on {interface}", wish.ssid));
                None
            }
            _ => None,
        }
    }

    fn fail(&self, active: usize, reason: u32, ssid: &str) {
        let mut world = self.lock();
        let radio = world.actives[active].radio;
        let interface = world.radios[radio].interface.clone();
        world.log.push(format!("failed {ssid} on {interface}"));
        world.set_state(radio, FAILED, reason);
        world.end(active);
        world.set_state(radio, DISCONNECTED, 0);
        drop(world);
        self.go_home(radio);
    }

    /// Ends an active connection.
    pub(super) fn take_down(&self, active: usize) {
        let mut world = self.lock();
        if !world.is_there(active) {
            return;
        }
        let (radio, profile) = (world.actives[active].radio, world.actives[active].profile);
        let (name, interface) =
            (world.profiles[profile].name.clone(), world.radios[radio].interface.clone());
        world.log.push(format!("left {name} on {interface}"));
        // NMDeviceStateReason: asked for by a user.
        world.set_state(radio, DEACTIVATING, 39);
        world.end(active);
        world.set_state(radio, DISCONNECTED, 39);
        drop(world);
        self.go_home(radio);
    }

    /// A radio that has nothing joins the network it joins by itself.
    pub(super) fn go_home(&self, radio: usize) {
        let mut world = self.lock();
        let Some(home) = world.radios[radio].home else { return };
        let &Radio { active, is_in, .. } = &world.radios[radio];
        if active.is_some() || !is_in || !world.is_running || world.home_is_lost {
            return;
        }
        let active = world.begin(radio, home, None);
        drop(world);
        self.bring_home(active);
    }

    pub(super) fn bring_home(&self, active: usize) {
        let shared = self.clone();
        tokio::spawn(async move {
            sleep(STEP).await;
            let mut world = shared.lock();
            if world.is_there(active) {
                let (radio, profile) = (world.actives[active].radio, world.actives[active].profile);
                world.actives[active].state = UP;
                world.radios[radio].address = Some(HOME_ADDRESS);
                let (name, interface) =
                    (world.profiles[profile].name.clone(), world.radios[radio].interface.clone());
                world.log.push(format!("joined {name} on {interface}"));
                world.set_state(radio, ACTIVATED, 0);
            }
        });
    }

    /// What goes with a client that is gone.
    pub(super) fn forget(&self, client: u64) {
        let bound: Vec<_> = {
            let world = self.lock();
            let of = |at: &usize| world.actives[*at].client == Some(client);
            (0..world.actives.len()).filter(of).collect()
        };
        bound.into_iter().for_each(|active| self.take_down(active));
    }

    /// Takes down whoever is in a network that went.
    pub(super) fn drop_out(&self, ssid: &str) {
        let inside: Vec<_> = {
            let world = self.lock();
            let name = format!("filmwire {ssid}");
            let is_in = |at: &usize| world.profiles[world.actives[*at].profile].name == name;
            (0..world.actives.len()).filter(is_in).collect()
        };
        inside.into_iter().for_each(|active| self.take_down(active));
    }
}
