//! A simulated camera, a simulated clock, and a journal in a folder.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use filmwire_camera::{Allow, Camera, Departures, Error as CameraError, Options, Remote};
use filmwire_codec::OperationCode;
use filmwire_shoot::timelapse::clock::Clock;
use filmwire_shoot::timelapse::journal::{Journal, Past, Terms};
use filmwire_shoot::timelapse::ramp::Limits;
use filmwire_shoot::timelapse::schedule::Schedule;
use filmwire_shoot::timelapse::window::Windows;
use filmwire_shoot::timelapse::{
    ConnectRemote, Errand, Error, Event, Keep, Originals, Outcome, Setup, run,
};
use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Persona, Simulator};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::network::SimNetwork;

pub(crate) struct SimConnect(pub(crate) Simulator);

impl ConnectRemote for SimConnect {
    async fn connect(&self) -> Result<Remote, CameraError> {
        let allow = Allow { settings: true, shoot: true, ..Allow::default() };
        let options = Options { allow, ..Options::default() };
        let network = SimNetwork(self.0.clone());
        Camera::connect_remote(network, options, &Departures::default()).await
    }
}

/// Tokio's clock, begun at a time of our own.
#[derive(Clone)]
pub(crate) struct SimClock {
    start: Instant,
    at: Timestamp,
    /// Seconds that it was set back.
    back: Arc<AtomicI64>,
}

impl SimClock {
    pub(crate) fn new() -> Self {
        let at = "2026-12-01T18:00:00Z".parse().unwrap();
        Self { start: Instant::now(), at, back: Arc::default() }
    }

    /// Sets it back.
    pub(crate) fn set_back(&self, seconds: i64) {
        self.back.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.at(Instant::now().into_std())
    }

    fn at(&self, instant: std::time::Instant) -> Timestamp {
        let since = instant.duration_since(self.start.into_std());
        let back = SignedDuration::from_secs(self.back.load(Ordering::Relaxed));
        self.at + SignedDuration::try_from(since).unwrap() - back
    }

    async fn until(&self, at: Timestamp) {
        // It may be set back meanwhile.
        while self.now() < at {
            let left = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
            tokio::time::sleep(left).await;
        }
    }
}

pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) clock: SimClock,
    pub(crate) schedule: Schedule,
    pub(crate) starts_now: bool,
    pub(crate) ramp: Option<Limits>,
    pub(crate) keep: Option<Keep>,
    pub(crate) errand: Option<(Box<dyn Errand>, bool)>,
    folder: tempfile::TempDir,
}

pub(crate) fn simulator() -> Simulator {
    let card = Card::generated(&GenerateSpec { photos: 0, ..GenerateSpec::default() });
    let sim = Simulator::new(Persona::builtin("X-T4").unwrap(), card);
    sim.set_allow(filmwire_sim::Allow { settings: true, shoot: true, ..Default::default() });
    // One file a picture, and room for all of them.
    sim.turn(0xD018, 2);
    sim.set_pictures_remaining(10_000_000);
    sim
}

impl World {
    pub(crate) fn new(interval: Duration, count: u64) -> Self {
        let clock = SimClock::new();
        let schedule = Schedule {
            start: clock.now(),
            interval,
            count: Some(count),
            until: None,
            windows: Windows::default(),
            zone: TimeZone::UTC,
        };
        let folder = tempfile::tempdir().unwrap();
        Self {
            sim: simulator(),
            clock,
            schedule,
            starts_now: true,
            ramp: None,
            keep: None,
            errand: None,
            folder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn originals(&self) -> Option<Originals<'_>> {
        let (errand, in_pauses) = self.errand.as_ref()?;
        Some(Originals { errand: errand.as_ref(), in_pauses: *in_pauses })
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms::from([("interval".to_owned(), format!("{:?}", self.schedule.interval))])
    }

    /// A run until it ends or `stop` does.
    pub(crate) async fn run_until(
        &self,
        stop: impl Future<Output = ()>,
    ) -> (Result<Outcome, Error>, Vec<Event>) {
        let mut events = Vec::new();
        let result = self.run_into(stop, &mut events).await;
        (result, events)
    }

    /// The same; what was told stays where the run is dropped.
    pub(crate) async fn run_into(
        &self,
        stop: impl Future<Output = ()>,
        events: &mut Vec<Event>,
    ) -> Result<Outcome, Error> {
        self.run_telling(stop, &mut |event| events.push(event)).await
    }

    /// The same; what is told can be acted upon.
    pub(crate) async fn run_telling(
        &self,
        stop: impl Future<Output = ()>,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Outcome, Error> {
        let setup = Setup {
            connect: &SimConnect(self.sim.clone()),
            clock: &self.clock,
            journal: &self.path("journal"),
            terms: &self.terms(),
            schedule: self.schedule.clone(),
            starts_now: self.starts_now,
            on_gap: None,
            ramp: self.ramp.clone(),
            keep: self.keep.clone(),
            originals: self.originals(),
        };
        run(setup, stop, tell).await
    }

    pub(crate) async fn run(&self) -> (Outcome, Vec<Event>) {
        let (result, events) = self.run_until(std::future::pending()).await;
        (result.unwrap_or_else(|error| panic!("{error}: {events:#?}")), events)
    }

    /// What the journal says.
    pub(crate) fn past(&self) -> Past {
        Journal::open(&self.path("journal"), &self.terms()).unwrap().1.unwrap()
    }

    /// Pictures on the card.
    pub(crate) fn on_card(&self) -> u64 {
        self.sim.with_card(|card| card.len()) as u64
    }

    pub(crate) fn releases(&self) -> usize {
        let code = OperationCode::INITIATE_CAPTURE.0;
        self.sim.journal().iter().filter(|row| row.operation == code).count()
    }
}
