//! Whether work goes on.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Beats whenever something moved. Clones are the same pulse.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    pub(crate) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for work as long as something moves; `None` once nothing did for `patience`. Drops
    /// the work then.
    pub(crate) async fn watch<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::pin!(work);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            match tokio::time::timeout(patience, &mut work).await {
                Ok(done) => return Some(done),
                Err(_) if self.0.load(Ordering::Relaxed) == before => return None,
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_moves_is_waited_for_and_work_that_does_not_is_left() {
        let (pulse, patience) = (Pulse::default(), Duration::from_secs(10));
        let moving = async {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(9)).await;
                pulse.beat();
            }
            7
        };
        assert_eq!(pulse.watch(patience, moving).await, Some(7));
        assert_eq!(pulse.watch(patience, std::future::pending::<()>()).await, None);
    }
}
