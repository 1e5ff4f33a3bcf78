//! A local folder or a mounted share.
//!
//! A file is written under a temporary name in the folder it is meant for, synced, and renamed
//! without replacing; then the folder is synced. A marker in the root tells the target from the
//! empty folder an unmounted share leaves.

mod mark;
mod name;
mod prove;
mod put;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::Digest;

pub use self::mark::MARK_FILE;
use crate::clock::random_bits;
use crate::fault::Fault;
use crate::files::{Disk, Files};
use crate::target::{Future, Placed, Target, Upload, Verdict};

/// Bytes read and written at once.
const PIECE_BYTES: usize = 1 << 20;

/// How a folder is used as a target.
#[derive(Debug, Clone)]
pub struct FolderOptions {
    /// The folder.
    pub root: PathBuf,
    /// Whether it may be made a target on its first use, if it is missing or empty. A folder that
    /// was used before is never made anew.
    pub make: bool,
    /// Whether proof is reading a file back; else it is its size.
    pub read_back: bool,
}

/// A folder as a target.
pub struct Folder(Arc<Inner>);

struct Inner {
    options: FolderOptions,
    files: Arc<dyn Files>,
    /// What our temporary names begin with; others' are left alone.
    prefix: String,
    /// Sets the temporary names of this object apart from those of its forerunners.
    nonce: u64,
    count: AtomicU32,
    known: Mutex<Known>,
}

/// What was learnt of the folder so far.
#[derive(Default)]
struct Known {
    /// What its marker must say.
    place: Option<String>,
    /// Folders that hold no forerunner's parts.
    swept: HashSet<PathBuf>,
}

impl Folder {
    /// A folder on the real disk. `owner` names library and target for ever: temporary files that
    /// a dead process of the same owner left are removed, those of others are not. Two that
    /// deliver at the same time need different owners.
    #[must_use]
    pub fn new(options: FolderOptions, owner: &str) -> Self {
        Self::with_files(options, owner, Arc::new(Disk))
    }

    /// As [`Folder::new`], on another file layer; for tests that break it.
    #[must_use]
    pub fn with_files(options: FolderOptions, owner: &str, files: Arc<dyn Files>) -> Self {
        let hash = sha2::Sha256::digest(owner);
        let owner: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self(Arc::new(Inner {
            options,
            files,
            prefix: format!(".filmwire-{owner}-"),
            nonce: random_bits(),
            count: AtomicU32::new(0),
            known: Mutex::default(),
        }))
    }

    /// Makes the folder a target, whatever is in it, and returns the id in its marker; one that is
    /// a target already keeps its id. Only the folder itself is made, not its parents. Blocking.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub fn init(&self) -> Result<String, Fault> {
        self.0.init()
    }

    /// Runs blocking work on a thread for it.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Fault> + Send + 'static,
    ) -> Future<'_, Result<T, Fault>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&inner)).await;
            done.unwrap_or_else(|broken| Err(Fault::transient(broken.to_string())))
        })
    }
}

impl Target for Folder {
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        let place = place.map(str::to_owned);
        self.blocking(move |folder| folder.test(place.as_deref()).map(Some))
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        self.blocking(move |folder| folder.put(&upload))
    }

    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>> {
        self.blocking(move |folder| folder.prove(&upload, &placed))
    }

    fn withdraw(&self, placed: Placed) -> Future<'_, Result<(), Fault>> {
        self.blocking(move |folder| folder.withdraw(&placed))
    }
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A temporary name in a folder that nobody has.
    fn part_in(&self, folder: &Path) -> PathBuf {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        folder.join(format!("{}{:016x}-{count}.part", self.prefix, self.nonce))
    }

    /// Removes what a cut put of ours left in a folder, once for each folder.
    fn sweep(&self, folder: &Path) -> Result<(), Fault> {
        if self.known().swept.contains(folder) {
            return Ok(());
        }
        let entries = self.files.list(folder).map_err(|e| Fault::io("list", folder, &e))?;
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(&self.prefix) && name.ends_with(".part") {
                self.files.remove(&path).map_err(|e| Fault::io("remove", &path, &e))?;
            }
        }
        self.known().swept.insert(folder.to_owned());
        Ok(())
    }

    /// Removes a temporary file of a put that failed; the failure is what is told of.
    fn discard(&self, part: &Path) {
        if let (Err(_), Some(folder)) = (self.files.remove(part), part.parent()) {
            self.known().swept.remove(folder);
        }
    }
}
