//! The file layer of the folder target: everything it does at the target goes through it, so that
//! tests can cut it at any step, fill the disk or make it lie.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

pub use crate::store::Look;

/// What the folder target does with files. Paths are absolute. Blocking.
pub trait Files: Send + Sync {
    /// Makes a file to be filled; fails with `AlreadyExists` if there is something.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn Part>>;

    /// Opens a file to read what is on the disk, not what is still in memory, as far as the
    /// system lets us choose.
    fn open_back(&self, path: &Path) -> io::Result<Box<dyn Read + Send>>;

    /// Gives a file a new name in its folder; fails with `AlreadyExists` if there is something
    /// under it, and with `Unsupported` where that cannot be done without replacing.
    fn move_new(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name, and replaces the file that has it, in one step.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes one folder; one that exists is fine.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Waits until a file's bytes are on the disk.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Waits until the names in a folder are on the disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a file; one that is missing is fine.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Looks at what is there; links are not followed.
    fn look(&self, path: &Path) -> io::Result<Look>;

    /// Paths of what is in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
}

/// A file being filled.
pub trait Part: Send {
    /// Appends bytes.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits until all bytes are on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// Real files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn Part>> {
        Ok(Box::new(OpenOptions::new().write(true).create_new(true).open(path)?))
    }

    fn open_back(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        let file = File::open(path)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // Only advice: what is not taken is read from memory.
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        Ok(Box::new(file))
    }

    fn move_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rename_without_replacing(from, to) {
            Err(cause) if is_unsupported(&cause) => link_without_replacing(from, to),
            result => result,
        }
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            result => result,
        }
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        match File::open(path)?.sync_all() {
            // Some shares cannot sync folders; their servers write names through.
            Err(cause) if is_unsupported(&cause) => Ok(()),
            result => result,
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn look(&self, path: &Path) -> io::Result<Look> {
        match fs::symlink_metadata(path) {
            Ok(data) if data.is_file() => Ok(Look::File { size: data.len(), tag: tag(&data) }),
            Ok(_) => Ok(Look::Other),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Look::Nothing),
            Err(cause) => Err(cause),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }
}

impl Part for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Renaming keeps all of this, and writing to the file does not.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps)]
fn tag(data: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let (device, number, size) = (data.dev(), data.ino(), data.len());
    Some(format!("{device}:{number}:{size}:{}.{}", data.mtime(), data.mtime_nsec()))
}

#[cfg(not(unix))]
fn tag(_: &fs::Metadata) -> Option<String> {
    None
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn rename_without_replacing(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// NFS, among others, renames only with replacing; a second name never replaces.
fn link_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            // Both names are there now, and the old one is a part's: it goes with the next ones.
            let _ = fs::remove_file(from);
            Ok(())
        }
        Err(cause) if is_unsupported(&cause) || cause.kind() == io::ErrorKind::PermissionDenied => {
            let why = "this file system can neither rename nor link without replacing";
            Err(io::Error::new(io::ErrorKind::Unsupported, format!("{why} ({cause})")))
        }
        result => result,
    }
}

fn is_unsupported(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_way_replaces() {
        for way in [rename_without_replacing, link_without_replacing] {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            fs::write(path("new"), "new").unwrap();
            fs::write(path("old"), "old").unwrap();
            let cause = way(&path("new"), &path("old")).unwrap_err();
            assert_eq!(cause.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(path("old")).unwrap(), "old");
            way(&path("new"), &path("free")).unwrap();
            assert_eq!(fs::read_to_string(path("free")).unwrap(), "new");
            assert!(!path("new").exists());
        }
    }

    #[test]
    fn a_tag_lasts_through_renaming_and_not_through_writing() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("1"), folder.path().join("2"));
        fs::write(&one, "abc").unwrap();
        let before = Disk.look(&one).unwrap();
        Disk.move_new(&one, &two).unwrap();
        assert_eq!(Disk.look(&two).unwrap(), before);
        File::options()
            .write(true)
            .open(&two)
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        assert_ne!(Disk.look(&two).unwrap(), before);
        assert_eq!(Disk.look(&one).unwrap(), Look::Nothing);
        assert_eq!(Disk.look(folder.path()).unwrap(), Look::Other);
    }

    #[test]
    fn folders_and_parts_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, part) = (folder.path().join("d"), folder.path().join("p"));
        Disk.make_folder(&inner).unwrap();
        Disk.make_folder(&inner).unwrap();
        Disk.create_new(&part).unwrap().append(b"abc").unwrap();
        let cause = Disk.create_new(&part).err().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::AlreadyExists);
        assert!(Disk.make_folder(&part).is_err(), "a file is no folder");
        let mut text = String::new();
        Disk.open_back(&part).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        Disk.sync_file(&part).unwrap();
        Disk.sync_folder(folder.path()).unwrap();
        Disk.remove(&part).unwrap();
        Disk.remove(&part).unwrap();
    }
}
