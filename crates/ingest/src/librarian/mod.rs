//! The side of a run that touches catalogue and disk. Blocking; it works through messages while
//! the camera is already asked for the next file.
//!
//! Every photo is published by the numbered procedure of `docs/design/publish.md`; the steps are
//! named in [`publish`]. What a cut run left is put in order by [`mend`].

mod adopt;
mod announce;
mod incoming;
mod known;
mod manifest;
mod mend;
mod publish;
mod sent;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use filmwire_catalogue::{
    Camera as Body, CameraId, Catalogue, Library, ObjectId, PhotoKey, RunId, Sha256,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::error::Error;
use crate::event::{Event, FileDone, FileStart};
use crate::files::FileLayer;
use crate::options::SyncOptions;

pub(crate) use adopt::{Fate, Joining};
pub(crate) use incoming::{Begin, Discard, Resume};
pub(crate) use known::{Placed, ResumePoint};

use incoming::Incoming;

/// What the camera side tells the librarian.
pub(crate) enum Message {
    /// A file is about to come.
    Begin(Begin),
    /// Its next bytes.
    Piece(Vec<u8>),
    /// All its bytes are here, and nothing changed while they were read.
    End,
    /// It will not be finished.
    Discard(Discard),
    /// Objects of a listing that need nothing but their place written down.
    Placed(CameraId, Vec<Placed>),
    /// Anything else.
    Work(Work),
}

/// Work for the librarian.
pub(crate) type Work = Box<dyn FnOnce(&mut Librarian) + Send>;

/// What the librarian tells the camera side, in order.
pub(crate) enum Outcome {
    /// Something for the person.
    Tell(Event),
    /// A file is in the library.
    Published { done: FileDone, stand_in: u64 },
    /// In a dry run: a file would be fetched.
    Planned(FileStart),
    /// An object could not be kept.
    Failed { name: String, reason: String, stand_in: u64 },
    /// A file is broken; it is to be fetched once more to see whether the card or the link is.
    Again(PhotoKey),
    /// A file of another body under the same key. The run goes on with that body.
    OtherBody,
    /// Catalogue or disk failed: the run ends.
    Fatal(Error),
}

/// Where things are in the library.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) root: PathBuf,
    pub(crate) incoming: PathBuf,
    pub(crate) manifests: PathBuf,
    /// A file that is there as long as the library is.
    pub(crate) id_file: PathBuf,
}

impl Shelf {
    pub(crate) fn of(library: &Library) -> Self {
        let root = library.root().to_owned();
        Self {
            root,
            incoming: library.incoming(),
            manifests: library.manifests(),
            id_file: library.id_file(),
        }
    }

    fn part(&self, object: ObjectId) -> PathBuf {
        self.incoming.join(format!("{}.part", object.0))
    }
}

pub(crate) struct Librarian {
    pub(crate) catalogue: Catalogue,
    pub(crate) body: Body,
    pub(crate) run: RunId,
    files: Arc<dyn FileLayer>,
    shelf: Shelf,
    options: SyncOptions,
    current: Option<Incoming>,
    /// Content of files that were broken when they came first.
    broken: HashMap<ObjectId, Sha256>,
    /// Folders above photos whose entries were synced in this run.
    synced: HashSet<PathBuf>,
    outcomes: UnboundedSender<Outcome>,
    failed: bool,
}

impl Librarian {
    pub(crate) fn new(
        catalogue: Catalogue,
        body: Body,
        run: RunId,
        (files, shelf): (Arc<dyn FileLayer>, Shelf),
        options: SyncOptions,
        outcomes: UnboundedSender<Outcome>,
    ) -> Self {
        let (current, broken, synced) = (None, HashMap::new(), HashSet::new());
        Self {
            catalogue,
            body,
            run,
            files,
            shelf,
            options,
            current,
            broken,
            synced,
            outcomes,
            failed: false,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        (self.options.now)()
    }

    pub(crate) fn camera(&self) -> CameraId {
        self.body.id
    }

    /// Works through one message. After a failure of the disk nothing more is written.
    pub(crate) fn handle(&mut self, message: Message) {
        if self.failed && !matches!(message, Message::Work(_)) {
            return;
        }
        let result = match message {
            Message::Begin(begin) => self.begin(begin),
            Message::Piece(bytes) => self.piece(&bytes),
            Message::End => self.complete(),
            Message::Discard(discard) => self.discard(discard),
            // A file told meanwhile that the listing was of another body.
            Message::Placed(camera, _) if camera != self.camera() => Ok(()),
            Message::Placed(_, placed) => self.placed(&placed),
            Message::Work(work) => {
                work(self);
                Ok(())
            }
        };
        if let Err(error) = result {
            self.failed = true;
            self.current = None;
            self.tell(Outcome::Fatal(error));
        }
    }

    fn tell(&self, outcome: Outcome) {
        // A run that is gone needs no outcomes.
        let _ = self.outcomes.send(outcome);
    }

    fn exists(&self, path: &str) -> bool {
        !matches!(self.files.length(&self.shelf.root.join(path)), Ok(None))
    }

    /// Length of the regular file at a path; none if there is nothing or something else.
    fn length(&self, path: &Path) -> Result<Option<u64>, Error> {
        match self.files.length(path) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            result => result.map_err(storage("look at", path)),
        }
    }
}

/// Names what was tried on which path.
pub(crate) fn storage(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::Storage { action, path, cause }
}

/// A short stand-in for a photo's key, without its twin number. Equal keys have equal ones; the
/// librarian asks the catalogue before it relies on the reverse.
pub(crate) fn fingerprint(key: &PhotoKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&key.name, &key.capture_date, key.size, key.format, key.rendition).hash(&mut hasher);
    hasher.finish()
}
