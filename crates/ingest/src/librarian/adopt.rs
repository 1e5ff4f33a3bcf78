//! Files that no camera sent: those that lie in the library already, and those that a card reader
//! brings.
//!
//! The order of steps is that of `docs/design/publish.md`, with a note in [`super::announce`] for
//! the intent.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use filmwire_catalogue::{
    Adopted, FileId, FileRow, FileState, Origin, Partner, Publish, Sha256, has_foreign_sidecar,
    numbered, path_beside,
};
use filmwire_codec::DateTime;
use filmwire_photo::{Facts, Kind, Structure};
use sha2::{Digest, Sha256 as Hasher};

use super::announce::Announced;
use super::publish::{NAME_TRIES, proof_of};
use super::{Librarian, storage};
use crate::error::Error;
use crate::look::{look_at, noted};
use crate::template::Fields;

/// Name of the part.
const PART: &str = "adopt.part";
/// Bytes copied and hashed at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Most numbers tried for one name.
const MOST_NUMBERS: u32 = 100_000;

/// Endings of JPEGs, as cameras and people write them.
const JPEGS: [&str; 4] = ["JPG", "jpg", "JPEG", "jpeg"];

/// What became of a file.
pub(crate) enum Fate {
    /// It is in the catalogue now, at this path.
    New(String, Joining),
    /// It was there before, at this path.
    Known(String, Joining),
    /// The catalogue knows this path with other content.
    Changed(String),
    /// It stays where it is, for this reason.
    Left(String),
}

/// Which JPEG a raw file was joined with.
#[derive(Default)]
pub(crate) struct Joining {
    /// Path of the JPEG; none if it was joined before.
    pub(crate) joined: Option<String>,
    /// JPEGs that fit; it is joined with none if there are several.
    pub(crate) fitting: usize,
}

/// A file that is to be brought in.
struct Bringing<'a> {
    source: &'a Path,
    name: &'a str,
    sha256: Sha256,
    size: u64,
    looked: (Structure, Facts),
}

/// A place for a file.
enum Spot {
    /// Nothing is there.
    Free(String),
    /// Its very content is there, and the catalogue does not know it: a run was cut.
    Here(String),
}

/// The JPEGs that may be a raw file's other half.
#[derive(Default)]
pub(super) struct Fitting {
    only: Option<FileRow>,
    count: usize,
}

impl Librarian {
    /// Learns a file that lies in the library, by its path relative to it.
    pub(crate) fn learn(&self, path: &str) -> Result<(Fate, u64), Error> {
        let at = self.shelf.root.join(path);
        let mut file = self.files.open_read(&at).map_err(storage("read", &at))?;
        let (_, facts) = look_at(&mut *file, Kind::of_name(path)).map_err(storage("read", &at))?;
        let sha256 = self.hash_file(&at)?;
        let size = self.length(&at)?.unwrap_or_default();
        let fitting = self.fitting_here(path.rsplit('/').next().unwrap_or(path), &facts)?;
        let now = self.now();
        let fate = self.catalogue.transaction(|catalogue| {
            Ok(match catalogue.adopt_file(path, &sha256, size, now)? {
                Adopted::New(id) => Fate::New(path.to_owned(), self.settle(id, &facts, fitting)?),
                Adopted::Known(id) => {
                    Fate::Known(path.to_owned(), self.settle(id, &facts, fitting)?)
                }
                Adopted::Changed(_) => Fate::Changed(path.to_owned()),
            })
        })?;
        Ok((fate, size))
    }

    /// Brings a file from outside into the library. The file itself is only read.
    pub(crate) fn bring(&mut self, source: &Path, name: &str) -> Result<(Fate, u64), Error> {
        let read = |cause: io::Error| Fate::Left(format!("it cannot be read: {cause}"));
        let looked = File::open(source)
            .and_then(|mut file| Ok((look_at(&mut file, Kind::of_name(name))?, hash(source)?)));
        let (looked, (sha256, size)) = match looked {
            Ok(looked) => looked,
            Err(cause) => return Ok((read(cause), 0)),
        };
        let file = Bringing { source, name, sha256, size, looked };
        let fate = match self.same_content(&self.shelf.id_file, &sha256)? {
            Some(known) => self.note_known(&known, &file)?,
            None => self.bring_new(&file)?,
        };
        Ok((fate, size))
    }

    fn note_known(&self, known: &FileRow, file: &Bringing<'_>) -> Result<Fate, Error> {
        let (_, fitting) = self.wanted(file)?;
        let joining =
            self.catalogue.transaction(|_| self.settle(known.id, &file.looked.1, fitting))?;
        Ok(Fate::Known(known.path.clone(), joining))
    }

