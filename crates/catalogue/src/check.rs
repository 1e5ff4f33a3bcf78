//! Compares the catalogue with the disk and with itself. Changes nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::Row;
use sha2::{Digest, Sha256 as Hasher};

use crate::model::{FileRow, FileState, ObjectId, Sha256};
use crate::sidecar::is_sidecar;
use crate::{Catalogue, Error, Library, META_FOLDER};

/// File rows worked on between two queries.
const PAGE: u32 = 500;

/// What kind of difference a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// A published file is not there, and was not pruned.
    FileMissing,
    /// A file that was missing is there again.
    FileBack,
    /// A file has another size than when it was published.
    SizeDiffers,
    /// A file has another content than when it was published; found by deep checks only.
    ContentDiffers,
    /// A file, or a folder, cannot be read.
    Unreadable,
    /// A file in the library that the catalogue does not know. No fault: people put files there.
    UnknownFile,
    /// A file on its way in that nobody finished. No fault: the next run uses or removes it.
    Leftover,
    /// A publishing that was begun and not finished; the next run mends it.
    OpenIntent,
    /// Freeing a file was begun and not finished; the station, or its `prune`, puts it back.
    OpenPruning,
    /// An object is called published, but its file is only an intent, or an intent has no object.
    StateDiffers,
    /// The journal does not lead to the state an object is in.
    JournalDiffers,
    /// A snapshot is called complete and is not.
    SnapshotDiffers,
    /// SQLite finds the catalogue's file damaged.
    Integrity,
}

impl FindingKind {
    /// Whether something is wrong; the others are worth knowing.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        !matches!(self, Self::UnknownFile | Self::Leftover | Self::FileBack | Self::OpenIntent)
    }

    /// Returns the word for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileMissing => "file-missing",
            Self::FileBack => "file-back",
            Self::SizeDiffers => "size-differs",
            Self::ContentDiffers => "content-differs",
            Self::Unreadable => "unreadable",
            Self::UnknownFile => "unknown-file",
            Self::Leftover => "leftover",
            Self::OpenIntent => "open-intent",
            Self::OpenPruning => "open-pruning",
            Self::StateDiffers => "state-differs",
            Self::JournalDiffers => "journal-differs",
            Self::SnapshotDiffers => "snapshot-differs",
            Self::Integrity => "integrity",
        }
    }

    /// Returns what a person can do.
    #[must_use]
    pub const fn cure(self) -> &'static str {
        match self {
            Self::FileMissing => {
                "put the file back, or run `filmwire catalogue forget` for it and sync again"
            }
            Self::FileBack => "run `filmwire catalogue adopt` to have it counted again",
            Self::SizeDiffers | Self::ContentDiffers => {
                "if the change was not meant, restore the file, or move it away, run `filmwire \
                 catalogue forget` for it and sync again"
            }
            Self::Unreadable => "check permissions and the disk",
            Self::UnknownFile => "none needed; `filmwire catalogue adopt` learns it",
            Self::Leftover | Self::OpenIntent => "run `filmwire sync`; it mends this",
            Self::OpenPruning => "run `filmwire-station prune`; it puts the file back",
            Self::StateDiffers | Self::JournalDiffers => {
                "run `filmwire catalogue forget` for the object and sync again; please report it"
            }
            Self::SnapshotDiffers => "run `filmwire sync --full`; please report it",
            Self::Integrity => "put a back-up of the catalogue in its place",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind it is; knows the cure.
    pub kind: FindingKind,
    /// The path it is about, relative to the library.
    pub path: Option<String>,
    /// The object it is about.
    pub object: Option<ObjectId>,
    /// What was found, in words.
    pub text: String,
}

impl Finding {
    fn file(kind: FindingKind, path: &str, text: String) -> Self {
        Self { kind, path: Some(path.to_owned()), object: None, text }
    }

    fn object(kind: FindingKind, object: ObjectId, path: Option<String>, text: String) -> Self {
        Self { kind, path, object: Some(object), text }
    }
}

