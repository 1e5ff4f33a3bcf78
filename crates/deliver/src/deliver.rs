//! Delivering to several targets at once.

use std::collections::HashSet;
use std::sync::Arc;

use filmwire_catalogue::{Choice, FileFacts, Library};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::backoff::Backoff;
use crate::clock::{Clock, Random, SystemClock, system_random};
use crate::courier::Courier;
use crate::error::Error;
use crate::event::{End, Event, Tell};
use crate::gate::Gate;
use crate::ledger::Ledger;
use crate::pace::Pace;
use crate::quiet::Quiet;
use crate::stop::Stop;
use crate::target::Target;

/// What a file is called at a target, from its path in the library and what it tells of itself:
/// relative, with `/`, without `.` and `..`.
pub type Naming = Arc<dyn Fn(&str, &FileFacts) -> String + Send + Sync>;

/// A target and what it is to get.
#[derive(Clone)]
pub struct Job {
    /// Name of the target, under which the catalogue remembers it.
    pub name: String,
    /// The target.
    pub target: Arc<dyn Target>,
    /// Which files it gets.
    pub choice: Choice,
    /// What files are called there, if not as in the library. What is there already keeps its name.
    pub naming: Option<Naming>,
    /// How fast files go to it; what is read back comes without a limit.
    pub pace: Pace,
    /// When nothing is begun; what is on its way then goes on.
    pub quiet: Option<Quiet>,
}

impl Job {
    /// A target that gets all files, as fast as it takes them.
    #[must_use]
    pub fn new(name: impl Into<String>, target: Arc<dyn Target>) -> Self {
        Self {
            name: name.into(),
            target,
            choice: Choice::default(),
            naming: None,
            pace: Pace::default(),
            quiet: None,
        }
    }
}

/// When delivering ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Until {
    /// When nothing is due at any target; what is to be tried again later is left for later.
    Idle,
    /// When it is asked to stop.
    #[default]
    Stopped,
}

/// How to deliver.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// When to end.
    pub until: Until,
    /// How long to wait after failures, both of a file and of a target as a whole.
    pub backoff: Backoff,
}

/// What delivering needs from around it. The default has the system's clock and randomness, and
/// tells nobody.
#[derive(Clone)]
pub struct Around {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for jitter.
    pub random: Random,
    /// Asked when to stop.
    pub stop: Stop,
    /// Held while there is no way to targets.
    pub gate: Gate,
    /// Notified (`notify_waiters`) when the library has new files, so that they are not found only
    /// when something else is due.
    pub news: Arc<Notify>,
    /// Told what happens.
    pub tell: Tell,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: system_random(),
            stop: Stop::default(),
            gate: Gate::default(),
            news: Arc::default(),
            tell: Arc::new(|_: Event| {}),
        }
    }
}

/// Delivers a library's files to all targets, each independent of the others and one file at a
/// time, and returns how it ended for each job, in their order.
///
/// Nobody else delivers from the library meanwhile; that fetching goes on beside it is fine. Faults
/// of files and targets are no errors; they stand in the catalogue and are told. A stop ends within
/// seconds, also if a target hangs. Cancel-safe: what was being sent when the future is dropped is
/// looked at again by the next call.
///
/// # Errors
/// [`Error::NameTaken`], and the catalogue's `Locked` if another process delivers, before anything
/// is done; otherwise those of the catalogue, after which nothing goes on.
pub async fn deliver(
    library: &Library,
    jobs: Vec<Job>,
    options: &Options,
    around: &Around,
) -> Result<Vec<End>, Error> {
    let mut names = HashSet::new();
    if let Some(job) = jobs.iter().find(|job| !names.insert(job.name.clone())) {
        return Err(Error::NameTaken(job.name.clone()));
    }
    let _lock = library.lock_deliveries()?;
    let ledger = Ledger::open(library)?;
    let mut couriers = JoinSet::new();
    for (place, job) in jobs.into_iter().enumerate() {
        let root = library.root().to_owned();
        let courier = Courier::new(job, ledger.clone(), root, *options, around.clone());
        couriers.spawn(async move { courier.run().await.map(|end| (place, end)) });
    }
    let mut ends = Vec::new();
    // The first error drops the set, and with it the other couriers.
    while let Some(joined) = couriers.join_next().await {
        ends.push(joined??);
    }
    ends.sort_unstable_by_key(|(place, _)| *place);
    Ok(ends.into_iter().map(|(_, end)| end).collect())
}
