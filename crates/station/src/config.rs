//! The configuration: one TOML file. Without one the station starts, and says what it lacks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use filmwire_catalogue::Choice;
use filmwire_deliver::{Exec, ExecOptions, Folder, FolderOptions, Job, Target};
use filmwire_program::exit::Trouble;
use filmwire_program::file::{self, CameraEntry, Source};
use filmwire_program::places::{ConfigName, Places};
use serde::Deserialize;
use toml::Spanned;

use crate::run::LampConfig;

/// Where it is looked for.
const CONFIG: ConfigName = ConfigName { variable: "FILMWIRE_STATION_CONFIG", file: "station.toml" };

const CURE: &str = "see `filmwire-station config check --help`";

/// How long a program may take for a file if nothing else is said.
const LIMIT: Duration = Duration::from_secs(600);

/// What can stand in the file. Anything else is an error: a misspelt name must not be overlooked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileConfig {
    library: Option<String>,
    #[serde(default, deserialize_with = "file::library_id")]
    library_id: Option<String>,
    #[serde(default, deserialize_with = "file::name_template")]
    name_template: Option<String>,
    #[serde(default, deserialize_with = "file::client_name")]
    client_name: Option<String>,
    every_s: Option<Spanned<u64>>,
    #[serde(default, deserialize_with = "file::cameras")]
    cameras: BTreeMap<String, CameraEntry>,
    #[serde(default)]
    targets: BTreeMap<String, Spanned<TargetEntry>>,
    #[serde(default)]
    state: StateEntry,
}

/// What shows the state.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateEntry {
    #[serde(default)]
    command: Vec<String>,
    led: Option<String>,
}

/// A target; which fields belong to it depends on its kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetEntry {
    kind: Kind,
    path: Option<Spanned<String>>,
    make: Option<Spanned<bool>>,
    proof: Option<Spanned<ProofWord>>,
    command: Option<Spanned<Vec<String>>>,
    limit_s: Option<Spanned<u64>>,
    #[serde(default)]
    choose: ChoiceEntry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Folder,
    Exec,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ProofWord {
    ReadBack,
    Size,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceEntry {
    #[serde(default)]
    kinds: Vec<Spanned<String>>,
    #[serde(default)]
    cameras: Vec<String>,
    min_rating: Option<u8>,
    since: Option<Spanned<String>>,
    #[serde(default)]
    resized: bool,
}

/// A target as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct TargetConfig {
    /// How it is reached.
    pub(crate) way: TargetWay,
    /// What it is to get.
    pub(crate) choice: Choice,
}

/// How a target is reached.
#[derive(Debug, Clone)]
pub(crate) enum TargetWay {
    /// A folder or mounted share.
    Folder(FolderOptions),
    /// A program.
    Exec(ExecOptions),
}

/// All settings, read and checked.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file they come from.
    pub(crate) file: Option<PathBuf>,
    /// The folder of the library; `None` if there is no place to put one.
    pub(crate) library: Option<PathBuf>,
    /// The id the library must have.
    pub(crate) library_id: Option<String>,
    /// How files are named; the default if missing.
    pub(crate) name_template: Option<String>,
    /// What cameras show.
    pub(crate) client_name: String,
    /// Between two attempts to connect while a camera is away.
    pub(crate) every: Duration,
    /// Cameras by their names.
    pub(crate) cameras: BTreeMap<String, CameraEntry>,
    /// Targets by their names.
    pub(crate) targets: BTreeMap<String, TargetConfig>,
    /// What shows the state.
    pub(crate) lamp: LampConfig,
}

impl Config {
    /// Finds and reads the file.
    ///
    /// Fails with [`Trouble::Usage`], naming file, line and column.
    pub(crate) fn load(given: Option<&Path>, places: &Places) -> Result<Self, Trouble> {
        let path = places.find(given, CONFIG)?;
        let Some(path) = path else {
            return Ok(Self::of(FileConfig::default(), BTreeMap::new(), None, places));
        };
        let source = Source::read(&path, CURE)?;
        let mut file: FileConfig = source.parse()?;
        if let Some(every) = file.every_s.as_ref().filter(|s| !(1..=3600).contains(s.as_ref())) {
            return Err(source.wrong(every.span().start, "every_s is 1 to 3600 seconds"));
        }
        let expand = |text: &str| places.expand(text, path.parent());
        let mut targets = BTreeMap::new();
        for (name, entry) in std::mem::take(&mut file.targets) {
            let at = entry.span().start;
            let target = entry.into_inner().check(&name, at, &source, &expand)?;
            targets.insert(name, target);
        }
        Ok(Self::of(file, targets, Some(path), places))
    }

