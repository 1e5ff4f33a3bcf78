//! The configuration: one TOML file. Without one the station starts, and says what it lacks.

mod camera;
mod choice;
mod prune;
mod reduced;
mod secret;
mod site;
mod target;
mod way;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use filmwire_deliver::{Job, Pace};
use filmwire_program::exit::Trouble;
use filmwire_program::file::{self, Source};
use filmwire_program::places::{ConfigName, Places};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

pub(crate) use self::camera::CameraConfig;
use self::camera::WifiEntry;
pub(crate) use self::prune::PruneConfig;
use self::prune::PruneEntry;
pub(crate) use self::target::{TargetConfig, TargetWay};
use self::way::Around;
pub(crate) use self::way::StoreWay;
use crate::run::LampConfig;

/// Where it is looked for.
const CONFIG: ConfigName = ConfigName { variable: "FILMWIRE_STATION_CONFIG", file: "station.toml" };

/// A few films, or hundreds of photos: time to make room before deliveries and others lack it.
const KEEP_FREE_MIB: u32 = 1024;

const CURE: &str = "see `filmwire-station config check --help`";

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
    keep_free_mib: Option<u32>,
    /// Taken apart one by one, elsewhere.
    #[serde(default, rename = "cameras")]
    _cameras: IgnoredAny,
    /// Taken apart by kind, elsewhere.
    #[serde(default, rename = "targets")]
    _targets: IgnoredAny,
    #[serde(default)]
    wifi: WifiEntry,
    #[serde(default)]
    state: StateEntry,
    prune: Option<PruneEntry>,
}

/// What shows the state.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateEntry {
    #[serde(default)]
    command: Vec<String>,
    led: Option<String>,
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
    /// Bytes that stay free where the library is.
    pub(crate) keep_free: u64,
    /// Cameras by their names.
    pub(crate) cameras: BTreeMap<String, CameraConfig>,
    /// Which radios join cameras' networks.
    pub(crate) wifi: filmwire_link::Choice,
    /// Targets by their names.
    pub(crate) targets: BTreeMap<String, TargetConfig>,
    /// What shows the state.
    pub(crate) lamp: LampConfig,
    /// When the library's own copies may go; none: never.
    pub(crate) prune: Option<PruneConfig>,
}

/// What has tables of its own.
#[derive(Default)]
struct Parts {
    cameras: BTreeMap<String, CameraConfig>,
    targets: BTreeMap<String, TargetConfig>,
    prune: Option<PruneConfig>,
}

impl Config {
    /// Finds and reads the file.
    ///
    /// Fails with [`Trouble::Usage`], naming file, line and column.
    pub(crate) fn load(given: Option<&Path>, places: &Places) -> Result<Self, Trouble> {
        let path = places.find(given, CONFIG)?;
        let Some(path) = path else {
            return Ok(Self::of(FileConfig::default(), Parts::default(), None, places));
        };
        let source = Source::read(&path, CURE)?;
        let mut file: FileConfig = source.parse()?;
        if let Some(every) = file.every_s.as_ref().filter(|s| !(1..=3600).contains(s.as_ref())) {
            return Err(source.wrong(every.span().start, "every_s is 1 to 3600 seconds"));
        }
        let around = Around { places, folder: path.parent() };
        let mut parts = Parts::default();
        for (name, table) in source.tables("cameras")? {
            let camera = CameraConfig::of(&name, table, &source, &around)?;
            parts.cameras.insert(name, camera);
        }
        for (name, table) in source.tables("targets")? {
            let target = TargetConfig::of(&name, table, &source, &around)?;
            parts.targets.insert(name, target);
        }
        let prune = file.prune.take().map(|entry| entry.check(&parts.targets, &source));
        parts.prune = prune.transpose()?;
        Ok(Self::of(file, parts, Some(path), places))
    }

