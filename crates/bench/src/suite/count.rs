//! Operations: what a camera is asked, whatever the machine.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use filmwire_codec::OperationCode;
use filmwire_sim::{Link, Persona, Simulator};

use super::Bench;
use crate::camera::{SimulatedCamera, photo_card};
use crate::child;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

const SMALL_FILES: u32 = 200;
const LARGE_CARD: u32 = 10_000;
const LIMIT: Duration = Duration::from_secs(120);

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    table.group("Operations from gallery ready to CloseSession");
    for model in ["X-A2", "X-T5"] {
        let (half, all) =
            (small_files(bench, model, SMALL_FILES / 2)?, small_files(bench, model, SMALL_FILES)?);
        // What a session costs by itself is in both.
        let per_file = (all as f64 - half as f64) / f64::from(SMALL_FILES - SMALL_FILES / 2);
        table.push(
            Row::new(
                format!("each small file, {model}"),
                Unit::Count,
                &Sample::from_iter([per_file]),
            )
            .note(format!("{all} in all for {SMALL_FILES} files"))
            .at_most(per_file, 3.0, Unit::Count),
        );
    }
    for (what, operations, more) in changes(bench)? {
        let limit = 20.0 + more as f64;
        table.push(
            Row::new(what, Unit::Count, &Sample::from_iter([operations as f64]))
                .note(format!("card of {LARGE_CARD}, X-T20"))
                .at_most(operations as f64, limit, Unit::Count),
        );
    }
    Ok(())
}

fn small_files(bench: &Bench<'_>, model: &str, files: u32) -> anyhow::Result<usize> {
    let camera = SimulatedCamera::start(model, photo_card(files), Link::default())?;
    let scratch = bench.scratch()?;
    let library = scratch.path().join("library");
    let sync = bench.program.with_library(&["sync"], &camera.address(), &library);
    child::run(sync, scratch.path(), LIMIT)?;
    operations(camera.simulator(), model)
}

/// Runs on a large card that is known, unchanged and changed; what was asked, and what new photos
/// may cost beyond the looking: three operations each and one piece.
fn changes(bench: &Bench<'_>) -> anyhow::Result<Vec<(String, usize, usize)>> {
    const MODEL: &str = "X-T20";
    type Change = fn(&mut filmwire_sim::card::Card);
    let changes: [(&str, usize, Change); 6] = [
        ("nothing changed", 0, |_| ()),
        ("one deleted in the middle", 0, |card| _ = card.delete(5_000)),
        ("a stretch of 100 deleted", 0, |card| (0..100).for_each(|_| _ = card.delete(1_234))),
        ("the newest deleted", 0, |card| _ = card.delete(card.len() - 1)),
        ("one new photo", 1, |card| _ = card.shoot(1)),
        ("ten new photos", 10, |card| _ = card.shoot(10)),
    ];
    let camera = SimulatedCamera::start(MODEL, photo_card(LARGE_CARD), Link::default())?;
    let scratch = bench.scratch()?;
    let library = scratch.path().join("library");
    let run = |words: &[&str]| {
        let command = bench.program.with_library(words, &camera.address(), &library);
        child::run(command, scratch.path(), LIMIT)
    };
    run(&["catalogue", "mark-known"])?;
    let mut found = Vec::new();
    for (what, new, change) in changes {
        camera.simulator().with_card(change);
        camera.simulator().clear_journal();
        run(&["sync"])?;
        found.push((what.to_owned(), operations(camera.simulator(), MODEL)?, 4 * new));
    }
    Ok(found)
}

/// What was asked after the gallery had been opened, CloseSession left out. The gallery is open
/// when its version was written; reading the count after that is counted here.
fn operations(simulator: &Simulator, model: &str) -> anyhow::Result<usize> {
    let version = u32::from(Persona::builtin(model)?.gallery_version.0);
    let journal = simulator.journal();
    let ready = journal.iter().rposition(|row| {
        row.operation == OperationCode::SET_DEVICE_PROP_VALUE.0 && row.params == [version]
    });
    let after = &journal[ready.context("no gallery was opened")? + 1..];
    let close = after.iter().position(|row| row.operation == OperationCode::CLOSE_SESSION.0);
    let asked = &after[..close.context("the session was not closed")?];
    ensure!(!asked.is_empty(), "nothing was asked");
    Ok(asked.len())
}
