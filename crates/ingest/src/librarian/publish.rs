//! From a complete part to a published photo. The numbers are those of `docs/design/publish.md`.

use std::io;
use std::path::{Path, PathBuf};

use filmwire_catalogue::{FileRow, FileState, ObjectRow, PairHint, Publish, Sha256, State};
use filmwire_codec::DateTime;
use sha2::Digest;

use super::incoming::Incoming;
use super::{Librarian, Outcome, storage};
use crate::check::{Structure, check_structure};
use crate::error::Error;
use crate::event::FileDone;
use crate::serial::{PhotoFacts, read_facts};
use crate::template::Fields;

/// How often a name may be taken by someone else between giving it out and renaming.
const NAME_TRIES: u32 = 20;
/// What a placeholder of ours is: nothing.
const CLAIM_BYTES: u64 = 0;

impl Librarian {
    /// All bytes are here: check, and publish.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let size = current.object.key.size;
        if current.received != size {
            self.remove(&current.path)?;
            let reason = format!("{} of {size} bytes came", current.received);
            return self.fail(&current.object, reason);
        }
        // Step 2: check size and structure.
        let (structure, facts) = self.look_at(&current.path)?;
        // Step 3: the file's bytes are on disk before anything speaks of them.
        current.part.sync().map_err(storage("write", &current.path))?;
        let sha256: Sha256 = std::mem::take(&mut current.hasher).finalize().into();
        let Incoming { mut object, path, part, .. } = current;
        drop(part);
        if let Some(serial) = &facts.serial {
            object = self.with_body_of(object, serial)?;
        }
        if let Structure::Broken(reason) = &structure
            && self.broken.insert(object.id, sha256) != Some(sha256)
        {
            return self.once_more(&object, &path, reason);
        }
        let proof = match structure {
            Structure::Whole => "size+structure",
            Structure::Broken(_) => "size, fetched twice alike",
            Structure::Unknown => "size",
        };
        let done = match self.same_content(&sha256)? {
            Some(existing) => self.link(&object, &path, existing)?,
            None => self.publish(&object, &path, &sha256, (proof, &facts))?,
        };
        self.conclude(&object, structure, done)
    }

    fn look_at(&self, path: &Path) -> Result<(Structure, PhotoFacts), Error> {
        let mut file = self.files.open_read(path).map_err(storage("read", path))?;
        let structure = check_structure(&mut *file).map_err(storage("read", path))?;
        Ok((structure, read_facts(&mut *file)))
    }

    /// A file whose structure is broken is fetched a second time: equal content means that it is
    /// broken on the card.
    fn once_more(&mut self, object: &ObjectRow, path: &Path, reason: &str) -> Result<(), Error> {
        self.remove(path)?;
        let (run, now) = (Some(self.run), self.now());
        let text = format!("its structure is broken: {reason}");
        self.catalogue.set_state(object.id, State::Failed, Some(&text), run, now)?;
        self.tell(Outcome::Again(object.key.clone()));
        Ok(())
    }

    /// The library's own copy of this content, if there is one and it is really there.
    fn same_content(&self, sha256: &Sha256) -> Result<Option<FileRow>, Error> {
        for file in self.catalogue.files_with_sha(sha256)? {
            let path = self.shelf.root.join(&file.path);
            let there = matches!(self.files.length(&path), Ok(Some(length)) if length == file.size);
            match file.state {
                FileState::Published if there => return Ok(Some(file)),
                FileState::Published => {
                    self.catalogue.mark_missing(file.id, self.now())?;
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn link(&self, object: &ObjectRow, part: &Path, existing: FileRow) -> Result<FileDone, Error> {
        self.catalogue.link_existing(object.id, existing.id, self.now())?;
        self.remove(part)?;
        Ok(FileDone {
            name: object.key.name.clone(),
            path: existing.path,
            size: existing.size,
            sha256: existing.sha256,
            proof: existing.proof,
            duplicate: true,
            damaged: false,
        })
    }

    fn publish(
        &self,
        object: &ObjectRow,
        part: &Path,
        sha256: &Sha256,
        (proof, facts): (&str, &PhotoFacts),
    ) -> Result<FileDone, Error> {
        for _ in 0..NAME_TRIES {
            // Step 4: the intent says where the file will be and what it will contain.
            let path = self.assign(object, facts.taken.as_deref())?;
            let size = object.key.size;
            let file = Publish { path: &path, sha256, size, proof };
            self.catalogue.begin_publish(object.id, file, Some(self.run), self.now())?;
            match self.put_in_place(part, &self.shelf.root.join(&path)) {
                Ok(()) => {
                    // Step 7: it is published.
                    self.catalogue.finish_publish(object.id, self.now())?;
                    let (name, sha256) = (object.key.name.clone(), *sha256);
                    let proof = proof.to_owned();
                    let (duplicate, damaged) = (false, false);
                    return Ok(FileDone { name, path, size, sha256, proof, duplicate, damaged });
                }
                // Someone else took the name meanwhile; nothing is replaced.
                Err(Error::Storage { cause, .. })
                    if cause.kind() == io::ErrorKind::AlreadyExists =>
                {
                    self.catalogue.abandon_publish(object.id, self.now())?;
                }
                Err(error) => return Err(error),
            }
        }
        let cause = io::Error::other("every name given out was taken by another program");
        Err(Error::Storage { action: "publish", path: part.to_owned(), cause })
    }

    /// Steps 5 and 6: rename without replacing, and wait for the folders.
    pub(super) fn put_in_place(&self, part: &Path, to: &PathBuf) -> Result<(), Error> {
        let folder = to.parent().unwrap_or(&self.shelf.root);
        self.files.make_folder(folder).map_err(storage("make", folder))?;
        self.files.rename_new(part, to).map_err(storage("publish", to))?;
        self.files.sync_folder(folder).map_err(storage("write", folder))
    }

    /// As [`Self::put_in_place`] over a placeholder of ours, which a crash may have left.
    pub(super) fn put_over_claim(&self, part: &Path, to: &PathBuf) -> Result<(), Error> {
        let folder = to.parent().unwrap_or(&self.shelf.root);
        if self.files.length(to).map_err(storage("look at", to))? != Some(CLAIM_BYTES) {
            let cause = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(Error::Storage { action: "publish", path: to.clone(), cause });
        }
        self.files.rename_over(part, to).map_err(storage("publish", to))?;
        self.files.sync_folder(folder).map_err(storage("write", folder))
    }

    /// Gives out the final path. The camera's own digits make the date; without them Exif's.
    pub(super) fn assign(&self, object: &ObjectRow, taken: Option<&str>) -> Result<String, Error> {
        let digits = object.key.capture_date.as_deref().and_then(DateTime::parse);
        let date = digits.or_else(|| taken.and_then(DateTime::parse));
        let fields = Fields {
            name: &object.key.name,
            date,
            model: &self.body.model,
            camera: &self.body.key,
        };
        let (folder, name) = self.options.template.render(&fields);
        let exists = |path: &str| self.exists(path);
        let pair = Some(PairHint::default());
        Ok(self.catalogue.assign_path(object.id, &folder, &name, pair, &exists)?)
    }

    fn conclude(
        &mut self,
        object: &ObjectRow,
        structure: Structure,
        mut done: FileDone,
    ) -> Result<(), Error> {
        self.broken.remove(&object.id);
        if let Structure::Broken(reason) = structure {
            let (run, now) = (Some(self.run), self.now());
            self.catalogue.mark_damaged(object.id, &reason, run, now)?;
            done.damaged = true;
        }
        self.tell(Outcome::Published(done));
        Ok(())
    }
}
