//! The way to the camera's address, and back.

use std::net::Ipv4Addr;

use filmwire_link::survey::{Route, are_neighbours};

use super::Verdict;
use super::view::View;

/// The kernel drops what comes in by another interface than it would answer by. Source: the
/// kernel's `networking/ip-sysctl`, `rp_filter`.
const STRICT: u8 = 1;

/// Whether what is sent to the camera goes there, and what it answers comes in. Gateways lead to
/// cameras that are in somebody's network, never to those in their own.
pub(super) fn judge(view: &View<'_>, by_gateways: bool) -> Verdict {
    let Some(ip) = view.ip else {
        return Verdict::skipped("only addresses of IPv4 are looked up");
    };
    match view.bound {
        Some(bound) => by_interface(view, ip, bound),
        None => by_table(view, ip, by_gateways),
    }
}

/// By the interface that sockets are bound to.
fn by_interface(view: &View<'_>, ip: Ipv4Addr, bound: &str) -> Verdict {
    let kernel = &view.survey.kernel;
    let mut of_it = kernel.routes.iter().filter(|route| route.interface == bound);
    if !has_neighbour(view, bound, ip) && !of_it.any(|route| route.leads_to(ip)) {
        let cause = format!("{bound} leads to other addresses than {ip}");
        let cure =
            "check the address; if it is right, that interface is not in the camera's network";
        return Verdict::failed("", cause, cure);
    }
    let way = kernel.way_to(ip);
    let saw = format!("by {bound}, which it is bound to");
    let is_way_back = way.is_some_and(|way| way.interface == bound);
    if is_way_back || kernel.filters.of(bound) != Some(STRICT) {
        return Verdict::passed(saw);
    }
    let other = way.map_or_else(|| "nowhere".to_owned(), |way| format!("by {}", way.interface));
    let cause = format!(
        "the kernel drops what comes from {ip} by {bound}: it would look for it {other} \
         (rp_filter is 1, strict)"
    );
    let cure = format!(
        "`sysctl net.ipv4.conf.{bound}.rp_filter=2`; to keep it, write that to a file in \
         /etc/sysctl.d"
    );
    Verdict::failed(saw, cause, cure)
}

/// By the table that is asked for sockets that are bound to nothing.
fn by_table(view: &View<'_>, ip: Ipv4Addr, by_gateways: bool) -> Verdict {
    let radio = inside_with(view, ip);
    let Some(way) = view.survey.kernel.way_to(ip) else {
        return match radio {
            Some(radio) => bind(ip, "nowhere", &radio),
            None => {
                let cause = format!("no route leads to {ip}");
                Verdict::failed("", cause, "join the camera's network, or check the address")
            }
        };
    };
    let saw = told(way);
    match (radio, way.gateway) {
        (Some(radio), _) if radio != way.interface => {
            let verdict = bind(ip, &format!("by {}", way.interface), &radio);
            Verdict { saw, ..verdict }
        }
        (None, Some(gateway)) if !by_gateways => {
            let cause = format!(
                "{ip} is looked for by way of {gateway} ({}): this computer is not in the \
                 camera's network",
                way.interface
            );
            Verdict::failed(saw, cause, "join the camera's network; check with `ip route`")
        }
        _ => Verdict::passed(saw),
    }
}

fn told(way: &Route) -> String {
    match way.gateway {
        Some(gateway) => format!("by {}, by way of {gateway}", way.interface),
        None => format!("by {}", way.interface),
    }
}

/// The radio leads there, but only who binds to it goes that way.
fn bind(ip: Ipv4Addr, other: &str, radio: &str) -> Verdict {
    let cause = format!("{ip} is looked for {other}, and the camera's network is at {radio}");
    Verdict::failed("", cause, format!("bind to it: --camera {ip}%{radio}"))
}

/// The radio in the camera's network, if the address is one of that.
fn inside_with(view: &View<'_>, ip: Ipv4Addr) -> Option<String> {
    let interface = match (view.inside(), view.by_hand()) {
        (Some((seen, _)), _) => seen.interface.clone(),
        (None, Some(radio)) => radio.interface.clone(),
        (None, None) => return None,
    };
    has_neighbour(view, &interface, ip).then_some(interface)
}

/// Whether an address is in the network that an interface is in.
fn has_neighbour(view: &View<'_>, interface: &str, ip: Ipv4Addr) -> bool {
    let seen = view.seen_as(interface);
    let by_address = seen.is_some_and(|seen| {
        seen.addresses.iter().any(|(address, prefix)| are_neighbours(*address, ip, *prefix))
    });
    let routes = &view.survey.kernel.routes;
    let is_near = |route: &Route| route.interface == interface && route.gateway.is_none();
    by_address || routes.iter().any(|route| is_near(route) && route.leads_to(ip))
}
