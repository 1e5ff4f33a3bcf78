//! Files that are on their way out: where they are kept until targets were asked, and back.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use filmwire_catalogue::{Library, Pruning, Sha256};
use sha2::Digest;

use crate::files::{Disk, Files, Look};
use crate::source::PIECE_BYTES;

/// Folder in the library's own.
const FOLDER: &str = "pruning";
/// Bytes of the content's hash in a name.
const HASH_BYTES: usize = 8;

/// Where a file is in the library, and where it is kept meanwhile.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) path: PathBuf,
    pub(super) aside: PathBuf,
    /// There as long as the library is.
    witness: PathBuf,
}

impl Places {
    /// Of the file of a row. Content is in the name: a catalogue that was put back from a back-up
    /// gives out numbers again.
    pub(super) fn of(library: &Library, row: i64, path: &str, sha256: &Sha256) -> Self {
        let aside = folder(library).join(name(row, sha256));
        Self { path: library.absolute(path), aside, witness: library.id_file() }
    }

    /// Moves the file aside.
    pub(super) fn set_aside(&self) -> io::Result<()> {
        if let Some(folder) = self.aside.parent() {
            fs::create_dir_all(folder)?;
        }
        Disk.move_new(&self.path, &self.aside)?;
        self.sync()
    }

    /// Gives it its place again. What is in neither place is lost, and no affair of ours.
    pub(super) fn put_back(&self) -> io::Result<()> {
        if Disk.look(&self.aside)? != Look::Nothing {
            Disk.move_new(&self.aside, &self.path)?;
            return self.sync();
        }
        match Disk.look(&self.path)? {
            // A library that is not mounted has nothing in either place.
            Look::Nothing => fs::metadata(&self.witness).map(drop),
            _ => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        let parents = [&self.path, &self.aside].into_iter().filter_map(|path| path.parent());
        parents.into_iter().try_for_each(|folder| Disk.sync_folder(folder))
    }
}

/// Names of all that was set aside.
pub(super) fn names(library: &Library) -> Vec<String> {
    let entries = fs::read_dir(folder(library)).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The row a name tells of.
pub(super) fn row_of(name: &str) -> Option<i64> {
    name.split_once('-')?.0.parse().ok()
}

/// Whether a file of this name was let go for good by a row.
pub(super) fn is_done(file: &str, row: &Pruning) -> bool {
    row.ended.is_some() && name(row.id, &row.sha256) == file
}

/// Where a file of this name is, as the library names it.
pub(super) fn path_of(file: &str) -> String {
    format!("{}/{FOLDER}/{file}", filmwire_catalogue::META_FOLDER)
}

fn folder(library: &Library) -> PathBuf {
    library.meta_folder().join(FOLDER)
}

fn name(row: i64, sha256: &Sha256) -> String {
    let hash: String = sha256.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{row}-{hash}")
}

/// Hashes a file.
pub(super) fn hash(path: &Path) -> io::Result<Sha256> {
    let (mut file, mut hasher) = (File::open(path)?, sha2::Sha256::new());
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finalize().into()),
            length => hasher.update(piece.get(..length).unwrap_or_default()),
        }
    }
}
