//! The originals of a frame: a visit to the gallery, where what is new is found and fetched.
//!
//! Nothing tells the handle of a picture that was taken (the fact sheet's section 8.2). So the newest
//! object is looked up before the first frame, and after each frame all that lies before it is new:
//! the same name and capture date are the same object. Handles count from the newest in the classic
//! modes and from the oldest on the newer way.

use std::time::Duration;

use filmwire_camera::{
    Camera, Error as CameraError, GetPartialObject, ObjectHandle, ObjectInfo, Remote, Visit,
};
use filmwire_photo::Structure;
use tokio::time::Instant;

use super::error::Error;
use super::shelf::{Kept, Shelf};

/// How long a picture may take to appear in the gallery once its capture is complete. Chosen.
const APPEAR_WAIT: Duration = Duration::from_secs(10);
const POLL_PAUSE: Duration = Duration::from_millis(250);
/// Most objects that one frame makes; a RAW and a JPEG are two.
const MOST_NEW: u32 = 16;

/// What tells objects of one card apart: name and capture date.
type Key = (String, String);

/// The newest object of a card before the next frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Newest {
    /// There is none.
    Empty,
    /// This one.
    Known(Key),
}

/// What was fetched of a frame so far, and the newest object that was seen meanwhile: where the frame is
/// given up, what is new to the next one lies before that.
#[derive(Default)]
pub(super) struct Harvest {
    pub(super) files: Vec<Kept>,
    pub(super) seen: Option<Newest>,
}

/// A gallery that is visited.
pub(super) struct Gallery {
    visit: Visit,
}

impl Gallery {
    /// Goes there. Fails as [`Remote::visit_gallery`].
    pub(super) async fn enter(remote: &Remote) -> Result<Self, CameraError> {
        Ok(Self { visit: remote.visit_gallery().await? })
    }

    /// Goes back; false if a new connection would hear better. Fails as [`Visit::back`].
    pub(super) async fn back(self) -> Result<bool, CameraError> {
        self.visit.back().await
    }

    fn camera(&self) -> &Camera {
        self.visit.camera()
    }

    /// The object of a rank, 0 being the newest.
    async fn info(&self, rank: u32) -> Result<(ObjectHandle, ObjectInfo), CameraError> {
        let oldest_first = self.camera().info().quirks.oldest_first;
        let handle = if oldest_first { self.camera().object_count() - rank } else { rank + 1 };
        let handle = ObjectHandle(handle);
        Ok((handle, self.camera().object_info(handle).await?))
    }

    /// The newest object.
    pub(super) async fn newest(&self) -> Result<Newest, CameraError> {
        if self.camera().object_count() == 0 {
            return Ok(Newest::Empty);
        }
        Ok(Newest::Known(key(&self.info(0).await?.1)))
    }

    /// Fetches what is newer than `known`, waiting for it to appear, and adds it to `harvest`, which
    /// may hold some of it already. Returns the newest then.
    ///
    /// Objects of other stems than the newest are earlier pictures, which were not known to have been
    /// taken: they stay on the card. Fails with [`Error::NotFound`] if nothing appears, or more than
    /// a frame can make.
    pub(super) async fn fetch_new(
        &self,
        known: &Newest,
        shelf: &Shelf,
        name: &[String],
        harvest: &mut Harvest,
    ) -> Result<Newest, Error> {
        let new = self.await_new(known, &mut harvest.seen).await?;
        let files = &mut harvest.files;
        let Some((_, newest)) = new.first() else { return Ok(known.clone()) };
        let stem_of = |info: &ObjectInfo| stem(&info.name.to_text()).to_owned();
        for (handle, info) in new.iter().rev() {
            let camera_name = info.name.to_text();
            if stem_of(info) != stem_of(newest) {
                tracing::warn!(name = camera_name, "a picture nobody knew of stays on the card");
            } else if !files.iter().any(|kept| kept.camera_name.as_ref() == Some(&camera_name)) {
                files.push(self.fetch(*handle, camera_name, shelf, name).await?);
            }
        }
        Ok(Newest::Known(key(newest)))
    }

    async fn await_new(
        &self,
        known: &Newest,
        seen: &mut Option<Newest>,
    ) -> Result<Vec<(ObjectHandle, ObjectInfo)>, Error> {
        let start = Instant::now();
        loop {
            let new = self.new_ones(known, seen).await?;
            if !new.is_empty() {
                return Ok(new);
            }
            if start.elapsed() >= APPEAR_WAIT {
                let text = format!("no new picture appeared in the gallery within {APPEAR_WAIT:?}");
                return Err(Error::NotFound(text));
            }
            tokio::time::sleep(POLL_PAUSE).await;
            self.camera().refresh().await?;
        }
    }

    /// What is newer than the known one, the newest first.
    async fn new_ones(
        &self,
        known: &Newest,
        seen: &mut Option<Newest>,
    ) -> Result<Vec<(ObjectHandle, ObjectInfo)>, Error> {
        let mut new = Vec::new();
        for rank in 0..self.camera().object_count() {
            if rank == MOST_NEW {
                let text = format!("more than {MOST_NEW} pictures are new in the gallery");
                return Err(Error::NotFound(text));
            }
            let (handle, info) = self.info(rank).await?;
            let this = Newest::Known(key(&info));
            if rank == 0 {
                *seen = Some(this.clone());
            }
            if *known == this {
                break;
            }
            new.push((handle, info));
        }
        Ok(new)
    }

    async fn fetch(
        &self,
        object: ObjectHandle,
        camera_name: String,
        shelf: &Shelf,
        name: &[String],
    ) -> Result<Kept, Error> {
        let camera = self.camera();
        let mut draft = shelf.open(name, &extension(&camera_name))?;
        camera.set_real_sizes(true).await?;
        let size = camera.object_info(object).await?.size_bytes;
        let mut offset = 0;
        while offset < size {
            let max_bytes = GetPartialObject::PIECE_BYTES.min(size - offset);
            let piece = camera.read_part(GetPartialObject { object, offset, max_bytes }).await?;
            if piece.is_empty() {
                let (sent, announced) = (u64::from(offset), u64::from(size));
                return Err(CameraError::Short { object: object.0, sent, announced }.into());
            }
            draft.write(&piece)?;
            offset += piece.len() as u32;
        }
        // Some bodies want it off after each file.
        camera.set_real_sizes(false).await?;
        // A size that is too small ends a file before its end, and nothing on the wire says so.
        if let Structure::Broken(how) = draft.structure().await? {
            return Err(Error::Broken { name: camera_name, how });
        }
        Ok(Kept { camera_name: Some(camera_name), ..draft.finish().await? })
    }
}

fn key(info: &ObjectInfo) -> Key {
    (info.name.to_text(), info.capture_date.to_text())
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The camera's own extension in small letters; nothing of it is trusted.
fn extension(name: &str) -> String {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_plain = (1..=8).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain { extension.to_ascii_lowercase() } else { "bin".to_owned() }
}
