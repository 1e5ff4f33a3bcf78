//! The file layer: every write of a run goes through it, so that tests can record the order of
//! writes, fsyncs and renames, fill the disk, or let the program die at any step.

mod disk;

use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

pub use disk::Disk;

/// What a run does with files. Paths are absolute. Blocking.
pub trait FileLayer: Send + Sync {
    /// Opens a file to be filled; it is made if missing and keeps what it has.
    fn open_part(&self, path: &Path) -> io::Result<Box<dyn PartFile>>;

    /// Opens a file to look at.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn Reading>>;

    /// Renames a file; fails with `AlreadyExists` if there is something under the new name, and
    /// with `Unsupported` if the file system cannot do both at once.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes an empty file that holds a name, where [`Self::rename_new`] is unsupported; fails
    /// with `AlreadyExists` if there is something.
    fn claim(&self, path: &Path) -> io::Result<()>;

    /// Renames a file over whatever is under the new name; only over what is our own.
    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder with its parents below `root`; one that exists is fine. Fails with
    /// `NotFound` if `root` is gone.
    fn make_folder(&self, root: &Path, path: &Path) -> io::Result<()>;

    /// Waits until the entries of a folder are on disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a file; one that is missing is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Length of a regular file; `None` if there is nothing.
    fn length(&self, path: &Path) -> io::Result<Option<u64>>;

    /// Bytes free for us on the file system of a folder.
    fn free_bytes(&self, folder: &Path) -> io::Result<u64>;

    /// Names of the files in a folder; empty if the folder is missing.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
}

/// A file being filled.
pub trait PartFile: Send {
    /// Appends bytes.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to this length; what comes next is appended there.
    fn cut(&mut self, length: u64) -> io::Result<()>;

    /// Waits until all bytes are on disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// Something to look at.
pub trait Reading: Read + Seek + Send {}

impl<T: Read + Seek + Send> Reading for T {}
