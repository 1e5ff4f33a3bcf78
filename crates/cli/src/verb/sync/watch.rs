//! `sync --watch`: the same run each time the camera appears.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use filmwire_camera::TcpNetwork;
use filmwire_ingest::{Event, Requests, Stop, WatchEvent, Watching, watch};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::ground::Ground;
use super::report::Report;
use super::{SyncArgs, connector, options};
use crate::config::Config;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use filmwire_program::output::text;

/// How long Enter may lie unread.
const KEY_PAUSE: Duration = Duration::from_millis(250);

/// Watches until it is asked to stop, or the library cannot be used.
pub(super) async fn run(args: &SyncArgs, config: &Config, context: &Context<'_>) -> Result<Exit> {
    let Ground { library, root, .. } = &Ground::open(false, config, context)?;
    let watching = watching(args);
    let by_key = listen(&watching.requests, context)?;
    let address = config.camera.value.address.clone();
    let mut teller = Teller::new(context, root, address.to_string(), by_key);
    let (connect, network) = (connector(config, context), TcpNetwork::new(address));
    let (options, stop) = (options(args, config), &context.interrupt.stop);
    let mut tell = |event| teller.tell(event);
    let watched = watch(&connect, &network, library, &options, &watching, stop, &mut tell).await;
    context.out.hide_bars();
    let exit = match watched {
        Ok(()) => Exit::Interrupted,
        Err(error) => {
            let exit = failure::report(&error.into(), &context.out);
            teller.give_up(exit)?;
            exit
        }
    };
    match teller.end(exit) {
        // Nobody reads; the watch was stopped, which is not the same as done.
        Err(Trouble::PipeClosed) => Ok(exit),
        ended => ended.map(|()| exit).map_err(Into::into),
    }
}

fn watching(args: &SyncArgs) -> Watching {
    let watching = Watching::default();
    let every = args.every.map(|seconds| Duration::from_secs(seconds.into()));
    Watching { every: every.unwrap_or(watching.every), ..watching }
}

/// Turns SIGUSR1 into requests, and Enter where a person sits at a terminal; true for the latter.
fn listen(requests: &Requests, context: &Context<'_>) -> Result<bool, Trouble> {
    let no_system = |cause: io::Error| Trouble::storage("use", "the system's signals", cause);
    let mut signals = signal(SignalKind::user_defined1()).map_err(no_system)?;
    let asking = requests.clone();
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            asking.ask();
        }
    });
    // A terminal that is not this program's own never gives it a key.
    let is_own = io::stdin().is_terminal() && tcgetpgrp(io::stdin()).is_ok();
    let by_key = is_own && !context.out.is_json();
    if by_key {
        let (requests, stop) = (requests.clone(), context.interrupt.stop.clone());
        let thread = std::thread::Builder::new().name("keys".into());
        thread.spawn(move || keys(&requests, &stop)).map_err(no_system)?;
    }
    Ok(by_key)
}

/// Takes lines from the terminal, but none while the program runs in the background: reading then
/// would stop it.
fn keys(requests: &Requests, stop: &Stop) {
    let pause = Timespec { tv_sec: 0, tv_nsec: KEY_PAUSE.subsec_nanos().into() };
    let (stdin, mut typed) = (io::stdin(), [0; 256]);
    while !stop.is_asked() {
        let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
        let is_ready = poll(&mut ready, Some(&pause)).is_ok_and(|count| count > 0);
        let is_ours = tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp());
        match (is_ready, is_ours) {
            (true, true) => match stdin.lock().read(&mut typed) {
                // Ctrl-D: more may be typed all the same.
                Ok(0) => std::thread::sleep(KEY_PAUSE),
                Ok(_) => requests.ask(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            },
            (true, false) => std::thread::sleep(KEY_PAUSE),
            (false, _) => {}
        }
    }
}

/// Tells what goes on: each pass as a run of its own, and what is between them.
struct Teller<'a> {
    context: &'a Context<'a>,
    root: &'a Path,
    address: String,
    by_key: bool,
    report: Option<Report>,
    passes: u64,
    /// Passes that did not end with everything done.
    troubled: u64,
    new: u64,
    closed: bool,
}

