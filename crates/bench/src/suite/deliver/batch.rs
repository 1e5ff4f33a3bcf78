//! Many files to several places, each behind a link of its own speed, together and one by one.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::place::{Place, listed};
use super::{LIMIT, check, clear, library};
use crate::child;
use crate::sample::Sample;
use crate::suite::Bench;
use crate::table::{Row, Table, Unit};

const FILES: u32 = 200;
const BYTES: u64 = 256 << 10;
/// How much of the slowest link's speed each other one is faster than that before it.
const FASTER: f64 = 0.25;
/// Folders beside the servers that are listed.
const FOLDERS: usize = 3;

pub(crate) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let scratch = bench.scratch()?;
    let library = library(bench, scratch.path(), (FILES, BYTES))?;
    let folder = |number| Place::local(&scratch.path().join(format!("delivered-{number}")));
    let mut places: Vec<Place> = (1..=FOLDERS).map(folder).collect();
    if let Some(servers) = &bench.args.servers {
        places.extend(listed(servers)?);
    }
    let mut alone = Sample::default();
    for (number, place) in places.iter().enumerate() {
        let run = Batch { library: &library, name: "alone" };
        alone.time(run.deliver(bench, scratch.path(), &[(number, place)])?);
    }
    let all: Vec<(usize, &Place)> = places.iter().enumerate().collect();
    let together = Batch { library: &library, name: "together" };
    let together = together.deliver(bench, scratch.path(), &all)?.as_secs_f64();

    table.group(format!(
        "{FILES} files of {} KiB, {} places behind links of {} to {} KiB/s",
        BYTES >> 10,
        places.len(),
        link(bench, 0),
        link(bench, places.len() - 1)
    ));
    table.push(Row::new("to each place alone", Unit::Seconds, &alone));
    let ratio = together / alone.max();
    table.push(
        Row::new("to all of them at once", Unit::Seconds, &Sample::from_iter([together]))
            .against("time of the slowest", ratio)
            .at_most(ratio, 1.15, Unit::Count),
    );
    Ok(())
}

/// The speed of a place's link in KiB a second.
fn link(bench: &Bench<'_>, number: usize) -> u64 {
    (f64::from(bench.args.link) * (1.0 + number as f64 * FASTER)) as u64
}

/// One run of the station; targets of a name of its own are new ones.
struct Batch<'a> {
    library: &'a Path,
    name: &'a str,
}

impl Batch<'_> {
    fn deliver(
        &self,
        bench: &Bench<'_>,
        scratch: &Path,
        places: &[(usize, &Place)],
    ) -> anyhow::Result<Duration> {
        let config = scratch.join("station.toml");
        let mut text = format!("library = \"{}\"\n", self.library.display());
        for (number, place) in places {
            let (name, target, link) = (self.name, &place.target, link(bench, *number));
            let _ = write!(
                text,
                "[targets.{name}{number}]\n{target}make = true\nlimit_kib_s = {link}\n"
            );
        }
        std::fs::write(&config, text)?;
        let mut command = bench.program.station()?;
        command.args(["run", "--once", "--config"]).arg(config);
        let time = child::run(command, scratch, LIMIT)?.time;
        for (_, place) in places {
            check(place, (FILES, BYTES))?;
            clear(place)?;
        }
        Ok(time)
    }
}
