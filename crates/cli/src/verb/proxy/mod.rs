//! `proxy`: stands between a client and the camera, shows and records what they say.
//!
//! Three kinds of tasks, and none waits for another: the relay passes bytes (`relay`), one thread
//! writes the recording, one shows the transcript (`watch`); queues with a limit lie between (`tap`).

mod door;
mod relay;
mod tap;
mod watch;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Network as _, Port, TcpNetwork};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;
use filmwire_program::{failure, output};
use filmwire_trace::{Crossing, Tally};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::SettingFlags;
use crate::context::Context;
use door::Door;
use relay::{Clock, Counts, End, Line};
use tap::{Missed, Tap};
use watch::Recording;

/// What may wait for the disk: seconds of the fastest Wi-Fi.
const MOST_UNWRITTEN_BYTES: usize = 64 << 20;
/// What may wait for the transcript.
const MOST_UNSHOWN_BYTES: usize = 16 << 20;
/// Connections at a time; cameras take three.
const MOST_CONNECTIONS: usize = 64;
/// How long one who reads what we write, and stands still, is waited for at the end.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long connections are waited for at the end. What a client said before it left is on its way for
/// milliseconds; who is still there is cut off after it.
const LAST_BYTES: Duration = Duration::from_millis(500);
/// How long to wait before the next client where the system has no sockets left.
const NO_SOCKET_WAIT: Duration = Duration::from_millis(100);

/// Stand between an app and the camera: show and record what they say
///
/// Clients connect to this computer instead of the camera; every byte goes on to the camera and
/// back, on all three ports, before anything looks at it. Shows the transcript as `decode` does,
/// and with --record keeps everything in a pcapng that `decode` and Wireshark open. Until Ctrl-C.
/// What clients do is not judged: an app may delete photos through it as it may without.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  filmwire proxy --to 192.168.0.1 --record session.pcapng
  filmwire proxy --to 192.168.0.1%wlan1 --bind 192.168.8.1 --record session.pcapng
  filmwire --camera 127.0.0.1 ls
  filmwire proxy --json | jq -r 'select(.kind == \"transaction\") | .operation_name'

A recording tells all that passed: photos, serial numbers, positions. Look before you share it.")]
pub(crate) struct ProxyArgs {
    /// The camera, as with --camera: where the bytes go
    #[arg(long, value_name = "HOST[:PORT][%INTERFACE]|NAME", conflicts_with = "camera")]
    to: Option<String>,
    /// Keep everything in this file or named pipe, a pcapng; nothing is replaced
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Where clients connect to; events and live view on the two next ports. Port 0 takes free ones
    #[arg(long, value_name = "HOST[:PORT]", default_value = "127.0.0.1:55740")]
    bind: String,
}

/// Runs the verb, until it is interrupted.
pub(crate) async fn run(args: &ProxyArgs, context: &Context<'_>) -> Result<Exit> {
    let flags = SettingFlags::default();
    let config = match &args.to {
        Some(to) => context.config_of(to, &flags)?,
        None => context.config(&flags)?,
    };
    let address = config.camera.value.address;
    let door = Door::open(super::sim::listen(&args.bind, "--bind")?).await?;
    door.lead_on(&address).await?;
    let proxy = Proxy::new(TcpNetwork::new(address), args, context)?;
    announce(&door, &proxy, args, &context.out)?;
    proxy.serve(&door, context).await
}

/// Says where clients may connect, for people on standard error.
fn announce(
    door: &Door,
    proxy: &Proxy,
    args: &ProxyArgs,
    out: &output::Output,
) -> Result<(), Trouble> {
    let (at, camera) = (door.address, proxy.network.name());
    let [events, live_view] = [1, 2].map(|step| SocketAddr::new(at.ip(), at.port() + step));
    if let Some(who) = door.who() {
        out.warn(&who);
    }
    out.note(&format!(
        "listens on {at}, events on {}, live view on {}, for the camera at {camera}",
        events.port(),
        live_view.port()
    ));
    out.json(
        "listening",
        json!({
            "address": at.to_string(),
            "events": events.to_string(),
            "live_view": live_view.to_string(),
            "camera": camera,
            "record": args.record.as_ref().map(|path| path.display().to_string()),
        }),
    )
}

/// What the relay and those who watch have in common.
struct Proxy {
    network: TcpNetwork,
    clock: Clock,
    tap: Arc<Tap>,
    counts: Arc<Counts>,
    keeper: Watcher<u64>,
    /// A recording that somebody reads while it is written, and who may stand still.
    read_along: Option<PathBuf>,
    shower: Watcher<Tally>,
}

/// One who watches, on its thread.
struct Watcher<T> {
    /// `None` once its end was told, or if there is none.
    running: Option<JoinHandle<Result<T, Trouble>>>,
    result: Option<T>,
    missed: Missed,
}

