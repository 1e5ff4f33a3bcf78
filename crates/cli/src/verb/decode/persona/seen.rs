//! Follows the sessions of a capture, to know what an answer says of the body.

use std::collections::{BTreeMap, BTreeSet};

use filmwire_codec::dataset::{
    Capabilities, CurrentState, DeviceInfo, DevicePropDesc, DevicePropValue, ObjectInfo,
};
use filmwire_codec::journal::Direction;
use filmwire_codec::{
    CameraState, DevicePropCode as Prop, FunctionMode, InitFailReason, ObjectFormatCode,
    OperationCode as Op, Reader, ResponseCode,
};
use filmwire_sim::persona::{Code, OkPolicy, VersionTooLow, modes_of_version};
use filmwire_trace::Record;
use filmwire_trace::record::{Init, Part, Step, Transaction};

use super::facts::{Facts, List, Number};

#[cfg(test)]
mod tests;

/// Data of one transaction that is kept; lists and descriptors are far shorter.
const MOST_BYTES: usize = 1 << 16;
/// Objects and times that are kept.
const MOST_OBJECTS: usize = 20_000;
const MOST_TIMES: usize = 1000;
/// Connections and unfinished transactions that are followed; the oldest are forgotten.
const MOST_TALKS: usize = 1024;
/// Kinds of answers that are told.
const MOST_ANSWERS: usize = 4096;
/// Cameras that are named as left out.
const MOST_OTHERS: usize = 16;
/// An answer to DF01 that takes longer waits for a person. A camera needs some 100 ms.
const HELD_MS: u64 = 1500;
const OK: u16 = ResponseCode::OK.0;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) facts: Facts,
    talks: BTreeMap<u32, Talk>,
    bodies: BTreeMap<(u32, u32), Body>,
    /// When an init request was refused first, and how often since.
    refused: Option<(Option<u64>, u32)>,
}

/// Data of a transaction, as far as it came in order.
#[derive(Debug, Default)]
struct Body {
    bytes: Vec<u8>,
    is_broken: bool,
}

/// Where a client is in a session.
#[derive(Debug, Default)]
struct Talk {
    acked_ns: Option<u64>,
    is_open: bool,
    mode: u16,
    /// The version that was written since the mode was.
    version: Option<u16>,
    has_true_sizes: bool,
    is_remote: bool,
    was_remote: bool,
    /// The remote function was stopped, and not left yet: lists are as before.
    is_leaving: bool,
    pending: Option<List>,
    /// When DF21 was written.
    asked_ns: Option<u64>,
    /// When D212 told DF00 = 0 first.
    waits_ns: Option<u64>,
    informed: BTreeSet<u32>,
    /// Sizes that are true.
    sizes: BTreeMap<u32, u32>,
    /// Properties the client has written.
    dirty: BTreeSet<u16>,
    /// A version was written outside its mode.
    is_early: bool,
    /// The version that was written last is below the body's own.
    is_low: bool,
    /// An object that was not read to its end, and D212 reads since.
    unfinished: Option<(u32, u32)>,
}

fn ms(from: Option<u64>, to: Option<u64>) -> Option<u64> {
    from.zip(to).map(|(from, to)| to.saturating_sub(from) / 1_000_000)
}

