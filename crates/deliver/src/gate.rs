//! Holding deliveries while there is no way to targets.

use std::sync::Arc;

use tokio::sync::watch;

/// Open unless somebody holds it; clones are the same gate.
///
/// While it is held no file is begun, so that targets out of reach are not taken for broken ones,
/// with ever longer waits. What is being sent goes on.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<usize>>);

/// Holds a gate until it is dropped.
#[derive(Debug)]
pub struct Hold(Gate);

impl Default for Gate {
    /// One that nobody holds.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Gate {
    /// Holds it, beside others who may.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.0.send_modify(|holds| *holds += 1);
        Hold(self.clone())
    }

    pub(crate) fn is_held(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Ends once nobody holds it. Cancel-safe.
    pub async fn opened(&self) {
        // The sender lives as long as this borrow, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|holds| *holds == 0).await;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.send_modify(|holds| *holds -= 1);
    }
}
