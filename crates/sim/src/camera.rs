//! The state of one simulated camera, whoever is connected to it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::card::{Card, CardObject, Content, View};
use crate::fault::{CardChange, Faults};
use crate::guard::Allow;
use crate::journal::Journal;
use crate::media::jpeg::PhotoSpec;
use crate::media::stamp::Stamp;
use crate::persona::{HandleOrder, OkPolicy, Persona};

/// What the simulated camera has served so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes sent on the command connection, registration included.
    pub sent_bytes: u64,
    /// Packets and containers sent whole: what `cut-at-container` counts, for all connections.
    pub sent_containers: u64,
    /// Bytes of objects among them (whole objects and pieces).
    pub object_bytes: u64,
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

/// What all connections share.
pub(crate) struct Camera {
    pub(crate) persona: Persona,
    pub(crate) card: Card,
    pub(crate) allow: Allow,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) stats: Stats,
    /// Settings written under [`Allow::settings`].
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
    listing: Option<(u64, View, Vec<usize>)>,
}

impl Camera {
    pub(crate) fn new(persona: Persona, card: Card, now: Instant) -> Self {
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

    /// Positions on the card of handles 1, 2, 3 ..
    pub(crate) fn listing(&mut self) -> &[usize] {
        let view = View {
            everything: self.persona.folder_tree,
            newest_first: self.persona.handle_order == HandleOrder::NewestFirst,
            by_capture_date: false,
        };
        let revision = self.card.revision();
        if self.listing.as_ref().is_none_or(|made| (made.0, made.1) != (revision, view)) {
            self.listing = Some((revision, view, self.card.visible(view)));
        }
        self.listing.as_ref().map(|made| made.2.as_slice()).unwrap_or_default()
    }

    /// Number of objects that the mode lists, as the camera claims it.
    pub(crate) fn count(&mut self) -> u32 {
        let count = self.listing().len() as u32;
        self.faults.claimed_count(count)
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
