//! How long it takes until work can begin.

use std::time::{Duration, Instant};

use filmwire_camera::{Address, Camera, Options, TcpNetwork};
use filmwire_sim::Link;

use super::Bench;
use crate::bare::PAUSE;
use crate::camera::{SimulatedCamera, photo_card};
use crate::child;
use crate::sample::Sample;
use crate::table::{Row, Table, Unit};

const CONNECTS: usize = 50;
const STARTS: usize = 20;

pub(super) fn measure(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    table.group(format!("Start, median of {STARTS} processes and {CONNECTS} connects"));
    version(bench, table)?;
    let bare = bare_opening(bench)?;
    table.push(Row::new("bare loop opens an X-A2", Unit::Millis, &bare));
    for model in ["X-A2", "X-T4", "X-T5"] {
        let ready = gallery_ready(model)?;
        let beyond = ready.map(|seconds| seconds - PAUSE.as_secs_f64());
        table.push(
            Row::new(
                format!("gallery of {model} beyond the pause of 50 ms"),
                Unit::Millis,
                &beyond,
            )
            .note(format!("{} in all", Unit::Millis.show(ready.median())))
            .below(beyond.median(), 0.010, Unit::Millis),
        );
    }
    Ok(())
}

fn version(bench: &Bench<'_>, table: &mut Table) -> anyhow::Result<()> {
    let (mut program, mut nothing) = (Sample::default(), Sample::default());
    for _ in 0..STARTS {
        program.time(child::time(&mut bench.program.command(&["--version"]))?);
        nothing.time(child::time(&mut child::own(&["nothing"])?)?);
    }
    table.push(Row::new("a process that does nothing", Unit::Millis, &nothing));
    let median = program.median();
    table.push(Row::new("filmwire --version", Unit::Millis, &program).below(
        median,
        0.010,
        Unit::Millis,
    ));
    Ok(())
}

fn bare_opening(bench: &Bench<'_>) -> anyhow::Result<Sample> {
    let camera = SimulatedCamera::start("X-A2", photo_card(10), Link::default())?;
    let scratch = bench.scratch()?;
    let mut sample = Sample::default();
    for _ in 0..STARTS {
        let command = child::own(&["open", &camera.port().to_string()])?;
        sample.add(child::run(command, scratch.path(), Duration::from_secs(10))?.told_seconds()?);
    }
    Ok(sample)
}

/// The persona answers at once, so that the pause is the only wait the protocol asks for.
fn gallery_ready(model: &str) -> anyhow::Result<Sample> {
    let camera = SimulatedCamera::start(model, photo_card(10), Link::default())?;
    camera.simulator().with_persona(|persona| {
        persona.reply_times = false;
        persona.ok = filmwire_sim::persona::OkPolicy::None;
    });
    let address = Address { host: "127.0.0.1".into(), port: camera.port(), interface: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut sample = Sample::default();
    for _ in 0..CONNECTS {
        let network = TcpNetwork::new(address.clone());
        runtime.block_on(async {
            let start = Instant::now();
            let camera = Camera::connect(network, Options::default()).await?;
            sample.time(start.elapsed());
            camera.leave().await;
            anyhow::Ok(())
        })?;
        runtime.block_on(camera.simulator().wait_idle());
    }
    Ok(sample)
}
