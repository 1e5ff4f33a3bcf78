//! A bare blocking client: a socket, the codec, and a loop.
//!
//! It is what filmwire is compared with, so it knows nothing of timeouts, quirks or other bodies
//! than the X-A2, whose opening is the shortest.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use filmwire_codec::container::{
    ContainerHeader, ContainerType, HEADER_BYTES, encode_command, encode_data_header,
};
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::init::{GOODBYE, INIT_ACK_BYTES, InitRequest};
use filmwire_codec::operation::{
    CloseSession, GetCurrentState, GetObjectInfo, GetPartialObject, OpenSession, Operation,
    SetDevicePropValue,
};
use filmwire_codec::{DevicePropCode, FunctionMode, ObjectHandle, SessionId, TransactionId};

/// The protocol's pause between the welcome and OpenSession.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);
/// Version of the photo view that an X-A2 speaks.
const VIEW_VERSION: u32 = 2;
/// Piece and response with room for their headers.
const BUFFER_BYTES: usize = GetPartialObject::PIECE_BYTES as usize + 1024;

/// A connection in the gallery of an X-A2.
pub(crate) struct Bare {
    stream: TcpStream,
    id: u32,
    buffer: Vec<u8>,
    /// Where payload begins in the buffer. Copies depend on it: from the network they are fastest
    /// behind the room of a header, as in the packets; to a file where it is aligned.
    room: usize,
}

impl Bare {
    /// Registers and opens the gallery, with true sizes.
    pub(crate) fn connect(port: u16, room: usize) -> io::Result<Self> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.write_all(&InitRequest::new("bare").encode())?;
        stream.read_exact(&mut [0; INIT_ACK_BYTES])?;
        std::thread::sleep(PAUSE);
        let mut bare = Self { stream, id: 1, buffer: vec![0; BUFFER_BYTES], room };
        let mode = FunctionMode::VIEW_ALL.0;
        bare.run(&OpenSession(SessionId(1)))?;
        bare.run(&SetDevicePropValue::u16(DevicePropCode::FUNCTION_MODE, mode))?;
        bare.run(&SetDevicePropValue::u32(DevicePropCode::VIEW_VERSION, VIEW_VERSION))?;
        bare.run(&GetCurrentState)?;
        bare.run(&SetDevicePropValue::u16(DevicePropCode::REAL_FILE_SIZE, 1))?;
        Ok(bare)
    }

    /// Reads an object from its beginning to its end; every piece goes to `take`. Returns its
    /// length.
    pub(crate) fn read_object(
        &mut self,
        object: ObjectHandle,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<u64> {
        let count = self.run(&GetObjectInfo(object))?;
        let info = ObjectInfo::decode(&self.buffer[self.room..self.room + count]);
        let size = info.map_err(io::Error::other)?.size_bytes;
        let mut offset = 0;
        while offset < size {
            let max_bytes = GetPartialObject::PIECE_BYTES.min(size - offset);
            let count = self.run(&GetPartialObject { object, offset, max_bytes })?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            take(&self.buffer[self.room..self.room + count])?;
            offset += count as u32;
        }
        Ok(u64::from(size))
    }

    /// Asks what has changed.
    pub(crate) fn poll(&mut self) -> io::Result<()> {
        self.run(&GetCurrentState).map(|_| ())
    }

    /// Closes the session and says goodbye.
    pub(crate) fn leave(mut self) -> io::Result<()> {
        self.run(&CloseSession)?;
        self.stream.write_all(&GOODBYE)
    }

    /// Runs one operation; its data then lies in the buffer.
    fn run<O: Operation>(&mut self, operation: &O) -> io::Result<usize> {
        let id = TransactionId(self.id);
        self.id += 1;
        let mut bytes = encode_command(O::CODE, id, &operation.params());
        if let Some(payload) = operation.payload() {
            bytes.extend(encode_data_header(O::CODE, id, payload.len()));
            bytes.extend(payload);
        }
        self.stream.write_all(&bytes)?;
        let mut data_bytes = 0;
        loop {
            let mut header = [0; HEADER_BYTES];
            self.stream.read_exact(&mut header)?;
            let header = ContainerHeader::decode(&header).map_err(io::Error::other)?;
            if header.kind == ContainerType::RESPONSE {
                let mut params = [0; 64];
                let params = params.get_mut(..header.payload_bytes());
                self.stream.read_exact(params.ok_or(io::ErrorKind::InvalidData)?)?;
                return match header.code {
                    0x2001 => Ok(data_bytes),
                    code => Err(io::Error::other(format!("{} got {code:#06X}", O::CODE))),
                };
            }
            data_bytes = header.payload_bytes();
            let space = self.buffer.get_mut(self.room..self.room + data_bytes);
            self.stream.read_exact(space.ok_or(io::ErrorKind::InvalidData)?)?;
        }
    }
}
