//! The archive: a tar that comes to its name once it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use filmwire_program::exit::Trouble;
use serde::Serialize;
use tar::{Builder, Header};
use tempfile::NamedTempFile;

/// Everybody may read what everybody may see.
const MODE: u32 = 0o644;
/// Files in a tar are padded to blocks of this.
const BLOCK_BYTES: u64 = 512;

/// An archive that is being written.
pub(super) struct Archive {
    builder: Builder<NamedTempFile>,
    path: PathBuf,
}

/// A part that was written, to be read again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    start: u64,
    bytes: u64,
}

impl Archive {
    /// Begins beside where the archive will be.
    ///
    /// Fails with [`Trouble::Usage`] if there is a file already, and as the folder does.
    pub(super) fn new(path: &Path) -> Result<Self, Trouble> {
        if path.exists() {
            let text = format!("{} is there already", path.display());
            return Err(Trouble::usage(text, "move it away, or name another file with --out"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))
            .map_err(|cause| Trouble::storage("create", path, cause))?;
        Ok(Self { builder: Builder::new(file), path: path.to_owned() })
    }

    /// Adds a file that is made while it is written.
    pub(super) fn write<T, E: From<Trouble>>(
        &mut self,
        name: &str,
        make: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<(T, Part), E> {
        let trouble = |cause| E::from(Trouble::storage("write", &self.path, cause));
        let mut header = Header::new_gnu();
        header.set_mode(MODE);
        let entry = self.builder.append_writer(&mut header, name).map_err(trouble)?;
        let mut entry = BufWriter::new(entry);
        let made = make(&mut entry)?;
        let entry = entry.into_inner().map_err(|error| trouble(error.into_error()))?;
        entry.finish().map_err(trouble)?;
        let bytes = header.entry_size().map_err(trouble)?;
        let end = self.builder.get_mut().stream_position().map_err(trouble)?;
        let start = end - bytes.next_multiple_of(BLOCK_BYTES);
        Ok((made, Part { start, bytes }))
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<(), Trouble> {
        let path = self.path.clone();
        self.write(name, |out| {
            out.write_all(content).map_err(|cause| Trouble::storage("write", path, cause))
        })
        .map(drop)
    }

    /// Adds a file of one JSON value.
    pub(super) fn add_json(&mut self, name: &str, value: &impl Serialize) -> Result<(), Trouble> {
        let mut content = serde_json::to_vec_pretty(value)
            .map_err(|error| Trouble::failed(error.to_string(), "report this defect"))?;
        content.push(b'\n');
        self.add(name, &content)
    }

    /// Reads a part again, while others are written.
    pub(super) fn read(&self, part: Part) -> io::Result<impl Read + use<>> {
        let mut file: File = self.builder.get_ref().reopen()?;
        file.seek(SeekFrom::Start(part.start))?;
        Ok(file.take(part.bytes))
    }

    /// What a failed write means.
    pub(super) fn trouble(&self, cause: io::Error) -> Trouble {
        Trouble::storage("write", &self.path, cause)
    }

    /// Gives the archive its name, unless a file has taken it meanwhile.
    pub(super) fn finish(self) -> Result<(), Trouble> {
        let Self { builder, path } = self;
        let failed = |cause| Trouble::storage("write", &path, cause);
        let file = builder.into_inner().map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist_noclobber(&path).map(drop).map_err(|error| failed(error.error))
    }
}
