//! The file that is coming in.

use std::io::{Read, SeekFrom};
use std::path::PathBuf;

use filmwire_catalogue::{
    CameraId, Error as CatalogueError, ObjectRow, PhotoKey, Rendition, Seen, State,
};
use filmwire_codec::operation::GetPartialObject;
use sha2::{Digest, Sha256 as Hasher};
use tokio::sync::oneshot;

use super::{Librarian, Outcome, fingerprint, storage};
use crate::error::Error;
use crate::event::FileStart;
use crate::files::PartFile;

/// Marks a part whose bytes are all on disk.
pub(super) const SYNCED: &str = "synced";

/// A file that is about to come.
pub(crate) struct Begin {
    /// The body the camera side believes to talk to.
    pub(crate) camera: CameraId,
    /// What it is.
    pub(crate) key: PhotoKey,
    /// Its place in the listing that goes on; `None` if it has one.
    pub(crate) place: Option<u64>,
    /// Its key is not the only one on the card; its content decides what it is.
    pub(crate) twin: bool,
    /// It is the card's newest photo: its serial tells which body is connected.
    pub(crate) decides: bool,
    /// The person sent it: it comes to its end, whether it is known or not.
    pub(crate) sent: bool,
    /// Whole pieces that are here from a cut run, to be compared with what comes. The librarian
    /// answers whether the first piece was the same; if not it starts over.
    pub(crate) resume: Option<Resume>,
}

/// Going on with a part.
pub(crate) struct Resume {
    /// Where the first piece begins.
    pub(crate) offset: u64,
    /// Told after the first piece.
    pub(crate) same: oneshot::Sender<bool>,
}

/// Why a file will not be finished.
pub(crate) enum Discard {
    /// The link is gone, or the person wants to stop: what is here is kept to go on with.
    Keep,
    /// The card changed: what is here may be two files mixed.
    Mixed,
    /// The camera would not hand it over.
    Failed(String),
}

/// State of the file that is coming in.
pub(super) struct Incoming {
    pub(super) object: ObjectRow,
    pub(super) decides: bool,
    /// The library has, or had, the content of this row.
    pub(super) is_known: bool,
    pub(super) path: PathBuf,
    pub(super) part: Box<dyn PartFile>,
    pub(super) hasher: Hasher,
    pub(super) received: u64,
    compare: Option<(Vec<u8>, oneshot::Sender<bool>)>,
}

impl Librarian {
    pub(super) fn begin(&mut self, begin: Begin) -> Result<(), Error> {
        self.current = None;
        if begin.camera != self.camera() && !begin.sent {
            // The file before told that it is another body; this one is asked for again.
            return Ok(());
        }
        let room = if self.options.dry_run {
            Ok(())
        } else {
            self.check_room(&begin.key.name, begin.key.size)
        };
        // One transaction, since each waits for the disk five times.
        let noted = self.catalogue.transaction(|_| self.note(&begin, room.is_ok()))?;
        let Some(row) = noted else { return Ok(()) };
        if self.options.dry_run {
            return self.plan(&row);
        }
        room?;
        self.open(row, begin)
    }

    /// Writes an object down, and that it is being fetched if it `fits`. `None` if the listing
    /// thought it new and the catalogue knows better.
    fn note(&self, begin: &Begin, fits: bool) -> Result<Option<ObjectRow>, CatalogueError> {
        let seen = Seen { utc_offset: None, run: Some(self.run) };
        let now = self.now();
        let mut row = self.catalogue.see(self.camera(), &begin.key, &seen, now)?;
        if let Some(place) = begin.place {
            self.catalogue.put_place(self.camera(), place, row.id)?;
        }
        if begin.sent && has_content(row.state) {
            return Ok(Some(row));
        }
        if !row.state.is_unfinished() && !begin.sent {
            if !begin.twin {
                return Ok(None);
            }
            row = self.next_twin(self.camera(), &begin.key, &seen, now)?;
        }
        if fits && !self.options.dry_run {
            let mark = format!("boot {}", boot_id());
            let (run, mark) = (Some(self.run), Some(mark.as_str()));
            self.catalogue.set_state(row.id, State::Fetching, mark, run, now)?;
        }
        Ok(Some(row))
    }

    /// A row that no content was given to yet, for one of several objects with an equal key.
    pub(super) fn next_twin(
        &self,
        camera: CameraId,
        key: &PhotoKey,
        seen: &Seen,
        now: i64,
    ) -> Result<ObjectRow, CatalogueError> {
        let mut key = key.clone();
        loop {
            key.twin += 1;
            let row = self.catalogue.see(camera, &key, seen, now)?;
            if row.state.is_unfinished() {
                return Ok(row);
            }
        }
    }

    fn plan(&self, row: &ObjectRow) -> Result<(), Error> {
        let path = self.assign(row, None)?;
        let now = self.now();
        self.catalogue.set_state(row.id, State::Known, Some("planned"), Some(self.run), now)?;
        self.tell(Outcome::Planned(FileStart {
            name: row.key.name.clone(),
            path: Some(path),
            size: row.key.size,
            format: filmwire_codec::ObjectFormatCode(row.key.format),
            resumed: 0,
        }));
        Ok(())
    }

