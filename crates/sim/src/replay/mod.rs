//! A recorded session, played again: what a camera said once is what [`Simulator::replay`] says.
//!
//! A [`Recorder`] takes what was seen, from whatever read it, and makes a [`Recording`]. Bodies lie
//! in a file of the caller; what stays in memory is bounded ([`MOST_EXCHANGES`], [`MOST_FRAMES`]).
//!
//! A client need not do the same in the same order. Its commands are told apart by operation,
//! parameters and the beginning of what it sends; transaction ids do not count. What changes
//! something (all but reading) says where in the recording the client is. Reading is answered from
//! there, in the recorded order, and the last answer is given again. What was not read there is
//! answered from where the client's settings were most like what they are now. Pieces of objects
//! are cut from all bytes of theirs. Where the camera ended the connection in place of an answer, so
//! does the replay, once the client has seen what was told before. The rest is refused: 0x2006 for
//! an operation that is in the recording, 0x2005 for others, and the journal says so.
//!
//! [`Simulator::replay`]: crate::Simulator::replay

mod object;
mod player;
mod spool;
#[cfg(test)]
mod tests;
mod timeline;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use filmwire_codec::dataset::EventDataset;
use filmwire_codec::journal::Direction;
use filmwire_codec::{DataDirection, OperationCode};

pub(crate) use player::Player;
pub(crate) use spool::Spooled;
pub(crate) use view::View;

use spool::{Extents, Spool, Spooler};
use timeline::Timeline;
use view::Picture;

/// Exchanges and events that are kept; a recording has tens of them a second at most.
pub const MOST_EXCHANGES: usize = 200_000;
/// Pictures of live view that are kept.
pub const MOST_FRAMES: usize = 100_000;

/// A command, what went with it, and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The connection it was on, as the recording counts them.
    pub connection: u32,
    /// Its transaction id.
    pub id: u32,
    /// When its response was there, since the start of the recording.
    pub at: Duration,
    /// The operation.
    pub operation: u16,
    /// The parameters as sent.
    pub params: Vec<u32>,
    /// The way of its data phase.
    pub direction: Direction,
    /// The first 64 bytes of what the client sent.
    pub sent: Vec<u8>,
    /// Length of the data phase in bytes.
    pub data_bytes: u64,
    /// The response.
    pub response: u16,
    /// The response's parameters.
    pub response_params: Vec<u32>,
}

/// There is nothing to replay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// No connection has a whole exchange.
    #[error("there is no session of a camera in it")]
    Empty,
    /// The connection asked for has none.
    #[error("connection {wanted} has no session of a camera; those that have: {there}")]
    Connection {
        /// The one asked for.
        wanted: u32,
        /// Those that have one.
        there: String,
    },
    /// The bodies could not be kept.
    #[error("cannot keep what it holds: {0}")]
    Io(#[from] io::Error),
}

/// An exchange and its body.
#[derive(Debug)]
struct Kept {
    exchange: Exchange,
    body: Extents,
    /// The camera ended the connection in place of a response.
    hung_up: bool,
}

/// An event, and how many exchanges were over before it.
#[derive(Debug)]
struct Told {
    after: usize,
    at: Duration,
    event: EventDataset,
}

/// Makes a [`Recording`] of what was seen, in the order of the capture.
#[derive(Debug)]
pub struct Recorder {
    spool: Spooler,
    models: BTreeMap<u32, String>,
    open: HashMap<(u32, Option<u32>), Extents>,
    kept: Vec<Kept>,
    events: Vec<Told>,
    views: BTreeMap<u32, (usize, Vec<Picture>)>,
    frames: usize,
    incomplete: u64,
    left_out: u64,
}

impl Recorder {
    /// Keeps bodies in this file, which nobody else writes to.
    pub fn new(spool: File) -> Self {
        Self {
            spool: Spooler::new(spool),
            models: BTreeMap::new(),
            open: HashMap::new(),
            kept: Vec::new(),
            events: Vec::new(),
            views: BTreeMap::new(),
            frames: 0,
            incomplete: 0,
            left_out: 0,
        }
    }

    /// A camera let a client in.
    pub fn ack(&mut self, connection: u32, model: &str) {
        self.models.insert(connection, model.to_owned());
    }

    /// Bytes of the data phase of a transaction, or of a picture of live view without one, before
    /// what they belong to is told.
    ///
    /// Fails if the file cannot be written.
    pub fn part(
        &mut self,
        connection: u32,
        id: Option<u32>,
        offset: u64,
        bytes: &[u8],
    ) -> io::Result<()> {
        let extents = self.open.entry((connection, id)).or_default();
        self.spool.put(extents, offset, bytes)
    }

