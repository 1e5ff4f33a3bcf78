//! What is measured.

mod build;
mod bulk;
mod cameras;
mod count;
mod decode;
mod deliver;
mod link;
mod memory;
mod peer;
mod proxy;
mod start;
mod station;
mod timelapse;
mod viewers;
mod wpa2;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::args::Args;
use crate::program::Program;
use crate::table::{Row, Table};

type Group = fn(&Bench<'_>, &mut Table) -> anyhow::Result<()>;

/// Groups by the name that `--only` looks at.
const GROUPS: [(&str, Group); 16] = [
    ("start", start::measure),
    ("bulk", bulk::measure),
    ("link", link::measure),
    ("count", count::measure),
    ("memory", memory::measure),
    ("peer", peer::measure),
    ("cameras", cameras::measure),
    ("viewers", viewers::measure),
    ("deliver", deliver::measure),
    ("deliver-batch", deliver::measure_batch),
    ("station", station::measure),
    ("timelapse", timelapse::measure),
    ("decode", decode::measure),
    ("wpa2", wpa2::measure),
    ("proxy", proxy::measure),
    ("build", build::measure),
];

/// What all measurements share.
pub(crate) struct Bench<'a> {
    pub(crate) args: &'a Args,
    pub(crate) program: Program,
    folder: TempDir,
}

impl<'a> Bench<'a> {
    /// Makes the folder everything happens in; it goes with this value.
    pub(crate) fn prepare(args: &'a Args) -> anyhow::Result<Self> {
        let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new().prefix("filmwire-bench-").tempdir_in(&parent);
        let folder = folder.with_context(|| format!("cannot work in {}", parent.display()))?;
        let program = Program::find(args.program.as_deref(), folder.path())?;
        Ok(Self { args, program, folder })
    }

    /// One line about where and how is measured.
    pub(crate) fn setting(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let (size, rounds) = (self.args.size, self.args.rounds);
        let folder = self.folder.path().parent().unwrap_or_else(|| Path::new("")).display();
        let os = std::env::consts::OS;
        format!("{cores} cores, {os}; {size} MiB, {rounds} rounds, files in {folder}")
    }

    /// Runs the groups that were asked for. One that fails does not keep the others from running;
    /// the first failure is returned.
    pub(crate) fn run(&self, table: &mut Table) -> anyhow::Result<()> {
        let wanted = |name: &str| match (&self.args.only, name) {
            (Some(only), _) => name.contains(only.as_str()),
            (None, "build") => self.args.build,
            _ => true,
        };
        let mut first = Ok(());
        for (name, group) in GROUPS.into_iter().filter(|(name, _)| wanted(name)) {
            eprintln!("measuring: {name}");
            if let Err(error) = group(self, table) {
                table.push(Row::words(name, "failed"));
                first = first.and(Err(error.context(format!("cannot measure {name}"))));
            }
        }
        first
    }

    /// Bytes of the large object.
    pub(crate) fn bytes(&self) -> u64 {
        self.args.size << 20
    }

    /// A fresh folder; drop it when it is no longer needed.
    pub(crate) fn scratch(&self) -> anyhow::Result<TempDir> {
        Ok(TempDir::new_in(self.folder.path())?)
    }
}

/// Bytes of all published files below a library.
pub(crate) fn published_bytes(library: &Path) -> anyhow::Result<u64> {
    published(library)?.iter().map(|path| Ok(path.metadata()?.len())).sum()
}

/// All published files below a library.
pub(crate) fn published(library: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![library.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name() == ".filmwire" {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_photos_count_as_published() {
        let library = tempfile::tempdir().unwrap();
        let put = |path: &str, content: &str| {
            let path = library.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        };
        put("2026/a.jpg", "12345");
        put("b.mov", "678");
        put(".filmwire/catalogue.sqlite", "not counted");
        assert_eq!(published_bytes(library.path()).unwrap(), 8);
    }
}