impl Seen {
    /// Takes a record of the capture.
    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::Init(init) => self.init(init),
            Record::Part(part) => self.part(part),
            Record::Transaction(told) => {
                let body = self.bodies.remove(&(told.connection, told.id.0)).unwrap_or_default();
                self.transaction(told, &body);
            }
            _ => {}
        }
    }

    fn init(&mut self, init: &Init) {
        match init.step {
            Step::Ack => self.ack(init),
            Step::Fail if init.reason == Some(InitFailReason::DEVICE_BUSY) => {
                let (_, count) = self.refused.get_or_insert((init.at_ns, 0));
                *count += 1;
            }
            _ => {}
        }
    }

    fn ack(&mut self, init: &Init) {
        let model = init.name.clone().unwrap_or_default();
        let known = self.facts.model.get_or_insert_with(|| model.clone());
        if *known != model {
            if self.facts.others.len() < MOST_OTHERS {
                self.facts.others.insert(model);
            }
            self.talks.remove(&init.connection);
            return;
        }
        if let Some((since_ns, count)) = self.refused.take() {
            self.facts.init_fails.0 = self.facts.init_fails.0.max(count);
            self.facts.init_fails.1 += 1;
            let waited = ms(since_ns, init.at_ns).unwrap_or(0);
            self.facts.ok.get_or_insert_with(|| (OkPolicy::InitFail, waited.max(1)));
        }
        let talk = Talk { acked_ns: init.at_ns, ..Talk::default() };
        self.facts.is_registered_again |= self.talks.insert(init.connection, talk).is_some();
        if self.talks.len() > MOST_TALKS {
            self.talks.pop_first();
        }
    }

    fn part(&mut self, part: &Part) {
        let Some(id) = part.id else { return };
        if self.bodies.len() > MOST_TALKS {
            self.bodies.pop_first();
        }
        let body = self.bodies.entry((part.connection, id.0)).or_default();
        let fits = part.offset == body.bytes.len() as u64;
        if body.is_broken || !fits || body.bytes.len() + part.bytes.len() > MOST_BYTES {
            *body = Body { bytes: Vec::new(), is_broken: true };
            return;
        }
        body.bytes.extend(&part.bytes);
    }

    fn transaction(&mut self, told: &Transaction, body: &Body) {
        let Some(talk) = self.talks.get_mut(&told.connection) else { return };
        let (Some(operation), Some(params), true) = (told.operation, &told.params, told.asked)
        else {
            self.facts.incomplete += 1;
            return;
        };
        let response = told.response.map(|response| response.0);
        let operations = &mut self.facts.operations;
        let key = (operation.0, response);
        if operations.len() < MOST_ANSWERS || operations.contains_key(&key) {
            *operations.entry(key).or_default() += 1;
        }
        let Some(response) = response else { return };
        if told.missing_bytes > 0 {
            self.facts.incomplete += 1;
            return;
        }
        let is_whole = body.bytes.len() as u64 == told.data_bytes;
        let exchange = Exchange {
            operation,
            params,
            response,
            direction: told.direction,
            data_bytes: told.data_bytes,
            data: is_whole.then_some(body.bytes.as_slice()),
            at_ns: told.at_ns,
            took_ms: told.duration_ns.map(|ns| ns / 1_000_000),
        };
        talk.take(&exchange, &mut self.facts);
        exchange.time(&mut self.facts);
    }
}

/// A transaction that is there as a whole.
struct Exchange<'a> {
    operation: Op,
    params: &'a [u32],
    response: u16,
    direction: Direction,
    data_bytes: u64,
    /// All its data; `None` if that is too long to look at.
    data: Option<&'a [u8]>,
    at_ns: Option<u64>,
    took_ms: Option<u64>,
}

impl Exchange<'_> {
    fn param(&self, index: usize) -> u32 {
        self.params.get(index).copied().unwrap_or(0)
    }

    /// The data as a number of 1, 2 or 4 bytes; of what is written, any length up to 4.
    fn number(&self) -> Option<Number> {
        let data = self.data.filter(|data| matches!(data.len(), 1 | 2 | 4))?;
        let mut word = [0; 4];
        word.iter_mut().zip(data).for_each(|(to, byte)| *to = *byte);
        Some((data.len(), u32::from_le_bytes(word)))
    }

    /// How long it took, where neither the length of data nor a person counts.
    fn time(&self, facts: &mut Facts) {
        let Some(took) = self.took_ms.filter(|&ms| ms < HELD_MS) else { return };
        if self.data_bytes > 4096 || self.response != OK {
            return;
        }
        let key = match self.operation {
            Op::SET_DEVICE_PROP_VALUE => self.param(0) as u16,
            operation => operation.0,
        };
        let times = facts.times.entry(key).or_default();
        if times.len() < MOST_TIMES {
            times.push(took);
        }
    }
}

