//! A station with a large library that has nothing to do.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use filmwire_catalogue::{
    Adopted, Catalogue, Choice, Create, Error, FileId, Library, OpenOptions, TargetId, TargetRow,
};
use sha2::{Digest as _, Sha256};

use super::Bench;
use crate::process;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// Photos in its library, each at each of the targets.
const PHOTOS: u32 = 100_000;
const TARGETS: [&str; 2] = ["cloud", "nas"];
/// Photos in a folder.
const EACH: u32 = 1_000;
const STARTS: usize = 5;
/// After that it has looked for what is to be delivered.
const SETTLE: Duration = Duration::from_secs(5);
/// What is watched of a station with nothing to do.
const IDLE: Duration = Duration::from_secs(20);
/// What is in the line that a station tells its cameras and targets by.
const READY: &str = "\"kind\":\"station\"";
/// Epoch milliseconds.
const NOW: i64 = 1_700_000_000_000;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let scratch = bench.scratch()?;
    let library = scratch.path().join("library");
    fill(&library)?;
    let config = scratch.path().join("station.toml");
    let mut text = format!("library = \"{}\"\n", library.display());
    for name in TARGETS {
        let path = scratch.path().join(name);
        text += &format!("[targets.{name}]\nkind = \"folder\"\npath = \"{}\"\n", path.display());
    }
    std::fs::write(&config, text)?;

    let mut start = Sample::default();
    for _ in 1..STARTS {
        start.time(Station::start(bench, &config)?.1);
    }
    let (station, last) = Station::start(bench, &config)?;
    start.time(last);
    std::thread::sleep(SETTLE);
    let before = process::processor_time(station.0.id())?;
    std::thread::sleep(IDLE);
    let used = process::processor_time(station.0.id())?.saturating_sub(before);
    let resident = process::memory(station.0.id())?.now_mib;
    drop(station);

    table.group(format!("The station, {PHOTOS} photos proven at {} targets", TARGETS.len()));
    let median = start.median();
    table.push(
        Row::new("from its start until it tells what it waits for", Unit::Seconds, &start).below(
            median,
            1.0,
            Unit::Seconds,
        ),
    );
    let one = |value: f64| Sample::from_iter([value]);
    table.push(Row::new("resident while idle", Unit::Mib, &one(resident)).below(
        resident,
        32.0,
        Unit::Mib,
    ));
    let share = used.as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    table.push(
        Row::new("percent of a core while idle", Unit::Count, &one(share))
            .note(format!("for {} s, {} s after that", IDLE.as_secs(), SETTLE.as_secs()))
            .below(share, 1.0, Unit::Count),
    );
    Ok(())
}

/// Makes the library: small files, and what the catalogue would say of them.
fn fill(library: &Path) -> anyhow::Result<()> {
    let options = OpenOptions { create: Create::IfMissingOrEmpty, ..OpenOptions::default() };
    let library = Library::open(library, options)?;
    let catalogue = library.catalogue()?;
    let targets: Vec<TargetRow> =
        TARGETS.iter().map(|name| catalogue.add_target(name, NOW)).collect::<Result<_, _>>()?;
    for folder in 0..PHOTOS / EACH {
        let folder = format!("2026/{folder:03}");
        std::fs::create_dir_all(library.absolute(&folder))?;
        let paths: Vec<String> =
            (0..EACH).map(|number| format!("{folder}/DSCF{number:04}.JPG")).collect();
        for path in &paths {
            std::fs::write(library.absolute(path), path)?;
        }
        catalogue.transaction(|c| {
            let mut files = Vec::new();
            for path in &paths {
                let sha256 = Sha256::digest(path).into();
                if let Adopted::New(id) = c.adopt_file(path, &sha256, path.len() as u64, NOW)? {
                    files.push((id, path));
                }
            }
            for target in &targets {
                c.enqueue(target.id, &Choice::default(), NOW)?;
                for (file, path) in &files {
                    prove(c, target.id, *file, path)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn prove(catalogue: &Catalogue, target: TargetId, file: FileId, path: &str) -> Result<(), Error> {
    catalogue.begin_sending(target, file, NOW)?;
    catalogue.mark_stored(target, file, path, NOW)?;
    catalogue.mark_proven(target, file, "size", NOW)
}

/// A station at work, and what it says; it ends when this is dropped.
struct Station(Child, Option<BufReader<ChildStdout>>);

impl Station {
    /// Starts it, and tells how long it took to say what it waits for.
    fn start(bench: &Bench<'_>, config: &Path) -> anyhow::Result<(Self, Duration)> {
        let mut command: Command = bench.program.station()?;
        command.args(["run", "--json", "--config"]).arg(config);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut station = Self(command.spawn().context("cannot start the station")?, None);
        let stdout = station.0.stdout.take().context("the station has no output")?;
        let said = station.1.insert(BufReader::new(stdout));
        let mut line = String::new();
        while !line.contains(READY) {
            line.clear();
            ensure!(said.read_line(&mut line)? > 0, "the station ended");
        }
        Ok((station, begun.elapsed()))
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // It may have ended meanwhile.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
