//! The program that is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::child;

/// `filmwire`, run without the configuration of whoever runs the benchmark.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    home: PathBuf,
    config: PathBuf,
}

impl Program {
    /// The given program, else the one beside this one, which is built from the same tree.
    pub(crate) fn find(given: Option<&Path>, home: &Path) -> anyhow::Result<Self> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => beside()?,
        };
        ensure!(path.is_file(), "{} is missing: cargo build --release", path.display());
        // Named, so that no other configuration is looked for.
        let config = home.join("empty.toml");
        std::fs::write(&config, "").context("cannot write a configuration")?;
        Ok(Self { path, home: home.to_owned(), config })
    }

    /// A command of it.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().env("HOME", &self.home).env("FILMWIRE_CONFIG", &self.config);
        command.args(words);
        command
    }

    /// One that talks to a camera and keeps what it gets in a library.
    pub(crate) fn with_library(&self, words: &[&str], address: &str, library: &Path) -> Command {
        let mut command = self.command(words);
        command.args(["--quiet", "--camera", address, "--to"]).arg(library);
        command
    }
}

/// Builds the program if cargo is there, so that what is measured is never older than its source.
fn beside() -> anyhow::Result<PathBuf> {
    let own = child::own_path()?;
    if let (Some(cargo), Some(root)) = (std::env::var_os("CARGO"), workspace()) {
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--quiet", "--package", "filmwire"]).current_dir(root);
        if let Some(target) = own.parent().and_then(Path::parent) {
            build.arg("--target-dir").arg(target);
        }
        let status = build.status().context("cannot build filmwire")?;
        ensure!(status.success(), "filmwire could not be built");
    }
    Ok(own.with_file_name(format!("filmwire{}", std::env::consts::EXE_SUFFIX)))
}

/// Root of the source tree, if it is still where this program was built.
pub(crate) fn workspace() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    root.join("Cargo.lock").is_file().then(|| root.to_owned())
}