    /// An exchange is over. One whose body is not whole is counted as incomplete.
    pub fn exchange(&mut self, exchange: Exchange) {
        let body = self.open.remove(&(exchange.connection, Some(exchange.id))).unwrap_or_default();
        if self.kept.len() >= MOST_EXCHANGES {
            self.left_out += 1;
            return;
        }
        let body = match exchange.direction {
            Direction::In => body.slice(0, exchange.data_bytes),
            Direction::Out | Direction::None => Some(Extents::default()),
        };
        match body {
            Some(body) => self.kept.push(Kept { exchange, body, hung_up: false }),
            None => self.incomplete += 1,
        }
    }

    /// The camera ended the connection in place of answering this. What stands in `exchange` of an
    /// answer counts for nothing.
    pub fn hung_up(&mut self, exchange: Exchange) {
        self.open.remove(&(exchange.connection, Some(exchange.id)));
        if self.kept.len() >= MOST_EXCHANGES {
            self.left_out += 1;
            return;
        }
        // What the data phase would have been tells reading from changing.
        let way = OperationCode(exchange.operation).data_direction();
        let direction = match way {
            Some(DataDirection::In) => Direction::In,
            _ => exchange.direction,
        };
        let exchange = Exchange { direction, data_bytes: 0, response: 0, ..exchange };
        self.kept.push(Kept { exchange, body: Extents::default(), hung_up: true });
    }

    /// A transaction of which the capture does not have everything is over: it is not used.
    pub fn incomplete(&mut self, connection: u32, id: u32) {
        self.open.remove(&(connection, Some(id)));
        self.incomplete += 1;
    }

    /// The camera told an event.
    pub fn event(&mut self, at: Duration, event: EventDataset) {
        if self.events.len() < MOST_EXCHANGES {
            self.events.push(Told { after: self.kept.len(), at, event });
        } else {
            self.left_out += 1;
        }
    }

    /// A packet of live view of so many bytes came. One that is not whole is not used.
    pub fn frame(&mut self, connection: u32, at: Duration, bytes: u64) {
        let packet = self.open.remove(&(connection, None)).unwrap_or_default();
        let Some(packet) = packet.slice(0, bytes).filter(|_| bytes > 0) else { return };
        if self.frames >= MOST_FRAMES {
            self.left_out += 1;
            return;
        }
        self.frames += 1;
        let view = self.views.entry(connection).or_insert_with(|| (self.kept.len(), Vec::new()));
        view.1.push(Picture { at, packet });
    }

    /// What was seen on this connection; without one, on the first with a whole exchange and on all
    /// others of a camera of the same model.
    ///
    /// Fails with [`ReplayError`] if there is none, or the file cannot be written.
    pub fn finish(self, connection: Option<u32>) -> Result<Recording, ReplayError> {
        let answered = self.kept.iter().filter(|kept| !kept.hung_up);
        let mut there: Vec<u32> = answered.map(|kept| kept.exchange.connection).collect();
        there.sort_unstable();
        there.dedup();
        let chosen = match connection {
            Some(wanted) if there.contains(&wanted) => vec![wanted],
            Some(_) if there.is_empty() => return Err(ReplayError::Empty),
            Some(wanted) => {
                let there: Vec<String> = there.iter().map(u32::to_string).collect();
                return Err(ReplayError::Connection { wanted, there: there.join(", ") });
            }
            None => {
                let first = there.first().ok_or(ReplayError::Empty)?;
                let model = self.models.get(first);
                there.iter().copied().filter(|other| self.models.get(other) == model).collect()
            }
        };
        let model = chosen.first().and_then(|first| self.models.get(first)).cloned();
        let spool = self.spool.finish()?;
        let timeline = Timeline::new(self.kept, self.events, self.views, &chosen, &spool)?;
        Ok(Recording {
            inner: Arc::new(Inner {
                model,
                connections: chosen,
                spool,
                timeline,
                incomplete: self.incomplete,
                left_out: self.left_out,
            }),
        })
    }
}

/// What a camera said. Clones are the same recording.
#[derive(Clone, Debug)]
pub struct Recording {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    model: Option<String>,
    connections: Vec<u32>,
    spool: Arc<Spool>,
    timeline: Timeline,
    incomplete: u64,
    left_out: u64,
}

impl Recording {
    /// The camera's model, if the recording has how a client was let in.
    pub fn model(&self) -> Option<&str> {
        self.inner.model.as_deref()
    }

    /// The connections that are replayed, as the recording counts them.
    pub fn connections(&self) -> &[u32] {
        &self.inner.connections
    }

    /// Exchanges it can answer with.
    pub fn exchanges(&self) -> usize {
        self.inner.timeline.answers()
    }

    /// Objects of which it has bytes.
    pub fn objects(&self) -> usize {
        self.inner.timeline.objects().len()
    }

    /// Transactions, of all connections, that are not used because the capture does not have all of
    /// them.
    pub fn incomplete(&self) -> u64 {
        self.inner.incomplete
    }

    /// Exchanges, events and pictures of live view beyond [`MOST_EXCHANGES`] and [`MOST_FRAMES`].
    pub fn left_out(&self) -> u64 {
        self.inner.left_out
    }
}
