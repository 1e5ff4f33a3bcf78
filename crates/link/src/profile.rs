//! The profile a camera's network is joined with. It is in memory only, and gone when the network
//! is left or our connection to the bus ends.

use std::collections::HashMap;

use zbus::Variant;

use crate::network::{Network, Passphrase};
use crate::proxy::Settings;

/// Routes of a camera's network are in a table of their own, by the radio's number, so that they
/// never meet those of a home network with the same range. Tables are named by 32 bits.
const TABLES: u32 = 557_400;
/// Before the main table's rule, 32766.
const PRIORITY: u32 = 5574;
/// Source: `linux/socket.h`, AF_INET.
const IPV4: i32 = 2;
/// How long the camera's server may take to give an address, in seconds.
const DHCP_SECONDS: i32 = 30;

/// Names of profiles of ours begin so.
pub(crate) const PREFIX: &str = "filmwire ";

/// The number of an interface, by which its table is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Index(pub(crate) u32);

/// A profile for a network.
pub(crate) fn wireless(
    network: &Network,
    passphrase: Option<&Passphrase>,
    interface: &str,
    index: Index,
) -> Settings {
    let mut profile = addressing(interface, index);
    profile.insert(
        "connection",
        HashMap::from([
            ("id", text(&format!("{PREFIX}{}", network.ssid))),
            ("type", text("802-11-wireless")),
            ("interface-name", text(interface)),
            ("autoconnect", Variant::from(false)),
        ]),
    );
    profile.insert(
        "802-11-wireless",
        HashMap::from([
            ("ssid", Variant::from(network.ssid.0.clone())),
            ("mode", text("infrastructure")),
            // Off: it costs a third of the speed on many a stick.
            ("powersave", Variant::from(2_u32)),
        ]),
    );
    if let Some(passphrase) = passphrase {
        profile.insert(
            "802-11-wireless-security",
            HashMap::from([("key-mgmt", text("wpa-psk")), ("psk", text(&passphrase.0))]),
        );
    }
    profile
}

/// An address from the camera, and nothing else: no default route, no names, no IPv6.
pub(crate) fn addressing(interface: &str, index: Index) -> Settings {
    let table = TABLES + index.0;
    let rule = HashMap::from([
        ("family", Variant::from(IPV4)),
        ("priority", Variant::from(PRIORITY)),
        // Sockets of ours are bound to the interface.
        ("oifname", text(interface)),
        ("table", Variant::from(table)),
    ]);
    HashMap::from([
        (
            "ipv4",
            HashMap::from([
                ("method", text("auto")),
                ("may-fail", Variant::from(false)),
                ("never-default", Variant::from(true)),
                ("ignore-auto-dns", Variant::from(true)),
                ("dhcp-send-hostname", Variant::from(false)),
                ("dhcp-timeout", Variant::from(DHCP_SECONDS)),
                ("route-table", Variant::from(table)),
                ("routing-rules", Variant::from(vec![rule])),
            ]),
        ),
        // Cameras have none, and a server that was tried stumbled over it. Source:
        // malc0mn/ptp-ip, README.
        ("ipv6", HashMap::from([("method", text("disabled"))])),
    ])
}

fn text(text: &str) -> Variant<'static> {
    Variant::from(text.to_owned())
}
