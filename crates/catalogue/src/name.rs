//! Final paths: who gives them out, and how equal names are told apart.
//!
//! A path is taken if a file row has it, if it was given out to another object, or if something
//! is on disk there. Then `-2`, `-3` .. goes before the extension. Nothing is ever replaced.

use rusqlite::{OptionalExtension, params};

use crate::model::{ObjectId, ObjectRow, State};
use crate::object::split_name;
use crate::publish::path_taken;
use crate::{Catalogue, Error, FileState, META_FOLDER};

/// How files are found to belong together: the parts of a picture, such as RAW and JPEG, and the
/// parts of a recording that the camera had to split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairHint {
    /// Most seconds between the capture dates of a picture's parts.
    pub within_s: u32,
    /// Least bytes of a recording's part that another part follows.
    pub split_bytes: u64,
    /// Most seconds from the date of a recording's part to that of the next.
    pub split_within_s: u32,
}

impl Default for PairHint {
    /// Two seconds for pairs: the steps of FAT times, and the time a camera may take between the
    /// two.
    ///
    /// 3.9 GB for recordings: a file of FAT32 ends below 4 GiB (4.29 GB), and how far below it a
    /// camera begins the next one is unknown (the fact sheet's section 9.3). So many bytes take
    /// 72 minutes at 8 Mbit/s, half of what the oldest bodies record at.
    fn default() -> Self {
        Self { within_s: 2, split_bytes: 3_900_000_000, split_within_s: 72 * 60 }
    }
}

/// Digits of a file's number, and the last number before 0001 comes again. Source: JEITA CP-3461
/// (DCF), file names.
const NUMBER_DIGITS: usize = 4;
const LAST_NUMBER: u32 = 9999;

/// Longest file name in bytes that common file systems take.
const LONGEST_NAME: usize = 255;

/// Numbers tried one by one before the search leaps.
const STEPS: u32 = 8;

/// Answers whether something is on disk at a path relative to the library.
type Exists<'a> = &'a dyn Fn(&str) -> bool;

impl Catalogue {
    /// Gives out the final path of an object, relative to the library, and keeps it for it.
    ///
    /// `folder` and `file_name` come from the naming template; `exists` tells if something is on
    /// disk at a path. An object that has a fitting path keeps it. With `pair`, objects of one
    /// camera with one stem, different extensions and capture dates close together get one folder
    /// and one number together, as long as they are known when the first of them gets its path.
    /// A part of a split recording goes into the folder of its neighbour, if that has one, also
    /// if midnight was between them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the path would leave the library or enter `.filmwire`;
    /// [`Error::NotFound`]; storage errors.
    pub fn assign_path(
        &self,
        object: ObjectId,
        folder: &str,
        file_name: &str,
        pair: Option<PairHint>,
        exists: Exists<'_>,
    ) -> Result<String, Error> {
        let wanted = Wanted::new(folder, file_name)?;
        self.transaction(|c| {
            let row = c.object(object)?;
            if let Some(file) = row.file {
                return Ok(c.file(file)?.path);
            }
            let recording = match pair {
                Some(hint) => c.folder_of_recording(&row, hint)?,
                None => None,
            };
            let wanted = match &recording {
                Some(folder) => wanted.in_folder(folder),
                None => wanted,
            };
            if let Some(path) = row.path.as_deref().and_then(|path| wanted.again(path))
                && c.is_free(&path, &row, exists)?
            {
                return c.reserve(object, path);
            }
            c.release(object)?;
            let partners = match pair {
                Some(hint) => c.partners(&row, &wanted, hint)?,
                None => Vec::new(),
            };
            match c.beside_partner(&row, &wanted, &partners, exists)? {
                Some(path) => c.reserve(object, path),
                None => c.assign_together(&row, &wanted, &partners, exists),
            }
        })
    }

    /// Returns the path [`Catalogue::assign_path`] would give out, and keeps nothing. To plan many
    /// objects one after the other, use [`Catalogue::planning`].
    ///
    /// # Errors
    /// Those of [`Catalogue::assign_path`].
    pub fn plan_path(
        &self,
        object: ObjectId,
        folder: &str,
        file_name: &str,
        pair: Option<PairHint>,
        exists: Exists<'_>,
    ) -> Result<String, Error> {
        self.planning()?.assign_path(object, folder, file_name, pair, exists)
    }

