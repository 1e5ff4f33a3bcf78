//! Asking work to stop.

use std::sync::Arc;

use tokio::sync::watch;

/// A wish to stop, shared by the one who asks and those who are asked.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    /// One that nobody has asked yet.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks to stop.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// True once it was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends once it is asked. Cancel-safe.
    pub async fn asked(&self) {
        // The sender lives as long as this borrow, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}

/// Asks when it is dropped: blocking work outlives the future that waited for it.
pub(crate) struct AskOnDrop(pub(crate) Stop);

impl Drop for AskOnDrop {
    fn drop(&mut self) {
        self.0.ask();
    }
}
