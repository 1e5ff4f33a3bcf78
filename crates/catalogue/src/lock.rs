//! The lock of a library: one program at a time works on it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::Error;

/// Holds the library until dropped; the system lets go of it too when the process dies.
///
/// The lock is the system's on a file that is never deleted: deleting it would let two processes
/// hold locks on two files of one name. The file's text only tells people who holds it.
#[derive(Debug)]
#[must_use = "the library is free again when the guard is dropped"]
pub struct LockGuard {
    files: Vec<File>,
}

impl LockGuard {
    /// Takes the locks in order, all or none.
    pub(crate) fn take<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Self, Error> {
        let mut guard = Self { files: Vec::new() };
        for path in paths {
            if let Some(file) = take(path)? {
                guard.files.push(file);
            }
        }
        Ok(guard)
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        for file in &self.files {
            // Both are courtesy: closing the file unlocks it, and stale text is never trusted.
            let _ = file.set_len(0);
            let _ = file.unlock();
        }
    }
}

/// Locks one file; none if the file system has no locks.
fn take(path: &Path) -> Result<Option<File>, Error> {
    let io = |source| Error::io("cannot open the lock file", path, source);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::Locked { holder: holder(&mut file) }),
        Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => {
            return Ok(None);
        }
        Err(TryLockError::Error(e)) => return Err(Error::io("cannot lock", path, e)),
    }
    let text = format!("{}, process {}\n", host(), std::process::id());
    // For people alone: a full disk takes no text, and is locked all the same.
    let _ = file.set_len(0).and_then(|()| file.rewind());
    let _ = file.write_all(text.as_bytes());
    Ok(Some(file))
}

/// Reads who holds the lock; the text may be gone or half written.
fn holder(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = file.take(200).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    match (read, text.trim()) {
        (Ok(_), text) if !text.is_empty() => text.chars().filter(|c| !c.is_control()).collect(),
        _ => "another process".to_owned(),
    }
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
