//! Memory on a card with very many photos.

use std::time::Duration;

use filmwire_sim::Link;

use super::Bench;
use crate::camera::{SimulatedCamera, photo_card};
use crate::child;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

const LIMIT: Duration = Duration::from_secs(300);
const GOAL_MIB: f64 = 48.0;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let objects = bench.args.objects;
    let camera = SimulatedCamera::start("X-T20", photo_card(objects), Link::default())?;
    let scratch = bench.scratch()?;
    let library = scratch.path().join("library");
    table.group(format!("Peak memory on a card of {objects} objects"));
    let runs: [(&str, &[&str]); 4] = [
        ("first listing, marked as known", &["catalogue", "mark-known"]),
        ("sync, all known", &["sync"]),
        ("sync, ten new", &["sync"]),
        ("sync, all listed again", &["sync", "--full"]),
    ];
    for (what, words) in runs {
        if what.contains("ten new") {
            camera.simulator().with_card(|card| card.shoot(10));
        }
        let command = bench.program.with_library(words, &camera.address(), &library);
        let run = child::run(command, scratch.path(), LIMIT)?;
        camera.simulator().clear_journal();
        let peak = Sample::from_iter([run.peak_mib]);
        table.push(
            Row::new(what, Unit::Mib, &peak)
                .note(format!("in {:.1} s", run.time.as_secs_f64()))
                .below(run.peak_mib, GOAL_MIB, Unit::Mib),
        );
    }
    Ok(())
}
