//! One file from the camera to the librarian.

use filmwire_camera::{Error as CameraError, GetPartialObject, ObjectHandle};
use filmwire_catalogue::PhotoKey;
use filmwire_codec::ObjectFormatCode;
use tokio::sync::oneshot;

use super::session::{End, ROOM, Session, Shown, or_stop};
use crate::error::Error;
use crate::event::{Event, FileStart};
use crate::librarian::{Begin, Discard, Message, Resume, fingerprint};

/// A file to fetch.
pub(super) struct Wanted {
    pub(super) key: PhotoKey,
    pub(super) format: ObjectFormatCode,
    /// Position in handle order.
    pub(super) index: u64,
    /// Its place in the listing that goes on; `None` if it has one.
    pub(super) place: Option<u64>,
    /// Its key is not the only one on the card.
    pub(super) twin: bool,
}

impl Session<'_> {
    /// Fetches one file. When this returns its bytes are with the librarian; what becomes of them
    /// is told later, so that the camera never waits for the disk.
    pub(super) async fn fetch(&mut self, wanted: Wanted) -> Result<(), End> {
        let stand_in = fingerprint(&wanted.key);
        let decides = !self.body_checked && self.is_newest_photo(wanted.index);
        if !decides {
            // Or it would be written down as a photo of the body that was connected before, whose
            // own photo of this name, second and size would then be taken for fetched.
            self.check_body(ROOM).await?;
        }
        let resume = self.resumable.remove(&stand_in).filter(|_| !wanted.twin);
        if self.options.dry_run {
            self.begin(&wanted, None, decides).await?;
            self.finished.insert(stand_in);
            self.fetched_at.entry(stand_in).or_insert(wanted.index);
            return Ok(());
        }
        let start = FileStart {
            name: wanted.key.name.clone(),
            path: None,
            size: wanted.key.size,
            format: wanted.format,
            resumed: resume.map_or(0, |point| point.offset),
        };
        (self.tell)(Event::Started(start));
        let mut first_is_same = None;
        let mut offset = 0;
        let resume = resume.map(|point| {
            let (same, told) = oneshot::channel();
            first_is_same = Some(told);
            offset = point.offset;
            Resume { offset, same }
        });
        self.begin(&wanted, resume, decides).await?;
        let pieces = self.tally.progress();
        match self.bytes(&wanted, offset, first_is_same).await {
            Ok(()) => {}
            Err(End::Lost(error)) => {
                let something_new = self.tally.progress() > pieces;
                let to_blame = self.tally.lost_over(stand_in, something_new);
                return self.lose(error, to_blame).await;
            }
            Err(end) => return self.give_up(end).await,
        }
        // A photo taken meanwhile moves every handle: then this may be two files mixed.
        match self.is_unmixed(&wanted).await {
            Ok(()) => self.desk.send(Message::End).await?,
            Err(end) => return self.give_up(end).await,
        }
        self.body_checked |= decides;
        self.finished.insert(stand_in);
        if !wanted.twin {
            self.fetched_at.insert(stand_in, wanted.index);
        }
        self.rest_sizes(false).await?;
        self.checkpoint()
    }

    async fn begin(
        &mut self,
        wanted: &Wanted,
        resume: Option<Resume>,
        decides: bool,
    ) -> Result<(), End> {
        let (key, place, twin) = (wanted.key.clone(), wanted.place, wanted.twin);
        self.desk
            .send(Message::Begin(Begin {
                camera: self.body,
                key,
                place,
                twin,
                decides,
                sent: false,
                resume,
            }))
            .await?;
        Ok(())
    }

    async fn bytes(
        &mut self,
        wanted: &Wanted,
        from: u64,
        mut first_is_same: Option<oneshot::Receiver<bool>>,
    ) -> Result<(), End> {
        let size = wanted.key.size;
        let mut offset = from;
        while offset < size {
            self.checkpoint()?;
            let piece = self.piece(wanted, offset).await?;
            let count = piece.len() as u64;
            self.desk.send(Message::Piece(piece)).await?;
            // A piece that was here before is no progress, or a camera that always falls silent
            // behind it would be asked for ever.
            let again = first_is_same.is_some();
            if let Some(told) = first_is_same.take()
                && !told.await.unwrap_or(true)
            {
                // What was here is not the beginning of this file: from the start.
                offset = 0;
                continue;
            }
            offset += count;
            self.tally.piece(count, again);
            (self.tell)(Event::Progress { bytes: offset, size });
        }
        Ok(())
    }

    async fn piece(&mut self, wanted: &Wanted, offset: u64) -> Result<Vec<u8>, End> {
        let left = wanted.key.size - offset;
        let max_bytes = left.min(u64::from(GetPartialObject::PIECE_BYTES)) as u32;
        let object = ObjectHandle(wanted.index as u32 + 1);
        // Sizes are 32-bit on the wire, so offsets inside a file are.
        let asked = GetPartialObject { object, offset: offset as u32, max_bytes };
        let piece = or_stop(self.stop, self.camera.read_part(asked)).await??;
        if piece.is_empty() {
            let (sent, announced) = (offset, wanted.key.size);
            return Err(CameraError::Short { object: object.0, sent, announced }.into());
        }
        Ok(piece)
    }

    /// The count must be that of this pass; and what was read in several pieces must still be what
    /// it was, since one photo taken and one deleted leave the count alone.
    async fn is_unmixed(&mut self, wanted: &Wanted) -> Result<(), End> {
        if wanted.key.size > u64::from(GetPartialObject::PIECE_BYTES) {
            match self.show(wanted.index).await? {
                Shown::File { key, .. } if key == wanted.key => {}
                _ => return Err(End::CardChanged),
            }
        }
        self.still_the_same().await
    }

    /// The connection went while a file was read. What is here is kept to go on with, unless the
    /// file costs the connection each time: then it has failed, and the others get their turn.
    async fn lose(&mut self, error: CameraError, to_blame: bool) -> Result<(), End> {
        let discard = if to_blame {
            Discard::Failed(format!("the connection was lost each time it was read: {error}"))
        } else {
            Discard::Keep
        };
        self.desk.send(Message::Discard(discard)).await?;
        // So that the next session knows of it.
        self.desk.ask(|_| ()).await?;
        while let Some(outcome) = self.desk.outcome() {
            self.take(outcome)?;
        }
        Err(End::Lost(error))
    }

    /// Tells the librarian what becomes of the file that will not be finished. A camera that
    /// refuses one file is asked for the next.
    async fn give_up(&mut self, end: End) -> Result<(), End> {
        let end = match end {
            // What the camera refused may be another object by now.
            End::Fatal(Error::Camera(error)) => match self.still_the_same().await {
                Ok(()) => {
                    let failed = Discard::Failed(error.to_string());
                    self.desk.send(Message::Discard(failed)).await?;
                    self.rest_sizes(false).await?;
                    return self.checkpoint();
                }
                Err(end) => end,
            },
            end => end,
        };
        let changed = matches!(end, End::CardChanged);
        let discard = if changed { Discard::Mixed } else { Discard::Keep };
        self.desk.send(Message::Discard(discard)).await?;
        Err(end)
    }
}
