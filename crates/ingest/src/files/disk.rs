//! Real files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{FileLayer, PartFile, Reading};

/// The file layer of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

struct DiskPart(File);

impl FileLayer for Disk {
    fn open_part(&self, path: &Path) -> io::Result<Box<dyn PartFile>> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Box::new(DiskPart(file)))
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn Reading>> {
        Ok(Box::new(File::open(path)?))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        rename_without_replacing(from, to).map_err(|cause| match is_unsupported(&cause) {
            true => io::Error::new(io::ErrorKind::Unsupported, cause),
            false => cause,
        })
    }

    fn claim(&self, path: &Path) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).open(path).map(drop)
    }

    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn make_folder(&self, root: &Path, path: &Path) -> io::Result<()> {
        let below = path.ancestors().take_while(|folder| *folder != root);
        let missing: Vec<_> = below.take_while(|folder| !folder.is_dir()).collect();
        for folder in missing.into_iter().rev() {
            match fs::create_dir(folder) {
                Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
                _ => folder.parent().map_or(Ok(()), |parent| self.sync_folder(parent))?,
            }
        }
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        match File::open(path)?.sync_all() {
            // Some shares cannot sync folders; their servers write entries through.
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

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::symlink_metadata(path) {
            Ok(data) if data.is_file() => Ok(Some(data.len())),
            Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is no regular file")),
            Err(cause) if is_nothing(&cause) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    #[cfg(unix)]
    fn free_bytes(&self, folder: &Path) -> io::Result<u64> {
        let data = rustix::fs::statvfs(folder)?;
        Ok(data.f_bavail.saturating_mul(data.f_frsize))
    }

    #[cfg(not(unix))]
    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(folder) {
            Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(cause) => Err(cause),
        }
    }
}

impl PartFile for DiskPart {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)?;
        self.0.seek(SeekFrom::Start(length)).map(drop)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// Elsewhere a hard link is the way that never replaces.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

fn is_unsupported(cause: &io::Error) -> bool {
    let codes = [io::ErrorKind::Unsupported, io::ErrorKind::InvalidInput];
    codes.contains(&cause.kind())
}

/// There is nothing below a file either.
fn is_nothing(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("new"), "new").unwrap();
        fs::write(path("old"), "old").unwrap();
        let cause = Disk.rename_new(&path("new"), &path("old")).unwrap_err();
        assert_eq!(cause.kind(), io::ErrorKind::AlreadyExists);
        let cause = Disk.claim(&path("old")).unwrap_err();
        assert_eq!(cause.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(path("old")).unwrap(), "old");
        Disk.rename_new(&path("new"), &path("free")).unwrap();
        assert_eq!(fs::read_to_string(path("free")).unwrap(), "new");
        assert!(!path("new").exists());
        Disk.claim(&path("claimed")).unwrap();
        assert_eq!(Disk.length(&path("claimed")).unwrap(), Some(0));
    }

    #[test]
    fn folders_are_made_below_the_root_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        let cause = Disk.make_folder(&root, &root.join("a/b")).unwrap_err();
        assert_eq!(cause.kind(), io::ErrorKind::NotFound);
        assert!(!root.exists());
        fs::create_dir(&root).unwrap();
        Disk.make_folder(&root, &root.join("a/b")).unwrap();
        Disk.make_folder(&root, &root.join("a/b")).unwrap();
        assert!(root.join("a/b").is_dir());
    }

    #[test]
    fn a_part_keeps_what_it_has_and_can_be_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        Disk.open_part(&path).unwrap().append(b"abcdef").unwrap();
        let mut part = Disk.open_part(&path).unwrap();
        part.cut(3).unwrap();
        part.append(b"XY").unwrap();
        part.sync().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "abcXY");
        assert_eq!(Disk.length(&path).unwrap(), Some(5));
        assert_eq!(Disk.length(&folder.path().join("none")).unwrap(), None);
        assert_eq!(Disk.length(&path.join("below a file")).unwrap(), None);
    }
}
