//! Delivering to whatever keeps files under names.
//!
//! A file is written under a temporary name in the folder it is meant for, and renamed without
//! replacing. A marker in the root tells the target from an empty place that was put where it was.
//! The steps are those of `docs/design/delivery.md`; what they are done with is a
//! [`Store`](crate::store::Store).

mod mark;
mod name;
mod prove;
mod put;
#[cfg(feature = "site")]
mod small;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::Digest;

pub use self::mark::MARK_FILE;
pub(crate) use self::name::folder_of;
use self::name::inside;
#[cfg(feature = "site")]
pub(crate) use self::name::{checked, numbered};
#[cfg(feature = "site")]
pub(crate) use self::put::MOST_NUMBERS;
#[cfg(feature = "site")]
pub(crate) use self::small::{Leave, Over};
use crate::clock::random_bits;
use crate::fault::Fault;
use crate::pulse::Pulse;
use crate::stop::Stop;
use crate::store::Store;
use crate::target::{Future, Placed, Target, Upload, Verdict};

/// How a store is used as a target.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Whether its root may be made a target on its first use, if it is missing or empty. One that
    /// was used before is never made anew.
    pub make: bool,
    /// Whether proof is reading a file back; else it is its size.
    pub read_back: bool,
}

/// A store as a target.
pub struct FileTarget {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) usage: Usage,
    /// What our temporary names begin with; others' are left alone.
    prefix: String,
    /// Sets the temporary names of this object apart from those of its forerunners.
    nonce: u64,
    count: AtomicU32,
    known: Mutex<Known>,
}

/// What was learnt of the place so far.
#[derive(Default)]
struct Known {
    /// What its marker must say.
    mark: Option<String>,
    /// Folders that are there and hold no forerunner's parts.
    folders: HashSet<String>,
}

/// What a wait may be ended by.
#[derive(Clone, Copy)]
struct Wait<'a> {
    pulse: &'a Pulse,
    stop: Option<&'a Stop>,
}

impl FileTarget {
    /// A target on a store. `owner` names library and target for ever: temporary files that a dead
    /// process of the same owner left are removed, those of others are not. Two that deliver at
    /// the same time need different owners.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, usage: Usage, owner: &str) -> Self {
        let hash = sha2::Sha256::digest(owner);
        let owner: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self {
            store,
            usage,
            prefix: format!(".filmwire-{owner}-"),
            nonce: random_bits(),
            count: AtomicU32::new(0),
            known: Mutex::default(),
        }
    }

    /// Makes the store's root a target, whatever is in it, and returns the id in its marker; one
    /// that is a target already keeps its id. Only the root itself is made, not its parents.
    /// Cancel-safe: what was cut can be done again.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub async fn init(&self) -> Result<String, Fault> {
        self.make_target(None).await
    }

    /// Waits for a call of the store, as long as it may take.
    async fn call<T>(
        &self,
        wait: Wait<'_>,
        work: Future<'_, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let Some(patience) = self.store.patience() else { return work.await };
        let stopped = async {
            match wait.stop {
                Some(stop) => stop.asked().await,
                None => std::future::pending().await,
            }
        };
        let done = tokio::select! {
            done = wait.pulse.watch(patience, work) => done,
            () = stopped => return Err(Fault::stopped()),
        };
        done.unwrap_or_else(|| {
            let (place, limit) = (self.store.place(), patience.as_secs());
            Err(Fault::transient(format!("{place} did not answer for {limit} s")))
        })
    }

    /// As [`FileTarget::call`], for calls that carry no file.
    pub(crate) async fn brief<T>(
        &self,
        stop: Option<&Stop>,
        work: Future<'_, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        self.call(Wait { pulse: &Pulse::default(), stop }, work).await
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A temporary name in a folder that nobody has.
    fn part_in(&self, folder: &str) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        inside(folder, &format!("{}{:016x}-{count}.part", self.prefix, self.nonce))
    }

    /// Removes what a cut put of ours left in a folder, once for each folder.
    pub(crate) async fn sweep(&self, folder: &str, stop: Option<&Stop>) -> Result<(), Fault> {
        if self.known().folders.contains(folder) {
            return Ok(());
        }
        for name in self.brief(stop, self.store.list(folder)).await? {
            if name.starts_with(&self.prefix) && name.ends_with(".part") {
                let removed = self.brief(stop, self.store.remove(&inside(folder, &name))).await;
                if let Err(fault) = removed {
                    // Somebody may have it open; that is no reason to deliver nothing.
                    self.present(stop).await?;
                    tracing::warn!("{name} is left where it is: {fault}");
                }
            }
        }
        self.known().folders.insert(folder.to_owned());
        Ok(())
    }

    /// Removes a temporary file of a put that failed; the failure is what is told of.
    async fn discard(&self, part: &str) {
        if self.brief(None, self.store.remove(part)).await.is_err() {
            self.known().folders.remove(folder_of(part));
        }
    }
}

impl Target for FileTarget {
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        Box::pin(async move { self.test_as(place).await.map(Some) })
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        Box::pin(async move { self.put_file(&upload).await })
    }

    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>> {
        Box::pin(async move { self.prove_file(&upload, &placed).await })
    }

    fn withdraw(&self, placed: Placed) -> Future<'_, Result<(), Fault>> {
        Box::pin(async move { self.withdraw_file(&placed).await })
    }
}
