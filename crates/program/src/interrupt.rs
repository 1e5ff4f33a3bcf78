//! Ctrl-C and its kin: the first asks politely, the second ends the program at once. A terminal that is
//! closed asks too: a camera must not be left with its focus locked since a connection by ssh was cut.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use filmwire_ingest::{Stop, Stopper};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// Signals that come so soon after the first are the same one: `timeout` and shells send theirs to
/// the program and to its group. Chosen.
const ECHO: Duration = Duration::from_millis(300);

/// How a verb learns that it should stop, and asks for it itself.
#[derive(Debug, Clone)]
pub struct Interrupt {
    stopper: Arc<Stopper>,
    /// Tells whether the program was asked to stop.
    pub stop: Stop,
}

impl Interrupt {
    /// Watches for signals from now on.
    ///
    /// A thread of its own does it, so that a second Ctrl-C works even while the main thread waits
    /// for a disk. Fails if the system gives no thread or no signals.
    pub fn watch() -> io::Result<Self> {
        let (stopper, stop) = Stop::new();
        let stopper = Arc::new(stopper);
        let watcher = Arc::clone(&stopper);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let heeds_hangup = heeds_hangup();
        let (mut interrupts, mut terminations, mut hangup) = {
            let _inside = runtime.enter();
            let hangup = heeds_hangup.then(|| signal(SignalKind::hangup())).transpose()?;
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, hangup)
        };
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = next(&mut interrupts, &mut terminations) => {}
                    () = hung_up(hangup.as_mut()) => {}
                }
                watcher.stop();
                // Both the shell and the system tell of one terminal that is closed, so that a second
                // hang-up is no second wish.
                let first = Instant::now();
                while first.elapsed() < ECHO {
                    next(&mut interrupts, &mut terminations).await;
                }
                // Nothing may be waited for now; files half written are mended by the next run.
                std::process::exit(Exit::Interrupted.code().into());
            });
        })?;
        Ok(Self { stopper, stop })
    }

    /// One that no signal asks, for programs inside of programs.
    #[must_use]
    pub fn by_hand() -> Self {
        let (stopper, stop) = Stop::new();
        Self { stopper: Arc::new(stopper), stop }
    }

    /// Stops as if asked from outside.
    pub fn stop(&self) {
        self.stopper.stop();
    }
}

async fn next(interrupts: &mut Signal, terminations: &mut Signal) {
    tokio::select! {
        _ = interrupts.recv() => {}
        _ = terminations.recv() => {}
    }
}

async fn hung_up(hangup: Option<&mut Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}

/// False under `nohup`, which has the signal ignored: to watch for it would undo that. Linux alone
/// tells; elsewhere the signal does what it does.
fn heeds_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal 1, SIGHUP.
    ignored.is_some_and(|mask| mask & 1 == 0)
}
