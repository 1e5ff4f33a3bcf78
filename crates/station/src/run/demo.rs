//! `run --demo`: the whole cycle with a simulated camera that shoots, comes and goes.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use filmwire_camera::Address;
use filmwire_catalogue::{Choice, META_FOLDER};
use filmwire_deliver::{Backoff, Event, Happening, Usage};
use filmwire_ingest::{WatchEvent, Watching};
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::file::CameraEntry;
use filmwire_program::output::text;
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Link, Persona, SimOptions, SimServer, Simulator};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

use super::crew::{Crew, Means, Pace};
use super::ground::open_for_demo;
use super::lamp::LampConfig;
use super::notify::Service;
use super::say::Say;
use super::told::Told;
use crate::config::{CameraConfig, Config, StoreWay, TargetConfig, TargetWay};
use crate::context::Context;

const FOLDER: &str = "filmwire-station-demo";
const MODEL: &str = "X-T20";
const CAMERA: &str = "demo";
const PHOTOS: u32 = 5;
const MORE: usize = 3;
/// Slow enough for a person to follow.
const LINK_BYTES_S: u64 = 4_000_000;
const PHOTO_BYTES: RangeInclusive<u64> = 1_500_000..=3_000_000;
/// Longest wait for any step of the play.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the camera of the play waits for.
enum Cue {
    /// It was served; it may be switched off.
    Resting,
    /// It was seen gone.
    Gone,
}

/// Plays it.
pub(crate) async fn run(context: &Context) -> Result<Exit> {
    let again = Path::new(FOLDER).join("photos").join(META_FOLDER).exists();
    if again {
        let text = format!("{FOLDER} is there already");
        return Err(Trouble::usage(text, "remove that folder to see the play again").into());
    }
    let spec = GenerateSpec { photos: PHOTOS, photo_bytes: PHOTO_BYTES, ..GenerateSpec::default() };
    let link = Link::bytes(LINK_BYTES_S);
    let options =
        SimOptions { link, ..SimOptions::new(Persona::builtin(MODEL)?, Card::generated(&spec)) };
    let server = SimServer::bind(options).await?;
    let config = config(&server.addresses().command.to_string())?;
    context.out.note(&format!(
        "A simulated {MODEL} plays the camera, and the folder {FOLDER}/nas a NAS.\n\
         It has shot {PHOTOS} photos and goes on air.\n"
    ));
    let library = open_for_demo(&config, context)?;
    let mut say = Say::new(&config, &library, context.out.clone());
    say.begin()?;
    let means = Means::of(&config, library.id(), pace())?;
    let crew = Crew::start(&config, library, context, means)?;
    let (cue, cues) = unbounded_channel();
    let (proven, all_proven) = watch::channel(0);
    let mut observe = move |told: &Told| {
        proven.send_modify(|proven| *proven += u64::from(is_proof(told)));
        if let Some(of_told) = cue_of(told) {
            // The play may be over.
            let _ = cue.send(of_told);
        }
    };
    let play = async {
        let played = play(server, cues, all_proven, context).await;
        context.interrupt.stop();
        played
    };
    let service = Service::start();
    let (failure, played) = tokio::join!(crew.work(&mut say, &service, &mut observe), play);
    let exit = match (failure, played) {
        (Some(exit), _) => exit,
        (None, Ok(true)) => Exit::Done,
        (None, Ok(false)) => Exit::Interrupted,
        (None, Err(error)) => return Err(error),
    };
    say.end(exit)?;
    if exit == Exit::Done {
        let all = text::count(u64::from(PHOTOS) + MORE as u64, "photo", "photos");
        context.out.note(&format!(
            "\nAll {all} are in {FOLDER}/photos, and proven to be in {FOLDER}/nas."
        ));
    }
    Ok(exit)
}