impl<T> Watcher<T> {
    fn new(running: JoinHandle<Result<T, Trouble>>, missed: Missed) -> Self {
        Self { running: Some(running), result: None, missed }
    }

    /// Waits for its end. Never ends if there is none, or if it was told. Cancel-safe.
    async fn ended(&mut self) -> Result<(), Trouble> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let ended = running.await;
        self.running = None;
        self.result = Some(ended.map_err(|error| {
            let cure = "report this defect; bytes went on all the same".to_owned();
            Trouble::Failed { text: format!("it stumbled: {error}"), cure }
        })??);
        Ok(())
    }
}

impl Proxy {
    fn new(network: TcpNetwork, args: &ProxyArgs, context: &Context<'_>) -> Result<Self, Trouble> {
        let mut tap = Tap::default();
        let none = Watcher { running: None, result: None, missed: Missed::default() };
        let mut read_along = None;
        let keeper = match &args.record {
            None => none,
            Some(path) if path == Path::new("-") => return Err(transcript_is_there()),
            Some(path) => {
                let notes = format!("The camera was reached at {}.", network.name());
                let recording = Recording::begin(path, &notes)?;
                read_along = (!recording.is_file()).then(|| path.clone());
                let (queue, missed) = tap.add(MOST_UNWRITTEN_BYTES);
                let keep = move || recording.keep(&queue);
                Watcher::new(tokio::task::spawn_blocking(keep), missed)
            }
        };
        let (queue, missed) = tap.add(MOST_UNSHOWN_BYTES);
        let out = context.out.clone();
        let show = move || watch::show(&queue, &out);
        let shower = Watcher::new(tokio::task::spawn_blocking(show), missed);
        let (tap, counts) = (Arc::new(tap), Arc::default());
        let clock = Clock::start();
        Ok(Self { network, clock, tap, counts, keeper, read_along, shower })
    }

    /// Takes clients until somebody asks to stop, or nobody reads what we say and nothing is kept.
    async fn serve(mut self, door: &Door, context: &Context<'_>) -> Result<Exit> {
        let mut connections = JoinSet::new();
        let mut exit = Exit::Done;
        loop {
            tokio::select! {
                biased;
                () = context.interrupt.stop.asked() => break,
                ended = self.shower.ended() => match ended {
                    Err(Trouble::PipeClosed) if self.keeper.running.is_none() => break,
                    // The recording is not cut short for it, and no client's session either.
                    Err(Trouble::PipeClosed) => {}
                    ended => exit = after(exit, ended, context),
                },
                // What passes is more than what is kept of it, if anybody sees it.
                ended = self.keeper.ended() => {
                    exit = after(exit, ended, context);
                    if self.shower.running.is_none() {
                        break;
                    }
                }
                Some(_) = connections.join_next() => {}
                (port, client) = door.next() => match client {
                    Ok(client) if connections.len() < MOST_CONNECTIONS => {
                        let line = self.line();
                        let network = self.network.clone();
                        let out = context.out.clone();
                        connections.spawn(connect(client, network, port, line, out));
                    }
                    // One too many is closed.
                    Ok(_) => {}
                    Err(error) => {
                        context.out.warn(&format!("a client could not be taken: {error}"));
                        tokio::time::sleep(NO_SOCKET_WAIT).await;
                    }
                },
            }
        }
        let all_left = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_BYTES, all_left).await;
        connections.shutdown().await;
        let exit = self.end(exit, context).await;
        match self.conclude(exit, context) {
            Err(Trouble::PipeClosed) => Ok(exit),
            told => Ok(told.map(|()| exit)?),
        }
    }

    fn line(&self) -> Line {
        let number = self.counts.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let (tap, counts) = (Arc::clone(&self.tap), Arc::clone(&self.counts));
        Line::new(number as u32, self.clock, tap, counts)
    }

    /// Lets those who watch come to their end.
    async fn end(&mut self, mut exit: Exit, context: &Context<'_>) -> Exit {
        self.tap = Arc::default();
        if self.keeper.running.is_some() {
            let ended = match &self.read_along {
                None => self.keeper.ended().await,
                Some(path) => tokio::time::timeout(LAST_WORDS, self.keeper.ended())
                    .await
                    .unwrap_or_else(|_| Err(recording_not_read(path))),
            };
            exit = after(exit, ended, context);
        }
        if self.shower.running.is_some() {
            let ended = tokio::time::timeout(LAST_WORDS, self.shower.ended()).await;
            match ended {
                // Nobody reads; a second Ctrl-C would not be quicker.
                Err(_) | Ok(Err(Trouble::PipeClosed)) => {}
                Ok(ended) => exit = after(exit, ended, context),
            }
        }
        exit
    }

    fn conclude(&self, exit: Exit, context: &Context<'_>) -> Result<(), Trouble> {
        let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        let (connections, refused) = (count(&counts.connections), count(&counts.refused));
        let bytes = count(&counts.bytes);
        let held = counts.held();
        let mut line = format!(
            "{}, {refused} refused by the camera; {} passed",
            text::count(connections, "connection", "connections"),
            text::bytes(bytes),
        );
        if let Some((mean, longest)) = held {
            let ms = |time: Duration| time.as_secs_f64() * 1000.0;
            line += &format!(", held {:.3} ms on average, {:.1} at most", ms(mean), ms(longest));
        }
        let (unkept, unshown) = (self.keeper.missed.bytes(), self.shower.missed.bytes());
        for (bytes, what) in [(unkept, "recorded"), (unshown, "shown")] {
            if bytes > 0 {
                line += &format!("; {} were not {what} in time", text::bytes(bytes));
            }
        }
        context.out.note(&line);
        // It waits for a reader, and would keep us waiting too.
        if self.shower.running.is_some() {
            return Ok(());
        }
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let tally = self.shower.result.as_ref();
        let records = |kind: &str| tally.map(|tally| tally.records.get(kind).copied().unwrap_or(0));
        context.out.json(
            "summary",
            json!({
                "outcome": exit.word(),
                "connections": connections,
                "refused": refused,
                "bytes": bytes,
                "held_mean_us": held.map(|(mean, _)| us(mean)),
                "held_longest_us": held.map(|(_, longest)| us(longest)),
                "recorded_packets": self.keeper.result,
                "unrecorded_bytes": unkept,
                "unshown_bytes": unshown,
                "transactions": records("transaction"),
                "events": records("event"),
                "frames": records("frame"),
                "gaps": records("gap"),
            }),
        )
    }
}

