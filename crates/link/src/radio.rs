//! Radios, and what they are used for.

use zbus::OwnedObjectPath;

use crate::profile::PREFIX;

/// NMDeviceState.
pub(crate) const UNAVAILABLE: u32 = 20;
pub(crate) const DISCONNECTED: u32 = 30;
pub(crate) const ACTIVATED: u32 = 100;
pub(crate) const FAILED: u32 = 120;

/// NM80211Mode of a radio that makes a network.
pub(crate) const HOTSPOT: u32 = 3;

/// A radio of this computer.
#[derive(Debug, Clone)]
pub struct Radio {
    /// Its interface, such as `wlan0`.
    pub interface: String,
    /// What it does.
    pub state: RadioState,
    pub(crate) path: OwnedObjectPath,
}

/// What a radio does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RadioState {
    /// NetworkManager leaves it alone.
    Unmanaged,
    /// It cannot be used: switched off, no firmware.
    Off,
    /// Nothing.
    Free,
    /// It is in a network, or on its way into or out of one.
    Busy(Use),
}

/// What a radio is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Name of the profile, which people mostly name after the network.
    pub name: String,
    /// The default route goes this way: without it, there is no Internet.
    pub is_default: bool,
    /// The radio makes a network for others.
    pub is_hotspot: bool,
    /// Of the profile: its path is another one when the service was started anew.
    pub(crate) uuid: String,
}

impl Use {
    /// A camera's network, by the name of its profile.
    pub(crate) fn is_of_filmwire(&self) -> bool {
        self.name.starts_with(PREFIX)
    }
}

impl RadioState {
    /// By NetworkManager's number, if no connection has it.
    pub(crate) fn of(state: u32) -> Self {
        match state {
            0..UNAVAILABLE => Self::Unmanaged,
            UNAVAILABLE..DISCONNECTED => Self::Off,
            _ => Self::Free,
        }
    }
}

/// Which radio joins, and what it may leave for that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// By its interface; any that sees the network if none is named.
    pub interface: Option<String>,
    /// It may leave the network it is in, and get back into it later.
    pub may_leave: bool,
}

impl Choice {
    /// Whether a radio is one of those that are asked for.
    #[must_use]
    pub fn takes(&self, radio: &Radio) -> bool {
        self.interface.as_ref().is_none_or(|name| *name == radio.interface)
    }
}
