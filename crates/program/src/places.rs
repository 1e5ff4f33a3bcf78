//! Where files are looked for: the XDG folders and the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::exit::Trouble;

/// Folder of the system's own configuration.
const SYSTEM_CONFIG: &str = "/etc/filmwire";
/// Where a service keeps its state that is configured there.
const SYSTEM_STATE: &str = "/var/lib/filmwire";

/// Where a program's configuration is looked for.
#[derive(Debug, Clone, Copy)]
pub struct ConfigName {
    /// The environment's variable that names the file.
    pub variable: &'static str,
    /// Name of the file in the folder `filmwire` of the configuration folders.
    pub file: &'static str,
}

/// The environment as it was when the program started.
#[derive(Debug, Clone)]
pub struct Places {
    variables: BTreeMap<String, OsString>,
    /// Folder of the system's own configuration.
    system: PathBuf,
    /// Folder of the system's own state.
    system_state: PathBuf,
}

impl Places {
    /// Reads the environment.
    pub fn from_environment() -> Self {
        let wanted = |name: &str| {
            name.starts_with("FILMWIRE_")
                || name.starts_with("XDG_")
                || ["HOME", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"].contains(&name)
        };
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, value)| wanted(name) && !value.is_empty())
            .collect();
        Self { variables, system: SYSTEM_CONFIG.into(), system_state: SYSTEM_STATE.into() }
    }

    /// No environment at all.
    pub fn none() -> Self {
        Self { variables: BTreeMap::new(), system: PathBuf::new(), system_state: PathBuf::new() }
    }

    /// An environment made up for a test: a home folder with the system's configuration in `etc` and
    /// its state in `var`.
    #[must_use]
    pub fn made_up(home: &Path, variables: &[(&str, &str)]) -> Self {
        let mut variables: BTreeMap<String, OsString> =
            variables.iter().map(|(name, value)| ((*name).into(), value.into())).collect();
        variables.insert("HOME".into(), home.into());
        Self { variables, system: home.join("etc"), system_state: home.join("var") }
    }

    /// A setting from the environment.
    ///
    /// # Errors
    /// [`Trouble::Usage`] if it is no text.
    pub fn variable(&self, name: &str) -> Result<Option<String>, Trouble> {
        let Some(value) = self.variables.get(name) else { return Ok(None) };
        match value.to_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(Trouble::usage(format!("{name} is no valid text"), "set it anew")),
        }
    }

    /// A folder or file from the environment.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).map(PathBuf::from)
    }

    fn home(&self) -> Option<PathBuf> {
        self.path("HOME")
    }

    /// An XDG base folder; relative ones are to be ignored, says the specification.
    fn xdg(&self, name: &str, below_home: &str) -> Option<PathBuf> {
        let given = self.path(name).filter(|path| path.is_absolute());
        given.or_else(|| Some(self.home()?.join(below_home)))
    }

    /// The folder for state that belongs to this computer.
    pub fn state_home(&self) -> Option<PathBuf> {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    /// The folder for configuration of this person.
    pub fn config_home(&self) -> Option<PathBuf> {
        self.xdg("XDG_CONFIG_HOME", ".config")
    }

    /// Finds the configuration: the given one, the one the variable names, the XDG folder, `/etc`.
    ///
    /// # Errors
    /// [`Trouble::Usage`] if one that was named is not there.
    pub fn find(&self, given: Option<&Path>, name: ConfigName) -> Result<Option<PathBuf>, Trouble> {
        let named = given.map(Path::to_owned).or_else(|| self.path(name.variable));
        if let Some(path) = named {
            if path.exists() {
                return Ok(Some(path));
            }
            let text = format!("there is no configuration {}", path.display());
            return Err(Trouble::usage(text, format!("check --config and ${}", name.variable)));
        }
        let own = self.config_home().map(|folder| folder.join("filmwire"));
        let folders = own.into_iter().chain([self.system.clone()]);
        Ok(folders.map(|folder| folder.join(name.file)).find(|path| path.is_file()))
    }

    /// Where the system's service keeps its state, if the configuration is its own: who asks by hand
    /// what it did means that.
    #[must_use]
    pub fn service_state(&self, config: Option<&Path>, name: ConfigName) -> Option<&Path> {
        let config = std::path::absolute(config?).ok()?;
        (config == self.system.join(name.file)).then_some(self.system_state.as_path())
    }

    /// The default library: `filmwire` in the pictures folder, if there is a home folder.
    pub fn default_library(&self) -> Option<PathBuf> {
        Some(self.pictures()?.join("filmwire"))
    }

    fn pictures(&self) -> Option<PathBuf> {
        if let Some(path) = self.path("XDG_PICTURES_DIR").filter(|path| path.is_absolute()) {
            return Some(path);
        }
        let home = self.home()?;
        let folders = self.config_home()?.join("user-dirs.dirs");
        let text = std::fs::read_to_string(folders).unwrap_or_default();
        Some(user_dir(&text, &home).unwrap_or_else(|| home.join("Pictures")))
    }

    /// A path from a file: `~/` is the home folder, relative paths start at the file's folder.
    pub fn expand(&self, path: &str, folder: Option<&Path>) -> PathBuf {
        match (path.strip_prefix("~/"), self.home(), folder) {
            (Some(rest), Some(home), _) => home.join(rest),
            (None, _, Some(folder)) => folder.join(path),
            _ => PathBuf::from(path),
        }
    }
}

