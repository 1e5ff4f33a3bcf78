//! The simulated camera as a network of in-memory streams.

use std::io;

use filmwire_camera::{Network, Port};
use filmwire_sim::Simulator;
use tokio::io::DuplexStream;

pub(crate) struct SimNetwork(pub(crate) Simulator);

impl Network for SimNetwork {
    type Stream = DuplexStream;

    async fn connect(&self, port: Port) -> io::Result<DuplexStream> {
        match port {
            Port::Command => self.0.connect(),
            Port::Event => self.0.connect_events(),
            Port::LiveView => self.0.connect_live_view(),
        }
    }

    fn name(&self) -> String {
        "simulated".into()
    }
}
