//! Putting in order what a cut run left. Called before anything else, under the library's lock.

use std::path::{Path, PathBuf};

use filmwire_catalogue::{Intent, ObjectId, RunId, Sha256, State};
use sha2::{Digest, Sha256 as Hasher};

use super::{Librarian, Outcome, storage};
use crate::error::Error;
use crate::event::Event;

/// Bytes hashed at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Newest runs that are looked at: each run mends those before it.
pub(super) const RUNS: u32 = 16;

#[derive(Default)]
struct Mended {
    published: u64,
    finished: u64,
    taken_back: u64,
}

impl Librarian {
    /// Finishes or takes back every intent, and removes parts that nothing will go on with.
    pub(crate) fn mend(&mut self) -> Result<(), Error> {
        let mut mended = Mended::default();
        for intent in self.catalogue.publishing()? {
            self.mend_intent(&intent, &mut mended)?;
        }
        let (published, finished) = self.mend_announced()?;
        mended.published += published;
        mended.finished += finished;
        self.remove_strays()?;
        self.mend_runs()?;
        let Mended { published, finished, taken_back } = mended;
        if published + finished + taken_back > 0 {
            self.tell(Outcome::Tell(Event::Mended { published, finished, taken_back }));
        }
        Ok(())
    }

    fn mend_intent(&mut self, intent: &Intent, mended: &mut Mended) -> Result<(), Error> {
        let to = self.shelf.root.join(&intent.path);
        let part = self.shelf.part(intent.object);
        if self.has_content(&to, intent.size, &intent.sha256)? {
            // Renamed, perhaps not yet on disk, not written down.
            self.sync_folders(&to)?;
            self.finish_intent(intent, &to)?;
            mended.finished += 1;
        } else if self.has_content(&part, intent.size, &intent.sha256)? {
            self.remove_claim(&to)?;
            if self.put_in_place(&part, &to)? {
                self.finish_intent(intent, &to)?;
            } else {
                self.publish_again(intent, &part)?;
            }
            mended.published += 1;
        } else {
            self.remove_claim(&to)?;
            self.catalogue.abandon_publish(intent.object, self.now())?;
            self.remove(&part)?;
            mended.taken_back += 1;
        }
        Ok(())
    }

    fn finish_intent(&self, intent: &Intent, at: &Path) -> Result<(), Error> {
        let object = self.catalogue.object(intent.object)?;
        let (structure, facts) = self.look_at(at, &object)?;
        self.finish(&object, &structure, &facts)
    }

    pub(super) fn has_content(
        &self,
        path: &Path,
        size: u64,
        sha256: &Sha256,
    ) -> Result<bool, Error> {
        match self.length(path)? {
            Some(length) if length == size => Ok(self.hash_file(path)? == *sha256),
            _ => Ok(false),
        }
    }

    pub(super) fn hash_file(&self, path: &Path) -> Result<Sha256, Error> {
        let mut file = self.files.open_read(path).map_err(storage("read", path))?;
        let mut hasher = Hasher::new();
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            match file.read(&mut block).map_err(storage("read", path))? {
                0 => return Ok(hasher.finalize().into()),
                count => hasher.update(&block[..count]),
            }
        }
    }

    /// Parts of objects that are not being fetched belong to nobody.
    fn remove_strays(&self) -> Result<(), Error> {
        let folder = &self.shelf.incoming;
        for path in self.files.list(folder).map_err(storage("look at", folder))? {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let id = stem.and_then(|stem| stem.parse().ok()).map(ObjectId);
            let is_part = path.extension().is_some_and(|extension| extension == "part");
            let wanted = match id {
                Some(id) if is_part => self
                    .catalogue
                    .object(id)
                    .is_ok_and(|row| matches!(row.state, State::Fetching | State::Publishing)),
                _ => !is_part,
            };
            if !wanted {
                self.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Parts of objects that are no longer on the card, or that turned out to be another body's.
    /// Called when a pass over the card went through, so that nothing will go on with them.
    pub(crate) fn drop_parts(&mut self) -> Result<(), Error> {
        for body in self.catalogue.cameras_with_key(&self.body.key)? {
            for row in self.fetching_of(body.id)? {
                self.remove(&self.shelf.part(row.id))?;
                let text = "it was not on the card any more";
                let (run, now) = (Some(self.run), self.now());
                self.catalogue.set_state(row.id, State::Seen, Some(text), run, now)?;
            }
        }
        Ok(())
    }

    /// Runs that were killed get their manifest now, and are written down as ended; runs whose
    /// manifest could not be written to its end get it now, too.
    fn mend_runs(&self) -> Result<(), Error> {
        let halves = self.half_manifests()?;
        for run in self.catalogue.runs(RUNS)? {
            let killed = run.ended.is_none() && run.id != self.run;
            if killed || halves.iter().any(|(id, _)| *id == Some(run.id)) {
                self.write_manifest(run.id, run.started)?;
            }
            if killed {
                self.catalogue.end_run(run.id, "killed", None, self.now())?;
            }
        }
        for (_, half) in halves {
            self.remove(&half)?;
        }
        Ok(())
    }

    /// Parts of manifests, with the run in their name.
    fn half_manifests(&self) -> Result<Vec<(Option<RunId>, PathBuf)>, Error> {
        let folder = &self.shelf.manifests;
        let mut found = self.files.list(folder).map_err(storage("look at", folder))?;
        found.retain(|path| path.extension().is_some_and(|extension| extension == "part"));
        let run = |path: &Path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".sha256.part")?;
            Some(RunId(name.rsplit_once("-run-")?.1.parse().ok()?))
        };
        Ok(found.into_iter().map(|path| (run(&path), path)).collect())
    }
}
