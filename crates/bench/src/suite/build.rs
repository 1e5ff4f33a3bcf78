//! A cold release build of the program; only when asked for.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use super::Bench;
use crate::child;
use crate::program::workspace;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

const LIMIT: Duration = Duration::from_secs(1200);

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let root = workspace().context("the source tree is gone")?;
    let scratch = bench.scratch()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--package", "filmwire", "--target-dir"]);
    command.arg(scratch.path().join("target")).current_dir(root);
    let time = child::run(command, scratch.path(), LIMIT)?.time.as_secs_f64();
    table.group("Build");
    table.push(
        Row::new("cold release build of the tool", Unit::Seconds, &Sample::from_iter([time]))
            .below(time, 180.0, Unit::Seconds),
    );
    Ok(())
}
