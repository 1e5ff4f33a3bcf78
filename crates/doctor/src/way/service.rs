//! NetworkManager, and what radios see.

use std::time::Duration;

use filmwire_link::Network;
use filmwire_link::survey::{Permission, Seen, Service};

use super::Verdict;
use super::view::View;

/// What was seen longer ago than this is not what is in the air.
const OLD: Duration = Duration::from_secs(60);

/// Whether NetworkManager handles networks, and lets us join them.
pub(super) fn manager(view: &View<'_>) -> Verdict {
    let told = match &view.survey.service {
        Service::Told(told) => told,
        Service::NoBus(cause) => return Verdict::skipped(format!("{cause}")),
        Service::Absent(cause) => {
            return match view.by_hand() {
                Some(radio) => Verdict::skipped(by_hand(&radio.interface)),
                None => Verdict::failed("", cause.to_string(), cause.cure()),
            };
        }
    };
    let saw = format!("NetworkManager {}", told.version);
    if !told.is_networking_on {
        let cause = "NetworkManager has all networks switched off";
        return Verdict::failed(saw, cause, "switch them on: `nmcli networking on`");
    }
    // Nothing is left to be allowed.
    if view.inside().is_some() || view.by_hand().is_some() {
        return Verdict::passed(saw);
    }
    match told.permission {
        Permission::Yes => Verdict::passed(format!("{saw}, which lets us join networks")),
        Permission::Unknown => Verdict::passed(saw),
        Permission::No => {
            let cause = "NetworkManager does not let this user join networks";
            Verdict::failed(saw, cause, "run it as root, or allow it by a rule of polkit")
        }
        Permission::Asks => {
            let cause = "NetworkManager wants a password before this user joins networks";
            let cure =
                "join by the desktop's menu, run it as root, or allow it by a rule of polkit";
            Verdict::doubtful(saw, cause, cure)
        }
    }
}

fn by_hand(interface: &str) -> String {
    format!("{interface} is in a network without NetworkManager")
}

/// Networks of cameras in sight, each with the radio that sees it.
pub(super) fn sights<'a>(view: &View<'a>) -> Vec<(&'a Seen, &'a Network)> {
    let of = |seen: &'a Seen| {
        let networks = seen.networks.iter().filter(|network| view.is_camera(&network.ssid));
        networks.map(move |network| (seen, network))
    };
    view.seen().flat_map(of).collect()
}

/// Whether the camera's network is in sight.
pub(super) fn scan(view: &View<'_>) -> Verdict {
    if let Some((seen, network)) = view.inside() {
        return Verdict::passed(format!("{network}, which {} is in", seen.interface));
    }
    if let Some(radio) = view.by_hand() {
        return Verdict::skipped(by_hand(&radio.interface));
    }
    if view.told().is_none() {
        return Verdict::skipped("there is no NetworkManager to ask");
    }
    let found = sights(view);
    let told = |(seen, network): &(&Seen, &Network)| {
        format!("{} with {} % by {}", network.ssid, network.strength, seen.interface)
    };
    let ago = view.seen().filter_map(|seen| seen.looked_ago).min();
    let looked = ago.map(|ago| format!(", looked {} s ago", ago.as_secs())).unwrap_or_default();
    if !found.is_empty() {
        let found: Vec<_> = found.iter().map(told).collect();
        return Verdict::passed(format!("{}{looked}", found.join(", ")));
    }
    let count: usize = view.seen().map(|seen| seen.networks.len()).max().unwrap_or_default();
    let saw = match count {
        0 => format!("no network{looked}"),
        1 => format!("one other network{looked}"),
        _ => format!("{count} other networks{looked}"),
    };
    if let Some(ago) = ago.filter(|ago| *ago > OLD) {
        let cause = format!("the radio has not looked around for {} s", ago.as_secs());
        let cure = "have it look: `nmcli device wifi rescan`, and run this again";
        return Verdict::failed(saw, cause, cure);
    }
    let cause = match view.network {
        Some(name) => format!("{name} is not in sight"),
        None => "no camera's network is in sight".to_owned(),
    };
    let cure = "start it on the camera, near this computer; it ends by itself after half a minute \
                or so. One that was renamed must be named: `filmwire doctor NAME`";
    Verdict::failed(saw, cause, cure)
}
