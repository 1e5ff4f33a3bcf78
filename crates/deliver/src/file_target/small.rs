//! Files that are held in memory, and those that may be replaced.

use bytes::Bytes;

use super::name::{checked, folder_of};
use super::{FileTarget, Wait};
use crate::fault::Fault;
use crate::pace::Pace;
use crate::pulse::Pulse;
use crate::source::PIECE_BYTES;
use crate::stop::Stop;
use crate::store::{Moved, Pieces};
use crate::target::Future;

/// Pieces that wait for the store.
const AHEAD: usize = 2;

/// What may happen to the file that has a name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// It stays.
    Nothing,
    /// It is replaced.
    Ours,
}

/// What a call may be ended and held up by.
#[derive(Clone, Default)]
pub(crate) struct Leave {
    pub(crate) stop: Stop,
    pub(crate) pace: Pace,
}

impl FileTarget {
    /// Reads a file of at most `most` bytes; `None` if it is not there.
    pub(crate) async fn read_small(
        &self,
        path: &str,
        most: usize,
        stop: &Stop,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let bytes = self.read_bytes(checked(path)?, most, Some(stop)).await?;
        match bytes {
            Some(bytes) if bytes.len() > most => {
                let place = self.store.place();
                Err(Fault::permanent(format!("{path} at {place} has more than {most} bytes")))
            }
            bytes => Ok(bytes),
        }
    }

    /// Puts a file in place, by way of a temporary name unless the store needs none, and makes the
    /// folders it is in.
    pub(crate) async fn place(
        &self,
        path: &str,
        bytes: Bytes,
        over: Over,
        leave: &Leave,
    ) -> Result<Moved, Fault> {
        let folder = folder_of(checked(path)?);
        self.present(Some(&leave.stop)).await?;
        self.make_folders(folder, &leave.stop).await?;
        self.sweep(folder, Some(&leave.stop)).await?;
        if over == Over::Nothing && self.store.creates() {
            let size = bytes.len() as u64;
            return self.send_paced(bytes, leave, |from| self.store.create(path, size, from)).await;
        }
        let part = self.part_in(folder);
        let placed = self.place_part(&part, path, bytes, over, leave).await;
        if !matches!(placed, Ok(Moved::Done)) {
            self.discard(&part).await;
        }
        if placed.is_err() {
            // It may be gone.
            self.known().folders.remove(folder);
        }
        placed
    }

    async fn place_part(
        &self,
        part: &str,
        path: &str,
        bytes: Bytes,
        over: Over,
        leave: &Leave,
    ) -> Result<Moved, Fault> {
        let stop = Some(&leave.stop);
        self.write_paced(part, bytes, leave).await?;
        self.present(stop).await?;
        match over {
            Over::Nothing => self.brief(stop, self.store.move_new(part, path)).await,
            Over::Ours => {
                self.brief(stop, self.store.replace(part, path)).await.map(|()| Moved::Done)
            }
        }
    }

    async fn write_paced(&self, part: &str, bytes: Bytes, leave: &Leave) -> Result<(), Fault> {
        let size = bytes.len() as u64;
        self.send_paced(bytes, leave, |pieces| self.store.write(part, size, pieces)).await
    }

    /// Hands bytes to a call of the store that takes pieces, at the pace.
    async fn send_paced<'a, T>(
        &self,
        bytes: Bytes,
        leave: &Leave,
        to: impl FnOnce(Pieces) -> Future<'a, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let pulse = Pulse::default();
        let (ahead, from) = tokio::sync::mpsc::channel(AHEAD);
        let (pace, stop) = (leave.pace.clone(), leave.stop.clone());
        let sending = tokio::task::spawn_blocking(move || {
            let mut left = bytes;
            while !left.is_empty() {
                let piece = left.split_to(left.len().min(pace.piece(PIECE_BYTES)));
                pace.wait(piece.len() as u64, &stop);
                let piece = match stop.is_asked() {
                    true => Err(std::io::Error::other("stopped")),
                    false => Ok(piece),
                };
                if ahead.blocking_send(piece).is_err() || stop.is_asked() {
                    return;
                }
            }
        });
        let pieces = Pieces { from, pulse: pulse.clone() };
        let wait = Wait { pulse: &pulse, stop: Some(&leave.stop) };
        let sent = self.call(wait, to(pieces)).await;
        sending.await.map_err(|broken| Fault::transient(broken.to_string()))?;
        if leave.stop.is_asked() {
            return Err(Fault::stopped());
        }
        sent
    }

    /// Sees that a name can get another file, which a site's pages do.
    pub(crate) async fn probe_replace(&self) -> Result<(), Fault> {
        const NEW: &[u8] = b"filmwire is here";
        let leave = Leave::default();
        let (one, two) = (self.part_in(""), self.part_in(""));
        let run = async {
            self.write_paced(&one, Bytes::from_static(NEW), &leave).await?;
            self.write_paced(&two, Bytes::from_static(b"old"), &leave).await?;
            self.brief(None, self.store.replace(&one, &two)).await?;
            let back = self.read_bytes(&two, NEW.len(), None).await?;
            match back.as_deref() == Some(NEW) {
                true => Ok(()),
                false => {
                    let place = self.store.place();
                    Err(Fault::permanent(format!(
                        "cannot use {place}: what was renamed over a file is not what is read"
                    )))
                }
            }
        };
        let ran = run.await;
        self.discard(&one).await;
        self.discard(&two).await;
        ran
    }
}
