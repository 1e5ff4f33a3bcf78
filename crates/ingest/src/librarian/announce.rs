//! The intent of a file that a card reader brings: a note in `incoming/` of where it will be and
//! what it will contain. No object stands for the file, so that the catalogue has no row for it.

use std::io::Read as _;
use std::path::PathBuf;

use filmwire_catalogue::Sha256;
use filmwire_photo::Kind;

use super::{Librarian, storage};
use crate::error::Error;
use crate::look::look_at;

/// Name of the note.
const NOTE: &str = "adopt.intent";
/// Longest note that is read; paths are a few hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// What a note says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Announced {
    /// Where the file will be, relative to the library.
    pub(super) path: String,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
    /// When it was announced: the time the file is published at, so that the manifest of a run that
    /// was cut has it.
    pub(super) at_ms: i64,
}

impl Announced {
    /// A line of its own for the end: a note that was cut has none.
    fn to_text(&self) -> String {
        let hash: String = self.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hash} {} {} {}\nend\n", self.size, self.at_ms, self.path)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_suffix("\nend\n")?.splitn(4, ' ');
        let hash = fields.next().filter(|hash| hash.len() == 64 && hash.is_ascii())?;
        let mut sha256 = [0; 32];
        for (index, byte) in sha256.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hash.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        let (size, at_ms) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Self { path: fields.next()?.to_owned(), sha256, size, at_ms })
    }
}

impl Librarian {
    fn note_path(&self) -> PathBuf {
        self.shelf.incoming.join(NOTE)
    }

    /// Writes the note, and waits until it is on disk.
    pub(super) fn announce(&self, announced: &Announced) -> Result<(), Error> {
        let path = self.note_path();
        let mut note = self.files.open_part(&path).map_err(storage("write", &path))?;
        note.cut(0).map_err(storage("write", &path))?;
        note.append(announced.to_text().as_bytes()).map_err(storage("write", &path))?;
        note.sync().map_err(storage("write", &path))?;
        let folder = &self.shelf.incoming;
        self.files.sync_folder(folder).map_err(storage("write", folder))
    }

    /// What the note announced was written down, or given up.
    pub(super) fn unannounce(&self) -> Result<(), Error> {
        self.remove(&self.note_path())
    }

    /// Finishes what a cut run announced. Returns how many files were renamed now, and how many had
    /// been renamed already; what cannot be finished is brought anew by the next run that can.
    pub(super) fn mend_announced(&mut self) -> Result<(u64, u64), Error> {
        let path = self.note_path();
        if self.length(&path)?.is_none() {
            return Ok((0, 0));
        }
        let mut text = String::new();
        let note = self.files.open_read(&path).map_err(storage("read", &path))?;
        // A note that makes no sense was cut before anything was renamed.
        let read = note.take(MOST_BYTES).read_to_string(&mut text).is_ok();
        let announced = Announced::parse(&text).filter(|_| read);
        let done = match announced {
            Some(announced) => self.finish_announced(announced)?,
            None => (0, 0),
        };
        self.unannounce()?;
        Ok(done)
    }

    fn finish_announced(&mut self, announced: Announced) -> Result<(u64, u64), Error> {
        let Announced { path, sha256, size, at_ms } = announced;
        if self.catalogue.is_taken(&path)? {
            // The cut came after the last step; or the name is an object's by now.
            return Ok((0, 0));
        }
        let (to, part) = (self.shelf.root.join(&path), self.adopt_part());
        let done = if self.has_content(&to, size, &sha256)? {
            self.sync_folders(&to)?;
            (0, 1)
        } else {
            self.remove_claim(&to)?;
            if !self.has_content(&part, size, &sha256)? || !self.put_in_place(&part, &to)? {
                return Ok((0, 0));
            }
            (1, 0)
        };
        let mut file = self.files.open_read(&to).map_err(storage("read", &to))?;
        let looked = look_at(&mut *file, Kind::of_name(&path)).map_err(storage("read", &to))?;
        let name = path.rsplit('/').next().unwrap_or(&path);
        let fitting = self.fitting_here(name, &looked.1)?;
        self.write_down(&Announced { path, sha256, size, at_ms }, &looked, fitting)?;
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_whole_or_not_at_all() {
        let path = "2026/a name with blanks\nand a break.RAF".to_owned();
        let note = Announced { path, sha256: [0xA7; 32], size: 7, at_ms: -1 };
        let text = note.to_text();
        assert_eq!(Announced::parse(&text), Some(note));
        for end in 0..text.len() {
            assert_eq!(Announced::parse(&text[..end]), None, "{end}");
        }
        assert_eq!(Announced::parse(&text.replace("a7a7", "a7g7")), None);
    }
}