    /// Returns the other parts of the object's picture, one for each extension.
    fn partners(
        &self,
        row: &ObjectRow,
        wanted: &Wanted<'_>,
        hint: PairHint,
    ) -> Result<Vec<ObjectRow>, Error> {
        // The limit bounds the work for cards made to hurt.
        let sql = format!(
            "SELECT {} FROM object o JOIN object me ON me.id = ?1
             WHERE o.camera_id = me.camera_id AND o.stem = me.stem AND o.id <> me.id
             AND o.rendition = me.rendition AND abs(o.capture_s - me.capture_s) <= ?2
             ORDER BY o.id LIMIT 64",
            ObjectRow::COLUMNS
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![row.id, hint.within_s], ObjectRow::from_row)?;
        let mut extensions = vec![folded(wanted.extension.unwrap_or_default())];
        let mut partners = Vec::new();
        for partner in rows {
            let partner = partner?;
            let extension = folded(split_name(&partner.key.name).1.unwrap_or_default());
            if !extensions.contains(&extension) {
                extensions.push(extension);
                partners.push(partner);
            }
        }
        Ok(partners)
    }

    /// Returns the folder of the part of a split recording that comes before or after this one, if
    /// that part has a path.
    fn folder_of_recording(
        &self,
        row: &ObjectRow,
        hint: PairHint,
    ) -> Result<Option<String>, Error> {
        let Some((before, after)) = film_neighbours(&row.key.name) else { return Ok(None) };
        let sql = format!(
            "SELECT {} FROM object o JOIN object me ON me.id = ?1
             WHERE o.camera_id = me.camera_id AND o.format = me.format
             AND o.rendition = me.rendition AND (o.path IS NOT NULL OR o.file_id IS NOT NULL)
             AND ((o.stem = ?2 AND o.size_bytes >= ?4
                   AND me.capture_s - o.capture_s BETWEEN 0 AND ?5)
               OR (o.stem = ?3 AND me.size_bytes >= ?4
                   AND o.capture_s - me.capture_s BETWEEN 0 AND ?5))
             ORDER BY o.stem <> ?2, o.id LIMIT 1",
            ObjectRow::COLUMNS
        );
        let most = i64::try_from(hint.split_bytes).unwrap_or(i64::MAX);
        let found = self
            .conn
            .prepare_cached(&sql)?
            .query_row(params![row.id, before, after, most, hint.split_within_s], |row| {
                ObjectRow::from_row(row)
            })
            .optional()?;
        let Some(part) = found.filter(|part| film_neighbours(&part.key.name).is_some()) else {
            return Ok(None);
        };
        let path = match part.file {
            Some(file) => Some(self.file(file)?.path),
            None => part.path,
        };
        Ok(path.map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()))
    }

    /// Returns the path beside a partner that has one, if it is free.
    fn beside_partner(
        &self,
        row: &ObjectRow,
        wanted: &Wanted<'_>,
        partners: &[ObjectRow],
        exists: Exists<'_>,
    ) -> Result<Option<String>, Error> {
        for partner in partners {
            let path = match partner.file {
                Some(file) => Some(self.file(file)?.path),
                None => partner.path.clone(),
            };
            if let Some(path) = path.and_then(|path| wanted.beside(&path))
                && self.is_free(&path, row, exists)?
            {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Finds a number that is free for the object and all partners without a path, and reserves.
    fn assign_together(
        &self,
        row: &ObjectRow,
        wanted: &Wanted<'_>,
        partners: &[ObjectRow],
        exists: Exists<'_>,
    ) -> Result<String, Error> {
        let waiting = |p: &&ObjectRow| {
            p.path.is_none() && matches!(p.state, State::Seen | State::Fetching | State::Failed)
        };
        let group: Vec<(&ObjectRow, Wanted<'_>)> = std::iter::once((row, wanted.clone()))
            .chain(partners.iter().filter(waiting).map(|p| (p, wanted.with_extension_of(p))))
            .collect();
        let number = first_free(|number| {
            for (row, wanted) in &group {
                if !self.is_free(&wanted.path(number), row, exists)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        for (row, wanted) in &group {
            self.reserve(row.id, wanted.path(number))?;
        }
        Ok(wanted.path(number))
    }

    /// Whether an object may have a path.
    fn is_free(&self, path: &str, row: &ObjectRow, exists: Exists<'_>) -> Result<bool, Error> {
        let given_out: bool = self
            .conn
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM object WHERE path_folded = ?1 AND id <> ?2)",
            )?
            .query_row((folded(path), row.id), |row| row.get(0))?;
        if given_out {
            return Ok(false);
        }
        // A file that went missing leaves its path to the object that had its content.
        let has_row = self.file_at(path)?.is_some_and(|file| {
            file.state != FileState::Missing || Some(file.sha256) != row.sha256
        });
        Ok(!has_row && !exists(path))
    }

    /// Whether a path belongs to a file, or was given out to an object. A path that is neither may
    /// be taken on disk all the same.
    ///
    /// # Errors
    /// Storage errors.
    pub fn is_taken(&self, path: &str) -> Result<bool, Error> {
        let given_out: bool = self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM object WHERE path_folded = ?1)")?
            .query_row([folded(path)], |row| row.get(0))?;
        Ok(given_out || self.file_at(path)?.is_some())
    }

    fn reserve(&self, object: ObjectId, path: String) -> Result<String, Error> {
        self.conn
            .prepare_cached("UPDATE object SET path = ?2, path_folded = ?3 WHERE id = ?1")?
            .execute((object, &path, folded(&path)))
            .map_err(|e| path_taken(e, &path))?;
        Ok(path)
    }

    fn release(&self, object: ObjectId) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE object SET path = NULL, path_folded = NULL WHERE id = ?1")?
            .execute([object])?;
        Ok(())
    }
}

/// Returns a path with the number that keeps equal names apart: `a/B-2.JPG`; number 1 is the path
/// as it is.
///
/// # Errors
/// [`Error::Invalid`] if the path would leave the library or enter `.filmwire`.
pub fn numbered(path: &str, number: u32) -> Result<String, Error> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    Ok(Wanted::new(folder, name)?.path(number))
}

/// Returns the form in which two paths that differ in case alone are equal.
pub(crate) fn folded(path: &str) -> String {
    path.to_lowercase()
}

/// Finds a free number whose predecessor is taken: the first one for usual cards. A card with
/// thousands of equal names is searched by leaps, so that it cannot make the work quadratic.
fn first_free(mut is_free: impl FnMut(u32) -> Result<bool, Error>) -> Result<u32, Error> {
    for number in 1..=STEPS {
        if is_free(number)? {
            return Ok(number);
        }
    }
    let (mut taken, mut free) = (STEPS, STEPS * 2);
    while !is_free(free)? {
        taken = free;
        free = free.checked_mul(2).ok_or_else(|| Error::Invalid("no free name".to_owned()))?;
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        match is_free(middle)? {
            true => free = middle,
            false => taken = middle,
        }
    }
    Ok(free)
}

/// A path before its number.
#[derive(Debug, Clone)]
struct Wanted<'a> {
    folder: &'a str,
    stem: &'a str,
    extension: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// The last line of defence against names that lead out of the library.
    fn new(folder: &'a str, file_name: &'a str) -> Result<Self, Error> {
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['/', '\0']);
        let folder_is_fine = folder.is_empty() || folder.split('/').all(plain);
        let top = folder.split('/').next().unwrap_or_default();
        let ours = |name: &str| name.eq_ignore_ascii_case(META_FOLDER);
        if !folder_is_fine || !plain(file_name) || ours(top) || (top.is_empty() && ours(file_name))
        {
            return Err(Error::Invalid(format!(
                "{folder:?} and {file_name:?} make no path inside the library"
            )));
        }
        let (stem, extension) = split_name(file_name);
        Ok(Self { folder, stem, extension })
    }

    fn in_folder<'b>(&self, folder: &'b str) -> Wanted<'b>
    where
        'a: 'b,
    {
        Wanted { folder, stem: self.stem, extension: self.extension }
    }

    fn with_extension_of<'b>(&self, other: &'b ObjectRow) -> Wanted<'b>
    where
        'a: 'b,
    {
        // The name is the camera's: an extension that could lead elsewhere is left out, and the
        // object gets a path of its own when its turn comes.
        let extension = split_name(&other.key.name).1;
        let extension = extension.filter(|e| e.bytes().all(|b| b.is_ascii_alphanumeric()));
        Wanted { folder: self.folder, stem: self.stem, extension }
    }

    /// The path with a number; 1 stands for none.
    fn path(&self, number: u32) -> String {
        self.path_in(self.folder, number)
    }

    fn path_in(&self, folder: &str, number: u32) -> String {
        let mut tail = if number > 1 { format!("-{number}") } else { String::new() };
        if let Some(extension) = self.extension {
            tail.push('.');
            tail.push_str(extension);
        }
        let room = LONGEST_NAME.saturating_sub(tail.len());
        let stem = &self.stem[..self.stem.floor_char_boundary(room)];
        match folder {
            "" => format!("{stem}{tail}"),
            folder => format!("{folder}/{stem}{tail}"),
        }
    }

    /// If `path` is one of the paths this may become, returns it as it is written now.
    fn again(&self, path: &str) -> Option<String> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let again = self.path(number_of(split_name(name).0, self.stem)?);
        (folded(&again) == folded(path)).then_some(again)
    }

    /// The path beside a partner's, if the partner's name is this stem with or without a number.
    fn beside(&self, partner: &str) -> Option<String> {
        let (folder, name) = partner.rsplit_once('/').unwrap_or(("", partner));
        let number = number_of(split_name(name).0, self.stem)?;
        Some(self.path_in(folder, number))
    }
}

