//! Captures: the transcript beside what tshark makes of the same file with our dissector.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Bench;
use crate::capture::{self, Made};
use crate::child;
use crate::process::{TICK, children_processor_time};
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// What tshark gets of it: it takes a minute for what we read in a second.
const PART_BYTES: u64 = 64 << 20;
const LIMIT: Duration = Duration::from_secs(300);
/// So many times its goal: a small capture is read within a few ticks of the clock that counts.
const FAR: f64 = 5.0;
const GOAL: f64 = 300e6;
const MOST_MIB: f64 = 64.0;
/// Ways to ask tshark, and how many times as fast we should be.
const TSHARK: [(&str, &[&str], f64); 2] = [
    ("tshark -V with our dissector", &["-V"], 50.0),
    (
        "tshark -T fields with our dissector",
        &[
            "-T",
            "fields",
            "-e",
            "frame.time_epoch",
            "-e",
            "fujiptp.transaction",
            "-e",
            "fujiptp.operation",
            "-e",
            "fujiptp.param",
            "-e",
            "fujiptp.response",
        ],
        20.0,
    ),
];

/// How reading a capture went.
struct Read {
    /// Processor time, user's and system's: what one core needs.
    processor: Duration,
    whole: Duration,
    peak_mib: f64,
}

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let scratch = bench.scratch()?;
    let file = scratch.path().join("session.pcap");
    let made = capture::make(&file, bench.bytes())?;
    let (mut speed, mut whole, mut peak) = <(Sample, Sample, Sample)>::default();
    for _ in 0..bench.args.rounds {
        let read = decode(bench, &file, &made, scratch.path())?;
        speed.add(speed_of(made.bytes, read.processor));
        whole.add(made.bytes as f64 / read.whole.as_secs_f64());
        peak.add(read.peak_mib);
    }
    let mib = made.bytes >> 20;
    table.group(format!("A capture of {mib} MiB in segments of 1,448 bytes, transcript to a file"));
    let ours = speed.median();
    table.push(
        Row::new("filmwire decode, by processor time", Unit::Speed, &speed)
            .note(format!("{} packets", made.packets))
            .at_least(ours, GOAL, Unit::Speed)
            .fails_past(FAR),
    );
    table.push(Row::new("filmwire decode, whole process", Unit::Speed, &whole));
    table.push(Row::new("peak memory of decode", Unit::Mib, &peak).below(
        peak.max(),
        MOST_MIB,
        Unit::Mib,
    ));
    if !is_there("tshark") {
        table.push(Row::words("tshark", "not installed"));
        return Ok(());
    }
    others(bench, ours, scratch.path(), table)
}

/// Bytes a second of processor time. Less than the clock can tell counts as its step: nothing is
/// infinitely fast.
fn speed_of(bytes: u64, processor: Duration) -> f64 {
    bytes as f64 / processor.max(TICK).as_secs_f64()
}

/// What tshark needs for a part, less what it needs for nothing.
fn others(bench: &Bench<'_>, ours: f64, scratch: &Path, table: &mut Table) -> anyhow::Result<()> {
    let dissector = bench.program.command(&["dissector"]).output()?;
    ensure!(dissector.status.success(), "the dissector is not told");
    let script = scratch.join("fujifilm.lua");
    std::fs::write(&script, dissector.stdout)?;
    let (part, nothing) = (scratch.join("part.pcap"), scratch.join("nothing.pcap"));
    let bytes = capture::make(&part, PART_BYTES.min(bench.bytes()))?.bytes;
    capture::make_empty(&nothing)?;
    for (name, words, goal) in TSHARK {
        let run = |file: &Path| tshark(&script, file, words, scratch);
        let start = run(&nothing)?;
        let processor = run(&part)?.saturating_sub(start);
        let speed = speed_of(bytes, processor);
        let ratio = ours / speed;
        table.push(
            Row::new(name, Unit::Speed, &Sample::from_iter([speed]))
                .against("this is decode", ratio)
                .at_least(ratio, goal, Unit::Count)
                .fails_past(FAR),
        );
    }
    Ok(())
}

fn decode(bench: &Bench<'_>, file: &Path, made: &Made, scratch: &Path) -> anyhow::Result<Read> {
    let mut command = bench.program.command(&["decode"]);
    command.arg(file);
    let before = children_processor_time()?;
    let run = child::run(command, scratch, LIMIT)?;
    let processor = children_processor_time()?.saturating_sub(before);
    // One that told less than it should would look fast.
    let told = run.stdout.lines().filter(|line| line.contains(" -> OK")).count() as u64;
    ensure!(told == made.transactions, "decode told {told} of {} transactions", made.transactions);
    Ok(Read { processor, whole: run.time, peak_mib: run.peak_mib })
}

/// Processor time of tshark for a file.
fn tshark(script: &Path, file: &Path, words: &[&str], scratch: &Path) -> anyhow::Result<Duration> {
    let mut command = Command::new("tshark");
    command.arg("-X").arg(format!("lua_script:{}", script.display())).arg("-r").arg(file);
    command.args(words).env("HOME", scratch);
    let before = children_processor_time()?;
    child::time(&mut command).context("tshark")?;
    Ok(children_processor_time()?.saturating_sub(before))
}

fn is_there(program: &str) -> bool {
    child::time(Command::new(program).arg("--version")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_no_tick_is_no_faster_than_a_tick() {
        assert_eq!(speed_of(1000, Duration::ZERO), 100_000.0);
        assert_eq!(speed_of(1000, Duration::from_millis(20)), 50_000.0);
    }
}
