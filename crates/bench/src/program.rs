//! The program that is measured.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, ensure};

use crate::child;

const STATION: &str = "filmwire-station";

/// `filmwire` and the station, run without the configuration of whoever runs the benchmark.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    /// Whether somebody said which one it is; the station lies beside it then.
    is_given: bool,
    /// Where the station is, once it was wanted.
    station: OnceLock<PathBuf>,
    home: PathBuf,
    config: PathBuf,
}

impl Program {
    /// The given program, else the one beside this one, which is built from the same tree.
    pub(crate) fn find(given: Option<&Path>, home: &Path) -> anyhow::Result<Self> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => beside("filmwire")?,
        };
        ensure!(path.is_file(), "{} is missing: cargo build --release", path.display());
        // Named, so that no other configuration is looked for.
        let config = home.join("empty.toml");
        std::fs::write(&config, "").context("cannot write a configuration")?;
        Ok(Self {
            path,
            is_given: given.is_some(),
            station: OnceLock::new(),
            home: home.to_owned(),
            config,
        })
    }

    /// A command of it.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().env("HOME", &self.home).env("FILMWIRE_CONFIG", &self.config);
        command.args(words);
        command
    }

    /// A command of the station, which is looked for and built when it is first wanted.
    pub(crate) fn station(&self) -> anyhow::Result<Command> {
        let path = match self.station.get() {
            Some(path) => path,
            None => {
                let path = match self.is_given {
                    true => self.path.with_file_name(name_of(STATION)),
                    false => beside(STATION)?,
                };
                ensure!(path.is_file(), "{} is missing: cargo build --release", path.display());
                self.station.get_or_init(|| path)
            }
        };
        let mut command = Command::new(path);
        command.env_clear().env("HOME", &self.home);
        Ok(command)
    }

    /// One that talks to a camera and keeps what it gets in a library.
    pub(crate) fn with_library(&self, words: &[&str], address: &str, library: &Path) -> Command {
        let mut command = self.command(words);
        command.args(["--quiet", "--camera", address, "--to"]).arg(library);
        command
    }
}

/// The program of a package that lies beside this one. It is built if cargo is there, so that what is
/// measured is never older than its source.
fn beside(package: &str) -> anyhow::Result<PathBuf> {
    let own = child::own_path()?;
    if let (Some(cargo), Some(root)) = (std::env::var_os("CARGO"), workspace()) {
        let mut build = Command::new(cargo);
        build.args(["build", "--release", "--quiet", "--package", package]).current_dir(root);
        if let Some(target) = own.parent().and_then(Path::parent) {
            build.arg("--target-dir").arg(target);
        }
        let status = build.status().with_context(|| format!("cannot build {package}"))?;
        ensure!(status.success(), "{package} could not be built");
    }
    Ok(own.with_file_name(name_of(package)))
}

fn name_of(package: &str) -> String {
    format!("{package}{}", std::env::consts::EXE_SUFFIX)
}

/// Root of the source tree, if it is still where this program was built.
pub(crate) fn workspace() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    root.join("Cargo.lock").is_file().then(|| root.to_owned())
}
