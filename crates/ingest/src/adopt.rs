//! Taking in photos that no camera sent: those that are in the library already, and those that a
//! card reader brings. Raw files are joined with their JPEG.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use filmwire_catalogue::{Camera as Body, CameraId, Library, META_FOLDER};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::error::Error;
use crate::event::Event;
use crate::files::{Disk, FileLayer};
use crate::librarian::{Fate, Joining, Librarian, Outcome, Shelf, storage};
use crate::options::SyncOptions;
use crate::stop::Stop;

/// Names that are taken for photos and films.
const ENDINGS: [&str; 9] = ["jpg", "jpeg", "raf", "mov", "mp4", "heif", "heic", "hif", "avi"];

/// What became of the files below a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adoption {
    /// Learnt or brought now.
    pub learnt: u64,
    /// In the library before, with their content.
    pub known: u64,
    /// Raw files that were joined with their JPEG now.
    pub joined: u64,
    /// Raw files that were joined with none, because several JPEGs fit.
    pub ambiguous: u64,
    /// Known under their name with other content: changed since, and left as they are.
    pub changed: u64,
    /// Not brought, for reasons that were told.
    pub left: u64,
    /// No photos or films, by their names.
    pub others: u64,
    /// Bytes hashed.
    pub bytes: u64,
    /// Path of the SHA-256 manifest, relative to the library; `None` if nothing was learnt.
    pub manifest: Option<String>,
    /// True if the run was asked to stop before it was through.
    pub interrupted: bool,
}

/// What happened to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdoptEvent {
    /// It is in the library and in the catalogue now.
    Adopted {
        /// Where it is, relative to the library, with `/`.
        path: String,
        /// Where it came from, if from outside.
        from: Option<PathBuf>,
        /// The JPEG it was joined with, relative to the library.
        joined: Option<String>,
        /// How many JPEGs fit; a raw file is joined with none if there are several.
        fitting: usize,
    },
    /// A raw file that was known before was joined with its JPEG now.
    Joined {
        /// Where it is.
        path: String,
        /// Where its JPEG is.
        joined: String,
    },
    /// The catalogue knows a file of the library with other content.
    Changed {
        /// Where it is.
        path: String,
    },
    /// A file was not brought.
    Left {
        /// Where it is.
        from: PathBuf,
        /// Why.
        reason: String,
    },
    /// What a run that was cut had left was put in order, or something else of a run.
    Run(Event),
}

/// Takes an event.
type Tell<'a> = &'a mut dyn FnMut(AdoptEvent);

/// Learns all photos and films below `folder`, which lies in the library, by their hash; raw files
/// are joined with their JPEG. The caller holds the library's lock.
///
/// A photo fetched later whose content is the same is then not stored twice. Links are not
/// followed, and nothing is moved. Blocking.
///
/// Fails with [`Error::Storage`] if a file cannot be read or the folder is outside the library.
pub fn adopt(
    library: &Library,
    folder: &Path,
    options: &SyncOptions,
    stop: &Stop,
    tell: Tell<'_>,
) -> Result<Adoption, Error> {
    let (root, folder) = (real(library.root())?, real(folder)?);
    if !folder.starts_with(&root) {
        let cause = std::io::Error::other("it is not inside the library");
        return Err(Error::Storage { action: "adopt", path: folder, cause });
    }
    run(library, &folder, Some(&root), (options, stop), tell, Arc::new(Disk))
}

/// Brings all photos and films below `folder`, which lies outside the library, into it: raw files
/// beside their JPEG, others to where the template says. The caller holds the library's lock.
///
/// What the library has already is not stored twice, and nothing is replaced. The files are only
/// read. A file that cannot be brought is told and counted; the rest goes on. Blocking.
///
/// Fails with [`Error::Storage`] or [`Error::Full`] if the library cannot be written, or if one of
/// the two folders lies in the other.
pub fn adopt_from(
    library: &Library,
    folder: &Path,
    options: &SyncOptions,
    stop: &Stop,
    tell: Tell<'_>,
) -> Result<Adoption, Error> {
    adopt_from_with(library, folder, options, stop, tell, Arc::new(Disk))
}

