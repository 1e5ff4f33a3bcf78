//! Delivering to one target.

mod batch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use filmwire_catalogue::{
    Catalogue, Delivery, DeliveryState, Due, Error as CatalogueError, TargetId, TargetRow,
};

use crate::deliver::{Around, Job, Options, Until};
use crate::error::Error;
use crate::event::{End, Event, Happening};
use crate::fault::{Fault, FaultKind};
use crate::ledger::Ledger;
use crate::stop::{AskOnDrop, Stop};
use crate::target::{Future, Placed, Upload, Verdict};

/// How long a target may take to end its work after a stop; then it is left as it is. Real time,
/// because whoever waits for the program to end is real.
const GRACE: Duration = Duration::from_secs(5);

/// Brings the files to one target, one after the other.
pub(crate) struct Courier {
    job: Job,
    ledger: Ledger,
    /// Folder of the library.
    root: PathBuf,
    options: Options,
    around: Around,
    /// The target passed its test since it last failed as a whole.
    usable: bool,
    /// The end of quiet hours that was told.
    quiet_until: Option<i64>,
    /// Why a proof of this batch could not be had.
    doubt: Option<Fault>,
}

/// What a look at the queue led to.
enum Step {
    /// Something changed: look again.
    Went,
    /// Nothing is due before this time.
    Nothing { next: Option<i64> },
}

impl Courier {
    pub(crate) fn new(
        job: Job,
        ledger: Ledger,
        root: PathBuf,
        options: Options,
        around: Around,
    ) -> Self {
        Self { job, ledger, root, options, around, usable: false, quiet_until: None, doubt: None }
    }

