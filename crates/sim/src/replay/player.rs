//! Where a client is in a recording, and what it is answered.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use filmwire_codec::dataset::EventDataset;
use filmwire_codec::journal::Direction;
use filmwire_codec::{DataDirection, OperationCode as Op, ResponseCode, TransactionId};
use tokio::time::Instant;

use super::object::Identity;
use super::spool::{Extents, Spooled};
use super::timeline::{self, Happening, Key, Written};
use super::{Recording, View};
use crate::reply::{Answer, Body, Command, Reply, Step};

/// What the journal says of a command without an answer.
const UNKNOWN: &str = "not in the recording";
/// What it says of bytes that were put together.
const CUT: &str = "cut from the recording";

/// An event that is to be told.
#[derive(Debug)]
struct Due {
    at: Instant,
    /// With this answer at the latest; `None`: by its time alone.
    with: Option<usize>,
    event: EventDataset,
}

/// Plays a recording to one client after the other.
#[derive(Debug)]
pub(crate) struct Player {
    recording: Recording,
    /// The last exchange that changed something.
    at: Option<usize>,
    /// What answered a question last, since then.
    used: HashMap<Key, usize>,
    written: Written,
    /// What ObjectInfo called the object of a handle last.
    names: HashMap<u32, String>,
    /// The client's transaction for one of the recording.
    ids: HashMap<u32, u32>,
    due: Vec<Due>,
    /// The exchange that started the remote function.
    started: usize,
}

impl Player {
    pub(crate) fn new(recording: Recording) -> Self {
        Self {
            recording,
            at: None,
            used: HashMap::new(),
            written: Written::new(),
            names: HashMap::new(),
            ids: HashMap::new(),
            due: Vec::new(),
            started: 0,
        }
    }

    #[cfg(test)]
    pub(crate) fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The live view of the remote function that was started last, if the recording has any.
    pub(crate) fn view(&self) -> Option<Arc<View>> {
        self.recording.inner.timeline.view(self.started)
    }

