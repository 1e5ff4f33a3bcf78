//! Into the camera's network, and an address there.

use std::net::Ipv4Addr;

use filmwire_link::survey::{Reason, Seen, Stage};
use filmwire_link::{Security, Ssid};

use super::Verdict;
use super::service::sights;
use super::view::View;

/// What to do where a network gives no address. Source: protocol/discovery-ble-tether.md,
/// section 6: the server is weak.
const NO_ADDRESS: &str = "start the network on the camera anew, and join it again; other devices \
    must not be in it";

/// Whether the radio is in the camera's network.
pub(super) fn association(view: &View<'_>) -> Verdict {
    if let Some((seen, network)) = view.inside() {
        return Verdict::passed(format!("{} is in {network}", seen.interface));
    }
    if let Some(radio) = view.by_hand() {
        let saw = format!("{} is in a network that NetworkManager does not know", radio.interface);
        return Verdict::passed(saw);
    }
    let Some(seen) = view.furthest() else {
        let Some(radio) = view.radios().into_iter().next() else {
            return Verdict::skipped("there is no radio");
        };
        let cause = format!("{} is in no network", radio.interface);
        return Verdict::failed("", cause, "join the camera's network by hand");
    };
    match seen.stage {
        Stage::In | Stage::Leaving => elsewhere(view, seen),
        Stage::Address => Verdict::passed(format!("{} is in {}", seen.interface, name_of(seen))),
        Stage::Passphrase => passphrase(seen),
        Stage::Beginning => {
            let cause = format!("{} is still on its way into {}", seen.interface, name_of(seen));
            Verdict::failed("", cause, "wait for some seconds, and run this again")
        }
        Stage::Failed => refused(view, seen),
        _ => nowhere(view, seen),
    }
}

/// The network a radio is on its way into.
fn name_of(seen: &Seen) -> String {
    let network = seen.network.as_ref().map(ToString::to_string);
    network.or_else(|| seen.profile.clone()).unwrap_or_else(|| "the network".to_owned())
}

fn passphrase(seen: &Seen) -> Verdict {
    let cause = format!("{} does not take the passphrase, or there is none", name_of(seen));
    let cure = "look at it in the camera's menu, and join with it: write it to FILE, then \
                `filmwire join --passphrase-file FILE -- filmwire doctor`";
    Verdict::failed(format!("{} waits for one", seen.interface), cause, cure)
}

/// It was tried, and did not succeed.
fn refused(view: &View<'_>, seen: &Seen) -> Verdict {
    let name = name_of(seen);
    let (cause, cure) = match seen.reason {
        Reason::Passphrase => return passphrase_refused(seen),
        Reason::NoAddress => {
            return Verdict::passed(format!("{} was in {name}", seen.interface));
        }
        Reason::SentAway => (
            format!("{name} sent {} away", seen.interface),
            "look at the passphrase in the camera's menu; a camera takes one computer or phone at \
             a time",
        ),
        Reason::NoAnswer => (
            format!("{name} did not answer {}", seen.interface),
            "go nearer to the camera, and join again",
        ),
        Reason::Gone => (
            format!("{name} was gone when {} was to join it", seen.interface),
            "start it on the camera, and join within half a minute",
        ),
        Reason::Settings => (
            format!("{} does not take the settings for {name}", seen.interface),
            "see what NetworkManager says: `journalctl -u NetworkManager`",
        ),
        _ => return nowhere(view, seen),
    };
    Verdict::failed("the last attempt failed", cause, cure)
}

fn passphrase_refused(seen: &Seen) -> Verdict {
    Verdict { saw: "the last attempt failed".to_owned(), ..passphrase(seen) }
}

/// The radio does nothing.
fn nowhere(view: &View<'_>, seen: &Seen) -> Verdict {
    let cause = format!("{} is in no network", seen.interface);
    Verdict::failed("", cause, join(view, "filmwire join"))
}

/// How the camera's network is joined.
fn join(view: &View<'_>, command: &str) -> String {
    let found = sights(view);
    let named: &dyn Fn(&Ssid) -> String = &|name| format!(" {:?}", name.to_string());
    let name = view.network.map(named).unwrap_or_default();
    let key = match found.first() {
        Some((_, network)) if network.security == Security::Passphrase => " --passphrase-file FILE",
        _ => "",
    };
    format!("join the camera's: `{command}{name}{key} -- filmwire doctor`")
}

/// The radio has another network.
fn elsewhere(view: &View<'_>, seen: &Seen) -> Verdict {
    let (radio, name) = (&seen.interface, name_of(seen));
    if seen.is_hotspot {
        let cause = format!("{radio} makes the network {name} for others");
        return Verdict::failed("", cause, "use another radio");
    }
    let cause = format!("{radio} is in {name}, which is not called like a camera's network");
    let saw = format!("{radio} is in {name}");
    let way = view.ip.and_then(|ip| view.survey.kernel.way_to(ip));
    // One that was renamed, or a home network with the same addresses.
    let may_be = match way.is_some_and(|way| way.interface == *radio && way.gateway.is_none()) {
        true => format!(". If {name} is the camera's, name it: `filmwire doctor NAME`"),
        false => String::new(),
    };
    let cure = format!("{}, or use another radio{may_be}", join(view, "filmwire join --share"));
    Verdict::failed(saw, cause, cure)
}

/// Whether the radio has an address in the camera's network.
pub(super) fn dhcp(view: &View<'_>) -> Verdict {
    if let Some(radio) = view.by_hand().filter(|_| view.inside().is_none()) {
        let name = &radio.interface;
        let mut routes = view.survey.kernel.routes.iter();
        return match routes.find(|route| route.interface == *name && route.gateway.is_none()) {
            Some(route) => Verdict::passed(format!("{name} is in {}/{}", route.to, route.prefix)),
            None => Verdict::failed("", format!("{name} has no address"), NO_ADDRESS),
        };
    }
    let Some(seen) = view.inside().map(|(seen, _)| seen).or_else(|| view.furthest()) else {
        return Verdict::skipped("there is no radio in a network");
    };
    let radio = &seen.interface;
    let is_there = matches!(seen.stage, Stage::In | Stage::Address);
    if !is_there && seen.reason != Reason::NoAddress {
        return Verdict::skipped(format!("{radio} is in no network"));
    }
    let told = |(address, prefix): &(Ipv4Addr, u32)| format!("{address}/{prefix}");
    let all: Vec<_> = seen.addresses.iter().map(told).collect();
    let saw =
        if all.is_empty() { String::new() } else { format!("{radio} has {}", all.join(", ")) };
    if seen.addresses.iter().any(|(address, _)| !address.is_link_local()) {
        return Verdict::passed(saw);
    }
    let name = name_of(seen);
    let cause = match (seen.stage, all.is_empty()) {
        (Stage::Address, _) => format!("{radio} waits for an address from {name}"),
        (_, true) => format!("{name} gave {radio} no address"),
        (_, false) => format!("{name} gave {radio} no address, and it made one up"),
    };
    Verdict::failed(saw, cause, NO_ADDRESS)
}
