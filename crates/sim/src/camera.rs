//! The state of one simulated camera, whoever is connected to it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use filmwire_codec::StorageId;
use tokio::time::Instant;

use crate::card::{Card, CardObject, Content, View};
use crate::fault::{CardChange, Faults};
use crate::guard::Allow;
use crate::journal::Journal;
use crate::media::jpeg::PhotoSpec;
use crate::media::stamp::Stamp;
use crate::persona::{HandleOrder, OkPolicy, Persona};
use crate::replay::Player;
use crate::shooting::Shooting;

/// What the simulated camera has served so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes sent on the command connection, registration included.
    pub sent_bytes: u64,
    /// Packets and containers sent whole: what `cut-at-container` counts, for all connections.
    pub sent_containers: u64,
    /// Bytes of objects among them (whole objects and pieces).
    pub object_bytes: u64,
    /// Events sent, each listener's.
    pub events: u64,
    /// Pictures of live view sent, each viewer's. The last one may have met a viewer who left.
    pub frames: u64,
    /// Operations seen, by code, answered or not.
    pub operations: BTreeMap<u16, u64>,
}

impl Stats {
    /// All operations seen.
    pub fn total(&self) -> u64 {
        self.operations.values().sum()
    }

    /// Operations of one code seen.
    pub fn of(&self, operation: u16) -> u64 {
        self.operations.get(&operation).copied().unwrap_or(0)
    }
}

/// Which pictures the person at the camera has picked or chosen.
#[derive(Debug, Default)]
pub(crate) struct Picks {
    /// In the order they are sent; `None`: all that the card lists.
    pub(crate) which: Option<Vec<Arc<CardObject>>>,
    /// In receive mode: the person is done choosing.
    pub(crate) chosen: bool,
}

/// The battery as a test set it.
#[derive(Debug, Default)]
pub(crate) struct Battery {
    /// As D242 or 5001 says it; `None`: as the persona has it.
    pub(crate) level: Option<u32>,
    /// Counts the changes.
    pub(crate) changes: u64,
    /// Steps that time and pictures have taken off it.
    pub(crate) drained: u64,
}

/// D242, its twin D246, and 5001 on an X-T1 (fact sheet 6.3).
fn is_battery(code: u16) -> bool {
    matches!(code, 0xD242 | 0xD246 | 0x5001)
}

/// What all connections share.
pub(crate) struct Camera {
    pub(crate) persona: Persona,
    pub(crate) card: Card,
    pub(crate) allow: Allow,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) stats: Stats,
    /// Settings that a client, or the person at the body, has changed.
    pub(crate) settings: BTreeMap<u16, u32>,
    /// The person has pressed OK since the question came up.
    pub(crate) ok_pressed: bool,
    /// When the first client without access asked.
    pub(crate) asked_at: Option<Instant>,
    /// Names the camera knows: no question is asked again.
    pub(crate) known_clients: HashSet<String>,
    pub(crate) on_air: bool,
    /// Off the air by a fault until then.
    pub(crate) back_at: Option<Instant>,
    /// The connected client is on the newer path, whose listing differs.
    pub(crate) newer_view: bool,
    /// Init requests that failed by habit since the last ack.
    pub(crate) init_failed: u32,
    pub(crate) picks: Picks,
    pub(crate) battery: Battery,
    pub(crate) shooting: Shooting,
    /// What answers instead of all this.
    pub(crate) replay: Option<Player>,
    /// When the camera was made.
    pub(crate) made: Instant,
    /// The card's clock when it was last looked at, what the camera's showed then, and when that was.
    pub(crate) clock: ((Stamp, Stamp), Instant),
    /// The card in the slot that is not shown.
    other: Option<Card>,
    /// The slot that is shown, from 1.
    pub(crate) slot: u8,
    listing: Option<(ListingKey, Vec<usize>)>,
}

/// What a listing was made of: slot, revision of the card, view.
type ListingKey = (u8, u64, View);

