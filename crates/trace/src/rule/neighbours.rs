//! What rules of one connection need to know of others between the same two hosts.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use filmwire_codec::TransactionId;

/// Announced previews that are remembered, of all connections.
const MOST_PREVIEWS: usize = 32;

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

    /// A session begins anew, with ids that were used before.
    pub(super) fn forget(&mut self, ends: Ends) {
        self.previews.retain(|(of, ..)| *of != ends);
    }
}
