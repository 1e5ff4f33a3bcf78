//! From a complete part to a published photo. The numbers are those of `docs/design/publish.md`.

use std::io;
use std::path::Path;

use filmwire_catalogue::has_foreign_sidecar;
use filmwire_catalogue::{
    Adopted, FileRow, FileState, Intent, ObjectRow, Publish, Seen, Sha256, State, UtcOffset,
};
use filmwire_codec::{DateTime, ObjectFormatCode};
use filmwire_photo::{Facts, Structure};
use sha2::Digest;

use super::incoming::Incoming;
use super::{Librarian, Outcome, fingerprint, storage};
use crate::error::Error;
use crate::event::FileDone;
use crate::files::PartFile;
use crate::look::{kind_said, look_at, noted};
use crate::template::{Fields, name_of};

/// How often a name may be taken by someone else between giving it out and renaming.
pub(super) const NAME_TRIES: u32 = 20;
/// What a name is held with where the file system cannot rename without replacing.
const CLAIM_BYTES: u64 = 0;

/// A complete file in `incoming/`, checked and synced.
pub(super) struct Checked {
    sha256: Sha256,
    structure: Structure,
    /// What was checked, in words.
    proof: String,
    /// What it tells of itself.
    facts: Facts,
}

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
        let (structure, facts) = self.look_at(&current.path, &current.object)?;
        // Step 3: the file's bytes are on disk before anything speaks of them.
        self.sync_part(&mut *current.part, &current.path)?;
        let sha256: Sha256 = std::mem::take(&mut current.hasher).finalize().into();
        let Incoming { mut object, decides, path, part, .. } = current;
        drop(part);
        if let Some(serial) = &facts.serial {
            object = self.with_body_of(object, serial, decides)?;
        }
        if let Structure::Broken(reason) = &structure
            && self.broken.insert(object.id, sha256) != Some(sha256)
        {
            return self.once_more(&object, &path, reason);
        }
        let proof = proof_of(&structure).to_owned();
        let checked = Checked { sha256, structure, proof, facts };
        self.keep(&object, &path, &checked)
    }

    /// Publishes a complete file, or links the library's own copy of its content.
    fn keep(&mut self, object: &ObjectRow, part: &Path, checked: &Checked) -> Result<(), Error> {
        let existing = match self.same_content(part, &checked.sha256)? {
            None => self.found_in_place(object, checked)?,
            existing => existing,
        };
        let done = match existing {
            Some(existing) => self.link(object, part, existing, checked)?,
            None => self.publish(object, part, checked)?,
        };
        self.broken.remove(&object.id);
        let stand_in = fingerprint(&object.key);
        self.tell(Outcome::Published { done, stand_in });
        Ok(())
    }

    /// Waits for a part's bytes. After a failure nobody can say which of them are on disk, not
    /// even by reading them back, so that the part is not gone on with.
    pub(super) fn sync_part(&self, part: &mut dyn PartFile, path: &Path) -> Result<(), Error> {
        part.sync().map_err(|cause| {
            // The failure to sync is the one to tell of.
            let _ = self.files.remove(path);
            storage("write", path)(cause)
        })
    }

    pub(super) fn look_at(
        &self,
        path: &Path,
        object: &ObjectRow,
    ) -> Result<(Structure, Facts), Error> {
        let mut file = self.files.open_read(path).map_err(storage("read", path))?;
        let said = kind_said(ObjectFormatCode(object.key.format));
        look_at(&mut *file, said).map_err(storage("read", path))
    }

    /// A file whose structure is broken is fetched a second time: equal content means that it is
    /// broken on the card.
    fn once_more(&self, object: &ObjectRow, path: &Path, reason: &str) -> Result<(), Error> {
        self.remove(path)?;
        let (run, now) = (Some(self.run), self.now());
        let text = format!("its structure is broken: {reason}");
        self.catalogue.set_state(object.id, State::Failed, Some(&text), run, now)?;
        self.tell(Outcome::Again(object.key.clone()));
        Ok(())
    }

    /// The library's own copy of this content, if there is one and it is really there.
    ///
    /// A library that was unmounted is not taken for one whose files are all missing: something of
    /// it that must be there is the `witness`.
    pub(super) fn same_content(
        &self,
        witness: &Path,
        sha256: &Sha256,
    ) -> Result<Option<FileRow>, Error> {
        for file in self.catalogue.files_with_sha(sha256)? {
            if file.state != FileState::Published {
                continue;
            }
            let path = self.shelf.root.join(&file.path);
            match self.length(&path)? {
                Some(length) if length == file.size && self.hash_file(&path)? == *sha256 => {
                    return Ok(Some(file));
                }
                // Someone changed it: a check tells of that.
                Some(_) => {}
                // The open catalogue outlives its folder, so that it is no witness of it.
                None if self.length(witness)?.is_none() => {
                    let cause = io::Error::from(io::ErrorKind::NotFound);
                    return Err(Error::Storage { action: "read", path: witness.to_owned(), cause });
                }
                None => self.catalogue.mark_missing(file.id, self.now())?,
            }
        }
        Ok(None)
    }

    /// Learns the file that is under this photo's own name with its very content, although the
    /// catalogue does not know it, as after a back-up of the catalogue was put in its place.
    fn found_in_place(
        &self,
        object: &ObjectRow,
        checked: &Checked,
    ) -> Result<Option<FileRow>, Error> {
        let (folder, name) = self.render(object, checked.facts.taken.as_deref())?;
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        let (at, size) = (self.shelf.root.join(&path), object.key.size);
        let known = self.catalogue.file_at(&path)?.is_some();
        if known || self.length(&at)? != Some(size) || self.hash_file(&at)? != checked.sha256 {
            return Ok(None);
        }
        match self.catalogue.adopt_file(&path, &checked.sha256, size, self.now())? {
            Adopted::New(id) => Ok(Some(self.catalogue.file(id)?)),
            _ => Ok(None),
        }
    }

    fn link(
        &self,
        object: &ObjectRow,
        part: &Path,
        existing: FileRow,
        checked: &Checked,
    ) -> Result<FileDone, Error> {
        let now = self.now();
        self.catalogue.transaction(|catalogue| {
            catalogue.link_existing(object.id, existing.id, now)?;
            // Equal content tells the same; a file of an older release had nobody look at it.
            catalogue.set_facts(existing.id, &noted(&checked.facts))?;
            self.mark_if_damaged(object, &checked.structure, now)
        })?;
        self.remove(part)?;
        Ok(FileDone {
            name: object.key.name.clone(),
            path: existing.path,
            size: existing.size,
            sha256: existing.sha256,
            proof: existing.proof,
            duplicate: true,
            damaged: matches!(checked.structure, Structure::Broken(_)),
            taken: checked.facts.taken.clone(),
            clock_drift_s: checked.facts.clock_drift_s,
        })
    }

    fn publish(
        &mut self,
        object: &ObjectRow,
        part: &Path,
        checked: &Checked,
    ) -> Result<FileDone, Error> {
        for _ in 0..NAME_TRIES {
            let path = self.intend(object, checked)?;
            let (size, to) = (object.key.size, self.shelf.root.join(&path));
            if self.put_in_place(part, &to)? {
                self.finish(object, &checked.structure, &checked.facts)?;
                return Ok(FileDone {
                    name: object.key.name.clone(),
                    path,
                    size,
                    sha256: checked.sha256,
                    proof: checked.proof.clone(),
                    duplicate: false,
                    damaged: matches!(checked.structure, Structure::Broken(_)),
                    taken: checked.facts.taken.clone(),
                    clock_drift_s: checked.facts.clock_drift_s,
                });
            }
            // Someone else took the name meanwhile; nothing is replaced.
            self.catalogue.abandon_publish(object.id, self.now())?;
        }
        let cause = io::Error::other("every name given out was taken by another program");
        Err(Error::Storage { action: "publish", path: part.to_owned(), cause })
    }

    /// Step 4: the intent says where the file will be and what it will contain. The name is given
    /// out in the same transaction, since every transaction waits for the disk.
    fn intend(&self, object: &ObjectRow, checked: &Checked) -> Result<String, Error> {
        let rendered = self.render(object, checked.facts.taken.as_deref())?;
        let (size, sha256, proof) = (object.key.size, &checked.sha256, &checked.proof);
        Ok(self.catalogue.transaction(|catalogue| {
            // What the file itself says of its zone is worth more than where this computer is.
            let from_file = checked.facts.utc_offset.map(|minutes| (minutes, "exif".to_owned()));
            let offset = from_file.or_else(|| self.options.utc_offset.clone());
            let utc_offset = offset.map(|(minutes, source)| UtcOffset { minutes, source });
            let seen = Seen { utc_offset, run: Some(self.run) };
            catalogue.see(object.camera, &object.key, &seen, self.now())?;
            let path = self.give_out(object, &rendered)?;
            let file = Publish { path: &path, sha256, size, proof };
            catalogue.begin_publish(object.id, file, Some(self.run), self.now())?;
            Ok(path)
        })?)
    }

    /// Publishes a part of a cut run whose name was taken by someone else meanwhile.
    pub(super) fn publish_again(&mut self, intent: &Intent, part: &Path) -> Result<(), Error> {
        let proof = self.catalogue.file(intent.file)?.proof;
        let object = self.catalogue.object(intent.object)?;
        let (structure, facts) = self.look_at(part, &object)?;
        let checked = Checked { sha256: intent.sha256, structure, proof, facts };
        self.catalogue.abandon_publish(intent.object, self.now())?;
        let object = self.catalogue.object(intent.object)?;
        self.publish(&object, part, &checked).map(drop)
    }

    /// Steps 5 and 6: rename without replacing, and wait for the folders. False if someone else
    /// has the name.
    pub(super) fn put_in_place(&mut self, part: &Path, to: &Path) -> Result<bool, Error> {
        // A library that was moved away or unmounted is not made anew.
        if self.length(part)?.is_none() {
            return Err(storage("publish", part)(io::ErrorKind::NotFound.into()));
        }
        let folder = to.parent().unwrap_or(&self.shelf.root);
        self.files.make_folder(&self.shelf.root, folder).map_err(storage("make", folder))?;
        match self.rename_new(part, to) {
            Ok(()) => self.sync_folders(to).map(|()| true),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(cause) => Err(storage("publish", to)(cause)),
        }
    }

    /// Where the file system cannot rename without replacing, an empty file claims the name, which
    /// no two programs can do at once, and is then replaced. A claim left by a crash is known by
    /// its length of 0 under a name that has an intent.
    fn rename_new(&self, part: &Path, to: &Path) -> io::Result<()> {
        match self.files.rename_new(part, to) {
            Err(cause) if cause.kind() == io::ErrorKind::Unsupported => {}
            result => return result,
        }
        self.files.claim(to)?;
        self.files.rename_over(part, to).inspect_err(|_| {
            // The failure to rename is the one to tell of; mending would find the claim, too.
            let _ = self.remove_claim(to);
        })
    }

    /// Removes what a cut run may have held an intent's name with.
    pub(super) fn remove_claim(&self, to: &Path) -> Result<(), Error> {
        if self.length(to)? == Some(CLAIM_BYTES) { self.remove(to) } else { Ok(()) }
    }

    /// Step 6: syncs a photo's folder, and once in a run those above it up to the library's own:
    /// a run that died may have made them and not have waited for them.
    pub(super) fn sync_folders(&mut self, to: &Path) -> Result<(), Error> {
        let root = &self.shelf.root;
        let above = to.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
        for (steps, folder) in above.enumerate() {
            if steps > 0 && !self.synced.insert(folder.to_owned()) {
                break;
            }
            self.files.sync_folder(folder).map_err(storage("write", folder))?;
        }
        Ok(())
    }

    /// Step 7: it is published, with what it tells of itself.
    pub(super) fn finish(
        &self,
        object: &ObjectRow,
        structure: &Structure,
        facts: &Facts,
    ) -> Result<(), Error> {
        let now = self.now();
        self.catalogue.transaction(|catalogue| {
            catalogue.finish_publish(object.id, now)?;
            if let Some(file) = catalogue.object(object.id)?.file {
                catalogue.set_facts(file, &noted(facts))?;
            }
            self.mark_if_damaged(object, structure, now)
        })?;
        Ok(())
    }

    fn mark_if_damaged(
        &self,
        object: &ObjectRow,
        structure: &Structure,
        now: i64,
    ) -> Result<(), filmwire_catalogue::Error> {
        match structure {
            Structure::Broken(reason) => {
                self.catalogue.mark_damaged(object.id, reason, Some(self.run), now)
            }
            _ => Ok(()),
        }
    }

    /// Gives out the final path.
    pub(super) fn assign(&self, object: &ObjectRow, taken: Option<&str>) -> Result<String, Error> {
        Ok(self.give_out(object, &self.render(object, taken)?)?)
    }

    fn give_out(
        &self,
        object: &ObjectRow,
        (folder, name): &(String, String),
    ) -> Result<String, filmwire_catalogue::Error> {
        let there = |path: &str| self.exists(path);
        // A photo that comes again may lie beside its own sidecar; another one may not.
        let exists = |path: &str| {
            let again = object.path.as_deref() == Some(path);
            there(path) || (!again && has_foreign_sidecar(path, &there))
        };
        let pair = Some(self.options.pairs);
        self.catalogue.assign_path(object.id, folder, name, pair, &exists)
    }

    /// Folder and name by the template. The camera's own digits make the date; without them
    /// Exif's.
    fn render(&self, object: &ObjectRow, taken: Option<&str>) -> Result<(String, String), Error> {
        let digits = object.key.capture_date.as_deref().and_then(DateTime::parse);
        let date = digits.or_else(|| taken.and_then(DateTime::parse));
        // Mending assigns before a camera is met, so that the row tells whose photo it is.
        let body = self.catalogue.camera(object.camera)?;
        let (name, model, camera) = (name_of(&object.key), &body.model, &body.key);
        let fields = Fields { name: &name, date, model, camera };
        Ok(self.options.template.render(&fields))
    }
}

/// What was checked of a file with this structure, in words.
pub(super) fn proof_of(structure: &Structure) -> &'static str {
    match structure {
        Structure::Whole => "size+structure",
        Structure::Broken(_) => "size, fetched twice alike",
        Structure::Unknown => "size",
    }
}
