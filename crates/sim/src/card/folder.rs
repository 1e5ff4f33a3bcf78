//! A card from a folder of real files. The folder is read, never written.

use std::io;
use std::path::{Path, PathBuf};

use super::generate::GenerateSpec;
use super::number::Number;
use super::{Card, CardObject};

/// Folders deeper than this are not looked into: a loop of links, not a card.
const DEEPEST: usize = 16;

impl Card {
    /// Takes all files below `path`, oldest first by capture date, then folder and name. DCIM is
    /// flattened, folders are no objects, hidden files are skipped. The next photo taken gets
    /// the number after the highest one found.
    ///
    /// Fails with the error of the file system if the folder or a file in it cannot be read.
    pub fn from_dir(path: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        collect(path, "", 0, &mut files)?;
        let mut objects = files
            .into_iter()
            .map(|(folder, file)| CardObject::file(&folder, &file))
            .collect::<io::Result<Vec<_>>>()?;
        objects
            .sort_by(|a, b| (a.capture, &a.folder, &a.name).cmp(&(b.capture, &b.folder, &b.name)));
        let mut card = Self::new(GenerateSpec::default());
        if let Some(highest) = objects.iter().filter_map(number_of).max() {
            card.set_number(highest.next());
        }
        for object in objects {
            card.push(object);
        }
        Ok(card)
    }
}

/// The number in a name such as `100_FUJI/DSCF0012.JPG`.
fn number_of(object: &CardObject) -> Option<Number> {
    let folder = object.folder.get(..3)?.parse().ok().filter(|n| (100..=999).contains(n))?;
    let file = object.name.get(4..8)?.parse().ok().filter(|n| (1..=9999).contains(n))?;
    Some(Number { folder, file })
}

fn collect(
    dir: &Path,
    folder: &str,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let meta = match path.metadata() {
            Ok(meta) => meta,
            // A link that leads nowhere, or a file that went while we looked.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if meta.is_file() {
            let folder = if folder.is_empty() { "100_FUJI" } else { folder };
            files.push((folder.to_owned(), path));
        } else if meta.is_dir() && depth < DEEPEST {
            let inner = match (folder, name.as_str()) {
                ("", "DCIM") => String::new(),
                ("", name) => name.to_owned(),
                (outer, name) => format!("{outer}/{name}"),
            };
            collect(&path, &inner, depth + 1, files)?;
        }
    }
    Ok(())
}