/// Compares rows, files and journal; `deep` reads every published file and compares its SHA-256.
///
/// The result says faults first. Nothing is changed, so it may run beside a sync, which may then
/// be seen half-way; hold [`Library::lock`] for a steady picture.
///
/// # Errors
/// Errors of opening the catalogue and of reading its rows. Files that cannot be read are findings.
pub fn check(library: &Library, deep: bool) -> Result<Vec<Finding>, Error> {
    let catalogue = library.catalogue()?;
    let mut findings = Vec::new();
    catalogue.check_integrity(&mut findings)?;
    catalogue.check_rows(&mut findings)?;
    check_files(library, &catalogue, deep, &mut findings)?;
    check_folder(library, &catalogue, &mut findings)?;
    check_incoming(library, &mut findings);
    findings.sort_by_key(|finding| (!finding.kind.is_fault(), finding.kind));
    Ok(findings)
}

impl Catalogue {
    fn check_integrity(&self, findings: &mut Vec<Finding>) -> Result<(), Error> {
        let mut statement = self.conn.prepare("PRAGMA integrity_check(20)")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        for text in rows {
            let text = text?;
            if text != "ok" {
                let kind = FindingKind::Integrity;
                findings.push(Finding { kind, path: None, object: None, text });
            }
        }
        self.collect(findings, "SELECT \"table\" FROM pragma_foreign_key_check", |row| {
            let table: String = row.get(0)?;
            let text = format!("a row of {table} refers to a row that is gone");
            Ok(Finding { kind: FindingKind::Integrity, path: None, object: None, text })
        })
    }

    fn check_rows(&self, findings: &mut Vec<Finding>) -> Result<(), Error> {
        self.collect(findings, JOURNAL_END, |row| {
            let (state, last): (String, String) = (row.get(1)?, row.get(2)?);
            let text = format!("the object is {state}, its journal says {last}");
            Ok(Finding::object(FindingKind::JournalDiffers, row.get(0)?, row.get(3)?, text))
        })?;
        self.collect(findings, JOURNAL_CHAIN, |row| {
            let text = "a change is missing from the object's journal".to_owned();
            Ok(Finding::object(FindingKind::JournalDiffers, row.get(0)?, None, text))
        })?;
        self.collect(findings, STATES, |row| {
            let (state, file): (String, String) = (row.get(1)?, row.get(2)?);
            let text = format!("the object is {state}, its file {file}");
            Ok(Finding::object(FindingKind::StateDiffers, row.get(0)?, row.get(3)?, text))
        })?;
        self.collect(findings, LONELY_INTENTS, |row| {
            let text = "a file is announced, but no object is being published".to_owned();
            Ok(Finding::file(FindingKind::StateDiffers, &row.get::<_, String>(0)?, text))
        })?;
        self.collect(findings, SNAPSHOTS, |row| {
            let text = format!("the snapshot of camera {} is not whole", row.get::<_, i64>(0)?);
            Ok(Finding { kind: FindingKind::SnapshotDiffers, path: None, object: None, text })
        })?;
        for intent in self.publishing()? {
            let text = "publishing was begun and not finished".to_owned();
            let (kind, path) = (FindingKind::OpenIntent, Some(intent.path));
            findings.push(Finding::object(kind, intent.object, path, text));
        }
        Ok(())
    }

    fn collect(
        &self,
        findings: &mut Vec<Finding>,
        sql: &str,
        finding: impl FnMut(&Row<'_>) -> rusqlite::Result<Finding>,
    ) -> Result<(), Error> {
        let mut statement = self.conn.prepare(sql)?;
        for row in statement.query_map([], finding)? {
            findings.push(row?);
        }
        Ok(())
    }
}

const JOURNAL_END: &str = "SELECT id, state, last, path FROM (
        SELECT o.id, o.state, o.path, ifnull((SELECT to_state FROM journal j
            WHERE j.object_id = o.id ORDER BY j.id DESC LIMIT 1), 'seen') AS last FROM object o)
    WHERE state <> last";

const JOURNAL_CHAIN: &str = "SELECT DISTINCT object_id FROM (
        SELECT object_id, from_state, lag(to_state, 1, 'seen')
            OVER (PARTITION BY object_id ORDER BY id) AS before FROM journal)
    WHERE from_state <> before";

const STATES: &str = "SELECT o.id, o.state, f.state, f.path
    FROM object o JOIN file f ON f.id = o.file_id
    WHERE (o.state = 'publishing') <> (f.state = 'intent')
        AND NOT (o.state <> 'publishing' AND f.state = 'intent' AND EXISTS (
            SELECT 1 FROM object other WHERE other.file_id = f.id AND other.state = 'publishing'))";

