//! Data and responses of the camera.

use filmwire_codec::dataset::{Capabilities, ObjectInfo};
use filmwire_codec::{DataDirection, DevicePropCode, OperationCode, ResponseCode, TransactionId};

use super::case::{Asked, Case, Container, Data, word};
use super::command::{is_version, params_of};
use super::neighbours::Neighbours;
use super::table;

/// A shorter thumbnail is none (the fact sheet's section 5.1).
const LEAST_THUMB_BYTES: u64 = 100;
/// How a JPEG begins.
const JPEG: [u8; 2] = [0xFF, 0xD8];

impl Case {
    /// Data of the camera, whole.
    pub(crate) fn camera_data(&mut self, data: &Container<'_>, neighbours: &Neighbours) {
        if !self.is_in_order() {
            return;
        }
        let Container { code, id, payload, length, first_ns: at_ns } = *data;
        let Some(at) = self.asked.iter().position(|asked| asked.id == id) else {
            self.judge_stranger(id, at_ns, "data");
            return;
        };
        let Some(asked) = self.asked.get(at).copied().filter(|asked| !asked.is_double) else {
            return;
        };
        let operation = asked.code;
        let reads = operation.data_direction() == Some(DataDirection::In);
        if asked.data.is_some() || (params_of(operation).is_some() && !reads) {
            let seen = || format!("{operation} is answered with {length} bytes of it");
            self.accuse(table::CAMERA_DATA_UNASKED, at_ns, Some(id), seen);
            return;
        }
        if OperationCode(code) != operation {
            let seen = || format!("it is {code:#06X} for {operation}");
            self.accuse(table::CAMERA_DATA_CODE, at_ns, Some(id), seen);
        }
        self.judge_wait(&asked, at_ns);
        self.judge_data(&asked, payload, length, at_ns, neighbours);
        let value = match *payload {
            [a, b] if length == 2 => Some(u16::from_le_bytes([a, b]).into()),
            [a, b, c, d] if length == 4 => Some(u32::from_le_bytes([a, b, c, d])),
            _ => None,
        };
        if let Some(asked) = self.asked.get_mut(at) {
            asked.data = Some(Data { length, value });
        }
    }

    /// Data or a response whose id no open command has.
    fn judge_stranger(&mut self, id: TransactionId, at_ns: Option<u64>, what: &str) {
        if self.forgot {
            return;
        }
        if self.answered == Some(id) {
            let rule =
                if what == "data" { table::CAMERA_DATA_UNASKED } else { table::SECOND_RESPONSE };
            self.accuse(rule, at_ns, Some(id), || "more comes behind the response".to_owned());
        } else {
            let seen = || format!("{what} of #{id} comes, which is not open");
            self.accuse(table::ANSWER_UNASKED, at_ns, Some(id), seen);
        }
    }

    /// What data says of what was asked for.
    fn judge_data(
        &mut self,
        asked: &Asked,
        payload: &[u8],
        length: u64,
        at_ns: Option<u64>,
        neighbours: &Neighbours,
    ) {
        let id = Some(asked.id);
        // Of large data only the beginning was kept, and failures have none.
        let is_all = payload.len() as u64 == length && length > 0;
        match asked.code {
            OperationCode::GET_PARTIAL_OBJECT if length > u64::from(asked.params[2]) => {
                let seen = || format!("{length} bytes come, {} were asked for", asked.params[2]);
                self.accuse(table::PIECE_LONGER, at_ns, id, seen);
            }
            OperationCode::GET_THUMB
                if length >= LEAST_THUMB_BYTES && !payload.starts_with(&JPEG) =>
            {
                self.accuse(table::THUMB_JPEG, at_ns, id, || begins(payload));
            }
            OperationCode::GET_CAPTURE_PREVIEW if length > 0 => {
                if !payload.starts_with(&JPEG) {
                    self.accuse(table::PREVIEW_JPEG, at_ns, id, || begins(payload));
                }
                self.judge_preview(length, asked.id, at_ns, neighbours);
            }
            OperationCode::GET_OBJECT_INFO if is_all => {
                if let Err(error) = ObjectInfo::decode(payload) {
                    self.accuse(table::BROKEN_OBJECT_INFO, at_ns, id, || error.to_string());
                }
            }
            OperationCode::GET_CAPABILITIES if is_all => {
                if let Err(error) = Capabilities::decode(payload) {
                    self.accuse(table::BROKEN_CAPABILITIES, at_ns, id, || error.to_string());
                }
            }
            OperationCode::GET_DEVICE_PROP_VALUE => {
                let property = u16::try_from(asked.params[0]).map(DevicePropCode);
                if let Ok(property) = property {
                    self.judge_value(property, payload, length, asked.id, at_ns);
                }
            }
            _ => {}
        }
    }

