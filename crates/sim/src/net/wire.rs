//! One stream: requests come in, paced and perhaps faulty bytes go out.

use std::io::{self, IoSlice};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until};

use super::link::Link;
use crate::fault::Mark;

/// Bytes that leave at once on a paced link: 5 ms at 25 Mbit/s.
const PACED_BYTES: usize = 16 * 1024;
/// Most bytes kept of what a client sent ahead.
const AHEAD_BYTES: usize = 64 * 1024;
/// Timers fire up to a millisecond late; aiming half of it early centres the error.
const TIMER_BIAS: Duration = Duration::from_micros(500);

/// Why a connection ended while something was sent or read.
#[derive(Debug)]
pub(crate) enum Gone {
    /// The peer closed or reset.
    Peer,
    /// A fault cut the connection.
    Cut,
}

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self::Peer
    }
}

/// Bytes on their way, and whether a container ends with them.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    pub(crate) ends_container: bool,
}

pub(crate) struct Wire<S> {
    stream: S,
    pub(crate) input: BytesMut,
    /// When the newest input came.
    pub(crate) arrived: Instant,
    ended: bool,
    pub(crate) sent: u64,
    pub(crate) containers: u64,
    /// When the link has carried everything given to it.
    free_at: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S, now: Instant) -> Self {
        let input = BytesMut::with_capacity(4096);
        Self { stream, input, arrived: now, ended: false, sent: 0, containers: 0, free_at: now }
    }

    /// Waits until `count` bytes are there. Fails with [`Gone::Peer`] if the stream ends before.
    pub(crate) async fn need(&mut self, count: usize) -> Result<(), Gone> {
        while self.input.len() < count {
            if self.ended {
                return Err(Gone::Peer);
            }
            self.fill().await?;
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), Gone> {
        let count = self.stream.read_buf(&mut self.input).await?;
        self.arrived = Instant::now();
        self.ended = count == 0;
        Ok(())
    }

    /// Waits for a moment, and takes in what comes meanwhile. Ends early if the peer closes.
    pub(crate) async fn pause_until(&mut self, at: Instant) -> Result<(), Gone> {
        while !self.ended && Instant::now() < at {
            if self.input.len() >= AHEAD_BYTES {
                sleep_until(at).await;
                break;
            }
            tokio::select! {
                () = sleep_until(at) => break,
                filled = self.fill() => filled?,
            }
        }
        Ok(())
    }

    /// Waits for `done`, and notices if the peer closes before: [`Gone::Peer`].
    pub(crate) async fn pause_for(&mut self, done: impl Future<Output = ()>) -> Result<(), Gone> {
        tokio::pin!(done);
        loop {
            if self.ended {
                return Err(Gone::Peer);
            }
            tokio::select! {
                () = &mut done => return Ok(()),
                filled = self.fill(), if self.input.len() < AHEAD_BYTES => filled?,
            }
        }
    }

    /// Sends pieces, the first byte not before `not_before`, at the pace of the link.
    ///
    /// `marks` knows at which bytes and containers of the connection something goes wrong.
    pub(crate) async fn send(
        &mut self,
        pieces: Vec<Piece>,
        not_before: Instant,
        link: &Link,
        marks: &impl Marks,
    ) -> Result<(), Gone> {
        let start = self.free_at.max(not_before);
        self.free_at = start;
        if link.bytes_per_second.is_none() && !marks.armed() {
            return self.send_at_once(pieces, start).await;
        }
        self.obey(marks.at_byte(self.sent)).await?;
        let mut carried = 0;
        for mut piece in pieces {
            while !piece.bytes.is_empty() {
                let next = marks.next_after(self.sent).unwrap_or(u64::MAX) - self.sent;
                let most = usize::try_from(next).unwrap_or(usize::MAX).min(PACED_BYTES);
                let chunk = piece.bytes.split_to(piece.bytes.len().min(most));
                let count = chunk.len() as u64;
                carried += count;
                self.free_at = self.free_at.max(start + link.transmission(carried));
                self.pause_until(biased(self.free_at)).await?;
                self.write(&mut vec![chunk]).await?;
                self.sent += count;
                self.obey(marks.at_byte(self.sent)).await?;
            }
            if piece.ends_container {
                self.containers += 1;
                self.obey(marks.at_container(self.containers)).await?;
            }
        }
        Ok(())
    }

    async fn send_at_once(&mut self, pieces: Vec<Piece>, start: Instant) -> Result<(), Gone> {
        self.pause_until(biased(start)).await?;
        self.containers += pieces.iter().filter(|piece| piece.ends_container).count() as u64;
        let mut parts: Vec<Bytes> = pieces.into_iter().map(|piece| piece.bytes).collect();
        let count: usize = parts.iter().map(Bytes::len).sum();
        self.write(&mut parts).await?;
        self.sent += count as u64;
        Ok(())
    }

    async fn obey(&mut self, mark: Option<Mark>) -> Result<(), Gone> {
        match mark {
            Some(Mark::Cut) => Err(Gone::Cut),
            Some(Mark::Stall(time)) => {
                self.free_at = Instant::now() + time;
                self.pause_until(self.free_at).await
            }
            None => Ok(()),
        }
    }

    async fn write(&mut self, parts: &mut Vec<Bytes>) -> Result<(), Gone> {
        parts.retain(|part| !part.is_empty());
        while !parts.is_empty() {
            let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
            let mut count = self.stream.write_vectored(&slices).await?;
            if count == 0 {
                return Err(Gone::Peer);
            }
            for part in parts.iter_mut() {
                let gone = part.len().min(count);
                part.advance(gone);
                count -= gone;
            }
            parts.retain(|part| !part.is_empty());
        }
        Ok(())
    }

    /// Hands everything to the peer before the stream is dropped.
    pub(crate) async fn close(&mut self) {
        // A peer that is gone cannot be told anything more.
        let _ = self.stream.shutdown().await;
    }
}

/// Faults that wait for a byte or a container of a connection.
pub(crate) trait Marks {
    /// Whether there are any.
    fn armed(&self) -> bool;
    /// The next byte beyond `sent` at which something happens.
    fn next_after(&self, sent: u64) -> Option<u64>;
    /// What happens now that so many bytes were sent.
    fn at_byte(&self, sent: u64) -> Option<Mark>;
    /// What happens now that so many containers were sent whole.
    fn at_container(&self, containers: u64) -> Option<Mark>;
}

fn biased(at: Instant) -> Instant {
    at.checked_sub(TIMER_BIAS).unwrap_or(at)
}
