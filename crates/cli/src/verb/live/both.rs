//! Files and a pipe from one stream: neither waits for the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use filmwire_camera::Error;
use filmwire_shoot::{Hub, Viewer};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::report::Report;
use super::sink::Sink;
use super::{End, LAST_WAIT, SECOND, keep};
use crate::context::Context;

/// One place that frames go to, at its own pace.
struct Lane {
    viewer: Viewer,
    sink: Sink,
    is_pipe: bool,
}

/// What both lanes look at.
struct Shared<'a> {
    report: Mutex<&'a mut Report>,
    /// Each has its last frame now.
    is_ending: AtomicBool,
}

impl<'a> Shared<'a> {
    fn report(&self) -> MutexGuard<'_, &'a mut Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes frames until both have enough, somebody asks to stop, or one of them fails.
pub(super) async fn watch(
    hub: &Hub,
    (files, pipe): (Sink, Sink),
    count: Option<u64>,
    report: &mut Report,
    context: &Context<'_>,
) -> End {
    let mut files = Lane { viewer: hub.viewer(), sink: files, is_pipe: false };
    let mut pipe = Lane { viewer: hub.viewer(), sink: pipe, is_pipe: true };
    let shared = Shared { report: Mutex::new(report), is_ending: AtomicBool::new(false) };
    let both = async { tokio::try_join!(files.play(count, &shared), pipe.play(count, &shared)) };
    let mut both = std::pin::pin!(both);
    let mut heard = std::pin::pin!(end(hub.viewer()));
    let mut clock = interval_at(Instant::now() + SECOND, SECOND);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = context.interrupt.stop.asked() => {
                shared.is_ending.store(true, Ordering::Relaxed);
                // Half a frame is of no use; what fails now is told of in no case.
                drop(timeout(LAST_WAIT, both).await);
                return End::Asked;
            }
            error = &mut heard => {
                shared.is_ending.store(true, Ordering::Relaxed);
                drop(timeout(LAST_WAIT, both).await);
                return End::Failed(error.into());
            }
            done = &mut both => return match done {
                Ok(_) => End::Counted,
                Err(error) => End::Failed(error),
            },
            _ = clock.tick() => {
                let mut report = shared.report();
                report.take_tally(hub.tally());
                if let Err(trouble) = report.second() {
                    return End::Failed(trouble.into());
                }
            }
        }
    }
}

/// The end of the stream, heard although both lanes may be stuck in a write.
async fn end(mut viewer: Viewer) -> Error {
    loop {
        if let Err(error) = viewer.next().await {
            return error;
        }
    }
}

impl Lane {
    /// Writes the newest frame, again and again.
    async fn play(&mut self, count: Option<u64>, shared: &Shared<'_>) -> Result<()> {
        let mut written = 0;
        while !shared.is_ending.load(Ordering::Relaxed) && count != Some(written) {
            let frame = self.viewer.next().await?;
            let (frame, writing) = keep(frame, std::mem::take(&mut self.sink));
            let (sink, kept, delay) = writing.await?;
            self.sink = sink;
            let path = kept?;
            written += 1;
            let mut report = shared.report();
            match self.is_pipe {
                true => report.written(&frame, path.as_deref(), delay)?,
                false => report.file(delay, self.viewer.skipped()),
            }
        }
        Ok(())
    }
}
