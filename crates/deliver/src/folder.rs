//! A local folder or a mounted share.
//!
//! Everything is synced: a file before it gets its name, a folder after something in it changed.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::fault::Fault;
use crate::files::{Disk, Files};
use crate::store::{Look, Moved, Pieces, Sink, Store};
use crate::target::Future;

/// Bytes read back at once.
const PIECE_BYTES: usize = 1 << 19;

/// A folder as a [`Store`]. It is made if it is missing, its parents are not.
pub struct Folder(Arc<Inner>);

struct Inner {
    root: PathBuf,
    place: String,
    files: Arc<dyn Files>,
}

impl Folder {
    /// A folder on the real disk.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self::with_files(root, Arc::new(Disk))
    }

    /// As [`Folder::new`], on another file layer; for tests that break it.
    #[must_use]
    pub fn with_files(root: PathBuf, files: Arc<dyn Files>) -> Self {
        let place = root.display().to_string();
        Self(Arc::new(Inner { root, place, files }))
    }

    /// Runs blocking work on a thread for it.
    fn blocking<T: Send + 'static>(
        &self,
        path: &str,
        work: impl FnOnce(&Inner, &Path) -> Result<T, Fault> + Send + 'static,
    ) -> Future<'_, Result<T, Fault>> {
        let (inner, path) = (Arc::clone(&self.0), self.0.at(path));
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&inner, &path)).await;
            done.unwrap_or_else(|broken| Err(Fault::transient(broken.to_string())))
        })
    }
}

impl Inner {
    fn at(&self, path: &str) -> PathBuf {
        match path {
            // Joining nothing would end in a slash.
            "" => self.root.clone(),
            path => path.split('/').fold(self.root.clone(), |folder, part| folder.join(part)),
        }
    }

    /// Syncs the folder something is in.
    fn sync_around(&self, at: &Path) -> Result<(), Fault> {
        let folder = match at.parent() {
            None => return Ok(()),
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
        };
        self.files.sync_folder(folder).map_err(|cause| Fault::io("sync", folder, &cause))
    }

    fn write(&self, at: &Path, pieces: &mut Pieces) -> io::Result<()> {
        let mut file = self.files.create_new(at)?;
        while let Some(piece) = pieces.next_blocking() {
            file.append(&piece?)?;
        }
        file.sync()
    }

    fn read(&self, at: &Path, sink: &mut Sink) -> io::Result<bool> {
        let mut file = match self.files.open_back(at) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(cause) => return Err(cause),
        };
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
            if piece.is_empty() || !sink.take_blocking(piece.into()) {
                return Ok(true);
            }
        }
    }
}

impl Store for Folder {
    fn place(&self) -> &str {
        &self.0.place
    }

    fn patience(&self) -> Option<Duration> {
        None
    }

    fn look<'a>(&'a self, path: &'a str) -> Future<'a, Result<Look, Fault>> {
        self.blocking(path, |folder, at| {
            folder.files.look(at).map_err(|cause| Fault::io("look at", at, &cause))
        })
    }

    fn list<'a>(&'a self, folder: &'a str) -> Future<'a, Result<Vec<String>, Fault>> {
        self.blocking(folder, |folder, at| {
            let found = match folder.files.list(at) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
                found => found.map_err(|cause| Fault::io("list", at, &cause))?,
            };
            let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
            Ok(found.iter().filter_map(name).collect())
        })
    }

    fn make_folder<'a>(&'a self, folder: &'a str) -> Future<'a, Result<(), Fault>> {
        self.blocking(folder, |folder, at| {
            folder.files.make_folder(at).map_err(|cause| Fault::io("make", at, &cause))?;
            folder.sync_around(at)
        })
    }

    fn write<'a>(
        &'a self,
        path: &'a str,
        _: u64,
        mut pieces: Pieces,
    ) -> Future<'a, Result<(), Fault>> {
        self.blocking(path, move |folder, at| {
            folder.write(at, &mut pieces).map_err(|cause| Fault::io("write", at, &cause))
        })
    }

    fn read<'a>(&'a self, path: &'a str, mut sink: Sink) -> Future<'a, Result<bool, Fault>> {
        self.blocking(path, move |folder, at| {
            folder.read(at, &mut sink).map_err(|cause| Fault::io("read back", at, &cause))
        })
    }

    fn move_new<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<Moved, Fault>> {
        let from = self.0.at(from);
        self.blocking(to, move |folder, to| match folder.files.move_new(&from, to) {
            Ok(()) => folder.sync_around(to).map(|()| Moved::Done),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(Moved::Taken),
            Err(cause) => Err(Fault::io("rename to", to, &cause)),
        })
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> Future<'a, Result<(), Fault>> {
        let from = self.0.at(from);
        self.blocking(to, move |folder, to| {
            folder.files.replace(&from, to).map_err(|cause| Fault::io("rename to", to, &cause))?;
            folder.sync_around(to)
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        self.blocking(path, |folder, at| {
            folder.files.remove(at).map_err(|cause| Fault::io("remove", at, &cause))
        })
    }

    fn settle<'a>(&'a self, path: &'a str) -> Future<'a, Result<(), Fault>> {
        self.blocking(path, |folder, at| {
            folder.files.sync_file(at).map_err(|cause| Fault::io("sync", at, &cause))?;
            folder.sync_around(at)
        })
    }
}
