//! Raw files that came apart from their JPEG, and which JPEG that is.
//!
//! Objects of one card are paired when they get their names (see [`crate::PairHint`]). A raw file
//! from a card reader was never an object; it is found to belong to a JPEG of the library by stem,
//! time and body.

use rusqlite::{OptionalExtension, named_params};

use crate::model::{FileId, FileRow};
use crate::name::{folded, number_of};
use crate::object::{capture_seconds, split_name};
use crate::{Catalogue, Error};

/// What is known of a raw file whose JPEG is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partner<'a> {
    /// Its name, as the camera gave it.
    pub name: &'a str,
    /// When it was taken by the camera's clock, such as `20160102T150136`.
    pub taken: &'a str,
    /// Body serial number, if it tells one.
    pub serial: Option<&'a str>,
    /// Most seconds between the two.
    pub within_s: u32,
}

impl Catalogue {
    /// Returns the published JPEGs that are the other half of a raw file: of its stem, taken
    /// within the given seconds of it, and of its body where both tell a serial number.
    ///
    /// Fetched JPEGs go by the name and date the camera said, adopted ones by what the file tells
    /// and by their file name, with or without the number that keeps equal names apart. Without
    /// digits for a date there are none.
    ///
    /// # Errors
    /// Storage errors.
    pub fn jpegs_of(&self, raw: Partner<'_>) -> Result<Vec<FileRow>, Error> {
        let Some(taken_s) = capture_seconds(raw.taken) else { return Ok(Vec::new()) };
        let stem = split_name(raw.name).0;
        let mut found = self.fetched_jpegs(stem, taken_s, raw)?;
        for jpeg in self.adopted_jpegs(taken_s, raw)? {
            let name = jpeg.path.rsplit('/').next().unwrap_or(&jpeg.path);
            let is_known = found.iter().any(|known| known.id == jpeg.id);
            if !is_known && number_of(split_name(name).0, stem).is_some() {
                found.push(jpeg);
            }
        }
        found.sort_by_key(|file| file.id);
        Ok(found)
    }

    fn fetched_jpegs(
        &self,
        stem: &str,
        taken_s: i64,
        raw: Partner<'_>,
    ) -> Result<Vec<FileRow>, Error> {
        // The plus keeps SQLite off the index of a camera's stems, which it cannot use without one.
        let sql = format!(
            "SELECT f.{} FROM file f WHERE f.state = 'published' AND f.id IN (
                 SELECT o.file_id FROM object o WHERE +o.stem = :stem AND o.file_id IS NOT NULL
                 AND o.rendition = 'original'
                 AND (upper(o.name) GLOB '*.JPG' OR upper(o.name) GLOB '*.JPEG')
                 AND abs(o.capture_s - :taken) <= :within
                 AND (o.exif_serial IS NULL OR :serial IS NULL OR o.exif_serial = :serial))",
            FileRow::COLUMNS.replace(", ", ", f.")
        );
        let values = named_params! {
            ":stem": stem.to_lowercase(), ":taken": taken_s, ":within": raw.within_s,
            ":serial": raw.serial,
        };
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(values, FileRow::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// All adopted JPEGs of that time and body, whatever their names.
    fn adopted_jpegs(&self, taken_s: i64, raw: Partner<'_>) -> Result<Vec<FileRow>, Error> {
        let sql = format!(
            "SELECT f.{} FROM file_facts x JOIN file f ON f.id = x.file_id
             WHERE x.kind = 'jpeg' AND abs(x.taken_s - :taken) <= :within
             AND (x.serial IS NULL OR :serial IS NULL OR x.serial = :serial)
             AND f.state = 'published' AND f.origin = 'adopted'",
            FileRow::COLUMNS.replace(", ", ", f.")
        );
        let values =
            named_params! { ":taken": taken_s, ":within": raw.within_s, ":serial": raw.serial };
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(values, FileRow::from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Writes down that a raw file is the other half of a JPEG; returns false if that was known.
    ///
    /// # Errors
    /// Storage errors.
    pub fn join(&self, raw: FileId, photo: FileId) -> Result<bool, Error> {
        if self.photo_of(raw)? == Some(photo) {
            return Ok(false);
        }
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO pair (raw_id, photo_id) VALUES (?1, ?2)")?
            .execute((raw, photo))?;
        Ok(true)
    }

    /// Returns the JPEG a raw file was joined with.
    ///
    /// # Errors
    /// Storage errors.
    pub fn photo_of(&self, raw: FileId) -> Result<Option<FileId>, Error> {
        let sql = "SELECT photo_id FROM pair WHERE raw_id = ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([raw], |row| row.get(0)).optional()?)
    }

    /// Returns the raw files that were joined with a JPEG.
    ///
    /// # Errors
    /// Storage errors.
    pub fn raws_of(&self, photo: FileId) -> Result<Vec<FileId>, Error> {
        let sql = "SELECT raw_id FROM pair WHERE photo_id = ?1 ORDER BY raw_id";
        let mut statement = self.conn.prepare_cached(sql)?;
        let rows = statement.query_map([photo], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The path beside a JPEG's, with its folder and its suffix, for a raw file of this name:
/// `2016/DSCF0001-2.JPG` and `DSCF0001.RAF` make `2016/DSCF0001-2.RAF`.
#[must_use]
pub fn path_beside(photo: &str, raw_name: &str) -> String {
    let (folder, name) =
        photo.rsplit_once('/').map_or(("", photo), |(folder, name)| (folder, name));
    let stem = split_name(name).0;
    let extension = split_name(raw_name).1.unwrap_or("RAF");
    match folder {
        "" => format!("{stem}.{extension}"),
        folder => format!("{folder}/{stem}.{extension}"),
    }
}

/// True if two paths are in one folder.
#[must_use]
pub fn is_beside(one: &str, other: &str) -> bool {
    let folder = |path: &str| folded(path.rsplit_once('/').map_or("", |(folder, _)| folder));
    folder(one) == folder(other)
}
