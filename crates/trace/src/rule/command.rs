//! Commands and data of the client.

use std::time::Duration;

use filmwire_codec::{
    DataDirection, DevicePropCode, FunctionMode, OperationCode, TransactionId, value,
};

use super::case::{Asked, Case, Container, MOST_ASKED, Session, word};
use super::neighbours::Neighbours;
use super::table;
use crate::record::Side;

/// The largest piece anybody asks for (the fact sheet's section 9.3).
const MOST_PIECE_BYTES: u32 = 1 << 20;
/// What a client waits after the ack, less what clocks round (the fact sheet's section 1.4: 50 ms).
const OPEN_AFTER: Duration = Duration::from_millis(49);
/// Nobody who waits for a response gives it up sooner (the fact sheet's section 1.4: 2.5 s).
const PATIENCE: Duration = Duration::from_secs(2);
/// Bodies above this need ObjectInfo before thumbnails (the fact sheet's section 5.1).
const INFO_BEFORE_THUMB: u32 = 0x2_0006;
/// Handles that are followed: cameras have up to 30,000 (the fact sheet's section 6.3, 0xD222).
const MOST_HANDLES: u32 = 1 << 15;

/// How many parameters an operation has over Wi-Fi (the fact sheet's sections 5.1 and 5.2).
pub(super) fn params_of(code: OperationCode) -> Option<usize> {
    Some(match code {
        OperationCode::GET_DEVICE_INFO
        | OperationCode::CLOSE_SESSION
        | OperationCode::GET_STORAGE_IDS
        | OperationCode::GET_CAPTURE_PREVIEW
        | OperationCode::UNLOCK_S1_LOCK
        | OperationCode::GET_CAPABILITIES => 0,
        OperationCode::OPEN_SESSION
        | OperationCode::GET_OBJECT_INFO
        | OperationCode::GET_THUMB
        | OperationCode::GET_DEVICE_PROP_DESC
        | OperationCode::GET_DEVICE_PROP_VALUE
        | OperationCode::SET_DEVICE_PROP_VALUE
        | OperationCode::TERMINATE_OPEN_CAPTURE
        | OperationCode::TERMINATE_MOVIE_CAPTURE
        | OperationCode::LOCK_S1_LOCK
        | OperationCode::STEP_SHUTTER_SPEED
        | OperationCode::STEP_F_NUMBER
        | OperationCode::STEP_EXPOSURE_BIAS => 1,
        OperationCode::INITIATE_CAPTURE
        | OperationCode::INITIATE_OPEN_CAPTURE
        | OperationCode::INITIATE_MOVIE_CAPTURE => 2,
        OperationCode::GET_PARTIAL_OBJECT => 3,
        _ => return None,
    })
}

/// Operations that need a running remote function: those marked R in the fact sheet's section 5.
fn needs_remote(code: OperationCode) -> bool {
    matches!(
        code,
        OperationCode::INITIATE_CAPTURE
            | OperationCode::INITIATE_MOVIE_CAPTURE
            | OperationCode::TERMINATE_MOVIE_CAPTURE
            | OperationCode::GET_CAPTURE_PREVIEW
            | OperationCode::LOCK_S1_LOCK
            | OperationCode::UNLOCK_S1_LOCK
            | OperationCode::STEP_SHUTTER_SPEED
            | OperationCode::STEP_F_NUMBER
            | OperationCode::STEP_EXPOSURE_BIAS
    )
}

/// Bytes of a property's value as clients write it.
fn width(property: DevicePropCode) -> Option<usize> {
    match property {
        DevicePropCode::CAMERA_STATE | DevicePropCode::FUNCTION_MODE => Some(2),
        DevicePropCode::RESIZE | DevicePropCode::REAL_FILE_SIZE => Some(2),
        _ if is_version(property) => Some(4),
        _ => value::kind(property).and_then(|kind| kind.data_type.width_bytes()),
    }
}

/// Codes between the known versions are none.
pub(super) fn is_version(property: DevicePropCode) -> bool {
    property.is_version() && property.name().is_some()
}

