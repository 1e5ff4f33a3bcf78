//! A made-up capture of a session, as tcpdump beside a camera's network would write it.
//!
//! Written from the codec alone, so that it is no faster to read than what a camera says: polls,
//! ObjectInfo, objects in pieces of 1 MiB, live view and events, on three connections whose segments
//! have the 1,448 bytes that Wi-Fi leaves them, with acknowledgements between.

mod wire;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::dataset::{CurrentState, EventDataset, LiveViewHeader, ObjectInfo, StateEntry};
use filmwire_codec::init::{GOODBYE, InitAck, InitRequest};
use filmwire_codec::{
    DevicePropCode, EventCode, ObjectFormatCode, ObjectHandle, OperationCode, ResponseCode,
    SessionId, StorageId, TransactionId,
};

use wire::{Side, Wire};

const PIECE_BYTES: usize = 1 << 20;
/// Pieces of an object.
const PIECES: u32 = 8;
/// Pictures of live view between two objects, and bytes of each.
const FRAMES: u32 = 30;
const FRAME_BYTES: usize = 20_000;
/// Settings that a poll tells.
const SETTINGS: u32 = 17;

/// What a capture holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Made {
    /// Bytes of the file.
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    pub(crate) transactions: u64,
    pub(crate) frames: u64,
}

/// Writes a capture of at least so many bytes.
///
/// Fails as the disk does.
pub(crate) fn make(path: &Path, bytes: u64) -> io::Result<Made> {
    let out = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
    let mut session = Session { wire: Wire::new(out)?, noise: noise(), id: 1, frames: 0 };
    session.begin()?;
    let mut photo = 1;
    while session.wire.bytes < bytes {
        session.photo(photo)?;
        photo += 1;
    }
    session.end()
}

/// Writes a capture without packets.
pub(crate) fn make_empty(path: &Path) -> io::Result<Made> {
    let (bytes, packets) = Wire::new(File::create_new(path)?)?.finish()?;
    Ok(Made { bytes, packets, transactions: 0, frames: 0 })
}

/// A session that is going on.
struct Session<W> {
    wire: Wire<W>,
    /// Bytes of pictures, as little alike as those of a JPEG.
    noise: Vec<u8>,
    id: u32,
    frames: u64,
}

/// Which of the three connections.
const COMMAND: usize = 0;
const EVENTS: usize = 1;
const LIVE_VIEW: usize = 2;

impl<W: Write> Session<W> {
    fn begin(&mut self) -> io::Result<()> {
        for connection in [COMMAND, EVENTS, LIVE_VIEW] {
            self.wire.open(connection)?;
        }
        self.wire.say(COMMAND, Side::Client, &InitRequest::new("bench").encode())?;
        self.wire.say(COMMAND, Side::Camera, &InitAck::new("X-T4").encode())?;
        self.run(OperationCode::OPEN_SESSION, &[1], None)
    }

    /// What is said around one photo: it is looked for, taken, told of and fetched.
    fn photo(&mut self, number: u32) -> io::Result<()> {
        for _ in 0..FRAMES {
            self.poll()?;
            self.frame()?;
        }
        self.event(EventCode::PREVIEW_AVAILABLE, &[number, 20_000])?;
        self.event(EventCode::FUJI_OBJECT_ADDED, &[number])?;
        self.info(number)?;
        for piece in 0..PIECES {
            let offset = piece * PIECE_BYTES as u32;
            let params = [number, offset, PIECE_BYTES as u32];
            let picture = std::mem::take(&mut self.noise);
            let told =
                self.run(OperationCode::GET_PARTIAL_OBJECT, &params, picture.get(..PIECE_BYTES));
            self.noise = picture;
            told?;
        }
        self.poll()
    }

    fn poll(&mut self) -> io::Result<()> {
        let property = |number: u32| DevicePropCode(0xD000 + number as u16);
        let entries = (0..SETTINGS).map(|number| StateEntry {
            property: property(number),
            value: number * 3 + self.id % 2,
        });
        let mut state = Vec::new();
        CurrentState { entries: entries.collect() }.encode(&mut state);
        let code = u32::from(DevicePropCode::CURRENT_STATE.0);
        self.run(OperationCode::GET_DEVICE_PROP_VALUE, &[code], Some(&state))
    }

