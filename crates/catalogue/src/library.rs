//! A library: the folder with the photos, and `.filmwire/` in it.

mod file_system;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use file_system::network_file_system;
use rusqlite::Connection;

use crate::{Catalogue, Error, LockGuard};

/// Folder for filmwire's own files inside the library.
pub const META_FOLDER: &str = ".filmwire";
const ID_FILE: &str = "library-id";
const LOCK_FILE: &str = "lock";
/// Of those who deliver.
const DELIVERY_LOCK_FILE: &str = "delivery-lock";
const CATALOGUE_FILE: &str = "catalogue.sqlite";

/// Whether [`Library::open`] may make a new library.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Create {
    /// Never.
    #[default]
    Never,
    /// In a folder that is missing or empty.
    IfMissingOrEmpty,
    /// In any folder, also beside other files, and also when a library lost its catalogue: for
    /// adopting what is there.
    Here,
}

/// How to open a library.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Whether a new library may be made; never where `expect_id` is given. A lost catalogue may
    /// be made anew all the same.
    pub create: Create,
    /// The id the library must have; an unmounted share is then an error, not a new library.
    pub expect_id: Option<String>,
    /// A local folder for the catalogues of libraries on network file systems; filmwire uses
    /// `filmwire/<id>` in it.
    pub state_home: Option<PathBuf>,
    /// Whether the folder is on a network file system; none asks the system.
    pub network: Option<bool>,
}

/// An open library. The folder may be written by others too; the catalogue only by filmwire.
#[derive(Debug)]
pub struct Library {
    root: PathBuf,
    id: String,
    created: bool,
    catalogue_folder: PathBuf,
}

impl Library {
    /// Opens the library in the folder `root`, or makes one there if the options allow it.
    ///
    /// # Errors
    /// [`Error::NotALibrary`] if there is none and none may be made, [`Error::WrongLibrary`] if it
    /// is not the one expected, [`Error::NetworkFolder`], [`Error::Newer`], [`Error::Damaged`],
    /// and storage errors. An interrupted making is finished by the next call.
    pub fn open(root: &Path, options: OpenOptions) -> Result<Self, Error> {
        match Ground::look(root)? {
            Ground::Library(id) => Self::open_existing(root, id, options.create, &options),
            ground => {
                if let Some(expected) = options.expect_id {
                    let found = ground.describe().to_owned();
                    return Err(Error::WrongLibrary { path: root.to_owned(), expected, found });
                }
                ground.allows(options.create, root)?;
                Self::make(root, &options)
            }
        }
    }

    fn open_existing(
        root: &Path,
        id: String,
        create: Create,
        options: &OpenOptions,
    ) -> Result<Self, Error> {
        if let Some(expected) = options.expect_id.clone().filter(|expected| *expected != id) {
            let found = format!("library {id}");
            return Err(Error::WrongLibrary { path: root.to_owned(), expected, found });
        }
        let catalogue_folder = catalogue_folder(root, &id, options)?;
        let mut this = Self { root: root.to_owned(), id, created: false, catalogue_folder };
        this.make_folders()?;
        if !has_content(&this.catalogue_path())? {
            if create != Create::Here {
                return Err(this.catalogue_is_gone());
            }
            let _lock = this.lock()?;
            Catalogue::create(&this.catalogue_path(), &this.id)?;
            sync_folder(&this.catalogue_folder)?;
            this.created = true;
        }
        this.check_catalogue()?;
        Ok(this)
    }

    fn make(root: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let meta = root.join(META_FOLDER);
        make_folder(&meta)?;
        let lock = LockGuard::take([meta.join(LOCK_FILE).as_path()])?;
        if let Ground::Library(id) = Ground::look(root)? {
            drop(lock); // another process made it while we waited
            return Self::open_existing(root, id, Create::Never, options);
        }
        // A making that was cut after its catalogue was written has its id in there.
        let local = meta.join(CATALOGUE_FILE);
        let id = match has_content(&local)? {
            true => Catalogue::open(&local)?.library_id()?,
            false => new_id()?,
        };
        let catalogue_folder = catalogue_folder(root, &id, options)?;
        let this = Self { root: root.to_owned(), id, created: true, catalogue_folder };
        this.make_folders()?;
        if !has_content(&this.catalogue_path())? {
            Catalogue::create(&this.catalogue_path(), &this.id)?;
            sync_folder(&this.catalogue_folder)?;
        }
        this.write_id()?;
        Ok(this)
    }