const LONELY_INTENTS: &str = "SELECT f.path FROM file f WHERE f.state = 'intent'
    AND NOT EXISTS (SELECT 1 FROM object o WHERE o.file_id = f.id)";

const SNAPSHOTS: &str = "SELECT s.camera_id FROM snapshot s WHERE s.complete = 1 AND s.count <> (
        SELECT count(*) FROM snapshot_place p
        WHERE p.camera_id = s.camera_id AND p.place BETWEEN 0 AND s.count - 1)
    UNION SELECT p.camera_id FROM snapshot_place p JOIN snapshot s USING (camera_id)
    WHERE p.place >= s.count";

/// Compares file rows with the disk.
fn check_files(
    library: &Library,
    catalogue: &Catalogue,
    deep: bool,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let page = catalogue.files(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        for file in page.iter().filter(|file| file.state != FileState::Intent) {
            let path = library.absolute(&file.path);
            if let Some((kind, text)) = check_file(&path, file, deep) {
                if kind == FindingKind::FileMissing && catalogue.is_pruned(file.id)? {
                    continue;
                }
                if kind == FindingKind::FileMissing && catalogue.is_pruning(file.id)? {
                    let text = "it was set aside to be freed, and that was cut".to_owned();
                    findings.push(Finding::file(FindingKind::OpenPruning, &file.path, text));
                    continue;
                }
                findings.push(Finding::file(kind, &file.path, text));
            }
        }
    }
}

fn check_file(path: &Path, file: &FileRow, deep: bool) -> Option<(FindingKind, String)> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(e) if is_absent(&e) => {
            return Some((FindingKind::FileMissing, "the file is not there".to_owned()));
        }
        Err(e) => return Some((FindingKind::Unreadable, e.to_string())),
    };
    if !meta.is_file() {
        return Some((FindingKind::FileMissing, "what is there is no file".to_owned()));
    }
    if meta.len() != file.size {
        let text = format!("the file has {} bytes, not {}", meta.len(), file.size);
        return Some((FindingKind::SizeDiffers, text));
    }
    if deep {
        match hash(path) {
            Ok(found) if found == file.sha256 => {}
            Ok(_) => {
                let text = "the file has the right size, but another SHA-256".to_owned();
                return Some((FindingKind::ContentDiffers, text));
            }
            Err(e) => return Some((FindingKind::Unreadable, e.to_string())),
        }
    }
    let back = file.state == FileState::Missing;
    back.then(|| (FindingKind::FileBack, "the file was missing and is there again".to_owned()))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn hash(path: &Path) -> io::Result<Sha256> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// Finds files in the library that no row knows.
fn check_folder(
    library: &Library,
    catalogue: &Catalogue,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let absolute = library.root().join(&folder);
        for entry in entries(&absolute, &folder, findings) {
            let path = folder.join(entry.file_name());
            if folder.as_os_str().is_empty() && entry.file_name() == META_FOLDER {
                continue;
            }
            // Links are not followed: they may lead out, or in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
                continue;
            }
            let name = path.to_string_lossy();
            if !is_sidecar(&name) && catalogue.file_at(&name)?.is_none() {
                let text = "the catalogue does not know this file".to_owned();
                findings.push(Finding::file(FindingKind::UnknownFile, &name, text));
            }
        }
    }
    Ok(())
}

/// Finds what runs left on their way in.
fn check_incoming(library: &Library, findings: &mut Vec<Finding>) {
    let folder = Path::new(META_FOLDER).join("incoming");
    for entry in entries(&library.incoming(), &folder, findings) {
        let bytes = entry.metadata().map_or(0, |meta| meta.len());
        let path = folder.join(entry.file_name());
        let text = format!("{bytes} bytes of a file that nobody finished");
        findings.push(Finding::file(FindingKind::Leftover, &path.to_string_lossy(), text));
    }
}

/// Lists a folder; what cannot be listed is a finding.
fn entries(absolute: &Path, relative: &Path, findings: &mut Vec<Finding>) -> Vec<fs::DirEntry> {
    let listed = fs::read_dir(absolute).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    listed.unwrap_or_else(|e| {
        let path = relative.to_string_lossy();
        findings.push(Finding::file(FindingKind::Unreadable, &path, e.to_string()));
        Vec::new()
    })
}
