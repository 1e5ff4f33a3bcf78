//! The station brings one large file to a place, beside `rclone copyto`; neither reads it back.

mod batch;
mod place;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use filmwire_sim::Link;

use self::place::{Place, listed};
use super::{Bench, published};
use crate::camera::{SimulatedCamera, pattern_card};
use crate::child::{self, Run};
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

/// Far beyond what any machine needs.
const LIMIT: Duration = Duration::from_secs(180);
/// No round with a place is begun after this time.
const BUDGET: Duration = Duration::from_secs(60);
/// What the station may have resident, in MiB.
const MIB: f64 = 32.0;

/// A library of one film.
struct Source {
    library: PathBuf,
    film: PathBuf,
    /// Targets that were delivered to, so that each is a new one.
    targets: u32,
}

#[derive(Default)]
struct Results {
    time: Sample,
    peak_mib: Sample,
}

impl Results {
    fn add(&mut self, run: &Run) {
        self.time.time(run.time);
        self.peak_mib.add(run.peak_mib);
    }
}

pub(super) use self::batch::measure as measure_batch;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let scratch = bench.scratch()?;
    let mut source = fetched(bench, scratch.path())?;
    let mut places = vec![Place::local(&scratch.path().join("delivered"))];
    let has_rclone = child::time(Command::new("rclone").arg("version")).is_ok();
    if let Some(servers) = &bench.args.servers {
        places.extend(listed(servers)?);
    }
    table.group(format!("{} MiB delivered, whole processes", bench.args.size));
    for place in &places {
        let (mut station, mut rclone) = (Results::default(), Results::default());
        let began = Instant::now();
        for round in 0..bench.args.rounds {
            // Every other round goes backwards, so that nobody always comes first.
            for turn in [round % 2 == 0, round % 2 == 1] {
                match turn {
                    true => station.add(&deliver(bench, scratch.path(), &mut source, place)?),
                    false => {
                        if let Some(remote) = place.remote.as_ref().filter(|_| has_rclone) {
                            rclone.add(&copy(bench, scratch.path(), &source, (place, remote))?);
                        }
                    }
                }
            }
            if began.elapsed() > BUDGET {
                break;
            }
        }
        let why_alone = match place.remote {
            Some(_) => "rclone is not installed",
            None => "not reached by rclone",
        };
        report(bench.bytes(), place, (&station, &rclone), why_alone, table);
    }
    Ok(())
}

/// A library of one film.
fn fetched(bench: &Bench<'_>, scratch: &Path) -> anyhow::Result<Source> {
    let library = library(bench, scratch, (1, bench.bytes()))?;
    let film = films(&library)?.into_iter().next().context("nothing was fetched")?;
    Ok(Source { library, film, targets: 0 })
}

/// Fetches films of so many bytes each from a simulated camera.
fn library(
    bench: &Bench<'_>,
    scratch: &Path,
    (films, bytes): (u32, u64),
) -> anyhow::Result<PathBuf> {
    let camera = SimulatedCamera::start("X-A2", pattern_card(films, bytes), Link::default())?;
    let library = scratch.join("library");
    std::fs::create_dir(&library)?;
    child::run(bench.program.with_library(&["sync"], &camera.address(), &library), scratch, LIMIT)?;
    Ok(library)
}

/// The films below a folder.
fn films(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = published(folder)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "MOV"));
    Ok(files)
}

fn deliver(
    bench: &Bench<'_>,
    scratch: &Path,
    source: &mut Source,
    place: &Place,
) -> anyhow::Result<Run> {
    source.targets += 1;
    let config = scratch.join("station.toml");
    let (library, number, target) = (source.library.display(), source.targets, &place.target);
    std::fs::write(
        &config,
        format!(
            "library = \"{library}\"\n[targets.t{number}]\n{target}make = true\nproof = \"size\"\n"
        ),
    )?;
    let mut command = bench.program.station()?;
    command.args(["run", "--once", "--config"]).arg(config);
    let run = child::run(command, scratch, LIMIT)?;
    check(place, (1, bench.bytes()))?;
    clear(place)?;
    Ok(run)
}

fn copy(
    bench: &Bench<'_>,
    scratch: &Path,
    source: &Source,
    (place, remote): (&Place, &str),
) -> anyhow::Result<Run> {
    let config = scratch.join("rclone.conf");
    std::fs::write(&config, format!("[to]\n{remote}"))?;
    let mut command = Command::new("rclone");
    // Without the settings of whoever runs the benchmark.
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", scratch);
    command.arg("copyto").arg(&source.film).arg(format!("to:{}/film.MOV", place.at));
    command.arg("--config").arg(config).args(["--ignore-checksum", "--retries", "1"]);
    command.args(&place.words);
    let run = child::run(command, scratch, LIMIT)?;
    check(place, (1, bench.bytes()))?;
    clear(place)?;
    Ok(run)
}

/// What delivered less than it should would look fast.
fn check(place: &Place, (count, bytes): (u32, u64)) -> anyhow::Result<()> {
    let films = films(&place.folder)?;
    ensure!(films.len() == count as usize, "{} films are at {}", films.len(), place.name);
    for film in films {
        let found = film.metadata()?.len();
        ensure!(found == bytes, "{found} bytes of a film are at {}", place.name);
    }
    Ok(())
}

/// Removes what was delivered; the folder itself belongs to whoever made it.
fn clear(place: &Place) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(&place.folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => std::fs::remove_dir_all(path)?,
            false => std::fs::remove_file(path)?,
        }
    }
    Ok(())
}

fn report(
    bytes: u64,
    place: &Place,
    (station, rclone): (&Results, &Results),
    why_alone: &str,
    table: &mut Table,
) {
    let name = &place.name;
    let speed = |results: &Results| results.time.map(|seconds| bytes as f64 / seconds);
    let row = Row::new(format!("{name}: station"), Unit::Speed, &speed(station));
    let memory = Row::new(format!("{name}: its peak memory"), Unit::Mib, &station.peak_mib);
    if rclone.time.median().is_nan() {
        table.push(row.note(why_alone));
        table.push(memory.below(station.peak_mib.max(), MIB, Unit::Mib));
        return;
    }
    let ratio = rclone.time.median() / station.time.median();
    let row = row.against("speed of rclone", ratio);
    // A folder's file is on the disk when the station says so; rclone leaves it to the system.
    let is_fair = name != "folder";
    table.push(if is_fair { row.at_least(ratio, 0.9, Unit::Count) } else { row });
    let theirs = Unit::Mib.show(rclone.peak_mib.median());
    table.push(memory.note(format!("rclone: {theirs}")).below(
        station.peak_mib.max(),
        MIB.min(rclone.peak_mib.min()),
        Unit::Mib,
    ));
}
