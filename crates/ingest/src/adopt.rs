//! Learning photos that are in the library already.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use filmwire_catalogue::{Adopted, Catalogue, Library, META_FOLDER, Sha256};
use sha2::{Digest, Sha256 as Hasher};

use crate::error::Error;
use crate::librarian::storage;
use crate::options::Now;
use crate::stop::Stop;

/// Names that are taken for photos and films.
const ENDINGS: [&str; 9] = ["jpg", "jpeg", "raf", "mov", "mp4", "heif", "heic", "hif", "avi"];
/// Bytes hashed at once.
const BLOCK_BYTES: usize = 1 << 20;

/// What became of the files below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adoption {
    /// Learnt now.
    pub learnt: u64,
    /// Known before.
    pub known: u64,
    /// Known under their name with other content: changed since, and left as they are.
    pub changed: u64,
    /// No photos or films, by their names.
    pub others: u64,
    /// Bytes hashed.
    pub bytes: u64,
    /// True if the run was asked to stop before it was through.
    pub interrupted: bool,
}

/// Learns all photos and films below `folder`, which lies in the library, by their hash.
///
/// A photo fetched later whose content is the same is then not stored twice. Links are not
/// followed. `tell` gets the path of each file learnt, relative to the library. Blocking.
///
/// Fails with [`Error::Storage`] if a file cannot be read or the folder is outside the library.
pub fn adopt(
    library: &Library,
    folder: &Path,
    now: &Now,
    stop: &Stop,
    tell: &mut dyn FnMut(&str),
) -> Result<Adoption, Error> {
    let root = library.root().canonicalize().map_err(storage("open", library.root()))?;
    let folder = folder.canonicalize().map_err(storage("open", folder))?;
    if !folder.starts_with(&root) {
        let cause = std::io::Error::other("it is not inside the library");
        return Err(Error::Storage { action: "adopt", path: folder, cause });
    }
    let mut adopting = Adopting {
        root: &root,
        catalogue: library.catalogue()?,
        now,
        stop,
        tell,
        sum: Adoption::default(),
    };
    adopting.walk(&folder)?;
    Ok(adopting.sum)
}

struct Adopting<'a> {
    root: &'a Path,
    catalogue: Catalogue,
    now: &'a Now,
    stop: &'a Stop,
    tell: &'a mut dyn FnMut(&str),
    sum: Adoption,
}

impl Adopting<'_> {
    fn walk(&mut self, folder: &Path) -> Result<(), Error> {
        let entries = fs::read_dir(folder).map_err(storage("read", folder))?;
        // In order, so that two runs tell the same.
        let entries: Result<BTreeSet<_>, _> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect();
        for path in entries.map_err(storage("read", folder))? {
            if self.stop.is_asked() {
                self.sum.interrupted = true;
                return Ok(());
            }
            let data = fs::symlink_metadata(&path).map_err(storage("look at", &path))?;
            if data.is_dir() {
                if path.file_name().is_none_or(|name| name != META_FOLDER) {
                    self.walk(&path)?;
                }
            } else if data.is_file() && is_photo(&path) {
                self.learn(&path)?;
            } else {
                self.sum.others += 1;
            }
        }
        Ok(())
    }

    fn learn(&mut self, path: &Path) -> Result<(), Error> {
        let inside = path.strip_prefix(self.root).unwrap_or(path);
        let Some(name) = inside.to_str().map(|name| name.replace('\\', "/")) else {
            self.sum.others += 1;
            return Ok(());
        };
        let (sha256, size) = hash(path)?;
        self.sum.bytes += size;
        match self.catalogue.adopt_file(&name, &sha256, size, (self.now)())? {
            Adopted::New(_) => {
                self.sum.learnt += 1;
                (self.tell)(&name);
            }
            Adopted::Known(_) => self.sum.known += 1,
            Adopted::Changed(_) => self.sum.changed += 1,
        }
        Ok(())
    }
}

fn is_photo(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

fn hash(path: &Path) -> Result<(Sha256, u64), Error> {
    let mut file = File::open(path).map_err(storage("read", path))?;
    let mut hasher = Hasher::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut size = 0;
    loop {
        match file.read(&mut block).map_err(storage("read", path))? {
            0 => return Ok((hasher.finalize().into(), size)),
            count => {
                hasher.update(block.get(..count).unwrap_or_default());
                size += count as u64;
            }
        }
    }
}
