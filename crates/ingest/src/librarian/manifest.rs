//! The SHA-256 manifest of a run: what it published, in the form `sha256sum -c` reads.

use std::fmt::Write as _;
use std::path::PathBuf;

use filmwire_catalogue::{ObjectFilter, RunId, State};

use super::{Librarian, storage};
use crate::error::Error;
use crate::event::OUT_OF_REACH;
use crate::files::PartFile;

/// Rows written at once.
const PAGE: u32 = 1000;

/// A manifest that is being written.
struct Sheet {
    path: PathBuf,
    part: PathBuf,
    file: Box<dyn PartFile>,
}

impl Librarian {
    /// Writes the manifest and returns its path relative to the library; `None` if the run
    /// published nothing. Run `sha256sum -c` on it from the library's folder.
    pub(crate) fn write_manifest(
        &self,
        run: RunId,
        started_ms: i64,
    ) -> Result<Option<String>, Error> {
        let mut filter = ObjectFilter {
            run: Some(run),
            states: vec![State::Published, State::Damaged],
            limit: Some(PAGE),
            ..ObjectFilter::default()
        };
        let mut rows = self.catalogue.objects(&filter)?;
        let Some(first) = rows.first() else { return self.manifest_of_adopted(run, started_ms) };
        let model = self.catalogue.camera(first.camera)?.model;
        let mut sheet = self.open_sheet(run, started_ms)?;
        sheet.append(&format!("# {model}: {OUT_OF_REACH}\n"))?;
        while let Some(last) = rows.last().map(|row| row.id) {
            let mut lines = String::new();
            for row in &rows {
                if let (Some(file), Some(sha256)) = (row.file, row.sha256) {
                    line(&mut lines, &sha256, &self.catalogue.file(file)?.path);
                }
            }
            sheet.append(&lines)?;
            filter.after = Some(last);
            rows = self.catalogue.objects(&filter)?;
        }
        self.close_sheet(sheet)
    }

    /// The same for a run without a camera: what was adopted since it began. Nobody else adopts
    /// meanwhile, because a run holds the library's lock; and the next one writes the manifest of
    /// one that was cut before it adopts.
    fn manifest_of_adopted(&self, run: RunId, started_ms: i64) -> Result<Option<String>, Error> {
        let runs = self.catalogue.runs(super::mend::RUNS)?;
        if runs.iter().any(|row| row.id == run && row.camera.is_some()) {
            return Ok(None);
        }
        let files = self.catalogue.files_adopted(started_ms)?;
        if files.is_empty() {
            return Ok(None);
        }
        let mut lines = "# adopted\n".to_owned();
        for file in &files {
            line(&mut lines, &file.sha256, &file.path);
        }
        let mut sheet = self.open_sheet(run, started_ms)?;
        sheet.append(&lines)?;
        self.close_sheet(sheet)
    }

    fn open_sheet(&self, run: RunId, started_ms: i64) -> Result<Sheet, Error> {
        let folder = &self.shelf.manifests;
        let name = format!("{}-run-{}.sha256", stamp(started_ms), run.0);
        let (path, part) = (folder.join(&name), folder.join(format!("{name}.part")));
        let mut file = self.files.open_part(&part).map_err(storage("write", &part))?;
        file.cut(0).map_err(storage("write", &part))?;
        Ok(Sheet { path, part, file })
    }

    fn close_sheet(&self, sheet: Sheet) -> Result<Option<String>, Error> {
        let Sheet { path, part, mut file } = sheet;
        file.sync().map_err(storage("write", &part))?;
        drop(file);
        self.files.rename_over(&part, &path).map_err(storage("write", &path))?;
        let folder = &self.shelf.manifests;
        self.files.sync_folder(folder).map_err(storage("write", folder))?;
        let meta = self.shelf.root.join(filmwire_catalogue::META_FOLDER);
        let inside = path.strip_prefix(&self.shelf.root).or_else(|_| path.strip_prefix(&meta));
        Ok(inside.ok().map(|path| path.to_string_lossy().into_owned()))
    }
}

impl Sheet {
    fn append(&mut self, lines: &str) -> Result<(), Error> {
        self.file.append(lines.as_bytes()).map_err(storage("write", &self.part))
    }
}

/// One line, as `sha256sum` writes it: a name with a backslash or a line break is escaped, and the
/// line marked by a leading backslash. Ours have neither, adopted ones may.
fn line(out: &mut String, sha256: &[u8; 32], path: &str) {
    let path = match path.contains(['\\', '\n', '\r']) {
        true => {
            out.push('\\');
            &path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
        }
        false => path,
    };
    for byte in sha256 {
        let _ = write!(out, "{byte:02x}");
    }
    let _ = writeln!(out, "  {path}");
}

/// `20261122T093000Z`, so that manifests sort by time.
fn stamp(ms: i64) -> String {
    let instant = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}