impl Talk {
    fn take(&mut self, told: &Exchange<'_>, facts: &mut Facts) {
        match told.operation {
            Op::OPEN_SESSION => self.opened(told, facts),
            Op::GET_DEVICE_INFO if told.response == OK => device_info(told, facts),
            Op::GET_DEVICE_PROP_VALUE => self.read(told, facts),
            Op::SET_DEVICE_PROP_VALUE => self.write(told, facts),
            Op::GET_DEVICE_PROP_DESC if told.response == OK => {
                let desc = told.data.map(|data| DevicePropDesc::decode(&mut Reader::new(data)));
                match desc {
                    Some(Ok(desc)) => describe(desc, facts),
                    _ if told.data_bytes > 0 => facts.strange_descriptors += 1,
                    _ => {}
                }
            }
            Op::GET_CAPABILITIES if told.response == OK => {
                let (list, errors) = Capabilities::decode_readable(told.data.unwrap_or_default());
                facts.strange_descriptors += errors.len() as u64;
                list.items.into_iter().for_each(|desc| describe(desc, facts));
            }
            Op::INITIATE_OPEN_CAPTURE => {
                facts.remote_starts.see(told.response);
                self.is_remote |= told.response == OK;
                if self.is_low {
                    let started = told.response == OK;
                    facts.low_version.see(match started {
                        true => VersionTooLow::Accept,
                        false => VersionTooLow::NoFunction,
                    });
                }
            }
            Op::TERMINATE_OPEN_CAPTURE if told.response == OK => {
                self.was_remote |= self.is_remote;
                (self.is_remote, self.is_leaving) = (false, true);
            }
            Op::GET_OBJECT_INFO | Op::GET_OBJECT | Op::GET_THUMB | Op::GET_PARTIAL_OBJECT
                if told.response == OK =>
            {
                self.object(told, facts);
            }
            Op::GET_IMAGE_IMPORT_FOLDERS
            | Op::GET_IMAGE_IMPORT_DATES
            | Op::GET_EXTENSION_OBJECT_INFO
            | Op::GET_EXTENSION_THUMB => {
                facts.newer_answers.see((told.response, told.data_bytes > 0));
            }
            _ => {}
        }
    }

    fn opened(&mut self, told: &Exchange<'_>, facts: &mut Facts) {
        if self.is_open {
            facts.second_open.see(told.response);
            return;
        }
        if told.response != OK {
            return;
        }
        self.is_open = true;
        facts.sessions += 1;
        self.pending = Some(List::Start);
        if let Some(ms) = ms(self.acked_ns, told.at_ns) {
            facts.open_after_ms = Some(facts.open_after_ms.map_or(ms, |known| known.min(ms)));
        }
    }

    fn read(&mut self, told: &Exchange<'_>, facts: &mut Facts) {
        let code = told.param(0) as u16;
        if Prop(code) == Prop::CURRENT_STATE {
            return self.list(told, facts);
        }
        if told.response != OK || told.data_bytes == 0 {
            facts.empty_reads.entry(code).or_insert(told.response);
            return;
        }
        let Some((width, value)) = told.number() else {
            facts.long_reads.entry(code).or_insert(told.data_bytes);
            return;
        };
        match Prop(code) {
            Prop::FUNCTION_MODE if self.mode != 0 => {
                facts.state_reads.see(value == u32::from(self.mode));
            }
            Prop::CAMERA_STATE | Prop::OBJECT_COUNT if value != 0 => facts.state_reads.see(true),
            Prop::CAMERA_STATE | Prop::FUNCTION_MODE | Prop::OBJECT_COUNT => {}
            // What belongs to an object of the newer path is no property of the body.
            _ if self.mode == FunctionMode::NEW_APP_VIEW.0 && !Prop(code).is_version() => {}
            _ if self.dirty.contains(&code) => {}
            _ => facts.reads.entry(code).or_default().see((width, value)),
        }
    }

    fn list(&mut self, told: &Exchange<'_>, facts: &mut Facts) {
        if let Some((_, reads)) = &mut self.unfinished {
            *reads += 1;
        }
        let Some(Ok(list)) = told.data.map(CurrentState::decode) else { return };
        let entries: Vec<(u16, u32)> =
            list.entries.iter().map(|entry| (entry.property.0, entry.value)).collect();
        let state = list.value(Prop::CAMERA_STATE);
        if entries.is_empty() {
            return;
        }
        if state == Some(0) && entries.len() == 1 {
            self.waits_ns = self.waits_ns.or(told.at_ns);
            return;
        }
        if let Some(since) = self.waits_ns.take() {
            let waited = ms(Some(since), told.at_ns).unwrap_or(0);
            facts.ok.get_or_insert_with(|| (OkPolicy::StateWait, waited.max(1)));
        }
        let is_remote = self.is_remote || self.is_leaving && self.pending.is_none();
        let kind = if is_remote { Some(List::Remote) } else { self.pending.take() };
        match kind {
            Some(List::Start) => {
                let state = state.unwrap_or(0) as u16;
                facts.states.see(state);
                let picked = state == CameraState::PICKED.0;
                let kind = if picked { List::Picked } else { List::Start };
                facts.lists.entry(kind).or_default().see(entries);
            }
            Some(kind) => {
                if kind == List::Receive {
                    let after = ms(self.asked_ns, told.at_ns);
                    facts.chosen_after_ms = facts.chosen_after_ms.or(after);
                }
                facts.lists.entry(kind).or_default().see(entries);
            }
            None => facts.is_battery_told |= entries.iter().any(|(code, _)| is_battery(*code)),
        }
    }