    fn bring_new(&mut self, file: &Bringing<'_>) -> Result<Fate, Error> {
        if let Structure::Broken(reason) = &file.looked.0 {
            return Ok(Fate::Left(format!("its structure is broken: {reason}")));
        }
        let part = self.adopt_part();
        let mut copied = false;
        for _ in 0..NAME_TRIES {
            let (wanted, fitting) = self.wanted(file)?;
            let spot = self.spot(&wanted, fitting.only.is_some(), file)?;
            let (path, is_here) = match spot {
                None => break,
                Some(Spot::Free(path)) => (path, false),
                Some(Spot::Here(path)) => (path, true),
            };
            let &Bringing { sha256, size, .. } = file;
            let announced = Announced { path, sha256, size, at_ms: self.now() };
            let to = self.shelf.root.join(&announced.path);
            if is_here {
                self.sync_folders(&to)?;
            } else {
                // Steps 1 to 3: its bytes are on disk, and are what was read.
                if !copied && let Some(reason) = self.copy(file, &part)? {
                    return Ok(Fate::Left(reason));
                }
                copied = true;
                // Step 4: where it will be, and what it will contain.
                self.announce(&announced)?;
                // Steps 5 and 6. If someone else took the name meanwhile, nothing is replaced.
                if !self.put_in_place(&part, &to)? {
                    self.unannounce()?;
                    continue;
                }
            }
            // Step 7: the catalogue learns the file, what it tells, and its JPEG, all at once.
            let joining = self.write_down(&announced, &file.looked, fitting)?;
            self.unannounce()?;
            if is_here && copied {
                self.remove(&part)?;
            }
            return Ok(Fate::New(announced.path, joining));
        }
        self.remove(&part)?;
        Ok(Fate::Left("every name for it is taken".to_owned()))
    }

    /// Where a file is copied to. Mending removes it, since no object has it.
    pub(super) fn adopt_part(&self) -> PathBuf {
        self.shelf.incoming.join(PART)
    }

    pub(super) fn write_down(
        &self,
        announced: &Announced,
        (structure, facts): &(Structure, Facts),
        fitting: Fitting,
    ) -> Result<Joining, Error> {
        let Announced { path, sha256, size, at_ms } = announced;
        let (proof, now) = (proof_of(structure), *at_ms);
        Ok(self.catalogue.transaction(|catalogue| {
            let id = match catalogue.take_in(Publish { path, sha256, size: *size, proof }, now)? {
                Adopted::New(id) | Adopted::Known(id) => id,
                Adopted::Changed(_) => {
                    return Err(filmwire_catalogue::Error::PathTaken { path: path.clone() });
                }
            };
            self.settle(id, facts, fitting)
        })?)
    }

    /// Writes down what a file tells and its other half, as far as nobody did. Raw files that a
    /// camera sent have their place by the camera's listing.
    fn settle(
        &self,
        id: FileId,
        facts: &Facts,
        fitting: Fitting,
    ) -> Result<Joining, filmwire_catalogue::Error> {
        if self.catalogue.facts(id)?.is_none() {
            self.catalogue.set_facts(id, &noted(facts))?;
        }
        let Fitting { only, count } = fitting;
        let apart = self.catalogue.file(id)?.origin == Origin::Adopted;
        if !apart || self.catalogue.photo_of(id)?.is_some() {
            return Ok(Joining::default());
        }
        let joined = match only {
            Some(jpeg) => self.catalogue.join(id, jpeg.id)?.then_some(jpeg.path),
            None => None,
        };
        Ok(Joining { joined, fitting: count })
    }

    /// Where a file should be: beside its JPEG, else by the template; and the JPEGs that fit.
    fn wanted(&self, file: &Bringing<'_>) -> Result<(String, Fitting), Error> {
        let by_template = self.by_template(file)?;
        let name = by_template.rsplit('/').next().unwrap_or(&by_template);
        // A template may rename: JPEGs that came from a card reader, too, have its names.
        let fitting = self.fitting(&[file.name, name], &file.looked.1)?;
        let beside = fitting.only.as_ref().map(|jpeg| path_beside(&jpeg.path, file.name));
        Ok((beside.unwrap_or(by_template), fitting))
    }

    fn by_template(&self, file: &Bringing<'_>) -> Result<String, Error> {
        let date = file.looked.1.taken.as_deref().and_then(DateTime::parse);
        let model = file.looked.1.model.as_deref().unwrap_or_default();
        // Nobody is connected: the body is known by its serial number, if it was here before.
        let bodies = self.catalogue.cameras()?;
        let serial = file.looked.1.serial.as_deref();
        let body = bodies.iter().find(|body| serial.is_some() && body.serial.as_deref() == serial);
        let camera = body.map_or(model, |body| &body.key);
        let fields = Fields { name: file.name, date, model, camera };
        let (folder, name) = self.options.template.render(&fields);
        Ok(if folder.is_empty() { name } else { format!("{folder}/{name}") })
    }

