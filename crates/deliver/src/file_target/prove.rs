//! Proof that a file is there, and taking back one that proved wrong.

use std::sync::Arc;

use bytes::Bytes;
use filmwire_catalogue::Sha256;
use sha2::Digest;

use super::name::checked;
use super::{FileTarget, Wait};
use crate::fault::Fault;
use crate::pulse::Pulse;
use crate::store::{Look, Sink};
use crate::target::{Placed, Proof, Upload, Verdict};

/// Pieces that wait to be hashed.
const AHEAD: usize = 2;

impl FileTarget {
    pub(super) async fn prove_file(
        &self,
        upload: &Arc<Upload>,
        placed: &Placed,
    ) -> Result<Verdict, Fault> {
        let (path, stop) = (checked(&placed.path)?, Some(&upload.stop));
        let wrong = |why: &str| Ok(Verdict::Wrong(format!("{path} {why}")));
        let look = self.brief(stop, self.store.look(path)).await?;
        if look == Look::Nothing {
            // Of an unmounted share nothing can be said.
            self.present(stop).await?;
            return wrong("is not there although it was stored");
        }
        if !matches!(look, Look::File { size, .. } if size == upload.size) {
            return wrong("has another size than the file that was stored");
        }
        if !self.usage.read_back {
            return Ok(Verdict::Proven(Proof::Size));
        }
        match self.hash(path, upload).await? == upload.sha256 {
            true => Ok(Verdict::Proven(Proof::ReadBack)),
            false => wrong("reads back with other content than was stored"),
        }
    }

    /// Hashes what is there of the file's size.
    pub(super) async fn hash(&self, path: &str, upload: &Upload) -> Result<Sha256, Fault> {
        let pulse = Pulse::default();
        let (to, mut from) = tokio::sync::mpsc::channel::<Bytes>(AHEAD);
        let sink = Sink { to, pulse: pulse.clone(), stop: upload.stop.clone() };
        let hashing = tokio::task::spawn_blocking(move || {
            let (mut hasher, mut length) = (sha2::Sha256::new(), 0);
            while let Some(piece) = from.blocking_recv() {
                length += piece.len() as u64;
                hasher.update(&piece);
            }
            (length, hasher.finalize().into())
        });
        let wait = Wait { pulse: &pulse, stop: Some(&upload.stop) };
        let is_there = self.call(wait, self.store.read(path, sink)).await?;
        let hashed = hashing.await.map_err(|broken| Fault::transient(broken.to_string()));
        if upload.stop.is_asked() {
            return Err(Fault::stopped());
        }
        let (length, sha256) = hashed?;
        // Less is no proof of other content: a connection may have ended so.
        if !is_there || length != upload.size {
            let place = self.store.place();
            return Err(Fault::transient(format!(
                "{place} gave {length} bytes of the {} of {path}",
                upload.size
            )));
        }
        Ok(sha256)
    }

    pub(super) async fn withdraw_file(&self, placed: &Placed) -> Result<(), Fault> {
        let path = checked(&placed.path)?;
        let look = self.brief(None, self.store.look(path)).await?;
        match (look, &placed.made) {
            (Look::File { tag: Some(tag), .. }, Some(made)) if tag == *made => {}
            // Not there, or not ours any more.
            _ => return Ok(()),
        }
        self.brief(None, self.store.remove(path)).await
    }
}
