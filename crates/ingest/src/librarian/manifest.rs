//! The SHA-256 manifest of a run: what it published, in the form `sha256sum -c` reads.

use std::fmt::Write as _;

use filmwire_catalogue::{ObjectFilter, RunId, State};

use super::{Librarian, storage};
use crate::error::Error;
use crate::event::OUT_OF_REACH;

/// Rows written at once.
const PAGE: u32 = 1000;

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
        let Some(first) = rows.first() else { return Ok(None) };
        let model = self.catalogue.camera(first.camera)?.model;
        let folder = self.shelf.manifests.clone();
        let name = format!("{}-run-{}.sha256", stamp(started_ms), run.0);
        let (path, part) = (folder.join(&name), folder.join(format!("{name}.part")));
        let mut file = self.files.open_part(&part).map_err(storage("write", &part))?;
        file.cut(0).map_err(storage("write", &part))?;
        let head = format!("# {model}: {OUT_OF_REACH}\n");
        file.append(head.as_bytes()).map_err(storage("write", &part))?;
        while let Some(last) = rows.last().map(|row| row.id) {
            let mut lines = String::new();
            for row in &rows {
                if let (Some(file), Some(sha256)) = (row.file, row.sha256) {
                    line(&mut lines, &sha256, &self.catalogue.file(file)?.path);
                }
            }
            file.append(lines.as_bytes()).map_err(storage("write", &part))?;
            filter.after = Some(last);
            rows = self.catalogue.objects(&filter)?;
        }
        file.sync().map_err(storage("write", &part))?;
        drop(file);
        self.files.rename_over(&part, &path).map_err(storage("write", &path))?;
        self.files.sync_folder(&folder).map_err(storage("write", &folder))?;
        let meta = self.shelf.root.join(filmwire_catalogue::META_FOLDER);
        let inside = path.strip_prefix(&self.shelf.root).or_else(|_| path.strip_prefix(&meta));
        Ok(inside.ok().map(|path| path.to_string_lossy().into_owned()))
    }
}

/// One line. `sha256sum` marks names with a backslash or a line break by a leading backslash; ours
/// have neither.
fn line(out: &mut String, sha256: &[u8; 32], path: &str) {
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
