//! The newer path, DF01 = 20: its listing, its own properties and operations.
//!
//! Source: the fact sheet's section 4.8 (libfuji's code, grade B). What its own operations answer
//! is unknown (12.1.8): the persona chooses between nothing, a refusal, silence and a payload made
//! up by us, which the journal marks.

use bytes::Bytes;
use filmwire_codec::{DevicePropCode as Prop, OperationCode as Op, PtpString, ResponseCode};

use super::Responder;
use crate::camera::Camera;
use crate::card::CardObject;
use crate::persona::NewerAnswers;
use crate::reply::{Answer, Command, Reply};

/// DF01 of the newer path.
const NEWER: u16 = 20;

/// How much of a resized object is repeated behind its end. Reported: fuji-bridge, on an X100VI.
const REPEATED_BYTES: u64 = 257;

/// Where the file name stands in 0x9054 ([3P]); in ObjectInfo it stands two bytes earlier.
const NAME_AT: usize = 54;

/// Whether a property is there on the newer path alone.
pub(super) fn is_property(code: u16) -> bool {
    let [handle, count, handles] =
        [Prop::UNKNOWN_D22B, Prop::IMPORT_OBJECT_COUNT, Prop::IMPORT_OBJECT_HANDLES];
    [handle.0, count.0, handles.0].contains(&code)
}

impl Responder {
    /// Whether the client took the newer path and the body has one.
    pub(super) fn on_newer_path(&self, camera: &Camera) -> bool {
        camera.persona.newer_path && self.mode == NEWER
    }

    /// Whether writing the present mode made DF00 mirror it (libfuji).
    pub(super) fn enters_newer_path(&self, camera: &Camera) -> bool {
        self.on_newer_path(camera) && self.state != 0
    }

    /// D22B, D620 and D621. D22B is the handle last asked about, else the newest: a guess.
    pub(super) fn newer_value(&self, camera: &mut Camera, code: u16) -> Option<Vec<u8>> {
        let count = camera.count();
        let value = match Prop(code) {
            Prop::IMPORT_OBJECT_COUNT => count,
            Prop::IMPORT_OBJECT_HANDLES => {
                // A claimed count must not make us write four thousand million numbers.
                let real = camera.listing().len() as u32;
                return Some(
                    [count].into_iter().chain(1..=real).flat_map(u32::to_le_bytes).collect(),
                );
            }
            _ => self.last_informed.unwrap_or(count),
        };
        Some(value.to_le_bytes().to_vec())
    }

    /// Answers 0x9050, 0x9053, 0x9054 and 0x9055.
    pub(super) fn newer_operation(&self, camera: &mut Camera, command: &Command) -> Reply {
        match camera.persona.newer_answers {
            NewerAnswers::EmptyOk => Answer::empty(ResponseCode::OK).into(),
            NewerAnswers::Refuse => Answer::empty(ResponseCode::OPERATION_NOT_SUPPORTED).into(),
            NewerAnswers::Silence => Reply::Silent,
            NewerAnswers::Guess => {
                let payload = self.guess(camera, Op(command.operation));
                Answer { note: Some("guessed answer"), ..Answer::data(payload) }.into()
            }
        }
    }

    fn guess(&self, camera: &mut Camera, operation: Op) -> Bytes {
        let newest = camera.newest();
        match operation {
            Op::GET_IMAGE_IMPORT_FOLDERS => folders(camera),
            Op::GET_IMAGE_IMPORT_DATES => dates(camera),
            Op::GET_EXTENSION_OBJECT_INFO => {
                let info = newest.map(|object| self.describe(camera, &object));
                let mut payload = Vec::new();
                info.unwrap_or_default().encode(&mut payload);
                // Two more bytes before the name, wherever they may stand.
                payload.splice(NAME_AT - 2..NAME_AT - 2, [0, 0]);
                payload.into()
            }
            _ => newest.and_then(|object| object.thumb().ok().flatten()).unwrap_or_default(),
        }
    }
}

/// Guess: u32 count, then the names of the folders.
fn folders(camera: &Camera) -> Bytes {
    let mut names: Vec<String> = camera.card.objects().map(|object| object.folder).collect();
    names.sort();
    names.dedup();
    let mut out = (names.len() as u32).to_le_bytes().to_vec();
    names.iter().for_each(|name| PtpString::from(name.as_str()).encode(&mut out));
    out.into()
}

/// Guess: u32 count of days, then of each its date and u32 number of objects, oldest first.
fn dates(camera: &mut Camera) -> Bytes {
    let count = camera.listing().len() as u32;
    let mut days = std::collections::BTreeMap::<String, u32>::new();
    for handle in 1..=count {
        let taken = camera.object(handle).and_then(|object| object.capture);
        let day = taken.map(|at| at.ptp().chars().take(8).collect()).unwrap_or_default();
        *days.entry(day).or_default() += 1;
    }
    let mut out = (days.len() as u32).to_le_bytes().to_vec();
    for (day, number) in days {
        PtpString::from(day.as_str()).encode(&mut out);
        out.extend(number.to_le_bytes());
    }
    out.into()
}

/// A piece of an object behind whose end its last bytes are repeated without end. Empty if the
/// object cannot be read.
pub(super) fn padded(object: &CardObject, offset: u64, length: u64) -> Bytes {
    let size = object.size_bytes;
    let inside = length.min(size.saturating_sub(offset));
    let mut out = object.read_at(offset, inside as usize).unwrap_or_default().to_vec();
    let repeated = REPEATED_BYTES.min(size);
    let tail = object.read_at(size - repeated, repeated as usize).unwrap_or_default();
    // A piece that ends inside has nothing repeated, wherever the repetition would stand.
    let start = offset.saturating_sub(size).checked_rem(repeated).unwrap_or(0) as usize;
    let rest = tail.iter().cycle().skip(start).take((length - inside) as usize);
    out.extend(rest);
    out.into()
}
