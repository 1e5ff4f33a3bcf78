//! Many viewers of one hub of live view, in a process of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use filmwire_camera::{Address, Camera, Departures, Frame, Options, TcpNetwork};
use filmwire_shoot::{Hub, Viewer};
use tokio::time::timeout_at;

use crate::process;

/// Of every so many frames each viewer keeps its own to the end, so that none of their bytes lies
/// where another's lay.
const KEPT: u64 = 20;

/// What came of it, as it is printed: one line of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    /// From the frame's last byte to the viewer that has it, in seconds.
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
    /// Frames that came, and those the viewer saw that saw the fewest.
    pub(crate) frames: u64,
    pub(crate) fewest: u64,
    /// Frames whose bytes a viewer had for itself.
    pub(crate) copies: u64,
    /// Processor time of the process in a second, in seconds.
    pub(crate) processor: f64,
    /// Bytes of the last frame.
    pub(crate) bytes: u64,
}

impl Figures {
    fn print(&self) {
        let Self { median, p99, longest, frames, fewest, copies, processor, bytes } = self;
        println!("{median} {p99} {longest} {frames} {fewest} {copies} {processor} {bytes}");
    }

    /// Reads what was printed.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut next = || words.next()?.parse::<f64>().ok();
        Some(Self {
            median: next()?,
            p99: next()?,
            longest: next()?,
            frames: next()? as u64,
            fewest: next()? as u64,
            copies: next()? as u64,
            processor: next()?,
            bytes: next()? as u64,
        })
    }
}

/// What one viewer saw.
#[derive(Default)]
struct Seen {
    latencies: Vec<f64>,
    kept: Vec<Frame>,
}

/// Looks at the camera at this port with so many viewers for so long, and prints the figures.
pub(crate) fn look(port: u16, viewers: usize, seconds: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let address: Address = format!("127.0.0.1:{port}").parse()?;
        let (network, departures) = (TcpNetwork::new(address), Departures::default());
        let remote = Camera::connect_remote(network, Options::default(), &departures).await?;
        let hub = Hub::open(&remote).await?;
        let mut first = hub.viewer();
        let bytes = first.next().await.context("no frame came")?.jpeg.len() as u64;
        let (own, before) = (std::process::id(), hub.tally().frames);
        let (start, processor) = (Instant::now(), process::processor_time(own)?);
        let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
        let watching: Vec<_> =
            (0..viewers).map(|_| tokio::spawn(watch(hub.viewer(), until))).collect();
        let mut seen = Vec::new();
        for viewer in watching {
            seen.push(viewer.await?);
        }
        let processor = process::processor_time(own)?.saturating_sub(processor).as_secs_f64();
        let frames = hub.tally().frames - before;
        let took = start.elapsed().as_secs_f64();
        drop(hub);
        remote.leave().await;
        figures(&seen, frames, processor / took, bytes)?.print();
        anyhow::Ok(())
    })
}

async fn watch(mut viewer: Viewer, until: tokio::time::Instant) -> Seen {
    let mut seen = Seen::default();
    // The first may have come before there was this viewer.
    let mut is_first = true;
    while let Ok(Ok(frame)) = timeout_at(until, viewer.next()).await {
        let latency = frame.arrived.elapsed().as_secs_f64();
        if std::mem::take(&mut is_first) {
            continue;
        }
        seen.latencies.push(latency);
        if frame.number.is_multiple_of(KEPT) {
            seen.kept.push(frame);
        }
    }
    seen
}

fn figures(seen: &[Seen], frames: u64, processor: f64, bytes: u64) -> anyhow::Result<Figures> {
    let mut all: Vec<f64> = seen.iter().flat_map(|seen| seen.latencies.iter().copied()).collect();
    all.sort_by(f64::total_cmp);
    ensure!(!all.is_empty(), "no viewer saw a frame");
    let at = |share: f64| all[((all.len() - 1) as f64 * share).round() as usize];
    let fewest = seen.iter().map(|seen| seen.latencies.len() as u64).min().unwrap_or(0);
    let (median, p99, longest, copies) = (at(0.5), at(0.99), at(1.0), copies(seen));
    Ok(Figures { median, p99, longest, frames, fewest, copies, processor, bytes })
}

/// Frames of which more than one set of bytes is there.
fn copies(seen: &[Seen]) -> u64 {
    let mut places = BTreeMap::new();
    let kept = seen.iter().flat_map(|seen| &seen.kept);
    kept.filter(|frame| {
        let place = frame.jpeg.as_ptr();
        *places.entry(frame.number).or_insert(place) != place
    })
    .count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64, jpeg: &[u8]) -> Frame {
        let jpeg = jpeg.to_vec().into();
        Frame { jpeg, number, counter: 0, arrived: Instant::now() }
    }

    #[test]
    fn copies_are_found() {
        let one = frame(1, b"jpeg");
        let seen = |frames: &[&Frame]| Seen {
            kept: frames.iter().map(|frame| (*frame).clone()).collect(),
            ..Seen::default()
        };
        let other = frame(2, b"jpeg");
        assert_eq!(copies(&[seen(&[&one, &other]), seen(&[&one]), seen(&[&other])]), 0);
        assert_eq!(copies(&[seen(&[&one]), seen(&[&frame(1, b"jpeg")]), seen(&[&one])]), 1);
    }

    #[test]
    fn figures_are_read_as_they_are_printed() {
        let seen = |latencies: &[f64]| Seen { latencies: latencies.to_vec(), ..Seen::default() };
        let found = figures(&[seen(&[0.001, 0.002]), seen(&[0.003])], 2, 0.25, 9000).unwrap();
        assert_eq!((found.median, found.p99, found.longest), (0.002, 0.003, 0.003));
        assert_eq!((found.frames, found.fewest, found.copies), (2, 1, 0));
        let line = "0.002 0.003 0.003 2 1 0 0.25 9000";
        assert_eq!(Figures::parse(line), Some(found));
        assert_eq!(Figures::parse("0.002 0.003"), None);
        assert!(figures(&[seen(&[])], 0, 0.0, 0).is_err());
    }
}