impl Case {
    /// A command, whole.
    pub(crate) fn command(&mut self, command: &Container<'_>, neighbours: &mut Neighbours) {
        if !self.admit(command) {
            return;
        }
        let Container { code, id, payload, first_ns: at_ns, .. } = *command;
        let code = OperationCode(code);
        let params = [0, 4, 8].map(|at| word(payload, at).unwrap_or_default());
        if code == OperationCode::OPEN_SESSION {
            neighbours.forget(self.ends);
        }
        self.judge_again(code, params, id, at_ns);
        self.judge_id(id, at_ns);
        self.judge_order(code, id, at_ns);
        self.judge_form(command, code, params);
        self.judge_state(code, params, id, at_ns, neighbours);
        self.session.last = Some((id, code, params, false));
        let double = self.asked.iter().position(|asked| asked.id == id);
        let is_double = double.and_then(|at| self.asked.remove(at)).is_some();
        self.forgot |= is_double;
        if self.asked.len() >= MOST_ASKED {
            self.asked.pop_front();
            self.forgot = true;
        }
        self.asked.push_back(Asked { id, code, params, at_ns, is_double, data: None });
    }

    fn judge_id(&mut self, id: TransactionId, at_ns: Option<u64>) {
        let TransactionId(number) = id;
        let last = self.session.last_id.replace(id);
        if number == u32::MAX {
            self.accuse(table::ID_RESERVED, at_ns, Some(id), || "it is".to_owned());
        }
        match last {
            None if number > 1 => {
                self.accuse(table::OPEN_ID, at_ns, Some(id), || format!("with {number}"));
            }
            // The last one before the reserved one is followed by the first.
            Some(TransactionId(last)) if last >= u32::MAX - 1 && number <= 1 => {}
            Some(TransactionId(last)) if last.wrapping_add(1) != number => {
                self.accuse(table::ID_ORDER, at_ns, Some(id), || format!("{last}, then {number}"));
            }
            _ => {}
        }
    }

    /// What should have come before any command.
    fn judge_order(&mut self, code: OperationCode, id: TransactionId, at_ns: Option<u64>) {
        let tag = Some(id);
        if let Some((last, OperationCode::SET_DEVICE_PROP_VALUE, _, false)) = self.session.last {
            let seen = || format!("a command comes instead of data of #{last}");
            self.accuse(table::DATA_MISSING, at_ns, Some(last), seen);
        }
        if code == OperationCode::OPEN_SESSION {
            let since = self.since_ack(at_ns).map(Duration::from_nanos);
            if let Some(since) = since.filter(|since| *since < OPEN_AFTER)
                && !self.session.was_opened
                && self.is_in_order()
            {
                let seen = || format!("{:.1} ms", since.as_secs_f64() * 1000.0);
                self.accuse(table::EARLY_OPEN, at_ns, tag, seen);
            }
            (self.session.is_open, self.session.is_closed) = (true, false);
            self.session.was_opened = true;
        } else if self.session.is_closed && code != OperationCode::CLOSE_SESSION {
            let seen = || format!("{code} does");
            self.accuse(table::AFTER_CLOSE, at_ns, tag, seen);
        } else if !self.session.is_open && code != OperationCode::GET_DEVICE_INFO {
            self.accuse(table::NO_OPEN, at_ns, tag, || format!("{code} comes first"));
            self.session.is_open = true;
        }
        if code == OperationCode::CLOSE_SESSION {
            self.session.is_closed = true;
        }
        if let Some(before) = self.asked.back().copied()
            && self.is_in_order()
        {
            let waited = at_ns.zip(before.at_ns).and_then(|(now, then)| now.checked_sub(then));
            let waited = waited.map(Duration::from_nanos);
            if let Some(waited) = waited.filter(|waited| *waited < PATIENCE) {
                let millis = waited.as_secs_f64() * 1000.0;
                let seen = || format!("#{} has none after {millis:.1} ms", before.id);
                self.accuse(table::SECOND_COMMAND, at_ns, tag, seen);
            }
        }
    }

