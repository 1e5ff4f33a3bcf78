//! The sockets of events and live view in a session: when there may be any, and when they end.
//!
//! They exist only after 0x101C (fact sheet 1.2). What leaving the remote function does to them, and
//! whether a port takes more than one in a session, is the persona's [`SideSockets`].

use filmwire_codec::dataset::EventDataset;
use tokio::sync::{mpsc, watch};

use crate::persona::SideSockets;

/// What a side port serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Events,
    LiveView,
}

/// The side sockets of the present session.
#[derive(Default)]
pub(crate) struct Side {
    /// Whether frames flow; `None` before 0x101C. Live views end with it.
    streaming: Option<watch::Sender<bool>>,
    events: Vec<mpsc::UnboundedSender<Vec<u8>>>,
    /// Ports that take nobody any more.
    spent: Vec<Role>,
}

impl Side {
    /// 0x101C: frames flow to whoever is connected.
    pub(crate) fn start(&mut self) {
        self.streaming.get_or_insert_with(|| watch::Sender::new(true)).send_replace(true);
    }

    /// 0x1018: no more frames; the sockets stay.
    pub(crate) fn stop(&self) {
        if let Some(streaming) = &self.streaming {
            streaming.send_replace(false);
        }
    }

    /// DF00 = 6: returns whether the ports listen no more.
    pub(crate) fn leave(&mut self, policy: SideSockets) -> bool {
        let spent = match policy {
            SideSockets::Many | SideSockets::Once => return false,
            SideSockets::Renewed => Vec::new(),
            SideSockets::Lost => vec![Role::Events, Role::LiveView],
        };
        *self = Self { spent, ..Self::default() };
        true
    }

    /// Whether a port takes a client now.
    pub(crate) fn takes(&self, role: Role) -> bool {
        self.streaming.is_some() && !self.spent.contains(&role)
    }

    /// Whether both ports have had their clients of this session.
    pub(crate) fn is_spent(&self) -> bool {
        [Role::Events, Role::LiveView].iter().all(|role| self.spent.contains(role))
    }

    /// Lets a listener in; `None` if the port takes nobody now.
    pub(crate) fn listen(
        &mut self,
        policy: SideSockets,
    ) -> Option<mpsc::UnboundedReceiver<Vec<u8>>> {
        self.spend(Role::Events, policy)?;
        let (sender, events) = mpsc::unbounded_channel();
        self.events.push(sender);
        Some(events)
    }

    /// Lets a viewer in; `None` if the port takes nobody now.
    pub(crate) fn view(&mut self, policy: SideSockets) -> Option<watch::Receiver<bool>> {
        self.spend(Role::LiveView, policy)?;
        self.streaming.as_ref().map(watch::Sender::subscribe)
    }

    fn spend(&mut self, role: Role, policy: SideSockets) -> Option<()> {
        if !self.takes(role) {
            return None;
        }
        if matches!(policy, SideSockets::Once | SideSockets::Lost) {
            self.spent.push(role);
        }
        Some(())
    }

    /// Tells events to everyone who listens.
    pub(crate) fn tell(&mut self, events: &[EventDataset]) {
        for event in events {
            let bytes = event.encode();
            self.events.retain(|listener| listener.send(bytes.clone()).is_ok());
        }
    }
}
