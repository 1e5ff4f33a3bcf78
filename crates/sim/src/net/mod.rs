//! From replies to bytes: connections, the link they run over, and the ports they come in by.

mod connection;
pub(crate) mod link;
pub(crate) mod live_view;
pub(crate) mod server;
pub(crate) mod side;
mod wire;

pub(crate) use connection::Connection;
pub(crate) use wire::Marks;
