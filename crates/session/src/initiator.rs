//! The state machine.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BufMut;
use bytes::buf::Limit;

use filmwire_codec::container::{
    ContainerHeader, ContainerType, decode_params, encode_command, encode_data_header,
};
use filmwire_codec::init::{InitAnswer, InitRequest};
use filmwire_codec::operation::Operation;
use filmwire_codec::{OperationCode, Response, ResponseCode, TransactionId};

use crate::event::{Event, Fault};
use crate::inbox::Inbox;

/// A transaction may take so many times its silence in all, however slowly bytes come. A piece of
/// 1 MiB then needs 42 kbit/s with the usual 20 s.
const MOST_SILENCES: u32 = 10;
/// Longest response container: a header and five parameters, with room for surplus bytes.
const MOST_RESPONSE_BYTES: usize = 64;

/// The waits of the registration. Those of transactions come with each [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// How long an init request may stay unanswered.
    pub init: Duration,
    /// Between a refused init and the next attempt. Reported: gp2, 500 ms.
    pub init_retry_pause: Duration,
    /// Between the ack and the first operation. Without it some bodies never answer OpenSession
    /// (libfuji, fudge); always waited, since the rest does not mind.
    pub pause_before_open: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            init: Duration::from_secs(5),
            init_retry_pause: Duration::from_millis(500),
            pause_before_open: Duration::from_millis(50),
        }
    }
}

/// One transaction to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub code: OperationCode,
    /// At most five.
    pub params: Vec<u32>,
    /// Payload of a data phase towards the camera.
    pub payload: Option<Vec<u8>>,
    /// Most bytes a data phase towards us may have; more is a fault, not an allocation.
    pub most_bytes: usize,
    /// How long the camera may send nothing before the transaction counts as unanswered. In all
    /// it may take ten times as long.
    pub silence: Duration,
}

impl Request {
    /// The request of an operation.
    pub fn new<O: Operation>(operation: &O, most_bytes: usize, silence: Duration) -> Self {
        let (params, payload) = (operation.params(), operation.payload());
        Self { code: O::CODE, params, payload, most_bytes, silence }
    }
}

/// The Initiator's side of one connection to TCP 55740.
///
/// 1. [`Initiator::register`] once the connection stands, until [`Event::Registered`].
/// 2. [`Initiator::start`] for each transaction, until [`Event::Completed`] or [`Event::Silent`].
/// 3. After [`Event::Broken`] or [`Event::InitSilent`] nothing works any more; close the connection.
#[derive(Debug)]
pub struct Initiator {
    timing: Timing,
    state: State,
    inbox: Inbox,
    outgoing: Option<Outgoing>,
    events: VecDeque<Event>,
    next_transaction: u32,
    open_from: Option<Instant>,
}

#[derive(Debug)]
enum State {
    /// Nothing was sent yet.
    New,
    AwaitInitAnswer {
        request: Vec<u8>,
        attempt: u32,
        deadline: Instant,
    },
    AwaitInitRetry {
        request: Vec<u8>,
        attempt: u32,
        at: Instant,
    },
    Idle,
    Running(Running),
    Dead,
}

#[derive(Debug)]
struct Running {
    code: OperationCode,
    id: TransactionId,
    most_bytes: usize,
    silence: Duration,
    deadline: Instant,
    /// Nothing pushes the deadline past this: a camera that sends a byte now and then is silent.
    at_last: Instant,
    data: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Outgoing {
    bytes: Vec<u8>,
    not_before: Option<Instant>,
}

impl Initiator {
    /// An Initiator for a fresh connection; transaction ids start at 1, as the vendor's apps do.
    pub fn new(timing: Timing) -> Self {
        Self {
            timing,
            state: State::New,
            inbox: Inbox::default(),
            outgoing: None,
            events: VecDeque::new(),
            next_transaction: 1,
            open_from: None,
        }
    }

    /// Sends the init request. A refused one goes out again after a pause, on the same connection.
    pub fn register(&mut self, now: Instant, request: &InitRequest) {
        let request = request.encode();
        self.send_init(now, request, 1);
    }