    fn of(file: FileConfig, parts: Parts, path: Option<PathBuf>, places: &Places) -> Self {
        let folder = path.as_deref().and_then(Path::parent);
        let library = file.library.as_deref().map(|library| places.expand(library, folder));
        // Several state folders are parted by colons; the first is ours.
        let state = places
            .path("STATE_DIRECTORY")
            .and_then(|folders| Some(PathBuf::from(folders.to_str()?.split(':').next()?)));
        let state =
            state.or_else(|| places.service_state(path.as_deref(), CONFIG).map(Path::to_owned));
        Self {
            library: library
                .or_else(|| Some(state?.join("photos")))
                .or_else(|| places.default_library()),
            library_id: file.library_id,
            name_template: file.name_template,
            client_name: file.client_name.unwrap_or_else(|| "filmwire".to_owned()),
            every: Duration::from_secs(file.every_s.map_or(3, Spanned::into_inner)),
            keep_free: u64::from(file.keep_free_mib.unwrap_or(KEEP_FREE_MIB)) << 20,
            cameras: parts.cameras,
            wifi: file.wifi.into(),
            targets: parts.targets,
            lamp: LampConfig {
                command: file.state.command,
                led: file.state.led.map(|led| places.expand(&led, folder)),
            },
            prune: parts.prune,
            file: path,
        }
    }

    /// What is missing before the station can do anything useful, each with its cure.
    pub(crate) fn lacks(&self) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        if self.cameras.is_empty() {
            lacks.push(
                "no camera is configured, so nothing is fetched; write [cameras.NAME] with a network or an address",
            );
        }
        if self.targets.is_empty() {
            lacks.push(
                "no target is configured, so photos stay in the library; write [targets.NAME] with a kind",
            );
        }
        lacks
    }

    /// Whether a radio may leave a network for a camera's.
    pub(crate) fn shares_radio(&self) -> bool {
        self.wifi.may_leave && self.cameras.values().any(|camera| camera.network.is_some())
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
    /// work at the same time need two. It begins with the library's id. Reads secrets.
    pub(crate) fn jobs(&self, owner: &str) -> Result<Vec<Job>, Trouble> {
        let library = owner.split(' ').next().unwrap_or_default();
        let job = |(name, config): (&String, &TargetConfig)| {
            let opened = config.way.open(&format!("{owner} {name}"), &format!("{library} {name}"));
            let target = opened.map_err(|trouble| of_target(name, trouble))?;
            Ok(Job {
                name: name.clone(),
                target,
                choice: config.choice.clone(),
                naming: config.naming(),
                pace: Pace::new(config.limit),
                quiet: config.quiet.clone(),
            })
        };
        self.targets.iter().map(job).collect()
    }

    /// Why each target that cannot be set up cannot. Reads secrets.
    pub(crate) fn troubles(&self) -> impl Iterator<Item = Trouble> {
        self.targets.iter().filter_map(|(name, config)| {
            Some(of_target(name, config.way.open("check", "check").err()?))
        })
    }
}

