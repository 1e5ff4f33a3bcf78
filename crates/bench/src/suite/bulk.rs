//! Large files over loopback: what the simulator gives, `get`, `sync`, and the parts they are
//! made of.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::ensure;
use filmwire_sim::Link;

use super::{Bench, published_bytes};
use crate::camera::{SimulatedCamera, pattern_card};
use crate::child::{self, Run};
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// Files of the second card, together as large as the one of the first.
const MANY: u32 = 64;
/// Far beyond what any machine needs.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contender {
    BareGet,
    Get,
    Hash,
    Write,
    Serial,
    Sync,
    SerialMany,
    SyncMany,
}

use Contender::{BareGet, Get, Hash, Serial, SerialMany, Sync, SyncMany, Write};

/// Those to be compared stand together, and the short ones come several times.
const CONTENDERS: [Contender; 12] =
    [BareGet, Get, Get, BareGet, BareGet, Get, Serial, Sync, Write, Hash, SerialMany, SyncMany];
/// No round is begun after this time, so that a slow disk does not make the benchmark endless.
const BUDGET: Duration = Duration::from_secs(60);

/// What is known of a contender.
#[derive(Debug, Clone, Default)]
struct Results {
    /// Seconds from start to end of the process.
    whole: Sample,
    /// Seconds it told for its main work.
    told: Sample,
    peak_mib: Sample,
}

struct Cameras {
    one: SimulatedCamera,
    many: SimulatedCamera,
}

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let bytes = bench.bytes();
    let start = |objects, bytes| {
        SimulatedCamera::start("X-A2", pattern_card(objects, bytes), Link::default())
    };
    let cameras = Cameras { one: start(1, bytes)?, many: start(MANY, bytes / u64::from(MANY))? };
    let mut results: [Results; 8] = Default::default();
    let (began, mut rounds) = (Instant::now(), 0);
    while rounds == 0 || rounds < bench.args.rounds && began.elapsed() < BUDGET {
        // Every other round goes backwards, so that nobody always comes first.
        let mut order = CONTENDERS;
        if rounds % 2 == 1 {
            order.reverse();
        }
        for contender in order {
            let run = run(contender, bench, &cameras)?;
            let result = &mut results[contender as usize];
            result.whole.time(run.time);
            result.peak_mib.add(run.peak_mib);
            if let Ok(seconds) = run.told_seconds() {
                result.told.add(seconds);
            }
        }
        rounds += 1;
    }
    table.group(format!("Large files over loopback, whole processes, {rounds} rounds"));
    report(bytes, &results, table);
    Ok(())
}

fn run(contender: Contender, bench: &Bench<'_>, cameras: &Cameras) -> anyhow::Result<Run> {
    let camera = match contender {
        SerialMany | SyncMany => &cameras.many,
        _ => &cameras.one,
    };
    let scratch = bench.scratch()?;
    let files = scratch.path().join("files");
    std::fs::create_dir(&files)?;
    let served = camera.simulator().stats().object_bytes;
    let command = command(contender, bench, camera, &files)?;
    let run = child::run(command, scratch.path(), LIMIT)?;
    camera.simulator().clear_journal();
    // A contender that did less than it should would look fast.
    let served = camera.simulator().stats().object_bytes - served;
    let expected = if matches!(contender, Hash | Write) { 0 } else { bench.bytes() };
    ensure!(served == expected, "{contender:?} fetched {served} of {expected} bytes");
    if matches!(contender, Write | Serial | Sync | SerialMany | SyncMany) {
        let kept = published_bytes(&files)?;
        ensure!(kept == bench.bytes(), "{contender:?} kept {kept} bytes");
    }
    Ok(run)
}

fn command(
    contender: Contender,
    bench: &Bench<'_>,
    camera: &SimulatedCamera,
    files: &Path,
) -> anyhow::Result<Command> {
    let (port, bytes) = (camera.port().to_string(), bench.bytes().to_string());
    let many = MANY.to_string();
    let mut command = match contender {
        BareGet => child::own(&["bare-get", &port, "1"])?,
        Hash => child::own(&["hash", &bytes])?,
        Write => child::own(&["write", &bytes])?,
        Serial => child::own(&["serial", &port, "1"])?,
        SerialMany => child::own(&["serial", &port, &many])?,
        Get => {
            let words = ["get", "1", "--quiet", "--output", "/dev/null", "--camera"];
            let mut command = bench.program.command(&words);
            command.arg(camera.address());
            command
        }
        Sync | SyncMany => bench.program.with_library(&["sync"], &camera.address(), files),
    };
    if matches!(contender, Write | Serial | SerialMany) {
        command.arg(files);
    }
    Ok(command)
}

fn report(bytes: u64, results: &[Results; 8], table: &mut Table) {
    let of = |contender: Contender| &results[contender as usize];
    let whole = |contender| of(contender).whole.median();
    let speed = |sample: &Sample| sample.map(|seconds| bytes as f64 / seconds);
    let row = |what: &str, contender| Row::new(what, Unit::Seconds, &of(contender).whole);

    let served = speed(&of(BareGet).told);
    table.push(
        Row::new("simulator to the bare loop, without opening", Unit::Speed, &served).at_least(
            served.median(),
            1.5e9,
            Unit::Speed,
        ),
    );
    table.push(row("bare loop", BareGet));
    let ratio = whole(BareGet) / whole(Get);
    table.push(
        row("filmwire get to /dev/null", Get).against("speed of the bare loop", ratio).at_least(
            ratio,
            0.8,
            Unit::Count,
        ),
    );
    table.push(Row::new("SHA-256 from memory", Unit::Seconds, &of(Hash).told));
    table.push(Row::new("write and fsync", Unit::Seconds, &of(Write).told));
    let pairs =
        [(Serial, Sync, "one file".to_owned()), (SerialMany, SyncMany, format!("{MANY} files"))];
    for (serial, sync, files) in pairs {
        table.push(row(&format!("serial program, {files}"), serial));
        let ratio = whole(sync) / whole(serial);
        table.push(
            row(&format!("filmwire sync, {files}, published"), sync)
                .against("time of the serial program", ratio)
                .at_most(ratio, 1.15, Unit::Count),
        );
    }
    for (contender, what) in [(Sync, "one file"), (SyncMany, "many files")] {
        let peak = &of(contender).peak_mib;
        let what = format!("peak memory of sync, {what}");
        table.push(Row::new(what, Unit::Mib, peak).below(peak.max(), 24.0, Unit::Mib));
    }
    table.push(
        Row::new("peak memory of get", Unit::Mib, &of(Get).peak_mib)
            .note(format!("bare loop: {}", Unit::Mib.show(of(BareGet).peak_mib.median()))),
    );
}