    fn of(
        file: FileConfig,
        targets: BTreeMap<String, TargetConfig>,
        path: Option<PathBuf>,
        places: &Places,
    ) -> Self {
        let folder = path.as_deref().and_then(Path::parent);
        let library = file.library.as_deref().map(|library| places.expand(library, folder));
        // Several state folders are parted by colons; the first is ours.
        let state = places.path("STATE_DIRECTORY").and_then(|folders| {
            Some(PathBuf::from(folders.to_str()?.split(':').next()?).join("photos"))
        });
        Self {
            library: library.or(state).or_else(|| places.default_library()),
            library_id: file.library_id,
            name_template: file.name_template,
            client_name: file.client_name.unwrap_or_else(|| "filmwire".to_owned()),
            every: Duration::from_secs(file.every_s.map_or(3, Spanned::into_inner)),
            cameras: file.cameras,
            targets,
            lamp: LampConfig {
                command: file.state.command,
                led: file.state.led.map(|led| places.expand(&led, folder)),
            },
            file: path,
        }
    }

    /// What is missing before the station can do anything useful, each with its cure.
    pub(crate) fn lacks(&self) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        if self.cameras.is_empty() {
            lacks.push(
                "no camera is configured, so nothing is fetched; write [cameras.NAME] with an address",
            );
        }
        if self.targets.is_empty() {
            lacks.push(
                "no target is configured, so photos stay in the library; write [targets.NAME] with a kind",
            );
        }
        lacks
    }

    /// The targets meant by `names`, all if there are none. Fails for one that is not configured.
    pub(crate) fn names<'a>(&'a self, names: &'a [String]) -> Result<Vec<&'a String>, Trouble> {
        if names.is_empty() {
            return Ok(self.targets.keys().collect());
        }
        let Some(name) = names.iter().find(|name| !self.targets.contains_key(*name)) else {
            return Ok(names.iter().collect());
        };
        let known: Vec<_> = self.targets.keys().map(String::as_str).collect();
        let cure = match known.is_empty() {
            true => "the configuration has none; write [targets.NAME]".to_owned(),
            false => format!("choose from {}", known.join(", ")),
        };
        Err(Trouble::usage(format!("no target {name:?} is configured"), cure))
    }

    /// What delivering is to do. `owner` sets our temporary files apart from those of others: two who
    /// work at the same time need two.
    pub(crate) fn jobs(&self, owner: &str) -> Vec<Job> {
        let job = |(name, config): (&String, &TargetConfig)| {
            let owner = format!("{owner} {name}");
            let target: Arc<dyn Target> = match &config.way {
                TargetWay::Folder(options) => Arc::new(Folder::new(options.clone(), &owner)),
                TargetWay::Exec(options) => Arc::new(Exec::new(options.clone())),
            };
            Job { name: name.clone(), target, choice: config.choice.clone() }
        };
        self.targets.iter().map(job).collect()
    }
}

impl TargetEntry {
    fn check(
        self,
        name: &str,
        at: usize,
        source: &Source<'_>,
        expand: &dyn Fn(&str) -> PathBuf,
    ) -> Result<TargetConfig, Trouble> {
        let starts = [
            ("path", self.path.as_ref().map(|v| v.span().start)),
            ("make", self.make.as_ref().map(|v| v.span().start)),
            ("proof", self.proof.as_ref().map(|v| v.span().start)),
            ("command", self.command.as_ref().map(|v| v.span().start)),
            ("limit_s", self.limit_s.as_ref().map(|v| v.span().start)),
        ];
        let (word, allowed) = match self.kind {
            Kind::Folder => ("folder", &["path", "make", "proof"][..]),
            Kind::Exec => ("exec", &["command", "limit_s"][..]),
        };
        for (field, start) in starts {
            if let Some(start) = start.filter(|_| !allowed.contains(&field)) {
                let text = format!("{field} is nothing for a target of kind {word:?}");
                return Err(source.wrong(start, &text));
            }
        }
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(source.wrong(at, "a target's name must not be empty"));
        }
        let missing = |field: &str| {
            source.wrong(at, &format!("target {name} of kind {word:?} needs {field}"))
        };
        let way = match self.kind {
            Kind::Folder => {
                let path = self.path.filter(|path| !path.as_ref().is_empty());
                TargetWay::Folder(FolderOptions {
                    root: expand(path.ok_or_else(|| missing("path"))?.as_ref()),
                    make: self.make.is_some_and(Spanned::into_inner),
                    read_back: self.proof.map(Spanned::into_inner) != Some(ProofWord::Size),
                })
            }
            Kind::Exec => {
                let argv = self.command.map(Spanned::into_inner).unwrap_or_default();
                if argv.first().is_none_or(String::is_empty) {
                    return Err(missing("command"));
                }
                let limit = self.limit_s.map(|limit| Duration::from_secs(limit.into_inner()));
                TargetWay::Exec(ExecOptions { argv, limit: limit.unwrap_or(LIMIT) })
            }
        };
        Ok(TargetConfig { way, choice: self.choose.check(source)? })
    }
}