    fn info(&mut self, number: u32) -> io::Result<()> {
        let info = ObjectInfo {
            storage: StorageId(0x1000_0001),
            format: ObjectFormatCode::EXIF_JPEG,
            protection: 0,
            size_bytes: PIECES * PIECE_BYTES as u32,
            thumb_format: 0x3808,
            thumb_size_bytes: 8_000,
            thumb_width: 160,
            thumb_height: 120,
            width: 6240,
            height: 4160,
            bit_depth: 0,
            parent: ObjectHandle(0),
            association_type: 0,
            association_desc: 0,
            sequence: 0,
            name: format!("DSCF{:04}.JPG", number % 10_000).as_str().into(),
            capture_date: "20240501T101112".into(),
            modification_date: "".into(),
            keywords: "Orientation:1".into(),
            surplus: Vec::new(),
        };
        let mut data = Vec::new();
        info.encode(&mut data);
        self.run(OperationCode::GET_OBJECT_INFO, &[number], Some(&data))
    }

    /// A transaction: command, data, response.
    fn run(
        &mut self,
        operation: OperationCode,
        params: &[u32],
        data: Option<&[u8]>,
    ) -> io::Result<()> {
        let id = TransactionId(self.id);
        self.id += 1;
        self.wire.say(COMMAND, Side::Client, &encode_command(operation, id, params))?;
        if let Some(data) = data {
            let header = encode_data_header(operation, id, data.len());
            self.wire.say(COMMAND, Side::Camera, &[&header, data].concat())?;
        }
        self.wire.say(COMMAND, Side::Camera, &encode_response(ResponseCode::OK, id, &[]))
    }

    fn event(&mut self, code: EventCode, params: &[u32]) -> io::Result<()> {
        let transaction = TransactionId(self.id);
        let event =
            EventDataset { code, session: SessionId(1), transaction, params: params.to_vec() };
        self.wire.say(EVENTS, Side::Camera, &event.encode())
    }

    fn frame(&mut self) -> io::Result<()> {
        self.frames += 1;
        let mut packet = Vec::with_capacity(FRAME_BYTES);
        let length = FRAME_BYTES as u32;
        let counter = self.frames as u32;
        LiveViewHeader { length, reserved: 0, counter, extra_bytes: 0, unknown: 0x8A01 }
            .encode(&mut packet);
        packet.extend([0xFF, 0xD8, 0xFF]);
        let rest = FRAME_BYTES - packet.len();
        packet.extend(self.noise.iter().take(rest));
        self.wire.say(LIVE_VIEW, Side::Camera, &packet)
    }

    fn end(mut self) -> io::Result<Made> {
        self.run(OperationCode::CLOSE_SESSION, &[], None)?;
        self.wire.say(COMMAND, Side::Client, &GOODBYE)?;
        for connection in [COMMAND, EVENTS, LIVE_VIEW] {
            self.wire.close(connection)?;
        }
        let (bytes, packets) = self.wire.finish()?;
        let transactions = u64::from(self.id) - 1;
        Ok(Made { bytes, packets, transactions, frames: self.frames })
    }
}

/// Numbers of a xorshift generator.
fn noise() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(PIECE_BYTES / 8).flatten().collect()
}

#[cfg(test)]
mod tests {
    use filmwire_trace::{Decoder, capture::Reader};

    use super::*;

    #[test]
    fn everything_that_is_said_is_understood() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.pcap");
        let made = make(&path, 9 << 20).unwrap();
        assert_eq!(made.bytes, path.metadata().unwrap().len());
        let mut reader = Reader::new(File::open(&path).unwrap()).unwrap();
        let mut decoder = Decoder::default();
        while let Some(item) = reader.next_item().unwrap() {
            decoder.take(&item, &mut |_| ());
        }
        decoder.finish(&mut |_| ());
        let tally = decoder.tally();
        let of = |kind| tally.records.get(kind).copied().unwrap_or_default();
        assert_eq!((of("transaction"), of("frame")), (made.transactions, made.frames));
        assert_eq!((of("event"), of("gap"), tally.connections), (made.frames / 15, 0, 3));
        assert_eq!((tally.packets, tally.others), (made.packets, 0));
        assert!(tally.operations.values().all(|tally| tally.unanswered == 0));
    }
}
