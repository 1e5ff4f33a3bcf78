//! Cold release builds of the programs; only when asked for.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use super::Bench;
use crate::child;
use crate::program::workspace;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

const LIMIT: Duration = Duration::from_secs(1200);
/// Packages, what they are, and the seconds a build may take.
const PROGRAMS: [(&str, &str, f64); 2] =
    [("filmwire", "the tool", 180.0), ("filmwire-station", "the station", 480.0)];

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let root = workspace().context("the source tree is gone")?;
    table.group("Build");
    for (package, what, goal) in PROGRAMS {
        let scratch = bench.scratch()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--release", "--package", package, "--target-dir"]);
        command.arg(scratch.path().join("target")).current_dir(&root);
        let time = child::run(command, scratch.path(), LIMIT)?.time.as_secs_f64();
        table.push(
            Row::new(
                format!("cold release build of {what}"),
                Unit::Seconds,
                &Sample::from_iter([time]),
            )
            .below(time, goal, Unit::Seconds),
        );
    }
    Ok(())
}
