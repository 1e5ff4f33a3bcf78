//! What becomes of frames.

use std::fs;
use std::path::{Path, PathBuf};

use crate::target::Target;
use filmwire_program::exit::Trouble;

/// Where frames go.
#[derive(Debug, Default)]
pub(super) enum Sink {
    /// Nowhere: they are only counted.
    #[default]
    Nowhere,
    /// Into a folder, as numbered files.
    Folder { target: Target, next: u64 },
    /// To standard output, one behind the other.
    Pipe,
}

impl Sink {
    /// Chooses by the flags; makes the folder.
    pub(super) fn choose(folder: Option<&Path>, pipe: bool) -> Result<Self, Trouble> {
        let Some(folder) = folder else {
            return Ok(if pipe { Self::Pipe } else { Self::Nowhere });
        };
        fs::create_dir_all(folder).map_err(|cause| Trouble::storage("make", folder, cause))?;
        let next = 1 + last_number(folder)?;
        Ok(Self::Folder { target: Target::Folder(folder.to_owned()), next })
    }

    /// True if frames are kept or passed on.
    pub(super) fn keeps(&self) -> bool {
        !matches!(self, Self::Nowhere)
    }

    /// Writes a frame; returns where it is, if that is a file. Blocks.
    pub(super) fn write(&mut self, jpeg: &[u8]) -> Result<Option<PathBuf>, Trouble> {
        let (target, name) = match self {
            Self::Nowhere => return Ok(None),
            Self::Pipe => (&Target::Stdout, String::new()),
            Self::Folder { target, next } => {
                let name = name(*next);
                *next += 1;
                (&*target, name)
            }
        };
        let mut file = target.open(&name)?;
        file.write(jpeg)?;
        Ok(file.finish()?.path)
    }
}

fn name(number: u64) -> String {
    format!("live-{number:06}.jpg")
}

/// The highest number a frame in the folder has, so that a second run goes on behind it.
fn last_number(folder: &Path) -> Result<u64, Trouble> {
    let failed = |cause| Trouble::storage("read", folder, cause);
    let mut last = 0;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let taken = entry.map_err(failed)?.file_name();
        last = last.max(taken.to_str().and_then(number_of).unwrap_or(0));
    }
    Ok(last)
}

fn number_of(taken: &str) -> Option<u64> {
    let number: u64 = taken.strip_prefix("live-")?.strip_suffix(".jpg")?.parse().ok()?;
    (name(number) == taken).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_behind_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        for taken in ["live-000007.jpg", "live-9.jpg", "live-000012.png", "DSCF0050.JPG"] {
            fs::write(folder.path().join(taken), b"mine").unwrap();
        }
        let mut sink = Sink::choose(Some(folder.path()), false).unwrap();
        let mut put = |jpeg: &[u8]| sink.write(jpeg).unwrap().unwrap();
        assert!(put(b"1").ends_with("live-000008.jpg"));
        // Somebody else was quicker.
        fs::write(folder.path().join("live-000009.jpg"), b"mine").unwrap();
        assert!(put(b"2").ends_with("live-000009-2.jpg"));
        assert_eq!(fs::read(folder.path().join("live-000009.jpg")).unwrap(), b"mine");
        assert_eq!(number_of("live-1000000.jpg"), Some(1_000_000));
    }
}
