//! The life of one command connection: registration, then operations, then the end.

use std::time::Duration;

use bytes::{Buf, Bytes};
use filmwire_codec::container::{
    ContainerHeader, ContainerType, HEADER_BYTES, decode_params, encode_data_header,
    encode_response,
};
use filmwire_codec::init::GOODBYE;
use filmwire_codec::{DataDirection, OperationCode, TransactionId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::link::Link;
use super::wire::{Gone, Piece, Wire};
use crate::fault::Mangle;
use crate::reply::{Answer, Body, Command, Reply, Step};
use crate::responder::{InitReply, Responder};
use crate::simulator::Shared;

/// Longest init request that is read; real ones have 82 bytes.
const MAX_INIT_BYTES: usize = 1024;
/// Longest command container that is read.
const MAX_COMMAND_BYTES: usize = 1024;
/// How much of a data phase towards the camera is kept; the rest is eaten.
const MAX_KEPT_BYTES: usize = 64 * 1024;
/// How much of an object is kept where sending objects is allowed.
const MAX_UPLOAD_BYTES: usize = 64 << 20;

/// Why the loop of a connection ended.
enum End {
    Goodbye,
    /// The client vanished without a word.
    Abrupt,
    /// The last picked picture was sent.
    Emptied,
    Closed(&'static str),
}

impl From<Gone> for End {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Peer => Self::Abrupt,
            Gone::Cut => Self::Closed("cut"),
        }
    }
}

