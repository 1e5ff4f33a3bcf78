//! The library a run works on; for a dry run where none is yet, one that leaves nothing behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use filmwire_catalogue::{Create, Library, META_FOLDER, OpenOptions};
use serde_json::json;
use tempfile::TempDir;

use super::{library_root, open_library};
use crate::config::Config;
use crate::context::Context;
use filmwire_program::exit::Trouble;

/// A library, and the folder that people know it by.
pub(super) struct Ground {
    /// The library; in a dry run perhaps one in a temporary folder.
    pub(super) library: Library,
    /// The folder the settings mean.
    pub(super) root: PathBuf,
    /// Is deleted with what is in it.
    _temporary: Option<TempDir>,
}

impl Ground {
    /// Opens the library the settings mean. A dry run makes none: it works on an empty one elsewhere.
    pub(super) fn open(dry_run: bool, config: &Config, context: &Context<'_>) -> Result<Self> {
        let root = library_root(config)?;
        // With an id that is to be found there, no library is made in any case.
        if dry_run && config.library_id.value.is_none() && is_free(&root) {
            return Self::pretend(root, context);
        }
        let library = open_library(config, Create::IfMissingOrEmpty, context)?;
        Ok(Self { library, root, _temporary: None })
    }

    fn pretend(root: PathBuf, context: &Context<'_>) -> Result<Self> {
        let temporary = tempfile::Builder::new().prefix("filmwire-").tempdir();
        let temporary =
            temporary.map_err(|cause| Trouble::storage("write to", std::env::temp_dir(), cause))?;
        let options = OpenOptions {
            create: Create::IfMissingOrEmpty,
            // Its catalogue goes with it, wherever temporary files are.
            network: Some(false),
            ..OpenOptions::default()
        };
        let library = Library::open(temporary.path(), options)?;
        let path = root.display().to_string();
        context.out.note(&format!("A run would make a new library in {path}"));
        context.out.json("library", json!({ "path": path, "id": null, "created": false }))?;
        Ok(Self { library, root, _temporary: Some(temporary) })
    }
}

/// True if a run would make a library there. What cannot be looked at is left to the opening.
fn is_free(root: &Path) -> bool {
    let meta = root.join(META_FOLDER);
    if meta.join("library-id").exists() {
        return false;
    }
    match fs::read_dir(root) {
        // A making that was cut is finished by the next run; every fresh ext file system has a
        // lost+found.
        Ok(entries) => {
            meta.exists() || entries.flatten().all(|entry| entry.file_name() == "lost+found")
        }
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_empty_folders_are_free_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_free(folder.path()) && is_free(&folder.path().join("missing")));
        fs::create_dir(folder.path().join("lost+found")).unwrap();
        assert!(is_free(folder.path()));
        let file = folder.path().join("a.jpg");
        fs::write(&file, "").unwrap();
        assert!(!is_free(folder.path()) && !is_free(&file));
        fs::create_dir(folder.path().join(META_FOLDER)).unwrap();
        assert!(is_free(folder.path()));
        fs::write(folder.path().join(META_FOLDER).join("library-id"), "x").unwrap();
        assert!(!is_free(folder.path()));
    }
}
