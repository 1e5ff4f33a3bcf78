//! All that works at the same time, and its end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use filmwire_camera::Departures;
use filmwire_catalogue::{Error as CatalogueError, Library};
use filmwire_deliver::{
    Around, Backoff, Clock, Error as DeliverError, Job, Options, SystemClock, Until,
};
use filmwire_ingest::{Error as IngestError, Event, Requests, Stop, WatchEvent, Watching, watch};
use filmwire_link::Lookout;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::failure;
use filmwire_program::interrupt::Interrupt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;

use super::camera::{Body, Scene};
use super::lamp::Lamp;
use super::notify::Service;
use super::say::Say;
use super::state::State;
use super::stranger::Strangers;
use super::told::{Heard, Told};
use crate::config::Config;
use crate::context::Context;

/// How long work may go on after a stop was asked. With [`DEPARTURE`] and the
/// lamp's last second it stays below the ten seconds
/// that are promised.
const STOP_LIMIT: Duration = Duration::from_secs(6);
/// How long cameras may take to be left once all work has ended.
const DEPARTURE: Duration = Duration::from_secs(2);

/// How long what another program queued, as `deliver retry` does, may lie unseen.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// Between two tries to deliver where the disk with the catalogue is full.
const ROOM_PAUSE: Duration = Duration::from_secs(60);

/// How fast cameras are looked for, and targets tried again.
pub(crate) struct Pace {
    /// Of each camera's watch.
    pub(crate) watching: Watching,
    /// Of targets.
    pub(crate) backoff: Backoff,
}

impl From<&Config> for Pace {
    fn from(config: &Config) -> Self {
        let watching = Watching { every: config.every, ..Watching::default() };
        Self { watching, backoff: Backoff::default() }
    }
}

/// What a crew works with.
pub(crate) struct Means {
    /// How fast.
    pub(crate) pace: Pace,
    /// Looks for cameras' networks.
    pub(crate) lookout: Arc<Lookout>,
    /// By which it is decided when targets are tried again.
    pub(crate) clock: Arc<dyn Clock>,
    /// What is delivered where.
    pub(crate) jobs: Vec<Job>,
}

impl Means {
    /// As it is configured; `library` is its id. Reads secrets.
    pub(crate) fn of(config: &Config, library: &str, pace: Pace) -> Result<Self> {
        let (lookout, jobs) = (Lookout::new(config.wifi.clone()), config.jobs(library)?);
        Ok(Self { pace, lookout, clock: Arc::new(SystemClock), jobs })
    }
}

/// What ended.
enum Ended {
    /// A task that goes on until a stop is asked for.
    Asked,
    Camera(Result<(), IngestError>),
    Targets(Result<(), DeliverError>),
}

/// The tasks of a station.
pub(crate) struct Crew {
    tasks: JoinSet<Ended>,
    heard: Heard,
    departures: Arc<Departures>,
    interrupt: Interrupt,
    lamp: Lamp,
}

