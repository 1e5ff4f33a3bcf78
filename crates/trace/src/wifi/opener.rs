//! From frames of the air to packets.

use std::collections::BTreeMap;

use crate::capture::LinkType;

use super::ccmp::{Form, Outcome};
use super::derive::NetworkKey;
use super::eapol::{self, Message, Step};
use super::fragment::Fragments;
use super::frame::{Frame, Kind, Mac};
use super::keys::Keys;
use super::msdu;
use super::network::Network;
use super::radiotap::bare;
use super::security::{SAE, Suites, TKIP, WEP, announcement};
use super::station::Station;

/// Networks that are told apart at a time.
pub const MOST_NETWORKS: usize = 128;
/// Stations that are told apart at a time.
pub const MOST_STATIONS: usize = 256;
/// Networks and stations of which it is told why they stay closed.
const MOST_TOLD: u32 = 100;

const CUT: &str =
    "protected frames that the capture cut stay closed: capture them whole (tcpdump -s 0)";
const MANAGEMENT: &str =
    "its management frames are protected (802.11w) and stay closed; they hold no packets";

/// Subtypes of management frames.
const ASSOCIATION: u8 = 0;
const REASSOCIATION: u8 = 2;
const PROBE_RESPONSE: u8 = 5;
const BEACON: u8 = 8;
const AUTHENTICATION: u8 = 11;
/// What a station asks before its elements: capabilities and interval; of a network it comes back
/// to also where it was.
const ASSOCIATION_FIELDS: usize = 4;
const REASSOCIATION_FIELDS: usize = 10;

/// Something a frame brought.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found<'a> {
    /// A packet of a network: its ether type, and what is behind it.
    Packet(u16, &'a [u8]),
    /// Why something stays closed. Names in it are untrusted.
    Note(String),
}

/// What was counted of the air.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AirTally {
    /// Protected data frames that were opened.
    pub opened: u64,
    /// Protected data frames that stay closed.
    pub closed: u64,
    /// Protected data frames that came again.
    pub repeated: u64,
}

/// Opens frames; holds keys, handshakes and fragments.
#[derive(Debug, Default)]
pub struct Opener {
    keys: Keys,
    networks: BTreeMap<Mac, Network>,
    stations: BTreeMap<(Mac, Mac), Station>,
    fragments: Fragments,
    tally: AirTally,
    frames: u64,
    told: u32,
    told_cut: bool,
    /// What was opened last.
    clear: Vec<u8>,
}

/// Where what is found goes.
type Give<'g> = dyn FnMut(Found<'_>) + 'g;

impl Opener {
    /// An opener with these keys; without any it reads what is in the open.
    pub fn new(keys: Keys) -> Self {
        Self { keys, ..Self::default() }
    }

    /// What was counted so far.
    pub fn tally(&self) -> AirTally {
        self.tally
    }

    /// Bytes held for networks, stations and fragments.
    pub fn held_bytes(&self) -> usize {
        let networks: usize = self.networks.values().map(Network::held_bytes).sum();
        let stations: usize = self.stations.values().map(Station::held_bytes).sum();
        networks + stations + self.fragments.held_bytes() + self.clear.capacity()
    }

    /// Takes a captured packet of 802.11 and gives out what is in it. `cut`: the capture left out
    /// its end, without which nobody can tell if it is right; it stays closed.
    pub fn take(&mut self, link: LinkType, data: &[u8], cut: bool, give: &mut Give<'_>) {
        self.frames += 1;
        let Some(bare) = bare(link, data, cut) else { return };
        let Some(frame) = Frame::read(bare.frame, bare.padded) else { return };
        match frame.kind {
            Kind::Management(subtype) => self.management(subtype, &frame, give),
            Kind::Data if frame.is_protected() => self.protected(&frame, cut, give),
            Kind::Data => self.body(&frame, 0, frame.body, give),
        }
    }

