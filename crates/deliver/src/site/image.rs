//! Copies: how they get to the site, and how they are known to be there.

use std::sync::Arc;

use bytes::Bytes;
use filmwire_gallery::{Copies, Gallery, copies};

use super::manifest::Image;
use super::{Memory, Site, hex};
use crate::copying::copied;
use crate::fault::Fault;
use crate::file_target::{Leave, Over};
use crate::stop::Stop;
use crate::store::Look;
use crate::target::{Placed, Proof, Upload, Verdict};

/// The largest copy or page that is read back.
pub(super) const READ_BYTES: usize = 64 << 20;

impl Site {
    pub(super) async fn put_copies(&self, upload: &Arc<Upload>) -> Result<Placed, Fault> {
        let leave = Leave { stop: upload.stop.clone(), pace: upload.pace.clone() };
        let options = self.copies.clone();
        let Copies { photo, thumb } = copied(upload, move |jpeg| copies(jpeg, &options)).await?;
        let image = Image::of(&photo.jpeg, photo.width, photo.height).name();
        let path = self.publisher.photo(&image);
        self.put_image(&self.publisher.thumb(&image), thumb.jpeg, &leave).await?;
        self.put_image(&path, photo.jpeg, &leave).await?;
        Ok(Placed { path, made: None })
    }

    /// Our images have names that nobody else uses, and that say what they hold: whatever else is
    /// there is a damaged one.
    async fn put_image(&self, path: &str, jpeg: Vec<u8>, leave: &Leave) -> Result<(), Fault> {
        let stop = Some(&leave.stop);
        let look = self.files.brief(stop, self.files.store.look(path)).await?;
        if matches!(look, Look::File { size, .. } if size == jpeg.len() as u64) {
            let there = self.files.read_small(path, READ_BYTES, &leave.stop).await?;
            if there.as_deref() == Some(&jpeg[..]) {
                // Who put it may have died before it was safe on the disk.
                return self.files.brief(stop, self.files.store.settle(path)).await;
            }
        }
        self.files.place(path, Bytes::from(jpeg), Over::Ours, leave).await.map(drop)
    }

    pub(super) async fn prove_copies(
        &self,
        upload: &Upload,
        placed: &Placed,
    ) -> Result<Verdict, Fault> {
        let (path, stop) = (placed.path.as_str(), &upload.stop);
        let wrong = |what: &str, why: &str| Ok(Verdict::Wrong(format!("{what} {why}")));
        let Some(image) = self.publisher.image_at(path) else {
            return wrong(path, "is no image of this site");
        };
        let thumb = self.publisher.thumb(image);
        for path in [path, &thumb] {
            let look = self.files.brief(Some(stop), self.files.store.look(path)).await?;
            if !matches!(look, Look::File { size: 1.., .. }) {
                // Of an unmounted share nothing can be said.
                self.files.present(Some(stop)).await?;
                return wrong(path, "is not there although it was stored");
            }
        }
        if self.files.usage.read_back && !self.is_whole(path, image, stop).await? {
            return wrong(path, "reads back with other content than was stored");
        }
        let page = Gallery::day_of(upload.facts.taken.as_deref()).path();
        let key = hex(&upload.sha256[..8]);
        if !self.shows(&page, &Gallery::anchor(&key), stop).await? {
            let reason = format!("is not shown on {page}");
            return match self.is_shown_for_good(stop).await? {
                true => wrong(path, &reason),
                false => Err(Fault::transient(format!("{path} {reason}, which another makes"))),
            };
        }
        let proof = if self.files.usage.read_back { Proof::Copy } else { Proof::Shown };
        Ok(Verdict::Proven(proof))
    }

    /// Whether all others know of our photos, and nobody writes pages now. If not, a page without
    /// one of ours says nothing of it. The next look reads all pages.
    async fn is_shown_for_good(&self, stop: &Stop) -> Result<bool, Fault> {
        let others = self.others(stop).await?;
        let mut memory = self.memory.lock().await;
        (memory.is_doubtful, memory.read) = (true, None);
        let own = memory.own.as_ref();
        Ok(own.is_none_or(|own| self.is_seen_by_all(own, &others)))
    }

    async fn is_whole(&self, path: &str, image: &str, stop: &Stop) -> Result<bool, Fault> {
        let jpeg = self.files.read_small(path, READ_BYTES, stop).await?.unwrap_or_default();
        let named = Image::parse(image).map(|image| image.hash);
        if named == Some(Image::hash(&jpeg)) {
            return Ok(true);
        }
        // Less is no proof of other content: a connection may have ended so.
        match self.files.brief(Some(stop), self.files.store.look(path)).await? {
            Look::File { size, .. } if size == jpeg.len() as u64 => Ok(false),
            _ => {
                let (place, length) = (self.files.store.place(), jpeg.len());
                Err(Fault::transient(format!("{place} gave {length} bytes of {path}, not all")))
            }
        }
    }

    /// Whether a page holds some words. The page is read once for many photos.
    async fn shows(&self, page: &str, words: &str, stop: &Stop) -> Result<bool, Fault> {
        let mut memory = self.memory.lock().await;
        if !matches!(&memory.read, Some((path, _)) if path == page) {
            let bytes = self.files.read_small(page, READ_BYTES, stop).await?.unwrap_or_default();
            memory.read = Some((page.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
        }
        let Memory { read, .. } = &*memory;
        Ok(read.as_ref().is_some_and(|(_, content)| content.contains(words)))
    }
}
