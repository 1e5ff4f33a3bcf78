//! The connection to a catalogue file: how it is opened, and what a transaction is.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::Error;
use crate::upgrade;

/// "FMWI": marks an SQLite file as a catalogue of filmwire.
pub(crate) const APPLICATION_ID: i64 = 0x464D_5749;

/// How long a statement waits for another connection before it fails as busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An open catalogue.
///
/// Every function that changes rows is a transaction of its own, and part of the outer one inside
/// [`Catalogue::transaction`] and [`Catalogue::planning`]. A process that dies leaves the last
/// committed state. Times are epoch milliseconds and always passed in.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) conn: Connection,
    path: PathBuf,
}

impl Catalogue {
    /// Makes a new catalogue for the library `id`; there must be none, or an empty file.
    ///
    /// It is made under another name and renamed: a commit that is cut leaves a file with content,
    /// which is an empty one only after SQLite has put it in order. The caller syncs the folder.
    pub(crate) fn create(path: &Path, id: &str) -> Result<Self, Error> {
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let new = beside(".new");
        // Journals go before the file they are of: alone they would be played into the next file of
        // that name. Those of a lost catalogue would be played into this one.
        for left in [".new-journal", ".new", "-wal", "-shm", "-journal"] {
            remove(&beside(left))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        // Not with the log, which lasts until the file is closed: renamed, the file is whole.
        let this = Self::connect(&new, flags, "delete")?;
        let made = this.transaction(|c| {
            c.conn.execute_batch(upgrade::SCHEMA)?;
            c.conn.execute("INSERT INTO library (only_row, id) VALUES (1, ?1)", [id])?;
            c.conn.pragma_update(None, "application_id", APPLICATION_ID)?;
            c.conn.pragma_update(None, "user_version", upgrade::RELEASE)?;
            Ok(())
        });
        made.map_err(|e| this.about_this_file(e))?;
        drop(this);
        fs::rename(&new, path).map_err(|e| Error::io("cannot rename to", path, e))?;
        Self::open(path)
    }

    /// Opens an existing catalogue, or a copy of one, and brings it to this release's schema.
    /// Programs use [`crate::Library::catalogue`].
    ///
    /// # Errors
    /// Fails with [`Error::Newer`] and [`Error::Damaged`]; the file is then as it was.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let this = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, "wal")?;
        let opened = this.check_mark().and_then(|()| upgrade::upgrade(&this));
        opened.map_err(|e| this.about_this_file(e))?;
        Ok(this)
    }

    fn connect(path: &Path, flags: OpenFlags, journal: &str) -> Result<Self, Error> {
        let setup = || {
            let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            conn.busy_timeout(BUSY_TIMEOUT)?;
            // A commit is one sync of the log, not five of journal, folder and database, and
            // readers go on meanwhile. Its shared memory is unsafe on network file systems, where
            // no catalogue is kept.
            conn.pragma_update(None, "journal_mode", journal)?;
            conn.pragma_update(None, "synchronous", "full")?;
            conn.pragma_update(None, "foreign_keys", true)?;
            // In KiB when negative: the whole tool has to stay under 24 MiB.
            conn.pragma_update(None, "cache_size", -2048)?;
            conn.set_prepared_statement_cache_capacity(64);
            // Where snapshots keep their places while they shift them.
            conn.execute_batch("CREATE TEMP TABLE shifted (place INTEGER, object_id INTEGER)")?;
            Ok(conn)
        };
        let conn = setup().map_err(|e| Error::sqlite(path, e))?;
        Ok(Self { conn, path: path.to_owned() })
    }

    /// Refuses SQLite files that are no catalogues.
    fn check_mark(&self) -> Result<(), Error> {
        let mark: i64 = self.conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if mark == APPLICATION_ID {
            return Ok(());
        }
        let what = "it is an SQLite file, but no catalogue of filmwire".to_owned();
        Err(Error::Damaged { path: self.path.clone(), what })
    }

    /// Runs SQLite's quick check; reads the whole file.
    pub(crate) fn quick_check(&self) -> Result<(), Error> {
        let result: Result<String, _> =
            self.conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        match result {
            Ok(text) if text == "ok" => Ok(()),
            Ok(what) => Err(Error::Damaged { path: self.path.clone(), what }),
            Err(error) => Err(Error::sqlite(&self.path, error)),
        }
    }

    /// Puts this catalogue's path into an error that knows only "the catalogue".
    fn about_this_file(&self, error: Error) -> Error {
        match error {
            Error::Damaged { what, .. } => Error::Damaged { path: self.path.clone(), what },
            other => other,
        }
    }

    /// Returns the catalogue's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the id of the library this catalogue belongs to.
    ///
    /// # Errors
    /// Storage errors.
    pub fn library_id(&self) -> Result<String, Error> {
        Ok(self.conn.query_row("SELECT id FROM library", [], |row| row.get(0))?)
    }

    /// Runs `work` as one transaction: all of it happens, or none. Transactions nest; an inner one
    /// that fails takes back its own part alone.
    ///
    /// Thousands of rows belong into one transaction: each transaction of its own waits for the
    /// disk several times.
    ///
    /// # Errors
    /// Those of `work`, and storage errors on commit; nothing of `work` is kept then.
    pub fn transaction<T>(&self, work: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let mut scope = Scope::begin(&self.conn)?;
        let value = work(self).map_err(|e| self.about_this_file(e))?;
        scope.commit()?;
        Ok(value)
    }

    /// Begins planning: all that is done through the guard is taken back when it is dropped.
    ///
    /// A dry run calls the same functions as a real one and so gets the same names. Other
    /// programs cannot write to the catalogue meanwhile.
    ///
    /// # Errors
    /// [`Error::Busy`] and storage errors.
    pub fn planning(&self) -> Result<Planning<'_>, Error> {
        Ok(Planning { catalogue: self, _scope: Scope::begin(&self.conn)? })
    }
}

/// Removes a file; one that is missing is fine.
fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("cannot remove", path, e)),
        _ => Ok(()),
    }
}

/// A catalogue on which nothing lasts; see [`Catalogue::planning`].
#[derive(Debug)]
pub struct Planning<'a> {
    catalogue: &'a Catalogue,
    _scope: Scope<'a>,
}

impl Deref for Planning<'_> {
    type Target = Catalogue;
    fn deref(&self) -> &Catalogue {
        self.catalogue
    }
}

/// A transaction, or a savepoint inside one, that is rolled back unless committed.
#[derive(Debug)]
struct Scope<'a> {
    conn: &'a Connection,
    nested: bool,
    open: bool,
}

impl<'a> Scope<'a> {
    fn begin(conn: &'a Connection) -> Result<Self, Error> {
        let nested = !conn.is_autocommit();
        // Immediate: a transaction that reads first and writes later could find itself shut out.
        conn.execute_batch(if nested { "SAVEPOINT scope" } else { "BEGIN IMMEDIATE" })?;
        Ok(Self { conn, nested, open: true })
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.conn.execute_batch(if self.nested { "RELEASE scope" } else { "COMMIT" })?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        if self.open {
            let undo = if self.nested { "ROLLBACK TO scope; RELEASE scope" } else { "ROLLBACK" };
            // Fails only if SQLite rolled back by itself, as it does on a full disk.
            let _ = self.conn.execute_batch(undo);
        }
    }
}
