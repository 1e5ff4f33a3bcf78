//! A file layer on the real disk that shows every change to a hook before and after it is made.

#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use filmwire_ingest::files::{Disk, FileLayer, PartFile, Reading};

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Open,
    Append,
    Cut,
    Sync,
    MakeFolder,
    RenameNew,
    Claim,
    RenameOver,
    SyncFolder,
    Remove,
}

/// A change of the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) verb: Verb,
    /// What is changed; of renames the new name.
    pub(crate) path: PathBuf,
    /// Of renames the old name.
    pub(crate) from: Option<PathBuf>,
    /// Bytes of an append.
    pub(crate) bytes: u64,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.verb)?;
        if let Some(from) = &self.from {
            write!(f, " {}", from.display())?;
        }
        write!(f, " {}", self.path.display())
    }
}

/// Watches, forbids or dies.
pub(crate) trait Hook: Send + Sync {
    /// Called before a change, which is not made if this fails.
    fn before(&self, _: &Op) -> io::Result<()> {
        Ok(())
    }

    /// Called after a change that was made.
    fn after(&self, _: &Op) {}

    /// Bytes said to be free; `None` asks the system.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

/// The real disk under a hook.
pub(crate) struct Watched(Arc<dyn Hook>);

struct Part {
    inner: Box<dyn PartFile>,
    path: PathBuf,
    hook: Arc<dyn Hook>,
}

impl Watched {
    pub(crate) fn by(hook: Arc<dyn Hook>) -> Arc<dyn FileLayer> {
        Arc::new(Self(hook))
    }

    fn run<T>(&self, op: &Op, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        around(&*self.0, op, work)
    }
}

fn around<T>(hook: &dyn Hook, op: &Op, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    hook.before(op)?;
    let result = work();
    if result.is_ok() {
        hook.after(op);
    }
    result
}

fn on(verb: Verb, path: &Path) -> Op {
    Op { verb, path: path.to_owned(), from: None, bytes: 0 }
}

fn rename(verb: Verb, from: &Path, to: &Path) -> Op {
    Op { from: Some(from.to_owned()), ..on(verb, to) }
}

impl FileLayer for Watched {
    fn open_part(&self, path: &Path) -> io::Result<Box<dyn PartFile>> {
        let inner = self.run(&on(Verb::Open, path), || Disk.open_part(path))?;
        Ok(Box::new(Part { inner, path: path.to_owned(), hook: Arc::clone(&self.0) }))
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn Reading>> {
        Disk.open_read(path)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(&rename(Verb::RenameNew, from, to), || Disk.rename_new(from, to))
    }

    fn claim(&self, path: &Path) -> io::Result<()> {
        self.run(&on(Verb::Claim, path), || Disk.claim(path))
    }

    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(&rename(Verb::RenameOver, from, to), || Disk.rename_over(from, to))
    }

    fn make_folder(&self, root: &Path, path: &Path) -> io::Result<()> {
        self.run(&on(Verb::MakeFolder, path), || Disk.make_folder(root, path))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.run(&on(Verb::SyncFolder, path), || Disk.sync_folder(path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.run(&on(Verb::Remove, path), || Disk.remove(path))
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        Disk.length(path)
    }

    fn free_bytes(&self, folder: &Path) -> io::Result<u64> {
        self.0.free_bytes().map_or_else(|| Disk.free_bytes(folder), Ok)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        Disk.list(folder)
    }
}

impl PartFile for Part {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let op = Op { bytes: bytes.len() as u64, ..on(Verb::Append, &self.path) };
        let inner = &mut self.inner;
        around(&*self.hook, &op, || inner.append(bytes))
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let inner = &mut self.inner;
        around(&*self.hook, &on(Verb::Cut, &self.path), || inner.cut(length))
    }

    fn sync(&mut self) -> io::Result<()> {
        let inner = &mut self.inner;
        around(&*self.hook, &on(Verb::Sync, &self.path), || inner.sync())
    }
}
