//! What went over the command connection, as far as a judge needs it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filmwire_codec::{CameraState, DevicePropCode, OperationCode, dataset::CurrentState};

/// Bytes kept of each packet: heads of containers and the values of properties.
const HEAD_BYTES: usize = 512;
/// Containers begin with length, kind, code and transaction.
const HEADER_BYTES: usize = 12;
const COMMAND: u16 = 1;
const DATA: u16 = 2;
const RESPONSE: u16 = 3;

/// One operation and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) code: OperationCode,
    pub(crate) params: Vec<u32>,
    /// First bytes of the data phase, whichever way.
    pub(crate) data: Vec<u8>,
    pub(crate) answered: bool,
}

impl Exchange {
    /// The property it is about, if it is about one.
    pub(crate) fn property(&self) -> Option<DevicePropCode> {
        let about = [OperationCode::GET_DEVICE_PROP_VALUE, OperationCode::SET_DEVICE_PROP_VALUE];
        let code = self.params.first().filter(|_| about.contains(&self.code))?;
        Some(DevicePropCode(u16::try_from(*code).ok()?))
    }
}

/// Shared between the connection and the one who judges.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    connected: bool,
    exchanges: Vec<Exchange>,
    sent: Splitter,
    received: Splitter,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The values are plain data and good at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connected(&self) {
        self.lock().connected = true;
    }

    pub(crate) fn was_connected(&self) -> bool {
        self.lock().connected
    }

    pub(crate) fn sent(&self, bytes: &[u8]) {
        let inner = &mut *self.lock();
        let exchanges = &mut inner.exchanges;
        inner.sent.feed(bytes, &mut |packet| note(exchanges, packet));
    }

    pub(crate) fn received(&self, bytes: &[u8]) {
        let inner = &mut *self.lock();
        let exchanges = &mut inner.exchanges;
        inner.received.feed(bytes, &mut |packet| note(exchanges, packet));
    }

    /// The operation asked last.
    pub(crate) fn last(&self) -> Option<Exchange> {
        self.lock().exchanges.last().cloned()
    }

    /// True if something was asked after OpenSession, which is done only once it is open.
    pub(crate) fn session_opened(&self) -> bool {
        self.last().is_some_and(|last| last.code != OperationCode::OPEN_SESSION)
    }

    /// Versions the camera told: property and value, `None` where it told nothing.
    pub(crate) fn versions(&self) -> Vec<(DevicePropCode, Option<u32>)> {
        let inner = self.lock();
        let reads = inner.exchanges.iter().filter(|exchange| {
            exchange.answered && exchange.code == OperationCode::GET_DEVICE_PROP_VALUE
        });
        let mut versions = Vec::new();
        for exchange in reads {
            let Some(property) = exchange.property().filter(|property| property.is_version())
            else {
                continue;
            };
            let value = exchange.data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
            if !versions.iter().any(|(known, _)| *known == property) {
                versions.push((property, value));
            }
        }
        versions
    }

    /// The state DF00 the camera told first that was no waiting, else the last it told.
    pub(crate) fn camera_state(&self) -> Option<CameraState> {
        let inner = self.lock();
        let mut told = None;
        for exchange in &inner.exchanges {
            if exchange.property() != Some(DevicePropCode::CURRENT_STATE) {
                continue;
            }
            let list = CurrentState::decode(&exchange.data).ok();
            if let Some(state) = list.and_then(|list| list.camera_state()) {
                told = Some(state);
                if state != CameraState::WAIT {
                    break;
                }
            }
        }
        told
    }

    /// The mode DF01 that was written first.
    pub(crate) fn mode(&self) -> Option<u16> {
        let inner = self.lock();
        let write = inner.exchanges.iter().find(|exchange| {
            exchange.code == OperationCode::SET_DEVICE_PROP_VALUE
                && exchange.property() == Some(DevicePropCode::FUNCTION_MODE)
        });
        write?.data.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
    }
}

/// Sorts a packet in. Packets of the registration have other kinds and are passed over.
fn note(exchanges: &mut Vec<Exchange>, packet: &[u8]) {
    let Some((header, rest)) = packet.split_first_chunk::<HEADER_BYTES>() else { return };
    let kind = u16::from_le_bytes([header[4], header[5]]);
    let code = u16::from_le_bytes([header[6], header[7]]);
    match (kind, exchanges.last_mut()) {
        // The registration is an init packet of kind 1 as well, but its code is 0.
        (COMMAND, _) if code != 0 => {
            let params =
                rest.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
            exchanges.push(Exchange { code: OperationCode(code), params, ..Exchange::default() });
        }
        (DATA, Some(last)) => last.data = rest.to_vec(),
        (RESPONSE, Some(last)) => last.answered = true,
        _ => {}
    }
}

/// Cuts a stream into packets by their length and keeps the head of each.
#[derive(Debug, Default)]
struct Splitter {
    head: Vec<u8>,
    /// Bytes of the packet seen so far.
    seen: u64,
}

impl Splitter {
    fn feed(&mut self, mut bytes: &[u8], packet: &mut dyn FnMut(&[u8])) {
        while !bytes.is_empty() {
            let wanted = match self.head.first_chunk() {
                Some(length) if self.seen >= 4 => u64::from(u32::from_le_bytes(*length)).max(4),
                _ => 4,
            };
            let left = wanted.saturating_sub(self.seen).max(1);
            let (taken, rest) =
                bytes.split_at(bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
            let room = HEAD_BYTES - self.head.len();
            self.head.extend_from_slice(&taken[..taken.len().min(room)]);
            self.seen += taken.len() as u64;
            bytes = rest;
            let length = self.head.first_chunk().map(|length| u32::from_le_bytes(*length));
            if length.is_some_and(|length| self.seen >= u64::from(length)) {
                packet(&self.head);
                self.head.clear();
                self.seen = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(kind: u16, code: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = (HEADER_BYTES as u32 + payload.len() as u32).to_le_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(code.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn exchanges_are_read_however_the_stream_is_cut() {
        let sent = container(COMMAND, 0x1015, &0xDF24_u32.to_le_bytes());
        let mut received = container(DATA, 0x1015, &0x20004_u32.to_le_bytes());
        received.extend(container(RESPONSE, 0x2001, &[]));
        for step in [1, 3, 5, 1000] {
            let log = Log::default();
            sent.chunks(step).for_each(|bytes| log.sent(bytes));
            received.chunks(step).for_each(|bytes| log.received(bytes));
            assert_eq!(log.versions(), [(DevicePropCode(0xDF24), Some(0x20004))], "{step}");
            assert!(log.last().unwrap().answered);
        }
    }

    #[test]
    fn big_and_senseless_packets_are_survived() {
        let log = Log::default();
        log.sent(&container(COMMAND, 0x101B, &[0; 12]));
        log.received(&container(DATA, 0x101B, &vec![7; 100_000]));
        assert_eq!(log.last().unwrap().data.len(), HEAD_BYTES - HEADER_BYTES);
        log.received(&[0; 100]);
        log.received(&[0xFF; 100]);
        assert!(!log.last().unwrap().answered);
    }
}