impl ChoiceEntry {
    fn check(self, source: &Source<'_>) -> Result<Choice, Trouble> {
        const KINDS: [&str; 4] = ["jpeg", "raf", "heif", "film"];
        for kind in &self.kinds {
            if !KINDS.contains(&kind.as_ref().as_str()) {
                let text =
                    format!("{:?} is no kind; choose from jpeg, raf, heif, film", kind.as_ref());
                return Err(source.wrong(kind.span().start, &text));
            }
        }
        let since = self.since.map(|since| {
            // As the catalogue has it: digits, with a T before the time.
            let digits: String = since.as_ref().chars().filter(char::is_ascii_digit).collect();
            let is_date = since.as_ref().chars().all(|c| c.is_ascii_digit() || c == '-');
            match digits.len() == 8 && is_date {
                true => Ok(digits),
                false => {
                    Err(source.wrong(since.span().start, "write a date such as \"2026-05-01\""))
                }
            }
        });
        Ok(Choice {
            kinds: self.kinds.into_iter().map(Spanned::into_inner).collect(),
            cameras: self.cameras,
            min_rating: self.min_rating,
            since: since.transpose()?,
            resized: self.resized,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.toml");
        std::fs::write(&path, text).unwrap();
        let places = Places::made_up(Path::new("/home/a"), &[]);
        Config::load(Some(&path), &places).map_err(|error| {
            let text = error.to_string();
            text.rsplit_once("s.toml:").map_or_else(|| text.clone(), |(_, rest)| rest.to_owned())
        })
    }

    #[test]
    fn mistakes_are_named_with_line_and_column() {
        for (text, start) in [
            ("libary = \"x\"\n", "1:1: unknown field"),
            ("every_s = 0\n", "1:11: every_s is 1 to 3600"),
            ("[targets.a]\nkind = \"fodler\"\n", "2:8: unknown variant"),
            ("\n[targets.a]\nkind = \"folder\"\n", "2:1: target a of kind \"folder\" needs path"),
            (
                "[targets.a]\nkind = \"exec\"\ncommand = []\n",
                "1:1: target a of kind \"exec\" needs",
            ),
            (
                "[targets.a]\nkind = \"exec\"\ncommand = [\"x\"]\nmake = true\n",
                "4:8: make is nothing for a target of kind \"exec\"",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nchoose.kinds = [\"exe\"]\n",
                "4:17: \"exe\" is no kind",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nchoose.since = \"May\"\n",
                "4:16: write a date",
            ),
            ("[cameras.a]\naddress = \"a b\"\n", "2:11: \"a b\" is no camera address"),
        ] {
            let complaint = load(text).unwrap_err();
            assert!(complaint.starts_with(start), "{text}\n{complaint}");
        }
    }

    #[test]
    fn what_is_missing_has_its_default() {
        let config = load("").unwrap();
        assert_eq!(config.lacks().len(), 2);
        assert_eq!(config.library.as_deref(), Some(Path::new("/home/a/Pictures/filmwire")));
        let places = Places::made_up(Path::new("/home/a"), &[("STATE_DIRECTORY", "/var/f:/var/g")]);
        let config = Config::load(None, &places).unwrap();
        assert_eq!(config.library.as_deref(), Some(Path::new("/var/f/photos")));
        let text = "[targets.a]\nkind = \"folder\"\npath = \"p\"\n[targets.b]\nkind = \"exec\"\n\
                    command = [\"x\", \"y\"]\nchoose = { since = \"2026-05-01\", kinds = [\"raf\"] }\n";
        let config = load(text).unwrap();
        let TargetWay::Folder(folder) = &config.targets["a"].way else { panic!("no folder") };
        assert!(folder.read_back && !folder.make && folder.root.ends_with("p"));
        let TargetWay::Exec(exec) = &config.targets["b"].way else { panic!("no program") };
        assert_eq!((exec.argv.len(), exec.limit), (2, LIMIT));
        assert_eq!(config.targets["b"].choice.since.as_deref(), Some("20260501"));
        assert_eq!(config.jobs("id").len(), 2);
    }
}