pub(crate) struct Connection<'a, S> {
    shared: &'a Shared,
    wire: Wire<S>,
    responder: Responder,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Connection<'a, S> {
    pub(crate) fn new(shared: &'a Shared, stream: S, number: u32) -> Self {
        let wire = Wire::new(stream, Instant::now());
        Self { shared, wire, responder: Responder::new(number) }
    }

    /// Serves until one side ends the connection, and writes why into the journal.
    pub(crate) async fn run(mut self) {
        let end = match self.serve().await {
            Ok(end) | Err(end) => end,
        };
        let note = match end {
            End::Goodbye => "goodbye",
            End::Abrupt => "closed by peer",
            End::Emptied => "closed: nothing left",
            End::Closed(why) => why,
        };
        {
            let mut camera = self.shared.camera();
            self.responder.leave_shooting(&mut camera, Instant::now());
            self.responder.note(&mut camera, Instant::now(), note);
        }
        match end {
            End::Goodbye => self.wire.close().await,
            End::Abrupt => self.shared.camera().rest_after_abrupt_end(Instant::now()),
            End::Emptied => self.shared.switch_off_after_picked(self.responder.was_asked()),
            End::Closed(_) => {}
        }
    }

    async fn serve(&mut self) -> Result<End, End> {
        if !self.register().await? {
            return Ok(End::Closed("closed after init"));
        }
        loop {
            self.wait_for_command().await?;
            if self.wire.input.starts_with(&GOODBYE) {
                return Ok(End::Goodbye);
            }
            let kind = word(&self.wire.input, 4);
            if kind == 1 && self.responder.takes_init_again(&self.shared.camera()) {
                if !self.register().await? {
                    return Ok(End::Closed("closed after init"));
                }
                continue;
            }
            let Some(command) = self.read_command().await? else { continue };
            let command = match command {
                Ok(command) => command,
                Err(why) => return Ok(End::Closed(why)),
            };
            if let Some(end) = self.execute(&command).await? {
                return Ok(end);
            }
            if self.shared.vanished() {
                return Ok(End::Closed("vanished"));
            }
        }
    }

    /// Waits for the beginning of a command; meanwhile the events of a picture that is being taken
    /// are told when it is there.
    async fn wait_for_command(&mut self) -> Result<(), Gone> {
        loop {
            let Some(due) = self.shared.camera().next_due() else {
                return self.wire.need(8).await;
            };
            tokio::select! {
                biased;
                read = self.wire.need(8) => return read,
                () = tokio::time::sleep_until(due) => self.shared.settle(),
            }
        }
    }

    /// Reads init requests until one is acknowledged; `false` if the camera closes.
    async fn register(&mut self) -> Result<bool, Gone> {
        loop {
            self.wire.need(4).await?;
            let length = word(&self.wire.input, 0) as usize;
            if !(8..=MAX_INIT_BYTES).contains(&length) {
                return Ok(false);
            }
            self.wire.need(length).await?;
            let packet = self.wire.input.split_to(length);
            let reply = {
                let mut camera = self.shared.camera();
                self.responder.init(&mut camera, Instant::now(), &packet)
            };
            let (bytes, acked) = match reply {
                InitReply::Ack(bytes) => (bytes, true),
                InitReply::Fail(bytes) => (bytes, false),
                InitReply::Close => return Ok(false),
            };
            let link = self.shared.link();
            let ready = self.wire.arrived + link.latency(0);
            self.send(vec![whole(bytes)], ready, &link).await?;
            if acked {
                return Ok(true);
            }
        }
    }

    /// Reads a command and its data phase. `Ok(None)` for a container that was only eaten, an
    /// inner error for bytes that are no container.
    async fn read_command(&mut self) -> Result<Option<Result<Command, &'static str>>, Gone> {
        self.wire.need(HEADER_BYTES).await?;
        let Ok(header) = ContainerHeader::decode(&self.wire.input) else {
            return Ok(Some(Err("closed: no container")));
        };
        if header.kind == ContainerType::DATA {
            // The data phase of an operation whose direction we do not know.
            self.read_data(0).await?;
            return Ok(None);
        }
        let length = header.length as usize;
        if header.kind != ContainerType::COMMAND || length > MAX_COMMAND_BYTES {
            return Ok(Some(Err("closed: no command")));
        }
        self.wire.need(length).await?;
        let bytes = self.wire.input.split_to(length).freeze();
        let mut command = Command {
            operation: header.code,
            transaction: header.transaction.0,
            params: decode_params(&bytes[HEADER_BYTES..]),
            data: None,
            data_bytes: 0,
        };
        if OperationCode(header.code).data_direction() == Some(DataDirection::Out) {
            let upload =
                header.code == OperationCode::SEND_OBJECT.0 && self.shared.camera().allow.upload;
            let most = if upload { MAX_UPLOAD_BYTES } else { MAX_KEPT_BYTES };
            let (data, count) = self.read_data(most).await?;
            (command.data, command.data_bytes) = (Some(data), count);
        }
        Ok(Some(Ok(command)))
    }

    /// Reads one data container; keeps its beginning, tells its length.
    async fn read_data(&mut self, most: usize) -> Result<(Vec<u8>, u64), Gone> {
        self.wire.need(HEADER_BYTES).await?;
        let length = word(&self.wire.input, 0);
        self.wire.input.advance(HEADER_BYTES);
        let total = u64::from(length).saturating_sub(HEADER_BYTES as u64);
        let (mut kept, mut left) = (Vec::new(), total);
        while left > 0 {
            self.wire.need(1).await?;
            let count = self.wire.input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let bytes = self.wire.input.split_to(count);
            let room = most - kept.len();
            kept.extend_from_slice(&bytes[..count.min(room)]);
            left -= count as u64;
        }
        Ok((kept, total))
    }

    /// Carries an operation out and answers it; tells if the camera hangs up instead.
    async fn execute(&mut self, command: &Command) -> Result<Option<End>, Gone> {
        self.shared.settle();
        let (reply, mangle) =
            self.responder.operate(&mut self.shared.camera(), Instant::now(), command);
        let answer = match reply {
            Reply::Answer(answer) => answer,
            Reply::Silent => return Ok(None),
            // What becomes of a camera behind its recording nobody knows: it takes the next client.
            Reply::Close if self.shared.camera().replay.is_some() => {
                return Ok(Some(End::Closed("closed, as in the recording")));
            }
            Reply::Close => return Ok(Some(End::Emptied)),
        };
        if answer.held {
            self.wait_for_ok().await?;
        }
        if answer.remote == Some(Step::Start) {
            // A side port that cannot listen is found out by the client that connects to it.
            self.shared.open_side().await;
        }
        let link = self.shared.link();
        let ready = self.wire.arrived + link.latency(command.operation) + answer.after;
        let ready = if answer.held { Instant::now() } else { ready };
        let events = answer.events.clone();
        let remote = answer.remote;
        self.answer(command, answer, ready, &link, mangle).await?;
        self.shared.tell_untold();
        self.shared.tell(&events);
        match remote {
            Some(Step::Stop) => self.shared.stop_streaming(),
            Some(Step::Leave) => self.shared.leave_function(),
            Some(Step::End) => self.shared.close_side(),
            Some(Step::Start) | None => {}
        }
        Ok(None)
    }

    /// Waits until the person at the camera pressed OK; the client may leave meanwhile.
    async fn wait_for_ok(&mut self) -> Result<(), Gone> {
        let shared = self.shared;
        let responder = &self.responder;
        let granted = async {
            loop {
                let pressed = shared.ok_pressed();
                let at = {
                    let mut camera = shared.camera();
                    if responder.has_access(&mut camera, Instant::now()) {
                        return;
                    }
                    camera.ok_at()
                };
                match at {
                    Some(at) => tokio::select! {
                        () = pressed => {}
                        () = tokio::time::sleep_until(at) => {}
                    },
                    None => pressed.await,
                }
            }
        };
        self.wire.pause_for(granted).await
    }

    async fn answer(
        &mut self,
        command: &Command,
        answer: Answer,
        ready: Instant,
        link: &Link,
        mut mangle: Mangle,
    ) -> Result<(), Gone> {
        let transaction = TransactionId(command.transaction ^ mangle.transaction);
        let mut pieces = Vec::new();
        if !mangle.garbage.is_empty() {
            pieces.push(whole(std::mem::take(&mut mangle.garbage)));
        }
        if let Some(mut body) = answer.data {
            let total = body.len().min(mangle.truncate.unwrap_or(u64::MAX));
            let header = data_header(command.operation, transaction, total, mangle.length);
            pieces.push(Piece { bytes: header, ends_container: total == 0 });
            let mut done = 0;
            while done < total {
                let mut bytes = next_bytes(&mut body).await?;
                bytes.truncate(usize::try_from(total - done).unwrap_or(usize::MAX));
                done += bytes.len() as u64;
                pieces.push(Piece { bytes, ends_container: done == total });
                if done >= total.div_ceil(2)
                    && let Some(time) = mangle.stall.take()
                {
                    self.stall(&mut pieces, done - total / 2, ready, link, time).await?;
                }
                if done < total {
                    self.send(std::mem::take(&mut pieces), ready, link).await?;
                }
            }
        }
        if let Some(time) = mangle.stall {
            self.wire.pause_until(Instant::now() + time).await?;
        }
        pieces.push(whole(encode_response(answer.code, transaction, &answer.params)));
        self.send(pieces, ready, link).await
    }

    /// Sends all but the last `kept` bytes, then nothing for a time.
    async fn stall(
        &mut self,
        pieces: &mut Vec<Piece>,
        kept: u64,
        ready: Instant,
        link: &Link,
        time: Duration,
    ) -> Result<(), Gone> {
        let Some(last) = pieces.last_mut() else { return Ok(()) };
        let at = last.bytes.len().saturating_sub(kept as usize);
        let rest = Piece { bytes: last.bytes.split_off(at), ends_container: last.ends_container };
        last.ends_container = false;
        self.send(std::mem::take(pieces), ready, link).await?;
        pieces.push(rest);
        self.wire.pause_until(Instant::now() + time).await
    }

    async fn send(&mut self, pieces: Vec<Piece>, ready: Instant, link: &Link) -> Result<(), Gone> {
        let before = (self.wire.sent, self.wire.containers);
        let shared = self.shared;
        let sent = self.wire.send(pieces, ready, link, shared).await;
        let stats = &mut shared.camera().stats;
        stats.sent_bytes += self.wire.sent - before.0;
        stats.sent_containers += self.wire.containers - before.1;
        sent
    }
}

