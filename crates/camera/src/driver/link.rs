//! A stream and the Initiator's state machine, moved forward together.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep};

use filmwire_codec::TransactionId;
use filmwire_codec::init::{GOODBYE, InitAck};
use filmwire_session::{Event, Initiator, Request, Timing};

use super::Reply;
use crate::error::Error;
use crate::options::{Notice, OkWait, Options};

/// How long the system may refuse to take bytes from us.
const WRITE_WAIT: Duration = Duration::from_secs(15);

pub(super) struct Link<S> {
    stream: S,
    initiator: Initiator,
    alarm: Pin<Box<Sleep>>,
    last: Option<TransactionId>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    pub(super) fn new(stream: S, timing: Timing) -> Self {
        let alarm = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { stream, initiator: Initiator::new(timing), alarm, last: None }
    }

    /// Registers; a refused request goes out again until the time for pressing OK has passed.
    pub(super) async fn register(
        &mut self,
        options: &Options,
        address: &str,
    ) -> Result<InitAck, Error> {
        let start = Instant::now();
        self.initiator.register(start.into_std(), &options.init_request());
        let mut asked = false;
        loop {
            match self.step().await? {
                Event::Registered(ack) => {
                    if asked {
                        options.notices.tell(Notice::Accepted);
                    }
                    return Ok(ack);
                }
                Event::Refused { reason, attempt } => {
                    let waited = start.elapsed();
                    // A wrong protocol constant does not get better by asking again.
                    if waited >= options.waits.ok || reason.name() == Some("InvalidParameter") {
                        return Err(Error::Busy { reason: reason.0, attempts: attempt, waited });
                    }
                    if !asked {
                        options.notices.tell(Notice::PressOk(OkWait::InitRefused));
                    }
                    asked = true;
                }
                Event::InitSilent => {
                    let (address, waited) = (address.to_owned(), options.waits.init);
                    return Err(Error::NotACamera { address, waited });
                }
                Event::Broken(fault) => return Err(fault.into()),
                Event::Completed { .. } | Event::Silent { .. } => {}
            }
        }
    }

    /// Runs one transaction to its end.
    pub(super) async fn transact(
        &mut self,
        request: Request,
        wait: &'static str,
    ) -> Result<Reply, Error> {
        let waited = request.silence;
        let now = Instant::now().into_std();
        self.last = self.initiator.start(now, request);
        if self.last.is_none() {
            return Err(Error::Lost("the connection broke before".into()));
        }
        loop {
            match self.step().await? {
                Event::Completed { data, response } => {
                    return Ok(Reply { data, response, sent: now });
                }
                Event::Silent { operation, .. } => {
                    return Err(Error::Silent { operation, wait, waited });
                }
                Event::Broken(fault) => return Err(fault.into()),
                Event::Registered(_) | Event::Refused { .. } | Event::InitSilent => {}
            }
        }
    }

    /// The id of the transaction that was begun last.
    pub(super) fn last(&self) -> Option<TransactionId> {
        self.last
    }

    /// Gives the running transaction up; its answer is thrown away when it comes.
    pub(super) fn give_up(&mut self) {
        self.initiator.give_up();
    }

    /// Waits while nothing is asked; ends only when the connection does. Cancel-safe.
    pub(super) async fn idle(&mut self) -> Error {
        loop {
            match self.read().await {
                Ok(()) => {}
                Err(error) => return error,
            }
            while let Some(event) = self.initiator.poll_event() {
                if let Event::Broken(fault) = event {
                    return fault.into();
                }
            }
        }
    }

    /// Sends the goodbye and closes, in bounded time; nobody is left to hear of failures.
    pub(super) async fn goodbye(mut self, most: Duration) {
        let closing = async {
            self.stream.write_all(&GOODBYE).await?;
            self.stream.shutdown().await
        };
        let _ = tokio::time::timeout(most, closing).await;
    }

    async fn step(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.initiator.poll_event() {
                return Ok(event);
            }
            if let Some(bytes) = self.initiator.poll_transmit(Instant::now().into_std()) {
                self.write(&bytes).await?;
            }
            let deadline = self.initiator.poll_timeout();
            let Some(deadline) = deadline.map(Instant::from_std) else {
                self.read().await?;
                continue;
            };
            tokio::select! {
                biased;
                read = Self::read_parts(&mut self.stream, &mut self.initiator) => read?,
                () = Self::ring(self.alarm.as_mut(), deadline) => {
                    self.initiator.handle_timeout(Instant::now().into_std());
                }
            }
        }
    }

    /// Ends at `deadline`. The timer is set anew only when it rings too early, since a deadline
    /// that moves with every read would cost more than the read.
    async fn ring(mut alarm: Pin<&mut Sleep>, deadline: Instant) {
        if deadline < alarm.deadline() || alarm.is_elapsed() {
            alarm.as_mut().reset(deadline);
        }
        loop {
            poll_fn(|context| alarm.as_mut().poll(context)).await;
            if Instant::now() >= deadline {
                return;
            }
            alarm.as_mut().reset(deadline);
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match tokio::time::timeout(WRITE_WAIT, self.stream.write_all(bytes)).await {
            Ok(written) => written.map_err(|cause| Error::Lost(cause.to_string())),
            Err(_) => Err(Error::Lost(format!("it took no bytes for {WRITE_WAIT:?}"))),
        }
    }

    async fn read(&mut self) -> Result<(), Error> {
        Self::read_parts(&mut self.stream, &mut self.initiator).await
    }

    async fn read_parts(stream: &mut S, initiator: &mut Initiator) -> Result<(), Error> {
        let read = stream.read_buf(&mut initiator.read_space()).await;
        match read {
            Ok(0) => Err(Error::Lost("the camera closed it".into())),
            Ok(_) => {
                initiator.handle_read(Instant::now().into_std());
                Ok(())
            }
            Err(cause) => Err(Error::Lost(cause.to_string())),
        }
    }
}