    /// Ends a capture: tells what stayed closed, and forgets all but the keys and the tally.
    pub fn finish(&mut self, give: &mut Give<'_>) {
        let unfit = |station: &Station| station.unfit && !station.has_keys();
        let ends = self.stations.iter().filter(|(_, station)| unfit(station));
        let ends: Vec<_> = ends.map(|(ends, _)| *ends).collect();
        ends.into_iter().for_each(|ends| self.tell_station(ends, give));
        let is_seen = |name: &[u8]| {
            self.networks
                .values()
                .any(|network| network.ssid.as_deref().is_none_or(|ssid| ssid == name))
        };
        if !self.networks.is_empty() {
            // Not by name: where a line is the wrong way round, or a passphrase has spaces and
            // stands alone, it would be the secret.
            let missing = self.keys.names().filter(|name| !is_seen(name)).count();
            if missing > 0 {
                give(Found::Note(format!(
                    "of the keys, {missing} are of networks that are not in the capture; a name \
                     must be right to the letter"
                )));
            }
        }
        let keys = std::mem::take(&mut self.keys);
        *self = Self { keys, tally: self.tally, ..Self::default() };
    }

    fn management(&mut self, subtype: u8, frame: &Frame<'_>, give: &mut Give<'_>) {
        let [receiver, transmitter, network] = frame.addresses;
        if frame.is_protected() && subtype != AUTHENTICATION {
            let network = self.network(network);
            if !std::mem::replace(&mut network.told_management, true) {
                let name = network.name();
                let text = format!("network {name}: {MANAGEMENT}");
                self.tell(text, give);
            }
            return;
        }
        match subtype {
            BEACON | PROBE_RESPONSE => {
                let Some(told) = announcement(frame.body) else { return };
                let network = self.network(network);
                network.suites = told.suites;
                if told.ssid.is_some() {
                    network.ssid = told.ssid;
                }
            }
            ASSOCIATION | REASSOCIATION => {
                let is_first = subtype == ASSOCIATION;
                let fields = if is_first { ASSOCIATION_FIELDS } else { REASSOCIATION_FIELDS };
                let suites = frame.body.get(fields..).and_then(Suites::of_elements);
                let station = self.station((network, transmitter));
                station.begin();
                station.suites = suites;
            }
            AUTHENTICATION if receiver == network => self.station((network, transmitter)).begin(),
            _ => {}
        }
    }

    fn protected(&mut self, frame: &Frame<'_>, cut: bool, give: &mut Give<'_>) {
        if cut {
            self.tally.closed += 1;
            if !std::mem::replace(&mut self.told_cut, true) {
                give(Found::Note(CUT.to_owned()));
            }
            return;
        }
        let Some(ends) = frame.ends() else {
            self.tally.closed += 1;
            return;
        };
        let form = Form::read(frame.body);
        let mut clear = std::mem::take(&mut self.clear);
        let outcome = match form {
            Some(Form::Ccmp(number, key)) => self.open(frame, ends, (number, key), &mut clear),
            _ => None,
        };
        match (outcome, form) {
            (Some(Outcome::Opened), Some(Form::Ccmp(number, _))) => {
                self.tally.opened += 1;
                self.body(frame, number, &clear, give);
            }
            (Some(Outcome::Repeated), _) => self.tally.repeated += 1,
            _ => {
                self.tally.closed += 1;
                self.tell_closed(frame, ends, form, give);
            }
        }
        self.clear = clear;
    }

    fn open(
        &mut self,
        frame: &Frame<'_>,
        (network, station): (Mac, Mac),
        (number, key): (u64, u8),
        clear: &mut Vec<u8>,
    ) -> Option<Outcome> {
        if station.is_group() {
            return self.network(network).open(frame, (number, key), clear);
        }
        self.station((network, station)).open(frame, number, clear)
    }

    /// What a frame carries, opened; `number`: its packet number.
    fn body(&mut self, frame: &Frame<'_>, number: u64, body: &[u8], give: &mut Give<'_>) {
        if frame.has_more() || frame.fragment() > 0 {
            if let Some(whole) = self.fragments.add(frame, number, body) {
                self.packet(frame, &whole, give);
            }
        } else if frame.is_aggregate() {
            for (kind, packet) in msdu::packets(body) {
                self.deliver(frame, kind, packet, give);
            }
        } else {
            self.packet(frame, body, give);
        }
    }

    fn packet(&mut self, frame: &Frame<'_>, body: &[u8], give: &mut Give<'_>) {
        if let Some((kind, packet)) = msdu::packet(body) {
            self.deliver(frame, kind, packet, give);
        }
    }

    fn deliver(&mut self, frame: &Frame<'_>, kind: u16, packet: &[u8], give: &mut Give<'_>) {
        if kind != eapol::ETHER_TYPE {
            give(Found::Packet(kind, packet));
            return;
        }
        if let (Some(ends), Some(message)) = (frame.ends(), Message::read(packet)) {
            self.handshake(ends, &message);
        }
    }