    fn send_init(&mut self, now: Instant, request: Vec<u8>, attempt: u32) {
        self.outgoing = Some(Outgoing { bytes: request.clone(), not_before: None });
        let deadline = now + self.timing.init;
        self.state = State::AwaitInitAnswer { request, attempt, deadline };
    }

    /// True if a transaction may be started.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Starts a transaction and returns its id. Command and data go out in one write.
    ///
    /// The silence is counted from the moment the bytes may go out. Returns `None`, and does
    /// nothing, unless [`Initiator::is_idle`].
    pub fn start(&mut self, now: Instant, request: Request) -> Option<TransactionId> {
        if !self.is_idle() {
            return None;
        }
        let Request { code, params, payload, most_bytes, silence } = request;
        let id = self.take_transaction_id();
        let mut bytes = encode_command(code, id, &params);
        if let Some(payload) = payload {
            bytes.extend(encode_data_header(code, id, payload.len()));
            bytes.extend(payload);
        }
        let not_before = self.open_from.take().filter(|&at| at > now);
        self.outgoing = Some(Outgoing { bytes, not_before });
        let from = not_before.unwrap_or(now);
        let (deadline, at_last) = (from + silence, from + silence * MOST_SILENCES);
        let data = None;
        self.state =
            State::Running(Running { code, id, most_bytes, silence, deadline, at_last, data });
        Some(id)
    }

    fn take_transaction_id(&mut self) -> TransactionId {
        let id = self.next_transaction;
        // 0xFFFFFFFF is to be avoided; wrap to 1 (the fact sheet's section 3.3).
        self.next_transaction = if id >= u32::MAX - 1 { 1 } else { id + 1 };
        TransactionId(id)
    }

    /// Bytes to send now, all in one write. Call again after [`Initiator::poll_timeout`] has passed.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Vec<u8>> {
        let ready = |outgoing: &mut Outgoing| outgoing.not_before.is_none_or(|at| at <= now);
        self.outgoing.take_if(ready).map(|outgoing| outgoing.bytes)
    }