/// Says whose trouble it is: what is wrong with an address does not repeat the address.
fn of_target(name: &str, trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Usage { text, cure } => Trouble::usage(format!("target {name}: {text}"), cure),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

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
            ("\n[targets.a]\nkind = \"folder\"\n", "2:1: missing field `path`"),
            ("[targets.a]\nkind = \"exec\"\ncommand = []\n", "1:1: command names no program"),
            (
                "[targets.a]\nkind = \"exec\"\ncommand = [\"x\"]\nmake = true\n",
                "4:1: unknown field `make`, expected `command`",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nchoose.kinds = [\"exe\"]\n",
                "4:17: \"exe\" is no kind",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nchoose.since = \"May\"\n",
                "4:16: write a date",
            ),
            (
                "[targets.a]\nkind = \"webdav\"\nurl = \"u\"\nuser = \"a\"\npassword = \"hunter2\"\n",
                "5:12: a secret must not stand here",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nquiet = \"8-18\"\n",
                "4:9: write two times of day",
            ),
            (
                "[targets.a]\nkind = \"webdav\"\nurl = \"u\"\nchunk_mib = 4\n",
                "1:1: chunk_mib is 5 to 4768",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nname_template = \"{date}\"\n",
                "4:17: the name template",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nname_template = \"{camera}/{name}\"\n",
                "4:17: {camera} is not known here",
            ),
            ("[cameras.a]\naddress = \"a b\"\n", "2:11: \"a b\" is no camera address"),
            ("[cameras.a]\nkey = \"k\"\n", "1:1: write a network, or the address"),
            ("[cameras.a]\nkey = \" \"\n", "2:7: a key must not be empty"),
            ("[cameras.a]\nnetwork = \"\"\n", "1:1: a network's name has 1 to 32 bytes"),
            (
                "[cameras.a]\nnetwork = \"n\"\naddress = \"b%wlan0\"\n",
                "1:1: the radio of a network",
            ),
            (
                "[cameras.a]\naddress = \"b\"\npassphrase = { file = \"f\" }\n",
                "1:1: a passphrase belongs to a network",
            ),
            (
                "[cameras.a]\nnetwork = \"n\"\npassphrase = \"hunter2\"\n",
                "3:14: a secret must not stand here",
            ),
            ("[cameras.\" \"]\naddress = \"b\"\n", "1:1: a camera's name must not be empty"),
            ("[wifi]\nradios = \"a\"\n", "2:1: unknown field"),
            ("[prune]\ntargets = [\"a\"]\n", "2:12: no target of that name"),
            ("[prune]\ntargets = []\n", "1:1: [prune] names no targets"),
            (
                "[prune]\ntargets = [\"a\"]\n[targets.a]\nkind = \"exec\"\ncommand = [\"x\"]\n",
                "2:12: only a target that is read back",
            ),
            (
                "[prune]\ntargets = [\"a\"]\n\
                 [targets.a]\nkind = \"folder\"\npath = \"p\"\nproof = \"size\"\n",
                "2:12: only a target that is read back",
            ),
            (
                "[prune]\ntargets = [\"a\"]\ncopies = 2\n\
                 [targets.a]\nkind = \"folder\"\npath = \"p\"\n",
                "3:10: 1 targets cannot hold 2 copies",
            ),
            (
                "[prune]\ntargets = [\"a\"]\n\
                 [targets.a]\nkind = \"folder\"\npath = \"p\"\nphotos = \"reduced\"\n",
                "2:12: smaller copies are no reason to free a photo",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nphotos = \"small\"\n",
                "4:10: unknown variant `small`, expected `originals` or `reduced`",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nsize = 1024\n",
                "1:1: size is that of smaller copies: write photos = \"reduced\" too",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nphotos = \"reduced\"\nsize = 639\n",
                "1:1: size is 640 to 8192",
            ),
            (
                "[targets.a]\nkind = \"folder\"\npath = \"p\"\nphotos = \"reduced\"\n\
                 choose.kinds = [\"film\"]\n",
                "5:17: copies are made of jpeg and raf files alone, and no film",
            ),
            (
                "[targets.a]\nkind = \"exec\"\ncommand = [\"x\"]\nphotos = \"reduced\"\n",
                "4:1: unknown field `photos`",
            ),
            ("[targets.a]\nkind = \"site\"\ntitle = \"t\"\n", "1:1: write where the site is put"),
            (
                "[targets.a]\nkind = \"site\"\ntitle = \"t\"\nname_template = \"{name}\"\n\
                 to = { kind = \"folder\", path = \"p\" }\n",
                "1:1: name_template is not for sites",
            ),
            (
                "[targets.a]\nkind = \"site\"\nto = { kind = \"folder\", path = \"p\" }\n",
                "1:1: missing field `title`",
            ),
            (
                "[targets.a]\nkind = \"site\"\ntitle = \"t\"\nto = { kind = \"exec\", command = [] }\n",
                "4:6: a site is put where files are kept",
            ),
            (
                "[targets.a]\nkind = \"site\"\ntitle = \"t\"\nurl = \"https://a:hunter2@b/\"\n\
                 to = { kind = \"folder\", path = \"p\" }\n",
                "1:1: url is where the site is seen",
            ),
            (
                "[targets.a]\nkind = \"site\"\ntitle = \"t\"\nsize = 100\n\
                 to = { kind = \"folder\", path = \"p\" }\n",
                "1:1: size is 640 to 8192",
            ),
            (
                "[targets.a]\nkind = \"site\"\ntitle = \"t\"\nchoose.kinds = [\"jpeg\", \"raf\"]\n\
                 to = { kind = \"folder\", path = \"p\" }\n",
                "4:25: a site shows jpeg files alone, and no raf",
            ),
            (
                "[targets.a]\nkind = \"site\"\ntitle = \"t\"\n\
                 to = { kind = \"webdav\", url = \"u\", user = \"a\", password = \"hunter2\" }\n",
                "4:59: a secret must not stand here",
            ),
            (
                "[targets.a]\nkind = \"exec\"\ncommand = [\"x\"]\nlimit_kib_s = 5\n",
                "1:1: limit_kib_s is not for programs",
            ),
        ] {
            let complaint = load(text).unwrap_err();
            assert!(complaint.starts_with(start), "{text}\n{complaint}");
            assert!(!complaint.contains("hunter2"), "{complaint}");
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
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("etc")).unwrap();
        std::fs::write(home.path().join("etc/station.toml"), "").unwrap();
        let config = Config::load(None, &Places::made_up(home.path(), &[])).unwrap();
        assert_eq!(config.library, Some(home.path().join("var/photos")));
        let text = "[targets.a]\nkind = \"folder\"\npath = \"p\"\nlimit_kib_s = 2\n\
                    [targets.b]\nkind = \"exec\"\n\
                    command = [\"x\", \"y\"]\nchoose = { since = \"2026-05-01\", kinds = [\"raf\"] }\n";
        let config = load(text).unwrap();
        let TargetWay::Files(StoreWay::Folder(root), usage) = &config.targets["a"].way else {
            panic!("no folder")
        };
        assert!(usage.read_back && !usage.make && root.ends_with("p"));
        let TargetWay::Exec(exec) = &config.targets["b"].way else { panic!("no program") };
        assert_eq!((exec.argv.len(), exec.limit), (2, way::LIMIT));
        assert_eq!(config.targets["b"].choice.since.as_deref(), Some("20260501"));
        let wrong = "[targets.c]\nkind = \"webdav\"\nurl = \"https://a:hunter2@b/\"\n";
        let troubles: Vec<_> = load(wrong).unwrap().troubles().map(|t| t.to_string()).collect();
        assert!(troubles[0].contains("target c: that is no address"), "{troubles:?}");
        assert!(!troubles[0].contains("hunter2"), "{troubles:?}");
        let text = "[targets.c]\nkind = \"folder\"\npath = \"p\"\nphotos = \"reduced\"\n";
        let reduced = &load(text).unwrap().targets["c"];
        let TargetWay::Reduced(way) = &reduced.way else { panic!("no copies") };
        assert!(way.words().ends_with("smaller copies of 2048 pixels"), "{}", way.words());
        assert!(way.usage().read_back && reduced.choice.kinds == ["jpeg"]);
        let both = load(&format!("{text}choose.kinds = [\"raf\", \"jpeg\"]\n")).unwrap();
        assert_eq!(both.targets["c"].choice.kinds, ["raf", "jpeg"]);
        let limits = config.jobs("id").unwrap().into_iter().map(|job| job.pace.limit());
        assert_eq!(limits.collect::<Vec<_>>(), [NonZeroU64::new(2048), None]);
    }
}
