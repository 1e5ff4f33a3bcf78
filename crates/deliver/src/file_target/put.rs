//! Putting a file in place.

use std::sync::Arc;

use super::name::{checked, folder_of, numbered};
use super::{FileTarget, Wait};
use crate::fault::Fault;
use crate::pulse::Pulse;
use crate::source;
use crate::stop::Stop;
use crate::store::{Look, Moved, Pieces};
use crate::target::{Future, Placed, Upload};

/// How many files of one name and different content are gone past.
pub(crate) const MOST_NUMBERS: u32 = 10_000;

/// What became of a name.
enum Named {
    /// The file is there under it.
    Done(Placed),
    /// Something else is.
    Taken,
}

impl FileTarget {
    pub(super) async fn put_file(&self, upload: &Arc<Upload>) -> Result<Placed, Fault> {
        let folder = folder_of(checked(&upload.path)?);
        self.present(Some(&upload.stop)).await?;
        if let Some(placed) = self.still_known(upload).await? {
            return Ok(placed);
        }
        let mut part = None;
        let placed = self.put_below(folder, upload, &mut part).await;
        // Moved to its place, it is nothing to discard; else it goes, whatever happened.
        if let Some(part) = part {
            self.discard(&part).await;
        }
        if placed.is_err() {
            // It may be gone.
            self.known().folders.remove(folder);
        }
        placed
    }

    /// Where it was when last heard of, if it is still there.
    async fn still_known(&self, upload: &Upload) -> Result<Option<Placed>, Fault> {
        let Some(known) = upload.known.as_deref() else { return Ok(None) };
        match self.is_equal(checked(known)?, upload).await? {
            Some(true) => self.adopt(known, upload).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn put_below(
        &self,
        folder: &str,
        upload: &Arc<Upload>,
        part: &mut Option<String>,
    ) -> Result<Placed, Fault> {
        self.make_folders(folder, &upload.stop).await?;
        self.sweep(folder, Some(&upload.stop)).await?;
        for number in 1..=MOST_NUMBERS {
            let path = numbered(&upload.path, number);
            match self.put_under(&path, folder, upload, part).await? {
                Named::Done(placed) => return Ok(placed),
                Named::Taken => {}
            }
        }
        Err(Fault::permanent(format!("{MOST_NUMBERS} files are called {}", upload.path)))
    }

    /// Puts the file under one name, if that is free or has its content.
    async fn put_under(
        &self,
        path: &str,
        folder: &str,
        upload: &Arc<Upload>,
        part: &mut Option<String>,
    ) -> Result<Named, Fault> {
        let stop = Some(&upload.stop);
        let mut was_taken = false;
        loop {
            match self.is_equal(path, upload).await? {
                Some(true) => return self.adopt(path, upload).await.map(Named::Done),
                Some(false) => return Ok(Named::Taken),
                None if was_taken => {
                    let place = self.store.place();
                    let odd = format!("{place} says that {path} is taken, and has nothing there");
                    return Err(Fault::transient(odd));
                }
                None => {}
            }
            match self.name_it(path, folder, upload, part).await? {
                Moved::Done => {
                    let made = match self.brief(stop, self.store.look(path)).await {
                        Ok(Look::File { tag, .. }) => tag,
                        _ => None,
                    };
                    return Ok(Named::Done(Placed { path: path.to_owned(), made }));
                }
                // Someone was faster; look at what it is.
                Moved::Taken => was_taken = true,
            }
            if upload.stop.is_asked() {
                return Err(Fault::stopped());
            }
        }
    }

    /// Gives the file a name. What was sent under a temporary one for an earlier name is not sent again;
    /// a store that needs none gets all of it each time.
    async fn name_it(
        &self,
        path: &str,
        folder: &str,
        upload: &Arc<Upload>,
        part: &mut Option<String>,
    ) -> Result<Moved, Fault> {
        if self.store.creates() {
            return self.send(upload, |pieces| self.store.create(path, upload.size, pieces)).await;
        }
        let from = match part {
            Some(from) => from.clone(),
            None => {
                let from = part.insert(self.part_in(folder)).clone();
                self.send(upload, |pieces| self.store.write(&from, upload.size, pieces)).await?;
                from
            }
        };
        let stop = Some(&upload.stop);
        self.present(stop).await?;
        let moved = self.brief(stop, self.store.move_new(&from, path)).await?;
        if moved == Moved::Done {
            *part = None;
        }
        Ok(moved)
    }

    /// Takes a file that is there for ours. The one who put it may have died before it was safe on
    /// the disk.
    pub(crate) async fn adopt(&self, path: &str, upload: &Upload) -> Result<Placed, Fault> {
        self.brief(Some(&upload.stop), self.store.settle(path)).await?;
        Ok(Placed { path: path.to_owned(), made: None })
    }

    /// Whether what is at a path has the content; `None` if there is nothing.
    pub(crate) async fn is_equal(
        &self,
        path: &str,
        upload: &Upload,
    ) -> Result<Option<bool>, Fault> {
        match self.brief(Some(&upload.stop), self.store.look(path)).await? {
            Look::Nothing => Ok(None),
            Look::File { size, .. } if size == upload.size => {
                Ok(Some(self.hash(path, upload).await? == upload.sha256))
            }
            Look::File { .. } | Look::Other => Ok(Some(false)),
        }
    }

    /// Makes the folders below the root that are missing; the root itself never.
    pub(crate) async fn make_folders(&self, folder: &str, stop: &Stop) -> Result<(), Fault> {
        if !self.store.has_folders() {
            return Ok(());
        }
        let stop = Some(stop);
        let (mut missing, mut above) = (Vec::new(), folder);
        while !above.is_empty() && !self.known().folders.contains(above) {
            match self.brief(stop, self.store.look(above)).await? {
                Look::Nothing => missing.push(above),
                // A link to a folder is as good as one; anything else fails where it is used.
                Look::File { .. } | Look::Other => break,
            }
            above = folder_of(above);
        }
        for folder in missing.into_iter().rev() {
            self.present(stop).await?;
            self.brief(stop, self.store.make_folder(folder)).await?;
        }
        Ok(())
    }

    /// Reads the file for a call of the store that takes its pieces.
    async fn send<'a, T>(
        &self,
        upload: &Arc<Upload>,
        to: impl FnOnce(Pieces) -> Future<'a, Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let pulse = Pulse::default();
        let (pieces, reading) = source::open(upload, pulse.clone());
        let wait = Wait { pulse: &pulse, stop: Some(&upload.stop) };
        let sent = self.call(wait, to(pieces)).await;
        // What is wrong with the source is the cause of what the store says.
        reading.await.unwrap_or_else(|broken| Err(Fault::transient(broken.to_string())))?;
        sent
    }
}
