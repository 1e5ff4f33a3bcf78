//! Freeing the library's own copies of what targets were asked for and have.

mod aside;

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use filmwire_catalogue::{
    Delivery, Error as CatalogueError, FileId, FileRow, Library, LockGuard, Prunable, TargetId,
    TargetRow,
};

use self::aside::Places;
use crate::deliver::{Around, Job};
use crate::error::Error;
use crate::files::{Disk, Files, Look};
use crate::ledger::Ledger;
use crate::target::{Placed, Proof, Upload, Verdict};

/// Rows read from the catalogue at once.
const PAGE: u32 = 100;
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
    /// A file is gone from the library, and some targets that should have it do not.
    Doubtful {
        /// Where it was in the library.
        path: String,
        /// Which, and why.
        reason: String,
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
/// targets asked once more, right before it goes; a row of the catalogue's log says which have it. A
/// file that is kept is told of.
///
/// With `dry` no target is asked and nothing freed. Both put in order what was cut, and queue what
/// jobs are still to get. It may run beside [`deliver()`](crate::deliver()) and beside fetching if its
/// targets have owners of their own. A stop ends it after the file it is at. Not cancel-safe: use the
/// stop.
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
    let mut pruner = Pruner::new(library, around, tell)?;
    pruner.mend().await?;
    let wanted_by = pruner.queue(jobs).await?;
    let sources = pruner.sources(jobs, rule, dry).await?;
    let rule = Rule {
        targets: sources.iter().map(|source| source.id).collect(),
        wanted_by,
        copies: rule.copies,
        before: rule.before,
    };
    let mut after = None;
    loop {
        let page = pruner.page(&rule, after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for file in page {
            if around.stop.is_asked() {
                return Ok(());
            }
            let (path, size) = (file.path.clone(), file.size);
            if dry {
                (pruner.tell)(Pruned::MayGo { path, size });
                continue;
            }
            let Some(_lock) = pruner.lock().await? else { return Ok(()) };
            match pruner.free(file, &rule, &sources).await? {
                Err(reason) => (pruner.tell)(Pruned::Kept { path, reason }),
                Ok(doubts) => {
                    (pruner.tell)(Pruned::Freed { path: path.clone(), size });
                    if !doubts.is_empty() {
                        (pruner.tell)(Pruned::Doubtful { path, reason: doubts.join("; ") });
                    }
                }
            }
        }
    }
}

/// Puts in order what a process left that died while it pruned: what targets were not asked for
/// comes back, what was let go goes. What cannot be put in order is told as kept. Waits while
/// another process works on the library, but only if there is something to do. Not cancel-safe: use
/// the stop.
///
/// # Errors
/// Those of the catalogue.
pub async fn mend_pruning(
    library: &Library,
    around: &Around,
    tell: &mut (dyn FnMut(Pruned) + Send),
) -> Result<(), Error> {
    Pruner::new(library, around, tell)?.mend().await
}

/// A target whose copies count.
struct Source<'a> {
    job: &'a Job,
    id: TargetId,
}

/// A rule in the catalogue's words.
#[derive(Clone)]
struct Rule {
    targets: Vec<TargetId>,
    wanted_by: Vec<TargetId>,
    copies: NonZeroU32,
    before: i64,
}

impl Rule {
    fn prunable(&self) -> Prunable<'_> {
        Prunable {
            targets: &self.targets,
            copies: self.copies.get(),
            proof: Proof::ReadBack.as_str(),
            wanted_by: &self.wanted_by,
            before: self.before,
        }
    }
}

/// What targets answered: where a file is, and why others do not have it.
#[derive(Default)]
struct Answers {
    kept_at: Vec<String>,
    doubts: Vec<String>,
}

struct Pruner<'a> {
    library: &'a Library,
    ledger: Ledger,
    around: &'a Around,
    tell: &'a mut (dyn FnMut(Pruned) + Send),
    /// It was told that another process works on the library.
    waiting: bool,
}