/// Reads the next bytes of a body; on a thread of its own where that may take long.
async fn next_bytes(body: &mut Body) -> Result<Bytes, Gone> {
    if !body.is_slow() {
        return Ok(body.next()?);
    }
    let mut taken = body.clone();
    let read = move || {
        let bytes = taken.next();
        (taken, bytes)
    };
    let (taken, bytes) = tokio::task::spawn_blocking(read).await.map_err(|_| Gone::Peer)?;
    *body = taken;
    Ok(bytes?)
}

/// The header of a data container; a fault may have it announce another length.
fn data_header(operation: u16, id: TransactionId, payload: u64, announced: Option<u32>) -> Bytes {
    let fitting = usize::try_from(payload).unwrap_or(usize::MAX - HEADER_BYTES);
    let mut header = encode_data_header(OperationCode(operation), id, fitting);
    if let (Some(announced), Some(word)) = (announced, header.get_mut(..4)) {
        word.copy_from_slice(&announced.to_le_bytes());
    }
    Bytes::copy_from_slice(&header)
}

fn whole(bytes: impl Into<Bytes>) -> Piece {
    Piece { bytes: bytes.into(), ends_container: true }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.iter_mut().zip(bytes.iter().skip(at)).for_each(|(to, byte)| *to = *byte);
    u32::from_le_bytes(word)
}