    pub(crate) async fn run(mut self) -> Result<End, Error> {
        let target = self.begin().await?;
        loop {
            // Before looking: what is new from here on ends the wait below.
            let news = Arc::clone(&self.around.news);
            let news = news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            tokio::select! {
                biased;
                () = self.around.stop.asked() => return Ok(End::Stopped),
                () = self.around.gate.opened() => {}
            }
            let Step::Nothing { next } = self.step(target).await? else { continue };
            self.tell(Happening::Idle { next });
            if self.options.until == Until::Idle {
                return Ok(End::Idle { next });
            }
            let clock = Arc::clone(&self.around.clock);
            let due = async {
                match next {
                    Some(next) => clock.sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = news => {}
                () = self.around.stop.asked() => {}
            }
        }
    }

    /// Finds the target's row, and puts back what a dead process was sending.
    async fn begin(&self) -> Result<TargetId, Error> {
        let (name, now) = (self.job.name.clone(), self.now());
        let (id, cut) = self
            .ledger
            .ask(move |c| {
                let id = c.add_target(&name, now)?.id;
                Ok((id, c.recover_deliveries(id, now)?))
            })
            .await?;
        if cut > 0 {
            self.tell(Happening::Queued { files: cut });
        }
        self.enqueue(id).await?;
        Ok(id)
    }

    async fn enqueue(&self, target: TargetId) -> Result<u64, Error> {
        let (choice, now) = (self.job.choice.clone(), self.now());
        let files = self.ledger.ask(move |c| c.enqueue(target, &choice, now)).await?;
        if files > 0 {
            self.tell(Happening::Queued { files });
        }
        Ok(files)
    }

    async fn step(&mut self, target: TargetId) -> Result<Step, Error> {
        if let Some(until) = self.quiet() {
            return Ok(Step::Nothing { next: Some(until) });
        }
        let limit = self.job.target.batch().unwrap_or(1);
        let due = Due { now: self.now(), horizon_ms: self.horizon_ms(), limit };
        let (row, mut found) = self
            .ledger
            .ask(move |c| Ok((c.target(target)?, c.due_deliveries(target, due)?)))
            .await?;
        if let Some(next) = self.paused_until(&row) {
            return Ok(Step::Nothing { next: Some(next) });
        }
        if found.is_empty() {
            if self.enqueue(target).await? > 0 {
                return Ok(Step::Went);
            }
            if self.job.target.batch().is_some() && !self.settle_idle(&row).await? {
                return Ok(Step::Went);
            }
            let next = self.ledger.ask(move |c| c.next_delivery(target)).await?;
            return Ok(Step::Nothing { next });
        }
        if !self.usable
            && let Err(fault) = self.test(&row).await?
        {
            self.pause(&row, &fault).await?;
            return Ok(Step::Went);
        }
        match self.job.target.batch() {
            Some(_) => self.bring_batch(&row, found).await?,
            None => {
                if let Some(delivery) = found.pop() {
                    self.bring(&row, delivery).await?;
                }
            }
        }
        Ok(Step::Went)
    }

    /// When the quiet hours that go on end; tells it once.
    fn quiet(&mut self) -> Option<i64> {
        let until = self.job.quiet.as_ref().and_then(|quiet| quiet.until(self.now()));
        if let Some(until) = until.filter(|_| self.quiet_until != until) {
            self.tell(Happening::Quiet { until });
        }
        self.quiet_until = until;
        until
    }

    /// When the target's pause ends, if it is paused. A pause longer than the longest wait was
    /// written by a clock that went back since.
    fn paused_until(&self, row: &TargetRow) -> Option<i64> {
        let now = self.now();
        row.next.filter(|next| *next > now && *next <= now.saturating_add(self.horizon_ms()))
    }

    /// Tests the target, and writes down what it says it is. What was written down by an earlier test
    /// of the same step counts, which the row does not know.
    async fn test(&mut self, row: &TargetRow) -> Result<Result<(), Fault>, Error> {
        let id = row.id;
        let known = self.ledger.ask(move |c| Ok(c.target(id)?.place)).await?;
        let testing = self.job.target.test(known.as_deref());
        let place = match self.until_stop(testing, &Stop::default()).await {
            Some(Ok(place)) => place,
            Some(Err(fault)) => return Ok(Err(fault)),
            None => return Ok(Err(Fault::stopped())),
        };
        if let (Some(place), None) = (place, known) {
            self.ledger.ask(move |c| c.set_place(id, &place)).await?;
        }
        self.usable = true;
        Ok(Ok(()))
    }

    /// Leaves the target alone for a while.
    async fn pause(&mut self, row: &TargetRow, fault: &Fault) -> Result<(), Error> {
        self.usable = false;
        if fault.kind == FaultKind::Stopped && self.around.stop.is_asked() {
            return Ok(());
        }
        let next = self.again_at(row.tries.saturating_add(1));
        let (id, reason) = (row.id, fault.reason.clone());
        self.ledger.ask(move |c| c.pause_target(id, &reason, next)).await?;
        self.tell(Happening::Paused { reason: fault.reason.clone(), next });
        Ok(())
    }

    /// Brings one file, or asks for the proof it lacks.
    async fn bring(&mut self, row: &TargetRow, delivery: Delivery) -> Result<(), Error> {
        let stop = Stop::default();
        // Work on other threads is to end when nobody waits for it any more.
        let _ask = AskOnDrop(stop.clone());
        let upload = Arc::new(self.upload(&delivery, stop).await?);
        if delivery.state == DeliveryState::Stored {
            // Who made it is not known any more, so that it is never taken back.
            let path = delivery.path.clone().unwrap_or_default();
            return self.prove(row, &delivery, upload, Placed { path, made: None }).await;
        }
        match self.put(row, &delivery, &upload).await? {
            Some(placed) => self.prove(row, &delivery, upload, placed).await,
            None => Ok(()),
        }
    }

    /// Puts one file; `None` if it is not there, or nobody knows.
    async fn put(
        &mut self,
        row: &TargetRow,
        delivery: &Delivery,
        upload: &Arc<Upload>,
    ) -> Result<Option<Placed>, Error> {
        let ids = (row.id, delivery.file.id);
        let now = self.now();
        self.ledger.ask(move |c| c.begin_sending(ids.0, ids.1, now)).await?;
        let (path, size) = (delivery.file.path.clone(), delivery.file.size);
        self.tell(Happening::Sending { path, size });
        let put = self.job.target.put(Arc::clone(upload));
        match self.until_stop(put, &upload.stop).await {
            // It hangs: what is there is unknown, and so the row says.
            None => Ok(None),
            Some(Ok(placed)) => {
                let (now, path) = (self.now(), placed.path.clone());
                self.note(move |c| c.mark_stored(ids.0, ids.1, &path, now)).await?;
                Ok(Some(placed))
            }
            Some(Err(fault)) => self.not_put(row, delivery, fault).await.map(|()| None),
        }
    }

    async fn upload(&self, delivery: &Delivery, stop: Stop) -> Result<Upload, Error> {
        let file = delivery.file.id;
        let facts = self.ledger.ask(move |c| c.facts(file)).await?;
        let upload = Upload::of(delivery, facts, (&self.job.name, &self.root), stop);
        let path = match &self.job.naming {
            Some(naming) => naming(&upload.path, &upload.facts),
            None => upload.path.clone(),
        };
        Ok(Upload { path, pace: self.job.pace.clone(), ..upload })
    }

    /// A put failed: the file's fault, or the target's as a whole?
    async fn not_put(
        &mut self,
        row: &TargetRow,
        delivery: &Delivery,
        fault: Fault,
    ) -> Result<(), Error> {
        match fault.kind {
            FaultKind::Stopped if self.around.stop.is_asked() => self.postpone(delivery).await,
            FaultKind::Permanent => self.failed(delivery, fault.reason, None).await,
            FaultKind::Full => {
                // Others may fit after the pause, so that this one goes behind them.
                let next = self.again_at(delivery.tries.saturating_add(1));
                self.failed(delivery, fault.reason.clone(), Some(next)).await?;
                self.pause(row, &fault).await
            }
            FaultKind::Transient | FaultKind::Stopped => match self.test(row).await? {
                Ok(()) => {
                    let next = self.again_at(delivery.tries.saturating_add(1));
                    self.failed(delivery, fault.reason, Some(next)).await
                }
                Err(whole) => {
                    self.postpone(delivery).await?;
                    self.pause(row, &whole).await
                }
            },
        }
    }

    async fn prove(
        &mut self,
        row: &TargetRow,
        delivery: &Delivery,
        upload: Arc<Upload>,
        placed: Placed,
    ) -> Result<(), Error> {
        let work = self.job.target.prove(Arc::clone(&upload), placed.clone());
        // Until it is proven it stays stored: the next one to look asks for proof again.
        let Some(verdict) = self.until_stop(work, &upload.stop).await else { return Ok(()) };
        let next = self.again_at(delivery.tries.saturating_add(1));
        match verdict {
            Ok(Verdict::Proven(proof)) => self.proven(delivery, placed.path, proof.as_str()).await,
            Ok(Verdict::Wrong(reason)) => {
                let withdrawing = self.job.target.withdraw(placed);
                if let Some(Err(fault)) = self.until_stop(withdrawing, &upload.stop).await {
                    tracing::warn!("what proved wrong stays at {}: {fault}", self.job.name);
                }
                self.failed(delivery, reason, Some(next)).await
            }
            Err(fault) if fault.kind == FaultKind::Stopped && self.around.stop.is_asked() => Ok(()),
            Err(fault) => match self.test(row).await? {
                // It is shown among others, and stays so: nothing is known against it.
                Ok(()) if self.job.target.batch().is_some() => {
                    self.doubt = Some(fault);
                    Ok(())
                }
                Ok(()) => self.failed(delivery, fault.reason, Some(next)).await,
                Err(whole) => self.pause(row, &whole).await,
            },
        }
    }

    async fn proven(
        &self,
        delivery: &Delivery,
        placed: String,
        proof: &'static str,
    ) -> Result<(), Error> {
        let (target, file, now) = (delivery.target, delivery.file.id, self.now());
        self.note(move |c| {
            c.transaction(|c| {
                c.mark_proven(target, file, proof, now)?;
                c.resume_target(target)
            })
        })
        .await?;
        let path = delivery.file.path.clone();
        self.tell(Happening::Proven { path, placed, proof: proof.to_owned() });
        Ok(())
    }

    async fn failed(
        &self,
        delivery: &Delivery,
        reason: String,
        next: Option<i64>,
    ) -> Result<(), Error> {
        let (target, file, now) = (delivery.target, delivery.file.id, self.now());
        let why = reason.clone();
        self.note(move |c| c.mark_failed(target, file, &why, next, now)).await?;
        self.tell(Happening::Failed { path: delivery.file.path.clone(), reason, next });
        Ok(())
    }

    async fn postpone(&self, delivery: &Delivery) -> Result<(), Error> {
        let (target, file, now) = (delivery.target, delivery.file.id, self.now());
        self.note(move |c| c.postpone(target, file, now)).await
    }

    /// Writes down what became of a file, unless it was forgotten meanwhile.
    async fn note(
        &self,
        change: impl Fn(&Catalogue) -> Result<(), CatalogueError> + Send + 'static,
    ) -> Result<(), Error> {
        match self.ledger.ask(change).await {
            Err(Error::Catalogue(CatalogueError::NotFound { .. })) => Ok(()),
            result => result,
        }
    }

    /// Waits for a target's work; after a stop only a little longer. `None` if it did not end.
    async fn until_stop<T>(
        &self,
        mut work: Future<'_, Result<T, Fault>>,
        stop: &Stop,
    ) -> Option<Result<T, Fault>> {
        tokio::select! {
            result = &mut work => return Some(result),
            () = self.around.stop.asked() => stop.ask(),
        }
        tokio::time::timeout(GRACE, work).await.ok()
    }

    fn again_at(&self, failures: u32) -> i64 {
        let wait = self.options.backoff.wait_ms(failures, (self.around.random)());
        self.now().saturating_add(wait)
    }

    fn horizon_ms(&self) -> i64 {
        self.options.backoff.longest_ms()
    }

    fn now(&self) -> i64 {
        self.around.clock.now_ms()
    }

    fn tell(&self, what: Happening) {
        (self.around.tell)(Event { target: self.job.name.clone(), what });
    }
}
