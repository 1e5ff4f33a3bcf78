//! A client that knows nothing but bytes: it plays what a log says and shows what came back.

use filmwire_codec::OperationCode;
use filmwire_codec::TransactionId;
use filmwire_codec::container::{
    ContainerHeader, HEADER_BYTES, decode_params, encode_command, encode_data_header,
};
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::init::{GOODBYE, INIT_ACK_BYTES, InitRequest};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::persona::Code;
use filmwire_sim::{Persona, Simulator};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;

/// Long enough to call it silence, in simulated time.
pub const SILENCE: Duration = Duration::from_secs(20);

/// What came back for one operation.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Payload of the data container, if there was one.
    pub data: Option<Vec<u8>>,
    /// Response code.
    pub code: u16,
    /// Response parameters.
    pub params: Vec<u32>,
    /// Bytes read in all.
    pub bytes: usize,
}

impl Answer {
    pub fn payload(&self) -> &[u8] {
        self.data.as_deref().expect("the operation has a data phase")
    }
}

pub struct Client<S = DuplexStream> {
    pub stream: S,
    pub transaction: u32,
    /// Sends five parameters and 20 bytes of a value always, as ptp-ip does.
    pub padded: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, transaction: 0, padded: false }
    }

    pub async fn init(&mut self) -> Option<Vec<u8>> {
        self.init_with(&InitRequest::new("HackedClient").encode()).await
    }

    /// Sends any init packet; `None` if the camera closes.
    pub async fn init_with(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.stream.write_all(packet).await.ok()?;
        let length = self.stream.read_u32_le().await.ok()?;
        let mut packet = length.to_le_bytes().to_vec();
        packet.resize(length as usize, 0);
        self.stream.read_exact(&mut packet[4..]).await.ok()?;
        Some(packet)
    }

    /// Init, the pause, OpenSession.
    pub async fn open(&mut self) {
        let mut ack = self.init().await.expect("the camera answers init");
        if ack.len() == 12 {
            // Some bodies fail the first one (fact sheet 2.3).
            ack = self.init().await.expect("the camera answers init again");
        }
        assert_eq!(ack.len(), INIT_ACK_BYTES);
        tokio::time::sleep(Duration::from_millis(51)).await;
        assert_eq!(self.run(0x1002, &[1]).await.code, 0x2001);
    }

    pub async fn send(&mut self, operation: u16, params: &[u32], data: Option<&[u8]>) {
        self.transaction += 1;
        let (code, id) = (OperationCode(operation), TransactionId(self.transaction));
        let mut params = params.to_vec();
        let mut data = data.map(<[u8]>::to_vec);
        if self.padded {
            params.resize(5, 0);
            data = data.map(|mut value| {
                value.resize(20, 0);
                value
            });
        }
        let mut bytes = encode_command(code, id, &params);
        if let Some(data) = data {
            bytes.extend(encode_data_header(code, id, data.len()));
            bytes.extend(data);
        }
        self.stream.write_all(&bytes).await.expect("the camera reads");
    }

    /// Reads one container: header and payload. `None` at the end of the stream.
    pub async fn container(&mut self) -> Option<(ContainerHeader, Vec<u8>)> {
        let mut header = [0; HEADER_BYTES];
        self.stream.read_exact(&mut header).await.ok()?;
        let header = ContainerHeader::decode(&header).ok()?;
        let mut payload = vec![0; header.payload_bytes()];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((header, payload))
    }

    /// Reads data container, if any, and response. `None` at the end of the stream.
    pub async fn answer(&mut self) -> Option<Answer> {
        let (first, payload) = self.container().await?;
        assert_eq!(first.transaction.0, self.transaction);
        if first.kind.0 == 3 {
            let params = decode_params(&payload);
            return Some(Answer {
                data: None,
                code: first.code,
                params,
                bytes: first.length as usize,
            });
        }
        let (response, rest) = self.container().await?;
        assert_eq!((first.kind.0, response.kind.0), (2, 3));
        assert_eq!(response.transaction.0, self.transaction);
        let bytes = (first.length + response.length) as usize;
        let params = decode_params(&rest);
        Some(Answer { data: Some(payload), code: response.code, params, bytes })
    }

    pub async fn try_run(&mut self, operation: u16, params: &[u32]) -> Option<Answer> {
        self.send(operation, params, None).await;
        timeout(SILENCE, self.answer()).await.ok().flatten()
    }

    pub async fn run(&mut self, operation: u16, params: &[u32]) -> Answer {
        self.try_run(operation, params)
            .await
            .unwrap_or_else(|| panic!("no answer to {operation:04X}"))
    }

    pub async fn get(&mut self, property: u16) -> Answer {
        self.run(0x1015, &[u32::from(property)]).await
    }

    pub async fn try_set(&mut self, property: u16, value: &[u8]) -> Option<u16> {
        self.send(0x1016, &[u32::from(property)], Some(value)).await;
        timeout(SILENCE, self.answer()).await.ok().flatten().map(|answer| answer.code)
    }

    pub async fn set16(&mut self, property: u16, value: u16) {
        let code = self.try_set(property, &value.to_le_bytes()).await;
        assert_eq!(code, Some(0x2001), "set {property:04X} = {value:X}");
    }

    pub async fn set32(&mut self, property: u16, value: u32) {
        let code = self.try_set(property, &value.to_le_bytes()).await;
        assert_eq!(code, Some(0x2001), "set {property:04X} = {value:X}");
    }

    /// Reads D212 and decodes it.
    pub async fn states(&mut self) -> Vec<(u16, u32)> {
        let answer = self.get(0xD212).await;
        let list = filmwire_codec::dataset::CurrentState::decode(answer.payload()).expect("a list");
        list.entries.iter().map(|entry| (entry.property.0, entry.value)).collect()
    }

    /// Leaves as a polite client does.
    pub async fn leave(mut self) {
        self.run(0x1003, &[]).await;
        self.stream.write_all(&GOODBYE).await.expect("the camera reads");
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.expect("the camera closes");
        assert!(rest.is_empty());
    }

    /// The gallery of a body without remote mode.
    pub async fn old_gallery(&mut self) {
        self.open().await;
        self.states().await;
        self.set16(0xDF01, 2).await;
        self.set32(0xDF22, 2).await;
    }

    /// Asks for ObjectInfo and decodes it.
    pub async fn info(&mut self, handle: u32) -> ObjectInfo {
        let answer = self.run(0x1008, &[handle]).await;
        assert_eq!(answer.code, 0x2001, "ObjectInfo of {handle}");
        ObjectInfo::decode(answer.payload()).expect("ObjectInfo")
    }

    /// The gallery of a body that has a remote function, by the order of the X-T4 in its log.
    pub async fn remote_gallery(&mut self) {
        self.open().await;
        self.states().await;
        self.set16(0xDF01, 5).await;
        self.set32(0xDF24, 0x200FF).await;
        assert_eq!(self.run(0x101C, &[0, 0]).await.code, 0x2001);
        let started = self.transaction;
        self.run(0x1018, &[started]).await;
        self.set16(0xDF00, 6).await;
        self.states().await;
        self.set16(0xDF01, 11).await;
        self.set32(0xDF25, 5).await;
    }

    /// The newer path, in the order of libfuji.
    pub async fn newer_gallery(&mut self) {
        self.open().await;
        self.states().await;
        self.set16(0xDF01, 20).await;
        let version = self.get(0xDF28).await.payload().to_vec();
        assert_eq!(self.try_set(0xDF28, &version).await, Some(0x2001));
        self.set16(0xD226, 0).await;
        self.set16(0xD227, 0).await;
    }

    /// The gallery in the way that the body's first states and versions suggest.
    pub async fn any_gallery(&mut self, persona: &Persona) {
        let has = |code: u16| persona.versions.contains_key(&Code(code));
        match persona.newer_path {
            true => self.newer_gallery().await,
            false if has(0xDF24) => self.remote_gallery().await,
            false => self.old_gallery().await,
        }
    }

    /// Reads a whole object in pieces.
    pub async fn fetch(&mut self, handle: u32, size: usize, piece: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < size {
            let answer = self.run(0x101B, &[handle, bytes.len() as u32, piece]).await;
            assert_eq!(answer.params, [answer.payload().len() as u32]);
            assert!(!answer.payload().is_empty());
            bytes.extend(answer.payload());
        }
        bytes
    }
}