impl Camera {
    pub(crate) fn new(persona: Persona, card: Card, now: Instant) -> Self {
        let clock = (card.clock(), card.clock());
        Self {
            persona,
            card,
            allow: Allow::default(),
            journal: Journal::new(now),
            faults: Faults::default(),
            stats: Stats::default(),
            settings: BTreeMap::new(),
            ok_pressed: false,
            asked_at: None,
            known_clients: HashSet::new(),
            on_air: true,
            back_at: None,
            newer_view: false,
            init_failed: 0,
            picks: Picks::default(),
            battery: Battery::default(),
            shooting: Shooting::default(),
            replay: None,
            made: now,
            clock: (clock, now),
            other: None,
            slot: 1,
            listing: None,
        }
    }

    /// Whether a client of that name may work now; starts the wait for OK if not.
    pub(crate) fn access(&mut self, client: &str, now: Instant) -> bool {
        if self.persona.ok == OkPolicy::None || self.known_clients.contains(client) {
            return true;
        }
        let asked_at = *self.asked_at.get_or_insert(now);
        let after = Duration::from_millis(self.persona.ok_after_ms);
        let by_itself = !after.is_zero() && now.saturating_duration_since(asked_at) >= after;
        if self.ok_pressed || by_itself {
            self.ok_pressed = false;
            self.asked_at = None;
            self.known_clients.insert(client.to_owned());
            return true;
        }
        false
    }

    /// When the person will press OK by themselves, if they were asked and ever will.
    pub(crate) fn ok_at(&self) -> Option<Instant> {
        let after = Duration::from_millis(self.persona.ok_after_ms);
        self.asked_at.filter(|_| !after.is_zero()).map(|asked| asked + after)
    }

    /// Whether connections are taken; a camera that vanished for a time comes back by itself.
    pub(crate) fn reachable(&mut self, now: Instant) -> bool {
        if self.back_at.is_some_and(|at| now >= at) {
            self.back_at = None;
        }
        self.on_air && self.back_at.is_none()
    }

    /// Whether an init request fails although nothing is wrong with it.
    pub(crate) fn fails_init_by_habit(&mut self) -> bool {
        let fails = self.init_failed < self.persona.init_fails_first;
        self.init_failed = if fails { self.init_failed + 1 } else { 0 };
        fails
    }

    /// What the mode of the connected client lists.
    fn view(&self) -> View {
        let persona = &self.persona;
        let (order, raw, heif) = if self.newer_view {
            (persona.newer_handle_order, persona.newer_lists_raw, persona.newer_lists_heif)
        } else {
            (persona.handle_order, persona.lists_raw, persona.lists_heif)
        };
        let newest_first = order == HandleOrder::NewestFirst;
        let everything = persona.folder_tree;
        View { everything, raw, heif, newest_first, by_capture_date: false }
    }

    /// Positions on the card of handles 1, 2, 3 ..
    pub(crate) fn listing(&mut self) -> &[usize] {
        let key = (self.slot, self.card.revision(), self.view());
        if self.listing.as_ref().is_none_or(|made| made.0 != key) {
            self.listing = Some((key, self.card.visible(key.2)));
        }
        self.listing.as_ref().map(|made| made.1.as_slice()).unwrap_or_default()
    }

    /// Puts a card into the slot that is not shown.
    pub(crate) fn insert_second(&mut self, card: Card) {
        self.other = Some(card);
    }

    /// Shows the other slot, if there is a card in it.
    pub(crate) fn select_slot(&mut self, slot: u8) {
        if slot != self.slot
            && let Some(other) = &mut self.other
        {
            std::mem::swap(&mut self.card, other);
            self.slot = slot;
        }
    }

    /// Whether the body tells which slot it shows.
    pub(crate) fn tells_slot(&self) -> bool {
        self.persona.slots > 1 || self.other.is_some()
    }

