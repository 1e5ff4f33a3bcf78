//! Exchanges in order, and which of them answers a command.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use filmwire_codec::dataset::{EventDataset, ObjectInfo};
use filmwire_codec::journal::Direction;
use filmwire_codec::{DevicePropCode, OperationCode as Op, ResponseCode};

use super::object::{Identity, Objects};
use super::spool::{Extents, Spool, Spooled};
use super::view::{Picture, View};
use super::{Exchange, Kept, Told};

/// What tells values apart from texts: those are as the person has them, and answered as recorded.
const NUMBER_BYTES: usize = 4;

/// What was written, by property. Values of more than four bytes count for nothing.
pub(super) type Written = BTreeMap<u16, Vec<u8>>;

/// What tells commands apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) operation: u16,
    params: Vec<u32>,
    sent: Vec<u8>,
}

impl Key {
    /// Of a command, and the beginning of what was sent with it.
    pub(super) fn new(operation: u16, params: &[u32], sent: &[u8]) -> Self {
        // Their parameters are ids of a session or a transaction, which the client chose.
        let by_id = [Op::OPEN_SESSION, Op::TERMINATE_OPEN_CAPTURE, Op::TERMINATE_MOVIE_CAPTURE];
        let params = if by_id.contains(&Op(operation)) { &[] } else { trimmed(params) };
        let sent = if sent.len() > NUMBER_BYTES { &[] } else { trimmed(sent) };
        Self { operation, params: params.to_vec(), sent: sent.to_vec() }
    }
}

/// Without zeros at the end: a parameter that is not sent is 0, and widths of values vary.
fn trimmed<T: Copy + Default + PartialEq>(list: &[T]) -> &[T] {
    let length = list.iter().rposition(|item| *item != T::default()).map_or(0, |last| last + 1);
    list.get(..length).unwrap_or(list)
}

/// Notes a write of a number.
pub(super) fn note_write(written: &mut Written, operation: u16, params: &[u32], sent: &[u8]) {
    let property = params.first().and_then(|&code| u16::try_from(code).ok());
    if let Some(property) = property
        && Op(operation) == Op::SET_DEVICE_PROP_VALUE
        && sent.len() <= NUMBER_BYTES
    {
        match trimmed(sent) {
            // As before anything was written, for all that is known (D226, D227).
            [] => written.remove(&property),
            value => written.insert(property, value.to_vec()),
        };
    }
}

/// The resizing that was asked for.
pub(super) fn resize(written: &Written) -> Option<Vec<u8>> {
    written.get(&DevicePropCode::RESIZE.0).cloned()
}

/// Offset and length (`None`: all) of a command that fetches bytes of an object.
pub(super) fn piece(operation: u16, params: &[u32]) -> Option<(u64, Option<u64>)> {
    let param = |index: usize| u64::from(params.get(index).copied().unwrap_or(0));
    match Op(operation) {
        Op::GET_OBJECT => Some((0, None)),
        Op::GET_PARTIAL_OBJECT => Some((param(1), Some(param(2)))),
        _ => None,
    }
}

/// Name and date in an ObjectInfo.
pub(super) fn name(info: &[u8]) -> Option<String> {
    let info = ObjectInfo::decode(info).ok()?;
    Some(format!("{:?} {:?}", info.name, info.capture_date))
}

/// An exchange in its place.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) exchange: Exchange,
    pub(super) body: Extents,
    /// Counts from 0 what changes something, with the reading behind it.
    pub(super) segment: usize,
    /// The object it has bytes of.
    object: Option<usize>,
    /// What an ObjectInfo calls its object.
    pub(super) name: Option<String>,
    /// The camera ended the connection in place of a response.
    pub(super) hung_up: bool,
}

impl Entry {
    pub(super) fn is_ok(&self) -> bool {
        self.exchange.response == ResponseCode::OK.0
    }
}

/// An event in its place.
#[derive(Clone, Debug)]
pub(super) struct Happening {
    /// The exchange it followed.
    pub(super) after: usize,
    pub(super) at: Duration,
    pub(super) event: EventDataset,
}

/// Exchanges in order, one connection behind the other.
#[derive(Debug)]
pub(super) struct Timeline {
    entries: Vec<Entry>,
    /// What was written when a segment began, what began it included.
    segments: Vec<Arc<Written>>,
    by_key: HashMap<Key, Vec<usize>>,
    objects: Objects,
    /// By segment.
    events: HashMap<usize, Vec<Happening>>,
    /// Live views, by the exchange behind which they began.
    views: Vec<(usize, Arc<View>)>,
}

/// True for what changes nothing: the camera is asked, and tells.
fn is_read(operation: u16, direction: Direction) -> bool {
    direction == Direction::In || Op(operation) == Op::GET_NUM_OBJECTS
}

