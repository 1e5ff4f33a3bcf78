//! Asking targets again for what was proven once.

use std::sync::Arc;

use filmwire_catalogue::{Delivery, DeliveryState, FileId, FileState, Library, TargetRow};

use crate::deliver::{Around, Job};
use crate::error::Error;
use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::target::{Placed, Proof, Upload, Verdict};

/// Rows read from the catalogue at once.
const PAGE: u32 = 100;

/// What was found of one file that had been proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Name of the target.
    pub target: String,
    /// The file, as the library names it.
    pub path: String,
    /// Where it was put at the target.
    pub placed: String,
    /// What was found.
    pub found: Found,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is there, or a target that cannot be asked said so once ([`Proof::Word`]).
    There(Proof),
    /// It is not there, or is another one; in words.
    Wrong(String),
    /// It could not be told; in words.
    Unknown(String),
}

/// Asks a target for each file that was proven to be there, one after the other, and tells what was
/// found. With `again` what is wrong is queued anew, so that the next delivering brings it.
///
/// It may run beside [`deliver()`](crate::deliver()) if its targets have owners of their own: a
/// [`FileTarget`](crate::FileTarget) removes what dead processes of its owner left. Only the catalogue is
/// changed, and only with `again`. Returns whether the target could be used. A stop ends it after
/// the file it is at. Cancel-safe.
///
/// # Errors
/// Those of the catalogue.
pub async fn verify(
    library: &Library,
    job: &Job,
    again: bool,
    around: &Around,
    tell: &mut (dyn FnMut(Verified) + Send),
) -> Result<Result<(), Fault>, Error> {
    let ledger = Ledger::open(library)?;
    let name = job.name.clone();
    // A target nobody ever delivered to has nothing to be asked for.
    let Some(row) = ledger.ask(move |c| c.target_named(&name)).await? else { return Ok(Ok(())) };
    if let Err(fault) = job.target.test(row.place.as_deref()).await {
        return Ok(Err(fault));
    }
    let mut after = None;
    loop {
        let id = row.id;
        let page =
            ledger.ask(move |c| c.deliveries(id, DeliveryState::Proven, after, PAGE)).await?;
        let Some(last) = page.last() else { return Ok(Ok(())) };
        after = Some(last.file.id);
        for delivery in &page {
            if around.stop.is_asked() {
                return Ok(Ok(()));
            }
            let (verified, wrong) = look(&ledger, library, job, around, delivery).await?;
            // What the library has no more cannot be brought again.
            let again = again && delivery.file.state == FileState::Published;
            if let Some(reason) = wrong.filter(|_| again) {
                doubt(&ledger, &row, delivery.file.id, reason, around).await?;
            }
            tell(verified);
        }
    }
}

async fn look(
    ledger: &Ledger,
    library: &Library,
    job: &Job,
    around: &Around,
    delivery: &Delivery,
) -> Result<(Verified, Option<String>), Error> {
    let file = delivery.file.id;
    let facts = ledger.ask(move |c| c.facts(file)).await?;
    let place = (job.name.as_str(), library.root());
    let upload = Arc::new(Upload::of(delivery, facts, place, around.stop.clone()));
    let placed = delivery.path.clone().unwrap_or_default();
    let asked = Placed { path: placed.clone(), made: None };
    let found = match job.target.prove(upload, asked).await {
        Ok(Verdict::Proven(proof)) => Found::There(proof),
        Ok(Verdict::Wrong(reason)) if delivery.file.state == FileState::Published => {
            Found::Wrong(reason)
        }
        Ok(Verdict::Wrong(reason)) => Found::Wrong(format!(
            "{reason}; the library has it no more either, so bring it from where it is"
        )),
        Err(fault) => Found::Unknown(fault.reason),
    };
    let wrong = match &found {
        Found::Wrong(reason) => Some(reason.clone()),
        Found::There(_) | Found::Unknown(_) => None,
    };
    let (target, path) = (job.name.clone(), delivery.file.path.clone());
    Ok((Verified { target, path, placed, found }, wrong))
}

async fn doubt(
    ledger: &Ledger,
    row: &TargetRow,
    file: FileId,
    reason: String,
    around: &Around,
) -> Result<(), Error> {
    let (target, now) = (row.id, around.clock.now_ms());
    ledger.ask(move |c| c.doubt_delivery(target, file, &reason, now)).await
}
