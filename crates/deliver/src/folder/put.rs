//! Putting a file in place. The steps are those of `docs/design/delivery.md`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::Digest;

use super::name::{below, numbered};
use super::{Inner, PIECE_BYTES};
use crate::fault::Fault;
use crate::files::Look;
use crate::target::{Placed, Upload};

/// How many files of one name and different content are gone past.
const MOST_NUMBERS: u32 = 10_000;

/// What became of a name.
enum Named {
    /// The file is there under it.
    Done(Placed),
    /// Something else is.
    Taken,
}

impl Inner {
    pub(super) fn put(&self, upload: &Upload) -> Result<Placed, Fault> {
        let root = &self.options.root;
        let wanted = below(root, &upload.path)?;
        self.present()?;
        if let Some(placed) = self.still_known(upload)? {
            return Ok(placed);
        }
        let folder = wanted.parent().unwrap_or(root);
        let mut part = None;
        let placed = self.put_below(folder, upload, &mut part);
        // Moved to its place, it is nothing to discard; else it goes, whatever happened.
        if let Some(part) = part {
            self.discard(&part);
        }
        placed
    }

    /// Where it was when last heard of, if it is still there.
    fn still_known(&self, upload: &Upload) -> Result<Option<Placed>, Fault> {
        let Some(known) = upload.known.as_deref() else { return Ok(None) };
        let at = below(&self.options.root, known)?;
        match self.is_equal(&at, upload)? {
            Some(true) => self.adopt(&at, known).map(Some),
            _ => Ok(None),
        }
    }

    fn put_below(
        &self,
        folder: &Path,
        upload: &Upload,
        part: &mut Option<PathBuf>,
    ) -> Result<Placed, Fault> {
        self.make_folders(folder)?;
        self.sweep(folder)?;
        for number in 1..=MOST_NUMBERS {
            let path = numbered(&upload.path, number);
            match self.put_under(&path, folder, upload, part)? {
                Named::Done(placed) => return Ok(placed),
                Named::Taken => {}
            }
        }
        Err(Fault::permanent(format!("{MOST_NUMBERS} files are called {}", upload.path)))
    }

    /// Puts the file under one name, if that is free or has its content.
    fn put_under(
        &self,
        path: &str,
        folder: &Path,
        upload: &Upload,
        part: &mut Option<PathBuf>,
    ) -> Result<Named, Fault> {
        let at = below(&self.options.root, path)?;
        loop {
            match self.is_equal(&at, upload)? {
                Some(true) => return self.adopt(&at, path).map(Named::Done),
                Some(false) => return Ok(Named::Taken),
                None => {}
            }
            let from = match part {
                Some(from) => from.clone(),
                None => {
                    let from = self.part_in(folder);
                    *part = Some(from.clone());
                    self.write_part(&from, upload)?;
                    from
                }
            };
            self.present()?;
            match self.files.move_new(&from, &at) {
                Ok(()) => {
                    *part = None;
                    self.sync_folder(folder)?;
                    let made = self.tag_of(&at);
                    return Ok(Named::Done(Placed { path: path.to_owned(), made }));
                }
                // Someone was faster; look at what it is.
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(Fault::io("rename to", &at, &cause)),
            }
            if upload.stop.is_asked() {
                return Err(Fault::stopped());
            }
        }
    }

    /// Takes a file that is there for ours. The one who put it may have died before it was safe on
    /// the disk.
    fn adopt(&self, at: &Path, path: &str) -> Result<Placed, Fault> {
        self.files.sync_file(at).map_err(|e| Fault::io("sync", at, &e))?;
        self.sync_folder(at.parent().unwrap_or(&self.options.root))?;
        Ok(Placed { path: path.to_owned(), made: None })
    }

    /// Whether what is at a path has the content; `None` if there is nothing.
    fn is_equal(&self, at: &Path, upload: &Upload) -> Result<Option<bool>, Fault> {
        match self.files.look(at).map_err(|e| Fault::io("look at", at, &e))? {
            Look::Nothing => Ok(None),
            Look::File { size, .. } if size == upload.size => {
                Ok(Some(self.hash(at, upload)? == upload.sha256))
            }
            Look::File { .. } | Look::Other => Ok(Some(false)),
        }
    }

    /// Makes the folders below the root that are missing; the root itself never.
    fn make_folders(&self, folder: &Path) -> Result<(), Fault> {
        let root = &self.options.root;
        let mut missing = Vec::new();
        for folder in folder.ancestors().take_while(|folder| folder != root) {
            match self.files.look(folder).map_err(|e| Fault::io("look at", folder, &e))? {
                Look::Nothing => missing.push(folder),
                // A link to a folder is as good as one; anything else fails where it is used.
                Look::File { .. } | Look::Other => break,
            }
        }
        for folder in missing.into_iter().rev() {
            self.present()?;
            self.files.make_folder(folder).map_err(|e| Fault::io("make", folder, &e))?;
            self.sync_folder(folder.parent().unwrap_or(root))?;
        }
        Ok(())
    }

    fn write_part(&self, part: &Path, upload: &Upload) -> Result<(), Fault> {
        let fault = |cause: &io::Error| Fault::io("write", part, cause);
        let mut source = File::open(&upload.source)
            .map_err(|cause| Fault::io("read the library's", &upload.source, &cause))?;
        let mut file = self.files.create_new(part).map_err(|e| fault(&e))?;
        let (mut hasher, mut sent) = (sha2::Sha256::new(), 0);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if upload.stop.is_asked() {
                return Err(Fault::stopped());
            }
            let length = read(&mut source, &mut piece)
                .map_err(|cause| Fault::io("read the library's", &upload.source, &cause))?;
            let bytes = piece.get(..length).unwrap_or_default();
            sent += bytes.len() as u64;
            // A source that grew is not followed to its end.
            if bytes.is_empty() || sent > upload.size {
                break;
            }
            hasher.update(bytes);
            file.append(bytes).map_err(|e| fault(&e))?;
        }
        if sent != upload.size || <[u8; 32]>::from(hasher.finalize()) != upload.sha256 {
            let source = upload.source.display();
            return Err(Fault::permanent(format!(
                "the library's {source} is not what it was when it was published; \
                 `filmwire catalogue check --deep` tells more"
            )));
        }
        file.sync().map_err(|e| fault(&e))
    }

    pub(super) fn sync_folder(&self, folder: &Path) -> Result<(), Fault> {
        self.files.sync_folder(folder).map_err(|cause| Fault::io("sync", folder, &cause))
    }

    fn tag_of(&self, at: &Path) -> Option<String> {
        match self.files.look(at) {
            Ok(Look::File { tag, .. }) => tag,
            _ => None,
        }
    }
}

/// Reads once, whatever interrupts it.
pub(super) fn read(from: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(piece) {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
