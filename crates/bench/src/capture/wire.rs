//! TCP connections of a client and a camera as packets of a pcap.

use std::io::{self, Write};

use etherparse::{PacketBuilder, TcpOptionElement};

/// What a packet of Wi-Fi leaves for data, with the options that systems use.
const SEGMENT_BYTES: usize = 1448;
/// Segments until a receiver acknowledges.
const ACKNOWLEDGED: u32 = 2;
const CLIENT: ([u8; 6], [u8; 4]) = ([2, 0, 0, 0, 0, 1], [192, 168, 0, 7]);
const CAMERA: ([u8; 6], [u8; 4]) = ([2, 0, 0, 0, 0, 2], [192, 168, 0, 1]);
/// Ports of the camera, and where those of the client begin.
const CAMERA_PORT: u16 = 55740;
const CLIENT_PORT: u16 = 40_000;
const CONNECTIONS: usize = 3;
const WINDOW: u16 = u16::MAX;
const HOPS: u8 = 64;
/// Between two packets, in microseconds: as fast as 25 Mbit/s.
const STEP_US: u64 = 460;
/// When the first packet was: in 2024.
const START_US: u64 = 1_714_000_000_000_000;
/// Headers of a pcap of microseconds, in little-endian: version 2.4, Ethernet.
const FILE_HEAD: [u32; 6] = [0xA1B2_C3D4, 0x0004_0002, 0, 0, 262_144, 1];

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Camera,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Client => Self::Camera,
            Self::Camera => Self::Client,
        }
    }
}

/// What a segment says besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    None,
    Syn,
    Fin,
}

/// Writes packets.
pub(super) struct Wire<W> {
    out: W,
    /// Next sequence numbers of each connection: of the client, of the camera.
    next: [[u32; 2]; CONNECTIONS],
    packet: Vec<u8>,
    /// Written so far.
    pub(super) bytes: u64,
    packets: u64,
}

impl<W: Write> Wire<W> {
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        let head = FILE_HEAD.map(u32::to_le_bytes).concat();
        out.write_all(&head)?;
        let (bytes, packet) = (head.len() as u64, Vec::new());
        Ok(Self { out, next: [[1000, 2000]; CONNECTIONS], packet, bytes, packets: 0 })
    }

    /// The handshake.
    pub(super) fn open(&mut self, connection: usize) -> io::Result<()> {
        self.put(connection, Side::Client, Flag::Syn, &[])?;
        self.put(connection, Side::Camera, Flag::Syn, &[])?;
        self.put(connection, Side::Client, Flag::None, &[])
    }

    /// Bytes in segments, with the receiver's acknowledgements.
    pub(super) fn say(&mut self, connection: usize, side: Side, bytes: &[u8]) -> io::Result<()> {
        let mut unacknowledged = 0;
        for segment in bytes.chunks(SEGMENT_BYTES) {
            self.put(connection, side, Flag::None, segment)?;
            unacknowledged += 1;
            if unacknowledged == ACKNOWLEDGED {
                unacknowledged = 0;
                self.put(connection, side.other(), Flag::None, &[])?;
            }
        }
        Ok(())
    }

    /// Both ends.
    pub(super) fn close(&mut self, connection: usize) -> io::Result<()> {
        self.put(connection, Side::Client, Flag::Fin, &[])?;
        self.put(connection, Side::Camera, Flag::Fin, &[])
    }

    /// Bytes and packets that were written.
    pub(super) fn finish(mut self) -> io::Result<(u64, u64)> {
        self.out.flush()?;
        Ok((self.bytes, self.packets))
    }

    fn put(&mut self, at: usize, side: Side, flag: Flag, bytes: &[u8]) -> io::Result<()> {
        let client_port = CLIENT_PORT + at as u16;
        let camera_port = CAMERA_PORT + at as u16;
        let [client, camera] = self.next[at];
        let (from, to, ports, own, other) = match side {
            Side::Client => (CLIENT, CAMERA, (client_port, camera_port), client, camera),
            Side::Camera => (CAMERA, CLIENT, (camera_port, client_port), camera, client),
        };
        let time = TcpOptionElement::Timestamp(self.packets as u32, self.packets as u32);
        let mut step = PacketBuilder::ethernet2(from.0, to.0)
            .ipv4(from.1, to.1, HOPS)
            .tcp(ports.0, ports.1, own, WINDOW)
            .options(&[TcpOptionElement::Noop, TcpOptionElement::Noop, time])
            .map_err(io::Error::other)?;
        if (side, flag) != (Side::Client, Flag::Syn) {
            step = step.ack(other);
        }
        step = match flag {
            Flag::None => step,
            Flag::Syn => step.syn(),
            Flag::Fin => step.fin(),
        };
        self.packet.clear();
        step.write(&mut self.packet, bytes).map_err(io::Error::other)?;
        let counts = bytes.len() as u32 + u32::from(flag != Flag::None);
        let number = &mut self.next[at][side as usize];
        *number = number.wrapping_add(counts);
        self.record()
    }

    fn record(&mut self) -> io::Result<()> {
        let us = START_US + self.packets * STEP_US;
        let length = self.packet.len() as u32;
        let head = [(us / 1_000_000) as u32, (us % 1_000_000) as u32, length, length];
        let head = head.map(u32::to_le_bytes).concat();
        self.out.write_all(&head)?;
        self.out.write_all(&self.packet)?;
        self.packets += 1;
        self.bytes += head.len() as u64 + u64::from(length);
        Ok(())
    }
}
