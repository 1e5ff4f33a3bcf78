//! Makes captures: what is said, as packets, as a file.

use filmwire_codec::container::{encode_command, encode_data_header, encode_response};
use filmwire_codec::init::{GOODBYE, InitAck, InitRequest};
use filmwire_codec::{OperationCode, ResponseCode, TransactionId};
use filmwire_redact::Redactor;
use filmwire_trace::capture::{Item, LinkType, Reader, Writer};
use filmwire_trace::{Decoder, Record};

pub(crate) const CLIENT_IP: [u8; 4] = [10, 77, 31, 9];
pub(crate) const CAMERA_IP: [u8; 4] = [10, 77, 31, 1];
pub(crate) const CLIENT_MAC: [u8; 6] = [0x5A, 0xC3, 0x11, 0x9E, 0x77, 0x42];
pub(crate) const CAMERA_MAC: [u8; 6] = [0x04, 0xC4, 0x61, 0xBE, 0xA7, 0x3D];

/// Packets of Ethernet, with running sequence numbers for each port of the camera.
pub(crate) struct Wire {
    pub(crate) packets: Vec<Vec<u8>>,
    next: [u32; 2],
    port: u16,
    /// Most bytes of a segment.
    pub(crate) segment_bytes: usize,
    id: u32,
}

impl Wire {
    pub(crate) fn new(port: u16, segment_bytes: usize) -> Self {
        let next = [u32::MAX - 500, 77];
        let mut wire = Self { packets: Vec::new(), next, port, segment_bytes, id: 0 };
        wire.put(true, 0x02, &[]);
        wire.put(false, 0x12, &[]);
        wire
    }

    pub(crate) fn put(&mut self, from_client: bool, flags: u8, bytes: &[u8]) {
        let (own, other) = if from_client { (0, 1) } else { (1, 0) };
        let ports = if from_client { [40_000, self.port] } else { [self.port, 40_000] };
        let mut tcp = ports.map(u16::to_be_bytes).concat();
        tcp.extend(self.next[own].to_be_bytes());
        tcp.extend(self.next[other].to_be_bytes());
        tcp.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        tcp.extend(bytes);
        self.packets.push(ethernet(from_client, 6, &tcp));
        let count = bytes.len() as u32 + u32::from(flags & 3 != 0);
        self.next[own] = self.next[own].wrapping_add(count);
    }

    pub(crate) fn say(&mut self, from_client: bool, bytes: &[u8]) {
        let size = self.segment_bytes;
        bytes.chunks(size).for_each(|bytes| self.put(from_client, 0x18, bytes));
    }

    pub(crate) fn register(&mut self, request: &InitRequest, ack: &InitAck) {
        self.say(true, &request.encode());
        self.say(false, &ack.encode());
    }

    /// A transaction whose data comes from the camera.
    pub(crate) fn ask(&mut self, code: u16, params: &[u32], data: &[u8]) {
        let (code, id) = (OperationCode(code), self.next_id());
        self.say(true, &encode_command(code, id, params));
        let header = encode_data_header(code, id, data.len());
        let response = encode_response(ResponseCode::OK, id, &[]);
        self.say(false, &[&header[..], data, &response].concat());
    }

    /// One whose data goes to the camera.
    pub(crate) fn tell(&mut self, code: u16, params: &[u32], data: &[u8]) {
        let (code, id) = (OperationCode(code), self.next_id());
        self.say(true, &encode_command(code, id, params));
        let header = encode_data_header(code, id, data.len());
        self.say(true, &[&header[..], data].concat());
        self.say(false, &encode_response(ResponseCode::OK, id, &[]));
    }

    pub(crate) fn next_id(&mut self) -> TransactionId {
        self.id += 1;
        TransactionId(self.id)
    }

    pub(crate) fn end(mut self) -> Vec<Vec<u8>> {
        self.say(true, &GOODBYE);
        self.put(true, 0x11, &[]);
        self.put(false, 0x11, &[]);
        self.packets
    }
}

pub(crate) fn ethernet(from_client: bool, protocol: u8, bytes: &[u8]) -> Vec<u8> {
    let (macs, ips) = match from_client {
        true => ([CAMERA_MAC, CLIENT_MAC], [CLIENT_IP, CAMERA_IP]),
        false => ([CLIENT_MAC, CAMERA_MAC], [CAMERA_IP, CLIENT_IP]),
    };
    let mut packet = macs.concat();
    packet.extend([8, 0, 0x45, 0]);
    packet.extend((20 + bytes.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    packet.extend(ips.concat());
    packet.extend(bytes);
    packet
}

pub(crate) fn udp(ports: [u16; 2], bytes: &[u8]) -> Vec<u8> {
    let mut datagram = ports.map(u16::to_be_bytes).concat();
    datagram.extend((8 + bytes.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(bytes);
    ethernet(true, 17, &datagram)
}

/// A capture of Ethernet, a millisecond a packet.
pub(crate) fn file(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), LinkType::ETHERNET, "test", "").unwrap();
    for (number, packet) in packets.iter().enumerate() {
        writer.packet(1_700_000_000_000_000_000 + number as u64 * 1_000_000, packet, None).unwrap();
    }
    writer.into_inner()
}

/// What is shown of a capture, and the redactor that made it.
pub(crate) fn redact(file: &[u8]) -> (Vec<u8>, Redactor) {
    let mut redactor = Redactor::default();
    let mut writer = Writer::new(Vec::new(), Redactor::LINK, "filmwire", "").unwrap();
    let Ok(mut reader) = Reader::new(file) else { return (Vec::new(), redactor) };
    while let Ok(Some(item)) = reader.next_item() {
        redactor.take(&item, &mut |packet| {
            writer.packet(packet.at_ns.unwrap(), packet.data, None).unwrap();
        });
        assert!(redactor.held_bytes() < 64 << 20);
    }
    redactor.finish(&mut |packet| {
        writer.packet(packet.at_ns.unwrap(), packet.data, None).unwrap();
    });
    (writer.into_inner(), redactor)
}

pub(crate) fn decode(file: &[u8]) -> Vec<Record> {
    let (mut decoder, mut records) = (Decoder::default(), Vec::new());
    let mut reader = Reader::new(file).unwrap();
    while let Ok(Some(item)) = reader.next_item() {
        if let Item::Packet(_) = item {
            decoder.take(&item, &mut |record| records.push(record));
        }
    }
    decoder.finish(&mut |record| records.push(record));
    records
}