/// As [`adopt_from`], on another file layer; for tests that record or break it.
pub fn adopt_from_with(
    library: &Library,
    folder: &Path,
    options: &SyncOptions,
    stop: &Stop,
    tell: Tell<'_>,
    files: Arc<dyn FileLayer>,
) -> Result<Adoption, Error> {
    let (root, folder) = (real(library.root())?, real(folder)?);
    if folder.starts_with(&root) || root.starts_with(&folder) {
        let cause = std::io::Error::other("it is not outside the library");
        return Err(Error::Storage { action: "adopt from", path: folder, cause });
    }
    run(library, &folder, None, (options, stop), tell, files)
}

fn real(folder: &Path) -> Result<PathBuf, Error> {
    folder.canonicalize().map_err(storage("open", folder))
}

/// Mends, takes in, writes the manifest, and ends the run's row.
fn run(
    library: &Library,
    folder: &Path,
    inside: Option<&Path>,
    (options, stop): (&SyncOptions, &Stop),
    tell: Tell<'_>,
    files: Arc<dyn FileLayer>,
) -> Result<Adoption, Error> {
    let started = (options.now)();
    let (librarian, outcomes) = librarian(library, options, files, started)?;
    let sum = Adoption::default();
    let mut adopting = Adopting { librarian, outcomes, inside, stop, tell, sum, raws: Vec::new() };
    // A run that failed stays open, so that the next one mends it and writes its manifest.
    adopting.work(folder)?;
    let Adopting { librarian, mut sum, .. } = adopting;
    end(&librarian, started, &mut sum)?;
    Ok(sum)
}

fn end(librarian: &Librarian, started: i64, sum: &mut Adoption) -> Result<(), Error> {
    sum.manifest = librarian.write_manifest(librarian.run, started)?;
    let totals = format!(
        r#"{{"learnt":{},"known":{},"joined":{},"left":{},"bytes":{}}}"#,
        sum.learnt, sum.known, sum.joined, sum.left, sum.bytes
    );
    let (now, outcome) = (librarian.now(), if sum.interrupted { "interrupted" } else { "done" });
    Ok(librarian.catalogue.end_run(librarian.run, outcome, Some(&totals), now)?)
}

/// A librarian for a run without a camera.
fn librarian(
    library: &Library,
    options: &SyncOptions,
    files: Arc<dyn FileLayer>,
    started: i64,
) -> Result<(Librarian, UnboundedReceiver<Outcome>), Error> {
    let mut options = options.clone();
    let clock = Arc::clone(&options.now);
    // What a run took in is found by its time, also if the clock is set back meanwhile.
    options.now = Arc::new(move || clock().max(started));
    let catalogue = library.catalogue()?;
    let run = catalogue.begin_run(None, started)?;
    let body = Body {
        id: CameraId(0),
        key: String::new(),
        serial: None,
        model: String::new(),
        first_seen: started,
        last_seen: started,
    };
    let (sender, outcomes) = mpsc::unbounded_channel();
    let shelf = (files, Shelf::of(library));
    Ok((Librarian::new(catalogue, body, run, shelf, options, sender), outcomes))
}

struct Adopting<'a> {
    librarian: Librarian,
    outcomes: UnboundedReceiver<Outcome>,
    /// The library's folder, if the files lie in it.
    inside: Option<&'a Path>,
    stop: &'a Stop,
    tell: Tell<'a>,
    sum: Adoption,
    /// Raw files come last: by then their JPEGs are known.
    raws: Vec<PathBuf>,
}