/// Reads `XDG_PICTURES_DIR="$HOME/Pictures"` out of user-dirs.dirs.
fn user_dir(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("XDG_PICTURES_DIR="))?;
    let value = value.trim().trim_matches('"');
    match value.strip_prefix("$HOME") {
        Some(rest) => Some(home.join(rest.trim_start_matches('/'))),
        None => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_folder_is_the_one_of_the_desktop() {
        let home = Path::new("/home/a");
        let read = |text: &str| user_dir(text, home);
        assert_eq!(read("# x\nXDG_PICTURES_DIR=\"$HOME/Bilder\"\n"), Some("/home/a/Bilder".into()));
        assert_eq!(read("XDG_PICTURES_DIR=\"/srv/p\""), Some("/srv/p".into()));
        assert_eq!(read("XDG_PICTURES_DIR=\"p\""), None);
        let folder = tempfile::tempdir().unwrap();
        let places = Places::made_up(folder.path(), &[]);
        assert_eq!(places.default_library(), Some(folder.path().join("Pictures/filmwire")));
    }

    #[test]
    fn the_first_configuration_found_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join(".config/filmwire/filmwire.toml");
        let system = folder.path().join("etc/filmwire.toml");
        let places = Places::made_up(folder.path(), &[]);
        let name = ConfigName { variable: "FILMWIRE_CONFIG", file: "filmwire.toml" };
        let find = |given| places.find(given, name);
        assert_eq!(find(None).unwrap(), None);
        for path in [&system, &own] {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
            assert_eq!(find(None).unwrap().as_ref(), Some(path));
        }
        assert_eq!(find(Some(&system)).unwrap().as_ref(), Some(&system));
        let state = |config: &Path| places.service_state(Some(config), name);
        assert_eq!(state(&system), Some(&*folder.path().join("var")));
        assert_eq!((state(&own), state(&system.with_file_name("other.toml"))), (None, None));
        assert_eq!(places.service_state(None, name), None);
        assert!(find(Some(Path::new("/nowhere/at/all"))).is_err());
    }

    #[test]
    fn paths_in_a_file_start_where_it_lies() {
        let places = Places::made_up(Path::new("/home/a"), &[]);
        let folder = Some(Path::new("/etc/filmwire"));
        assert_eq!(places.expand("~/p", folder), Path::new("/home/a/p"));
        assert_eq!(places.expand("p", folder), Path::new("/etc/filmwire/p"));
        assert_eq!(places.expand("/p", folder), Path::new("/p"));
    }
}