impl Timeline {
    pub(super) fn new(
        kept: Vec<Kept>,
        told: Vec<Told>,
        views: BTreeMap<u32, (usize, Vec<Picture>)>,
        connections: &[u32],
        spool: &Arc<Spool>,
    ) -> io::Result<Self> {
        let is_chosen = |kept: &Kept| connections.contains(&kept.exchange.connection);
        let mut order: Vec<(usize, Kept)> =
            kept.into_iter().enumerate().filter(|(_, kept)| is_chosen(kept)).collect();
        // In the order of the capture within a connection.
        order.sort_by_key(|(_, kept)| kept.exchange.connection);
        let mut places: Vec<(usize, usize)> =
            order.iter().enumerate().map(|(place, (seen, _))| (*seen, place)).collect();
        places.sort_unstable();
        // The place of the last exchange before so many had been seen.
        let place = |seen: usize| {
            let before = places.partition_point(|(other, _)| *other < seen);
            before.checked_sub(1).and_then(|at| places.get(at)).map(|(_, place)| *place)
        };
        let mut line = Self {
            entries: Vec::with_capacity(order.len()),
            segments: Vec::new(),
            by_key: HashMap::new(),
            objects: Objects::default(),
            events: HashMap::new(),
            views: Vec::new(),
        };
        line.fill(order.into_iter().map(|(_, kept)| kept), spool)?;
        for Told { after, at, event } in told {
            let Some(after) = place(after) else { continue };
            let segment = line.entries.get(after).map_or(0, |entry| entry.segment);
            line.events.entry(segment).or_default().push(Happening { after, at, event });
        }
        let views = views.into_values().filter_map(|(seen, pictures)| {
            place(seen).map(|place| (place, Arc::new(View::new(spool, pictures))))
        });
        line.views = views.collect();
        line.views.sort_by_key(|(place, _)| *place);
        Ok(line)
    }

    fn fill(&mut self, kept: impl Iterator<Item = Kept>, spool: &Arc<Spool>) -> io::Result<()> {
        let mut written = Written::new();
        let mut names: HashMap<u32, String> = HashMap::new();
        let mut connection = None;
        for Kept { exchange, body, hung_up } in kept {
            let is_new = connection.replace(exchange.connection) != Some(exchange.connection);
            if is_new || Op(exchange.operation) == Op::OPEN_SESSION {
                written.clear();
                names.clear();
            }
            if is_new || !is_read(exchange.operation, exchange.direction) {
                note_write(&mut written, exchange.operation, &exchange.params, &exchange.sent);
                let same = self.segments.last().filter(|last| ***last == written).cloned();
                self.segments.push(same.unwrap_or_else(|| Arc::new(written.clone())));
            }
            let handle = exchange.params.first().copied().unwrap_or(0);
            let is_ok = exchange.response == ResponseCode::OK.0;
            let mut told = None;
            if Op(exchange.operation) == Op::GET_OBJECT_INFO && is_ok {
                told = name(&Spooled::new(spool, body.clone()).read()?);
                if let Some(name) = &told {
                    names.insert(handle, name.clone());
                }
            }
            let piece = piece(exchange.operation, &exchange.params).filter(|_| is_ok);
            let object = piece.map(|piece| {
                let name = names.get(&handle).cloned();
                let identity = Identity { handle, name, resize: resize(&written) };
                let tells_length = !exchange.response_params.is_empty();
                self.objects.add(identity, piece, (exchange.data_bytes, &body), tells_length)
            });
            let key = Key::new(exchange.operation, &exchange.params, &exchange.sent);
            self.by_key.entry(key).or_default().push(self.entries.len());
            let segment = self.segments.len() - 1;
            self.entries.push(Entry { exchange, body, segment, object, name: told, hung_up });
        }
        Ok(())
    }

    /// How many have an answer.
    pub(super) fn answers(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.hung_up).count()
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    pub(super) fn entry(&self, place: usize) -> Option<&Entry> {
        self.entries.get(place)
    }

    /// Events of the segment that begins with this exchange.
    pub(super) fn events(&self, segment: usize) -> &[Happening] {
        self.events.get(&segment).map_or(&[], Vec::as_slice)
    }

    /// The live view that began behind this exchange, or else the last before it.
    pub(super) fn view(&self, started: usize) -> Option<Arc<View>> {
        let next = self.views.iter().find(|(place, _)| *place >= started);
        next.or_else(|| self.views.last()).map(|(_, view)| Arc::clone(view))
    }

    /// Whether the operation is in the recording at all.
    pub(super) fn has(&self, operation: u16) -> bool {
        self.by_key.keys().any(|key| key.operation == operation)
    }

