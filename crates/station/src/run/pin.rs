//! Which library belongs to a folder, kept outside of it.
//!
//! The empty folder an unmounted disk leaves looks like one where a library can be made. A station
//! has nobody to notice that, so it remembers the library it made or found.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use filmwire_program::exit::Trouble;
use filmwire_program::output::text;
use sha2::{Digest as _, Sha256};

/// What is remembered of a folder.
pub(crate) struct Pin(PathBuf);

impl Pin {
    /// What the state folder `state` remembers of the folder `root`.
    pub(crate) fn of(state: &Path, root: &Path) -> Self {
        let name = text::hex(&Sha256::digest(root.as_os_str().as_bytes())[..8]);
        Self(state.join("libraries").join(name))
    }

    /// The file it is kept in.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The id of the library, if one was ever used there.
    pub(crate) fn read(&self) -> Result<Option<String>, Trouble> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(text.trim().to_owned()).filter(|id| !id.is_empty())),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Trouble::storage("read", &self.0, cause)),
        }
    }

    /// Remembers the id, unless it is remembered already.
    pub(crate) fn write(&self, id: &str) -> Result<(), Trouble> {
        if self.read()?.as_deref() == Some(id) {
            return Ok(());
        }
        let part = self.0.with_extension("part");
        let write = || -> io::Result<()> {
            self.0.parent().map_or(Ok(()), fs::create_dir_all)?;
            let mut file = fs::File::create(&part)?;
            writeln!(file, "{id}")?;
            file.sync_all()?;
            fs::rename(&part, &self.0)
        };
        write().map_err(|cause| Trouble::storage("write", &self.0, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_has_its_own_library() {
        let state = tempfile::tempdir().unwrap();
        let (one, two) =
            (Pin::of(state.path(), Path::new("/a")), Pin::of(state.path(), Path::new("/b")));
        assert_eq!(one.read().unwrap(), None);
        one.write("1").unwrap();
        two.write("2").unwrap();
        one.write("3").unwrap();
        assert_eq!(one.read().unwrap().as_deref(), Some("3"));
        assert_eq!(two.read().unwrap().as_deref(), Some("2"));
        assert_eq!(fs::read_dir(state.path().join("libraries")).unwrap().count(), 2);
    }
}
