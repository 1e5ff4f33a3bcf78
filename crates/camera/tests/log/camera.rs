//! A camera that answers only what a real one's log shows, on in-memory streams.
//!
//! It shares no code with the simulator: a list of answers is all it has. What is not in the log is
//! met with silence, the real camera's way.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use filmwire_camera::{Network, Port};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const INIT_BYTES: usize = 82;
const OPEN_CAPTURE: u16 = 0x101C;
const WRITE: u16 = 0x1016;
const READ: u16 = 0x1015;

/// What the client sent: operation, parameters, value. One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) operation: u16,
    pub(crate) params: Vec<u32>,
    pub(crate) value: Vec<u8>,
    /// Transaction id, to see that they count up.
    pub(crate) transaction: u32,
}

/// An answer of the log: data phase if the operation has one, then the response.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) code: u16,
    /// Response parameters.
    pub(crate) params: Vec<u32>,
}

/// Operation, first parameter and value.
type Write = (u16, u32, Vec<u8>);

/// Answers by operation and first parameter. The answers of 0xD212 depend on what was written
/// last, so they stand under the step that was reached.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) model: &'static str,
    answers: HashMap<(u16, u32), Answer>,
    /// By step: the lists that come one after the other; the last one stays.
    lists: HashMap<&'static str, Vec<Vec<u8>>>,
    /// What leads to a step.
    steps: Vec<(Write, &'static str)>,
    step: &'static str,
    pub(crate) sent: Vec<Sent>,
    init: Vec<u8>,
    sides_open: bool,
    pub(crate) goodbye: bool,
}

impl Log {
    pub(crate) fn of(model: &'static str) -> Self {
        Self { model, step: "start", ..Self::default() }
    }

    pub(crate) fn reads(&mut self, property: u32, payload: &[u8]) -> &mut Self {
        let answer = Answer { data: Some(payload.to_vec()), code: 0x2001, params: vec![] };
        self.answers.insert((READ, property), answer);
        self
    }

    pub(crate) fn takes(&mut self, operation: u16, first: u32) -> &mut Self {
        let answer = Answer { data: None, code: 0x2001, params: vec![] };
        self.answers.insert((operation, first), answer);
        self
    }

    pub(crate) fn answers(&mut self, operation: u16, first: u32, answer: Answer) -> &mut Self {
        self.answers.insert((operation, first), answer);
        self
    }

    /// A write that the log shows, and the step it leads to.
    pub(crate) fn step(
        &mut self,
        (operation, first, value): (u16, u32, &[u8]),
        name: &'static str,
        lists: Vec<Vec<u8>>,
    ) -> &mut Self {
        self.takes(operation, first);
        self.steps.push(((operation, first, value.to_vec()), name));
        self.lists.insert(name, lists);
        self
    }

    pub(crate) fn starts_with(&mut self, lists: Vec<Vec<u8>>) -> &mut Self {
        self.lists.insert("start", lists);
        self
    }

    fn answer(&mut self, sent: &Sent) -> Option<Answer> {
        let first = sent.params.first().copied().unwrap_or(0);
        let step = (sent.operation, first, sent.value.clone());
        if let Some((_, name)) = self.steps.iter().find(|(trigger, _)| *trigger == step) {
            self.step = name;
        }
        self.sides_open |= sent.operation == OPEN_CAPTURE;
        if (sent.operation, first) == (READ, 0xD212) {
            let lists = self.lists.get_mut(self.step)?;
            let list = if lists.len() > 1 { lists.remove(0) } else { lists.first()?.clone() };
            return Some(Answer { data: Some(list), code: 0x2001, params: vec![] });
        }
        self.answers.get(&(sent.operation, first)).cloned()
    }
}

/// A shared log, which the test reads afterwards.
#[derive(Clone)]
pub(crate) struct LogCamera(Arc<Mutex<Log>>);

impl LogCamera {
    pub(crate) fn new(log: Log) -> Self {
        Self(Arc::new(Mutex::new(log)))
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap()
    }

    /// The init request, byte for byte.
    pub(crate) fn init(&self) -> Vec<u8> {
        self.log().init.clone()
    }
}

impl Network for LogCamera {
    type Stream = DuplexStream;

    async fn connect(&self, port: Port) -> io::Result<DuplexStream> {
        let (client, camera) = duplex(64 * 1024);
        match port {
            Port::Command => drop(tokio::spawn(serve(camera, self.clone()))),
            _ if self.log().sides_open => drop(tokio::spawn(async move {
                let mut camera = camera;
                let _ = camera.read(&mut [0; 1]).await;
            })),
            _ => return Err(io::ErrorKind::ConnectionRefused.into()),
        }
        Ok(client)
    }

    fn name(&self) -> String {
        self.log().model.to_owned()
    }
}

async fn serve(mut stream: DuplexStream, camera: LogCamera) -> io::Result<()> {
    let mut init = vec![0; INIT_BYTES];
    stream.read_exact(&mut init).await?;
    camera.log().init = init;
    let model = camera.log().model;
    stream.write_all(&ack(model)).await?;
    loop {
        let (kind, sent) = container(&mut stream).await?;
        if kind == 0xFFFF {
            camera.log().goodbye = true;
            return Ok(());
        }
        let sent = if sent.operation == WRITE {
            let (kind, data) = container(&mut stream).await?;
            assert_eq!((kind, data.operation), (2, WRITE), "a write is followed by its data");
            assert_eq!(data.transaction, sent.transaction);
            Sent { value: data.value, ..sent }
        } else {
            sent
        };
        let answer = camera.log().answer(&sent);
        camera.log().sent.push(sent.clone());
        if let Some(answer) = answer {
            stream.write_all(&encode(&sent, &answer)).await?;
        }
    }
}

/// Section 2.2: 68 bytes.
fn ack(model: &str) -> Vec<u8> {
    let mut bytes = vec![0x44, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([0x08, 0x70, 0xB0, 0x61, 0x0A, 0x8B, 0x45, 0x93]);
    bytes.extend([0xB2, 0xE7, 0x93, 0x57, 0xDD, 0x36, 0xE0, 0x50]);
    bytes.extend(model.encode_utf16().flat_map(u16::to_le_bytes));
    bytes.resize(68, 0);
    bytes
}

/// Reads a container; the kind 0xFFFF is the goodbye.
async fn container(stream: &mut DuplexStream) -> io::Result<(u16, Sent)> {
    let length = stream.read_u32_le().await?;
    let kind = stream.read_u16_le().await?;
    let operation = stream.read_u16_le().await?;
    if length == 8 {
        return Ok((kind, Sent { operation, params: vec![], value: vec![], transaction: 0 }));
    }
    let transaction = stream.read_u32_le().await?;
    let mut value = vec![0; length as usize - 12];
    stream.read_exact(&mut value).await?;
    let params = match kind {
        1 => value.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect(),
        _ => vec![],
    };
    let value = if kind == 1 { vec![] } else { value };
    Ok((kind, Sent { operation, params, value, transaction }))
}

fn encode(sent: &Sent, answer: &Answer) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |kind: u16, code: u16, payload: &[u8]| {
        out.extend((12 + payload.len() as u32).to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(code.to_le_bytes());
        out.extend(sent.transaction.to_le_bytes());
        out.extend(payload);
    };
    if let Some(data) = &answer.data {
        put(2, sent.operation, data);
    }
    put(3, answer.code, &answer.params.iter().flat_map(|p| p.to_le_bytes()).collect::<Vec<_>>());
    out
}
