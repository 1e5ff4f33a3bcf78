//! Where profiles are: a name in the configuration's folder, or a path.

use std::io;
use std::path::{Path, PathBuf};

use filmwire_program::exit::Trouble;
use filmwire_program::places::Places;
use filmwire_shoot::profile::{FileError, Profile, check_name};

/// Where one profile is.
#[derive(Debug)]
pub(crate) struct Place {
    name: String,
    path: PathBuf,
}

impl Place {
    /// What a person wrote: what has a slash is a path, the rest a name.
    ///
    /// Fails with [`Trouble::Usage`] for what is no name.
    pub(crate) fn of(name: &str, places: &Places) -> Result<Self, Trouble> {
        if name.contains('/') {
            return Ok(Self { name: name.to_owned(), path: PathBuf::from(name) });
        }
        check_name(name).map_err(|bad| Trouble::usage(bad.to_string(), "choose another name"))?;
        let path = folder(places)?.join(format!("{name}.toml"));
        Ok(Self { name: name.to_owned(), path })
    }

    /// As the person wrote it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Fails with [`Trouble::Usage`] if there is one already.
    pub(crate) fn refuse_taken(&self) -> Result<(), Trouble> {
        match self.path.symlink_metadata() {
            Ok(_) => Err(self.taken()),
            Err(_) => Ok(()),
        }
    }

    fn taken(&self) -> Trouble {
        let text = format!("there is a profile {} already", self.path.display());
        Trouble::usage(text, "choose another name, or replace it with --replace")
    }

    /// Reads the profile.
    ///
    /// Fails with [`Trouble::Usage`] if there is none or it cannot be understood.
    pub(crate) fn read(&self) -> Result<Profile, Trouble> {
        let path = self.path.display();
        Profile::read(&self.path).map_err(|error| match error {
            FileError::Wrong { line, text } => {
                Trouble::usage(format!("{path}:{line}: {text}"), "correct it, or save it anew")
            }
            FileError::Io(cause) if cause.kind() == io::ErrorKind::NotFound => {
                let cure = "see `filmwire profile list`, or save one: filmwire profile save NAME";
                Trouble::usage(format!("there is no profile {path}"), cure)
            }
            error => Trouble::usage(format!("cannot read {path}: {error}"), "make it readable"),
        })
    }

    /// Keeps a profile here.
    ///
    /// Fails with [`Trouble::Usage`] if there is one that is not to be replaced, and with
    /// [`Trouble::Storage`].
    pub(crate) fn write(&self, profile: &Profile, replace: bool) -> Result<(), Trouble> {
        profile.write(&self.path, replace).map_err(|error| match error {
            FileError::Exists => self.taken(),
            FileError::Io(cause) => Trouble::storage("write", &self.path, cause),
            error => Trouble::failed(error.to_string(), "report this defect"),
        })
    }
}

/// The folder of profiles that have names.
pub(crate) fn folder(places: &Places) -> Result<PathBuf, Trouble> {
    places.config_home().map(|folder| folder.join("filmwire/profiles")).ok_or_else(|| {
        let text = "there is no home folder with a configuration";
        Trouble::usage(text, "write a path with a slash, such as ./studio.toml")
    })
}

/// Names of the profiles in a folder, sorted; none if there is no such folder.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, Trouble> {
    let trouble = |cause| Trouble::storage("read", folder, cause);
    let entries = match std::fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(trouble)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(trouble)?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(".toml"));
        names.extend(name.filter(|name| check_name(name).is_ok()).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_slash_is_a_path_and_the_rest_a_name() {
        let home = tempfile::tempdir().unwrap();
        let places = Places::made_up(home.path(), &[]);
        let path = |name: &str| Place::of(name, &places).map(|place| place.path);
        let folder = home.path().join(".config/filmwire/profiles");
        assert_eq!(path("studio").unwrap(), folder.join("studio.toml"));
        assert_eq!(path("./studio").unwrap(), Path::new("./studio"));
        assert_eq!(path("/a/../b.toml").unwrap(), Path::new("/a/../b.toml"));
        for bad in ["", "..", "a b", "studio.toml"] {
            assert!(matches!(path(bad), Err(Trouble::Usage { .. })), "{bad}");
        }
        assert!(matches!(Place::of("a", &Places::none()), Err(Trouble::Usage { .. })));
    }

    #[test]
    fn only_profiles_are_listed() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(names(&home.path().join("none")).unwrap(), [""; 0]);
        for file in ["b.toml", "a.toml", ".a.toml.7.part", ".hidden.toml", "notes.txt"] {
            std::fs::write(home.path().join(file), "").unwrap();
        }
        assert_eq!(names(home.path()).unwrap(), ["a", "b"]);
    }
}
