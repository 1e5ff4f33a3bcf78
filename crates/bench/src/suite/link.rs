//! A link as slow as a camera's: what filmwire adds must be lost in it.

use std::time::Duration;

use anyhow::ensure;
use filmwire_codec::OperationCode;
use filmwire_sim::{Link, Simulator};

use super::Bench;
use crate::camera::{SimulatedCamera, pattern_card};
use crate::child;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

const MBIT: u64 = 25;
const ROUND_TRIP: Duration = Duration::from_millis(5);
const NAMES: [&str; 3] = ["bare loop", "filmwire get", "filmwire sync"];

/// All run at once, each with a camera and a link of its own: they only wait.
pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let bytes = bench.args.link_seconds * MBIT * 125_000;
    let speeds = std::thread::scope(|scope| {
        let running = NAMES.map(|name| scope.spawn(move || transfer(name, bytes, bench)));
        running.map(|thread| match thread.join() {
            Ok(speed) => speed,
            Err(_) => Err(anyhow::anyhow!("a measuring thread panicked")),
        })
    });
    let [bare, get, sync] = speeds;
    let (bare, get, sync) = (bare?, get?, sync?);

    table
        .group(format!("Link of {MBIT} Mbit/s and {ROUND_TRIP:?} round trip, first to last piece"));
    let row = |name: &str, speed: f64| Row::new(name, Unit::Speed, &Sample::from_iter([speed]));
    let raw = Unit::Speed.show(MBIT as f64 * 125_000.0);
    table.push(row(NAMES[0], bare).note(format!("the link carries {raw}")));
    for (name, speed) in [(NAMES[1], get), (NAMES[2], sync)] {
        let row = row(name, speed).against("speed of the bare loop", speed / bare);
        table.push(row.at_least(speed / bare, 0.99, Unit::Count));
    }
    Ok(())
}

/// Fetches the object and returns bytes a second.
fn transfer(name: &str, bytes: u64, bench: &Bench<'_>) -> anyhow::Result<f64> {
    let link = Link::mbit(MBIT, ROUND_TRIP);
    let camera = SimulatedCamera::start("X-A2", pattern_card(1, bytes), link)?;
    let scratch = bench.scratch()?;
    let address = camera.address();
    let command = match name {
        "bare loop" => child::own(&["bare-get", &camera.port().to_string(), "1"])?,
        "filmwire get" => {
            let words = ["get", "1", "--quiet", "--output", "/dev/null", "--camera", &address];
            bench.program.command(&words)
        }
        _ => bench.program.with_library(&["sync"], &address, &scratch.path().join("library")),
    };
    let limit = Duration::from_secs(bench.args.link_seconds * 3 + 30);
    child::run(command, scratch.path(), limit)?;
    let served = camera.simulator().stats().object_bytes;
    ensure!(served == bytes, "{name} fetched {served} of {bytes} bytes");
    Ok(bytes as f64 / transfer_seconds(camera.simulator()))
}

/// From the request of the first piece to the request behind the last one, as the camera saw it.
fn transfer_seconds(simulator: &Simulator) -> f64 {
    let journal = simulator.journal();
    let is_piece = |operation: u16| operation == OperationCode::GET_PARTIAL_OBJECT.0;
    let at = |index: Option<usize>| index.and_then(|index| journal.get(index)).map(|row| row.at_ms);
    let first = at(journal.iter().position(|row| is_piece(row.operation)));
    let behind = journal.iter().rposition(|row| is_piece(row.operation)).map(|last| last + 1);
    first.zip(at(behind)).map_or(f64::NAN, |(first, behind)| (behind - first) as f64 / 1e3)
}