impl<'a> Pruner<'a> {
    fn new(
        library: &'a Library,
        around: &'a Around,
        tell: &'a mut (dyn FnMut(Pruned) + Send),
    ) -> Result<Self, Error> {
        let ledger = Ledger::open(library)?;
        Ok(Self { library, ledger, around, tell, waiting: false })
    }

    async fn mend(&mut self) -> Result<(), Error> {
        let is_open = !self.ledger.ask(|c| c.open_prunings()).await?.is_empty();
        if !is_open && aside::names(self.library).is_empty() {
            return Ok(());
        }
        let Some(_lock) = self.lock().await? else { return Ok(()) };
        // Again: another process was at work perhaps.
        for open in self.ledger.ask(|c| c.open_prunings()).await? {
            let Some(id) = open.file else { continue };
            let places = Places::of(self.library, open.id, &open.path, &open.sha256);
            if let Err(reason) = self.put_back(id, places).await? {
                // Until the next call its bytes are safe.
                (self.tell)(Pruned::Kept { path: open.path, reason });
            }
        }
        for name in aside::names(self.library) {
            self.sweep(&name).await?;
        }
        Ok(())
    }

    /// Gives a file that was begun on its place again. If it is nowhere, a check tells so.
    async fn put_back(&self, id: FileId, places: Places) -> Result<Result<(), String>, Error> {
        if let Err(cause) = tokio::task::spawn_blocking(move || places.put_back()).await? {
            return Ok(Err(format!("it was set aside and cannot be put back: {cause}")));
        }
        let now = self.around.clock.now_ms();
        self.ledger.ask(move |c| c.mark_found(id, now)).await?;
        Ok(Ok(()))
    }