    /// What can be seen of the command alone.
    fn judge_form(&mut self, command: &Container<'_>, code: OperationCode, params: [u32; 3]) {
        let (at_ns, id) = (command.first_ns, Some(command.id));
        let count = command.length / 4;
        if let Some(wanted) = params_of(code).filter(|&wanted| wanted as u64 * 4 != command.length)
        {
            let seen = || format!("{code} has {count}, not {wanted}");
            self.accuse(table::PARAM_COUNT, at_ns, id, seen);
        }
        match code {
            OperationCode::GET_PARTIAL_OBJECT if params[2] > MOST_PIECE_BYTES => {
                let seen = || format!("{} bytes are asked for", params[2]);
                self.accuse(table::PIECE_SIZE, at_ns, id, seen);
            }
            OperationCode::STEP_SHUTTER_SPEED
            | OperationCode::STEP_F_NUMBER
            | OperationCode::STEP_EXPOSURE_BIAS
                if params[0] > 1 =>
            {
                self.accuse(table::STEP_VALUE, at_ns, id, || format!("it is {}", params[0]));
            }
            _ => {}
        }
    }

    /// What depends on what the client did before.
    fn judge_state(
        &mut self,
        code: OperationCode,
        params: [u32; 3],
        id: TransactionId,
        at_ns: Option<u64>,
        neighbours: &Neighbours,
    ) {
        let tag = Some(id);
        let runs = self.session.remote.is_some_and(|(_, runs)| runs);
        if needs_remote(code) && !runs && !self.is_tether {
            self.accuse(table::REMOTE_FIRST, at_ns, tag, || format!("{code} comes without"));
        }
        match code {
            OperationCode::INITIATE_OPEN_CAPTURE => {
                self.judge_remote(id, at_ns);
                self.session.remote = Some((id, true));
                self.session.focus_held = false;
            }
            OperationCode::TERMINATE_OPEN_CAPTURE => {
                let begun = self.session.remote.map(|(id, _)| id);
                self.judge_begun(begun, params[0], id, at_ns);
                self.session.remote = begun.map(|id| (id, false));
                self.session.remote_ended |= begun.is_some();
                (self.session.focus_held, self.session.capture) = (false, None);
            }
            OperationCode::INITIATE_MOVIE_CAPTURE => self.session.movie = Some(id),
            OperationCode::TERMINATE_MOVIE_CAPTURE if runs => {
                self.judge_begun(self.session.movie, params[0], id, at_ns);
            }
            OperationCode::LOCK_S1_LOCK if self.session.focus_held && self.is_in_order() => {
                self.accuse(table::FOCUS_AGAIN, at_ns, tag, || "it is still held".to_owned());
            }
            OperationCode::UNLOCK_S1_LOCK => self.session.focus_held = false,
            OperationCode::GET_CAPTURE_PREVIEW => {
                self.session.preview = self.session.capture.take();
            }
            OperationCode::INITIATE_CAPTURE => {
                // Whether focus stays held is not known.
                self.session.focus_held = false;
                if let Some(before) = self.session.capture.take()
                    && self.is_in_order()
                    && neighbours.preview(self.ends, before).is_some()
                {
                    let seen = || format!("that of #{before} was announced and not asked for");
                    self.accuse(table::PREVIEW_SKIPPED, at_ns, tag, seen);
                }
            }
            OperationCode::GET_OBJECT_INFO => self.session.note_info(params[0]),
            OperationCode::GET_THUMB => self.judge_thumb(params[0], id, at_ns),
            _ => {}
        }
    }

    fn judge_remote(&mut self, id: TransactionId, at_ns: Option<u64>) {
        let mode = self.session.mode.map(FunctionMode);
        if self.is_tether {
            return;
        }
        if !matches!(mode, Some(FunctionMode::REMOTE | FunctionMode::NEW_APP_LIVE_VIEW)) {
            let seen = || match mode {
                Some(mode) => format!("it is {mode}"),
                None => "it was not written".to_owned(),
            };
            self.accuse(table::REMOTE_MODE, at_ns, Some(id), seen);
        } else if !self.session.remote_version {
            let seen = || "none of them was".to_owned();
            self.accuse(table::REMOTE_VERSION, at_ns, Some(id), seen);
        }
    }

    fn judge_begun(
        &mut self,
        begun: Option<TransactionId>,
        named: u32,
        id: TransactionId,
        at_ns: Option<u64>,
    ) {
        if begun != Some(TransactionId(named)) {
            let begun = begun.map_or_else(|| "there is none".to_owned(), |id| format!("#{id} did"));
            let seen = || format!("#{named} is named, and {begun}");
            self.accuse(table::TERMINATE_ID, at_ns, Some(id), seen);
        }
    }

