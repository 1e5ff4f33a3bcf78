//! What rules of one connection need to know of others between the same two hosts.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use filmwire_codec::TransactionId;

/// Announced previews that are remembered, of all connections.
const MOST_PREVIEWS: usize = 32;
/// Lost connections that are remembered.
const MOST_LOST: usize = 16;
/// Sessions of which it is remembered when events and live view were heard last.
const MOST_HEARD: usize = 16;

/// Who speaks with whom: the client's host, and the camera by its command port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    client: IpAddr,
    camera: SocketAddr,
}

impl Ends {
    /// `steps`: how far the connection's port is behind the camera's command port.
    pub(crate) fn new(client: SocketAddr, camera: SocketAddr, steps: u16) -> Self {
        let command = SocketAddr::new(camera.ip(), camera.port().saturating_sub(steps));
        Self { client: client.ip(), camera: command }
    }
}

/// What is known between connections.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Captures whose preview was announced, and its size.
    previews: VecDeque<(Ends, TransactionId, Option<u32>)>,
    /// Connections that ended without a goodbye, and when.
    lost: VecDeque<(Ends, Option<u64>)>,
    /// When an event or a picture of live view came last.
    heard: VecDeque<(Ends, u64)>,
}

impl Neighbours {
    pub(super) fn announce(&mut self, ends: Ends, id: TransactionId, bytes: Option<u32>) {
        if self.previews.len() >= MOST_PREVIEWS {
            self.previews.pop_front();
        }
        self.previews.push_back((ends, id, bytes));
    }

    /// The size of a capture's preview, if it was announced. Ids repeat in later sessions: the last
    /// one counts.
    pub(super) fn preview(&self, ends: Ends, id: TransactionId) -> Option<Option<u32>> {
        let mut fit = self.previews.iter().rev().filter(|one| (one.0, one.1) == (ends, id));
        fit.next().map(|(.., bytes)| *bytes)
    }

    pub(super) fn lose(&mut self, ends: Ends, at_ns: Option<u64>) {
        if self.lost.len() >= MOST_LOST {
            self.lost.pop_front();
        }
        self.lost.push_back((ends, at_ns));
    }

    /// When the last connection between the two was lost; it is asked once.
    pub(super) fn take_lost(&mut self, ends: Ends) -> Option<Option<u64>> {
        let lost = self.lost.iter().rev().find(|(of, _)| *of == ends).map(|(_, at_ns)| *at_ns);
        self.lost.retain(|(of, _)| *of != ends);
        lost
    }

    pub(super) fn hear(&mut self, ends: Ends, at_ns: Option<u64>) {
        let Some(at_ns) = at_ns else { return };
        if let Some((_, last_ns)) = self.heard.iter_mut().find(|(of, _)| *of == ends) {
            *last_ns = at_ns;
            return;
        }
        if self.heard.len() >= MOST_HEARD {
            self.heard.pop_front();
        }
        self.heard.push_back((ends, at_ns));
    }

    pub(super) fn heard(&self, ends: Ends) -> Option<u64> {
        self.heard.iter().find(|(of, _)| *of == ends).map(|(_, at_ns)| *at_ns)
    }

    /// A session begins anew, with ids that were used before.
    pub(super) fn forget(&mut self, ends: Ends) {
        self.previews.retain(|(of, ..)| *of != ends);
    }
}