fn config(address: &str) -> Result<Config> {
    let address: Address = address.parse()?;
    let entry = CameraEntry { address, key: None, way: None };
    let camera = CameraConfig { entry, network: None };
    let root = std::path::absolute(FOLDER)?;
    std::fs::create_dir_all(&root).map_err(|cause| Trouble::storage("make", &root, cause))?;
    let usage = Usage { make: true, read_back: true };
    let way = TargetWay::Files(StoreWay::Folder(root.join("nas")), usage);
    let target =
        TargetConfig { way, choice: Choice::default(), limit: None, quiet: None, template: None };
    Ok(Config {
        file: None,
        library: Some(root.join("photos")),
        library_id: None,
        name_template: None,
        client_name: "filmwire".to_owned(),
        keep_free: 16 << 20,
        every: Duration::from_secs(1),
        cameras: BTreeMap::from([(CAMERA.to_owned(), camera)]),
        wifi: filmwire_link::Choice::default(),
        targets: BTreeMap::from([("nas".to_owned(), target)]),
        lamp: LampConfig::default(),
        prune: None,
    })
}

/// Faster than in earnest, where radios lose packets and nobody watches.
fn pace() -> Pace {
    let watching = Watching {
        every: Duration::from_millis(500),
        look_every: Duration::from_millis(300),
        gone_looks: 2,
        ..Watching::default()
    };
    Pace { watching, backoff: Backoff::default() }
}

fn cue_of(told: &Told) -> Option<Cue> {
    match told {
        Told::Camera { event: WatchEvent::Resting, .. } => Some(Cue::Resting),
        Told::Camera { event: WatchEvent::Gone, .. } => Some(Cue::Gone),
        _ => None,
    }
}

fn is_proof(told: &Told) -> bool {
    matches!(told, Told::Target(Event { what: Happening::Proven { .. }, .. }))
}

/// What the person with the camera does; false if the play was interrupted.
async fn play(
    server: SimServer,
    mut cues: UnboundedReceiver<Cue>,
    mut proven: watch::Receiver<u64>,
    context: &Context,
) -> Result<bool> {
    let (simulator, address) = (server.simulator().clone(), server.addresses().command);
    let stop = context.interrupt.stop.clone();
    let work = async {
        wait(&mut cues, "to be served", |cue| matches!(cue, Cue::Resting)).await?;
        context.out.note("\nThe camera is switched off, and shoots some more.\n");
        server.shutdown().await;
        wait(&mut cues, "to be seen gone", |cue| matches!(cue, Cue::Gone)).await?;
        let server = return_with_more(&simulator, address).await?;
        context.out.note("\nThe camera is on air again.\n");
        wait(&mut cues, "to be served again", |cue| matches!(cue, Cue::Resting)).await?;
        server.shutdown().await;
        wait(&mut cues, "to be seen gone again", |cue| matches!(cue, Cue::Gone)).await?;
        let all = proven.wait_for(|proven| *proven == u64::from(PHOTOS) + MORE as u64);
        // The counter lives as long as the play.
        let _ = patient(all, "for all photos to be delivered").await?;
        Ok(())
    };
    tokio::select! {
        () = stop.asked() => Ok(false),
        played = work => played.map(|()| true),
    }
}

async fn return_with_more(
    simulator: &Simulator,
    address: std::net::SocketAddr,
) -> Result<SimServer> {
    simulator.with_card(|card| card.shoot(MORE));
    simulator.set_on_air(true);
    Ok(SimServer::listen(simulator.clone(), address).await?)
}

async fn wait(
    cues: &mut UnboundedReceiver<Cue>,
    what: &str,
    is_it: impl Fn(&Cue) -> bool,
) -> Result<()> {
    let waiting = async {
        while let Some(cue) = cues.recv().await {
            if is_it(&cue) {
                return;
            }
        }
        std::future::pending().await
    };
    patient(waiting, what).await
}

async fn patient<T>(waiting: impl Future<Output = T>, what: &str) -> Result<T> {
    tokio::time::timeout(PATIENCE, waiting).await.map_err(|_| {
        let text = format!("the simulated camera waited in vain {what}");
        Trouble::failed(text, "report this defect").into()
    })
}