    /// When the next event is told if nothing else makes it be.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.iter().map(|due| due.at).min()
    }

    /// The events whose time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<EventDataset> {
        self.take(|due| due.at <= now)
    }

    fn take(&mut self, is_due: impl Fn(&Due) -> bool) -> Vec<EventDataset> {
        let (told, rest) = self.due.drain(..).partition(is_due);
        self.due = rest;
        let told: Vec<Due> = told;
        told.into_iter().map(|due| due.event).collect()
    }

    /// Answers a command, or hangs up where the camera did.
    pub(crate) fn answer(&mut self, now: Instant, command: &Command) -> Reply {
        let sent = command.data.as_deref().unwrap_or_default();
        let key = Key::new(command.operation, &command.params, sent);
        if Op(command.operation) == Op::OPEN_SESSION {
            self.written.clear();
            self.names.clear();
            self.ids.clear();
        }
        let recording = self.recording.clone();
        match recording.inner.timeline.is_act(&key) {
            Some(true) => match recording.inner.timeline.act(&key, self.at) {
                Some(place) => self.act(now, command, place),
                None => self.unknown(command).into(),
            },
            _ => self.read(command, key),
        }
    }

    /// Answers what changes something: from here on the client is at its place.
    fn act(&mut self, now: Instant, command: &Command, place: usize) -> Reply {
        let sent = command.data.as_deref().unwrap_or_default();
        timeline::note_write(&mut self.written, command.operation, &command.params, sent);
        self.at = Some(place);
        self.used.clear();
        // They were told before this one was asked for.
        let late = self.take(|_| true);
        let recording = self.recording.clone();
        let line = &recording.inner.timeline;
        let Some(entry) = line.entry(place) else { return self.unknown(command).into() };
        if entry.hung_up {
            return Reply::Close;
        }
        self.ids.insert(entry.exchange.id, command.transaction);
        let expect = |happening: &Happening| Due {
            at: now + happening.at.saturating_sub(entry.exchange.at),
            with: Some(happening.after).filter(|&after| after > place),
            event: self.event(&happening.event),
        };
        self.due = line.events(entry.segment).iter().map(expect).collect();
        let remote = match Op(command.operation) {
            _ if !entry.is_ok() => None,
            Op::INITIATE_OPEN_CAPTURE => Some(Step::Start),
            Op::TERMINATE_OPEN_CAPTURE => Some(Step::Stop),
            Op::CLOSE_SESSION => Some(Step::End),
            _ => None,
        };
        if remote == Some(Step::Start) {
            self.started = place;
        }
        Answer { events: late, remote, ..self.recorded(place) }.into()
    }

    /// An event with the client's own transaction.
    fn event(&self, event: &EventDataset) -> EventDataset {
        let mut event = event.clone();
        if let Some(&id) = self.ids.get(&event.transaction.0) {
            if let Some(first) = event.params.first_mut().filter(|p| **p == event.transaction.0) {
                *first = id;
            }
            event.transaction = TransactionId(id);
        }
        event
    }

    /// Answers what only asks.
    fn read(&mut self, command: &Command, key: Key) -> Reply {
        let recording = self.recording.clone();
        let line = &recording.inner.timeline;
        let handle = command.param(0);
        let resize = timeline::resize(&self.written);
        let object = Identity { handle, name: self.names.get(&handle).cloned(), resize };
        let used = self.used.get(&key).copied();
        let find = |ends| line.read(&key, self.at, used, (&self.written, &object), ends);
        let segment = |place: usize| line.entry(place).map(|entry| entry.segment);
        let here = self.at.map_or(Some(0), segment);
        let is_here = |place: usize| segment(place) == here;
        let is_end = |place: usize| line.entry(place).is_some_and(|entry| entry.hung_up);
        let found = match find(true) {
            Some(place) if is_end(place) && is_here(place) && line.has_seen(&self.used, place) => {
                return Reply::Close;
            }
            // Whoever asks more often gets the last answer again, until it has seen the rest.
            Some(place) if is_end(place) => used.or_else(|| find(false)),
            found => found,
        };
        if let Some(place) = found {
            self.used.insert(key, place);
            if let Some(name) = line.entry(place).and_then(|entry| entry.name.clone()) {
                self.names.insert(handle, name);
            }
            let is_here = is_here(place);
            let events = self.take(|due| is_here && due.with.is_some_and(|with| with <= place));
            return Answer { events, ..self.recorded(place) }.into();
        }
        let piece = timeline::piece(command.operation, &command.params)
            .and_then(|(offset, asked)| line.objects().piece(&object, offset, asked));
        match piece {
            Some((extents, tells_length)) => {
                let body = self.body(extents);
                let params = if tells_length { vec![body.len() as u32] } else { Vec::new() };
                Answer { data: Some(body), params, note: Some(CUT), ..Answer::ok() }.into()
            }
            None => self.unknown(command).into(),
        }
    }

    fn body(&self, extents: Extents) -> Body {
        Body::Spooled(Spooled::new(&self.recording.inner.spool, extents))
    }

    /// The answer as it was recorded.
    fn recorded(&self, place: usize) -> Answer {
        let Some(entry) = self.recording.inner.timeline.entry(place) else {
            return Answer::new(ResponseCode::GENERAL_ERROR);
        };
        let exchange = &entry.exchange;
        let has_data = exchange.direction == Direction::In;
        let data = has_data.then(|| self.body(entry.body.clone()));
        let params = exchange.response_params.clone();
        Answer { data, params, ..Answer::new(ResponseCode(exchange.response)) }
    }

    /// Refuses what the recording has no answer to, in the shape the operation has.
    fn unknown(&self, command: &Command) -> Answer {
        let code = match self.recording.inner.timeline.has(command.operation) {
            true => ResponseCode::PARAMETER_NOT_SUPPORTED,
            false => ResponseCode::OPERATION_NOT_SUPPORTED,
        };
        let is_in = Op(command.operation).data_direction() == Some(DataDirection::In);
        let data = is_in.then(|| Body::Bytes(Bytes::new()));
        Answer { data, note: Some(UNKNOWN), ..Answer::new(code) }
    }
}
