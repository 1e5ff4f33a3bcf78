//! Freeing the library's own copies of what targets were asked for and have.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use filmwire_catalogue::{
    Delivery, Error as CatalogueError, FileId, FileRow, Library, LockGuard, Prunable, TargetId,
    TargetRow,
};
use sha2::{Digest, Sha256};

use crate::deliver::{Around, Job};
use crate::error::Error;
use crate::files::{Disk, Files, Look};
use crate::ledger::Ledger;
use crate::source::PIECE_BYTES;
use crate::target::{Placed, Proof, Upload, Verdict};

/// Rows read from the catalogue at once.
const PAGE: u32 = 100;
/// Folder, in the library's own, of files that are on their way out.
const ASIDE: &str = "pruning";
/// Between two looks at whether the library is free.
const LOCK_PAUSE: Duration = Duration::from_millis(500);

/// When a copy may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneRule {
    /// Names of the targets whose copies count.
    pub targets: Vec<String>,
    /// How many of them must have read a file back. Targets that are the same place count once.
    pub copies: NonZeroU32,
    /// Only what was published at this time or before, epoch milliseconds.
    pub before: i64,
}

/// Something that happened while pruning.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pruned {
    /// A target whose copies should count cannot be used.
    Unusable {
        /// Its name.
        target: String,
        /// Why.
        reason: String,
    },
    /// Another process works on the library; what is to be freed waits for it. Told once.
    Waiting {
        /// Who, in words.
        by: String,
    },
    /// A file may go, as far as is known without asking; told instead of [`Pruned::Freed`] if
    /// nothing is to be freed yet.
    MayGo {
        /// Where it is in the library.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// A file is gone from the library.
    Freed {
        /// Where it was in the library.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// A file stays, although it seemed that it may go.
    Kept {
        /// Where it is in the library.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Frees the library's copies of the files a rule lets go: those that no job waits for, and that
/// enough targets have. The library's own file is compared with what it should be, and each of these
/// targets asked once more, right before it goes; a row of the catalogue's log says where it is. A
/// file that is kept is told of.
///
/// With `dry` nothing is asked and nothing freed. It may run beside [`deliver()`](crate::deliver())
/// and beside fetching if its targets have owners of their own. A stop ends it after the file it is
/// at. Cancel-safe: what was begun is put in order by the next call.
///
/// # Errors
/// Those of the catalogue.
pub async fn prune(
    library: &Library,
    jobs: &[Job],
    rule: &PruneRule,
    dry: bool,
    around: &Around,
    tell: &mut (dyn FnMut(Pruned) + Send),
) -> Result<(), Error> {
    let ledger = Ledger::open(library)?;
    let mut pruner = Pruner { library, ledger, rule, around, tell, waiting: false };
    if !dry {
        pruner.mend().await?;
    }
    let wanted_by = pruner.queue(jobs).await?;
    let sources = pruner.sources(jobs, dry).await?;
    let mut after = None;
    loop {
        let page = pruner.page(&sources, &wanted_by, after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for file in page {
            if around.stop.is_asked() {
                return Ok(());
            }
            let (path, size) = (file.path.clone(), file.size);
            let told = match dry {
                true => Pruned::MayGo { path, size },
                false => match pruner.free(file, &sources).await? {
                    Ok(()) => Pruned::Freed { path, size },
                    Err(reason) => Pruned::Kept { path, reason },
                },
            };
            (pruner.tell)(told);
        }
    }
}

/// A target whose copies count.
struct Source<'a> {
    job: &'a Job,
    id: TargetId,
}

struct Pruner<'a> {
    library: &'a Library,
    ledger: Ledger,
    rule: &'a PruneRule,
    around: &'a Around,
    tell: &'a mut (dyn FnMut(Pruned) + Send),
    /// It was told that another process works on the library.
    waiting: bool,
}

impl Pruner<'_> {
    /// Puts in order what a process left that died between two steps: what targets were not asked
    /// for comes back, what was let go goes.
    async fn mend(&mut self) -> Result<(), Error> {
        let Some(_lock) = self.lock().await? else { return Ok(()) };
        let mut kept = HashSet::new();
        for open in self.ledger.ask(|c| c.open_prunings()).await? {
            let Some(id) = open.file else { continue };
            if let Err(cause) = self.put_back(id, &open.path).await? {
                // The next call tries again; until then its bytes are safe.
                tracing::warn!("{} cannot be put back: {cause}", open.path);
                kept.insert(id.0.to_string());
            }
        }
        let folder = self.library.meta_folder().join(ASIDE);
        Ok(tokio::task::spawn_blocking(move || sweep(&folder, &kept)).await?)
    }

    /// Gives a file that was begun on its place again. If it is nowhere, a check tells so.
    async fn put_back(&self, id: FileId, path: &str) -> Result<io::Result<()>, Error> {
        let (path, aside) = self.places(id, path);
        if let Err(cause) = tokio::task::spawn_blocking(move || put_back(&aside, &path)).await? {
            return Ok(Err(cause));
        }
        let now = self.around.clock.now_ms();
        self.ledger.ask(move |c| c.mark_found(id, now)).await?;
        Ok(Ok(()))
    }

    /// Where a file is in the library, and where it is kept until it may go.
    fn places(&self, id: FileId, path: &str) -> (PathBuf, PathBuf) {
        let aside = self.library.meta_folder().join(ASIDE).join(id.0.to_string());
        (self.library.absolute(path), aside)
    }

    /// Queues what each job is still to get, so that it counts as waited for.
    async fn queue(&self, jobs: &[Job]) -> Result<Vec<TargetId>, Error> {
        let mut ids = Vec::new();
        for job in jobs {
            let (name, choice) = (job.name.clone(), job.choice.clone());
            let now = self.around.clock.now_ms();
            let id = self.ledger.ask(move |c| {
                let id = c.add_target(&name, now)?.id;
                c.enqueue(id, &choice, now)?;
                Ok(id)
            });
            ids.push(id.await?);
        }
        Ok(ids)
    }

    /// The targets of the rule that can be used, each place once.
    async fn sources<'j>(&mut self, jobs: &'j [Job], dry: bool) -> Result<Vec<Source<'j>>, Error> {
        let (mut sources, mut places) = (Vec::new(), HashSet::new());
        for job in jobs.iter().filter(|job| self.rule.targets.contains(&job.name)) {
            let name = job.name.clone();
            let row = self.ledger.ask(move |c| c.target_named(&name)).await?;
            // Nothing was ever delivered to a target without a place.
            let Some(TargetRow { id, place: Some(place), .. }) = row else { continue };
            if !dry && let Err(fault) = job.target.test(Some(&place)).await {
                let (target, reason) = (job.name.clone(), fault.reason);
                (self.tell)(Pruned::Unusable { target, reason });
                continue;
            }
            if places.insert(place) {
                sources.push(Source { job, id });
            }
        }
        Ok(sources)
    }

    async fn page(
        &self,
        sources: &[Source<'_>],
        wanted_by: &[TargetId],
        after: Option<FileId>,
    ) -> Result<Vec<FileRow>, Error> {
        let targets: Vec<TargetId> = sources.iter().map(|source| source.id).collect();
        let (wanted_by, copies, before) = (wanted_by.to_vec(), self.rule.copies, self.rule.before);
        self.ledger
            .ask(move |c| {
                let proof = Proof::ReadBack.as_str();
                let (targets, wanted_by) = (&targets, &wanted_by);
                let rule = Prunable { targets, copies: copies.get(), proof, wanted_by, before };
                c.prunable(rule, after, PAGE)
            })
            .await
    }

    /// Frees one file; in words why not, if it stays.
    ///
    /// It is moved aside before targets are asked: one that shows the library's own file, by a
    /// share or a link, has none then.
    async fn free(
        &mut self,
        file: FileRow,
        sources: &[Source<'_>],
    ) -> Result<Result<(), String>, Error> {
        let Some(_lock) = self.lock().await? else {
            return Ok(Err("it was asked to stop".to_owned()));
        };
        let (id, now) = (file.id, self.around.clock.now_ms());
        let (path, aside) = self.places(id, &file.path);
        if let Err(reason) = compare(path.clone(), &file).await? {
            return Ok(Err(reason));
        }
        let named = self.named(&file, sources).await?;
        let begun = self.ledger.ask(move |c| c.begin_prune(id, &named, now)).await;
        if let Err(Error::Catalogue(CatalogueError::Invalid(reason))) = begun {
            return Ok(Err(reason));
        }
        begun?;
        let moving = (path.clone(), aside.clone());
        let moved = tokio::task::spawn_blocking(move || set_aside(&moving.0, &moving.1)).await?;
        let asked = match moved {
            Ok(()) => self.ask(&file, sources).await?,
            Err(cause) => Err(format!("it cannot be moved aside: {cause}")),
        };
        if let Err(reason) = asked {
            let reason = match self.put_back(id, &file.path).await? {
                Ok(()) => reason,
                Err(cause) => format!("{reason}; it cannot be put back: {cause}"),
            };
            return Ok(Err(reason));
        }
        let now = self.around.clock.now_ms();
        self.ledger.ask(move |c| c.end_prune(id, now)).await?;
        // Left there by a failure, it is swept by the next call.
        let removed = tokio::task::spawn_blocking(move || fs::remove_file(aside)).await?;
        Ok(removed.map_err(|cause| format!("it cannot be removed: {cause}")))
    }

    /// Where the targets say a file is, for the log.
    async fn named(&self, file: &FileRow, sources: &[Source<'_>]) -> Result<String, Error> {
        let mut lines = Vec::new();
        for Source { job, id } in sources {
            if let Some((_, path)) = self.delivery(*id, file.id).await? {
                lines.push(format!("{}: {path}", job.name));
            }
        }
        Ok(lines.join("\n"))
    }

    async fn delivery(
        &self,
        target: TargetId,
        file: FileId,
    ) -> Result<Option<(Delivery, String)>, Error> {
        let delivery = self.ledger.ask(move |c| c.delivery(target, file)).await?;
        Ok(delivery.and_then(|delivery| delivery.path.clone().map(|path| (delivery, path))))
    }

    /// Asks targets until enough have the file; in words why not, if too few have.
    async fn ask(
        &self,
        file: &FileRow,
        sources: &[Source<'_>],
    ) -> Result<Result<(), String>, Error> {
        let (mut left, mut reasons) = (self.rule.copies.get(), Vec::new());
        for Source { job, id } in sources {
            let Some((delivery, path)) = self.delivery(*id, file.id).await? else { continue };
            let place = (job.name.as_str(), self.library.root());
            let upload = Upload::of(&delivery, None, place, self.around.stop.clone());
            let placed = Placed { path, made: None };
            match job.target.prove(Arc::new(upload), placed).await {
                Ok(Verdict::Proven(Proof::ReadBack)) => left -= 1,
                Ok(Verdict::Proven(proof)) => reasons.push(format!("{}: only {proof}", job.name)),
                Ok(Verdict::Wrong(reason)) => reasons.push(format!("{}: {reason}", job.name)),
                Err(fault) => reasons.push(format!("{}: {}", job.name, fault.reason)),
            }
            if left == 0 {
                return Ok(Ok(()));
            }
        }
        Ok(Err(format!("too few targets have it ({})", reasons.join("; "))))
    }

    /// Waits until nobody else works on the library; none if a stop was asked for.
    async fn lock(&mut self) -> Result<Option<LockGuard>, Error> {
        loop {
            match self.library.lock() {
                Ok(lock) => return Ok(Some(lock)),
                Err(CatalogueError::Locked { holder }) => {
                    if !std::mem::replace(&mut self.waiting, true) {
                        (self.tell)(Pruned::Waiting { by: holder });
                    }
                }
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                biased;
                () = self.around.stop.asked() => return Ok(None),
                () = tokio::time::sleep(LOCK_PAUSE) => {}
            }
        }
    }
}

/// Compares the library's own file with what it should be; in words what is wrong.
async fn compare(path: PathBuf, file: &FileRow) -> Result<Result<(), String>, Error> {
    let (sha256, size) = (file.sha256, file.size);
    let comparing = tokio::task::spawn_blocking(move || {
        let data = fs::symlink_metadata(&path)?;
        Ok::<_, io::Error>(data.is_file() && data.len() == size && hash(&path)? == sha256)
    });
    Ok(match comparing.await? {
        Ok(true) => Ok(()),
        Ok(false) => Err("it is not what it was when it was published".to_owned()),
        Err(cause) => Err(format!("it cannot be read: {cause}")),
    })
}

fn hash(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finalize().into()),
            length => hasher.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

fn set_aside(path: &Path, aside: &Path) -> io::Result<()> {
    if let Some(folder) = aside.parent() {
        fs::create_dir_all(folder)?;
    }
    Disk.move_new(path, aside)?;
    sync_parents(path, aside)
}

/// Gives a file that was set aside its place again, if it was.
fn put_back(aside: &Path, path: &Path) -> io::Result<()> {
    if Disk.look(aside)? == Look::Nothing {
        return Ok(());
    }
    Disk.move_new(aside, path)?;
    sync_parents(path, aside)
}

/// Removes what was let go; the names in `kept` stay.
fn sweep(folder: &Path, kept: &HashSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_kept = entry.file_name().to_str().is_none_or(|name| kept.contains(name));
        if !is_kept && let Err(cause) = fs::remove_file(entry.path()) {
            tracing::warn!("{} cannot be removed: {cause}", entry.path().display());
        }
    }
}

fn sync_parents(one: &Path, other: &Path) -> io::Result<()> {
    [one, other]
        .into_iter()
        .filter_map(Path::parent)
        .try_for_each(|folder| Disk.sync_folder(folder))
}