    pub(super) fn check_room(&self, name: &str, needed: u64) -> Result<(), Error> {
        let folder = &self.shelf.incoming;
        // Opening the library made it. If it is gone, so is the library, and is not made anew.
        let free = self.files.free_bytes(folder).map_err(storage("look at", folder))?;
        let keep = self.options.keep_free;
        if free >= needed.saturating_add(keep) {
            return Ok(());
        }
        Err(Error::Full { name: name.to_owned(), needed, keep, free, folder: folder.clone() })
    }

    fn open(&mut self, object: ObjectRow, begin: Begin) -> Result<(), Error> {
        let path = self.shelf.part(object.id);
        let mut part = self.files.open_part(&path).map_err(storage("write", &path))?;
        let mut hasher = Hasher::new();
        let mut received = 0;
        let mut compare = None;
        if let Some(resume) = begin.resume {
            let bytes = self.read_back(&path, resume.offset, &mut hasher)?;
            compare = Some((bytes, resume.same));
            received = resume.offset;
        }
        part.cut(received).map_err(storage("write", &path))?;
        let (decides, is_known) = (begin.decides, has_content(object.state));
        self.current =
            Some(Incoming { object, decides, is_known, path, part, hasher, received, compare });
        Ok(())
    }

    /// Hashes what is before `offset`, and returns the piece behind it.
    fn read_back(
        &self,
        path: &std::path::Path,
        offset: u64,
        hasher: &mut Hasher,
    ) -> Result<Vec<u8>, Error> {
        let piece_bytes = u64::from(GetPartialObject::PIECE_BYTES);
        let mut file = self.files.open_read(path).map_err(storage("read", path))?;
        file.seek(SeekFrom::Start(0)).map_err(storage("read", path))?;
        let mut piece = Vec::new();
        let mut left = offset;
        while left > 0 {
            piece.clear();
            let most = left.min(piece_bytes);
            let read = (&mut file).take(most).read_to_end(&mut piece);
            read.map_err(storage("read", path))?;
            if piece.is_empty() {
                break;
            }
            hasher.update(&piece);
            left -= piece.len() as u64;
        }
        piece.clear();
        (&mut file).take(piece_bytes).read_to_end(&mut piece).map_err(storage("read", path))?;
        Ok(piece)
    }

    pub(super) fn piece(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if let Some((expected, told)) = current.compare.take() {
            let same = expected == bytes;
            if !same {
                current.part.cut(0).map_err(storage("write", &current.path))?;
                current.hasher = Hasher::new();
                current.received = 0;
            }
            // A run that is gone will not go on.
            let _ = told.send(same);
            if !same {
                return Ok(());
            }
        }
        // Step 1: the bytes go to a part in the library's own file system.
        current.part.append(bytes).map_err(storage("write", &current.path))?;
        current.hasher.update(bytes);
        current.received += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn discard(&mut self, discard: Discard) -> Result<(), Error> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let (id, run, now) = (current.object.id, Some(self.run), self.now());
        match discard {
            // Its row stays as it is.
            _ if current.is_known => self.remove(&current.path)?,
            // The camera encodes it anew each time.
            Discard::Keep if current.object.key.rendition == Rendition::Resized => {
                self.remove(&current.path)?;
                let text = "it did not come to its end";
                self.catalogue.set_state(id, State::Seen, Some(text), run, now)?;
            }
            Discard::Keep => {
                self.sync_part(&mut *current.part, &current.path)?;
                self.catalogue.set_state(id, State::Fetching, Some(SYNCED), run, now)?;
            }
            Discard::Mixed => {
                self.remove(&current.path)?;
                let text = "the card changed while it was read";
                self.catalogue.set_state(id, State::Seen, Some(text), run, now)?;
            }
            Discard::Failed(reason) => {
                self.remove(&current.path)?;
                self.fail(&current.object, reason)?;
            }
        }
        Ok(())
    }

    pub(super) fn remove(&self, path: &std::path::Path) -> Result<(), Error> {
        self.files.remove(path).map_err(storage("remove", path))
    }

    pub(super) fn fail(&self, object: &ObjectRow, reason: String) -> Result<(), Error> {
        let (run, now) = (Some(self.run), self.now());
        self.catalogue.set_state(object.id, State::Failed, Some(&reason), run, now)?;
        let (name, stand_in) = (object.key.name.clone(), fingerprint(&object.key));
        self.tell(Outcome::Failed { name, reason, stand_in });
        Ok(())
    }
}

/// True if the library has, or had, the content of an object in this state.
fn has_content(state: State) -> bool {
    matches!(state, State::Published | State::Damaged)
}

/// Tells this run of the system from others: what was written before a crash of the program is
/// still in the system's memory, but not after a crash of the system.
pub(super) fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
