//! Opening protected Wi-Fi, beside the cipher alone.

use super::Bench;
use crate::air;
use crate::table::{Row, Table, Unit};

/// Enough to tell its speed.
const MOST_BYTES: u64 = 256 << 20;
const GOAL: f64 = 0.5;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let speeds = air::measure(bench.bytes().min(MOST_BYTES))?;
    table.group("WPA2: frames of 1,500 bytes to packets, on one core");
    table.push(Row::new("AES-CCM of the crate alone", Unit::Speed, &speeds.raw));
    let ratio = speeds.opened.median() / speeds.raw.median();
    table.push(
        Row::new("frames found, checked and opened", Unit::Speed, &speeds.opened)
            .against("speed of AES-CCM alone", ratio)
            .at_least(ratio, GOAL, Unit::Count),
    );
    Ok(())
}