    fn judge_preview(
        &mut self,
        length: u64,
        id: TransactionId,
        at_ns: Option<u64>,
        neighbours: &Neighbours,
    ) {
        let capture = self.session.preview.take();
        let announced =
            capture.and_then(|capture| neighbours.preview(self.ends, capture)).flatten();
        if let Some(announced) = announced.filter(|&bytes| u64::from(bytes) != length) {
            let seen = || format!("{announced} were announced, and {length} come");
            self.accuse(table::PREVIEW_SIZE, at_ns, Some(id), seen);
        }
    }

    fn judge_value(
        &mut self,
        property: DevicePropCode,
        payload: &[u8],
        length: u64,
        id: TransactionId,
        at_ns: Option<u64>,
    ) {
        let bytes = || format!("{property} comes as {length}");
        match property {
            // What does not exist is empty.
            _ if length == 0 => {}
            DevicePropCode::CAMERA_STATE | DevicePropCode::FUNCTION_MODE if length != 2 => {
                self.accuse(table::STATE_SIZE, at_ns, Some(id), bytes);
            }
            DevicePropCode::CURRENT_STATE => {
                let count = payload.first_chunk().map(|bytes| u16::from_le_bytes(*bytes));
                let wanted = count.map(|count| 2 + u64::from(count) * 6);
                if wanted != Some(length) {
                    let count = count.unwrap_or_default();
                    let seen = || format!("{length} bytes come for a count of {count}");
                    self.accuse(table::BROKEN_STATE_LIST, at_ns, Some(id), seen);
                }
            }
            _ if is_version(property) && length != 4 => {
                self.accuse(table::VERSION_SIZE, at_ns, Some(id), bytes);
            }
            _ => {}
        }
    }

    /// A response of the camera, whole.
    pub(crate) fn response(&mut self, response: &Container<'_>) {
        if !self.is_in_order() {
            return;
        }
        let Container { code, id, payload, length, first_ns: at_ns } = *response;
        let Some(at) = self.asked.iter().position(|asked| asked.id == id) else {
            self.judge_stranger(id, at_ns, "a response");
            return;
        };
        self.answered = Some(id);
        let Some(asked) = self.asked.remove(at).filter(|asked| !asked.is_double) else { return };
        let operation = asked.code;
        let reads = operation.data_direction() == Some(DataDirection::In);
        if reads && asked.data.is_none() && params_of(operation).is_some() {
            let seen = || format!("{operation} has none");
            self.accuse(table::CAMERA_DATA_MISSING, at_ns, Some(id), seen);
        }
        if asked.data.is_none() {
            self.judge_wait(&asked, at_ns);
        }
        self.note_answer(asked, ResponseCode(code));
        if ResponseCode(code) != ResponseCode::OK {
            return;
        }
        match operation {
            OperationCode::GET_PARTIAL_OBJECT => {
                let (sent, told) = (asked.data.map(|data| data.length), word(payload, 0));
                if sent.is_some_and(|sent| length != 4 || told.map(u64::from) != Some(sent)) {
                    let told = told.map_or_else(|| "none".to_owned(), |told| told.to_string());
                    let seen = || format!("it tells {told} of {} bytes", sent.unwrap_or_default());
                    self.accuse(table::PIECE_COUNT, at_ns, Some(id), seen);
                }
            }
            OperationCode::INITIATE_CAPTURE => self.session.capture = Some(id),
            OperationCode::LOCK_S1_LOCK => self.session.focus_held = true,
            OperationCode::GET_DEVICE_PROP_VALUE => {
                let value = asked.data.and_then(|data| data.value.filter(|_| data.length == 4));
                let property = u16::try_from(asked.params[0]).map(DevicePropCode);
                if let (Some(value), Ok(property)) = (value, property)
                    && is_version(property)
                {
                    self.session.versions.insert(property.0, value);
                }
            }
            _ => {}
        }
    }
}

fn begins(payload: &[u8]) -> String {
    format!("it begins with {:02x?}", payload.get(..2).unwrap_or(payload))
}
