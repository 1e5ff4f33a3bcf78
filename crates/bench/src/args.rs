//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::crowd::MOST_CAMERAS;

/// Measures filmwire beside its baselines and prints one table.
///
/// A goal that was missed is marked; the exit code is 1 only where a figure is beyond twice (or half)
/// its goal, or with --check where a ratio of two figures of this run misses its goal.
#[derive(Debug, Parser)]
#[command(name = "filmwire-bench", max_term_width = 100)]
pub(crate) struct Args {
    /// MiB of the large object, and of the capture
    #[arg(long, value_name = "MIB", default_value_t = 1024,
          value_parser = clap::value_parser!(u64).range(16..=4095))]
    pub(crate) size: u64,
    /// Most repetitions of the bulk measurements and deliveries; none begins after a minute
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: u64,
    /// Objects on the card whose listing is measured for memory
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) objects: u32,
    /// Cameras that are synced at the same time
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u64).range(1..=MOST_CAMERAS))]
    pub(crate) cameras: u64,
    /// Seconds of data on the slow link
    #[arg(long, value_name = "S", default_value_t = 8)]
    pub(crate) link_seconds: u64,
    /// Work in this folder; what is measured of the disk is its file system
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The program to measure [default: beside this one, built if it is missing]
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// Deliver to the servers listed in this folder too, as .ci/deliveries starts them
    #[arg(long, value_name = "DIR")]
    pub(crate) servers: Option<PathBuf>,
    /// KiB a second of the slowest link that several places are delivered to behind
    #[arg(long, value_name = "KIB", default_value_t = 4096,
          value_parser = clap::value_parser!(u32).range(64..))]
    pub(crate) link: u32,
    /// Only groups whose name contains this: bulk, link, count, memory, start, peer, cameras,
    /// viewers, deliver, station, timelapse, decode, wpa2, proxy, build
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Fail where a ratio misses its goal
    #[arg(long)]
    pub(crate) check: bool,
    /// Also measure cold release builds of the programs; takes many minutes
    #[arg(long)]
    pub(crate) build: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What is run as a process of its own to compare with.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(hide = true)]
    BareGet { port: u16, objects: u32 },
    #[command(hide = true)]
    Serial { port: u16, objects: u32, dir: PathBuf },
    #[command(hide = true)]
    Hash { bytes: u64 },
    #[command(hide = true)]
    Write { bytes: u64, dir: PathBuf },
    #[command(hide = true)]
    Open { port: u16 },
    #[command(hide = true)]
    Crowd { cameras: u32 },
    #[command(hide = true)]
    Look { port: u16, viewers: usize, seconds: u64 },
    #[command(hide = true)]
    Nothing,
}