impl Crew {
    /// Starts to watch all cameras, and to deliver.
    ///
    /// Fails if the system gives no signals, or a setting cannot be used.
    pub(crate) fn start(
        config: &Config,
        library: Library,
        context: &Context,
        means: Means,
    ) -> Result<Self> {
        let Means { pace, lookout, clock, jobs } = means;
        let library = Arc::new(library);
        let (tell, heard) = unbounded_channel();
        let scene = Scene::new(lookout, tell.clone());
        let interrupt = context.interrupt.clone();
        let mut tasks = JoinSet::new();
        let (news, stop) = (Arc::new(Notify::new()), filmwire_deliver::Stop::default());
        let (asked, asking) = (interrupt.stop.clone(), stop.clone());
        tasks.spawn(async move {
            asked.asked().await;
            asking.ask();
            Ended::Asked
        });
        let mut requests = Vec::new();
        for (name, entry) in &config.cameras {
            let body = Body::new(name, entry, config, &scene)?;
            let watching = Watching { requests: Requests::default(), ..pace.watching.clone() };
            requests.push(watching.requests.clone());
            tasks.spawn(serve(body, config, &library, watching, &interrupt.stop, &news, &tell)?);
        }
        if let Some(strangers) = Strangers::of(config, &scene.lookout) {
            let (asked, tell) = (interrupt.stop.clone(), tell.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = strangers.tell(tell) => {}
                    () = asked.asked() => {}
                }
                Ended::Asked
            });
        }
        listen(requests, Arc::clone(&news), interrupt.stop.clone())?;
        if !jobs.is_empty() {
            let around = Around {
                clock,
                stop,
                gate: scene.gate.clone(),
                news,
                tell: Arc::new(move |event| {
                    // Whoever hears it may be gone already.
                    let _ = tell.send(Told::Target(event));
                }),
                ..Around::default()
            };
            let options = Options { until: Until::Stopped, backoff: pace.backoff };
            tasks.spawn(async move {
                loop {
                    let jobs = jobs.clone();
                    let work = filmwire_deliver::deliver(&library, jobs, &options, &around);
                    match work.await {
                        // Where nothing can be written down, nothing can be sent.
                        Err(DeliverError::Catalogue(CatalogueError::Full { .. }))
                            if !around.stop.is_asked() => {}
                        delivered => return Ended::Targets(delivered.map(drop)),
                    }
                    tokio::select! {
                        () = tokio::time::sleep(ROOM_PAUSE) => {}
                        () = around.stop.asked() => {}
                    }
                }
            });
        }
        let lamp = Lamp::start(config.lamp.clone(), context.out.clone());
        let departures = scene.departures;
        Ok(Self { tasks, heard, departures, interrupt, lamp })
    }

    /// Tells what happens until all work has ended; what ended it before it was asked to.
    pub(crate) async fn work(
        mut self,
        say: &mut Say,
        service: &Service,
        observe: &mut dyn FnMut(&Told),
    ) -> Option<Exit> {
        let mut failure = None;
        let asked = self.interrupt.stop.clone();
        let limit = async {
            asked.asked().await;
            service.stopping();
            tokio::time::sleep(STOP_LIMIT).await;
        };
        tokio::pin!(limit);
        let mut is_heard = true;
        while is_heard || !self.tasks.is_empty() {
            tokio::select! {
                biased;
                told = self.heard.recv(), if is_heard => match told {
                    None => is_heard = false,
                    Some(told) => {
                        observe(&told);
                        self.say(say, service, told);
                    }
                },
                Some(ended) = self.tasks.join_next() => {
                    let ended = ended.map_err(|error| {
                        Trouble::failed(format!("a task broke off: {error}"), "report this defect").into()
                    });
                    if let Err(error) = ended.and_then(as_error) {
                        let exit = failure::report(&error, say.out());
                        failure.get_or_insert(exit);
                        self.interrupt.stop();
                    }
                }
                () = &mut limit => break,
            }
        }
        // Also where all ended before the limit was looked at.
        service.stopping();
        drop(self.tasks);
        // A station that is not there shows nothing.
        self.lamp.set(State::Waiting);
        self.lamp.end().await;
        if let Some(departures) = Arc::into_inner(self.departures) {
            let _ = tokio::time::timeout(DEPARTURE, departures.wait()).await;
        }
        failure
    }

    fn say(&self, say: &mut Say, service: &Service, told: Told) {
        let before = say.state();
        if say.tell(told).is_err() {
            // Nobody reads any more.
            self.interrupt.stop();
        }
        if say.state() != before {
            service.status(say.state().word());
            self.lamp.set(say.state());
        }
    }
}

fn as_error(ended: Ended) -> Result<()> {
    match ended {
        Ended::Asked | Ended::Camera(Ok(())) | Ended::Targets(Ok(())) => Ok(()),
        Ended::Camera(Err(error)) => Err(error.into()),
        Ended::Targets(Err(error)) => Err(of_delivery(error)),
    }
}

/// An error of delivering in the words that exit codes are chosen by.
pub(crate) fn of_delivery(error: DeliverError) -> anyhow::Error {
    match error {
        DeliverError::Catalogue(error) => error.into(),
        error => Trouble::failed(error.to_string(), "report this defect").into(),
    }
}

/// The task of one camera.
fn serve(
    body: Body,
    config: &Config,
    library: &Arc<Library>,
    watching: Watching,
    stop: &Stop,
    news: &Arc<Notify>,
    tell: &super::told::Teller,
) -> Result<impl Future<Output = Ended> + Send + use<>> {
    let options = body.sync_options(config)?;
    let (library, stop) = (Arc::clone(library), stop.clone());
    let (news, tell) = (Arc::clone(news), tell.clone());
    Ok(async move {
        let (connect, place) = (body.connector(), body.place());
        let mut hear = |event: WatchEvent| {
            match &event {
                // Many a second, and nobody looks at a bar.
                WatchEvent::Pass(Event::Progress { .. } | Event::Listing { .. }) => return,
                WatchEvent::Pass(Event::Published(_)) => news.notify_waiters(),
                _ => {}
            }
            // Whoever hears it may be gone already.
            let _ = tell.send(Told::Camera { name: Arc::clone(&body.name), event });
        };
        let ended = watch(&connect, &place, &library, &options, &watching, &stop, &mut hear).await;
        body.leave_network().await;
        Ended::Camera(ended)
    })
}

/// Turns SIGUSR1 into requests to all cameras and targets, and lets targets look for what other
/// programs queued now and then.
fn listen(requests: Vec<Requests>, news: Arc<Notify>, stop: Stop) -> Result<()> {
    let mut signals = signal(SignalKind::user_defined1())
        .map_err(|cause| Trouble::storage("use", "the system's signals", cause))?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                signal = signals.recv() => match signal {
                    Some(()) => requests.iter().for_each(Requests::ask),
                    None => return,
                },
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stop.asked() => return,
            }
            news.notify_waiters();
        }
    });
    Ok(())
}
