//! The Initiator fed with any bytes, split anywhere, with transactions started and time passing in
//! between: no panic, no memory beyond what was allowed, and every start ends in one event.
//!
//! The input is a script. Its first byte is the length of the pieces that bytes arrive in (0: all at
//! once). Then records follow: a byte that chooses the step, a byte `n`, and `n` bytes for the step.
//! The form is plain so that a seed can hold bytes from the wire as they are.

#![no_main]

use std::time::{Duration, Instant};

use filmwire_codec::container::{decode_params, encode_data_header, encode_response};
use filmwire_codec::init::{InitAck, InitFail, InitRequest};
use filmwire_codec::{InitFailReason, OperationCode, Reader, ResponseCode, TransactionId};
use filmwire_session::{Event, Initiator, Request, Timing};
use libfuzzer_sys::fuzz_target;

/// Most payload a transaction of this target may get; small, so that a script can exceed it.
const MOST_BYTES: usize = 128;
const SILENCE: Duration = Duration::from_millis(200);
/// What one count of a wait is worth: a record can wait past every deadline.
const WAIT_UNIT: Duration = Duration::from_millis(25);

/// Takes the next record: step, argument and the bytes behind it.
fn next_record(script: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[step, length], rest) = script.split_first_chunk()?;
    let (argument, rest) = rest.split_at(usize::from(length).min(rest.len()));
    Some((step, argument, rest))
}

struct Run {
    initiator: Initiator,
    now: Instant,
    /// Bytes arrive in pieces of this length; 0 stands for all at once.
    piece_bytes: usize,
    /// The transaction that was started last and has not ended.
    running: Option<TransactionId>,
    dead: bool,
}

impl Run {
    fn new(now: Instant, piece_bytes: usize) -> Self {
        let mut initiator = Initiator::new(Timing::default());
        initiator.register(now, &InitRequest::new("filmwire"));
        Self { initiator, now, piece_bytes, running: None, dead: false }
    }

    fn step(&mut self, step: u8, argument: &[u8]) {
        let mut fields = Reader::new(argument);
        match step % 7 {
            0 => self.input(argument),
            1 => self.input(&InitAck::new("X-T5").encode()),
            2 => {
                let reason = InitFailReason(fields.u32("reason").unwrap_or(0x2019));
                self.input(&InitFail { reason }.encode());
            }
            3 => {
                let code = OperationCode(fields.u16("code").unwrap_or(0x1002));
                self.start(code, fields.rest());
            }
            4 => self.wait(WAIT_UNIT * argument.len() as u32),
            5 => {
                let id = self.id(fields.u8("behind").unwrap_or(0));
                let payload = fields.rest();
                let header = encode_data_header(OperationCode::GET_OBJECT, id, payload.len());
                self.input(&[&header, payload].concat());
            }
            _ => {
                let id = self.id(fields.u8("behind").unwrap_or(0));
                let code = ResponseCode(fields.u16("code").unwrap_or(0x2001));
                self.input(&encode_response(code, id, &decode_params(fields.rest())));
            }
        }
        self.drain();
    }

    /// The running transaction's id, or one that is up to three behind it.
    fn id(&self, behind: u8) -> TransactionId {
        let running = self.running.unwrap_or(TransactionId(1)).0;
        TransactionId(running.wrapping_sub(u32::from(behind % 4)))
    }

    fn input(&mut self, bytes: &[u8]) {
        let piece = if self.piece_bytes == 0 { bytes.len().max(1) } else { self.piece_bytes };
        for piece in bytes.chunks(piece) {
            self.initiator.handle_input(self.now, piece);
            self.drain();
        }
    }

    fn start(&mut self, code: OperationCode, argument: &[u8]) {
        let request = Request {
            code,
            params: decode_params(argument),
            payload: (argument.len() % 2 == 1).then(|| argument.to_vec()),
            most_bytes: MOST_BYTES,
            silence: SILENCE,
        };
        let idle = self.initiator.is_idle();
        let started = self.initiator.start(self.now, request);
        assert_eq!(started.is_some(), idle, "a transaction starts exactly when idle");
        if started.is_some() {
            assert_eq!(self.running, None, "the one before has ended");
            self.running = started;
        }
    }

    /// Passes time deadline by deadline, as a caller does.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.initiator.poll_timeout().filter(|&at| at <= end) {
            let before = self.initiator.poll_timeout();
            self.now = self.now.max(at);
            let sent = self.initiator.poll_transmit(self.now).is_some();
            self.initiator.handle_timeout(self.now);
            self.drain();
            let moved = self.initiator.poll_timeout() != before;
            assert!(sent || moved, "a deadline that passed must not stay");
        }
        self.now = end;
    }

    fn drain(&mut self) {
        while self.initiator.poll_transmit(self.now).is_some() {}
        while let Some(event) = self.initiator.poll_event() {
            assert!(!self.dead, "nothing is told after the end: {event:?}");
            match event {
                Event::Completed { data, response } => {
                    assert_eq!(Some(response.transaction), self.running.take());
                    assert!(data.len() <= MOST_BYTES);
                }
                Event::Silent { transaction, .. } => {
                    assert_eq!(Some(transaction), self.running.take());
                }
                Event::InitSilent | Event::Broken(_) => self.dead = true,
                Event::Registered(_) | Event::Refused { .. } => {}
            }
        }
        assert!(!(self.dead && self.initiator.is_idle()));
        assert!(self.dead || self.running.is_none() || !self.initiator.is_idle());
    }
}

fuzz_target!(|script: &[u8]| {
    let Some((&piece_bytes, mut script)) = script.split_first() else { return };
    let mut run = Run::new(Instant::now(), usize::from(piece_bytes));
    while let Some((step, argument, rest)) = next_record(script) {
        run.step(step, argument);
        script = rest;
    }
    // Silence ends whatever still runs.
    run.wait(SILENCE * 4);
    assert!(run.dead || run.running.is_none(), "a silence must have ended the transaction");
});