/// Returns the stems, in lower case, of the files numbered before and after a film's. None for
/// names of other files, and for names without a number of four digits at their end.
fn film_neighbours(name: &str) -> Option<(String, String)> {
    let (stem, extension) = split_name(name);
    if !["mov", "mp4"].contains(&folded(extension?).as_str()) {
        return None;
    }
    let (prefix, number) = stem.split_at_checked(stem.len().checked_sub(NUMBER_DIGITS)?)?;
    let is_number = number.bytes().all(|b| b.is_ascii_digit());
    let number: u32 = number.parse().ok().filter(|n| is_number && (1..=LAST_NUMBER).contains(n))?;
    let stem = |number: u32| folded(&format!("{prefix}{number:04}"));
    let before = if number == 1 { LAST_NUMBER } else { number - 1 };
    Some((stem(before), stem(number % LAST_NUMBER + 1)))
}

/// Reads the number off a stem: `DSCF0001-3` is number 3 of `DSCF0001`.
pub(crate) fn number_of(numbered: &str, stem: &str) -> Option<u32> {
    let (numbered, stem) = (folded(numbered), folded(stem));
    if numbered == stem {
        return Some(1);
    }
    let (shortened, number) = numbered.rsplit_once('-')?;
    // Of a long stem only the beginning fits before the number.
    let fits = stem.starts_with(shortened)
        && (shortened.len() == stem.len() || numbered.len() + 16 > LONGEST_NAME);
    number.parse().ok().filter(|&number| fits && number > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_library_are_refused() {
        for folder in ["/a", "a/", "a//b", "..", "a/..", ".", "a\0", ".filmwire", ".FilmWire/x"] {
            assert!(Wanted::new(folder, "n.jpg").is_err(), "{folder:?}");
        }
        for name in ["", ".", "..", "a/b", "a\0b", ".filmwire"] {
            assert!(Wanted::new("", name).is_err(), "{name:?}");
        }
        assert!(Wanted::new("2016/2016-01-02", "..jpg").is_ok());
        assert!(Wanted::new("a", ".filmwire").is_ok());
    }

    #[test]
    fn films_have_neighbours_by_number() {
        let of = |name: &str| film_neighbours(name);
        let stems = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(of("DSCF0042.MOV"), stems("dscf0041", "dscf0043"));
        assert_eq!(of("_DSF9999.mp4"), stems("_dsf9998", "_dsf0001"));
        assert_eq!(of("DSCF0001.MOV"), stems("dscf9999", "dscf0002"));
        for name in
            ["DSCF0042.JPG", "DSCF0042", "042.MOV", "DSCF+042.MOV", "DSCF0000.MOV", "\u{e4}42.MOV"]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn long_names_make_room_for_the_number() {
        let long = format!("{}.jpg", "ä".repeat(130));
        let wanted = Wanted::new("f", &long).unwrap();
        for number in [1, 2, 1_000_000] {
            let path = wanted.path(number);
            assert!(path.len() <= 2 + LONGEST_NAME && path.len() > 240, "{path}");
            if number > 1 {
                assert_eq!(wanted.again(&path), Some(path.clone()));
            }
        }
    }

    #[test]
    fn first_free_takes_few_looks_at_many_equal_names() {
        for taken in [0, 1, 7, 8, 9, 100, 99_999] {
            let mut looks = 0;
            let found = first_free(|number| {
                looks += 1;
                Ok(number > taken)
            });
            assert_eq!(found.unwrap(), taken + 1);
            assert!(looks < 50, "{looks} looks for {taken}");
        }
    }
}