    fn write(&mut self, told: &Exchange<'_>, facts: &mut Facts) {
        let code = told.param(0) as u16;
        let number = told.number();
        let is_state = matches!(
            Prop(code),
            Prop::CAMERA_STATE | Prop::FUNCTION_MODE | Prop::RESIZE | Prop::REAL_FILE_SIZE
        );
        if is_state && told.data_bytes > 2 {
            facts.surplus_values.see(told.response);
        }
        if told.response != OK {
            let is_low = self.is_below(code, number, facts);
            if is_low && told.response == ResponseCode::ACCESS_DENIED.0 {
                facts.low_version.see(VersionTooLow::AccessDenied);
            }
            facts.refused.entry(code).or_insert(told.response);
            return;
        }
        facts.is_early_version_taken |= self.is_early;
        self.dirty.insert(code);
        let Some((width, value)) = number else { return };
        // Two bytes are what these are, whatever is sent.
        let low = value as u16;
        match Prop(code) {
            Prop::CAMERA_STATE => {
                self.was_remote |= self.is_remote;
                (self.is_remote, self.is_leaving) = (false, false);
                (self.mode, self.version) = (0, None);
                self.pending = Some(List::Start);
            }
            Prop::FUNCTION_MODE => {
                (self.mode, self.version, self.is_leaving) = (low, None, false);
                self.pending = (low == FunctionMode::NEW_APP_VIEW.0).then_some(List::Newer);
                if let Some(took) = told.took_ms.filter(|&ms| ms >= HELD_MS) {
                    facts.ok.get_or_insert((OkPolicy::HeldReply, took));
                }
            }
            Prop::REAL_FILE_SIZE | Prop::RESIZE => self.has_true_sizes = low == 1,
            Prop(code) if Prop(code).is_version() => self.version(code, told, facts),
            _ => {}
        }
        if !is_state {
            facts.written.insert(code, (width, value));
        }
    }

    /// True for a version below that which was read.
    fn is_below(&self, code: u16, number: Option<Number>, facts: &Facts) -> bool {
        let own = facts.reads.get(&code).and_then(|read| read.first());
        let below = own.zip(number).is_some_and(|(own, number)| number.1 < own.1);
        Prop(code).is_version() && below
    }

    fn version(&mut self, code: u16, told: &Exchange<'_>, facts: &Facts) {
        let modes = modes_of_version(Code(code));
        self.is_early = !modes.map_or(self.mode != 0, |modes| modes.contains(&self.mode));
        self.is_low = self.is_below(code, told.number(), facts);
        self.version = Some(code);
        let mode = FunctionMode(self.mode);
        self.pending = match (mode, Prop(code)) {
            (FunctionMode::RECEIVE, Prop::RECEIVE_VERSION) => {
                self.asked_ns = told.at_ns;
                Some(List::Receive)
            }
            (FunctionMode::VIEW_ALL | FunctionMode::RECEIVE, Prop::VIEW_VERSION)
            | (FunctionMode::VIEW_IN_CAMERA | FunctionMode::REMOTE_IMAGE_VIEW, _) => {
                Some(List::Gallery)
            }
            _ => self.pending,
        };
    }

