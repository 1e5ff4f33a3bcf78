//! Live view to many viewers of a hub.

use anyhow::{Context as _, ensure};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Link, Persona, SimOptions};

use super::Bench;
use crate::camera::SimulatedCamera;
use crate::child;
use crate::lookers::Figures;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// Frames a second of the camera.
const RATE: u32 = 60;
const VIEWERS: u32 = 50;
/// How long they look, in seconds.
const LOOK: u32 = 10;
/// What a viewer may add to a frame's age, in seconds.
const ADDED: f64 = 0.005;
/// Times of day depend on what else a machine does: far from the goal is further than elsewhere.
const FAR: f64 = 5.0;

pub(super) fn measure(_: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let card = Card::generated(&GenerateSpec { photos: 1, ..GenerateSpec::default() });
    let mut persona = Persona::builtin("X-T4")?;
    persona.shooting.live_fps = RATE;
    let options = SimOptions { link: Link::default(), ..SimOptions::new(persona, card) };
    let camera = SimulatedCamera::start_with(options)?;
    let port = camera.port().to_string();
    let words = ["look", &port, &VIEWERS.to_string(), &LOOK.to_string()];
    let output = child::own(&words)?.output().context("cannot start the viewers")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = Figures::parse(&said).with_context(|| format!("the viewers said {said:?}"))?;
    table.group(format!(
        "live view: {RATE} frames a second of {} kB to {VIEWERS} viewers of one hub, {LOOK} s",
        found.bytes / 1000
    ));
    let one = |value: f64| Sample::from_iter([value]);
    let row = |what, value| Row::new(what, Unit::Micros, &one(value));
    table.push(row("from the last byte to a viewer, median", found.median));
    table.push(
        row("from the last byte to a viewer, 99 of 100", found.p99)
            .note(format!("longest {}", Unit::Micros.show(found.longest)))
            .at_most(found.p99, ADDED, Unit::Micros)
            .fails_past(FAR),
    );
    table.push(
        Row::new("copies of a frame's bytes", Unit::Count, &one(found.copies as f64)).at_most(
            found.copies as f64,
            0.0,
            Unit::Count,
        ),
    );
    let fewest = one(found.fewest as f64);
    table.push(
        Row::new("frames of the viewer that saw the fewest", Unit::Count, &fewest)
            .note(format!("{} came", found.frames)),
    );
    let processor =
        Row::new("processor time of client, hub and viewers", Unit::Millis, &one(found.processor));
    table.push(processor.note("in a second"));
    Ok(())
}