    /// Writes the id; with it the library exists, so it is the last thing written.
    fn write_id(&self) -> Result<(), Error> {
        let meta = self.meta_folder();
        let temporary = meta.join("library-id.new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&temporary)?;
            file.write_all(format!("{}\n", self.id).as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, meta.join(ID_FILE))
        };
        write().map_err(|e| Error::io("cannot write", &meta.join(ID_FILE), e))?;
        sync_folder(&meta)?;
        sync_folder(&self.root)
    }

    fn make_folders(&self) -> Result<(), Error> {
        make_folder(&self.incoming())?;
        make_folder(&self.manifests())?;
        make_folder(&self.catalogue_folder)
    }

    fn catalogue_is_gone(&self) -> Error {
        let path = self.catalogue_path();
        let what = if path.starts_with(&self.root) {
            "it is gone"
        } else {
            "this computer has none for this library, which is on a network share"
        };
        Error::Damaged { path, what: what.to_owned() }
    }

    fn check_catalogue(&self) -> Result<(), Error> {
        let catalogue = self.catalogue()?;
        catalogue.quick_check()?;
        let id = catalogue.library_id()?;
        if id == self.id {
            return Ok(());
        }
        let found = format!("a catalogue of library {id}");
        let (path, expected) = (self.root.clone(), self.id.clone());
        Err(Error::WrongLibrary { path, expected, found })
    }

    /// Takes the library for this process; see [`LockGuard`].
    ///
    /// # Errors
    /// [`Error::Locked`] if another process, or another guard of this one, holds it.
    pub fn lock(&self) -> Result<LockGuard, Error> {
        self.take_lock(LOCK_FILE)
    }

    /// Takes the delivering from this library for this process. Fetching goes on beside it: the
    /// two write to different rows.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process, or another guard of this one, holds it.
    pub fn lock_deliveries(&self) -> Result<LockGuard, Error> {
        self.take_lock(DELIVERY_LOCK_FILE)
    }

    fn take_lock(&self, name: &str) -> Result<LockGuard, Error> {
        // A share may have no locks; then the one beside the catalogue still keeps this
        // computer's processes apart.
        let paths = [self.catalogue_folder.join(name), self.meta_folder().join(name)];
        let count = if paths[0] == paths[1] { 1 } else { 2 };
        LockGuard::take(paths.iter().take(count).map(PathBuf::as_path))
    }

    /// Opens a connection to the catalogue.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Damaged`], storage errors.
    pub fn catalogue(&self) -> Result<Catalogue, Error> {
        Catalogue::open(&self.catalogue_path())
    }

    /// Returns the folder with the photos.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the library's id: 32 lower-case hex digits, random, for ever the same.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether [`Library::open`] has made this library, or its catalogue, just now.
    #[must_use]
    pub fn created(&self) -> bool {
        self.created
    }

    /// Returns filmwire's own folder inside the library.
    #[must_use]
    pub fn meta_folder(&self) -> PathBuf {
        self.root.join(META_FOLDER)
    }

    /// Returns the file with the id: it is there as long as the library is, and gone when the disk
    /// with it was unmounted.
    #[must_use]
    pub fn id_file(&self) -> PathBuf {
        self.meta_folder().join(ID_FILE)
    }

    /// Returns the folder for files on their way in. It is always inside the library, because
    /// publishing renames and a rename does not cross file systems.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.meta_folder().join("incoming")
    }

    /// Returns the folder for the manifests of runs.
    #[must_use]
    pub fn manifests(&self) -> PathBuf {
        self.meta_folder().join("manifests")
    }

    /// Returns the catalogue's file, which is elsewhere for a library on a network file system.
    #[must_use]
    pub fn catalogue_path(&self) -> PathBuf {
        self.catalogue_folder.join(CATALOGUE_FILE)
    }

    /// Returns where a path of the catalogue is on disk.
    #[must_use]
    pub fn absolute(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Whether something is at a path of the catalogue, if only a broken link. What cannot be
    /// looked at counts as there: its name must not be given out.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        match fs::symlink_metadata(self.absolute(path)) {
            Ok(_) => true,
            Err(e) => !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    }
}