impl Adopting<'_> {
    fn work(&mut self, folder: &Path) -> Result<(), Error> {
        self.librarian.mend()?;
        while let Ok(outcome) = self.outcomes.try_recv() {
            if let Outcome::Tell(event) = outcome {
                (self.tell)(AdoptEvent::Run(event));
            }
        }
        self.walk(folder)?;
        for path in std::mem::take(&mut self.raws) {
            if self.is_stopped() {
                break;
            }
            self.take(&path)?;
        }
        Ok(())
    }

    fn is_stopped(&mut self) -> bool {
        self.sum.interrupted |= self.stop.is_asked();
        self.sum.interrupted
    }

    fn walk(&mut self, folder: &Path) -> Result<(), Error> {
        let entries = match entries(folder) {
            Ok(entries) => entries,
            Err(cause) => return self.unreadable(folder, "read", cause),
        };
        for path in entries {
            if self.is_stopped() {
                return Ok(());
            }
            let data = match fs::symlink_metadata(&path) {
                Ok(data) => data,
                Err(cause) => {
                    self.unreadable(&path, "look at", cause)?;
                    continue;
                }
            };
            if data.is_dir() {
                if path.file_name().is_none_or(|name| name != META_FOLDER) {
                    self.walk(&path)?;
                }
            } else if !data.is_file() || !has_ending(&path, &ENDINGS) {
                self.sum.others += 1;
            } else if has_ending(&path, &["raf"]) {
                self.raws.push(path);
            } else {
                self.take(&path)?;
            }
        }
        Ok(())
    }

    /// A library that cannot be read is no library to work on; of a card the rest may be fine.
    fn unreadable(
        &mut self,
        path: &Path,
        action: &'static str,
        cause: std::io::Error,
    ) -> Result<(), Error> {
        if self.inside.is_some() {
            return Err(storage(action, path)(cause));
        }
        self.leave(path, format!("it cannot be read: {cause}"));
        Ok(())
    }

    fn leave(&mut self, path: &Path, reason: String) {
        self.sum.left += 1;
        (self.tell)(AdoptEvent::Left { from: path.to_owned(), reason });
    }

    fn take(&mut self, path: &Path) -> Result<(), Error> {
        let (fate, bytes) = match self.inside {
            Some(root) => {
                let inside = path.strip_prefix(root).unwrap_or(path);
                // A backslash is a letter of a name here, and no folder.
                let parts = inside.components().map(|part| part.as_os_str().to_str());
                let Some(parts) = parts.collect::<Option<Vec<_>>>() else {
                    self.sum.others += 1;
                    return Ok(());
                };
                let name = parts.join("/");
                self.librarian.learn(&name)?
            }
            None => match path.file_name().and_then(|name| name.to_str()) {
                Some(name) => self.librarian.bring(path, name)?,
                None => (Fate::Left("its name is no Unicode".to_owned()), 0),
            },
        };
        self.sum.bytes += bytes;
        self.count(path, fate);
        Ok(())
    }

    fn count(&mut self, path: &Path, fate: Fate) {
        let sum = &mut self.sum;
        let mut note = |Joining { joined, fitting }: &Joining| {
            sum.joined += u64::from(joined.is_some());
            sum.ambiguous += u64::from(*fitting > 1);
        };
        match fate {
            Fate::New(at, joining) => {
                note(&joining);
                sum.learnt += 1;
                let from = self.inside.is_none().then(|| path.to_owned());
                let Joining { joined, fitting } = joining;
                (self.tell)(AdoptEvent::Adopted { path: at, from, joined, fitting });
            }
            Fate::Known(path, joining) => {
                note(&joining);
                sum.known += 1;
                if let Some(joined) = joining.joined {
                    (self.tell)(AdoptEvent::Joined { path, joined });
                }
            }
            Fate::Changed(path) => {
                sum.changed += 1;
                (self.tell)(AdoptEvent::Changed { path });
            }
            Fate::Left(reason) => self.leave(path, reason),
        }
    }
}

/// What is in a folder, in order, so that two runs tell the same.
fn entries(folder: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

/// True if a file that is not hidden has one of these endings, case apart.
fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && endings.iter().any(|known| known.eq_ignore_ascii_case(ending))
}
