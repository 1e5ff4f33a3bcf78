//! What systemd is told: that we are ready, what we do, that we live, and that we stop.
//!
//! Where nobody listens (no `NOTIFY_SOCKET`) all of it does nothing.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::AbortHandle;

use super::state::State;

/// The service as systemd sees it. Dropping it ends the signs of life.
pub(crate) struct Service(Option<AbortHandle>);

impl Service {
    /// Tells that the service is ready and waits, and gives signs of life if they are wanted.
    pub(crate) fn start() -> Self {
        tell(&[NotifyState::Ready, NotifyState::Status(State::Waiting.word())]);
        let Some(limit) = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero()) else {
            return Self(None);
        };
        // On the runtime that serves cameras and targets: if that stands still, so does this.
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval((limit / 3).max(Duration::from_millis(1)));
            loop {
                ticks.tick().await;
                tell(&[NotifyState::Watchdog]);
            }
        });
        Self(Some(task.abort_handle()))
    }

    /// Tells in words what goes on.
    pub(crate) fn status(&self, text: &str) {
        tell(&[NotifyState::Status(text)]);
    }

    /// Tells that it was asked to stop.
    pub(crate) fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell, and nothing to do about one that does not listen.
    let _ = sd_notify::notify(states);
}
