//! The benchmark: every figure of filmwire beside its baselines, from the same run.
//!
//! The simulated camera runs in a thread of this process; everything that is measured against the
//! clock or for its memory runs in a process of its own: the program `filmwire`, and as hidden
//! subcommands of this one the bare programs it is compared with ([`bare`], [`contender`]). What
//! is measured stands in [`suite`], one file a group; `docs/guide/benchmark.md` explains the table.

mod air;
mod args;
mod bare;
mod camera;
mod capture;
mod child;
mod contender;
mod crowd;
mod lookers;
mod process;
mod program;
mod sample;
mod suite;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use suite::Bench;
use table::Table;

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Some(contender) => contender.run().map(|()| ExitCode::SUCCESS),
        None => measure(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

fn measure(args: &Args) -> anyhow::Result<ExitCode> {
    let mut table = Table::default();
    let bench = Bench::prepare(args)?;
    println!("{}\n", bench.setting());
    let ran = bench.run(&mut table);
    println!("{}", table.render());
    ran?;
    let failed = table.failures(args.check);
    for row in &failed {
        eprintln!("failed: {row}");
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Command {
    fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::BareGet { port, objects } => contender::get(*port, *objects),
            Self::Serial { port, objects, dir } => contender::serial(*port, *objects, dir),
            Self::Hash { bytes } => contender::hash(*bytes),
            Self::Write { bytes, dir } => contender::write(*bytes, dir),
            Self::Open { port } => contender::open(*port),
            Self::Crowd { cameras } => crowd::serve(*cameras),
            Self::Look { port, viewers, seconds } => lookers::look(*port, *viewers, *seconds),
            Self::Nothing => Ok(()),
        }
    }
}
