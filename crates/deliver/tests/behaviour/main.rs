//! One suite of behaviour over all targets, and what is special about each.
//!
//! Whatever happens, after the last restart every file is at the target exactly once, none in part,
//! and none is called proven before it is there.
#![allow(clippy::unwrap_used)]

mod alone;
#[cfg(feature = "site")]
mod between;
#[cfg(feature = "webdav")]
mod cloud;
#[cfg(feature = "site")]
mod crawl;
mod cut;
#[cfg(feature = "site")]
mod doubt;
mod exec;
mod faulty;
mod files;
mod layer;
mod odd;
mod peer;
mod prune;
mod race;
#[cfg(feature = "site")]
mod reduced;
mod server;
mod servers;
#[cfg(feature = "site")]
mod site;
mod stand;
mod suite;
mod verify;
mod wait;
#[cfg(feature = "webhook")]
mod webhook;