    /// Removes a file that was let go. One that no row let go is nobody's to remove.
    async fn sweep(&mut self, name: &str) -> Result<(), Error> {
        let row = match aside::row_of(name) {
            Some(row) => self.ledger.ask(move |c| c.pruning(row)).await?,
            None => None,
        };
        let path = aside::path_of(name);
        let reason = match row {
            // Told already.
            Some(row) if row.file.is_some() && row.ended.is_none() => return Ok(()),
            Some(row) if aside::is_done(name, &row) => {
                let at = self.library.absolute(&path);
                match tokio::task::spawn_blocking(move || std::fs::remove_file(at)).await? {
                    Ok(()) => return Ok(()),
                    Err(cause) => format!("it cannot be removed: {cause}"),
                }
            }
            _ => "it was set aside, and the catalogue does not know why; look at it, and move it \
                  back or remove it"
                .to_owned(),
        };
        (self.tell)(Pruned::Kept { path, reason });
        Ok(())
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
    async fn sources<'j>(
        &mut self,
        jobs: &'j [Job],
        rule: &PruneRule,
        dry: bool,
    ) -> Result<Vec<Source<'j>>, Error> {
        let (mut sources, mut places) = (Vec::new(), HashSet::new());
        for job in jobs.iter().filter(|job| rule.targets.contains(&job.name)) {
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

    async fn page(&self, rule: &Rule, after: Option<FileId>) -> Result<Vec<FileRow>, Error> {
        let rule = rule.clone();
        self.ledger.ask(move |c| c.prunable(rule.prunable(), after, PAGE)).await
    }

    /// Frees one file, while nobody else works on the library, and returns why some targets do not
    /// have it; in words why not, if it stays.
    ///
    /// It is moved aside before anything is asked: a target that shows the library's own file, by a
    /// share or a link, has none then, and nobody finds it any more to change it.
    async fn free(
        &self,
        file: FileRow,
        rule: &Rule,
        sources: &[Source<'_>],
    ) -> Result<Result<Vec<String>, String>, Error> {
        let path = self.library.absolute(&file.path);
        if !matches!(Disk.look(&path), Ok(Look::File { size, .. }) if size == file.size) {
            return Ok(Err("it is not what it was when it was published".to_owned()));
        }
        let (id, now, asked) = (file.id, self.around.clock.now_ms(), rule.clone());
        let begun = self.ledger.ask(move |c| c.begin_prune(id, asked.prunable(), now)).await?;
        let Some(row) = begun else {
            return Ok(Err("it may not go any more".to_owned()));
        };
        let places = Places::of(self.library, row, &file.path, &file.sha256);
        let answers = match self.judge(&file, rule, sources, &places).await? {
            Ok(answers) => answers,
            Err(reason) => {
                let back = self.put_back(id, places).await?;
                return Ok(Err(back.err().unwrap_or(reason)));
            }
        };
        let (now, kept_at) = (self.around.clock.now_ms(), answers.kept_at.join("\n"));
        self.ledger.ask(move |c| c.end_prune(row, &kept_at, now)).await?;
        // Left there by a failure, it is swept by the next call.
        let aside = places.aside;
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_file(aside)).await?;
        Ok(match removed {
            Ok(()) => Ok(answers.doubts),
            Err(cause) => Err(format!("it was let go, and cannot be removed: {cause}")),
        })
    }

    /// Sets a file aside, and looks whether it is the right one and whether enough targets have it;
    /// in words why not.
    async fn judge(
        &self,
        file: &FileRow,
        rule: &Rule,
        sources: &[Source<'_>],
        places: &Places,
    ) -> Result<Result<Answers, String>, Error> {
        let (moving, sha256) = (places.clone(), file.sha256);
        let moved = tokio::task::spawn_blocking(move || {
            moving.set_aside()?;
            let before = Disk.look(&moving.aside)?;
            Ok::<_, std::io::Error>((aside::hash(&moving.aside)? == sha256, before))
        });
        let before = match moved.await? {
            Ok((true, before)) => before,
            Ok((false, _)) => {
                return Ok(Err("it is not what it was when it was published".to_owned()));
            }
            Err(cause) => return Ok(Err(format!("it cannot be moved aside and read: {cause}"))),
        };
        let answers = self.ask(file, rule.copies, sources).await?;
        if answers.kept_at.len() < rule.copies.get() as usize {
            let doubts = answers.doubts.join("; ");
            return Ok(Err(format!("too few targets have it ({doubts})")));
        }
        // Who had it open may have written to it.
        match Disk.look(&places.aside) {
            Ok(after) if after == before => Ok(Ok(answers)),
            _ => Ok(Err("it was changed meanwhile".to_owned())),
        }
    }

    /// Asks targets until enough have the file.
    async fn ask(
        &self,
        file: &FileRow,
        copies: NonZeroU32,
        sources: &[Source<'_>],
    ) -> Result<Answers, Error> {
        let mut answers = Answers::default();
        for Source { job, id } in sources {
            if answers.kept_at.len() == copies.get() as usize {
                break;
            }
            let Some((delivery, path)) = self.delivery(*id, file.id).await? else { continue };
            let place = (job.name.as_str(), self.library.root());
            let upload = Upload::of(&delivery, None, place, self.around.stop.clone());
            let placed = Placed { path: path.clone(), made: None };
            let doubt = match job.target.prove(Arc::new(upload), placed).await {
                Ok(Verdict::Proven(Proof::ReadBack)) => {
                    answers.kept_at.push(format!("{}: {path}", job.name));
                    continue;
                }
                Ok(Verdict::Proven(proof)) => format!("only {proof}"),
                Ok(Verdict::Wrong(reason)) => reason,
                Err(fault) => fault.reason,
            };
            answers.doubts.push(format!("{}: {doubt}", job.name));
        }
        Ok(answers)
    }

    async fn delivery(
        &self,
        target: TargetId,
        file: FileId,
    ) -> Result<Option<(Delivery, String)>, Error> {
        let delivery = self.ledger.ask(move |c| c.delivery(target, file)).await?;
        Ok(delivery.and_then(|delivery| delivery.path.clone().map(|path| (delivery, path))))
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
