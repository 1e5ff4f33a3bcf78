//! A simulated camera in a thread of its own, so that its work does not hold up the client's.

use filmwire_sim::{Addresses, BindError, SimOptions, SimServer};
use tokio::sync::oneshot;

use crate::exit::Trouble;

/// A camera that listens until it is stopped or dropped.
pub struct Simulated {
    addresses: Addresses,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl Simulated {
    /// Starts it; its ports are bound when this returns.
    pub async fn start(options: SimOptions) -> anyhow::Result<Self> {
        let (stop, asked) = oneshot::channel();
        let (finish, stopped) = oneshot::channel();
        let (tell, told) = oneshot::channel();
        let no_system = |cause| Trouble::storage("start", "the simulated camera", cause);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_system)?;
        std::thread::Builder::new()
            .name("simulated camera".into())
            .spawn(move || {
                runtime.block_on(serve(options, tell, asked));
                let _ = finish.send(());
            })
            .map_err(no_system)?;
        // The thread answers before it ends.
        let addresses = told.await??;
        Ok(Self { addresses, stop, stopped })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Stops it; its ports are free when this returns.
    pub async fn stop(self) {
        drop(self.stop);
        let _ = self.stopped.await;
    }
}

async fn serve(
    options: SimOptions,
    tell: oneshot::Sender<Result<Addresses, BindError>>,
    asked: oneshot::Receiver<()>,
) {
    let server = match SimServer::bind(options).await {
        Ok(server) => server,
        Err(error) => return drop(tell.send(Err(error))),
    };
    if tell.send(Ok(server.addresses())).is_ok() {
        // Dropping the sender asks too.
        let _ = asked.await;
    }
    server.shutdown().await;
}
