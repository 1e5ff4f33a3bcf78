//! Wi-Fi as it is in the air: frames of 802.11, opened with the keys of their owner.
//!
//! An [`Opener`] takes frames from monitor mode and gives out the packets in them. Frames in the
//! open need nothing. Frames of WPA2-Personal need the network's passphrase or key ([`Keys`]), and
//! the handshake by which a station and its network agreed on keys: it must be in the capture. No
//! key is guessed: what does not fit is told and stays closed.
//!
//! # What is opened
//!
//! CCMP-128 with keys of the 4-way handshake and the group key handshake, with SHA-1 and SHA-256
//! (key descriptor versions 2 and 3); QoS, A-MSDU, fragments, renewed keys, several stations and
//! networks. The session's own key (PMK) in place of the passphrase opens WPA3 as well. WEP, TKIP,
//! other ciphers and fast transition are named and stay closed, management frames too.
//!
//! Source: IEEE 802.11-2020; each part names its section.

mod ccmp;
mod derive;
mod eapol;
mod fragment;
mod frame;
mod keys;
mod msdu;
mod network;
mod opener;
mod radiotap;
mod replay;
mod security;
mod station;

pub use keys::{BadKey, BadLine, Keys, MOST_KEYS};
pub use opener::{AirTally, Found, MOST_NETWORKS, MOST_STATIONS, Opener};
