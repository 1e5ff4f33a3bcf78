//! What the proxy adds to a round trip on loopback.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use filmwire_codec::container::HEADER_BYTES;
use filmwire_sim::Link;

use super::Bench;
use crate::bare::Bare;
use crate::camera::{SimulatedCamera, photo_card};
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// Round trips with the proxy and without, in turns of so many.
const TURN: usize = 50;
const TURNS: usize = 60;
/// What it may add, in seconds.
const ADDED: f64 = 0.001;
/// Times of day depend on what else a machine does: far from the goal is further than elsewhere.
const FAR: f64 = 5.0;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let camera = SimulatedCamera::start("X-A2", photo_card(1), Link::default())?;
    let through = SimulatedCamera::start("X-A2", photo_card(1), Link::default())?;
    let scratch = bench.scratch()?;
    let proxy = Proxy::start(bench, &through.address(), scratch.path())?;
    let mut direct = Bare::connect(camera.port(), HEADER_BYTES)?;
    let mut proxied = Bare::connect(proxy.port, HEADER_BYTES)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        for (client, times) in [(&mut direct, &mut without), (&mut proxied, &mut with)] {
            for _ in 0..TURN {
                let start = Instant::now();
                client.poll()?;
                times.push(start.elapsed().as_secs_f64());
            }
        }
    }
    direct.leave()?;
    proxied.leave()?;
    drop(proxy);
    let (without, with): (Sample, Sample) =
        (without.into_iter().collect(), with.into_iter().collect());
    table
        .group(format!("The proxy, recording: {} round trips of a poll on loopback", TURN * TURNS));
    for (what, share) in [("median", 0.5), ("99 of 100", 0.99)] {
        let [direct, proxied] = [&without, &with].map(|sample| sample.quantile(share));
        let added = (proxied - direct).max(0.0);
        let show = |value| Unit::Micros.show(value);
        table.push(
            Row::new(
                format!("added by the proxy, {what}"),
                Unit::Micros,
                &Sample::from_iter([added]),
            )
            .note(format!("{} with, {} without", show(proxied), show(direct)))
            .below(added, ADDED, Unit::Micros)
            .fails_past(FAR),
        );
    }
    Ok(())
}

/// The proxy before a camera; killed when dropped.
struct Proxy {
    child: Child,
    port: u16,
}

impl Proxy {
    fn start(bench: &Bench<'_>, camera: &str, scratch: &std::path::Path) -> anyhow::Result<Self> {
        let record = scratch.join("session.pcapng");
        let mut command =
            bench.program.command(&["proxy", "--to", camera, "--bind", "127.0.0.1:0"]);
        command.arg("--json").arg("--record").arg(&record);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot start the proxy")?;
        let mut lines = BufReader::new(child.stdout.take().context("the proxy has no output")?);
        let mut proxy = Self { child, port: 0 };
        let mut line = String::new();
        lines.read_line(&mut line)?;
        proxy.port = port(&line).with_context(|| format!("the proxy said {line:?}"))?;
        // Somebody must read the transcript.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        ensure!(record.is_file(), "the proxy records nothing");
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // One that ended by itself cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port in the line by which it tells where it listens.
fn port(line: &str) -> Option<u16> {
    let (_, behind) = line.split_once("\"address\":\"")?;
    let (address, _) = behind.split_once('"')?;
    let address: std::net::SocketAddr = address.parse().ok()?;
    Some(address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_stands_in_the_first_line() {
        let line = r#"{"v":1,"kind":"listening","address":"127.0.0.1:41234","events":"x"}"#;
        assert_eq!(port(line), Some(41234));
        assert_eq!(port("{}"), None);
    }
}