/// What a folder is before it is opened.
enum Ground {
    Missing,
    Empty,
    /// Has a folder of ours, but no id: an interrupted making.
    Unfinished,
    Occupied,
    NoFolder,
    Library(String),
}

impl Ground {
    fn look(root: &Path) -> Result<Self, Error> {
        let id_file = root.join(META_FOLDER).join(ID_FILE);
        match fs::read_to_string(&id_file) {
            Ok(text) => return Self::library(root, text.trim()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Ok(Self::NoFolder),
            Err(e) => return Err(Error::io("cannot read", &id_file, e)),
        }
        let entries = match fs::read_dir(root) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => return Ok(Self::NoFolder),
            Err(e) => return Err(Error::io("cannot read the folder", root, e)),
        };
        let mut ground = Self::Empty;
        for entry in entries {
            let name = entry.map_err(|e| Error::io("cannot read the folder", root, e))?.file_name();
            if name == META_FOLDER {
                return Ok(Self::Unfinished);
            }
            // Every fresh ext file system has one.
            if name != "lost+found" {
                ground = Self::Occupied;
            }
        }
        Ok(ground)
    }

    fn library(root: &Path, id: &str) -> Result<Self, Error> {
        if id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self::Library(id.to_owned()));
        }
        let why = format!(
            "its {META_FOLDER}/{ID_FILE} holds no id; put a back-up of that file in its place"
        );
        Err(Error::NotALibrary { path: root.to_owned(), why })
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Missing => "nothing: there is no such folder",
            Self::Empty => "an empty folder",
            Self::Unfinished => "a library whose making was interrupted",
            Self::Occupied => "other files",
            Self::NoFolder => "a file",
            Self::Library(_) => "a library",
        }
    }

    fn allows(&self, create: Create, root: &Path) -> Result<(), Error> {
        let why = match (self, create) {
            (Self::NoFolder, _) => "it is a file; name a folder".to_owned(),
            (_, Create::Here)
            | (Self::Missing | Self::Empty | Self::Unfinished, Create::IfMissingOrEmpty) => {
                return Ok(());
            }
            (Self::Occupied, _) => "it holds other files; choose an empty folder, or take this \
                 one with what is in it by `filmwire catalogue adopt`"
                .to_owned(),
            (_, _) => format!("there is {}; `filmwire sync` makes one", self.describe()),
        };
        Err(Error::NotALibrary { path: root.to_owned(), why })
    }
}

/// Chooses the folder for the catalogue.
fn catalogue_folder(root: &Path, id: &str, options: &OpenOptions) -> Result<PathBuf, Error> {
    let system = match options.network {
        Some(true) => Some("as configured"),
        Some(false) => None,
        None => file_system::network_at(root)?,
    };
    match (system, &options.state_home) {
        (None, _) => Ok(root.join(META_FOLDER)),
        (Some(_), Some(state)) => Ok(state.join("filmwire").join(id)),
        (Some(system), None) => Err(Error::NetworkFolder { path: root.to_owned(), system }),
    }
}

/// Asks SQLite for randomness, which takes it from the system.
fn new_id() -> Result<String, Error> {
    let conn = Connection::open_in_memory()?;
    Ok(conn.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?)
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|e| Error::io("cannot make the folder", path, e))
}

/// Makes names in a folder last through a power cut.
fn sync_folder(path: &Path) -> Result<(), Error> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|e| Error::io("cannot sync the folder", path, e))
}

/// Whether a file is there and not empty; SQLite leaves an empty one when it is cut at the start.
fn has_content(path: &Path) -> Result<bool, Error> {
    match fs::metadata(path) {
        Ok(meta) => Ok(meta.len() > 0),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Error::io("cannot read", path, e)),
    }
}