/// Tells what went wrong with one who watches, if anything did, and returns the code that means.
fn after(exit: Exit, ended: Result<(), Trouble>, context: &Context<'_>) -> Exit {
    match ended {
        Ok(()) => exit,
        Err(trouble) => failure::report(&trouble.into(), &context.out),
    }
}

fn transcript_is_there() -> Trouble {
    Trouble::usage(
        "--record - and the transcript cannot share standard output",
        "name a file; a named pipe (mkfifo) hands the recording to another program as it comes",
    )
}

fn recording_not_read(path: &Path) -> Trouble {
    let cause = io::Error::new(io::ErrorKind::TimedOut, "whoever reads it stands still");
    Trouble::storage("finish", path, cause)
}

/// Takes a client to the camera, and stays between them.
///
/// A camera listens for events and live view only once a function was started: refused there means
/// closed here.
async fn connect(
    (client, peer): (TcpStream, SocketAddr),
    network: TcpNetwork,
    port: Port,
    line: Line,
    out: output::Output,
) {
    let asked_ns = line.clock.now_ns();
    let camera = network.connect(port).await;
    if port == Port::Command {
        tell_if_away(camera.as_ref().err(), &network, &line.counts, out);
    }
    let connected = camera.and_then(|camera| {
        door::prepare(&client)?;
        door::prepare(&camera)?;
        Ok(camera)
    });
    let (mut client, mut camera) = match connected {
        Ok(camera) => (client, camera),
        Err(_) => {
            line.counts.refused.fetch_add(1, Ordering::Relaxed);
            let host = network.address().host.parse::<IpAddr>().ok();
            let camera = door::shown(host, port);
            line.tell(Crossing::Refused { asked_ns, client: peer, camera });
            // As a camera that does not listen: not the polite end.
            let _ = client.set_zero_linger();
            return;
        }
    };
    let host = camera.peer_addr().ok().map(|at| at.ip());
    line.tell(Crossing::Opened { asked_ns, client: peer, camera: door::shown(host, port) });
    let end = relay::stand_between(client.split(), camera.split(), &line).await;
    if end == End::Broken {
        let _ = client.set_zero_linger();
        let _ = camera.set_zero_linger();
    }
}

/// Says that there is no camera, once until there is one again: an app tells no cause, and the
/// transcript has nothing to show.
fn tell_if_away(
    error: Option<&io::Error>,
    network: &TcpNetwork,
    counts: &Counts,
    out: output::Output,
) {
    if counts.is_newly_away(error.is_some())
        && let Some(error) = error
    {
        let text =
            format!("no camera at {}: {error}; whoever asks for it is sent away", network.name());
        // A terminal that nobody reads would hold up those who come next.
        drop(tokio::task::spawn_blocking(move || out.warn(&text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_who_stumbles_is_told_of_once() {
        let stumble = || -> Result<u64, Trouble> { panic!("as the test wants it") };
        let mut watcher = Watcher::new(tokio::task::spawn_blocking(stumble), Missed::default());
        let told = watcher.ended().await.unwrap_err().to_string();
        assert!(told.contains("stumbled") && told.contains("panicked"), "{told}");
        let again = tokio::time::timeout(Duration::ZERO, watcher.ended());
        assert!(again.await.is_err() && watcher.result.is_none());
    }
}