    fn object(&mut self, told: &Exchange<'_>, facts: &mut Facts) {
        let handle = told.param(0);
        let newer = self.mode == FunctionMode::NEW_APP_VIEW.0;
        self.gallery(facts);
        if self.is_low {
            facts.low_version.see(VersionTooLow::Accept);
        }
        if let Some((_, reads)) = self.unfinished.filter(|(open, _)| *open != handle) {
            facts.cure_reads = Some(facts.cure_reads.map_or(reads, |known| known.min(reads)));
        }
        match told.operation {
            Op::GET_OBJECT_INFO => {
                if self.informed.len() < MOST_OBJECTS {
                    self.informed.insert(handle);
                }
                // What is handed out one by one is number 1 each time, and its size is true.
                if self.is_handed_out(facts) {
                    return;
                }
                let Some(Ok(info)) = told.data.map(ObjectInfo::decode) else { return };
                let true_size = self.has_true_sizes || newer;
                let objects = match newer {
                    true => (&mut facts.newer_objects, &mut facts.newer_formats),
                    false => (&mut facts.objects, &mut facts.formats),
                };
                objects.1.insert(info.format.0);
                if info.format == ObjectFormatCode::ASSOCIATION || objects.0.len() >= MOST_OBJECTS {
                    return;
                }
                let object = objects.0.entry(handle).or_default();
                object.taken = object.taken.or_else(|| info.captured());
                if true_size {
                    object.true_bytes.get_or_insert(info.size_bytes);
                    if self.sizes.len() < MOST_OBJECTS {
                        self.sizes.insert(handle, info.size_bytes);
                    }
                } else {
                    object.told_bytes.get_or_insert(info.size_bytes);
                }
            }
            Op::GET_THUMB if told.data_bytes > 0 => {
                let is_followed = self.informed.len() < MOST_OBJECTS;
                facts.is_thumb_before_info |= is_followed && !self.informed.contains(&handle);
            }
            Op::GET_PARTIAL_OBJECT if told.direction == Direction::In => {
                let (offset, asked) = (u64::from(told.param(1)), u64::from(told.param(2)));
                let left =
                    self.sizes.get(&handle).map(|&size| u64::from(size).saturating_sub(offset));
                let is_short =
                    told.data_bytes < asked && left.is_some_and(|left| told.data_bytes < left);
                self.unfinished = left.filter(|&left| told.data_bytes < left).map(|_| (handle, 0));
                facts.piece.0 = facts.piece.0.max(told.data_bytes);
                facts.piece.1 |= is_short;
            }
            _ => {}
        }
    }

    /// True where the person has picked what there is.
    fn is_handed_out(&self, facts: &Facts) -> bool {
        let is_received = self.version == Some(Prop::RECEIVE_VERSION.0);
        facts.states.all().contains(&CameraState::PICKED.0)
            || FunctionMode(self.mode) == FunctionMode::VIEW_PICKED
            || FunctionMode(self.mode) == FunctionMode::RECEIVE && is_received
    }

    /// Objects were answered: what was written before has opened the gallery.
    fn gallery(&self, facts: &mut Facts) {
        if self.is_handed_out(facts) {
            return;
        }
        match (FunctionMode(self.mode), self.version) {
            (FunctionMode::NEW_APP_VIEW, _) => {}
            (
                FunctionMode::VIEW_ALL
                | FunctionMode::RECEIVE
                | FunctionMode::VIEW_IN_CAMERA
                | FunctionMode::REMOTE_IMAGE_VIEW,
                Some(version),
            ) => {
                facts.galleries.see((self.mode, version));
                facts.is_opened_without_remote |= !self.was_remote;
            }
            _ => facts.is_without_gallery = true,
        }
    }
}

fn is_battery(code: u16) -> bool {
    matches!(Prop(code), Prop::BATTERY | Prop::BATTERY_2 | Prop::BATTERY_LEVEL)
}

fn device_info(told: &Exchange<'_>, facts: &mut Facts) {
    facts.device_info.see(told.data_bytes > 0);
    if let Some(Ok(info)) = told.data.filter(|data| !data.is_empty()).map(DeviceInfo::decode) {
        facts.firmware.see(info.device_version.to_string());
    }
}

/// Keeps a descriptor of numbers; the first of a property counts.
fn describe(desc: DevicePropDesc, facts: &mut Facts) {
    let is_number = matches!(desc.current, DevicePropValue::Number { .. });
    if !is_number || desc.data_type.width_bytes().is_none() {
        facts.strange_descriptors += 1;
    } else if !facts.capabilities.iter().any(|known| known.property == desc.property) {
        facts.capabilities.push(desc);
    }
}