    /// The JPEGs that fit a file of the library.
    pub(super) fn fitting_here(&self, name: &str, facts: &Facts) -> Result<Fitting, Error> {
        self.fitting(&[name, &without_number(name)], facts)
    }

    /// The published JPEGs that a raw file of one of these names belongs to; the first name under
    /// which there are any counts.
    fn fitting(&self, names: &[&str], facts: &Facts) -> Result<Fitting, Error> {
        let (Some(Kind::Raf), Some(taken)) = (facts.kind, &facts.taken) else {
            return Ok(Fitting::default());
        };
        let (serial, within_s) = (facts.serial.as_deref(), self.options.pairs.within_s);
        for name in names {
            let mut found = self.catalogue.jpegs_of(Partner { name, taken, serial, within_s })?;
            let count = found.len();
            if count > 0 {
                let only = found.pop().filter(|_| count == 1);
                return Ok(Fitting { only, count });
            }
        }
        Ok(Fitting::default())
    }

    /// The first place for a file: under the wanted path, or with a number. A file that went
    /// missing comes back to where it was. `None` if there is none.
    fn spot(&self, wanted: &str, beside: bool, file: &Bringing<'_>) -> Result<Option<Spot>, Error> {
        for row in self.catalogue.files_with_sha(&file.sha256)? {
            if row.state == FileState::Missing && !self.exists(&row.path) {
                return Ok(Some(Spot::Free(row.path)));
            }
        }
        for number in 1..=MOST_NUMBERS {
            let path = numbered(wanted, number)?;
            if self.catalogue.is_taken(&path)? {
                continue;
            }
            if self.exists(&path) {
                let at = self.shelf.root.join(&path);
                if self.length(&at)? == Some(file.size) && self.hash_file(&at)? == file.sha256 {
                    return Ok(Some(Spot::Here(path)));
                }
                continue;
            }
            let own = beside && number == 1;
            if own || !self.belongs_to_another(&path, file) {
                return Ok(Some(Spot::Free(path)));
            }
        }
        Ok(None)
    }

    /// True if a name is another picture's: of one whose sidecar is still there, or of a JPEG that
    /// a raw file would seem to be the other half of.
    fn belongs_to_another(&self, path: &str, file: &Bringing<'_>) -> bool {
        let there = |path: &str| self.exists(path);
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let is_raw = file.looked.1.kind == Some(Kind::Raf);
        let jpeg = |ending: &str| there(&format!("{stem}.{ending}"));
        has_foreign_sidecar(path, &there) || is_raw && JPEGS.iter().any(|ending| jpeg(ending))
    }

    /// Copies a file to a part, waits for its bytes, and reads them back. Returns a reason if it
    /// is the source that failed; then there is no part.
    fn copy(&self, file: &Bringing<'_>, part: &Path) -> Result<Option<String>, Error> {
        self.check_room(file.name, file.size)?;
        let mut to = self.files.open_part(part).map_err(storage("write", part))?;
        to.cut(0).map_err(storage("write", part))?;
        let copied =
            blocks(file.source, &mut |block| to.append(block).map_err(storage("write", part)));
        let reason = match copied {
            Ok(copied) => {
                let same = copied? == (file.sha256, file.size);
                (!same).then(|| "it changed while it was read".to_owned())
            }
            Err(cause) => Some(format!("it cannot be read: {cause}")),
        };
        if reason.is_some() {
            drop(to);
            self.remove(part)?;
            return Ok(reason);
        }
        self.sync_part(&mut *to, part)?;
        drop(to);
        if self.hash_file(part)? != file.sha256 {
            let cause = io::Error::other("what was written reads back differently");
            return Err(storage("write", part)(cause));
        }
        Ok(None)
    }
}

/// The camera's name of a file whose name was given a number: `DSCF0001-2.RAF` is `DSCF0001.RAF`.
fn without_number(name: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    match stem.rsplit_once('-') {
        Some((stem, number)) if !stem.is_empty() && number.parse::<u32>().is_ok() => {
            format!("{stem}.{ending}")
        }
        _ => name.to_owned(),
    }
}

/// SHA-256 and size of a file.
fn hash(path: &Path) -> io::Result<(Sha256, u64)> {
    match blocks(path, &mut |_| Ok::<(), std::convert::Infallible>(()))? {
        Ok(hashed) => Ok(hashed),
        Err(never) => match never {},
    }
}

/// Reads a file through, hands its blocks on, and returns SHA-256 and size. The outer error is
/// that of reading, the inner one that of the taker.
fn blocks<E>(
    path: &Path,
    take: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> io::Result<Result<(Sha256, u64), E>> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut size = 0;
    loop {
        let count = file.read(&mut block)?;
        let read = block.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Ok(Ok((hasher.finalize().into(), size)));
        }
        hasher.update(read);
        size += count as u64;
        if let Err(error) = take(read) {
            return Ok(Err(error));
        }
    }
}