impl<'a> Teller<'a> {
    fn new(context: &'a Context<'a>, root: &'a Path, address: String, by_key: bool) -> Self {
        let (report, passes, troubled, new, closed) = (None, 0, 0, 0, false);
        Self { context, root, address, by_key, report, passes, troubled, new, closed }
    }

    /// Tells an event. If nobody reads any more, the watch is asked to stop.
    fn tell(&mut self, event: WatchEvent) {
        if let Err(error) = self.try_tell(event) {
            self.closed |= matches!(error.downcast_ref(), Some(Trouble::PipeClosed));
            self.context.interrupt.stop();
        }
    }

    fn try_tell(&mut self, event: WatchEvent) -> Result<()> {
        let out = &self.context.out;
        match event {
            WatchEvent::Waiting => {
                out.note(&format!("Waiting for a camera at {}; Ctrl-C ends this", self.address));
                out.json("waiting", json!({ "camera": self.address }))?;
            }
            WatchEvent::Odd { cause } => {
                out.warn(&format!("{}; trying again all the same", text::tame(&cause)));
                out.json("odd", json!({ "text": cause }))?;
            }
            WatchEvent::Locked { by } => {
                out.note(&format!("Waiting until it is free: {}", text::tame(&by)));
                out.json("locked", json!({ "text": by }))?;
            }
            WatchEvent::Seen => {
                self.report = Some(Report::new(self.context, false, "sync --watch"));
                out.show_bars();
                out.json("seen", json!({}))?;
            }
            WatchEvent::Pass(event) => {
                self.count(&event);
                if let Some(report) = &mut self.report {
                    report.tell(event);
                    self.closed |= report.closed;
                }
            }
            WatchEvent::Served(summary) => {
                out.hide_bars();
                let report = self.report.take();
                let exit = report.map(|report| report.conclude(&summary, self.root)).transpose()?;
                self.pass(exit.unwrap_or(Exit::Done));
            }
            WatchEvent::Failed(error) => {
                out.hide_bars();
                let exit = failure::report(&error.into(), out);
                self.pass(exit);
                let report = self.report.take();
                report.map(|report| report.conclude_failed(exit, self.root)).transpose()?;
            }
            WatchEvent::Resting => {
                out.note(&format!("Next look after the camera was gone, or {}", self.how_to_ask()));
                out.json("resting", json!({}))?;
            }
            WatchEvent::Blind => {
                let how = self.how_to_ask();
                let text = format!(
                    "from here it cannot be seen whether the camera is still there; it is looked \
                     at again {how} only"
                );
                out.warn(&text);
                out.json("blind", json!({ "text": text }))?;
            }
            WatchEvent::Gone => {
                out.note("The camera is gone");
                out.json("gone", json!({}))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Says what is known of a pass that an error ended, which ends the watch.
    fn give_up(&mut self, exit: Exit) -> Result<()> {
        let Some(report) = self.report.take() else { return Ok(()) };
        self.context.out.hide_bars();
        self.pass(exit);
        if self.closed {
            return Ok(());
        }
        Ok(report.conclude_failed(exit, self.root)?)
    }

    fn how_to_ask(&self) -> String {
        match self.by_key {
            true => "when you press Enter".to_owned(),
            false => format!("on SIGUSR1 to process {}", std::process::id()),
        }
    }

    fn count(&mut self, event: &Event) {
        self.new += u64::from(matches!(event, Event::Published(_)));
    }

    fn pass(&mut self, exit: Exit) {
        self.passes += 1;
        self.troubled += u64::from(exit != Exit::Done);
    }

    /// Says what all passes came to.
    fn end(self, exit: Exit) -> Result<(), Trouble> {
        if self.closed {
            return Ok(());
        }
        let (passes, troubled, new) = (self.passes, self.troubled, self.new);
        let looks = text::count(passes, "look", "looks");
        let files = text::count(new, "new file", "new files");
        self.context.out.note(&format!("Stopped watching after {looks}: {files}"));
        let totals =
            json!({ "outcome": exit.word(), "passes": passes, "troubled": troubled, "new": new });
        self.context.out.json("watched", totals)
    }
}
