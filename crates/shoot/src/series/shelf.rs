//! The folder of a series' files. Nothing is ever replaced, and no file is ever there by half.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use filmwire_photo::{Structure, check_structure};
use sha2::{Digest as _, Sha256};

use super::error::Error;

/// Drafts of this process: several cameras may write files of one name.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// The folder of a series' files.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its name on the card, if it is a file from there.
    pub camera_name: Option<String>,
}

/// A file that is being written. Dropped before it is finished, it is gone.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    name: String,
    extension: String,
    file: File,
    temporary: Temporary,
    bytes: u64,
    hash: Sha256,
}

/// A file that goes away with this value.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Half a file must not look like a picture.
        let _ = fs::remove_file(&self.0);
    }
}

impl Shelf {
    /// Makes the folder; an empty path is the present one.
    ///
    /// Fails with [`Error::Storage`].
    pub fn new(folder: PathBuf) -> Result<Self, Error> {
        if !folder.as_os_str().is_empty() {
            make(&folder)?;
        }
        Ok(Self { folder })
    }

    /// Opens a file of that name, whose last part is the file's.
    ///
    /// Fails with [`Error::Storage`].
    pub fn open(&self, name: &[String], extension: &str) -> Result<Draft, Error> {
        let (name, folders) = name.split_last().map_or(("unnamed", &[][..]), |(n, f)| (n, f));
        let mut folder = self.folder.clone();
        folder.extend(folders);
        if !folders.is_empty() {
            make(&folder)?;
        }
        let draft = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".{name}.{}-{draft}.part", std::process::id()));
        let file = File::create(&path).map_err(|cause| Error::storage("create", &path, cause))?;
        let (name, extension) = (name.to_owned(), extension.to_owned());
        let temporary = Temporary(path);
        Ok(Draft { folder, name, extension, file, temporary, bytes: 0, hash: Sha256::new() })
    }
}

fn make(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|cause| Error::storage("make", folder, cause))
}

impl Draft {
    /// Writes a piece. Fails with [`Error::Storage`].
    pub fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let path = &self.temporary.0;
        self.file.write_all(piece).map_err(|cause| Error::storage("write", path, cause))?;
        self.bytes += piece.len() as u64;
        self.hash.update(piece);
        Ok(())
    }

    /// Looks whether what was written is whole, as far as its kind has a check.
    ///
    /// Fails with [`Error::Storage`]. Cancel-safe.
    pub async fn structure(&self) -> Result<Structure, Error> {
        let path = self.temporary.0.clone();
        let failed = |cause| Error::storage("read", self.temporary.0.clone(), cause);
        let check = move || check_structure(&mut File::open(path)?, None);
        tokio::task::spawn_blocking(check).await.map_err(io::Error::other).flatten().map_err(failed)
    }

    /// Brings the file to the disk and gives it its name; one that is taken gets `-2`, `-3` and so on.
    ///
    /// Fails with [`Error::Storage`]. Cancel-safe: it comes to its end by itself.
    pub async fn finish(self) -> Result<Kept, Error> {
        let path = self.temporary.0.clone();
        let failed = |cause| Error::storage("write", path, io::Error::other(cause));
        tokio::task::spawn_blocking(move || self.place()).await.map_err(failed)?
    }

    fn place(self) -> Result<Kept, Error> {
        let failed = |path: &Path, cause| Error::storage("write", path, cause);
        self.file.sync_all().map_err(|cause| failed(&self.temporary.0, cause))?;
        let mut number = 1;
        let path = loop {
            let path = self.folder.join(numbered(&self.name, number, &self.extension));
            match put(&self.temporary.0, &path) {
                Ok(()) => break path,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(cause) => return Err(failed(&path, cause)),
            }
        };
        sync_folder(&self.folder);
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Kept { path, bytes: self.bytes, sha256, camera_name: None })
    }
}

/// Gives a file its name, unless that is taken, also while others write there. A link fails where
/// the name is taken; file systems without links take the name first.
pub(crate) fn put(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            File::create_new(path)?;
            // A name that was taken for nothing would look like a picture.
            fs::rename(temporary, path).inspect_err(|_| drop(fs::remove_file(path)))
        }
        linked => linked,
    }
}

/// The name survives a power cut too, where the file system can do that.
fn sync_folder(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn numbered(name: &str, number: u32, extension: &str) -> String {
    match number {
        1 => format!("{name}.{extension}"),
        _ => format!("{name}-{number}.{extension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn nothing_is_replaced_and_halves_go_away() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("new")).unwrap();
        let name = ["a".to_owned(), "x.y".to_owned()];
        for (text, expected) in [("one", "x.y.jpg"), ("two", "x.y-2.jpg"), ("3", "x.y-3.jpg")] {
            let mut draft = shelf.open(&name, "jpg").unwrap();
            draft.write(text.as_bytes()).unwrap();
            let kept = draft.finish().await.unwrap();
            assert_eq!(kept.path, folder.path().join("new/a").join(expected));
            assert_eq!(fs::read_to_string(&kept.path).unwrap(), text);
            assert_eq!(kept.bytes, text.len() as u64);
        }
        let mut half = shelf.open(&name, "jpg").unwrap();
        half.write(b"half").unwrap();
        drop(half);
        let left = files(&folder.path().join("new/a"));
        assert_eq!(left, ["x.y-2.jpg", "x.y-3.jpg", "x.y.jpg"]);
    }

    #[test]
    fn a_name_that_was_taken_in_vain_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("nothing"), &folder.path().join("x.jpg")).unwrap_err();
        assert_eq!(files(folder.path()), [""; 0]);
    }

    /// Source of the sum: NIST's example for "abc".
    #[tokio::test]
    async fn the_sum_is_that_of_the_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().to_owned()).unwrap();
        let mut draft = shelf.open(&["x".to_owned()], "jpg").unwrap();
        draft.write(b"a").unwrap();
        draft.write(b"bc").unwrap();
        let sha256 = draft.finish().await.unwrap().sha256;
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256, sum);
    }

    #[test]
    fn a_folder_that_cannot_be_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Shelf::new(file.path().join("x")).unwrap_err();
        assert!(error.to_string().contains("cannot make"), "{error}");
        assert!(error.ends_series());
    }
}
