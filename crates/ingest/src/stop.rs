//! Asking a run to stop.

use tokio::sync::watch;

/// Asks runs to stop; dropping it asks nothing.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Tells a run whether it was asked to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A pair: one asks, the other is asked.
    pub fn new() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Self(receiver))
    }

    /// One that never stops.
    pub fn never() -> Self {
        Self::new().1
    }

    /// True once it was asked.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends once it is asked; never, if nobody is left to ask. Cancel-safe.
    pub async fn asked(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Stopper {
    /// Asks the run to stop: it finishes the transaction, keeps what is whole, leaves politely.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
