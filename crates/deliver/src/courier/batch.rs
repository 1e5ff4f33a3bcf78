//! Delivering to a target that is settled after several files.

use std::sync::Arc;

use filmwire_catalogue::{Delivery, DeliveryState, FileState, Kept, TargetId, TargetRow};

use super::Courier;
use crate::error::Error;
use crate::stop::{AskOnDrop, Stop};
use crate::target::{Keep, Placed, Settle};

/// Rows read from the catalogue at once.
const PAGE: u32 = 1000;

/// Whether a file that a target took stays there. What is gone from the library leaves, but not what
/// was pruned: that went because targets have it.
fn stays(kept: &Kept) -> bool {
    kept.delivery.file.state != FileState::Missing || kept.is_pruned
}

impl Courier {
    /// Puts what is due, settles the target, and asks for the proof of all that lack it.
    pub(super) async fn bring_batch(
        &mut self,
        row: &TargetRow,
        due: Vec<Delivery>,
    ) -> Result<(), Error> {
        for delivery in due.iter().filter(|due| due.state != DeliveryState::Stored) {
            // Those that were put are settled when the target can be used again.
            if !self.goes_on() {
                return Ok(());
            }
            let stop = Stop::default();
            let _ask = AskOnDrop(stop.clone());
            let upload = Arc::new(self.upload(delivery, stop).await?);
            self.put(row, delivery, &upload).await?;
        }
        if !self.goes_on() || !self.settle(row).await? {
            return Ok(());
        }
        self.doubt = None;
        let target = row.id;
        let stored =
            self.ledger.ask(move |c| c.deliveries(target, DeliveryState::Stored, None, u32::MAX));
        let is_here = |stored: &&Delivery| stored.file.state == FileState::Published;
        for delivery in stored.await?.iter().filter(is_here) {
            if !self.goes_on() {
                return Ok(());
            }
            let stop = Stop::default();
            let _ask = AskOnDrop(stop.clone());
            let upload = Arc::new(self.upload(delivery, stop).await?);
            let path = delivery.path.clone().unwrap_or_default();
            self.prove(row, delivery, upload, Placed { path, made: None }).await?;
        }
        match self.doubt.take().filter(|_| self.usable) {
            Some(fault) => self.pause(row, &fault).await,
            None => Ok(()),
        }
    }

    /// Whether the next piece of a batch may be begun: it is looked at between files, because a
    /// batch takes long.
    fn goes_on(&mut self) -> bool {
        let is_held = self.around.stop.is_asked() || self.around.gate.is_held();
        self.usable && !is_held && self.quiet().is_none()
    }

    /// Lets go of what left the library, while nothing is due. Returns false if the target is
    /// paused now.
    pub(super) async fn settle_idle(&mut self, row: &TargetRow) -> Result<bool, Error> {
        // A target that nobody ever used has nothing to let go of.
        if row.place.is_none() {
            return Ok(true);
        }
        if !self.usable
            && let Err(fault) = self.test(row).await?
        {
            self.pause(row, &fault).await?;
            return Ok(false);
        }
        self.settle(row).await
    }

    /// Settles the target with all files that are to be there. Returns false if it is paused now.
    async fn settle(&mut self, row: &TargetRow) -> Result<bool, Error> {
        let keep = self.keep(row.id).await?;
        let stop = Stop::default();
        let _ask = AskOnDrop(stop.clone());
        let settle = Settle { keep, pace: self.job.pace.clone(), stop: stop.clone() };
        match self.until_stop(self.job.target.settle(settle), &stop).await {
            Some(Ok(())) => {
                let target = row.id;
                self.ledger.ask(move |c| c.resume_target(target)).await?;
                Ok(true)
            }
            None => Ok(false),
            Some(Err(fault)) => {
                self.pause(row, &fault).await?;
                Ok(false)
            }
        }
    }

    async fn keep(&self, target: TargetId) -> Result<Vec<Keep>, Error> {
        let (mut keep, mut after) = (Vec::new(), None);
        loop {
            let page = self.ledger.ask(move |c| c.kept_at(target, after, PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.delivery.file.id);
            for kept in page.into_iter().filter(stays) {
                let (file, placed) = (kept.delivery.file, kept.delivery.path);
                if let Some(placed) = placed {
                    let (path, sha256, facts) = (file.path, file.sha256, kept.facts);
                    keep.push(Keep { placed, path, sha256, facts });
                }
            }
        }
        for state in [DeliveryState::Waiting, DeliveryState::Sending, DeliveryState::Failed] {
            keep.extend(self.to_come_back(target, state).await?);
        }
        Ok(keep)
    }

    /// What was there before and is to be put anew: it is shown until that is done, or is known to
    /// be in vain.
    async fn to_come_back(
        &self,
        target: TargetId,
        state: DeliveryState,
    ) -> Result<Vec<Keep>, Error> {
        let is_hopeless = |row: &Delivery| row.state == DeliveryState::Failed && row.next.is_none();
        self.ledger
            .ask(move |c| {
                let rows = c.deliveries(target, state, None, u32::MAX)?.into_iter();
                let here = rows.filter(|row| row.file.state == FileState::Published);
                let mut keep = Vec::new();
                for row in here.filter(|row| !is_hopeless(row)) {
                    let facts = c.facts(row.file.id)?.unwrap_or_default();
                    let (path, sha256) = (row.file.path, row.file.sha256);
                    keep.extend(row.path.map(|placed| Keep { placed, path, sha256, facts }));
                }
                Ok(keep)
            })
            .await
    }
}