    fn judge_thumb(&mut self, handle: u32, id: TransactionId, at_ns: Option<u64>) {
        let remote = self.session.versions.get(&DevicePropCode::REMOTE_VERSION.0);
        if remote.is_some_and(|&version| version > INFO_BEFORE_THUMB)
            && self.session.lacks_info(handle)
        {
            let seen = || format!("there was none of object {handle}");
            self.accuse(table::INFO_BEFORE_THUMB, at_ns, Some(id), seen);
        }
    }

    /// Data of the client, whole.
    pub(crate) fn client_data(&mut self, data: &Container<'_>) {
        if !self.is_followed() {
            return;
        }
        let Container { code, id, payload, length, first_ns: at_ns } = *data;
        let Some((asked, operation, params, has_data)) = self.session.last else { return };
        if id != asked {
            self.accuse(table::DATA_ID, at_ns, Some(id), || format!("the command is #{asked}"));
            return;
        }
        let direction = operation.data_direction();
        if has_data || (params_of(operation).is_some() && direction != Some(DataDirection::Out)) {
            self.accuse(table::DATA_UNASKED, at_ns, Some(id), || format!("{length} bytes come"));
            return;
        }
        self.session.last = Some((asked, operation, params, true));
        if OperationCode(code) != operation {
            self.accuse(table::DATA_CODE, at_ns, Some(id), || format!("it is {code:#06X}"));
        }
        if operation == OperationCode::SET_DEVICE_PROP_VALUE
            && let Ok(property) = u16::try_from(params[0])
        {
            self.judge_written(DevicePropCode(property), payload, length, id, at_ns);
        }
    }

    fn judge_written(
        &mut self,
        property: DevicePropCode,
        payload: &[u8],
        length: u64,
        id: TransactionId,
        at_ns: Option<u64>,
    ) {
        if let Some(width) = width(property).filter(|&width| width as u64 != length) {
            let seen = || format!("{property} has {width} bytes, and {length} are written");
            self.accuse(table::VALUE_SIZE, at_ns, Some(id), seen);
        }
        if property == DevicePropCode::FUNCTION_MODE
            && let Some(mode) = payload.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
        {
            let gallery = FunctionMode(mode) == FunctionMode::REMOTE_IMAGE_VIEW;
            if gallery && !self.session.remote_ended {
                let seen = || "the function never ran, or runs".to_owned();
                self.accuse(table::GALLERY_FIRST, at_ns, Some(id), seen);
            }
            self.session.mode = Some(mode);
        }
        if is_version(property) {
            self.judge_version(property, word(payload, 0), id, at_ns);
        }
    }

    fn judge_version(
        &mut self,
        property: DevicePropCode,
        version: Option<u32>,
        id: TransactionId,
        at_ns: Option<u64>,
    ) {
        if self.session.mode.is_none() && !self.is_tether {
            let seen = || format!("{property} comes first");
            self.accuse(table::VERSION_BEFORE_MODE, at_ns, Some(id), seen);
        }
        let theirs = self.session.versions.get(&property.0).copied();
        if let Some((own, theirs)) = version.zip(theirs).filter(|(own, theirs)| own < theirs) {
            let seen = || format!("{own:#X} to {property}, which reads {theirs:#X}");
            self.accuse(table::VERSION_TOO_LOW, at_ns, Some(id), seen);
        }
        self.session.remote_version |= matches!(
            property,
            DevicePropCode::REMOTE_VERSION | DevicePropCode::EXTENDED_REMOTE_VERSION
        );
    }

    /// Bytes of the client where it should be silent.
    pub(crate) fn side_speech(&mut self, at_ns: Option<u64>, count: usize) {
        if self.is_whole(Side::Client) {
            self.accuse(table::SIDE_SPEECH, at_ns, None, || format!("{count} bytes came"));
        }
    }
}

impl Session {
    fn note_info(&mut self, handle: u32) {
        if handle >= MOST_HANDLES {
            return;
        }
        let (at, bit) = ((handle / 64) as usize, handle % 64);
        if self.infos.len() <= at {
            self.infos.resize(at + 1, 0);
        }
        if let Some(word) = self.infos.get_mut(at) {
            *word |= 1 << bit;
        }
    }

    fn lacks_info(&self, handle: u32) -> bool {
        let word = self.infos.get((handle / 64) as usize).copied().unwrap_or_default();
        handle < MOST_HANDLES && word & (1 << (handle % 64)) == 0
    }
}
