//! Another program for the same cameras, where it is installed.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use filmwire_sim::{Allow, Persona, SimOptions};

use super::{Bench, published_bytes};
use crate::camera::{SimulatedCamera, pattern_card};
use crate::child;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// Enough to tell its speed; it may be slow.
const MOST_BYTES: u64 = 128 << 20;
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    table.group("Another program, persona permissive, whole processes");
    match child::time(Command::new("gphoto2").arg("--version")) {
        Ok(_) => {}
        Err(error) if is_missing(&error) => {
            table.push(Row::words("gphoto2", "not installed"));
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    let bytes = bench.bytes().min(MOST_BYTES);
    let mut card = pattern_card(0, 0);
    // It skips what it does not take for a photo of its camera.
    card.push(filmwire_sim::card::CardObject::pattern("100_FUJI", "DSCF0001.JPG", 1, bytes));
    let mut allow = Allow::default();
    // It writes 0xD207 when it leaves.
    ensure!(allow.add("settings"), "the simulator knows no `settings`");
    let persona = Persona::builtin("permissive")?;
    let camera =
        SimulatedCamera::start_with(SimOptions { allow, ..SimOptions::new(persona, card) })?;
    for name in ["gphoto2", "filmwire sync"] {
        let scratch = bench.scratch()?;
        let files = scratch.path().join("files");
        std::fs::create_dir(&files)?;
        let mut command = match name {
            "gphoto2" => gphoto2(&camera),
            _ => bench.program.with_library(&["sync"], &camera.address(), &files),
        };
        command.current_dir(&files);
        match child::run(command, scratch.path(), LIMIT) {
            Ok(run) => {
                let kept = published_bytes(&files)?;
                ensure!(kept == bytes, "{name} kept {kept} of {bytes} bytes");
                let speed = Sample::from_iter([bytes as f64 / run.time.as_secs_f64()]);
                let note = format!("{} MiB in {:.2} s", bytes >> 20, run.time.as_secs_f64());
                table.push(Row::new(name, Unit::Speed, &speed).note(note));
            }
            // It is no part of us: its failure is a line, not ours.
            Err(error) => table.push(Row::words(name, format!("{error:#}"))),
        }
    }
    Ok(())
}

fn gphoto2(camera: &SimulatedCamera) -> Command {
    let mut command = Command::new("gphoto2");
    let port = format!("ptpip:127.0.0.1:{}:{}", camera.port(), camera.events_port());
    command.args(["--camera", "Fuji X (WLAN)", "--port", &port, "--get-all-files"]);
    command
}

fn is_missing(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::NotFound)
}