pub fn card(photos: u32) -> Card {
    Card::generated(&GenerateSpec { photos, ..GenerateSpec::default() })
}

/// A camera with switches of its persona changed.
pub fn switched(persona: &str, photos: u32, switches: &[(&str, &str)]) -> Simulator {
    let camera = simulator(persona, photos);
    for (key, value) in switches {
        camera.with_persona(|persona| persona.set(key, value).unwrap());
    }
    camera
}

pub fn simulator(persona: &str, photos: u32) -> Simulator {
    Simulator::new(Persona::builtin(persona).unwrap(), card(photos))
}

pub async fn client(simulator: &Simulator) -> Client {
    Client::new(simulator.connect().unwrap())
}

/// A client whose remote function runs, and the transaction that started it.
pub async fn started(camera: &Simulator) -> (Client, u32) {
    let mut client = client(camera).await;
    client.open().await;
    client.set16(0xDF01, 5).await;
    client.set32(0xDF24, 0x2000C).await;
    client.run(0x101C, &[0, 0]).await;
    let transaction = client.transaction;
    (client, transaction)
}

/// Width, height and the average light, as a share of what makes white.
pub fn measured(jpeg: &[u8]) -> (usize, usize, f64) {
    let mut decoder = zune_jpeg::JpegDecoder::new(std::io::Cursor::new(jpeg));
    let pixels = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    let linear = |level: &u8| ((f64::from(*level) / 255.0 + 0.055) / 1.055).powf(2.4);
    (width, height, pixels.iter().map(linear).sum::<f64>() / pixels.len() as f64)
}

/// Stops between two pictures.
pub fn stops(from: &[u8], to: &[u8]) -> f64 {
    (measured(to).2 / measured(from).2).log2()
}

/// Bytes from hexadecimal text with blanks.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}