    /// Whether a command changes something; `None` if it is not in the recording.
    pub(super) fn is_act(&self, key: &Key) -> Option<bool> {
        let entry = self.by_key.get(key)?.first().and_then(|&place| self.entries.get(place))?;
        Some(!is_read(entry.exchange.operation, entry.exchange.direction))
    }

    /// The exchange for what changes something: the next such one; else the last one before on the
    /// same connection, else the first.
    pub(super) fn act(&self, key: &Key, at: Option<usize>) -> Option<usize> {
        let places = self.by_key.get(key)?;
        let Some(at) = at else { return places.first().copied() };
        if let Some(next) = places.iter().find(|&&place| place > at) {
            return Some(*next);
        }
        let on = |place: usize| self.entry(place).map(|entry| entry.exchange.connection);
        let is_again = Op(key.operation) == Op::OPEN_SESSION;
        let before = places.iter().rev().find(|&&place| !is_again && on(place) == on(at));
        before.or_else(|| places.first()).copied()
    }

    /// The exchange for what only asks, from a client that is at this place (`None`: at the very
    /// start) and was answered by `used` last, has written this, and means that object. `ends`: it
    /// may be one in place of whose answer the camera hung up.
    pub(super) fn read(
        &self,
        key: &Key,
        at: Option<usize>,
        used: Option<usize>,
        (written, object): (&Written, &Identity),
        ends: bool,
    ) -> Option<usize> {
        let fits = |place: &usize| {
            let entry = self.entry(*place).filter(|entry| ends || !entry.hung_up);
            if entry.is_none() {
                return false;
            }
            let object_of = entry.and_then(|entry| entry.object);
            object_of.is_none_or(|number| self.objects.fits(number, object))
        };
        let places: Vec<usize> = self.by_key.get(key)?.iter().copied().filter(fits).collect();
        let segment = |place: usize| self.entry(place).map_or(0, |entry| entry.segment);
        let here = at.map_or(0, segment);
        let behind = used.or(at);
        let next_of = |places: &[usize]| {
            let next = places.iter().find(|&&place| behind.is_none_or(|behind| place > behind));
            next.or_else(|| places.last()).copied()
        };
        let near: Vec<usize> =
            places.iter().copied().filter(|&place| segment(place) == here).collect();
        if !near.is_empty() {
            return next_of(&near);
        }
        let differs = |place: usize| {
            self.segments.get(segment(place)).map_or(usize::MAX, |then| difference(then, written))
        };
        let least = places.iter().map(|&place| differs(place)).min()?;
        let like: Vec<usize> =
            places.iter().copied().filter(|&place| differs(place) == least).collect();
        next_of(&like)
    }

    /// True if a client that was answered by these last, since it changed something, has seen all
    /// that was told before the camera hung up there: the end of whatever it asks, and of more than
    /// the one question, if the recorded client had more. What it never asked does not count
    /// otherwise: it may fetch in other pieces.
    pub(super) fn has_seen(&self, used: &HashMap<Key, usize>, end: usize) -> bool {
        let before = |place: usize| {
            let segment = |place: usize| self.entry(place).map(|entry| entry.segment);
            place < end && segment(place) == segment(end)
        };
        let last = |key: &Key| {
            let places = self.by_key.get(key).map_or(&[][..], Vec::as_slice);
            places.iter().rfind(|&&place| before(place)).copied()
        };
        let is_own = |key: &Key| self.by_key.get(key).is_some_and(|places| places.contains(&end));
        let is_done = |(key, &seen): (&Key, &usize)| last(key).is_none_or(|last| seen >= last);
        let others = |key: &&Key| !is_own(key) && last(key).is_some();
        let has_asked = used.keys().any(|key| others(&key));
        used.iter().all(is_done) && (has_asked || !self.has_other_reads(end))
    }

    /// Whether the recorded client read something else between what it changed last and this.
    fn has_other_reads(&self, end: usize) -> bool {
        let Some(own) = self.entry(end) else { return false };
        let ask = |entry: &Entry| (entry.exchange.operation, entry.exchange.params.clone());
        let before = self.entries.get(..end).unwrap_or_default().iter().rev();
        before
            .take_while(|entry| entry.segment == own.segment)
            .filter(|entry| is_read(entry.exchange.operation, entry.exchange.direction))
            .any(|entry| ask(entry) != ask(own))
    }
}

/// In how many properties two states of writing differ.
fn difference(one: &Written, other: &Written) -> usize {
    let missing = other.keys().filter(|property| !one.contains_key(property)).count();
    let changed = one.iter().filter(|(property, value)| other.get(property) != Some(value)).count();
    missing + changed
}
