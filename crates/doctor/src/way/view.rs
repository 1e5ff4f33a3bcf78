//! What a survey saw, as the steps ask for it.

use std::net::Ipv4Addr;

use filmwire_link::Ssid;
use filmwire_link::survey::{Hardware, Seen, Service, Stage, Survey, Told};

/// A survey, and what is looked for in it.
pub(super) struct View<'a> {
    pub(super) survey: &'a Survey,
    /// The radio that is meant.
    pub(super) wanted: Option<&'a str>,
    /// The interface that sockets are bound to.
    pub(super) bound: Option<&'a str>,
    /// The network that is meant.
    pub(super) network: Option<&'a Ssid>,
    pub(super) ip: Option<Ipv4Addr>,
}

impl<'a> View<'a> {
    /// Radios that may be meant.
    pub(super) fn radios(&self) -> Vec<&'a Hardware> {
        let is_meant = |name: &str| self.wanted.is_none_or(|wanted| wanted == name);
        let radios = self.survey.kernel.radios.iter();
        radios.filter(|radio| is_meant(&radio.interface)).collect()
    }

    /// What NetworkManager tells.
    pub(super) fn told(&self) -> Option<&'a Told> {
        match &self.survey.service {
            Service::Told(told) => Some(told),
            _ => None,
        }
    }

    /// What NetworkManager tells of radios that may be meant; nothing of those it leaves alone.
    pub(super) fn seen(&self) -> impl Iterator<Item = &'a Seen> {
        let radios = self.told().map(|told| told.radios.iter()).into_iter().flatten();
        let wanted = self.wanted;
        radios.filter(move |seen| {
            seen.stage != Stage::Unmanaged && wanted.is_none_or(|name| name == seen.interface)
        })
    }

    /// What it tells of one.
    pub(super) fn seen_as(&self, interface: &str) -> Option<&'a Seen> {
        self.seen().find(|seen| seen.interface == interface)
    }

    /// Whether a network is the camera's, as far as its name tells.
    pub(super) fn is_camera(&self, network: &Ssid) -> bool {
        self.network.map_or_else(|| network.is_camera(), |name| name == network)
    }

    /// The radio that is in the camera's network, and that network.
    pub(super) fn inside(&self) -> Option<(&'a Seen, &'a Ssid)> {
        let mut inside = self.seen().filter(|seen| seen.stage == Stage::In && !seen.is_hotspot);
        inside.find_map(|seen| {
            let network = seen.network.as_ref().filter(|network| self.is_camera(network))?;
            Some((seen, network))
        })
    }

    /// The radio that is in a network which NetworkManager knows nothing of.
    pub(super) fn by_hand(&self) -> Option<&'a Hardware> {
        let mut up = self.radios().into_iter().filter(|radio| radio.is_up);
        up.find(|radio| self.seen_as(&radio.interface).is_none())
    }

    /// The radio that got furthest on the way into the camera's network.
    pub(super) fn furthest(&self) -> Option<&'a Seen> {
        let rank = |seen: &Seen| {
            let is_ours = seen.network.as_ref().is_some_and(|network| self.is_camera(network));
            let is = |stage| seen.stage == stage;
            (is_ours, is(Stage::Failed), is(Stage::Free), is(Stage::In))
        };
        // The first of equals.
        self.seen().fold(None, |best, seen| match best {
            Some(best) if rank(best) >= rank(seen) => Some(best),
            _ => Some(seen),
        })
    }
}
