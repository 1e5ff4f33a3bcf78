//! `run --once`: each camera is looked for once, then what is due is delivered.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use filmwire_catalogue::{Create, DeliveryState, Library};
use filmwire_deliver::{Around, Options, Until};
use filmwire_ingest::{Error as IngestError, Event, WatchEvent, sync};
use filmwire_link::Lookout;
use filmwire_program::exit::Exit;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::camera::{Body, Scene};
use super::crew::of_delivery;
use super::ground::put_in_order;
use super::open_library;
use super::say::Say;
use super::told::{Teller, Told};
use crate::config::Config;
use crate::context::Context;

/// How long cameras may take to be left.
const DEPARTURE: Duration = Duration::from_secs(6);

/// Runs it. A camera that is not there is no failure; what is not proven to be at a target is.
pub(crate) async fn run(config: &Config, context: &Context) -> Result<Exit> {
    let library = open_library(config, Create::IfMissingOrEmpty, context)?;
    put_in_order(&library, &context.out).await?;
    let mut say = Say::new(config, &library, context.out.clone());
    say.begin()?;
    let (tell, mut heard) = unbounded_channel();
    let work = work(config, &library, context, tell);
    let ended = hear(work, &mut heard, &mut say).await??;
    let exit = match ended {
        _ if context.interrupt.stop.is_asked() => Exit::Interrupted,
        exit if exit != Exit::Done => exit,
        _ if say.has_failed() => Exit::SomeFailed,
        _ if !is_delivered(config, &library)? => Exit::Target,
        _ => Exit::Done,
    };
    say.end(exit)?;
    Ok(exit)
}

/// Says what is told while the work goes on, and what is left when it has ended.
async fn hear<T>(
    work: impl Future<Output = T>,
    heard: &mut UnboundedReceiver<Told>,
    say: &mut Say,
) -> Result<T> {
    tokio::pin!(work);
    let ended = loop {
        tokio::select! {
            biased;
            Some(told) = heard.recv() => say.tell(told)?,
            ended = &mut work => break ended,
        }
    };
    while let Ok(told) = heard.try_recv() {
        say.tell(told)?;
    }
    Ok(ended)
}

async fn work(config: &Config, library: &Library, context: &Context, tell: Teller) -> Result<Exit> {
    let scene = Scene::new(Lookout::new(config.wifi.clone()), tell.clone());
    let mut worst = Exit::Done;
    for (name, entry) in &config.cameras {
        let body = Body::new(name, entry, config, &scene)?;
        let looked = look(&body, config, library, context, &tell).await;
        body.leave_network().await;
        let exit = looked?;
        worst = if worst == Exit::Done { exit } else { worst };
    }
    if let Some(departures) = Arc::into_inner(scene.departures) {
        let _ = tokio::time::timeout(DEPARTURE, departures.wait()).await;
    }
    deliver(config, library, context, tell).await?;
    Ok(worst)
}

/// One look at a camera. Trouble of the camera does not keep others from being looked for, nor does
/// a full disk keep photos from being delivered.
async fn look(
    body: &Body,
    config: &Config,
    library: &Library,
    context: &Context,
    tell: &Teller,
) -> Result<Exit> {
    let stop = &context.interrupt.stop;
    if stop.is_asked() {
        return Ok(Exit::Done);
    }
    let _lock = library.lock()?;
    let options = body.sync_options(config)?;
    let send = |event| {
        // The one who hears lives as long as this work.
        let _ = tell.send(Told::Camera { name: Arc::clone(&body.name), event });
    };
    let mut hear = |event: Event| {
        if !matches!(event, Event::Progress { .. } | Event::Listing { .. }) {
            send(WatchEvent::Pass(event));
        }
    };
    match sync(&body.connector(), library, &options, stop, &mut hear).await {
        Ok(summary) => {
            send(WatchEvent::Served(Box::new(summary)));
            Ok(Exit::Done)
        }
        Err(IngestError::Camera(error)) if error.is_unreachable() => {
            let (name, cause) = (Arc::clone(&body.name), error.to_string());
            let _ = tell.send(Told::Away { name, cause });
            Ok(Exit::Done)
        }
        Err(error) if error.is_full() || is_of_camera(&error) => {
            let error = anyhow::Error::from(error);
            let exit = Exit::of(&error);
            if let Ok(error) = error.downcast() {
                send(WatchEvent::Failed(error));
            }
            Ok(exit)
        }
        Err(error) => Err(error.into()),
    }
}

fn is_of_camera(error: &IngestError) -> bool {
    matches!(error, IngestError::Camera(_) | IngestError::Restless(_) | IngestError::NoCard)
}

async fn deliver(
    config: &Config,
    library: &Library,
    context: &Context,
    tell: Teller,
) -> Result<()> {
    let jobs = config.jobs(library.id())?;
    if jobs.is_empty() || context.interrupt.stop.is_asked() {
        return Ok(());
    }
    let around = Around {
        tell: Arc::new(move |event| {
            let _ = tell.send(Told::Target(event));
        }),
        ..Around::default()
    };
    let options = Options { until: Until::Idle, ..Options::default() };
    let work = filmwire_deliver::deliver(library, jobs, &options, &around);
    tokio::pin!(work);
    let ended = tokio::select! {
        ended = &mut work => ended,
        () = context.interrupt.stop.asked() => {
            around.stop.ask();
            work.await
        }
    };
    ended.map(drop).map_err(of_delivery)
}

/// True if nothing of what the configured targets are to get lacks its proof.
fn is_delivered(config: &Config, library: &Library) -> Result<bool> {
    let counts = library.catalogue()?.delivery_counts()?;
    Ok(counts.iter().all(|count| {
        count.state == DeliveryState::Proven || !config.targets.contains_key(&count.target)
    }))
}