    /// The store that is shown. Seen: X-T10, X-T4 for the first; Guess: the second.
    pub(crate) fn storage(&self) -> StorageId {
        StorageId(if self.slot == 1 { 0x1000_0001 } else { 0x2000_0001 })
    }

    /// The picture picked on the camera after `done` others.
    pub(crate) fn picked(&mut self, done: u32) -> Option<Arc<CardObject>> {
        match &self.picks.which {
            None => self.object(done + 1),
            Some(objects) => objects.get(done as usize).cloned(),
        }
    }

    /// How many pictures were picked.
    pub(crate) fn picked_count(&mut self) -> u32 {
        match &self.picks.which {
            None => self.listing().len() as u32,
            Some(objects) => objects.len() as u32,
        }
    }

    /// The newest object that the mode lists.
    pub(crate) fn newest(&mut self) -> Option<Arc<CardObject>> {
        let position = self.listing().iter().max().copied()?;
        self.card.object(position).map(Arc::new)
    }

    /// Picks objects by their handles in the classic listing; those that do not exist are left
    /// out.
    pub(crate) fn pick(&mut self, handles: &[u32]) {
        let objects = handles.iter().filter_map(|&handle| self.object(handle)).collect();
        self.picks.which = Some(objects);
    }

    /// The battery under the codes that the body's list of settings has.
    pub(crate) fn battery_entries(&self) -> Vec<(u16, u32)> {
        let listed = self.persona.remote_list.iter().map(|&(code, value)| (code.0, value));
        let battery = listed.filter(|(code, _)| is_battery(*code));
        battery.map(|(code, value)| (code, self.setting(code, value))).collect()
    }

    /// Number of objects that the mode lists, as the camera claims it.
    pub(crate) fn count(&mut self) -> u32 {
        let count = self.listing().len() as u32;
        self.faults.claimed_count(count)
    }

    /// Takes no connection for a time, where the body is known to need one.
    pub(crate) fn rest_after_abrupt_end(&mut self, now: Instant) {
        let rest = Duration::from_millis(self.persona.rest_after_abrupt_end_ms);
        if !rest.is_zero() {
            self.back_at = Some(now + rest);
        }
    }

    /// Does to the card what a fault says.
    pub(crate) fn change(&mut self, change: CardChange) {
        match change {
            CardChange::Add(count) => {
                self.card.shoot(count as usize);
            }
            CardChange::Delete(handle) => {
                if let Some(position) = self.position(handle) {
                    self.card.delete(position);
                }
            }
            CardChange::Replace(handle) => {
                let position = self.position(handle);
                let old = position.and_then(|position| self.card.object(position));
                if let (Some(position), Some(old)) = (position, old) {
                    self.card.replace(position, another(&old));
                }
            }
        }
    }

    /// The position on the card of a handle 1..N.
    pub(crate) fn position(&mut self, handle: u32) -> Option<usize> {
        let count = self.listing().len() as u32;
        let handle = self.faults.resolve(handle, count);
        let index = usize::try_from(handle.checked_sub(1)?).ok()?;
        self.listing().get(index).copied()
    }

    /// The object behind a handle 1..N.
    pub(crate) fn object(&mut self, handle: u32) -> Option<Arc<CardObject>> {
        let position = self.position(handle)?;
        self.card.object(position).map(Arc::new)
    }
}

/// Another object of the same name and folder, taken a day later.
fn another(old: &CardObject) -> CardObject {
    let later = |at: Stamp| at.plus_seconds(86_400);
    match &old.content {
        Content::Photo(spec) => {
            let capture = later(spec.capture);
            let spec = PhotoSpec { seed: spec.seed ^ 1, capture, ..spec.clone() };
            CardObject::photo(&old.folder, &old.name, spec)
        }
        _ => {
            let size = old.size_bytes + 1;
            let mut object = CardObject::pattern(&old.folder, &old.name, size, size);
            object.capture = old.capture.map(later);
            object
        }
    }
}