    fn handshake(&mut self, ends: (Mac, Mac), message: &Message<'_>) {
        let ssid = self.network(ends.0).ssid.clone();
        // WPA3 makes the session's key in another way, so that one of a passphrase only misleads.
        let given: Vec<NetworkKey> = self
            .keys
            .of(ssid.as_deref())
            .filter(|key| message.version != 0 || !key.is_of_passphrase)
            .map(|key| key.key.clone())
            .collect();
        let station = self.station(ends);
        station.take(message, given.iter());
        if matches!(message.step, Step::Group | Step::Pairwise(3))
            && let Some((number, key)) = station.group_key(message)
        {
            self.network(ends.0).add_key(number, key);
        }
    }

    /// Tells once why a station's or a network's frames stay closed.
    fn tell_closed(
        &mut self,
        frame: &Frame<'_>,
        ends: (Mac, Mac),
        form: Option<Form>,
        give: &mut Give<'_>,
    ) {
        let ssid = self.network(ends.0).ssid.clone();
        let has_key = self.keys.of(ssid.as_deref()).next().is_some();
        let chosen = self.stations.get(&ends);
        let (suites, version) = chosen.map_or((None, None), |it| (it.suites, it.version));
        let network = self.network(ends.0);
        let suites = suites.unwrap_or(network.suites);
        let refusal = match (form, version) {
            (Some(Form::Wep), _) => Some(WEP),
            (Some(Form::Tkip), _) | (_, Some(1)) => Some(TKIP),
            _ => suites.refusal(),
        };
        let refusal =
            refusal.or_else(|| (!has_key).then_some("it is protected, and no key of it was given"));
        if let Some(refusal) = refusal {
            if !std::mem::replace(&mut network.told, true) {
                let text = format!("network {}: {refusal}", network.name());
                self.tell(text, give);
            }
        } else if !frame.addresses[0].is_group() {
            self.tell_station(ends, give);
        }
    }

    fn tell_station(&mut self, ends: (Mac, Mac), give: &mut Give<'_>) {
        let network = self.network(ends.0);
        let (name, announced) = (network.name(), network.suites);
        let ssid = network.ssid.clone();
        let only_passphrases = self.keys.of(ssid.as_deref()).all(|key| key.is_of_passphrase);
        let station = self.station(ends);
        let suites = station.suites.unwrap_or(announced);
        let wpa3 = (station.version == Some(0)).then_some(SAE);
        let needs = suites.needs_session_key().or(wpa3).filter(|_| only_passphrases);
        let problem = needs.unwrap_or_else(|| station.problem());
        if station.told.replace(problem) == Some(problem) {
            return;
        }
        let text = format!("station {} of network {name} stays closed: {problem}", ends.1);
        self.tell(text, give);
    }

    fn tell(&mut self, text: String, give: &mut Give<'_>) {
        self.told += 1;
        if self.told < MOST_TOLD {
            give(Found::Note(text));
        } else if self.told == MOST_TOLD {
            give(Found::Note("more stays closed, and is only counted".to_owned()));
        }
    }

    /// The network of an address; one that is new takes the place of the one heard longest ago.
    fn network(&mut self, address: Mac) -> &mut Network {
        if self.networks.len() >= MOST_NETWORKS && !self.networks.contains_key(&address) {
            forget(&mut self.networks, |it| (it.has_keys(), it.heard));
        }
        let network = self.networks.entry(address).or_insert_with(|| Network::new(address));
        network.heard = self.frames;
        network
    }

    /// A station of a network, in the same way.
    fn station(&mut self, ends: (Mac, Mac)) -> &mut Station {
        if self.stations.len() >= MOST_STATIONS && !self.stations.contains_key(&ends) {
            forget(&mut self.stations, |it| (it.has_keys(), it.heard));
        }
        let station = self.stations.entry(ends).or_insert_with(|| Station::new(ends));
        station.heard = self.frames;
        station
    }
}

/// Takes away what is worth least.
fn forget<K: Copy + Ord, T>(from: &mut BTreeMap<K, T>, worth: impl Fn(&T) -> (bool, u64)) {
    let least = from.iter().min_by_key(|(_, it)| worth(it)).map(|(key, _)| *key);
    if let Some(key) = least {
        from.remove(&key);
    }
}
