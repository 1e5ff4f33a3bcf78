//! The simulated camera that is measured against.

use std::sync::mpsc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::{Link, Persona, SimOptions, SimServer, Simulator};
use tokio::sync::oneshot;

/// A simulated camera in a thread of its own; it ends when dropped.
pub(crate) struct SimulatedCamera {
    simulator: Simulator,
    port: u16,
    events_port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SimulatedCamera {
    /// Starts it on free ports of this machine.
    pub(crate) fn start(model: &str, card: Card, link: Link) -> anyhow::Result<Self> {
        let options = SimOptions { link, ..SimOptions::new(Persona::builtin(model)?, card) };
        Self::start_with(options)
    }

    /// Starts it with all options.
    pub(crate) fn start_with(options: SimOptions) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (tell, told) = mpsc::channel();
        let (stop, asked) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let server = SimServer::bind(options).await;
                let found = server.as_ref().map(|server| {
                    let at = server.addresses();
                    (server.simulator().clone(), at.command.port(), at.events.port())
                });
                let started = found.is_ok();
                // The starter waits for it.
                let _ = tell.send(found.map_err(|error| anyhow::anyhow!("{error}")));
                if started {
                    // Dropping the sender asks too.
                    let _ = asked.await;
                }
                drop(server);
            });
        });
        let (simulator, port, events_port) =
            told.recv().context("the simulated camera did not start")??;
        Ok(Self { simulator, port, events_port, stop: Some(stop), thread: Some(thread) })
    }

    /// The camera behind the port.
    pub(crate) fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The port of commands.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The port of events.
    pub(crate) fn events_port(&self) -> u16 {
        self.events_port
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for SimulatedCamera {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked serves no more either.
            let _ = thread.join();
        }
    }
}

/// A card with so many films of prepared bytes.
pub(crate) fn pattern_card(objects: u32, bytes: u64) -> Card {
    let mut card = Card::new(GenerateSpec::default());
    for number in 1..=objects {
        let name = format!("DSCF{number:04}.MOV");
        card.push(CardObject::pattern("100_FUJI", &name, u64::from(number), bytes));
    }
    card
}

/// A card with so many small photos.
pub(crate) fn photo_card(photos: u32) -> Card {
    Card::generated(&GenerateSpec { photos, ..GenerateSpec::default() })
}