    /// Something that happened; call until it returns `None`.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Initiator::handle_timeout`] is to be called if nothing comes before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let waiting = match &self.state {
            State::AwaitInitAnswer { deadline, .. } => Some(*deadline),
            State::AwaitInitRetry { at, .. } => Some(*at),
            State::Running(running) => Some(running.deadline),
            State::New | State::Idle | State::Dead => None,
        };
        let pause = self.outgoing.as_ref().and_then(|outgoing| outgoing.not_before);
        waiting.into_iter().chain(pause).min()
    }

    /// Lets time pass: retries an init, or gives a wait up.
    pub fn handle_timeout(&mut self, now: Instant) {
        match std::mem::replace(&mut self.state, State::Dead) {
            State::AwaitInitRetry { request, attempt, at } if at <= now => {
                self.send_init(now, request, attempt + 1);
            }
            State::AwaitInitAnswer { deadline, .. } if deadline <= now => {
                self.events.push_back(Event::InitSilent);
            }
            State::Running(running) if running.deadline <= now => {
                self.inbox.abandon_filling();
                self.outgoing = None;
                self.state = State::Idle;
                let (operation, transaction) = (running.code, running.id);
                self.events.push_back(Event::Silent { operation, transaction });
            }
            waiting => self.state = waiting,
        }
    }

    /// Gives the running transaction up, if there is one, without an event. A late answer is
    /// thrown away.
    pub fn give_up(&mut self) {
        if matches!(self.state, State::Running(_)) {
            self.inbox.abandon_filling();
            self.outgoing = None;
            self.state = State::Idle;
        }
    }

    /// Space to read the next bytes into; then call [`Initiator::handle_read`].
    ///
    /// Payload is read straight into the vector that [`Event::Completed`] gives.
    pub fn read_space(&mut self) -> Limit<&mut Vec<u8>> {
        self.inbox.space()
    }

    /// Takes what was read into [`Initiator::read_space`].
    pub fn handle_read(&mut self, now: Instant) {
        self.inbox.received();
        if let State::Running(running) = &mut self.state {
            running.deadline = (now + running.silence).min(running.at_last);
        }
        if let Err(fault) = self.advance(now) {
            self.state = State::Dead;
            self.events.push_back(Event::Broken(fault));
        }
    }

    /// Takes input by copying it; for tests and replays.
    pub fn handle_input(&mut self, now: Instant, mut input: &[u8]) {
        while !input.is_empty() && !matches!(self.state, State::Dead) {
            let mut space = self.read_space();
            let (part, rest) = input.split_at(space.remaining_mut().min(input.len()));
            space.put_slice(part);
            input = rest;
            self.handle_read(now);
        }
    }

    fn advance(&mut self, now: Instant) -> Result<(), Fault> {
        loop {
            let moved = match &self.state {
                State::AwaitInitAnswer { .. } => self.advance_init(now)?,
                State::Running(_) => self.advance_transaction()?,
                State::Idle => self.advance_idle()?,
                // The answer to an init we have not sent again yet cannot be meant.
                State::New | State::AwaitInitRetry { .. } if self.inbox.is_empty() => false,
                State::New | State::AwaitInitRetry { .. } => {
                    return Err(Fault::Unasked(self.inbox.len()));
                }
                State::Dead => false,
            };
            if !moved {
                return Ok(());
            }
        }
    }

    fn advance_init(&mut self, now: Instant) -> Result<bool, Fault> {
        let Some(packet) = self.inbox.take_init()? else { return Ok(false) };
        let answer = InitAnswer::decode(&packet)?;
        let State::AwaitInitAnswer { request, attempt, .. } =
            std::mem::replace(&mut self.state, State::Idle)
        else {
            return Ok(false);
        };
        match answer {
            InitAnswer::Ack(ack) => {
                self.open_from = Some(now + self.timing.pause_before_open);
                self.events.push_back(Event::Registered(ack));
            }
            InitAnswer::Fail(fail) => {
                let at = now + self.timing.init_retry_pause;
                self.state = State::AwaitInitRetry { request, attempt, at };
                self.events.push_back(Event::Refused { reason: fail.reason, attempt });
            }
        }
        Ok(true)
    }

    /// Late answers to transactions that were given up may still come.
    fn advance_idle(&mut self) -> Result<bool, Fault> {
        let Some(header) = self.inbox.take_header()? else { return Ok(false) };
        if header.transaction.0 >= self.next_transaction {
            return Err(Fault::Unasked(header.payload_bytes()));
        }
        self.inbox.skip(header);
        Ok(true)
    }

    fn advance_transaction(&mut self) -> Result<bool, Fault> {
        if let Some((header, payload)) = self.inbox.take_filled() {
            self.container(header, payload);
            return Ok(true);
        }
        let Some(header) = self.inbox.take_header()? else { return Ok(false) };
        let State::Running(running) = &self.state else { return Ok(false) };
        if header.transaction.0 < running.id.0 {
            self.inbox.skip(header);
            return Ok(true);
        }
        let allowed = match header.kind {
            ContainerType::DATA if running.data.is_none() => running.most_bytes,
            ContainerType::RESPONSE => MOST_RESPONSE_BYTES,
            _ => 0,
        };
        if allowed == 0 || header.transaction != running.id {
            let (kind, found, expected) = (header.kind.0, header.transaction.0, running.id.0);
            return Err(Fault::Unexpected { kind, found, expected });
        }
        if header.payload_bytes() > allowed {
            let announced = header.payload_bytes() as u64;
            return Err(Fault::TooLong { announced, allowed: allowed as u64 });
        }
        self.inbox.fill(header);
        Ok(true)
    }

    fn container(&mut self, header: ContainerHeader, payload: Vec<u8>) {
        let State::Running(running) = &mut self.state else { return };
        if header.kind == ContainerType::DATA {
            running.data = Some(payload);
            return;
        }
        let response = Response {
            code: ResponseCode(header.code),
            transaction: header.transaction,
            params: decode_params(&payload),
        };
        let data = running.data.take().unwrap_or_default();
        self.state = State::Idle;
        self.events.push_back(Event::Completed { data, response });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_ids_go_round_past_the_one_that_means_none() {
        let mut initiator =
            Initiator { next_transaction: u32::MAX - 2, ..Initiator::new(Timing::default()) };
        let mut next = || initiator.take_transaction_id().0;
        assert_eq!([next(), next(), next(), next()], [u32::MAX - 2, u32::MAX - 1, 1, 2]);
    }
}
